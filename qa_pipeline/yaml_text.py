"""YAML files that people write → plain data with the place of every node, and every slip of the keyboard located.

Parsed by libyaml (through PyYAML's C composer), which is fast enough to read a rubric and its lists in milliseconds; values are then read as
YAML 1.2 has them, and what YAML 1.1 would have made a boolean, a time or a number by surprise (no, 10:00) is a fault with the cure. Anchors and
aliases may be used, but what they expand to is bounded. Why not ruamel: docs/decisions/yaml.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from qa_pipeline.errors import Fault, RubricError

_LARGEST_FILE = 2_000_000
# A rubric with every key used has some thousands; aliases of aliases grow without bound.
_MOST_NODES = 200_000
_DEEPEST = 40
_MOST_FAULTS = 50

_INTEGER = re.compile(r"[-+]?[0-9]+")
_REAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_SURPRISES = frozenset(("yes", "no", "on", "off"))
_YES = frozenset(("yes", "on"))
_CLOCK = re.compile(r"[0-9]{1,2}(?::[0-5]?[0-9])+")
_NESTED_DASHES = re.compile(r"[ ]*(?:[-?][ ]+){12}")
# Blanks and not white space: over line ends it would take the square of the time for a file of empty lines. Without one of these no line can have a slip: most files are read no further.
_SUSPECT = re.compile(rf"[\t：“”]|^ {{{4 * _DEEPEST + 1}}}|^[ ]*(?:[-?][ ]+){{12}}", re.MULTILINE)
Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file as plain data (dict, list, str, int, float, bool, None). `places`: path of keys and indexes → line and column, from 1."""

    path: Path
    data: Any
    places: Mapping[tuple[str | int, ...], Place]

    def place(self, location: Sequence[str | int]) -> Place:
        """Where the deepest part of a location that the file has is written."""
        trail = tuple(location)
        while trail and trail not in self.places:
            trail = trail[:-1]
        return self.places.get(trail, (1, 1))

    def fault(self, location: Sequence[str | int], message: str, advice: str = "") -> Fault:
        """A fault at a location."""
        line, column = self.place(location)
        return Fault(path=str(self.path), line=line, column=column, message=message, advice=advice)


def read_document(path: Path) -> Document:
    """Read one YAML file whose top is a mapping or a list. Raises RubricError with every fault found."""
    text = _text(path)
    faults = _slips(text, path)
    if faults:
        raise _refused(path, faults)
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        fault = Fault(
            path=str(path), line=mark.line + 1 if mark else 1, column=mark.column + 1 if mark else None,
            message=f"not YAML: {error.problem or error.context}", advice="check indentation, colons, brackets and quotes here and just above",
        )  # fmt: skip
        raise _refused(path, [fault]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        message = f"not YAML: {getattr(error, 'reason', None) or type(error).__name__}"
        raise _refused(path, [Fault(path=str(path), line=1, message=message, advice="is this a text file?")]) from error
    builder = _Builder(path)
    data = builder.build(node, (), 0) if node is not None else None
    if builder.faults:
        raise _refused(path, builder.faults)
    return Document(path=path, data=data, places=builder.places)


def _refused(path: Path, faults: Sequence[Fault]) -> RubricError:
    count = f"{len(faults)} fault{'s' if len(faults) != 1 else ''}"
    return RubricError(f"{path.name} has {count}.", faults=faults[:_MOST_FAULTS])


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= _LARGEST_FILE else b""
    except OSError as error:
        raise _refused(path, [Fault(path=str(path), message=f"cannot be read: {error.strerror}", advice="check the path")]) from error
    if size > _LARGEST_FILE:
        message = f"has {size:,} bytes; a rubric has at most {_LARGEST_FILE:,}"
        raise _refused(path, [Fault(path=str(path), line=1, message=message, advice="is this the right file?")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        fault = Fault(path=str(path), line=line, column=column, message="not UTF-8 text", advice="save the file as UTF-8")
        raise _refused(path, [fault]) from error


def _slips(text: str, path: Path) -> list[Fault]:
    """Slips of the keyboard that the parser would misread or blame elsewhere."""
    if not _SUSPECT.search(text) and text.count("[") + text.count("{") <= 4 * _DEEPEST:
        return []
    faults = []

    def add(line: int, column: int, message: str, advice: str) -> None:
        faults.append(Fault(path=str(path), line=line, column=column, message=message, advice=advice))

    depth = deepest = 0
    for number, line in enumerate(text.splitlines(), 1):
        body = line.lstrip(" \t")
        indent = line[: len(line) - len(body)]
        if "\t" in indent:
            add(number, line.index("\t") + 1, "a tab in the indentation", "use spaces")
        if body.startswith("#"):
            continue
        if _NESTED_DASHES.match(line) or len(indent) > 4 * _DEEPEST:
            add(number, 1, "nested too deeply", "flatten it")
        depth += line.count("[") + line.count("{") - line.count("]") - line.count("}")
        deepest = max(deepest, depth, line.count("[") - line.count("]"), line.count("{") - line.count("}"))
        head = body.removeprefix("- ").split(":")[0]
        if "：" in head and ": " not in head and not any(mark in head for mark in "\"'[{#"):
            add(number, line.index("：") + 1, "a full-width colon ：", "use : and a space")
        for mark in "“”":
            if body.split(":", 1)[-1].strip().lstrip("[{- ").startswith(mark):
                add(number, line.index(mark) + 1, f"a curly quote {mark}", 'use "')
                break
    if deepest > 4 * _DEEPEST:
        add(1, 1, "brackets nested too deeply", "close brackets, flatten the rest")
    return faults


class _Builder:
    """Nodes → plain data; collects places and faults."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: dict[tuple[str | int, ...], Place] = {}
        self.faults: list[Fault] = []
        self._nodes = 0
        self._open: set[int] = set()

    def build(self, node: yaml.Node, trail: tuple[str | int, ...], depth: int, *, in_list: bool = False) -> Any:
        """The data of one node."""
        self._nodes += 1
        self.places.setdefault(trail, _place(node))
        if self._nodes > _MOST_NODES or id(node) in self._open:
            if not any(fault.message.startswith("aliases") for fault in self.faults):
                self._add(node, "aliases that expand without bound", "write the values out")
            return None
        if depth > _DEEPEST:
            self._add(node, "nested too deeply", "flatten it")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, trail, depth)
            if isinstance(node, yaml.SequenceNode):
                flow = bool(node.flow_style)
                return [self.build(item, (*trail, index), depth + 1, in_list=flow) for index, item in enumerate(node.value)]
            return self._scalar(node, in_list=in_list, is_value=bool(trail) and isinstance(trail[-1], str))
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, trail: tuple[str | int, ...], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._add(
                    key_node,
                    "a list or mapping where a key is wanted",
                    "write a word, a colon and a space; quote phrases that begin with { or [",
                )
                continue
            key = key_node.value
            if not key_node.style and key.lower() in _SURPRISES:
                self._add(key_node, f"{key} is a truth value to some readers of YAML", f'quote it: "{key}"')
            if key in found:
                line = self.places[*trail, key][0]
                self._add(key_node, f"key {key!r} stands twice (first on line {line})", "keep one of the two")
                continue
            self.places[*trail, key] = _place(key_node)
            found[key] = self.build(value_node, (*trail, key), depth + 1)
        return found

    def _scalar(self, node: yaml.ScalarNode, *, in_list: bool, is_value: bool) -> Any:
        text = node.value
        # libyaml gives plain scalars the style '', the Python parser None.
        if node.style:
            return text
        if text.lower() in _SURPRISES:
            quoted = f'quote it: "{text}"'
            # An item of a list is never meant as true or false.
            advice = f"write {'true' if text.lower() in _YES else 'false'} if the key wants one, else {quoted}" if is_value else quoted
            self._add(node, f"{text} is a truth value to some readers of YAML", advice)
            return text
        if _CLOCK.fullmatch(text):
            self._add(node, f"{text} is a number to some readers of YAML", f'quote it: "{text}"')
            return text
        if in_list and "，" in text:
            self._add(node, "a full-width comma ， does not separate", "use , between the items, or quote the text")
            return text
        if text in _NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if _INTEGER.fullmatch(text) and len(text) < 20:
            return int(text)
        return float(text) if _REAL.fullmatch(text) else text

    def _add(self, node: yaml.Node, message: str, advice: str) -> None:
        line, column = _place(node)
        self.faults.append(Fault(path=str(self.path), line=line, column=column, message=message, advice=advice))


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
