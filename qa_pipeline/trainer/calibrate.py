"""From which probability a meaning counts: the threshold that tells a criterion's met cases from its not_met ones with the widest margin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from qa_pipeline.rubric.cases import heard_in
from qa_pipeline.rubric.lists import Meaning
from qa_pipeline.rubric.shared_keys import SearchingCriterion
from qa_pipeline.scoring.matching import Search
from qa_pipeline.scoring.verdict import ROLES
from qa_pipeline.scoring.windows import Party, select
from qa_pipeline.trainer.publish import Workbench
from qa_pipeline.whole_file import write_whole
from qa_pipeline.yaml_text import read_document

_FEWEST = 0.05
_MOST = 0.995


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A criterion's cases by their likeliest utterance. `suggested` is None where cases are missing; `errors`: cases on the wrong side of it."""

    criterion_id: str
    at_least: float
    met: tuple[float, ...]
    not_met: tuple[float, ...]
    suggested: float | None
    errors: int


def calibrate(bench: Workbench, name: str) -> tuple[Calibration, ...]:
    """Every criterion of a rubric that matches by meaning, with the threshold its cases suggest.

    A `not met when the meaning is found` check (forbidden) is read the other way round.
    """
    rubric = bench.scorecards[name].rubric
    return tuple(
        _calibration(criterion, criterion.meaning, bench, name)
        for criterion in rubric.criteria
        if isinstance(criterion, SearchingCriterion) and criterion.meaning
    )


def _calibration(criterion: SearchingCriterion, meaning: Meaning, bench: Workbench, name: str) -> Calibration:
    said: list[float] = []
    unsaid: list[float] = []
    scorecard = bench.scorecards[name]
    for case in bench.cases[name]:
        outcome = case.expected.get(criterion.id)
        if case.dialogue is None or outcome not in ("met", "not_met"):
            continue
        heard = heard_in(case, scorecard.rubric, bench.vectors)
        search = Search(heard, scorecard.heads, {})
        likeliest = search.most_probable(meaning, select(Party(heard, ROLES[criterion.party]), criterion.within))
        has_meaning = (outcome == "met") != (criterion.check == "forbidden")
        (said if has_meaning else unsaid).append(likeliest.similarity if likeliest else 0.0)
    suggested, errors = _threshold(said, unsaid)
    return Calibration(
        criterion_id=criterion.id,
        at_least=meaning.at_least,
        met=tuple(sorted(said)),
        not_met=tuple(sorted(unsaid)),
        suggested=suggested,
        errors=errors,
    )


def _threshold(said: list[float], unsaid: list[float]) -> tuple[float | None, int]:
    """The middle of the widest gap among those with the fewest cases on the wrong side."""
    if not said or not unsaid:
        return None, 0
    marks = sorted({0.0, *said, *unsaid, 1.0})
    best: tuple[int, float, float] | None = None
    for low, high in zip(marks, marks[1:], strict=False):
        middle = (low + high) / 2
        errors = sum(p < middle for p in said) + sum(p >= middle for p in unsaid)
        if best is None or (errors, low - high) < best[:2]:
            best = (errors, low - high, middle)
    return (round(min(_MOST, max(_FEWEST, best[2])), 3), best[0]) if best else (None, 0)


def write_threshold(path: Path, criterion_id: str, at_least: float) -> bool:
    """Put a threshold into a rubric file, leaving all else as it is. False where the file does not say `at_least` for it on one line."""
    document = read_document(path)
    for s, section in enumerate(document.data["sections"]):
        for c, criterion in enumerate(section["criteria"]):
            if criterion.get("id") == criterion_id and "at_least" in (criterion.get("meaning") or {}):
                line, column = document.place(("sections", s, "criteria", c, "meaning", "at_least"))
                # As bytes: line ends and whatever else the file has stay as they are.
                lines = path.read_bytes().decode("utf-8").split("\n")
                head, tail = lines[line - 1][: column - 1], lines[line - 1][column - 1 :]
                tail, count = re.subn(r"^(at_least\s*:\s*)[0-9.eE+-]+", rf"\g<1>{at_least:g}", tail)
                lines[line - 1] = head + tail
                write_whole(path, "\n".join(lines))
                return count == 1
    return False
