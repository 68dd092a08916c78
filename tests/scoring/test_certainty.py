"""How sure verdicts are: what the model makes of measures, what limits it, what is withheld, and what scores say of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from qa_pipeline.call import Outcome
from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import ModelError
from qa_pipeline.scoring.certainty import LIMITED, Certainty, CertaintyModel, Ground, Weighing, limited, load_model, shipped_model
from qa_pipeline.scoring.identity import score_id_of
from qa_pipeline.scoring.measures import Measures
from qa_pipeline.scoring.score import Score, prepare, score
from tests.rubric.built_rubrics import rubric, shipped_situations

# Half the log-odds scale: −2 is 0.1, 0 is 0.5, 2 is 0.9.
MODEL = CertaintyModel(
    bar=0.6,
    kinds={"said": Weighing(start=1.0, measures={"inexact": (-4.0, 0.25)}), "missing": Weighing(start=2.0, measures={"near": (-5.0, 0.0)})},
    traits={"language=en": 0.5},
    log_odds=(-2.0, 0.0, 2.0),
    shares=(0.1, 0.5, 0.9),
)


class Fixed:
    """As sure of each criterion as the test says; of the disposition and everything else 0.99."""

    bar = 0.6

    def __init__(self, **shares: float) -> None:
        self.shares = shares

    def certainty(self, measures: Measures) -> Certainty:
        named = [trait.partition("=")[2].partition("|")[0] for trait in measures.traits if trait.startswith("criterion=")]
        named += [trait.partition("=")[2] for trait in measures.traits if trait.startswith("disposition=")]
        return Certainty(share=next((self.shares[name] for name in named if name in self.shares), 0.99))


GREETING = {"id": "greeting", "check": "phrase", "phrases": {"en": ["hello there"]}, "weight": 10}
SPOKEN = conversation("0:00 agent: Hello there.", "0:03 customer: Go on.", language="en")


def scored_by(judge: Fixed, *criteria: dict[str, object], spoken: object = SPOKEN, **top: object) -> Score:
    built = rubric(*criteria, situations=top.pop("situations", None), **top)  # type: ignore[arg-type]
    return score(spoken, prepare(built, {}, judge))  # type: ignore[arg-type]


def test_measures_and_traits_add_up_to_a_share_on_the_curve() -> None:
    # 1.0 − 4 × (0.5 − 0.25) + 0.5 = 0.5 log-odds: a quarter of the way from 0.5 to 0.9.
    found = MODEL.certainty(Measures(kind="said", values={"inexact": 0.5}, traits=("language=en", "language=xx")))
    assert found.share == 0.6
    assert found.grounds == (Ground(key="inexact", weight=-1.0), Ground(key="language", weight=0.5))


def test_a_share_stays_on_the_curve() -> None:
    assert MODEL.certainty(Measures(kind="missing", values={"near": 2.0})).share == 0.1
    assert MODEL.certainty(Measures(kind="missing", values={})).share == 0.9
    assert MODEL.certainty(Measures(kind="never fitted", values={})).share == 0.9


def test_what_follows_is_never_surer_than_what_it_follows_from() -> None:
    own = Certainty(share=0.9, grounds=(Ground(key="near", weight=1.0),))
    assert limited(own, []) == own
    assert limited(own, [Certainty(share=0.95)]) == own
    held = limited(own, [Certainty(share=0.95), Certainty(share=0.7)])
    assert (held.share, held.grounds[0].key) == (0.7, LIMITED)


def test_a_verdict_below_the_bar_is_withheld_with_both_readings() -> None:
    found = scored_by(Fixed(greeting=0.55), GREETING)
    finding = found.findings[0]
    assert (finding.outcome, finding.likely, finding.reason_code) == (Outcome.UNDETERMINED, Outcome.MET, "unsure")
    assert (finding.points, finding.certainty) == (None, Certainty(share=0.55))
    assert finding.reason == "Unsure: met with 55 %, else not met. Said in the window searched."
    assert finding.evidence[0].text == "Hello there"
    assert "unsure" in found.review_reasons


def test_a_verdict_at_the_bar_is_given() -> None:
    finding = scored_by(Fixed(greeting=0.6), GREETING).findings[0]
    assert (finding.outcome, finding.likely) == (Outcome.MET, None)


def test_a_rubric_sets_its_own_bar() -> None:
    assert scored_by(Fixed(greeting=0.55), GREETING, min_certainty=0.5).findings[0].outcome is Outcome.MET
    assert scored_by(Fixed(greeting=0.9), GREETING, min_certainty=0.95).findings[0].likely is Outcome.MET


def test_what_is_expected_to_be_wrong_adds_up() -> None:
    goodbye = {"id": "goodbye", "check": "phrase", "phrases": {"en": ["goodbye"]}}
    draft = {**GREETING, "id": "draft", "status": "draft"}
    found = scored_by(Fixed(greeting=0.9, goodbye=0.75, draft=0.7), GREETING, goodbye, draft)
    # 0.1 + 0.25; a draft does not count.
    assert found.expected_wrong == 0.35
    assert scored_by(Fixed(greeting=0.5), GREETING).expected_wrong == 0.0


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [({"criterion": "greeting", "outcome": "met"}, Outcome.MET), ({"criterion": "greeting", "outcome": "not_met"}, Outcome.NOT_APPLICABLE)],
)
def test_a_child_is_no_surer_than_its_parent(condition: dict[str, str], outcome: Outcome) -> None:
    child = {"id": "child", "check": "metric", "metric": "turns", "at_least": 1, "when": [condition]}
    finding = scored_by(Fixed(greeting=0.7), GREETING, child).findings[1]
    assert finding.outcome is outcome
    assert finding.certainty is not None
    assert finding.certainty.share == 0.7


def test_what_an_unsure_parent_decides_is_unsure_with_it() -> None:
    child = {"id": "child", "check": "metric", "metric": "turns", "at_least": 1, "when": [{"criterion": "greeting", "outcome": "met"}]}
    found = scored_by(Fixed(greeting=0.4), GREETING, child)
    assert [finding.likely for finding in found.findings] == [Outcome.MET, Outcome.MET]


def test_of_criteria_combined_the_one_that_decides_is_enough() -> None:
    never = {"id": "never", "check": "phrase", "phrases": {"en": ["goodbye"]}}
    any_ = {"id": "either", "check": "any", "of": ["greeting", "never"]}
    every = {"id": "both", "check": "all", "of": ["greeting", "never"]}
    shares = {
        f.criterion.id: f.certainty.share
        for f in scored_by(Fixed(greeting=0.9, never=0.7), GREETING, never, any_, every).findings
        if f.certainty
    }
    assert (shares["either"], shares["both"]) == (0.9, 0.7)


def test_what_is_undetermined_for_another_reason_asserts_nothing() -> None:
    manual = {"id": "manual", "check": "manual"}
    assert scored_by(Fixed(), manual).findings[0].certainty is None


def test_what_follows_from_a_parent_shows_its_words() -> None:
    child = {"id": "child", "check": "metric", "metric": "turns", "at_least": 1, "when": [{"criterion": "greeting", "outcome": "not_met"}]}
    finding = scored_by(Fixed(), GREETING, child).findings[1]
    assert [(e.kind, e.text) for e in finding.evidence] == [("cause", "Hello there")]
    assert finding.reason.endswith("At 0:00 the agent said: “Hello there”.")


def test_what_follows_from_a_situation_shows_its_words() -> None:
    spoken = conversation(
        "0:00 agent: Hello, may I speak to Mr Hill?", "0:03 customer: You have the wrong number.", "0:06 agent: Sorry, goodbye.", language="en",
        direction="outbound",
    )  # fmt: skip
    asked = {**GREETING, "not_applicable_when": ["wrong_person"]}
    found = scored_by(Fixed(), asked, spoken=spoken, situations=shipped_situations())
    finding = found.findings[0]
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert [e.kind for e in finding.evidence] == ["cause"]
    assert "At 0:04 the customer said: “" in finding.reason
    assert found.not_applicable_share == 1.0


def test_the_shipped_model_is_read_and_rises() -> None:
    model = shipped_model()
    assert list(model.log_odds) == sorted(model.log_odds)
    assert list(model.shares) == sorted(model.shares)
    assert 0 <= model.bar < 1


def test_a_file_of_another_form_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"bar": 0.5, "kinds": []}), "utf-8")
    with pytest.raises(ModelError, match="no model of certainty"):
        load_model(path)


def test_another_model_makes_another_score() -> None:
    found = scored_by(Fixed(), GREETING)
    by = found.judged_by
    assert by.certainty_digest
    assert score_id_of(SPOKEN.conversation_id, found.rubric_sha256, by) == found.score_id
    assert score_id_of(SPOKEN.conversation_id, found.rubric_sha256, replace(by, certainty_digest="other")) != found.score_id
