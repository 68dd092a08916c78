"""Versions kept beside the results: read back whole, never overwritten, and in force from their day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.call import Call
from qa_pipeline.errors import RubricError
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.reading.tables import rows
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import freeze, frozen_rubrics, named_rubric, rubrics_in_force
from qa_pipeline.rubric.canonical import canonical_json, revive, rubric_sha256
from qa_pipeline.rubric.load import load_rubric, rubric_paths
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.record import Summary
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.trainer.publish import publish
from tests.rubric.built_rubrics import rubric
from tests.running.batches import process
from tests.trainer.desk import service_folder

GREETING = {"id": "greeting", "check": "phrase", "phrases": {"zh": ["您好"]}}


def version(number: int, effective_from: str | None = None, *, applies: bool = True, **criterion: Any) -> Rubric:
    top = {"effective_from": effective_from} if effective_from else {}
    applies_to = {"direction": "outbound"} if applies else {}
    return rubric({**GREETING, **criterion}, version=number, id="service", applies_to=applies_to, timezone="Europe/Warsaw", **top)


def call(call_id: str = "c1", at: datetime | None = None, **values: Any) -> Call:
    given = {"direction": "outbound", "source_uri": f"/calls/{call_id}.wav", "audio_sha256": call_id.ljust(64, "0"), **values}
    return Call(call_id=call_id, started_at=at, **given)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(results=str(tmp_path / "results"), cache=tmp_path / "cache", threads=1)


@pytest.fixture
def store(settings: Settings) -> Store:
    store = open_store(settings)
    store.prepare()
    return store


@pytest.mark.parametrize("path", rubric_paths(packaged_folder("rubrics")), ids=lambda path: path.stem)
def test_a_shipped_rubric_comes_back_from_its_canonical_form_as_it_was(path: Path) -> None:
    found = load_rubric(path)
    again = revive(canonical_json(found))
    assert again == found
    assert rubric_sha256(again) == rubric_sha256(found)


def test_keys_with_names_that_python_reserves_come_back() -> None:
    found = rubric(
        {"check": "metadata", "column": "team", "is": "red"},
        {"check": "metadata", "column": "team", "in": ["red", "blue"]},
        {"check": "metadata", "call_windows": [{"days": ["mon"], "season": "summer", "from": "09:00", "to": "17:30"}]},
        {"check": "forbidden", "phrases": {"en": ["no way"]}, "except": ["quoting"]},
        {"check": "metric", "metric": "turns", "levels": {"good": {"credit": 1, "at_most": 2}, "fair": {"credit": 0.5}}},
        {"check": "phrase", "groups": {"a": {"en": ["one"]}, "b": {"en": ["two"]}}, "need": 2, "when": [{"metadata": "team", "in": ["red"]}]},
        seasons={"summer": {"from": "05-01", "to": "09-30"}}, effective_from="2026-10-01",
        contacts=[{"id": "k", "counted_from": {"criterion": "c0"}, "on_day": 3}],
    )  # fmt: skip
    assert revive(canonical_json(found)) == found


def test_what_is_kept_stays_and_the_same_again_adds_nothing(store: Store) -> None:
    assert freeze([version(1), version(2)], store) == 2
    before = rows(store, "select * from rubrics order by version")
    assert freeze([version(2), version(1)], store) == 0
    assert rows(store, "select * from rubrics order by version") == before
    assert [kept.version for kept in frozen_rubrics(store)] == [1, 2]
    assert frozen_rubrics(store, "other") == ()


def test_a_version_that_is_kept_is_never_written_over(store: Store) -> None:
    freeze([version(1)], store)
    with pytest.raises(RubricError, match=r"Version 1 of service is kept in .* with other content\. Raise `version`"):
        freeze([version(1, weight=5)], store)
    assert frozen_rubrics(store) == (version(1),)


def test_of_two_that_keep_one_version_at_once_the_second_is_refused(store: Store, tmp_path: Path) -> None:
    other, lock = open_store(load_settings(results=store.root)), store.lock

    class TakenByAnother:
        """The lock, which another process had just before."""

        def __enter__(self) -> None:
            freeze([version(1, weight=5)], other)
            lock.__enter__()

        def __exit__(self, *exc: object) -> None:
            lock.__exit__(*exc)

    store.lock = TakenByAnother()  # type: ignore[assignment]
    with pytest.raises(RubricError, match="with other content"):
        freeze([version(1)], store)
    assert [rubric_sha256(one) for one in frozen_rubrics(other)] == [rubric_sha256(version(1, weight=5))]


def test_a_version_in_a_language_of_another_program_is_refused(store: Store) -> None:
    freeze([version(1)], store)
    (row,) = rows(store, "select * from rubrics")
    resolved = json.loads(row["resolved"])
    resolved["sections"][0]["criteria"][0]["check"] = "phrase"
    resolved["pass_mark"] = "eighty"
    store.write_rows("rubrics", [{**row, "resolved": json.dumps(resolved)}])
    with pytest.raises(RubricError, match="Version 1 of service was frozen in a language this program does not read"):
        frozen_rubrics(store)


def test_a_version_is_named_by_number_or_as_the_file_stands(store: Store) -> None:
    freeze([version(1), version(2)], store)
    current = {"service": version(3)}
    assert named_rubric("service", current, store).version == 3
    assert named_rubric("service@2", current, store) == version(2)
    with pytest.raises(RubricError, match=r"Version 9 of 'service' is not kept in .* There are: service@1, service@2"):
        named_rubric("service@9", current, store)
    with pytest.raises(RubricError, match="There are: none"):
        named_rubric("other@1", current, store)
    with pytest.raises(RubricError, match=r"No rubric is called 'other'\. There are: service"):
        named_rubric("other", current, store)


# --- in force --------------------------------------------------------------------------------------------------------------------------

# Warsaw is an hour ahead of UTC in November.
LAST_MINUTE = datetime(2026, 11, 14, 22, 59, tzinfo=UTC)
FIRST_MINUTE = datetime(2026, 11, 14, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kept", "current", "at", "key"),
    [
        ([version(1)], version(2, "2026-11-15"), LAST_MINUTE, "service@1"),
        ([version(1)], version(2, "2026-11-15"), FIRST_MINUTE, "service"),
        ([version(1)], version(2, "2026-11-15"), None, "service"),
        ([version(1)], version(2), LAST_MINUTE, "service"),
        ([], version(2, "2026-11-15"), LAST_MINUTE, "service"),
        ([version(1), version(2), version(3, "2026-11-10")], version(4, "2026-11-15"), LAST_MINUTE, "service@3"),
        ([version(1), version(2), version(3, "2026-11-15")], version(4, "2026-11-20"), LAST_MINUTE, "service@2"),
        ([version(1, "2026-11-15")], version(2, "2026-11-20"), LAST_MINUTE, "service"),
        # A version above the current one was taken back.
        ([version(1), version(5)], version(2, "2026-11-15"), LAST_MINUTE, "service@1"),
    ],
    ids=["day before", "from midnight", "no start known", "no date", "nothing kept", "between dates", "not yet", "none yet", "above"],
)  # fmt: skip
def test_a_call_is_scored_by_the_version_of_its_day(
    store: Store, kept: list[Rubric], current: Rubric, at: datetime | None, key: str
) -> None:
    freeze(kept, store)
    assert rubrics_in_force({"service": current}, store).key_for(call(at=at)) == key


def test_a_call_that_names_the_rubric_or_fits_none_is_treated_alike(store: Store) -> None:
    freeze([version(1, applies=False)], store)
    chosen = rubrics_in_force({"service": version(2, "2026-11-15", applies=False)}, store)
    assert chosen.key_for(call(at=LAST_MINUTE, rubric="service")) == "service@1"
    assert chosen.key_for(call(at=LAST_MINUTE)) is None
    assert set(chosen.rubrics) == {"service", "service@1"}


def scored_versions(store: Store, purpose: str = "official") -> dict[str, int]:
    found = rows(store, f"select call_id, rubric_version from scores where purpose = '{purpose}'")
    return {row["call_id"]: row["rubric_version"] for row in found}


def run(settings: Settings, current: Rubric, *calls: Call, purpose: str = "official") -> Summary:
    return process(settings, {"service": current}, *calls, purpose=purpose)


@pytest.mark.slow
def test_a_run_scores_calls_before_the_day_by_the_older_version(settings: Settings, store: Store) -> None:
    before, after = call("before", LAST_MINUTE), call("after", FIRST_MINUTE)
    # The first run keeps version 1 beside the results by itself.
    run(settings, version(1), call("early", LAST_MINUTE))
    new = version(2, "2026-11-15")
    assert run(settings, new, before, after).scored == 2
    assert scored_versions(store) == {"early": 1, "before": 1, "after": 2}
    assert [kept.version for kept in frozen_rubrics(store)] == [1, 2]
    again = run(settings, new, call("early", LAST_MINUTE), before, after)
    assert (again.scored, again.skipped) == (0, 3)


def test_a_trial_asks_no_date_and_keeps_nothing(settings: Settings, store: Store) -> None:
    run(settings, version(1), call("early", LAST_MINUTE))
    tried = version(2, "2026-11-15")
    run(settings, tried, call("early", LAST_MINUTE), purpose="trial")
    assert scored_versions(store, "trial") == {"early": 2}
    assert [kept.version for kept in frozen_rubrics(store)] == [1]


def test_published_and_run_are_kept_once(tmp_path: Path, settings: Settings, store: Store) -> None:
    at_desk = settings.model_copy(update={"rubrics": service_folder(tmp_path / "rubrics")})
    (published,) = publish(["service"], at_desk, store)
    run(settings, published, replace(call("c1"), rubric="service"))
    (row,) = rows(store, "select version, text from rubrics")
    assert row == {"version": 1, "text": (at_desk.rubrics / "service.yaml").read_text("utf-8")}
