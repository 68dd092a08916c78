"""What a track says of its stretches."""

from __future__ import annotations

import numpy as np
import pytest

from qa_pipeline.speech.activity import SAMPLE_RATE
from qa_pipeline.speech.track import Track, track_of


def test_a_voice_stands_out_by_what_lies_between_it_and_the_quiet() -> None:
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 0.001, 6 * SAMPLE_RATE)
    sound[2 * SAMPLE_RATE : 4 * SAMPLE_RATE] *= 100
    track = Track(samples=sound.astype(np.float32), heard=np.zeros(188, np.float32), spans=[])
    assert track.stands_out_db(2_000, 4_000) == pytest.approx(40, abs=2)
    # Beside the voice, but not it.
    assert track.stands_out_db(4_500, 5_500) < 5
    assert (track.stands_out(2_000, 4_000), track.stands_out(4_500, 5_500)) == (True, False)
    assert track.stands_out_db(9_000, 9_500) == 0.0


@pytest.mark.parametrize("samples", [0, 100, 5 * SAMPLE_RATE])
def test_silence_holds_no_speech(samples: int) -> None:
    assert track_of(np.zeros(samples, np.float32)).spans == []
