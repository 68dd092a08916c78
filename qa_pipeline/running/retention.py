"""What is kept for how long: words of calls, scores, failures, each with its own window in days. What is older is deleted.

By the date of the call; a call whose date is not known counts from when it was processed. Deleting is on purpose and by command; a dry run counts first.

Beside rows of the tables, callers' words lie in two more places, and go from there with the window of words, or of calls if that is shorter:
- *stage outputs*, what the speech models said of a recording, and its sound as browsers play it, kept under `CACHE/work` so that no work is done twice.
  Those of an expired call are found by what its row says it was made from; any other file there goes when it was written before the window.
- *files of a night* (`_nights/` under the results root), which a night deletes at its end and a killed one leaves. No later night reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

import fsspec

from qa_pipeline.conversation.recognised import stage_output
from qa_pipeline.reading.runs import failures_before
from qa_pipeline.reading.sound import kept_files
from qa_pipeline.reading.stored import conversations_before
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.results.columns import Kind
from qa_pipeline.results.heard import mapping_of
from qa_pipeline.results.lease import Claims
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES

# What goes with the words of a call follows from what the columns hold: rows of what was said go whole, of others the columns that quote.
_WORDS = tuple(name for name, table in TABLES.items() if "utterance" in table.key)
_QUOTES = {name: columns for name, table in TABLES.items() if name not in _WORDS and (columns := table.holding(Kind.WORDS))}
NIGHTS_FOLDER = "_nights"
# What is no stage output in that folder: hashes of files by path.
_NO_WORDS = "files.sqlite"
# A night that claimed no call may be younger than this and alive.
_NIGHT_DAYS = 1
_EVERYTHING = ("effective_findings", "effective_scores", "findings", "captures", "scores", "utterances", "embeddings", "metrics", "calls")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Days to keep: `words_days` of transcripts and what quotes them, `calls_days` of everything about a call, `failures_days` of failures and
    runs. None keeps for ever.
    """

    words_days: int | None = None
    calls_days: int | None = None
    failures_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """What a window lets go: calls whose words go, calls that go whole, failures."""

    words: tuple[str, ...]
    calls: tuple[str, ...]
    failures: int
    decided: tuple[str, ...] = ()
    stage_outputs: tuple[Path, ...] = ()
    nights: tuple[str, ...] = ()


def expired(store: Store, retention: Retention, *, today: date, work: Path | None = None) -> Expired:
    """What is older than its window. Calls in closed periods keep their scores as long as `calls_days` says, like all others.

    `work`: the folder of stage outputs; without it they are left alone. `decided`: ids of calls whose decisions go.
    """
    calls = _older(store, retention.calls_days, today, having="metrics")
    days = [days for days in (retention.words_days, retention.calls_days) if days is not None]
    limit = today - timedelta(days=min(days)) if days else None
    return Expired(
        words=_older(store, retention.words_days, today, having="utterances"),
        calls=calls,
        failures=0 if retention.failures_days is None else failures_before(store, MACHINE, today - timedelta(days=retention.failures_days)),
        decided=() if retention.calls_days is None else _decided(store, calls, today - timedelta(days=retention.calls_days)),
        stage_outputs=() if limit is None or work is None else _stage_outputs(store, work, limit),
        nights=() if limit is None else _killed_nights(store, today - timedelta(days=_NIGHT_DAYS)),
    )


def expire(store: Store, retention: Retention, *, today: date, work: Path | None = None) -> Expired:
    """Delete what is older than its window. Details go first and heads last, so that a crash leaves nothing that points nowhere.

    Words go from utterances, and quotes from findings and captures; times, outcomes and points stay. Decisions go with the whole call, with what was
    written as their reason.
    """
    found = expired(store, retention, today=today, work=work)
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
        store.forget_before("failures", "at", today - timedelta(days=retention.failures_days))
        store.forget_before("runs", "finished_at", today - timedelta(days=retention.failures_days))
    return found


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


def _stage_outputs(store: Store, work: Path, limit: date) -> tuple[Path, ...]:
    """Of calls before a day, and whatever was written before it."""
    columns = ["audio_sha256", "given_language", "manifest_sha256", "options", "call_date", "processed_at"]
    of_calls: set[Path] = set()
    for row in store.read("calls", columns=columns).to_pylist():
        if (row["call_date"] or row["processed_at"].date()) < limit:
            of_calls |= {
                *kept_files(work, row["audio_sha256"]),
                # And with words hidden, for who may not hear them.
                *(path for kept in kept_files(work, row["audio_sha256"])[:1] for path in kept.parent.glob(f"{kept.stem}-*")),
                stage_output(
                    work,
                    audio_sha256=row["audio_sha256"],
                    given_language=row["given_language"],
                    manifest_sha256=row["manifest_sha256"],
                    options=mapping_of(row["options"]),
                ),
            }
    files = [path for path in work.rglob("*") if path.is_file() and not path.name.startswith(_NO_WORDS)] if work.is_dir() else []
    return tuple(sorted(path for path in files if path in of_calls or datetime.fromtimestamp(path.stat().st_mtime, UTC).date() < limit))


def _killed_nights(store: Store, limit: date) -> tuple[str, ...]:
    """Runs that left files of their batches, began before a day and are no more."""
    fs, path = fsspec.core.url_to_fs(f"{store.root}/{NIGHTS_FOLDER}")
    if not fs.exists(path):
        return ()
    living = {working.run_id for working in Claims(store.root, "").living()}
    names = {str(name).rstrip("/").rpartition("/")[2] for name in fs.ls(path, detail=False)}
    # A run's name begins with the moment it began.
    return tuple(sorted(name for name in names - living if name[:8] < f"{limit:%Y%m%d}"))


def _forget_nights(store: Store, run_ids: Sequence[str]) -> None:
    for run_id in run_ids:
        fs, path = fsspec.core.url_to_fs(f"{store.root}/{NIGHTS_FOLDER}/{run_id}")
        fs.rm(path, recursive=True)
