"""Phrases from a spreadsheet (XLSX or CSV) into a list file: trainers keep forbidden phrases in tables.

Two layouts are read: a column for each language, headed by its code or name, or columns `phrase` and `language`. Either may have a column `kind` (phrases,
whole_turn, take_back, like, unlike). What the list holds already is kept; what stands twice is left out and counted.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa_pipeline.errors import Fault, InputRefused
from qa_pipeline.languages.desk_tables import DeskWords
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.phrases.search import compile_phrase
from qa_pipeline.rubric.load import load_list
from qa_pipeline.trainer.additions import with_words
from qa_pipeline.whole_file import write_whole

KINDS = ("phrases", "whole_turn", "take_back", "like", "unlike")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of the rows."""

    path: Path
    added: int
    there_already: int


@dataclass(frozen=True, slots=True)
class _Row:
    language: str
    kind: str
    text: str


def import_phrases(source: Path, target: Path, *, sheet: str | None, language: str | None, kind: str, list_id: str) -> Imported:
    """Add a table's phrases to a list file, which is made when it is not there. Raises InputRefused with every bad row; then nothing is written."""
    table = _xlsx_rows(source, sheet) if source.suffix.lower() in (".xlsx", ".xlsm") else _csv_rows(source)
    faults: list[Fault] = []
    rows = list(_phrases(table, source, language, kind, faults))
    if not rows and not faults:
        faults.append(
            Fault(
                path=str(source),
                line=1,
                message="no phrases",
                advice=f"give a header row: phrase and language, or {', '.join(language_codes())}",
            )
        )
    if faults:
        raise InputRefused(f"{source.name} cannot be taken over.", faults=faults)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", list_id):
        raise InputRefused(f"{target.name} cannot be a list's name.", advice="Use lower-case letters, digits and _, a letter first.")
    added = _write(target, rows, list_id)
    return Imported(path=target, added=added, there_already=len(rows) - added)


def _columns() -> dict[str, tuple[str, ...]]:
    """Headers of the columns of a table, as all languages have them."""
    desks = [table(code, DeskWords) for code in language_codes()]
    return {
        "language": tuple(word for desk in desks for word in desk.language_columns),
        "phrase": tuple(word for desk in desks for word in desk.phrase_columns),
        "kind": tuple(word for desk in desks for word in desk.kind_columns),
    }


def _language_names() -> dict[str, str]:
    """Code of each language by the code and the names that tables give it."""
    return {name: code for code in language_codes() for name in (code, *table(code, DeskWords).called)}


def _xlsx_rows(source: Path, sheet: str | None) -> list[list[str]]:
    from zipfile import BadZipFile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(source, read_only=True, data_only=True)
    except (OSError, BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise InputRefused(f"{source} is no Excel workbook.", advice="Save it as .xlsx, or as CSV in UTF-8.") from error
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise InputRefused(f"{source.name} has no sheet {sheet!r}.", advice=f"There are: {', '.join(book.sheetnames)}.")
        page = book[sheet] if sheet else book.worksheets[0]
        return [["" if cell is None else str(cell).strip() for cell in row] for row in page.iter_rows(values_only=True)]
    finally:
        book.close()


def _csv_rows(source: Path) -> list[list[str]]:
    """Rows of a CSV file; separated by commas, or by semicolons or tabs as spreadsheets in many countries write them."""
    try:
        text = source.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputRefused(f"{source} is not UTF-8 text.", advice="Save it as CSV in UTF-8, or as .xlsx.") from error
    except OSError as error:
        raise InputRefused(f"{source} cannot be read: {error.strerror}.", advice="Check the path.") from error
    header = text.split("\n", 1)[0]
    separator = max(",;\t", key=header.count)
    try:
        return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)]
    except csv.Error as error:
        raise InputRefused(f"{source} is not CSV: {error}.", advice="Save it as CSV in UTF-8, or as .xlsx.") from error


def _phrases(table: list[list[str]], source: Path, language: str | None, kind: str, faults: list[Fault]) -> Iterator[_Row]:
    """Rows of the table as phrases; what cannot be one is a fault with its row and column."""
    if not table:
        return
    header = [cell.casefold() for cell in table[0]]
    places = {name: next((i for i, cell in enumerate(header) if cell in words), None) for name, words in _columns().items()}
    codes, called = language_codes(), _language_names()
    by_language = {i: called[cell] for i, cell in enumerate(header) if cell in called}

    def fault(row: int, column: int, message: str, advice: str) -> None:
        faults.append(Fault(path=str(source), line=row, column=column + 1, message=message, advice=advice))

    if places["phrase"] is None and not by_language:
        fault(
            1,
            0,
            f"no column of phrases among {', '.join(table[0]) or 'nothing'}",
            f"name one `phrase`, or one for each language: {', '.join(language_codes())}",
        )
        return
    for number, row in enumerate(table[1:], 2):
        own_kind = _cell(row, places["kind"]).casefold() or kind
        if own_kind not in KINDS:
            fault(number, places["kind"] or 0, f"no kind is called {own_kind!r}", f"there are: {', '.join(KINDS)}")
            continue
        for column, text in _texts(row, places["phrase"], by_language):
            named = _cell(row, places["language"])
            spoken = by_language.get(column) or (called.get(named.casefold()) if named else language)
            if spoken is None and named:
                fault(number, places["language"] or 0, f"no language is called {named!r}", f"write {', '.join(codes[:-1])} or {codes[-1]}")
                continue
            if spoken is None:
                fault(number, column, f"no language for {text!r}", "fill the column `language`, or give --language")
                continue
            if own_kind not in ("like", "unlike"):
                try:
                    compile_phrase(text, spoken)
                except InputRefused as error:
                    fault(number, column, error.message, error.advice)
                    continue
            yield _Row(spoken, own_kind, text)


def _texts(row: list[str], phrase: int | None, by_language: dict[int, str]) -> Iterator[tuple[int, str]]:
    columns = [phrase] if phrase is not None else list(by_language)
    for column in columns:
        if text := _cell(row, column):
            yield column, text


def _cell(row: list[str], column: int | None) -> str:
    return row[column] if column is not None and column < len(row) else ""


def _write(target: Path, rows: Sequence[_Row], list_id: str) -> int:
    """Add rows to the list file and leave all else as it stands, comments too. Returns how many were not there."""
    before = ""
    if target.is_file():
        load_list(target)
        before = target.read_text("utf-8-sig")
    text, added = with_words(before, [(row.language, row.kind, row.text) for row in rows], list_id=list_id)
    if added or not before:
        write_whole(target, text)
    return added
