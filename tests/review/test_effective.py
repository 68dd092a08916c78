"""What counts of a score and of what people decided: properties over any decisions in any order."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from desks import make_rubric
from hypothesis import given
from hypothesis import strategies as st
from stored import heard

from qa_pipeline.call import Outcome
from qa_pipeline.review.decisions import (
    KINDS,
    Acknowledgement,
    Announcement,
    Answer,
    Calibration,
    Confirmation,
    Decision,
    Dispute,
    Note,
    Override,
    RoleSwap,
    Ruling,
    TakeBack,
    What,
    WordCorrection,
    as_row,
    from_row,
)
from qa_pipeline.review.effective import EffectiveScore, Found, Standing, effective
from qa_pipeline.scoring.score import prepare, score

BEGIN = datetime(2026, 5, 20, tzinfo=UTC)
SCORED = score(heard(), prepare(make_rubric(), {}))
STANDING = Standing(
    call_id="c1",
    conversation_id="one",
    score_id=SCORED.score_id,
    rubric=SCORED.rubric,
    findings=tuple(
        Found(
            criterion=f.criterion, section_id=f.section_id, criterion_sha256=f.criterion_sha256, outcome=f.outcome, answer=f.answer, points=f.points,
            deduction=f.deduction, occurrences=f.occurrences, is_withheld=f.likely is not None,
        )
        for f in SCORED.findings
    ),
    review_reasons=SCORED.review_reasons,
)  # fmt: skip
DIGESTS = {f.criterion.id: f.criterion_sha256 for f in SCORED.findings}
CRITERIA = st.sampled_from(sorted(DIGESTS))
OUTCOMES = st.sampled_from(list(Outcome))


def decision(version: int, what: What, criterion_id: str | None = None, **changes: object) -> Decision:
    """A decision about the call; its hour is its version."""
    made = Decision(
        decision_id=f"d{version}",
        call_id="c1",
        version=version,
        what=what,
        at=BEGIN + timedelta(hours=version),
        conversation_id="one",
        score_id=SCORED.score_id,
        rubric_id="tested",
        rubric_version=1,
        criterion_id=criterion_id,
        criterion_sha256=DIGESTS.get(criterion_id or ""),
        author="Wu",
    )
    return replace(made, **changes)


@st.composite
def histories(draw: st.DrawFn) -> list[Decision]:
    """Decisions about a call, as they can follow each other."""
    made: list[Decision] = []
    for version in range(1, draw(st.integers(0, 8)) + 1):
        kind = draw(
            st.sampled_from(["override", "confirmation", "whole", "answer", "dispute", "note", "acknowledgement", "ruling", "take_back"])
        )
        criterion: str | None = draw(CRITERIA)
        what: What = Note()
        if kind == "override":
            what = Override(outcome=draw(OUTCOMES))
        elif kind == "confirmation":
            what = Confirmation(outcome=draw(OUTCOMES))
        elif kind == "whole":
            what, criterion = Confirmation(), None
        elif kind == "answer":
            what, criterion = Answer(outcome=Outcome.MET, answer=draw(st.sampled_from(["warm", "cool"]))), "tone"
        elif kind == "dispute":
            what = Dispute()
        elif kind == "acknowledgement":
            what, criterion = Acknowledgement(), None
        elif kind == "ruling" and (disputes := [d for d in made if isinstance(d.what, Dispute)]):
            about = draw(st.sampled_from(disputes))
            what, criterion = Ruling(about=about.decision_id, is_upheld=draw(st.booleans()), outcome=draw(OUTCOMES)), about.criterion_id
        elif kind == "take_back" and (others := [d for d in made if not isinstance(d.what, TakeBack)]):
            what, criterion = TakeBack(about=draw(st.sampled_from(others)).decision_id), None
        made.append(decision(version, what, criterion))
    return made


def counts(score: EffectiveScore) -> tuple[object, ...]:
    """All that counts, without who decided it."""
    return (
        score.totals, score.critical_state, score.review_reasons, score.decided, score.stale,
        tuple((f.outcome, f.answer, f.points, f.deduction, f.is_stale) for f in score.findings),
    )  # fmt: skip


def test_without_decisions_it_is_the_programs_score() -> None:
    found = effective(STANDING, [])
    sums = found.totals
    assert (sums.percent, sums.passed, sums.coverage, sums.critical_failed) == (
        SCORED.percent,
        SCORED.passed,
        SCORED.coverage,
        SCORED.critical_failed,
    )
    assert (found.critical_state, found.review_reasons, found.decided) == (SCORED.critical_state, SCORED.review_reasons, 0)


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_read_does_not_matter(made: list[Decision], chance: random.Random) -> None:
    shuffled = list(made)
    chance.shuffle(shuffled)
    assert effective(STANDING, shuffled) == effective(STANDING, made)


@given(histories())
def test_read_twice_they_count_once(made: list[Decision]) -> None:
    assert effective(STANDING, [*made, *made]) == effective(STANDING, made)


@given(histories(), CRITERIA, OUTCOMES)
def test_what_is_taken_back_leaves_all_as_it_was(made: list[Decision], criterion: str, outcome: Outcome) -> None:
    version = len(made) + 1
    more = [decision(version, Override(outcome=outcome), criterion), decision(version + 1, TakeBack(about=f"d{version}"))]
    assert counts(effective(STANDING, [*made, *more])) == counts(effective(STANDING, made))


@given(histories(), st.integers(0, 8))
def test_after_a_closing_nothing_counts_more(made: list[Decision], hours: int) -> None:
    closed_at = BEGIN + timedelta(hours=hours)
    closed = effective(STANDING, made, closed_at)
    assert counts(closed) == counts(effective(STANDING, made[:hours]))
    assert list(closed.late) == made[hours:]


@given(histories(), histories())
def test_decisions_of_other_calls_count_nothing(made: list[Decision], foreign: list[Decision]) -> None:
    others = [replace(d, call_id="c2", decision_id=f"x{d.decision_id}") for d in foreign]
    assert effective(STANDING, [*others, *made]) == effective(STANDING, made)


@given(histories(), CRITERIA, OUTCOMES)
def test_the_latest_of_two_holds_and_the_other_is_kept(made: list[Decision], criterion: str, outcome: Outcome) -> None:
    version = len(made) + 1
    latest = decision(version, Override(outcome=outcome), criterion)
    found = next(f for f in effective(STANDING, [*made, latest]).findings if f.criterion.id == criterion)
    before = next(f for f in effective(STANDING, made).findings if f.criterion.id == criterion)
    assert (found.outcome, found.decision) == (outcome, latest)
    assert found.earlier == ((before.decision, *before.earlier) if before.decision else ())


@given(histories())
def test_a_changed_criterion_makes_its_decisions_stale_and_changes_no_outcome(made: list[Decision]) -> None:
    changed = replace(
        STANDING, score_id="other", findings=tuple(replace(f, criterion_sha256=f"{f.criterion_sha256}x") for f in STANDING.findings)
    )
    before, after = effective(STANDING, made), effective(changed, made)
    assert [f.outcome for f in after.findings] == [f.outcome for f in before.findings]
    assert [f.is_stale for f in after.findings] == [f.decision is not None for f in after.findings]


@given(histories())
def test_the_figures_stay_within_their_bounds(made: list[Decision]) -> None:
    found = effective(STANDING, made)
    assert found.totals.percent is None or 0 <= found.totals.percent <= 100
    assert found.totals.coverage is None or 0 <= found.totals.coverage <= 1
    assert 0 <= found.stale <= found.decided
    assert (found.critical_state == "none") == (not found.totals.critical_failed)


def test_decisions_by_another_rubric_count_nothing() -> None:
    other = decision(1, Override(outcome=Outcome.MET), "long", rubric_id="another")
    assert counts(effective(STANDING, [other])) == counts(effective(STANDING, []))


def test_what_was_withheld_waits_until_somebody_decided_it() -> None:
    withheld = replace(
        STANDING,
        findings=tuple(
            replace(f, outcome=Outcome.UNDETERMINED, is_withheld=True) if f.criterion.id == "long" else f for f in STANDING.findings
        ),
        review_reasons=("unsure",),
    )
    assert "unsure" in effective(withheld, []).review_reasons
    assert "unsure" not in effective(withheld, [decision(1, Override(outcome=Outcome.MET), "long")]).review_reasons


def test_drafts_do_not_count() -> None:
    found = effective(STANDING, [decision(1, Override(outcome=Outcome.NOT_MET), "drafted")])
    assert found.totals == effective(STANDING, []).totals


EACH: tuple[What, ...] = (
    Override(outcome=Outcome.MET, answer="warm"),
    Confirmation(),
    Answer(outcome=Outcome.NOT_MET),
    RoleSwap(moment_ms=5),
    WordCorrection(moment_ms=7, before="sheet", after="street"),
    Announcement(moment_ms=3, is_recording=False),
    Dispute(),
    Ruling(about="d1", is_upheld=True, outcome=Outcome.MET),
    Acknowledgement(),
    Note(moment_ms=12),
    Calibration(session=1, outcome=Outcome.MET),
    TakeBack(about="d1"),
)


@pytest.mark.parametrize("what", EACH, ids=lambda what: type(what).__name__)
def test_a_row_says_all_of_a_decision(what: What) -> None:
    made = decision(4, what, "long", account=3, reason="so")
    assert from_row(as_row(made)) == made


def test_every_kind_has_been_tried() -> None:
    assert {type(what) for what in EACH} == set(KINDS.values())
