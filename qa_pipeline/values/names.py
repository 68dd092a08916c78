"""People's names in spoken words: where the words say that one follows (my name is …, 免贵姓…), or are nothing else.

How a language says so is in its names.yaml (languages/name_tables.py).
"""

from __future__ import annotations

from functools import cache

from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.values.value import Value, fold


def find_names(text: str, language: str) -> list[Value]:
    """A person's name, where the words say that it is one or are nothing else; at most one."""
    names = table(language, Names)
    for pattern in names.patterns:
        for match in pattern.finditer(text):
            name = match.group(1)
            if not (names.begins_no_name.match(name) or any(fold(word) in _no_names(language_codes()) for word in name.split())):
                return [Value(value=name, value_type="name", start=match.start(1), end=match.end(1))]
    return []


@cache
def _no_names(languages: tuple[str, ...]) -> frozenset[str]:
    """Words that are no names in any of some languages: people mix them (okay, super, hello)."""
    return frozenset(word for language in languages for word in table(language, Names).no_names)
