"""What is refused, failed or warned of in recordings, metadata and transcripts: each with the files that bring it, and the same with the cure followed, which brings nothing."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from qa_pipeline.errors import InputRefused, TranscriptError
from qa_pipeline.recordings.defaults import written_defaults
from qa_pipeline.recordings.ingest import ingest
from qa_pipeline.recordings.labels import parse_roles
from qa_pipeline.recordings.transcripts import read_dialogue
from tests.cures.texts import says, text_of

Files = Mapping[str, str | bytes]
TALK = "0:03 agent: Good day.\n0:05 customer: Hello.\n"
TTML = '<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="00:00:01.000" end="00:00:03.000">agent: Good day.</p></div></body></tt>'


@dataclass(frozen=True)
class Row:
    """`text`: the beginning of a text of docs/messages.md; `slip` brings it, `cured` is what its cure makes of that. `options`: of `run`; `then`: those of the cure."""

    text: str
    slip: Files
    cured: Files
    options: Mapping[str, object] = field(default_factory=dict)
    then: Mapping[str, object] | None = None
    named: str | None = None


def _metadata(
    text: str, slip: str | bytes, cured: str | bytes, *, name: str = "calls.csv", better: str = "calls.csv", **options: object
) -> Row:
    return Row(text, {name: slip}, {better: cured}, options)


def _options(text: str, files: Files, options: Mapping[str, object], then: Mapping[str, object]) -> Row:
    return Row(text, files, files, options, then)


def _talk(text: str, slip: str | bytes, cured: str | bytes = TALK, *, name: str = "t.txt", better: str | None = None) -> Row:
    return Row(text, {name: slip}, {better or name: cured}, named=name)


def _lines(*objects: object) -> str:
    return "\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in objects) + "\n"


GOOD = "file,agent_id\na.wav,17\n"
OBJECT = '{"file": "a.wav"}\n'
SAID = {"call_id": "c1", "role": "agent", "text": "Good day."}
SRT = "1\n00:00:01,000 --> 00:00:03,000\nagent: Good day.\n"
PAIRS = ("c-in.wav", "c-out.wav", "d-in.wav", "d-out.wav")
WHISPER = {"text": "Good day.", "segments": [{"start": 0.0, "end": 2.0, "text": "Good day."}]}


def _watson(words: object) -> str:
    return json.dumps({"results": [{"alternatives": [{"timestamps": words, "transcript": "good"}]}]})


def _rev(text: object) -> str:
    return json.dumps({"monologues": [{"speaker": 0, "elements": [{"type": "text", "value": text, "ts": 0.1, "end_ts": 0.9}]}]})


METADATA = (
    _metadata("agent_channel is …", "file,agent_channel\na.wav,middle\n", "file,agent_channel\na.wav,1\n"),
    _metadata("track is …", "file,track\na.wav,7\n", "file,track\na.wav,\n"),
    _metadata("{column} is {value}", "file,wait_seconds\na.wav,long\n", "file,wait_seconds\na.wav,00:00:35\n"),
    _metadata("started_at {doubt}", "file,started_at\na.wav,2026-03-29 02:30\n", "file,started_at\na.wav,2026-03-29T02:30:00+01:00\n"),
    _metadata("{column} is {value}, an error of a spreadsheet", "file,agent_id\na.wav,#N/A\n", GOOD),
    _metadata("{column} is {value}: a spreadsheet has rounded", "file,customer_id\na.wav,4.86E+10\n", "file,customer_id\na.wav,48600100200\n"),
    _metadata("{column} is {value}: a spreadsheet may have made a date", "file,agent_id\na.wav,3-Feb\n", "file,agent_id\na.wav,3-2\n"),
    _metadata("{column} is …, and each long one ends in zeros", "file,customer_id\na.wav,123456789012345000\nb.wav,123456789012346000\n", "file,customer_id\na.wav,123456789012345678\nb.wav,123456789012346789\n"),
    _metadata("no column `file`", "a.wav,17\n", "file,agent_id\na.wav,17\n"),
    _metadata("{column} is … here and {longest}", "file,agent_id\na.wav,0017\nb.wav,17\n", "file,agent_id\na.wav,0017\nb.wav,0017\n"),
    _metadata("a quote is opened here and not closed", 'file,agent_name\na.wav,"Anna\n', 'file,agent_name\na.wav,"Anna"\n'),
    _metadata("text behind a closing quote", 'file,agent_name\na.wav,"Anna" B\n', 'file,agent_name\na.wav,"""Anna"" B"\n'),
    _metadata("is packed with gzip, no text", gzip.compress(GOOD.encode(), mtime=0), GOOD),
    _metadata("is Parquet, no text", b"PAR1" + bytes(40) + b"PAR1", GOOD),
    _metadata("is a PDF, no text", b"%PDF-1.7\n%" + bytes(50), GOOD),
    _metadata("is an Excel workbook or another ZIP, no text", b"PK\x03\x04" + bytes(60), GOOD),
    _metadata("is a workbook of an old Excel, no text", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), GOOD),
    _metadata("is a document of a word processor, no text", b"{\\rtf1 hello}", GOOD),
    Row("not {known} text", {"calls.csv": "file,agent_name\na.wav,Łukasz\n".encode("cp1250")}, {"calls.csv": "file,agent_name\na.wav,Łukasz\n"}),
    Row("not {known} text", {"calls.csv": "file,agent_name\na.wav,Łukasz\n".encode("cp1250")}, {"calls.csv": "file,agent_name\na.wav,Łukasz\n".encode("cp1250")}, then={"encoding": "cp1250"}),
    _metadata("is a web page, no table", "<html><table></table></html>", GOOD),
    _metadata("is a document in XML, no table", "<?xml version='1.0'?><calls/>", GOOD),
    _metadata("is JSON, no table", OBJECT, OBJECT, better="calls.jsonl"),
    _metadata("sep={declared} stands above", "sep=;\nfile,agent_id\na.wav,17\n", GOOD),
    _metadata("same_call is {same_call} in rows", "file,same_call,track\na.wav,x,0\nb.wav,x,0\n", "file,same_call,track\na.wav,x,0\nb.wav,x,1\n"),
    _metadata("JSON over several lines", '[{"file": "a.wav"}]', OBJECT, name="calls.jsonl", better="calls.jsonl"),
    _metadata("a quote is opened here and the cell runs on", 'file,agent_name\na.wav,"Anna\nb.wav,Ben"\n', "file,agent_name\na.wav,Anna\nb.wav,Ben\n"),
    _metadata("column {name} stands twice", "file,agent_id,agent_id\na.wav,1,2\n", "file,agent_id,other\na.wav,1,2\n"),
    _metadata("no `file`", "file,agent_id\n,17\n", GOOD),
    _metadata("no column `file`", "Recording,agent_id\na.wav,17\n", GOOD),
    _metadata("not JSON: {error}", '{"file": a.wav}\n', OBJECT, name="calls.jsonl", better="calls.jsonl"),
    _metadata("not Parquet: {error}", b"file\na.wav\n", GOOD, name="calls.parquet"),
    _metadata("not an object", '"a.wav"\n', OBJECT, name="calls.jsonl", better="calls.jsonl"),
    _metadata("the rows stand in a list", '{"rows": [{"file": "a.wav"}]}\n', OBJECT, name="calls.jsonl", better="calls.jsonl"),
    _metadata("… cells under {width} columns", "file,campaign\na.wav,Spring, warm\n", 'file,campaign\na.wav,"Spring, warm"\n'),
    _metadata("`{inner}` holds an object", '{"file": "a.wav", "agent_id": {"id": "17"}}\n', '{"file": "a.wav", "agent_id": "17"}\n', name="calls.jsonl", better="calls.jsonl"),
    _metadata("column `{name}` is not read", "file,Agent ID\na.wav,17\n", GOOD),
    _metadata("the cell in column … is left", "file,agent_id,\na.wav,17,x\n", "file,agent_id,note\na.wav,17,x\n"),
    _metadata("{path}:{line}: … stands twice; the row", "file,agent_id\na.wav,1\na.wav,2\n", GOOD),
    _metadata("{column} is {value}", "file,started_at\na.wav,next week\n", "file,started_at\na.wav,2026-05-11T10:20:00+08:00\n"),
    Row("{name} is not in the metadata", {"calls.csv": GOOD, "b.wav": b"b"}, {"calls.csv": GOOD + "b.wav,18\n", "b.wav": b"b"}),
    Row("{shown}: not read; what describes", {"calls (1).csv": GOOD}, {"calls.csv": GOOD}),
    _metadata("{uri} is not there", "file\nnone.wav\n", "file\na.wav\n"),
    Row("{path}:{line}: … lies in none", {"calls.csv": "file\n../b.wav\n"}, {"calls.csv": "file\nb.wav\n", "b.wav": b"b"}),
    Row("Call id {call_id} is given to", {"calls.csv": "file,call_id\na.wav,x\nb.wav,x\n", "b.wav": b"b"}, {"calls.csv": "file,call_id\na.wav,x\nb.wav,y\n", "b.wav": b"b"}),
    Row("… is the same {kind} as", {"b.wav": b"a.wav"}, {}),
    Row("{count} as if recorded in several files", {name: name for name in PAIRS}, {name: name for name in PAIRS}, then={"join": True}),
    Row("… Sound without a header", {"c.ulaw": bytes(9000)}, {"c.ulaw": bytes(9000)}, then={"raw": ".ulaw=mulaw"}),
    Row("{shown} holds no sound at all", {"c.wav": b"RIFF" + (36).to_bytes(4, "little") + b"WAVEfmt " + bytes((16, 0, 0, 0, 1, 0, 1, 0, 64, 31, 0, 0, 128, 62, 0, 0, 2, 0, 16, 0)) + b"data" + bytes(4)}, {}),
    Row("{name} stands beside a recording", {"a.txt": TALK}, {}),
    Row("{name}: … calls are not in the metadata", {"calls.csv": "file,call_id\nt.jsonl,c1\na.wav,\n", "t.jsonl": _lines(SAID, {**SAID, "call_id": "c2"})},
        {"calls.csv": "file,call_id\nt.jsonl,c1\nt.jsonl,c2\na.wav,\n", "t.jsonl": _lines(SAID, {**SAID, "call_id": "c2"})}),
    Row("{name} holds no call {call_id}", {"calls.csv": "file,call_id\nt.jsonl,c9\na.wav,\n", "t.jsonl": _lines(SAID)}, {"calls.csv": "file,call_id\nt.jsonl,c1\na.wav,\n", "t.jsonl": _lines(SAID)}),
)  # fmt: skip

TWO_FAULTS = "file,wait_seconds,started_at\na.wav,long,soon\n"
UNSORTED = "WEBVTT\n\n00:04.000 --> 00:06.000\n<v agent>Good day.\n\n00:01.000 --> 00:03.000\n<v customer>Hello.\n"
SORTED = "WEBVTT\n\n00:01.000 --> 00:03.000\n<v customer>Hello.\n\n00:04.000 --> 00:06.000\n<v agent>Good day.\n"
EMPTY = (
    b"RIFF"
    + (36).to_bytes(4, "little")
    + b"WAVEfmt "
    + bytes((16, 0, 0, 0, 1, 0, 1, 0, 64, 31, 0, 0, 128, 62, 0, 0, 2, 0, 16, 0))
    + b"data"
    + bytes(4)
)
SEVERAL = (
    _metadata("The metadata have … faults", TWO_FAULTS, GOOD),
    Row("… recordings hold no sound at all", {"c.wav": EMPTY, "d.wav": EMPTY + b""}, {}),
    Row("… transcripts (…): {value}", {"t.vtt": UNSORTED, "u.vtt": UNSORTED.replace("Hello", "Hi")}, {"t.vtt": SORTED, "u.vtt": SORTED.replace("Hello", "Hi")}),
    _talk("a whole dialogue in one cell", 'time,speaker,text\n,,"agent: Good day.\ncustomer: Hello.\nagent: Bye."\n', TALK, name="t.csv", better="t.txt"),
    _talk("no table of lines; its columns are", "a,b\n1,2\n", "time,speaker,text\n0:03,agent,Good day.\n", name="t.csv"),
    _talk("nothing is said in it", json.dumps({"text": "", "segments": []}), json.dumps(WHISPER), name="t.json"),
    _talk("the timestamp of chunk", json.dumps({"text": "x", "chunks": [{"timestamp": [0], "text": "x"}]}), json.dumps({"text": "x", "chunks": [{"timestamp": [0, 1], "text": "x"}]}), name="t.json"),
)  # fmt: skip

OPTIONS = (
    _options("… cannot be chosen", {}, {"direction": "sideways"}, {"direction": "inbound"}),
    _options("The options cannot be used", {}, {"agent_channel": 7}, {"agent_channel": 1}),
    _options("--raw {part} cannot be read", {}, {"raw": "ulaw"}, {"raw": ".ulaw=mulaw"}),
    _options("No encoding is called", {"calls.csv": GOOD}, {"encoding": "klingon"}, {"encoding": "utf-8"}),
    _options("{part} maps no label", {}, {"roles": "Anna"}, {"roles": "Anna=agent"}),
    _options("The roles given to labels", {}, {"roles": "Anna=boss"}, {"roles": "Anna=agent,Visitor=customer"}),
    _options("No mapping is called", {}, {"mapping": "genesis"}, {"mapping": "genesys-cloud"}),
    _options("Filename pattern: no column is called", {}, {"filename_pattern": "{boss}"}, {"filename_pattern": "{agent_id}"}),
    _options(
        "Filename pattern {text} cannot be used", {}, {"filename_pattern": "{agent_id}_{agent_id}"}, {"filename_pattern": "{agent_id}"}
    ),
    _options(
        "{name} does not fit the filename pattern", {}, {"filename_pattern": "{agent_id}_{campaign}"}, {"filename_pattern": "{agent_id}"}
    ),
)

_MAP_FILES = {"calls.csv": "Clip,Agent\na.wav,17\n"}
_GOOD_MAP = "columns:\n  file: Clip\n  agent_id: Agent\n"
MAPPINGS = (
    ("no column is called {column}", "columns:\n  boss: Clip\n"),
    ("no key is called {key}", "colums:\n  file: Clip\n"),
    ("no list of formats", _GOOD_MAP + 'times: "%d/%m/%Y"\n'),
    ("no list of values", _GOOD_MAP + "values:\n  direction: in\n"),
    ("no mapping", "- file\n"),
    ("{form} is no way to write a time", _GOOD_MAP + 'times: ["%d %d"]\n'),
    ("{key} is no mapping", "columns: file\n"),
    ("{sources} names no header", "columns:\n  file: ''\n"),
    ("{name} has … faults", "colums:\n  file: Clip\nboss: 1\n"),
)

TRANSCRIPTS = (
    _talk("no WEBVTT at the top", "00:01.000 --> 00:03.000\nagent: Good day.\n", "WEBVTT\n\n00:01.000 --> 00:03.000\nagent: Good day.\n", name="t.vtt"),
    _talk("no WEBVTT at the top", SRT.replace(",", "."), SRT, name="t.vtt", better="t.srt"),
    _talk("text without times", "WEBVTT\n\nagent: Good day.\n", "WEBVTT\n\n00:01.000 --> 00:03.000\nagent: Good day.\n", name="t.vtt"),
    _talk("times in frames", SRT.replace(",000", ":12"), SRT, name="t.srt"),
    _talk("times that cannot be read", SRT.replace("00:00:01,000", "00:99:01,000"), SRT, name="t.srt"),
    _talk("a negative time", TALK.replace("0:03", "-0:03")),
    _talk("a time beyond a week", _lines({**SAID, "start_ms": 1_741_054_320_000}), _lines({**SAID, "start_ms": 3000}), name="t.jsonl"),
    _talk("an end without a start", _lines({**SAID, "end_ms": 5000}), _lines({**SAID, "start_ms": 3000, "end_ms": 5000}), name="t.jsonl"),
    _talk("begins before line {line}", "0:09 agent: Good day.\n0:03 agent: Hello.\n", "0:03 agent: Hello.\n0:09 agent: Good day.\n"),
    _talk("the end lies before the start", _lines({**SAID, "start_ms": 3000, "end_ms": 1000}), _lines({**SAID, "start_ms": 3000, "end_ms": 5000}), name="t.jsonl"),
    _talk("… characters at a stretch", f"0:03 agent: {'so ' * 5000}\n", f"0:03 agent: {'so ' * 3000}\n0:59 agent: {'so ' * 2000}\n"),
    _talk("… lines in one call", "agent: Good day.\n" * 5001, "agent: Good day.\n" * 5000),
    _talk("JSON that is no transcript of a known shape", json.dumps({"a": 1}), _lines(SAID), name="t.json", better="t.jsonl"),
    _talk("a character that is none, or a name", json.dumps({**WHISPER, "segments": [{"start": 0, "end": 2, "text": "\ud800"}]}), json.dumps(WHISPER), name="t.json"),
    _talk("{error}, which a document of this shape has", json.dumps({"lattice": [{"json_1best": "{"}]}), json.dumps(WHISPER), name="t.json"),
    _talk("call_id is no name", _lines({**SAID, "call_id": "x" * 200}), _lines(SAID), name="t.jsonl"),
    _talk("no call_id, though other lines", _lines(SAID, {"role": "agent", "text": "Bye."}), _lines(SAID, {**SAID, "text": "Bye."}), name="t.jsonl"),
    _talk("no role", _lines({"text": "Bye."}), _lines(SAID), name="t.jsonl"),
    _talk("no text", _lines({"role": "agent"}), _lines(SAID), name="t.jsonl"),
    _talk("not JSON: {error}", _lines(SAID, '{"role": "agent", "te'), _lines(SAID), name="t.jsonl"),
    _talk("not an object", _lines(SAID, "[1]"), _lines(SAID), name="t.jsonl"),
    _talk("the role is no label", _lines({**SAID, "role": "x" * 500}), _lines(SAID), name="t.jsonl"),
    _talk("the text holds a character that is none", '{"role": "agent", "text": "\\ud800"}\n', _lines(SAID), name="t.jsonl"),
    _talk("{name} is no number", _lines({**SAID, "start_ms": "soon"}), _lines({**SAID, "start_ms": 3000}), name="t.jsonl"),
    _talk("a time that cannot be read", "time,speaker,text\nsoon,agent,Good day.\n", "time,speaker,text\n0:03,agent,Good day.\n", name="t.csv"),
    _talk("… cells under {width} columns", "text,time,speaker\nGood day, sir,0:03,agent\n", 'text,time,speaker\n"Good day, sir",0:03,agent\n', name="t.csv"),
    _talk("a time without a label", "0:03 agent: Good day.\n0:05 hello\n", TALK),
    _talk("no label before the text", "Good day.\n", TALK),
    _talk("{clock} is no time", "0:75 agent: Good day.\n", TALK),
    _talk("character …, which is no text", "0:03 agent: Good\x00 day.\n", TALK),
    _talk("not JSON: {error}", '{"text": "x", "segments": [', json.dumps(WHISPER), name="t.json"),
    _talk("not {known} text", "0:03 agent: Dzień dobry.\n".encode("cp1250"), "0:03 agent: Dzień dobry.\n"),
    _talk("the file is empty", "", TALK),
    _talk("{error}, which a document of this shape has", json.dumps({"lattice": [{"json_1best": "{"}]}), json.dumps(WHISPER), name="t.json"),
    _talk("no JSON in {what}", json.dumps({"lattice": [{"json_1best": "{"}]}), json.dumps(WHISPER), name="t.json"),
    _talk("a timestamp is no word with two times", _watson([["good", 0.1]]), _watson([["good", 0.1, 0.5]]), name="t.json"),
    _talk("no text in {what}", _watson([[None, 0.1, 0.5]]), _watson([["good", 0.1, 0.5]]), name="t.json"),
    _talk("{what} is no list of objects", json.dumps({"monologues": [{"speaker": 0, "elements": "good day"}]}), _rev("good day"), name="t.json"),
    _talk("no text in {what}", _rev(7), _rev("good day"), name="t.json"),
    _talk("… is no time", json.dumps({**WHISPER, "segments": [{"start": "soon", "end": 2.0, "text": "Good day."}]}), json.dumps(WHISPER), name="t.json"),
    _talk("captions with definitions of their own", '<!DOCTYPE tt [<!ENTITY a "b">]>' + TTML, TTML, name="t.ttml"),
    _talk("no TTML: its first element", "<p>agent: Good day.</p>", TTML, name="t.ttml"),
    _talk("not XML: …", TTML[:-8], TTML, name="t.ttml"),
    _talk("times that cannot be read", TTML.replace("00:00:01.000", "soon"), TTML, name="t.ttml"),
    Row("{count} labels that say no role", {"t.vtt": "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Anna>Good day.\n\n00:04.000 --> 00:06.000\n<v Ben>Hello.\n"},
        {"t.vtt": "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Anna>Good day.\n\n00:04.000 --> 00:06.000\n<v Ben>Hello.\n"}, then={"roles": "Anna=agent,Ben=customer"}),
    _talk("……: {value}", "WEBVTT\n\n00:04.000 --> 00:06.000\n<v agent>Good day.\n\n00:01.000 --> 00:03.000\n<v customer>Hello.\n", "WEBVTT\n\n00:01.000 --> 00:03.000\n<v customer>Hello.\n\n00:04.000 --> 00:06.000\n<v agent>Good day.\n", name="t.vtt"),
)  # fmt: skip

# Left in a folder, where any file may look so; named, they are read, or their fault is told.
LEFT = (
    ("… and is left; name the file itself", {"t.txt": "[00:01] Good day.\n[00:03] Hello.\n"}),
    ("… files are no transcripts and are left", {"t.json": '{"a": 1}', "u.json": '{"b": 2}'}),
)


def _told(folder: Path, files: Files, options: Mapping[str, object], named: str | None = None) -> list[str]:
    """Everything that a run says of a folder, or of a file in it, before anybody listens."""
    folder.mkdir()
    for name, content in {"a.wav": b"a.wav", **files}.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        intake = ingest(
            [str(folder / named if named else folder)], written_defaults(**{"rubric": None, "timezone": "Europe/Warsaw", **options})
        )  # type: ignore[arg-type]
    except InputRefused as error:
        return [error.message, *map(str, error.faults)]
    failed = [f"{one.message}" for one in intake.unavailable]
    faults = [str(fault) for dialogue in intake.dialogues.values() for fault in dialogue.faults]
    return [*intake.warnings, *failed, *faults]


ROWS = (*METADATA, *SEVERAL, *OPTIONS, *TRANSCRIPTS)


@pytest.mark.parametrize("row", ROWS, ids=[f"{number}-{row.text}" for number, row in enumerate(ROWS)])
def test_what_the_cure_says_is_taken_without_a_word_of_it(tmp_path: Path, row: Row) -> None:
    before = _told(tmp_path / "slip", row.slip, row.options, row.named)
    assert any(says(told, row.text) for told in before), (text_of(row.text), before)
    after = _told(tmp_path / "cured", row.cured, row.options if row.then is None else row.then, row.named and next(iter(row.cured)))
    assert not any(says(told, row.text) for told in after), after
    assert len(after) < len(before) or not after, (before, after)


@pytest.mark.parametrize(("text", "slip"), MAPPINGS, ids=[text for text, _ in MAPPINGS])
def test_what_the_cure_of_a_mapping_says_makes_it_read(tmp_path: Path, text: str, slip: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(slip, "utf-8")
    before = _told(tmp_path / "slip", _MAP_FILES, {"mapping": str(own)})
    assert any(says(told, text) for told in before), (text_of(text), before)
    own.write_text(_GOOD_MAP + 'times: ["%d/%m/%Y %H:%M"]\nvalues:\n  direction:\n    in: inbound\n', "utf-8")
    assert _told(tmp_path / "cured", _MAP_FILES, {"mapping": str(own)}) == []


@pytest.mark.parametrize(("text", "files"), LEFT, ids=[text for text, _ in LEFT])
def test_what_is_left_in_a_folder_is_taken_where_it_is_named(tmp_path: Path, text: str, files: Files) -> None:
    assert any(says(told, text) for told in _told(tmp_path / "folder", files, {}))
    name = next(iter(files))
    assert not any(says(told, text) for told in _told(tmp_path / "named", files, {}, name))


def test_a_label_that_a_dialogue_knows_no_role_for_is_given_one_by_option() -> None:
    text = "0:03 agent: Good day.\nSubject: hello\n"
    with pytest.raises(TranscriptError) as caught:
        read_dialogue(text)
    assert says(caught.value.message, "{path} has … fault….")
    assert says(str(caught.value.faults[0]), "the label {label} is not known")
    assert len(read_dialogue(text, roles=parse_roles("Subject=customer"))) == 2


def test_a_folder_without_recordings_and_one_that_is_not_there_are_refused_until_there_is_one(tmp_path: Path) -> None:
    defaults = written_defaults(rubric=None, timezone="UTC")
    for folder, text in ((tmp_path / "new", "… is not there."), (tmp_path, "No recordings in …")):
        with pytest.raises(InputRefused) as caught:
            ingest([str(folder)], defaults)
        assert says(caught.value.message, text)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.wav").write_bytes(b"a")
    assert len(ingest([str(tmp_path / "new")], defaults).calls) == len(ingest([str(tmp_path)], defaults).calls) == 1


def test_a_linked_folder_is_read_where_it_is_named_and_a_file_that_grows_by_the_next_run(tmp_path: Path) -> None:
    defaults = written_defaults(rubric=None, timezone="UTC")
    near, far = tmp_path / "near", tmp_path / "far"
    for folder in (near, far):
        folder.mkdir()
        (folder / f"{folder.name}.wav").write_bytes(folder.name.encode())
    (near / "link").symlink_to(far)
    (warning,) = ingest([str(near)], defaults).warnings
    assert says(warning, "{link} is a link to a folder")
    assert len(ingest([str(near), str(far)], defaults).calls) == 2
    grows = str(far / "far.wav")
    (warning,) = ingest([str(far)], defaults, growing=[grows]).warnings
    assert says(warning, "{name} is still being written")
    assert ingest([str(far)], defaults).warnings == ()


def test_somebodys_link_to_what_is_not_theirs_is_read_where_its_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    near.mkdir()
    far.mkdir()
    (far / "c.wav").write_bytes(b"c")
    (near / "b.wav").symlink_to(far / "c.wav")
    # Links of whoever runs this are their own affair: this one is somebody else's.
    known = os.lstat(near / "b.wav")
    somebodys = os.stat_result((*known[:4], 123_456, *known[5:]))
    own = os.lstat
    monkeypatch.setattr(os, "lstat", lambda path: somebodys if str(path).endswith("b.wav") else own(path))
    defaults = written_defaults(rubric=None, timezone="UTC")
    found = ingest([str(near)], defaults)
    assert found.calls == () and any(says(warning, "{name} is somebody's link") for warning in found.warnings)
    both = ingest([str(near), str(far)], defaults)
    assert len(both.calls) == 1 and not any(says(warning, "{name} is somebody's link") for warning in both.warnings)


ALL_TEXTS = (
    "{name} is somebody's link",
    "… is not there.",
    "No recordings in …",
    "{link} is a link to a folder",
    "{name} is still being written",
    "{path} has … fault….",
    *(row.text for row in ROWS),
    *(text for text, _ in MAPPINGS),
    *(text for text, _ in LEFT),
    "the label {label} is not known",
)
