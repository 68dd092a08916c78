"""Sound that is very quiet throughout brought to the level at which recorders leave speech, so that nothing that listens has limits of its own for it. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.recordings.loudness import loud_of

_FRAME = 320
# Of the loud moments, dB of full scale. Chosen: on sample calls everything is heard down to −48 as it is.
_QUIET_DB = -45.0
_WANTED_DB = -25.0
# Below this not even the last bit of 16 moves all the time.
_NOTHING_DB = -100.0


def audible(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The samples, all with one gain where even the loudest of them are very quiet. samples: (channels, n) or (n,) float32 at 16 kHz."""
    loud = loud_db(samples)
    if not _NOTHING_DB < loud < _QUIET_DB:
        return samples
    # What clicks beyond full scale decides nothing.
    raised: NDArray[np.float32] = np.clip(samples * np.float32(10 ** ((_WANTED_DB - loud) / 20)), -1.0, 1.0)
    return raised


def loud_db(samples: NDArray[np.float32]) -> float:
    """Level of the loud moments of the loudest channel, dB of full scale; −120 where there is nothing."""
    tracks = [levels_db(track) for track in np.atleast_2d(samples)]
    return max((loud_of(levels) for levels in tracks if levels.size), default=-120.0)


def levels_db(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """dB of full scale of each 20 ms; −120 where there is nothing. samples: (n,) float32 at 16 kHz."""
    found: NDArray[np.float64] = 10 * np.log10(powers(samples) + 1e-12)
    return found


def powers(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean square of each 20 ms. samples: (n,) float32 at 16 kHz."""
    frames = samples[: samples.size // _FRAME * _FRAME].reshape(-1, _FRAME)
    found: NDArray[np.float64] = np.mean(np.square(frames, dtype=np.float64), axis=1)
    return found
