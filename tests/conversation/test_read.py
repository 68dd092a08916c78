"""Lines of text → utterances: sentences, times as written, what is known of roles."""

from __future__ import annotations

from dataclasses import replace

from qa_pipeline.call import Call, Role
from qa_pipeline.conversation.metrics import measure
from qa_pipeline.conversation.read import (
    assemble_sentences,
    join_lines,
    known_duration_ms,
    reading_manifests,
    reading_options,
    text_conversation_id,
    unreadable,
)
from qa_pipeline.errors import Fault
from qa_pipeline.recordings.dialogue import Dialogue, Line
from qa_pipeline.recordings.transcripts import read_dialogue
from qa_pipeline.settings import load_settings

CALL = Call(call_id="c", source_uri="c.txt", audio_sha256="0" * 64)


def test_each_sentence_keeps_the_times_of_its_line_and_none_is_made_up() -> None:
    lines = read_dialogue("[0:03 - 0:09] agent: Hello. How are you?\n0:12 customer: Fine.\nagent: Good.")
    assert [(u.utterance, u.role, u.speaker, u.start_ms, u.end_ms, u.text) for u in assemble_sentences(lines, "en")] == [
        (0, Role.AGENT, "agent", 3000, 9000, "Hello."),
        (1, Role.AGENT, "agent", 3000, 9000, "How are you?"),
        (2, Role.CUSTOMER, "customer", 12_000, None, "Fine."),
        (3, Role.AGENT, "agent", None, None, "Good."),
    ]
    assert known_duration_ms(lines) == 12_000


def test_without_times_there_is_no_length_and_turns_are_counted() -> None:
    lines = read_dialogue("agent: Hello. How are you?\ncustomer: Fine.\nagent: Good.")
    utterances = assemble_sentences(lines, "en")
    assert known_duration_ms(lines) == 0
    metrics = measure(join_lines(utterances, lines), 0)
    assert (metrics.turns, metrics.silence_share, metrics.agent_speech_rate, metrics.holds) == (3, None, None, None)


def test_figures_are_measured_on_whole_lines() -> None:
    lines = read_dialogue("[0:00 - 0:30] agent: One two three. Four five six.\n[0:30 - 0:40] customer: Seven.")
    metrics = measure(join_lines(assemble_sentences(lines, "en"), lines), known_duration_ms(lines))
    assert (metrics.agent_speech_rate, metrics.agent_talk_share, metrics.turns) == (12.0, 0.75, 2)


def test_a_share_of_the_part_that_has_times_is_none() -> None:
    lines = read_dialogue("[0:00 - 0:30] agent: One.\ncustomer: Two.")
    assert measure(join_lines(assemble_sentences(lines, "en"), lines), known_duration_ms(lines)).agent_talk_share is None


def test_words_are_normalised_in_the_language_and_plainly_where_it_is_not_known() -> None:
    lines = read_dialogue("agent: 您好")
    assert assemble_sentences(lines, "zh")[0].norm == "nin hao"
    unknown = assemble_sentences(read_dialogue("agent: Hello"), None)[0]
    assert (unknown.language, unknown.norm) == ("und", "hello")


def test_identity_is_words_roles_and_times() -> None:
    settings = load_settings()
    options, manifests = reading_options(settings), reading_manifests(settings)

    def identity(text: str, **changes: object) -> str:
        dialogue = Dialogue(call_id=None, sha256="0", lines=read_dialogue(text))
        return text_conversation_id(replace(CALL, **changes), dialogue, options, manifests)  # type: ignore[arg-type]

    same = identity("agent: Hello")
    assert same == identity("agent: Hello", agent_id="17")
    changed = [
        identity("customer: Hello"), identity("0:01 agent: Hello"), identity("agent: Hello!"), identity("agent: Hello", language="en"),
        identity("agent: Hello", call_id="d"), identity("agent: Hello", agent_channel=1), text_conversation_id(CALL, Dialogue(call_id=None, sha256="0", lines=()), {}, ""),
    ]  # fmt: skip
    assert len({same, *changed}) == 8


def test_another_recogniser_leaves_chats_as_they_are() -> None:
    assert reading_manifests(load_settings(profile="base")) == reading_manifests(load_settings(profile="large"))
    assert "beam_size" not in reading_options(load_settings())


def test_the_failure_of_a_call_tells_its_first_faults_with_lines_and_advice() -> None:
    faults = tuple(Fault(path="c.txt", line=n, message="no text", advice="write it") for n in range(1, 8))
    error = unreadable(CALL, Dialogue(call_id=None, sha256="0", lines=(), faults=faults))
    assert error.message.startswith("the transcript has 7 faults: line 1: no text; line 2: no text")
    assert error.message.endswith("and 2 more.")
    assert (error.advice, error.call_id, error.transient) == ("Write it.", "c", False)


def test_lines_of_one_message_stand_together_again() -> None:
    line = Line(line=1, role=Role.AGENT, label="agent", start_ms=None, end_ms=None, text="Hello.\nBye.")
    assert [u.text for u in join_lines(assemble_sentences([line], "en"), [line])] == ["Hello. Bye."]
