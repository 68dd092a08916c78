"""Every check of the language has a function, and each is given criteria of its check's own type."""

from __future__ import annotations

import inspect
from typing import get_args, get_type_hints

import pytest

from qa_pipeline.rubric.criteria import CRITERIA
from qa_pipeline.scoring.checks import CHECKS


def test_every_check_has_a_function() -> None:
    assert set(CHECKS) == set(CRITERIA)


@pytest.mark.parametrize("check", CRITERIA)
def test_a_check_is_given_criteria_of_its_own_type(check: str) -> None:
    first = next(iter(inspect.signature(CHECKS[check]).parameters))
    hint = get_type_hints(CHECKS[check])[first]
    assert CRITERIA[check] in (get_args(hint) or (hint,))
