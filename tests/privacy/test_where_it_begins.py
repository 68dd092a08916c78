"""Where what is personal begins and ends: letters written together, titles, countries of accounts, what only says how many digits are meant."""

from __future__ import annotations

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.privacy.find import find_by_rules, find_personal
from qa_pipeline.privacy.kinds import Personal

STAYS = [
    ("zh", ["agent: 您好这里是童心幼儿园我是卜老师", "customer: 卜老师我想问一下"], "卜老师"),
    ("zh", ["customer: 谢谢", "agent: 好的我是韦经理有事找我"], "韦经理"),
    ("zh", ["agent: 我是韶华您这张卡提额了"], "韶华"),
    ("zh", ["agent: 住哪里我派护工"], None),
    ("zh", ["agent: 我是李高峰工号六零八八"], "李高峰"),
    ("en", ["agent: and the last three", "customer: sorry"], None),
    ("pl", ["agent: dzień dobry ignacy baran fundacja drużyna marzeń"], "Ignacy"),
    ("pl", ["agent: nazwisko odbiorcy"], None),
    ("sv", ["agent: hej tindra på norrbäck fastigheter"], "Tindra"),
]
WHOLE = [
    ("zh", ["agent: 请问您怎么称呼", "customer: 免贵姓查叫查文博"], "查叫查文博"),
    ("zh", ["agent: 好的庾姐"], "庾"),
    ("en", ["agent: can i have your iban", "customer: gb two nine nwbk six oh one six one three three one nine two six eight one nine"], "gb two"),
    ("en", ["agent: registration please", "customer: whisky papa six eight x-ray tango lima", "agent: wp sixty eight xtl"], "wp sixty eight xtl"),
    ("pl", ["agent: rejestracja poproszę", "customer: kr pięć ce dziewięć jeden jeden"], "kr pięć ce dziewięć jeden jeden"),
    ("pl", ["agent: telefon", "customer: plus czterdzieści osiem pięćset jeden sto dwa trzysta cztery"], "plus czterdzieści osiem"),
]  # fmt: skip


def hidden(language: str, lines: list[str], agent: str | None = None) -> list[str]:
    talk = conversation(*lines, language=language)
    found = find_personal(talk.utterances, agent_name=agent)
    return [talk.utterances[one.utterance].text[one.start : one.end] for one in found]


@pytest.mark.parametrize(("language", "lines", "agent"), STAYS, ids=[f"{row[0]}{at}" for at, row in enumerate(STAYS)])
def test_what_is_nobodys_stays(language: str, lines: list[str], agent: str | None) -> None:
    assert hidden(language, lines, agent) == []


@pytest.mark.parametrize(("language", "lines", "wanted"), WHOLE, ids=[f"{row[0]}{at}" for at, row in enumerate(WHOLE)])
def test_what_is_personal_is_hidden_from_its_first_letter_on(language: str, lines: list[str], wanted: str) -> None:
    talk = conversation(*lines, language=language)
    at, start = next((at, one.text.find(wanted)) for at, one in enumerate(talk.utterances) if wanted in one.text)
    found = [one for one in find_personal(talk.utterances) if one.utterance == at]
    covered = {place for one in found for place in range(one.start, one.end)}
    assert {start, start + len(wanted) - 1} <= covered


def test_a_company_of_the_metadata_stays_and_who_is_called_alike_does_not() -> None:
    talk = conversation(
        "agent: Thank you for calling Fisk & Partner, this is Anna.", "customer: This is Martin Fisk of Fisk & Partner.", language="en"
    )
    found = find_personal(talk.utterances, agent_name="Anna", company="Fisk & Partner")
    text = talk.utterances[1].text
    covered = {place for one in found for place in range(one.start, one.end)}
    assert {one.utterance for one in found} == {1}
    assert set(range(8, 19)) <= covered and not covered & set(range(text.index("Fisk &"), len(text)))


def test_a_common_word_within_a_name_is_not_hidden_wherever_it_is_said() -> None:
    talk = conversation("agent: name as on the account", "customer: i moved in on the first", language="en")
    found = find_by_rules(talk.utterances, known=["s t adeyemi the t"])
    assert [one for one in found if one.kind is Personal.NAME] == []
