"""Second looks at unsure findings: they raise, lower, and take the place only of what was withheld. Replies are written by hand; how sure a check is by itself too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from qa_pipeline.call import Conversation, Outcome, Quote, Reply
from qa_pipeline.conversation.written import conversation
from qa_pipeline.rubric.canonical import canonical_json, criterion_sha256, revive
from qa_pipeline.scoring.certainty import Certainty
from qa_pipeline.scoring.measures import Measures
from qa_pipeline.scoring.prompts import prompt_sha256
from qa_pipeline.scoring.score import Finding, Score, prepare, score
from qa_pipeline.scoring.second_look import SecondLooks
from qa_pipeline.settings import load_settings
from qa_pipeline.trainer.explain import explain
from tests.rubric.built_rubrics import rubric

MODEL = "small"
CALL = conversation("0:00 agent: Lovely to hear from you, how are things?", "0:05 customer: Where is my refund?", language="en")
KIND = Quote(utterance=0, text="Lovely to hear from you")
GREETS = {"id": "greets", "check": "phrase", "title": {"en": "Greets"}, "phrases": {"en": ["good morning", "good {any:2}"]}}
ALL = SecondLooks(named=frozenset({"all"}))


@dataclass(frozen=True)
class Sure:
    """As sure of everything as a test says."""

    share: float
    bar: float = 0.4

    def certainty(self, measures: Measures) -> Certainty:
        return Certainty(share=self.share)


def scored(
    *criteria: Mapping[str, Any], sure: float, answers: tuple[tuple[str, *tuple[Quote, ...]], ...] = (), looks: SecondLooks | None = ALL, about: str = "greets"
) -> Score:  # fmt: skip
    """The call scored, with these answers about one criterion: one for each wording."""
    return score(*answered(*criteria, sure=sure, answers=answers, looks=looks, about=about))


def answered(
    *criteria: Mapping[str, Any], sure: float, answers: Any, looks: SecondLooks | None = ALL, about: str = "greets"
) -> tuple[Conversation, Any]:
    """The call with the answers, and the scorecard."""
    card = prepare(rubric(*criteria), {}, Sure(sure), answered_by=MODEL, second_looks=looks)
    hashes = ALL.questions(card.rubric)
    replies = tuple(
        Reply(
            question_sha256=hashes[about].question_sha256, prompt_sha256=prompt_sha256(), model=MODEL, phrasing=phrasing, first=0, last=1,
            answer=answer, value=None, quotes=tuple(quotes),
        )
        for phrasing, (answer, *quotes) in enumerate(answers)
    )  # fmt: skip
    return replace(CALL, replies=replies), card


def only(found: Score, name: str = "greets") -> Finding:
    return next(finding for finding in found.findings if finding.criterion.id == name)


def share(finding: Finding) -> float:
    assert finding.certainty is not None
    return finding.certainty.share


NO, YES = (("no",),) * 3, (("yes", KIND),) * 3


def test_a_proved_answer_that_agrees_lifts_an_unsure_finding_over_its_bar() -> None:
    before = only(scored(GREETS, sure=0.35))
    assert (before.outcome, before.reason_code, before.likely) == (Outcome.UNDETERMINED, "unsure", Outcome.NOT_MET)
    found = only(scored(GREETS, sure=0.35, answers=NO))
    assert (found.outcome, found.reason_code, found.likely) == (Outcome.NOT_MET, "not_said", None)
    # Log-odds of 0.35 and 0.5 more.
    assert share(found) == pytest.approx(0.4703, abs=1e-4)
    assert "agrees and proves it; by itself this was 35 % sure" in found.reason
    assert found.certainty and found.certainty.grounds[0].key == "look"


def test_what_was_withheld_becomes_the_other_reading_with_both_shown_and_what_follows_is_judged_anew() -> None:
    child = {"id": "child", "check": "phrase", "phrases": {"en": ["how are things"]}, "when": [{"criterion": "greets", "outcome": "met"}]}
    found = scored(GREETS, child, sure=0.35, answers=YES)
    flipped = only(found)
    assert (flipped.outcome, flipped.reason_code, [e.text for e in flipped.evidence]) == (
        Outcome.MET,
        "look_overrules",
        ["Lovely to hear from you"],
    )
    assert "Read as not met with 35 %" in flipped.reason
    # One less log-odds of 0.35 by 0.5, seen from the other side.
    assert share(flipped) == pytest.approx(0.7538, abs=1e-4)
    assert only(scored(GREETS, child, sure=0.35), "child").reason_code != "said"
    assert only(found, "child").evidence[0].text == "how are things"


def test_what_was_sure_is_only_less_sure_where_the_answer_disagrees() -> None:
    found = only(scored(GREETS, sure=0.9, answers=YES, looks=replace(ALL, below=0.95)))
    assert (found.outcome, found.likely) == (Outcome.NOT_MET, None)
    assert share(found) == pytest.approx(0.8452, abs=1e-4)
    assert "disagrees" in found.reason
    assert ("heard", "Lovely to hear from you") in [(e.kind, e.text) for e in found.evidence]


def test_what_was_just_sure_enough_stays_at_its_bar() -> None:
    found = only(scored(GREETS, sure=0.42, answers=YES, looks=replace(ALL, below=0.95)))
    assert (found.outcome, share(found)) == (Outcome.NOT_MET, 0.4)


def test_what_is_sure_is_not_looked_at_unless_a_bar_says_so() -> None:
    assert only(scored(GREETS, sure=0.9, answers=YES)) == only(scored(GREETS, sure=0.9))


@pytest.mark.parametrize(
    "answers",
    [(("yes", Quote(utterance=0, text="good morning to you")),) * 3, (("cannot_tell",),) * 3, (("no",), ("yes", KIND), ("cannot_tell",)), (("no",), ("no",))],
    ids=["made up", "cannot tell", "differ", "one to be asked"],
)  # fmt: skip
def test_an_answer_without_proof_moves_nothing_and_is_told_once_all_was_asked(answers: Any) -> None:
    plain, found = only(scored(GREETS, sure=0.35)), only(scored(GREETS, sure=0.35, answers=answers))
    assert replace(found, reason_args=plain.reason_args, reason=plain.reason) == plain
    is_told = len(answers) == 3
    assert ("It proves nothing, so nothing moves." in found.reason, found.reason_args.get("looked") == "look_unproved") == (
        is_told,
        is_told,
    )


def test_by_default_nothing_is_looked_at_and_a_score_is_the_same() -> None:
    assert SecondLooks.of(load_settings(ask_model="m")) is None
    assert only(scored(GREETS, sure=0.35, answers=YES, looks=None)) == only(scored(GREETS, sure=0.35))
    ids = {scored(GREETS, sure=0.35, answers=answers, looks=looks).score_id for answers, looks in ((YES, None), ((), None), ((), ALL))}
    assert len(ids) == 1
    assert scored(GREETS, sure=0.35, answers=YES).score_id not in ids


def test_another_bar_or_measure_makes_another_score_where_looks_are_there() -> None:
    rules = (ALL, replace(ALL, below=0.9), replace(ALL, agreement=0.8))
    assert len({scored(GREETS, sure=0.35, answers=NO, looks=looks).score_id for looks in rules}) == 3


@pytest.mark.parametrize(
    ("agreement", "sure", "expected"),
    # Three wordings alike are worth 0.8 and never more; a measure below that is the limit, and one of a half moves nothing.
    [(0.9, 0.35, 0.6829), (0.7, 0.35, 0.5568), (0.7, 0.39, 0.5987), (0.5, 0.35, 0.35)],
)
def test_a_measured_agreement_is_the_weight_and_the_limit(agreement: float, sure: float, expected: float) -> None:
    found = only(scored(GREETS, sure=sure, answers=NO, looks=replace(ALL, agreement=agreement)))
    assert share(found) == pytest.approx(expected, abs=1e-4)


def test_no_finding_becomes_surer_by_a_look_than_the_answer_is_worth() -> None:
    raised = only(scored(GREETS, sure=0.78, answers=NO, looks=replace(ALL, below=0.95)))
    assert share(raised) == 0.8
    surer = only(scored(GREETS, sure=0.85, answers=NO, looks=replace(ALL, below=0.95)))
    assert share(surer) == 0.85


def test_for_a_forbidden_phrase_yes_means_that_the_rule_was_broken() -> None:
    rule = {"id": "greets", "check": "forbidden", "title": {"en": "No small talk"}, "phrases": {"en": ["nice weather"]}}
    question = ALL.questions(rubric(rule))["greets"].question
    assert question == {"en": "Was this rule broken in the call: “No small talk”?"}
    found = only(scored(rule, sure=0.35, answers=YES))
    assert (found.outcome, found.reason_code) == (Outcome.NOT_MET, "look_overrules")


def test_a_question_that_was_found_or_not_is_not_overruled_for_its_answer_hangs_on_it() -> None:
    asks = {"id": "greets", "check": "question", "phrases": {"en": ["may I help"]}, "answers": {"fine": {"en": ["fine"]}}}
    found = only(scored(asks, sure=0.35, answers=YES))
    assert (found.outcome, found.likely) == (Outcome.UNDETERMINED, Outcome.NOT_MET)
    assert "disagrees" in found.reason


def test_a_critical_criterion_that_a_look_decides_stays_provisional() -> None:
    found = scored({**GREETS, "critical": True, "status": "stable"}, sure=0.35, answers=NO)
    assert (found.critical_failed, found.critical_state) == (True, "provisional")


def test_the_question_is_the_rubrics_own_or_its_title_with_whole_phrases_as_examples() -> None:
    question = ALL.questions(rubric(GREETS))["greets"]
    assert question.question == {"en": "Was this said or done in the call: “Greets”?"}
    assert question.like == {"en": ("good morning",)}
    own = {**GREETS, "second_look": {"en": "Did the agent say hello?"}}
    assert ALL.questions(rubric(own))["greets"].question == {"en": "Did the agent say hello?"}
    assert SecondLooks(named=frozenset({"other"})).questions(rubric(GREETS)) == {}


def test_a_rubric_without_the_key_has_the_hash_it_had_and_one_with_it_is_read_back() -> None:
    plain, own = rubric(GREETS), rubric({**GREETS, "second_look": {"en": "Did the agent say hello?"}})
    assert "second_look" not in canonical_json(plain)
    assert criterion_sha256(plain.criteria[0]) != criterion_sha256(own.criteria[0])
    assert revive(canonical_json(own)) == own


def test_explain_shows_what_was_asked_and_answered() -> None:
    steps = explain(*answered(GREETS, sure=0.35, answers=YES), "greets")
    (asked,) = [step for step in steps if step.title == "What a language model was asked a second time"]
    assert any("small, wording 1" in line and "yes" in line for line in asked.lines)
