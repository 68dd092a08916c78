"""What the slots of the phrase grammar stand for in each language: wordings that are phrases themselves, and tokens of names."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from qa_pipeline.languages.load import table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.languages.phrase_tables import PhraseWords
from qa_pipeline.languages.writing_tables import FirstNames
from qa_pipeline.text.norm_cache import cached_norm


def _surnames(language: str) -> tuple[str, ...]:
    names = table(language, Names)
    return tuple(surname for surname in names.surnames if surname not in names.surnames_not_in_slots)


_WORDINGS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "daytime": lambda language: table(language, PhraseWords).slots.daytime,
    "duration": lambda language: table(language, PhraseWords).slots.duration,
    "date": lambda language: table(language, PhraseWords).slots.date,
}
_NAMES: dict[str, Callable[[str], tuple[str, ...]]] = {
    "surname": _surnames,
    "first_name": lambda language: table(language, FirstNames).names,
}
WORDING_SLOTS = tuple(_WORDINGS)
NAME_SLOTS = tuple(_NAMES)


def stands_for(slot: str, language: str) -> tuple[str, ...]:
    """Wordings (phrases) of a slot, or the names it takes; none where the language does not have it."""
    return (_WORDINGS | _NAMES)[slot](language)


@cache
def name_tokens(slot: str, language: str) -> frozenset[str]:
    """The tokens of the names that a slot takes."""
    items = (item for name in stands_for(slot, language) for item in cached_norm(name, language).split())
    return frozenset(item.split("/")[0].lstrip("!") for item in items)
