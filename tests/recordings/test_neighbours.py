"""Metadata and transcripts of further programs, as their documentation or their exports have them, each read as a person would read it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from metadata_files import call_of, fault_of, taken

from qa_pipeline.recordings.transcripts import parse_transcripts, why_no_dialogue

# Of the call whose file is a.wav: what stands in its row, beside what else it has.
AT = "2025-03-04T10:12:00+01:00"
MOMENT = datetime.fromisoformat(AT).timestamp()
ROWS: dict[str, tuple[str, dict[str, str]]] = {
    "Dialpad": ("call_id,direction,file,target_type\n12345678901234567,inbound,a.wav,user\n", {"call_id": "12345678901234567", "direction": "inbound"}),
    "Aircall, with the zone by its letters": ("file,direction,started_at\na.wav,inbound,2025-03-04 09:12:00 UTC\n", {"started_at": AT, "direction": "inbound"}),
    "a Polish day": ("file,started_at\na.wav,4.03.2025 10:12\n", {"started_at": AT}),
    "a Chinese day": ("file,started_at\na.wav,2025年3月4日 10:12\n", {"started_at": AT}),
    "a Swedish clock": ("file,started_at,direction\na.wav,2025-03-04 kl. 10.12,inkommande\n", {"started_at": AT, "direction": "inbound"}),
    "ISO without marks": ("file,started_at\na.wav,20250304T091200Z\n", {"started_at": AT}),
    "figures alone": ("file,started_at\na.wav,20250304101200\n", {"started_at": AT}),
    "a mail's date": ('file,started_at\na.wav,"Tue, 04 Mar 2025 10:12:00 +0100"\n', {"started_at": AT}),
    "Java's zone": ("file,started_at\na.wav,2025-03-04T10:12:00+01:00[Europe/Warsaw]\n", {"started_at": AT}),
    "blanks that do not break": ("file,agent_id,started_at\na.wav,\xa017\xa0,2025-03-04\u202f10:12\n", {"agent_id": "17", "started_at": AT}),
    "marks of no width": ("file,agent_id\n\u200ba.wav,17\u200b\n", {"agent_id": "17"}),
    "the mark of UTF-8 twice": ("\ufeff\ufefffile,agent_id\na.wav,17\n", {"agent_id": "17"}),
    "three ends of lines": ("file,agent_id\r\na.wav,17\nb.wav,18\r", {"agent_id": "17"}),
    "a note above": ("# exported 2025-03-04\nfile,agent_id\na.wav,17\n", {"agent_id": "17"}),
    "a table of Markdown": ("| file | agent_id |\n|---|---|\n| a.wav | 17 |\n", {"agent_id": "17"}),
    "languages by their names": ("file,language\na.wav,Polski\n", {"language": "pl"}),
    "a language with its coding": ("file,language\na.wav,pl_PL.UTF-8\n", {"language": "pl"}),
    "a folder by a point": ("file,agent_id\n./a.wav,17\n", {"agent_id": "17"}),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.wav").write_bytes(b"a")
    (tmp_path / "b.wav").write_bytes(b"b")
    return tmp_path


@pytest.mark.parametrize("program", ROWS)
def test_rows_are_read_as_they_are_meant(folder: Path, program: str) -> None:
    content, wanted = ROWS[program]
    call = call_of(taken(folder, content))
    started = call.started_at.timestamp() if call.started_at else None
    assert {name: getattr(call, name) for name in wanted if name != "started_at"} | (
        {"started_at": started} if "started_at" in wanted else {}
    ) == {
        **wanted,
        **({"started_at": MOMENT} if "started_at" in wanted else {}),
    }


@pytest.mark.parametrize("unknown", ["-", "--", "—", "None", "NaN", "nan", "null", "undefined"])
def test_what_programs_write_for_nothing_is_nothing_where_it_can_be_no_name(folder: Path, unknown: str) -> None:
    intake = taken(folder, f"file,agent_name,direction,started_at,csat\na.wav,{unknown},{unknown},{unknown},{unknown}\n")
    call = call_of(intake)
    assert (call.agent_name, call.direction, call.started_at, call.csat) == (unknown, None, None, None)
    assert any(f"{unknown} is read as not known" in decision for decision in intake.decided)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("Call Time,Caller ID,Destination,Status,Recording", "Recording"),
        ("Call ID,Caller Number,Start Time,Recording File", "Recording File"),
        ("Recording ID,Start Time,Agent,Filename", "Filename"),
        ("文件,坐席,开始时间", "文件"),
    ],
    ids=["3CX", "Zoom", "Avaya", "Chinese"],
)
def test_a_header_without_file_is_told_which_column_it_is(folder: Path, header: str, wanted: str) -> None:
    advice = fault_of(folder, f"{header}\n{','.join('a.wav' for _ in header.split(','))}\n").advice
    assert f"file: {wanted}" in advice


def test_milliseconds_as_asp_writes_them_are_a_time(folder: Path) -> None:
    row = json.dumps({"file": "a.wav", "started_at": "/Date(1741079520000)/"})
    started = call_of(taken(folder, row + "\n", "calls.jsonl")).started_at
    assert started is not None and started.timestamp() == MOMENT


def _words(*words: str) -> list[dict[str, Any]]:
    return [{"word": word, "start": 3.0 + place, "end": 3.4 + place} for place, word in enumerate(words)]


HELLO, HI = "Hello there.", "Hi."
# Two sentences, at 3 and 7 s from the start, or 4 s apart where the first is the start.
TEXTS: dict[str, str] = {
    "Otter": f"Anna Nowak  0:03\n{HELLO}\n\nBen Kos  0:07\n{HI}\n\nTranscribed by https://otter.ai\n",
    "Rev": f"Speaker 1 (00:03):\n{HELLO}\n\nSpeaker 2 (00:07):\n{HI}\n",
    "Descript": f"[00:00:03] Anna: {HELLO}\n\n[00:00:07] Ben: {HI}\n",
    "Deepgram's captions": f"WEBVTT\n\nNOTE\nTranscription provided by Deepgram\n\n00:00:03.000 --> 00:00:04.000\n- <v Speaker 0>{HELLO}\n\n00:00:07.000 --> 00:00:08.000\n- <v Speaker 1>{HI}\n",
    "WhatsApp, of somebody in no address book": f"[04/03/2025, 10:12:03] Anna: {HELLO}\n\u200e[04/03/2025, 10:12:07] ~\u202fBen: {HI}\n",
    "WhatsApp on Android": f"04/03/2025, 10:12 - Messages and calls are end-to-end encrypted.\n04/03/2025, 10:12:03 - Anna: {HELLO}\n04/03/2025, 10:12:07 - Ben: {HI}\n",
    "Sonix": f"Speaker1: [00:00:03] {HELLO}\n\nSpeaker2: [00:00:07] {HI}\n",
    "Temi": f"Speaker 1:\t[00:03]\t{HELLO}\nSpeaker 2:\t[00:07]\t{HI}\n",
    "Trint": f"Anna: [00:00:03] {HELLO} [00:00:04]\nBen: [00:00:07] {HI} [00:00:08]\n",
    "Fireflies": f"Anna Nowak - 00:03\n{HELLO}\nBen Kos - 00:07\n{HI}\n",
    "HappyScribe": f"[00:00:03.00] - Speaker 1\n{HELLO}\n\n[00:00:07.00] - Speaker 2\n{HI}\n",
    "Riverside": f"[00:00:03.000] Anna\n{HELLO}\n\n[00:00:07.000] Ben\n{HI}\n",
    "Gong's text": f"0:03 | Anna\n{HELLO}\n\n0:07 | Ben\n{HI}\n",
    "Notta": f"Speaker 1 00:03\n{HELLO}\n\nSpeaker 2 00:07\n{HI}\n",
    "captions with letters in bold": f"WEBVTT\n\n00:03.000 --> 00:04.000\n<b>Anna:</b> {HELLO}\n\n00:07.000 --> 00:08.000\n<b>Ben:</b> {HI}\n",
    "WeChat": f"小林 2025/3/4 10:12:03\n{HELLO}\n\n张三 2025/3/4 10:12:07\n{HI}\n",
    "NeMo": json.dumps({"status": "success", "words": [
        {"word": "Hello", "start_time": 3.0, "end_time": 3.4, "speaker": "speaker_0"}, {"word": "there.", "start_time": 3.4, "end_time": 3.8, "speaker": "speaker_0"},
        {"word": "Hi.", "start_time": 7.0, "end_time": 7.3, "speaker": "speaker_1"}]}),
    "Azure, batch": json.dumps({"source": "a.wav", "recognizedPhrases": [
        {"channel": 0, "speaker": number, "offsetInTicks": at, "durationInTicks": 1e7, "nBest": [{"display": text}]} for number, at, text in ((1, 3e7, HELLO), (2, 7e7, HI))]}),
    "Azure, fast": json.dumps({"durationMilliseconds": 9000, "combinedPhrases": [{"text": f"{HELLO} {HI}"}], "phrases": [
        {"speaker": number, "offsetMilliseconds": at, "durationMilliseconds": 1000, "text": text} for number, at, text in ((1, 3000, HELLO), (2, 7000, HI))]}),
    "OpenAI, with voices": json.dumps({"task": "transcribe", "duration": 9.0, "text": "x", "segments": [
        {"type": "transcript.text.segment", "id": f"seg_{voice}", "start": at, "end": at + 1, "text": text, "speaker": voice} for voice, at, text in (("A", 3.0, HELLO), ("B", 7.0, HI))]}),
    "Retell": json.dumps({"call_id": "c7", "transcript": "Agent: Hello there.\nUser: Hi.", "transcript_object": [
        {"role": "agent", "content": HELLO, "words": _words("Hello", "there.")}, {"role": "user", "content": HI, "words": [{"word": HI, "start": 7.0, "end": 7.3}]}]}),
    "Vapi": json.dumps({"id": "c8", "artifact": {"messages": [
        {"role": "bot", "message": HELLO, "time": 1741079520000, "secondsFromStart": 3.0, "endTime": 1741079521000}, {"role": "user", "message": HI, "time": 1741079524000, "secondsFromStart": 7.0}]}}),
    "Genesys, by the clock": json.dumps({"transcripts": [{"phrases": [
        {"text": text, "startTimeMs": 1741079520000 + at, "duration": {"milliseconds": 500}, "participantPurpose": who} for at, who, text in ((3000, "internal", HELLO), (7000, "external", HI))]}]}),
    "Alibaba": json.dumps({"TaskId": "x", "Result": {"Sentences": [
        {"BeginTime": at, "EndTime": at + 1000, "Text": text, "ChannelId": channel, "SpeechRate": 200} for channel, at, text in ((0, 3000, HELLO), (1, 7000, HI))]}}),
    "Connect's chats": json.dumps({"Version": "1.0.0", "Channel": "CHAT", "Participants": [{"ParticipantId": "AGENT"}, {"ParticipantId": "CUSTOMER"}], "Transcript": [
        {"ParticipantId": who, "Content": text, "AbsoluteTime": f"2025-03-04T09:12:0{at}.000Z", "Type": "MESSAGE"} for who, at, text in (("AGENT", 3, HELLO), ("CUSTOMER", 7, HI))]}),
}  # fmt: skip


@pytest.mark.parametrize("program", TEXTS)
def test_words_voices_and_times_are_those_that_were_written(program: str) -> None:
    text = TEXTS[program]
    name = "t.json" if text[0] == "{" else "t.vtt" if text.startswith("WEBVTT") else "t.txt"
    (dialogue,) = parse_transcripts(text.encode(), name).dialogues
    # In a folder, too.
    assert not dialogue.faults and why_no_dialogue(text.encode(), name) is None
    lines = dialogue.lines
    assert [line.text for line in lines] == [HELLO, HI]
    first, second = lines
    assert (first.label or first.role) != (second.label or second.role)
    assert not any(line.label and line.label.endswith("-") for line in lines)
    assert first.start_ms in (0, 3000) and second.start_ms == first.start_ms + 4000
    assert all(line.end_ms is None or 0 < line.end_ms - (line.start_ms or 0) <= 1500 for line in lines)
