"""Names that are spelled, explained, told by whose they are or said again in another form are hidden; what is known to all stays."""

from __future__ import annotations

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.privacy.find import find_personal

HIDDEN = {
    "zh, a sign told by a word": ("zh", ["agent: 您贵姓", "customer: 我叫林静 静是安静的静"], "静是安静的静"),
    "zh, a sign told by its parts": ("zh", ["agent: 您贵姓", "customer: 我叫张慧敏 弓长张"], "弓长张"),
    "zh, a name told by whose it is": ("zh", ["customer: 我给我女儿办卡", "agent: 好的", "customer: 女儿叫古丽米娜"], "古丽米娜"),
    "en, letters with commas": ("en", ["customer: The booking is for Kowalczyk, K, O, W, A, L, C, Z, Y, K."], "K, O, W, A, L, C, Z, Y, K"),
    "en, a word that is spelled": ("en", ["agent: what name is it", "customer: brzozka b r z o z k a"], "brzozka b r z o z k a"),
    "en, a relation": ("en", ["customer: it's about my aunt shireen she wants a refund"], "shireen"),
    "en, a name for short": ("en", ["agent: who do i ask for", "customer: gus short for gustavsson"], "gustavsson"),
    "en, a flat told alone": (
        "en",
        ["agent: what is the address", "customer: It's 14 Harbour Street, Whitby.", "agent: and is flat nine yours too"],
        "flat nine",
    ),
    "pl, letters told by a name": ("pl", ["agent: na jakie nazwisko", "customer: szymczak sz jak stefan"], "sz jak stefan"),
    "pl, another form": ("pl", ["customer: dzwonię w sprawie córki żanety", "agent: dobrze", "customer: proszę zapisać żanetę na piątek"], "żanetę"),
    "sv, letters with a mark": ("sv", ["customer: Jag heter Kamil Wójcik, W, O med accent, J, C, I, K."], "W, O med accent, J, C, I, K"),
    "sv, letters beside": ("sv", ["customer: Jag heter Anna Palmqvist med q v."], "q v"),
    "sv, a relation": ("sv", ["customer: hon hämtas av farmor birgitta klockan tre"], "birgitta"),
}  # fmt: skip
STAYS = {
    "zh, who wrote a book": ("zh", ["customer: 有没有余华的《活着》"]),
    "zh, months without a number": ("zh", ["agent: 出生年月日报一下"]),
    "en, tickets for somebody": ("en", ["customer: Have you got tickets for Meryl Streep on Friday?"]),
    "en, an airport": ("en", ["agent: The flight leaves from John Lennon airport."]),
    "pl, who plays": ("pl", ["customer: Czy są bilety na spektakl z Jerzym Stuhrem?"]),
    "pl, a verb behind a relation": ("pl", ["customer: moja córka podpisywała umowę wczoraj"]),
    "sv, who plays": ("sv", ["customer: Har ni biljetter till Hamlet med Stellan Skarsgård?"]),
    "sv, a version": ("sv", ["agent: du får backa till tolv punkt tre"]),
    "sv, a short form": ("sv", ["customer: Ja, sms:a mig i morgon."]),
}


def hidden(lines: list[str], language: str) -> list[str]:
    talk = conversation("\n".join(lines), language=language)
    return [talk.utterances[one.utterance].text[one.start : one.end] for one in find_personal(talk.utterances)]


@pytest.mark.parametrize(("language", "lines", "name"), HIDDEN.values(), ids=HIDDEN)
def test_what_is_beside_a_name_is_hidden(language: str, lines: list[str], name: str) -> None:
    assert any(name in place for place in hidden(lines, language))


@pytest.mark.parametrize(("language", "lines"), STAYS.values(), ids=STAYS)
def test_what_is_known_to_all_or_no_name_stays(language: str, lines: list[str]) -> None:
    assert hidden(lines, language) == []
