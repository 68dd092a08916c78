"""Tables of what was said, a line a row: who, when and the words are told by their headers in any language, and nothing is guessed in silence."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Role
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.dialogue import Dialogue
from qa_pipeline.recordings.ingest import ingest
from qa_pipeline.recordings.transcripts import parse_transcripts

TABLE = "time,speaker,text\n0:03,Agent,Hello.\n0:09,Customer,Hi.\n"


def dialogues(content: str | bytes, name: str = "t.csv") -> tuple[Dialogue, ...]:
    return parse_transcripts(content.encode() if isinstance(content, str) else content, name).dialogues


def said(content: str | bytes, name: str = "t.csv") -> list[tuple[str, int | None, str]]:
    (dialogue,) = dialogues(content, name)
    assert not dialogue.faults
    return [(line.role.value, line.start_ms, line.text) for line in dialogue.lines]


BOTH = [("agent", 3000, "Hello."), ("customer", 9000, "Hi.")]


@pytest.mark.parametrize(
    "content",
    [
        TABLE,
        "Start Time;Participant;Transcript\n00:00:03;Agent;Hello.\n00:00:09;Customer;Hi.\n",
        "Czas\tMówca\tTreść\n0:03\tKonsultantka\tHello.\n0:09\tKlient\tHi.\n",
        "时间，说话人，内容\n0:03，客服，Hello.\n0:09，客户，Hi.\n",
        "Tid;Talare;Yttrande\n0:03;Handläggare;Hello.\n0:09;Kund;Hi.\n",
        "start_ms,role,text\n3000,agent,Hello.\n9000,customer,Hi.\n",
        "start (s),role,text\n3.0,agent,Hello.\n9,customer,Hi.\n",
        "start,end,role,text\n3000,3800,agent,Hello.\n9000,9400,customer,Hi.\n",
        "Start;Role;Text\n0,000034722;agent;Hello.\n0,000104167;customer;Hi.\n",
        "Time,Agent,Customer\n0:03,Hello.,\n0:09,,Hi.\n",
        "A report of March\n\ntime,speaker,text\n0:03,Agent,Hello.\n0:09,Customer,Hi.\n",
        "time,text\n0:03,Agent: Hello.\n0:09,Customer: Hi.\n",
        "id,time,speaker,text\n7,12:00:03 AM,Agent,Hello.\n7,12:00:09 AM,Customer,Hi.\n",
    ],
)
def test_headers_separators_and_times_are_told_by_the_table(content: str) -> None:
    assert said(content) == BOTH


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_the_encoding_is_known_by_its_first_bytes(encoding: str) -> None:
    assert said(TABLE.encode(encoding)) == BOTH


def test_moments_of_the_day_are_counted_from_the_first_of_their_call() -> None:
    table = "chat id,created_at,sender,message\nx,2026-03-04 10:12:03,Agent,Hello.\nx,2026-03-04 10:12:09,Visitor,Hi.\ny,2026-03-05 09:00:00,Agent,Yes?\n"
    first, second = dialogues(table)
    assert [line.start_ms for line in first.lines] == [0, 6000]
    assert [line.start_ms for line in second.lines] == [0]


def test_a_column_that_names_the_call_parts_them_and_a_fault_costs_its_own() -> None:
    table = "call_id,time,speaker,text\na,0:01,agent,Hello.\na,later,customer,Hi.\nb,0:01,agent,Good morning.\n"
    first, second = dialogues(table)
    assert (first.call_id, second.call_id) == ("a", "b")
    assert [(fault.line, fault.message) for fault in first.faults] == [(3, "a time that cannot be read")]
    assert not second.faults


def test_what_a_fault_advises_leads_to_the_words() -> None:
    (dialogue,) = dialogues(TABLE.replace("0:09", "later"))
    assert "leave the cell empty" in dialogue.faults[0].advice
    assert [text for _, _, text in said(TABLE.replace("0:09", ""))] == ["Hello.", "Hi."]
    assert said(TABLE.replace("0:09", "1:02:03.5"))[1] == ("customer", 3_723_500, "Hi.")


def test_a_cell_without_a_speaker_goes_on_with_the_one_before() -> None:
    assert said("time,speaker,text\n0:03,Agent,Hello.\n0:05,,How are you?\n")[1] == ("agent", 5000, "How are you?")


def test_words_that_hold_the_separator_are_whole_where_they_stand_last() -> None:
    assert said("time,speaker,text\n0:03,Agent,Hello, it is Anna, yes.\n") == [("agent", 3000, "Hello, it is Anna, yes.")]


def test_words_that_hold_the_separator_are_a_fault_where_other_columns_follow() -> None:
    (dialogue,) = dialogues("speaker,text,time\nAgent,Hello, Anna,0:03\nCustomer,Hi.,0:05\n")
    assert dialogue.faults[0].line == 2
    assert "in quotes" in dialogue.faults[0].advice
    assert said('speaker,text,time\nAgent,"Hello, Anna",0:03\n') == [("agent", 3000, "Hello, Anna")]


def test_a_table_without_speakers_is_nobodys_words() -> None:
    (dialogue,) = dialogues("start\tend\ttext\n0\t3000\tHello, Brightside.\n4000\t5000\tHi there.\n", "t.tsv")
    assert [(line.role, line.start_ms, line.end_ms) for line in dialogue.lines] == [(Role.UNKNOWN, 0, 3000), (Role.UNKNOWN, 4000, 5000)]


def test_channels_and_voices_by_number_are_labels() -> None:
    (dialogue,) = dialogues("channel,start_ms,text\n0,500,Hello this is Anna\n1,2500,Hi there\n")
    assert [line.label for line in dialogue.lines] == ["channel 0", "channel 1"]


@pytest.mark.parametrize(
    ("content", "said_of_it"),
    [
        ("name,price\nx,1\n", "no table of lines; its columns are name, price"),
        ('id,name,transcript\n1,Anna,"Agent: hello\nCustomer: hi"\n', "a whole dialogue in one cell"),
        ('time,speaker,text\n0:03,Agent,"Hello\n0:09,Customer,Hi.\n', "a quote is opened here and not closed before the end of the file"),
    ],
)
def test_what_is_no_table_of_lines_is_a_fault_by_name(content: str, said_of_it: str) -> None:
    (dialogue,) = dialogues(content)
    assert dialogue.faults[0].message == said_of_it
    assert dialogue.faults[0].path == "t.csv"


def test_columns_named_as_advised_and_dialogues_in_files_of_their_own_are_read() -> None:
    (dialogue,) = dialogues("moment;party name;what\n0:03;Agent;Hello.\n0:09;Customer;Hi.\n")
    assert dialogue.faults[0].advice == "name the columns time, speaker and text"
    assert said("time;speaker;text\n0:03;Agent;Hello.\n0:09;Customer;Hi.\n") == BOTH
    assert [text for _, _, text in said("Agent: hello\nCustomer: hi\n", "1.txt")] == ["hello", "hi"]


def test_in_a_folder_tables_are_taken_only_where_they_surely_hold_what_was_said(tmp_path: Path) -> None:
    (tmp_path / "said.csv").write_text(TABLE)
    (tmp_path / "log.csv").write_text("time,message\n10:12:00,server started\n10:13:00,server stopped\n")
    (tmp_path / "staff.csv").write_text("name,text\nAnna,on leave\n")
    (tmp_path / "calls (1).csv").write_text("file,agent_id\nsaid.csv,17\n")
    intake = ingest([str(tmp_path)], Defaults())
    assert [Path(call.source_uri).name for call in intake.calls] == ["said.csv"]
    assert any(warning.startswith("3 files with other endings are left: .csv (3)") for warning in intake.warnings)


def test_metadata_name_a_table_of_lines_and_each_of_its_calls(tmp_path: Path) -> None:
    (tmp_path / "said.csv").write_text("call_id,time,speaker,text\na,0:01,agent,Hello.\nb,0:01,agent,Good morning.\n")
    (tmp_path / "calls.csv").write_text("file,call_id,agent_id\nsaid.csv,a,17\nsaid.csv,b,18\n")
    intake = ingest([str(tmp_path)], Defaults())
    assert {call.call_id: call.agent_id for call in intake.calls} == {"a": "17", "b": "18"}


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="<&:：\"'=~^|\x01"), min_size=1, max_size=30)


@given(
    st.lists(st.tuples(st.integers(0, 3_599), st.sampled_from(["Agent", "Customer"]), WORDS), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_whatever_is_written_is_read_with_its_time_and_speaker(rows: list[tuple[int, str, str]], separator: str) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(
        [("time", "speaker", "text"), *((f"{at // 60}:{at % 60:02d}", who, words) for at, who, words in rows)]
    )
    assert said(out.getvalue()) == [(who.lower(), at * 1000, words) for at, who, words in rows]
