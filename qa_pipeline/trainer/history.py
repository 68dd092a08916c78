"""Who did what with rubrics and when: kept in the record of the review database, told together with the versions beside the results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, insert, select

from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.results.store import Store
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.tables import audit
from qa_pipeline.trainer.roll_back import kept_versions

SAVED, PUBLISHED = "rubric file saved", "rubric published"
_OURS = (SAVED, PUBLISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. `who` None: nobody put it on record. `version`: of what was published."""

    at: datetime
    who: str | None
    did: str
    about: str
    version: int | None = None


def note(engine: Engine, by: Viewer, did: str, about: str) -> None:
    """Put on record what somebody did: SAVED with a file, PUBLISHED with `NAME VERSION`."""
    with writing(engine) as connection:
        connection.execute(insert(audit).values(at=as_text(datetime.now(UTC)), who=by.name, account=by.account, did=did, about=about))


def history_of(engine: Engine, store: Store, rubric_id: str) -> tuple[Event, ...]:
    """What was saved and published of a rubric and its cases, the newest first."""
    with engine.connect() as connection:
        rows = connection.execute(
            select(audit.c.at, audit.c.who, audit.c.did, audit.c.about).where(audit.c.did.in_(_OURS)).order_by(audit.c.number.desc())
        ).all()
    files = (f"{rubric_id}.yaml", f"{rubric_id}.cases.yaml")
    events = [Event(at=from_text(row.at), who=row.who, did=row.did, about=row.about) for row in rows if row.about in files]
    by_whom = {row.about: row.who for row in reversed(rows) if row.did == PUBLISHED}
    events += [
        Event(at=kept.published_at, who=by_whom.get(f"{rubric_id} {kept.version}"), did=PUBLISHED, about=rubric_id, version=kept.version)
        for kept in kept_versions(store, rubric_id)
    ]
    return tuple(sorted(events, key=lambda event: event.at, reverse=True))
