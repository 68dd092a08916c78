"""YAML → Rubric, with every fault located; list files resolved; hashes; which rubric a call is scored by.

A fault says FILE:LINE:COLUMN, what was found, what was wanted and what to do. All faults of a file are reported at once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from qa_pipeline.call import Call, Metrics
from qa_pipeline.errors import Fault, InputRefused, RubricError
from qa_pipeline.language.phrases import compile_phrase
from qa_pipeline.rubric.schema import LANGUAGES, Criterion, ExampleList, PhraseLists, Rubric, Situations

LOCK_NAME = "published.lock"
SITUATIONS_NAME = "situations.yaml"
BACKGROUND_LIST = "lists/background.yaml"
_LARGEST_FILE = 2_000_000
_MOST_ALIASES = 50
_SENTIMENT_ANSWERS = ("positive", "neutral", "negative")


def load_rubric(path: Path) -> Rubric:
    """Read and check one rubric with all it refers to. Raises RubricError with every fault found."""
    folder = path.parent if (path.parent / SITUATIONS_NAME).is_file() else _packaged_rubrics()
    data = _read_yaml(path)
    faults: list[Fault] = []
    plain = _plain(data, path, faults)
    if faults:
        raise RubricError(f"{path.name} has {_count(faults)}.", faults=faults)
    try:
        rubric = Rubric.model_validate_json(json.dumps(plain, default=str))
    except ValidationError as error:
        raise RubricError(f"{path.name} cannot be used.", faults=_located(error, data, path)) from error
    faults.extend(_reference_faults(rubric, data, path))
    rubric = _resolve(rubric, path, folder, data, faults)
    if faults:
        raise RubricError(f"{path.name} has {_count(faults)}.", faults=faults)
    return rubric


def load_rubrics(folder: Path) -> dict[str, Rubric]:
    """Every rubric of a folder by id. Raises RubricError with the faults of all files."""
    faults: list[Fault] = []
    found: dict[str, Rubric] = {}
    for path in rubric_paths(folder):
        try:
            rubric = load_rubric(path)
        except RubricError as error:
            faults.extend(error.faults or (Fault(path=str(path), message=error.message),))
            continue
        if rubric.id != path.stem:
            faults.append(Fault(path=str(path), message=f"id is {rubric.id!r}", advice=f"name the file {rubric.id}.yaml"))
        found[rubric.id] = rubric
    if faults:
        raise RubricError("Rubrics cannot be used.", faults=faults)
    return found


def rubric_paths(folder: Path) -> list[Path]:
    """Rubric files of a folder: NAME.yaml, without cases and shared files."""
    return sorted(p for p in folder.glob("*.yaml") if not p.name.endswith(".cases.yaml") and p.name != SITUATIONS_NAME)


def load_list(path: Path) -> ExampleList:
    """Read one example list. Raises RubricError."""
    data = _read_yaml(path)
    faults: list[Fault] = []
    plain = _plain(data, path, faults)
    try:
        found = ExampleList.model_validate_json(json.dumps(plain))
    except ValidationError as error:
        raise RubricError(f"{path.name} cannot be used.", faults=_located(error, data, path)) from error
    if faults:
        raise RubricError(f"{path.name} has {_count(faults)}.", faults=faults)
    return _with_opposites(found, path)


def _with_opposites(examples: ExampleList, path: Path) -> ExampleList:
    """The list with the `like` of the lists it is told apart from among its `unlike`, as far as it does not hold them itself."""
    unlike = dict(examples.unlike)
    own = set(examples.likes())
    for name in examples.against:
        if not (path.parent / name).is_file():
            raise RubricError(
                f"{path.name} cannot be used.",
                faults=[Fault(path=str(path), message=f"against: no list file {name}", advice="check the name")],
            )
        other = load_list(path.parent / name)
        for language in LANGUAGES:
            unlike[language] = (*unlike.get(language, ()), *(text for text in other.likes(language) if text not in own))
    return examples.model_copy(update={"unlike": unlike})


def rubric_sha256(rubric: Rubric) -> str:
    """Hash of the resolved rubric in canonical form: lists included, comments and layout not."""
    return _digest(rubric)


def criterion_sha256(criterion: Criterion) -> str:
    """Hash of one resolved criterion: a decision belongs to it."""
    return _digest(criterion)


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
    """The rubric a call is scored by: the metadata's, else the one that applies; None when none does.

    Raises RubricError when the named one does not exist, or two apply.
    """
    if call.rubric:
        if call.rubric not in rubrics:
            raise RubricError(
                f"Call {call.call_id} names rubric {call.rubric!r}, which does not exist.",
                advice=f"There are: {', '.join(sorted(rubrics))}.",
            )
        return rubrics[call.rubric]
    fitting = [rubric for rubric in rubrics.values() if _applies(rubric, call)]
    if len(fitting) > 1:
        names = " and ".join(sorted(rubric.id for rubric in fitting))
        raise RubricError(f"Rubrics {names} both apply to call {call.call_id}.", advice="Name one in the metadata column `rubric`.")
    return fitting[0] if fitting else None


def _applies(rubric: Rubric, call: Call) -> bool:
    wanted = rubric.applies_to.model_dump(exclude_none=True)
    return bool(wanted) and all(getattr(call, name) == value for name, value in wanted.items())


def _packaged_rubrics() -> Path:
    from qa_pipeline.settings import packaged_folder

    return packaged_folder("rubrics")


def _digest(part: BaseModel) -> str:
    canonical = json.dumps(json.loads(part.model_dump_json(by_alias=True)), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _count(faults: Sequence[Fault]) -> str:
    return f"{len(faults)} fault{'s' if len(faults) != 1 else ''}"


# --- YAML ------------------------------------------------------------------------------------------------------------------------------


def _read_yaml(path: Path) -> Any:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RubricError(f"{path} cannot be read: {error.strerror}.", advice="Check the path.") from error
    if len(raw) > _LARGEST_FILE:
        raise RubricError(f"{path} has {len(raw):,} bytes; a rubric has at most {_LARGEST_FILE:,}.", advice="Is this the right file?")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise RubricError(
            f"{path.name} cannot be used.",
            faults=[Fault(path=str(path), line=line, message="not UTF-8 text", advice="save the file as UTF-8")],
        ) from error
    faults = _typing_faults(text, path)
    if faults:
        raise RubricError(f"{path.name} has {_count(faults)}.", faults=faults)
    try:
        yaml = YAML(typ="rt")
        yaml.version = (1, 2)  # type: ignore[assignment]  # the stub knows strings only
        data = yaml.load(text)
    except DuplicateKeyError as error:
        mark = error.problem_mark
        message = str(error.problem).split("with value")[0].strip()
        raise RubricError(
            f"{path.name} cannot be used.",
            faults=[Fault(path=str(path), line=mark.line + 1, column=mark.column + 1, message=message, advice="keep one of the two")],
        ) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        fault = Fault(
            path=str(path), line=mark.line + 1 if mark else None, column=mark.column + 1 if mark else None,
            message=f"not YAML: {error.problem or error.context}", advice="check indentation, colons and quotes near here",
        )  # fmt: skip
        raise RubricError(f"{path.name} cannot be used.", faults=[fault]) from error
    except (YAMLError, RecursionError, ValueError) as error:
        raise RubricError(f"{path.name} cannot be used: {type(error).__name__}.", advice="Check that it is YAML.") from error
    if not isinstance(data, dict):
        raise RubricError(f"{path.name} cannot be used.", faults=[Fault(path=str(path), line=1, message="no mapping of keys to values")])
    return data


def _typing_faults(text: str, path: Path) -> list[Fault]:
    """Slips of the keyboard that YAML would misread or blame elsewhere."""
    faults = []
    # Aliases of aliases grow without bound; a rubric needs few.
    if len(re.findall(r"(?:^|[\s\[,{:-])\*[A-Za-z_]", text)) > _MOST_ALIASES:
        faults.append(Fault(path=str(path), message="too many aliases", advice="write the values out"))
    for number, line in enumerate(text.splitlines(), 1):
        body = line.lstrip(" ")
        if "\t" in line[: len(line) - len(line.lstrip())]:
            faults.append(
                Fault(path=str(path), line=number, column=line.index("\t") + 1, message="a tab in the indentation", advice="use spaces")
            )
        if body.startswith("#"):
            continue
        head = body.removeprefix("- ").split(":")[0]
        if "：" in head and ": " not in head and '"' not in head and "[" not in head and "'" not in head:
            faults.append(
                Fault(path=str(path), line=number, column=line.index("：") + 1, message="a full-width colon ：", advice="use : and a space")
            )
        for mark in "“”":
            stripped = body.split(":", 1)[-1].strip().lstrip("[- ")
            if stripped.startswith(mark):
                faults.append(
                    Fault(path=str(path), line=number, column=line.index(mark) + 1, message=f"a curly quote {mark}", advice='use "')
                )
                break
    return faults


def _plain(node: Any, path: Path, faults: list[Fault], depth: int = 0) -> Any:
    """Plain Python data; booleans where words were meant are faults."""
    if depth > 40:
        raise RubricError(f"{path.name} is nested too deeply.", advice="Flatten it.")
    if isinstance(node, dict):
        return {str(key): _plain(value, path, faults, depth + 1) for key, value in node.items()}
    if isinstance(node, list):
        out = []
        for index, item in enumerate(node):
            if isinstance(item, bool) or (isinstance(item, int) and not isinstance(item, bool)):
                line, column = node.lc.item(index)  # type: ignore[attr-defined]  # ruamel's lists know their place
                found = str(item).lower()
                faults.append(
                    Fault(
                        path=str(path),
                        line=line + 1,
                        column=column + 1,
                        message=f"{found} where a phrase is wanted",
                        advice=f'quote it: "{found}"',
                    )
                )
            out.append(_plain(item, path, faults, depth + 1))
        return out
    if isinstance(node, bool) or node is None or isinstance(node, (int, float)):
        return node
    return str(node)


def _located(error: ValidationError, data: Any, path: Path) -> list[Fault]:
    faults = []
    for item in error.errors():
        line, column = _position(data, item["loc"])
        where = ".".join(str(part) for part in item["loc"]) or "the file"
        advice = ""
        if item["type"] == "extra_forbidden":
            advice = "check the spelling; docs/rubric-language.md lists the keys"
        message = item["msg"].removeprefix("Value error, ")
        faults.append(Fault(path=str(path), line=line, column=column, message=f"{where}: {message}", advice=advice))
    return faults


def _position(data: Any, location: Sequence[str | int]) -> tuple[int | None, int | None]:
    """Line and column (from 1) of the deepest part of a location that the file has."""
    node, line, column = data, 1, 1
    for part in location:
        try:
            if isinstance(node, dict) and part in node:
                line, column = (n + 1 for n in node.lc.key(part))  # type: ignore[attr-defined]  # as above
                node = node[part]
            elif isinstance(node, list) and isinstance(part, int) and part < len(node):
                line, column = (n + 1 for n in node.lc.item(part))  # type: ignore[attr-defined]  # as above
                node = node[part]
            else:
                break
        except (AttributeError, KeyError):
            break
    return line, column


# --- references ------------------------------------------------------------------------------------------------------------------------


def _reference_faults(rubric: Rubric, data: Any, path: Path) -> list[Fault]:
    faults: list[Fault] = []
    ids: set[str] = set()
    known = {criterion.id for criterion in rubric.criteria}
    for s, section in enumerate(rubric.sections):
        for c, criterion in enumerate(section.criteria):
            place = ("sections", s, "criteria", c)

            def add(key: str, message: str, advice: str = "", *, place: tuple[str | int, ...] = place) -> None:
                line, column = _position(data, (*place, key))
                faults.append(Fault(path=str(path), line=line, column=column, message=message, advice=advice))

            if criterion.id in ids:
                add("id", f"criterion {criterion.id!r} stands twice", "give each its own id")
            ids.add(criterion.id)
            for key, name in (("before", criterion.before), ("after", criterion.after), *(("of", n) for n in criterion.of)):
                if name is not None and name not in known:
                    add(key, f"{key}: no criterion is called {name!r}", f"there are: {', '.join(sorted(known))}")
            for condition in criterion.when:
                if condition.criterion and condition.criterion not in known:
                    add("when", f"when: no criterion is called {condition.criterion!r}", f"there are: {', '.join(sorted(known))}")
            if criterion.metric and criterion.metric not in Metrics.__dataclass_fields__:
                add(
                    "metric",
                    f"metric: no metric is called {criterion.metric!r}",
                    f"there are: {', '.join(sorted(Metrics.__dataclass_fields__))}",
                )
            for message, advice in _phrase_faults(criterion):
                add("phrases", message, advice)
            for condition in criterion.when:
                parent = next((c for c in rubric.criteria if c.id == condition.criterion), None)
                if parent and condition.answer and condition.answer not in {*parent.answers, "unclear", *_SENTIMENT_ANSWERS}:
                    add(
                        "when",
                        f"when: {parent.id} has no answer {condition.answer!r}",
                        f"there are: {', '.join((*parent.answers, 'unclear'))}",
                    )
            if cycle := _cycle(criterion, rubric):
                add("id", f"criteria wait for each other: {' → '.join(cycle)}", "take one of the references out")
    return faults


def _phrase_faults(criterion: Criterion) -> Iterator[tuple[str, str]]:
    """Phrases that cannot be compiled: message and advice."""
    own = [criterion.phrases, *criterion.groups.values()]
    always_phrases = [criterion.whole_turn, criterion.unlike, *criterion.answers.values()]
    for lists, mode in ((own, criterion.match), (always_phrases, "tolerant")):
        for phrases in lists:
            for language, texts in phrases.items():
                for text in texts:
                    try:
                        compile_phrase(text, language, mode=mode)  # type: ignore[arg-type]  # one of the modes
                    except InputRefused as error:
                        yield error.message, error.advice


def _cycle(start: Criterion, rubric: Rubric) -> list[str]:
    by_id = {criterion.id: criterion for criterion in rubric.criteria}

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail, name] if name == start.id else []
        for needed in dependencies(by_id[name]):
            if needed in by_id and (found := visit(needed, [*trail, name])):
                return found
        return []

    return visit(start.id, [])


def dependencies(criterion: Criterion) -> tuple[str, ...]:
    """Criteria that must be judged before this one."""
    named = (criterion.before, criterion.after, *criterion.of, *(condition.criterion for condition in criterion.when))
    return tuple(name for name in named if name)


def _resolve(rubric: Rubric, path: Path, folder: Path, data: Any, faults: list[Fault]) -> Rubric:
    """Fill in list files, situations and background."""
    sections = []
    for s, section in enumerate(rubric.sections):
        criteria = []
        for c, criterion in enumerate(section.criteria):
            for number, name in enumerate(criterion.lists):
                found = _list_beside(name, path.parent, folder)
                if found is None:
                    line, column = _position(data, ("sections", s, "criteria", c, "lists", number))
                    faults.append(Fault(path=str(path), line=line, column=column, message=f"no list file {name}", advice="check the path"))
                    continue
                criterion = _with_list(criterion, load_list(found))
                faults.extend(Fault(path=str(found), message=message, advice=advice) for message, advice in _phrase_faults(criterion))
            if criterion.meaning:
                found = _list_beside(criterion.meaning.list, path.parent, folder)
                if found is None:
                    line, column = _position(data, ("sections", s, "criteria", c, "meaning"))
                    faults.append(
                        Fault(
                            path=str(path),
                            line=line,
                            column=column,
                            message=f"no list file {criterion.meaning.list}",
                            advice="check the path",
                        )
                    )
                    continue
                meaning = criterion.meaning.model_copy(update={"examples": load_list(found)})
                criterion = criterion.model_copy(update={"meaning": meaning})
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


def _with_list(criterion: Criterion, shared: ExampleList) -> Criterion:
    """The criterion with a list file's phrases added to its own."""

    def merged(own: PhraseLists, more: PhraseLists) -> PhraseLists:
        return {
            language: (*own.get(language, ()), *more.get(language, ())) for language in (*own, *(key for key in more if key not in own))
        }

    return criterion.model_copy(
        update={
            "phrases": merged(criterion.phrases, shared.phrases),
            "whole_turn": merged(criterion.whole_turn, shared.whole_turn),
            "unlike": merged(criterion.unlike, shared.take_back),
        }
    )


def _load_situations(folder: Path) -> Situations:
    path = folder / SITUATIONS_NAME
    data = _read_yaml(path)
    faults: list[Fault] = []
    plain = _plain(data, path, faults)
    try:
        situations = Situations.model_validate_json(json.dumps(plain))
    except ValidationError as error:
        raise RubricError(f"{path.name} cannot be used.", faults=_located(error, data, path)) from error
    filled = {}
    for name in Situations.model_fields:
        rule = getattr(situations, name)
        if rule.meaning:
            rule = rule.model_copy(update={"meaning": rule.meaning.model_copy(update={"examples": load_list(folder / rule.meaning.list)})})
        filled[name] = rule
    return situations.model_copy(update=filled)


def _list_beside(name: str, *folders: Path) -> Path | None:
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def stable_faults(rubric: Rubric, path: Path) -> list[Fault]:
    """Stable criteria need cases beside the rubric, positive and negative."""
    from qa_pipeline.rubric.cases import cases_path, load_cases, missing_cases

    cases = cases_path(path)
    return [Fault(path=str(cases), message=text, advice="add one") for text in missing_cases(rubric, load_cases(cases))]
