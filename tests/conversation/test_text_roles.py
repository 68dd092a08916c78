"""Roles of what came as text: by labels, the agent's name, who is left, and the words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.call import Call, Role
from qa_pipeline.conversation.read import assemble_sentences
from qa_pipeline.conversation.roles import Roles, assign_roles
from qa_pipeline.conversation.text_roles import tell_roles, with_agent
from qa_pipeline.recordings.dialogue import Line
from qa_pipeline.recordings.transcripts import parse_transcripts

CALL = Call(call_id="c", source_uri="c.txt", audio_sha256="0" * 64, agent_name="Anna Nowak", direction="inbound")
A, C, M, U = Role.AGENT, Role.CUSTOMER, Role.OTHER, Role.UNKNOWN
HELLO = "Thank you for calling Brightside, my name is Anna, how can I help you?"
BILL = "Hello, I am calling because my bill is wrong."


def lines(text: str) -> tuple[Line, ...]:
    (dialogue,) = parse_transcripts(text.encode(), "a.txt").dialogues
    assert dialogue.faults == ()
    return dialogue.lines


def told(text: str, call: Call = CALL) -> tuple[list[Role], float]:
    """The role of each sentence, proved by the lexicon alone."""
    utterances = assemble_sentences(with_agent(lines(text), call), "en")
    found, confidence = tell_roles(utterances, lambda: assign_roles(utterances, call))
    return [u.role for u in found], confidence


def never() -> Roles:
    raise AssertionError("nothing is to be proved")


def test_the_voice_with_the_agents_name_is_the_agent_and_who_is_left_the_customer() -> None:
    assert told("Anna Nowak: Hello.\nJan Kowalski: Hi.\nAnna Nowak: Bye.") == ([A, C, A], 1.0)
    assert told("NOWAK, Anna: Hello.\nCustomer: Hi.".replace("NOWAK, ", "Nowak "))[0] == [A, C]


def test_one_party_named_settles_the_other() -> None:
    assert told("agent: Hello.\nSPEAKER_01: Hi.") == ([A, C], 1.0)
    assert told("Speaker 2: Hello.\nklient: Hi.") == ([A, C], 1.0)


def test_words_that_contradict_who_is_left_lower_the_certainty() -> None:
    roles, confidence = told(f"agent: {BILL}\nSpeaker 1: {HELLO}", replace(CALL, agent_name="Anna"))
    assert (roles, confidence) == ([A, C], 0.75)


def test_voices_without_any_role_are_proved_from_the_words() -> None:
    for text in (f"[SPEAKER_00]: {HELLO}\n[SPEAKER_01]: {BILL}", f"Wiśniewska: {HELLO}\nZieliński: {BILL}\nWiśniewska: Goodbye."):
        roles, confidence = told(text, replace(CALL, agent_name=None))
        assert roles[:2] == [A, C]
        assert 0.6 < confidence < 1.0


def test_words_that_prove_nothing_leave_the_roles_unknown() -> None:
    assert told("Speaker 1: Green.\nSpeaker 2: Blue.", replace(CALL, agent_name=None, direction=None))[0] == [U, U]


def test_a_third_voice_is_told_from_the_words_only_where_they_prove_what_is_written() -> None:
    utterances = assemble_sentences(lines("agent: x.\ncustomer: y.\nTomasz Lis: z."), "en")

    def prove(*roles: Role) -> Roles:
        proved = tuple(replace(u, role=role) for u, role in zip(utterances, roles, strict=True))
        return Roles(utterances=proved, role_confidence=0.8, evidence={})

    found, confidence = tell_roles(utterances, lambda: prove(A, C, M))
    assert ([u.role for u in found], confidence) == ([A, C, M], 0.8)
    found, confidence = tell_roles(utterances, lambda: prove(C, A, A))
    assert ([u.role for u in found], confidence) == ([A, C, U], 0.6667)


@pytest.mark.parametrize(
    ("text", "roles", "confidence"),
    [
        ("agent: abcde\nunknown: abcde", [A, U], 0.5),
        ("A: x\nA: y", [U, U], 0.0),
        ("bot: x", [M], 1.0),
        ("agent: x\ncustomer: y", [A, C], 1.0),
    ],
)
def test_what_nobody_signed_stays_unknown_where_nothing_tells(text: str, roles: list[Role], confidence: float) -> None:
    assert told(text) == (roles, confidence)


def test_nothing_is_proved_where_all_is_written() -> None:
    utterances = assemble_sentences(lines("agent: x\ncustomer: y"), "en")
    assert tell_roles(utterances, never) == (utterances, 1.0)
    assert tell_roles((), never) == ((), 0.0)


def test_voices_with_a_menu_among_them_are_proved_and_the_menu_stays_one() -> None:
    utterances = assemble_sentences(lines("Speaker 1: x\nbot: z\nSpeaker 2: y"), "en")

    def prove() -> Roles:
        proved = tuple(replace(u, role=A if u.speaker == "Speaker 1" else C) for u in utterances)
        return Roles(utterances=proved, role_confidence=0.9, evidence={})

    found, confidence = tell_roles(utterances, prove)
    assert ([u.role for u in found], confidence) == ([A, M, C], 0.9)


def test_guests_by_number_are_voices_and_no_two_customers() -> None:
    assert {line.role for line in lines("Guest-1: Hello.\nGuest-2: Hi.")} == {U}
    assert [line.role for line in lines("agent: Hello.\nGuest-2: Hi.")] == [A, C]
    assert [line.role for line in lines("Agent 12: Hello.\nAgent 12: Hi.")] == [A, A]


def test_a_customer_of_the_agents_first_name_is_not_taken_for_the_agent() -> None:
    call = replace(CALL, agent_name="Anna")
    named = with_agent(lines("Anna Nowak: Hello.\nAnna Lis: Hi."), call)
    assert [line.role for line in named] == [U, U]


def test_the_channel_that_the_metadata_give_the_agent_is_the_agents() -> None:
    text = "Channel 0: Hello.\nChannel 1: Hi."
    assert told(text, replace(CALL, agent_channel=1)) == ([C, A], 1.0)
    assert told(text, replace(CALL, agent_channel=0)) == ([A, C], 1.0)
    # Counted from 1, the number says nothing.
    assert [line.role for line in with_agent(lines("Channel 1: Hello.\nChannel 2: Hi."), replace(CALL, agent_channel=1))] == [U, U]
