"""How loud the speech of a track is beside what lies behind it, also where somebody says no more than yes and goodbye in many minutes. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRAME_MS = 20
# Of what is digital silence nothing is known: no line is that quiet.
_DIGITAL_SILENCE_DB = -95.0
_FLOOR_PERCENTILE = 10
# Who speaks at all mostly does so for more than a fiftieth of the time. Of clicks that take less nobody should learn how loud speech is.
_LOUD_PERCENTILE = 98
_ABOVE_FLOOR_DB = 7.0
# Two short words.
_SELDOM_MS = 400


def floor_of(levels: NDArray[np.float64]) -> float:
    """Level of the background: of the quietest tenth that is not digital silence; −100 where all is. levels: (frames,) dB of full scale for each 20 ms."""
    heard = levels[levels > _DIGITAL_SILENCE_DB]
    return float(np.percentile(heard, _FLOOR_PERCENTILE)) if heard.size else -100.0


def loud_of(levels: NDArray[np.float64]) -> float:
    """Level of the loud moments: of the loudest fiftieth of the time, or, where that is no louder than the background, of the loudest 0.4 s. levels: as of floor_of."""
    often = float(np.percentile(levels, _LOUD_PERCENTILE))
    if often >= floor_of(levels) + _ABOVE_FLOOR_DB or levels.size < 2 * _SELDOM_MS // FRAME_MS:
        return often
    place = levels.size - _SELDOM_MS // FRAME_MS
    return max(often, float(np.partition(levels, place)[place]))
