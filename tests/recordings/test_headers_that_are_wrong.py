"""Headers that say something else than what there is: nothing is lost in silence, and nothing is told lost, or cut, that is there."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from containers import cut, damage, noise, speech, write_tracks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sounds import write_sound
from test_damage import untold_ms

from qa_pipeline.recordings.audio import Audio, decode, known_seconds

MADE = Path(__file__).with_name("codecs")
SOUND = noise(8.0)


def _told(audio: Audio) -> tuple[bool, int]:
    return audio.is_truncated, audio.lost_ms


def _with_index(path: Path, *, frames: float = 1.0, size: float = 1.0) -> Path:
    """An MP3 whose index counts so many times the frames and bytes that there are."""
    content = bytearray(path.read_bytes())
    place = max(content.find(b"Xing"), content.find(b"Info"))
    for at, times in ((8, frames), (12, size)):
        (told,) = struct.unpack_from(">I", content, place + at)
        struct.pack_into(">I", content, place + at, int(told * times))
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("frames", "size"), [(2.0, 1.0), (0.5, 1.0), (0.0, 1.0), (1.0, 2.0), (1.0, 0.5)], ids=["more", "fewer", "none", "longer", "shorter"])  # fmt: skip
def test_an_mp3_that_is_whole_is_told_whole_whatever_its_index_counts(tmp_path: Path, frames: float, size: float) -> None:
    audio = decode(str(_with_index(write_sound(tmp_path / "c.mp3", SOUND, codec="libmp3lame"), frames=frames, size=size)))
    # Where the last frame should be by the count, FFmpeg leaves out what would fill it up.
    assert not audio.is_truncated and audio.lost_ms <= 72
    assert audio.duration_ms == pytest.approx(8000, abs=80)


def test_an_mp3_that_is_cut_is_told_cut_by_its_index(tmp_path: Path) -> None:
    audio = decode(str(cut(write_sound(tmp_path / "c.mp3", SOUND, codec="libmp3lame"))))
    assert audio.is_truncated and audio.duration_ms + audio.missing_ms == pytest.approx(8000, abs=100)


@pytest.mark.parametrize("share", [1.0, 0.6])
def test_an_rf64_says_in_64_bits_how_long_it_is(tmp_path: Path, share: float) -> None:
    path = tmp_path / "c.wav"
    with av.open(str(path), "w", options={"rf64": "always"}) as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray((SOUND[np.newaxis] * 32767).astype(np.int16), format="s16", layout="mono")
        frame.rate, frame.pts = 8000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert path.read_bytes()[:4] == b"RF64"
    audio = decode(str(cut(path, share=share)))
    assert audio.is_truncated is (share < 1)
    assert audio.duration_ms + audio.missing_ms == pytest.approx(8000, abs=10)


def test_gsm_in_an_avi_is_as_long_as_its_sound() -> None:
    audio = decode(str(MADE / "gsm_ms.avi"))
    assert (audio.duration_ms, *_told(audio)) == (1000, False, 0)
    assert known_seconds(str(MADE / "gsm_ms.avi")) == 1.0
    loud = np.flatnonzero(np.abs(audio.samples[0]) > 0.1) / 16
    assert (loud[0], loud[-1]) == (pytest.approx(300, abs=25), pytest.approx(700, abs=45))


def test_of_a_film_that_is_cut_the_pictures_count_as_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "c.avi"
    rng = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        film, track = container.add_stream("mpeg4", rate=10), container.add_stream("pcm_s16le", rate=8000, layout="mono")
        film.width = film.height = 128
        film.pix_fmt = "yuv420p"
        for number in range(80):
            picture = av.VideoFrame.from_ndarray(rng.integers(0, 255, (128, 128, 3), dtype=np.uint8), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 10)
            container.mux(film.encode(picture))
            piece = SOUND[np.newaxis, number * 800 : (number + 1) * 800]
            frame = av.AudioFrame.from_ndarray((piece * 32767).astype(np.int16), format="s16", layout="mono")
            frame.rate, frame.pts = 8000, number * 800
            container.mux(track.encode(frame))
        container.mux(film.encode(None))
        container.mux(track.encode(None))
    audio = decode(str(cut(path)))
    assert audio.is_truncated and audio.duration_ms + audio.missing_ms == pytest.approx(8000, abs=1000)


def test_chapters_beside_the_sound_are_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "c.m4b"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        clock = Fraction(1, 1000)
        chapters = [{"id": n, "start": n * 4000, "end": n * 4000 + 4000, "time_base": clock, "metadata": {"title": "part"}} for n in (0, 1)]
        container.set_chapters(chapters)
        frame = av.AudioFrame.from_ndarray((SOUND[np.newaxis] * 32767).astype(np.int16), format="s16", layout="mono")
        frame.rate, frame.pts = 8000, 0
        context = stream.codec_context
        shaped = av.AudioResampler(format=context.format.name, layout="mono", rate=8000, frame_size=context.frame_size)
        for piece in (*shaped.resample(frame), *shaped.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        assert len(container.streams) > 1
    audio = decode(str(path))
    assert audio.duration_ms == pytest.approx(8000, abs=20) and _told(audio) == (False, 0)


@pytest.mark.parametrize("tracks", [1, 2])
def test_what_a_decoder_of_wma_holds_back_at_the_beginning_is_no_loss(tmp_path: Path, tracks: int) -> None:
    path = tmp_path / "c.wma"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("wmav2", rate=16_000, layout="mono") for _ in range(tracks)]
        for stream in streams:
            stream.bit_rate = 32_000
        for number in range(0, 16_000 * 6, 512):
            for seed, stream in enumerate(streams, 1):
                piece = noise(6.0, seed=seed, rate=16_000)[np.newaxis, number : number + 512]
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
                frame.rate, frame.pts = 16_000, number
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    audio = decode(str(path))
    assert audio.samples.shape[0] == tracks and _told(audio) == (False, 0)
    # Each of two tracks ends with its own last frame.
    assert audio.duration_ms == pytest.approx(6000, abs=70)


def test_aac_behind_a_large_picture_is_aac(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "c.aac", SOUND, codec="aac")
    whole = decode(str(path))
    # What FFmpeg takes for frames of MP3.
    picture = b"\x00image/jpeg\x00\x03\x00" + b"\xff\xfb\x90\x64" * 500_000
    frame = b"APIC" + struct.pack(">I", len(picture)) + b"\0\0" + picture
    size = bytes(len(frame) >> 7 * place & 0x7F for place in (3, 2, 1, 0))
    path.write_bytes(b"ID3\x03\0\0" + size + frame + path.read_bytes())
    audio = decode(str(path))
    assert audio.samples.shape == whole.samples.shape and _told(audio) == (False, 0)


def test_damaged_wavpack_is_silent_and_told_and_no_noise(tmp_path: Path) -> None:
    # Eight blocks of a second each.
    path = write_sound(tmp_path / "c.wv", speech(64.0) * 0.3, codec="wavpack")
    loudest = float(np.abs(decode(str(path)).samples).max())
    audio = decode(str(damage(path, byte=None)))
    assert audio.lost_ms > 0 and audio.duration_ms == 64_000
    assert float(np.abs(audio.samples).max()) <= loudest * 1.1


def test_what_is_gone_from_a_wma_is_told(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "c.wma", np.repeat(noise(20.0), 2), codec="libmp3lame", rate=16_000)
    whole = decode(str(path))
    assert _told(whole) == (False, 0)
    audio = decode(str(damage(path, byte=None, count=3000)))
    loudest = np.abs(audio.samples[0])
    silent = sum(not loudest[at : at + 320].max() for at in range(16_000, loudest.size - 16_000, 320)) * 20
    assert silent > 100 and audio.lost_ms == pytest.approx(silent, abs=150)
    assert audio.duration_ms == whole.duration_ms


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(block=st.integers(1, 7), before=st.integers(-32, 400), count=st.integers(1, 300), tracks=st.integers(1, 2))
def test_of_wavpack_what_is_broken_at_the_edge_of_a_block_costs_those_it_touches(
    tmp_path: Path, block: int, before: int, count: int, tracks: int
) -> None:
    path = write_sound(tmp_path / "c.wv", *(noise(30.0, seed=seed) for seed in range(tracks)), codec="wavpack")
    content = bytearray(path.read_bytes())
    starts = [at for at in range(len(content)) if content.startswith(b"wvpk", at)]
    place = starts[min(block, len(starts) - 1)] - before
    content[place : place + count] = np.random.default_rng(1).bytes(count)
    path.write_bytes(content)
    audio = decode(str(path))
    assert audio.duration_ms == 30_000 and not audio.is_truncated
    assert untold_ms(audio) <= 100
    # A block is 8 s of one channel, 4 of two.
    assert audio.lost_ms <= 16_000


@pytest.mark.parametrize("share", [0.7, 0.999])
def test_a_wavpack_that_is_cut_is_told_by_its_first_block(tmp_path: Path, share: float) -> None:
    path = write_sound(tmp_path / "c.wv", noise(30.0), codec="wavpack")
    assert _told(decode(str(path))) == (False, 0)
    audio = decode(str(cut(path, share=share)))
    assert audio.is_truncated and audio.duration_ms + audio.missing_ms == 30_000


@pytest.mark.parametrize("gone", [1000, 4000, 6000, 9000])
def test_the_end_of_a_wma_that_is_gone_is_told_by_its_header(tmp_path: Path, gone: int) -> None:
    path = write_sound(tmp_path / "c.wma", np.repeat(noise(12.0), 2), codec="libmp3lame", rate=16_000)
    whole, content = decode(str(path)).duration_ms, path.read_bytes()
    path.write_bytes(content[:-gone])
    audio = decode(str(path))
    assert audio.is_truncated
    assert audio.duration_ms + audio.missing_ms == pytest.approx(whole, abs=100)
    path.write_bytes(content[:-gone] + b"\xff" * min(gone, 3000) + content[len(content) - gone :][3000:])
    audio = decode(str(path))
    silent = audio.duration_ms - np.flatnonzero(np.abs(audio.samples[0]) > 0.02)[-1] / 16
    assert not audio.is_truncated and audio.duration_ms == pytest.approx(whole, abs=100)
    # What stands in the frame that is begun is heard.
    assert silent <= 100 or audio.lost_ms == pytest.approx(silent, abs=100)


def test_of_speex_the_silence_stands_where_a_page_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "c.spx"
    with av.open(str(MADE / "c.spx")) as one, av.open(str(path), "w", format="ogg") as five:
        packets = [bytes(packet) for packet in one.demux() if packet.size]
        stream = five.add_stream_from_template(one.streams.audio[0])
        for number, content in enumerate(packets[:50] * 5):
            packet = av.Packet(content)
            packet.stream, packet.time_base = stream, Fraction(1, 8000)
            packet.pts = packet.dts = number * 160
            packet.duration = 160
            five.mux(packet)
    content = bytearray(path.read_bytes())
    pages = [at for at in range(len(content)) if content[at : at + 4] == b"OggS"]
    middle = next(page for page in pages if int.from_bytes(content[page + 6 : page + 14], "little") > 2 * 8000)
    content[middle + 100 : middle + 200] = bytes(100)
    path.write_bytes(content)
    audio = decode(str(path))
    loud = np.abs(audio.samples[0])
    heard = [second for second in range(5) if loud[second * 16_000 + 6_400 : second * 16_000 + 9_600].max() > 0.1]
    ((start, end),) = audio.lost
    gone = round(start / 1000)
    assert heard == [second for second in range(5) if second != gone] and end - start == pytest.approx(1000, abs=40)
    assert not loud[start * 16 + 320 : end * 16 - 320].max()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)], ids=str)
def test_a_track_that_is_the_two_parties_together_is_no_party(tmp_path: Path, order: tuple[int, int, int]) -> None:
    agent, customer = speech(20.0, seed=1), speech(20.0, seed=2)
    agent[80_000:], customer[:90_000] = 0, 0
    tracks = (agent, customer, 0.5 * (agent + customer))
    audio = decode(str(write_tracks(tmp_path / "c.mkv", *(tracks[n] for n in order), codec="flac")))
    first = [n for n in order if n != 2]
    halves = [
        np.square(audio.samples[place, : 16_000 * 10]).mean() > np.square(audio.samples[place, 16_000 * 12 :]).mean() for place in (0, 1)
    ]
    assert halves == [n == 0 for n in first]


@pytest.mark.parametrize("quieter", [1.0, 0.1])
def test_a_mix_is_left_and_copies_are_one_party_whatever_they_are_called(tmp_path: Path, quieter: float) -> None:
    agent, customer = speech(20.0, seed=1), quieter * speech(20.0, seed=2)
    both = decode(str(write_tracks(tmp_path / "mix.mkv", 0.7 * agent + 0.7 * customer, agent, customer, codec="flac")))
    pair = decode(str(write_tracks(tmp_path / "pair.mkv", agent, customer, codec="flac")))
    assert np.allclose(both.samples, pair.samples, atol=1e-3)
    assert decode(str(write_tracks(tmp_path / "one.mkv", agent, agent, 0.5 * agent, codec="flac"))).samples.shape[0] == 1
