"""Nothing that was recorded is lost in silence: what is heard, what is silent and what is told as lost make up the recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from containers import cut, damage, noise, speech, without_index, write_tracks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sounds import tone, write_sound

from qa_pipeline.call import Word
from qa_pipeline.errors import ReadFailed, RecordingError
from qa_pipeline.recordings import audio as audio_module
from qa_pipeline.recordings.audio import Audio, decode
from qa_pipeline.speech.activity import active_spans
from qa_pipeline.speech.windows import put_back, span_of, windows_of

pytestmark = pytest.mark.slow

# Of each: how much its encoder may add, and by how much it moves the sound, ms: a frame begun is a frame written, and ADTS, MPEG-TS and MP3 in a WAV
# have no place to say what stands before the sound or fills the last frame up.
FORMS = {
    ("c.wav", "pcm_s16le"): (0, 0), ("c.wav", "pcm_mulaw"): (0, 0), ("c.w64", "pcm_s16le"): (0, 0), ("c.aiff", "pcm_s16be"): (0, 0),
    ("c.au", "pcm_mulaw"): (0, 0), ("c.caf", "pcm_s16le"): (0, 0), ("c.caf", "alac"): (0, 0), ("c.mov", "pcm_s16le"): (0, 0),
    ("c.flac", "flac"): (0, 0), ("c.ogg", "flac"): (0, 0), ("c.ogg", "libopus"): (0, 0), ("c.webm", "libopus"): (10, 0),
    ("c.mka", "libopus"): (10, 0), ("c.mp4", "libopus"): (0, 0), ("c.mp3", "libmp3lame"): (0, 0), ("c.mp4", "libmp3lame"): (0, 0),
    ("c.wav", "libmp3lame"): (210, 150), ("c.m4a", "aac"): (0, 0), ("c.m4a", "alac"): (0, 0), ("c.mka", "aac"): (128, 0),
    ("c.aac", "aac"): (256, 128), ("c.ts", "aac"): (256, 128),
}  # fmt: skip
MP3_RATES = {("c.mp4", "libmp3lame"): 16_000}
# Every value of a sample is a sound: what is zero there may have been so.
UNCHECKED = ("pcm_s16le", "pcm_s16be", "pcm_mulaw", "alac")
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
    ("c.w64", "pcm_s16le"), ("c.webm", "libopus"), ("c.mka", "aac"), ("c.mp3", "libmp3lame"), ("c.wav", "libmp3lame"),
]  # fmt: skip


def accounted_ms(audio: Audio) -> int:
    """Heard, silent and lost, each moment once."""
    return audio.duration_ms + audio.missing_ms


def written(path: Path, form: tuple[str, str], *sounds: NDArray[np.float32]) -> Path:
    """A file of some form, its sounds made for 8 kHz. MP4 holds no MP3 of 8 kHz."""
    rate = MP3_RATES.get(form, 8000)
    return write_sound(path / form[0], *(np.repeat(sound, rate // 8000) for sound in sounds), codec=form[1], rate=rate)


def untold_ms(audio: Audio) -> int:
    """The longest stretch in which nothing is heard and that is not told as lost, of a sound without pauses."""
    loudest = np.abs(audio.samples).max(axis=0)
    silent = loudest[: loudest.size // 320 * 320].reshape(-1, 320).max(axis=1) < 0.02
    for start, end in audio.lost:
        # What was damaged is not decoded well beside it either.
        silent[max(0, start - 60) // 20 : (end + 60) // 20 + 1] = False
    changes = np.flatnonzero(np.diff(np.concatenate(([False], silent, [False])).astype(np.int8)))
    return int((changes[1::2] - changes[::2]).max(initial=0)) * 20


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("tracks", [1, 2])
def test_a_whole_recording_is_as_long_as_it_was_and_misses_nothing(tmp_path: Path, form: tuple[str, str], tracks: int) -> None:
    # A length that fills no frame of any codec.
    sounds = [np.concatenate((0 * noise(1.0), noise(6.483, seed=seed))) for seed in range(1, tracks + 1)]
    audio = decode(str(written(tmp_path, form, *sounds)))
    longer, later = FORMS[form]
    assert 7483 - 2 <= audio.duration_ms <= 7483 + longer + 2
    assert (audio.lost_ms, audio.is_truncated, audio.samples.shape[0]) == (0, False, tracks)
    loud = np.flatnonzero(np.abs(audio.samples[0]) > 0.1) / 16
    # MP3 smears what begins over a frame.
    smear = 20 if "mp3" in form[1] else 10
    assert 1000 - smear <= loud[0] <= 1000 + later + smear
    assert loud[-1] == pytest.approx(7483, abs=later + smear)


_DAMAGED: dict[str, st.SearchStrategy[Any]] = {
    "form": st.sampled_from(sorted(FORMS)),
    "tracks": st.integers(1, 2),
    "share": st.floats(0.06, 0.95),
    "count": st.integers(1, 2500),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(**_DAMAGED, byte=st.sampled_from([0, 0xFF, None]))
def test_a_damaged_stretch_costs_itself_and_is_told(
    tmp_path: Path, form: tuple[str, str], tracks: int, share: float, count: int, byte: int | None
) -> None:
    path = written(tmp_path, form, *(noise(12.0, seed=seed) for seed in range(1, tracks + 1)))
    # The index of an MP4 or a CAF stands at its end, and a FLAC or an MP3 begins with one.
    size = path.stat().st_size
    first, last = size * 6 // 100, size * (80 if form[0].endswith(("m4a", "mp4", "mov", "caf")) else 97) // 100
    place = max(first, min(int(share * size), last - count), 9000 if form[1] == "flac" else 0)
    whole = decode(str(path)).duration_ms
    audio = decode(str(damage(path, share=(place + 0.5) / size, count=min(count, last - place), byte=byte)))
    assert accounted_ms(audio) == pytest.approx(whole, abs=100 + FORMS[form][0])
    assert audio.duration_ms > 0.6 * whole
    assert not audio.is_truncated
    assert untold_ms(audio) <= 100 or form[1] in UNCHECKED
    for start, end in audio.lost:
        assert 0 <= start < end <= audio.duration_ms


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    **_DAMAGED,
    is_cut=st.booleans(),
    longest_ms=st.sampled_from([1500, 14_000, 25_000]),
    word=st.tuples(st.floats(-2.0, 40.0), st.floats(0.0, 20.0)),
)
def test_no_word_lies_outside_the_recording_or_its_speech_whatever_the_recogniser_says(
    tmp_path: Path, form: tuple[str, str], tracks: int, share: float, count: int, is_cut: bool, longest_ms: int, word: tuple[float, float]
) -> None:
    path = written(
        tmp_path, form, *(np.concatenate((speech(4.0, seed=seed), 0 * speech(2.0), speech(3.0))) for seed in range(1, tracks + 1))
    )
    index_at_end = form[0].endswith(("m4a", "mp4", "mov", "caf"))
    path = cut(path, share=max(share, 0.3)) if is_cut and not index_at_end else damage(path, share=min(share, 0.8), count=count)
    try:
        audio = decode(str(path))
    except RecordingError:
        # Its beginning, without which nothing can be decoded, was hit.
        return
    for samples in audio.samples:
        spans = active_spans(samples)
        for window in windows_of(spans, samples, longest_ms):
            # Recognisers give times before the window and behind it.
            start_ms = round(word[0] * 1000)
            told = Word(text="so", start_ms=start_ms, end_ms=start_ms + round(word[1] * 1000), confidence=0.5)
            index = span_of(told, window)
            back = put_back(told, window, index)
            assert 0 <= window[index][0] <= back.start_ms <= back.end_ms <= window[index][1] <= audio.duration_ms


@pytest.mark.parametrize(
    "form", [("c.ogg", "libopus"), ("c.ogg", "flac"), ("c.webm", "libopus"), ("c.mka", "libopus"), ("c.mka", "aac")], ids=str
)
@pytest.mark.parametrize("share", [0.03, 0.93])
def test_a_page_or_cluster_lost_at_either_end_is_told_and_moves_nothing(tmp_path: Path, form: tuple[str, str], share: float) -> None:
    audio = decode(str(damage(written(tmp_path, form, noise(12.0)), share=share, count=300)))
    assert accounted_ms(audio) == pytest.approx(12_000, abs=40 + FORMS[form][0])
    assert audio.lost_ms > 0
    assert untold_ms(audio) <= 100


def test_zero_bytes_in_amr_are_lost_speech_and_no_silence(tmp_path: Path) -> None:
    for name in ("c.amr", "c.3gp"):
        path = write_sound(tmp_path / name, noise(12.0), codec="libopencore_amrnb")
        audio = decode(str(damage(path, share=0.5, count=260, byte=0)))
        assert audio.lost_ms == pytest.approx(400, abs=60)
        assert untold_ms(audio) <= 100


def test_zero_bytes_in_opus_are_lost_speech_and_no_silence(tmp_path: Path) -> None:
    audio = decode(str(damage(written(tmp_path, ("c.mp4", "libopus"), noise(12.0)), share=0.375, count=1092, byte=0)))
    assert 100 <= audio.lost_ms <= 300 and untold_ms(audio) <= 40


def test_frames_that_are_gone_from_an_mpeg_ts_are_told_and_a_pause_is_not(tmp_path: Path) -> None:
    audio = decode(str(damage(written(tmp_path, ("c.ts", "aac"), noise(12.0)), share=0.95, count=124, byte=0)))
    assert audio.lost_ms >= 100 and untold_ms(audio) <= 40
    paused = decode(str(write_tracks(tmp_path / "p.ts", noise(8.0), codec="aac", gaps=[(4.0, 2.0)])))
    assert paused.lost_ms == 0 and paused.duration_ms == pytest.approx(10_000, abs=260)


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
    assert accounted_ms(audio) == pytest.approx(12_000, abs=100 + FORMS[form][0])
    assert audio.missing_ms > 2000


@pytest.mark.parametrize("form", [("c.aac", "aac"), ("c.amr", "libopencore_amrnb"), ("c.mp3", "libmp3lame")], ids=str)
def test_a_stream_of_frames_that_ends_inside_one_is_cut(tmp_path: Path, form: tuple[str, str]) -> None:
    path = write_sound(tmp_path / form[0], noise(6.0), codec=form[1])
    if form[0] == "c.mp3":
        without_index(path)
    assert not decode(str(path)).is_truncated
    path.write_bytes(path.read_bytes()[:-9])
    assert decode(str(path)).is_truncated


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


def test_a_picture_between_two_parts_of_an_mp3_is_no_lost_sound(tmp_path: Path) -> None:
    parts = [without_index(write_sound(tmp_path / f"{name}.mp3", noise(5.0), codec="libmp3lame")).read_bytes() for name in "ab"]
    for between, lost in ((b"ID3\x04\x00\x00\x00\x00\x46\x50" + bytes(9040), False), (b"\x55" * 9050, True)):
        (tmp_path / "c.mp3").write_bytes(between.join(parts))
        audio = decode(str(tmp_path / "c.mp3"))
        assert audio.duration_ms == pytest.approx(10_000, abs=600)
        assert (audio.lost_ms > 1000) is lost


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
