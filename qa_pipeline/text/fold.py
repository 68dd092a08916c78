"""Letters as they are compared: case and diacritics taken off."""

from __future__ import annotations

import unicodedata
from functools import cache

from qa_pipeline.languages.load import table
from qa_pipeline.languages.writing_tables import Writing

# Letters that Unicode does not take apart; names carry them into every language.
_WHOLE_LETTERS = {"ł": "l", "ø": "o", "æ": "ae", "ß": "ss", "đ": "d", "’": "'"}


def fold(word: str, language: str = "") -> str:
    """Case and diacritics taken off; a language may fold further letters in a way of its own."""
    decomposed = unicodedata.normalize("NFKD", word.casefold().translate(_letters(language)))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


@cache
def _letters(language: str) -> dict[int, str]:
    return str.maketrans(_WHOLE_LETTERS | table(language, Writing).folds)
