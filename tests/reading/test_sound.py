"""The sound of a call: for who may hear it, made once, gone with its words."""

from __future__ import annotations

import os
import wave
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from desks import commit, reopen
from stored import heard, make_store

import qa_pipeline.reading.sound as sound_module
from qa_pipeline.call import Layout
from qa_pipeline.errors import AccessRefused, InputRefused, RecordingError
from qa_pipeline.reading.sound import find_sound, kept_files, read_peaks
from qa_pipeline.reading.viewer import Role, Viewer, local_viewer
from qa_pipeline.review.desk import Desk
from qa_pipeline.running.retention import Retention, expire

WU = local_viewer("Wu")


def make_wave(path: Path, *, width: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(width)
        file.setframerate(8_000)
        file.writeframes(bytes([200, 100]) * 4_000 * width)
    return path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    store = make_store(tmp_path)
    for call_id, width in (("plain", 2), ("old", 1)):
        uri = str(make_wave(tmp_path / f"{call_id}.wav", width=width))
        commit(store, call_id, source_uri=uri, audio_sha256=call_id * 16)
    store.write_conversations([replace(heard("typed", "typed"), layout=Layout.TEXT)], run_id="r")
    return reopen(tmp_path)


def test_what_browsers_play_stays_where_it_lies_and_the_rest_is_decoded_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    plain = find_sound(desk.store, desk.engine, work, WU, "plain")
    assert (plain.path, plain.media_type) == (tmp_path / "plain.wav", "audio/wav")
    old = find_sound(desk.store, desk.engine, work, WU, "old")
    assert (old.path, old.media_type) == (kept_files(work, "old" * 16)[0], "audio/flac")
    monkeypatch.setattr(sound_module, "make_playable", pytest.fail)
    assert find_sound(desk.store, desk.engine, work, WU, "old") == old
    # They were made with its sound.
    assert read_peaks(desk.store, desk.engine, work, WU, "old").values.shape == (1, 20)


def test_peaks_are_worked_out_once(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    first = read_peaks(desk.store, desk.engine, work, WU, "plain")
    assert first.values.shape == (1, 20)
    assert not kept_files(work, "plain" * 16)[0].exists()
    monkeypatch.setattr(sound_module, "make_playable", pytest.fail)
    assert (read_peaks(desk.store, desk.engine, work, WU, "plain").values == first.values).all()


def test_only_who_may_read_its_words_hears_a_call(desk: Desk, tmp_path: Path) -> None:
    for ask in (find_sound, read_peaks):
        lin = Viewer(name="lin", account=1, roles=frozenset({Role.AGENT}), agent_ids=frozenset({"a9"}))
        with pytest.raises(InputRefused, match="no call 'plain'"):
            ask(desk.store, desk.engine, tmp_path, lin, "plain")
        with pytest.raises(AccessRefused):
            ask(desk.store, desk.engine, tmp_path, Viewer(name="sven", account=2, roles=frozenset({Role.OPERATOR})), "plain")


def test_what_has_no_sound_or_lost_it_says_so(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="has no sound"):
        find_sound(desk.store, desk.engine, tmp_path, WU, "typed")
    (tmp_path / "plain.wav").unlink()
    with pytest.raises(RecordingError, match="is not there"):
        find_sound(desk.store, desk.engine, tmp_path / "work", WU, "plain")


@pytest.mark.slow
def test_sound_goes_with_the_words_of_its_call(desk: Desk, tmp_path: Path) -> None:
    work = tmp_path / "work"
    find_sound(desk.store, desk.engine, work, WU, "old")
    kept = [path for path in kept_files(work, "old" * 16) if path.exists()]
    assert len(kept) == 2
    other = work / "sound" / "zz" / "zz.flac"
    other.parent.mkdir()
    other.write_bytes(b"")
    os.utime(other, (2e9, 2e9))
    expire(desk.store, Retention(words_days=1), today=date(2026, 6, 1), work=work)
    assert [path for path in kept if path.exists()] == []
    assert other.exists()
