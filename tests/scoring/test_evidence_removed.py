"""Right for the right reason: without the words it shows, no verdict stays."""

from __future__ import annotations

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.scoring.matching import Evidence
from qa_pipeline.settings import load_settings
from qa_pipeline.trainer.publish import Workbench, open_workbench
from tests.scoring.evidence_removed import exceptions, kept_without_evidence, without_evidence


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


@pytest.fixture(scope="module")
def bench() -> Workbench:
    return open_workbench(load_settings())


@pytest.mark.slow
def test_no_verdict_on_a_case_stays_without_its_evidence(bench: Workbench) -> None:
    allowed = exceptions()
    kept = [one for name in bench.scorecards for one in kept_without_evidence(bench, name)[1]]
    assert [f"{one.case}: {one.criterion}" for one in kept if f"{one.case}: {one.criterion}" not in allowed] == []
    assert set(allowed) <= {f"{one.case}: {one.criterion}" for one in kept}, "an exception that is none any more"
