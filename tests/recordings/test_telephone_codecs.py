"""Codecs of telephone systems: each gives the sound that went in, as long and in its place.

The files of `codecs/` are of sound made by a formula (_burst), by the encoders that PyAV lacks: libgsm, libspeex, vo-amrwbenc, bcg729, WebRTC's of iLBC,
Fraunhofer's of AAC (fdkaac 1.0.0).
"""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from sounds import write_sound

from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings.address import parse_raw
from qa_pipeline.recordings.audio import Audio, decode, known_seconds
from qa_pipeline.recordings.sources import collect_files

MADE = Path(__file__).with_name("codecs")


def _burst(rate: int) -> NDArray[np.float32]:
    """A second: a tone that swells from 0.3 to 0.7 s, and nothing around it."""
    time = np.arange(rate) / rate
    tone = 0.4 * np.sin(2 * np.pi * 300 * time) * (0.6 + 0.4 * np.sin(2 * np.pi * 5 * time))
    return np.where((time >= 0.3) & (time < 0.7), tone, 0).astype(np.float32)


def _is_the_burst(audio: Audio) -> None:
    # A frame begun is a frame written: 20 ms, of ADPCM in a WAV up to 64.
    assert audio.duration_ms == pytest.approx(1000, abs=70)
    assert (audio.lost_ms, audio.missing_ms, audio.is_truncated) == (0, 0, False)
    loud = np.flatnonzero(np.abs(audio.samples[0]) > 0.1) / 16
    assert (loud[0], loud[-1]) == (pytest.approx(300, abs=25), pytest.approx(700, abs=45))


@pytest.mark.parametrize("name", ["c.gsm", "gsm_ms.wav", "c.spx", "wide.spx", "wb.amr", "c.lbc", "itunes.m4a"])
def test_what_telephone_systems_encode_is_heard_as_it_was(name: str) -> None:
    _is_the_burst(decode(str(MADE / name)))


@pytest.mark.parametrize("name", ["he.m4a", "he_v2.m4a", "he_list.m4a"])
def test_he_aac_is_as_long_as_its_tag_or_its_list_says_and_as_late_as_its_decoder_makes_it(name: str) -> None:
    audio = decode(str(MADE / name))
    assert (audio.duration_ms, audio.lost_ms, audio.is_truncated) == (1000, 0, False)
    assert known_seconds(str(MADE / name)) == 1.0
    loud = np.flatnonzero(np.abs(audio.samples[0]) > 0.1) / 16
    # Of 8 kHz, twice as late as of 16; no list or tag counts that.
    assert 300 <= loud[0] <= 365 and loud[-1] - loud[0] == pytest.approx(400, abs=5)


def test_he_aac_as_such_is_heard() -> None:
    audio = decode(str(MADE / "he.aac"))
    loud = np.flatnonzero(np.abs(audio.samples[0]) > 0.1) / 16
    assert loud[-1] - loud[0] == pytest.approx(400, abs=5) and audio.lost_ms == 0


@pytest.mark.parametrize(("name", "kind"), [("ld.m4a", "aac"), ("eld.m4a", "aac ELD")])
def test_aac_of_low_delay_is_refused_by_name_where_nothing_decodes_it(name: str, kind: str) -> None:
    with pytest.raises(RecordingError) as caught:
        decode(str(MADE / name))
    assert caught.value.message.endswith(f"is sound of a kind that cannot be decoded ({kind}).")
    assert "Export it from the recorder in another form" in caught.value.advice


def test_ilbc_that_ends_inside_a_frame_is_cut(tmp_path: Path) -> None:
    content = (MADE / "c.lbc").read_bytes()
    for count, is_cut in ((0, False), (38, False), (10, True)):
        path = tmp_path / "c.lbc"
        path.write_bytes(content[: len(content) - count])
        assert decode(str(path)).is_truncated is is_cut


@pytest.mark.parametrize("codec", ["adpcm_ima_wav", "adpcm_ms", "pcm_alaw", "pcm_mulaw", "g726"])
def test_what_wav_holds_beside_plain_samples_is_heard_as_it_was(tmp_path: Path, codec: str) -> None:
    _is_the_burst(decode(str(write_sound(tmp_path / "c.wav", _burst(8000), codec=codec))))


@pytest.mark.parametrize("form", ["g726", "g726le"])
def test_g726_without_a_header_is_read_by_option(tmp_path: Path, form: str) -> None:
    path = tmp_path / "c.g726"
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(form, rate=8000, layout="mono")
        stream.bit_rate = 32_000
        frame = av.AudioFrame.from_ndarray((_burst(8000)[np.newaxis] * 32767).astype(np.int16), format="s16", layout="mono")
        frame.rate, frame.pts = 8000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    _is_the_burst(decode(f"{path}#raw={parse_raw(f'.g726={form}')['.g726']}"))


def test_g729_without_a_header_is_read_by_option() -> None:
    address = f"{MADE / 'c.g729'}#raw={parse_raw('.g729=g729')['.g729']}"
    _is_the_burst(decode(address))


@pytest.mark.parametrize("ending", [".g729", ".g726", ".g726-32"])
def test_an_ending_of_telephone_systems_is_counted_or_tried(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"c{ending}").write_bytes(bytes(100))
    (tmp_path / "d.sph").write_bytes(bytes(100))
    (tmp_path / "e.voc").write_bytes(bytes(100))
    (tmp_path / "f.lbc").write_bytes(bytes(100))
    found = collect_files([str(tmp_path)])
    assert [Path(file).name for file in found.files] == ["d.sph", "e.voc", "f.lbc"]
    assert sum(found.left.values()) == 1
