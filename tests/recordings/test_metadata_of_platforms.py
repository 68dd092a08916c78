"""Metadata as platforms, databases and spreadsheets write them: read, or refused with a cure that works; nothing is taken for something else in silence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metadata_files import call_of, fault_of, faults_of, taken, told

from qa_pipeline.languages.desk_tables import DeskWords
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.recordings.columns import COLUMNS, Row, validated
from qa_pipeline.recordings.delimited import by_zeros
from qa_pipeline.recordings.mapping import load_map
from qa_pipeline.recordings.remarks import Remarks
from qa_pipeline.recordings.times import parse_time


def read(column: str, value: str) -> tuple[object, str | None]:
    """What is made of a value, and what was wanted instead."""
    remarks = Remarks()
    found = validated(Row(path="calls.csv", line=2, values={"file": "a.wav", column: value}), "Europe/Warsaw", remarks).get(column)
    return found, remarks.faults[0].advice if remarks.faults else None


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("35秒", 35.0), ("1分5秒", 65.0), ("1小时2分3秒", 3723.0), ("1 min 5 sec", 65.0), ("2 godz. 5 min", 7500.0), ("5 min 3 sek.", 303.0), ("35s", 35.0), ("35 s", 35.0), ("1m 5s", 65.0), ("1h2m3s", 3723.0), ("PT1M5.5S", 65.5), ("0:00:35", 35.0), ("1899-12-30 00:00:35", 35.0),
        ("30.12.1899 0:00:35", 35.0), ("12/30/1899 0:01:35", 95.0), ("0", 0.0), ("0.5", 0.5),
    ],
)  # fmt: skip
def test_lengths_of_time_are_read_as_they_are_written(written: str, seconds: float) -> None:
    assert read("wait_seconds", written) == (seconds, None)


@pytest.mark.parametrize("written", ["0,000405092592592593", "0.000405092592592593", "4.05092592592593E-04"])
def test_a_part_of_a_day_is_no_number_of_seconds_and_the_figure_advised_is_right(written: str) -> None:
    assert read("wait_seconds", written)[0] is None
    advice = read("wait_seconds", written)[1] or ""
    figure = advice.rpartition(" ")[2]
    assert read("wait_seconds", figure) == (35.0, None)


def test_minutes_that_could_be_hours_are_refused_with_both(tmp_path: Path) -> None:
    _, advice = read("ring_seconds", "00:35")
    assert advice is not None
    first, second = re.findall(r"\d\d:\d\d:\d\d", advice)
    assert (read("ring_seconds", first)[0], read("ring_seconds", second)[0]) == (35.0, 2100.0)


@given(st.integers(1, 86_399))
def test_no_length_of_time_is_read_as_something_else(seconds: int) -> None:
    clock = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    for written in (clock, f"1899-12-30 {clock}", f"{seconds}s", f"{seconds // 60}m {seconds % 60}s", str(seconds)):
        assert read("wait_seconds", written) == (seconds, None)
    fraction, advice = read("wait_seconds", f"{seconds / 86_400:.9f}")
    # From a twentieth of a second up it may be one.
    assert fraction is None or (isinstance(fraction, float) and fraction >= 0.05)
    assert advice is None or read("wait_seconds", advice.rpartition(" ")[2]) == (seconds, None)


@pytest.mark.parametrize(
    ("written", "local"),
    [
        ("/Date(1741079520000)/", "2025-03-04T10:12:00+01:00"), ("/Date(1741079520000+0100)/", "2025-03-04T10:12:00+01:00"),
        ("2025-03-04T10:12:00+01:00[Europe/Warsaw]", "2025-03-04T10:12:00+01:00"), ("2025-03-04 10:12:00 America/New_York", "2025-03-04T16:12:00+01:00"),
        ("2025-03-04 10:12 p.m.", "2025-03-04T22:12:00+01:00"), ("2025-03-04 下午10:12", "2025-03-04T22:12:00+01:00"),
        ("2025/3/4 上午 10:12:05", "2025-03-04T10:12:05+01:00"), ("2025年3月4日 下午2时05分30秒", "2025-03-04T14:05:30+01:00"),
        ("2025/3/4 凌晨12:30", "2025-03-04T00:30:00+01:00"), ("2025/3/4 中午12:30", "2025-03-04T12:30:00+01:00"), ("2025/3/4 下午14:30", "2025-03-04T14:30:00+01:00"),
        ("2025-03-04 kl. 10.12", "2025-03-04T10:12:00+01:00"), ("2025-03-04 10.12.30", "2025-03-04T10:12:30+01:00"),
    ],
)  # fmt: skip
def test_times_of_other_programs_and_countries(written: str, local: str) -> None:
    found = parse_time(written, "Europe/Warsaw")
    assert found is not None
    assert found.isoformat() == local or found == parse_time(local, "UTC")


@pytest.mark.parametrize("written", ["2025-03-04 10:12 Mars/Olympus", "/Date(12)/", "下午", "2025-03-04 下午25:00"])
def test_what_only_looks_like_one_is_refused(written: str) -> None:
    assert parse_time(written, "Europe/Warsaw") is None


@pytest.mark.parametrize("column", ["inbound", "outbound"])
def test_directions_are_known_by_the_words_of_every_language(column: str) -> None:
    words = [word for code in language_codes() for word in getattr(table(code, DeskWords), column)]
    assert words
    assert {read("direction", word) for word in words} == {(column, None)}
    assert read("hangup_by", "客户") == ("customer", None)
    assert read("language", "中文") == ("zh", None)


@pytest.mark.parametrize(
    ("column", "value", "read_as"),
    [
        ("agent_channel", "R", 1), ("agent_channel", "Left channel", 0), ("agent_channel", "右声道", 1), ("agent_channel", "左", 0), ("agent_channel", "prawy", 1),
        ("agent_channel", "vänster kanal", 0), ("direction", "outbound-api", "outbound"), ("direction", "outbound-dial", "outbound"), ("language", "cmn-Hans-CN", "zh"),
        ("language", "Mandarin", "zh"), ("language", "eng-US", "en"), ("language", "POL", "pl"), ("language", "swe", "sv"),
    ],
)  # fmt: skip
def test_sides_directions_and_languages_are_read_as_platforms_write_them(column: str, value: str, read_as: object) -> None:
    assert read(column, value) == (read_as, None)


@pytest.mark.parametrize(
    ("column", "value"), [("agent_channel", "channel 1"), ("agent_channel", "2"), ("language", "yue-Hans-CN"), ("language", "engine")]
)
def test_what_may_mean_another_is_no_side_and_no_language(column: str, value: str) -> None:
    assert read(column, value)[1] is not None


@pytest.mark.parametrize(
    ("column", "value", "offered"),
    [("direction", "7", {"inbound", "outbound"}), ("direction", "转接", {"inbound", "outbound"}), ("direction", "outb.", {"outbound"})],
)
def test_a_value_that_is_like_no_choice_is_advised_every_choice_and_not_one(
    tmp_path: Path, column: str, value: str, offered: set[str]
) -> None:
    fault = fault_of(tmp_path, f"file,{column}\na.wav,{value}\n")
    mappings = re.findall(r"values: \{\S+ \{.*?\}\}", fault.advice)
    read_as = set()
    for mapping in mappings:
        (tmp_path / "m.yaml").write_text(mapping)
        (tmp_path / "a.wav").write_bytes(b"")
        chosen = load_map(str(tmp_path / "m.yaml"), COLUMNS)
        read_as.add(chosen.value(column, value))
    assert read_as == offered


def test_ids_that_differ_in_zeros_before_them_are_told(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"x")
    (warning,) = [text for text in told(taken(tmp_path, "file,agent_id,customer_id\na.wav,0017,5\nb.wav,17,6\n")) if "zeros" in text]
    assert warning.startswith("csv:3: agent_id is '17' here and '0017' elsewhere")
    assert not [text for text in told(taken(tmp_path, "file,agent_id\na.wav,0017\nb.wav,0018\n")) if "zeros" in text]


def test_ids_with_the_fraction_of_a_data_frame_are_those_without(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("agent: Hello.\n")
    call = call_of(taken(tmp_path, "file,agent_id,customer_id,call_id\na.txt,17.0,48600100200.0,1741079520.0\n"), "a.txt")
    assert (call.agent_id, call.customer_id, call.call_id) == ("17", "48600100200", "1741079520.0")


def test_values_that_databases_wrap_are_read_and_objects_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("agent: Hello.\n")
    row = {"file": "a.txt", "started_at": {"$date": {"$numberLong": "1741079520000"}}, "agent_id": {"id": "17"}}
    intake = taken(tmp_path, json.dumps(row) + "\n", "calls.jsonl")
    call = call_of(intake, "a.txt")
    assert call.started_at == parse_time("2025-03-04T09:12:00Z", "UTC")
    assert call.agent_id is None
    (warning,) = told(intake)
    (tmp_path / "m.yaml").write_text("columns:\n" + warning.split("and `")[1].split("`")[0] + "\n")
    mapped = taken(tmp_path, json.dumps(row) + "\n", "calls.jsonl", mapping=load_map(str(tmp_path / "m.yaml"), COLUMNS))
    assert call_of(mapped, "a.txt").agent_id == "17"


@pytest.mark.parametrize(
    "content",
    [
        "file   |agent_id\n-------+---------\na.txt  |17\n(1 row)\n", "file,agent_id\nVARCHAR(128),INTEGER\na.txt,17\n", "| file | agent_id |\n|---|---|\n| a.txt | 17 |\n",
        "file,agent_id\na.txt,17\n(1 rows affected)\n",
    ],
    ids=["psql", "types", "markdown", "sqlcmd"],
)  # fmt: skip
def test_rules_types_and_counts_of_rows_are_no_rows(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.txt").write_text("agent: Hello.\n")
    intake = taken(tmp_path, content)
    assert not intake.unavailable
    assert call_of(intake, "a.txt").agent_id == "17"
    assert any("is left" in decided for decided in intake.decided)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_known_in_any_script(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes("坐席：您好，这里是客服。\n客户：我要退款。\n".encode(encoding))
    content = "file,队列,客户编号\r\na.txt,售后服务队列名称很长,客户一号名字很长\r\n".encode(encoding)
    assert by_zeros((tmp_path / "a.txt").read_bytes()) == encoding
    assert call_of(taken(tmp_path, content), "a.txt").extra == {"队列": "售后服务队列名称很长", "客户编号": "客户一号名字很长"}


@given(st.text(st.characters(min_codepoint=9, max_codepoint=0xFFFF, exclude_categories=("Cs", "Cn", "Co", "Cc")), max_size=200))
def test_text_in_utf_8_is_never_taken_for_another(text: str) -> None:
    assert by_zeros(text.encode()) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<html><table><tr><td>file</td></tr></table></html>", "is a web page, no table"),
        ('\ufeff<?xml version="1.0"?><Workbook/>', "is a document in XML, no table"),
        ('[{"file": "a.wav"}]', "is JSON, no table"),
    ],
)
def test_what_is_no_table_is_named_for_what_it_is(tmp_path: Path, content: str, message: str) -> None:
    assert fault_of(tmp_path, content).message == message


def test_json_under_the_name_of_a_table_is_read_where_it_is_named_as_advised(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("agent: Hello.\n")
    content = '{"file": "a.txt", "agent_id": "17"}\n'
    assert "calls.jsonl" in fault_of(tmp_path, content).advice
    (tmp_path / "calls.csv").unlink()
    assert call_of(taken(tmp_path, content, "calls.jsonl"), "a.txt").agent_id == "17"


def test_rows_in_a_list_of_an_object_are_taken_out_as_advised(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("agent: Hello.\n")
    rows = [{"file": "a.txt", "agent_id": "17"}]
    (fault,) = faults_of(tmp_path, json.dumps({"data": rows}) + "\n", "calls.jsonl")
    assert "`jq -c '.data[]' FILE`" in fault.advice
    assert call_of(taken(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), "calls.jsonl"), "a.txt").agent_id == "17"


@pytest.mark.parametrize(("name", "save"), [("calls.json", "jq -c"), ("calls.xml", ""), ("calls.yaml", "")])
def test_metadata_under_other_names_are_told_not_to_be_read(tmp_path: Path, name: str, save: str) -> None:
    (tmp_path / "a.txt").write_text("agent: Hello.\n")
    warnings = [text for text in taken(tmp_path, '[{"file": "a.txt"}]', name).warnings if "ending" not in text]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{name}: not read; what describes the calls is read from calls.csv")
    assert save in warnings[0]


def test_an_id_alone_is_no_systems_header_and_the_advice_finds_the_recording(tmp_path: Path) -> None:
    (tmp_path / "x_123_y.txt").write_text("agent: Hello.\n")
    content = "Contact ID,Agent Name,Skill Name\n123,Anna,Support\n"
    advice = fault_of(tmp_path, content).advice
    assert "--map amazon-connect" not in advice
    (tmp_path / "m.yaml").write_text("columns:\n" + advice.split("and `")[1].rstrip("`") + "\n")
    mapped = taken(tmp_path, content, mapping=load_map(str(tmp_path / "m.yaml"), COLUMNS))
    assert call_of(mapped, "x_123_y.txt").extra == {"Agent Name": "Anna", "Skill Name": "Support"}


def test_a_table_without_a_header_is_told_to_need_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("agent: Hello.\n")
    rows = "4860010020,2025-03-04 10:12:00,a.txt\n"
    assert fault_of(tmp_path, rows).advice.startswith("the first line is no header")
    assert call_of(taken(tmp_path, "customer_id,started_at,file\n" + rows), "a.txt").customer_id == "4860010020"
