"""A night from its sources to its end, in one piece and in several. Listening is a stand-in; files, tables and scoring are real."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from qa_pipeline.errors import EnvironmentNotReady, InputRefused
from qa_pipeline.reading.tables import rows
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running import pieces
from qa_pipeline.running.batch import carry_out
from qa_pipeline.running.night import Night, carry_out_night
from qa_pipeline.running.pace import deadline_of, pace_of
from qa_pipeline.running.pieces import briefing_of, run_of, score_heard, with_scores, work_on, written_pieces
from qa_pipeline.running.plan import Plan
from qa_pipeline.running.record import Summary
from qa_pipeline.running.run import Run
from qa_pipeline.settings import Settings, load_settings
from tests.running.batches import run_here

GREETING = {"id": "greeting", "status": "stable", "check": "phrase", "who": "agent", "phrases": {"zh": ["您好"]}}
NAMES = ("good1", "good2", "broken1", "good3", "crash1")


@pytest.fixture
def rubrics() -> dict[str, Rubric]:
    data = {"id": "tested", "version": 1, "applies_to": {"direction": "outbound"}, "sections": [{"id": "all", "criteria": [GREETING]}]}
    return {"tested": Rubric.model_validate_json(json.dumps(data))}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(results=str(tmp_path / "results"), cache=tmp_path / "cache", announcement_calls=0)


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """Five files, of which one is broken and one takes its worker down; and one that is named and not there."""
    folder = tmp_path / "calls"
    folder.mkdir()
    lines = ["file,call_id,direction,started_at"]
    for day, name in enumerate(NAMES, start=1):
        (folder / f"{name}.wav").write_bytes(name.encode())
        lines.append(f"{name}.wav,{name},outbound,2026-05-0{day}T10:00:00")
    (folder / "calls.csv").write_text("\n".join([*lines, "absent.wav,absent,outbound,2026-05-01T10:00:00"]), "utf-8")
    return Night(sources=[str(folder)], defaults=Defaults())


def in_pieces_of_two(plan: Plan, run: Run) -> Sequence[Summary | None]:
    with written_pieces(plan, run, 2) as paths:
        return [work_on(path, run) for path in paths]


def in_stages(plan: Plan, run: Run) -> Sequence[Summary | None]:
    with written_pieces(plan, run, 2) as paths:
        return [with_scores(work_on(path, replace(run, scores=False)), score_heard(path, run)) for path in paths]


def counts(summary: Summary) -> dict[str, int]:
    return {name: count for name, count in summary.counts.items() if count}


@pytest.mark.slow
@pytest.mark.parametrize("in_pieces", [None, in_pieces_of_two, in_stages], ids=["here", "in pieces", "in pieces and stages"])
def test_a_night_comes_to_the_same_wherever_its_pieces_are_worked_on(
    settings: Settings, rubrics: dict[str, Rubric], night: Night, in_pieces: object
) -> None:
    run = run_here(settings, rubrics)
    options = {"in_pieces": in_pieces} if in_pieces else {}
    ended = carry_out_night(night.plan(run, checks=False), run, **options)  # type: ignore[arg-type]
    assert counts(ended.summary) == {"found": 6, "processed": 3, "scored": 3, "failed": 3}
    assert ended.failed == 3
    assert {f.call_id: f.stage for f in ended.summary.failures} == {"absent": "ingest", "broken1": "decode", "crash1": "speech"}
    assert rows(run.store, "select run_id, found, processed, scored, failed from runs") == [
        {"run_id": run.run_id, "found": 6, "processed": 3, "scored": 3, "failed": 3}
    ]
    assert len(rows(run.store, "select * from current_findings")) == 3
    assert list((Path(settings.results) / "_nights").glob("*")) == []
    # What failed for good and what is done is known to the next night.
    again = run.anew()
    second = carry_out_night(night.plan(again, checks=False), again, **options)  # type: ignore[arg-type]
    assert counts(second.summary) == {"found": 6, "skipped": 3, "failed": 3}
    assert [f.call_id for f in second.summary.failures if f.is_known] == ["broken1"]


def test_a_piece_that_is_lost_is_left_for_the_next_night(settings: Settings, rubrics: dict[str, Rubric], night: Night) -> None:
    run = run_here(settings, rubrics)

    def losing_the_first(plan: Plan, run: Run) -> Sequence[Summary | None]:
        with written_pieces(plan, run, 2) as paths:
            return [None, *(work_on(path, run) for path in paths[1:])]

    summary = carry_out(night.plan(run, checks=False), run, in_pieces=losing_the_first)
    assert counts(summary) == {"found": 6, "processed": 3, "scored": 3, "failed": 1, "left": 2}


def test_a_piece_that_is_tried_again_counts_what_the_first_try_committed(
    settings: Settings, rubrics: dict[str, Rubric], night: Night
) -> None:
    run = run_here(settings, rubrics)
    with written_pieces(night.plan(run, checks=False), run, 10) as (path,):
        first = work_on(path, run)
        second = work_on(path, run, is_retry=True)
    assert (first.processed, first.scored) == (3, 3)
    assert (second.processed, second.scored) == (3, 0)
    assert {f.call_id: f.is_known for f in second.failures} == {"broken1": True, "crash1": False}


def test_only_the_calls_asked_for_are_taken(settings: Settings, rubrics: dict[str, Rubric], night: Night) -> None:
    run = run_here(settings, rubrics)
    assert [call.call_id for call in replace(night, call_ids=("good3",)).plan(run, checks=False).listen] == ["good3"]
    assert [call.call_id for call in replace(night, since="2026-05-04").plan(run, checks=False).listen] == ["crash1", "good3"]
    with pytest.raises(InputRefused, match="No recording is call nobody"):
        replace(night, call_ids=("good1", "nobody")).plan(run, checks=False)


def test_with_a_deadline_the_newest_come_first(settings: Settings, rubrics: dict[str, Rubric], night: Night) -> None:
    until = deadline_of("2099-01-01T00:00", "UTC", now=run_here(settings, rubrics).started_at)
    run = run_here(settings, rubrics, pace=pace_of(settings, deadline=until))
    assert [call.call_id for call in night.plan(run, checks=False).listen] == list(reversed(NAMES))


def test_a_summary_is_shown_before_others_are_told_and_what_goes_wrong_there_is_a_warning(
    settings: Settings, rubrics: dict[str, Rubric], night: Night
) -> None:
    told: list[str] = []
    run = run_here(settings.model_copy(update={"notify_command": "exit 3"}), rubrics)
    carry_out_night(night.plan(run, checks=False), run, on_summary=lambda summary: told.append(summary.run_id), on_warning=told.append)
    assert told == [run.run_id, "notify_command ended with 3: "]


def test_a_machine_that_would_hear_otherwise_is_refused(
    settings: Settings, rubrics: dict[str, Rubric], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_ready", lambda *given: (settings, rubrics, {}))
    briefing = briefing_of(run_here(settings, rubrics))
    assert run_of(briefing).run_id == briefing.run_id
    with pytest.raises(EnvironmentNotReady, match="planned the night: beam_size"):
        run_of(replace(briefing, identity={**briefing.identity, "beam_size": "3"}))
