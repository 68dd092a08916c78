"""The files of a rubrics folder as a trainer edits them: which there are, what stands in them, and writing one without losing what another wrote.

The files are the truth. A text is saved only onto the text that it was made of; where the file says something else by now, nothing is written and both
are shown. Whose texts are not saved yet: drafts.py.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from qa_pipeline.errors import Conflict, InputRefused
from qa_pipeline.rubric.load import LOCK_NAME, NOT_RUBRICS, rubric_paths
from qa_pipeline.whole_file import write_whole

_CASES = ".cases.yaml"
_NAME = re.compile(r"(?:lists/)?[a-z][a-z0-9_]{0,63}(?:\.cases)?\.yaml")
_LARGEST = 2_000_000
_SAVING = threading.Lock()


class FileKind(StrEnum):
    """What a file of the folder is."""

    RUBRIC = "rubric"
    CASES = "cases"
    LIST = "list"
    SHARED = "shared"
    """What all rubrics share: situations, calls known to be good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A file as it stands. `file`: its path within the folder. `sha256`: of its text; empty where there is no such file yet."""

    file: str
    text: str
    sha256: str


def kind_of(file: str) -> FileKind:
    """What a file is, by its name. Raises InputRefused for a name that no file of the folder may have."""
    if not _NAME.fullmatch(file) or (file.startswith("lists/") and file.endswith(_CASES)):
        raise InputRefused(f"{file!r} is no file of the rubrics folder.", advice="Choose one of the list.")
    if file.startswith("lists/"):
        return FileKind.LIST
    if file in NOT_RUBRICS:
        return FileKind.SHARED
    return FileKind.CASES if file.endswith(_CASES) else FileKind.RUBRIC


def files_in(folder: Path) -> tuple[str, ...]:
    """All files that may be edited: rubrics each with its cases, then lists, then what all share."""
    rubrics = [name for path in rubric_paths(folder) for name in (path.name, f"{path.stem}{_CASES}") if (folder / name).is_file()]
    lists = [f"lists/{path.name}" for path in sorted((folder / "lists").glob("*.yaml")) if _NAME.fullmatch(path.name)]
    return (*rubrics, *lists, *(name for name in sorted(NOT_RUBRICS) if (folder / name).is_file()))


def lists_of(text: str) -> tuple[str, ...]:
    """List files that a rubric's text names, in their order."""
    return tuple(dict.fromkeys(re.findall(r"\blists/[a-z][a-z0-9_]*\.yaml", text)))


def read_sheet(folder: Path, file: str) -> Sheet:
    """A file with its text; an empty one where there is none yet. Raises InputRefused for what is none, or no text."""
    kind_of(file)
    try:
        raw = (folder / file).read_bytes()
    except FileNotFoundError:
        return Sheet(file=file, text="", sha256="")
    try:
        return Sheet(file=file, text=raw.decode("utf-8-sig"), sha256=hashlib.sha256(raw).hexdigest())
    except UnicodeDecodeError as error:
        raise InputRefused(f"{file} is not UTF-8 text.", advice="Save the file as UTF-8.") from error


def save_sheet(folder: Path, file: str, text: str, *, based_on: str) -> Sheet:
    """Write a text, made of the file as it was with the hash `based_on`. Raises Conflict where the file says something else by now; InputRefused."""
    kind_of(file)
    if len(text.encode()) > _LARGEST:
        raise InputRefused(
            f"{file} would have more than {_LARGEST:,} bytes.",
            advice="Put phrases into lists of their own (lists/NAME.yaml), or make two files of it.",
        )
    with _SAVING:
        there = read_sheet(folder, file)
        if there.sha256 != based_on:
            raise Conflict(
                f"{file} was changed outside since this text was begun.", advice="Compare the two, then take over what is to stand."
            )
        (folder / file).parent.mkdir(exist_ok=True)
        write_whole(folder / file, text.replace("\r\n", "\n"))
    return read_sheet(folder, file)


def shadow(folder: Path, texts: dict[str, str], into: Path) -> Path:
    """A folder that looks like the rubrics folder, but for these texts: links to its files, and the texts as files of their own. Returns it.

    What is there already and the same is left alone, so that what was read of it before is known by its time.
    """
    kept = {path.relative_to(folder).as_posix(): path for path in _all(folder)}
    into.mkdir(parents=True, exist_ok=True)
    for old in _all(into):
        name = old.relative_to(into).as_posix()
        if name not in kept and name not in texts:
            old.unlink(missing_ok=True)
    for name, path in kept.items():
        if name not in texts:
            _link(into / name, path.resolve())
    for name, text in texts.items():
        _put(into / name, text)
    return into


def _all(folder: Path) -> list[Path]:
    """Files that rubrics are read from, and what was fitted or published of them."""
    beside = ("*.yaml", "*.json", "*.npz", LOCK_NAME)
    return [path for place in (folder, folder / "lists") for pattern in beside for path in place.glob(pattern)]


def _link(path: Path, target: Path) -> None:
    if path.is_symlink() and path.readlink() == target:
        return
    with _taking_the_place_of(path) as part:
        part.symlink_to(target)


def _put(path: Path, text: str) -> None:
    if path.is_file() and not path.is_symlink() and path.read_text("utf-8") == text:
        return
    with _taking_the_place_of(path) as part:
        part.write_text(text, "utf-8")


@contextmanager
def _taking_the_place_of(path: Path) -> Iterator[Path]:
    """A path beside it, whose file takes its place at once. A link itself is replaced, never the file that it leads to."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    part.unlink(missing_ok=True)
    yield part
    part.replace(path)
