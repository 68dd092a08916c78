"""What is kept for how long: words of calls, sound, notes, exports, scores, failures, each with its own window in days. What is older is deleted.

By the date of the call; a call whose date is not known counts from when it was processed. What people wrote, failures and exports go by their own date.
Deleting is on purpose and by command; a dry run counts first. Calls that are held (review/holds.py) lose nothing.

Beside rows of the tables, callers' words lie in two more places, and go from there with the window of words, or of calls if that is shorter:
- *stage outputs*, what the speech models said of a recording, and its sound as browsers play it, kept under `CACHE/work` so that no work is done twice.
  Those of an expired call are found by what its row says it was made from; any other file there goes when it was written before the window.
- *files of a night* (`_nights/` under the results root), which a night deletes at its end and a killed one leaves. No later night reads them but for answers of a
  language model (ask_journal.py), which the next that asks takes over.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

import fsspec

from qa_pipeline.conversation.recognised import stage_output
from qa_pipeline.reading.runs import failures_before
from qa_pipeline.reading.sound import FOLDER as SOUND_FOLDER
from qa_pipeline.reading.sound import kept_files
from qa_pipeline.reading.stored import conversations_before
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.results.columns import Kind
from qa_pipeline.results.heard import mapping_of
from qa_pipeline.results.lease import Claims
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.results.tables import TABLES
from qa_pipeline.settings import Settings

# What goes with the words of a call follows from what the columns hold: rows of what was said go whole, of others the columns that quote.
_WORDS = tuple(name for name, table in TABLES.items() if "utterance" in table.key)
_QUOTES = {name: columns for name, table in TABLES.items() if name not in _WORDS and (columns := table.holding(Kind.WORDS))}
# And what goes as a note: free text about calls, in tables that have a time of their own and no window of their own.
_NOTES = {
    name: columns
    for name, table in TABLES.items()
    if {"call_id", "at"} <= set(table.schema.names) and name != "failures" and (columns := table.holding(Kind.NOTE))
}
NIGHTS_FOLDER = "_nights"
# What is no stage output in that folder: hashes of files by path.
_NO_WORDS = "files.sqlite"
# A night that claimed no call may be younger than this and alive.
_NIGHT_DAYS = 1
_EVERYTHING = (
    "effective_findings",
    "effective_scores",
    "findings",
    "captures",
    "scores",
    "replies",
    "utterances",
    "embeddings",
    "metrics",
    "calls",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Days to keep: `words_days` of transcripts and what quotes them, `calls_days` of everything about a call, `sound_days` of decoded sound,
    `notes_days` of what people wrote, `exports_days` of files on record, `failures_days` of failures and runs. None keeps for ever.
    """

    words_days: int | None = None
    calls_days: int | None = None
    sound_days: int | None = None
    notes_days: int | None = None
    exports_days: int | None = None
    failures_days: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> Retention:
        """The windows of the settings."""
        return cls(
            words_days=settings.keep_words_days,
            calls_days=settings.keep_calls_days,
            sound_days=settings.keep_sound_days,
            notes_days=settings.keep_notes_days,
            exports_days=settings.keep_exports_days,
            failures_days=settings.keep_failures_days,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """What a window lets go: calls whose words go, calls that go whole, failures."""

    words: tuple[str, ...]
    calls: tuple[str, ...]
    failures: int
    decided: tuple[str, ...] = ()
    stage_outputs: tuple[Path, ...] = ()
    nights: tuple[str, ...] = ()
    notes: int = 0
    held: tuple[str, ...] = ()


def expired(store: Store, retention: Retention, *, today: date, work: Path | None = None, held: Collection[str] = frozenset()) -> Expired:
    """What is older than its window. Calls in closed periods keep their scores as long as `calls_days` says, like all others.

    `work`: the folder of stage outputs; without it they are left alone. `decided`: ids of calls whose decisions go. `held`: calls that lose nothing; of
    the answer, those of them that would.
    """
    conversations = _conversations(store, held)
    calls = _older(store, retention.calls_days, today, having="metrics")
    words = _older(store, retention.words_days, today, having="utterances")
    days = [days for days in (retention.words_days, retention.calls_days) if days is not None]
    limit = today - timedelta(days=min(days)) if days else None
    sound = min((*days, *([retention.sound_days] if retention.sound_days is not None else ())), default=None)
    staying = set(conversations)
    gone = tuple(name for name in calls if name not in staying)
    decided = () if retention.calls_days is None else _decided(store, gone, today - timedelta(days=retention.calls_days))
    return Expired(
        words=tuple(name for name in words if name not in staying),
        calls=gone,
        failures=0
        if retention.failures_days is None
        else failures_before(store, MACHINE, today - timedelta(days=retention.failures_days), held),
        decided=tuple(name for name in decided if name not in held),
        stage_outputs=() if sound is None or work is None else _stage_outputs(store, work, limit, today - timedelta(days=sound), held),
        nights=() if limit is None else _killed_nights(store, today - timedelta(days=_NIGHT_DAYS), held, conversations),
        notes=0 if retention.notes_days is None else _notes(store, today - timedelta(days=retention.notes_days), held),
        held=tuple(sorted({conversations[name] for name in (*calls, *words) if name in staying})),
    )


def expire(store: Store, retention: Retention, *, today: date, work: Path | None = None, held: Collection[str] = frozenset()) -> Expired:
    """Delete what is older than its window. Details go first and heads last, so that a crash leaves nothing that points nowhere.

    Words go from utterances, and quotes from findings and captures; times, outcomes and points stay. Decisions go with the whole call, with what was
    written as their reason.
    """
    found = expired(store, retention, today=today, work=work, held=held)
    for path in found.stage_outputs:
        path.unlink(missing_ok=True)
    _forget_nights(store, found.nights)
    store.forget("decisions", "call_id", found.decided)
    for name in _EVERYTHING:
        store.forget(name, "conversation_id", found.calls)
    words = sorted(set(found.words) - set(found.calls))
    if words:
        for name in _WORDS:
            store.forget(name, "conversation_id", words)
        for name, columns in _QUOTES.items():
            store.blank(name, "conversation_id", words, dict.fromkeys(columns, "null"))
    if retention.failures_days is not None:
        store.forget_before("failures", "at", today - timedelta(days=retention.failures_days), but=held)
        store.forget_before("runs", "finished_at", today - timedelta(days=retention.failures_days))
    if retention.notes_days is not None:
        for name, columns in _NOTES.items():
            store.blank_before(name, "at", today - timedelta(days=retention.notes_days), dict.fromkeys(columns, "null"), but=held)
    return found


def _conversations(store: Store, held: Collection[str]) -> dict[str, str]:
    """Conversations of held calls, each with its call."""
    if not held:
        return {}
    quoted = ", ".join(map(sql_text, sorted(held)))
    rows = store.read("calls", columns=["conversation_id", "call_id"], where=f"call_id in ({quoted})").to_pylist()
    return {row["conversation_id"]: row["call_id"] for row in rows}


def _notes(store: Store, limit: date, held: Collection[str]) -> int:
    """Rows with notes that were written before a day."""
    count = 0
    for name, columns in _NOTES.items():
        for row in store.read(name, columns=["call_id", "at", *columns]).to_pylist():
            count += row["at"].date() < limit and row["call_id"] not in held and any(row[column] is not None for column in columns)
    return count


def _older(store: Store, days: int | None, today: date, *, having: Literal["metrics", "utterances"]) -> tuple[str, ...]:
    """Conversations older than so many days that still have rows in a table."""
    return () if days is None else conversations_before(store, MACHINE, today - timedelta(days=days), having=having)


def _decided(store: Store, going: Sequence[str], limit: date) -> tuple[str, ...]:
    """Calls of which nothing stays, as far as anything was decided about them: they go now, or went before and were decided about before the window."""
    calls = store.read("calls", columns=["conversation_id", "call_id"]).to_pylist()
    gone = set(going)
    staying = {row["call_id"] for row in calls if row["conversation_id"] not in gone}
    leaving = {row["call_id"] for row in calls} - staying
    newest: dict[str, date] = {}
    for row in store.read("decisions", columns=["call_id", "at"]).to_pylist():
        newest[row["call_id"]] = max(row["at"].date(), newest.get(row["call_id"], date.min))
    return tuple(sorted(name for name, day in newest.items() if name in leaving or (name not in staying and day < limit)))


def _stage_outputs(store: Store, work: Path, words: date | None, sound: date, held: Collection[str]) -> tuple[Path, ...]:
    """Of calls before a day, and whatever was written before it: `words` for what was recognised, `sound` for what is played. Nothing of held calls."""
    columns = ["call_id", "audio_sha256", "given_language", "manifest_sha256", "options", "call_date", "processed_at"]
    going: set[Path] = set()
    staying: set[Path] = set()
    for row in store.read("calls", columns=columns).to_pylist():
        day = row["call_date"] or row["processed_at"].date()
        kept = kept_files(work, row["audio_sha256"])
        # And with words hidden, for who may not hear them.
        heard = {*kept, *(path for one in kept[:1] for path in one.parent.glob(f"{one.stem}-*"))}
        output = stage_output(
            work,
            audio_sha256=row["audio_sha256"],
            given_language=row["given_language"],
            manifest_sha256=row["manifest_sha256"],
            options=mapping_of(row["options"]),
        )
        if row["call_id"] in held:
            staying |= {*heard, output}
        else:
            going |= (heard if day < sound else set()) | ({output} if words is not None and day < words else set())
    found = []
    for path in work.rglob("*") if work.is_dir() else ():
        if not path.is_file() or path.name.startswith(_NO_WORDS) or path in staying:
            continue
        limit = sound if path.is_relative_to(work / SOUND_FOLDER) else words
        if path in going or (limit is not None and datetime.fromtimestamp(path.stat().st_mtime, UTC).date() < limit):
            found.append(path)
    return tuple(sorted(found))


def _killed_nights(store: Store, limit: date, held: Collection[str], conversations: Collection[str]) -> tuple[str, ...]:
    """Runs that left files, began before a day and are no more; without those in which a held call stands. `conversations`: of held calls, by which answers are named: what
    is in them may be sealed.
    """
    fs, path = fsspec.core.url_to_fs(f"{store.root}/{NIGHTS_FOLDER}")
    if not fs.exists(path):
        return ()
    living = {working.run_id for working in Claims(store.root, "").living()}
    names = {str(name).rstrip("/").rpartition("/")[2] for name in fs.ls(path, detail=False)}
    # A run's name begins with the moment it began.
    old = sorted(name for name in names - living if name[:8] < f"{limit:%Y%m%d}")
    if not held:
        return tuple(old)
    quoted = [json.dumps(call_id, ensure_ascii=False).encode() for call_id in held]
    return tuple(
        name
        for name in old
        if not any(
            any(one in file for one in conversations) or any(one in fs.cat_file(file) for one in quoted)
            for file in fs.find(f"{path}/{name}")
        )
    )


def _forget_nights(store: Store, run_ids: Sequence[str]) -> None:
    for run_id in run_ids:
        fs, path = fsspec.core.url_to_fs(f"{store.root}/{NIGHTS_FOLDER}/{run_id}")
        fs.rm(path, recursive=True)
