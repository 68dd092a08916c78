"""Files and their metadata → calls."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qa_pipeline.call import Call
from qa_pipeline.errors import InputRefused, MetadataError
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import Intake, ingest
from qa_pipeline.recordings.times import parse_time

SHANGHAI = timezone(timedelta(hours=8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recordings; ingesting reads their bytes only."""
    (tmp_path / "a.wav").write_bytes(b"first")
    (tmp_path / "b.wav").write_bytes(b"second")
    return tmp_path


def taken(folder: Path, **defaults: object) -> Intake:
    return ingest([str(folder)], Defaults(**defaults))  # type: ignore[arg-type]


def call_of(intake: Intake, name: str) -> Call:
    return next(call for call in intake.calls if call.source_uri.endswith(name))


def faults_of(folder: Path, **defaults: object) -> list[str]:
    """Faults as `line: message`."""
    with pytest.raises(MetadataError) as caught:
        taken(folder, **defaults)
    return [f"{fault.line}: {fault.message}" for fault in caught.value.faults]


def test_without_metadata_every_recording_is_a_call(folder: Path) -> None:
    intake = taken(folder)
    assert [call.call_id for call in intake.calls] == [hashlib.sha256(content).hexdigest()[:16] for content in (b"first", b"second")]
    assert (intake.warnings, intake.unavailable) == ((), ())


def test_files_of_other_kinds_are_left(folder: Path) -> None:
    (folder / "notes.txt").write_text("hello")
    assert len(taken(folder).calls) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_with_or_without_byte_order_mark(folder: Path, encoding: str) -> None:
    (folder / "calls.csv").write_text("file,call_id,agent_name\na.wav,c1,王小明\nb.wav,c2,\n", encoding)
    intake = taken(folder)
    assert [(call.call_id, call.agent_name) for call in intake.calls] == [("c1", "王小明"), ("c2", None)]


def test_gb18030_is_read_when_asked_for(folder: Path) -> None:
    (folder / "calls.csv").write_text("file,agent_name\na.wav,王小明\nb.wav,李\n", "gb18030")
    assert call_of(taken(folder, encoding="gb18030"), "a.wav").agent_name == "王小明"


def test_another_encoding_is_a_fault_with_its_line_and_the_cure(folder: Path) -> None:
    (folder / "calls.csv").write_text("file,agent_name\na.wav,Anna\nb.wav,王小明\n", "gb18030")
    with pytest.raises(MetadataError) as caught:
        taken(folder)
    (fault,) = caught.value.faults
    assert fault.line == 3
    assert "--encoding gb18030" in fault.advice


def test_jsonl(folder: Path) -> None:
    rows = [{"file": "a.wav", "call_id": "c1", "csat": 4.5, "agent_channel": 1}, {"file": "b.wav", "team": None, "shift": "late"}]
    (folder / "calls.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    intake = taken(folder)
    first, second = call_of(intake, "a.wav"), call_of(intake, "b.wav")
    assert (first.call_id, first.csat, first.agent_channel) == ("c1", 4.5, 1)
    assert (second.team, second.extra) == (None, {"shift": "late"})


def test_parquet(folder: Path) -> None:
    started = datetime(2026, 5, 11, 2, 20, tzinfo=UTC)
    pq.write_table(
        pa.table({"file": ["a.wav", "b.wav"], "started_at": [started, None], "agent_channel": [0, None]}), folder / "calls.parquet"
    )
    intake = taken(folder)
    first, second = call_of(intake, "a.wav"), call_of(intake, "b.wav")
    assert (first.started_at, first.agent_channel) == (started, 0)
    assert (second.started_at, second.agent_channel) == (None, None)


@pytest.mark.parametrize("content", [b"", b"no parquet at all", b"PAR1" + bytes(20) + b"\x10\0\0\0PAR1"])
def test_parquet_that_is_none_is_a_fault(folder: Path, content: bytes) -> None:
    (folder / "calls.parquet").write_bytes(content)
    assert len(faults_of(folder)) == 1


def test_columns_of_other_names_are_kept_as_extra(folder: Path) -> None:
    (folder / "calls.csv").write_text("file,shift,floor\na.wav,late,\nb.wav,,\n")
    assert call_of(taken(folder), "a.wav").extra == {"shift": "late"}


def test_a_missing_file_column_is_a_fault(folder: Path) -> None:
    (folder / "calls.csv").write_text("recording,call_id\na.wav,1\n")
    assert faults_of(folder) == ["1: no column `file`; found recording, call_id"]


def test_every_bad_cell_is_told_with_its_line_at_once(folder: Path) -> None:
    (folder / "calls.csv").write_text(
        "file,started_at,agent_channel,direction,language,csat,hangup_by,disposition\n"
        "a.wav,yesterday,,,,,,\n"
        "b.wav,,2,sideways,,,,\n"
        "a.wav,,,,fr,many,nobody,lost\n"
        ",,,,,,,\n"
        ",,,inbound,,,,\n"
        "a.wav,,,,,,,,,late\n"
    )
    assert sorted(faults_of(folder)) == [
        "2: started_at is 'yesterday'",
        "3: agent_channel is '2'",
        "3: direction is 'sideways'",
        "4: csat is 'many'",
        "4: disposition is 'lost'",
        "4: hangup_by is 'nobody'",
        "4: language is 'fr'",
        "6: no `file`",
        "7: 10 cells under 8 columns",
    ]


@pytest.mark.parametrize("value", ["inf", "-inf"])
def test_a_number_that_is_none_is_a_fault(folder: Path, value: str) -> None:
    (folder / "calls.csv").write_text(f"file,csat\na.wav,{value}\nb.wav,1\n")
    assert faults_of(folder) == [f"2: csat is {value!r}"]


def test_lines_that_are_no_objects_are_faults(folder: Path) -> None:
    (folder / "calls.jsonl").write_text('{"file": "a.wav"}\n[1]\n\n{"file"\n')
    lines = [fault.split(":")[0] for fault in faults_of(folder)]
    assert lines == ["2", "4"]


def test_a_line_separator_inside_a_value_ends_no_line(folder: Path) -> None:
    (folder / "calls.jsonl").write_text('{"file": "a.wav", "team": "x\u2028y"}\n', "utf-8")
    assert call_of(taken(folder), "a.wav").team == "x\u2028y"


def test_a_quote_that_is_never_closed_is_a_fault(folder: Path) -> None:
    (folder / "calls.csv").write_text('file,team\na.wav,"' + "north\nb.wav,south\n" * 9000)
    assert len(faults_of(folder)) == 1


@pytest.mark.parametrize("name", [".", "a.wav/b", '"a\0.wav"'])
def test_a_name_that_is_no_file_is_unavailable_and_the_others_go_on(folder: Path, name: str) -> None:
    (folder / "calls.csv").write_text(f"file,call_id\n{name},1\na.wav,2\nb.wav,3\n")
    intake = taken(folder)
    assert ([call.call_id for call in intake.calls], len(intake.unavailable)) == (["2", "3"], 1)


def test_a_column_that_stands_twice_is_a_fault(folder: Path) -> None:
    (folder / "calls.csv").write_text("file,team,team\na.wav,1,2\n")
    assert faults_of(folder) == ["1: column 'team' stands twice, in places 2 and 3"]


def test_a_file_named_twice_is_taken_once_with_a_warning(folder: Path) -> None:
    (folder / "calls.csv").write_text("file,team\na.wav,first\na.wav,second\nb.wav,\n")
    intake = taken(folder)
    assert call_of(intake, "a.wav").team == "first"
    assert any("calls.csv:3: a.wav stands twice; the row of line 2 is used" in warning for warning in intake.warnings)


def test_the_same_audio_twice_is_one_call_and_the_warning_names_both(folder: Path) -> None:
    (folder / "c.wav").write_bytes(b"first")
    intake = taken(folder)
    assert len(intake.calls) == 2
    assert intake.warnings == ("c.wav is the same audio as a.wav; it is one call, processed once.",)


def test_one_call_id_for_two_recordings_costs_that_call_alone_and_both_are_named(folder: Path) -> None:
    (folder / "c.wav").write_bytes(b"third")
    (folder / "calls.csv").write_text("file,call_id\na.wav,1\nb.wav,1\nc.wav,2\n")
    intake = taken(folder)
    assert [call.call_id for call in intake.calls] == ["2"]
    (contested,) = intake.unavailable
    assert (contested.call_id, contested.message) == ("1", "Call id 1 is given to a.wav and to b.wav.")
    assert contested.advice.startswith("Give each recording its own call_id")


def test_a_third_recording_of_one_call_id_is_named_with_the_others(folder: Path) -> None:
    (folder / "c.wav").write_bytes(b"third")
    (folder / "calls.csv").write_text("file,call_id\na.wav,1\nb.wav,1\nc.wav,1\n")
    intake = taken(folder)
    assert not intake.calls
    assert [contested.message for contested in intake.unavailable] == ["Call id 1 is given to a.wav and to b.wav and to c.wav."]


def test_what_a_contested_id_stood_for_is_a_call_under_an_id_of_its_own(folder: Path) -> None:
    (folder / "c.wav").write_bytes((folder / "a.wav").read_bytes())
    (folder / "calls.csv").write_text("file,call_id\na.wav,1\nb.wav,1\nc.wav,2\n")
    intake = taken(folder)
    assert [(call.call_id, call.source_uri.rpartition("/")[2]) for call in intake.calls] == [("2", "c.wav")]


@pytest.mark.parametrize(
    ("rows", "calls", "contested"),
    [
        # The twin comes before the file that contests the id, and after it.
        ("a.wav,1\nb.wav,2\nc.wav,1", [("2", "b.wav")], "Call id 1 is given to a.wav and to c.wav."),
        ("a.wav,1\nb.wav,\nc.wav,1", [(hashlib.sha256(b"first").hexdigest()[:16], "b.wav")], "Call id 1 is given to a.wav and to c.wav."),
        ("a.wav,1\nb.wav,1\nc.wav,1", [], "Call id 1 is given to a.wav and to c.wav and to b.wav."),
    ],
    ids=["an id of its own", "no id", "the same id"],
)
def test_a_recording_left_for_one_whose_call_id_turns_out_to_be_contested_is_not_lost(
    folder: Path, rows: str, calls: list[tuple[str, str]], contested: str
) -> None:
    (folder / "b.wav").write_bytes((folder / "a.wav").read_bytes())
    (folder / "c.wav").write_bytes(b"third")
    (folder / "calls.csv").write_text(f"file,call_id\n{rows}\n")
    intake = taken(folder)
    assert [(call.call_id, call.source_uri.rpartition("/")[2]) for call in intake.calls] == calls
    assert [told.message for told in intake.unavailable] == [contested]
    assert intake.warnings == ()


def test_each_recording_with_its_own_call_id_is_taken_again(folder: Path) -> None:
    (folder / "calls.csv").write_text("file,call_id\na.wav,1\nb.wav,2\n")
    intake = taken(folder)
    assert ([call.call_id for call in intake.calls], intake.unavailable) == (["1", "2"], ())


def test_a_file_that_is_not_there_is_unavailable_and_the_others_go_on(folder: Path) -> None:
    (folder / "calls.csv").write_text("file,call_id\na.wav,1\nb.wav,2\ngone.wav,3\n")
    intake = taken(folder)
    assert [call.call_id for call in intake.calls] == ["1", "2"]
    (missing,) = intake.unavailable
    assert missing.call_id == "3"
    assert missing.source_uri.endswith("gone.wav")
    assert "is not there" in missing.message


def test_a_recording_that_the_metadata_do_not_name_is_warned_of(folder: Path) -> None:
    (folder / "calls.csv").write_text("file,call_id\na.wav,1\n")
    assert taken(folder).warnings == ("b.wav is not in the metadata; it is processed with the defaults.",)


def test_a_filename_pattern_gives_columns(tmp_path: Path) -> None:
    (tmp_path / "spring_AGENT_17_2026-05-11_10-20-00.wav").write_bytes(b"x")
    (call,) = taken(tmp_path, filename_pattern="{campaign}_AGENT_{agent_id}_{started_at}").calls
    assert (call.campaign, call.agent_id, call.started_at) == ("spring", "17", datetime(2026, 5, 11, 10, 20, tzinfo=SHANGHAI))


def test_a_name_that_does_not_fit_the_pattern_is_warned_of(folder: Path) -> None:
    assert "a.wav does not fit the filename pattern" in taken(folder, filename_pattern="{campaign}_{agent_id}").warnings[0]


def test_an_unknown_column_in_a_pattern_is_refused(folder: Path) -> None:
    with pytest.raises(InputRefused, match=r"no column is called \{colour\}"):
        taken(folder, filename_pattern="{colour}")


def test_a_column_twice_in_a_pattern_is_refused(folder: Path) -> None:
    with pytest.raises(InputRefused):
        taken(folder, filename_pattern="{team}_{team}")


def test_defaults_hold_where_the_metadata_are_silent(folder: Path) -> None:
    (folder / "calls.csv").write_text("file,direction,rubric,agent_channel\na.wav,inbound,own,1\nb.wav,,,\n")
    intake = taken(folder, direction="outbound", rubric="followup", agent_channel=0, language="en")
    first, second = call_of(intake, "a.wav"), call_of(intake, "b.wav")
    assert (first.direction, first.rubric, first.agent_channel, first.language) == ("inbound", "own", 1, "en")
    assert (second.direction, second.rubric, second.agent_channel, second.language) == ("outbound", "followup", 0, "en")


def test_nothing_is_made_up_where_nothing_is_said(folder: Path) -> None:
    call = call_of(taken(folder), "a.wav")
    assert (call.direction, call.language, call.agent_channel, call.started_at, call.hangup_by) == (None,) * 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-11T10:20:00+00:00", datetime(2026, 5, 11, 10, 20, tzinfo=UTC)),
        ("2026-05-11T10:20:00Z", datetime(2026, 5, 11, 10, 20, tzinfo=UTC)),
        ("2026-05-11 10:20", datetime(2026, 5, 11, 10, 20, tzinfo=SHANGHAI)),
        ("20260511102000", datetime(2026, 5, 11, 10, 20, tzinfo=SHANGHAI)),
        ("20260511_102000", datetime(2026, 5, 11, 10, 20, tzinfo=SHANGHAI)),
        ("2026/05/11 10:20", datetime(2026, 5, 11, 10, 20, tzinfo=SHANGHAI)),
        ("2026-05-11_10-20-00", datetime(2026, 5, 11, 10, 20, tzinfo=SHANGHAI)),
        ("tomorrow", None),
        ("2026-13-01", None),
    ],
)
def test_times_as_people_and_recorders_write_them(text: str, expected: datetime | None) -> None:
    assert parse_time(text, "Asia/Shanghai") == expected


def test_a_time_without_zone_is_in_the_configured_one() -> None:
    assert parse_time("2026-07-01 12:00", "Europe/Warsaw") == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_a_single_file_is_described_by_the_metadata_beside_it(folder: Path) -> None:
    (folder / "calls.csv").write_text("file,call_id\na.wav,1\nb.wav,2\n")
    assert [call.call_id for call in ingest([str(folder / "b.wav")], Defaults()).calls] == ["2"]


def test_a_pattern_of_files_takes_those_that_fit(folder: Path) -> None:
    assert [Path(call.source_uri).name for call in ingest([str(folder / "a*")], Defaults()).calls] == ["a.wav"]


def test_the_same_source_twice_is_taken_once(folder: Path) -> None:
    intake = ingest([str(folder), str(folder)], Defaults())
    assert (len(intake.calls), intake.warnings) == (2, ())


def test_a_source_that_names_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="is not there"):
        ingest([str(tmp_path / "none")], Defaults())


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="No recordings"):
        taken(tmp_path)
