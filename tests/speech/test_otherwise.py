"""Other readings of the recogniser: what they change in the best one, and what becomes of an utterance."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from typing import Any

import pytest

from qa_pipeline.call import Alternative, Word
from qa_pipeline.speech.otherwise import (
    MOST_ALTERNATIVES,
    Beam,
    Change,
    OtherReading,
    alternatives_of,
    changes_in,
    decoding_of,
    readings_of,
    shares_of,
)


def words(*texts: str) -> tuple[Word, ...]:
    """Words of a tenth of a second each."""
    return tuple(Word(text=text, start_ms=100 * i, end_ms=100 * i + 100, confidence=0.9) for i, text in enumerate(texts))


@dataclass
class Decoding:
    """What a decoder gives for one window: readings as token ids, and the mean log-probability of each."""

    sequences_ids: list[list[int]]
    scores: list[float] = field(default_factory=list)


@pytest.mark.parametrize(
    ("heard", "other", "changes"),
    [
        (("您", "好", "号"), "您好好", [(200, 300, "号", "好")]),
        # A word of several characters is changed as a whole, and a mark that ends it stays.
        (("今天", "有势", "。"), "今天优势", [(100, 200, "有势", "优势")]),
        ((" Call", " me", " after."), "Call me out for", [(200, 300, "after.", "out for.")]),
        # More than was heard goes with the word before it, less is nothing in its place.
        ((" Thank", " you"), "Thank you much", [(100, 200, "you", "you much")]),
        ((" Oh", " thank", " you"), "thank you", [(0, 100, "Oh", "")]),
        ((" you",), "Thank you", [(0, 100, "you", "Thank you")]),
        # Case, punctuation and the variant of the script are no other reading.
        ((" Thank", " you."), "thank you", []),
        (("謝", "謝"), "谢谢。", []),
        ((), "Thank you", []),
        ((" Yes",), "", []),
    ],
)
def test_another_reading_is_told_by_the_words_that_it_has_otherwise(
    heard: tuple[str, ...], other: str, changes: list[tuple[int, int, str, str]]
) -> None:
    found = changes_in(words(*heard), other, in_characters=not any(text.isascii() for text in heard))
    assert [(c.start_ms, c.end_ms, c.before, c.after) for c in found] == changes


def test_shares_are_as_the_probabilities_of_whole_readings_stand_to_each_other() -> None:
    shares = shares_of(Decoding([[1, 2], [1, 2, 3, 4]], [-0.5, -0.5]))
    assert shares == pytest.approx([1 / (1 + exp(-1)), exp(-1) / (1 + exp(-1))])


def test_readings_of_what_is_left_for_the_next_decoding_are_left_out() -> None:
    texts = {1: " I see.", 2: " Thank", 3: " Tank", 4: " Icy."}
    decoding = Decoding([[1, 2], [1, 3], [4, 2]], [-0.1, -0.2, -0.2])
    found = readings_of(words(" I", " see."), decoding, lambda tokens: "".join(texts[t] for t in tokens), in_characters=False)
    assert [[(c.before, c.after) for c in reading.changes] for reading in found] == [[("I see.", "Icy.")]]


def test_a_segment_is_found_in_the_decoding_that_it_was_cut_from() -> None:
    first, second = Decoding([[50, 1, 2, 51]]), Decoding([[50, 3, 51, 52, 4, 53]])
    assert decoding_of([52, 4, 53], [first, second]) is second
    assert decoding_of([9], [first, second]) is None


def reading(share: float, *changes: tuple[int, int, str, str]) -> OtherReading:
    return OtherReading(share=share, changes=tuple(Change(start_ms=a, end_ms=b, before=was, after=other) for a, b, was, other in changes))


def test_equal_readings_of_an_utterance_count_together_and_the_likeliest_comes_first() -> None:
    elsewhere = (900, 1000, "x", "y")
    found = alternatives_of(
        words("您", "好", "号"),
        [
            reading(0.1, (200, 300, "号", "好"), elsewhere),
            reading(0.15, (0, 100, "您", "你")),
            reading(0.2, (200, 300, "号", "好")),
            reading(0.5, elsewhere),
        ],
    )
    assert found == (Alternative(text="您好好", share=0.3), Alternative(text="你好号", share=0.15))


def test_few_are_kept_and_none_that_is_hardly_believed() -> None:
    several = [reading(0.1, (0, 100, "您", other)) for other in "你呢宁凝"]
    assert len(alternatives_of(words("您", "好"), several)) == MOST_ALTERNATIVES
    assert alternatives_of(words("您", "好"), [reading(0.01, (0, 100, "您", "你"))]) == ()


def test_a_change_of_words_that_no_longer_stand_there_is_none() -> None:
    assert alternatives_of(words("您", "好"), [reading(0.4, (0, 100, "宁", "您")), reading(0.4, (0, 150, "您好", "你好"))]) == ()


def test_an_utterance_of_which_nothing_is_left_has_no_such_alternative() -> None:
    assert alternatives_of(words(" Oh"), [reading(0.4, (0, 100, "Oh", ""))]) == ()


class Decoder:
    """Stands for a model; remembers what it was asked for."""

    device = "cpu"

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def generate(self, window: str, **options: Any) -> list[Decoding]:
        self.asked.append(options)
        return [Decoding([[len(window)]])]


def test_the_beam_is_asked_for_all_of_its_readings_and_what_it_said_is_kept() -> None:
    decoder = Decoder()
    beam = Beam(decoder)
    with beam.recorded() as kept:
        given = beam.generate("a window", beam_size=5)
    assert kept == given and decoder.asked == [{"beam_size": 5, "num_hypotheses": 5}]
    assert beam.device == "cpu"


def test_a_search_without_a_beam_has_one_reading() -> None:
    decoder = Decoder()
    Beam(decoder).generate("a window", beam_size=1)
    assert decoder.asked == [{"beam_size": 1}]
