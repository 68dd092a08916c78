"""What an evaluation counts, on conversations written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.call import Conversation, Role, SpeakerTurn
from qa_pipeline.conversation.written import conversation
from qa_pipeline.evaluation.compare import CONFIDENCE_BINS, Evaluation, compare_conversation, compare_outcomes, compare_voices
from qa_pipeline.evaluation.truth import TrueTurn, Truth

LINES = ("0:00 agent: good morning this is Anna", "0:05 customer: hello I have a question", "0:10 agent: yes of course")


def spoken() -> Conversation:
    return conversation(*LINES, language="en", role_confidence=0.85)


def truth_of(call: Conversation) -> Truth:
    """What is true when everything was heard right."""
    turns = tuple(TrueTurn(speaker=u.role.value, start_ms=u.start_ms or 0, end_ms=u.end_ms or 0, text=u.text) for u in call.utterances)
    return Truth(language="en", turns=turns)


def compared(truth: Truth, call: Conversation) -> Evaluation:
    evaluation = Evaluation()
    compare_conversation(evaluation, "a", truth, call)
    return evaluation


def exchanged(call: Conversation) -> Conversation:
    other = {Role.AGENT: Role.CUSTOMER, Role.CUSTOMER: Role.AGENT}
    return replace(call, utterances=tuple(replace(u, role=other[u.role]) for u in call.utterances))


def test_a_call_heard_right_has_no_errors() -> None:
    found = compared(truth_of(spoken()), spoken())
    assert (sum(found.errors.values()), found.units["en"], found.invented["words"], set(found.edges)) == (0, 13, 0, {0})
    assert found.role_by_call["a"] == (1.0, 0.85)
    assert found.reliability[CONFIDENCE_BINS.index(0.8)] == [1, 0.85, 1]
    assert all(found == true for pairs in found.figures.values() for found, true in pairs)


def test_exchanged_parties_are_wrong_in_roles_and_in_words() -> None:
    found = compared(truth_of(spoken()), exchanged(spoken()))
    assert found.role_by_call["a"][0] == 0.0
    assert found.reliability[CONFIDENCE_BINS.index(0.8)] == [1, 0.85, 0]
    assert found.errors["en"] > 0


def test_words_far_from_speech_are_invented_and_late_words_move_the_edges() -> None:
    truth = truth_of(spoken())
    assert truth.turns
    early = Truth(language="en", turns=tuple(turn for turn in truth.turns if turn.start_ms < 10_000))
    assert compared(early, spoken()).invented["words"] == 3
    late = Truth(language="en", turns=tuple(replace(turn, start_ms=turn.start_ms + 300, end_ms=turn.end_ms + 300) for turn in truth.turns))
    assert set(compared(late, spoken()).edges) == {300}
    assert compared(late, spoken()).invented["words"] == 0


def test_confidence_is_compared_word_by_word() -> None:
    call = spoken()
    doubtful = replace(call.utterances[1].words[1], text=" halve", confidence=0.3)
    heard = replace(call.utterances[1], words=(call.utterances[1].words[0], doubtful, *call.utterances[1].words[2:]))
    found = compared(truth_of(call), replace(call, utterances=(call.utterances[0], heard, call.utterances[2])))
    (low,) = [entry for place, entry in found.words.items() if entry[1] / entry[0] < 0.5]
    assert low == [1, 0.3, 0]


def test_a_transcript_alone_is_compared_with_all_words() -> None:
    found = compared(Truth(language="en", text="good morning this is Anna hello I have a problem yes of course"), spoken())
    assert (found.errors["en"], found.units["en"], found.roles) == (1, 13, {})


@pytest.mark.parametrize(("outcome", "misses"), [("met", 0), ("undetermined", 1)])
def test_undetermined_is_a_miss_unless_expected(outcome: str, misses: int) -> None:
    evaluation = Evaluation()
    row = {"criterion_id": "greeting", "outcome": outcome, "reason": "", "evidence_text": None, "certainty": 0.9, "likely": None}
    compare_outcomes(evaluation, "a", Truth(expected={"greeting": "met"}), [row])
    assert len(evaluation.misses) == misses
    assert evaluation.outcomes["greeting"]["met", outcome] == 1


def test_voices_are_compared_by_time_whatever_they_are_called() -> None:
    evaluation = Evaluation()
    turns = [TrueTurn(speaker="agent", start_ms=0, end_ms=4000), TrueTurn(speaker="customer", start_ms=5000, end_ms=9000)]
    heard = [SpeakerTurn(speaker="speaker_0", start_ms=0, end_ms=4000), SpeakerTurn(speaker="speaker_1", start_ms=5000, end_ms=8000)]
    compare_voices(evaluation, "a", turns, heard)
    assert evaluation.der["no collar"]["missed"] == pytest.approx(1.0)
    assert evaluation.der_by_call["a"] == pytest.approx(1 / 8)


@pytest.mark.parametrize(
    ("outcome", "likely", "right"),
    [("met", None, True), ("not_met", None, False), ("undetermined", "met", True), ("undetermined", "not_met", False)],
)
def test_what_was_withheld_counts_by_its_likelier_reading(outcome: str, likely: str | None, right: bool) -> None:
    evaluation = Evaluation()
    row = {"criterion_id": "greeting", "outcome": outcome, "reason": "", "evidence_text": None, "certainty": 0.4, "likely": likely}
    compare_outcomes(evaluation, "a", Truth(expected={"greeting": "met"}), [row])
    assert [(j.certainty, j.is_right) for j in evaluation.judgements] == [(0.4, right)]
