"""What people said of many calls, as the tables tell it."""

from __future__ import annotations

from pathlib import Path

from desks import make_desk

from qa_pipeline.call import Outcome
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Answer, Confirmation, Note, Override, TakeBack
from qa_pipeline.review.verdicts import Said, said_by_people

ANYBODY = local_viewer("mei")


def test_of_each_criterion_the_verdict_in_force_is_told(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, calls=("c1", "c2"))
    decide(desk, ANYBODY, "c1", Override(outcome=Outcome.NOT_MET), criterion_id="turns", reason="One voice.")
    decide(desk, ANYBODY, "c1", Override(outcome=Outcome.MET), criterion_id="turns", reason="Two after all.")
    mistaken = decide(desk, ANYBODY, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="Long.")
    decide(desk, ANYBODY, "c1", TakeBack(about=mistaken.decision.decision_id))
    decide(desk, ANYBODY, "c1", Note(), reason="A note says nothing of a criterion.")
    decide(desk, ANYBODY, "c2", Answer(outcome=Outcome.MET, answer="warm"), criterion_id="tone")
    decide(desk, ANYBODY, "c2", Confirmation(), criterion_id="grave")
    assert said_by_people(desk.store, {"tested"}) == {
        ("c1", "turns"): Said(outcome=Outcome.MET),
        ("c2", "tone"): Said(outcome=Outcome.MET, answer="warm"),
        ("c2", "grave"): Said(outcome=Outcome.NOT_MET),
    }
    assert said_by_people(desk.store, {"another"}) == {}


def test_an_outcome_without_an_answer_is_agreed_with_whatever_the_answer() -> None:
    assert Said(outcome=Outcome.MET).agrees(Outcome.MET, "warm")
    assert not Said(outcome=Outcome.MET, answer="cool").agrees(Outcome.MET, "warm")
    assert not Said(outcome=Outcome.MET).agrees(None, None)
