"""Plain text in the layouts of recognisers, chats and people: who speaks, what was said, and nothing of the layout among the words."""

from __future__ import annotations

import pytest

from qa_pipeline.call import Role
from qa_pipeline.recordings.dialogue import Note
from qa_pipeline.recordings.transcripts import parse_transcripts, why_no_dialogue

A, C, U = Role.AGENT, Role.CUSTOMER, Role.UNKNOWN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[00:00:00.000 --> 00:00:04.000]   Hello.\n[00:00:04.000 --> 00:00:06.000]   My order: it is late.\n[00:00:06.000 --> 00:00:07.000]  Yes.",
         [(U, 0, "Hello."), (U, 4000, "My order: it is late."), (U, 6000, "Yes.")]),
        ("[00:00.000 --> 00:04.000] My order: it is late.\n[00:04.000 --> 00:06.000] Yes.\n[00:06.000 --> 00:08.000] Bye.",
         [(U, 0, "My order: it is late."), (U, 4000, "Yes."), (U, 6000, "Bye.")]),
        ("[00:00.000 --> 00:04.000] Agent: Hello.\n[00:04.000 --> 00:06.000] How are you?\n[00:06.000 --> 00:08.000] Customer: Hi.\n[00:08 --> 00:09] Agent: So.",
         [(A, 0, "Hello."), (A, 4000, "How are you?"), (C, 6000, "Hi."), (A, 8000, "So.")]),
        ("[00:01] [Agent] Anna: Hello.\n[00:03] [Customer] Note: it is late.", [(A, 1000, "Hello."), (C, 3000, "Note: it is late.")]),
        ("00:00:01\tAgent\tHello.\n00:00:03\tCustomer\tHi.", [(A, 1000, "Hello."), (C, 3000, "Hi.")]),
        ("Agent\t00:01\tHello.\nCustomer\t[0:03]\tHi.", [(A, 1000, "Hello."), (C, 3000, "Hi.")]),
        ("1. Agent: Hello.\n2. Customer: 2. is late.", [(A, None, "Hello."), (C, None, "2. is late.")]),
        ("- Agent: Hello.\n- Customer: Hi.", [(A, None, "Hello."), (C, None, "Hi.")]),
        ("Speaker 1 (Agent): Hello.\nSpeaker 2 (Customer): Hi.", [(A, None, "Hello."), (C, None, "Hi.")]),
        ("Anna Nowak 00:00:01\nHello.\n\n+48600100200 00:00:05\nAt 10:30: no.", [(U, 1000, "Hello."), (U, 5000, "At 10:30: no.")]),
        ("[00:01] Anna Nowak: Hello.\n[00:05] (555) 123-4567: My order: it is late.", [(U, 1000, "Hello."), (U, 5000, "My order: it is late.")]),
        ("客服小王 2026-03-04 10:15:03\n您好。\n\n张先生 2026-03-04 10:15:09\n你好。", [(U, 0, "您好。"), (U, 6000, "你好。")]),
        ("(0:03) Agent: Hello.\n(0:09) Customer: Hi.\n(0:20) *** Visitor left ***", [(A, 3000, "Hello."), (C, 9000, "Hi.")]),
        ("Agent: Hello.\n[Customer joined]\nCustomer: Hi.\n(typing...)\n", [(A, None, "Hello."), (C, None, "Hi.")]),
        ("Agent: Hello.\u2028Customer: Hi.\u2028\x1a", [(A, None, "Hello."), (C, None, "Hi.")]),
        ("Agent: Hello.\x85Customer: Hi.\0\0", [(A, None, "Hello."), (C, None, "Hi.")]),
        ("Agent | Hello.\nCustomer | Hi.", [(A, None, "Hello."), (C, None, "Hi.")]),
        ("Agent - Hello - there.\nCustomer - Hi.", [(A, None, "Hello - there."), (C, None, "Hi.")]),
        ("**Agent:** Hello.\n\n**Customer:** Hi.", [(A, None, "Hello."), (C, None, "Hi.")]),
        ("**Agent** (00:01): Hello.\n\n**Customer** (00:03): Hi.", [(A, 1000, "Hello."), (C, 3000, "Hi.")]),
        ("[2026-03-04 23:59:58] Agent: Hello.\n[2026-03-05 00:00:03] Customer: Hi.", [(A, 0, "Hello."), (C, 5000, "Hi.")]),
        ("2026-03-04T10:15:03Z Agent: Hello.\n2026-03-04T10:15:09Z Customer: Hi.", [(A, 0, "Hello."), (C, 6000, "Hi.")]),
        ("04/03/2026, 10:15 - Agent: Hello.\n04/03/2026, 10:16 - Customer: Hi.", [(A, 0, "Hello."), (C, 60_000, "Hi.")]),
        ("[3/14/26, 9:59:50 AM] Agent: Hello.\n[3/14/26, 12:00:00 PM] Customer: Hi.", [(A, 0, "Hello."), (C, 7_210_000, "Hi.")]),
        ("10:15:03 AM Agent: Hello.\n10:15:09 AM Customer: Hi.", [(A, 0, "Hello."), (C, 6000, "Hi.")]),
        ("12:59:58 PM Agent: Hello.\n1:00:03 PM Customer: Hi.", [(A, 0, "Hello."), (C, 5000, "Hi.")]),
        ("Agent: It&#39;s 5 &gt; 3, <i>really</i>.\nCustomer: AT&T & co; a<b.", [(A, None, "It's 5 > 3, really."), (C, None, "AT&T & co; a<b.")]),
    ],
)  # fmt: skip
def test_layouts_of_plain_text(text: str, expected: list[tuple[Role, int | None, str]]) -> None:
    assert why_no_dialogue(text.encode(), "a.txt") is None
    (dialogue,) = parse_transcripts(text.encode(), "a.txt").dialogues
    assert dialogue.faults == ()
    assert [(line.role, line.start_ms, line.text) for line in dialogue.lines] == expected


def test_times_alone_are_read_where_the_file_is_asked_for() -> None:
    text = b"[00:01] Hello.\n[00:04] Hi."
    (dialogue,) = parse_transcripts(text, "a.txt").dialogues
    assert [(line.role, line.start_ms, line.text) for line in dialogue.lines] == [(U, 1000, "Hello."), (U, 4000, "Hi.")]
    # In a folder it may be any list.
    assert why_no_dialogue(text, "a.txt")


@pytest.mark.parametrize("log", ["2026-03-04 10:15:03 INFO: begun\n", "[2026-03-04 10:15:03] ERROR: no disk\n"])
def test_a_log_is_no_dialogue(log: str) -> None:
    assert why_no_dialogue(log.encode(), "a.txt")


def test_times_of_day_are_told() -> None:
    parsed = parse_transcripts(b"10:15:03 Agent: Hello.\n10:15:09 Customer: Hi.", "a.txt")
    assert parsed.notes == {Note.TIME_OF_DAY: 2}
    assert parse_transcripts(b"0:15:03 Agent: Hello.\n0:15:09 Customer: Hi.", "a.txt").notes == {}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("name", ["a.txt", "a.srt", "a.jsonl"])
def test_encodings_are_told_from_the_first_bytes(encoding: str, name: str) -> None:
    text = {
        "a.txt": "agent: Hello.\ncustomer: Hi.\n",
        "a.srt": "1\n00:00:01,000 --> 00:00:02,000\nAgent: Hello.\n\n2\n00:00:02,000 --> 00:00:03,000\nCustomer: Hi.\n",
        "a.jsonl": '{"role": "agent", "text": "Hello."}\n{"role": "customer", "text": "Hi."}\n',
    }[name]
    (dialogue,) = parse_transcripts(text.encode(encoding), name).dialogues
    assert [(line.role, line.text) for line in dialogue.lines] == [(A, "Hello."), (C, "Hi.")]


@pytest.mark.parametrize(
    ("text", "encoding"), [("坐席：您好", "gb18030"), ("Konsultant: Dzień dobry", "cp1250"), ("Kundtjänst: Hej på dig", "cp1252")]
)
def test_the_advice_about_an_encoding_helps_and_quotes_nobody(text: str, encoding: str) -> None:
    (dialogue,) = parse_transcripts(text.encode(encoding), "a.txt").dialogues
    (fault,) = dialogue.faults
    assert f"--encoding {encoding}" in fault.advice
    assert "“" not in fault.advice
    (read,) = parse_transcripts(text.encode(encoding), "a.txt", encoding=encoding).dialogues
    assert read.lines[0].role is A


@pytest.mark.parametrize("mark", [">>", "&gt;&gt;", ">>>"])
def test_marks_of_a_new_speaker_are_no_words(mark: str) -> None:
    text = f"1\n00:00:01,000 --> 00:00:02,000\n{mark} Hello.\n\n2\n00:00:02,000 --> 00:00:03,000\n{mark} AGENT: Hi.\n"
    (dialogue,) = parse_transcripts(text.encode(), "a.srt").dialogues
    assert [(line.role, line.text) for line in dialogue.lines] == [(U, "Hello."), (A, "Hi.")]


@pytest.mark.parametrize("times", ["00:00:01:12 --> 00:00:03:05", "00:00:01;12 --> 00:00:03;05"])
def test_times_in_frames_are_refused_with_what_to_do(times: str) -> None:
    (dialogue,) = parse_transcripts(f"1\n{times}\nAgent: Hi.\n".encode(), "a.srt").dialogues
    (fault,) = dialogue.faults
    assert (fault.line, fault.message) == (2, "times in frames")
    assert fault.advice.startswith("export it with milliseconds")


def test_lines_of_json_that_end_with_commas_are_read() -> None:
    (dialogue,) = parse_transcripts(b'{"role": "agent", "text": "Hi"},\n{"role": "customer", "text": "Yes"}\n', "a.jsonl").dialogues
    assert [line.text for line in dialogue.lines] == ["Hi", "Yes"]


def test_marks_that_nobody_sees_hide_no_label() -> None:
    (dialogue,) = parse_transcripts("\u200fAgent: Hi.\n\u200e\ufeffCustomer: Yes.\n".encode(), "a.txt").dialogues
    assert [(line.role, line.text) for line in dialogue.lines] == [(A, "Hi."), (C, "Yes.")]


def test_rolling_captions_say_each_line_once() -> None:
    cues = [
        ("hello<00:00:00.500><c> there</c>",),
        ("hello there",),
        ("hello there", "how<00:00:03.000><c> are you</c>"),
        ("how are you",),
        ("how are you", "fine"),
    ]
    text = "WEBVTT\n\n" + "".join(f"00:0{n}.000 --> 00:0{n + 1}.000\n" + "\n".join(lines) + "\n\n" for n, lines in enumerate(cues))
    (dialogue,) = parse_transcripts(text.encode(), "a.vtt").dialogues
    assert [line.text for line in dialogue.lines] == ["hello there", "how are you", "fine"]


def test_what_somebody_says_twice_is_said_twice() -> None:
    text = "WEBVTT\n\n" + "".join(
        f"00:0{n}.000 --> 00:0{n + 1}.000\n{line}\n\n" for n, line in enumerate(("Hello.", "Hello.", "Who is it?", "Me."))
    )
    (dialogue,) = parse_transcripts(text.encode(), "a.vtt").dialogues
    assert [line.text for line in dialogue.lines] == ["Hello.", "Hello.", "Who is it?", "Me."]


def test_rows_with_seconds_keep_their_times() -> None:
    text = (
        b'{"role": "agent", "start": 0.5, "end": 1.5, "text": "Hi there"}\n{"role": "customer", "start": 2.0, "end": 3.0, "text": "Yes"}\n'
    )
    (dialogue,) = parse_transcripts(text, "a.jsonl").dialogues
    assert [(line.role, line.start_ms, line.end_ms) for line in dialogue.lines] == [(A, 500, 1500), (C, 2000, 3000)]


def test_rows_of_many_calls_with_seconds_keep_their_times() -> None:
    text = "".join(f'{{"call_id": "c{n}", "role": "agent", "start": "1.5", "end": 2, "text": "Hi"}}\n' for n in range(2))
    parsed = parse_transcripts(text.encode(), "a.jsonl")
    assert parsed.warnings == ()
    assert [(dialogue.call_id, dialogue.lines[0].start_ms, dialogue.lines[0].end_ms) for dialogue in parsed.dialogues] == [
        ("c0", 1500, 2000),
        ("c1", 1500, 2000),
    ]


HEADS = (
    "Call ID: 48213\nDate: 2026-03-02 10:15\nAgent: Anna Nowak\n\n",
    "Call transcript\n\nDuration: 3:21\nPhone: +48 600 100 200\n---\n",
    "===========\nQueue: Support\nCall ID: 7\n===========\n\n",
    "**Date:** 2026-03-02\n**Agent:** Anna Nowak\n\n",
    "通话编号：20260302-17\n坐席：王小明\n日期：2026-03-02\n\n",
    "Numer rozmowy: 48213\nKonsultant: Anna Nowak\nKolejka: reklamacje\n\n",
)


@pytest.mark.parametrize("head", HEADS)
def test_what_stands_above_a_dialogue_and_tells_of_the_call_is_nobodys_word(head: str) -> None:
    text = f"{head}Agent: Hello.\nCustomer: Hi.\n\nAgent: So?".encode()
    assert why_no_dialogue(text, "a.txt") is None
    parsed = parse_transcripts(text, "a.txt")
    (dialogue,) = parsed.dialogues
    assert dialogue.faults == ()
    assert [(line.role, line.text) for line in dialogue.lines] == [(A, "Hello."), (C, "Hi."), (A, "So?")]
    assert dialogue.lines[0].line == head.count("\n") + 1
    assert parsed.notes[Note.HEAD] == sum(bool(line) for line in head.split("\n"))


@pytest.mark.parametrize(
    "first",
    [
        # Words of a party, though a figure and a colon stand in them.
        "Agent: hello this is anna\nPrice: 5",
        "Agent: Your order 5 is here.\nDate: 2026-03-02",
        # Who speaks again below.
        "Anna: order 5\nJan: order 6",
        # One line alone.
        "Date: 2026-03-02",
    ],
)
def test_a_first_paragraph_that_may_be_words_is_read(first: str) -> None:
    parsed = parse_transcripts(f"{first}\n\nAgent: Hello.\nCustomer: Hi.\nAnna: so\nJan: no".encode(), "a.txt")
    assert Note.HEAD not in parsed.notes
