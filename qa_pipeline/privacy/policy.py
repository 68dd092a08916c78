"""Who gets what hidden: a policy in a file, by role and for files that leave the house.

Without a file nothing is hidden from anybody who may see a call, and whoever makes a file says `--redacted`, which hides everything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa_pipeline.errors import InputRefused
from qa_pipeline.privacy.kinds import Personal
from qa_pipeline.reading.viewer import Role, Viewer
from qa_pipeline.results.columns import Kind
from qa_pipeline.results.tables import TABLES
from qa_pipeline.yaml_text import read_document

ALL: Final = "all"
FILES: Final = "files"
"""Reports, exports and whatever else leaves the restricted area."""
Words = tuple[Personal, ...] | Literal["all"]


@dataclass(frozen=True, slots=True)
class Hiding:
    """What is hidden: kinds of personal data in words and sound, and columns that name people."""

    words: frozenset[Personal] = frozenset()
    columns: frozenset[str] = frozenset()

    def __and__(self, other: Hiding) -> Hiding:
        return Hiding(self.words & other.words, self.columns & other.columns)

    def __or__(self, other: Hiding) -> Hiding:
        return Hiding(self.words | other.words, self.columns | other.columns)

    def __bool__(self) -> bool:
        return bool(self.words or self.columns)


NOTHING = Hiding()


def person_columns() -> tuple[str, ...]:
    """Columns of the tables that name the people of a call."""
    return tuple(sorted({name for table in TABLES.values() for name in table.holding(Kind.PERSON)}))


EVERYTHING = Hiding(frozenset(Personal), frozenset({"customer_id", "extra"}))
"""What `--redacted` hides without a policy: all of the customer's. The agent stays: a scorecard is about the agent."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    words: Words = ()
    columns: tuple[str, ...] = ()


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    roles: dict[Role, _Part] = Field(default_factory=dict)
    files: _Part = Field(default_factory=_Part)
    asked: _Part | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`roles`: what somebody of a role gets hidden; `files`: what a file gets hidden that leaves the house, whoever makes it; `asked`: what a language model
    gets hidden that questions are put to, as in files where the policy does not say.
    """

    roles: Mapping[Role, Hiding]
    files: Hiding
    asked: Hiding = NOTHING

    def of(self, viewer: Viewer) -> Hiding:
        """What is hidden from somebody: of several roles only what each hides. Nothing from the machine's own command line."""
        if viewer.is_local or not viewer.roles:
            return NOTHING
        hidden = [self.roles.get(role, NOTHING) for role in sorted(viewer.roles)]
        result = hidden[0]
        for one in hidden[1:]:
            result &= one
        return result


NO_POLICY = Policy(roles={}, files=NOTHING)


def load_policy(path: Path | None) -> Policy:
    """Read a policy. Raises InputRefused with every fault located; a file that is not there too: hiding must not be forgotten in silence."""
    if path is None:
        return NO_POLICY
    if not path.is_file():
        raise InputRefused(f"There is no policy {path}.", advice="Put the file there, or leave the setting `privacy_policy` out.")
    document = read_document(path)
    try:
        read = _File.model_validate_json(json.dumps(document.data if document.data is not None else {}))
    except ValidationError as error:
        faults = [
            document.fault(
                [key for key in found["loc"] if key in _keys(document.data)], f"{'.'.join(map(str, found['loc']))}: {found['msg']}", _ADVICE
            )
            for found in error.errors()
        ]
        raise InputRefused(f"{path} cannot be used.", faults=faults) from error
    parts = [(("roles", role.value), part) for role, part in read.roles.items()] + [(("files",), read.files)]
    parts += [(("asked",), read.asked)] if read.asked else []
    known = person_columns()
    faults = [
        document.fault((*place, "columns"), f"{name!r} is no column that names people", f"there are: {', '.join(known)}")
        for place, part in parts
        for name in part.columns
        if name not in known
    ]
    if faults:
        raise InputRefused(f"{path} cannot be used.", faults=faults)
    return Policy(
        roles={role: _hiding(part) for role, part in read.roles.items()}, files=_hiding(read.files), asked=_hiding(read.asked or read.files)
    )


_ADVICE = f"keys are roles ({', '.join(Role)}), files and asked; words: all, or any of {', '.join(Personal)}; columns: names of columns"


def _hiding(part: _Part) -> Hiding:
    words: Iterable[Personal] = Personal if part.words == ALL else part.words  # type: ignore[assignment]  # narrowed by the comparison
    return Hiding(frozenset(words), frozenset(part.columns))


def _keys(data: object) -> set[object]:
    """Every key and place of a document, so that what pydantic adds to a location is left out."""
    if isinstance(data, dict):
        return {*data, *(key for value in data.values() for key in _keys(value))}
    if isinstance(data, list):
        return {*range(len(data)), *(key for value in data for key in _keys(value))}
    return set()
