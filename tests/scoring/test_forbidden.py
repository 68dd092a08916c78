"""Forbidden phrases by wording alone: the agent's own words convict, nobody else's do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qa_pipeline.call import Outcome
from qa_pipeline.conversation.written import conversation
from qa_pipeline.languages.load import table
from qa_pipeline.languages.scoring_tables import ExcuseWords
from qa_pipeline.meaning.acts import ACTS, Strictness
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


@pytest.mark.parametrize(
    "said",
    [
        "我叫保安上去把老人背下来。",
        "要不要我喊保安过来帮您搬？",
        "我让保安给您开门。",
        "门口黑，我叫保安送您出去。",
        "我这就喊保安上来看看。",
        "您别急，我叫保安帮您抬一下轮椅。",
        "车堵住了，我叫保安过去看看是谁的。",
        "我叫保安扶您上楼。",
    ],
)
def test_who_sends_somebody_to_help_threatens_nobody(said: str) -> None:
    assert judged(f"0:00 agent: {said}").outcome is Outcome.MET


@pytest.mark.parametrize("said", ["再闹我叫保安了。", "你再这样我就喊保安。", "信不信我叫保安？"])
def test_who_threatens_with_the_guard_is_found(said: str) -> None:
    assert judged(f"0:00 agent: {said}").outcome is Outcome.NOT_MET


def test_without_exceptions_a_quotation_is_no_excuse() -> None:
    criterion = {"check": "forbidden", "phrases": {"zh": ["不行就是不行"]}}
    assert finding(conversation("0:00 agent: 您说不行就是不行。"), criterion).outcome is Outcome.NOT_MET


def test_an_agent_who_never_spoke_is_not_praised_for_it() -> None:
    assert judged("0:00 customer: 喂，有人吗？").outcome is not Outcome.MET


STRICTNESS = Strictness(version="v", sure=6.0, suspects=((1.0, 4.0), (10.0, 2.0), (100.0, -1.0)))


def by_acts(odds: dict[int, float], *lines: str, act: str = "scolding", version: str | None = None, **keys: Any) -> Finding:
    """The finding of a criterion of acts alone. `odds`: by utterance, of one act; the others are most unlikely."""
    spoken = conversation(*lines, language="en")
    vectors = {
        u.utterance: (0.0,) * 384 + tuple(odds.get(u.utterance, -9.0) if name == act else -9.0 for name in ACTS) for u in spoken.utterances
    }
    card = prepare(rubric({"check": "forbidden", "acts": ["scolding", "prize"], **keys}), {}, strictness=STRICTNESS)
    return score(replace(spoken, vectors=vectors, acts_version=version), card).findings[0]


TALK = (
    "0:00 customer: It broke again.",
    "0:03 agent: You never read a thing, do you?",
    "0:05 customer: Oh.",
    "0:06 agent: I will send a new one.",
)


@pytest.mark.parametrize(
    ("odds", "outcome", "reason"),
    [
        (6.0, Outcome.NOT_MET, "forbidden_said"),
        (5.9, Outcome.UNDETERMINED, "suspected"),
        (2.0, Outcome.UNDETERMINED, "suspected"),
        (1.9, Outcome.MET, "nothing_forbidden"),
    ],
)
def test_sure_acts_convict_and_likely_ones_are_suspected(odds: float, outcome: Outcome, reason: str) -> None:
    found = by_acts({1: odds}, *TALK)
    assert (found.outcome, found.reason_code) == (outcome, reason)


@pytest.mark.parametrize(
    ("beside", "outcome"),
    [
        ({}, Outcome.UNDETERMINED),
        ({2: -2.1}, Outcome.UNDETERMINED),
        ({2: -1.9}, Outcome.NOT_MET),
        ({0: -1.9}, Outcome.NOT_MET),
        ({2: 9.0}, Outcome.NOT_MET),
    ],
)
def test_a_sentence_whose_neighbours_of_the_same_turn_are_harmless_convicts_nobody(beside: dict[int, float], outcome: Outcome) -> None:
    lines = ("0:00 agent: Your meter is in the cellar.", "0:03 agent: So you can't get down to it.", "0:06 agent: Then we send somebody.")
    assert by_acts({1: 9.0} | beside, *lines).outcome is outcome


@pytest.mark.parametrize(
    ("beside", "outcome"),
    [({}, Outcome.MET), ({2: -4.1}, Outcome.MET), ({2: -3.9}, Outcome.UNDETERMINED), ({0: -3.9}, Outcome.UNDETERMINED)],
)
def test_a_sentence_that_is_only_likely_an_act_is_not_suspected_among_plainly_harmless_ones(
    beside: dict[int, float], outcome: Outcome
) -> None:
    lines = ("0:00 agent: Thanks for ringing.", "0:03 agent: You do that.", "0:06 agent: Bye for now then.")
    assert by_acts({1: 5.9} | beside, *lines).outcome is outcome


def test_what_the_customer_says_around_it_clears_nobody() -> None:
    assert (
        by_acts({1: 9.0}, "0:00 customer: I see.", "0:03 agent: You never read a thing, do you?", "0:06 customer: I do.").outcome
        is Outcome.NOT_MET
    )


def test_what_is_suspected_is_shown_with_its_act_and_chance() -> None:
    (evidence,) = by_acts({1: 3.0}, *TALK).evidence
    assert (evidence.utterance, evidence.expected, evidence.kind) == (1, "scolding", "heard")
    assert evidence.similarity == pytest.approx(0.953, abs=1e-3)


def test_a_language_in_which_an_act_is_overrated_wants_more_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    words = table("pl", ExcuseWords).model_copy(update={"overrated": {"scolding": 1.0}})
    monkeypatch.setattr("qa_pipeline.scoring.forbidden._excuses", lambda search: words)
    spoken = conversation("0:03 agent: Sama pani jest w domu?", language="pl")
    card = prepare(rubric({"check": "forbidden", "acts": ["scolding"]}), {}, strictness=STRICTNESS)
    outcomes = []
    for odds in (2.5, 3.5):
        vectors = {0: (0.0,) * 384 + tuple(odds if name == "scolding" else -9.0 for name in ACTS)}
        outcomes.append(score(replace(spoken, vectors=vectors), card).findings[0].outcome)
    assert outcomes == [Outcome.MET, Outcome.UNDETERMINED]


def test_a_larger_budget_suspects_more() -> None:
    assert by_acts({1: 1.0}, *TALK).outcome is Outcome.MET
    assert by_acts({1: 1.0}, *TALK, suspects=50).outcome is Outcome.UNDETERMINED


def test_acts_that_the_criterion_does_not_name_are_nothing_to_it() -> None:
    assert by_acts({1: 9.0}, *TALK, act="cure").outcome is Outcome.MET


def test_the_customers_acts_are_nobodys() -> None:
    assert by_acts({0: 9.0}, *TALK).outcome is Outcome.MET


def test_what_another_reader_read_is_not_judged() -> None:
    assert by_acts({1: 9.0}, *TALK, version="older").outcome is Outcome.MET
    assert by_acts({1: 9.0}, *TALK, version="v").outcome is Outcome.NOT_MET


def test_quoting_excuses_acts() -> None:
    lines = ("0:00 customer: He was rude.", "0:03 agent: You told me he said you never read a thing, I am sorry.")
    assert by_acts({1: 9.0}, *lines, **{"except": ["quoting"]}).outcome is Outcome.MET


def test_one_or_two_words_are_not_judged_by_acts() -> None:
    assert by_acts({1: 9.0}, "0:00 customer: Well.", "0:03 agent: And then?").outcome is Outcome.MET


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("pl", 'Sąsiad napisał: "to nie moja sprawa i tyle". Ja tak nie mówię.'),
        ("sv", 'I butiken hette det "det är inte mitt problem". Så säger inte vi.'),
    ],
)
def test_words_between_quotation_marks_are_somebody_elses(language: str, said: str) -> None:
    assert judged(f"0:00 agent: {said}", language=language).outcome is Outcome.MET


def test_a_slip_of_somebody_else_is_no_reproach_to_the_customer() -> None:
    for said in ("Rozumiem, ktoś musiał źle wpisać cyfry.", "Kolega pewnie źle kliknął, przepraszam.", "Na pewno źle wpisałam, poprawiam."):
        assert judged(f"0:00 agent: {said}", language="pl").outcome is Outcome.MET, said
    for said in ("Pewnie źle pan wpisał hasło.", "Pani musiała coś źle kliknąć.", "Na pewno coś pani źle nacisnęła."):
        assert judged(f"0:00 agent: {said}", language="pl").outcome is Outcome.NOT_MET, said


def test_the_customers_own_words_given_back_convict_nobody() -> None:
    given_back = judged("0:00 customer: 你们店里的人讲我们公司就是这么规定的。", "0:05 agent: 我们公司就是这么规定的，这话他不该说。")
    assert given_back.outcome is Outcome.MET
    assert judged("0:00 agent: 我们公司就是这么规定的。").outcome is Outcome.NOT_MET
