"""Recordings as browsers play them: what is played as it is, what is decoded, and the moments of both."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
import pytest

from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings.address import joined
from qa_pipeline.recordings.audio import SAMPLE_RATE, Audio, decode
from qa_pipeline.recordings.playback import Peaks, load_peaks, make_playable, peaks_of, type_played, write_flac, write_peaks


def write_sound(path: Path, codec: str, *, form: str | None = None, rate: int = 8_000, channels: int = 1, seconds: float = 2.0) -> Path:
    """A recording that is silent but for a beep in its second second; of two channels, the second is silent."""
    count = int(rate * seconds)
    time = np.arange(count) / rate
    beep = (0.5 * np.sin(2 * np.pi * 440 * time) * (time >= 1)).astype(np.float32)
    samples = np.stack([beep, *[np.zeros(count, np.float32)] * (channels - 1)])
    layout = "mono" if channels == 1 else "stereo"
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.codec_context.format.name, layout=layout, rate=rate, frame_size=stream.codec_context.frame_size or None)  # fmt: skip
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "rate", "expected"),
    [
        ("a.wav", "pcm_s16le", 8_000, "audio/wav"),
        ("a.flac", "flac", 16_000, "audio/flac"),
        ("a.m4a", "aac", 16_000, "audio/mp4"),
        ("a.wav", "pcm_mulaw", 8_000, None),
        ("a.wav", "pcm_alaw", 8_000, None),
        ("a.wav", "pcm_u8", 8_000, None),
        ("a.wav", "adpcm_ima_wav", 8_000, None),
        ("a.mp3", "libmp3lame", 16_000, None),
        ("a.ogg", "libopus", 16_000, None),
        ("a.au", "pcm_mulaw", 8_000, None),
    ],
)
def test_only_what_every_browser_plays_exactly_is_played_as_it_is(
    tmp_path: Path, name: str, codec: str, rate: int, expected: str | None
) -> None:
    assert type_played(str(write_sound(tmp_path / name, codec, rate=rate))) == expected


def test_a_cut_a_joined_and_a_missing_recording_are_not_played_as_they_are(tmp_path: Path) -> None:
    whole = write_sound(tmp_path / "a.wav", "pcm_s16le")
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[:20_000])
    other = write_sound(tmp_path / "b.wav", "pcm_s16le")
    for uri in (str(cut), joined(str(whole), [str(other)], are_parties=False), str(tmp_path / "none.wav"), "s3://bucket/a.wav"):
        assert type_played(uri) is None


@pytest.mark.parametrize("codec", ["pcm_mulaw", "pcm_u8", "pcm_alaw"])
def test_a_decoded_recording_plays_the_same_at_the_same_moment(tmp_path: Path, codec: str) -> None:
    source = str(write_sound(tmp_path / "a.wav", codec))
    sound, peaks = tmp_path / "kept" / "a.flac", tmp_path / "kept" / "a.peaks"
    make_playable(source, sound=sound, peaks=peaks)
    assert type_played(str(sound)) == "audio/flac"
    wanted, got = decode(source).samples, decode(str(sound)).samples
    assert got.shape == wanted.shape
    assert np.abs(got - wanted).max() < 2 / 32768
    found = load_peaks(peaks)
    assert found is not None
    assert found.values.shape == (1, 40)
    # The beep begins with the twentieth of 50 ms; a filter may ring a little before it.
    assert found.values[0, :18].max() < 10 < 100 < found.values[0, 21:39].min()


def test_parts_are_one_recording_and_parties_two_channels(tmp_path: Path) -> None:
    one, other = (str(write_sound(tmp_path / name, "pcm_s16le")) for name in ("a.wav", "b.wav"))
    for are_parties, shape in ((False, (1, 80)), (True, (2, 40))):
        peaks = tmp_path / f"{are_parties}.peaks"
        make_playable(joined(one, [other], are_parties=are_parties), sound=None, peaks=peaks)
        found = load_peaks(peaks)
        assert found is not None and found.values.shape == shape


def test_what_cannot_be_decoded_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "a.wav"
    broken.write_bytes(b"nothing of the kind")
    with pytest.raises(RecordingError, match=r"cannot be played: .*is text, and no recording"):
        make_playable(str(broken), sound=None, peaks=tmp_path / "p")
    with pytest.raises(RecordingError, match="is not there"):
        make_playable(str(tmp_path / "gone.wav"), sound=None, peaks=tmp_path / "p")


def test_peaks_are_the_loudest_of_each_bin(tmp_path: Path) -> None:
    samples = np.zeros((2, SAMPLE_RATE // 10 + 1), np.float32)
    samples[0, 0], samples[1, -1] = -1.0, 0.5
    found = peaks_of(Audio(samples=samples))
    assert found.values.tolist() == [[255, 0, 0], [0, 0, 128]]
    write_peaks(tmp_path / "p", found)
    again = load_peaks(tmp_path / "p")
    assert again is not None
    assert (again.bin_ms, again.values.tolist()) == (50, found.values.tolist())


def test_peaks_that_were_written_otherwise_are_made_anew(tmp_path: Path) -> None:
    assert load_peaks(tmp_path / "none") is None
    write_peaks(tmp_path / "p", Peaks(bin_ms=50, values=np.zeros((1, 9), np.uint8)))
    for raw in (b"", b"QAPK", (tmp_path / "p").read_bytes()[:-1]):
        (tmp_path / "q").write_bytes(raw)
        assert load_peaks(tmp_path / "q") is None


def test_flac_keeps_both_channels_apart(tmp_path: Path) -> None:
    samples = np.zeros((2, 40_000), np.float32)
    samples[1] = 0.25
    write_flac(tmp_path / "a.flac", Audio(samples=samples))
    with av.open(str(tmp_path / "a.flac")) as container:
        assert container.streams.audio[0].codec_context.channels == 2
    assert decode(str(tmp_path / "a.flac")).samples[1].min() > 0.24


def test_a_wave_of_two_tracks_is_played_as_it_is(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(32_000))
    assert type_played(str(tmp_path / "a.wav")) == "audio/wav"
