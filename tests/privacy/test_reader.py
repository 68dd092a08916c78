"""The reader of personal data: what was asked says what an answer is, what rules took wrongly is let go, and its files are whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import ModelError
from qa_pipeline.privacy.find import find_by_rules, find_personal
from qa_pipeline.privacy.judged import judged
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.reader import KINDS, STRIDES, Reader, bucket, load_reader, shipped_reader
from qa_pipeline.privacy.tokens import tokens_of

ASKED = [
    ("en", ["agent: and the surname", "customer: crowther"], "crowther"),
    (
        "en",
        ["agent: what's the delivery address", "customer: thirty nine larkfield avenue kettering"],
        "thirty nine larkfield avenue kettering",
    ),
    ("pl", ["agent: nazwisko", "customer: stolarczyk"], "stolarczyk"),
    ("pl", ["agent: adres proszę", "customer: rumia morska szesnaście"], "rumia morska szesnaście"),
    ("sv", ["agent: vad var adressen", "customer: lindvägen nio i floda"], "lindvägen nio i floda"),
    ("zh", ["agent: 收货地址", "customer: 海珠区江南西路二十号"], "海珠区江南西路二十号"),
]


@pytest.mark.parametrize(("language", "lines", "wanted"), ASKED, ids=[f"{row[0]}{at}" for at, row in enumerate(ASKED)])
def test_an_answer_in_small_letters_is_hidden_whole(language: str, lines: list[str], wanted: str) -> None:
    talk = conversation(*lines, language=language)
    covered = {
        place for one in find_personal(talk.utterances) if talk.utterances[one.utterance].text == lines[1].partition(": ")[2]
        for place in range(one.start, one.end)
    }  # fmt: skip
    assert {at for at, char in enumerate(wanted) if char.isalnum()} <= covered


def test_what_is_no_answer_to_such_a_question_stays() -> None:
    talk = conversation("agent: what make is it", "customer: a bosch", "agent: and what colour", "customer: rose", language="en")
    assert find_personal(talk.utterances) == ()


def test_chances_of_each_word_add_up() -> None:
    reader = shipped_reader()
    talk = conversation("agent: your name please", "customer: Anna Berg", language="en")
    tokens = tokens_of(talk.utterances, (), reader.known)
    chances = reader.chances(tokens)
    assert chances.shape == (len(tokens), 1 + len(KINDS)) and np.allclose(chances.sum(axis=1), 1, atol=1e-5)
    assert [token.is_word for token in tokens] == [False, True, True, True, False, True, True]


def sure_of(share: float, kind: Personal = Personal.NAME) -> Reader:
    """A reader that holds every word to be personal, of one kind, by that share."""
    weights = {name: np.zeros_like(value) for name, value in shipped_reader().weights.items()}
    bias = np.full(1 + len(KINDS), -30.0, np.float32)
    bias[0], bias[1 + KINDS.index(kind)] = np.log(1 - share), np.log(share)
    return Reader(weights | {"head.bias": bias}, {})


def test_what_rules_found_is_let_go_where_the_reader_sees_nothing() -> None:
    talk = conversation("customer: my phone is 550123", language="en")
    ruled = find_by_rules(talk.utterances)
    assert [one.kind for one in ruled] == [Personal.PHONE]
    assert judged(talk.utterances, ruled, sure_of(0.01)) == []
    assert judged(talk.utterances, ruled, sure_of(0.3)) == list(ruled)


def test_a_number_as_mobile_telephones_have_it_stays_found_whatever_the_reader_sees() -> None:
    talk = conversation("customer: it is 07700 900123", language="en")
    ruled = find_by_rules(talk.utterances)
    assert [one.value for one in judged(talk.utterances, ruled, sure_of(0.01))] == ["07700900123"]


def test_the_agents_own_name_is_none_of_the_readers() -> None:
    talk = conversation("customer: Crowther Alice", language="en")
    assert judged(talk.utterances, (), sure_of(0.9), agent_name="Alice Crowther") == []
    assert judged(talk.utterances, (), sure_of(0.9)) == [Found(kind=Personal.NAME, utterance=0, start=0, end=14, value="Crowther Alice")]


def test_the_commonest_words_are_no_name() -> None:
    talk = conversation("customer: thanks Alice", language="en")
    assert judged(talk.utterances, (), sure_of(0.9)) == [Found(kind=Personal.NAME, utterance=0, start=7, end=12, value="Alice")]
    assert judged(conversation("customer: for the", language="en").utterances, (), sure_of(0.9)) == []


def test_words_that_put_a_number_right_are_hidden_with_it() -> None:
    talk = conversation("customer: eight four no six three", language="en")
    ruled = [
        Found(kind=Personal.PHONE, utterance=0, start=0, end=10, value="84"),
        Found(kind=Personal.PHONE, utterance=0, start=14, end=23, value="63"),
    ]
    assert [(one.start, one.end) for one in judged(talk.utterances, ruled, sure_of(0.3))] == [(0, 10), (14, 23), (10, 14)]


def test_a_number_that_rules_know_is_of_their_kind() -> None:
    talk = conversation("customer: 0770 900 1234", language="en")
    ruled = [Found(kind=Personal.PHONE, utterance=0, start=0, end=13, value="07709001234")]
    assert {one.kind for one in judged(talk.utterances, ruled, sure_of(0.9, Personal.ADDRESS))} == {Personal.PHONE}


def test_a_name_with_a_hyphen_is_hidden_whole() -> None:
    talk = conversation("agent: namn", "customer: Kjell-Åke", language="sv")
    assert [(one.start, one.end) for one in find_personal(talk.utterances)] == [(0, 9)]


def test_a_form_of_a_known_name_is_known() -> None:
    talk = conversation("customer: dla Celiny", language="pl")
    assert "known=f" in tokens_of(talk.utterances, (), {"celina": "f"})[2].marks


def test_a_missing_file_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read from"):
        load_reader(tmp_path)


def test_a_name_that_only_the_reader_knew_is_hidden_wherever_it_is_said_again() -> None:
    talk = conversation("agent: surname", "customer: crowther", "agent: bear with me", "agent: the crowther file came up", language="en")
    assert [(one.utterance, one.start, one.end) for one in find_personal(talk.utterances)] == [(1, 0, 8), (3, 4, 12)]


def test_menus_name_firms_and_no_customers() -> None:
    talk = conversation(
        "other: Thank you for calling Harbour Heating. For a repair, press one.",
        "agent: Hello, you're through to the repairs desk at Harbour Heating, Martin speaking.",
        language="en",
    )
    assert [one for one in find_personal(talk.utterances, agent_name="Martin") if one.kind is Personal.NAME] == []


def test_a_person_with_a_title_is_hidden_whatever_the_reader_says() -> None:
    talk = conversation("agent: 您好，请问是顾女士吗？我是驰远轮胎售后服务的回访员，姓石。", language="zh")
    assert [talk.utterances[0].text[one.start : one.end] for one in find_personal(talk.utterances)] == ["顾女士"]


def test_words_that_are_no_digits_and_no_letters_are_no_number() -> None:
    talk = conversation("customer: um", "customer: two oh one", language="en")
    assert [one.utterance for one in judged(talk.utterances, (), sure_of(0.9, Personal.PLATE))] == [1]


def test_what_rules_took_for_a_name_is_let_go_where_it_is_an_ordinary_word_or_no_list_knows_it() -> None:
    said = ("hiya", "Crowther", "Mediabox")
    talk = conversation(*(f"customer: {name}" for name in said), language="en")
    ruled = [Found(kind=Personal.NAME, utterance=at, start=0, end=len(name), value=name) for at, name in enumerate(said)]
    unsure = replace(sure_of(0.01), known=shipped_reader().known)
    assert judged(talk.utterances, ruled, unsure) == [ruled[1]]
    assert judged(talk.utterances, ruled, replace(unsure, weights=sure_of(0.4).weights)) == ruled[1:]


def test_what_repeats_a_hidden_number_is_hidden_though_the_reader_sees_nothing_there() -> None:
    talk = conversation("customer: 020 7946 0018", "agent: 020 7946 0018", "agent: 020 7946 0019", language="en")
    ruled = [Found(kind=Personal.PHONE, utterance=at, start=0, end=13, value=f"0207946001{last}") for at, last in enumerate((8, 8, 9))]
    weights = dict(sure_of(0.01, Personal.PHONE).weights)
    # Customers' words alone are seen.
    weights["marks"][bucket("role=customer"), 0] = 1
    weights["head.weights"][0, 1 + KINDS.index(Personal.PHONE)] = 9
    weights |= {f"{layer}.scale": np.ones_like(weights[f"{layer}.scale"]) for layer in range(len(STRIDES))}
    assert {one.utterance for one in judged(talk.utterances, ruled, Reader(weights, {}))} == {0, 1}


def test_a_first_and_a_last_name_together_need_little_of_the_reader() -> None:
    talk = conversation("customer: justyna murawska telefon", language="pl")
    listed = Reader(sure_of(0.06).weights, {"justyna": "f", "murawska": "l"})
    assert [(one.start, one.end) for one in judged(talk.utterances, (), listed)] == [(0, 16)]
    assert judged(talk.utterances, (), Reader(sure_of(0.06).weights, {"justyna": "f"})) == []
    assert judged(talk.utterances, (), Reader(sure_of(0.02).weights, {"justyna": "f", "murawska": "l"})) == []


def test_a_last_name_goes_with_the_first_though_the_reader_stops_between() -> None:
    talk = conversation("customer: för tage wikner född", language="sv")
    weights = dict(sure_of(0.01).weights)
    # Only the first name is seen.
    weights["marks"][bucket("known=f"), 0] = 1
    weights["head.weights"][0, 1 + KINDS.index(Personal.NAME)] = 9
    weights |= {f"{layer}.scale": np.ones_like(weights[f"{layer}.scale"]) for layer in range(len(STRIDES))}
    assert [(one.start, one.end) for one in judged(talk.utterances, (), Reader(weights, {"tage": "f"}))] == [(4, 15)]
