"""AVI: its sound is as long as its chunks, and each that is gone is told, with an index and without."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from containers import cut, noise
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sounds import write_sound
from test_damage import UNCHECKED, accounted_ms, untold_ms

from qa_pipeline.recordings.audio import decode, known_seconds
from qa_pipeline.recordings.avi import Progress, read_avi

# Of each: its rate, how much a last block adds, and by how much its encoder moves the sound, ms.
FORMS = {
    "pcm_s16le": (8000, 0, 0), "pcm_mulaw": (8000, 0, 0), "libmp3lame": (16_000, 110, 80), "aac": (16_000, 150, 128), "ac3": (32_000, 60, 20),
    "adpcm_ima_wav": (8000, 256, 0), "adpcm_ms": (8000, 512, 0), "g726": (8000, 256, 5),
}  # fmt: skip
# Where sound begins: FFmpeg leaves room for an index of several gigabytes before it.
_HEADERS = 6000


def written(path: Path, codec: str, seconds: float, tracks: int = 1) -> Path:
    rate = FORMS[codec][0]
    return write_sound(path / "c.avi", *(noise(seconds, seed=seed, rate=rate) for seed in range(1, tracks + 1)), codec=codec, rate=rate)


def _chunks(content: bytes) -> list[tuple[int, int]]:
    """Where each chunk of sound begins, and how long it is."""
    found, place = [], content.index(b"movi") + 4
    while content[place : place + 4] == b"00wb":
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        found.append((place, length))
        place += 8 + length + length % 2
    return found


def without_index(path: Path) -> Path:
    content = path.read_bytes()
    content = content[: content.rindex(b"idx1")]
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    return path


@pytest.mark.parametrize("codec", FORMS)
@pytest.mark.parametrize("has_index", [True, False])
def test_a_whole_one_is_as_long_as_its_sound(tmp_path: Path, codec: str, has_index: bool) -> None:
    path = written(tmp_path, codec, 7.483)
    audio = decode(str(path if has_index else without_index(path)))
    _, longer, later = FORMS[codec]
    assert 7483 - 2 <= audio.duration_ms <= 7483 + longer + 2
    assert (audio.lost_ms, audio.is_truncated) == (0, False)
    assert known_seconds(str(path)) == pytest.approx(audio.duration_ms / 1000, abs=0.07)
    loud = np.flatnonzero(np.abs(audio.samples[0]) > 0.1) / 16
    assert loud[0] <= later + 20 and loud[-1] >= 7483 - 20


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    codec=st.sampled_from(sorted(FORMS)),
    tracks=st.integers(1, 2),
    has_index=st.booleans(),
    share=st.floats(0.04, 1.0),
    count=st.integers(1, 2500),
    byte=st.sampled_from([0, 0xFF, None]),
)
def test_a_damaged_stretch_is_told_to_a_tenth_of_a_second(
    tmp_path: Path, codec: str, tracks: int, has_index: bool, share: float, count: int, byte: int | None
) -> None:
    path = written(tmp_path, codec, 12.0, 1 if codec == "g726" else tracks)
    whole = decode(str(path)).duration_ms
    content = bytearray((path if has_index else without_index(path)).read_bytes())
    last = content.rindex(b"idx1") if has_index else len(content)
    place = _HEADERS + int(share * max(0, last - count - _HEADERS))
    count = min(count, last - place)
    content[place : place + count] = np.random.default_rng(5).bytes(count) if byte is None else bytes([byte]) * count
    path.write_bytes(content)
    audio = decode(str(path))
    assert accounted_ms(audio) == pytest.approx(whole, abs=100)
    # What follows broken bytes of AC-3 is made up by its decoder.
    assert untold_ms(audio) <= 100 or codec.startswith(("pcm", "adpcm", "g726")) or codec in UNCHECKED
    assert not audio.is_truncated


@pytest.mark.parametrize("has_index", [True, False])
def test_one_chunk_that_is_gone_is_silence_in_its_place(tmp_path: Path, has_index: bool) -> None:
    path = written(tmp_path, "libmp3lame", 8.0)
    whole = decode(str(path))
    content = bytearray((path if has_index else without_index(path)).read_bytes())
    for place, _ in _chunks(content)[50:56]:
        content[place : place + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    audio = decode(str(path))
    # Six frames of 36 ms: less than what FFmpeg's own count would show at the end.
    assert audio.lost_ms == pytest.approx(216, abs=40)
    assert accounted_ms(audio) == pytest.approx(whole.duration_ms, abs=40)
    if has_index:
        ((start, end),) = audio.lost
        assert start == pytest.approx(50 * 36, abs=40) and end == pytest.approx(56 * 36, abs=40)


def test_chunks_that_hold_nothing_are_silence_and_no_loss(tmp_path: Path) -> None:
    path = written(tmp_path, "libmp3lame", 8.0)
    whole = decode(str(path))
    content = path.read_bytes()
    place, _ = _chunks(content)[100]
    more = b"00wb\0\0\0\0" * 50
    content = without_index(path).read_bytes()
    movie = content.index(b"movi") - 8
    content = content[:place] + more + content[place:]
    content = (
        content[: movie + 4]
        + struct.pack("<I", int.from_bytes(content[movie + 4 : movie + 8], "little") + len(more))
        + content[movie + 8 :]
    )
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    audio = decode(str(path))
    assert audio.duration_ms == pytest.approx(whole.duration_ms + 50 * 36, abs=2)
    assert audio.lost_ms == 0
    assert not np.abs(audio.samples[0, 3800 * 16 : 5300 * 16]).max()


def test_sound_that_begins_later_begins_with_silence(tmp_path: Path) -> None:
    path = written(tmp_path, "pcm_s16le", 4.0)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"strh") + 8 + 28, 3 * 8000)
    path.write_bytes(content)
    audio = decode(str(path))
    assert audio.duration_ms == pytest.approx(7000, abs=5)
    assert np.flatnonzero(np.abs(audio.samples[0]) > 0.05)[0] == pytest.approx(48_000, abs=100)


@pytest.mark.parametrize("codec", ["pcm_s16le", "libmp3lame", "adpcm_ima_wav"])
def test_one_that_breaks_off_tells_how_much_is_missing_by_its_header(tmp_path: Path, codec: str) -> None:
    path = written(tmp_path, codec, 12.0)
    whole = decode(str(path)).duration_ms
    audio = decode(str(cut(path)))
    assert audio.is_truncated and audio.missing_ms > 2000
    assert accounted_ms(audio) == pytest.approx(whole, abs=100)


def test_what_was_stepped_over_is_counted_in_bytes_or_in_chunks(tmp_path: Path) -> None:
    with written(tmp_path, "libmp3lame", 2.0).open("rb") as file:
        (track,) = read_avi(file).values()
    progress = Progress(track)
    unit = track.unit
    assert unit == Fraction(576, 16_000) and track.is_whole
    assert progress.step(track.places[0] + 8, track.sizes[0]) == (0, 0)
    assert progress.step(track.places[3] + 8, track.sizes[3]) == (2 * unit, 0)
    assert progress.step(track.places[1] + 8, track.sizes[1]) == (0, 0)
    assert progress.rest() == ((len(track.sizes) - 4) * unit, 0)
