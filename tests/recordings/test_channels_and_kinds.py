"""More than two channels, tracks that are off centre, indexes that lack their last bytes, and files that are something else than their names say."""

from __future__ import annotations

import gzip
from pathlib import Path

import av
import numpy as np
import pytest
from containers import loud_ms, speech
from numpy.typing import NDArray
from sounds import write_sound

from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings.audio import decode, known_seconds
from qa_pipeline.recordings.layout import examine
from qa_pipeline.recordings.playback import type_played

Track = NDArray[np.float32]
AGENT, CUSTOMER, ANOTHER = (speech(3.0, seed=seed) for seed in (1, 2, 3))
SILENT = np.zeros_like(AGENT)
NAMES = {3: "2.1", 4: "quad", 6: "5.1"}


def written(path: Path, *tracks: Track, codec: str = "pcm_s16le", rate: int = 8000) -> Path:
    """Tracks as channels of one stream."""
    samples = (np.stack(tracks).T.reshape(1, -1) * 32767).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=NAMES[len(tracks)])
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="s16", layout=NAMES[len(tracks)])
        frame.rate, frame.pts = rate, 0
        context = stream.codec_context
        shaped = av.AudioResampler(format=context.format.name, layout=NAMES[len(tracks)], rate=rate, frame_size=context.frame_size or None)
        for piece in (*shaped.resample(frame), *shaped.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("tracks", "parties"),
    [
        ((AGENT, CUSTOMER, SILENT), 2),
        ((AGENT, CUSTOMER, AGENT, CUSTOMER), 2),
        ((AGENT, CUSTOMER, SILENT, SILENT, SILENT, SILENT), 2),
        ((SILENT, SILENT, AGENT, SILENT, SILENT, SILENT), 1),
        ((SILENT, AGENT, SILENT, CUSTOMER), 2),
    ],
    ids=["third silent", "copies", "5.1", "centre alone", "any two"],
)
def test_of_many_channels_those_that_are_silent_or_copies_do_not_count(tmp_path: Path, tracks: tuple[Track, ...], parties: int) -> None:
    audio = decode(str(written(tmp_path / "c.wav", *tracks)))
    assert audio.samples.shape == (parties, 48_000)
    assert loud_ms(audio.samples[:1]) > 1000


def test_a_compressed_film_track_is_two_parties(tmp_path: Path) -> None:
    six = [np.repeat(track, 6) for track in (AGENT, CUSTOMER, SILENT, SILENT, SILENT, SILENT)]
    audio = decode(str(written(tmp_path / "c.m4a", *six, codec="aac", rate=48_000)))
    assert audio.samples.shape[0] == 2
    assert audio.duration_ms == 3000


def test_three_parties_are_refused_and_what_is_advised_leads_to_two(tmp_path: Path) -> None:
    path = written(tmp_path / "c.wav", AGENT, CUSTOMER, ANOTHER)
    with pytest.raises(RecordingError, match="sound of its own on 3 channels") as caught:
        decode(str(path))
    chosen = caught.value.advice.split('"')[1]
    graph = av.filter.Graph()
    with av.open(str(path)) as container:
        source = graph.add_abuffer(template=container.streams.audio[0])
        name, _, options = chosen.partition("=")
        source.link_to(panned := graph.add(name, options))
        panned.link_to(graph.add("abuffersink"))
        graph.configure()
        parts = []
        for frame in container.decode(audio=0):
            graph.push(frame)
            parts.append(graph.pull().to_ndarray().reshape(-1, 2).T / np.float32(32768))
    chosen_two = write_sound(tmp_path / "new.wav", *np.concatenate(parts, axis=1).astype(np.float32))
    assert decode(str(chosen_two)).samples.shape == (2, 48_000)


@pytest.mark.parametrize("offset", [0.4, -0.4, 0.02])
@pytest.mark.parametrize("tracks", [1, 2])
def test_a_track_that_is_off_centre_is_heard_as_one_that_is_not(tmp_path: Path, offset: float, tracks: int) -> None:
    plain = [np.float32(0.3) * sound for sound in (AGENT, CUSTOMER)[:tracks]]
    centred = decode(str(write_sound(tmp_path / "a.wav", *plain))).samples
    shifted = decode(str(write_sound(tmp_path / "b.wav", *(sound + np.float32(offset) for sound in plain)))).samples
    middle = slice(800, -800)
    np.testing.assert_allclose(shifted[:, middle], centred[:, middle], atol=0.01)
    assert examine(shifted).layout is examine(centred).layout


def test_a_track_around_zero_is_left_to_the_bit(tmp_path: Path) -> None:
    samples = decode(str(write_sound(tmp_path / "a.wav", AGENT, rate=16_000))).samples
    assert np.array_equal(np.round(samples[0] * 32768), (AGENT * 32767).astype(np.int16))


@pytest.mark.parametrize("lacking", [1, 40])
def test_an_index_that_lacks_its_last_bytes_cuts_no_sound_off(tmp_path: Path, lacking: int) -> None:
    path = write_sound(tmp_path / "c.m4a", np.repeat(AGENT, 2), codec="aac", rate=16_000)
    whole = path.read_bytes()
    assert whole.rfind(b"mdat") < whole.rfind(b"moov")
    path.write_bytes(whole[:-lacking])
    audio = decode(str(path))
    assert not audio.is_truncated
    assert audio.duration_ms == pytest.approx(3000, abs=70)


def test_flac_behind_flac_of_another_rate_stands_where_it_was_and_is_counted(tmp_path: Path) -> None:
    first = write_sound(tmp_path / "a.flac", np.repeat(AGENT, 6), np.repeat(AGENT, 6), codec="flac", rate=48_000)
    second = write_sound(tmp_path / "b.flac", CUSTOMER, codec="flac")
    both = tmp_path / "c.flac"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    audio = decode(str(both))
    assert audio.samples.shape == (2, 96_000)
    np.testing.assert_allclose(audio.samples[0, 48_000:], decode(str(second)).samples[0], atol=1e-4)
    assert known_seconds(str(both)) == pytest.approx(6.0)
    assert type_played(str(both)) is None


@pytest.mark.parametrize(
    ("content", "what", "advice"),
    [
        (b"<!DOCTYPE html><html><body>401 Unauthorized</body></html>", "a web page", "fetch the recording anew"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "a document in XML", "fetch the recording anew"),
        (b'{"code": 401, "message": "Invalid access token"}', "JSON", "fetch the recording anew"),
        (b"Not found\n", "text", "fetch the recording anew"),
        ("没有权限访问".encode() * 100, "text", "fetch the recording anew"),
        (gzip.compress(b"x" * 9000, mtime=0), "packed with gzip", "gzip -dc FILE > NEW.wav"),
        (b"PK\x03\x04" + bytes(range(200)), "a ZIP", "Unpack it"),
        (b"Salted__" + bytes(range(250)) * 30, "encrypted (OpenSSL)", "Decrypt it"),
        (b"-----BEGIN PGP MESSAGE-----\n\nhQEMA", "encrypted (PGP)", "Decrypt it"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS", "git lfs pull"),
        (b"", "empty", "Copy it again"),
        (b"\0" * 9000, "nothing but zero bytes where it begins", "Copy it again"),
    ],
)
@pytest.mark.parametrize("ending", [".wav", ".mp3"])
def test_what_is_no_recording_is_named_for_what_it_is(tmp_path: Path, content: bytes, what: str, advice: str, ending: str) -> None:
    path = tmp_path / f"c{ending}"
    path.write_bytes(content)
    with pytest.raises(RecordingError) as caught:
        decode(str(path))
    assert caught.value.message == f"{path} is {what}, and no recording."
    assert advice in caught.value.advice


def test_what_gzip_packed_is_a_recording_once_it_is_unpacked_as_advised(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "c.wav", AGENT)
    packed = gzip.compress(path.read_bytes())
    path.write_bytes(packed)
    with pytest.raises(RecordingError, match="packed with gzip"):
        decode(str(path))
    (tmp_path / "new.wav").write_bytes(gzip.decompress(packed))
    assert decode(str(tmp_path / "new.wav")).duration_ms == 3000


def test_noise_that_is_neither_text_nor_known_is_only_no_audio(tmp_path: Path) -> None:
    path = tmp_path / "c.wav"
    path.write_bytes(np.random.default_rng(7).bytes(4000))
    with pytest.raises(RecordingError, match="is not audio that can be decoded"):
        decode(str(path))
