"""Broken words made whole: what a recogniser (or a hasty typist) splits, joins or shortens by a letter is read as the word it was.

Only what is no word itself is touched: a list of words of telephone talk (languages/*/words.txt, made by models/words.py) tells. A language without a list is left as it is.
"""

from __future__ import annotations

from functools import cache

from qa_pipeline.languages.load import table, word_file
from qa_pipeline.languages.writing_tables import FirstNames, Writing
from qa_pipeline.text.fold import fold

# A word must be this frequent for something broken to be taken for it. Chosen, not measured.
_FREQUENT = 3
_SHORTEST_SPLIT = 5
_SHORTEST_RESPELT = 3


@cache
def frequencies(language: str) -> dict[str, int]:
    """Folded words with how often they were counted; empty for languages without a list."""
    path = word_file(language)
    if path is None:
        return {}
    return {word: int(count) for word, count in (line.split(" ") for line in path.read_text("utf-8").splitlines())}


def join(first: str, second: str, language: str) -> bool:
    """Whether two folded words that follow each other are one word broken in two."""
    known = frequencies(language)
    if known.get(first + second, 0) < _FREQUENT:
        return False
    return not (_is_word(first, language) and _is_word(second, language))


def split(word: str, language: str) -> tuple[str, str] | None:
    """The two words that a folded word which is none was joined from."""
    known = frequencies(language)
    if not known or len(word) < _SHORTEST_SPLIT or _is_word(word, language):
        return None
    pairs = [
        (min(known.get(word[:place], 0), known.get(word[place:], 0)), place)
        for place in range(1, len(word))
        if _may_stand(word[:place], language) and _may_stand(word[place:], language)
    ]
    best = max(pairs, default=(0, 0))
    return (word[: best[1]], word[best[1] :]) if best[0] >= _FREQUENT else None


def respell(word: str, language: str) -> str:
    """The word that a folded word which is none lacks a letter of, or has one doubled of; else the word as it is."""
    if len(word) < _SHORTEST_RESPELT or _is_word(word, language):
        return word
    return _shortened(language).get(word) or next(
        (shorter for shorter in _undoubled(word) if frequencies(language).get(shorter, 0) >= _FREQUENT), word
    )


def _is_word(word: str, language: str) -> bool:
    return word in frequencies(language) or word in _names(language) or any(char.isdigit() for char in word)


def _may_stand(part: str, language: str) -> bool:
    return len(part) > 1 or part in table(language, Writing).one_letter_words


def _undoubled(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(len(word) - 1) if word[i] == word[i + 1]]


@cache
def _shortened(language: str) -> dict[str, str]:
    """What is left of each frequent word without one of its letters → the most frequent such word."""
    found: dict[str, str] = {}
    for word, count in frequencies(language).items():
        if count >= _FREQUENT and len(word) > _SHORTEST_RESPELT:
            for place in range(len(word)):
                found.setdefault(word[:place] + word[place + 1 :], word)
    return found


@cache
def _names(language: str) -> frozenset[str]:
    return frozenset(fold(name, language) for name in table(language, FirstNames).names)
