"""Captions as recognisers and meeting tools write them: who speaks, and no word in another's mouth."""

from __future__ import annotations

import json

import pytest

from qa_pipeline.call import Role
from qa_pipeline.recordings.dialogue import Note, Parsed
from qa_pipeline.recordings.transcripts import parse_transcripts

A, C, U = Role.AGENT, Role.CUSTOMER, Role.UNKNOWN
TIMES = [f"00:00:{n:02d}.000 --> 00:00:{n + 2:02d}.000" for n in range(1, 60, 3)]


def parsed(text: str, name: str = "a.vtt") -> Parsed:
    return parse_transcripts(text.encode(), name)


def vtt(*payloads: str) -> Parsed:
    """Each payload is a cue."""
    return parsed("WEBVTT\n\n" + "\n\n".join(f"{times}\n{payload}" for times, payload in zip(TIMES, payloads, strict=False)))


def said(result: Parsed) -> list[tuple[str | None, str]]:
    """Labels and words."""
    (dialogue,) = result.dialogues
    assert dialogue.faults == ()
    return [(line.label, line.text) for line in dialogue.lines]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("[SPEAKER_00]: Hello.", "[SPEAKER_01]: Hi."),  # WhisperX
        ("[SPEAKER_00] Hello.", "[SPEAKER_01] Hi."),
        ("SPEAKER_00: Hello.", "SPEAKER_01: Hi."),
        ("(speaker 0) Hello.", "(speaker 1) Hi."),  # whisper.cpp
        ("<v Speaker0>Hello.", "<v Speaker1>Hi."),
        ("<v Speaker 0>Hello.</v>", "<v Speaker 1>Hi.</v>"),  # Deepgram
        ("[Speaker:0] Hello.", "[Speaker:1] Hi."),
        ("[speaker 0]\nHello.", "[speaker 1]\nHi."),
        ("Speaker A: Hello.", "Speaker B: Hi."),  # AssemblyAI
        ("spk_0: Hello.", "spk_1: Hi."),  # Amazon
        ("Guest-1: Hello.", "Guest-2: Hi."),  # Azure
        (">> Speaker 1: Hello.", ">> Speaker 2: Hi."),
        ("&gt;&gt; Speaker 1: Hello.", "&gt;&gt; Speaker 2: Hi."),
        ("- Speaker 1: Hello.", "- Speaker 2: Hi."),
        ("<v.first Speaker 1>Hello.", "<v.second Speaker 2>Hi."),
    ],
)
def test_voices_are_told_apart_however_they_are_labelled(first: str, second: str) -> None:
    result = vtt(first, second)
    assert [words for _, words in said(result)] == ["Hello.", "Hi."]
    assert len({label for label, _ in said(result)}) == 2
    assert {line.role for line in result.dialogues[0].lines} == {U}


@pytest.mark.parametrize(
    "payload", ["<v Customer>I want one\nsimple thing: is the bill right?</v>", "<v Customer>I want one\nPrice: is it right?"]
)
def test_a_colon_in_wrapped_words_is_no_label_in_a_voice_tag(payload: str) -> None:
    assert [label for label, _ in said(vtt("<v Agent>Hello.", payload, "<v Agent>Yes."))] == ["Agent", "Customer", "Agent"]


@pytest.mark.parametrize(
    "words",
    [
        "I want to know one\nsimple thing: is the bill right?",
        "Here is the offer.\nPrice: five a month.",
        "Just one question: why?",
        "I spoke with an\nagent: she said no.",
        "It opens at 10:30 on Monday",
        "Monday: closed.",
    ],
)
def test_a_colon_in_words_is_no_label_without_tags_either(words: str) -> None:
    result = vtt("Agent: Hello.", f"Customer: {words}", "Agent: Yes.", "Customer: Bye.")
    assert said(result)[1] == ("Customer", words.replace("\n", " "))
    assert len(said(result)) == 4


def test_names_are_voices_and_the_names_known_keep_their_role() -> None:
    result = vtt("Anna Nowak: Hello.", "Jan Kowalski: My bill is wrong.", "I want it checked.", "Anna Nowak: I will.")
    assert [label for label, _ in said(result)] == ["Anna Nowak", "Jan Kowalski", "Jan Kowalski", "Anna Nowak"]
    mixed = vtt("Agent: Hello.", "Jan Kowalski: Hi.", "Agent: Bye.")
    assert [line.role for line in mixed.dialogues[0].lines] == [A, U, A]


def test_surnames_alone_are_told_from_each_other_although_one_comes_once() -> None:
    assert [label for label, _ in said(vtt("Wiśniewska: Hello.", "Zieliński: Hi.", "Wiśniewska: Bye."))] == [
        "Wiśniewska", "Zieliński", "Wiśniewska"
    ]  # fmt: skip


def test_meetings_of_microsoft_give_names_in_objects() -> None:
    payload = json.dumps({"startDateTime": "2026-01-01T10:00:00Z", "speakerName": "Anna Nowak", "spokenText": "Hello: here I am."})
    assert said(vtt(payload)) == [("Anna Nowak", "Hello: here I am.")]


def test_cues_without_words_are_left_and_told() -> None:
    result = parsed(
        "1\n00:00:01,000 --> 00:00:02,000\nAgent: Hello.\n\n2\n00:00:02,000 --> 00:00:03,000\n\n3\n00:00:04,000 --> 00:00:05,000\nBye.",
        "a.srt",
    )
    assert said(result) == [("Agent", "Hello."), ("Agent", "Bye.")]
    assert result.notes == {Note.WITHOUT_WORDS: 1}
    assert vtt("Agent: Hello.", "<v Customer></v>", "<i></i>").notes == {Note.WITHOUT_WORDS: 2}


@pytest.mark.parametrize(
    "text",
    [
        "1\n00:00:01,000 --> 00:00:02,000\nAgent: Hello.\n2\n00:00:03,000 --> 00:00:04,000\nCustomer: Hi.",
        "1\n00:00:01,000 --> 00:00:02,000\nAgent: Hello.\n00:00:03,000 --> 00:00:04,000\nCustomer: Hi.",
        "1\n\n00:00:01,000 --> 00:00:02,000\nAgent: Hello.\n\n2\n\n00:00:03,000 --> 00:00:04,000\nCustomer: Hi.",
        "1\n00:00:01,000 --> 00:00:02,000\n\nAgent: Hello.\n\n\n2\n00:00:03,000 --> 00:00:04,000\n\nCustomer: Hi.",
        "1\n00:00:01,000 -> 00:00:02,000\nAgent: Hello.\n\n2\n00:00:03,000 -> 00:00:04,000\nCustomer: Hi.",
        "1\n00:00:01.5 --> 00:00:02\nAgent: Hello.\n\n2\n00:00:03,5 --> 00:00:04\nCustomer: Hi.",
    ],
)
def test_missing_and_superfluous_blank_lines_lose_no_cue(text: str) -> None:
    assert said(parsed(text, "a.srt")) == [("Agent", "Hello."), ("Customer", "Hi.")]
    assert said(parsed(text, "a.txt")) == [("Agent", "Hello."), ("Customer", "Hi.")]


def test_ids_above_the_times_are_no_words() -> None:
    text = f"WEBVTT\nKind: captions\n\n0e5c-11/12-0\n{TIMES[0]}\n<v Agent>Hello.</v>\n0e5c-11/13-0\n{TIMES[1]}\n<v Customer>Hi.</v>\n"
    assert said(parsed(text)) == [("Agent", "Hello."), ("Customer", "Hi.")]


def test_words_after_a_blank_line_stay_with_their_cue_and_are_told() -> None:
    result = parsed("1\n00:00:01,000 --> 00:00:02,000\nAgent: Hello.\n\nlost words", "a.srt")
    assert said(result) == [("Agent", "Hello. lost words")]
    assert result.notes == {Note.BROKEN_CUE: 1}


def test_marks_of_a_change_of_voice_are_no_words() -> None:
    assert said(vtt("Hello. [SPEAKER_TURN]", "Hi.")) == [(None, "Hello."), (None, "Hi.")]


AGENT_FIRST = ["{0}\nAgent: Hello.", "{2}\nAgent: Bye.", "{1}\nCustomer: Hi."]


@pytest.mark.parametrize("order", [AGENT_FIRST, AGENT_FIRST[::-1][:1] + AGENT_FIRST[:2]])
def test_channels_one_after_the_other_are_sorted_and_told(order: list[str]) -> None:
    result = parsed("WEBVTT\n\n" + "\n\n".join(cue.format(*TIMES) for cue in order))
    assert said(result) == [("Agent", "Hello."), ("Customer", "Hi."), ("Agent", "Bye.")]
    assert result.notes == {Note.SORTED: 1}


def test_two_parts_that_count_from_zero_are_not_mixed() -> None:
    cues = ["{2}\nAgent: Hello.", "{5}\nCustomer: Hi.", "{0}\nAgent: Here I am again.", "{1}\nCustomer: Good."]
    (dialogue,) = parsed("WEBVTT\n\n" + "\n\n".join(cue.format(*TIMES) for cue in cues)).dialogues
    assert [fault.message for fault in dialogue.faults] == [
        "begins before line 3 of the same voice does",
        "begins before line 6 of the same voice does",
    ]
    assert "files of their own" in dialogue.faults[0].advice


def test_small_overlaps_of_one_voice_are_put_in_order() -> None:
    result = parsed("WEBVTT\n\n00:05.000 --> 00:06.000\nAgent: two\n\n00:04.900 --> 00:05.100\nAgent: one")
    assert said(result) == [("Agent", "one"), ("Agent", "two")]


def test_names_with_the_surname_first_are_names() -> None:
    assert said(vtt("Nowak, Anna: Hello", "Jan K.: Hi", "Nowak, Anna: Bye")) == [
        ("Nowak, Anna", "Hello"),
        ("Jan K.", "Hi"),
        ("Nowak, Anna", "Bye"),
    ]


def test_titles_belong_to_names() -> None:
    assert [label for label, _ in said(vtt("Agent Smith: Hello", "Mr Jones: Hi", "Agent Smith: Bye"))] == [
        "Agent Smith",
        "Mr Jones",
        "Agent Smith",
    ]


def test_a_sound_noted_down_before_a_label_hides_it_not() -> None:
    assert said(vtt("Agent: Hello.", "(laughs) Customer: Hi.")) == [("Agent", "Hello."), ("Customer", "Hi.")]
    assert said(vtt("[music]", "[Agent] Hello.")) == [(None, "[music]"), ("Agent", "Hello.")]


def test_a_word_with_a_colon_is_text_where_both_parties_have_names() -> None:
    assert [label for label, _ in said(vtt("Anna: Hello.", "Klient: Hi.", "Uwaga: the bill.", "Anna: Yes."))] == [
        "Anna",
        "Klient",
        "Klient",
        "Anna",
    ]


def test_a_name_above_the_times_says_who_speaks() -> None:
    cues = [f'{number} "{name}" ({number}0712)\n{times}\n{text}' for number, (name, times, text) in enumerate(
        (("Anna Nowak", TIMES[0], "Hello."), ("Jan Kos", TIMES[1], "My order: it is\nlate."), ("Anna Nowak", TIMES[2], "I see.")), 1)]  # fmt: skip
    expected = [("Anna Nowak", "Hello."), ("Jan Kos", "My order: it is late."), ("Anna Nowak", "I see.")]
    for between in ("\n\n", "\n"):
        assert said(parsed("WEBVTT\n\n" + between.join(cues))) == expected


SBV = "0:00:01.000,0:00:02.500\nAgent: Hello[br]there.\n\n0:00:03.000,0:00:04.000\n>> Customer: Hi, it is 0:00:05.000, late.\n"


@pytest.mark.parametrize("name", ["a.sbv", "a.SBV", "a.txt"])
def test_subviewer_is_read_by_its_ending_and_by_how_it_begins(name: str) -> None:
    result = parsed(SBV, name)
    assert said(result) == [("Agent", "Hello there."), ("Customer", "Hi, it is 0:00:05.000, late.")]
    assert [(line.start_ms, line.end_ms) for line in result.dialogues[0].lines] == [(1000, 2500), (3000, 4000)]


def test_times_of_subviewer_that_cannot_be_read_are_a_located_fault() -> None:
    (dialogue,) = parsed(SBV.replace("0:00:03.000,", "0:00:0x.000,"), "a.sbv").dialogues
    assert [(fault.line, fault.message) for fault in dialogue.faults] == [(4, "times that cannot be read")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("[ANNA] Hello.", "[BEN] Hi."), ("(Anna Nowak) Hello.", "(Ben Kos) Hi."), ("Anna | Hello.", "Ben | Hi."), ("1: Hello.", "2: Hi."),
        ("🧑 Anna: Hello.", "🧑 Ben: Hi."), ("\u202aAnna: Hello.\u202c", "\u202aBen: Hi.\u202c"), ("[小林] Hello.", "[张三] Hi."),
    ],
)  # fmt: skip
def test_names_before_the_words_without_a_colon_are_labels_where_nearly_all_cues_have_them(first: str, second: str) -> None:
    heard = said(vtt(first, second))
    assert [words for _, words in heard] == ["Hello.", "Hi."] and len({label for label, _ in heard} - {None}) == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [("(laughs) Hello.", "(sighs) Hi."), ("[Anna] Hello.", "[Anna] Hi."), ("1: the price", "a thing"), ("[Applause] Hello.", "Hi.")],
)
def test_sounds_and_single_names_before_the_words_are_no_labels(first: str, second: str) -> None:
    assert [label for label, _ in said(vtt(first, second))] == [None, None]
