"""An access report: all that is held of a customer or a call, gathered from every place that forgetting knows (places.py), to read and as data.

The JSON holds every row as it stands; the page shows the conversations first, then each place with what its columns mean. Neither is redacted: it is the
customer's own, but names whoever worked on the calls too, and somebody looks it over before it is handed out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from qa_pipeline.privacy.going import Going
from qa_pipeline.privacy.places import Ground, Held, places
from qa_pipeline.results.tables import TABLES
from qa_pipeline.whole_file import write_whole

NAMES = ("access-report.json", "access-report.html")
_TABLE = "table "
# A longer list, as a vector of meaning, tells a reader nothing.
_MOST_NUMBERS = 8
_MODE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReport:
    """What is held, by place; places that hold nothing are left out."""

    going: Going
    at: datetime
    held: Mapping[str, Held]

    def rows_of(self, table: str) -> Sequence[Mapping[str, Any]]:
        """Rows of a table of the results."""
        return self.held.get(f"{_TABLE}{table}", Held()).rows


def gather(ground: Ground, going: Going) -> AccessReport:
    """Ask every place what it holds."""
    held = {place.name: found for place in places() if (found := place.holds(ground, going))}
    return AccessReport(going=going, at=datetime.now(UTC), held=held)


def as_data(report: AccessReport) -> str:
    """The report as JSON: rows by place, paths of files by place."""
    data = {
        "made_at": report.at.isoformat(),
        "customers": report.going.customers,
        "calls": report.going.calls,
        "recordings": report.going.recordings,
        "held": {name: {"rows": held.rows, "files": held.files} for name, held in report.held.items()},
    }
    return json.dumps(data, ensure_ascii=False, indent=1, default=_plain)


def as_page(report: AccessReport) -> str:
    """The report as a page that needs nothing beside it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(loader=PackageLoader("qa_pipeline.privacy", "."), autoescape=True, undefined=StrictUndefined)
    environment.filters["shown"] = _shown
    said: dict[str, list[Mapping[str, Any]]] = {}
    for row in report.rows_of("utterances"):
        said.setdefault(row["conversation_id"], []).append(row)
    return environment.get_template("access.html").render(
        report=report,
        calls=[
            (call, sorted(said.get(call["conversation_id"], ()), key=lambda row: int(row["utterance"]))) for call in report.rows_of("calls")
        ],
        tables=[
            (name, TABLES[name].about, {column.name: column.meaning for column in TABLES[name].columns}, held.rows)
            for place, held in report.held.items()
            if place.startswith(_TABLE) and held.rows and (name := place.removeprefix(_TABLE))
        ],
        others=[(name, held) for name, held in report.held.items() if not name.startswith(_TABLE)],
    )


def write_access_report(report: AccessReport, folder: Path) -> tuple[Path, ...]:
    """Write both into a folder, to be read by this user alone. Returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(folder / name for name in NAMES)
    for path, text in zip(paths, (as_data(report), as_page(report)), strict=True):
        if not path.exists():
            path.touch(mode=_MODE)
        path.chmod(_MODE)
        write_whole(path, text, is_secret=True)
    return paths


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _shown(value: object) -> str:
    """A value for a reader."""
    if value is None:
        return ""
    if isinstance(value, list | tuple) and len(value) > _MOST_NUMBERS and all(isinstance(one, int | float) for one in value):
        return f"{len(value)} numbers"
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=_plain) if value else ""
    return str(_plain(value)) if isinstance(value, date | datetime) else str(value)
