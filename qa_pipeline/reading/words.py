"""Calls in which something was said: the newest first, day by day, so that words of a year need not be read for what was said yesterday."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import pyarrow.compute as pc
from sqlalchemy import Engine, and_, select

from qa_pipeline.call import Role
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.index import LINES, CallLine, call_index, line_of
from qa_pipeline.reading.pages import ALL, Wanted, as_seen, conditions, visible
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.results.store import Store

_ROW = call_index.c
_COLUMNS = ("conversation_id", "utterance", "role", "start_ms", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A place where it was said. `start_ms`: ms from the start of the recording; None in a call without times."""

    line: CallLine
    utterance: int
    role: Role
    start_ms: int | None
    text: str


def find_words(
    store: Store,
    engine: Engine,
    viewer: Viewer,
    words: str,
    wanted: Wanted = ALL,
    *,
    role: Role | None = None,
    most: int = 50,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Spoken, ...]:
    """Where `words` were said, as they stand in the transcripts and whatever the case of their letters, in calls whose words `viewer` may read.

    `tell`: days looked through, of how many. Raises InputRefused for no words, AccessRefused for who reads none at all.
    """
    words = " ".join(words.split())
    if not words:
        raise InputRefused("No words are given.", advice="Write what was said, or a part of it.")
    viewer.require(Matter.WORDS)
    days = _days(engine, viewer, wanted)
    found: list[Spoken] = []
    for number, day in enumerate(days):
        tell(number, len(days))
        found += _on(store, engine, viewer, words, wanted, day, role)
        if len(found) >= most:
            break
    return tuple(found[:most])


def _days(engine: Engine, viewer: Viewer, wanted: Wanted) -> list[date | None]:
    """Days that have calls to look through, the newest first, then those without a day."""
    asked = select(_ROW.call_date).where(*conditions(wanted), visible(viewer, Matter.WORDS)).distinct()
    with engine.connect() as connection:
        days = [None if day is None else date.fromisoformat(day) for day in connection.execute(asked).scalars()]
    return sorted(days, key=lambda day: (day is not None, day or date.min), reverse=True)


def _on(store: Store, engine: Engine, viewer: Viewer, words: str, wanted: Wanted, day: date | None, role: Role | None) -> Iterator[Spoken]:
    rows = store.read("utterances", columns=_COLUMNS, where="call_date is null" if day is None else f"call_date = date '{day}'")
    if not rows.num_rows:
        return
    is_it = pc.match_substring(rows["text"].cast("string"), words, ignore_case=True)
    if role is not None:
        is_it = pc.and_(is_it, pc.equal(rows["role"], role.value))
    said = rows.filter(pc.fill_null(is_it, False)).to_pylist()
    if not said:
        return
    on_day = _ROW.call_date.is_(None) if day is None else _ROW.call_date == day.isoformat()
    asked = LINES.where(and_(on_day, visible(viewer, Matter.WORDS)), *conditions(wanted))
    with engine.connect() as connection:
        of_conversation = {row["conversation_id"]: line_of(dict(row)) for row in connection.execute(asked).mappings()}
    for row in sorted(said, key=lambda row: (row["conversation_id"], row["utterance"])):
        line = of_conversation.get(row["conversation_id"])
        if line is not None:
            yield Spoken(
                line=as_seen(line, viewer),
                utterance=row["utterance"],
                role=Role(row["role"]),
                start_ms=row["start_ms"],
                text=row["text"],
            )
