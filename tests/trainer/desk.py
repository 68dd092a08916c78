"""A trainer's desk for tests: a folder of rubrics with cases, settings that point there, calls in a store, and an encoder of three words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.written import conversation, with_vectors
from qa_pipeline.meaning.acts import ACTS
from qa_pipeline.meaning.replies import READ_WIDTH
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.running.environment import open_store
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.settings import Settings, load_settings
from tests.rubric.built_rubrics import write_folder

SERVICE = """\
id: service
version: 1
timezone: Europe/Stockholm
sections:
  - id: opening
    criteria:
      - id: greeting
        status: stable
        check: phrase
        within: {first: {turns: 1}}
        phrases: {en: [hello there]}
        weight: 10
      - id: convenience
        status: stable
        check: question
        phrases: {en: [is this a good time]}
        answers: {willing: {en: [go ahead]}, unwilling: {en: [driving]}}
        weight: 10
      - id: callback
        status: stable
        check: phrase
        phrases: {en: [call you back]}
        when: [{criterion: convenience, answer: unwilling}]
        weight: 20
      - id: rude
        status: stable
        check: forbidden
        phrases: {en: [shut up]}
        critical: true
        weight: 0
"""

CASES = """\
- name: a good call
  language: en
  dialogue: |
    0:00 agent: Hello there, is this a good time?
    0:04 customer: Go ahead.
  expected: {greeting: met, convenience: met, callback: not_applicable, rude: met}
- name: the customer drives
  language: en
  dialogue: |
    0:00 agent: Hello there. Is this a good time?
    0:04 customer: I am driving.
    0:06 agent: I will call you back.
  expected: {callback: met}
  answers: {convenience: unwilling}
- name: all wrong
  language: en
  dialogue: |
    0:00 agent: Is this a good time?
    0:04 customer: Driving.
    0:06 agent: Shut up.
  expected: {greeting: not_met, callback: not_met, rude: not_met}
- name: nothing asked
  language: en
  dialogue: |
    0:00 agent: Hello there.
  expected: {convenience: not_met}
"""

# By meaning: the fake encoder below knows these words and no others.
COMPLAINT = """\
id: complaint
version: 1
sections:
  - id: all
    criteria:
      - id: late
        status: stable
        check: semantic
        who: customer
        meaning: {list: lists/late.yaml, at_least: 0.5}
"""
LATE = """\
id: late
like: {en: [the parcel is late, my parcel came late, a late parcel again]}
unlike: {en: [the weather is fine, what fine weather today, the weather is good]}
"""
COMPLAINT_CASES = """\
- name: late
  language: en
  dialogue: "customer: The parcel is so late."
  expected: {late: met}
- name: in time
  language: en
  dialogue: "customer: The weather is so fine."
  expected: {late: not_met}
"""
WORDS = ("parcel", "late", "weather")


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """One axis for each known word."""
    vectors = np.zeros((len(texts), 384), np.float32)
    for row, text in enumerate(texts):
        for axis, word in enumerate(WORDS):
            vectors[row, axis] = word in text.lower()
        vectors[row] /= max(1.0, float(np.linalg.norm(vectors[row])))
    return vectors


class FakeEncoder:
    """Stands in for meaning/encoder.py."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self.folder = folder

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return encode(texts)


class FakeReader:
    """Stands in for the readers: nothing is any act, and replies say nothing."""

    def __init__(self, encoder: FakeEncoder, settings: Settings) -> None:
        self.encoder, self.settings = encoder, settings

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        beside = np.repeat([[-9.0] * len(ACTS) + [0.0] * READ_WIDTH], len(texts), axis=0).astype(np.float32)
        return np.hstack([self.encoder.encode(texts), beside])


def use_fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever loads the text encoder get the fake one."""
    monkeypatch.setattr("qa_pipeline.meaning.encoder.Encoder", FakeEncoder)
    monkeypatch.setattr("qa_pipeline.trainer.publish.MeaningReader", FakeReader)
    monkeypatch.setattr("qa_pipeline.trainer.publish.model_folder", lambda manifest, settings: settings.cache)
    monkeypatch.setattr("qa_pipeline.scoring.ready.Listener", lambda settings: FakeEncoder(settings.cache))


def service_folder(folder: Path) -> Path:
    """A folder with the rubric `service` and its cases."""
    write_folder(folder, service=SERVICE)
    (folder / "service.cases.yaml").write_text(CASES, "utf-8")
    return folder


def complaint_folder(folder: Path) -> Path:
    """A folder with the rubric `complaint`, which matches by meaning."""
    write_folder(folder, complaint=COMPLAINT)
    (folder / "complaint.cases.yaml").write_text(COMPLAINT_CASES, "utf-8")
    (folder / "lists" / "late.yaml").write_text(LATE, "utf-8")
    return folder


def desk(tmp_path: Path, folder: Path) -> Settings:
    """Settings for a folder of rubrics, with a cache and results of their own."""
    return load_settings(rubrics=folder, cache=tmp_path / "cache", results=str(tmp_path / "results"), threads=1)


def edit(path: Path, old: str, new: str) -> None:
    """Change the one place where a file says `old`."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")


def spoken(call_id: str, *lines: str, vectors: bool = False, day: int = 1, **call: object) -> Conversation:
    """A call of November 2026."""
    given = {"call_id": call_id, "source_uri": f"{call_id}.wav", "started_at": datetime(2026, 11, day, 12, tzinfo=UTC), **call}
    made = replace(conversation(*lines, language="en", **given), conversation_id=f"heard-{call_id}")
    return with_vectors(made, encode) if vectors else made


def stored(settings: Settings, *conversations: Conversation, scored_by: Path | None = None) -> Store:
    """A store with these calls, scored officially by a rubric file if one is given."""
    store = open_store(settings)
    store.prepare()
    store.write_conversations(conversations, run_id="r1")
    if scored_by:
        scorecard = prepare(load_rubric(scored_by), {})
        store.write_scores([score(c, scorecard) for c in conversations], purpose="official", run_id="r1")
    return store
