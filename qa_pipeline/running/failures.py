"""Calls that could not be processed: errors in, rows of `failures` out, and which of them were given up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qa_pipeline.call import Call
from qa_pipeline.errors import CallFailed, QaError

# Workers that score load this module, and need neither what reads recordings nor the tables.
if TYPE_CHECKING:
    from qa_pipeline.recordings.taken import Unavailable
    from qa_pipeline.results.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A call that could not be processed. `is_known`: failed for good before and not tried again."""

    call_id: str | None
    source_uri: str
    audio_sha256: str | None
    stage: str
    error_type: str
    message: str
    advice: str
    transient: bool
    is_known: bool = False


class RecordingFailure(CallFailed):
    """A file named by the metadata that cannot be had."""

    def __init__(self, missing: Unavailable) -> None:
        super().__init__(missing.message, advice=missing.advice, call_id=missing.call_id, stage="ingest")


def listening_failure(call: Call, error: QaError) -> Failure:
    """A call that could not be listened to."""
    return _failure(error, call_id=call.call_id, source_uri=call.source_uri, audio_sha256=call.audio_sha256)


def absence(missing: Unavailable) -> Failure:
    """A recording that is not there."""
    error = RecordingFailure(missing)
    return _failure(error, call_id=error.call_id, source_uri=missing.source_uri, audio_sha256=None)


def scoring_failure(call: Call, error_type: str, message: str, advice: str, *, transient: bool = False) -> Failure:
    """A call that was heard and could not be scored."""
    return Failure(
        call_id=call.call_id, source_uri=call.source_uri, audio_sha256=call.audio_sha256, stage="score", error_type=error_type,
        message=message, advice=advice, transient=transient,
    )  # fmt: skip


def asking_failure(call: Call, error: CallFailed) -> Failure:
    """A call about which the language model could not be asked: its score stands without those answers, and the next night asks again."""
    return _failure(error, call_id=call.call_id, source_uri=call.source_uri, audio_sha256=call.audio_sha256)


def write_failures(store: Store, failures: Iterable[Failure], run_id: str) -> None:
    """Add rows of `failures`; the store numbers the attempts."""
    store.write_failures([_row(failure, run_id) for failure in failures])


def given_up(store: Store, give_up_after: int) -> dict[str, Failure]:
    """Recordings that failed for good, or too often, by URI."""
    from qa_pipeline.reading.runs import list_failures
    from qa_pipeline.reading.viewer import MACHINE

    return {
        row["source_uri"]: Failure(
            call_id=row["call_id"],
            source_uri=row["source_uri"],
            audio_sha256=row["audio_sha256"],
            stage=row["stage"],
            error_type=row["error_type"],
            message=row["message"],
            advice=row["advice"],
            transient=False,
            is_known=True,
        )
        for row in list_failures(store, MACHINE)
        if not row["transient"] or row["attempt"] >= give_up_after
    }


def _failure(error: QaError, *, call_id: str | None, source_uri: str, audio_sha256: str | None) -> Failure:
    return Failure(
        call_id=call_id,
        source_uri=source_uri,
        audio_sha256=audio_sha256,
        stage=error.stage if isinstance(error, CallFailed) else "speech",
        error_type=type(error).__name__,
        message=error.message,
        advice=error.advice,
        transient=isinstance(error, CallFailed) and error.transient,
    )


def _row(failure: Failure, run_id: str) -> dict[str, Any]:
    return {
        "call_id": failure.call_id, "source_uri": failure.source_uri, "audio_sha256": failure.audio_sha256, "stage": failure.stage,
        "error_type": failure.error_type, "message": failure.message, "advice": failure.advice, "transient": failure.transient,
        "run_id": run_id, "at": datetime.now(UTC),
    }  # fmt: skip
