"""Conversations and scores as rows, there and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Alternative, Call, Conversation, Layout, Word
from qa_pipeline.conversation.written import conversation
from qa_pipeline.results.heard import StoredConversations
from qa_pipeline.results.rows import call_date, call_row, embedding_rows, metric_row, utterance_rows
from qa_pipeline.results.tables import TABLES

AT = datetime(2026, 5, 11, 2, tzinfo=UTC)
FULL = replace(
    conversation(
        "0:00 agent: 您好，我是小王。",
        "0:04 customer: isn't it? 二十三。",
        sentiment=(0.25, "positive"),
        starts_cut=True,
        confidence=0.875,
        vectors={0: tuple(i / 512 for i in range(384)), 1: (0.5,) * 384},
        agent_id="17",
        agent_name="王",
        team="north",
        direction="outbound",
        started_at=datetime(2026, 5, 11, 1, 20, tzinfo=UTC),
        ring_seconds=2.5,
        agent_channel=1,
        extra={"b": "2", "a": "1"},
    ),
    layout=Layout.DUAL_MONO,
    lost_ms=640,
    wordless_share=0.125,
    dropped=(Word(text="字幕由", start_ms=900, end_ms=1500, confidence=0.5),),
    language_confidence=0.5,
    asr_model="whisper",
    diarization_model="pyannote",
    manifest_sha256="m",
    options={"beam_size": "5"},
)
FULL = replace(
    FULL,
    utterances=(replace(FULL.utterances[0], alternatives=(Alternative(text="您好，我是小黄。", share=0.1234),)), *FULL.utterances[1:]),
)


def there_and_back(heard: Conversation) -> Conversation:
    """Through Arrow, so that the columns' types have their say."""

    def through(name: str, rows: list[dict[str, Any]]) -> pa.Table:
        table = pa.Table.from_pylist(rows, schema=TABLES[name].schema)
        return table.append_column("place", pa.array([0] * len(rows), pa.int32()))

    (back,) = StoredConversations(
        calls=through("calls", [call_row(heard, run_id="r", processed_at=AT, timezone="UTC", code_version="0")]),
        utterances=through("utterances", utterance_rows(heard, run_id="r", timezone="UTC")),
        metrics=through("metrics", [metric_row(heard, run_id="r", timezone="UTC")]),
        embeddings=through("embeddings", embedding_rows(heard, run_id="r", timezone="UTC")),
    )
    return back


def test_a_full_conversation_comes_back_as_it_was() -> None:
    assert there_and_back(FULL) == FULL


def test_the_language_that_the_metadata_gave_comes_back() -> None:
    told = replace(FULL, call=replace(FULL.call, language="zh"))
    assert there_and_back(told).call.language == "zh"


def test_a_conversation_of_which_nothing_is_known_comes_back_with_nothing_made_up() -> None:
    bare = replace(conversation(language="en"), language=None)
    assert there_and_back(bare) == bare


@given(st.lists(st.tuples(st.sampled_from(["agent", "customer", "other", "unknown"]), st.text(max_size=30)), max_size=5))
def test_whatever_was_said_comes_back(lines: list[tuple[str, str]]) -> None:
    spoken = [(role, " ".join(text.split())) for role, text in lines]
    heard = conversation(*(f"{role}: {text}" for role, text in spoken if text), language="en")
    assert there_and_back(heard) == heard


@pytest.mark.parametrize("name", ["calls", "utterances", "metrics", "embeddings"])
def test_rows_have_the_columns_of_their_table(name: str) -> None:
    rows = {
        "calls": [call_row(FULL, run_id="r", processed_at=AT, timezone="UTC", code_version="0")],
        "utterances": utterance_rows(FULL, run_id="r", timezone="UTC"),
        "metrics": [metric_row(FULL, run_id="r", timezone="UTC")],
        "embeddings": embedding_rows(FULL, run_id="r", timezone="UTC"),
    }[name]
    for row in rows:
        cure = "tables.py names the columns, rows.py fills them: these are in one and not in the other"
        assert set(row) ^ set(TABLES[name].schema.names) == set(), cure


@pytest.mark.parametrize(
    ("timezone", "day"), [("UTC", date(2026, 5, 11)), ("Asia/Shanghai", date(2026, 5, 12)), ("America/New_York", date(2026, 5, 11))]
)
def test_the_date_of_a_call_is_in_the_configured_zone(timezone: str, day: date) -> None:
    call = Call(call_id="c", source_uri="c.wav", audio_sha256="0", started_at=datetime(2026, 5, 11, 18, tzinfo=UTC))
    assert call_date(call, timezone) == day


def test_a_call_without_a_start_has_no_date() -> None:
    assert call_date(Call(call_id="c", source_uri="c.wav", audio_sha256="0"), "UTC") is None


def test_every_column_has_a_meaning() -> None:
    assert [c.name for table in TABLES.values() for c in table.columns if not c.meaning] == []


def test_keys_and_partitions_are_columns() -> None:
    for table in TABLES.values():
        assert {*table.key, *([table.partition] if table.partition else [])} <= set(table.schema.names)
