"""What an operator looks at between nights: room, and the models."""

from __future__ import annotations

from pathlib import Path

from qa_pipeline.running.upkeep import check_models, models_at_hand, room
from qa_pipeline.settings import Settings, load_settings
from tests.trainer.desk import desk, service_folder, spoken, stored


def test_room_is_told_by_table_and_by_folder_of_the_cache(tmp_path: Path) -> None:
    settings = desk(tmp_path, service_folder(tmp_path / "rubrics"))
    stored(settings, spoken("a1", "agent: Hello there."))
    (settings.cache / "work" / "ab").mkdir(parents=True)
    (settings.cache / "work" / "ab" / "c.json.gz").write_bytes(b"x" * 1000)
    found = room(settings)
    sizes = dict(found.tables)
    assert sizes["utterances"] > 0 and found.free and found.free > 0 and found.database is None
    assert found.cache == (("work", 1000),)


def test_of_an_object_store_only_the_cache_is_measured(tmp_path: Path) -> None:
    found = room(Settings(results="s3://bucket/results", cache=tmp_path))
    assert (found.free, found.tables, found.database, found.cache) == (None, (), None, ())


def test_models_that_were_not_pulled_are_told(tmp_path: Path) -> None:
    settings = load_settings(cache=tmp_path)
    quick, read = models_at_hand(settings), check_models(lambda done, total: None, settings)
    assert [one.faults for one in quick] == [one.faults for one in read]
    assert all(one.faults == (f"{one.model}: not pulled",) for one in quick)
    assert {one.is_checked for one in quick} == {False} and {one.is_checked for one in read} == {True}
