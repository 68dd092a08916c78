"""What was found is hidden where it is said again otherwise; what words near say to be no person's stays, however much it looks like it."""

from __future__ import annotations

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.privacy.find import find_personal

HIDDEN = {
    "pl, the last piece of a number read back": (
        ["agent: proszę telefon", "customer: sześćset dwa sto dziewięć", "agent: mhm", "customer: zero osiemnaście", "agent: zero osiemnaście dobrze oddzwonimy"],
        "pl", ["sześćset dwa sto dziewięć", "zero osiemnaście", "zero osiemnaście"],
    ),
    "en, a mailbox without its signs": (
        ["agent: what's the email", "customer: it's marta_lindqvell@example.com", "agent: i've got martalindqvell without the underscore"], "en", ["marta_lindqvell@example.com", "martalindqvell"],
    ),
    "zh, a name heard as others of its sound": (["agent: 叫什么", "customer: 我叫阮清禾", "agent: 软青和？"], "zh", ["阮清禾", "软青和"]),
    "zh, one sign of a name asked for": (["customer: 她叫林雪岚。", "agent: 雪是下雪的雪吧，岚呢？"], "zh", ["林雪岚", "雪是下雪的雪", "岚"]),
    "zh, what a sign is made of": (["agent: 叫什么", "customer: 我叫宓小雨", "agent: 宓是宝盖头下面一个必对吗"], "zh", ["宓小雨", "宓是宝盖头下面一个必"]),
    "zh, a holder with a long name": (["agent: 户名呢", "customer: 户名阿不都热合曼"], "zh", ["阿不都热合曼"]),
    "zh, among friends": (["agent: 怎么称呼", "customer: 叫我老邴就行"], "zh", ["老邴"]),
    "zh, a sign that ends a number": (["agent: 身份证号", "customer: 三三零幺零二幺九七六零四幺八零三五最后是个叉"], "zh", ["三三零幺零二幺九七六零四幺八零三五最后是个叉"]),
    "en, an initial in small letters": (["agent: the account is in the name of t wojtkowiak"], "en", ["t wojtkowiak"]),
    "en, a first name before a surname": (["customer: It's Mrs Pemberthy.", "agent: Is that Clemency Pemberthy?"], "en", ["Pemberthy", "Clemency Pemberthy"]),
    "en, the halves of a name": (["agent: surname", "customer: it's ashwold like ash and wold"], "en", ["ashwold", "ash", "wold"]),
    "sv, a name that is told": (["customer: nej vi heter okonkwo"], "sv", ["okonkwo"]),
    "pl, for whom it is put down": (["agent: na kogo zapisać", "customer: na wróblewskiego proszę zapisać"], "pl", ["wróblewskiego"]),
    "pl, whose account it is": (["agent: właściciel konta", "customer: kazimierz gołąbek"], "pl", ["kazimierz gołąbek"]),
    "pl, a village by its number": (["customer: we wsi borowiec numer czterdzieści"], "pl", ["we wsi borowiec numer czterdzieści"]),
    "sv, the town of an address": (["agent: vilken adress", "customer: almvägen sju", "agent: vilken ort", "customer: tystberga"], "sv", ["almvägen sju", "tystberga"]),
    "sv, a postal box": (["agent: vilken adress", "customer: box nittiotvå nio tre två tretton skelleftehamn"], "sv", ["box nittiotvå nio tre två tretton"]),
    "en, with whom a parcel was left": (["agent: it was left with branok at number nine"], "en", ["branok", "number nine"]),
    "pl, from which flat": (["customer: proszę zostawić u sąsiadki spod czwórki"], "pl", ["czwórki"]),
    "pl, a floor asked for by a word": (["agent: piętro", "customer: szóste"], "pl", ["szóste"]),
    "zh, a door asked for by a word": (["agent: 门牌号", "customer: 三十八"], "zh", ["三十八"]),
    "en, a plate behind a car": (["agent: It's about your Golf, LB19 XTR."], "en", ["LB19 XTR"]),
    "sv, a mobile number, whatever was asked": (["agent: Har vi rätt nummer, 070-174 06 35?"], "sv", ["070-174 06 35"]),
    "sv, whom to ring when a code fails": (["customer: koden funkar inte ring noll sju sex fyrahundra nittio noll tre"], "sv", ["noll sju sex fyrahundra nittio noll tre"]),
    "en, whom to ring when an order is late": (["customer: the order's late so ring seven double oh nine oh oh one"], "en", ["seven double oh nine oh oh one"]),
    "pl, a plate behind a car": (["customer: Chcę ubezpieczyć samochód GWE 7KM3."], "pl", ["GWE 7KM3"]),
    "zh, the end of a number that is of two kinds by halves": (["agent: 您的手机号", "customer: 幺三九幺零零七四八二六", "agent: 尾号四八二六是吧"], "zh", ["幺三九幺零零七四八二六", "四八二六"]),
}  # fmt: skip
STAYS = {
    "en, an order told twice": (["agent: Have you got the order number?", "customer: Yes, 55208-04.", "agent: 55208...", "customer: Dash 04, yes."], "en"),
    "en, a flight": (["agent: are you flying with us", "customer: yes b a w six three one two out of leeds"], "en"),
    "en, the size of a tyre": (["agent: which tyres do you need", "customer: two two five forty five seventeen"], "en"),
    "sv, the size of a tyre": (["agent: då blir det vinterdäck tvåhundrafem femtiofem sexton"], "sv"),
    "sv, a model of a car": (["customer: ja en volvo v sjuttio"], "sv"),
    "zh, who works at the firm": (["customer: 那我找你们张经理"], "zh"),
    "en, a place in a queue": (["agent: you're at number five in the queue"], "en"),
    "zh, a model of a fridge": (["customer: 我买的海尔冰箱b c d五百一十八"], "zh"),
    "zh, a model of a car": (["agent: 车是什么车", "customer: 宝马五二五"], "zh"),
    "zh, a code of an error": (["agent: 报错代码呢", "customer: f 幺零九"], "zh"),
    "zh, an amount": (["customer: 平时三十多，这个月一百七。"], "zh"),
    "pl, a sum": (["agent: Składka wynosi 1 246 złotych."], "pl"),
    "pl, a code": (["agent: kod recepty i pesel proszę", "customer: kod siedem trzy dwa dziewięć"], "pl"),
    "en, a shop's street": (["customer: can it go to the boots pharmacy on mill street"], "en"),
    "sv, who is on television": (["customer: Har ni lampan som Ernst Kirchsteiger hade i tv?"], "sv"),
    "sv, a firm in its greeting": (["agent: Tandläkare Norberg."], "sv"),
}  # fmt: skip


def hidden(lines: list[str], language: str) -> list[tuple[str, set[int]]]:
    talk = conversation("\n".join(lines), language=language)
    places: list[set[int]] = [set() for _ in talk.utterances]
    for one in find_personal(talk.utterances):
        places[one.utterance] |= set(range(one.start, one.end))
    return [(utterance.text, found) for utterance, found in zip(talk.utterances, places, strict=True)]


@pytest.mark.parametrize(("lines", "language", "several"), HIDDEN.values(), ids=HIDDEN)
def test_what_is_said_otherwise_is_hidden(lines: list[str], language: str, several: list[str]) -> None:
    found = hidden(lines, language)
    at = 0
    for wanted in several:
        at = next((place for place in range(at, len(found)) if wanted in found[place][0]), len(found))
        assert at < len(found), wanted
        text, places = found[at]
        start = text.index(wanted)
        left = "".join(
            char for place, char in enumerate(text) if start <= place < start + len(wanted) and char.isalnum() and place not in places
        )
        assert left == "", (text, wanted)
        if several.count(wanted) > 1:
            at += 1


@pytest.mark.parametrize(("lines", "language"), STAYS.values(), ids=STAYS)
def test_what_is_nobodys_stays(lines: list[str], language: str) -> None:
    assert [[text[place] for place in sorted(places)] for text, places in hidden(lines, language)] == [[] for _ in lines]
