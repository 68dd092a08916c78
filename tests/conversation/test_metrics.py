"""Figures of a conversation, worked by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Metrics, Role, Utterance
from qa_pipeline.conversation.metrics import measure


def spoke(*spans: tuple[str, int | None, int | None], text: str = "one two three", language: str = "en") -> list[Utterance]:
    """Utterances `(role, start second, end second)`, in the order given."""
    return [
        Utterance(
            utterance=number, role=Role(role), speaker=role, channel=None, start_ms=None if start is None else start * 1000,
            end_ms=None if end is None else end * 1000, text=text, confidence=None, language=language, norm="", words=(),
        )
        for number, (role, start, end) in enumerate(spans)
    ]  # fmt: skip


def test_shares_of_talk_are_of_what_the_parties_speak() -> None:
    found = measure(spoke(("agent", 0, 6), ("customer", 10, 12), ("other", 20, 40)), 60_000)
    assert (found.agent_talk_share, found.customer_talk_share) == (0.75, 0.25)


def test_silence_is_what_nobody_fills() -> None:
    found = measure(spoke(("agent", 0, 6), ("customer", 4, 10), ("other", 20, 30)), 50_000)
    # Silent from 10 to 20 and from 30 to 50: 30 of 50 seconds.
    assert (found.silence_share, found.longest_silence_ms) == (0.6, 20_000)


@pytest.mark.parametrize(("gap", "holds", "hold_ms"), [(14, 0, 0), (15, 1, 15_000), (40, 1, 40_000)])
def test_a_silence_of_15_seconds_is_a_hold(gap: int, holds: int, hold_ms: int) -> None:
    found = measure(spoke(("agent", 0, 5), ("agent", 5 + gap, 10 + gap)), (10 + gap) * 1000)
    assert (found.holds, found.hold_ms) == (holds, hold_ms)


@pytest.mark.parametrize(
    ("agent", "customer", "by_agent", "by_customer"),
    [
        ((2, 5), (0, 4), 1, 0),
        ((0, 4), (2, 5), 0, 1),
        ((0, 4), (4, 5), 0, 0),
        ((0, 4), (5, 6), 0, 0),
        ((2, 2), (0, 4), 0, 0),
    ],
)
def test_who_begins_while_the_other_goes_on_interrupts(
    agent: tuple[int, int], customer: tuple[int, int], by_agent: int, by_customer: int
) -> None:
    found = measure(spoke(("agent", *agent), ("customer", *customer)), 10_000)
    assert (found.interruptions_by_agent, found.interruptions_by_customer) == (by_agent, by_customer)


@pytest.mark.parametrize(("text", "language", "rate"), [("one two three", "en", 18.0), ("您好，请问 OK", "zh", 24.0)])
def test_rates_count_words_or_chinese_characters_a_minute(text: str, language: str, rate: float) -> None:
    assert measure(spoke(("agent", 0, 10), text=text, language=language), 10_000).agent_speech_rate == rate


def test_the_response_is_the_median_wait_of_the_customer() -> None:
    found = measure(
        spoke(
            ("customer", 0, 1),
            ("agent", 2, 3),
            ("customer", 3, 4),
            ("agent", 7, 8),
            ("customer", 8, 9),
            ("agent", 8, 12),
            ("customer", 12, 13),
            ("agent", 30, 31),
        ),
        31_000,
    )
    # Waits of 1, 3 and 0 seconds; 17 seconds are a hold, no answer.
    assert found.median_response_ms == 1000


def test_turns_are_changes_between_the_parties_and_one() -> None:
    assert (
        measure(
            spoke(("agent", 0, 1), ("agent", 1, 2), ("customer", 2, 3), ("other", 3, 4), ("customer", 4, 5), ("agent", 5, 6)), 6000
        ).turns
        == 3
    )


def test_what_was_not_measured_is_none() -> None:
    found = measure(spoke(("agent", 0, 5)), 5000)
    assert (found.customer_speech_rate, found.median_response_ms, found.customer_sentiment) == (None, None, None)


def test_without_times_only_turns_are_told() -> None:
    assert measure(spoke(("agent", None, None), ("customer", None, None)), 0) == Metrics(turns=2)


def test_nothing_said_measures_nothing() -> None:
    assert measure([], 5000) == Metrics()


@given(st.lists(st.tuples(st.sampled_from(["agent", "customer", "other"]), st.integers(0, 50), st.integers(0, 10)), max_size=8))
def test_shares_stay_between_0_and_1(steps: list[tuple[str, int, int]]) -> None:
    found = measure(spoke(*sorted(((role, start, start + length) for role, start, length in steps), key=lambda span: span[1])), 60_000)
    shares = (found.agent_talk_share, found.customer_talk_share, found.silence_share)
    assert all(share is None or 0 <= share <= 1 for share in shares)
    assert (
        found.agent_talk_share is None
        or found.customer_talk_share is None
        or abs(found.agent_talk_share + found.customer_talk_share - 1) < 0.001
    )


def said(*lines: tuple[str, float, float, str], language: str = "en") -> list[Utterance]:
    """Utterances `(role, start second, end second, text)`."""
    return [
        Utterance(
            utterance=number, role=Role(role), speaker=role, channel=None, start_ms=round(start * 1000), end_ms=round(end * 1000), text=text,
            confidence=None, language=language, norm="", words=(),
        )
        for number, (role, start, end, text) in enumerate(lines)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "language"), [("Uh-huh.", "en"), ("Right, okay.", "en"), ("嗯，对。", "zh"), ("No tak.", "pl"), ("Mm, precis.", "sv")]
)
def test_a_sign_of_listening_neither_interrupts_nor_takes_a_turn(text: str, language: str) -> None:
    found = measure(
        said(("customer", 0, 10, "a long story"), ("agent", 4, 4.9, text), ("agent", 10.5, 12, "one two three"), language=language), 12_000
    )
    assert (found.interruptions_by_agent, found.turns, found.customer_longest_monologue_ms) == (0, 2, 10_000)


def test_an_interruption_takes_the_turn() -> None:
    goes_on = measure(said(("customer", 0, 10, "a long story"), ("agent", 4, 6, "but look here")), 12_000)
    takes_it = measure(said(("customer", 0, 5, "a long story"), ("agent", 4, 9, "but look here")), 12_000)
    assert (goes_on.interruptions_by_agent, takes_it.interruptions_by_agent) == (0, 1)


@pytest.mark.parametrize(
    ("asked", "gap", "holds"),
    [("Please hold on a moment.", 6, 1), ("Please hold on a moment.", 4, 0), ("Thank you.", 6, 0), ("Thank you.", 15, 1)],
)
def test_who_asks_to_wait_puts_on_hold_sooner(asked: str, gap: int, holds: int) -> None:
    found = measure(said(("agent", 0, 3, asked), ("agent", 3 + gap, 5 + gap, "So.")), 30_000)
    assert (found.holds, found.hold_ms) == (holds, gap * 1000 * holds)


def test_an_announcement_does_not_end_a_hold() -> None:
    waits = said(("agent", 0, 3, "One moment."), ("other", 8, 14, "Your call is important to us."), ("agent", 23, 25, "So."))
    assert measure(waits, 30_000).hold_ms == 20_000


def test_nobody_waits_before_the_first_and_after_the_last_word() -> None:
    assert measure(said(("agent", 20, 22, "Hello."), ("customer", 23, 24, "Hi there.")), 60_000).holds == 0


@pytest.mark.parametrize(
    ("text", "language", "syllables"),
    [
        ("您好请问", "zh", 4),
        ("I called the company yesterday", "en", 9),
        ("nie wiem dlaczego nauka", "pl", 8),
        ("jag förstår tyvärr inte", "sv", 7),
    ],
)
def test_syllables_are_counted_by_vowels(text: str, language: str, syllables: int) -> None:
    assert measure(said(("agent", 0, 60, text), language=language), 60_000).agent_syllable_rate == syllables


def test_a_monologue_goes_on_through_short_pauses_and_ends_at_long_ones() -> None:
    found = measure(said(("agent", 0, 10, "one two"), ("agent", 12, 20, "three four"), ("agent", 30, 35, "five six")), 40_000)
    assert (found.agent_longest_monologue_ms, found.customer_longest_monologue_ms) == (20_000, None)
