"""One batch of calls through all stages, with isolation: what the CLI and the flows both drive.

Listening runs in supervised worker processes (isolation.py). Scoring is pure and runs here. Results are committed every so many calls or seconds,
details before heads, so that a run can be killed at any moment and repeated. Calls of a run are claimed while it lives: two runs at once share the
work instead of doing it twice.
"""

from __future__ import annotations

import math
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any

from qa_pipeline.call import Call, Conversation
from qa_pipeline.conversation.correct import RoleCorrection, correct_roles, corrected_id
from qa_pipeline.conversation.feeling import Judge, load_judge
from qa_pipeline.conversation.listen import Listener, conversation_id, conversation_options
from qa_pipeline.conversation.read import reading_manifests, reading_options, text_conversation_id, unreadable
from qa_pipeline.conversation.role_head import RoleHead, load_role_head
from qa_pipeline.errors import CallFailed, EnvironmentNotReady, QaError, RubricError
from qa_pipeline.pace import Pace, in_order
from qa_pipeline.recordings.ingest import Intake, Unavailable
from qa_pipeline.recordings.transcripts import Dialogue
from qa_pipeline.results.decisions import role_corrections
from qa_pipeline.results.heard import CALL_COLUMNS, call_from_row, judged_now
from qa_pipeline.results.lease import Claims
from qa_pipeline.results.norms import renew_norms
from qa_pipeline.results.query import rows as query_rows
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import Choice, choices, freeze
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.isolation import Workers
from qa_pipeline.scoring.case_vectors import example_vectors
from qa_pipeline.scoring.identity import JudgedBy, score_id_of
from qa_pipeline.scoring.meanings import HEADS_NAME, heads_of_each
from qa_pipeline.scoring.score import Score, Scorecard, prepare, score_many
from qa_pipeline.settings import Settings
from qa_pipeline.speech.models import choose_manifest, manifests_digest, manifests_in_use, model_folder
from qa_pipeline.text.kept_norms import keep_norms

# A commit takes about as long for one call as for a hundred. A kill loses at most this much scoring, and no listening: that is kept by content.
_COMMIT_CALLS = 500
_COMMIT_SECONDS = 30.0
_FAILURES_SECONDS = 5.0
_RESCORE_CALLS = 500


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is going to do; nothing has been done yet. `dialogues`: by call id, the calls to listen to that came as text.

    `redescribe`: conversations that are there, of calls whose metadata came late or were put right, or whose file has moved.
    `rubric_of`: call id → id of a current rubric, or `ID@VERSION` of one in `older` that was in force when the call was made.
    """

    listen: tuple[Call, ...]
    rescore: tuple[str, ...]
    skipped: tuple[Call, ...]
    known_failures: tuple[Failure, ...]
    unavailable: tuple[Unavailable, ...]
    rubric_of: Mapping[str, str | None]
    warnings: tuple[str, ...]
    found: int
    dialogues: Mapping[str, Dialogue] = field(default_factory=dict)
    redescribe: tuple[tuple[str, Call], ...] = ()
    older: Mapping[str, Rubric] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run did. Counts are calls. `updated`: there already, with other metadata now. `left`: not begun before the deadline. `busy`: left to another run that works on them now."""

    run_id: str
    found: int
    processed: int
    scored: int
    skipped: int
    unscored: int
    failures: tuple[Failure, ...]
    seconds: float
    updated: int = 0
    left: int = 0
    busy: int = 0

    @property
    def failed(self) -> int:
        """Calls that are not in the results."""
        return len(self.failures)

    @property
    def counts(self) -> dict[str, int]:
        """Calls by what came of them, as logs, artifacts and notifications tell it."""
        names = ("found", "processed", "scored", "updated", "skipped", "unscored", "failed", "left", "busy")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Progress: a call is done (or failed), or a stage of the run began."""

    kind: str
    call_id: str | None = None
    done: int = 0
    total: int = 0
    text: str = ""


Report = Callable[[Event], None]


@dataclass(slots=True)
class _Tally:
    processed: int = 0
    scored: int = 0
    unscored: int = 0
    updated: int = 0
    left: int = 0
    failures: list[Failure] = field(default_factory=list)


def code_version() -> str:
    """Version of this package."""
    try:
        return version("qa-pipeline")
    except PackageNotFoundError:
        return "unknown"


def open_store(settings: Settings) -> Store:
    """The results root of the settings."""
    return Store(settings.results, timezone=settings.timezone, code_version=code_version())


def check_environment(settings: Settings, store: Store, *, needs_speech: bool = True) -> None:
    """Refuse before any work what would fail later. `needs_speech`: not everything is text. Raises EnvironmentNotReady, ModelError."""
    for manifest in manifests_in_use(settings) if needs_speech else (choose_manifest(settings, "encoder"),):
        model_folder(manifest, settings)
    store.prepare()
    for place in (str(settings.cache), settings.results):
        free = free_gb(place)
        if free is not None and free < settings.min_free_gb:
            raise EnvironmentNotReady(
                f"{place} has {free:.1f} GB free; {settings.min_free_gb:.1f} are wanted.",
                advice="Free some space, or lower min_free_gb.",
            )


def free_gb(place: str) -> float | None:
    """Free disk where a folder lies, or will lie; None in an object store."""
    if "://" in place:
        return None
    path = Path(place).absolute()
    return shutil.disk_usage(next(parent for parent in (path, *path.parents) if parent.exists())).free / 1e9


def plan(
    intake: Intake,
    settings: Settings,
    store: Store,
    rubrics: Mapping[str, Rubric],
    *,
    purpose: str,
    force: bool = False,
    retry_failed: bool = False,
    priorities: Sequence[Mapping[str, str]] = (),
) -> Plan:
    """Decide what each call needs. Raises RubricError when a call names an unknown rubric or two apply, for all calls at once."""
    identity_of = _identities(intake, settings)
    # A file that is tried is tried on every call, whatever was in force when it was made.
    chosen = choices(rubrics, store) if purpose == "official" else Choice(current=rubrics, older={})
    hashes = {name: prepare(rubric, {}).sha256 for name, rubric in chosen.rubrics.items()}
    rubric_of, refusals = _choose_rubrics(intake.calls, chosen)
    if refusals:
        raise RubricError("; ".join(dict.fromkeys(refusals)))
    described, scored, closed = _described(store), store.score_keys(), store.closed_periods()
    given_up = {} if retry_failed or force else _given_up(store, settings.give_up_after)
    corrections = role_corrections(store)
    listen, rescore, redescribe, skipped, known = [], [], [], [], []
    for call in intake.calls:
        identity = identity_of(call)
        rubric = rubric_of[call.call_id]
        if force or identity not in described:
            failure = given_up.get(call.source_uri)
            if failure and failure.audio_sha256 == call.audio_sha256 and _is_as_before(call, failure, intake.dialogues.get(call.call_id)):
                known.append(failure)
            else:
                listen.append(call)
            continue
        if correction := corrections.get(call.call_id):
            # The conversation that counts is the one with its roles put right, if that changed anything.
            identity = put_right if (put_right := corrected_id(identity, correction)) in described else identity
        stored, by = described[identity]
        if (told := _told_anew(stored, call)) and not store.is_closed(call, closed):
            redescribe.append((identity, told))
        elif rubric and not (
            by and _is_scored(score_id_of(identity, hashes[rubric], by), purpose, scored, is_closed=store.is_closed(call, closed))
        ):
            rescore.append(identity)
        else:
            skipped.append(call)
    return Plan(
        listen=tuple(in_order(listen, priorities) if priorities else listen),
        rescore=tuple(rescore),
        redescribe=tuple(redescribe),
        skipped=tuple(skipped),
        known_failures=tuple(known),
        unavailable=intake.unavailable,
        rubric_of=rubric_of,
        older=chosen.older,
        warnings=intake.warnings,
        found=len(intake.calls) + len(intake.unavailable),
        dialogues={call.call_id: intake.dialogues[call.call_id] for call in listen if call.call_id in intake.dialogues},
    )


def _is_as_before(call: Call, failure: Failure, dialogue: Dialogue | None) -> bool:
    """Whether a known failure still stands. Text is read again at once, and may be in order by other options (--roles, --encoding)."""
    return dialogue is None or (bool(dialogue.faults) and unreadable(call, dialogue).message == failure.message)


def _identities(intake: Intake, settings: Settings) -> Callable[[Call], str]:
    """What a call's conversation would be called."""
    options, manifest_sha256 = conversation_options(settings), manifests_digest(settings)
    text_options, text_manifests = reading_options(settings), reading_manifests(settings)

    def identity(call: Call) -> str:
        if dialogue := intake.dialogues.get(call.call_id):
            return text_conversation_id(call, dialogue, text_options, text_manifests)
        return conversation_id(call, options, manifest_sha256)

    return identity


def run(
    plan: Plan,
    settings: Settings,
    store: Store,
    rubrics: Mapping[str, Rubric],
    *,
    purpose: str,
    report: Report = lambda event: None,
    pace: Pace | None = None,
    workers: Workers | None = None,
    scorecards: Mapping[str, Scorecard] | None = None,
    part_of: str | None = None,
    score: bool = True,
) -> Summary:
    """Carry out a plan. Every call ends as a row of `calls` or of `failures`, or is counted as left or busy.

    `workers`: processes to use and to leave warm; by default some of its own. `scorecards`: of every rubric, where they are ready. `part_of`: the
    run this is a part of, which claims the calls and writes the row of `runs`. `score`: False only listens.
    """
    began, started_at = time.monotonic(), datetime.now(UTC)
    run_id = part_of or new_run_id(started_at)
    pace = pace or settings.pace()
    with nullcontext((plan, 0)) if part_of else claimed(plan, store, run_id) as (plan, busy):
        tally = _carry_out(
            plan, settings, store, rubrics, purpose=purpose, report=report, pace=pace, workers=workers, run_id=run_id,
            scorecards=scorecards, listens_only=not score,
        )  # fmt: skip
    summary = Summary(
        run_id=run_id,
        found=plan.found,
        processed=tally.processed,
        scored=tally.scored,
        skipped=len(plan.skipped),
        unscored=tally.unscored,
        failures=tuple(tally.failures),
        seconds=time.monotonic() - began,
        updated=tally.updated,
        left=tally.left,
        busy=busy,
    )
    if part_of is None and (plan.listen or plan.rescore or plan.redescribe or plan.unavailable or busy):
        write_run(store, summary, started_at)
        store.tidy()
    return summary


@contextmanager
def claimed(plan: Plan, store: Store, run_id: str) -> Iterator[tuple[Plan, int]]:
    """The plan without what other runs work on now, and how many calls that is; the rest is claimed until the end of the block."""
    if not plan.listen:
        yield plan, 0
        return
    claims = Claims(store.root, run_id)
    with ExitStack() as held:
        # Nobody else may look between our look and our claim.
        with store.lock:
            others = claims.others()
            mine = tuple(call for call in plan.listen if call.call_id not in others)
            held.enter_context(claims.hold([call.call_id for call in mine]))
        yield replace(plan, listen=mine), len(plan.listen) - len(mine)


def _carry_out(
    plan: Plan,
    settings: Settings,
    store: Store,
    rubrics: Mapping[str, Rubric],
    *,
    purpose: str,
    report: Report,
    pace: Pace,
    workers: Workers | None,
    run_id: str,
    scorecards: Mapping[str, Scorecard] | None,
    listens_only: bool,
) -> _Tally:
    known = {**rubrics, **plan.older}
    used = {name: known[name] for name in dict.fromkeys(plan.rubric_of.values()) if name}
    if purpose == "official" and (plan.listen or plan.rescore or plan.redescribe):
        freeze(used.values(), store)
    if listens_only or not (plan.listen or plan.rescore or plan.redescribe):
        scorecards = {}
    else:
        # Those given are of the rubrics as they are now; a late call may need an older version.
        there = dict(scorecards or {})
        missing = {name: rubric for name, rubric in used.items() if name not in there}
        scorecards = {**there, **(ready_scorecards(missing, settings, report=report) if missing else {})}
    tally = _Tally()
    tally.failures.extend(plan.known_failures)
    absent = [_failure(None, RecordingFailure(one), one.source_uri) for one in plan.unavailable]
    tally.failures.extend(absent)
    store.write_failures([failure_row(failure, run_id) for failure in absent])
    if not listens_only:
        renew_norms(store, plan.rescore)
        _rescore(plan, store, scorecards, purpose, run_id, tally)
        _redescribe(plan, store, scorecards, purpose, run_id, tally)
    done, total = 0, len(plan.listen)
    waiting: list[Conversation] = []
    failed: list[dict[str, Any]] = []
    last_commit = time.monotonic()
    # The first failure is written at once, those that follow together: thousands of broken files are no thousands of commits.
    last_failed = -math.inf
    is_whole = False

    corrections = role_corrections(store)
    heard = workers or Workers(settings, count=max(1, total))

    def commit_failures() -> None:
        nonlocal last_failed
        store.write_failures(failed)
        failed.clear()
        last_failed = time.monotonic()

    def commit() -> None:
        nonlocal last_commit
        current = [corrected(c, corrections.get(c.call.call_id), settings) for c in waiting]
        # As heard first: the newest conversation of a call is the one that counts.
        both = [c for old, new in zip(waiting, current, strict=True) for c in ((old,) if new is old else (old, new))]
        store.write_conversations(both, run_id=run_id)
        if not listens_only:
            tally.unscored += _write_scores(current, plan, store, scorecards, purpose, run_id, tally)
        tally.processed += len(waiting)
        waiting.clear()
        last_commit = time.monotonic()

    try:
        for call, outcome in heard.listen(plan.listen, plan.dialogues, pace=pace):
            done += 1
            if isinstance(outcome, Conversation):
                waiting.append(outcome)
                report(Event(kind="done", call_id=call.call_id, done=done, total=total))
            else:
                failure = _failure(call, outcome, call.source_uri)
                tally.failures.append(failure)
                failed.append(failure_row(failure, run_id))
                report(Event(kind="failed", call_id=call.call_id, done=done, total=total, text=str(outcome)))
            if len(failed) >= _COMMIT_CALLS or (failed and time.monotonic() - last_failed > _FAILURES_SECONDS):
                commit_failures()
            if len(waiting) >= _COMMIT_CALLS or (waiting and time.monotonic() - last_commit > _COMMIT_SECONDS):
                commit()
        is_whole = True
    finally:
        # Also on Ctrl-C: what has been listened to is kept.
        if workers is None:
            heard.close(at_once=not is_whole)
        commit()
        commit_failures()
    tally.left = total - done
    return tally


def ready_scorecards(rubrics: Mapping[str, Rubric], settings: Settings, *, report: Report = lambda event: None) -> dict[str, Scorecard]:
    """Rubrics ready to score with. Lists that nobody has fitted yet are fitted once, which loads the text encoder."""
    keep_norms(settings.cache)
    encoder_id = choose_manifest(settings, "encoder").id
    heads = heads_of_each(
        rubrics,
        encoder_id=encoder_id,
        stores=settings.kept(HEADS_NAME),
        encode=example_vectors(settings.cache, encoder_id=encoder_id, encode=lambda texts: Listener(settings).encode(texts)),
        keep=settings.cache / HEADS_NAME,
        on_fitting=lambda count: report(Event(kind="stage", text=f"fitting {count} example lists")),
    )
    return {name: prepare(rubric, heads[name]) for name, rubric in rubrics.items()}


class RecordingFailure(CallFailed):
    """A file named by the metadata that cannot be had."""

    def __init__(self, missing: Unavailable) -> None:
        super().__init__(missing.message, advice=missing.advice, call_id=missing.call_id, stage="ingest")


def corrected(conversation: Conversation, correction: RoleCorrection | None, settings: Settings) -> Conversation:
    """The conversation as decisions have put its roles right; itself where there are none."""
    if correction is None:
        return conversation
    judge, head = _correctors(settings)
    return correct_roles(conversation, correction, judge, threshold=settings.sentiment_threshold, head=head)


@lru_cache(maxsize=1)
def _correctors(settings: Settings) -> tuple[Judge, RoleHead]:
    return load_judge(settings), load_role_head(settings.manifests / "roles" / "head.json")


# --- scoring and bookkeeping -----------------------------------------------------------------------------------------------------------


def _choose_rubrics(calls: Sequence[Call], rubrics: Choice) -> tuple[dict[str, str | None], list[str]]:
    """Key of the rubric in force for each call, and why some calls have none."""
    chosen: dict[str, str | None] = {}
    refusals = []
    for call in calls:
        try:
            chosen[call.call_id] = rubrics.key_for(call)
        except RubricError as error:
            refusals.append(str(error))
    return chosen, refusals


def score_together(conversations: Sequence[Conversation], name: str, scorecards: Mapping[str, Scorecard]) -> Sequence[Score | Failure]:
    """Scores of conversations by one rubric; together they take a tenth of the time. One that cannot be scored costs itself only."""
    try:
        return score_many(conversations, scorecards[name])
    except Exception as error:  # noqa: BLE001  # the boundary of one call, as in isolation.py: the others go on, a failures row tells of it
        if len(conversations) > 1:
            return [found for conversation in conversations for found in score_together([conversation], name, scorecards)]
        (guilty,) = conversations
        return [scoring_failure(guilty.call, type(error).__name__, "could not be scored.", "Please report it with the name of the error.")]


def scoring_failure(call: Call, error_type: str, message: str, advice: str, *, transient: bool = False) -> Failure:
    """A call that was heard and could not be scored."""
    return Failure(
        call_id=call.call_id, source_uri=call.source_uri, audio_sha256=call.audio_sha256, stage="score", error_type=error_type,
        message=message, advice=advice, transient=transient,
    )  # fmt: skip


def _write_scores(
    conversations: Sequence[Conversation],
    plan: Plan,
    store: Store,
    scorecards: Mapping[str, Scorecard],
    purpose: str,
    run_id: str,
    tally: _Tally,
) -> int:
    """Score conversations by the rubric of each and commit that. Returns how many have no rubric."""
    by_rubric: dict[str, list[Conversation]] = {}
    for conversation in conversations:
        if name := plan.rubric_of.get(conversation.call.call_id):
            by_rubric.setdefault(name, []).append(conversation)
    found = [one for name, several in by_rubric.items() for one in score_together(several, name, scorecards)]
    scores = [one for one in found if isinstance(one, Score)]
    failures = [one for one in found if isinstance(one, Failure)]
    store.write_scores(scores, purpose=purpose, run_id=run_id)
    store.write_failures([failure_row(failure, run_id) for failure in failures])
    tally.scored += len(scores)
    tally.failures.extend(failures)
    return len(conversations) - len(found)


def _is_scored(score_id: str, purpose: str, scored: Set[tuple[str, str]], *, is_closed: bool) -> bool:
    """Whether a score is there; in a closed period one of either purpose is all there can be."""
    return (score_id, purpose) in scored or (is_closed and (score_id, "trial") in scored)


def _rescore(plan: Plan, store: Store, scorecards: Mapping[str, Scorecard], purpose: str, run_id: str, tally: _Tally) -> None:
    several = store.stream_conversations(plan.rescore) if plan.rescore else iter(())
    while conversations := list(islice(several, _RESCORE_CALLS)):
        _write_scores(conversations, plan, store, scorecards, purpose, run_id, tally)


def _described(store: Store) -> dict[str, tuple[Call, JudgedBy | None]]:
    """conversation_id → the call as it is stored, and what would judge it now."""
    table = store.read("calls", columns=["conversation_id", "language", "given_language", "extra", "norm_versions", *CALL_COLUMNS])
    # Some thousand rows at a time: a dict a row of a hundred thousand calls would be the largest thing in memory.
    batches = table.to_batches(max_chunksize=5_000)
    return {row["conversation_id"]: (call_from_row(row), judged_now(row)) for batch in batches for row in batch.to_pylist()}


def _told_anew(stored: Call, call: Call) -> Call | None:
    """The stored call with what is told of it now, if that is anything else. What is not told now stays as it was."""
    now = {name: value for name in Call.__slots__ if (value := getattr(call, name)) is not None}
    if not _has_moved(stored.source_uri, call.source_uri):
        now["source_uri"] = stored.source_uri
    told = replace(stored, **{**now, "extra": {**stored.extra, **call.extra}})
    return told if told != stored else None


def _has_moved(old: str, new: str) -> bool:
    """Whether a recording lies elsewhere now; the same place by another path, or a second copy, is no move."""
    return old != new and ("://" in old or not Path(old.partition("#")[0]).exists())


def _redescribe(plan: Plan, store: Store, scorecards: Mapping[str, Scorecard], purpose: str, run_id: str, tally: _Tally) -> None:
    """Write stored calls with their new metadata, and score them again: names and companies are what phrases look for."""
    told = dict(plan.redescribe)
    several = store.stream_conversations(told) if told else iter(())
    while stored := list(islice(several, _RESCORE_CALLS)):
        conversations = [replace(c, call=told[c.conversation_id]) for c in stored]
        store.write_conversations(conversations, run_id=run_id)
        _write_scores(conversations, plan, store, scorecards, purpose, run_id, tally)
        tally.updated += len(conversations)


def _given_up(store: Store, give_up_after: int) -> dict[str, Failure]:
    """Recordings that failed for good, or too often, by URI."""
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
        )  # fmt: skip
        for row in query_rows(store, f"select * from current_failures where not transient or attempt >= {give_up_after}")
    }


def _failure(call: Call | None, error: QaError, source_uri: str) -> Failure:
    stage = error.stage if isinstance(error, CallFailed) else "speech"
    return Failure(
        call_id=call.call_id if call else getattr(error, "call_id", None),
        source_uri=source_uri,
        audio_sha256=call.audio_sha256 if call else None,
        stage=stage,
        error_type=type(error).__name__,
        message=error.message,
        advice=error.advice,
        transient=isinstance(error, CallFailed) and error.transient,
    )


def failure_row(failure: Failure, run_id: str) -> dict[str, Any]:
    """Row of `failures`, still without the number of the attempt."""
    return {
        "call_id": failure.call_id, "source_uri": failure.source_uri, "audio_sha256": failure.audio_sha256, "stage": failure.stage,
        "error_type": failure.error_type, "message": failure.message, "advice": failure.advice, "transient": failure.transient,
        "run_id": run_id, "at": datetime.now(UTC),
    }  # fmt: skip


def new_run_id(started_at: datetime) -> str:
    """A name for a run that no other run has: its start, and chance."""
    return f"{started_at:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


def write_run(store: Store, summary: Summary, started_at: datetime) -> None:
    """Add the row of `runs`."""
    row = {
        "run_id": summary.run_id, "started_at": started_at, "finished_at": datetime.now(UTC), "found": summary.found,
        "processed": summary.processed, "scored": summary.scored, "skipped": summary.skipped, "updated": summary.updated, "failed": summary.failed,
        "unscored": summary.unscored, "left": summary.left, "busy": summary.busy, "code_version": code_version(),
    }  # fmt: skip
    store.write_rows("runs", [row])
