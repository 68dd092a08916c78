"""One track with two parties of whom one is far quieter: what he says is raised to the level of the other, so that it is not taken for background.

Where somebody speaks is told beside the loudest of a track (activity.py), and whoever is 25 dB below has no part in that. So what is left beside the loud stretches
is looked through once more, beside itself. Only what the detector is sure is speech, and what stands out of the line's background, is raised.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.recordings.loudness import floor_of, loud_of
from qa_pipeline.speech.activity import SAMPLE_RATE, Span
from qa_pipeline.speech.level import levels_db, loud_db
from qa_pipeline.speech.track import track_of

# How far it must stand out of what is between. Chosen; a crowd's voices do less.
_ABOVE_FLOOR_DB = 12.0
_MOST_RAISED_DB = 45.0
# Mean probability of speech of a stretch with what is padded. A melody has moments of more, and no stretch.
_SURELY = 0.33
# Less than this is a breath or a colleague's word in the room, and changes nothing.
_LEAST_MS = 1_000
_FADE = SAMPLE_RATE // 100


def evened(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The track with the speech of a quiet party raised; the very same where there is none. audio: (n,) float32 in [−1, 1] at 16 kHz."""
    if audio.size < SAMPLE_RATE:
        return audio
    track = track_of(audio)
    if not track.spans:
        return audio
    left = audio.copy()
    for span in track.spans:
        left[_place(span)] = 0
    quiet = _surely_said(left, floor_of(levels_db(audio)))
    if sum(end - start for start, end in quiet) < _LEAST_MS:
        return audio
    wanted = loud_of(np.concatenate([levels_db(track.part(*span)) for span in track.spans]))
    gain = np.ones(audio.size, np.float32)
    for span in quiet:
        raised_db = min(wanted - loud_db(left[_place(span)]), _MOST_RAISED_DB)
        gain[_place(span)] = 10 ** (max(0.0, raised_db) / 20)
    # Ten milliseconds of fading, so that no click is heard as a consonant. What is loud stays as it is.
    smooth = np.convolve(gain, np.ones(_FADE, np.float32) / _FADE, mode="same").astype(np.float32)
    return np.where(left != 0, np.clip(audio * smooth, -1, 1), audio).astype(np.float32)


def _surely_said(left: NDArray[np.float32], floor: float) -> list[Span]:
    track = track_of(left)
    return [span for span in track.spans if track.mean_heard(*span) >= _SURELY and loud_db(left[_place(span)]) >= floor + _ABOVE_FLOOR_DB]


def _place(span: Span) -> slice:
    """The samples of a stretch in ms."""
    return slice(span[0] * SAMPLE_RATE // 1000, span[1] * SAMPLE_RATE // 1000)
