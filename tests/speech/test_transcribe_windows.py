"""The arithmetic around the recogniser: windows of speech, times back in the recording, speech that got no words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Word
from qa_pipeline.speech.activity import Span
from qa_pipeline.speech.transcribe import Transcript, _dropped, _is_covered
from qa_pipeline.speech.windows import put_back, span_of, windows_of

# Longer than any recording that hypothesis makes up, and all alike.
SILENCE = np.zeros(8 * 65_000 * 16, np.float32)
SPANS = st.lists(st.tuples(st.integers(1, 5_000), st.integers(1, 60_000)), max_size=8).map(
    lambda steps: [
        (sum(g + n for g, n in steps[:i]) + steps[i][0], sum(g + n for g, n in steps[:i]) + sum(steps[i])) for i in range(len(steps))
    ]
)


def word(start: int, end: int) -> Word:
    return Word(text=" a", start_ms=start, end_ms=end, confidence=1.0)


@pytest.mark.parametrize(
    ("spans", "windows"),
    [
        ([], []),
        ([(0, 1000)], [[(0, 1000)]]),
        # 10 + 0.5 + 14 + 0.5 seconds fill a window of 25 exactly.
        ([(0, 10_000), (20_000, 34_000)], [[(0, 10_000), (20_000, 34_000)]]),
        ([(0, 10_000), (20_000, 34_001)], [[(0, 10_000)], [(20_000, 34_001)]]),
    ],
)
def test_spans_fill_windows_of_25_seconds(spans: list[Span], windows: list[list[Span]]) -> None:
    assert windows_of(spans, SILENCE, 25_000) == windows


def test_a_long_span_is_cut_in_its_quietest_moment() -> None:
    sound = np.full(60 * 16_000, 0.3, np.float32)
    sound[22 * 16_000 : 22 * 16_000 + 4_800] = 0.01
    (first, *_), *rest = windows_of([(0, 60_000)], sound, 25_000)
    assert first[0] == 0
    assert 22_000 <= first[1] <= 22_300
    assert rest[0][0][0] == first[1]


@given(SPANS)
def test_windows_hold_all_speech_in_order_and_none_is_too_long(spans: list[Span]) -> None:
    windows = windows_of(spans, SILENCE, 25_000)
    pieces = [piece for window in windows for piece in window]
    assert sum(b - a for a, b in pieces) == sum(b - a for a, b in spans)
    assert pieces == sorted(pieces)
    assert all(sum(b - a for a, b in window) <= 25_000 for window in windows)


# Two spans laid end to end with 500 ms between: 0–1000 stand for 5000–6000, 1500–3500 for 9000–11 000.
LAID: list[Span] = [(5000, 6000), (9000, 11_000)]


@pytest.mark.parametrize(
    ("heard", "index", "placed"),
    [
        ((0, 400), 0, (5000, 5400)),
        ((900, 1200), 0, (5900, 6000)),
        ((1500, 1800), 1, (9000, 9300)),
        ((1450, 1700), 1, (9000, 9200)),
        ((3400, 3900), 1, (10_900, 11_000)),
    ],
)
def test_a_word_gets_its_time_in_the_recording_back(heard: Span, index: int, placed: Span) -> None:
    assert span_of(word(*heard), LAID) == index
    assert put_back(word(*heard), LAID, index) == word(*placed)


@given(SPANS, st.integers(0, 100_000), st.integers(0, 5000))
def test_a_placed_word_lies_inside_its_span(spans: list[Span], start: int, length: int) -> None:
    for window in windows_of(spans, SILENCE, 25_000):
        heard = word(start, start + length)
        index = span_of(heard, window)
        placed = put_back(heard, window, index)
        assert window[index][0] <= placed.start_ms <= placed.end_ms <= window[index][1]


@pytest.mark.parametrize(
    ("words", "dropped"),
    [
        ([(0, 10_000)], []),
        ([], [(0, 10_000)]),
        # At an edge 300 ms of padding carry no words: 1200 ms are missed there, 900 in between; each with 100 ms around it.
        ([(0, 8800)], [(8700, 10_000)]),
        ([(0, 8801)], []),
        ([(1200, 10_000)], [(0, 1300)]),
        ([(1199, 10_000)], []),
        ([(0, 4000), (4900, 10_000)], [(3900, 5000)]),
        ([(0, 4000), (4899, 10_000)], []),
        ([(4900, 10_000), (0, 4000)], [(3900, 5000)]),
    ],
)
def test_speech_without_words_is_looked_at_again(words: list[Span], dropped: list[Span]) -> None:
    assert _dropped([(0, 10_000)], [[word(*span)] for span in words]) == dropped


def test_silence_between_spans_is_not_dropped_speech() -> None:
    assert _dropped([(0, 1000), (60_000, 61_000)], [[word(0, 1000)], [word(60_000, 61_000)]]) == []


@pytest.mark.parametrize(("other", "covered"), [((0, 600), True), ((0, 500), False), ((1000, 2000), False)])
def test_words_that_stand_already_cover_half_of_a_second_look(other: Span, covered: bool) -> None:
    assert _is_covered([word(0, 1000)], [[word(*other)]]) is covered


def test_the_words_of_a_transcript_are_those_of_its_segments() -> None:
    transcript = Transcript(language="en", language_confidence=None, segments=((word(0, 1),), (word(2, 3), word(4, 5))))
    assert [w.start_ms for w in transcript.words] == [0, 2, 4]
