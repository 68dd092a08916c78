"""How far the program may be trusted, criterion by criterion: agreement with people and among people, what it misses and invents, and the centre's bar.

`weigh` is pure: judgements (judged.py) in, a line for each criterion and version of its rubric out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import groupby

from qa_pipeline.call import Outcome
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.review.agreement import Agreement, Judged, Scale, agreement_of_many, agreement_of_two, nominal, ordered
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.judged import Judgement, Said, Sight, as_it_says_now, judgements, levels_of
from qa_pipeline.settings import Settings

_PROGRAM, _PERSON = "program", "person"
_OUTCOMES = (Outcome.MET.value, Outcome.NOT_MET.value, Outcome.NOT_APPLICABLE.value)
_OFF_SCALE = (Outcome.NOT_APPLICABLE.value,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Counts that add: `some` of `all`."""

    some: int = 0
    all: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Of calls of the random slice that people judged, so without bias. A fault is a criterion that is not met.

    `missed`: faults that people found and the program said were none, of all that they found; `withheld`: those it was too unsure to say and gave to a
    person; `false`: faults that the program said and people found none, of all that it said.
    """

    calls: int
    missed: Share
    withheld: Share
    false: Share


class Standing(Enum):
    """Where a criterion stands to the bar of the centre."""

    FEW = "few"
    """Too few calls were judged to tell."""
    ABOVE = "above"
    BELOW = "below"
    BETWEEN = "between"
    """The interval reaches over the bar: it stays what it is, in the score or out of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A criterion. `program`: with the latest of each person; `blind`: with those who had not seen the program's outcome; `people`: among themselves, blind.

    `rubric_version`: None for all versions together. `judged`: pairs of the program and a person, for the reliability of certainty.
    """

    rubric_id: str
    rubric_version: int | None
    criterion_id: str
    program: Agreement
    blind: Agreement
    people: Agreement
    rates: Rates
    judged: tuple[Judgement, ...]

    def standing(self, bar: float, least_calls: int) -> Standing:
        """Where it stands to a bar for AC1. Below: the estimate is; above: the whole interval is. So one comes back only when that is certain."""
        ac = self.program.ac
        if self.program.calls < least_calls or ac.value is None:
            return Standing.FEW
        if ac.value < bar:
            return Standing.BELOW
        return Standing.ABOVE if ac.low is not None and ac.low >= bar else Standing.BETWEEN


def trust(
    desk: Desk,
    viewer: Viewer,
    settings: Settings,
    *,
    rubric_id: str | None = None,
    since: date | None = None,
    until: date | None = None,
    by_version: bool = False,
) -> tuple[Trust, ...]:
    """A line for each criterion that anybody judged in calls that `viewer` may see. Days are the calls', inclusive. Raises AccessRefused.

    Without `by_version`, of each criterion as the newest version says it: judgements of versions that said something else do not count, so that a
    criterion that was mended begins anew. Whether it counts in the score (`status`) makes it no other criterion.
    """
    several = [one for one in judgements(desk, viewer, since=since, until=until) if rubric_id in (None, one.rubric_id)]
    if not by_version:
        several = as_it_says_now(desk, several)
    return weigh(several, share=settings.random_slice, levels=levels_of(desk, several), by_version=by_version)


def weigh(
    judgements: Iterable[Judgement], *, share: float, levels: Mapping[tuple[str, str], Mapping[str, float]] | None = None, by_version: bool
) -> tuple[Trust, ...]:
    """A line for each criterion, by rubric and, where asked, version. `share`: of the random slice; `levels`: credit by answer of (rubric, criterion)."""

    def key(one: Judgement) -> tuple[str, str, int]:
        return one.rubric_id, one.criterion_id, one.rubric_version if by_version else 0

    ordered_ones = sorted(judgements, key=lambda one: (*key(one), one.call_id, one.who))
    return tuple(
        _weigh(
            list(several),
            rubric_id,
            version if by_version else None,
            criterion_id,
            share,
            (levels or {}).get((rubric_id, criterion_id), {}),
        )
        for (rubric_id, criterion_id, version), several in groupby(ordered_ones, key=key)
    )


def _weigh(
    several: Sequence[Judgement], rubric_id: str, version: int | None, criterion_id: str, share: float, credits: Mapping[str, float]
) -> Trust:
    scale = _scale(several, credits)
    blind = [one for one in several if one.sight is Sight.BLIND]
    asserted = [one for one in several if one.program is not None and one.program.outcome is not Outcome.UNDETERMINED]
    return Trust(
        rubric_id=rubric_id,
        rubric_version=version,
        criterion_id=criterion_id,
        program=agreement_of_two(_pairs(asserted, credits), _PROGRAM, _PERSON, scale),
        blind=agreement_of_two(_pairs([one for one in asserted if one.sight is Sight.BLIND], credits), _PROGRAM, _PERSON, scale),
        people=agreement_of_many(_together(blind, credits), scale),
        rates=_rates([one for one in several if one.place < share]),
        judged=tuple(asserted),
    )


def _scale(several: Sequence[Judgement], credits: Mapping[str, float]) -> Scale:
    used = {_label(said, credits) for one in several for said in (one.person, one.program) if said is not None}
    if credits:
        return ordered(credits, sorted(used - set(credits)))
    # Not applicable counts as an answer only where somebody gave it: chance has fewer answers to agree by otherwise.
    answers = [name for name in _OUTCOMES if name in used or name not in _OFF_SCALE]
    return nominal((*answers, *sorted(used - set(answers))))


def _label(said: Said, credits: Mapping[str, float]) -> str:
    return said.answer if said.answer is not None and said.answer in credits else said.outcome.value


def _pairs(several: Sequence[Judgement], credits: Mapping[str, float]) -> list[Judged]:
    return [
        Judged(call_id=one.call_id, said={_PROGRAM: _label(one.program, credits), _PERSON: _label(one.person, credits)})
        for one in several
        if one.program is not None
    ]


def _together(blind: Sequence[Judgement], credits: Mapping[str, float]) -> list[Judged]:
    """Those who judged one call in one session, beside each other."""
    said: dict[tuple[str, int | None], dict[str, str]] = {}
    for one in blind:
        said.setdefault((one.call_id, one.session), {})[one.who] = _label(one.person, credits)
    return [Judged(call_id=call_id, said=by) for (call_id, _), by in said.items()]


def _rates(slice_: Sequence[Judgement]) -> Rates:
    """One judgement of each call: the least biased, of these the last in order of names."""
    of_call: dict[str, Judgement] = {}
    for one in slice_:
        before = of_call.get(one.call_id)
        if one.program is not None and (before is None or _BY_SIGHT[one.sight] <= _BY_SIGHT[before.sight]):
            of_call[one.call_id] = one
    fault = Outcome.NOT_MET
    several = list(of_call.values())
    found = [one for one in several if one.person.outcome is fault]
    told = [one for one in several if one.program is not None and one.program.outcome is fault]
    withheld = [one for one in found if one.program is not None and one.program.outcome is Outcome.UNDETERMINED]
    missed = [one for one in found if one not in withheld and one.program is not None and one.program.outcome is not fault]
    return Rates(
        calls=len(several),
        missed=Share(some=len(missed), all=len(found)),
        withheld=Share(some=len(withheld), all=len(found)),
        false=Share(some=sum(one.person.outcome is not fault for one in told), all=len(told)),
    )


_BY_SIGHT = {Sight.BLIND: 0, Sight.REVIEWED: 1, Sight.LOOKED_OVER: 2}
