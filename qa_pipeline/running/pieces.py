"""A night in pieces that are handed to other processes and machines, and what one of these does with a piece.

What goes there is a briefing and the path of a small file under the results root, which every machine reaches; what comes back are counts and
failures. Never audio, never words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import fsspec
from pydantic import TypeAdapter

from qa_pipeline.call import Call
from qa_pipeline.conversation.listen import conversation_options
from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.recordings.dialogue import Dialogue
from qa_pipeline.recordings.ingest import Intake
from qa_pipeline.results.versions import official_rubrics
from qa_pipeline.rubric.canonical import canonical_json, revive
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.batch import carry_out_piece
from qa_pipeline.running.environment import code_version, open_store
from qa_pipeline.running.pace import pace_of
from qa_pipeline.running.plan import Plan, plan
from qa_pipeline.running.record import Summary
from qa_pipeline.running.retention import NIGHTS_FOLDER
from qa_pipeline.running.run import Run
from qa_pipeline.running.score import Assignment
from qa_pipeline.running.scorecards import ready_scorecards
from qa_pipeline.scoring.score import Scorecard
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.speech.models import manifests_digest

_CALLS = TypeAdapter(tuple[Call, ...])
_DIALOGUES = TypeAdapter(dict[str, Dialogue])


def split(plan: Plan, size: int) -> Iterator[Plan]:
    """The plan in pieces of so many calls; what is not listened to goes with the first."""
    lots = [plan.listen[start : start + size] for start in range(0, len(plan.listen), size)] or [()]
    empty = replace(plan, rescore={}, redescribe=(), skipped=(), known_failures=(), unavailable=(), warnings=())
    for number, calls in enumerate(lots):
        ids = {call.call_id for call in calls}
        found = len(calls) + (0 if number else plan.found - len(plan.listen))
        yield replace(
            empty if number else plan,
            listen=calls,
            found=found,
            dialogues={call_id: dialogue for call_id, dialogue in plan.dialogues.items() if call_id in ids},
        )


@contextmanager
def written_pieces(plan: Plan, run: Run, size: int) -> Iterator[list[str]]:
    """Paths of the pieces of a plan, which are files until the end of the block."""
    root = run.store.root
    try:
        yield [write_piece(part, root, run.run_id, number) for number, part in enumerate(split(plan, size))]
    finally:
        forget_pieces(root, run.run_id)


def write_piece(plan: Plan, root: str, run_id: str, number: int) -> str:
    """Put a piece into a file under the results root. Returns its path: all that a task is given."""
    path = f"{root}/{NIGHTS_FOLDER}/{run_id}/{number:06d}.json"
    data: dict[str, Any] = {
        "listen": _CALLS.dump_python(plan.listen, mode="json"),
        "rescore": {name: [one.rubric, one.purpose] for name, one in plan.rescore.items()},
        "redescribe": [(identity, _CALLS.dump_python((call,), mode="json")[0]) for identity, call in plan.redescribe],
        "rubric_of": dict(plan.rubric_of) if not number else {call.call_id: plan.rubric_of[call.call_id] for call in plan.listen},
        "older": {name: canonical_json(rubric) for name, rubric in plan.older.items()},
        "dialogues": _DIALOGUES.dump_python(dict(plan.dialogues), mode="json"),
        "found": plan.found,
    }
    with fsspec.open(path, "wt", encoding="utf-8", **({} if "://" in root else {"auto_mkdir": True})) as file:
        json.dump(data, file, ensure_ascii=False)
    return path


def read_piece(path: str) -> Plan:
    """The piece again."""
    with fsspec.open(path, "rt", encoding="utf-8") as file:
        data = json.load(file)
    return Plan(
        listen=_CALLS.validate_python(data["listen"]),
        rescore={name: Assignment(rubric, purpose) for name, (rubric, purpose) in data["rescore"].items()},
        redescribe=tuple((identity, _CALLS.validate_python((call,))[0]) for identity, call in data["redescribe"]),
        rubric_of=data["rubric_of"],
        found=data["found"],
        dialogues=_DIALOGUES.validate_python(data["dialogues"]),
        older={name: revive(text) for name, text in data["older"].items()},
    )


def forget_pieces(root: str, run_id: str) -> None:
    """Delete the files of a night's pieces."""
    fs, path = fsspec.core.url_to_fs(f"{root}/{NIGHTS_FOLDER}/{run_id}")
    if fs.exists(path):
        fs.rm(path, recursive=True)


# --- where a piece is worked on --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """What another process must know of a night besides a piece of it. `identity`: what makes two machines hear alike."""

    run_id: str
    results: str
    profile: str
    timezone: str
    identity: Mapping[str, str]
    deadline: datetime | None


def briefing_of(run: Run) -> Briefing:
    """The briefing for the pieces of a run."""
    settings = run.settings
    return Briefing(
        run_id=run.run_id,
        results=settings.results,
        profile=settings.profile,
        timezone=settings.timezone,
        identity=_identity(settings),
        deadline=run.pace_now.deadline,
    )


def run_of(briefing: Briefing) -> Run:
    """The run of a briefing, as this process takes part in it; rubrics are read once. Raises EnvironmentNotReady where this machine is set up otherwise."""
    settings, rubrics, scorecards = _ready(briefing.run_id, briefing.results, briefing.profile, briefing.timezone)
    if (mine := _identity(settings)) != briefing.identity:
        differing = sorted(name for name in mine.keys() | briefing.identity.keys() if mine.get(name) != briefing.identity.get(name))
        raise EnvironmentNotReady(
            f"This machine would hear calls otherwise than the one that planned the night: {', '.join(differing)}.",
            advice="Give all machines the same settings and the same version of this package.",
        )
    return Run(
        settings=settings,
        store=open_store(settings),
        rubrics=rubrics,
        scorecards=scorecards,
        pace=pace_of(settings, deadline=briefing.deadline),
        run_id=briefing.run_id,
    )


def work_on(path: str, run: Run, *, is_retry: bool = False) -> Summary:
    """Carry out the piece in a file. `is_retry`: a try before this one may have committed some of it; that counts too."""
    piece = read_piece(path)
    if not is_retry:
        return carry_out_piece(piece, run)
    again = plan(Intake(calls=piece.listen, dialogues=piece.dialogues), run)
    done = len(piece.listen) - len(again.listen) - len(again.known_failures)
    rest = replace(piece, listen=again.listen, rescore={**piece.rescore, **again.rescore}, known_failures=again.known_failures)
    summary = carry_out_piece(rest, run)
    return replace(summary, processed=summary.processed + done)


def score_heard(path: str, run: Run) -> Summary:
    """Score what has been listened to of the piece in a file."""
    piece = read_piece(path)
    heard = plan(Intake(calls=piece.listen, dialogues=piece.dialogues), run)
    rest = replace(
        piece,
        listen=(),
        dialogues={},
        rescore={**heard.rescore, **piece.rescore},
        redescribe=(*heard.redescribe, *piece.redescribe),
        rubric_of={**piece.rubric_of, **heard.rubric_of},
        older={**piece.older, **heard.older},
    )
    return carry_out_piece(rest, run)


def with_scores(heard: Summary, scored: Summary) -> Summary:
    """What a piece came to whose stages were tasks of their own."""
    return replace(
        heard,
        scored=heard.scored + scored.scored,
        updated=heard.updated + scored.updated,
        unscored=heard.unscored + scored.unscored,
        seconds=heard.seconds + scored.seconds,
        failures=(*heard.failures, *scored.failures),
    )


@lru_cache(maxsize=2)
def _ready(run_id: str, results: str, profile: str, timezone: str) -> tuple[Settings, dict[str, Rubric], dict[str, Scorecard]]:
    settings = load_settings(results=results, profile=profile, timezone=timezone)
    rubrics, _ = official_rubrics(settings.rubrics, open_store(settings))
    return settings, rubrics, ready_scorecards(rubrics, settings)


def _identity(settings: Settings) -> dict[str, str]:
    return {**conversation_options(settings), "models": manifests_digest(settings), "code": code_version()}
