"""The whole line with a real small model: asked, answered in the form wanted, kept, judged. What so small a model says is often wrong; it is never believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qa_pipeline.running.asking import ask_tonight
from tests.running.test_ask_nights import BECAUSE, GREETS, WHY, asking, outcomes, settings_for, spoken, stored
from tests.small_model import NAME, small_model

pytestmark = pytest.mark.models


def test_a_real_model_is_asked_once_and_believed_only_with_proof(tmp_path: Path) -> None:
    run = stored(settings_for(tmp_path, None, ask_model=NAME), spoken(1), rubrics=asking(GREETS, {**WHY, "phrasings": 1}))
    with small_model(tmp_path) as url:
        asked = replace(run, settings=run.settings.model_copy(update={"ask_url": url, "ask_timeout_seconds": 280.0}))
        summary = ask_tonight(asked)
        assert summary and (summary.requests, summary.failures) == (1, ())
        assert summary.tokens > 100 and summary.received > 100
        assert ask_tonight(asked.anew()) is None
    (row,) = run.store.read("replies").to_pylist()
    assert (row["model"], row["answer"] in ("yes", "no", "cannot_tell")) == (NAME, True)
    outcome, reason = outcomes(run)["c1"]
    (finding,) = (row for row in run.store.read("findings").to_pylist() if row["criterion_id"] == "why" and row["reason_code"] == reason)
    if outcome == "met":
        assert finding["evidence"] and all(quote["text"] in BECAUSE for quote in row["quotes"] if quote["utterance"] == 2)
    else:
        assert (outcome, reason) in (("not_met", "answered"), ("undetermined", "no_proof"), ("undetermined", "cannot_tell"))
