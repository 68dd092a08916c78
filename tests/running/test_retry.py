"""Failures tried again: what can be done now is done, what cannot is told with what to do."""

from __future__ import annotations

import wave
from pathlib import Path
from types import SimpleNamespace

import pytest

from qa_pipeline.errors import RubricError
from qa_pipeline.running.plan import Plan
from qa_pipeline.running.retry import Failed, retry
from qa_pipeline.trainer.publish import publish
from tests.trainer.desk import desk, service_folder, spoken, stored


def test_what_failed_in_scoring_is_scored_without_listening(tmp_path: Path) -> None:
    settings = desk(tmp_path, service_folder(tmp_path / "rubrics"))
    store = stored(settings, spoken("a1", "agent: Hello there.", rubric="service"), spoken("a2", "agent: Hello there.", rubric="service"))
    publish(["service"], settings, store)
    told: list[tuple[int, int]] = []
    done = retry(lambda n, total: told.append((n, total)), settings, [Failed(source_uri="a1.wav", call_id="a1", stage="score")])
    assert (done.scored, done.failed, told[0]) == (1, (), (0, 1))
    assert store.read("scores")["call_id"].to_pylist() == ["a1"]


def test_a_file_that_is_still_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    settings = desk(tmp_path, service_folder(tmp_path / "rubrics"))
    publish(["service"], settings, stored(settings))
    (tmp_path / "night").mkdir()
    done = retry(lambda n, total: None, settings, [Failed(source_uri=str(tmp_path / "night" / "gone.wav"), call_id="gone", stage="ingest")])
    assert (done.scored, len(done.failed)) == (0, 1)
    name, message, advice = done.failed[0]
    assert name == "gone" and message and advice


def test_a_file_that_was_copied_again_is_taken_although_its_content_makes_it_another_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = desk(tmp_path, service_folder(tmp_path / "rubrics"))
    publish(["service"], settings, stored(settings))
    (tmp_path / "night").mkdir()
    cut, gone, other = (str(tmp_path / "night" / f"{name}.wav") for name in ("cut", "gone", "other"))
    for path in (cut, other):
        with wave.open(path, "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(path.encode() * 2000)
    planned: list[str] = []

    def carry_out(plan: Plan, *_: object, **__: object) -> SimpleNamespace:
        planned.extend(call.source_uri for call in plan.listen)
        return SimpleNamespace(summary=SimpleNamespace(scored=0, unscored=1, failures=()))

    monkeypatch.setattr("qa_pipeline.running.night.check_environment", lambda *_, **__: None)
    monkeypatch.setattr("qa_pipeline.running.retry.carry_out_night", carry_out)
    chosen = [Failed(source_uri=path, call_id=f"id of what {path} was", stage="decode") for path in (cut, gone)]
    done = retry(lambda n, total: None, settings, chosen)
    # What cannot be had is told of alone, and spoils nothing for the other.
    assert (planned, done.scored, done.unscored, len(done.failed)) == ([cut], 0, 1, 1)
    assert done.failed[0][1] == f"{gone} is not there."


def test_without_a_published_rubric_nothing_is_tried(tmp_path: Path) -> None:
    settings = desk(tmp_path, service_folder(tmp_path / "rubrics"))
    stored(settings)
    with pytest.raises(RubricError, match="No rubric can score"):
        retry(lambda n, total: None, settings, [Failed(source_uri="a.wav", call_id="a", stage="decode")])
