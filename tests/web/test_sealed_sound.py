"""Kept sound that is encrypted is played as any other, by stretches; on the disk it is noise, and so is what the speech models said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi import FastAPI
from office import Office
from recorded import add_recorded
from starlette.testclient import TestClient

from qa_pipeline.call import Word
from qa_pipeline.cli.main import main
from qa_pipeline.conversation.recognised import Recognised, load_recognised, save_recognised
from qa_pipeline.sealed import add_key, is_file_sealed, key_of_file, load_keys, sealed_files
from qa_pipeline.speech.transcribe import Transcript


@pytest.mark.slow
def test_sealed_sound_is_played_by_stretches_and_keys_are_changed_under_it(
    office: Office, app: FastAPI, tmp_path: Path, client_as: Callable[[str], TestClient]
) -> None:
    add_recorded(office, tmp_path)
    mei = client_as("mei")
    plain = mei.get("/calls/old/sound").content
    work = app.state.settings.work
    for path in sealed_files(work):
        path.unlink()
    first = add_key(tmp_path / "keys")
    app.state.settings = app.state.settings.model_copy(update={"encryption_key_file": tmp_path / "keys"})
    assert mei.get("/calls/old/sound").content == plain
    kept = list(sealed_files(work))
    assert len(kept) == 2 and all(is_file_sealed(path) and b"fLaC" not in path.read_bytes() for path in kept)
    got = mei.get("/calls/old/sound", headers={"range": "bytes=100-199"})
    assert (got.status_code, got.content, got.headers["content-range"]) == (206, plain[100:200], f"bytes 100-199/{len(plain)}")
    assert mei.get("/calls/old/sound", headers={"range": "bytes=-10"}).content == plain[-10:]
    assert mei.get("/calls/old/sound", headers={"range": f"bytes={len(plain)}-"}).status_code == 416
    head = mei.head("/calls/old/sound")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(plain)))
    assert mei.get("/calls/old/waveform").status_code == 200
    env = {"QA_PIPELINE_CACHE": str(app.state.settings.cache), "QA_PIPELINE_ENCRYPTION_KEY_FILE": str(tmp_path / "keys")}
    second = add_key(tmp_path / "keys")
    assert CliRunner().invoke(main, ["keys", "drop", first], env=env).exit_code == 2
    assert "2 files are under key" in CliRunner().invoke(main, ["keys", "rotate"], env=env).output
    assert {key_of_file(path) for path in kept} == {second}
    assert CliRunner().invoke(main, ["keys", "drop", first], env=env).exit_code == 0
    assert "in force" in CliRunner().invoke(main, ["keys", "list"], env=env).output
    assert mei.get("/calls/old/sound").content == plain
    third = add_key(tmp_path / "keys")
    assert CliRunner().invoke(main, ["keys", "drop", second, "--anyway"], env=env).exit_code == 0
    # What waits for it is noise, and made again.
    assert mei.get("/calls/old/sound").content == plain and mei.get("/calls/old/waveform").status_code == 200
    assert {key_of_file(path) for path in kept} == {third}


def test_what_was_recognised_is_sealed_and_a_lost_key_costs_only_the_work(tmp_path: Path) -> None:
    add_key(tmp_path / "keys")
    keys = load_keys(tmp_path / "keys", None)
    said = Transcript(
        language="en", language_confidence=0.9, segments=((Word(text="secret", start_ms=0, end_ms=9, confidence=0.5),),), others={}, dropped=(),
        speech_ms=9, wordless_ms=0,
    )  # fmt: skip
    recognised = Recognised(language="en", language_confidence=0.9, transcripts=((0, said),), turns=None)
    path = tmp_path / "work" / "aa" / "x.json.gz"
    save_recognised(path, recognised, keys)
    assert is_file_sealed(path) and load_recognised(path, keys) == recognised
    assert load_recognised(path) is None and path.is_file()
    save_recognised(path, recognised)
    assert not is_file_sealed(path) and load_recognised(path, keys) == load_recognised(path) == recognised
