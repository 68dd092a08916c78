"""The language that the program itself speaks, and which of a rubric's titles people are shown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from qa_pipeline.languages.desk_tables import DeskWords
from qa_pipeline.languages.load import language_codes, table


@cache
def interface_language() -> str:
    """Code of the language that pages, messages and reports are written in: the first whose desk.yaml says so, else the first there is."""
    codes = language_codes()
    return next((code for code in codes if table(code, DeskWords).is_interface), codes[0])


def shown(texts: Mapping[str, str], *first: str | None) -> tuple[str, str] | None:
    """One of the texts with its language: in the first of these languages that has it, else the interface's, else the first written; None of none."""
    codes = (*first, interface_language(), *texts)
    return next(((code, texts[code]) for code in codes if code and texts.get(code)), None)
