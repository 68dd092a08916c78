"""Recordings put one behind the other in one file, and samples that are written otherwise than most: all of it is heard, or refused by name."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from containers import cut, loud_ms, speech
from sounds import tone, write_sound

from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings.audio import decode, known_seconds
from qa_pipeline.recordings.playback import type_played

SOUND = speech(3.0)
INTEGERS = (SOUND * 32767).astype("<i2").tobytes()
GLUED = [
    ("c.wav", "pcm_s16le"), ("c.wav", "pcm_mulaw"), ("c.wav", "adpcm_ms"), ("c.w64", "pcm_s16le"), ("c.aiff", "pcm_s16be"), ("c.caf", "pcm_s16le"),
    ("c.au", "pcm_mulaw"), ("c.m4a", "aac"), ("c.m4a", "alac"), ("c.3gp", "libopencore_amrnb"), ("c.mov", "pcm_s16le"), ("c.mp4", "libopus"),
    ("c.ogg", "libopus"), ("c.webm", "libopus"), ("c.flac", "flac"), ("c.mp3", "libmp3lame"), ("c.aac", "aac"), ("c.amr", "libopencore_amrnb"),
]  # fmt: skip


def chunk(name: bytes, content: bytes, *, padded: bool = True) -> bytes:
    return name + struct.pack("<I", len(content)) + content + (b"\0" if padded and len(content) % 2 else b"")


def form(tag: int = 1, bits: int = 16, rate: int = 8000) -> bytes:
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, 1, rate, rate * bits // 8, bits // 8, bits))


def wave(*chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + len(b"".join(chunks))) + b"WAVE" + b"".join(chunks)


def written(folder: Path, content: bytes) -> str:
    (folder / "c.wav").write_bytes(content)
    return str(folder / "c.wav")


@pytest.mark.parametrize("form_", GLUED, ids=str)
def test_of_files_put_one_behind_the_other_all_are_heard(tmp_path: Path, form_: tuple[str, str]) -> None:
    first = write_sound(tmp_path / form_[0], SOUND, codec=form_[1])
    once = decode(str(first))
    second = write_sound(tmp_path / f"second{first.suffix}", SOUND[:16_000], codec=form_[1])
    first.write_bytes(first.read_bytes() + second.read_bytes())
    audio = decode(str(first))
    assert loud_ms(audio.samples) > 1.5 * loud_ms(once.samples)
    assert audio.duration_ms == pytest.approx(5000, abs=400)
    assert not audio.is_truncated
    assert known_seconds(str(first)) == pytest.approx(5.0, abs=0.4) or first.suffix in (".ogg", ".webm", ".mp3", ".flac", ".amr", ".au")


def test_a_second_file_of_another_form_that_breaks_off_is_heard_and_told(tmp_path: Path) -> None:
    menu = write_sound(tmp_path / "c.wav", tone(2.0, rate=16_000), tone(2.0, rate=16_000), rate=16_000)
    call = cut(write_sound(tmp_path / "d.wav", SOUND), share=0.5)
    menu.write_bytes(menu.read_bytes() + call.read_bytes())
    audio = decode(str(menu))
    assert audio.duration_ms == pytest.approx(3500, abs=20)
    assert (audio.samples.shape[0], audio.is_truncated) == (2, True)
    assert audio.missing_ms == pytest.approx(1500, abs=20)
    assert type_played(str(menu)) is None


@pytest.mark.parametrize("between", [b"", chunk(b"LIST", b"INFOx"), chunk(b"LIST", b"INFOx", padded=False)])
def test_a_recorder_that_was_paused_leaves_several_stretches_of_sound(tmp_path: Path, between: bytes) -> None:
    parts = [chunk(b"data", INTEGERS[:20_001], padded=between == b""), between, chunk(b"data", b""), chunk(b"data", INTEGERS[20_000:])]
    audio = decode(written(tmp_path, wave(form(), *parts)))
    assert audio.duration_ms == pytest.approx(3000, abs=2)
    assert (audio.lost_ms, audio.is_truncated) == (0, False)


@pytest.mark.parametrize(
    "behind", [b"\x12junk" * 500, b"<html></html>", chunk(b"LIST", b"INFO" * 300), b"RIFFxxxxjunk", b"\xff" * 9, b"data"]
)
def test_what_is_no_sound_behind_the_sound_is_none(tmp_path: Path, behind: bytes) -> None:
    audio = decode(written(tmp_path, wave(form(), chunk(b"data", INTEGERS)) + behind))
    assert (audio.duration_ms, audio.lost_ms, audio.is_truncated) == (3000, 0, False)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_no_number_is_no_sound_and_spoils_nothing(tmp_path: Path, wrong: float) -> None:
    floats = SOUND.astype("<f4")
    floats[8000] = wrong
    audio = decode(written(tmp_path, wave(form(tag=3, bits=32), chunk(b"data", floats.tobytes()))))
    right = decode(written(tmp_path, wave(form(), chunk(b"data", INTEGERS))))
    assert np.isfinite(audio.samples).all()
    assert np.abs(audio.samples - right.samples)[:, np.r_[0:15_900, 16_100:48_000]].max() < 1e-3


def test_floats_that_hold_whole_numbers_are_brought_to_scale(tmp_path: Path) -> None:
    audio = decode(written(tmp_path, wave(form(tag=3, bits=32), chunk(b"data", (SOUND * 32_768).astype("<f4").tobytes()))))
    right = decode(written(tmp_path, wave(form(tag=3, bits=32), chunk(b"data", SOUND.astype("<f4").tobytes()))))
    assert np.abs(audio.samples - right.samples).max() < 1e-4
    loud = decode(written(tmp_path, wave(form(tag=3, bits=32), chunk(b"data", (SOUND * 4).astype("<f4").tobytes()))))
    assert loud.samples.max() == 1.0


def test_a_wave_with_its_bytes_the_other_way_round_is_no_noise_but_refused_by_name(tmp_path: Path) -> None:
    turned = b"RIFX" + struct.pack(">I", 36 + len(INTEGERS)) + b"WAVEfmt " + struct.pack(">IHHIIHH", 16, 1, 1, 8000, 16_000, 2, 16)
    turned += b"data" + struct.pack(">I", len(INTEGERS)) + np.frombuffer(INTEGERS, "<i2").astype(">i2").tobytes()
    with pytest.raises(RecordingError, match="the other way round"):
        decode(written(tmp_path, turned))


def test_a_second_file_that_cannot_be_decoded_costs_itself_and_is_told(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "c.w64", SOUND)
    content = path.read_bytes()
    path.write_bytes(content + content[:16] + bytes(8) + content[24:])
    audio = decode(str(path))
    assert audio.duration_ms == 3000
    assert audio.missing_ms == pytest.approx(3000, abs=5)


def test_a_size_that_no_file_has_is_no_failure_of_the_disk(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "c.caf", SOUND)
    path.write_bytes(path.read_bytes() + b"data" + b"\x7f" + b"\xff" * 7)
    # It would be tried again each night.
    with pytest.raises(RecordingError):
        decode(str(path))
