"""Two rubrics for the same calls: which one scores them, as far as their `applies_to` tells.

The one that says more of its calls wins; where both say as much, the calls that both are for are scored by neither until one of them says more.
"""

from __future__ import annotations

from collections.abc import Iterable

from qa_pipeline.errors import WarningTexts
from qa_pipeline.rubric.load import specificity
from qa_pipeline.rubric.schema import Rubric


def overlaps(rubric: Rubric, others: Iterable[Rubric]) -> WarningTexts:
    """What is to be said of each other rubric that calls of this one fit as well."""
    own = rubric.applies_to.model_dump(exclude_none=True)
    told = []
    for other in others:
        theirs = other.applies_to.model_dump(exclude_none=True)
        if other.id == rubric.id or not own or not theirs or any(theirs.get(key, value) != value for key, value in own.items()):
            continue
        both = ", ".join(f"{key} {value}" for key, value in {**theirs, **own}.items())
        if specificity(rubric) == specificity(other):
            told.append(f"{other.id} is for calls of {both} as well, and says as much of them: they would be scored by neither")
        else:
            winner = max(rubric, other, key=specificity)
            told.append(f"{other.id} is for calls of {both} as well: {winner.id}, which says more of them, scores them")
    return told
