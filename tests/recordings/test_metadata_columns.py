"""Values as spreadsheets, databases and telephone systems write them: what is read, what is said, what is refused with which cure."""

from __future__ import annotations

import io
import json
import re
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from metadata_files import WRITERS, call_of, fault_of, taken, told

from qa_pipeline.recordings.columns import COLUMNS
from qa_pipeline.recordings.mapping import load_map

# What spreadsheets and data frames do to numbers


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("column", ["customer_id", "agent_id", "call_id"])
@pytest.mark.parametrize("value", ["4,86E+10", "1.2E+10", "4.86e+10", "1E+15"])
def test_a_number_that_a_spreadsheet_rounded_is_warned_of_by_name(folder: Path, name: str, column: str, value: str) -> None:
    intake = taken(folder, WRITERS[name]([("file", "a.wav"), (column, value)]), name)
    (warning,) = told(intake)
    assert f"{column} is {value!r}: a spreadsheet has rounded" in warning


@pytest.mark.parametrize("value", ["3-Feb", "29-Feb", "Mar-17", "12-dec"])
def test_an_id_that_a_spreadsheet_made_a_date_of_is_warned_of(folder: Path, value: str) -> None:
    (warning,) = told(taken(folder, f"file,agent_id\na.wav,{value}\n"))
    assert f"agent_id is {value!r}: a spreadsheet may have made a date of it" in warning


def test_long_numbers_that_all_end_in_zeros_are_warned_of_and_others_are_not(folder: Path) -> None:
    lost, whole = "123456789012345000", "123456789012346001"
    (warning,) = told(taken(folder, f"file,customer_id\na.wav,{lost}\nb.wav,{lost[:14]}6000\n"))
    assert "a spreadsheet keeps 15 digits" in warning
    assert told(taken(folder, f"file,customer_id\na.wav,{lost}\nb.wav,{whole}\n")) == []
    assert told(taken(folder, f"file,customer_id\na.wav,{lost}\n")) == []


def test_a_table_without_a_header_is_told_so(folder: Path) -> None:
    assert fault_of(folder, "a.wav,17\nb.wav,18\n").advice.startswith("the first line is no header: write a line above it")


@pytest.mark.parametrize("value", ["3-Foo", "tm-17", "Mar-1700", "3-2", "486E10", "12E4", "E+10", "4.86", "+48123456789"])
def test_an_id_that_only_looks_like_one_is_not(folder: Path, value: str) -> None:
    assert told(taken(folder, f"file,customer_id\na.wav,{value}\n")) == []


@pytest.mark.parametrize(
    ("value", "bare"), [('="0017"', "0017"), ("'+48600100200", "+48600100200"), ("'0017", "0017"), ("'ndrangheta", "'ndrangheta")]
)
def test_what_keeps_a_text_from_a_spreadsheet_is_no_part_of_it(folder: Path, value: str, bare: str) -> None:
    cell = '"' + value.replace('"', '""') + '"'
    intake = taken(folder, f"file,customer_id\na.wav,{cell}\n")
    assert call_of(intake).customer_id == bare
    assert any("kept it as text" in line for line in intake.decided) == (bare != value)


@pytest.mark.parametrize("value", ["#N/A", "#REF!", "########", "#NAME?"])
def test_an_error_of_a_spreadsheet_is_not_known_and_told(folder: Path, value: str) -> None:
    intake = taken(folder, f"file,agent_id\na.wav,{value}\n")
    assert call_of(intake).agent_id is None
    assert "an error of a spreadsheet" in told(intake)[0]


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.parquet"])
def test_ids_that_a_data_frame_made_floats_are_whole_again(folder: Path, name: str) -> None:
    call = call_of(
        taken(folder, WRITERS[name]([("file", "a.wav"), ("agent_id", 17.0), ("customer_id", 48600000000.0), ("csat", 4.5)]), name)
    )
    assert (call.agent_id, call.customer_id, call.csat) == ("17", "48600000000", 4.5)


def test_parquet_with_nanoseconds_bytes_and_nothing(folder: Path) -> None:
    out = io.BytesIO()
    moment = pa.array([1741054320000000001], pa.timestamp("ns", "UTC"))
    pq.write_table(pa.table({"file": pa.array([b"a.wav"]), "started_at": moment, "csat": [float("nan")]}), out)
    call = call_of(taken(folder, out.getvalue(), "calls.parquet"))
    assert (call.started_at, call.csat) == (datetime.fromisoformat("2025-03-04T02:12:00Z"), None)


def test_parquet_whose_columns_are_called_no_text_is_a_fault(folder: Path) -> None:
    raw = WRITERS["calls.parquet"]([("file", "a.wav"), ("nameless", "x")])
    assert "not Parquet" in fault_of(folder, raw.replace(b"nameless", b"\xfcameless"), "calls.parquet").message


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("csat", "4.5", 4.5), ("csat", "4,5", 4.5), ("csat", "0,125", 0.125), ("csat", "-1", -1.0), ("ring_seconds", "12,25", 12.25),
        ("ring_seconds", "0:00:15", 15.0), ("wait_seconds", "01:02:03", 3723.0), ("wait_seconds", "00:00:01,5", 1.5),
    ],
)  # fmt: skip
def test_numbers_with_point_comma_or_clock(folder: Path, column: str, text: str, expected: float) -> None:
    intake = taken(folder, f"file;{column}\na.wav;{text}\n")
    assert getattr(call_of(intake), column) == expected
    assert any("decimal comma" in decision for decision in intake.decided) == ("," in text and ":" not in text)


@pytest.mark.parametrize("text", ["1,234", "12,500"])
def test_a_number_that_could_be_two_is_refused_and_both_its_readings_are_read(folder: Path, text: str) -> None:
    fault = fault_of(folder, f"file;csat\na.wav;{text}\n")
    both = re.findall(r"\d[\d.]*", fault.advice)
    assert [call_of(taken(folder, f"file;csat\na.wav;{one}\n")).csat for one in both] == [
        float(text.replace(",", ".")),
        float(text.replace(",", "")),
    ]


@pytest.mark.parametrize("text", ["1_000", "four", "1.2.3", "1,2,3", "15 x", "1e999"])
def test_what_is_no_number_is_refused(folder: Path, text: str) -> None:
    assert fault_of(folder, f"file;wait_seconds\na.wav;{text}\n").advice == "wanted: a number of seconds, or h:mm:ss"


@pytest.mark.parametrize("text", ["NULL", "\\N", "<NA>", "N/A", "(null)"])
def test_what_databases_write_for_nothing_is_not_known_and_told(folder: Path, text: str) -> None:
    intake = taken(folder, f"file,agent_id,direction,csat,started_at,extra\na.wav,{text},{text},{text},{text},{text}\n")
    call = call_of(intake)
    assert (call.agent_id, call.direction, call.csat, call.started_at, call.extra) == (None, None, None, None, {"extra": text})
    assert any(f"{text} is read as not known" in decision for decision in intake.decided)


@pytest.mark.parametrize("text", ["Null", "None", "NA", "-"])
def test_what_may_be_a_name_is_one(folder: Path, text: str) -> None:
    assert call_of(taken(folder, f"file,agent_name\na.wav,{text}\n")).agent_name == text


# Values


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("direction", "Inbound", "inbound"), ("direction", "OUTBOUND", "outbound"), ("hangup_by", "Agent", "agent"),
        ("disposition", "Call back", "call_back"), ("disposition", "WRONG-PERSON", "wrong_person"), ("language", "en-US", "en"),
        ("language", "zh_CN", "zh"), ("language", "zh-Hans-CN", "zh"), ("language", "PL", "pl"), ("language", "sv_SE.UTF-8", "sv"),
        ("language", "es-419", None), ("agent_channel", "left", 0), ("agent_channel", "Right", 1), ("agent_channel", "1.0", 1),
    ],
)  # fmt: skip
def test_values_that_can_only_mean_one_thing_are_taken_and_told(folder: Path, column: str, text: str, expected: object) -> None:
    content = f"file,{column}\na.wav,{text}\n"
    if expected is None:
        assert fault_of(folder, content).message == f"{column} is {text!r}"
        return
    intake = taken(folder, content)
    assert getattr(call_of(intake), column) == expected
    assert column == "agent_channel" or any(f"{column} {text!r} is read as {expected!r}" in decision for decision in intake.decided)


@pytest.mark.parametrize(
    ("column", "text"),
    [("direction", "I"), ("direction", "1"), ("direction", "z zewnątrz"), ("language", "Inglés"), ("language", "zh-yue"), ("disposition", "no"),
     ("hangup_by", "klient: tak")],
)  # fmt: skip
def test_a_value_that_is_none_is_refused_and_the_mapping_that_is_advised_reads_it(folder: Path, column: str, text: str) -> None:
    content = f'file,{column}\na.wav,"{text}"\n'
    fault = fault_of(folder, content)
    mapping = folder / "own.yaml"
    # Of two a person chooses one.
    mapping.write_text(fault.advice.partition("mean: ")[2].partition(" or values")[0], "utf-8")
    assert getattr(call_of(taken(folder, content, mapping=load_map(str(mapping), COLUMNS))), column) in fault.advice


# Times


def test_a_time_as_a_number_is_told_once_with_an_example(folder: Path) -> None:
    intake = taken(folder, "file,started_at\na.wav,1741054320\nb.wav,1741054321\n")
    (decision,) = intake.decided
    assert decision.endswith("started_at is read as seconds since 1970 (1741054320 is 2025-03-04 03:12:00+01:00).")


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("value", [1741054320, 1741054320.5, 1741054320000, 1741054320000000])
def test_numbers_as_times_are_read_alike_in_all_formats(folder: Path, name: str, value: float) -> None:
    started = call_of(taken(folder, WRITERS[name]([("file", "a.wav"), ("started_at", value)]), name)).started_at
    assert started is not None
    assert started.replace(microsecond=0) == datetime.fromisoformat("2025-03-04T02:12:00Z")


def test_hours_that_the_clock_skips_or_repeats_are_told_by_line(folder: Path) -> None:
    rows = "file,started_at\na.wav,2025-03-30 02:30\nb.wav,2025-10-26 02:30\nc.wav,2025-10-26 03:00\n"
    skipped, twice = told(taken(folder, rows))
    assert skipped.startswith("csv:2: started_at 2025-03-30 02:30 is skipped by the clocks of Europe/Warsaw; 03:30 is taken")
    assert twice.startswith("csv:3: started_at 2025-10-26 02:30 is shown twice")
    for offset in re.findall(r"2025-10-26T\S+\d", twice):
        assert told(taken(folder, f"file,started_at\na.wav,{offset}\n")) == []


@pytest.mark.parametrize("content", ['[{"file": "a.wav"},\n {"file": "b.wav"}]', '{\n "file": "a.wav"\n}\n', '[{"file": "a.wav"}]'])
def test_json_over_the_whole_file_is_one_fault_and_lines_of_objects_are_read(folder: Path, content: str) -> None:
    assert fault_of(folder, content, "calls.jsonl").message == "JSON over several lines, or a list"
    data = json.loads(content)
    lines = [json.dumps(one) for one in (data if isinstance(data, list) else [data])]
    assert taken(folder, "\n".join(lines), "calls.jsonl").unavailable == ()


# Names of files


@pytest.mark.parametrize("written_as", ["C:\\rec\\a.wav", "\\\\srv\\share\\a.wav"])
def test_a_path_of_another_machine_is_told_and_the_advised_name_is_found(folder: Path, written_as: str) -> None:
    (missing,) = taken(folder, f"file,team\n{written_as},north\n").unavailable
    advised = missing.advice.partition("metadata: ")[2].partition(",")[0]
    assert call_of(taken(folder, f"file,team\n{advised},north\n")).team == "north"


@pytest.mark.parametrize("written_as", ["./a.wav", ".\\a.wav", "x/../a.wav", "sub\\..\\a.wav"])
def test_a_way_round_to_a_file_is_that_file(folder: Path, written_as: str) -> None:
    (folder / "sub").mkdir()
    intake = taken(folder, f"file,team\n{written_as},north\n")
    assert (call_of(intake).team, len(intake.calls), intake.unavailable) == ("north", 3, ())
