"""Patterns and words as a language's files write them: read, checked and compiled once, when the file is loaded.

A pattern is a regular expression of Python. `{piece}` in it stands for a part that several patterns of the file share: one under `pieces` of the same
file, or one that the file's table gives (named in its docstring). A pattern that is none, or names a piece that is not there, is a fault at its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import PlainValidator, ValidationInfo

# What a language says nothing of matches nowhere.
NEVER = re.compile(r"(?!)")
_PLACE = re.compile(r"\{([a-z_]+)\}")


def with_pieces(pattern: str, pieces: Mapping[str, str]) -> str:
    """A pattern with its placeholders filled. Raises ValueError for one that is unknown."""

    def fill(match: re.Match[str]) -> str:
        if match.group(1) not in pieces:
            raise ValueError(f"{match.group()} stands for nothing here; known are {', '.join(sorted(pieces)) or 'none'}")
        return pieces[match.group(1)]

    return _PLACE.sub(fill, pattern)


def compiled(pattern: object, pieces: Mapping[str, str]) -> re.Pattern[str]:
    """A pattern filled and compiled. Raises ValueError with what is wrong with it."""
    if not isinstance(pattern, str):
        raise ValueError("a pattern is text: put it in single quotes")
    try:
        return re.compile(with_pieces(pattern, pieces))
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from error


def one_of(words: Sequence[str]) -> str:
    """A pattern for any of some words; with none it matches nowhere."""
    return f"(?:{'|'.join(map(re.escape, words))})" if words else NEVER.pattern


def _compile(pattern: object, info: ValidationInfo) -> re.Pattern[str]:
    # Where the pieces themselves are at fault, that is told; what uses them is not blamed too.
    return compiled(pattern, info.data["pieces"]) if "pieces" in info.data else NEVER


def _pieces(found: object) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise ValueError("pieces are names with patterns")
    pieces: dict[str, str] = {}
    for name, text in found.items():
        try:
            pieces[name] = compiled(text, pieces).pattern
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return pieces


def _words(found: object) -> tuple[str, ...]:
    if not isinstance(found, str):
        raise ValueError("words are text with spaces between them")
    return tuple(found.split())


def _compile_any_case(pattern: object) -> re.Pattern[str]:
    return re.compile(compiled(pattern, {}).pattern, re.IGNORECASE)


Pattern = Annotated[re.Pattern[str], PlainValidator(_compile)]
"""A pattern of a table that has `pieces` before it."""
AnyCase = Annotated[re.Pattern[str], PlainValidator(_compile_any_case)]
"""A pattern without pieces, of letters large or small."""
Pieces = Annotated[dict[str, str], PlainValidator(_pieces)]
"""Parts of patterns by name; a piece may use those above it."""
Words = Annotated[tuple[str, ...], PlainValidator(_words)]
"""Words, written with spaces between them."""
