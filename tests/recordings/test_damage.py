"""Nothing that was recorded is lost in silence: what is heard, what is silent and what is told as lost make up the recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from containers import cut, damage, speech, write_tracks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sounds import tone, write_sound

from qa_pipeline.errors import ReadFailed, RecordingError
from qa_pipeline.recordings import audio as audio_module
from qa_pipeline.recordings.audio import Audio, decode

pytestmark = pytest.mark.slow

# Of each: how much its encoder may add, ms (a frame begun is a frame written).
FORMS = {
    ("c.wav", "pcm_s16le"): 0, ("c.wav", "pcm_mulaw"): 0, ("c.aiff", "pcm_s16be"): 0, ("c.au", "pcm_mulaw"): 0, ("c.caf", "pcm_s16le"): 0,
    ("c.mov", "pcm_s16le"): 0, ("c.flac", "flac"): 0, ("c.ogg", "flac"): 0, ("c.ogg", "libopus"): 20, ("c.webm", "libopus"): 20,
    ("c.mka", "libopus"): 20, ("c.mp3", "libmp3lame"): 0, ("c.m4a", "aac"): 128, ("c.mka", "aac"): 128, ("c.aac", "aac"): 256,
    ("c.ts", "aac"): 256,
}  # fmt: skip
# A clock of their own, and frames small against a damaged stretch: what is damaged is put back as silence in its place.
CLOCKED = [
    ("c.ogg", "flac"),
    ("c.ogg", "libopus"),
    ("c.webm", "libopus"),
    ("c.m4a", "aac"),
    ("c.mka", "aac"),
    ("c.flac", "flac"),
    ("c.ts", "aac"),
]
# Their structure says where they should end.
ENDED = [
    ("c.wav", "pcm_s16le"), ("c.wav", "pcm_mulaw"), ("c.aiff", "pcm_s16be"), ("c.au", "pcm_mulaw"), ("c.caf", "pcm_s16le"), ("c.flac", "flac"),
    ("c.webm", "libopus"), ("c.mka", "aac"), ("c.mp3", "libmp3lame"),
]  # fmt: skip


def accounted_ms(audio: Audio) -> int:
    """Heard, silent and lost, each moment once."""
    return audio.duration_ms + audio.missing_ms


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("tracks", [1, 2])
def test_a_whole_recording_is_as_long_as_it_was_and_misses_nothing(tmp_path: Path, form: tuple[str, str], tracks: int) -> None:
    sounds = [speech(8.0, seed=seed) for seed in range(1, tracks + 1)]
    audio = decode(str(write_sound(tmp_path / form[0], *sounds, codec=form[1])))
    assert 8000 <= audio.duration_ms <= 8000 + FORMS[form]
    assert (audio.lost_ms, audio.is_truncated, audio.samples.shape[0]) == (0, False, tracks)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.sampled_from(sorted(FORMS)),
    tracks=st.integers(1, 2),
    share=st.floats(0.3, 0.8),
    count=st.integers(40, 2500),
    byte=st.sampled_from([0, 0xFF, None]),
)
def test_a_damaged_stretch_costs_itself_and_is_told(
    tmp_path: Path, form: tuple[str, str], tracks: int, share: float, count: int, byte: int | None
) -> None:
    path = write_sound(tmp_path / form[0], *(speech(12.0, seed=seed) for seed in range(1, tracks + 1)), codec=form[1])
    whole = decode(str(path)).duration_ms
    audio = decode(str(damage(path, share=share, count=count, byte=byte)))
    assert accounted_ms(audio) == pytest.approx(whole, abs=100 + FORMS[form])
    assert audio.duration_ms > 0.6 * whole
    assert not audio.is_truncated
    for start, end in audio.lost:
        assert 0 <= start < end <= audio.duration_ms


@pytest.mark.parametrize("form", CLOCKED, ids=str)
def test_what_comes_after_a_damaged_stretch_stands_where_it_was(tmp_path: Path, form: tuple[str, str]) -> None:
    path = write_sound(tmp_path / form[0], np.concatenate((speech(9.0), 0 * speech(2.0), speech(1.0))), codec=form[1])
    damaged = decode(str(damage(path, share=0.3)))
    assert damaged.lost_ms > 0
    heard = np.flatnonzero(np.abs(damaged.samples[0]) > 0.03) * 1000 // 16_000
    assert heard[heard < 10_500].max() == pytest.approx(9000, abs=130)
    assert heard[heard > 10_500].min() == pytest.approx(11_000, abs=130)


@pytest.mark.parametrize("form", ENDED, ids=str)
def test_what_is_cut_off_is_told_in_ms(tmp_path: Path, form: tuple[str, str]) -> None:
    audio = decode(str(cut(write_sound(tmp_path / form[0], speech(12.0), codec=form[1]))))
    assert audio.is_truncated
    assert accounted_ms(audio) == pytest.approx(12_000, abs=100 + FORMS[form])
    assert audio.missing_ms > 2000


def test_an_ogg_that_ends_inside_a_page_is_cut(tmp_path: Path) -> None:
    assert decode(str(cut(write_sound(tmp_path / "c.ogg", speech(12.0), codec="libopus")))).is_truncated


@pytest.mark.parametrize("name", ["c.m4a", "c.mp4", "c.mov"])
def test_an_mp4_without_its_index_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = cut(write_sound(tmp_path / name, speech(6.0), codec="aac"))
    with pytest.raises(RecordingError, match="breaks off before its index"):
        decode(str(path))


@pytest.mark.parametrize("second", [("b.mp3", 16_000, 1), ("b.mp3", 44_100, 2), ("b.mp3", 8000, 2)], ids=str)
@pytest.mark.parametrize("first", [(44_100, 2), (22_050, 1), (8000, 1)], ids=str)
def test_sound_of_another_rate_or_number_of_channels_glued_on_is_decoded(
    tmp_path: Path, first: tuple[int, int], second: tuple[str, int, int]
) -> None:
    a = write_sound(tmp_path / "a.mp3", *[tone(3.0, rate=first[0])] * first[1], codec="libmp3lame", rate=first[0])
    b = write_sound(tmp_path / "b.mp3", *[tone(5.0, rate=second[1], hertz=700)] * second[2], codec="libmp3lame", rate=second[1])
    joined = tmp_path / "c.mp3"
    joined.write_bytes(a.read_bytes() + b.read_bytes())
    audio = decode(str(joined))
    # Each part brings its own encoder delay.
    assert audio.duration_ms == pytest.approx(8000, abs=320)
    assert audio.samples.shape[0] == max(first[1], second[2])
    assert not audio.is_truncated


def test_ogg_files_glued_together_go_on(tmp_path: Path) -> None:
    parts = [write_sound(tmp_path / f"{name}.ogg", speech(4.0, seed=seed), codec="libopus") for seed, name in enumerate("ab", 1)]
    joined = tmp_path / "c.ogg"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    audio = decode(str(joined))
    assert audio.duration_ms == pytest.approx(8000, abs=100)


@pytest.mark.parametrize(
    "form", [("c.m4a", "aac"), ("c.mka", "libopus"), ("c.webm", "libopus"), ("c.ts", "aac"), ("c.mov", "pcm_s16le")], ids=str
)
def test_two_tracks_in_one_file_are_two_parties(tmp_path: Path, form: tuple[str, str]) -> None:
    path = write_tracks(tmp_path / form[0], speech(8.0, seed=1), 0.5 * speech(8.0, seed=2), codec=form[1])
    audio = decode(str(path))
    assert audio.samples.shape[0] == 2
    assert audio.duration_ms == pytest.approx(8000, abs=200)
    assert np.abs(audio.samples[0]).mean() > 1.5 * np.abs(audio.samples[1]).mean() > 0


def test_a_shorter_second_track_does_not_end_the_recording(tmp_path: Path) -> None:
    audio = decode(str(write_tracks(tmp_path / "c.m4a", speech(3.0, seed=1), speech(8.0, seed=2), codec="aac")))
    assert audio.samples.shape[0] == 2
    assert audio.duration_ms == pytest.approx(8000, abs=130)


def test_of_three_tracks_a_silent_one_and_a_copy_are_left(tmp_path: Path) -> None:
    agent, customer = speech(8.0, seed=1), speech(8.0, seed=2)
    for third in (0 * agent, 0.5 * agent):
        assert decode(str(write_tracks(tmp_path / "c.mka", agent, third, customer, codec="flac"))).samples.shape[0] == 2


def test_three_parties_are_refused_with_a_way_to_export_two(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "c.mka", *(speech(8.0, seed=seed) for seed in (1, 2, 3)), codec="flac")
    with pytest.raises(
        RecordingError, match="has 3 audio tracks, of 1 and 1 and 1 channels; two tracks of one party each are wanted"
    ) as caught:
        decode(str(path))
    assert "-map 0:a:0 -map 0:a:1" in caught.value.advice


class FailingFile:
    """A file whose disk or connection gives up after some bytes: with an error, or with an end that is none."""

    def __init__(self, content: bytes, *, until: int, is_quiet: bool) -> None:
        self._content, self._until, self._is_quiet, self._place = content, until, is_quiet, 0

    def __enter__(self) -> FailingFile:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset + (0, self._place, len(self._content))[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, size: int = -1) -> bytes:
        if self._place >= self._until:
            if self._is_quiet:
                return b""
            raise OSError(5, "Input/output error")
        got = self._content[self._place : min(self._until, self._place + size if size >= 0 else self._until)]
        self._place += len(got)
        return got


@pytest.mark.parametrize("form", [("c.wav", "pcm_s16le"), ("c.mp3", "libmp3lame"), ("c.ogg", "libopus"), ("c.flac", "flac")], ids=str)
@pytest.mark.parametrize("is_quiet", [False, True])
def test_a_read_error_is_a_failure_to_try_again_and_no_cut_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: tuple[str, str], is_quiet: bool
) -> None:
    content = write_sound(tmp_path / form[0], speech(30.0), codec=form[1]).read_bytes()

    class Opening:
        def open(self) -> FailingFile:
            return FailingFile(content, until=len(content) // 2, is_quiet=is_quiet)

    monkeypatch.setattr("fsspec.open", lambda uri, mode: Opening())
    with pytest.raises(ReadFailed) as caught:
        audio_module.decode("memory://c.wav")
    assert caught.value.transient
