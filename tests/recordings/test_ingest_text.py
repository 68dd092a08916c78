"""Transcripts among the sources: one call a file or many, described by metadata, beside recordings."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from qa_pipeline.call import Call, Role
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import Intake, ingest
from qa_pipeline.recordings.labels import parse_roles

CHAT = "agent: Hello\ncustomer: Hi\n"


def taken(*sources: Path, **defaults: object) -> Intake:
    return ingest([str(source) for source in sources], Defaults(**defaults))  # type: ignore[arg-type]


def by_id(intake: Intake) -> dict[str, Call]:
    return {call.call_id: call for call in intake.calls}


def many(path: Path, *call_ids: str) -> None:
    path.write_text("".join(json.dumps({"call_id": c, "role": "agent", "text": f"Hello {c}"}) + "\n" for c in call_ids))


def test_a_transcript_is_a_call_named_by_the_hash_of_its_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CHAT)
    intake = taken(tmp_path, direction="inbound", language="en")
    (call,) = intake.calls
    assert call.call_id == hashlib.sha256(CHAT.encode()).hexdigest()[:16]
    assert (call.direction, call.language, call.source_uri) == ("inbound", "en", str(tmp_path / "a.txt"))
    assert [line.role for line in intake.dialogues[call.call_id].lines] == [Role.AGENT, Role.CUSTOMER]
    assert not intake.needs_speech


def test_recordings_and_transcripts_mix(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    (tmp_path / "b.txt").write_text(CHAT)
    intake = taken(tmp_path)
    assert [Path(call.source_uri).name for call in intake.calls] == ["a.wav", "b.txt"]
    assert (len(intake.dialogues), intake.needs_speech) == (1, True)


@pytest.mark.parametrize("source", ["a.txt", "*.txt", ""])
def test_a_file_a_pattern_and_a_folder_are_sources(tmp_path: Path, source: str) -> None:
    (tmp_path / "a.txt").write_text(CHAT)
    assert len(taken(tmp_path / source).calls) == 1


def test_a_file_in_memory_is_a_source() -> None:
    import fsspec

    with fsspec.open("memory://chats/a.txt", "w") as file:
        file.write(CHAT)
    (call,) = ingest(["memory://chats/a.txt"], Defaults()).calls
    digest = hashlib.sha256(CHAT.encode()).hexdigest()
    assert (call.source_uri, call.call_id, call.audio_sha256) == ("memory:///chats/a.txt", digest[:16], digest)


def test_a_file_of_many_calls_is_matched_by_call_id(tmp_path: Path) -> None:
    many(tmp_path / "chats.jsonl", "c1", "c2", "c3")
    (tmp_path / "calls.csv").write_text("file,call_id,agent_id,team\nchats.jsonl,,,north\nchats.jsonl,c1,t1,\nchats.jsonl,c2,t2,south\n")
    intake = taken(tmp_path)
    assert {c.call_id: (c.agent_id, c.team) for c in intake.calls} == {"c1": ("t1", "north"), "c2": ("t2", "south"), "c3": (None, "north")}
    assert by_id(intake)["c2"].source_uri.endswith("chats.jsonl#c2")
    assert intake.warnings == ()


def test_a_call_that_the_file_does_not_hold_is_unavailable_and_one_that_no_row_names_is_warned_of(tmp_path: Path) -> None:
    many(tmp_path / "chats.jsonl", "c1", "c2")
    (tmp_path / "calls.csv").write_text("file,call_id\nchats.jsonl,c1\nchats.jsonl,c9\n")
    intake = taken(tmp_path)
    assert [(missing.call_id, missing.message) for missing in intake.unavailable] == [("c9", "chats.jsonl holds no call c9.")]
    assert intake.warnings == ("chats.jsonl: 1 calls are not in the metadata (c2); they are processed with the defaults.",)


def test_the_row_names_the_call_of_a_file_whose_lines_do_not(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"role": "agent", "text": "Hello"}\n')
    (tmp_path / "calls.csv").write_text("file,call_id,team\na.jsonl,c1,north\n")
    (call,) = taken(tmp_path).calls
    assert (call.call_id, call.team) == ("c1", "north")


def test_calls_jsonl_stays_metadata(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CHAT)
    (tmp_path / "calls.jsonl").write_text('{"file": "a.txt", "call_id": "c1"}\n')
    assert list(by_id(taken(tmp_path))) == ["c1"]


def test_the_same_text_twice_is_one_call_and_the_warning_names_both(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CHAT)
    (tmp_path / "b.txt").write_bytes(CHAT.replace("\n", "\r\n").encode("utf-16"))
    intake = taken(tmp_path)
    assert (len(intake.calls), intake.warnings) == (1, ("b.txt is the same text as a.txt; it is one call, processed once.",))


def test_two_chats_that_say_the_same_are_two_calls_when_their_ids_are_given(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CHAT)
    (tmp_path / "b.txt").write_text(CHAT)
    (tmp_path / "calls.csv").write_text("file,call_id\na.txt,1\nb.txt,2\n")
    assert list(by_id(taken(tmp_path))) == ["1", "2"]


def test_one_call_id_in_two_files_costs_that_call_alone(tmp_path: Path) -> None:
    many(tmp_path / "a.jsonl", "c1", "c2")
    (tmp_path / "b.jsonl").write_text('{"call_id": "c1", "role": "agent", "text": "other"}\n')
    intake = taken(tmp_path)
    assert list(by_id(intake)) == list(intake.dialogues) == ["c2"]
    assert [contested.message for contested in intake.unavailable] == ["Call id c1 is given to a.jsonl#c1 and to b.jsonl#c1."]


def test_other_text_in_a_folder_is_left_with_a_warning_but_read_when_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CHAT)
    (tmp_path / "notes.txt").write_text("Remember the milk")
    intake = taken(tmp_path)
    assert len(intake.calls) == 1
    assert intake.warnings[0].startswith("notes.txt does not begin as a dialogue")
    (call,) = (named := taken(tmp_path / "notes.txt")).calls
    assert named.dialogues[call.call_id].faults[0].message == "no label before the text"


def test_a_transcript_beside_its_recording_is_left_unless_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    (tmp_path / "a.txt").write_text(CHAT)
    intake = taken(tmp_path)
    assert [Path(call.source_uri).name for call in intake.calls] == ["a.wav"]
    assert intake.warnings == ("a.txt stands beside a recording of the same name and is left; the recording is the call.",)
    (tmp_path / "calls.csv").write_text("file\na.wav\na.txt\n")
    assert len(taken(tmp_path).calls) == 2


def test_labels_of_the_house_are_mapped(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Anna: Hello\nVisitor: Hi\n")
    plain = taken(tmp_path)
    assert [line.role for line in next(iter(plain.dialogues.values())).lines] == [Role.UNKNOWN, Role.CUSTOMER]
    assert plain.warnings[0].startswith("1 transcript has labels that say no role (Anna): who they are is proved from the words.")
    mapped = taken(tmp_path, roles=parse_roles("Anna=agent"))
    assert [line.role for line in next(iter(mapped.dialogues.values())).lines] == [Role.AGENT, Role.CUSTOMER]


def test_a_filename_pattern_describes_transcripts_too(tmp_path: Path) -> None:
    (tmp_path / "spring_17.txt").write_text(CHAT)
    (call,) = taken(tmp_path, filename_pattern="{campaign}_{agent_id}").calls
    assert (call.campaign, call.agent_id) == ("spring", "17")


def test_a_transcript_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("file,call_id\ngone.vtt,1\n")
    assert [missing.call_id for missing in taken(tmp_path).unavailable] == ["1"]


def test_json_that_is_a_transcript_is_taken_and_other_json_is_named_in_one_line(tmp_path: Path) -> None:
    stretch = {"start": 1.0, "end": 2.0, "text": "Hello.", "speaker": "SPEAKER_00"}
    (tmp_path / "a.json").write_text(json.dumps({"segments": [stretch]}))
    (tmp_path / "b.json").write_text('{"name": "x", "version": 1}')
    (tmp_path / "c.json").write_text('{"segments": [')
    intake = taken(tmp_path)
    assert [Path(call.source_uri).name for call in intake.calls] == ["a.json"]
    (line,) = intake.warnings
    assert line.startswith("2 files are no transcripts and are left: b.json is an object with the keys name, version; c.json is not JSON: ")
    (call,) = (named := taken(tmp_path / "b.json")).calls
    assert (
        named.dialogues[call.call_id].faults[0].message.startswith("JSON that is no transcript of a known shape: an object with the keys")
    )


def test_a_row_of_the_metadata_names_the_call_of_a_document(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"segments": [{"start": 1.0, "end": 2.0, "text": "Hello."}]}))
    (tmp_path / "calls.csv").write_text("file,call_id,team\na.json,c1,north\n")
    (call,) = taken(tmp_path).calls
    assert (call.call_id, call.team) == ("c1", "north")


def test_what_was_put_in_order_is_told_once_for_all_files(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / f"{name}.srt").write_text(
            f"1\n00:00:01,000 --> 00:00:02,000\nAgent: Hello {name}.\n\n2\n00:00:02,000 --> 00:00:03,000\n\n"
        )
    assert taken(tmp_path).warnings == ("4 transcripts (a.srt, b.srt, c.srt …): lines without words, which are left.",)
    (only,) = taken(tmp_path / "a.srt").warnings
    assert only == "a.srt: lines without words, which are left."


def test_names_that_metadata_explain_are_not_warned_of(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Anna Nowak: Hello\nJan Kowalski: Hi\nAnna Nowak: Bye\n")
    assert len(taken(tmp_path).warnings) == 1
    (tmp_path / "calls.csv").write_text("file,agent_name\na.txt,Nowak Anna\n")
    assert taken(tmp_path).warnings == ()
