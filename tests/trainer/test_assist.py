"""A criterion that people agree with too rarely leaves the score by a new version of its rubric, and comes back by another."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.call import Outcome
from qa_pipeline.errors import RubricError
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Confirmation, Override
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import open_desk
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.settings import Settings
from qa_pipeline.trainer.assist import advise, publish_statuses
from qa_pipeline.trainer.publish import publish
from tests.trainer.desk import desk as trainers_desk
from tests.trainer.desk import edit, service_folder, spoken, stored

WU = local_viewer("Wu")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = trainers_desk(tmp_path, service_folder(tmp_path / "rubrics"))
    return made.model_copy(update={"agreement_calls": 6})


@pytest.fixture
def desk(settings: Settings) -> Desk:
    """Twelve calls in which the agent greets, scored by the published rubric."""
    said = [spoken(f"c{n:02}", "agent: Hello there, is this a good time?", "customer: Go ahead.") for n in range(12)]
    store = stored(settings, *said, scored_by=settings.rubrics / "service.yaml")
    publish(["service"], settings, store)
    return open_desk(settings, store)


def judge(desk: Desk, wrong: int, right: int) -> None:
    for number in range(wrong):
        decide(desk, WU, f"c{number:02}", Override(outcome=Outcome.NOT_MET), criterion_id="greeting", reason="mumbled")
    for number in range(wrong, wrong + right):
        decide(desk, WU, f"c{number:02}", Confirmation(), criterion_id="greeting")


@pytest.mark.slow
def test_it_leaves_the_score_by_the_next_version_and_says_so(desk: Desk, settings: Settings) -> None:
    judge(desk, wrong=5, right=3)
    (advice,) = advise(desk, WU, settings)
    assert (advice.rubric_id, advice.criterion_id, advice.to) == ("service", "greeting", "assist")
    before = (settings.rubrics / "service.yaml").read_text("utf-8")
    published = publish_statuses(desk, settings, "service", {"greeting": "assist"})
    after = (settings.rubrics / "service.yaml").read_text("utf-8")
    assert after == before.replace("status: stable", "status: assist", 1).replace("version: 1", "version: 2")
    assert (published.version, {c.id: c.status for c in published.criteria}["greeting"]) == (2, "assist")
    # It is out already: the same agreement advises nothing more.
    assert advise(desk, WU, settings) == ()


@pytest.mark.slow
def test_it_comes_back_when_it_is_surely_above(desk: Desk, settings: Settings) -> None:
    publish_statuses(desk, settings, "service", {"greeting": "assist"})
    judge(desk, wrong=0, right=11)
    (advice,) = advise(desk, WU, settings)
    assert advice.to == "stable"
    assert publish_statuses(desk, settings, "service", {"greeting": "stable"}).version == 3


def test_too_few_calls_advise_nothing(desk: Desk, settings: Settings) -> None:
    judge(desk, wrong=4, right=1)
    assert advise(desk, WU, settings) == ()


def test_what_cannot_be_published_is_as_it_was(desk: Desk, settings: Settings) -> None:
    path = settings.rubrics / "service.yaml"
    edit(path, "[hello there]", "[good evening]")
    before = path.read_text("utf-8")
    with pytest.raises(RubricError, match="cannot be published"):
        publish_statuses(desk, settings, "service", {"greeting": "assist"})
    assert path.read_text("utf-8") == before
    with pytest.raises(RubricError, match="no criterion 'none'"):
        publish_statuses(desk, settings, "service", {"none": "assist"})
    with pytest.raises(RubricError, match="No rubric is called"):
        publish_statuses(desk, settings, "other", {"greeting": "assist"})


def test_a_status_that_was_not_written_is_written_after_the_name(desk: Desk, settings: Settings) -> None:
    path = settings.rubrics / "service.yaml"
    edit(path, "      - id: greeting\n        status: stable\n", "      - id: greeting\n")
    publish_statuses(desk, settings, "service", {"greeting": "assist"})
    assert "      - id: greeting\n        status: assist\n        check: phrase\n" in path.read_text("utf-8")
    assert load_rubric(path).criteria[0].status == "assist"
