"""Files are looked at in a process of its own: what harms it costs an answer."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sounds import tone, write_sound

from qa_pipeline.recordings import audio, playback, probing
from qa_pipeline.recordings.probing import holds_nothing, known_seconds, type_played


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """No process is left behind."""
    yield
    probing._PROBER.end()


def test_answers_are_those_of_this_process(tmp_path: Path) -> None:
    sound = str(write_sound(tmp_path / "a\udcff b.wav", tone(1.5)))
    (tmp_path / "text.wav").write_text("no sound")
    for uri in (sound, str(tmp_path / "text.wav"), str(tmp_path / "none.wav"), f"{sound}#raw=mulaw,8000,1"):
        assert (known_seconds(uri), holds_nothing(uri), type_played(uri)) == (
            audio.known_seconds(uri),
            audio.holds_nothing(uri),
            playback.type_played(uri),
        )
    assert known_seconds("s3://bucket/a.wav") is None


@pytest.mark.slow
def test_a_process_that_dies_or_hangs_costs_one_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = str(write_sound(tmp_path / "a.wav", tone(1.5)))
    assert known_seconds(sound) == 1.5
    process = probing._PROBER._process
    assert process is not None
    # As while it looks at a file that makes it hang.
    os.kill(process.pid, signal.SIGSTOP)
    monkeypatch.setattr(probing, "_SECONDS", 0.05)
    assert known_seconds(sound) == 0.0
    assert process.poll() is not None
    monkeypatch.setattr(probing, "_SECONDS", 600.0)
    assert known_seconds(sound) == 1.5
    os.kill(probing._PROBER._process.pid, signal.SIGKILL)  # type: ignore[union-attr]
    probing._PROBER._process.wait()  # type: ignore[union-attr]
    assert known_seconds(sound) == 1.5
