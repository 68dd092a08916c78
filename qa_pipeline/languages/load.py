"""Languages, each a folder of data: read once, checked with every fault located, hashed.

A language is a folder with `language.yaml` (types: tables.py) and a file for each kind of table beside it. Those shipped lie in this package; further ones
in the folder that the environment variable QA_PIPELINE_LANGUAGE_FOLDER names, so that every process of a run sees them. A file is read when something
first asks for it, because most commands need few of them. Nothing outside this package names a language.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

from pydantic import ValidationError

from qa_pipeline.errors import Fault, InputRefused
from qa_pipeline.languages.tables import HAN, Language, Table
from qa_pipeline.yaml_text import Document, read_document

FOLDER_VARIABLE = "QA_PIPELINE_LANGUAGE_FOLDER"
_SHIPPED = Path(__file__).parent
_HEAD = "language.yaml"
_LIST, _MAPPING = ("a list", "write [a, b]"), ("a mapping", "write {key: value}")
# What is wanted and how it is written, by pydantic's kinds of error.
_WANTED = {
    "string_type": ("text", "put it in quotes"),
    "int_type": ("a whole number", "write it in digits, without quotes"),
    "int_parsing": ("a whole number", "write it in digits"),
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
}
T = TypeVar("T", bound=Table)


@cache
def language_codes() -> tuple[str, ...]:
    """Codes of all languages there are, in the order in which people meet them."""
    return tuple(sorted(_folders(), key=lambda code: (language(code).rank, code)))


def language(code: str) -> Language:
    """What a language is called and how it is written. Raises InputRefused for a code that no folder has."""
    return table(code, Language)


def is_language(code: str | None) -> bool:
    """Whether a folder has this code."""
    return code in _folders()


@cache
def is_han(code: str) -> bool:
    """Whether a unit of the language's script is a Han character. A text of a language that no folder has is read as letters."""
    return is_language(code) and language(code).script == HAN


@cache
def glue(code: str) -> str:
    """What stands between two units written one after the other."""
    return "" if is_han(code) else " "


@cache
def unit(code: str) -> str:
    """What texts of the language are counted in."""
    return "character" if is_han(code) else "word"


@cache
def han_languages() -> tuple[str, ...]:
    """Codes of the languages written in Han characters."""
    return tuple(code for code in language_codes() if is_han(code))


def table(code: str, kind: type[T]) -> T:
    """One table of a language; where it has no such file, or no folder has the code (texts may be of any language), the table that says nothing.

    Raises InputRefused with every fault located.
    """
    return cast(T, _table(code, kind))


@cache
def _table(code: str, kind: type[Table]) -> Table:
    folder = _folders().get(code)
    if folder is None and kind.FILE != _HEAD:
        return kind()
    if folder is None:
        raise InputRefused(f"{code!r} is no language here.", advice=f"Known are {', '.join(sorted(_folders()))}.")
    path = folder / kind.FILE
    if not path.is_file() and kind.FILE != _HEAD:
        return kind()
    document = read_document(path)
    try:
        return kind.model_validate_json(json.dumps(document.data if document.data is not None else {}))
    except ValidationError as error:
        raise InputRefused(f"{path} cannot be used.", faults=[_fault(document, found) for found in error.errors()]) from error


def word_file(code: str) -> Path | None:
    """The language's list of words by frequency, if it has one."""
    return _file_of(code, "words.txt")


def vocabulary_file(code: str) -> Path | None:
    """The words of a language whose script has no blanks, by frequency, if it has such a list."""
    return _file_of(code, "vocabulary.txt")


def _file_of(code: str, name: str) -> Path | None:
    folder = _folders().get(code)
    path = folder / name if folder else None
    return path if path and path.is_file() else None


@cache
def language_digest(code: str, *, without: tuple[str, ...] = ()) -> str:
    """SHA-256 over a language's folder: what was derived with the help of its data changes its name when this does. `without`: files left out."""
    return _digest(path for path in _folders()[code].iterdir() if path.is_file() and path.name not in without)


@cache
def files_digest(code: str, names: tuple[str, ...]) -> str:
    """SHA-256 over some of a language's files, for what depends on no others; a file that the language lacks counts as lacking."""
    paths = (_folders()[code] / name for name in names)
    return _digest(path for path in paths if path.is_file())


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@cache
def _folders() -> dict[str, Path]:
    further = os.environ.get(FOLDER_VARIABLE)
    places = (_SHIPPED, *((Path(further),) if further else ()))
    return {head.parent.name: head.parent for place in places for head in sorted(place.glob(f"*/{_HEAD}"))}


def _fault(document: Document, found: object) -> Fault:
    error = dict(found)  # type: ignore[call-overload]  # pydantic's ErrorDetails is a TypedDict
    where = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return document.fault(tuple(error["loc"]), f"{where}: no key has this name here", "the keys of each file are in docs/languages.md")
    if error["type"] in _WANTED:
        wanted, advice = _WANTED[error["type"]]
        return document.fault(tuple(error["loc"]), f"{where.removesuffix('.[key]')}: wanted {wanted}", advice)
    return document.fault(tuple(error["loc"]), f"{where}: {error['msg'].removeprefix('Value error, ')}")
