"""No verdict moves without a new scoring version: the guard, and what it says."""

from __future__ import annotations

from dataclasses import replace

from qa_pipeline.settings import load_settings
from tests.scoring.verdicts import Verdicts, fault, moved, read_lock, verdicts_now

LOCKED = Verdicts(
    scoring_version=3,
    languages={"en": "data norms", "sv": "data norms"},
    cases={"r/en/one": ("made", "found"), "r/en/two": ("made", "found"), "r/sv/one": ("made", "found")},
)


def other(**cases: tuple[str, str]) -> Verdicts:
    """The locked ones with some cases that came out otherwise."""
    return replace(LOCKED, cases={**LOCKED.cases, **{key.replace("_", "/"): value for key, value in cases.items()}})


def test_the_verdicts_of_all_cases_are_those_that_are_locked() -> None:
    told = fault(read_lock(), verdicts_now(load_settings()))
    assert told is None, told


def test_a_verdict_that_the_code_moved_wants_a_new_version() -> None:
    now = other(r_en_one=("made", "otherwise"))
    assert moved(LOCKED, now) == ["r/en/one"]
    assert "SCORING_VERSION is still 3:\n  r/en/one\n" in (fault(LOCKED, now) or "")
    assert "run `make verdicts`" in (fault(LOCKED, replace(now, scoring_version=4)) or "")


def test_other_rubrics_and_cases_and_data_move_verdicts_without_one() -> None:
    assert moved(LOCKED, other(r_en_one=("made anew", "otherwise"), r_en_three=("made", "found"))) == []
    assert moved(LOCKED, replace(other(r_sv_one=("made", "otherwise")), languages={"en": "data norms", "sv": "more data norms"})) == []
    assert fault(LOCKED, LOCKED) is None
    assert (fault(LOCKED, other(r_en_three=("made", "found"))) or "").endswith("run `make verdicts`.")
