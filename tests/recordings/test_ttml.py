"""Captions in TTML: who speaks, when and what, whatever the times are written in; no document makes it hang or read elsewhere."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.dialogue import Dialogue
from qa_pipeline.recordings.ingest import ingest
from qa_pipeline.recordings.transcripts import parse_transcripts

HEAD = (
    '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"'
)


def document(body: str, *, head: str = "", given: str = "") -> str:
    return f"{HEAD}{given}><head>{head}</head><body><div>{body}</div></body></tt>"


def dialogue_of(text: str, name: str = "c.ttml") -> Dialogue:
    (dialogue,) = parse_transcripts(text.encode(), name).dialogues
    return dialogue


def said(text: str, name: str = "c.ttml") -> list[tuple[str | None, int | None, int | None, str]]:
    dialogue = dialogue_of(text, name)
    assert not dialogue.faults
    return [(line.label, line.start_ms, line.end_ms, line.text) for line in dialogue.lines]


@pytest.mark.parametrize(
    ("times", "given", "read"),
    [
        ('begin="00:00:03.500" end="00:00:05.000"', "", (3500, 5000)),
        ('begin="3.5s" dur="1.5s"', "", (3500, 5000)),
        ('begin="3500ms" end="5000ms"', "", (3500, 5000)),
        ('begin="0.05m" end="0.5h"', "", (3000, 1_800_000)),
        ('begin="00:00:03:12" end="00:00:05:00"', ' ttp:frameRate="24"', (3500, 5000)),
        ('begin="84f" end="120f"', ' ttp:frameRate="24"', (3500, 5000)),
        ('begin="35000000t" end="50000000t"', ' ttp:tickRate="10000000"', (3500, 5000)),
        ('begin="3.5s"', "", (3500, None)),
        ("", "", (None, None)),
    ],
)
def test_times_are_read_in_every_unit(times: str, given: str, read: tuple[int | None, int | None]) -> None:
    assert said(document(f"<p {times}>Agent: Hello.</p>", given=given)) == [("Agent", *read, "Hello.")]


def test_times_count_from_where_the_parts_around_begin() -> None:
    text = f'{HEAD}><body begin="1s"><div begin="00:00:02.000"><p begin="0.5s" end="1s">Agent: Hello.</p></div></body></tt>'
    assert said(text) == [("Agent", 3500, 4000, "Hello.")]


def test_agents_are_who_speaks_by_their_names() -> None:
    head = '<metadata><ttm:agent xml:id="s1" type="person"><ttm:name type="full">Anna Nowak</ttm:name></ttm:agent></metadata>'
    body = (
        '<p begin="1s" end="2s" ttm:agent="s1">Hello &amp; welcome<br/>to <span>us</span>.</p><p begin="3s" end="4s" ttm:agent="s2">Hi.</p>'
    )
    assert said(document(body, head=head)) == [("Anna Nowak", 1000, 2000, "Hello & welcome to us."), ("s2", 3000, 4000, "Hi.")]


def test_spans_with_times_of_their_own_are_cues() -> None:
    body = '<p><span begin="1s" end="2s">Agent: Hello.</span><span begin="3s" end="4s">How are you?</span></p>'
    assert said(document(body)) == [("Agent", 1000, 2000, "Hello."), ("Agent", 3000, 4000, "How are you?")]


def test_a_prefix_a_declaration_and_other_endings_are_no_trouble() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?>\n<!-- made by hand -->\n<tt:tt xmlns:tt="http://www.w3.org/ns/ttml"><tt:body><tt:p begin="1s">Agent: 您好。</tt:p></tt:body></tt:tt>'
    for name in ("c.ttml", "c.dfxp", "c.xml", "c.txt"):
        assert said(text, name) == [("Agent", 1000, None, "您好。")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (document('<p begin="soon">Agent: Hello.</p>'), "times that cannot be read"),
        (document("<p>Agent: Hello.</p>")[:-30], "not XML: no element found"),
        ("<calls/>", "no TTML: its first element is not `tt`"),
        (
            '<?xml version="1.0"?><!DOCTYPE tt [<!ENTITY a "x">]>' + document("<p>&a;</p>"),
            "captions with definitions of their own (DOCTYPE)",
        ),
    ],
)
def test_what_cannot_be_read_is_a_fault(text: str, message: str) -> None:
    assert message in [fault.message for fault in dialogue_of(text).faults]


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (document('<p begin="soon">Agent: Hello.</p>'), document('<p begin="1.5s">Agent: Hello.</p>')),
        ("<!DOCTYPE tt>" + document('<p begin="1.5s">Agent: Hello.</p>'), document('<p begin="1.5s">Agent: Hello.</p>')),
        ('<calls><p begin="1.5s">Agent: Hello.</p></calls>', document('<p begin="1.5s">Agent: Hello.</p>')),
    ],
    ids=["times", "doctype", "other"],
)
def test_what_a_fault_advises_leads_to_the_words(text: str, mended: str) -> None:
    assert dialogue_of(text).faults
    assert said(mended) == [("Agent", 1500, None, "Hello.")]


def test_in_a_folder_only_xml_that_is_captions_is_taken(tmp_path: Path) -> None:
    (tmp_path / "said.xml").write_text(document("<p begin='1s'>Agent: Hello.</p>"))
    (tmp_path / "call.xml").write_text("<recording><agent>17</agent></recording>")
    (tmp_path / "calls.csv").write_text("file\nsaid.xml\n")
    intake = ingest([str(tmp_path)], Defaults())
    assert [Path(call.source_uri).name for call in intake.calls] == ["said.xml"]
    assert "1 file with other endings is left: .xml (1)." in intake.warnings


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters=":："), min_size=1, max_size=30)


@given(st.lists(st.tuples(st.integers(0, 3_000_000), WORDS), min_size=1, max_size=6))
def test_whatever_is_written_is_read_at_its_time(cues: list[tuple[int, str]]) -> None:
    cues = sorted(cues, key=lambda cue: cue[0])
    body = "".join(f'<p begin="{at}ms" ttm:agent="a1">x{escape(words)}x</p>' for at, words in cues)
    found = said(document(body))
    assert [start for _, start, _, _ in found] == [at for at, _ in cues]
