"""What a table of the results and its columns are, and the kinds of things that columns hold.

A kind is declared beside each column (tables.py), so that what must be kept from somebody, or must go after a time, follows from the tables and
is not remembered elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import pyarrow as pa


class Kind(Enum):
    """What a column holds, as far as it matters to whoever must keep it from somebody or let it go."""

    WORDS = "words", "what was said, or what quotes it or was made of it"
    PERSON = "person", "names a person, or what somebody is known by; metadata that nobody here knows count as such"
    PATH = "path", "where a file lies; file names may name people"
    NOTE = "note", "free text that a person or this program wrote; may name people, files or what is in a rubric"
    FIGURE = "figure", "a number that was counted or measured, or yes or no"
    LABEL = "label", "one of a few names: an outcome, a role, a team, a rubric, a model, a version"
    ID = "id", "stands for a row or for content: a key or a hash"
    TIME = "time", "a date, a moment or a length of time"

    def __init__(self, label: str, meaning: str) -> None:
        self.label, self.meaning = label, meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `kind`: what it holds, of a nested one by the names of its parts; `meaning` says unit and what null means."""

    name: str
    type: pa.DataType
    kind: Kind | Mapping[str, Kind]
    meaning: str

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Every kind of thing it holds, itself or in its parts."""
        return (self.kind,) if isinstance(self.kind, Kind) else tuple(dict.fromkeys(self.kind.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table. `key`: the columns that make a row unique; `partition`: the folder it lies in, if any; `schema`: as Arrow has it, in column order.

    `bounded`: columns that rows are looked for by, ids and times: the log says of each file between what they lie. Of words it says nothing.
    """

    name: str
    about: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition: str | None = None
    schema: pa.Schema = field(init=False, repr=False, compare=False)
    bounded: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", pa.schema([pa.field(column.name, column.type) for column in self.columns]))
        looked_for = (c.name for c in self.columns if c.kind in (Kind.ID, Kind.TIME) and c.name != self.partition)
        object.__setattr__(self, "bounded", tuple(looked_for))

    def holding(self, kind: Kind) -> tuple[str, ...]:
        """Names of the columns that hold, or have a part that holds, a kind of thing."""
        return tuple(column.name for column in self.columns if kind in column.kinds)


@dataclass(frozen=True, slots=True)
class Nested:
    """The type of a column of lists of several parts, with what each part holds."""

    parts: Mapping[str, tuple[pa.DataType, Kind]]

    @property
    def type(self) -> pa.DataType:
        """Arrow type of the column."""
        return pa.list_(pa.struct([(name, part) for name, (part, _) in self.parts.items()]))

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """What each part holds."""
        return {name: kind for name, (_, kind) in self.parts.items()}
