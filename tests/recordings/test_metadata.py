"""Metadata as spreadsheets, databases and telephone systems write them: what is read, what is said, what is refused with which cure."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Call
from qa_pipeline.errors import Fault, InputRefused, MetadataError
from qa_pipeline.recordings.columns import COLUMNS, validated
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.delimited import read_table
from qa_pipeline.recordings.ingest import Intake, ingest
from qa_pipeline.recordings.mapping import load_map
from qa_pipeline.recordings.metadata import read_metadata
from qa_pipeline.recordings.remarks import Remarks

TABLE = [["file", "agent_id", "campaign"], ["a.wav", "17", "Spring, warm; new"], ["b.wav", "18", "Święto"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.wav", "c.wav"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def taken(folder: Path, content: str | bytes, name: str = "calls.csv", **options: object) -> Intake:
    """What is made of a folder with a metadata file."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return ingest([str(folder)], Defaults(timezone="Europe/Warsaw", **options))  # type: ignore[arg-type]


def call_of(intake: Intake, name: str = "a.wav") -> Call:
    return next(call for call in intake.calls if call.source_uri.endswith(f"/{name}"))


def faults_of(folder: Path, content: str | bytes, name: str = "calls.csv", **options: object) -> list[Fault]:
    with pytest.raises(MetadataError) as caught:
        taken(folder, content, name, **options)
    return list(caught.value.faults)


def fault_of(folder: Path, content: str | bytes, name: str = "calls.csv", **options: object) -> Fault:
    (fault,) = faults_of(folder, content, name, **options)
    return fault


def told(intake: Intake) -> list[str]:
    """Warnings about the metadata, without the path."""
    return [warning.split("calls.", 1)[1] for warning in intake.warnings if "/calls." in warning]


def written(rows: list[list[str]], separator: str, end: str = "\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end).writerows(rows)
    return out.getvalue()


# Separators


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "^", "~", "\x1f", "；", "，"])
def test_any_usual_separator_and_end_of_line_is_read_and_told(folder: Path, separator: str, end: str) -> None:
    intake = taken(folder, written(TABLE, separator, end))
    assert [(call_of(intake, name).agent_id, call_of(intake, name).campaign) for name in ("a.wav", "b.wav")] == [
        ("17", "Spring, warm; new"),
        ("18", "Święto"),
    ]
    assert any("columns are separated by" in decision for decision in intake.decided) == (separator != ",")


@pytest.mark.parametrize("line", ["sep=,", "sep=;", "SEP=\t", '"sep=;"', "sep=|"])
def test_the_line_that_tells_a_spreadsheet_the_separator_is_skipped(folder: Path, line: str) -> None:
    separator = line.strip('"')[-1]
    intake = taken(folder, codecs.BOM_UTF8 + f"{line}\r\n{written(TABLE, separator)}".encode())
    assert call_of(intake).agent_id == "17"
    assert told(intake) == []


def test_faults_below_such_a_line_have_the_lines_of_the_file(folder: Path) -> None:
    assert fault_of(folder, "sep=,\nfile,direction\na.wav,sideways\n").line == 3


def test_a_separator_that_is_declared_wrongly_is_warned_of(folder: Path) -> None:
    intake = taken(folder, "sep=;\nfile,agent_id\na.wav,17\n")
    assert call_of(intake).agent_id == "17"
    assert told(intake) == ["csv:1: sep=; stands above a header with commas, which are read."]


def test_a_title_above_the_header_is_left_and_told(folder: Path) -> None:
    intake = taken(folder, "Calls of March\n\nfrom;2025-03-01\n\nfile;agent_id\na.wav;17\n")
    assert call_of(intake).agent_id == "17"
    assert any("the header is line 5" in decision for decision in intake.decided)


@pytest.mark.parametrize("separator", [" ", ":", "/", "  "])
def test_a_separator_that_is_none_is_refused_and_the_advised_ones_are_read(folder: Path, separator: str) -> None:
    content = "file,team\na.wav,north\n"
    assert fault_of(folder, content.replace(",", separator)).advice == "separate the columns by commas, semicolons, tabs or |"
    for advised in ",;\t|":
        assert call_of(taken(folder, content.replace(",", advised))).team == "north"


def test_single_quotes_are_refused_and_double_ones_or_none_are_read(folder: Path) -> None:
    content = "'file','team'\n'a.wav','north, west'\n"
    assert fault_of(folder, content).advice == 'put cells in double quotes ("), or in none'
    assert call_of(taken(folder, content.replace("'", '"'))).team == "north, west"


def test_a_header_that_stands_again_is_left_and_told(folder: Path) -> None:
    intake = taken(folder, "file,team\na.wav,x\nfile,team\nb.wav,y\n")
    assert (call_of(intake, "b.wav").team, intake.unavailable) == ("y", ())
    assert any("the header stands again on line 3" in decision for decision in intake.decided)


@pytest.mark.parametrize("blank", ["\u00a0", "\u200b", "\ufeff", "\u3000", " "])
def test_what_nobody_sees_at_the_ends_of_a_cell_is_none_of_it(folder: Path, blank: str) -> None:
    assert call_of(taken(folder, f"{blank}file{blank};team{blank}\n{blank}a.wav{blank};{blank}north{blank}\n")).team == "north"


def test_one_column_needs_no_separator(folder: Path) -> None:
    assert taken(folder, "file\na.wav\nb.wav\nc.wav\n").decided == ()


# Encodings


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("mark", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_unicode_is_known_by_its_mark_or_its_zeros(folder: Path, encoding: str, mark: bool, separator: str) -> None:
    intake = taken(folder, (("\ufeff" if mark else "") + written(TABLE, separator)).encode(encoding))
    assert call_of(intake, "b.wav").campaign == "Święto"
    assert any(f"is read as {encoding}" in decision for decision in intake.decided) == (encoding != "utf-8")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_json_lines_are_decoded_alike(folder: Path, encoding: str) -> None:
    line = json.dumps({"file": "a.wav", "team": "Święto"}, ensure_ascii=False)
    assert call_of(taken(folder, ("\ufeff" + line).encode(encoding), "calls.jsonl")).team == "Święto"


def test_a_mark_wins_over_what_was_asked_for(folder: Path) -> None:
    assert call_of(taken(folder, codecs.BOM_UTF8 + written(TABLE, ",").encode(), encoding="cp1250"), "b.wav").campaign == "Święto"


@pytest.mark.parametrize(("text", "encoding"), [("Święto", "cp1250"), ("Åsa Öberg", "cp1252"), ("王小明客户", "gb18030")])
def test_other_encodings_are_refused_and_the_advice_reads_them(folder: Path, text: str, encoding: str) -> None:
    raw = f"file;team\na.wav;{text}\n".encode(encoding)
    fault = fault_of(folder, raw)
    assert (fault.line, fault.message) == (2, "not utf-8 text")
    offered = dict(re.findall(r"--encoding (\S+) reads “([^”]*)”", fault.advice))
    assert offered[encoding] == text
    assert call_of(taken(folder, raw, encoding=encoding)).team == text


def test_utf_16_that_breaks_off_is_a_fault(folder: Path) -> None:
    assert fault_of(folder, "\ufefffile,team\na.wav,1\n".encode("utf-16-le")[:-1]).message == "not utf-16-le text"


def test_an_encoding_that_does_not_exist_is_refused_and_its_advice_works(folder: Path) -> None:
    with pytest.raises(InputRefused, match="No encoding is called 'utf-9'") as caught:
        taken(folder, "file\na.wav\n", encoding="utf-9")
    for name in re.findall(r"[a-z]+-?\d+", caught.value.advice):
        "file".encode(name)


@pytest.mark.parametrize(
    ("content", "advice"),
    [(b"PK\x03\x04rest", "CSV UTF-8"), (b"\xd0\xcf\x11\xe0rest", "CSV UTF-8"), (b"\x1f\x8brest", "gzip -d"), (b"%PDF-1.7", "CSV")],
)
def test_what_is_no_text_is_told_by_its_kind(folder: Path, content: bytes, advice: str) -> None:
    assert advice in fault_of(folder, content).advice


def test_parquet_named_as_text_is_read_when_it_is_named_as_told(folder: Path) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"file": ["a.wav"], "team": ["north"]}), out)
    assert fault_of(folder, out.getvalue()).advice == "name it calls.parquet"
    (folder / "calls.csv").unlink()
    assert call_of(taken(folder, out.getvalue(), "calls.parquet")).team == "north"


# Cells


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_surplus_cells_that_are_empty_are_none(folder: Path, separator: str) -> None:
    content = "file,agent_id\na.wav,17,,\nb.wav,18, ,\nc.wav\n".replace(",", separator)
    intake = taken(folder, content)
    assert [call_of(intake, name).agent_id for name in ("a.wav", "b.wav", "c.wav")] == ["17", "18", None]
    assert told(intake) == []


@pytest.mark.parametrize("separator", [",", ";", "|"])
def test_surplus_cells_are_refused_and_quoting_as_told_is_read(folder: Path, separator: str) -> None:
    content = "file,team\na.wav,north,south\n".replace(",", separator)
    fault = fault_of(folder, content)
    assert fault.message == "3 cells under 2 columns"
    assert f'"a{separator}b"' in fault.advice
    cured = content.replace(f"north{separator}south", f'"north{separator}south"')
    assert call_of(taken(folder, cured)).team == f"north{separator}south"


def test_a_cell_under_no_name_is_warned_of(folder: Path) -> None:
    intake = taken(folder, "file,team,,\na.wav,north,lost,\nb.wav,south,lost,\n")
    assert told(intake) == ["csv: the cell in column 3 is left, for the column has no name (lines 2, 3)."]


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        ('file,campaign,direction\na.wav,Spring,inbound\nb.wav,"Summer,inbound\nc.wav,Autumn,inbound\n', 3, 7),
        ('file,campaign,direction\na.wav,"Summer,inbound\nb.wav,"Autumn",inbound\n', 2, 7),
        ('file,campaign,direction\na.wav,"Summer,inbound\nb.wav,x,inbound\nc.wav,Autumn",inbound\n', 2, None),
        ('file,campaign,direction\n"a.wav,Summer,inbound\nb.wav,x,inbound\n', 2, 1),
        ('file,campaign,direction\na.wav,x,"inbound\n', 2, 9),
        ('file;campaign;direction\na.wav;"Summer;inbound\nb.wav;Autumn;inbound\n', 2, 7),
        ('campaign,file\n"Summer,a.wav\nAutumn,b.wav\nWinter",c.wav\n', 2, None),
        ('file,"campaign\na.wav,x\n', 1, 6),
    ],
)
def test_a_quote_that_is_not_closed_is_located_and_taking_it_out_is_the_cure(
    folder: Path, content: str, line: int, column: int | None
) -> None:
    fault = faults_of(folder, content)[0]
    assert (fault.line, fault.column) == (line, column)
    assert fault.message.startswith("a quote is opened here")
    assert fault.advice.startswith("take the quote out")
    rows = content.split("\n")
    rows[line - 1] = rows[line - 1].replace('"', "", 1)
    assert len(taken(folder, "\n".join(rows)).calls) == 3


def test_rows_behind_such_a_quote_are_still_looked_at(folder: Path) -> None:
    faults = faults_of(folder, 'file,direction,team\na.wav,inbound,"north\nb.wav,sideways,south\n')
    assert [(fault.line, fault.message.split(" ")[0]) for fault in faults] == [(2, "a"), (3, "direction")]


def test_a_quote_inside_a_quoted_cell_is_refused_and_doubling_is_the_cure(folder: Path) -> None:
    fault = fault_of(folder, 'file,team\na.wav,"the "best" team"\n')
    assert (fault.line, fault.column) == (2, 7)
    assert call_of(taken(folder, 'file,team\na.wav,"the ""best"" team"\n')).team == 'the "best" team'


@pytest.mark.parametrize(
    ("cell", "expected"),
    [('5" pipe', '5" pipe'), ('"two\nlines, of text"', "two\nlines, of text"), (' "a" ', "a"), ('""', None), ('"a,b"  ', "a,b")],
)
def test_cells_that_are_in_order_are_read(folder: Path, cell: str, expected: str | None) -> None:
    assert call_of(taken(folder, f"file,team\na.wav,{cell}\nb.wav,x\n")).team == expected


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(rows=st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=5), separator=st.sampled_from(",;\t|"))
def test_whatever_a_writer_of_csv_writes_is_read_back(rows: list[list[str]], separator: str) -> None:
    remarks = Remarks()
    out = io.StringIO()
    csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["file", "x"], *rows])
    table = read_table("calls.csv", out.getvalue(), lambda header: "file" in header, remarks)
    cells = [[cell.replace("\r\n", "\n").replace("\r", "\n").strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    assert [record.cells for record in table.records] == cells
    assert remarks.faults == []


PIECES = st.sampled_from(
    ["file", "agent_id", "started_at", "csat", "direction", "a.wav", ",", ";", "\t", '"', '""', "\n", "\r", "sep=", " ", "1741054320", "4,5", "9" * 5000, "1E+9",
     "{", "}", "[", "]", ":", "null", "NaN", "\\ud83d", "\0", "\ufeff", "2025-03-04", "Inbound", "²", "'", "\\"]
)  # fmt: skip


@given(
    text=st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=60)),
    encoding=st.sampled_from(["utf-8", "utf-16", "gb18030"]),
)
def test_whatever_the_text_it_is_rows_or_faults(tmp_path_factory: pytest.TempPathFactory, text: str, encoding: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name in ("calls.csv", "calls.jsonl", "calls.parquet"):
        path = folder / name
        path.write_bytes(text.encode(encoding, "replace"))
        remarks = Remarks()
        for row in read_metadata(str(path), "utf-8-sig", remarks):
            validated(row, "Europe/Warsaw", remarks)
            "".join((*row.values.values(), *row.extra.values(), *row.extra)).encode()
        assert all(fault.advice for fault in remarks.faults)


def test_half_a_character_of_json_is_one_that_can_be_stored(folder: Path) -> None:
    call = call_of(taken(folder, '{"file": "a.wav", "team": "x\\ud83d", "note\\udc00": "\\udc00"}', "calls.jsonl"))
    assert (call.team, call.extra) == ("x?", {"note?": "?"})


def test_json_that_is_nested_without_end_is_a_fault(folder: Path) -> None:
    assert fault_of(folder, '{"file": ' + "[" * 100_000 + "\n", "calls.jsonl").line == 1


# Headers


def as_parquet(pairs: list[tuple[str, object]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array([value]) for _, value in pairs], names=[name for name, _ in pairs]), out)
    return out.getvalue()


def as_json(pairs: list[tuple[str, object]]) -> bytes:
    return ("{" + ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in pairs) + "}").encode()


def as_csv(pairs: list[tuple[str, object]]) -> bytes:
    return written([[name for name, _ in pairs], [str(value) for _, value in pairs]], ",").encode()


WRITERS: dict[str, Callable[[list[tuple[str, object]]], bytes]] = {"calls.csv": as_csv, "calls.jsonl": as_json, "calls.parquet": as_parquet}


@pytest.mark.parametrize("name", WRITERS)
def test_a_column_that_is_not_read_may_stand_twice(folder: Path, name: str) -> None:
    intake = taken(folder, WRITERS[name]([("file", "a.wav"), ("Wrap-up", "x"), ("Wrap-up", "y"), ("Wrap-up", "z")]), name)
    assert call_of(intake).extra == {"Wrap-up": "x", "Wrap-up (2)": "y", "Wrap-up (3)": "z"}
    assert any("column `Wrap-up` stands twice" in decision for decision in intake.decided)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("column", ["file", "agent_id"])
def test_a_column_that_is_read_may_not_and_renaming_is_the_cure(folder: Path, name: str, column: str) -> None:
    pairs: list[tuple[str, object]] = [("file", "a.wav"), ("agent_id", "1"), (column, "a.wav")]
    fault = fault_of(folder, WRITERS[name](pairs), name)
    assert fault.message.startswith(f"column {column!r} stands twice")
    assert "another name" in fault.advice
    assert call_of(taken(folder, WRITERS[name]([*pairs[:2], ("other", "x")]), name)).agent_id == "1"


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("header", ["Agent ID", "AgentId", "agent id", "AGENT_ID", "agent-id"])
def test_a_column_that_is_nearly_called_as_ours_is_told_and_both_cures_work(folder: Path, name: str, header: str) -> None:
    intake = taken(folder, WRITERS[name]([("file", "a.wav"), (header, "17")]), name)
    assert (call_of(intake).agent_id, call_of(intake).extra) == (None, {header: "17"})
    (warning,) = told(intake)
    assert f"column `{header}` is not read" in warning
    lines = re.findall(r"`((?:columns:)|(?:  [^`]+))`", warning)
    mapping = folder / "own.yaml"
    mapping.write_text("\n".join(lines) + "\n")
    assert (
        call_of(taken(folder, WRITERS[name]([("file", "a.wav"), (header, "17")]), name, mapping=load_map(str(mapping), COLUMNS))).agent_id
        == "17"
    )
    assert call_of(taken(folder, WRITERS[name]([("file", "a.wav"), ("agent_id", "17")]), name)).agent_id == "17"


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("header", ["File", "Recording", "filename", "Clip"])
def test_recordings_under_another_name_are_refused_and_both_cures_work(folder: Path, name: str, header: str) -> None:
    content = WRITERS[name]([("id", "9"), (header, "a.wav")])
    fault = fault_of(folder, content, name)
    if name == "calls.parquet" and header == "Clip":
        assert fault.advice == "name the column with the recordings' names `file`"
        return
    assert f"write `file` for {header!r}" in fault.advice
    mapping = folder / "own.yaml"
    mapping.write_text("\n".join(re.findall(r"`((?:columns:)|(?:  [^`]+))`", fault.advice)))
    assert call_of(taken(folder, content, name, mapping=load_map(str(mapping), COLUMNS))).extra == {"id": "9"}
    assert call_of(taken(folder, WRITERS[name]([("id", "9"), ("file", "a.wav")]), name)).extra == {"id": "9"}


def test_objects_inside_objects_are_columns_with_a_point(folder: Path) -> None:
    line = '{"file": "a.wav", "Agent": {"Username": "t17", "Tags": [{"x": 1}]}, "csat": NaN}'
    call = call_of(taken(folder, line, "calls.jsonl"))
    assert (call.extra, call.csat) == ({"Agent.Username": "t17", "Agent.Tags": '[{"x": 1}]'}, None)


# What spreadsheets and data frames do to numbers


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("column", ["customer_id", "agent_id", "call_id"])
@pytest.mark.parametrize("value", ["4,86E+10", "1.2E+10", "4.86e+10", "1E+15"])
def test_a_number_that_a_spreadsheet_rounded_is_warned_of_by_name(folder: Path, name: str, column: str, value: str) -> None:
    intake = taken(folder, WRITERS[name]([("file", "a.wav"), (column, value)]), name)
    (warning,) = told(intake)
    assert f"{column} is {value!r}: a spreadsheet has rounded" in warning


@pytest.mark.parametrize("value", ["486E10", "12E4", "E+10", "4.86", "+48123456789"])
def test_an_id_that_only_looks_like_one_is_not(folder: Path, value: str) -> None:
    assert told(taken(folder, f"file,customer_id\na.wav,{value}\n")) == []


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


@pytest.mark.parametrize("text", ["1_000", "four", "1.2.3", "1,2,3", "0:15", "15 s", "1e999"])
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
    [("direction", "IN"), ("direction", "1"), ("direction", "przychodzące"), ("language", "English"), ("language", "zh-yue"), ("disposition", "no"),
     ("hangup_by", "klient: tak")],
)  # fmt: skip
def test_a_value_that_is_none_is_refused_and_the_mapping_that_is_advised_reads_it(folder: Path, column: str, text: str) -> None:
    content = f'file,{column}\na.wav,"{text}"\n'
    fault = fault_of(folder, content)
    mapping = folder / "own.yaml"
    mapping.write_text(fault.advice.partition("mean: ")[2], "utf-8")
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
    assert fault_of(folder, content, "calls.jsonl").message == "one JSON value over the whole file"
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
