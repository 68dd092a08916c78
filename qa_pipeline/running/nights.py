"""Which calls belong to a night, and a night in pieces that can be handed to other processes and machines.

A night does everything that is not done yet: a night that was missed is made up for by the next one. Where an operator wants only some days,
`Window` says which, by the date of the call in the configured zone: a day is a date there, 23 or 25 hours long when clocks change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import fsspec
from pydantic import TypeAdapter

from qa_pipeline.call import Call
from qa_pipeline.errors import InputRefused
from qa_pipeline.recordings.ingest import Intake
from qa_pipeline.recordings.transcripts import Dialogue
from qa_pipeline.results.retention import NIGHTS_FOLDER
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.canonical import canonical_json, revive
from qa_pipeline.running.engine import Plan

LAST_NIGHT, LAST_RUN = "last-night", "last-run"
_CALLS = TypeAdapter(tuple[Call, ...])
_DIALOGUES = TypeAdapter(dict[str, Dialogue])


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Calls of these dates, both included; None is open. A call whose time is not known belongs to every window."""

    first: date | None = None
    last: date | None = None

    def covers(self, call: Call, timezone: str) -> bool:
        """Whether a call was begun in it."""
        if call.started_at is None:
            return True
        day = call.started_at.astimezone(ZoneInfo(timezone)).date()
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def of(self, intake: Intake, timezone: str) -> Intake:
        """The calls of an intake that lie in it."""
        if self.first is None and self.last is None:
            return intake
        calls = tuple(call for call in intake.calls if self.covers(call, timezone))
        return replace(
            intake, calls=calls, dialogues={c.call_id: intake.dialogues[c.call_id] for c in calls if c.call_id in intake.dialogues}
        )


def window_of(text: str | None, store: Store, timezone: str, *, now: datetime) -> Window:
    """What `--since` means.

    A date: calls of that day and later. `A..B`: of these days. `last-night`: of the day before today in the zone, whatever its length, and of today.
    `last-run`: since the day before the last run began that listened to calls and left none, so that a night that was missed is in it; everything where
    there was none. Any such run counts, also one of watch mode or of a single call.
    Raises InputRefused.
    """
    if text is None:
        return Window()
    today = now.astimezone(ZoneInfo(timezone)).date()
    if text == LAST_NIGHT:
        return Window(first=today - timedelta(days=1))
    if text == LAST_RUN:
        # Runs that only scored, or that left calls, are no nights that one may begin after.
        runs = store.read("runs", columns=["started_at", "processed", "left"]).to_pylist()
        began = [row["started_at"] for row in runs if row["processed"] and not row["left"]]
        return Window(first=max(began).astimezone(ZoneInfo(timezone)).date() - timedelta(days=1)) if began else Window()
    first, dots, last = text.partition("..")
    try:
        return Window(first=date.fromisoformat(first) if first else None, last=date.fromisoformat(last) if dots and last else None)
    except ValueError as error:
        raise InputRefused(
            f"--since {text!r} is no time.", advice=f"Write 2026-05-01, 2026-05-01..2026-05-31, {LAST_NIGHT} or {LAST_RUN}."
        ) from error


# --- a night in pieces -----------------------------------------------------------------------------------------------------------------


def split(plan: Plan, size: int) -> Iterator[Plan]:
    """The plan in batches of calls; what is not listened to goes with the first."""
    batches = [plan.listen[start : start + size] for start in range(0, len(plan.listen), size)] or [()]
    empty = replace(plan, rescore=(), redescribe=(), skipped=(), known_failures=(), unavailable=(), warnings=())
    for number, batch in enumerate(batches):
        ids = {call.call_id for call in batch}
        found = len(batch) + (0 if number else plan.found - len(plan.listen))
        yield replace(
            empty if number else plan,
            listen=batch,
            found=found,
            dialogues={call_id: dialogue for call_id, dialogue in plan.dialogues.items() if call_id in ids},
        )


def write_batch(plan: Plan, root: str, run_id: str, number: int) -> str:
    """Put a batch into a file under the results root, which every machine reaches. Returns its path: all that a task is given."""
    path = f"{root}/{NIGHTS_FOLDER}/{run_id}/{number:06d}.json"
    data: dict[str, Any] = {
        "listen": _CALLS.dump_python(plan.listen, mode="json"),
        "rescore": plan.rescore,
        "redescribe": [(identity, _CALLS.dump_python((call,), mode="json")[0]) for identity, call in plan.redescribe],
        "rubric_of": dict(plan.rubric_of) if not number else {call.call_id: plan.rubric_of[call.call_id] for call in plan.listen},
        "older": {name: canonical_json(rubric) for name, rubric in plan.older.items()},
        "dialogues": _DIALOGUES.dump_python(dict(plan.dialogues), mode="json"),
        "found": plan.found,
    }
    with fsspec.open(path, "wt", encoding="utf-8", **({} if "://" in root else {"auto_mkdir": True})) as file:
        json.dump(data, file, ensure_ascii=False)
    return path


def read_batch(path: str) -> Plan:
    """The batch again."""
    with fsspec.open(path, "rt", encoding="utf-8") as file:
        data = json.load(file)
    return Plan(
        listen=_CALLS.validate_python(data["listen"]),
        rescore=tuple(data["rescore"]),
        redescribe=tuple((identity, _CALLS.validate_python((call,))[0]) for identity, call in data["redescribe"]),
        skipped=(),
        known_failures=(),
        unavailable=(),
        rubric_of=data["rubric_of"],
        warnings=(),
        found=data["found"],
        dialogues=_DIALOGUES.validate_python(data["dialogues"]),
        older={name: revive(text) for name, text in data["older"].items()},
    )


def forget_batches(root: str, run_id: str) -> None:
    """Delete the files of a night's batches."""
    fs, path = fsspec.core.url_to_fs(f"{root}/{NIGHTS_FOLDER}/{run_id}")
    if fs.exists(path):
        fs.rm(path, recursive=True)
