"""Is a results root whole? Every file read, every table's rows counted against its log, ids unique, and nothing missing that others refer to.

Comes in: a Store. Goes out: for each table its rows and files, and a line for each fault. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from qa_pipeline.reading.tables import ID_COLUMNS, connect
from qa_pipeline.results.columns import Table
from qa_pipeline.results.log import Listing
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One table. `torn`: rows of conversations or scores whose head was never committed; they count for nobody and are overwritten in time."""

    name: str
    files: int
    rows: int
    torn: int = 0
    is_current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found. Whole when there are no faults."""

    tables: tuple[Checked, ...]
    faults: tuple[str, ...]


# Details, the head they belong to, the id they share.
_DETAILS = (
    ("utterances", "calls", "conversation_id"),
    ("embeddings", "calls", "conversation_id"),
    ("metrics", "calls", "conversation_id"),
    ("replies", "calls", "conversation_id"),
    ("findings", "scores", "score_id"),
    ("captures", "scores", "score_id"),
)
# A row for each utterance: even their ids alone fill memory.
_LARGE = ("utterances", "embeddings")
_CHECKS = {
    "scores without findings": "select count(*) n from scores s anti join findings f using (score_id)",
    "calls without metrics": "select count(*) n from calls c anti join metrics m using (conversation_id)",
    "scores of conversations that are not there": "select count(*) n from scores s anti join calls c using (conversation_id)",
    "calls that are twice in the current view": """select count(*) n from
        (select call_id from current_calls group by call_id having count(*) > 1)""",
    "calls that are twice among current scores": """select count(*) n from
        (select call_id from current_scores group by call_id having count(*) > 1)""",
    "utterances out of number": """select count(*) n from (select conversation_id from utterances group by conversation_id
        having count(*) <> max(utterance) + 1 or min(utterance) <> 0)""",
}


def verify_results(store: Store, *, report: Callable[[str], None] = lambda table: None) -> Verification:
    """Look through a whole root. `report` is told each table as it is begun."""
    checked: list[Checked] = []
    faults: list[str] = []
    for name, table in TABLES.items():
        report(name)
        listing = store.listing(name)
        if listing is not None:
            count, wrong = _files(table, listing)
            faults += wrong
            is_current = listing.columns.issuperset(table.schema.names)
            checked.append(Checked(name=name, files=len(listing.files), rows=count, is_current=is_current))
    if faults:
        # What lies in files that cannot be read cannot be asked for.
        return Verification(tables=tuple(checked), faults=tuple(faults))
    report("references")
    checked, faults = _references(store, checked)
    if faults:
        # Tables are read one after the other: what was written meanwhile would seem to be missing. Nobody writes during the second look.
        with store.lock:
            checked, faults = _references(store, checked)
    return Verification(tables=tuple(checked), faults=tuple(faults))


def _references(store: Store, tables: Sequence[Checked]) -> tuple[list[Checked], list[str]]:
    """The tables with their torn rows, and what stands twice or is missing."""
    keys = {one.name: ", ".join(f'"{column}"' for column in TABLES[one.name].key) for one in tables}
    doubled = {name: f"select count(*) n from (select {key} from {name} group by {key} having count(*) > 1)" for name, key in keys.items()}
    torn = {name: f"select count(*) n from {name} d anti join {head} h using ({key})" for name, head, key in _DETAILS if name in keys}
    counts = _counts(store, (*doubled.values(), *torn.values(), *_CHECKS.values()))
    faults = [f"{name}: {counts[sql]} keys stand twice ({', '.join(TABLES[name].key)})" for name, sql in doubled.items() if counts[sql]]
    faults += [f"{counts[sql]} {what}" for what, sql in _CHECKS.items() if counts[sql]]
    return [replace(one, torn=counts[torn[one.name]]) if one.name in torn else one for one in tables], faults


def _files(table: Table, listing: Listing) -> tuple[int, list[str]]:
    """How many rows a table has, every file read to its end, and what is wrong with them."""
    wrong, total = [], 0
    for path, expected in listing.counts().items():
        count = 0
        try:
            with listing.open(path) as file:
                count = sum(batch.num_rows for batch in file.iter_batches())
                wrong += [f"{table.name}/{path}: {fault}" for fault in _strange(table, file.schema_arrow)]
        except (OSError, pa.ArrowInvalid) as error:
            wrong.append(f"{table.name}/{path} cannot be read: {type(error).__name__}")
            continue
        if expected is not None and count != expected:
            wrong.append(f"{table.name}/{path} has {count} rows; its log says {expected}")
        total += count
    return total, wrong


def _strange(table: Table, schema: pa.Schema) -> list[str]:
    """Columns of a file that cannot be read as the table's."""
    found = []
    for field in schema:
        if field.name in table.schema.names:
            try:
                pa.array([], field.type).cast(table.schema.field(field.name).type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                found.append(f"column {field.name} is {field.type}, not {table.schema.field(field.name).type}")
    return found


def _counts(store: Store, questions: Sequence[str]) -> dict[str, int]:
    """The number that each question asks for. Each of the large tables is read once, and never two of them at a time."""
    counts: dict[str, int] = {}
    for large in (*_LARGE, None):
        asked = [sql for sql in questions if next((name for name in _LARGE if name in sql), None) == large]
        if asked:
            with connect(store, *asked, columns=ID_COLUMNS) as connection:
                counts |= {sql: connection.execute(sql).fetchall()[0][0] for sql in asked}
    return counts
