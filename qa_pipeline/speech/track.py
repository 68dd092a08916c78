"""A track with what voice activity says of it: its samples in, where and how surely somebody speaks out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.speech.activity import PROBABILITY_MS, SAMPLE_RATE, Span, active_spans, speech_probability, with_speech
from qa_pipeline.speech.level import audible, powers

# A voice at the telephone pauses: of 559 stretches of sample and recorded calls one spans less; crowds of four and of eight voices span 11 to 18 dB.
_IN_FRONT_DB = 18.0
# Where nothing but the noise of a line lies behind, its quiet moments are alike: between the quietest fiftieth and tenth lie 0.2 to 0.6 dB, in crowds 1.9 to 7.
# There a quiet voice is no crowd. Chosen on sample calls 40 dB quieter, with noise of −75 dBFS.
_STEADY_DB = 1.2
_IN_FRONT_OF_NOISE_DB = 8.0
_AROUND_MS = 2_000
# Mean probability of speech over 160 ms (five values) from which somebody surely speaks: noise, ringing and clicks come to 0.3 (speech/activity.py).
_SURELY = 0.5
_MOMENT = 5


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """`samples`: (n,) float32 at 16 kHz, raised where they are very quiet; `heard`: probability of speech for each 32 ms, 0 where it is silent; `spans`: speech, in ms."""

    samples: NDArray[np.float32]
    heard: NDArray[np.float32]
    spans: list[Span]

    def part(self, start_ms: int, end_ms: int) -> NDArray[np.float32]:
        """The samples of a stretch."""
        return self.samples[start_ms * SAMPLE_RATE // 1000 : end_ms * SAMPLE_RATE // 1000]

    def mean_heard(self, start_ms: int, end_ms: int) -> float:
        """Mean probability of speech in a stretch."""
        part = self.heard[start_ms // PROBABILITY_MS : end_ms // PROBABILITY_MS + 1]
        return float(part.mean()) if part.size else 0.0

    def stands_out(self, start_ms: int, end_ms: int) -> bool:
        """Whether somebody speaks in front of what is behind. Without that, words are a crowd's or invented unless they come surely."""
        own_db = self.stands_out_db(start_ms, end_ms)
        return own_db >= _IN_FRONT_DB or (own_db >= _IN_FRONT_OF_NOISE_DB and self._is_steady(start_ms, end_ms))

    def _is_steady(self, start_ms: int, end_ms: int) -> bool:
        """Whether what lies behind a stretch is noise of one level."""
        around = self._around(start_ms, end_ms)
        if not around.size:
            return False
        least, low = np.percentile(around, (2, 10))
        return bool(10 * np.log10((low + 1e-12) / (least + 1e-12)) < _STEADY_DB)

    def _around(self, start_ms: int, end_ms: int) -> NDArray[np.float64]:
        return powers(self.part(max(0, start_ms - _AROUND_MS), end_ms + _AROUND_MS))

    def stands_out_db(self, start_ms: int, end_ms: int) -> float:
        """How far the loud moments of a stretch stand above the quiet ones of it and two seconds around it: little in a crowd, which never pauses."""
        own, around = powers(self.part(start_ms, end_ms)), self._around(start_ms, end_ms)
        if not (own.size and around.size):
            return 0.0
        return float(10 * np.log10((np.percentile(own, 98) + 1e-12) / (np.percentile(around, 10) + 1e-12)))


def track_of(audio: NDArray[np.float32]) -> Track:
    """Find where somebody speaks. audio: (n,) float32 in [−1, 1] at 16 kHz."""
    audio = audible(audio)
    active = active_spans(audio) if audio.size >= SAMPLE_RATE // 10 else []
    heard = speech_probability(audio, active) if active else np.zeros(0, np.float32)
    return Track(samples=audio, heard=heard, spans=with_speech(active, heard))


def sure_moments(audio: NDArray[np.float32]) -> list[Span]:
    """The surest moment of each stretch in which somebody surely speaks, in ms. audio: (n,) float32 in [−1, 1] at 16 kHz."""
    track = track_of(audio)
    found: list[Span] = []
    for start, end in track.spans:
        first = start // PROBABILITY_MS
        means = np.convolve(track.heard[first : end // PROBABILITY_MS + 1], np.full(_MOMENT, 1 / _MOMENT), mode="valid")
        place = int(means.argmax())
        if end - start >= _MOMENT * PROBABILITY_MS and means[place] >= _SURELY:
            found.append(((first + place) * PROBABILITY_MS, (first + place + _MOMENT) * PROBABILITY_MS))
    return found
