"""The verdicts of all cases: none moves without a new scoring version, and none stays without the words it shows. Side by side, as rubrics are read and compiled once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.scoring.matching import Evidence
from qa_pipeline.settings import load_settings
from qa_pipeline.trainer.publish import Workbench, open_workbench
from tests.scoring.evidence_removed import exceptions, kept_without_evidence, without_evidence
from tests.scoring.verdicts import Verdicts, fault, moved, read_lock, verdicts_now

LOCKED = Verdicts(
    scoring_version=3,
    languages={"en": "data norms", "sv": "data norms"},
    cases={"r/en/one": ("made", "found"), "r/en/two": ("made", "found"), "r/sv/one": ("made", "found")},
)


def other(**cases: tuple[str, str]) -> Verdicts:
    """The locked ones with some cases that came out otherwise."""
    return replace(LOCKED, cases={**LOCKED.cases, **{key.replace("_", "/"): value for key, value in cases.items()}})


@pytest.fixture(scope="module")
def bench() -> Workbench:
    return open_workbench(load_settings())


def test_the_verdicts_of_all_cases_are_those_that_are_locked(bench: Workbench) -> None:
    told = fault(read_lock(), verdicts_now(bench, load_settings()))
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


def test_utterances_with_deciding_evidence_are_taken_out() -> None:
    heard = conversation("0:00 agent: Hello there. Goodbye.", "0:05 customer: Hi.", language="en", vectors={0: (1.0,), 1: (0.0,)})
    hit = Evidence(
        kind="hit", utterance=0, role=heard.utterances[0].role, text="Hello", start_ms=0, end_ms=300, expected="hello", similarity=1.0
    )
    near = Evidence(
        kind="heard", utterance=2, role=heard.utterances[2].role, text="Hi", start_ms=0, end_ms=300, expected="hello", similarity=0.7
    )
    rest = without_evidence(heard, (hit, near))
    assert [u.text for u in rest.utterances] == ["Goodbye.", "Hi."]
    assert set(rest.vectors) == {1}


@pytest.mark.slow
def test_no_verdict_on_a_case_stays_without_its_evidence(bench: Workbench) -> None:
    allowed = exceptions()
    kept = [one for name in bench.scorecards for one in kept_without_evidence(bench, name)[1]]
    assert [f"{one.case}: {one.criterion}" for one in kept if f"{one.case}: {one.criterion}" not in allowed] == []
    assert set(allowed) <= {f"{one.case}: {one.criterion}" for one in kept}, "an exception that is none any more"
