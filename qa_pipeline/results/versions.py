"""Published versions of rubrics, kept whole beside the results, and which of them is in force for a call.

A version with `effective_from` scores calls that began on that day (in the rubric's timezone) or later; earlier calls are scored by the newest
version before it. Where no earlier version was ever published here, the current one scores them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from qa_pipeline.call import Call
from qa_pipeline.errors import InputRefused, RubricError, WarningTexts
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.canonical import canonical_json, revive, rubric_sha256
from qa_pipeline.rubric.load import ReadRubrics, choose_rubric, load_rubric, read_lock, readable_rubrics
from qa_pipeline.rubric.schema import Rubric


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricsInForce:
    """Rubrics that calls may be scored by: the current ones by id, and older versions under `ID@VERSION`."""

    current: Mapping[str, Rubric]
    older: Mapping[str, Rubric]

    @property
    def rubrics(self) -> dict[str, Rubric]:
        """All of them by key."""
        return {**self.current, **self.older}

    def key_for(self, call: Call) -> str | None:
        """The key of the rubric a call is scored by; None when none applies. Raises RubricError as choose_rubric does."""
        rubric = choose_rubric(call, self.current)
        if rubric is None:
            return None
        day = _day(call, rubric)
        if day is None or rubric.effective_from is None or day >= date.fromisoformat(rubric.effective_from):
            return rubric.id
        earlier = [old for old in self.older.values() if old.id == rubric.id and old.version < rubric.version]
        in_force = [old for old in earlier if old.effective_from is None or date.fromisoformat(old.effective_from) <= day]
        if not in_force:
            return rubric.id
        newest = max(in_force, key=lambda old: old.version)
        return f"{newest.id}@{newest.version}"


def _day(call: Call, rubric: Rubric) -> date | None:
    return call.started_at.astimezone(ZoneInfo(rubric.timezone)).date() if call.started_at else None


class Choices:
    """The rubric of one call after the other, and why some calls that a rubric was meant for have none: those stay unscored, the others do not wait."""

    def __init__(self, in_force: RubricsInForce) -> None:
        self._in_force = in_force
        self._without: dict[str, list[str]] = {}

    def key_for(self, call: Call) -> str | None:
        """The key of the rubric in force for a call; None where none applies, or it cannot be told which."""
        try:
            return self._in_force.key_for(call)
        except RubricError as error:
            self._without.setdefault(str(error), []).append(call.call_id)
            return None

    @property
    def warnings(self) -> WarningTexts:
        """One line for each reason, with how many calls there are and the first."""
        return tuple(
            f"{len(ids)} call{'s' * (len(ids) > 1)} left unscored ({ids[0]}{' and others' * (len(ids) > 1)}): {why}"
            for why, ids in self._without.items()
        )


def official_rubrics(folder: Path, store: Store, *, read: ReadRubrics | None = None) -> tuple[dict[str, Rubric], tuple[str, ...]]:
    """The rubrics that score officially, by id, and what is to be said of the rest of the folder. `read`: what was read of it already.

    A file that is no published version (a draft, one under work, one with faults) is left out; where an earlier version of it is published and kept in
    the root, that one scores on. Raises RubricError when nothing can score.
    """
    found, refused = read or readable_rubrics(folder)
    lock = read_lock(folder)
    rubrics: dict[str, Rubric] = {}
    warnings = []
    for name in sorted({*found, *refused}):
        if name in found and lock.get(name, {}).get(str(found[name].version)) == rubric_sha256(found[name]):
            rubrics[name] = found[name]
            continue
        why = (
            f"{name}.yaml has faults (`rubric check {name}` lists them)"
            if name in refused
            else f"{name}.yaml is not published as it stands"
        )
        published = set(lock.get(name, {}).values())
        kept = [old for old in frozen_rubrics(store, name) if rubric_sha256(old) in published] if published else []
        if kept:
            rubrics[name] = kept[-1]
            warnings.append(f"{why}; its published version {kept[-1].version} scores on.")
        else:
            warnings.append(f"{why}, and is left out.")
    if not rubrics and (found or refused):
        raise RubricError(
            f"No rubric can score: {' '.join(warnings)}",
            advice="Raise `version` where one was published and run `qa-pipeline rubric publish NAME`, or try one with --rubric PATH.",
            faults=[fault for error in refused.values() for fault in error.faults],
        )
    return rubrics, tuple(warnings)


def rubrics_in_force(current: Mapping[str, Rubric], store: Store) -> RubricsInForce:
    """The current rubrics with the older versions that a root holds, as far as effective dates need them."""
    if not any(rubric.effective_from for rubric in current.values()):
        return RubricsInForce(current=current, older={})
    older = {
        f"{old.id}@{old.version}": old
        for old in frozen_rubrics(store)
        if old.id in current and current[old.id].effective_from and old.version < current[old.id].version
    }
    return RubricsInForce(current=current, older=older)


def freeze(rubrics: Iterable[Rubric], store: Store, *, folder: Path | None = None) -> int:
    """Keep rubrics whole in the table `rubrics` of a root; what is there already stays. Returns how many were added.

    `folder`: of their files; the text of a file that is that very rubric is kept too, so that somebody can go back to it.

    Raises RubricError when a version is there with other content: the scores it made could not be explained any more.
    """
    wanted = tuple(rubrics)
    # Every run asks, and hardly any has something to add: those need not wait for the others.
    if not _not_kept(wanted, store):
        return 0
    with store.lock:
        # Looked at once more: another may have kept the same version since, with other content.
        added = _not_kept(wanted, store)
        now = datetime.now(UTC)
        rows = [
            {
                "rubric_id": rubric.id,
                "version": rubric.version,
                "rubric_sha256": rubric_sha256(rubric),
                "effective_from": date.fromisoformat(rubric.effective_from) if rubric.effective_from else None,
                "text": _text_of(rubric, folder) if folder else None,
                "resolved": canonical_json(rubric),
                "published_at": now,
            }
            for rubric in added
        ]
        store.write_rows("rubrics", rows)
    return len(added)


def _text_of(rubric: Rubric, folder: Path) -> str | None:
    """The file of a rubric as it stands; None where that says something else by now, or is not there."""
    path = folder / f"{rubric.id}.yaml"
    try:
        text = path.read_text("utf-8")
        return text if rubric_sha256(load_rubric(path)) == rubric_sha256(rubric) else None
    except (OSError, ValueError, RubricError):
        return None


def _not_kept(rubrics: Sequence[Rubric], store: Store) -> list[Rubric]:
    """Those whose version is not in the root. Raises RubricError where it is there with other content."""
    there = {
        (row["rubric_id"], row["version"]): row["rubric_sha256"]
        for row in store.read("rubrics", columns=["rubric_id", "version", "rubric_sha256"]).to_pylist()
    }
    for rubric in rubrics:
        if there.get((rubric.id, rubric.version)) not in (None, rubric_sha256(rubric)):
            raise RubricError(
                f"Version {rubric.version} of {rubric.id} is kept in {store.root} with other content.",
                advice="Raise `version` and publish it, or choose another results root.",
            )
    return [rubric for rubric in rubrics if (rubric.id, rubric.version) not in there]


def frozen_rubrics(store: Store, rubric_id: str | None = None) -> tuple[Rubric, ...]:
    """Versions kept in a root, oldest first. A version whose language this program no longer reads raises RubricError."""
    rows = store.read("rubrics", columns=["rubric_id", "version", "resolved"]).to_pylist()
    found = []
    for row in sorted(rows, key=lambda row: (row["rubric_id"], row["version"])):
        if rubric_id in (None, row["rubric_id"]):
            try:
                found.append(revive(row["resolved"]))
            except ValidationError as error:
                raise RubricError(
                    f"Version {row['version']} of {row['rubric_id']} was frozen in a language this program does not read.",
                    advice="Use the program version that published it.",
                ) from error
    return tuple(found)


def named_rubric(name: str, current: Mapping[str, Rubric], store: Store) -> Rubric:
    """The rubric a person names: ID (as the file stands) or ID@VERSION (as published here). Raises RubricError with what there is."""
    rubric_id, _, version = name.partition("@")
    if not version:
        if rubric_id not in current:
            raise RubricError(f"No rubric is called {rubric_id!r}.", advice=f"There are: {', '.join(sorted(current))}.")
        return current[rubric_id]
    frozen: Sequence[Rubric] = frozen_rubrics(store, rubric_id)
    found = [rubric for rubric in frozen if str(rubric.version) == version]
    if not found:
        known = ", ".join(f"{rubric.id}@{rubric.version}" for rubric in frozen) or "none"
        raise RubricError(f"Version {version} of {rubric_id!r} is not kept in {store.root}.", advice=f"There are: {known}.")
    return found[0]


def kept_text(store: Store, digest: str) -> str | None:
    """The version of a rubric with a hash, as it is kept in the root: its JSON; None where it is not kept. Read once in a process: it never changes."""
    try:
        return _kept_text(store, digest)
    except LookupError:
        return None


@lru_cache(maxsize=64)
def _kept_text(store: Store, digest: str) -> str:
    kept = store.read_of("rubrics", "rubric_sha256", digest, day=None, columns=["resolved"])
    if not len(kept):
        # It may be kept by and by: an error is not remembered.
        raise LookupError(digest)
    return str(kept["resolved"][0].as_py())


def rubric_that_scored(score: Mapping[str, Any], store: Store, folder: Path) -> Rubric:
    """The very rubric of a row of `scores`: as kept in the root, or as its file in `folder` stands. Raises InputRefused when neither is that one any more."""
    rubric_id, version, digest = (score[name] for name in ("rubric_id", "rubric_version", "rubric_sha256"))
    kept = [rubric for rubric in frozen_rubrics(store, rubric_id) if rubric.version == version]
    for rubric in (*kept, *_as_its_file_stands(folder / f"{rubric_id}.yaml")):
        if rubric_sha256(rubric) == digest:
            return rubric
    raise InputRefused(
        f"The call was scored by version {version} of {rubric_id}, which is not kept as it was then.",
        advice=f"Name what to judge it by: --rubric {rubric_id}, NAME@VERSION or a file.",
    )


def _as_its_file_stands(path: Path) -> tuple[Rubric, ...]:
    """The rubric of a file; none where there is no such file, or its author is still at work on it."""
    try:
        return (load_rubric(path),)
    except RubricError:
        return ()
