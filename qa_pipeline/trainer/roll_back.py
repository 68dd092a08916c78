"""Going back to an earlier version: its text once more, as the next version. A version that was published is never taken away."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from qa_pipeline.errors import RubricError
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import freeze
from qa_pipeline.rubric.canonical import rubric_sha256
from qa_pipeline.rubric.load import load_rubric, read_lock, rubric_paths
from qa_pipeline.trainer.shelf import lists_of

_VERSION = re.compile(r"^(version\s*:\s*)\d+", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVersion:
    """A published version as kept beside the results. `text`: its file as it was; None where it was kept without."""

    rubric_id: str
    version: int
    sha256: str
    published_at: datetime
    effective_from: str | None
    text: str | None


def kept_versions(store: Store, rubric_id: str) -> tuple[KeptVersion, ...]:
    """Versions of a rubric that are kept beside the results, the newest first."""
    columns = ["rubric_id", "version", "rubric_sha256", "published_at", "effective_from", "text"]
    rows = [row for row in store.read("rubrics", columns=columns).to_pylist() if row["rubric_id"] == rubric_id]
    return tuple(
        KeptVersion(
            rubric_id=rubric_id,
            version=row["version"],
            sha256=row["rubric_sha256"],
            published_at=row["published_at"],
            effective_from=row["effective_from"].isoformat() if row["effective_from"] else None,
            text=row["text"],
        )
        for row in sorted(rows, key=lambda row: -row["version"])
    )


def keep_published(store: Store, folder: Path, file: str) -> None:
    """Keep what is published of a file beside the results before the file becomes another: its rubric, or those that use the list, as far as they are published so."""
    names = [path.stem for path in rubric_paths(folder) if file == path.name or file in lists_of(path.read_text("utf-8"))]
    lock = read_lock(folder)
    for name in names:
        # A file with faults is no published version; what a root keeps otherwise under this number it goes on keeping.
        with suppress(RubricError):
            rubric = load_rubric(folder / f"{name}.yaml")
            if lock.get(rubric.id, {}).get(str(rubric.version)) == rubric_sha256(rubric):
                freeze([rubric], store, folder=folder)


def text_to_go_back(store: Store, folder: Path, rubric_id: str, version: int) -> str:
    """The text of an earlier version with the next version's number, to be saved and published. Raises RubricError where it is not kept."""
    kept = {one.version: one for one in kept_versions(store, rubric_id)}
    if version not in kept:
        known = ", ".join(str(number) for number in kept) or "none"
        raise RubricError(f"Version {version} of {rubric_id} is not kept in {store.root}.", advice=f"There are: {known}.")
    text = kept[version].text
    if text is None or not _VERSION.search(text):
        raise RubricError(
            f"Version {version} of {rubric_id} is kept without the text of its file.", advice="Take the file from a backup or from git."
        )
    newest = max((int(number) for number in read_lock(folder).get(rubric_id, {})), default=0)
    return _VERSION.sub(rf"\g<1>{max(newest, *kept) + 1}", text, count=1)


def judges_as(path: Path, kept: KeptVersion) -> bool:
    """Whether a file, but for its number, judges as a kept version did: lists that it uses may have changed since. Raises RubricError."""
    return rubric_sha256(load_rubric(path).model_copy(update={"version": kept.version})) == kept.sha256
