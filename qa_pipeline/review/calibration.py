"""Several people judge the same calls apart from each other, see afterwards where they differ, and settle it. No score changes until they settle.

Nobody sees what another judged, in pages, lists or figures, until all who were asked are done or the session is closed (`is_over`). Who is done judges no
more in it. What is settled is a decision like any other (override, or confirmation where the score had it so already).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, Row, func, insert, select, update

from qa_pipeline.call import Outcome
from qa_pipeline.errors import AccessRefused, Conflict, InputRefused, NotThere
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.index import call_index, known_line
from qa_pipeline.reading.pages import find_call, visible
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.review.decide import Decided, decide
from qa_pipeline.review.decisions import Calibration, Confirmation, Decision, Override, as_text, from_row, from_text
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.effective import in_force
from qa_pipeline.review.people import list_accounts
from qa_pipeline.review.rule import MAY
from qa_pipeline.review.standing import read_effective, read_standing
from qa_pipeline.review.tables import calibration_calls, calibration_people, calibrations, decisions
from qa_pipeline.rubric.criteria import Criterion


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session. `people`: who were asked, and when each was done (None: still judging); none were asked where whoever may judges, until it is closed."""

    session: int
    name: str
    author: str | None
    created_at: datetime
    closed_at: datetime | None
    calls: tuple[str, ...]
    people: dict[str, datetime | None]

    @property
    def is_over(self) -> bool:
        """Whether everybody may see what was judged."""
        return self.closed_at is not None or (bool(self.people) and all(self.people.values()))

    def is_asked(self, who: str | None) -> bool:
        """Whether somebody judges in it now."""
        return self.closed_at is None and (not self.people or (who in self.people and self.people[who or ""] is None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How a criterion of a call was judged in a session, by who judged: the latest of each. `program`: what the score had; None for a manual item.

    `answers`: of a criterion that has answers, by who; `reasons`: why, of those who said. `settled`: what was decided about it after the last of them judged, and counts; None where nothing was.
    """

    call_id: str
    criterion_id: str
    outcomes: dict[str, Outcome]
    answers: dict[str, str | None]
    reasons: dict[str, str]
    program: Outcome | None = None
    settled: Decision | None = None

    @property
    def is_agreed(self) -> bool:
        """Whether all who judged it said the same."""
        return len({(self.outcomes[who], self.answers.get(who)) for who in self.outcomes}) <= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What somebody judged of a criterion in a session, and why."""

    criterion_id: str
    outcome: Outcome
    answer: str | None
    reason: str | None


def open_session(desk: Desk, viewer: Viewer, name: str, *, calls: Sequence[str] = (), people: Sequence[str] = ()) -> int:
    """Begin a session over some calls, for some people by the names of their accounts. Without either, whoever may judges whatever they see.

    Raises InputRefused where there is one of that name, for a call that they do not see or that has no score, and for who may not judge;
    AccessRefused for who may not begin one.
    """
    _require_judging(viewer)
    name = name.strip()
    if not name:
        raise InputRefused("A session needs a name.", advice="Say what it is about.")
    for call_id in calls:
        if find_call(desk.engine, viewer, call_id, matter=Matter.WORDS).score_id is None:
            raise InputRefused(f"Call {call_id} has no score.", advice="Choose calls that a rubric applies to.")
    _know(desk, people)
    with writing(desk.engine) as connection:
        if connection.execute(select(calibrations.c.session).where(calibrations.c.name == name)).one_or_none():
            raise InputRefused(f"There is a session {name!r} already.", advice="Choose another name.")
        made = insert(calibrations).values(name=name, author=viewer.name, created_at=_now())
        session = int(connection.execute(made.returning(calibrations.c.session)).scalar_one())
        for place, call_id in enumerate(dict.fromkeys(calls)):
            connection.execute(insert(calibration_calls).values(session=session, call_id=call_id, place=place))
        for who in dict.fromkeys(people):
            connection.execute(insert(calibration_people).values(session=session, who=who))
    return session


def sessions(desk: Desk, viewer: Viewer) -> tuple[Session, ...]:
    """All sessions, the newest first. Raises AccessRefused for who takes part in none."""
    _require_judging(viewer)
    with desk.engine.connect() as connection:
        rows = connection.execute(select(calibrations).order_by(calibrations.c.session.desc())).all()
        return tuple(_as_seen(connection, viewer, _session(connection, row)) for row in rows)


def session_of(desk: Desk, viewer: Viewer, name: str) -> Session:
    """A session by its name, with those of its calls that they may see. Raises InputRefused where there is none."""
    _require_judging(viewer)
    session = _named(desk, name)
    with desk.engine.connect() as connection:
        return _as_seen(connection, viewer, session)


def session_numbered(desk: Desk, viewer: Viewer, session: int) -> Session:
    """A session by its number. Raises NotThere."""
    _require_judging(viewer)
    with desk.engine.connect() as connection:
        row = connection.execute(select(calibrations).where(calibrations.c.session == session)).one_or_none()
        if row is None:
            raise NotThere(f"There is no session {session}.", advice="Look at the list of sessions.")
        return _as_seen(connection, viewer, _session(connection, row))


def people_who_judge(desk: Desk) -> tuple[str, ...]:
    """Names of the accounts that can be asked into a session."""
    return tuple(one.name for one in list_accounts(desk.engine) if one.is_active and one.roles & MAY[Calibration])


def close_session(desk: Desk, viewer: Viewer, name: str) -> None:
    """End a session: nobody judges in it any more, and what was judged is seen. Raises InputRefused where none is open, AccessRefused for who did not begin it."""
    session = _open(desk, name)
    if not viewer.is_local and session.author != viewer.name:
        raise AccessRefused(f"Session {name!r} was begun by {session.author}.", advice="Whoever began it closes it.")
    with writing(desk.engine) as connection:
        ended = update(calibrations).where(calibrations.c.session == session.session)
        connection.execute(ended.values(closed_at=_now()))


def judge(
    desk: Desk,
    viewer: Viewer,
    name: str,
    call_id: str,
    criterion_id: str,
    outcome: Outcome,
    *,
    answer: str | None = None,
    reason: str | None = None,
) -> Decided:
    """Judge a criterion in a session that is open. Raises InputRefused, AccessRefused, Conflict, and what `decide` raises."""
    session = _open(desk, name)
    _require_asked(session, viewer)
    if session.calls and call_id not in session.calls:
        there = session_of(desk, viewer, name).calls
        raise InputRefused(
            f"Call {call_id} is not in session {name!r}.", advice=f"There are: {', '.join(there) or 'none that are theirs to see'}."
        )
    what = Calibration(session=session.session, outcome=outcome, answer=answer)
    return decide(desk, viewer, call_id, what, criterion_id=criterion_id, reason=reason)


def finish(desk: Desk, viewer: Viewer, name: str) -> Session:
    """Say that one is done: they judge no more in it. Raises InputRefused where a call of the session was not judged at all, or nobody was asked by name."""
    session = _open(desk, name)
    _require_asked(session, viewer)
    who = viewer.name or "?"
    if who not in session.people:
        raise InputRefused(f"Session {name!r} ends when it is closed.", advice="Nobody was asked by name: whoever began it closes it.")
    with desk.engine.connect() as connection:
        judged = {one.call_id for one in _judged(connection, session.session) if one.author == who}
        seen = _as_seen(connection, viewer, session).calls
    # What they may not see, and so not judge, keeps nobody from being done.
    left = [call_id for call_id in seen if call_id not in judged]
    if left:
        raise InputRefused(f"Calls are not judged at all: {', '.join(left)}.", advice="Judge a criterion of each before you are done.")
    with writing(desk.engine) as connection:
        mine = (calibration_people.c.session == session.session) & (calibration_people.c.who == who)
        connection.execute(update(calibration_people).where(mine).values(done_at=_now()))
    return _named(desk, name)


def own_judgements(desk: Desk, viewer: Viewer, session: Session, call_id: str) -> dict[str, Own]:
    """What somebody judged of a call so far, by criterion: theirs alone."""
    with desk.engine.connect() as connection:
        mine = [one for one in _judged(connection, session.session) if one.author == viewer.name and one.call_id == call_id]
    return {
        one.criterion_id: Own(criterion_id=one.criterion_id, outcome=one.what.outcome, answer=one.what.answer, reason=one.reason)
        for one in mine
        if isinstance(one.what, Calibration) and one.criterion_id is not None
    }


def criteria_of(desk: Desk, viewer: Viewer, call_id: str) -> tuple[Criterion, ...]:
    """What is to be judged of a call: the criteria of its score, without what the program found. Raises as `find_call`.

    What only describes the call, as the feeling of the customer's words, is nobody's to meet or miss.
    """
    standing = read_standing(desk, find_call(desk.engine, viewer, call_id, matter=Matter.WORDS))
    return tuple(found.criterion for found in standing.findings if found.criterion.check != "sentiment") if standing else ()


def compare(desk: Desk, viewer: Viewer, name: str) -> tuple[Compared, ...]:
    """What was judged in a session, where people differ first; of calls that `viewer` may see.

    Raises Conflict while somebody still judges: what one sees of others' outcomes is no judgement of one's own any more.
    """
    _require_judging(viewer)
    session = _named(desk, name)
    if not session.is_over:
        waiting = [who for who, done in session.people.items() if done is None]
        raise Conflict(
            f"Session {name!r} is not over: {', '.join(waiting) or 'it is open'}.",
            advice="What was judged is seen when all are done, or when it is closed.",
        )
    judged: dict[tuple[str, str], dict[str, Calibration]] = {}
    reasons: dict[tuple[str, str], dict[str, str | None]] = {}
    last: dict[tuple[str, str], datetime] = {}
    with desk.engine.connect() as connection:
        for one in _judged(connection, session.session):
            if isinstance(one.what, Calibration) and one.criterion_id is not None:
                judged.setdefault((one.call_id, one.criterion_id), {})[one.author or "?"] = one.what
                reasons.setdefault((one.call_id, one.criterion_id), {})[one.author or "?"] = one.reason
                last[one.call_id, one.criterion_id] = max(one.at, last.get((one.call_id, one.criterion_id), one.at))
        lines = {call_id: known_line(connection, call_id) for call_id, _ in judged}
    seen = {
        call_id: line
        for call_id, line in lines.items()
        if viewer.sees(Matter.DECISIONS, agent_id=line.agent_id, team=line.team, day=line.call_date)
    }
    standing = {call_id: read_standing(desk, line) for call_id, line in seen.items()}
    program = {
        (call_id, found.criterion.id): found.outcome
        for call_id, score in standing.items()
        if score is not None
        for found in score.findings
        if found.criterion.check != "manual"
    }
    decided = {
        (call_id, found.criterion.id): found.decision
        for call_id in seen
        if (score := read_effective(desk, call_id)) is not None
        for found in score.findings
    }

    def settled(key: tuple[str, str]) -> Decision | None:
        decision = decided.get(key)
        return decision if decision is not None and decision.at >= last[key] else None

    found = [
        Compared(
            call_id=call_id,
            criterion_id=criterion,
            outcomes={who: what.outcome for who, what in by.items()},
            answers={who: what.answer for who, what in by.items()},
            reasons={who: why for who, why in reasons[call_id, criterion].items() if why},
            program=program.get((call_id, criterion)),
            settled=settled((call_id, criterion)),
        )
        for (call_id, criterion), by in judged.items()
        if call_id in seen
    ]
    return tuple(sorted(found, key=lambda one: (one.is_agreed, one.settled is not None, one.call_id, one.criterion_id)))


def settle(
    desk: Desk, viewer: Viewer, name: str, call_id: str, criterion_id: str, outcome: Outcome, *, answer: str | None = None, reason: str
) -> Decided:
    """Write down what those who differed came to: it counts from now on. Raises InputRefused, Conflict while they still judge, and what `decide` raises."""
    compared = {(one.call_id, one.criterion_id) for one in compare(desk, viewer, name)}
    if (call_id, criterion_id) not in compared:
        raise InputRefused(f"{criterion_id} of {call_id} was not judged in session {name!r}.", advice="Settle what was judged.")
    standing = read_effective(desk, call_id)
    stood = next((f for f in standing.findings if f.criterion.id == criterion_id), None) if standing else None
    is_so = stood is not None and (stood.outcome, stood.answer) == (outcome, answer)
    what = Confirmation() if is_so else Override(outcome=outcome, answer=answer)
    return decide(desk, viewer, call_id, what, criterion_id=criterion_id, reason=reason)


def _require_judging(viewer: Viewer) -> None:
    if not viewer.is_local and not viewer.roles & MAY[Calibration]:
        raise AccessRefused(f"{viewer.name} takes part in no calibration.", advice="It is for reviewers, supervisors and trainers.")


def _require_asked(session: Session, viewer: Viewer) -> None:
    if session.is_asked(viewer.name):
        return
    if viewer.name in session.people:
        raise Conflict(f"{viewer.name} is done with session {session.name!r}.", advice="What was judged then stands.")
    raise AccessRefused(f"{viewer.name} was not asked into session {session.name!r}.", advice="Ask whoever began it.")


def _know(desk: Desk, people: Iterable[str]) -> None:
    able = people_who_judge(desk)
    for who in people:
        if who not in able:
            raise InputRefused(f"{who} cannot judge in a session.", advice=f"Those who can: {', '.join(able) or 'none'}.")


def _judged(connection: Connection, session: int) -> list[Decision]:
    """What holds of all that was judged in a session, the earliest of each call first."""
    calls = select(decisions.c.call_id).where(decisions.c.session == session)
    rows = connection.execute(
        select(decisions)
        .where(decisions.c.call_id.in_(calls), decisions.c.kind.in_(("calibration", "take_back")))
        .order_by(decisions.c.call_id, decisions.c.version)
    )
    about = in_force([from_row(dict(row)) for row in rows.mappings()])
    return [one for one in about if isinstance(one.what, Calibration) and one.what.session == session]


def _session(connection: Connection, row: Row[tuple[object, ...]]) -> Session:
    calls = select(calibration_calls.c.call_id).where(calibration_calls.c.session == row.session).order_by(calibration_calls.c.place)
    people = select(calibration_people).where(calibration_people.c.session == row.session).order_by(calibration_people.c.who)
    return Session(
        session=row.session,
        name=row.name,
        author=row.author,
        created_at=from_text(row.created_at),
        closed_at=from_text(row.closed_at) if row.closed_at else None,
        calls=tuple(connection.execute(calls).scalars()),
        people={one.who: from_text(one.done_at) if one.done_at else None for one in connection.execute(people)},
    )


def _as_seen(connection: Connection, viewer: Viewer, session: Session) -> Session:
    """A session without the calls that are not theirs to see: ids of other teams' calls are told to nobody."""
    if viewer.is_local or not session.calls:
        return session
    asked = select(call_index.c.call_id).where(call_index.c.call_id.in_(session.calls), visible(viewer, Matter.SCORE))
    theirs = set(connection.execute(asked).scalars())
    return replace(session, calls=tuple(call_id for call_id in session.calls if call_id in theirs))


def _named(desk: Desk, name: str) -> Session:
    with desk.engine.connect() as connection:
        row = connection.execute(select(calibrations).where(calibrations.c.name == name)).one_or_none()
        if row is None:
            there = connection.execute(select(func.count()).select_from(calibrations)).scalar_one()
            raise InputRefused(
                f"There is no session {name!r}.", advice="`qa-pipeline calibration list` shows them." if there else "Open one first."
            )
        return _session(connection, row)


def _open(desk: Desk, name: str) -> Session:
    try:
        session = _named(desk, name)
    except InputRefused as error:
        raise InputRefused(f"No session {name!r} is open.", advice="Open one first.") from error
    if session.closed_at is not None:
        raise InputRefused(f"No session {name!r} is open.", advice="Open another one.")
    return session


def _now() -> str:
    return as_text(datetime.now(UTC))
