"""JSON documents in the shapes that recognisers and contact centres document, made by hand; all say the same."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Role
from qa_pipeline.recordings.dialogue import Dialogue
from qa_pipeline.recordings.transcripts import parse_transcripts, why_no_dialogue

A, C, U = Role.AGENT, Role.CUSTOMER, Role.UNKNOWN
HELLO, WRONG = "Good morning, this is Anna.", "My bill is wrong."


def words(text: str, start: float, *, word: str = "word", unit: float = 1.0, **more: object) -> list[dict[str, Any]]:
    """The words of a text, half a second each."""
    return [
        {word: piece, "start": (start + n / 2) * unit, "end": (start + n / 2 + 0.5) * unit, **more} for n, piece in enumerate(text.split())
    ]


def amazon_items(text: str, start: float, **more: object) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for n, piece in enumerate(text.split()):
        bare = piece.rstrip(".,")
        items.append(
            {"type": "pronunciation", "start_time": f"{start + n / 2}", "end_time": f"{start + n / 2 + 0.5}",
             "alternatives": [{"confidence": "0.9", "content": bare}], **more}
        )  # fmt: skip
        if bare != piece:
            items.append({"type": "punctuation", "alternatives": [{"confidence": "0.0", "content": piece[-1]}], **more})
    return items


def google_words(text: str, start: float, *, names: tuple[str, str] = ("startTime", "endTime"), **more: object) -> list[dict[str, Any]]:
    return [
        {names[0]: f"{start + n / 2:.3f}s", names[1]: f"{start + n / 2 + 0.5:.3f}s", "word": piece, **more}
        for n, piece in enumerate(text.split())
    ]


WHISPER = {"segments": [{"start": 1.0, "end": 3.5, "text": f" {HELLO}", "speaker": "SPEAKER_00"},
                        {"start": 5.0, "end": 7.0, "text": f" {WRONG}", "speaker": "SPEAKER_01"}], "language": "en"}  # fmt: skip
AMAZON_VOICES = {
    "jobName": "x", "status": "COMPLETED",
    "results": {
        "transcripts": [{"transcript": f"{HELLO} {WRONG}"}],
        "speaker_labels": {"speakers": 2, "segments": [
            {"start_time": "1.0", "end_time": "3.5", "speaker_label": "spk_0",
             "items": [{"start_time": one["start_time"], "speaker_label": "spk_0"} for one in amazon_items(HELLO, 1) if "start_time" in one]},
            {"start_time": "5.0", "end_time": "7.0", "speaker_label": "spk_1",
             "items": [{"start_time": one["start_time"], "speaker_label": "spk_1"} for one in amazon_items(WRONG, 5) if "start_time" in one]},
        ]},
        "items": [*amazon_items(HELLO, 1), *amazon_items(WRONG, 5)],
    },
}  # fmt: skip
DEEPGRAM = {
    "metadata": {"channels": 1},
    "results": {"channels": [{"alternatives": [{"transcript": f"{HELLO} {WRONG}", "words": [
        *words(HELLO.lower(), 1, speaker=0), *words(WRONG.lower(), 5, speaker=1)]}]}]},
}  # fmt: skip
GENESYS_PHRASES = [
    {
        "text": HELLO.lower(),
        "decoratedText": HELLO,
        "startTimeMs": 1000,
        "duration": {"milliseconds": 2500},
        "participantPurpose": "internal",
    },
    {"text": WRONG, "startTimeMs": 5000, "duration": {"milliseconds": 2000}, "participantPurpose": "external"},
]
MORNING = 1_767_000_000_000
GOOGLE_VOICES = [*google_words(HELLO, 1, speakerTag=1), *google_words(WRONG, 5, speakerTag=2)]


def azure_phrase(text: str, start: float, length: float, **more: object) -> dict[str, Any]:
    return {"recognitionStatus": "Success", "offset": f"PT{start}S", "duration": f"PT{length}S", "offsetInTicks": start * 1e7,
            "durationInTicks": length * 1e7, "nBest": [{"confidence": 0.9, "lexical": text.lower(), "display": text}], **more}  # fmt: skip


# What is told of each: labels apart, times in ms (None where the document has none), and the roles that it says.
DOCUMENTS: dict[str, tuple[object, tuple[Role, Role]]] = {
    "whisperX": (WHISPER, (U, U)),
    "openai-whisper": ({"text": "…", "segments": [{"id": n, **{k: v for k, v in one.items() if k != "speaker"}} for n, one in enumerate(WHISPER["segments"])]}, (U, U)),  # type: ignore[arg-type]
    "faster-whisper": ([{k: v for k, v in one.items() if k != "speaker"} for one in WHISPER["segments"]], (U, U)),  # type: ignore[attr-defined]
    "whisperX, two voices in a segment": (
        {"segments": [{"start": 1.0, "end": 7.0, "text": f"{HELLO} {WRONG}", "speaker": "SPEAKER_00", "words": [
            *words(HELLO, 1, speaker="SPEAKER_00"), *words(WRONG, 5, speaker="SPEAKER_01")]}]}, (U, U)),
    "whisper.cpp": (
        {"result": {"language": "en"}, "transcription": [
            {"timestamps": {"from": "00:00:01,000", "to": "00:00:03,500"}, "offsets": {"from": 1000, "to": 3500}, "text": f" {HELLO}", "speaker": "0"},
            {"offsets": {"from": 5000, "to": 7000}, "text": f" {WRONG}", "speaker": "1"}]}, (U, U)),
    "insanely-fast-whisper": (
        {"speakers": [{"speaker": "SPEAKER_00", "timestamp": [1.0, 3.5], "text": HELLO}, {"speaker": "SPEAKER_01", "timestamp": [5.0, 7.0], "text": WRONG}],
         "chunks": [], "text": "…"}, (U, U)),
    "Deepgram, words": (
        {**DEEPGRAM, "results": {"channels": [{"alternatives": [{"transcript": "…", "words": [
            {**one, "punctuated_word": spoken} for one, spoken in zip(DEEPGRAM["results"]["channels"][0]["alternatives"][0]["words"],  # type: ignore[index]
                                                                      f"{HELLO} {WRONG}".split(), strict=True)]}]}]}}, (U, U)),
    "Deepgram, utterances": (
        {"results": {"channels": [{"alternatives": []}], "utterances": [
            {"start": 1.0, "end": 3.5, "channel": 0, "speaker": 0, "transcript": HELLO},
            {"start": 5.0, "end": 7.0, "channel": 0, "speaker": 1, "transcript": WRONG}]}}, (U, U)),
    "Deepgram, channels": (
        {"results": {"channels": [{"alternatives": []}, {"alternatives": []}], "utterances": [
            {"start": 5.0, "end": 7.0, "channel": 1, "speaker": 0, "transcript": WRONG},
            {"start": 1.0, "end": 3.5, "channel": 0, "speaker": 0, "transcript": HELLO}]}}, (U, U)),
    "Deepgram, paragraphs": (
        {"results": {"channels": [{"alternatives": [{"transcript": "…", "paragraphs": {"paragraphs": [
            {"speaker": 0, "sentences": [{"text": HELLO, "start": 1.0, "end": 3.5}]},
            {"speaker": 1, "sentences": [{"text": WRONG, "start": 5.0, "end": 7.0}]}]}}]}]}}, (U, U)),
    "AssemblyAI": (
        {"id": "x", "status": "completed", "audio_url": "u", "words": [], "utterances": [
            {"speaker": "A", "text": HELLO, "start": 1000, "end": 3500}, {"speaker": "B", "text": WRONG, "start": 5000, "end": 7000}]}, (U, U)),
    "AssemblyAI, words": (
        {"id": "x", "audio_duration": 9, "utterances": None, "words": [
            *words(HELLO, 1, word="text", unit=1000, speaker="A"), *words(WRONG, 5, word="text", unit=1000, speaker="B")]}, (U, U)),
    "Amazon Transcribe, voices": (AMAZON_VOICES, (U, U)),
    "Amazon Transcribe, voices at the items": (
        {"results": {"transcripts": [], "items": [*amazon_items(HELLO, 1, speaker_label="spk_0"), *amazon_items(WRONG, 5, speaker_label="spk_1")]}}, (U, U)),
    "Amazon Transcribe, segments": (
        {"results": {"transcripts": [], "items": [], "audio_segments": [
            {"id": 0, "transcript": HELLO, "start_time": "1.0", "end_time": "3.5", "speaker_label": "spk_0"},
            {"id": 1, "transcript": WRONG, "start_time": "5.0", "end_time": "7.0", "speaker_label": "spk_1"}]}}, (U, U)),
    "Amazon Transcribe, channels": (
        {"results": {"transcripts": [], "items": [], "channel_labels": {"channels": [
            {"channel_label": "ch_1", "items": amazon_items(WRONG, 5)}, {"channel_label": "ch_0", "items": amazon_items(HELLO, 1)}]}}}, (U, U)),
    "Amazon Call Analytics": (
        {"JobName": "x", "Participants": [{"ParticipantRole": "AGENT"}, {"ParticipantRole": "CUSTOMER"}], "Transcript": [
            {"ParticipantRole": "AGENT", "BeginOffsetMillis": 1000, "EndOffsetMillis": 3500, "Content": HELLO},
            {"ParticipantRole": "CUSTOMER", "BeginOffsetMillis": 5000, "EndOffsetMillis": 7000, "Content": WRONG}]}, (A, C)),
    "Amazon Contact Lens": (
        {"Version": "1.1.0", "Channel": "VOICE", "Participants": [
            {"ParticipantId": "p1", "ParticipantRole": "AGENT"}, {"ParticipantId": "p2", "ParticipantRole": "CUSTOMER"}], "Transcript": [
            {"ParticipantId": "p1", "BeginOffsetMillis": 1000, "EndOffsetMillis": 3500, "Content": HELLO},
            {"ParticipantId": "p2", "BeginOffsetMillis": 5000, "EndOffsetMillis": 7000, "Content": WRONG}]}, (A, C)),
    "Genesys": ({"conversationId": "c", "transcripts": [{"transcriptId": "t", "phrases": GENESYS_PHRASES}]}, (A, C)),
    "Genesys, by the time of day": (
        {"conversationId": "c", "conversationStartTime": MORNING, "transcripts": [{"phrases": [
            {**one, "startTimeMs": one["startTimeMs"] + MORNING} for one in GENESYS_PHRASES]}]}, (A, C)),  # type: ignore[operator]
    "Google 1, voices": (
        {"results": [{"alternatives": [{"transcript": f"{HELLO} {WRONG}", "words": [*google_words(HELLO, 1), *google_words(WRONG, 5)]}]},
                     {"alternatives": [{"words": GOOGLE_VOICES}]}]}, (U, U)),
    "Google 1, channels": (
        {"name": "1", "done": True, "response": {"results": [
            {"channelTag": 2, "resultEndTime": "7s", "alternatives": [{"transcript": WRONG, "words": google_words(WRONG, 5)}]},
            {"channelTag": 1, "resultEndTime": "3.5s", "alternatives": [{"transcript": HELLO, "words": google_words(HELLO, 1)}]}]}}, (U, U)),
    "Google 2, voices": (
        {"results": [{"languageCode": "en-US", "alternatives": [{"transcript": "…", "words": [
            *google_words(HELLO, 1, names=("startOffset", "endOffset"), speakerLabel="1"),
            *google_words(WRONG, 5, names=("startOffset", "endOffset"), speakerLabel="2")]}]}]}, (U, U)),
    "Google 2, batch": (
        {"results": {"gs://b/a.wav": {"inlineResult": {"transcript": {"results": [
            {"alternatives": [{"transcript": HELLO, "words": google_words(HELLO, 1, names=("startOffset", "endOffset"), speakerLabel="1")}]},
            {"alternatives": [{"transcript": WRONG, "words": google_words(WRONG, 5, names=("startOffset", "endOffset"), speakerLabel="2")}]}]}}}}}, (U, U)),
    "Azure, channels": (
        {"source": "u", "durationInTicks": 9e7, "combinedRecognizedPhrases": [], "recognizedPhrases": [
            azure_phrase(WRONG, 5.0, 2.0, channel=1), azure_phrase(HELLO, 1.0, 2.5, channel=0)]}, (U, U)),
    "Azure, voices": (
        {"recognizedPhrases": [azure_phrase(HELLO, 1.0, 2.5, channel=0, speaker=1), azure_phrase(WRONG, 5.0, 2.0, channel=0, speaker=2)]}, (U, U)),
    "Azure, fast": (
        {"durationMilliseconds": 9000, "combinedPhrases": [], "phrases": [
            {"speaker": 1, "offsetMilliseconds": 1000, "durationMilliseconds": 2500, "text": HELLO},
            {"speaker": 2, "offsetMilliseconds": 5000, "durationMilliseconds": 2000, "text": WRONG}]}, (U, U)),
    "Amazon Transcribe, voices of segments without words": (
        {"results": {"transcripts": [], "speaker_labels": {"segments": [
            {"start_time": "1.0", "end_time": "3.5", "speaker_label": "spk_0", "items": []},
            {"start_time": "5.0", "end_time": "7.0", "speaker_label": "spk_1", "items": []}]},
            "items": [*amazon_items(HELLO, 1), *amazon_items(WRONG, 5)]}}, (U, U)),
    "Amazon Transcribe, voices by number": (
        {"results": {"transcripts": [], "items": [*amazon_items(HELLO, 1, speaker_label=0), *amazon_items(WRONG, 5, speaker_label=1)]}}, (U, U)),
    "Deepgram, voices where channels are not told": (
        {"results": {"channels": [{"alternatives": []}, {"alternatives": []}], "utterances": [
            {"start": 1.0, "end": 3.5, "speaker": 0, "transcript": HELLO}, {"start": 5.0, "end": 7.0, "speaker": 1, "transcript": WRONG}]}}, (U, U)),
    "Rev.ai": (
        {"monologues": [{"speaker": n, "elements": [
            element for word in words(text, at) for element in (
                {"type": "text", "value": word["word"].rstrip(".,"), "ts": word["start"], "end_ts": word["end"]},
                *([{"type": "punct", "value": word["word"][-1]}] if word["word"][-1] in ".," else []), {"type": "punct", "value": " "})]}
            for n, (text, at) in enumerate(((HELLO, 1), (WRONG, 5)))]}, (U, U)),
    "Speechmatics": (
        {"format": "2.9", "results": [
            {"type": "word", "start_time": word["start"], "end_time": word["end"], "alternatives": [{"content": word["word"], "speaker": voice}]}
            for text, at, voice in ((HELLO, 1, "S1"), (WRONG, 5, "S2")) for word in words(text, at)]}, (U, U)),
    "IBM Watson": (
        {"results": [{"final": True, "alternatives": [{"transcript": "…", "timestamps": [
            [word["word"], word["start"], word["end"]] for word in (*words(HELLO, 1), *words(WRONG, 5))]}]}],
         "speaker_labels": [{"from": word["start"], "to": word["end"], "speaker": n}
                            for n, own in enumerate((words(HELLO, 1), words(WRONG, 5))) for word in own]}, (U, U)),
    "ElevenLabs": (
        {"language_code": "en", "text": "…", "words": [
            one for n, own in enumerate((words(HELLO, 1, word="text"), words(WRONG, 5, word="text"))) for word in own
            for one in ({**word, "type": "word", "speaker_id": f"speaker_{n}"}, {"text": " ", "type": "spacing", "start": 0, "end": 0})]}, (U, U)),
    "Gladia": (
        {"result": {"metadata": {}, "transcription": {"utterances": [
            {"text": HELLO, "start": 1.0, "end": 3.5, "speaker": 0, "channel": 0}, {"text": WRONG, "start": 5.0, "end": 7.0, "speaker": 1, "channel": 0}]}}}, (U, U)),
    "inside what an interface answers": (
        {"data": {"transcript": {"sentences": [
            {"text": HELLO, "speaker_name": "Agent", "start_time": 1.0, "end_time": 3.5}, {"text": WRONG, "speaker_name": "Guest", "start_time": 5.0, "end_time": 7.0}]}}}, (A, C)),
    "RingCentral": (
        {"speakerCount": 2, "utterances": [{"speakerId": "0", "start": 1.0, "end": 3.5, "text": HELLO, "confidence": 0.9},
                                           {"speakerId": "1", "start": 5.0, "end": 7.0, "text": WRONG, "confidence": 0.9}]}, (U, U)),
    "Twilio, channels": (
        {"meta": {}, "sentences": [{"media_channel": 1, "start_time": "1.0", "end_time": "3.5", "transcript": HELLO, "sid": "GX1"},
                                   {"media_channel": 2, "start_time": "5.0", "end_time": "7.0", "transcript": WRONG, "sid": "GX2"}]}, (U, U)),
    "Aircall": (
        {"transcription": {"id": 1, "content": {"language": "en-US", "utterances": [
            {"participant_type": "internal", "user_id": 7, "start_time": 1.0, "end_time": 3.5, "text": HELLO},
            {"participant_type": "external", "phone_number": "+15550100", "start_time": 5.0, "end_time": 7.0, "text": WRONG}]}}}, (A, C)),
    "Gong": (
        {"requestId": "4al018gzaztcr8nbukw", "records": {"totalRecords": 1}, "callTranscripts": [{"callId": "7782342274025937895", "transcript": [
            {"speakerId": "6432345678907573843", "topic": None, "sentences": [{"start": 1000, "end": 3500, "text": HELLO}]},
            {"speakerId": "5120938475610293847", "topic": "Wrap-up", "sentences": [{"start": 5000, "end": 7000, "text": WRONG}]}]}]}, (U, U)),
    "names with capitals": (
        {"Messages": [{"Speaker": "Agent", "Start": 1, "End": 3.5, "Text": HELLO}, {"Speaker": "Customer", "Start": 5, "End": 7, "Text": WRONG}]}, (A, C)),
    "messages in seconds": ({"messages": [{"sender": "agent", "start": 1, "end": 3.5, "content": HELLO}, {"sender": "customer", "start": 5, "end": 7, "content": WRONG}]}, (A, C)),
    "messages in ms": ([{"speaker": "agent", "start": 1000, "end": 3500, "text": HELLO}, {"speaker": "customer", "start": 5000, "end": 7000, "text": WRONG}], (A, C)),
    "rows of JSON Lines in a list": ([{"role": "agent", "start_ms": 1000, "end_ms": 3500, "text": HELLO}, {"role": "Kund", "start_ms": 5000, "end_ms": 7000, "text": WRONG}], (A, C)),
}  # fmt: skip


def only(data: object, name: str = "a.json") -> Dialogue:
    (dialogue,) = parse_transcripts(json.dumps(data).encode(), name).dialogues
    return dialogue


@pytest.mark.parametrize("shape", DOCUMENTS)
def test_every_shape_gives_the_same_words_at_the_same_times(shape: str) -> None:
    document, roles = DOCUMENTS[shape]
    dialogue = only(document)
    assert dialogue.faults == ()
    assert [(line.start_ms, line.end_ms, line.text) for line in dialogue.lines] == [(1000, 3500, HELLO), (5000, 7000, WRONG)]
    assert tuple(line.role for line in dialogue.lines) == roles
    has_voices = shape not in ("openai-whisper", "faster-whisper")
    assert len({line.label for line in dialogue.lines}) == (2 if has_voices else 1)


@pytest.mark.parametrize("shape", DOCUMENTS)
def test_a_document_is_known_whatever_its_ending_and_layout(shape: str) -> None:
    document, _ = DOCUMENTS[shape]
    raw = json.dumps(document, indent=2).encode()
    assert why_no_dialogue(raw, "a.json") is None
    assert len(parse_transcripts(raw, "a.jsonl").dialogues[0].lines) == 2


@pytest.mark.parametrize("form", ["lines", "list", "one after the other"])
def test_documents_of_several_calls_in_one_file_are_several_calls(form: str) -> None:
    documents = [WHISPER, {**WHISPER, "language": "pl"}]
    texts = [json.dumps(one) for one in documents]
    text, name = {
        "lines": ("\n".join(texts), "a.jsonl"),
        "list": (json.dumps(documents), "a.json"),
        "one after the other": ("".join(texts), "a.json"),
    }[form]
    assert why_no_dialogue(text.encode(), name) is None
    dialogues = parse_transcripts(text.encode(), name).dialogues
    assert [len(dialogue.lines) for dialogue in dialogues] == [2, 2]
    assert [str(dialogue.call_id)[:4] for dialogue in dialogues] == ["a-1-", "a-2-"]
    # The same file name on another day, with other words, makes other ids.
    other = parse_transcripts(text.replace("bill", "order").encode(), name).dialogues
    assert not {one.call_id for one in other} & {one.call_id for one in dialogues}


def test_documents_that_name_their_calls_keep_the_names() -> None:
    text = "\n".join(json.dumps({"id": name, **WHISPER}) for name in ("c7", "c8"))
    assert [dialogue.call_id for dialogue in parse_transcripts(text.encode(), "a.jsonl").dialogues] == ["c7", "c8"]


def test_calls_of_gong_in_one_file_are_calls_by_their_ids() -> None:
    document, _ = DOCUMENTS["Gong"]
    (call,) = document["callTranscripts"]  # type: ignore[call-overload,index]
    raw = json.dumps({"callTranscripts": [{**call, "callId": "g1"}, {**call, "callId": "g2"}]}).encode()
    assert why_no_dialogue(raw, "a.json") is None
    assert [(one.call_id, len(one.lines), one.faults) for one in parse_transcripts(raw, "a.json").dialogues] == [
        ("g1", 2, ()),
        ("g2", 2, ()),
    ]


def test_a_batch_of_google_of_several_files_is_a_call_each() -> None:
    batch, _ = DOCUMENTS["Google 2, batch"]
    (inner,) = batch["results"].values()  # type: ignore[index]
    dialogues = parse_transcripts(
        json.dumps({"results": {"gs://b/x/a.wav": inner, "gs://b/x/c.wav": inner}}).encode(), "batch.json"
    ).dialogues
    assert [(dialogue.call_id, len(dialogue.lines)) for dialogue in dialogues] == [("a", 2), ("c", 2)]


@pytest.mark.parametrize(
    "document",
    [
        {"id": "x", "audio_url": "u", "utterances": None, "words": None, "text": HELLO},
        {"results": {"utterances": None, "channels": [{"alternatives": [{"transcript": HELLO, "words": None}]}]}},
        {"results": {"transcripts": [{"transcript": HELLO}], "items": None, "speaker_labels": None}},
        {"result": [{"word": word, "start": n, "end": n + 0.5} for n, word in enumerate(HELLO.split())], "text": HELLO.lower()},
        {"results": [{"alternatives": [{"transcript": HELLO, "timestamps": [["Good", 0.0, 0.2], ["Anna.", 1.0, 1.2]]}]}]},
    ],
)  # fmt: skip
def test_words_without_voices_are_read_and_nobodys(document: dict[str, Any]) -> None:
    (line,) = only(document).lines
    assert (line.label, line.role, line.text) == (None, U, HELLO)


def test_messages_of_chats_have_people_with_names_parts_and_moments() -> None:
    document = {"messages": [
        {"author": {"name": "Anna", "role": "agent"}, "content": [{"type": "text", "text": HELLO}], "created_at": "2026-03-04T10:00:00Z"},
        {"author": {"name": "Bob", "role": "customer"}, "content": [{"type": "text", "text": WRONG}], "created_at": "2026-03-04T10:00:05Z"}]}  # fmt: skip
    assert [(line.role, line.start_ms, line.text) for line in only(document).lines] == [(A, 0, HELLO), (C, 5000, WRONG)]


def test_a_first_word_a_little_before_the_beginning_begins_there() -> None:
    document = [{"speaker": "agent", "text": HELLO, "start": -0.02, "end": 1}, {"speaker": "customer", "text": WRONG, "start": 1, "end": 2}]
    assert [line.start_ms for line in only(document).lines] == [0, 1000]


def places(data: object) -> list[tuple[dict[str, Any], str]]:
    """Every key of every object in a document."""
    found = []
    if isinstance(data, dict):
        found += [(data, key) for key in data]
    for inner in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        found += places(inner)
    return found


@given(st.sampled_from(sorted(DOCUMENTS)), st.integers(0, 10_000), st.sampled_from([None, 5, "x", [], {}, -1.5, True, [5], float("nan")]))
def test_a_document_that_is_broken_at_any_place_is_lines_or_a_fault(shape: str, place: int, wrong: object) -> None:
    document = copy.deepcopy(DOCUMENTS[shape][0])
    inside = places(document)
    owner, key = inside[place % len(inside)]
    owner[key] = wrong
    for dialogue in parse_transcripts(json.dumps(document).encode(), "a.json").dialogues:
        assert bool(dialogue.lines) is not bool(dialogue.faults)
        assert all(fault.advice for fault in dialogue.faults)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ({"name": "x", "version": 1}, "an object with the keys name, version"),
        ({}, "an empty object"),
        ([], "an empty list"),
        ([1, 2], "a list of 2"),
        ([{"a": 1}], "a list of 1; its first is an object with the keys a"),
        ("hello", "a text"),
        (5, "a single value"),
        ({"segments": [{"start": 1, "end": 2}]}, "an object with the keys segments"),
        ({"messages": [{"text": "nobody says it"}]}, "an object with the keys messages"),
    ],
)
def test_json_of_another_shape_is_named_for_what_it_is(data: object, what: str) -> None:
    (fault,) = only(data).faults
    assert fault.message == f"JSON that is no transcript of a known shape: {what}"
    assert "Amazon Transcribe" in fault.advice
    assert '{"role": …, "text": …} a line' in fault.advice
    assert why_no_dialogue(json.dumps(data).encode(), "a.json") == f"is {what}"


def test_the_advice_for_json_of_another_shape_leads_to_its_cure() -> None:
    (dialogue,) = parse_transcripts(b'{"role": "agent", "text": "Hello."}\n{"role": "customer", "text": "Hi."}', "a.json").dialogues
    assert [line.role for line in dialogue.lines] == [A, C]
    assert len(only({"role": "agent", "text": "Hello."}).lines) == 1


def test_a_list_of_rows_may_hold_many_calls() -> None:
    data = [{"call_id": c, "role": "agent", "text": c} for c in "aba"]
    assert {d.call_id: len(d.lines) for d in parse_transcripts(json.dumps(data).encode(), "a.json").dialogues} == {"a": 2, "b": 1}


def test_json_that_broke_off_is_a_fault_with_its_reason() -> None:
    (fault,) = parse_transcripts(json.dumps(WHISPER).encode()[:-20], "a.json").dialogues[0].faults
    assert fault.message.startswith("not JSON: ")
    assert "broke off" in fault.advice


def test_a_stretch_whose_words_are_missing_is_no_silent_gap() -> None:
    document = copy.deepcopy(DOCUMENTS["Amazon Call Analytics"][0])
    del document["Transcript"][1]["Content"]  # type: ignore[index]
    (fault,) = only(document).faults
    assert fault.message == "no text in turn 2, which a document of this shape has"


def test_a_recognisers_stretch_without_words_is_left_and_told() -> None:
    phrases = [
        azure_phrase(HELLO, 1.0, 2.5, channel=0),
        {"recognitionStatus": "Failure", "offsetInTicks": 4e7, "durationInTicks": 1e7, "nBest": []},
    ]
    parsed = parse_transcripts(json.dumps({"recognizedPhrases": phrases}).encode(), "a.json")
    assert [line.text for line in parsed.dialogues[0].lines] == [HELLO]
    assert sum(parsed.notes.values()) == 1


@pytest.mark.parametrize(
    "shape", ["Deepgram, channels", "Amazon Transcribe, channels", "Google 1, channels", "Azure, channels", "Twilio, channels"]
)
def test_channels_are_counted_from_zero(shape: str) -> None:
    assert [line.label for line in only(DOCUMENTS[shape][0]).lines] == ["Channel 0", "Channel 1"]


def test_messages_of_a_chat_count_from_the_first() -> None:
    turn = {"ParticipantRole": "AGENT", "Type": "MESSAGE", "Content": "Hello.", "AbsoluteTime": "2026-01-05T10:00:00.500Z"}
    event = {"ParticipantRole": "CUSTOMER", "Type": "EVENT", "ContentType": "application/vnd.amazonaws.connect.event.participant.left"}
    other = {"ParticipantRole": "CUSTOMER", "Type": "MESSAGE", "Content": "Hi.", "AbsoluteTime": "2026-01-05T10:00:04Z"}
    lines = only({"Channel": "CHAT", "Transcript": [turn, other, event]}).lines
    assert [(line.role, line.start_ms, line.text) for line in lines] == [(A, 0, "Hello."), (C, 3500, "Hi.")]


def test_starts_that_are_moments_of_the_day_count_from_the_first() -> None:
    spoken = [{"participantType": "Agent", "startTime": "2025-03-04T10:12:00.500Z", "text": HELLO},
              {"participantType": "Customer", "startTime": "2025-03-04T10:12:04Z", "text": WRONG}]  # fmt: skip
    lines = only({"contactId": "1", "transcript": spoken}).lines
    assert [(line.role, line.start_ms, line.text) for line in lines] == [(A, 0, HELLO), (C, 3500, WRONG)]


def test_keys_of_json_lines_may_begin_with_capitals() -> None:
    text = '{"Role": "Agent", "Text": "Hello."}\n{"ROLE": "Customer", "text": "Hi.", "Text": "not this"}'
    parsed = parse_transcripts(text.encode(), "a.jsonl")
    assert [(line.role, line.text) for line in parsed.dialogues[0].lines] == [(A, "Hello."), (C, "Hi.")]


def test_words_of_scripts_without_spaces_stand_together() -> None:
    items = amazon_items("您好 我是 小王 。", 1, speaker_label="spk_0")
    assert [line.text for line in only({"results": {"items": items}}).lines] == ["您好我是小王。"]


@pytest.mark.parametrize(
    ("value", "ms"), [(1000.5, 1000), (1000.6, 1001), ("5000", 5000), ("5000.25", 5000), ("0:05.2", 5200), ("", None), (None, None), (7, 7)]
)
def test_times_of_json_lines_are_numbers_however_they_are_written(value: object, ms: int | None) -> None:
    assert only({"role": "agent", "text": "a", "start_ms": value}, "a.jsonl").lines[0].start_ms == ms


def test_lines_of_json_with_other_keys_are_read_as_a_list_of_them() -> None:
    data = [
        {"speaker": "agent", "text": "Hello.", "start": 1.0, "end": 2.5},
        {"speaker": "customer", "text": "Hi.", "start": 3.0, "end": 4.0},
    ]
    (dialogue,) = parse_transcripts("\n".join(map(json.dumps, data)).encode(), "a.jsonl").dialogues
    assert [(line.role, line.start_ms, line.end_ms) for line in dialogue.lines] == [(A, 1000, 2500), (C, 3000, 4000)]


@pytest.mark.parametrize(("stamp", "ms"), [("00:00:05", 5000), (5.5, 5500), ("2026-01-05T10:00:00Z", None), (1_767_000_000, None)])
def test_a_time_of_day_is_no_time_of_a_message(stamp: object, ms: int | None) -> None:
    data = {"messages": [{"sender": "agent", "text": "Hello.", "timestamp": stamp}]}
    assert [line.start_ms for line in only(data).lines] == [ms]
