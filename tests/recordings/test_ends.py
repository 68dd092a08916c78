"""Cut off means cut off: headers that promise too much, or nothing, cut no call."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from containers import speech, without_index
from sounds import write_sound

from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings.audio import decode, holds_nothing, known_seconds

SECONDS = 6.0


def wav(tmp_path: Path, *, data: int | None = None, outer: int | None = None) -> Path:
    """Six seconds with other numbers in the header: what is added to the length of the sound, and of the whole."""
    path = write_sound(tmp_path / "c.wav", speech(SECONDS))
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    if data is not None:
        content[place : place + 4] = data.to_bytes(4, "little")
    if outer is not None:
        content[4:8] = outer.to_bytes(4, "little")
    path.write_bytes(content)
    return path


SOUND = int(SECONDS * 8000) * 2


@pytest.mark.parametrize("surplus", [1, 2, 16, 36, 44, 58, 78, 512, 4096])
@pytest.mark.parametrize("is_outer_wrong", [False, True])
def test_a_length_that_counts_the_header_cuts_nothing(tmp_path: Path, surplus: int, is_outer_wrong: bool) -> None:
    path = wav(tmp_path, data=SOUND + surplus, outer=SOUND + surplus + 36 if is_outer_wrong else None)
    audio = decode(str(path))
    assert (audio.is_truncated, audio.lost_ms, audio.duration_ms) == (False, 0, 6000)


@pytest.mark.parametrize("data", [0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFDB, 0x7FFFFFDB])
def test_a_streamed_length_cuts_nothing(tmp_path: Path, data: int) -> None:
    audio = decode(str(wav(tmp_path, data=data, outer=min(data + 36, 0xFFFFFFFF) if data else 0)))
    assert (audio.is_truncated, audio.lost_ms, audio.duration_ms) == (False, 0, 6000)


def test_a_length_that_the_outer_one_contradicts_cuts_nothing(tmp_path: Path) -> None:
    assert not decode(str(wav(tmp_path, data=SOUND * 2))).is_truncated


def test_a_length_that_both_promise_cuts(tmp_path: Path) -> None:
    audio = decode(str(wav(tmp_path, data=SOUND * 2, outer=SOUND * 2 + 36)))
    assert audio.is_truncated
    assert audio.missing_ms == pytest.approx(6000, abs=20)


@pytest.mark.parametrize("loud_first", [False, True])
def test_a_variable_rate_without_an_index_cuts_nothing_and_its_length_is_counted(tmp_path: Path, loud_first: bool) -> None:
    parts = [speech(6.0, rate=16_000), np.zeros(6 * 16_000, np.float32)]
    sound = np.concatenate(parts if loud_first else parts[::-1])
    path = without_index(write_sound(tmp_path / "c.mp3", sound, codec="libmp3lame", rate=16_000))
    audio = decode(str(path))
    assert not audio.is_truncated
    assert audio.duration_ms == pytest.approx(12_000, abs=150)
    assert known_seconds(str(path)) == pytest.approx(12.0, abs=0.2)


@pytest.mark.parametrize(
    "form", [("c.webm", "libopus"), ("c.mka", "libopus"), ("c.m4a", "aac"), ("c.ogg", "flac"), ("c.flac", "flac")], ids=str
)
def test_the_length_known_beforehand_is_that_of_the_recording(tmp_path: Path, form: tuple[str, str]) -> None:
    path = write_sound(tmp_path / form[0], speech(7.0), codec=form[1])
    assert known_seconds(str(path)) == pytest.approx(decode(str(path)).duration_ms / 1000, abs=0.15)


@pytest.mark.parametrize("name", ["c.wav", "c.aiff"])
def test_a_header_without_sound_is_an_empty_recording_and_no_damage(tmp_path: Path, name: str) -> None:
    codec = {"c.wav": "pcm_s16le", "c.aiff": "pcm_s16be"}[name]
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        container.add_stream(codec, rate=8000, layout="mono")
        container.start_encoding()
    assert holds_nothing(str(path))
    with pytest.raises(RecordingError):
        decode(str(path))


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all", bytes(44)])
def test_what_is_damaged_is_no_empty_recording(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.wav").write_bytes(content)
    assert not holds_nothing(str(tmp_path / "c.wav"))


def test_a_short_call_is_no_empty_recording(tmp_path: Path) -> None:
    assert not holds_nothing(str(write_sound(tmp_path / "c.wav", speech(0.2))))
