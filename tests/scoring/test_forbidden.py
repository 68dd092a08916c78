"""Forbidden phrases by wording alone: the agent's own words convict, nobody else's do."""

from __future__ import annotations

from typing import Any

import pytest

from qa_pipeline.call import Outcome
from qa_pipeline.conversation.written import conversation
from qa_pipeline.scoring.score import Finding, prepare, score
from tests.rubric.built_rubrics import finding, rubric, shipped

CRITERION = next(criterion for criterion in shipped("hotline").criteria if criterion.id == "forbidden_phrases")


def judged(*lines: str, language: str = "zh", **options: Any) -> Finding:
    """The finding of the shipped criterion, without its meaning."""
    plain = rubric({"check": "manual"})
    section = plain.sections[0].model_copy(update={"criteria": (CRITERION,)})
    return score(
        conversation(*lines, language=language, **options), prepare(plain.model_copy(update={"sections": (section,)}), {})
    ).findings[0]


@pytest.mark.parametrize(
    "said",
    [
        "你自己先查清楚。",
        "我们公司就是这么规定的。",
        "不是我受理的，我不清楚。",
        "什么怎么样？",
        "为什么？",
        "什么？",
        "说什么？",
        "怎样？",
        "你说什么？",
        "你到底在说什么？",
        "你不是要查什么吗？",
        "你到底想查什么？",
        "你到底想怎么样？",
        "你到底要不要查？",
        "你到底要不要听我说？",
        "你听不听我说？",
        "你问我，我问谁？",
        "我态度怎么样？",
        "不行就是不行，这是规定。",
        "没办法帮你。",
    ],
)
def test_the_phrases_of_the_hotlines_manual_are_forbidden(said: str) -> None:
    found = judged("0:00 customer: 你好。", f"0:03 agent: {said}")
    assert (found.outcome, found.evidence[0].utterance) == (Outcome.NOT_MET, 1)


@pytest.mark.parametrize(
    "said",
    [
        "That's not my problem.",
        "You should have read the contract.",
        "Calm down.",
        "What do you want?",
        "Whatever.",
        "That is hardly my fault.",
    ],
)
def test_their_english_kin_are_forbidden(said: str) -> None:
    assert judged("0:00 customer: Hello.", f"0:03 agent: {said}", language="en").outcome is Outcome.NOT_MET


@pytest.mark.parametrize(
    "said",
    [
        "恐怕我不能帮助您。",
        "您刚才说什么？麻烦您再说一遍。",
        "对不起，您说什么？",
        "您需要什么？",
        "为什么会这样，我帮您查一下。",
        "没关系。",
        "很抱歉，这超出我们的服务范围。",
    ],
)
def test_near_misses_are_right(said: str) -> None:
    assert judged("0:00 customer: 你好。", f"0:03 agent: {said}").outcome is Outcome.MET


@pytest.mark.parametrize("role", ["customer", "other"])
def test_the_customer_may_say_anything(role: str) -> None:
    assert judged("0:00 agent: 您好。", f"0:03 {role}: 你到底在说什么？", f"0:06 {role}: 不行就是不行。").outcome is Outcome.MET


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "您刚才说我们公司就是这么规定的。"),
        ("zh", "同事跟您说不行就是不行，是吗。"),
        ("en", "You said that's not my problem."),
        ("en", "My colleague told you to calm down."),
    ],
)
def test_quoted_words_are_somebody_elses(language: str, said: str) -> None:
    assert judged("0:00 agent: 您好。", f"0:03 agent: {said}", language=language).outcome is Outcome.MET


def test_a_quoting_verb_after_the_words_quotes_nothing() -> None:
    assert judged("0:00 agent: 不行就是不行，您说呢。").outcome is Outcome.NOT_MET


def test_a_scolding_question_does_not_make_a_quotation_of_what_follows() -> None:
    found = judged("0:00 agent: 你听不听我说？没办法帮你。")
    assert [e.utterance for e in found.evidence] == [0, 1]


@pytest.mark.parametrize("polite", ["麻烦您再说一遍。", "对不起，我没听清。"])
def test_asking_politely_to_repeat_excuses_the_question_beside_it(polite: str) -> None:
    assert judged("0:00 customer: 嗯嗯。", f"0:03 agent: 什么？{polite}").outcome is Outcome.MET


def test_politeness_does_not_excuse_the_list() -> None:
    assert judged("0:00 agent: 对不起，不行就是不行。").outcome is Outcome.NOT_MET


def test_words_of_little_confidence_convict_nobody() -> None:
    assert judged("0:00 agent: 不行就是不行。", confidence=0.49).outcome is Outcome.MET
    assert judged("0:00 agent: 不行就是不行。", confidence=0.5).outcome is Outcome.NOT_MET


def test_every_utterance_counts_once() -> None:
    found = judged("0:00 agent: 不行就是不行，不行就是不行。", "0:05 agent: 没办法帮你。")
    assert (found.occurrences, [e.utterance for e in found.evidence]) == (2, [0, 1])


def test_a_finding_shows_words_and_wording() -> None:
    (evidence,) = judged("0:07 agent: 不行就是不行。").evidence
    assert (evidence.text, evidence.expected, evidence.start_ms) == ("不行就是不行", "不行就是不行", 7000)


def test_where_nothing_was_said_nothing_is_shown() -> None:
    found = judged("0:00 agent: 您好。")
    assert (found.outcome, found.evidence, found.occurrences) == (Outcome.MET, (), 0)


def test_recognisers_spelling_is_tolerated_but_not_another_word() -> None:
    criterion = {"check": "forbidden", "phrases": {"zh": ["不行就是不行"]}}
    assert finding(conversation("0:00 agent: 不行就是不型。"), criterion).outcome is Outcome.NOT_MET
    assert finding(conversation("0:00 agent: 不急就是不急。"), criterion).outcome is Outcome.MET


def test_without_exceptions_a_quotation_is_no_excuse() -> None:
    criterion = {"check": "forbidden", "phrases": {"zh": ["不行就是不行"]}}
    assert finding(conversation("0:00 agent: 您说不行就是不行。"), criterion).outcome is Outcome.NOT_MET


def test_an_agent_who_never_spoke_is_not_praised_for_it() -> None:
    assert judged("0:00 customer: 喂，有人吗？").outcome is not Outcome.MET
