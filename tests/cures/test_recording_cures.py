"""What cannot be decoded: each recording that is refused by name, and the same after its cure."""

from __future__ import annotations

import os
import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings.audio import decode
from tests.cures.texts import says

RATE = 8000


def _sound(seed: int = 0, seconds: float = 1.0) -> NDArray[np.int16]:
    return np.random.default_rng(seed).normal(0, 3000, round(seconds * RATE)).clip(-30_000, 30_000).astype(np.int16)


def _wav(path: Path, *channels: NDArray[np.int16], rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.stack(channels).T.astype("<i2").tobytes())
    return path


def _mka(path: Path, *tracks: NDArray[np.int16]) -> Path:
    """A file with a track for each."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in tracks]
        for stream, track in zip(streams, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(track[np.newaxis], format="s16", layout="mono")
            frame.rate, frame.pts = RATE, 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def _video(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _rifx(path: Path) -> Path:
    """As `sox -B` writes it."""
    content = _wav(path, _sound()).read_bytes()
    return _bytes(path, b"RIFX" + content[4:])


def _m4a(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(_sound(seconds=4)[np.newaxis], format="s16", layout="mono")
        frame.rate, frame.pts = RATE, 0
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE, frame_size=1024)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def _cut_m4a(path: Path) -> Path:
    content = _m4a(path).read_bytes()
    return _bytes(path, content[: len(content) // 2])


def _pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


Make = Callable[[Path], Path]
# The beginning of a text of docs/messages.md, the file's name, what brings it, what its cure makes.
ROWS: tuple[tuple[str, str, Make, Make], ...] = (
    ("{uri} has sound of its own on … channels", "c.wav", lambda p: _wav(p, *(_sound(n) for n in range(4))), lambda p: _wav(p, _sound(0), _sound(1))),
    ("{uri} has … audio tracks", "c.mka", lambda p: _mka(p, *(_sound(n) for n in range(3))), lambda p: _mka(p, _sound(0), _sound(1))),
    ("{uri} is a WAV with the bytes of its numbers the other way", "c.wav", _rifx, lambda p: _wav(p, _sound())),
    ("{uri} breaks off before its index", "c.m4a", _cut_m4a, _m4a),
    ("{uri} has no audio track", "c.mp4", _video, lambda p: _m4a(p.with_suffix(".m4a"))),
    ("{uri} has {rate} Hz; at least", "c.wav", lambda p: _wav(p, _sound(), rate=4000), lambda p: _wav(p, _sound())),
    ("{uri} is not audio that can be decoded", "c.wav", lambda p: _bytes(p, bytes(range(128, 256)) * 30), lambda p: _wav(p, _sound())),
    ("{uri} is not a file", "c.wav", _folder, lambda p: _wav(p.with_name("d.wav"), _sound())),
    ("{uri} is a pipe, a socket", "c.wav", _pipe, lambda p: _wav(p.with_name("d.wav"), _sound())),
    ("{uri} is not there", "c.wav", lambda p: p, lambda p: _wav(p, _sound())),
    ("{uri} is {what}, and no recording", "c.wav", lambda p: _bytes(p, b"<html><body>Sign in</body></html>"), lambda p: _wav(p, _sound())),
    ("{uri} holds no sound that can be decoded", "c.wav", lambda p: _wav(p, _sound(seconds=0)), lambda p: _wav(p, _sound())),
)  # fmt: skip


@pytest.mark.parametrize(("text", "name", "slip", "cured"), ROWS, ids=[row[0] for row in ROWS])
def test_after_its_cure_a_recording_is_decoded(tmp_path: Path, text: str, name: str, slip: Make, cured: Make) -> None:
    (tmp_path / "slip").mkdir()
    (tmp_path / "cured").mkdir()
    with pytest.raises(RecordingError) as caught:
        decode(str(slip(tmp_path / "slip" / name)))
    assert says(caught.value.message, text), caught.value.message
    assert decode(str(cured(tmp_path / "cured" / name))).duration_ms > 500
