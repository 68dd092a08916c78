"""How the criteria of a call came out, as one short text of its row in the index: a letter a criterion, in the order of their ids.

So criteria of a hundred thousand calls are counted from the rows that lists are read from, without a table of millions of findings beside them. Which
criteria the letters are of, a call says by the name of a set; what a set holds stands once (`criterion_sets` of index.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from qa_pipeline.call import Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MET, NOT_MET, UNDETERMINED, NOT_APPLICABLE = "m", "n", "u", "a"
DESCRIBED = "s"
"""A sentiment that was told: it describes the call and judges nobody."""
_LETTERS = {Outcome.MET: MET, Outcome.NOT_MET: NOT_MET, Outcome.UNDETERMINED: UNDETERMINED, Outcome.NOT_APPLICABLE: NOT_APPLICABLE}
_TENTHS = "123456789"
"""Met at a level that earns so many tenths."""
MET_LETTERS = MET + _TENTHS
_COUNTED = MET + NOT_MET + UNDETERMINED + NOT_APPLICABLE + _TENTHS
# From this share of a weight on, all of it is earned.
_WHOLE = 0.95

SENTIMENT = "sentiment"
"""The reason of a finding that describes the call."""


def letter_of(outcome: Outcome, *, credit: float | None = None, is_described: bool = False) -> str:
    """The letter of an outcome. `credit`: 0–1, what a criterion that is met earns of its weight; None for all."""
    if is_described and outcome in (Outcome.MET, Outcome.NOT_MET):
        return DESCRIBED
    if outcome is Outcome.MET and credit is not None and credit < _WHOLE:
        return _TENTHS[max(1, min(9, int(10 * credit + 0.5))) - 1]
    return _LETTERS[outcome]


def letters_by_score(findings: pa.Table) -> pa.Table:
    """Of rows of findings, by `score_id`: `outcomes`, its letters; `names`, the ids of the criteria that they are of, separated by commas; `criteria`, their set.

    Of a criterion that stands twice under a score one counts. Whole columns at a time: there are twenty findings a call.
    """
    import numpy as np

    if not len(findings):
        return pa.table({name: pa.array([], pa.string()) for name in ("score_id", "outcomes", "names", "criteria")})
    (score, score_ids), (criterion, found) = (_numbered(findings[name]) for name in ("score_id", "criterion_id"))
    ids: list[str] = sorted(found.to_pylist())
    rank = np.array([ids.index(one) for one in found.to_pylist()])
    keys, first = np.unique(score * len(ids) + rank[criterion], return_index=True)
    letters, ranks = _letters(findings)[first], (keys % len(ids)).astype(np.uint32)
    ends = np.searchsorted(keys, np.arange(1, len(score_ids) + 1) * len(ids))
    # Most scores are of the same few sets.
    sets = pa.BinaryArray.from_buffers(pa.binary(), len(ends), [None, *_buffers(ends * ranks.itemsize, ranks)]).dictionary_encode()
    names = pa.array([",".join(ids[n] for n in np.frombuffer(one, ranks.dtype)) for one in sets.dictionary.to_pylist()], pa.string())
    return pa.table(
        {
            "score_id": score_ids,
            "outcomes": pa.StringArray.from_buffers(len(ends), *_buffers(ends, letters)),
            "names": names.take(sets.indices),
            "criteria": pa.array([set_of(one) for one in names.to_pylist()], pa.string()).take(sets.indices),
        }
    )


def set_of(names: str) -> str:
    """What a set of criteria is known by. `names`: their ids in order, separated by commas."""
    return hashlib.md5(names.encode(), usedforsecurity=False).hexdigest()


def _letters(findings: pa.Table) -> NDArray[np.uint8]:
    """The letter of each finding, as `letter_of` has it, in ASCII."""
    import numpy as np

    (outcome, outcomes), (reason, reasons) = (_numbered(findings[name]) for name in ("outcome", "reason_code"))
    letters = np.array([ord(letter_of(Outcome(value))) for value in outcomes.to_pylist()], np.uint8)[outcome]
    points, most = (findings[name].to_numpy().astype(np.float64) for name in ("points", "max_points"))
    with np.errstate(divide="ignore", invalid="ignore"):
        credit = points / most
        is_part = (letters == ord(MET)) & (most > 0) & (credit < _WHOLE)
    letters[is_part] = ord("0") + np.clip(np.floor(10 * credit[is_part] + 0.5), 1, 9).astype(np.uint8)
    # The last is of findings without a reason.
    letters[np.array([*(value == SENTIMENT for value in reasons.to_pylist()), False])[reason]] = ord(DESCRIBED)
    return letters


def _numbered(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], pa.Array]:
    """A column as numbers of its distinct values, −1 for null, and these values."""
    import numpy as np

    # All pieces get the same values; to join texts of millions of rows would be too long for one array.
    pieces = column.dictionary_encode().chunks
    numbers = [piece.indices.fill_null(-1).to_numpy() for piece in pieces]
    return np.concatenate(numbers).astype(np.int64), pieces[-1].dictionary


def _buffers(ends: NDArray[np.int64], values: NDArray[Any]) -> tuple[pa.Buffer, pa.Buffer]:
    """Offsets and content of texts that follow each other, as Arrow has them."""
    import numpy as np

    return pa.py_buffer(np.concatenate([[0], ends]).astype(np.int32)), pa.py_buffer(np.ascontiguousarray(values))


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


def count_letters(size: int, letters: str) -> NDArray[np.float64]:
    """Some calls of one set of so many criteria, whose texts follow each other: a row a criterion, how often it has each letter. Such counts add up.

    Raises ValueError where the texts cannot be of this set.
    """
    import numpy as np

    if not letters or not size:
        return np.zeros((0, len(_COUNTED)))
    table = np.frombuffer(letters.encode("ascii"), np.uint8).reshape(-1, size)
    return np.stack([np.count_nonzero(table == ord(letter), axis=0) for letter in _COUNTED], axis=1).astype(np.float64)


def tallies(names: Sequence[str], counts: NDArray[np.float64]) -> dict[str, CriterionTally]:
    """Tallies by criterion of what `count_letters` counted of a set."""
    return {
        name: CriterionTally(
            met=int(met + sum(at_levels)),
            not_met=int(not_met),
            undetermined=int(unknown),
            not_applicable=int(off),
            lost=float(not_met + sum((9 - tenth) / 10 * level for tenth, level in enumerate(at_levels))),
        )
        for name, (met, not_met, unknown, off, *at_levels) in zip(names, counts.tolist(), strict=False)
    }


def letters_of(outcome: Outcome) -> str:
    """All letters that say an outcome."""
    return MET_LETTERS if outcome is Outcome.MET else _LETTERS[outcome]


def outcome_of(letter: str) -> Outcome | None:
    """The outcome that a letter says; None for what is described and not judged."""
    return next((outcome for outcome in Outcome if letter in letters_of(outcome)), None)
