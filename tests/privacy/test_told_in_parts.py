"""Plates, streets and names that only what stands around shows to be such are hidden; what is like them and nobody's stays."""

from __future__ import annotations

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.privacy.find import find_personal

HIDDEN = {
    "pl, letters before a plate": (["agent: jaki samochód", "customer: skoda octavia w z trzy sześć dwa osiem k"], "pl", ["w z trzy sześć dwa osiem k"]),
    "pl, a plate put right": (["customer: czerwony opel s k siedem jeden zaraz siedem dwa er te pięć"], "pl", ["s k siedem jeden zaraz siedem dwa er te pięć"]),
    "en, a plate put right": (["agent: the registration please", "customer: m v five eight no five nine k l t"], "en", ["m v five eight no five nine k l t"]),
    "sv, letters in one turn and digits in the next": (
        ["customer: tjena jag lämnade in volvon i går", "agent: just det t r b", "customer: två nio fem ja", "agent: den blir klar vid tre"], "sv", ["t r b", "två nio fem"],
    ),
    "en, letters in one turn and digits in the next": (
        ["customer: i left the car with you", "agent: is that k d", "customer: one nine h j p"], "en", ["k d", "one nine h j p"],
    ),
    "sv, an account of seven digits": (["agent: vilket kontonummer gäller det", "customer: ja", "customer: sex ett noll åtta fem två nio"], "sv", ["sex ett noll åtta fem två nio"]),
    "en, an account of seven digits": (["agent: which account is it", "customer: three nine oh two eight one six"], "en", ["three nine oh two eight one six"]),
    "pl, an account of seven digits": (["agent: jaki numer konta", "customer: cztery zero dwa dziewięć sześć jeden osiem"], "pl", ["cztery zero dwa dziewięć sześć jeden osiem"]),
    "zh, an account of seven digits": (["agent: 账号报一下", "customer: 六二零九四一八"], "zh", ["六二零九四一八"]),
    "pl, a street without a word for it": (["customer: stoję pod blokiem na ogrodowej piętnaście"], "pl", ["ogrodowej piętnaście"]),
    "pl, a street in digits": (["customer: To sklep przy szkolnej 7."], "pl", ["szkolnej 7"]),
    "pl, stairs, floor and flat": (
        ["agent: jestem na szkolnej osiem", "customer: klatka c czwarte piętro mieszkania dwanaście"], "pl", ["klatka c czwarte piętro mieszkania dwanaście"],
    ),
    "pl, a village": (["agent: pani mieszka w karpaczowie pod szóstką"], "pl", ["karpaczowie pod szóstką"]),
    "zh, who says their surname for short": (["customer: 喂我老贺啊上回修水管的"], "zh", ["老贺"]),
    "zh, a son by his short name": (["customer: 我儿子小峰在家你打给他"], "zh", ["小峰"]),
    "pl, whose telephone it is": (["customer: wasyl tkaczuk telefon do niego mam w domu"], "pl", ["wasyl tkaczuk"]),
    "pl, a surname heard as two words": (["agent: nazwisko", "customer: pietrzy kowski znaczy p i e t r z y k o w s k i"], "pl", ["pietrzy kowski"]),
    "pl, letters told at once": (["agent: nazwisko", "customer: grzesz czuk znaczy g rz e sz cz u k"], "pl", ["grzesz czuk"]),
    "sv, a surname heard as two words": (["customer: ja rut vatten gren med enkelt v"], "sv", ["vatten gren"]),
    "en, an initial": (["agent: The account is in the name of D. Papadakis?", "customer: Yes, Despina Papadakis."], "en", ["D.", "Papadakis"]),
}  # fmt: skip
STAYS = {
    "pl, who plays in a film": (["customer: a w tym filmie gra ostaszewska", "agent: tak maja ostaszewska premiera była w maju"], "pl"),
    "pl, a letter in another's stead": (["agent: ygrek czyli igrek zamiast i tak"], "pl"),
    "pl, a time with its weekday": (["agent: mam wolny wtorek siedemnasta trzydzieści"], "pl"),
    "pl, where a firm is": (["agent: nasz salon na ogrodowej piętnaście jest czynny do ósmej"], "pl"),
    "pl, short words and sums": (["agent: deski co dwa siedemdziesiąt to czterdzieści dwa sztuki"], "pl"),
    "pl, an hour": (["agent: przesuniemy na późniejszą z porannej dwadzieścia minut później"], "pl"),
    "sv, a footballer": (["agent: Namnet?", "customer: Ja, inte som fotbollsspelaren Pele."], "sv"),
    "sv, a class": (["customer: hej det är pappan till en i fyra b han är sjuk"], "sv"),
    "zh, since when": (["agent: 她二零一八年五月六号来的"], "zh"),
    "zh, a flight": (["agent: 好的CA一八三二早上八点十分起飞"], "zh"),
}


def covered(lines: list[str], language: str) -> tuple[list[str], list[set[int]]]:
    talk = conversation("\n".join(lines), language=language)
    places: list[set[int]] = [set() for _ in talk.utterances]
    for one in find_personal(talk.utterances):
        places[one.utterance] |= set(range(one.start, one.end))
    return [utterance.text for utterance in talk.utterances], places


@pytest.mark.parametrize(("lines", "language", "several"), HIDDEN.values(), ids=HIDDEN)
def test_what_is_told_in_parts_is_hidden(lines: list[str], language: str, several: list[str]) -> None:
    texts, places = covered(lines, language)
    for wanted in several:
        at = next(at for at, text in enumerate(texts) if wanted in text)
        start = texts[at].index(wanted)
        assert {place for place in range(start, start + len(wanted)) if texts[at][place].isalnum()} <= places[at]


@pytest.mark.parametrize(("lines", "language"), STAYS.values(), ids=STAYS)
def test_what_is_like_it_and_nobodys_stays(lines: list[str], language: str) -> None:
    texts, places = covered(lines, language)
    assert [text for text, several in zip(texts, places, strict=True) if several] == []
