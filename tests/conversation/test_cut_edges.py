"""Whether a recording begins or ends inside speech, told from its sound and its file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.call import Utterance
from qa_pipeline.conversation.listen import cut_edges
from qa_pipeline.conversation.written import conversation
from qa_pipeline.recordings.audio import Audio

SECONDS = 6


def sound(*spans: tuple[float, float], fade_s: float = 0.05) -> NDArray[np.float32]:
    """(n,) of a voice in some spans, which begins and ends as voices do, on a quiet line."""
    rng = np.random.default_rng(1)
    clock = np.arange(SECONDS * 16_000) / 16_000
    gain = sum(np.clip(np.minimum(clock - start, end - clock) / fade_s, 0, 1) for start, end in spans)
    return (0.2 * gain * rng.normal(size=clock.size) + 0.0003 * rng.normal(size=clock.size)).astype(np.float32)


def said(start_ms: int, end_ms: int) -> tuple[Utterance, ...]:
    (utterance,) = conversation("0:00 agent: hello").utterances
    return (replace(utterance, start_ms=start_ms, end_ms=end_ms),)


def edges(
    track: NDArray[np.float32], utterances: tuple[Utterance, ...], *others: NDArray[np.float32], is_truncated: bool = False
) -> tuple[bool, bool]:
    tracks = [track, *others]
    return cut_edges(Audio(samples=np.stack(tracks), is_truncated=is_truncated), tracks, utterances)


@pytest.mark.parametrize("gain", [1.0, 0.1, 0.02])
@pytest.mark.parametrize(
    ("span", "cut"), [((-1.0, 3.0), (True, False)), ((3.0, 7.0), (False, True)), ((-1.0, 7.0), (True, True)), ((1.0, 5.0), (False, False))]
)
def test_speech_that_runs_over_an_edge_is_cut_there(gain: float, span: tuple[float, float], cut: tuple[bool, bool]) -> None:
    words = said(max(0, int(span[0] * 1000)), min(SECONDS * 1000, int(span[1] * 1000)))
    assert edges(gain * sound(span), words) == cut
    quiet = gain * sound((2.0, 2.5))
    assert edges(quiet, words, gain * sound(span)) == cut


def test_a_word_that_begins_with_the_recording_is_whole() -> None:
    assert edges(sound((0.01, 3.0)), said(0, 3000)) == (False, False)


def test_noise_at_the_edge_of_a_quiet_track_is_no_speech() -> None:
    noise = 0.003 * np.random.default_rng(2).normal(size=SECONDS * 16_000).astype(np.float32)
    assert edges(sound((1.0, 5.0)), said(0, SECONDS * 1000), noise + sound((2.0, 3.0))) == (False, False)


def test_a_file_that_broke_off_is_cut_whatever_was_said() -> None:
    assert edges(sound((1.0, 3.0)), said(1000, 3000), is_truncated=True) == (False, True)
    assert edges(sound((1.0, 3.0)), (), is_truncated=True) == (False, True)


def test_where_nothing_was_said_nothing_is_cut() -> None:
    assert edges(sound((-1.0, 7.0)), ()) == (False, False)
