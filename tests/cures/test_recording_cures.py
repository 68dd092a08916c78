"""What cannot be decoded, read or played: each recording that is refused by name, and the same after its cure."""

from __future__ import annotations

import os
import subprocess
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings import container, playback
from qa_pipeline.recordings.address import as_raw, joined, parse_raw
from qa_pipeline.recordings.audio import decode
from qa_pipeline.recordings.files import read_bytes
from qa_pipeline.recordings.playback import load_peaks, make_playable
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


def _header(path: Path, *, kind: int = 1, rate: int = RATE) -> Path:
    """A WAV whose head says another codec or rate than it has."""
    content = _wav(path, _sound()).read_bytes()
    return _bytes(path, content[:20] + kind.to_bytes(2, "little") + content[22:24] + rate.to_bytes(4, "little") + content[28:])


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
    ("{uri} has {channels} channels; one or two are wanted", "c.wav", lambda p: _wav(p, *(_sound(n) for n in range(9))), lambda p: _wav(p, _sound(0), _sound(1))),
    ("{uri} is sound of a kind that cannot be decoded", "c.wav", lambda p: _header(p, kind=0x4142), lambda p: _wav(p, _sound())),
    ("{_uri} has {sample_rate} Hz, which cannot be brought to ours", "c.wav", lambda p: _header(p, rate=2**31 - 1), lambda p: _wav(p, _sound())),
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


def test_a_recording_of_many_hours_is_heard_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "_LONGEST_SECONDS", 2)
    with pytest.raises(RecordingError) as caught:
        decode(str(_wav(tmp_path / "c.wav", _sound(seconds=3))))
    assert says(caught.value.message, "{uri} holds more than … hours of sound.")
    assert "part%03d.wav" in caught.value.advice
    assert [decode(str(_wav(tmp_path / f"part00{n}.wav", _sound(seconds=1)))).duration_ms for n in range(3)] == [1000] * 3


def test_raw_sound_that_is_empty_is_copied_again_and_heard(tmp_path: Path) -> None:
    def heard(content: bytes) -> int:
        return decode(as_raw(str(_bytes(tmp_path / "c.vox", content)), parse_raw(".vox=vox")[".vox"])).duration_ms

    with pytest.raises(RecordingError) as caught:
        heard(b"")
    assert says(caught.value.message, "{uri} holds no sound.")
    assert heard(bytes(4000)) == 1000


def test_a_file_of_both_parties_is_run_by_itself_and_files_of_one_each_are_joined(tmp_path: Path) -> None:
    both, one, other = (
        str(_wav(tmp_path / name, *tracks))
        for name, *tracks in (("a.wav", _sound(1), _sound(2)), ("b.wav", _sound(3)), ("c.wav", _sound(4)))
    )
    with pytest.raises(RecordingError) as caught:
        decode(joined(both, [one], are_parties=True))
    assert says(caught.value.message, "{uri}: a file of the two holds both parties already.")
    assert [decode(uri).samples.shape[0] for uri in (both, joined(one, [other], are_parties=True))] == [2, 2]


def test_a_transcript_that_is_too_large_is_split(tmp_path: Path) -> None:
    path = _bytes(tmp_path / "t.txt", bytes(2_000_000))
    with pytest.raises(RecordingError) as caught:
        read_bytes(str(path), at_most=1_000_000)
    assert says(caught.value.message, "{uri} has more than … MB.")
    assert [len(read_bytes(str(_bytes(tmp_path / name, bytes(1_000_000))), at_most=1_000_000)) for name in ("t1.txt", "t2.txt")] == [
        1_000_000
    ] * 2


@contextmanager
def _somebody_else() -> Iterator[None]:
    """Not root, who may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_not_be_read_is_read_once_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _wav(tmp_path / "c.wav", _sound())
    # Folders above may be closed to somebody else.
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    path.chmod(0o000)
    with _somebody_else(), pytest.raises(RecordingError) as caught:
        decode("c.wav")
    assert says(caught.value.message, "{uri} may not be read.")
    path.chmod(0o644)
    with _somebody_else():
        assert decode("c.wav").duration_ms == 1000


def test_what_cannot_be_played_is_once_its_own_cure_is_followed(tmp_path: Path) -> None:
    peaks, path = tmp_path / "c.peaks", _rifx(tmp_path / "c.wav")
    with pytest.raises(RecordingError) as caught:
        make_playable(str(path), sound=None, peaks=peaks)
    assert says(caught.value.message, "{uri} cannot be played: {why}") and caught.value.advice == "Convert it: `sox FILE NEW.wav`."
    make_playable(str(_wav(path, _sound())), sound=None, peaks=peaks)
    assert load_peaks(peaks) is not None


def test_a_decoder_that_hangs_or_ends_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        raise subprocess.TimeoutExpired("decoder", 300)

    told = []
    for decoder in (run, lambda *_, **__: subprocess.CompletedProcess((), -11, "", "")):
        with monkeypatch.context() as patched, pytest.raises(RecordingError) as caught:
            patched.setattr(playback.subprocess, "run", decoder)
            make_playable(str(tmp_path / "c.wav"), sound=None, peaks=tmp_path / "p")
        told.append(caught.value)
    assert says(told[0].message, "decoding took more than 300 s") and "less busy" in told[0].advice
    assert says(told[1].message, "the decoder ended with {returncode}") and "Copy it again" in told[1].advice
    make_playable(str(_wav(tmp_path / "c.wav", _sound())), sound=None, peaks=tmp_path / "p")
    assert load_peaks(tmp_path / "p") is not None


ALL_TEXTS = (
    *(row[0] for row in ROWS),
    "{uri} holds more than … hours of sound.",
    "{uri} holds no sound.",
    "{uri}: a file of the two holds both parties already.",
    "{uri} has more than … MB.",
    "{uri} may not be read.",
    "{uri} cannot be played: {why}",
    "decoding took more than 300 s",
    "the decoder ended with {returncode}",
)
