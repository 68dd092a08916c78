"""Answers as they are spoken: spoken_answers.tsv says what each reply means, by a person's reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.conversation.written import conversation
from tests.rubric.built_rubrics import finding

THREE = {"check": "survey", "answered": "three"}
MOMENT = {"check": "question", "answers": {"willing": {}, "unwilling": {}}}
FACT = {"check": "question", "answers": {"yes": {}, "no": {}}}
QUESTIONS = {
    "three": (THREE, {"en": "Were you satisfied?", "zh": "您满意吗？", "pl": "Czy jest pan zadowolony?", "sv": "Är du nöjd?"}),
    "asked": (MOMENT, {"en": "Have you got a minute?", "zh": "您现在方便吗？", "pl": "Ma pan chwilę?", "sv": "Har du tid en stund?"}),
    "adverse": (MOMENT, {"en": "Have I caught you at a bad time?", "zh": "打扰您吗？", "pl": "Nie przeszkadzam?", "sv": "Stör jag?"}),
    "later": (
        MOMENT,
        {
            "en": "Would you rather I called another day?",
            "zh": "要不我换个时间？",
            "pl": "Czy wolałaby pani, żebym zadzwonił później?",
            "sv": "Ska jag hellre ringa en annan dag?",
        },
    ),
    "bad": (
        THREE,
        {
            "en": "Was there anything you weren't happy with?",
            "zh": "您是不是对我们不太满意？",
            "pl": "Czy coś pana rozczarowało?",
            "sv": "Var det något du inte var nöjd med?",
        },
    ),
    "hoped": (MOMENT, {"zh": "没打扰您吧？"}),
    "fact": (FACT, {"en": "Did they call you?", "zh": "给您打过电话吗？", "pl": "Czy ktoś dzwonił?", "sv": "Ringde de dig?"}),
}
SPOKEN = [
    tuple(line.split("\t"))
    for line in Path(__file__).with_name("spoken_answers.tsv").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def understood(language: str, kind: str, text: str) -> str | None:
    """The answer that a reply to a question of a kind gives."""
    criterion, questions = QUESTIONS[kind]
    question = questions[language]
    spoken = conversation(f"0:00 agent: {question}", f"0:03 customer: {text}", language=language)
    return finding(spoken, {**criterion, "phrases": {language: [question.strip("?？")]}}).answer


def test_an_answer_is_read_as_it_was_meant() -> None:
    found = [(language, kind, answer, text, understood(language, kind, text)) for language, kind, answer, text in SPOKEN]
    assert len(found) > 500
    assert [one for one in found if one[-1] != one[2]] == []


MOMENT_QUESTION = QUESTIONS["asked"][1]


def answer_over(language: str, criterion: dict[str, object], question: str, *talk: str) -> str | None:
    """The answer to a question over the talk that follows: lines `a: …` of the agent, `c: …` of the customer."""
    who = {"a": "agent", "c": "customer"}
    lines = [f"0:{3 * number + 3:02d} {who[line[0]]}: {line[3:]}" for number, line in enumerate(talk)]
    spoken = conversation(f"0:00 agent: {question}", *lines, language=language)
    return finding(spoken, {**criterion, "phrases": {language: [question.strip("?？")]}}).answer


@pytest.mark.parametrize(
    ("language", "reply", "way"),
    [
        ("en", "I've just got my coat on.", "Oh, sorry, I'll ring back this afternoon then."),
        ("en", "Hm.", "I'll let you go, sorry to have disturbed you."),
        ("zh", "我刚进电梯。", "那我晚点再给您打。"),
        ("zh", "嗯……", "那您先忙，不打扰您了。"),
        ("pl", "Właśnie dzwoni drugi telefon.", "To oddzwonię później, przepraszam."),
        ("sv", "Det ringer på dörren.", "Då ringer jag senare i stället."),
    ],
)
def test_who_is_given_way_to_was_unwilling(language: str, reply: str, way: str) -> None:
    assert answer_over(language, MOMENT, MOMENT_QUESTION[language], f"c: {reply}", f"a: {way}") == "unwilling"


def test_who_answers_clearly_is_not_unwilling_because_of_a_later_call() -> None:
    talk = ["c: Yes, of course, go ahead.", "a: I'll call you back when the part has come."]
    assert answer_over("en", MOMENT, MOMENT_QUESTION["en"], *talk) == "willing"


CONSENT = {
    "check": "question",
    "answers": {"given": {}, "refused": {}, "unclear": {"en": ["mm"], "sv": ["mm"], "zh": ["再说"], "pl": ["mhm"]}},
}


@pytest.mark.parametrize(
    ("language", "answer", "talk"),
    [
        ("en", "given", ["c: Yes, that's fine."]),
        ("en", "unclear", ["c: Mm."]),
        ("en", "given", ["c: Mm.", "a: Is that a yes?", "c: Yes."]),
        ("en", "unclear", ["c: Mm.", "a: Is that a yes?", "c: No."]),
        ("en", "refused", ["c: Yes.", "a: Thank you. It comes once a month.", "c: Actually, I've changed my mind."]),
        ("sv", "unclear", ["c: Mm."]),
        ("sv", "given", ["c: Mm.", "a: Är det ett ja?", "c: Ja."]),
        ("sv", "refused", ["c: Ja.", "a: Det kommer en gång i månaden.", "c: Nej, jag har ångrat mig."]),
        ("zh", "refused", ["c: 可以。", "a: 每个月发一次。", "c: 那还是算了吧。"]),
        ("pl", "refused", ["c: Tak.", "a: Raz w miesiącu.", "c: A wie pan, jednak nie."]),
    ],
)
def test_consent_is_a_clear_yes_that_stands(language: str, answer: str, talk: list[str]) -> None:
    questions = {"en": "Do you consent?", "sv": "Samtycker du?", "zh": "您同意吗？", "pl": "Czy wyraża pan zgodę?"}
    assert answer_over(language, CONSENT, questions[language], *talk) == answer


@pytest.mark.parametrize(
    ("language", "question", "reply", "answer"),
    [
        ("en", "Did you have any complaints?", "No.", "satisfied"),
        ("en", "Did you have any complaints?", "Yes.", "dissatisfied"),
        ("zh", "您有什么不满意的地方吗？", "没有。", "satisfied"),
        ("pl", "Czy ma pan jakieś uwagi?", "Nie.", "satisfied"),
        ("sv", "Har du några klagomål?", "Nej.", "satisfied"),
        ("sv", "Är du nöjd?", "Nej.", "dissatisfied"),
    ],
)
def test_no_to_a_question_for_faults_is_satisfied(language: str, question: str, reply: str, answer: str) -> None:
    assert answer_over(language, THREE, question, f"c: {reply}") == answer
