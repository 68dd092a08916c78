"""Times, numbers and names as they are spoken: spoken_times.tsv, spoken_numbers.tsv and spoken_names.tsv say what they mean, by a person's reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.values.companies import short_forms, short_names
from qa_pipeline.values.find import find_values
from qa_pipeline.values.names import answered_name, asks_name, find_names, spoken_to
from tests.values.test_values import BEGAN, times


def rows(name: str) -> list[list[str]]:
    """The rows of a file beside this one, comments left out."""
    lines = Path(__file__).with_name(name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def test_a_time_is_the_one_ahead() -> None:
    found = [(language, text, expected, times(text, language)) for language, text, expected in rows("spoken_times.tsv")]
    assert len(found) > 100
    assert [one for one in found if one[-1] != [one[2]]] == []


def test_a_number_is_composed_as_people_compose_it() -> None:
    found = [
        (text, value, [one.value for one in find_values("number", text, language, None)])
        for language, text, value in rows("spoken_numbers.tsv")
    ]
    assert len(found) > 60
    assert [one for one in found if one[2] != ([] if one[1] == "-" else [one[1]])] == []


@pytest.mark.parametrize(
    ("language", "text", "is_unsure"),
    [
        ("en", "next Friday", True),
        ("en", "next Monday", False),
        ("en", "a week on Friday", False),
        ("en", "this weekend", True),
        ("pl", "w przyszły piątek", True),
        ("pl", "w środę za tydzień", True),
        ("sv", "nästa fredag", True),
        ("sv", "på fredag om en vecka", False),
        ("zh", "下周五", False),
        ("zh", "月底", True),
    ],
)
def test_words_of_two_readings_are_marked(language: str, text: str, is_unsure: bool) -> None:
    (value,) = find_values("datetime", text, language, BEGAN)
    assert value.is_unsure is is_unsure


@pytest.mark.parametrize(("language", "text", "name"), rows("spoken_names.tsv"))
def test_an_answer_to_a_question_for_a_name_is_one(language: str, text: str, name: str) -> None:
    found = next((value.value for value in find_names(text, language)), None)
    answer = answered_name(text, language)
    assert (found or (answer.value if answer else "-")) in name.split("|")


@pytest.mark.parametrize(
    ("language", "text", "is_asked"),
    [
        ("en", "Can I take your name, please?", True),
        ("en", "Who's calling, please?", True),
        ("en", "And your surname?", True),
        ("en", "How can I help?", False),
        ("en", "What is the number?", False),
        ("zh", "请问您贵姓？", True),
        ("zh", "怎么称呼您？", True),
        ("zh", "您的电话是多少？", False),
        ("pl", "A na jakie nazwisko to jest?", True),
        ("pl", "Z kim mam przyjemność?", True),
        ("pl", "W czym mogę pomóc?", False),
        ("sv", "Vad heter du?", True),
        ("sv", "Vem talar jag med?", True),
        ("sv", "Vad gäller det?", False),
    ],
)
def test_a_question_for_a_name_is_known(language: str, text: str, is_asked: bool) -> None:
    assert asks_name(text, language) is is_asked


@pytest.mark.parametrize(
    ("name", "language", "form"),
    [
        ("Monika Nowicka", "pl", "moniko"),
        ("Marek", "pl", "marku"),
        ("陈建国", "zh", "陈先生"),
        ("欧阳", "zh", "欧阳女士"),
        ("Dave Hill", "en", "Hill"),
    ],
)
def test_a_name_is_said_to_somebody_in_its_forms(name: str, language: str, form: str) -> None:
    assert form in spoken_to(name, language)


@pytest.mark.parametrize(
    ("company", "language", "short"),
    [
        ("驰远汽车", "zh", ("驰远",)),
        ("东山水泥厂", "zh", ("东山厂",)),
        ("江北农商银行", "zh", ("江北农商", "江北行", "江北农商行")),
        ("Reed & Rush", "en", ("Reed and Rush",)),
        ("Klub Biegacza Sprint", "pl", ("Biegacza Sprint", "Klub Sprint", "Sprint")),
        ("Bokhandeln i Sigtuna", "sv", ("Bokhandeln",)),
        ("Hartwell Windows", "en", ("Hartwell",)),
        ("Silver Birch", "en", ()),
        ("Autoserwis Malinowski", "pl", ("Malinowski",)),
        ("Tryggvik Försäkring", "sv", ("Tryggvik",)),
    ],
)
def test_a_company_is_known_by_its_own_part(company: str, language: str, short: tuple[str, ...]) -> None:
    assert short_forms(company, language) == short


@pytest.mark.parametrize(
    ("agent", "language", "short"),
    [
        ("售后小唐", "zh", ("小唐", "老唐", "阿唐", "姓唐")),
        ("大堂经理费", "zh", ("理费", "小费", "老费", "阿费", "姓费")),
        ("耿师傅", "zh", ("小耿", "老耿", "阿耿", "姓耿")),
        ("31号", "zh", ()),
        ("Trener Seweryn", "pl", ("Seweryn",)),
        ("Wren", "en", ()),
    ],
)
def test_an_agent_is_called_for_short(agent: str, language: str, short: tuple[str, ...]) -> None:
    assert short_names(agent, language) == short
