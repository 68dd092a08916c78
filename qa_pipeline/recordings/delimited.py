"""A file of bytes → text → lines of cells, as spreadsheets, databases and telephone systems write them.

In: bytes and what is known of the header. Out: the header and records with their lines. Decided here and said in remarks: encoding, separator, lines above
the header. A quote that is not closed is located, and the lines behind it are read all the same. Python's csv reads on to the next quote, wherever it is,
and names no place, hence a reader of our own.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from qa_pipeline.errors import InputRefused
from qa_pipeline.recordings.remarks import Remarks

# Marks at the beginning of a file; the longer before the shorter that it begins with.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
# Without a mark: which bytes of four are zero where text is mostly Latin letters.
_ZEROS: dict[tuple[bool, ...], str] = {(False, True, True, True): "utf-32-le", (True, True, True, False): "utf-32-be", (False, True, False, True): "utf-16-le",
          (True, False, True, False): "utf-16-be"}  # fmt: skip
# What old Windows writes where it does not write UTF-8: Chinese, Polish, Western.
_USUAL_ENCODINGS = ("gb18030", "cp1250", "cp1252")
# Enough for the beginning of a header.
_SAMPLE = 64
# Of a text whose encoding is looked for by its characters; how many of them are such as people write. Chosen.
_LONG_SAMPLE, _WRITTEN_SHARE = 65_536, 0.95
# What is no text, by how it begins.
_OTHER_KINDS = (
    (b"PK\x03\x04", "is an Excel workbook or another ZIP", "save the sheet as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0", "is a workbook of an old Excel", "save the sheet as CSV UTF-8"),
    (b"PAR1", "is Parquet", "name it calls.parquet"),
    (b"\x1f\x8b", "is packed with gzip", "unpack it: gzip -d"),
    (b"%PDF", "is a PDF", "export the table as CSV"),
    (b"{\\rtf", "is a document of a word processor", "export the table as CSV"),
)
# What is text and no table, by how it begins without a mark and blanks. Systems write pages under names of spreadsheets, which open them.
_OTHER_TEXTS = (
    (
        ("<!doctype html", "<html", "<head", "<body", "<table", "<meta", "<style"),
        "is a web page",
        "open it in a spreadsheet and save it as CSV UTF-8",
    ),
    (("<?xml", "<workbook"), "is a document in XML", "open it in a spreadsheet and save it as CSV UTF-8"),
    (("{", "["), "is JSON", "name it calls.jsonl, with one object a line"),
)
# Lines that databases print between and behind rows, and the types that Cisco's records have below their header.
_RULE = frozenset("-=+|: ")
_COUNTED = re.compile(r"\(\d+ rows?(?: affected)?\)", re.IGNORECASE)
_TYPE = re.compile(
    r"(?:small|big)?int(?:eger)?|(?:var|n|nvar)?char(?:acter)?(?:\(\d+\))?|text|float|double|numeric|decimal|boolean|bit|date|time|timestamp|datetime|uniqueidentifier",
    re.IGNORECASE,
)
# From the usual to the rare; the name that a person knows it by.
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes (|)", "^": "carets (^)", "~": "tildes (~)", "\x01": "control characters (1)",
               "\x1f": "unit separators", "，": "full-width commas", "；": "full-width semicolons"}  # fmt: skip
# What nobody sees at the ends of a cell: blanks of all widths, and what has no width.
BLANKS = "".join(
    map(
        chr,
        (*range(33), 0x7F, 0x85, 0xA0, 0x1680, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF),
    )
)
_SEP_LINE = re.compile(r'"?sep=(.)"?[,;\t]*', re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\n|\r")
# Reports of some systems have a title and their filters above the header.
_MOST_ABOVE = 20


@dataclass(frozen=True, slots=True)
class Record:
    """Cells of one record, stripped. `line`: where it begins; `inner`: the whole lines that a quoted cell of it runs over."""

    line: int
    cells: list[str]
    inner: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A header and its records. `separator` is the character, `separators` what it is called."""

    header: list[str]
    header_line: int
    separator: str
    records: Iterator[Record]

    @property
    def separators(self) -> str:
        """What the separator is called."""
        return _SEPARATORS.get(self.separator, repr(self.separator))


def decoded(path: str, raw: bytes, encoding: str, remarks: Remarks) -> str | None:
    """The text of a file; None where it is none, with a fault. A mark at its beginning is believed over `encoding`.

    Raises InputRefused when no encoding has that name.
    """
    for beginning, what, advice in _OTHER_KINDS:
        if raw.startswith(beginning):
            remarks.fault(path, None, f"{what}, no text", advice)
            return None
    asked = encoding.lower().removesuffix("-sig")
    known = next((name for mark, name in _MARKS if raw.startswith(mark)), None) or by_zeros(raw) or asked
    try:
        text = raw.decode(known)
    except LookupError as error:
        raise InputRefused(f"No encoding is called {encoding!r}.", advice="Try utf-8, utf-16, gb18030, cp1250 or cp1252.") from error
    except UnicodeDecodeError as error:
        line = len(_LINE_END.findall(raw[: error.start].decode(known, "replace"))) + 1
        remarks.fault(path, line, f"not {known} text", other_encodings(raw, error.start, known))
        return None
    begins = text[:_SAMPLE].lstrip("\ufeff \t\r\n").casefold()
    if path.lower().endswith((".csv", ".tsv")):
        for beginnings, what, advice in _OTHER_TEXTS:
            if begins.startswith(beginnings):
                remarks.fault(path, 1, f"{what}, no table", advice)
                return None
    if known != asked:
        remarks.decide(path, "encoding", f"is read as {known}, as its first bytes say")
    return text.removeprefix("\ufeff")


def by_zeros(raw: bytes) -> str | None:
    """The encoding of text without a mark in which every second byte, or three of four, are zero."""
    sample = raw[:_SAMPLE]
    quarter = len(sample) // 4
    if not quarter:
        return None
    zeros = tuple(sample[place::4].count(0) > quarter / 2 for place in range(4))
    return _ZEROS.get(zeros) or _by_places(raw)


def _by_places(raw: bytes) -> str | None:
    """UTF-16 of a script whose characters have few zeros: in one order of bytes, and not in the other, its characters are those that people write.

    None for what is UTF-8, in which zeros may stand too, and for bytes without any: separators and line ends have one.
    """
    sample = raw[:_LONG_SAMPLE]
    if b"\0" not in sample or len(raw) % 2:
        return None
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        found = [name for name in ("utf-16-le", "utf-16-be") if _share_written(sample.decode(name, "replace")) > _WRITTEN_SHARE]
        return found[0] if len(found) == 1 else None
    return None


def _share_written(text: str) -> float:
    """How much of a text is letters of Latin, Han characters and the marks that stand beside both."""
    known = sum(
        mark in "\r\n\t"
        or " " <= mark < "\u0250"
        or "\u2010" <= mark < "\u2040"
        or "\u3000" <= mark < "\u3040"
        or "\u4e00" <= mark < "\ua000"
        or "\uff00" <= mark < "\ufff0"
        for mark in text
    )
    return known / max(1, len(text))


def other_encodings(raw: bytes, start: int, known: str, *, quotes: bool = True) -> str:
    """What could be done about bytes that are not in an encoding: which others there are, and how each would read the place.

    `quotes`: show it; what callers said is in no message.
    """
    begin, end = start, start
    while begin > 0 and raw[begin - 1] not in b',;\t|"\r\n':
        begin -= 1
    while end < len(raw) and raw[end] not in b',;\t|"\r\n':
        end += 1
    shown = []
    for name in _USUAL_ENCODINGS:
        if name == known:
            continue
        try:
            raw.decode(name)
            shown.append(f"--encoding {name}" + (f" reads “{raw[begin:end][:40].decode(name, 'replace').strip()}”" if quotes else ""))
        except UnicodeDecodeError:
            continue
    return "save it as UTF-8" + (f", or give the encoding that reads it right: {'; '.join(shown)}" if shown else "")


def read_table(path: str, text: str, has_recordings: Callable[[Sequence[str]], bool], remarks: Remarks) -> Table:
    """The header and the records of a text. `has_recordings`: whether a header has the column that names the recordings.

    Such a header is looked for with every separator and below lines that stand above it; where there is none, the first line is the header.
    """
    lines = _LINE_END.split(text)
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    declared = None
    if match := _SEP_LINE.fullmatch(lines[first].strip(" ")):
        declared = match[1]
        first = next((at for at in range(first + 1, len(lines)) if lines[at].strip()), first)
    separators = [declared] if declared else []
    separators += [separator for separator in _SEPARATORS if separator != declared]
    tried = [at for at in range(first, min(first + _MOST_ABOVE, len(lines))) if lines[at].strip()]
    fitting = [(at, separator) for at in tried for separator in separators if has_recordings(_header(lines, at, separator))]
    # The first line that is a header at all; of its separators the one that parts most. The usual ones come first where that is no difference.
    line = fitting[0][0] if fitting else first
    candidates = [separator for at, separator in fitting if at == line] or separators
    separator = max(candidates, key=lambda candidate: len(_header(lines, line, candidate)))
    header = _header(lines, line, separator)
    table = Table(header=header, header_line=line + 1, separator=separator, records=_records(path, lines, line, separator, remarks))
    if declared and declared != separator:
        remarks.warn(path, first, f"sep={declared} stands above a header with {table.separators}, which are read")
    elif separator != "," and len(header) > 1:
        remarks.decide(path, "separator", f"columns are separated by {table.separators}")
    if line > first:
        remarks.decide(path, "above", f"the header is line {line + 1}; what stands above it is left")
    return table


def _header(lines: Sequence[str], at: int, separator: str) -> list[str]:
    try:
        cells, _ = _cells(lines, at, separator)
    except _SlipError:
        return lines[at].split(separator)
    return [cell.strip(BLANKS) for cell in cells]


def is_printed(record: Record) -> bool:
    """Whether a row is none: a rule, a count of rows, or the types of the columns."""
    filled = [cell for cell in record.cells if cell]
    is_counted = len(filled) == 1 and _COUNTED.fullmatch(filled[0]) is not None
    return (
        is_counted
        or all("--" in cell and _RULE.issuperset(cell) for cell in filled)
        or (len(filled) > 1 and all(_TYPE.fullmatch(cell) for cell in filled))
    )


def _records(path: str, lines: Sequence[str], header_at: int, separator: str, remarks: Remarks) -> Iterator[Record]:
    try:
        _, at = _cells(lines, header_at, separator)
    except _SlipError as slip:
        slip.tell(path, remarks)
        at = header_at + 1
    while at < len(lines):
        try:
            cells, after = _cells(lines, at, separator)
        except _SlipError as slip:
            slip.tell(path, remarks)
            at += 1
            continue
        if any(cell.strip(BLANKS) for cell in cells):
            inner = tuple((number + 1, lines[number]) for number in range(at + 1, after))
            yield Record(at + 1, [cell.strip(BLANKS) for cell in cells], inner)
        at = after


class _SlipError(Exception):
    """A quote in the wrong place: opened at a line and column, from 0; `until`: the line where that shows, or None at the end of the file."""

    def __init__(self, line: int, column: int, until: int | None) -> None:
        super().__init__()
        self.line, self.column, self.until = line, column, until

    def tell(self, path: str, remarks: Remarks) -> None:
        place = {"path": path, "line": self.line + 1, "column": self.column + 1}
        if self.until == self.line:
            remarks.fault(**place, message="text behind a closing quote", advice='double each quote that belongs to the text: ""')  # type: ignore[arg-type]
            return
        seen = "the end of the file" if self.until is None else f"line {self.until + 1}"
        remarks.fault(  # type: ignore[misc]
            **place,  # type: ignore[arg-type]
            message=f"a quote is opened here and not closed before {seen}",
            advice='take the quote out, or close it behind the cell; double each quote that belongs to the text: ""',
        )


def _cells(lines: Sequence[str], at: int, separator: str) -> tuple[list[str], int]:
    """Cells of the record that begins at a line, and the line behind it. Raises _SlipError."""
    line = lines[at]
    if '"' not in line:
        return line.split(separator), at + 1
    cells: list[str] = []
    place = 0
    while True:
        start = place
        while line[start : start + 1] == " ":
            start += 1
        if line[start : start + 1] == '"':
            cell, at, place = _quoted(lines, at, start, separator)
            line = lines[at]
        else:
            end = line.find(separator, place)
            end = len(line) if end < 0 else end
            cell, place = line[place:end], end
        cells.append(cell)
        if place >= len(line):
            return cells, at + 1
        place += len(separator)


def _quoted(lines: Sequence[str], at: int, start: int, separator: str) -> tuple[str, int, int]:
    """A quoted cell that begins at a place of a line; the line and the place behind it."""
    opened, place, parts = at, start + 1, []
    while True:
        line = lines[at]
        quote = line.find('"', place)
        if quote < 0:
            parts += [line[place:], "\n"]
            at, place = at + 1, 0
            if at >= len(lines):
                raise _SlipError(opened, start, None)
        elif line[quote + 1 : quote + 2] == '"':
            parts.append(line[place : quote + 1])
            place = quote + 2
        else:
            parts.append(line[place:quote])
            break
    behind = quote + 1
    while line[behind : behind + 1] == " ":
        behind += 1
    if behind < len(line) and line[behind] != separator:
        raise _SlipError(opened, start, at)
    return "".join(parts), at, behind
