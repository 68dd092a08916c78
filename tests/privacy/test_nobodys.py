"""What everyday calls hold that is like a name and nobody's stays; where a name stands beside it, the name alone is hidden."""

from __future__ import annotations

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.privacy.find import find_personal
from qa_pipeline.privacy.names import own_places

NOTHING = {
    "en": [
        ["agent: Swim lessons for under fives are on Saturday at nine."],
        ["agent: The doctor hasn't sent the script across yet."],
        ["agent: The first month is fourteen ninety nine if you're under sixty five."],
    ],
    "pl": [
        ["agent: Na ten mecz wejściówki są imienne."],
        ["agent: Jako login wpisuje się pierwszą literę imienia."],
        ["agent: Kurs firmowy rozliczy się voucherem z numerem 2207."],
        ["agent: Dzwonię w imieniu naszego działu obsługi."],
        ["agent: Jak tam ten miód, co pani brała na imieniny?"],
    ],
    "sv": [["agent: Trevlig flygning heter tidningen i stolsfickan."]],
    "zh": [
        ["agent: 国际航班要提前三小时到,T2航站楼。"],
        ["agent: 退票在开演前四十八小时,扣票面的百分之二十。"],
        ["customer: 高压侧还是低压侧?"],
        ["agent: 您好,天元律师事务所秘书台,请讲。"],
        ["agent: 对维修项目和费用的解释呢?"],
    ],
}
AGENTS = [
    ("en", "Dean Pollitt", ["agent: Good morning, it's Dean Pollitt from the garage.", "customer: Morning, Dean, yes, go on."]),
    ("pl", "Agnieszka Rybak", ["agent: Przychodnia, Agnieszka.", "customer: dzień dobry pani agnieszko, chciałam zapytać o godziny."]),
    ("sv", "Yusuf", ["agent: Apoteket Kryan, Yusuf.", "customer: Hej Yusuf, jag undrar om min medicin har kommit."]),
]
CASES = [(language, lines) for language, several in NOTHING.items() for lines in several]


def hidden(lines: list[str], language: str, *, agent: str | None = None, company: str | None = None) -> list[str]:
    talk = conversation("\n".join(lines), language=language)
    found = find_personal(talk.utterances, agent_name=agent, company=company)
    return [talk.utterances[one.utterance].text[one.start : one.end] for one in found]


@pytest.mark.parametrize(("language", "lines"), CASES, ids=[f"{language}{at}" for at, (language, _) in enumerate(CASES)])
def test_what_is_like_a_name_and_nobodys_stays(language: str, lines: list[str]) -> None:
    assert hidden(lines, language) == []


@pytest.mark.parametrize(("language", "agent", "lines"), AGENTS, ids=[language for language, *_ in AGENTS])
def test_an_agent_whom_a_customer_speaks_to_by_their_name_is_not_hidden(language: str, agent: str, lines: list[str]) -> None:
    assert hidden(lines, language, agent=agent) == []


def test_a_customer_who_is_called_as_the_agent_is_hidden() -> None:
    lines = ["agent: Good morning, this is Dean, who am I speaking to?", "customer: My name is Dean too, Dean Okafor."]
    assert "Dean Okafor" in hidden(lines, "en", agent="Dean")


def test_a_name_ends_with_its_sentence() -> None:
    lines = ["customer: Hello?", "agent: Hi, is that Mr Bhatt? Fern here from Orchard Direct."]
    assert hidden(lines, "en", agent="Fern") == ["Bhatt"]


def test_a_name_with_a_title_is_hidden_where_a_surname_alone_would_be_a_word() -> None:
    lines = ["agent: 您好,我是金驰车贷的客服专员小仇,请问是白女士吗?", "customer: 对,是我。"]
    assert hidden(lines, "zh", agent="小仇") == ["白女士"]


@pytest.mark.parametrize("surname", ["乔", "毕", "萧", "易"])
def test_surnames_that_are_words_too_are_hidden_with_a_title(surname: str) -> None:
    assert any(surname in one for one in hidden(["customer: 好了没有", f"agent: 查到了{surname}先生,明天送货。"], "zh"))


def test_what_an_agent_concludes_is_not_their_own_name() -> None:
    said = conversation("agent: Så det är Forsman?", "agent: Det är Tindra på kundtjänst.", language="sv").utterances
    assert [utterance.text[start:end] for utterance in said for start, end in own_places(utterance)][:1] == ["Tindra"]


def test_a_customers_firm_that_is_called_as_its_family_is_hidden_and_the_agents_stays() -> None:
    assert any(
        "Barker" in one
        for one in hidden(["customer: Hello, Barker and Daughters Bakery, Ruth speaking.", "agent: Hi, it's the garage."], "en")
    )
    assert hidden(["agent: Barker and Sons, how can I help?", "customer: Hi, what are your hours?"], "en") == []


def test_thanks_are_no_part_of_a_name() -> None:
    assert hidden(["agent: 好的,谢谢齐先生,再见。"], "zh") == ["齐先生"]


def test_of_a_customer_who_is_called_as_the_company_the_name_is_hidden() -> None:
    lines = ["agent: Kestrel, how can I help?", "customer: My name is Kestrel, would you believe."]
    assert hidden(lines, "en", company="Kestrel") == ["Kestrel", "Kestrel"]
    assert hidden(["agent: Kestrel, how can I help?", "customer: I ordered from Kestrel in May."], "en", company="Kestrel") == []
