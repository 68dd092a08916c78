"""Text files of any separator, encoding and quoting: what is read, what is said, what is refused with which cure."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metadata_files import TABLE, call_of, fault_of, faults_of, taken, told, written

from qa_pipeline.errors import InputRefused
from qa_pipeline.recordings.columns import validated
from qa_pipeline.recordings.delimited import read_table
from qa_pipeline.recordings.metadata import read_metadata
from qa_pipeline.recordings.remarks import Remarks

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


# Signs that nobody sees, alone in a row, are no row.
CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), include_characters="\n\r\t"), max_size=12)


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
