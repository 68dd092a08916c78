"""Every column says what it holds, its parts too; what goes with the words of a call follows from it."""

from __future__ import annotations

import pyarrow as pa

from qa_pipeline.results.columns import Kind
from qa_pipeline.results.tables import TABLES
from qa_pipeline.running import retention

COLUMNS = {f"{table.name}.{column.name}": column for table in TABLES.values() for column in table.columns}


def parts_of(kind: pa.DataType) -> set[str]:
    """Names of the parts of a nested type; none of a plain one."""
    inner = kind.value_type if pa.types.is_list(kind) else kind
    return {field.name for field in inner} if pa.types.is_struct(inner) else set()


def test_a_column_has_a_kind_and_so_has_each_of_its_parts() -> None:
    parts = {name: found for name, column in COLUMNS.items() if (found := parts_of(column.type))}
    assert {name: set() if isinstance(COLUMNS[name].kind, Kind) else set(COLUMNS[name].kind) for name in parts} == parts
    without = [name for name, column in COLUMNS.items() if not column.kinds or not all(isinstance(kind, Kind) for kind in column.kinds)]
    assert without == []


def test_what_cannot_be_read_as_text_names_nobody() -> None:
    naming = {Kind.WORDS, Kind.PERSON, Kind.PATH, Kind.NOTE}
    plain = (pa.types.is_floating, pa.types.is_integer, pa.types.is_boolean)
    assert [name for name, column in COLUMNS.items() if any(is_it(column.type) for is_it in plain) and naming & set(column.kinds)] == []
    times = [name for name, column in COLUMNS.items() if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)]
    assert [name for name in times if COLUMNS[name].kinds != (Kind.TIME,)] == []


def test_the_words_of_a_call_lie_in_these_places_and_go_from_them() -> None:
    holding = {name: table.holding(Kind.WORDS) for name, table in TABLES.items() if table.holding(Kind.WORDS)}
    assert holding == {
        "utterances": ("text", "norm", "words", "alternatives"),
        "embeddings": ("vector",),
        "replies": ("value", "quotes"),
        "findings": ("reason_args", "reason", "evidence", "evidence_text"),
        "captures": ("value", "text"),
        "calls": ("dropped",),
        "decisions": ("before", "after"),
    }
    assert {*retention._WORDS, *retention._QUOTES} == holding.keys()
    # They are found by the conversation, and what is taken out of a row is none of its key.
    for name, columns in retention._QUOTES.items():
        assert "conversation_id" in TABLES[name].schema.names and not set(columns) & set(TABLES[name].key)


def test_a_column_of_a_key_says_nothing_of_what_was_said() -> None:
    assert all(Kind.WORDS not in column.kinds for table in TABLES.values() for column in table.columns if column.name in table.key)
