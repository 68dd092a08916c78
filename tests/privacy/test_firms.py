"""Firms that agents greet with, and that callers name in passing, are nobody's name and nobody's address."""

from __future__ import annotations

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.privacy.find import find_personal

GREETINGS = {
    "en": [
        ("Hi, this is Laura from Brightway, how can I help?", "Laura"),
        ("Good morning, Kestrel Removals, Tom speaking.", "Tom"),
        ("hello you're through to pennington home care my name's denise", "Denise"),
        ("hiya it's gaz at tollgate tyres", "Gaz"),
        ("harcourt and blythe solicitors good afternoon", None),
        ("This is Priya calling from Ashdown Dental about your check-up.", "Priya"),
        ("marston lettings who's calling please", None),
        ("thanks for calling wexford pet insurance you're speaking with owen", "Owen"),
        ("Hello there, Redwood Learning, Sandra here.", "Sandra"),
        ("riverbend nursery bear with me a second", None),
    ],
    "pl": [
        ("Dzień dobry, tu Marta z Solmedu, w czym mogę pomóc?", "Marta"),
        ("dzień dobry hurtownia borsuk kinga przy telefonie", "Kinga"),
        ("Witam, Tomasz z firmy Kowalstal, słucham.", "Tomasz"),
        ("z tej strony ola z biura podróży wagabunda", "Ola"),
        ("spółdzielnia pod dębami słucham", None),
        ("dzień dobry nazywam się paweł i dzwonię z fundacji nowa nadzieja", "Paweł"),
        ("Lecznica Cztery Łapy, dzień dobry.", None),
        ("paulina z auto centrum rogalski słucham", "Paulina"),
    ],
    "sv": [
        ("Hej, det är Sara från Nordljus, vad kan jag hjälpa till med?", "Sara"),
        ("åkerlunds plåt det är micke", "Micke"),
        ("hej du pratar med jasmin på vintervik bredband", "Jasmin"),
        ("Välkommen till Hjärtats Tandvård, Emma heter jag.", "Emma"),
        ("tina på björkhaga förskola", "Tina"),
        ("fjällräven hyrbil hej", None),
        ("Hej, jag heter Omar och ringer från Granbergs Städ.", "Omar"),
        ("stenhuggeriet i kumla god morgon", None),
    ],
    "zh": [
        ("您好,我是优乐居家政的小胡,请问有什么可以帮您?", "小胡"),
        ("您好这里是博雅口腔请讲", None),
        ("云帆速运客服为您服务", None),
        ("喂你好我是金谷典当的", None),
        ("感谢致电康宁体检中心", None),
        ("我们是德胜门窗的您上次量过尺寸", None),
        ("您好星期八健身请问办卡吗", None),
        ("您去建行新城支行办就行", None),
    ],
}


CASES = [(language, *case) for language, cases in GREETINGS.items() for case in cases]


@pytest.mark.parametrize(("language", "line", "agent"), CASES, ids=[f"{row[0]}{at}" for at, row in enumerate(CASES)])
def test_a_firm_in_a_greeting_is_not_hidden(language: str, line: str, agent: str | None) -> None:
    talk = conversation(f"agent: {line}", "customer: ok", language=language)
    assert [talk.utterances[one.utterance].text[one.start : one.end] for one in find_personal(talk.utterances, agent_name=agent)] == []
