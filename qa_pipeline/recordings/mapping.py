"""Headers and values of other systems → columns and values of ours, as a mapping file in YAML says (presets/, or a file of one's own).

In: a name of a preset or the path of a file. Out: a ColumnMap, which turns the cells of a row into ours. What a mapping does not name stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from qa_pipeline.errors import Fault, InputRefused
from qa_pipeline.recordings.times import is_time_format
from qa_pipeline.yaml_text import Document, read_document

_PRESETS = Path(__file__).resolve().parent / "presets"
_KEYS = ("about", "source", "columns", "values", "times")
# An id alone is many systems' header.
_FEWEST_HEADERS = 3
_PART = re.compile(r"\{([^{}]+)\}")
# In `values`: whatever is not listed.
_OTHERS = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """How another system writes metadata. `columns`: ours → its headers, the first that is filled counts; one with {braces} is put together of several.

    Of our names, `unread` are theirs for something else: they are kept as extra. `values`: ours → its value, folded → our value; "" is not known.
    `times`: strptime formats.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    times: tuple[str, ...] = ()

    def applied(self, cells: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Cells by their headers → cells by ours, and those that the map does not read."""
        by_folded = {folded(header): header for header in cells}
        ours: dict[str, str] = {}
        read: set[str] = set()
        for column, sources in self.columns.items():
            for source in sources:
                headers = [by_folded.get(folded(part)) for part in _parts(source)]
                if None in headers:
                    continue
                read.update(header for header in headers if header)
                if not ours.get(column) and all(cells[header] for header in headers if header):
                    ours[column] = _filled(source, {folded(header): cells[header] for header in headers if header})
        rest = {header: value for header, value in cells.items() if header not in read}
        return {column: self.value(column, value) for column, value in ours.items()}, rest

    def value(self, column: str, value: str) -> str:
        """Our value for one of theirs; the value itself where the map does not know it."""
        known = self.values.get(column, {})
        return known.get(folded(value), known.get(_OTHERS, value) if value else value)

    def reads(self, column: str, header: Collection[str]) -> bool:
        """Whether a header has what the map reads a column from."""
        there = {folded(name) for name in header}
        return any(all(folded(part) in there for part in _parts(source)) for source in self.columns.get(column, ()))

    def headers_read(self, header: Collection[str]) -> int:
        """How many headers the map reads anything from."""
        wanted = {folded(part) for sources in self.columns.values() for source in sources for part in _parts(source)}
        return sum(folded(name) in wanted for name in header)

    def sources(self, column: str) -> str:
        """What a column is read from, for people."""
        return " or ".join(f"`{source}`" for source in self.columns.get(column, ()))


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """A header or value without regard to case, spaces and punctuation. What is punctuation alone stays as it is."""
    return "".join(mark for mark in name.casefold() if mark.isalnum()) or name.strip()


def preset_names() -> list[str]:
    """Mappings that are shipped."""
    return sorted(path.stem for path in _PRESETS.glob("*.yaml"))


def load_map(name: str, columns: Collection[str]) -> ColumnMap:
    """A preset by its name, or a mapping file by its path. `columns`: names of ours. Raises InputRefused with every fault."""
    path = Path(name) if name.endswith((".yaml", ".yml")) or "/" in name else _PRESETS / f"{name}.yaml"
    if path.parent == _PRESETS and name not in preset_names():
        raise InputRefused(
            f"No mapping is called {name!r}.",
            advice=f"There are: {', '.join(preset_names())}. A file of your own is given by its path, as ./{name}.yaml.",
        )
    document = read_document(path)
    faults: list[Fault] = []
    found = _read(document, name, columns, faults)
    if faults:
        raise InputRefused(f"{path.name} has {len(faults)} fault{'s' if len(faults) > 1 else ''}.", faults=faults)
    return found


def fitting_presets(header: Sequence[str], columns: Collection[str]) -> list[str]:
    """Presets that would find the recordings' names under a header, for advice; the one that reads most first."""
    maps = [load_map(name, columns) for name in preset_names()]
    fitting = [one for one in maps if one.reads("file", header) and one.headers_read(header) >= _FEWEST_HEADERS]
    return [one.name for one in sorted(fitting, key=lambda one: -sum(one.reads(column, header) for column in one.columns))]


def _read(document: Document, name: str, known: Collection[str], faults: list[Fault]) -> ColumnMap:
    data: dict[str, Any] = document.data if isinstance(document.data, dict) else {}
    if not data:
        faults.append(document.fault((), "no mapping", f"write keys {', '.join(_KEYS)}"))
    for key in data:
        if key not in _KEYS:
            faults.append(document.fault((key,), f"no key is called {key!r}", f"there are: {', '.join(_KEYS)}"))
    columns: dict[str, tuple[str, ...]] = {}
    unread = set()
    for column, sources in _section(document, data, "columns", faults).items():
        if column not in known:
            faults.append(document.fault(("columns", column), f"no column is called {column!r}", f"there are: {', '.join(sorted(known))}"))
        elif sources is None:
            unread.add(column)
        else:
            names = [str(source) for source in sources] if isinstance(sources, list) else [str(sources)]
            if not all(_parts(source) for source in names):
                faults.append(
                    document.fault(("columns", column), f"{sources!r} names no header", 'write the header, or "{HEADER} {HEADER}"')
                )
            columns[column] = tuple(names)
    values: dict[str, dict[str, str]] = {}
    for column, pairs in _section(document, data, "values", faults).items():
        if column not in known:
            faults.append(document.fault(("values", column), f"no column is called {column!r}", f"there are: {', '.join(sorted(known))}"))
        elif not isinstance(pairs, dict):
            faults.append(document.fault(("values", column), "no list of values", "write THEIRS: ours, one a line"))
        else:
            values[column] = {folded(str(theirs)): "" if ours is None else str(ours) for theirs, ours in pairs.items()}
    times = data.get("times", [])
    if not isinstance(times, list) or not all(isinstance(form, str) and "%" in form for form in times):
        faults.append(document.fault(("times",), "no list of formats", 'write times: ["%d/%m/%Y %H:%M"]'))
        times = []
    for number, form in enumerate(times):
        if not is_time_format(form):
            faults.append(
                document.fault(("times", number), f"{form!r} is no way to write a time", 'write each part once: "%d/%m/%Y %H:%M"')
            )
    return ColumnMap(name=name, columns=columns, unread=frozenset(unread), values=values, times=tuple(times))


def _section(document: Document, data: Mapping[str, Any], key: str, faults: list[Fault]) -> dict[str, Any]:
    section = data.get(key) or {}
    if not isinstance(section, dict):
        faults.append(document.fault((key,), f"{key} is no mapping", "write COLUMN: …, one a line"))
        return {}
    return section


def _parts(source: str) -> list[str]:
    """Headers that a source names."""
    return _PART.findall(source) if "{" in source else [source] if source.strip() else []


def _filled(source: str, cells: Mapping[str, str]) -> str:
    return _PART.sub(lambda part: cells[folded(part[1])], source) if "{" in source else cells[folded(source)]
