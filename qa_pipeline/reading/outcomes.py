"""How the criteria of a call came out, as one short text of its row in the index: a letter a criterion, in the order of their ids.

So criteria of a hundred thousand calls are counted from the rows that lists are read from, without a table of millions of findings beside them. Which
criteria the letters are of, a call says by the name of a set; what a set holds stands once (`criterion_sets` of index.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qa_pipeline.call import Outcome

MET, NOT_MET, UNDETERMINED, NOT_APPLICABLE = "m", "n", "u", "a"
DESCRIBED = "s"
"""A sentiment that was told: it describes the call and judges nobody."""
_LETTERS = {Outcome.MET: MET, Outcome.NOT_MET: NOT_MET, Outcome.UNDETERMINED: UNDETERMINED, Outcome.NOT_APPLICABLE: NOT_APPLICABLE}
_TENTHS = "123456789"
"""Met at a level that earns so many tenths."""
MET_LETTERS = MET + _TENTHS

LETTER_SQL = """case when f.reason_code = 'sentiment' then 's'
    when f.outcome = 'met' and f.max_points > 0 and f.points < 0.95 * f.max_points
        then cast(greatest(1, least(9, floor(10 * f.points / f.max_points + 0.5))) as integer)::varchar
    when f.outcome = 'met' then 'm' when f.outcome = 'not_met' then 'n' when f.outcome = 'not_applicable' then 'a' else 'u' end"""
"""The letter of a row f of findings."""


def letter_of(outcome: Outcome, *, credit: float | None = None, is_described: bool = False) -> str:
    """The letter of an outcome. `credit`: 0–1, what a criterion that is met earns of its weight; None for all."""
    if is_described and outcome in (Outcome.MET, Outcome.NOT_MET):
        return DESCRIBED
    if outcome is Outcome.MET and credit is not None and credit < 0.95:
        return _TENTHS[max(1, min(9, int(10 * credit + 0.5))) - 1]
    return _LETTERS[outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionTally:
    """Outcomes of one criterion over calls. `lost`: weights of it that were not earned, 0 for all met, as many as calls judged for none."""

    met: int = 0
    not_met: int = 0
    undetermined: int = 0
    not_applicable: int = 0
    lost: float = 0.0

    @property
    def judged(self) -> int:
        """Calls in which it is met or not met: what does not apply is no failure."""
        return self.met + self.not_met

    @property
    def calls(self) -> int:
        """Calls that were judged by it at all, described ones left out."""
        return self.judged + self.undetermined + self.not_applicable

    def __add__(self, other: CriterionTally) -> CriterionTally:
        return CriterionTally(**{name: getattr(self, name) + getattr(other, name) for name in CriterionTally.__slots__})


def count_letters(names: Sequence[str], letters: str) -> dict[str, CriterionTally]:
    """Tallies by criterion of some calls of one set, whose texts follow each other. Raises ValueError where they cannot be of this set."""
    import numpy as np

    if not letters or not names:
        return {}
    table: Any = np.frombuffer(letters.encode("ascii"), np.uint8).reshape(-1, len(names))

    def counted(letter: str) -> Any:
        return (table == ord(letter)).sum(axis=0)

    met, not_met, unknown, off = (counted(letter) for letter in (MET, NOT_MET, UNDETERMINED, NOT_APPLICABLE))
    at_levels = [counted(letter) for letter in _TENTHS]
    return {
        name: CriterionTally(
            met=int(met[place] + sum(level[place] for level in at_levels)),
            not_met=int(not_met[place]),
            undetermined=int(unknown[place]),
            not_applicable=int(off[place]),
            lost=float(not_met[place] + sum((9 - tenth) / 10 * level[place] for tenth, level in enumerate(at_levels))),
        )
        for place, name in enumerate(names)
    }


def letters_of(outcome: Outcome) -> str:
    """All letters that say an outcome."""
    return MET_LETTERS if outcome is Outcome.MET else _LETTERS[outcome]


def outcome_of(letter: str) -> Outcome | None:
    """The outcome that a letter says; None for what is described and not judged."""
    return next((outcome for outcome in Outcome if letter in letters_of(outcome)), None)
