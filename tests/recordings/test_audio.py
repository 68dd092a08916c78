"""Recordings as samples: formats, lengths, how the parties are carried, files that are not what they should be."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from sounds import tone, write_sound

from qa_pipeline.call import Layout
from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings.audio import Audio, decode
from qa_pipeline.recordings.files import sha256_of
from qa_pipeline.recordings.layout import examine

FORMATS = [
    ("call.wav", "pcm_s16le"),
    ("call.wav", "pcm_mulaw"),
    ("call.wav", "pcm_alaw"),
    ("call.mp3", "libmp3lame"),
    ("call.ogg", "libopus"),
    ("call.opus", "libopus"),
    ("call.m4a", "aac"),
    ("call.flac", "flac"),
]


@pytest.mark.parametrize(("name", "codec"), FORMATS)
def test_two_seconds_of_telephone_sound_are_two_seconds(tmp_path: Path, name: str, codec: str) -> None:
    audio = decode(str(write_sound(tmp_path / name, tone(2.0), codec=codec)))
    # An encoder may fill its last frame: 1024 samples of AAC at 8 kHz are 128 ms.
    assert 2000 <= audio.duration_ms <= 2128
    assert (examine(audio.samples).layout, audio.is_truncated) == (Layout.MONO, False)


@pytest.mark.parametrize(("name", "codec"), FORMATS)
def test_samples_are_float32_at_16_khz_and_as_loud_as_written(tmp_path: Path, name: str, codec: str) -> None:
    audio = decode(str(write_sound(tmp_path / name, tone(2.0, loudness=0.3), codec=codec)))
    assert audio.samples.dtype == np.float32
    assert float(np.sqrt(np.mean(np.square(audio.samples[0, 8000:24000])))) == pytest.approx(0.3 / 2**0.5, rel=0.1)


@pytest.mark.parametrize(("name", "codec"), FORMATS)
def test_two_parties_on_two_tracks_are_stereo(tmp_path: Path, name: str, codec: str) -> None:
    audio = decode(str(write_sound(tmp_path / name, tone(hertz=300), tone(hertz=1100), codec=codec)))
    assert audio.samples.shape[0] == 2
    assert examine(audio.samples).layout is Layout.STEREO


@pytest.mark.parametrize(("name", "codec"), FORMATS)
def test_two_equal_tracks_are_dual_mono(tmp_path: Path, name: str, codec: str) -> None:
    assert examine(decode(str(write_sound(tmp_path / name, tone(), tone(), codec=codec))).samples).layout is Layout.DUAL_MONO


@pytest.mark.parametrize(("name", "codec"), FORMATS)
def test_a_silent_track_makes_a_recording_one_sided(tmp_path: Path, name: str, codec: str) -> None:
    assert examine(decode(str(write_sound(tmp_path / name, tone(), 0 * tone(), codec=codec))).samples).layout is Layout.ONE_SIDED


def test_the_first_track_is_channel_0(tmp_path: Path) -> None:
    audio = decode(str(write_sound(tmp_path / "call.wav", tone(), 0 * tone())))
    assert np.abs(audio.samples[0]).max() > 0.2
    assert np.abs(audio.samples[1]).max() < 0.001


def test_two_silent_tracks_are_dual_mono() -> None:
    assert examine(np.zeros((2, 16_000), np.float32)).layout is Layout.DUAL_MONO


def test_the_mix_is_the_mean_of_the_tracks() -> None:
    samples = np.array([[0.5, 0.1], [0.1, -0.1]], np.float32)
    assert Audio(samples=samples).mixed() == pytest.approx([0.3, 0.0])


def test_an_uneven_last_millisecond_is_not_counted() -> None:
    assert Audio(samples=np.zeros((1, 16_015), np.float32)).duration_ms == 1000


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.wav", b"", "is empty, and no recording"),
        ("text.wav", b"agent: good morning\n" * 40, "is text, and no recording"),
        ("noise.mp3", bytes(range(256)) * 8, "not audio|no sound"),
    ],
)
def test_what_is_not_audio_is_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordingError, match=said) as caught:
        decode(str(tmp_path / name))
    assert caught.value.stage == "decode"
    assert caught.value.advice


def test_a_wav_without_samples_is_refused(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "call.wav", tone(1.0))
    head = path.read_bytes().partition(b"data")[0] + b"data"
    path.write_bytes(head + b"\0\0\0\0")
    with pytest.raises(RecordingError, match=r"no sound|not audio"):
        decode(str(path))


def test_three_channels_of_their_own_are_refused(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "call.wav", tone(), tone(hertz=550), tone(hertz=660))
    with pytest.raises(RecordingError, match="3 channels; one or two are wanted"):
        decode(str(path))


def test_less_than_8_khz_is_refused(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "call.wav", tone(rate=6000), rate=6000)
    with pytest.raises(RecordingError, match="6000 Hz; at least 8000"):
        decode(str(path))


def test_a_missing_file_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"gone\.wav is not there"):
        decode(str(tmp_path / "gone.wav"))


@pytest.mark.parametrize(("name", "codec"), [("call.wav", "pcm_s16le"), ("call.mp3", "libmp3lame"), ("call.flac", "flac")])
def test_a_file_that_breaks_off_is_decoded_as_far_as_it_goes_and_marked(tmp_path: Path, name: str, codec: str) -> None:
    path = write_sound(tmp_path / name, tone(4.0), codec=codec)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    audio = decode(str(path))
    assert 1000 <= audio.duration_ms <= 2200
    assert audio.is_truncated


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "call.wav").write_bytes(b"abc")
    assert sha256_of(str(tmp_path / "call.wav")) == hashlib.sha256(b"abc").hexdigest()


def test_a_file_uri_is_read_like_a_path(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "call.wav", tone(1.0))
    assert decode(f"file://{path}").duration_ms == 1000
