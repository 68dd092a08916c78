"""What a reply says first decides, whatever explains it; and the question's own words said back are a yes."""

from __future__ import annotations

import pytest

from qa_pipeline.call import Role
from qa_pipeline.conversation.written import conversation
from qa_pipeline.scoring.answers import clear_answer
from qa_pipeline.scoring.matching import Search

MOMENT, FACT, CONSENT = ("willing", "unwilling"), ("yes", "no"), ("given", "refused")


def clear(question: str, reply: str, language: str, names: tuple[str, ...]) -> str | None:
    heard = conversation(f"0:00 agent: {question}", f"0:05 customer: {reply}", language=language)
    first = clear_answer(Search(heard, {}, {}), {name: {} for name in names}, heard.by_role(Role.CUSTOMER), heard.by_role(Role.AGENT))
    return None if first is None else first.name


@pytest.mark.parametrize(
    ("language", "names", "question", "reply", "answer"),
    [
        ("en", MOMENT, "Are you free to talk for a moment?", "Yeah, I'm in the garden.", "willing"),
        ("en", MOMENT, "Is now a good time?", "Not really, I'm just parking.", "unwilling"),
        ("sv", MOMENT, "Kan jag lämna ett meddelande?", "Nej tack, det behövs inte, jag mejlar.", "unwilling"),
        ("zh", MOMENT, "您现在方便说两句吗？", "不大方便，我在地铁上，吵得很。", "unwilling"),
        ("zh", MOMENT, "您现在方便说两句吗？", "可以，快点儿，我在排队。", "willing"),
        ("zh", MOMENT, "现在方便说话不", "方便 我刚停好车", "willing"),
        # The question's own verb, said back.
        ("zh", MOMENT, "现在能聊两句吗？", "能，正好我有事找你们。", "willing"),
        ("zh", FACT, "您那边拿到了吗？", "拿到了拿到了", "yes"),
        ("zh", FACT, "联系电话就是这个，不变吧？", "不变。", "yes"),
        ("zh", FACT, "药您吃完了吗？", "没吃完，剩了几片。", "no"),
        ("pl", MOMENT, "Znajdzie pani teraz pięć minut?", "Znajdę, w kolejce stoję.", "willing"),
        ("pl", FACT, "I jak, zalogowało pana?", "no zalogowalo, widzę konto", "yes"),
        # Written without marks: a first word that is part of no sentence.
        ("en", FACT, "was the work done right first time", "yes it all went fine", "yes"),
        ("pl", CONSENT, "Zgadza się pan, tak czy nie?", "Nie zgadzam się, dziękuję.", "refused"),
        ("pl", CONSENT, "zgadza się pan na takie telefony", "nie nie zgadzam się", "refused"),
        ("zh", CONSENT, "您同意吗？", "同意，发吧。", "given"),
    ],
)  # fmt: skip
def test_a_first_clause_that_answers_by_itself_decides(
    language: str, names: tuple[str, ...], question: str, reply: str, answer: str
) -> None:
    assert clear(question, reply, language, names) == answer


@pytest.mark.parametrize(
    ("language", "question", "reply"),
    [
        # Both are said by the question: is it, or is it not?
        ("zh", "您看行不行？", "我看看。"),
        ("zh", "是您本人签的，还是别人代的？", "嗯，这个嘛。"),
        # A but turns from it, and so do words that ask for another time.
        ("en", "Have you got a minute?", "Yes, but I'm driving."),
        ("en", "Have you got a minute?", "Yeah, call me back later."),
        # To a question that names two things, and to one whose yes is unwilling, a word says little.
        ("en", "Are you up to a few words, or are you resting?", "No, I'm up to it."),
        ("sv", "Stör jag, eller har du en liten stund?", "Nä, det är lugnt."),
        ("pl", "Ma pan chwilę?", "Hm, pomyślmy."),
        ("zh", "喝了有没有不舒服？", "没有没有。"),
    ],
)  # fmt: skip
def test_what_is_not_clear_by_itself_is_read_as_a_whole(language: str, question: str, reply: str) -> None:
    names = FACT if "不舒服" in question or "签" in question else MOMENT
    assert clear(question, reply, language, names) is None


def test_an_asker_who_gives_way_took_it_for_a_no() -> None:
    heard = conversation(
        "0:00 agent: Are you free to talk?",
        "0:03 customer: Yeah, I'm at my mum's.",
        "0:06 agent: I'll call you back later then.",
        language="en",
    )
    first = clear_answer(
        Search(heard, {}, {}), {"willing": {}, "unwilling": {}}, heard.by_role(Role.CUSTOMER), list(heard.by_role(Role.AGENT))[:1]
    )
    assert first is None
