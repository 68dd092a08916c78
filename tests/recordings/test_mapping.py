"""Other systems' headers and values: presets, files of one's own, and what is refused with which cure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qa_pipeline.call import Call
from qa_pipeline.errors import InputRefused, MetadataError, RubricError
from qa_pipeline.recordings.columns import COLUMNS
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import Intake, ingest
from qa_pipeline.recordings.mapping import ColumnMap, folded, load_map, preset_names
from qa_pipeline.yaml_text import read_document

# By preset: a metadata file as the system writes it, the recording beside it, and what is made of it.
EXPORTS: dict[str, tuple[str, str, str, dict[str, object]]] = {
    "amazon-connect": (
        "calls.jsonl",
        '{"ContactId": "5b1d-77", "InitiationMethod": "INBOUND", "InitiationTimestamp": "2025-03-04T09:12:00Z", "Channel": "VOICE",'
        ' "Agent": {"Username": "anna", "AgentInteractionDuration": 61}, "Queue": {"Name": "Billing", "Duration": 12},'
        ' "CustomerEndpoint": {"Address": "+48123", "Type": "TELEPHONE_NUMBER"}}\n',
        "5b1d-77_20250304T09:12_UTC.wav",
        {"call_id": "5b1d-77", "agent_id": "anna", "team": "Billing", "direction": "inbound", "customer_id": "+48123", "wait_seconds": 12.0},
    ),
    "asterisk": (
        "calls.csv",
        "calldate,clid,src,dst,duration,billsec,disposition,uniqueid,recordingfile\n"
        '2025-03-04 10:12:00,"""Anna"" <100>",0048123,100,70,61,ANSWERED,1741079520.17,q-100.wav\n',
        "q-100.wav",
        {"call_id": "1741079520.17", "customer_id": "0048123", "disposition": None},
    ),
    "five9": (
        "calls.csv",
        "CALL ID,TIMESTAMP,CAMPAIGN,CALL TYPE,AGENT,AGENT NAME,DISPOSITION,ANI,RING TIME,QUEUE WAIT TIME\n"
        '300000010270763,"Tue, 04 Mar 2025 10:12:00",Rehash,Manual,jman,John Man,NA,7273302574,00:00:07,00:01:05\n',
        "2025/300000010270763_jman.wav",
        {"call_id": "300000010270763", "agent_id": "jman", "agent_name": "John Man", "campaign": "Rehash", "direction": "outbound",
         "ring_seconds": 7.0, "wait_seconds": 65.0, "disposition": None},
    ),
    "freeswitch": (
        "calls.csv",
        "uuid,caller_id_number,destination_number,direction,start_stamp,billsec,hangup_cause\n"
        "c60a1f09-ce61,0048123,100,inbound,2025-03-04 10:12:00,61,NORMAL_CLEARING\n",
        "2025-03-04_c60a1f09-ce61.wav",
        {"call_id": "c60a1f09-ce61", "customer_id": "0048123", "direction": "inbound"},
    ),
    "genesys-cloud": (
        "calls.csv",
        "Full Export Completed,Partial Result Timestamp,Filters,Media Type,Users,Remote,Date,Duration,Direction,Queue,Wrap-up,Conversation ID\n"
        "YES,,,voice,Anna Nowak,+48123,2025-03-04 10:12:00,61000,Inbound/Outbound,Billing,Done,0a1b-22\n",
        "0a1b-22/9c.wav",
        {"call_id": "0a1b-22", "agent_name": "Anna Nowak", "team": "Billing", "direction": None, "customer_id": "+48123"},
    ),
    "vicidial": (
        "calls.csv",
        "call_date\tphone_number_dialed\tstatus\tuser\tfull_name\tcampaign_id\tvendor_lead_code\tuser_group\tlead_id\trecording_filename\tuniqueid\n"
        "2025-03-04 10:12:00\t48123\tSALE\t6666\tAnna Nowak\tSPRING\t\tEVENING\t771\t20250304-101200_48123\t1741079520.1\n",
        "20250304-101200_48123-all.wav",
        {"call_id": "1741079520.1", "agent_id": "6666", "agent_name": "Anna Nowak", "team": "EVENING", "campaign": "SPRING", "customer_id": "771"},
    ),
}  # fmt: skip


def taken(folder: Path, **options: object) -> Intake:
    return ingest([str(folder)], Defaults(timezone="Europe/Warsaw", **options))  # type: ignore[arg-type]


def only(intake: Intake) -> Call:
    (call,) = intake.calls
    assert intake.unavailable == ()
    return call


def own(folder: Path, text: str) -> ColumnMap:
    """A mapping file of one's own."""
    path = folder / "own.yaml"
    path.write_text(text, "utf-8")
    return load_map(str(path), COLUMNS)


def export(folder: Path, system: str) -> dict[str, object]:
    """The export of a system with its recording; what is expected of it."""
    name, content, recording, expected = EXPORTS[system]
    (folder / name).write_text(content, "utf-8")
    (folder / recording).parent.mkdir(exist_ok=True, parents=True)
    (folder / recording).write_bytes(b"sound")
    return expected


def test_every_preset_is_tried_and_says_where_it_is_from() -> None:
    assert preset_names() == sorted(EXPORTS)
    for name in preset_names():
        data = read_document(Path(__file__).parents[2] / "qa_pipeline" / "recordings" / "presets" / f"{name}.yaml").data
        assert data["about"]
        assert data["source"].startswith("https://")


@pytest.mark.parametrize("system", EXPORTS)
def test_the_export_of_a_system_is_read_by_its_preset(tmp_path: Path, system: str) -> None:
    expected = export(tmp_path, system)
    intake = taken(tmp_path, mapping=load_map(system, COLUMNS))
    call = only(intake)
    assert call.started_at is not None
    assert call.started_at.isoformat() in ("2025-03-04T10:12:00+01:00", "2025-03-04T09:12:00+00:00")
    assert {name: getattr(call, name) for name in expected} == expected
    assert intake.warnings == ()
    assert any(f"as the mapping {system} says" in decision for decision in intake.decided)


@pytest.mark.parametrize("system", EXPORTS)
def test_without_a_mapping_the_preset_that_fits_is_advised(tmp_path: Path, system: str) -> None:
    export(tmp_path, system)
    with pytest.raises(MetadataError) as caught:
        taken(tmp_path)
    advice = caught.value.faults[0].advice
    if advised := re.search(r"--map ([a-z0-9-]+)$", advice):
        only(taken(tmp_path, mapping=load_map(advised[1], COLUMNS)))
    else:
        # A column that names recordings is told by its name.
        lines = "\n".join(re.findall(r"`((?:columns:)|(?:  [^`]+))`", advice))
        assert only(taken(tmp_path, mapping=own(tmp_path, lines + "\n  disposition:\n"))).source_uri


def test_what_the_map_reads_is_no_extra_and_what_it_leaves_is(tmp_path: Path) -> None:
    export(tmp_path, "five9")
    assert only(taken(tmp_path, mapping=load_map("five9", COLUMNS))).extra == {"DISPOSITION": "NA", "ANI": "7273302574"}


def test_a_column_of_ours_counts_where_the_map_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"a")
    (tmp_path / "calls.csv").write_text("file,Agent,agent_id,team\na.wav,,17,north\n")
    call = only(taken(tmp_path, mapping=own(tmp_path, "columns:\n  agent_id: Agent\n")))
    assert (call.agent_id, call.team) == ("17", "north")


def test_several_headers_are_put_together_and_alternatives_are_tried_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"a")
    (tmp_path / "calls.csv").write_text("clip,Day,Hour,Agent,Login\na,04/03/2025,10:12,,t17\n")
    mapping = own(
        tmp_path,
        'columns:\n  file: "{clip}.wav"\n  started_at: "{Day} {Hour}"\n  agent_id: [Agent, Login]\ntimes: ["%d/%m/%Y %H:%M"]\n',
    )
    call = only(taken(tmp_path, mapping=mapping))
    assert call.agent_id == "t17"
    assert call.started_at is not None
    assert call.started_at.isoformat() == "2025-03-04T10:12:00+01:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IN", "inbound"),
        ("in ", "inbound"),
        ("Wychodzące", "outbound"),
        ("7", "outbound"),
        ("transfer", None),
        ("", None),
        ("outbound", None),
    ],
)
def test_values_are_mapped_without_regard_to_case(tmp_path: Path, text: str, expected: str | None) -> None:
    (tmp_path / "a.wav").write_bytes(b"a")
    (tmp_path / "calls.csv").write_text(f"file,direction\na.wav,{text}\n", "utf-8")
    mapping = own(tmp_path, "values:\n  direction:\n    in: inbound\n    wychodzące: outbound\n    7: outbound\n    '*':\n")
    assert only(taken(tmp_path, mapping=mapping)).direction == expected


def test_a_pattern_that_fits_two_recordings_is_not_guessed_between(tmp_path: Path) -> None:
    export(tmp_path, "vicidial")
    (tmp_path / "20250304-101200_48123-in.wav").write_bytes(b"other")
    intake = taken(tmp_path, mapping=load_map("vicidial", COLUMNS))
    assert len(intake.unavailable) == 1
    assert len(intake.calls) == 2
    assert any("2 recordings fit 20250304-101200_48123*; none is taken" in warning for warning in intake.warnings)
    content = (
        (tmp_path / "calls.csv")
        .read_text()
        .replace("\n2025", "\n20250304-101200_48123-all.wav\t2025")
        .replace("call_date", "file\tcall_date", 1)
    )
    (tmp_path / "calls.csv").write_text(content)
    assert len(taken(tmp_path, mapping=load_map("vicidial", COLUMNS)).unavailable) == 0


def test_a_map_whose_header_is_not_there_says_what_it_wanted(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("Recording name,team\na.wav,x\n")
    with pytest.raises(MetadataError) as caught:
        taken(tmp_path, mapping=load_map("vicidial", COLUMNS))
    (fault,) = caught.value.faults
    assert fault.message.startswith(
        "no column `file`, nor `{recording_filename}*` as the mapping vicidial says; found Recording name, team"
    )


def test_a_preset_that_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputRefused, match="No mapping is called 'cisco'") as caught:
        load_map("cisco", COLUMNS)
    names = caught.value.advice.partition("There are: ")[2].partition(". ")[0].split(", ")
    assert [load_map(name, COLUMNS).name for name in names] == preset_names()


@pytest.mark.parametrize(
    ("text", "line", "message", "cured"),
    [
        ("coloumns:\n  team: Group\n", 1, "no key is called 'coloumns'", "columns:\n  team: Group\n"),
        ("columns:\n  teams: Group\n", 2, "no column is called 'teams'", "columns:\n  team: Group\n"),
        ("columns: [team]\n", 1, "columns is no mapping", "columns:\n  team: Group\n"),
        ("values:\n  direction: inbound\n", 2, "no list of values", "values:\n  direction:\n    in: inbound\n"),
        ("values:\n  way:\n    in: inbound\n", 2, "no column is called 'way'", "values:\n  direction:\n    in: inbound\n"),
        ("times: '%d/%m/%Y'\n", 1, "no list of formats", "times: ['%d/%m/%Y']\n"),
        ("times: ['%d/%m/%Y %d']\n", 1, "'%d/%m/%Y %d' is no way to write a time", "times: ['%d/%m/%Y']\n"),
        ("times:\n  - '%d/%m/%Y'\n  - '%H:%Q'\n", 3, "'%H:%Q' is no way to write a time", "times: ['%d/%m/%Y']\n"),
        ("columns:\n  team: ' '\n", 2, "' ' names no header", "columns:\n  team: Group\n"),
        ("", 1, "no mapping", "columns:\n  team: Group\n"),
    ],
)
def test_a_fault_in_a_mapping_file_is_located_and_its_cure_works(tmp_path: Path, text: str, line: int, message: str, cured: str) -> None:
    with pytest.raises(InputRefused) as caught:
        own(tmp_path, text)
    (fault,) = caught.value.faults
    assert (fault.line, fault.message) == (line, message)
    assert fault.advice
    own(tmp_path, cured)


def test_a_mapping_file_that_is_not_there_or_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RubricError):
        load_map(str(tmp_path / "none.yaml"), COLUMNS)
    with pytest.raises(RubricError):
        own(tmp_path, "columns:\n\tteam: x\n")


@pytest.mark.parametrize(
    ("name", "expected"), [("Agent ID", "agentid"), ("agent_id", "agentid"), ("客服 编号", "客服编号"), ("*", "*"), (" ", "")]
)
def test_names_are_compared_by_letters_and_digits(name: str, expected: str) -> None:
    assert folded(name) == expected
