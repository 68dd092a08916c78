"""Transcripts as recognisers of China, meeting tools and chat platforms write them: parties told apart, times in ms, nothing of one said by the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.dialogue import Dialogue, Note
from qa_pipeline.recordings.ingest import ingest
from qa_pipeline.recordings.transcripts import parse_transcripts, why_no_dialogue

HELLO, REPLY = "您好，这里是客服。", "我要退款。"


def best(begin: int, end: int, role: str, words: list[str]) -> dict[str, str]:
    parts = [{"ws": [{"cw": [{"w": word, "wp": "n"}]} for word in words]}]
    return {"json_1best": json.dumps({"st": {"bg": str(begin), "ed": str(end), "rl": role, "rt": parts}})}


LATTICE = {"lattice": [best(0, 3000, "1", ["您好", "，", "这里", "是", "客服", "。"]), best(3500, 4000, "2", ["我", "要", "退款", "。"])]}
VOLC = [
    {"additions": {"speaker": "1"}, "start_time": 0, "end_time": 3000, "text": HELLO},
    {"additions": {"speaker": "2"}, "start_time": 3500, "end_time": 4000, "text": REPLY},
]
SENTENCES = [
    {"begin_time": 0, "end_time": 3000, "text": HELLO, "speaker_id": 0},
    {"begin_time": 3500, "end_time": 4000, "text": REPLY, "speaker_id": 1},
]
SHAPES: dict[str, object] = {
    "paraformer by voice": {"file_url": "x", "transcripts": [{"channel_id": 0, "text": "x", "sentences": SENTENCES}]},
    "paraformer by channel": {
        "transcripts": [{"channel_id": at, "sentences": [{**one, "speaker_id": 0}]} for at, one in enumerate(SENTENCES)],
    },
    "aliyun": {"Result": {"Sentences": [
        {"ChannelId": 0, "BeginTime": 0, "EndTime": 3000, "Text": HELLO, "SpeechRate": 200},
        {"ChannelId": 1, "BeginTime": 3500, "EndTime": 4000, "Text": REPLY, "SpeechRate": 200},
    ]}},
    "tencent": {"Data": {"TaskId": 1, "Result": "[0:0.0,0:3.0,0] x\n", "ResultDetail": [
        {"FinalSentence": HELLO, "StartMs": 0, "EndMs": 3000, "SpeakerId": 0, "Words": []},
        {"FinalSentence": REPLY, "StartMs": 3500, "EndMs": 4000, "SpeakerId": 1, "Words": []},
    ]}},
    "volcengine": {"resp": {"utterances": VOLC}},
    "volcengine flash": {"result": {"text": "x", "utterances": VOLC}},
    "iflytek": LATTICE,
    "iflytek inside text": {"code": "000000", "content": {"orderResult": json.dumps(LATTICE)}},
    "iflytek before": [
        {"bg": "0", "ed": "3000", "onebest": HELLO, "speaker": "1"}, {"bg": "3500", "ed": "4000", "onebest": REPLY, "speaker": "2"},
    ],
    "funasr": [{"key": "a", "text": "x", "sentence_info": [
        {"start": 0, "end": 3000, "text": HELLO, "spk": 0}, {"start": 3500, "end": 4000, "text": REPLY, "spk": 1},
    ]}],
    "zoom": {"timeline": [
        {"text": HELLO, "ts": "00:00:00.000", "end_ts": "00:00:03.000", "users": [{"username": "Anna Nowak"}]},
        {"text": REPLY, "ts": "00:00:03.500", "end_ts": "00:00:04.000", "users": [{"username": "Jan"}]},
    ]},
    "capitals": {"Transcript": [
        {"Speaker": 0, "Text": HELLO, "StartOffset": 0, "EndOffset": 3000}, {"Speaker": 1, "Text": REPLY, "StartOffset": 3500, "EndOffset": 4000},
    ]},
    "a voice a channel": {"results": {"utterances": [
        {"start": 0.0, "end": 3.0, "transcript": HELLO, "speaker": 0, "channel": 0}, {"start": 3.5, "end": 4.0, "transcript": REPLY, "speaker": 0, "channel": 1},
    ]}},
}  # fmt: skip


def dialogue_of(content: object, name: str = "c.json") -> Dialogue:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    (dialogue,) = parse_transcripts(text.encode(), name).dialogues
    assert not dialogue.faults
    return dialogue


@pytest.mark.parametrize("name", SHAPES)
def test_recognisers_sentences_keep_their_voices_times_and_words(name: str) -> None:
    lines = dialogue_of(SHAPES[name]).lines
    assert [(line.start_ms, line.end_ms, line.text) for line in lines] == [(0, 3000, HELLO), (3500, 4000, REPLY)]
    assert len({line.label for line in lines} - {None}) == 2
    assert why_no_dialogue(json.dumps(SHAPES[name]).encode(), "c.json") is None


def test_roles_that_a_recogniser_names_are_roles() -> None:
    content = {
        "result": [
            {"res": [HELLO], "begin_time": 0, "end_time": 3000, "roleCategory": "AGENT"},
            {"res": [REPLY], "begin_time": 3500, "end_time": 4000, "roleCategory": "CUSTOMER"},
        ]
    }
    assert [line.role.value for line in dialogue_of(content).lines] == ["agent", "customer"]


def test_iflytek_without_roles_is_nobodys_and_a_broken_stretch_a_fault() -> None:
    assert [line.label for line in dialogue_of({"lattice": [best(0, 1000, "0", ["您好"])]}).lines] == [None]
    (dialogue,) = parse_transcripts(b'{"lattice": [{"json_1best": "{"}]}', "c.json").dialogues
    assert dialogue.faults[0].message == "no JSON in stretch 1, which a document of this shape has"


CHATS: dict[str, object] = {
    "slack": [{"type": "message", "user": "U1", "text": "Hello", "ts": "1741079520.0001"}, {"type": "message", "user": "U2", "text": "Hi", "ts": "1741079525.0001"}],
    "telegram": {"id": 1, "messages": [
        {"type": "message", "date": "2025-03-04T10:12:00", "from": "Shop", "text": "Hello"}, {"type": "service", "action": "phone_call", "text": ""},
        {"type": "message", "date": "2025-03-04T10:12:05", "from": "Jan", "text": [{"type": "bold", "text": "Hi"}]},
    ]},
    "intercom": {"type": "conversation", "conversation_parts": {"type": "list", "conversation_parts": [
        {"part_type": "comment", "body": "<p>Hello</p>", "created_at": 1741079520, "author": {"type": "admin"}},
        {"part_type": "comment", "body": "<p>Hi</p>", "created_at": 1741079525, "author": {"type": "user"}},
    ]}},
    "zendesk": {"comments": [{"author_id": 1, "body": "Hello", "created_at": "2025-03-04T10:12:00Z"}, {"author_id": 2, "body": "Hi", "created_at": "2025-03-04T10:12:05Z"}]},
    "livechat": {"threads": [{"events": [
        {"type": "message", "text": "Hello", "author_id": "a", "created_at": "2025-03-04T10:12:00Z"}, {"type": "file", "url": "x", "author_id": "b", "created_at": "2025-03-04T10:12:01Z"},
        {"type": "message", "text": "Hi", "author_id": "b", "created_at": "2025-03-04T10:12:05Z"},
    ]}]},
    "by direction": {"messages": [{"direction": "outbound", "textBody": "Hello", "timestamp": "2025-03-04T10:12:00Z"}, {"direction": "inbound", "textBody": "Hi", "timestamp": "2025-03-04T10:12:05Z"}]},
}  # fmt: skip


@pytest.mark.parametrize("name", CHATS)
def test_chats_are_counted_from_their_first_message(name: str) -> None:
    lines = dialogue_of(CHATS[name]).lines
    assert [(line.start_ms, line.text) for line in lines] == [(0, "Hello"), (5000, "Hi")]
    assert len({line.label for line in lines}) == 2


TEXTS = {
    "zoom, words below": "10:12:03 From  Anna Nowak  to  Everyone:\n\tHello.\n10:12:09 From  Jan  to  Everyone:\n\tHi.\n",
    "zoom, words behind": "10:12:03\t From Anna Nowak : Hello.\n10:12:09\t From Jan : Hi.\n",
    "salesforce": "Chat Started: Tuesday, March 04, 2025, 10:12:00 (+0000)\nChat Origin: Support\nAgent Anna Nowak\n( 0s ) Anna Nowak: Hello.\n( 6s ) Jan: Hi.\n",
    "salesforce, as a page": '<p align="center">Chat Started: March 04, 2025</p>( 0s ) Anna Nowak: Hello.<br>( 6s ) Jan: Hi.<br>',
    "salesforce, long": "( 1h 1m 5s ) Anna Nowak: Hello.\n( 1h 1m 11s ) Jan: Hi.\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_chats_saved_as_text_have_the_names_and_times_that_were_written(name: str) -> None:
    lines = dialogue_of(TEXTS[name], "c.txt").lines
    assert [(line.label, line.text) for line in lines] == [("Anna Nowak", "Hello."), ("Jan", "Hi.")]
    first, second = (line.start_ms or 0 for line in lines)
    assert second - first == 6000
    assert why_no_dialogue(TEXTS[name].encode(), "c.txt") is None


def test_what_stands_above_a_chat_is_nobodys_words_and_is_told() -> None:
    parsed = parse_transcripts(TEXTS["salesforce"].encode(), "c.txt")
    assert parsed.notes[Note.HEAD] == 3


def test_a_recognisers_text_with_spans_has_voices_and_times() -> None:
    lines = dialogue_of(f"[0:0.020,0:2.380,0]  {HELLO}\n[1:3.000,1:4.380,1]  {REPLY}\n", "c.txt").lines
    assert [(line.label, line.start_ms, line.end_ms) for line in lines] == [("Speaker 0", 20, 2380), ("Speaker 1", 63_000, 64_380)]


def test_the_agents_name_in_the_metadata_is_found_behind_from(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text(TEXTS["zoom, words behind"])
    (tmp_path / "calls.csv").write_text("file,agent_name\nc.txt,Anna Nowak\n")
    intake = ingest([str(tmp_path)], Defaults())
    assert not [warning for warning in intake.warnings if "say no role" in warning]


def test_words_of_a_plain_dialogue_that_look_like_one_of_these_stay(tmp_path: Path) -> None:
    text = "agent: Hello.\ncustomer: From Jan to Everyone: hi.\nagent: ( five s ) yes.\n"
    assert [line.text for line in dialogue_of(text, "c.txt").lines] == ["Hello.", "From Jan to Everyone: hi.", "( five s ) yes."]
