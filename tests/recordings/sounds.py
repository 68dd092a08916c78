"""Recordings written for tests: tones in any container PyAV encodes."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1"}


def tone(seconds: float = 2.0, *, hertz: float = 440.0, rate: int = 8000, loudness: float = 0.3) -> NDArray[np.float32]:
    """(n,) float32 of a steady tone."""
    return (loudness * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_sound(path: Path, *tracks: NDArray[np.float32], codec: str = "pcm_s16le", rate: int = 8000) -> Path:
    """Write tracks of one length as one file; the container follows from the file's suffix."""
    layout = LAYOUTS[len(tracks)]
    samples = (np.stack(tracks).T.reshape(1, -1) * 32767).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="s16", layout=layout)
        frame.rate, frame.pts = rate, 0
        context = stream.codec_context
        resampler = av.AudioResampler(
            format=context.format.name, layout=layout, rate=context.sample_rate, frame_size=context.frame_size or None
        )
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path
