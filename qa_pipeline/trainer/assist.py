"""Criteria that are shown and do not count (`status: assist`): which should leave the score or come back by the centre's bar, and publishing that.

The bar only advises: what counts in a score is said by the rubric's version, so that every score says by which criteria it was made (docs/decisions/assist-only.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qa_pipeline.errors import RubricError
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.trust import Standing, Trust, trust
from qa_pipeline.rubric.load import load_rubric, readable_rubrics
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.settings import Settings
from qa_pipeline.trainer.publish import publish
from qa_pipeline.whole_file import write_whole
from qa_pipeline.yaml_text import read_document

Counting = Literal["assist", "stable"]
_WORD = re.compile(r"""(\bstatus["']?\s*:\s*["']?)[a-z]+""")
_ID = re.compile(r"""^(\s*(?:-\s+)?)["']?id["']?\s*:""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A criterion that should leave the score (`to` assist) or come back (`to` stable), and the agreement that says so."""

    rubric_id: str
    criterion_id: str
    to: Counting
    trust: Trust


def advise(desk: Desk, viewer: Viewer, settings: Settings) -> tuple[Advice, ...]:
    """What the bar says of the criteria as their files stand. Raises AccessRefused for who sees no decisions."""
    rubrics, _ = readable_rubrics(settings.rubrics)
    status = {(rubric.id, criterion.id): criterion.status for rubric in rubrics.values() for criterion in rubric.criteria}
    found = []
    for line in trust(desk, viewer, settings):
        standing, now = line.standing(settings.agreement_bar, settings.agreement_calls), status.get((line.rubric_id, line.criterion_id))
        to: Counting | None = (
            "assist"
            if (now, standing) == ("stable", Standing.BELOW)
            else "stable"
            if (now, standing) == ("assist", Standing.ABOVE)
            else None
        )
        if to is not None:
            found.append(Advice(rubric_id=line.rubric_id, criterion_id=line.criterion_id, to=to, trust=line))
    return tuple(found)


def publish_statuses(desk: Desk, settings: Settings, rubric_id: str, statuses: Mapping[str, Counting]) -> Rubric:
    """Write these statuses into a rubric's file and publish it as the next version; a file that cannot be published is as it was.

    Raises RubricError where there is no such rubric or criterion, or as `publish`.
    """
    path = settings.rubrics / f"{rubric_id}.yaml"
    if not path.is_file():
        raise RubricError(f"No rubric is called {rubric_id!r}.", advice="`qa-pipeline rubric versions` lists them.")
    before = path.read_text("utf-8")
    try:
        for criterion_id, status in statuses.items():
            _write_status(path, criterion_id, status)
        (published,) = publish([rubric_id], settings, desk.store, raises_versions=True)
    except RubricError:
        write_whole(path, before)
        raise
    return published


def _write_status(path: Path, criterion_id: str, status: Counting) -> None:
    """Write a criterion's status into its file, and touch nothing else of it."""
    rubric = load_rubric(path)
    places = [
        ("sections", number, "criteria", place)
        for number, section in enumerate(rubric.sections)
        for place, criterion in enumerate(section.criteria)
        if criterion.id == criterion_id
    ]
    if not places:
        raise RubricError(
            f"{rubric.id} has no criterion {criterion_id!r}.", advice=f"There are: {', '.join(c.id for c in rubric.criteria)}."
        )
    document, lines = read_document(path), path.read_text("utf-8").splitlines(keepends=True)
    if (*places[0], "status") in document.places:
        line, _ = document.place((*places[0], "status"))
        lines[line - 1] = _WORD.sub(rf"\g<1>{status}", lines[line - 1], count=1)
    else:
        # A criterion that takes its status over from another one: said after its name, it wins.
        line, _ = document.place((*places[0], "id"))
        named = _ID.match(lines[line - 1])
        if named is None:
            raise RubricError(f"{path} does not say `id` of {criterion_id} on a line of its own.", advice="Write its `status` by hand.")
        lines.insert(line, f"{' ' * len(named[1])}status: {status}\n")
    write_whole(path, "".join(lines))
    if next(c.status for c in load_rubric(path).criteria if c.id == criterion_id) != status:
        raise RubricError(f"The status of {criterion_id} could not be written into {path}.", advice="Write its `status` by hand.")
