"""What the policy hides from a role, the pages and the API do not show, and the sound does not tell."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desks import commit
from office import Office, open_app, open_office, session_of
from recorded import record
from starlette.testclient import TestClient

from qa_pipeline.call import Word
from qa_pipeline.recordings.audio import decode
from qa_pipeline.results.store import Store
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.web.signed import COOKIE

SAID = "My number is 0770 900 1234, thank you."
ADDRESS = "http://localhost"


@pytest.fixture
def hiding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Office, TestClient]]:
    """An office in which reviewers get telephone numbers hidden; a recorded call that tells one between the first and the fourth second."""
    policy = tmp_path / "privacy.yaml"
    policy.write_text("roles:\n  reviewer: {words: [phone], columns: [customer_id]}\n", "utf-8")
    office = open_office(tmp_path)
    office = replace(office, settings=office.settings.model_copy(update={"privacy_policy": policy}))
    path = record(tmp_path / "told.wav")
    real = Store.write_conversations

    def with_number(store: Store, conversations: list, *, run_id: str) -> None:  # type: ignore[type-arg]
        words = tuple(
            Word(text=text, start_ms=start, end_ms=end, confidence=0.9)
            for text, start, end in (("My number is", 0, 900), (" 0770 900 1234,", 1000, 4000), (" thank you.", 4500, 5000))
        )
        told = [
            replace(
                one,
                utterances=(
                    replace(one.utterances[0], text=SAID, words=words, language="en", start_ms=0, end_ms=5000),
                    *one.utterances[1:],
                ),
            )
            for one in conversations
        ]
        real(store, told, run_id=run_id)

    monkeypatch.setattr(Store, "write_conversations", with_number)
    commit(office.store, "told", source_uri=str(path), audio_sha256="told" * 16, customer_id="c-4711", language="en")
    bring_up_to_date(office.desk)
    app = open_app(office.desk, office.settings)
    yield office, TestClient(app, base_url=ADDRESS, follow_redirects=False)
    app.state.jobs.close()


def page(hiding: tuple[Office, TestClient], name: str, path: str) -> bytes:
    office, client = hiding
    client.cookies.set(COOKIE, session_of(office, name), domain="localhost.local")
    answer = client.get(path)
    assert answer.status_code == 200, answer.text[:500]
    return answer.content


def test_a_reviewer_reads_a_placeholder_and_a_supervisor_what_was_said(hiding: tuple[Office, TestClient]) -> None:
    read = page(hiding, "mei", "/calls/told").decode()
    assert "0770" not in read and "[phone]" in read and "c-4711" not in read
    assert "0770 900 1234" in page(hiding, "anna", "/calls/told").decode()


def test_the_sound_has_a_tone_over_the_words_and_is_else_as_it_was(hiding: tuple[Office, TestClient], tmp_path: Path) -> None:
    with wave.open(io.BytesIO(page(hiding, "anna", "/calls/told/sound"))) as file:
        assert file.getnframes() == 48_000
    (tmp_path / "heard.flac").write_bytes(page(hiding, "mei", "/calls/told/sound"))
    whole, heard = decode(str(tmp_path / "told.wav")).samples[0], decode(str(tmp_path / "heard.flac")).samples[0]
    before, during, after = slice(0, 12_000), slice(17_000, 63_000), slice(68_000, 90_000)
    assert np.abs(whole[before] - heard[before]).max() < 0.001 and np.abs(whole[after] - heard[after]).max() < 0.001
    assert abs(np.corrcoef(whole[during], heard[during])[0, 1]) < 0.1
