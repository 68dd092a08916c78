"""The effect of a rubric before it is published, counted by hand."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from qa_pipeline.call import Outcome
from qa_pipeline.errors import RubricError
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.report.diff import agreement_text, said_text
from qa_pipeline.results.versions import freeze, named_rubric
from qa_pipeline.review.opening import open_lists
from qa_pipeline.review.verdicts import Said
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.scorecards import ready_scorecards
from qa_pipeline.scoring.score import prepare
from qa_pipeline.trainer.diff import Agreement, Diff, calls_to_compare, diff
from tests.rubric.built_rubrics import MET, rubric, write_folder
from tests.trainer.desk import COMPLAINT, LATE, desk, edit, service_folder, spoken, stored, use_fake_encoder

HELLO = {"id": "hello", "check": "phrase", "phrases": {"en": ["hello"]}, "weight": 30}
TALKS = {"id": "talks", **MET, "weight": 70}
CALLS = (
    spoken("a1", "agent: Hello.", "customer: Hi.", agent_id="anna", day=1),
    spoken("a2", "agent: Good morning.", "customer: Hi.", agent_id="anna", day=2),
    spoken("b1", "agent: Good morning.", "customer: Hi.", agent_id="bo", day=3),
    spoken("x1", "agent: Yes.", "customer: Hi.", day=4),
)


def compared(old: Rubric, new: Rubric) -> Diff:
    return diff(CALLS, prepare(old, {}), prepare(new, {}))


def test_changed_outcomes_are_counted_by_criterion_and_agent() -> None:
    # hello: a1 met in both; a2 and b1 become met; x1 says neither. Percent is 100 where met, else 70.
    found = compared(rubric(HELLO, TALKS), rubric({**HELLO, "phrases": {"en": ["hello", "good morning"]}}, TALKS, version=2))
    assert [effect.call_id for effect in found.changed] == ["a2", "b1"]
    assert found.transitions == {"hello": Counter({("not_met", "met"): 2})}
    t = found.totals
    assert (t.calls, t.changed, t.mean_before, t.mean_after, t.passed_before, t.passed_after) == (4, 2, 77.5, 92.5, 1, 3)
    assert [(a.agent_id, a.calls, a.changed, a.mean_before, a.mean_after, a.passed_before, a.passed_after) for a in found.agents] == [
        ("anna", 2, 1, 85, 100, 1, 2), ("bo", 1, 1, 70, 100, 0, 1), ("unknown", 1, 0, 70, 70, 0, 0)
    ]  # fmt: skip
    assert found.old.startswith("tested version 1 (") and found.new.startswith("tested version 2 (")


def test_a_change_shows_what_either_verdict_stands_on() -> None:
    found = compared(rubric(HELLO), rubric({**HELLO, "phrases": {"en": ["good morning"]}}))
    (change,) = found.changed[0].changes
    assert (change.call_id, change.criterion_id, change.before, change.after) == ("a1", "hello", Outcome.MET, Outcome.NOT_MET)
    assert change.evidence[0] == "before: hit 0:00 agent “Hello” (1.00 hello)"
    assert all(line.startswith("after: heard 0:00 agent ") for line in change.evidence[1:])
    assert (change.reason_before, change.reason_after) == ("Said in the window searched.", "Not heard in the window searched.")


def test_a_criterion_that_only_one_of_them_has_changes_in_every_call() -> None:
    added = compared(rubric(HELLO), rubric(HELLO, TALKS))
    assert added.transitions == {"talks": Counter({("–", "met"): 4})}
    taken_out = compared(rubric(HELLO, TALKS), rubric(HELLO))
    assert taken_out.transitions == {"talks": Counter({("met", "–"): 4})}
    (change,) = taken_out.changed[0].changes
    assert (change.after, change.reason_after) == (None, "Not in this rubric.")
    assert added.criteria == ("hello", "talks")


def test_another_answer_is_a_change() -> None:
    asked = {"id": "ready", "check": "question", "phrases": {"en": ["good morning"]}}
    old = rubric({**asked, "answers": {"willing": {"en": ["hi"]}}})
    new = rubric({**asked, "answers": {"unwilling": {"en": ["hi"]}}})
    (change,) = compared(old, new).changed[0].changes
    assert (change.before, change.after, change.answer_before, change.answer_after) == (Outcome.MET, Outcome.MET, "willing", "unwilling")


def test_other_weights_change_the_percent_and_no_outcome() -> None:
    found = compared(rubric(HELLO, TALKS), rubric({**HELLO, "weight": 70}, {**TALKS, "weight": 30}))
    assert [(effect.call_id, effect.percent_before, effect.percent_after) for effect in found.changed] == [
        ("a2", 70, 30), ("b1", 70, 30), ("x1", 70, 30)
    ]  # fmt: skip
    assert found.transitions == {}


def test_what_becomes_critical_fails_calls_whose_points_stay() -> None:
    unweighted = {**HELLO, "weight": 0}
    found = compared(rubric(unweighted, TALKS), rubric({**unweighted, "critical": True}, TALKS))
    assert [(e.call_id, e.percent_before, e.percent_after, e.passed_before, e.passed_after) for e in found.changed] == [
        (name, 100, 100, True, False) for name in ("a2", "b1", "x1")
    ]
    assert (found.totals.changed, found.totals.passed_before, found.totals.passed_after) == (3, 4, 1)


def test_it_is_counted_with_how_many_verdicts_of_people_either_rubric_agrees() -> None:
    # hello: a1 met in both; a2 and b1 become met; x1 not met in both.
    people = {
        ("a1", "hello"): Said(outcome=Outcome.MET),
        ("a2", "hello"): Said(outcome=Outcome.MET),
        ("b1", "hello"): Said(outcome=Outcome.NOT_MET),
        ("x1", "hello"): Said(outcome=Outcome.NOT_APPLICABLE),
        ("x1", "gone"): Said(outcome=Outcome.MET),
        ("unheard", "hello"): Said(outcome=Outcome.MET),
    }
    new = rubric({**HELLO, "phrases": {"en": ["hello", "good morning"]}}, TALKS, version=2)
    found = diff(CALLS, prepare(rubric(HELLO, TALKS), {}), prepare(new, {}), people=people)
    assert found.agreement == {"hello": Agreement(verdicts=4, before=2, after=2, gained=1, lost=1)}
    assert agreement_text(found.agreed) == "Of 4 verdicts of people it agrees with 2 → 2: 1 more, 1 no longer."
    assert [said_text(effect.changes[0]) for effect in found.changed] == ["met, as it is now", "not met, as it was"]


def test_a_criterion_that_is_taken_out_agrees_with_nobody_any_more() -> None:
    people = {("a1", "hello"): Said(outcome=Outcome.MET)}
    found = diff(CALLS, prepare(rubric(HELLO, TALKS), {}), prepare(rubric(TALKS), {}), people=people)
    assert found.agreed == Agreement(verdicts=1, before=1, after=0, gained=0, lost=1)


def test_the_same_rubric_twice_changes_nothing() -> None:
    found = compared(rubric(HELLO, TALKS), rubric(HELLO, TALKS))
    assert (found.changed, found.transitions, found.totals.changed) == ((), {}, 0)


def test_more_calls_than_are_scored_together_are_all_compared() -> None:
    many = [spoken(f"c{number}", "agent: Hello.", agent_id=str(number % 2)) for number in range(203)]
    found = diff(iter(many), prepare(rubric(HELLO), {}), prepare(rubric({**HELLO, "who": "customer"}), {}))
    assert [effect.call_id for effect in found.effects] == [f"c{number}" for number in range(203)]
    assert [(agent.agent_id, agent.calls, agent.changed) for agent in found.agents] == [("0", 102, 102), ("1", 101, 101)]


def test_the_day_of_a_call_is_that_of_the_rubrics_zone() -> None:
    evening = spoken("late", "agent: Hello.")
    found = diff([evening], prepare(rubric(HELLO), {}), prepare(rubric(HELLO, timezone="Pacific/Auckland"), {}))
    # 12:00 UTC is 01:00 of the next day in Auckland.
    assert found.effects[0].call_date == date(2026, 11, 2)


# --- over a store ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_compared_are_calls_that_either_rubric_scored_within_the_days(tmp_path: Path) -> None:
    folder = service_folder(tmp_path / "rubrics")
    settings = desk(tmp_path, folder)
    store = stored(settings, *CALLS[:3], scored_by=folder / "service.yaml")
    store.write_conversations([CALLS[3]], run_id="r2")
    engine = open_lists(settings, store)
    card = prepare(load_rubric(folder / "service.yaml"), {})

    def ids(since: date | None = None, until: date | None = None, *, every: bool = False) -> list[str]:
        return [
            name.removeprefix("heard-")
            for name in calls_to_compare(store, engine, MACHINE, card, card, since=since, until=until, every=every)
        ]

    assert ids() == ["a1", "a2", "b1"]
    assert ids(every=True) == ["a1", "a2", "b1", "x1"]
    assert ids(since=date(2026, 11, 2)) == ["a2", "b1"]
    assert ids(until=date(2026, 11, 2)) == ["a1", "a2"]
    assert ids(date(2026, 11, 2), date(2026, 11, 2)) == ["a2"]
    with pytest.raises(RubricError, match="No stored call was scored by service or service in that time"):
        ids(since=date(2026, 12, 1))
    other = prepare(rubric(HELLO), {})
    with pytest.raises(RubricError, match="--all"):
        calls_to_compare(store, engine, MACHINE, other, other, since=None, until=None, every=False)


def test_two_versions_with_other_examples_under_one_list_id_are_each_judged_by_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_fake_encoder(monkeypatch)
    folder = write_folder(tmp_path / "rubrics", complaint=COMPLAINT)
    (folder / "lists" / "late.yaml").write_text(LATE, "utf-8")
    settings = desk(tmp_path, folder)
    calls = [
        spoken("about_parcels", "customer: The parcel is so late.", vectors=True),
        spoken("about_weather", "customer: The weather is so fine.", vectors=True),
    ]
    store = stored(settings, *calls)
    freeze([load_rubric(folder / "complaint.yaml")], store)
    # The same list, turned round.
    edit(folder / "complaint.yaml", "version: 1", "version: 2")
    turned = LATE.replace("\nlike", "\nTURNED").replace("\nunlike", "\nlike").replace("\nTURNED", "\nunlike")
    (folder / "lists" / "late.yaml").write_text(turned, "utf-8")
    old, new = named_rubric("complaint@1", {}, store), load_rubric(folder / "complaint.yaml")
    assert old.criteria[0].meaning.examples.id == new.criteria[0].meaning.examples.id == "late"
    cards = ready_scorecards({"old": old, "new": new}, settings)
    found = diff(store.stream_conversations(), cards["old"], cards["new"])
    changes = {change.call_id: (change.before, change.after) for effect in found.changed for change in effect.changes}
    assert changes == {
        "about_parcels": (Outcome.MET, Outcome.NOT_MET),
        "about_weather": (Outcome.NOT_MET, Outcome.MET),
    }
