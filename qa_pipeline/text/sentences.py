"""Where sentences end: in texts, and after a recognised word. Pure, and of any language: a text may change its language without saying so."""

from __future__ import annotations

import re
from functools import cache

from qa_pipeline.languages.conversation_tables import SentenceWords
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.text.normalise import unit_spans


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text. Full stops of numbers and titles end none; what has no letters stays with the sentence before."""
    found: list[str] = []
    for match in _in_texts().finditer(text):
        piece = " ".join(match.group().split())
        if not piece:
            continue
        if found and not unit_spans(piece):
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece)
    return tuple(found)


def ends_sentence(word: str) -> bool:
    """Whether a sentence ends with a recognised word and the marks that it carries."""
    return _in_speech().search(word.strip()) is not None


@cache
def _in_texts() -> re.Pattern[str]:
    words = [table(code, SentenceWords) for code in language_codes()]
    titles = _not_after([word for own in words for word in (*own.never_last, *own.never_last_in_texts)])
    return re.compile(rf".+?(?:[。？！?!…]+[”」』\"')）]*|{titles}(?<!\d)\.+[\"')]*(?=\s)|\n|$)", re.DOTALL)


@cache
def _in_speech() -> re.Pattern[str]:
    titles = _not_after([word for code in language_codes() for word in table(code, SentenceWords).never_last])
    return re.compile(rf"[。？！?!]$|{titles}\.$")


def _not_after(words: list[str]) -> str:
    return "".join(rf"(?<!\b{re.escape(word)})" for word in words)
