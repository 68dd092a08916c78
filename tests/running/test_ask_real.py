"""The whole line with a real small model: asked, answered in the form wanted, kept, judged. What so small a model says is often wrong; it is never believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.reading.tables import rows
from qa_pipeline.running.asking import ask_tonight
from qa_pipeline.running.run import Run
from tests.running.test_ask_nights import BECAUSE, GREETS, WHY, asking, outcomes, settings_for, spoken, stored
from tests.small_model import NAME, small_model

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the model's server."""
    with small_model(tmp_path_factory.mktemp("weights")) as url:
        yield url


def test_a_real_model_is_asked_once_and_believed_only_with_proof(tmp_path: Path, served: str) -> None:
    run = stored(settings_for(tmp_path, None, ask_model=NAME), spoken(1), rubrics=asking(GREETS, {**WHY, "phrasings": 1}))
    asked = replace(run, settings=run.settings.model_copy(update={"ask_url": served, "ask_timeout_seconds": 280.0}))
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


def test_a_second_look_of_a_real_model_never_overrules_what_is_sure_and_says_that_it_was_taken(tmp_path: Path, served: str) -> None:
    looks: dict[str, Any] = {"second_look": ("greets",), "second_look_below": 1.0}
    run = stored(settings_for(tmp_path, None, ask_model=NAME, **looks), spoken(1), rubrics=asking(GREETS))
    before = counting(run)
    asked = replace(run, settings=run.settings.model_copy(update={"ask_url": served, "ask_timeout_seconds": 280.0}))
    summary = ask_tonight(asked)
    assert summary and (summary.requests, summary.failures) == (3, ())
    after = counting(run)
    told = {pair["key"]: pair["value"] for pair in after["reason_args"]}
    assert (before["outcome"], after["outcome"]) == ("met", "met")
    assert "A language model was asked as well" in after["reason"]
    # Only an answer whose proof holds has moved how sure it is.
    assert (after["certainty"] == before["certainty"]) is (told["looked"] == "look_unproved")
    assert ask_tonight(asked.anew()) is None


def counting(run: Run) -> Mapping[str, Any]:
    """The finding that counts."""
    sql = "select outcome, certainty, reason, reason_args from current_findings where criterion_id = 'greets'"
    (row,) = rows(run.store, sql)
    return row
