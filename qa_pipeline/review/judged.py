"""What people judged beside what the program said of the same: the material of agreement, from all decisions that somebody may see.

Three sorts count. *Blind*: in a calibration session that is over, without having seen anybody's outcome. *Reviewed*: an override, an answer, a
confirmation or the answer to a dispute, by somebody who saw the program's outcome. *Looked over*: the whole score was confirmed, and with it every
criterion that nobody decided one by one.

What the program said stands in the findings of the very score that was looked at. They are read once, a day at a time, and kept in the review database
(outcomes and certainties, no words), so that the page of agreement does not open the tables again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Float, Select, String, Table, func, insert, select

from qa_pipeline.call import Outcome
from qa_pipeline.reading.database import DERIVED, PerEngine, lots, writing
from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.log import version_of
from qa_pipeline.reading.pages import visible
from qa_pipeline.reading.slice import place_in_slice, week_of
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.review.blindness import sessions_over
from qa_pipeline.review.decisions import Answer, Calibration, Confirmation, Decision, Override, Ruling, from_row
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.effective import in_force
from qa_pipeline.review.standing import kept_rubric
from qa_pipeline.review.tables import decisions

program_said = Table(
    "program_said",
    DERIVED,
    Column("score_id", String, primary_key=True),
    Column("criterion_id", String, primary_key=True),
    Column("outcome", String, nullable=False),
    Column("answer", String),
    Column("certainty", Float),
)
_FINDINGS = ("score_id", "criterion_id", "outcome", "answer", "certainty")
_KINDS = ("override", "confirmation", "answer", "ruling", "calibration", "take_back")
# Judgements that are kept in memory, some 400 bytes each. Chosen: two years of a centre of fifty reviewers' overrides are fewer.
_MOST_KEPT = 50_000


class Sight(Enum):
    """What somebody had seen before they judged."""

    BLIND = "blind"
    REVIEWED = "reviewed"
    LOOKED_OVER = "looked over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An outcome, and the answer of a criterion that has answers. `certainty`: of the program, 0–1."""

    outcome: Outcome
    answer: str | None = None
    certainty: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What somebody made of a criterion of a call, and what the program had made of it: None for what it does not judge, undetermined where it withheld.

    `place`: of the call in the random slice, 0–1.
    """

    call_id: str
    rubric_id: str
    rubric_version: int
    criterion_id: str
    who: str
    sight: Sight
    person: Said
    program: Said | None
    place: float
    session: int | None = None


def judgements(desk: Desk, viewer: Viewer, *, since: date | None = None, until: date | None = None) -> tuple[Judgement, ...]:
    """All that people judged about calls that `viewer` may see, the latest of each person about each criterion. Days are the calls', inclusive.

    Of a session that is not over, nothing. Raises AccessRefused for who sees no decisions.
    """
    viewer.require(Matter.DECISIONS)
    kept = _KEPT.of(desk.engine)
    with desk.engine.connect() as connection:
        over = sessions_over(connection)
        stamps = {
            row.call_id: _Stamp(row.newest, row.index_day, row.index_agent, over)
            for row in connection.execute(_newest(viewer, since, until))
        }
        with kept.lock:
            found = {call_id: kept.calls[call_id] for call_id in stamps if call_id in kept.calls}
        behind = [call_id for call_id, stamp in stamps.items() if call_id not in found or found[call_id][0] != stamp]
        rows = [dict(row) for some in lots(behind) for row in connection.execute(_about(some)).mappings()]
    days = {row["score_id"]: _day(stamps[row["call_id"]].day) for row in rows if row["score_id"]}
    said = _program_said(desk, days)
    for call_id, several in groupby(rows, key=lambda row: str(row["call_id"])):
        stamp, of_call = stamps[call_id], list(several)
        place = place_in_slice(call_id, stamp.agent, week_of(_day(stamp.day)))
        found[call_id] = stamp, tuple(_of_call([from_row(row) for row in of_call], said, over, place))
    kept.keep({call_id: found[call_id] for call_id in behind if call_id in found})
    return tuple(one for call_id in stamps if call_id in found for one in found[call_id][1])


class _Stamp(NamedTuple):
    """What the judgements of a call are made of: its newest decision, its day and agent, and the sessions that are over."""

    newest: int
    day: str | None
    agent: str | None
    over: frozenset[int]


@dataclass(slots=True)
class _Kept:
    """Judgements of calls, as they were made last, while nobody decides anything more about them. Outcomes only: no words, and nobody's reasons."""

    calls: OrderedDict[str, tuple[_Stamp, tuple[Judgement, ...]]] = field(default_factory=OrderedDict)
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, several: Mapping[str, tuple[_Stamp, tuple[Judgement, ...]]]) -> None:
        """Keep those of some calls, and let those go that were kept first where they are too many."""
        with self.lock:
            for call_id, one in several.items():
                self.size += len(one[1]) - len(self.calls.pop(call_id, (None, ()))[1])
                self.calls[call_id] = one
            while self.size > _MOST_KEPT:
                self.size -= len(self.calls.popitem(last=False)[1][1])


_KEPT = PerEngine(_Kept)


def _day(text: str | None) -> date | None:
    """The day that the index holds."""
    return None if text is None else date.fromisoformat(text)


def levels_of(desk: Desk, several: Iterable[Judgement]) -> dict[tuple[str, str], Mapping[str, float]]:
    """The credit by answer of judged criteria that have levels, by rubric and criterion, as the newest version judged has them."""
    newest: dict[str, int] = {}
    for one in several:
        newest[one.rubric_id] = max(newest.get(one.rubric_id, 0), one.rubric_version)
    found: dict[tuple[str, str], Mapping[str, float]] = {}
    for rubric_id, version in newest.items():
        rubric = kept_rubric(desk, rubric_id, version)
        found |= {(rubric_id, criterion.id): criterion.credits for criterion in (rubric.criteria if rubric else ()) if criterion.credits}
    return found


def as_it_says_now(desk: Desk, several: Sequence[Judgement]) -> list[Judgement]:
    """Judgements of criteria that say what they say in the newest version kept, whatever their status; those of rubrics that are not kept stay."""
    contents = _contents(desk.store, version_of(desk.store, "rubrics"))
    newest: dict[str, int] = {}
    for rubric_id, version in contents:
        newest[rubric_id] = max(newest.get(rubric_id, 0), version)

    def says(one: Judgement, version: int) -> str | None:
        return contents.get((one.rubric_id, version), {}).get(one.criterion_id)

    return [one for one in several if says(one, one.rubric_version) == says(one, newest.get(one.rubric_id, one.rubric_version))]


@lru_cache(maxsize=2)
def _contents(store: Store, version: int) -> Mapping[tuple[str, int], Mapping[str, str]]:
    """What each criterion of each version of a rubric says, as a hash, without its status. Read anew when another version was published."""
    rows = store.read("rubrics", columns=("rubric_id", "version", "resolved")).to_pylist() if version >= 0 else []
    return {(row["rubric_id"], row["version"]): _content(row["resolved"]) for row in rows}


def _content(resolved: str) -> Mapping[str, str]:
    return {
        criterion["id"]: hashlib.sha256(
            json.dumps({name: value for name, value in criterion.items() if name != "status"}, sort_keys=True).encode()
        ).hexdigest()
        for section in json.loads(resolved)["sections"]
        for criterion in section["criteria"]
    }


def _newest(viewer: Viewer, since: date | None, until: date | None) -> Select[Any]:
    """Calls that are theirs to see and that somebody judged, in order, each with the number of its newest decision."""
    column = call_index.c
    asked = (
        select(
            decisions.c.call_id,
            func.max(decisions.c.version).label("newest"),
            column.call_date.label("index_day"),
            column.agent_id.label("index_agent"),
        )
        .join(call_index, column.call_id == decisions.c.call_id)
        .where(decisions.c.kind.in_(_KINDS), visible(viewer, Matter.DECISIONS))
        .group_by(decisions.c.call_id, column.call_date, column.agent_id)
        .order_by(decisions.c.call_id)
    )
    if since:
        asked = asked.where(column.call_date >= since.isoformat())
    if until:
        asked = asked.where(column.call_date <= until.isoformat())
    return asked


def _about(call_ids: Sequence[str]) -> Select[Any]:
    return (
        select(decisions)
        .where(decisions.c.kind.in_(_KINDS), decisions.c.call_id.in_(call_ids))
        .order_by(decisions.c.call_id, decisions.c.version)
    )


def _of_call(about: Sequence[Decision], said: Mapping[str, Mapping[str, Said]], over: frozenset[int], place: float) -> list[Judgement]:
    latest: dict[tuple[str, str, int | None], Judgement] = {}
    holding = in_force(about)
    decided = {(d.score_id, d.criterion_id) for d in holding if d.criterion_id is not None and not isinstance(d.what, Calibration)}
    for one in holding:
        if one.score_id is None or one.rubric_id is None or one.rubric_version is None or one.author is None:
            continue
        of_score = said.get(one.score_id, {})
        if one.criterion_id is None:
            if not isinstance(one.what, Confirmation):
                continue
            meant = [
                (name, Sight.LOOKED_OVER, program)
                for name, program in of_score.items()
                if (one.score_id, name) not in decided and program.outcome is not Outcome.UNDETERMINED
            ]
        else:
            person = _person(one, over)
            meant = [] if person is None else [(one.criterion_id, *person)]
        for criterion_id, sight, person_said in meant:
            session = one.what.session if isinstance(one.what, Calibration) else None
            latest[criterion_id, one.author, session] = Judgement(
                call_id=one.call_id,
                rubric_id=one.rubric_id,
                rubric_version=one.rubric_version,
                criterion_id=criterion_id,
                who=one.author,
                sight=sight,
                person=Said(outcome=person_said.outcome, answer=person_said.answer),
                program=of_score.get(criterion_id),
                place=place,
                session=session,
            )
    return list(latest.values())


def _person(decision: Decision, over: frozenset[int]) -> tuple[Sight, Said] | None:
    """What a decision says of its criterion, and with what sight; None for one that says nothing of it, or not yet."""
    what = decision.what
    if isinstance(what, Calibration):
        return (Sight.BLIND, Said(outcome=what.outcome, answer=what.answer)) if what.session in over else None
    if not isinstance(what, Override | Confirmation | Answer | Ruling) or what.outcome is None:
        return None
    return Sight.REVIEWED, Said(outcome=what.outcome, answer=what.answer)


def _program_said(desk: Desk, days: Mapping[str, date | None]) -> dict[str, dict[str, Said]]:
    """What the program said in some scores, by score and criterion; read from the tables where it was not before."""
    kept = _kept(desk, days)
    missing = {score_id: day for score_id, day in days.items() if score_id not in kept}
    if missing:
        rows = [row for day in set(missing.values()) for row in _read_day(desk, day, [s for s, d in missing.items() if d == day])]
        with writing(desk.engine) as connection:
            program_said.create(connection, checkfirst=True)
            there = _ids_kept(connection, missing)
            fresh = [row for row in rows if row["score_id"] not in there]
            if fresh:
                connection.execute(insert(program_said), fresh)
        kept = _kept(desk, days)
    return kept


def _read_day(desk: Desk, day: date | None, score_ids: Sequence[str]) -> list[dict[str, Any]]:
    of_day = "call_date is null" if day is None else f"call_date = date '{day}'"
    found: list[dict[str, Any]] = []
    for some in lots(score_ids):
        where = f"{of_day} and score_id in ({', '.join(map(sql_text, some))})"
        found += desk.store.read("findings", columns=_FINDINGS, where=where).to_pylist()
    return [{name: row[name] for name in _FINDINGS} for row in found]


def _kept(desk: Desk, score_ids: Iterable[str]) -> dict[str, dict[str, Said]]:
    found: dict[str, dict[str, Said]] = {}
    with desk.engine.connect() as connection:
        if not desk.engine.dialect.has_table(connection, program_said.name):
            return found
        for some in lots(score_ids):
            for row in connection.execute(select(program_said).where(program_said.c.score_id.in_(some))):
                one = Said(outcome=Outcome(row.outcome), answer=row.answer, certainty=row.certainty)
                found.setdefault(row.score_id, {})[row.criterion_id] = one
    return found


def _ids_kept(connection: Connection, score_ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for some in lots(score_ids):
        found.update(connection.execute(select(program_said.c.score_id).where(program_said.c.score_id.in_(some)).distinct()).scalars())
    return found
