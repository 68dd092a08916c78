"""What is personal is found however it is told, and what only looks so is left."""

from __future__ import annotations

import pytest

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.written import conversation
from qa_pipeline.privacy.find import find_by_rules, find_personal
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.names import with_title


def told(talk: Conversation, **known: object) -> list[tuple[str, str]]:
    """Kind and words of each place, in order."""
    return [
        (one.kind.value, talk.utterances[one.utterance].text[one.start : one.end])
        for one in find_personal(talk.utterances, **known)  # type: ignore[arg-type]
    ]


CASES = [
    ("en", ["agent: And a phone number?", "customer: oh seven seven double oh nine hundred one two three"],
     [("phone", "oh seven seven double oh nine hundred one two three")]),
    ("en", ["customer: My card is four nine two nine, one two three four, five six seven eight, nine oh one two."],
     [("card", "four nine two nine, one two three four, five six seven eight, nine oh one two")]),
    ("en", ["agent: Your date of birth?", "customer: The fourteenth of May nineteen eighty two."],
     [("birth_date", "The fourteenth of May nineteen eighty two")]),
    ("en", ["customer: My email is martin dot fisk at gmail dot com."], [("email", "martin dot fisk at gmail dot com")]),
    ("en", ["customer: I live at 14 Elm Grove, Leeds."], [("address", "14 Elm Grove, Leeds")]),
    ("zh", ["customer: 我的手机是一三八，零零幺三，八零零零。"], [("phone", "一三八，零零幺三，八零零零")]),
    ("zh", ["customer: 身份证是一一零一零一一九九零零三零七七四七五。"], [("national_id", "一一零一零一一九九零零三零七七四七五")]),
    ("zh", ["customer: 车牌京A一二三四五，八五年三月十二号出生的。"], [("plate", "京A一二三四五"), ("birth_date", "八五年三月十二号")]),
    ("zh", ["customer: 邮箱是wangjg八八艾特qq点com"], [("email", "wangjg八八艾特qq点com")]),
    ("pl", ["customer: PESEL osiemdziesiąt dwa zero pięć czternaście zero jeden dwa trzy cztery."],
     [("national_id", "osiemdziesiąt dwa zero pięć czternaście zero jeden dwa trzy cztery")]),
    ("pl", ["customer: Mail to marek kropka kowalczyk małpa wp kropka pl"], [("email", "marek kropka kowalczyk małpa wp kropka pl")]),
    ("sv", ["customer: Mitt registreringsnummer är ABC 12D."], [("plate", "ABC 12D")]),
    ("sv", ["customer: Telefon noll sju noll, ett två tre, fyrtiofem sextiosju"], [("phone", "noll sju noll, ett två tre, fyrtiofem sextiosju")]),
]  # fmt: skip


@pytest.mark.parametrize(("language", "lines", "wanted"), CASES)
def test_each_kind_is_found(language: str, lines: list[str], wanted: list[tuple[str, str]]) -> None:
    assert told(conversation(*lines, language=language)) == wanted


ORDINARY = [
    ("en", "customer: The order number is 20240511883 and I paid three hundred and fifty pounds on the third of June."),
    ("en", "agent: We are open from nine to five, and our hotline is 0800 123 4567."),
    ("en", "customer: She rolled her eyes at me."),
    ("zh", "customer: 订单号是20240511883，贷款总共十二万五千块。"),
    ("zh", "agent: 您每个月十五号还款三千二百块就可以了。"),
    ("zh", "agent: 您方便吗？高兴为您服务。"),
    ("pl", "customer: Zapłaciłem trzysta złotych, numer zamówienia 20240511883."),
    ("sv", "customer: Ordernumret är 20240511883, det kostade trehundra kronor."),
]


@pytest.mark.parametrize(("language", "line"), ORDINARY)
def test_what_only_looks_personal_is_left(language: str, line: str) -> None:
    assert told(conversation(line, language=language)) == []


def test_a_number_goes_on_over_turns_that_only_listen_and_is_known_when_read_back() -> None:
    talk = conversation(
        "agent: And your mobile?", "customer: four one one", "agent: mm", "customer: one two", "agent: yes", "customer: three four five",
        "agent: Ends in three four five, thanks.", language="en",
    )  # fmt: skip
    found = find_personal(talk.utterances)
    assert [(one.utterance, one.kind, one.value) for one in found] == [
        (1, Personal.PHONE, "41112345"), (3, Personal.PHONE, "41112345"), (5, Personal.PHONE, "41112345"), (6, Personal.PHONE, "345"),
    ]  # fmt: skip


def test_a_correction_on_the_way_does_not_end_a_number() -> None:
    talk = conversation("customer: my phone is 0770 no sorry 0771 900 123", language="en")
    assert told(talk) == [("phone", "0770 no sorry 0771 900 123")]


def test_digits_heard_as_other_words_are_of_the_number() -> None:
    talk = conversation("customer: my mobile is seven to for nine eight to one", language="en")
    assert told(talk) == [("phone", "seven to for nine eight to one")]


def test_a_customers_name_is_known_wherever_it_is_said_and_the_agents_stays() -> None:
    talk = conversation(
        "agent: Good morning, this is Laura from Brightway. Who is calling?", "customer: Martin Fisk.", "agent: Thank you, Mr Fisk. Martin, one moment.",
        language="en",
    )  # fmt: skip
    assert told(talk) == [("name", "Martin Fisk"), ("name", "Fisk"), ("name", "Martin")]


def test_names_of_the_metadata_are_looked_for() -> None:
    talk = conversation("agent: 那就这样，建国您忙。", language="zh")
    assert told(talk, known=["王建国"]) == [("name", "建国")]


def test_an_id_of_an_unknown_county_is_hidden_and_stops_nothing() -> None:
    talk = conversation("customer: 身份证是110001199003077744", language="zh")
    assert [kind for kind, _ in told(talk)] == ["national_id"]


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "agent: call us on 0800 496 0123"),
        ("zh", "agent: 白露为您服务请讲"),
        ("zh", "agent: 行您报我小赵就行"),
        ("zh", "agent: 好的报的是周六上午的美术班"),
    ],
)
def test_lines_of_firms_the_agents_name_and_days_stay(language: str, line: str) -> None:
    assert told(conversation(line, language=language)) == []


def test_how_each_character_of_a_name_is_written_is_hidden_with_it() -> None:
    talk = conversation("agent: 您的名字", "customer: 我叫顾念慈顾客的顾思念的念慈祥的慈", language="zh")
    assert told(talk) == [("name", "顾念慈顾客的顾思念的念慈祥的慈")]


def test_what_is_said_between_the_pieces_of_a_number_read_back_stays() -> None:
    talk = conversation(
        "agent: 卡号多少", "customer: 六二二八四八零四零二五六四八九零零一八", "agent: 六二二八四八零四", "customer: 对", "agent: 零二五六四八九零零一八",
        language="zh",
    )  # fmt: skip
    assert all(talk.utterances[one.utterance].text != "对" for one in find_personal(talk.utterances))


BY_RULES = [
    ("en", ["agent: and the three on the back", "customer: nine oh one no hang on nine oh seven"], "card", "nine oh one no hang on nine oh seven"),
    ("en", ["agent: and the security digits", "customer: four two six"], "card", "four two six"),
    ("en", ["agent: what's the licence number on it", "customer: j k sixty one seventeen oh four b"], "national_id", "j k sixty one seventeen oh four b"),
    ("en", ["customer: the eircode is d oh two x two eight five"], "address", "d oh two x two eight five"),
    ("en", ["agent: and your email", "customer: meg on the boat at proton dot me"], "email", "meg on the boat at proton dot me"),
    ("pl", ["agent: i trzy cyfry z tyłu", "customer: cztery dwa sześć"], "card", "cztery dwa sześć"),
    ("sv", ["agent: och siffrorna på baksidan", "customer: fyra två sex"], "card", "fyra två sex"),
    ("sv", ["agent: din mejl", "customer: mamma till love at gmail com"], "email", "mamma till love at gmail com"),
    ("zh", ["agent: 身份证后六位", "customer: 三一九九四叉"], "national_id", "三一九九四叉"),
    ("zh", ["agent: 背面三位", "customer: 四二六"], "card", "四二六"),
    ("zh", ["agent: 邮箱", "customer: lanlan中横线三艾特live点cn"], "email", "lanlan中横线三艾特live点cn"),
    ("zh", ["agent: 邮箱", "customer: caiwu下划线骆艾特hengda点cn"], "email", "caiwu下划线骆艾特hengda点cn"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "lines", "kind", "wanted"), BY_RULES)
def test_rules_know_by_what_was_asked(language: str, lines: list[str], kind: str, wanted: str) -> None:
    talk = conversation(*lines, language=language)
    found = find_by_rules(talk.utterances)
    assert [(one.kind.value, talk.utterances[one.utterance].text[one.start : one.end]) for one in found] == [(kind, wanted)]


def test_a_check_sign_in_words_is_read_back_with_its_digits() -> None:
    talk = conversation("agent: 身份证后六位", "customer: 二一九九四叉", "agent: 二一九九四x好的", language="zh")
    assert [(one.utterance, one.start, one.end) for one in find_by_rules(talk.utterances)] == [(1, 0, 6), (2, 0, 6)]


def test_an_address_that_was_not_asked_for_begins_behind_the_words_before_it() -> None:
    talk = conversation("customer: send that to ray dot fell at gmail dot com", language="en")
    assert [(one.start, one.end) for one in find_by_rules(talk.utterances)] == [(13, 42)]


AGAIN = [
    ("sv", ["agent: när är hon född", "customer: den andra juni tjugohundraåtta", "agent: och andra juni får hon alltså stå själv"], "andra juni"),
    ("zh", ["customer: 身份证三一零一零四一九八五零六一二四七七三", "agent: 好那您是六月十二号对吧"], "六月十二号"),
    ("pl", ["customer: pesel osiem pięć zero sześć jeden dwa zero zero zero jeden siedem", "agent: dwunastego czerwca no tak"], "dwunastego czerwca"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "lines", "wanted"), AGAIN, ids=["months", "resident-id", "pesel"])
def test_a_date_that_was_told_is_known_again(language: str, lines: list[str], wanted: str) -> None:
    talk = conversation(*lines, language=language)
    again = [one for one in find_by_rules(talk.utterances) if one.utterance == len(lines) - 1]
    assert [(one.kind, talk.utterances[one.utterance].text[one.start : one.end]) for one in again] == [(Personal.BIRTH_DATE, wanted)]


@pytest.mark.parametrize(
    ("role", "text", "name", "wanted"),
    [
        ("customer", "and it's mrs rosa whitlock", "rosa whitlock", "mrs rosa whitlock"),
        ("customer", "Dr. Rosa Whitlock", "Rosa Whitlock", "Dr. Rosa Whitlock"),
        ("customer", "it's mrs whitlock", "whitlock", "whitlock"),
        ("agent", "is that mrs rosa whitlock", "rosa whitlock", "rosa whitlock"),
        ("customer", "it's rosa whitlock", "rosa whitlock", "rosa whitlock"),
    ],
)
def test_a_title_that_a_customer_tells_with_a_whole_name_is_hidden_with_it(role: str, text: str, name: str, wanted: str) -> None:
    utterance = conversation(f"{role}: {text}", language="en").utterances[0]
    start = text.index(name)
    one = with_title(Found(kind=Personal.NAME, utterance=0, start=start, end=start + len(name), value=name), utterance)
    assert text[one.start : one.end] == wanted


@pytest.mark.parametrize(
    "said", ["kilo romeo six one x-ray oscar delta", "kilo romeo six one oscar delta x ray", "echo seven four x-ray uniform x-ray"]
)
def test_a_plate_is_told_with_a_letter_of_two_words(said: str) -> None:
    talk = conversation("agent: and the van", f"customer: {said}", language="en")
    assert [one.value for one in find_by_rules(talk.utterances)] in (["KR61XOD"], ["KR61ODX"], ["E74XUX"])
    assert [(one.start, one.end) for one in find_by_rules(talk.utterances)] == [(0, len(said))]


@pytest.mark.parametrize(
    ("asked", "said", "wanted"),
    [
        ("and the car", "cw seventeen ndq", [("plate", "cw seventeen ndq")]),
        ("what's the order number", "cw seventeen ndq", []),
        ("and when", "at twelve and", []),
        ("registration please", "bd eleven no bk eleven zzh", [("plate", "bk eleven zzh")]),
    ],
)
def test_a_plate_whose_letters_are_written_together_is_told_alone(asked: str, said: str, wanted: list[tuple[str, str]]) -> None:
    talk = conversation(f"agent: {asked}", f"customer: {said}", language="en")
    assert [(one.kind.value, said[one.start : one.end]) for one in find_by_rules(talk.utterances)] == wanted


def test_letters_that_are_no_word_right_before_a_national_id_are_of_it() -> None:
    talk = conversation("agent: your national insurance number", "customer: it's qw one two three four five six c", language="en")
    assert told(talk) == [("national_id", "qw one two three four five six c")]


NOBODYS = [
    ("en", ["agent: and the expiry date", "customer: oh four twenty seven"]),
    ("en", ["customer: we're stuck on the m sixty one just past bolton"]),
    ("en", ["customer: how do i get to you", "agent: down station road and left at the church"]),
    ("pl", ["agent: data ważności karty", "customer: zero cztery dwadzieścia siedem"]),
    ("pl", ["customer: czy to film krzysztofa zanussiego"]),
    ("sv", ["agent: och när går kortet ut", "customer: noll fyra tjugosju"]),
    ("sv", ["customer: hur hittar jag dit", "agent: rakt fram på kungsgatan och höger vid kyrkan"]),
    ("zh", ["agent: 有效期", "customer: 零四二七"]),
    ("zh", ["customer: 怎么走", "agent: 沿着解放路一直走过桥左拐"]),
]


@pytest.mark.parametrize(("language", "lines"), NOBODYS, ids=[f"{language}{at}" for at, (language, _) in enumerate(NOBODYS)])
def test_a_cards_expiry_a_way_and_whoever_made_a_film_are_nobodys(language: str, lines: list[str]) -> None:
    assert told(conversation(*lines, language=language)) == []
