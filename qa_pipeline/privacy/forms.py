"""Forms of words, by the endings that a language's tables list. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def plain_forms(word: str, endings: Iterable[str], *, shortest: int) -> Iterator[str]:
    """What a word may be a form of, ending by ending: by `o>a` kingo is one of kinga. `shortest`: letters that are left of it at least without the ending."""
    for ending in endings:
        stem, _, instead = ending.partition(">")
        if word.endswith(stem) and len(word) - len(stem) >= shortest:
            yield word[: len(word) - len(stem)] + instead
