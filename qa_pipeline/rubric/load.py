"""YAML → Rubric, with every fault located; list files resolved; published versions; which rubric a call is scored by.

A fault says FILE:LINE:COLUMN, what was found, what was wanted and what to do. All faults of a file are reported at once. Reading the YAML is
yaml_text.py; what its keys may be is schema.py and criteria.py; what its parts may refer to is references.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ValidationError

from qa_pipeline.call import Call
from qa_pipeline.errors import Fault, RubricError
from qa_pipeline.languages.load import language_codes
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.rubric.atoms import Location, PhraseLists
from qa_pipeline.rubric.canonical import rubric_sha256
from qa_pipeline.rubric.criteria import ForbiddenCriterion
from qa_pipeline.rubric.faults import validation_faults
from qa_pipeline.rubric.lists import ExampleList
from qa_pipeline.rubric.references import list_faults, reference_faults, situation_faults
from qa_pipeline.rubric.schema import Rubric, Situations
from qa_pipeline.rubric.shared_keys import SearchingCriterion, WordedCriterion
from qa_pipeline.yaml_text import Document, read_document

LOCK_NAME = "published.lock"
SITUATIONS_NAME = "situations.yaml"
BACKGROUND_LIST = "lists/background.yaml"
# Beside the rubrics, but none themselves.
NOT_RUBRICS = frozenset((SITUATIONS_NAME, "known_good.yaml"))


def load_rubric(path: Path) -> Rubric:
    """Read and check one rubric with all it refers to. Raises RubricError with every fault found."""
    folder = path.parent if (path.parent / SITUATIONS_NAME).is_file() else _packaged_rubrics()
    document = _inherited(read_document(path), folder)
    rubric: Rubric = _validated(Rubric, document)
    faults = list(reference_faults(rubric, document))
    rubric = _resolve(rubric, document, folder, faults)
    if faults:
        raise RubricError(f"{path.name} has {_count(faults)}.", faults=faults)
    return rubric


def load_rubrics(folder: Path) -> dict[str, Rubric]:
    """Every rubric of a folder by id. Raises RubricError with the faults of all files."""
    faults: list[Fault] = []
    rubrics: dict[str, Rubric] = {}
    for path in rubric_paths(folder):
        try:
            rubric = load_rubric(path)
        except RubricError as error:
            faults.extend(error.faults or (Fault(path=str(path), message=error.message),))
            continue
        faults.extend(name_faults(rubric, path))
        rubrics[rubric.id] = rubric
    if faults:
        raise RubricError("Rubrics cannot be used.", faults=faults)
    return rubrics


# Rubrics of a folder that are in order, by id; by the name of their file what is wrong with the others.
ReadRubrics = tuple[dict[str, Rubric], dict[str, RubricError]]


def readable_rubrics(folder: Path) -> ReadRubrics:
    """The rubrics of a folder that are in order, by id, and by the name of their file what is wrong with the others.

    One file that somebody is still writing keeps nobody else's calls from being scored. Raises RubricError when no file is in order.
    """
    rubrics: dict[str, Rubric] = {}
    refused: dict[str, RubricError] = {}
    for path in rubric_paths(folder):
        try:
            rubric = load_rubric(path)
            if faults := name_faults(rubric, path):
                raise RubricError(f"{path.name} has {_count(faults)}.", faults=faults)
        except RubricError as error:
            refused[path.stem] = error
            continue
        rubrics[rubric.id] = rubric
    if refused and not rubrics:
        raise RubricError("Rubrics cannot be used.", faults=[fault for error in refused.values() for fault in error.faults])
    return rubrics, refused


def name_faults(rubric: Rubric, path: Path) -> list[Fault]:
    """A rubric's file is called as it is."""
    if rubric.id == path.stem:
        return []
    return [Fault(path=str(path), message=f"id is {rubric.id!r}", advice=f"name the file {rubric.id}.yaml")]


def rubric_paths(folder: Path) -> list[Path]:
    """Rubric files of a folder: NAME.yaml, without cases and shared files."""
    return sorted(p for p in folder.glob("*.yaml") if not p.name.endswith(".cases.yaml") and p.name not in NOT_RUBRICS)


def load_list(path: Path) -> ExampleList:
    """Read one example list. Raises RubricError."""
    try:
        stamp = path.stat()
    except OSError as error:
        raise RubricError(f"{path} cannot be read: {error.strerror}.", advice="Check the path.") from error
    return _list_of(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=256)
def _list_of(path: Path, modified_ns: int, size: int) -> ExampleList:
    """Lists are shared by many rubrics: each is read once as long as its file stays the same."""
    return _with_opposites(_own_list(path, modified_ns, size), path)


@lru_cache(maxsize=256)
def _own_list(path: Path, modified_ns: int, size: int) -> ExampleList:
    """A list as its file has it."""
    examples: ExampleList = _validated(ExampleList, read_document(path))
    return examples


def _inherited(document: Document, folder: Path) -> Document:
    """The document with each `same_as: RUBRIC.CRITERION` replaced by what that criterion says, the criterion's own keys winning.

    One step only: what is taken over may not itself be taken over from elsewhere. Raises RubricError with every fault found.
    """
    faults: list[Fault] = []
    data = document.data
    sections = data.get("sections") if isinstance(data, dict) else None
    for s, section in enumerate(sections if isinstance(sections, list) else []):
        criteria = section.get("criteria") if isinstance(section, dict) else None
        if not isinstance(criteria, list):
            continue
        for c, criterion in enumerate(criteria):
            if not isinstance(criterion, dict) or "same_as" not in criterion:
                continue
            place = ("sections", s, "criteria", c, "same_as")
            original, fault = _original(str(criterion.pop("same_as")), document.path.parent, folder, _packaged_rubrics())
            if fault:
                faults.append(document.fault(place, *fault))
            criteria[c] = {**original, **criterion}
    if faults:
        raise RubricError(f"{document.path.name} has {_count(faults)}.", faults=faults)
    return document


def _original(name: str, *folders: Path) -> tuple[dict[str, Any], tuple[str, str] | None]:
    """The criterion a `same_as` names, as plain data; or what is wrong with the name, and the cure."""
    rubric_id, _, criterion_id = name.partition(".")
    path = _list_beside(f"{rubric_id}.yaml", *folders) if rubric_id and criterion_id else None
    if path is None:
        return {}, (f"same_as: no criterion is called {name!r}", "write RUBRIC.CRITERION, as followup.greeting")
    stamp = path.stat()
    named = [criterion for criterion in _criteria_of(path, stamp.st_mtime_ns, stamp.st_size) if criterion.get("id") == criterion_id]
    if not named:
        return {}, (f"same_as: {rubric_id} has no criterion {criterion_id!r}", "check the spelling")
    if "same_as" in named[0]:
        return {}, (f"same_as: {name} is itself taken over from {named[0]['same_as']}", "name that one")
    return deepcopy(named[0]), None


@lru_cache(maxsize=64)
def _criteria_of(path: Path, modified_ns: int, size: int) -> tuple[dict[str, Any], ...]:
    """The criteria of a file that others take some over from, as plain data: read once as long as the file stays the same."""
    data = read_document(path).data
    sections = data.get("sections", ()) if isinstance(data, dict) else ()
    return tuple(criterion for section in sections for criterion in section.get("criteria", ()))


def _validated(model: type[BaseModel], document: Document) -> Any:
    if not isinstance(document.data, dict):
        raise RubricError(
            f"{document.path.name} cannot be used.", faults=[document.fault((), "no mapping of keys to values", "write `id: NAME` first")]
        )
    try:
        return model.model_validate_json(json.dumps(document.data))
    except ValidationError as error:
        faults = validation_faults(error, document)
        raise RubricError(f"{document.path.name} has {_count(faults)}.", faults=faults) from error


def _with_opposites(examples: ExampleList, path: Path) -> ExampleList:
    """The list with the `like` of the lists it is told apart from among its `unlike`, as far as it does not hold them itself."""
    unlike = dict(examples.unlike)
    own = set(examples.likes())
    for name in examples.against:
        if _list_beside(name, path.parent) is None:
            raise RubricError(
                f"{path.name} cannot be used.",
                faults=[
                    Fault(
                        path=str(path),
                        message=f"against: no list file {name}",
                        advice="write the name of a list in the same folder, as other.yaml",
                    )
                ],
            )
        stamp = (path.parent / name).stat()
        other = _own_list(path.parent / name, stamp.st_mtime_ns, stamp.st_size)
        for language in language_codes():
            unlike[language] = (*unlike.get(language, ()), *(text for text in other.likes(language) if text not in own))
    return examples.model_copy(update={"unlike": unlike})


def read_lock(folder: Path) -> dict[str, dict[str, str]]:
    """Published versions: rubric id → version → hash."""
    path = folder / LOCK_NAME
    if not path.is_file():
        return {}
    lock: dict[str, dict[str, str]] = json.loads(path.read_text("utf-8"))
    return lock


def is_published(rubric: Rubric, folder: Path) -> bool:
    """Whether exactly this rubric is published."""
    return read_lock(folder).get(rubric.id, {}).get(str(rubric.version)) == rubric_sha256(rubric)


def choose_rubric(call: Call, rubrics: Mapping[str, Rubric]) -> Rubric | None:
    """The rubric a call is scored by: the metadata's, else of those that apply the one that says most of its calls; None when none applies.

    Raises RubricError, without a word of the call, when the named one is not to be had, or two that say as much apply.
    """
    if call.rubric:
        if call.rubric not in rubrics:
            raise RubricError(
                f"Rubric {call.rubric!r}, which their metadata name, is not to be had.", advice=f"There are: {', '.join(sorted(rubrics))}."
            )
        return rubrics[call.rubric]
    fitting = [rubric for rubric in rubrics.values() if _applies(rubric, call)]
    most = max(map(specificity, fitting), default=0)
    fitting = [rubric for rubric in fitting if specificity(rubric) == most]
    if len(fitting) > 1:
        names = " and ".join(sorted(rubric.id for rubric in fitting))
        raise RubricError(
            f"Rubrics {names} apply alike.", advice="Name one in the metadata column `rubric`, or say more in the `applies_to` of one."
        )
    return fitting[0] if fitting else None


def specificity(rubric: Rubric) -> int:
    """How much a rubric says of the calls that it is for."""
    return len(rubric.applies_to.model_dump(exclude_none=True))


def _applies(rubric: Rubric, call: Call) -> bool:
    wanted = rubric.applies_to.model_dump(exclude_none=True)
    return bool(wanted) and all(getattr(call, name) == value for name, value in wanted.items())


def _packaged_rubrics() -> Path:
    return packaged_folder("rubrics")


def _count(faults: Sequence[Fault]) -> str:
    return f"{len(faults)} fault{'s' if len(faults) != 1 else ''}"


def _resolve(rubric: Rubric, document: Document, folder: Path, faults: list[Fault]) -> Rubric:
    """Fill in list files, situations and background."""
    folders = (document.path.parent, folder, _packaged_rubrics())
    sections = []
    for s, section in enumerate(rubric.sections):
        criteria = []
        for c, criterion in enumerate(section.criteria):
            if isinstance(criterion, SearchingCriterion):
                update = _from_files(criterion, ("sections", s, "criteria", c), document, folders, faults)
                criterion = criterion.model_copy(update=update)
            criteria.append(criterion)
        sections.append(section.model_copy(update={"criteria": tuple(criteria)}))
    if faults:
        return rubric
    return rubric.model_copy(
        update={
            "sections": tuple(sections),
            "situations": _load_situations(folder),
            "background": load_list(folder / BACKGROUND_LIST),
        }
    )


def _from_files(
    criterion: SearchingCriterion, place: Location, document: Document, folders: Sequence[Path], faults: list[Fault]
) -> dict[str, object]:
    """What the list files that a criterion names change of it: its phrases, and the examples of its meaning."""
    update: dict[str, object] = {}
    if isinstance(criterion, WordedCriterion):
        shared = []
        for number, name in enumerate(criterion.lists):
            path = _list_beside(name, *folders)
            if path is None:
                faults.append(document.fault((*place, "lists", number), f"no list file {name}", "check the path"))
                continue
            shared.append(load_list(path))
            faults.extend(list_file_faults(path))
        update["phrases"] = _merged(criterion.phrases, *(one.phrases for one in shared))
        update["unlike"] = _merged(criterion.unlike, *(one.take_back for one in shared))
        if isinstance(criterion, ForbiddenCriterion):
            update["whole_turn"] = _merged(criterion.whole_turn, *(one.whole_turn for one in shared))
    if criterion.meaning:
        path = _list_beside(criterion.meaning.list, *folders)
        if path is None:
            faults.append(document.fault((*place, "meaning", "list"), f"no list file {criterion.meaning.list}", "check the path"))
        else:
            update["meaning"] = criterion.meaning.model_copy(update={"examples": load_list(path)})
    return update


def list_file_faults(path: Path) -> list[Fault]:
    """Phrases of a list file that cannot be compiled. Raises RubricError for a file that is no list."""
    stamp = path.stat()
    return _faults_of_list(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=256)
def _faults_of_list(path: Path, modified_ns: int, size: int) -> list[Fault]:
    faults = list(list_faults(load_list(path)))
    document = read_document(path) if faults else None
    return [document.fault(*item) for item in faults] if document else []


def _merged(own: PhraseLists, *others: PhraseLists) -> PhraseLists:
    """Phrases with others added, language by language."""
    merged = dict(own)
    for more in others:
        for language, texts in more.items():
            merged[language] = (*merged.get(language, ()), *texts)
    return merged


def _load_situations(folder: Path) -> Situations:
    path = folder / SITUATIONS_NAME
    stamp = path.stat()
    return _situations_of(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=16)
def _situations_of(path: Path, modified_ns: int, size: int) -> Situations:
    document = read_document(path)
    situations: Situations = _validated(Situations, document)
    if faults := [document.fault(*found) for found in situation_faults(situations)]:
        raise RubricError(f"{path.name} has {_count(faults)}.", faults=faults)
    filled = {}
    for name in Situations.model_fields:
        rule = getattr(situations, name)
        if rule.meaning:
            examples = load_list(path.parent / rule.meaning.list)
            rule = rule.model_copy(update={"meaning": rule.meaning.model_copy(update={"examples": examples})})
        filled[name] = rule
    return situations.model_copy(update=filled)


def list_path(name: str, folder: Path) -> Path | None:
    """Where a list file that a rubric of a folder names lies."""
    return _list_beside(name, folder, _packaged_rubrics())


def _list_beside(name: str, *folders: Path) -> Path | None:
    """A file that is named below one of the folders; a name that leads out of them names none."""
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        return None
    try:
        return next((folder / name for folder in folders if (folder / name).is_file()), None)
    except (OSError, ValueError):
        # Longer than a file's name can be, or with a sign that none has.
        return None
