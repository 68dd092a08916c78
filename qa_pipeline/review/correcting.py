"""Conversations put right by people: one conversation is read, computed anew and written, with its score. No plan, no pool, no scan.

The decision comes first, with a note that its conversation is due; who dies before it is written leaves the note, and the next desk that is opened with
the settings at hand does the rest. The score is by the very rubric that made the one before: nothing else changes.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select

from qa_pipeline.call import Conversation, Role
from qa_pipeline.conversation.correct import at_moment, corrected_id, middle_of, moment_of_agent
from qa_pipeline.conversation.put_right import put_right
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.follow import knows_all, take_corrected
from qa_pipeline.reading.index import CallLine, known_line
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.results.decisions import CORRECTIONS, TAKE_BACK, corrections_after_each
from qa_pipeline.results.scored import score_tables
from qa_pipeline.review.decide import Decided, decide
from qa_pipeline.review.decisions import Decision, RoleSwap, TakeBack, What, WordCorrection, as_row
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.effective import EffectiveFinding, EffectiveScore, Found, Standing, effective
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.rule import require
from qa_pipeline.review.standing import closed_at, decisions_about, read_effective, read_standing
from qa_pipeline.review.tables import corrections_due
from qa_pipeline.scoring.ready import make_ready
from qa_pipeline.scoring.score import Score, score
from qa_pipeline.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What came of it. `before`, `after`: the conversation; percent: as it counts, None without a score or where too little is judged."""

    decided: Decided
    before: Conversation
    after: Conversation
    percent_before: float | None
    percent_after: float | None

    @property
    def agent(self) -> str:
        """The voice or track that is the agent's now."""
        return next((u.speaker for u in self.after.utterances if u.role is Role.AGENT), "nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would come of putting something right. `what`: the decision that would be made; scores: as they would count, None without one."""

    what: What
    before: Conversation
    after: Conversation
    score_before: EffectiveScore | None
    score_after: EffectiveScore | None

    @property
    def changed(self) -> tuple[tuple[EffectiveFinding, EffectiveFinding], ...]:
        """Criteria that would come out otherwise: as they count, and as they would."""
        if self.score_before is None or self.score_after is None:
            return ()
        pairs = zip(self.score_before.findings, self.score_after.findings, strict=True)
        return tuple((one, other) for one, other in pairs if (one.outcome, one.answer) != (other.outcome, other.answer))


def swap_roles(
    desk: Desk,
    viewer: Viewer,
    settings: Settings,
    call_id: str,
    *,
    agent: str | None = None,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Corrected:
    """Make the other party of a call the agent, or the voice `agent`. The same again takes it back.

    Raises InputRefused when there is no such call or it is not clear who is meant, and what `decide` raises.
    """

    def other_party(conversation: Conversation) -> What:
        return RoleSwap(moment_ms=moment_of_agent(conversation, agent=agent))

    return _correct(desk, viewer, settings, call_id, other_party, reason=reason, expected_version=expected_version)


def preview_swap(desk: Desk, viewer: Viewer, settings: Settings, call_id: str, *, agent: str | None = None) -> Preview:
    """What `swap_roles` would change; nothing is kept. Raises as it does."""
    return _preview(desk, viewer, settings, call_id, lambda conversation: RoleSwap(moment_ms=moment_of_agent(conversation, agent=agent)))


def preview_word(
    desk: Desk, viewer: Viewer, settings: Settings, call_id: str, *, before: str, after: str, moment_ms: int | None = None
) -> Preview:
    """What `correct_word` would change; nothing is kept. Raises as it does."""
    _require_change(before, after)

    def put_word_right(conversation: Conversation) -> What:
        return WordCorrection(moment_ms=_place_of(conversation, before, moment_ms), before=before, after=after)

    return _preview(desk, viewer, settings, call_id, put_word_right)


def correct_word(
    desk: Desk,
    viewer: Viewer,
    settings: Settings,
    call_id: str,
    *,
    before: str,
    after: str,
    moment_ms: int | None = None,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Corrected:
    """Put right what was recognised: `after` is said where `before` stands, at a moment of the call or where it stands alone.

    Raises InputRefused where it does not stand there, or in several places and no moment is given, and what `decide` raises.
    """

    def put_word_right(conversation: Conversation) -> What:
        return WordCorrection(moment_ms=_place_of(conversation, before, moment_ms), before=before, after=after)

    _require_change(before, after)
    return _correct(desk, viewer, settings, call_id, put_word_right, reason=reason, expected_version=expected_version)


def take_back(desk: Desk, viewer: Viewer, settings: Settings, call_id: str, decision_id: str, *, reason: str | None = None) -> Decided:
    """Take any decision back; where it put the conversation right, that is undone too."""
    done = decide(desk, viewer, call_id, TakeBack(about=decision_id), reason=reason)
    apply_due(desk, settings)
    return done


def apply_due(desk: Desk, settings: Settings) -> int:
    """Make conversations as decided, where somebody decided and did not come to the end. Returns how many there were."""
    return len(_apply_due(desk, settings))


def _apply_due(desk: Desk, settings: Settings, known: Conversation | None = None) -> dict[str, Conversation | None]:
    """The same. `known`: a conversation that was read. Returns by call what was made; None where it was to stay as it is."""
    with desk.engine.connect() as connection:
        due = list(connection.execute(select(corrections_due.c.call_id).order_by(corrections_due.c.call_id)).scalars())
    made: dict[str, Conversation | None] = {}
    for call_id in due:
        made[call_id] = _apply(desk, settings, call_id, known)
        with writing(desk.engine) as connection:
            connection.execute(delete(corrections_due).where(corrections_due.c.call_id == call_id))
    if due:
        bring_up_to_date(desk)
    return made


def _correct(
    desk: Desk,
    viewer: Viewer,
    settings: Settings,
    call_id: str,
    what_of: Callable[[Conversation], What],
    *,
    reason: str | None,
    expected_version: int | None,
) -> Corrected:
    # One connection stays open: with its last one SQLite writes all that waits back into its file, each time.
    with desk.engine.connect():
        before = _current(desk, call_id)
        done = decide(desk, viewer, call_id, what_of(before), reason=reason, expected_version=expected_version)
        made = _apply_due(desk, settings, before)
        now = read_effective(desk, call_id)
    return Corrected(
        decided=done,
        before=before,
        # Another process may have made it meanwhile.
        after=made.get(call_id) or _current(desk, call_id),
        percent_before=done.before.totals.percent if done.before else None,
        percent_after=now.totals.percent if now else None,
    )


def _require_change(before: str, after: str) -> None:
    if not before or before == after:
        raise InputRefused("Nothing would change.", advice="Give what was recognised, and what is said instead.")


def _preview(desk: Desk, viewer: Viewer, settings: Settings, call_id: str, what_of: Callable[[Conversation], What]) -> Preview:
    with desk.engine.connect() as connection:
        call, about = known_line(connection, call_id), decisions_about(connection, call_id)
    before = _current(desk, call_id)
    what = what_of(before)
    require(viewer, call, what, about)
    standing, closed = read_standing(desk, call), closed_at(desk, call)
    supposed = Decision(
        decision_id="supposed",
        call_id=call_id,
        version=about[-1].version + 1 if about else 1,
        what=what,
        at=datetime.now(UTC),
        conversation_id=call.conversation_id,
    )
    remade = _remade(desk, settings, call, [*about, supposed], standing, before)
    conversation, scored = remade or (before, None)
    score_before = effective(standing, about, closed) if standing else None
    score_after = effective(standing_of(scored), about, closed) if scored else score_before
    return Preview(what=what, before=before, after=conversation, score_before=score_before, score_after=score_after)


def standing_of(scored: Score) -> Standing:
    """A score that is not stored, as one that stands."""
    return Standing(
        call_id=scored.conversation.call.call_id,
        conversation_id=scored.conversation.conversation_id,
        score_id=scored.score_id,
        rubric=scored.rubric,
        findings=tuple(
            Found(
                criterion=finding.criterion,
                section_id=finding.section_id,
                criterion_sha256=finding.criterion_sha256,
                outcome=finding.outcome,
                answer=finding.answer,
                points=finding.points,
                deduction=finding.deduction,
                occurrences=finding.occurrences,
                is_withheld=finding.likely is not None,
            )
            for finding in scored.findings
        ),
        review_reasons=scored.review_reasons,
    )


def _apply(desk: Desk, settings: Settings, call_id: str, known: Conversation | None) -> Conversation | None:
    """Write a call's conversation as its decisions have it, and its score by the rubric that it was scored by. Returns the conversation, None if it stays."""
    with desk.engine.connect() as connection:
        call, about = known_line(connection, call_id), decisions_about(connection, call_id)
    remade = _remade(desk, settings, call, about, read_standing(desk, call), known)
    if remade is None:
        return None
    conversation, scored = remade
    run_id, days = f"decided-{uuid.uuid4().hex[:12]}", [call.call_date]
    purpose = "trial" if closed_at(desk, call) else call.purpose or "official"
    with desk.store.lock:
        is_known = knows_all(desk.engine, desk.store)
        written = None
        if scored is not None:
            # Its score first, which is of no call until its conversation is there: who dies in between leaves the call as it was, to be done again.
            rows = score_tables([scored], purposes=[purpose], run_id=run_id, timezone=settings.timezone)
            written = desk.store.write_score_tables(rows, days=days)
        # It is written anew where it is there already: of a call's conversations the one committed last counts.
        calls = desk.store.write_conversations([conversation], run_id=run_id, days=days)
        # What a call's consent came to is read from findings, with its day.
        if scored is not None and written is not None and is_known and purpose == "official" and scored.rubric.consent is None:
            take_corrected(desk.engine, desk.store, calls, written, sentiment=conversation.metrics.customer_sentiment_label)
    return conversation


def _remade(
    desk: Desk, settings: Settings, call: CallLine, about: Sequence[Decision], standing: Standing | None, known: Conversation | None
) -> tuple[Conversation, Score | None] | None:
    """A call's conversation as its decisions have it, and its score by the rubric that it was scored by; None where none puts anything right.

    `known`: a conversation that was read: perhaps the one as heard.
    """
    kinds = (*CORRECTIONS, TAKE_BACK)
    states = list(corrections_after_each([as_row(d) for d in about if d.kind in kinds]))
    if not states:
        return None
    looked_at = {d.conversation_id for d in about}
    heard = next(
        (name for name in looked_at for state in states if corrected_id(name, state) == call.conversation_id), call.conversation_id
    )
    as_heard = known if known is not None and known.conversation_id == heard else desk.store.load_one(heard, day=call.call_date)
    conversation = put_right(as_heard, states[-1], settings)
    if standing is None:
        return conversation, None
    (scorecard,) = make_ready({standing.rubric.id: standing.rubric}, settings).values()
    return conversation, score(conversation, scorecard)


def _current(desk: Desk, call_id: str) -> Conversation:
    with desk.engine.connect() as connection:
        call = known_line(connection, call_id)
    return desk.store.load_one(call.conversation_id, day=call.call_date)


def _place_of(conversation: Conversation, before: str, moment_ms: int | None) -> int:
    if moment_ms is not None:
        said = at_moment(conversation, moment_ms)
        if said is None or before not in said.text:
            raise InputRefused(f"{before!r} does not stand there.", advice="Copy it from the transcript at that moment.")
        return moment_ms
    found = [u for u in conversation.utterances if before in u.text]
    if len(found) != 1 or found[0].text.count(before) > 1:
        places = ", ".join(str(u.start_ms) for u in found if u.start_ms is not None)
        raise InputRefused(
            f"{before!r} stands in {len(found)} utterances.",
            advice=f"Say where: --at, of {places}." if places else "Copy it from the transcript.",
        )
    return middle_of(found[0])
