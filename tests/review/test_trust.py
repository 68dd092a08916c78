"""What people judged beside what the program said: who counts how, what is missed and invented, and where a criterion stands to the bar."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from desks import commit, make_desk, make_rubric, reopen
from sqlalchemy import select

from qa_pipeline.call import Outcome
from qa_pipeline.reading.pages import Order, page
from qa_pipeline.reading.slice import place_in_slice
from qa_pipeline.reading.viewer import Role, Tenure, Viewer, local_viewer
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Answer, Confirmation, Dispute, Override, Ruling, TakeBack
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.forgetting import forget_decisions
from qa_pipeline.review.judged import Judgement, Said, Sight, judgements, levels_of, program_said
from qa_pipeline.review.tables import decisions
from qa_pipeline.review.trust import Share, Standing, trust, weigh
from qa_pipeline.settings import Settings

WU, LI = local_viewer("Wu"), local_viewer("Li")
MET, NOT_MET, UNDETERMINED = Outcome.MET, Outcome.NOT_MET, Outcome.UNDETERMINED


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, calls=("c1", "c2"))


def told(desk: Desk, viewer: Viewer = WU) -> list[tuple[str, str, str, str, str, str | None]]:
    return [
        (one.call_id, one.criterion_id, one.who, one.sight.value, one.person.outcome.value, one.program and one.program.outcome.value)
        for one in judgements(desk, viewer)
    ]


def test_the_latest_of_each_person_counts_beside_what_the_program_had_said(desk: Desk) -> None:
    decide(desk, WU, "c1", Override(outcome=MET), criterion_id="long", reason="first")
    decide(desk, LI, "c1", Confirmation(), criterion_id="long")
    decide(desk, WU, "c1", Override(outcome=NOT_MET), criterion_id="long", reason="second")
    mistaken = decide(desk, LI, "c1", Override(outcome=NOT_MET), criterion_id="turns", reason="oh")
    decide(desk, LI, "c1", TakeBack(about=mistaken.decision.decision_id))
    assert sorted(told(desk)) == [
        ("c1", "long", "Li", "reviewed", "met", "not_met"),
        ("c1", "long", "Wu", "reviewed", "not_met", "not_met"),
    ]
    first = judgements(desk, WU)
    assert all(one.program and one.program.certainty is not None for one in first)
    # The second time nothing is read from the tables.
    assert judgements(replace(desk, store=None), WU) == first  # type: ignore[arg-type]


def test_who_confirms_the_whole_score_has_looked_at_what_nobody_decided_one_by_one(desk: Desk) -> None:
    decide(desk, WU, "c1", Override(outcome=MET), criterion_id="long", reason="heard it")
    decide(desk, WU, "c1", Confirmation())
    # The item that only people judge is open: nothing is said of it.
    assert sorted(told(desk)) == [
        ("c1", "drafted", "Wu", "looked over", "met", "met"),
        ("c1", "grave", "Wu", "looked over", "not_met", "not_met"),
        ("c1", "long", "Wu", "reviewed", "met", "not_met"),
        ("c1", "turns", "Wu", "looked over", "met", "met"),
    ]


def test_an_answered_dispute_counts_and_belongs_to_the_version_that_was_looked_at(desk: Desk, tmp_path: Path) -> None:
    dispute = decide(desk, local_viewer("lin"), "c1", Dispute(), criterion_id="long", reason="I did")
    ruling = Ruling(about=dispute.decision.decision_id, is_upheld=True, outcome=MET)
    decide(desk, WU, "c1", ruling, reason="so it is")
    commit(desk.store, "c1", rubric=make_rubric(version=2, long={"at_least": 1}))
    desk = reopen(tmp_path)
    decide(desk, LI, "c1", Confirmation(), criterion_id="long")
    found = {one.who: (one.rubric_version, one.program and one.program.outcome) for one in judgements(desk, WU)}
    assert found == {"Wu": (1, NOT_MET), "Li": (2, MET)}


def test_a_criterion_that_was_mended_begins_anew_and_one_that_left_the_score_does_not(desk: Desk, tmp_path: Path) -> None:
    for criterion in ("long", "turns"):
        decide(desk, WU, "c1", Confirmation(), criterion_id=criterion)
    changed = make_rubric(version=2, long={"at_least": 1}, turns={"status": "assist"})
    commit(desk.store, "c1", rubric=changed)
    desk = reopen(tmp_path)
    decide(desk, LI, "c1", Confirmation(), criterion_id="long")
    settings = Settings(results=desk.store.root)
    lines = {line.criterion_id: {one.who for one in line.judged} for line in trust(desk, WU, settings)}
    assert lines == {"long": {"Li"}, "turns": {"Wu"}}
    assert {(line.criterion_id, line.rubric_version) for line in trust(desk, WU, settings, by_version=True)} == {
        ("long", 1),
        ("long", 2),
        ("turns", 1),
    }


def test_what_only_assists_is_shown_and_does_not_count(desk: Desk, tmp_path: Path) -> None:
    commit(desk.store, "c1", rubric=make_rubric(version=2, long={"status": "assist"}, grave={"status": "assist"}))
    (line, _) = page(reopen(tmp_path).engine, WU, order=Order.NEWEST).lines
    assert (line.call_id, line.percent, line.critical_failed) == ("c1", 100.0, False)


def test_answers_of_items_that_only_people_judge_have_nothing_of_the_program_and_their_levels(desk: Desk) -> None:
    decide(desk, WU, "c1", Answer(outcome=MET, answer="warm"), criterion_id="tone")
    (one,) = judgements(desk, WU)
    assert (one.person.answer, one.program and one.program.outcome) == ("warm", UNDETERMINED)
    assert levels_of(desk, [one]) == {("tested", "tone"): {"warm": 1, "cool": 0.5, "rude": 0}}
    (line,) = weigh([one], share=0, levels=levels_of(desk, [one]), by_version=True)
    assert (line.program.calls, line.judged) == (0, ())


def test_what_is_forgotten_of_a_call_is_what_the_program_had_said_too(desk: Desk) -> None:
    for call_id in ("c1", "c2"):
        decide(desk, WU, call_id, Confirmation(), criterion_id="long")
    judgements(desk, WU)
    forget_decisions(Settings(results=desk.store.root), call_ids=["c1"], conversation_ids=[])
    with desk.engine.connect() as connection:
        left = connection.execute(select(program_said.c.score_id).distinct()).scalars().all()
        (kept,) = connection.execute(select(decisions.c.score_id)).scalars()
    assert left == [kept]


def test_nobody_learns_of_calls_that_are_not_theirs(desk: Desk) -> None:
    decide(desk, WU, "c1", Override(outcome=MET), criterion_id="long", reason="heard it")
    south = Viewer(name="s", account=1, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="south"),))
    north = Viewer(name="n", account=2, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="north"),))
    assert told(desk, south) == []
    assert len(told(desk, north)) == 1


def judged(call: str, person: Outcome, program: Outcome | None, **changes: object) -> Judgement:
    said = None if program is None else Said(outcome=program, certainty=0.9)
    one = Judgement(
        call_id=call, rubric_id="r", rubric_version=1, criterion_id="c", who="Wu", sight=Sight.REVIEWED, person=Said(outcome=person),
        program=said, place=0.0,
    )  # fmt: skip
    return replace(one, **changes)  # type: ignore[arg-type]


def test_what_is_missed_and_invented_is_counted_in_the_random_slice_alone() -> None:
    several = [
        judged("1", NOT_MET, MET),
        judged("2", NOT_MET, UNDETERMINED),
        judged("3", NOT_MET, NOT_MET),
        judged("4", MET, NOT_MET),
        judged("5", MET, MET),
        judged("6", NOT_MET, MET, place=0.5),
        # Blind counts more than looked over, of one call.
        judged("5", NOT_MET, MET, who="Li", sight=Sight.BLIND),
    ]
    (line,) = weigh(several, share=0.1, by_version=False)
    assert line.rates.calls == 5
    assert line.rates.missed == Share(some=2, all=4)
    assert line.rates.withheld == Share(some=1, all=4)
    assert line.rates.false == Share(some=1, all=2)
    # What the program withheld it did not say.
    assert line.program.calls == 5
    assert line.blind.calls == 1


def test_people_are_compared_where_they_were_blind_together() -> None:
    blind = {"sight": Sight.BLIND, "session": 1}
    several = [
        *(judged(str(n), MET, MET, **blind) for n in range(3)),
        *(judged(str(n), MET if n else NOT_MET, MET, who="Li", **blind) for n in range(3)),
        judged("9", MET, MET, who="Li"),
    ]
    (line,) = weigh(several, share=0, by_version=True)
    assert line.people.calls == 3
    assert line.people.observed == pytest.approx(2 / 3)
    assert line.program.calls == 4


def test_the_bar_speaks_from_enough_calls_and_lets_back_only_what_is_surely_above() -> None:
    def standing(right: int, wrong: int, bar: float = 0.6, least: int = 30) -> Standing:
        several = [judged(f"{n:03}", MET if n % 2 else NOT_MET, MET if n % 2 else NOT_MET) for n in range(right)]
        several += [judged(f"w{n:03}", MET, NOT_MET) for n in range(wrong)]
        (line,) = weigh(several, share=0, by_version=False)
        return line.standing(bar, least)

    assert standing(20, 9) is Standing.FEW
    assert standing(30, 30) is Standing.BELOW
    assert standing(34, 6) is Standing.BETWEEN
    assert standing(100, 2) is Standing.ABOVE


def test_a_judgement_has_the_place_of_its_call_in_the_slice(desk: Desk) -> None:
    decide(desk, WU, "c1", Override(outcome=MET), criterion_id="long", reason="heard it")
    (one,) = judgements(desk, WU)
    assert one.place == place_in_slice("c1", "a1", "2026-W20")
