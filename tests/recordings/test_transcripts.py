"""Bytes of transcripts → dialogues: tables of cases a format, located faults, and no traceback whatever the bytes."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Role
from qa_pipeline.errors import InputRefused, TranscriptError
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.clock import parse_clock
from qa_pipeline.recordings.dialogue import Dialogue
from qa_pipeline.recordings.labels import parse_roles, role_of
from qa_pipeline.recordings.transcripts import parse_transcripts, read_dialogue, why_no_dialogue

A, C, M, U = Role.AGENT, Role.CUSTOMER, Role.OTHER, Role.UNKNOWN
Row = tuple[Role, int | None, int | None, str]


def rows(dialogue: Dialogue) -> list[Row]:
    assert dialogue.faults == ()
    return [(line.role, line.start_ms, line.end_ms, line.text) for line in dialogue.lines]


def only(text: str | bytes, name: str, **options: object) -> Dialogue:
    raw = text if isinstance(text, bytes) else text.encode()
    (dialogue,) = parse_transcripts(raw, name, **options).dialogues  # type: ignore[arg-type]
    return dialogue


def faults(text: str | bytes, name: str, **options: object) -> list[str]:
    """Faults as `line: message`."""
    dialogue = only(text, name, **options)
    assert dialogue.lines == ()
    assert all(fault.advice for fault in dialogue.faults)
    return [f"{fault.line}: {fault.message}" for fault in dialogue.faults]


# --- labels and times --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "role"),
    [
        ("agent Agent AGENT 坐席 座席 客服 konsultant Konsultantka agentka handläggare HANDLÄGGARE operator rep advisor 客户经理", A),
        ("customer 客户 顾客 来电者 klient klientka kund caller Client guest visitor dzwoniąca besökare 用户", C),
        ("other menu IVR system bot chatbot 系统 机器人 automat telefonsvarare", M),
        ("unknown 未知 nieznany okänd speaker A B", U),
    ],
)
def test_labels_in_several_languages_and_spellings(labels: str, role: Role) -> None:
    assert {label: role_of(label, {}) for label in labels.split()} == dict.fromkeys(labels.split(), role)


@pytest.mark.parametrize(
    ("label", "role"),
    [
        ("Agent 12", A), ("坐席8001", A), ("Agent (Anna)", A), ("客服（小王）", A), ("Customer #3", C), ("Speaker_01", U), ("说话人2", U),
        ("Customer service", A), ("obsługa klienta", A), ("SPEAKER_00", U), ("Speaker A", U), ("Speaker:0", U), ("spk_1", U), ("ch_0", U), ("Channel 1", U), ("C", U),
        ("说话人A", U), ("Agent Anna", A), ("Anna Nowak (Agent)", A), ("Agent - Anna Nowak", A), ("Klient / Jan", C), ("internal", A),
        ("external", C), ("**Agent**", A), ("Participant 2", U),
    ],
)  # fmt: skip
def test_numbers_and_brackets_after_a_label_change_nothing(label: str, role: Role) -> None:
    assert role_of(label, {}) is role


@pytest.mark.parametrize("label", ["Anna", "Anna Nowak", "boss", "客服小王", "client relations", ""])
def test_a_name_is_no_label(label: str) -> None:
    assert role_of(label, {}) is None


def test_roles_given_win_over_the_labels_known() -> None:
    roles = parse_roles("Anna=agent, Visitor 7=customer，bot=坐席")
    assert [role_of(label, roles) for label in ("ANNA", "visitor 7", "bot", "customer", "Ben")] == [A, C, A, C, None]


@pytest.mark.parametrize("text", ["Anna", "Anna=boss", "=agent"])
def test_a_mapping_that_maps_nothing_is_refused(text: str) -> None:
    with pytest.raises(InputRefused) as caught:
        parse_roles(text)
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0:03", 3_000), ("00:00:03,000", 3_000), ("1:02:03.5", 3_723_500), ("75:10", 4_510_000), ("00:01.250", 1_250), ("-0:03", -3_000),
        ("0:75", None), ("1:2", None), ("3", None), ("1:60:00", None), ("x", None),
    ],
)  # fmt: skip
def test_times(text: str, ms: int | None) -> None:
    assert parse_clock(text) == ms


# --- plain dialogue ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:03 agent: Hello", [(A, 3000, None, "Hello")]),
        ("agent: Hello\ncustomer: Hi", [(A, None, None, "Hello"), (C, None, None, "Hi")]),
        ("[00:03] Agent: Hello", [(A, 3000, None, "Hello")]),
        ("(0:03) agent: Hello", [(A, 3000, None, "Hello")]),
        ("[00:03 - 00:05] agent: Hello", [(A, 3000, 5000, "Hello")]),
        ("00:00:03,000 --> 00:00:05,000 agent: Hello", [(A, 3000, 5000, "Hello")]),
        ("1:02:03.5 坐席：您好", [(A, 3_723_500, None, "您好")]),
        ("【0:03】客户： 你好", [(C, 3000, None, "你好")]),
        ("Agent (0:03): Hello", [(A, 3000, None, "Hello")]),
        ("agent: Hello\nand welcome\n\ncustomer: Hi", [(A, None, None, "Hello\nand welcome"), (C, None, None, "Hi")]),
        ("agent:\nHello", [(A, None, None, "Hello")]),
        ("agent: It costs\n  Basic: 5", [(A, None, None, "It costs\nBasic: 5")]),
        ("agent: See\nhttps://example.com", [(A, None, None, "See\nhttps://example.com")]),
        ("agent: When?\n10:30 suits me", [(A, None, None, "When?\n10:30 suits me")]),
        ("agent: Hello: there", [(A, None, None, "Hello: there")]),
        ("\r\n  agent: Hello\r\n", [(A, None, None, "Hello")]),
        ("0:03 agent: One\ncustomer: Two\n0:09 agent: Three", [(A, 3000, None, "One"), (C, None, None, "Two"), (A, 9000, None, "Three")]),
    ],
)
def test_plain_dialogue(text: str, expected: list[Row]) -> None:
    assert rows(only(text, "a.txt")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Subject: Hi\nHello", ["1: the label 'Subject' is not known"]),
        ("Hello there", ["1: no label before the text"]),
        ("0:03 Hello there", ["1: no label before the text"]),
        ("0:03 agent: a\n0:05 b", ["2: a time without a label"]),
        ("agent: a\n[0:05] b", ["2: a time without a label"]),
        ("-0:03 agent: a", ["1: a negative time"]),
        ("0:75 agent: a", ["1: 0:75 is no time"]),
        ("0:09 agent: a\n0:03 agent: b", ["2: begins before line 1 of the same voice does"]),
        ("[0:09 - 0:03] agent: a", ["1: the end lies before the start"]),
        ("999:00:00 agent: a", ["1: a time beyond a week"]),
        ("agent:\ncustomer:", ["None: nothing is said in it"]),
        ("", ["None: the file is empty"]),
        (" \n\n", ["None: the file is empty"]),
        ("agent: a\nagent: b\0c", ["2: character 0x0000, which is no text"]),
        ("agent: " + "x" * 10_001, ["1: 10001 characters at a stretch"]),
        ("agent: a\n" * 5_001, ["None: 5001 lines in one call"]),
        ("question time: a\nmore: b", ["1: the label 'question time' is not known"]),
    ],
)
def test_faults_of_plain_dialogue_are_located(text: str, expected: list[str]) -> None:
    assert faults(text, "a.txt") == expected


def test_an_unknown_label_lists_those_known_and_the_cure() -> None:
    (fault,) = only("question time: Hello", "a.txt").faults
    for word in ('--roles "question time=agent"', "坐席", "customer", "系统", "unknown"):
        assert word in fault.advice


def test_a_dialogue_is_read_or_every_fault_told() -> None:
    (line,) = read_dialogue("Anna: Hello", roles=parse_roles("anna=agent"))
    assert (line.line, line.role, line.label, line.text) == (1, A, "Anna", "Hello")
    with pytest.raises(TranscriptError) as caught:
        read_dialogue("0:75 agent: a\nBen: b", path="try.txt")
    assert [str(fault).split(" (")[0] for fault in caught.value.faults] == [
        "try.txt:1: 0:75 is no time", "try.txt:2: the label 'Ben' is not known"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("agent: a", True),
        ("\n0:03 Anna: a", True),
        ("WEBVTT\n\n00:01.000", True),
        ("[Anna] 0:03\na", True),
        ("hello", False),
        ("", False),
        ("Licence\nName: x", False),
    ],
)
def test_whether_a_text_begins_as_a_dialogue(text: str, begins: bool) -> None:
    assert (why_no_dialogue(text.encode(), "a.txt") is None) is begins


# --- captions ----------------------------------------------------------------------------------------------------------------------------

SRT = "1\n00:00:01,000 --> 00:00:03,000\nAgent: Hello\nthere\n\n2\n00:00:04,000 --> 00:00:05,500\n- Customer: <i>Hi</i>\n"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.srt", SRT, [(A, 1000, 3000, "Hello there"), (C, 4000, 5500, "Hi")]),
        ("a.srt", SRT.replace("\n", "\r\n"), [(A, 1000, 3000, "Hello there"), (C, 4000, 5500, "Hi")]),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:03.000 align:start\n<v Agent>Hello &amp; bye</v>\n", [(A, 1000, 3000, "Hello & bye")]),
        (
            "A.VTT",
            "WEBVTT - x\nKind: y\n\nNOTE a\nb\n\nSTYLE\n::cue\n\nid\n00:01.000 --> 00:03.000\n<v.loud 客户>你好",
            [(C, 1000, 3000, "你好")],
        ),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Agent>Hello <v Customer>Hi", [(A, 1000, 3000, "Hello"), (C, 1000, 3000, "Hi")]),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:03.000\nAgent: Hello\nCustomer: Hi", [(A, 1000, 3000, "Hello"), (C, 1000, 3000, "Hi")]),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:03.000\n<c.red>Hel<00:02.000>lo</c>", [(U, 1000, 3000, "Hello")]),
        (
            "a.vtt",
            "WEBVTT\n\n00:01.000 --> 00:02.000\nAgent: One\n\n00:02.000 --> 00:03.000\ntwo",
            [(A, 1000, 2000, "One"), (A, 2000, 3000, "two")],
        ),
        ("a.srt", "1\n00:00:01,000 --> 00:00:03,000\nHello", [(U, 1000, 3000, "Hello")]),
    ],
)
def test_captions(name: str, text: str, expected: list[Row]) -> None:
    assert rows(only(text, name)) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.vtt", "00:01.000 --> 00:03.000\nAgent: a", ["1: no WEBVTT at the top"]),
        ("a.vtt", "WEBVTT\n\n00:03.000 --> 00:01.000\nAgent: a", ["3: the end lies before the start"]),
        ("a.vtt", "WEBVTT\n\n00:xx.000 --> 00:01.000\nAgent: a", ["3: times that cannot be read"]),
        ("a.vtt", "WEBVTT\n\n00:01.000 -->\nAgent: a", ["3: times that cannot be read"]),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n", ["None: nothing is said in it"]),
        ("a.vtt", "WEBVTT", ["None: nothing is said in it"]),
        ("a.srt", "lost words\n\n" + SRT, ["1: text without times"]),
        (
            "a.srt",
            SRT.replace("00:00:01,000 --> 00:00:03", "00:00:31,000 --> 00:00:33") + "\n3\n00:00:02,000 --> 00:00:05,000\nAgent: back",
            ["11: begins before line 2 of the same voice does"],
        ),
    ],
)
def test_faults_of_captions_are_located_and_no_cue_is_lost(name: str, text: str, expected: list[str]) -> None:
    assert faults(text, name) == expected


# --- JSON Lines --------------------------------------------------------------------------------------------------------------------------


def jsonl(*data: object) -> str:
    return "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in data)


def test_a_file_without_call_ids_is_one_call() -> None:
    text = jsonl({"role": "坐席", "text": "您好", "start_ms": 0, "end_ms": 900.0}, {"role": "customer", "text": "hi", "start_ms": None})
    dialogue = only(text, "a.jsonl")
    assert dialogue.call_id is None
    assert rows(dialogue) == [(A, 0, 900, "您好"), (C, None, None, "hi")]


def test_calls_of_a_file_are_told_apart_by_call_id_wherever_their_lines_stand() -> None:
    text = jsonl(*({"call_id": call_id, "role": "agent", "text": f"{n}"} for n, call_id in enumerate(["a", "b", "a", 7])))
    dialogues = parse_transcripts(text.encode(), "a.ndjson").dialogues
    assert {d.call_id: [line.text for line in d.lines] for d in dialogues} == {"a": ["0", "2"], "b": ["1"], "7": ["3"]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"role": "agent", "te', "not JSON: Unterminated string starting at"),
        ("[" * 100_000, "not JSON: nested too deeply"),
        ('{"role": "agent", "text": "a", "start_ms": ' + "1" * 5_000 + "}", "not JSON: a number too long"),
        ("[1]", "not an object"),
        ({"text": "a"}, "no role"),
        ({"role": " ", "text": "a"}, "no role"),
        ({"role": "agent"}, "no text"),
        ({"role": "agent", "text": 5}, "no text"),
        ('{"role": "agent", "text": "\\ud800"}', "the text holds a character that is none"),
        ('{"role": "\\ud800", "text": "a"}', "the role is no label"),
        ({"role": "agent", "text": "a", "start_ms": "soon"}, "start_ms is no number"),
        ({"role": "agent", "text": "a", "start_ms": True}, "start_ms is no number"),
        ('{"role": "agent", "text": "a", "start_ms": NaN}', "start_ms is no number"),
        ({"role": "agent", "text": "a", "start_ms": -1}, "a negative time"),
        ({"role": "agent", "text": "a", "start_ms": 9, "end_ms": 5}, "the end lies before the start"),
        ({"role": "agent", "text": "a", "end_ms": 5}, "an end without a start"),
        ({"role": "agent", "text": "a", "start_ms": 10**30}, "a time beyond a week"),
    ],
)
def test_faults_of_json_lines_are_located(line: object, message: str) -> None:
    assert faults(jsonl({"role": "agent", "text": "first"}, line), "a.jsonl") == [f"2: {message}"]


def test_a_fault_costs_the_call_it_is_in_and_no_other() -> None:
    text = jsonl(*({"call_id": c, "role": r, "text": "a"} for c, r in [("one", "agent"), ("two", ""), ("three", "agent")]))
    assert {d.call_id: len(d.faults) for d in parse_transcripts(text.encode(), "a.jsonl").dialogues} == {"one": 0, "two": 1, "three": 0}


def line_of(call_id: str) -> dict[str, str]:
    return {"call_id": call_id, "role": "agent", "text": "a"}


@pytest.mark.parametrize(
    ("lines", "faulty"),
    [
        # A line that broke off, with its id.
        ([line_of("one"), line_of("two"), '{"call_id": "two", "ro'], {"two"}),
        ([line_of("one"), '{"call_id": "three", "ro'], {"three"}),
        # Without: the calls it may belong to.
        ([line_of("one"), line_of("two"), "{"], {"two"}),
        ([line_of("one"), "{", line_of("two"), line_of("three")], {"one", "two"}),
        ([line_of("one"), "{", line_of("one"), line_of("two")], {"one"}),
        # In a mixed file it may be any.
        ([line_of("one"), line_of("two"), "{", line_of("one")], {"one", "two"}),
        ([line_of("one"), {"role": "agent", "text": "a"}, line_of("two")], {"one", "two"}),
    ],
)
def test_a_line_that_cannot_be_read_fails_every_call_it_may_belong_to(lines: list[object], faulty: set[str]) -> None:
    dialogues = parse_transcripts(jsonl(*lines).encode(), "a.jsonl").dialogues
    assert {d.call_id for d in dialogues if d.faults} == faulty


def test_keys_that_are_not_read_are_told() -> None:
    parsed = parse_transcripts(jsonl({"role": "agent", "text": "a", "mood": 5}).encode(), "x/a.jsonl")
    assert parsed.warnings == ("a.jsonl: the keys mood are not read.",)


# --- bytes -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "given"),
    [("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-8-sig"), ("gb18030", "gb18030"), ("utf-16-le", "utf-16-le")],
)
def test_the_same_words_are_the_same_call_in_any_encoding(encoding: str, given: str) -> None:
    text = "坐席：您好\n客户：你好\n"
    dialogue = only(text.encode(encoding), "a.txt", encoding=given)
    assert [line.text for line in dialogue.lines] == ["您好", "你好"]
    assert dialogue.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_another_encoding_is_a_fault_with_its_line_and_the_cure() -> None:
    (fault,) = only("agent: a\n客户：你好".encode("gb18030"), "a.txt").faults
    assert (fault.line, fault.message) == (2, "not utf-8 text")
    assert "--encoding gb18030" in fault.advice


def test_an_encoding_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputRefused, match="No encoding is called"):
        parse_transcripts(b"agent: a", "a.txt", encoding="utf-99")


@pytest.mark.parametrize(("kind", "calls", "lines"), [("jsonl", 2, 3), ("vtt", 1, 2), ("srt", 1, 2), ("txt", 1, 3)])
def test_the_example_of_each_format_in_the_documentation_is_read(kind: str, calls: int, lines: int) -> None:
    page = (PACKAGE_ROOT / "docs" / "input.md").read_text("utf-8")
    dialogues = parse_transcripts(page.split(f"```{kind}\n")[1].split("```")[0].encode(), f"a.{kind}").dialogues
    assert (len(dialogues), sum(len(rows(dialogue)) for dialogue in dialogues)) == (calls, lines)


def test_every_label_in_the_documentation_is_known() -> None:
    page = (PACKAGE_ROOT / "docs" / "input.md").read_text("utf-8").split("| role | labels |")[1].split("\n\n")[0]
    for role, cell in re.findall(r"\| (agent|customer|other|unknown) \| (.*) \|", page):
        labels = [label for label in re.split(r"[,;:…]", cell.split("; voices")[0]) if label.strip()]
        assert {label: role_of(label.strip(), {}) for label in labels} == dict.fromkeys(labels, Role(role))


NAMES = st.sampled_from(["a.txt", "a.vtt", "a.srt", "a.jsonl"])
PIECES = st.sampled_from(
    ["agent", ":", "：", " ", "\n", "\n\n", "0:03", "[", "]", "-->", "00:01.000 --> 00:02.000\n", "WEBVTT\n\n", "<v ", ">", "{", "}", '"role"',
     '"call_id": "a", ', '{"role": "agent", "text": "x", "call_id": "a"}', "客户", "9" * 30, "-", "\ud83d", "&lt;", "\x00", "1", ","]
)  # fmt: skip


@given(
    NAMES, st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=30).map(lambda parts: "".join(parts).encode("utf-8", "replace")))
)
def test_any_bytes_are_lines_or_located_faults(name: str, raw: bytes) -> None:
    for dialogue in parse_transcripts(raw, name).dialogues:
        assert bool(dialogue.lines) is not bool(dialogue.faults)
        assert all(line.text.strip() for line in dialogue.lines)
        assert all(str(fault).startswith("a.") for fault in dialogue.faults)


WORDS = st.text(st.characters(categories=("L", "N"), codec="utf-8"), min_size=1, max_size=12).filter(str.strip)
LINES = st.lists(st.tuples(st.sampled_from([A, C, M, U]), st.integers(0, 5_000), st.integers(0, 9_000), WORDS), min_size=1, max_size=8)


def laid_out(lines: list[tuple[Role, int, int, str]]) -> list[Row]:
    """Starts that never run backwards: the drawn gaps added up."""
    clock, made = 0, []
    for role, gap, length, text in lines:
        clock += gap
        made.append((role, clock, clock + length, text))
    return made


def stamp(ms: int) -> str:
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


@given(LINES)
def test_what_is_written_is_read_back_in_every_format(lines: list[tuple[Role, int, int, str]]) -> None:
    made = laid_out(lines)
    cues = "\n\n".join(f"{stamp(s)} --> {stamp(e)}\n<v {role}>{text}" for role, s, e, text in made)
    written = {
        "a.vtt": f"WEBVTT\n\n{cues}",
        "a.srt": cues.replace(".", ","),
        "a.txt": "\n".join(f"[{stamp(s)} - {stamp(e)}] {role}: {text}" for role, s, e, text in made),
        "a.jsonl": jsonl(*({"role": str(role), "start_ms": s, "end_ms": e, "text": text} for role, s, e, text in made)),
    }
    for name, text in written.items():
        assert rows(only(text, name)) == made, name
