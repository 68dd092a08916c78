"""What is wrong with a file of the rubrics folder, and what is allowed but hardly meant: all of it, located."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa_pipeline.errors import Fault, RubricError
from qa_pipeline.rubric.cases import load_cases, stable_faults
from qa_pipeline.rubric.lint import lint
from qa_pipeline.rubric.load import SITUATIONS_NAME, list_file_faults, load_rubric, name_faults, readable_rubrics
from qa_pipeline.rubric.overlap import overlaps
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.trainer.known_good import load_known_good
from qa_pipeline.trainer.shelf import FileKind, kind_of
from qa_pipeline.yaml_text import read_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in a file: with `faults` it cannot be used; with `warnings` it can."""

    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


def check_rubric(path: Path, *, beside: Mapping[str, Rubric] | None = None) -> Checked:
    """Check a rubric with its cases and its neighbours. `beside`: these, by id, where they are read already."""
    try:
        loaded = load_rubric(path)
        misnamed = name_faults(loaded, path)
        document = read_document(path)
        advice = "say more in `applies_to` of one, as its campaign; or leave it empty and name the rubric in the metadata"
        # A file by another name stands beside nothing yet, and its neighbours tell their own faults.
        others = {} if misnamed else readable_rubrics(path.parent)[0] if beside is None else beside
        warnings = [*lint(loaded, document), *(document.fault(("applies_to",), told, advice) for told in overlaps(loaded, others.values()))]
        return Checked(faults=(*misnamed, *stable_faults(loaded, path)), warnings=tuple(warnings))
    except RubricError as error:
        return Checked(faults=faults_of(error, path))


def check_file(folder: Path, file: str, *, beside: Mapping[str, Rubric] | None = None) -> Checked:
    """Check any file of a folder, by its path within it; `beside` as of `check_rubric`. Raises InputRefused for what is none."""
    kind = kind_of(file)
    return check_rubric(folder / file, beside=beside) if kind is FileKind.RUBRIC else _CHECKS[kind](folder / file)


def faults_of(error: RubricError, path: Path) -> tuple[Fault, ...]:
    """The faults that an error tells; itself as one, where it tells none."""
    return error.faults or (Fault(path=str(path), message=error.message, advice=error.advice),)


def within(faults: Sequence[Fault], folder: Path) -> tuple[Fault, ...]:
    """Faults with the paths of their files within a folder, to show to who knows the files by these."""
    found = []
    for fault in faults:
        path = Path(fault.path)
        found.append(replace(fault, path=path.relative_to(folder).as_posix()) if path.is_relative_to(folder) else fault)
    return tuple(found)


def _loads(load: Callable[[Path], object]) -> Callable[[Path], Checked]:
    def check(path: Path) -> Checked:
        try:
            load(path)
        except RubricError as error:
            return Checked(faults=faults_of(error, path))
        return Checked()

    return check


def _list(path: Path) -> Checked:
    try:
        return Checked(faults=tuple(list_file_faults(path)))
    except RubricError as error:
        return Checked(faults=faults_of(error, path))


def _shared(path: Path) -> Checked:
    """Situations are read with any rubric; there is one that is in order, or the fault is told there too."""
    if path.name != SITUATIONS_NAME:
        return _loads(lambda one: load_known_good(one.parent))(path)
    try:
        readable_rubrics(path.parent)
    except RubricError as error:
        return Checked(faults=tuple(fault for fault in error.faults if Path(fault.path).name == path.name))
    return Checked()


_CHECKS: Mapping[FileKind, Callable[[Path], Checked]] = {
    FileKind.CASES: _loads(load_cases),
    FileKind.LIST: _list,
    FileKind.SHARED: _shared,
}
