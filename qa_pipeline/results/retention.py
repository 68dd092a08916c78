"""What is kept for how long: words of calls, scores, failures, each with its own window in days. What is older is deleted.

By the date of the call; a call whose date is not known counts from when it was processed. Deleting is on purpose and by command; a dry run counts first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from qa_pipeline.results.query import ID_COLUMNS, rows
from qa_pipeline.results.store import Store

# Tables that go with the words of a call, and those that go with its scores.
_WORDS = ("utterances", "embeddings")
_EVERYTHING = ("findings", "captures", "scores", "utterances", "embeddings", "metrics", "calls")


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


def expired(store: Store, retention: Retention, *, today: date) -> Expired:
    """What is older than its window. Calls in closed periods keep their scores as long as `calls_days` says, like all others."""
    return Expired(
        words=_older(store, retention.words_days, today, having="utterances"),
        calls=_older(store, retention.calls_days, today, having="metrics"),
        failures=0 if retention.failures_days is None else _old_failures(store, today - timedelta(days=retention.failures_days)),
    )


def expire(store: Store, retention: Retention, *, today: date) -> Expired:
    """Delete what is older than its window. Details go first and heads last, so that a crash leaves nothing that points nowhere.

    Words go from utterances, and quotes from findings and captures; times, outcomes and points stay.
    """
    found = expired(store, retention, today=today)
    for name in _EVERYTHING:
        store.forget(name, "conversation_id", found.calls)
    words = sorted(set(found.words) - set(found.calls))
    if words:
        for name in _WORDS:
            store.forget(name, "conversation_id", words)
        store.blank(
            "findings", "conversation_id", words, {"evidence": "null", "evidence_text": "null", "reason_args": "null", "reason": "null"}
        )
        store.blank("captures", "conversation_id", words, {"value": "null", "text": "null"})
    if retention.failures_days is not None:
        store.forget_before("failures", "at", today - timedelta(days=retention.failures_days))
        store.forget_before("runs", "finished_at", today - timedelta(days=retention.failures_days))
    return found


def _older(store: Store, days: int | None, today: date, *, having: str) -> tuple[str, ...]:
    """Conversations older than so many days that still have rows in a table."""
    if days is None:
        return ()
    limit = today - timedelta(days=days)
    sql = f"""select conversation_id from calls semi join {having} using (conversation_id)
        where coalesce(call_date, cast(processed_at as date)) < date '{limit}' order by conversation_id"""
    return tuple(row["conversation_id"] for row in rows(store, sql, columns=ID_COLUMNS))


def _old_failures(store: Store, limit: date) -> int:
    found: int = rows(store, f"select count(*) n from failures where \"at\" < timestamptz '{limit} 00:00:00+00'")[0]["n"]
    return found
