"""What each call needs: to be listened to, scored, described anew, or nothing. Decided before any work; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from qa_pipeline.call import Call
from qa_pipeline.conversation.correct import corrected_id
from qa_pipeline.conversation.listen import conversation_id, conversation_options
from qa_pipeline.conversation.read import reading_manifests, reading_options, text_conversation_id, unreadable
from qa_pipeline.errors import WarningTexts
from qa_pipeline.recordings.dialogue import Dialogue
from qa_pipeline.recordings.ingest import Intake
from qa_pipeline.recordings.taken import Unavailable
from qa_pipeline.results.decisions import role_corrections
from qa_pipeline.results.forgotten import Forgotten
from qa_pipeline.results.heard import CALL_COLUMNS, call_from_row, judged_now
from qa_pipeline.results.replies import RepliesThatCount
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import Choices, RubricsInForce, rubrics_in_force
from qa_pipeline.rubric.canonical import rubric_sha256
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.failures import Failure, given_up
from qa_pipeline.running.priority import in_order
from qa_pipeline.running.run import Run
from qa_pipeline.running.score import Assignment
from qa_pipeline.scoring.identity import JudgedBy, score_id_of
from qa_pipeline.scoring.second_look import SecondLooks
from qa_pipeline.settings import Settings
from qa_pipeline.speech.models import manifests_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is going to do; nothing has been done yet. `dialogues`: by call id, the calls to listen to that came as text.

    `rescore`: stored conversations to score, by id. `redescribe`: conversations that are there, of calls whose metadata came late or were put
    right, or whose file has moved. `rubric_of`: call id → id of a current rubric, or `ID@VERSION` of one in `older` that was in force when the
    call was made. `decided`: how metadata were read that could be written in several ways.
    """

    listen: tuple[Call, ...] = ()
    rescore: Mapping[str, Assignment] = field(default_factory=dict)
    skipped: tuple[Call, ...] = ()
    known_failures: tuple[Failure, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()
    rubric_of: Mapping[str, str | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()
    found: int = 0
    dialogues: Mapping[str, Dialogue] = field(default_factory=dict)
    redescribe: tuple[tuple[str, Call], ...] = ()
    older: Mapping[str, Rubric] = field(default_factory=dict)

    @property
    def has_work(self) -> bool:
        """Whether any call is to be listened to, scored or described anew."""
        return bool(self.listen or self.rescore or self.redescribe)

    def without_work(self) -> Plan:
        """What is known before any work: files that are not there, and what failed for good."""
        return replace(self, listen=(), rescore={}, redescribe=(), dialogues={})

    def only_work(self) -> Plan:
        """The rest."""
        return replace(self, unavailable=(), known_failures=())


class StandingScores:
    """Scores that stand in a root: the one place that says whether a conversation is still to be scored. `rubrics`: by key;
    `settings`: say whose answers count, and what is looked at a second time.
    """

    def __init__(self, store: Store, rubrics: Mapping[str, Rubric], settings: Settings) -> None:
        self._replies = RepliesThatCount(store, rubrics, settings.ask_model, SecondLooks.of(settings))
        self._keys, self._outdated = store.score_keys(), store.outdated_scores()
        self._rubrics = rubrics
        self._hashes: dict[str, str] = {}

    def has(self, conversation_id: str, rubric: str, by: JudgedBy | None, *, purpose: str, is_closed: bool) -> bool:
        """Whether a conversation has its score by a rubric. `by`: what would judge it now; None where what it was stored with is not known.

        An official score says all that a trial by the same rubric would; in a closed period a trial is all that can be added. One after which something else
        has judged the call counts no more: when settings are changed back, it is made again and counts from then on.
        """
        if by is None:
            return False
        # Only those that are asked about are hashed: a night has calls of a few of many rubrics.
        if rubric not in self._hashes:
            self._hashes[rubric] = rubric_sha256(self._rubrics[rubric])
        score_id = score_id_of(conversation_id, self._hashes[rubric], self._replies.counted(by, conversation_id, rubric))
        if (score_id, "official") in self._keys:
            return purpose == "trial" or is_closed or score_id not in self._outdated
        return (purpose == "trial" or is_closed) and (score_id, "trial") in self._keys


def plan(
    intake: Intake, run: Run, *, force: bool = False, retry_failed: bool = False, priorities: Sequence[Mapping[str, str]] = ()
) -> Plan:
    """Decide what each call needs. A call whose rubric cannot be told is stored unscored, and the warnings say why."""
    store, settings = run.store, run.settings
    identity_of = _identities(intake, settings)
    # A file that is tried is tried on every call, whatever was in force when it was made.
    in_force = rubrics_in_force(run.rubrics, store) if run.purpose == "official" else RubricsInForce(current=run.rubrics, older={})
    choices = Choices(in_force)
    rubric_of = {call.call_id: choices.key_for(call) for call in intake.calls}
    standing, described, closed = StandingScores(store, in_force.rubrics, settings), _described(store), store.closed_periods()
    failed_before = {} if retry_failed or force else given_up(store, settings.give_up_after)
    corrections = role_corrections(store)
    listen, rescore, redescribe, skipped, known = [], {}, [], [], []
    gone = Forgotten(store.root)
    calls = [call for call in intake.calls if not gone.has(call.call_id, None if call.call_id in intake.dialogues else call.audio_sha256)]
    for call in calls:
        identity = identity_of(call)
        rubric = rubric_of[call.call_id]
        if force or identity not in described:
            failure = failed_before.get(call.source_uri)
            if failure and failure.audio_sha256 == call.audio_sha256 and _is_as_before(call, failure, intake.dialogues.get(call.call_id)):
                known.append(failure)
            else:
                listen.append(call)
            continue
        if correction := corrections.get(call.call_id):
            # The conversation that counts is the one with its roles put right, if that changed anything.
            identity = put_right if (put_right := corrected_id(identity, correction)) in described else identity
        is_closed = store.is_closed(call, closed)
        stored, by = described[identity]
        if (described_anew := _described_anew(stored, call)) and not is_closed:
            redescribe.append((identity, described_anew))
        elif rubric and not standing.has(identity, rubric, by, purpose=run.purpose, is_closed=is_closed):
            rescore[identity] = Assignment(rubric, "trial" if is_closed else run.purpose)
        else:
            skipped.append(call)
    return Plan(
        listen=tuple(in_order(listen, priorities) if priorities else listen),
        rescore=rescore,
        redescribe=tuple(redescribe),
        skipped=tuple(skipped),
        known_failures=tuple(known),
        unavailable=intake.unavailable,
        rubric_of=rubric_of,
        older=in_force.older,
        warnings=(*intake.warnings, *choices.warnings, *_left_out(len(intake.calls) - len(calls))),
        decided=intake.decided,
        found=len(intake.calls) + len(intake.unavailable),
        dialogues={call.call_id: intake.dialogues[call.call_id] for call in listen if call.call_id in intake.dialogues},
    )


def _left_out(count: int) -> WarningTexts:
    if not count:
        return []
    return [f"{count} {'call was' if count == 1 else 'calls were'} forgotten on purpose (`qa-pipeline forget`) and left out."]


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


def _described(store: Store) -> dict[str, tuple[Call, JudgedBy | None]]:
    """conversation_id → the call as it is stored, and what would judge it now."""
    table = store.read(
        "calls",
        columns=["conversation_id", "language", "given_language", "extra", "norm_versions", "acts_version", "reply_version", *CALL_COLUMNS],
    )
    # Some thousand rows at a time: a dict a row of a hundred thousand calls would be the largest thing in memory.
    batches = table.to_batches(max_chunksize=5_000)
    return {row["conversation_id"]: (call_from_row(row), judged_now(row)) for batch in batches for row in batch.to_pylist()}


def _described_anew(stored: Call, call: Call) -> Call | None:
    """The stored call with what its metadata say now, if that is anything else. What they do not say now stays as it was."""
    now = {name: value for name in Call.__slots__ if (value := getattr(call, name)) is not None}
    if not _has_moved(stored.source_uri, call.source_uri):
        now["source_uri"] = stored.source_uri
    described = replace(stored, **{**now, "extra": {**stored.extra, **call.extra}})
    return described if described != stored else None


def _has_moved(old: str, new: str) -> bool:
    """Whether a recording lies elsewhere now; the same place by another path, or a second copy, is no move."""
    return old != new and ("://" in old or not Path(old.partition("#")[0]).exists())
