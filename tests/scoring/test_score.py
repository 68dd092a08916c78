"""Conversation × rubric → score: formulas worked by hand, the four outcomes, branches and windows."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Outcome
from qa_pipeline.conversation.written import conversation
from tests.rubric.built_rubrics import MET, NOT_APPLICABLE, NOT_MET, UNDETERMINED, finding, scored, shipped_situations

KINDS = {"met": MET, "not_met": NOT_MET, "undetermined": UNDETERMINED, "not_applicable": NOT_APPLICABLE}
PLAIN = conversation("0:00 agent: hello there.", "0:03 customer: good day to you.", language="en")
HELLO = {"check": "phrase", "phrases": {"en": ["hello"]}}
FAREWELL = {"check": "phrase", "phrases": {"en": ["goodbye"]}}
CRITERIA = st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.sampled_from([0, 1, 2.5, 10])), min_size=1, max_size=8)


def weighted(kind: str, weight: float, **more: Any) -> dict[str, Any]:
    return {**KINDS[kind], "weight": weight, **more}


def test_percent_is_over_what_was_judged_and_coverage_over_what_applies() -> None:
    found = scored(PLAIN, weighted("met", 10), weighted("not_met", 10), weighted("undetermined", 5), weighted("not_applicable", 5))
    assert (found.points, found.max_points, found.percent, found.coverage) == (10, 20, 50, 0.8)


def test_the_four_outcomes_carry_points_only_where_judged() -> None:
    found = scored(PLAIN, *(weighted(kind, 4) for kind in ("met", "not_met", "undetermined", "not_applicable")))
    assert [(f.outcome.value, f.points, f.max_points) for f in found.findings] == [
        ("met", 4, 4), ("not_met", 0, 4), ("undetermined", None, 4), ("not_applicable", None, 4)
    ]  # fmt: skip


@pytest.mark.parametrize(("undetermined", "percent"), [(10, 100), (11, None), (0, 100)])
def test_there_is_no_percent_below_the_least_coverage(undetermined: float, percent: float | None) -> None:
    found = scored(PLAIN, weighted("met", 10), weighted("undetermined", undetermined), min_coverage=0.5)
    assert found.percent == percent
    assert found.passed is (None if percent is None else True)


@pytest.mark.parametrize("kinds", [("undetermined",), ("not_applicable",), ("undetermined", "not_applicable")])
def test_where_nothing_was_judged_nothing_is_said(kinds: tuple[str, ...]) -> None:
    found = scored(PLAIN, *(weighted(kind, 5) for kind in kinds), min_coverage=0)
    assert (found.percent, found.passed) == (None, None)


def test_a_weight_of_0_changes_nothing() -> None:
    found = scored(PLAIN, weighted("met", 10), weighted("not_met", 0), weighted("undetermined", 0))
    assert (found.percent, found.coverage) == (100, 1)


def test_weights_of_0_alone_give_no_percent() -> None:
    found = scored(PLAIN, weighted("met", 0))
    assert (found.percent, found.coverage) == (None, None)


@given(CRITERIA)
def test_percent_and_coverage_stay_within_bounds(criteria: list[tuple[str, float]]) -> None:
    found = scored(PLAIN, *(weighted(*criterion) for criterion in criteria))
    assert found.percent is None or 0 <= found.percent <= 100
    assert found.coverage is None or 0 <= found.coverage <= 1


@given(CRITERIA, st.sampled_from([0, 1, 10]))
def test_an_added_undetermined_criterion_never_changes_the_percent(criteria: list[tuple[str, float]], weight: float) -> None:
    given_ = [weighted(*criterion) for criterion in criteria]
    assert (
        scored(PLAIN, *given_, weighted("undetermined", weight), min_coverage=0).percent == scored(PLAIN, *given_, min_coverage=0).percent
    )


@given(CRITERIA, st.sampled_from([0, 1, 10]))
def test_a_criterion_that_does_not_apply_never_counts(criteria: list[tuple[str, float]], weight: float) -> None:
    given_ = [weighted(*criterion) for criterion in criteria]
    without, with_it = scored(PLAIN, *given_), scored(PLAIN, *given_, weighted("not_applicable", weight))
    assert (with_it.points, with_it.max_points, with_it.percent, with_it.coverage) == (
        without.points, without.max_points, without.percent, without.coverage
    )  # fmt: skip


def test_a_manual_criterion_waits_for_a_person_and_is_left_out_of_coverage() -> None:
    found = scored(PLAIN, weighted("met", 1), {"check": "manual", "weight": 99})
    assert (found.findings[1].outcome, found.findings[1].reason_code) == (Outcome.UNDETERMINED, "needs_person")
    assert (found.percent, found.coverage) == (100, 1)


@pytest.mark.parametrize("status", ["draft", "trial"])
def test_only_stable_criteria_count(status: str) -> None:
    found = scored(PLAIN, weighted("met", 1), weighted("not_met", 9, status=status, critical=True))
    assert (found.percent, found.critical_failed, found.findings[1].outcome) == (100, False, Outcome.NOT_MET)


@pytest.mark.parametrize(("pass_mark", "passed"), [(50, True), (50.1, False), (0, True), (100, False)])
def test_passed_is_at_the_mark_or_above(pass_mark: float, passed: bool) -> None:
    assert scored(PLAIN, weighted("met", 1), weighted("not_met", 1), pass_mark=pass_mark).passed is passed


def test_a_critical_failure_fails_the_call_and_is_provisional() -> None:
    found = scored(PLAIN, weighted("met", 99), weighted("not_met", 1, critical=True))
    assert (found.percent, found.passed, found.critical_failed, found.critical_state) == (99, False, True, "provisional")
    assert found.review_reasons == ("critical_failed",)


def test_without_a_critical_failure_the_state_is_none() -> None:
    found = scored(PLAIN, weighted("met", 1, critical=True))
    assert (found.critical_failed, found.critical_state, found.needs_review) == (False, "none", False)


@pytest.mark.parametrize(
    ("criteria", "options", "reasons"),
    [
        ([("met", 8), ("undetermined", 2)], {}, ()),
        ([("met", 7), ("undetermined", 3)], {}, ("low_coverage",)),
        ([("met", 1)], {"role_confidence": 0.79}, ("role_unsure",)),
        ([("met", 1)], {"role_confidence": 0.8}, ()),
    ],
)
def test_what_needs_review(criteria: list[tuple[str, float]], options: dict[str, Any], reasons: tuple[str, ...]) -> None:
    found = scored(conversation("0:00 agent: hello.", language="en", **options), *(weighted(*c) for c in criteria))
    assert (found.review_reasons, found.needs_review) == (reasons, bool(reasons))


@pytest.mark.parametrize(
    ("measured", "reasons"),
    [
        ({"lost_ms": 999, "wordless_share": 0.2}, ()),
        ({"lost_ms": 1000}, ("sound_lost",)),
        ({"wordless_share": 0.21}, ("speech_without_words",)),
        ({"lost_ms": None, "wordless_share": None}, ()),
    ],
)
def test_what_was_lost_or_got_no_words_needs_review(measured: dict[str, Any], reasons: tuple[str, ...]) -> None:
    heard = replace(conversation("0:00 agent: hello.", language="en"), **measured)
    assert scored(heard, weighted("met", 1)).review_reasons == reasons


def test_a_critical_criterion_left_open_needs_review() -> None:
    found = scored(PLAIN, weighted("met", 9), weighted("undetermined", 1, critical=True))
    assert found.review_reasons == ("critical_undetermined",)


# --- what cannot be judged ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("confidence", "outcome"), [(0.69, Outcome.UNDETERMINED), (0.7, Outcome.MET), (1.0, Outcome.MET)])
def test_words_are_not_judged_while_the_roles_are_unknown(confidence: float, outcome: Outcome) -> None:
    found = finding(conversation("0:00 agent: hello.", language="en", role_confidence=confidence), HELLO)
    assert found.outcome is outcome
    assert (found.reason_code == "role_unknown") is (outcome is Outcome.UNDETERMINED)


@pytest.mark.parametrize(
    "criterion",
    [HELLO, {"check": "question", **{k: HELLO[k] for k in ("phrases",)}}, {"check": "forbidden", **{k: HELLO[k] for k in ("phrases",)}}],
)
def test_a_call_without_words_is_too_short(criterion: dict[str, Any]) -> None:
    found = finding(conversation(language="en"), criterion)
    assert (found.outcome, found.reason_code) == (Outcome.UNDETERMINED, "too_short")


def test_a_language_without_phrases_is_not_judged() -> None:
    found = finding(conversation("0:00 agent: dzień dobry.", language="pl"), HELLO)
    assert (found.outcome, found.reason_code, found.reason_args) == (Outcome.UNDETERMINED, "wrong_language", {"language": "pl"})


@pytest.mark.parametrize(
    ("within", "starts_cut", "ends_cut", "is_cut"),
    [
        (None, False, True, True),
        (None, True, False, True),
        ({"last": {"turns": 1}}, False, True, True),
        ({"last": {"turns": 1}}, True, False, False),
        ({"first": {"turns": 1}}, False, True, False),
        ({"first": {"turns": 1}}, True, False, True),
    ],
)
def test_not_heard_says_nothing_where_the_window_is_cut(
    within: dict[str, Any] | None, starts_cut: bool, ends_cut: bool, is_cut: bool
) -> None:
    spoken = conversation("0:00 agent: hello.", "0:02 customer: hello.", language="en", starts_cut=starts_cut, ends_cut=ends_cut)
    found = finding(spoken, {**FAREWELL, "within": within})
    expected = (Outcome.UNDETERMINED, "cut_off") if is_cut else (Outcome.NOT_MET, "not_said")
    assert (found.outcome, found.reason_code) == expected


def test_what_was_heard_counts_although_the_recording_is_cut() -> None:
    assert finding(conversation("0:00 agent: hello.", language="en", ends_cut=True), HELLO).outcome is Outcome.MET


@pytest.mark.parametrize(("confidence", "outcome"), [(0.47, Outcome.UNDETERMINED), (0.48, Outcome.NOT_MET)])
def test_not_heard_says_nothing_where_the_words_are_unclear(confidence: float, outcome: Outcome) -> None:
    assert finding(conversation("0:00 agent: mumble.", language="en", confidence=confidence), FAREWELL).outcome is outcome


def test_a_figure_that_was_not_measured_is_undetermined() -> None:
    found = finding(PLAIN, UNDETERMINED)
    assert (found.outcome, found.reason_code) == (Outcome.UNDETERMINED, "not_measured")


@pytest.mark.parametrize(
    ("bounds", "outcome"),
    [
        ({"at_least": 2}, "met"),
        ({"at_most": 2}, "met"),
        ({"at_least": 3}, "not_met"),
        ({"at_most": 1}, "not_met"),
        ({"at_least": 1, "at_most": 3}, "met"),
    ],
)
def test_a_figure_lies_between_its_bounds(bounds: dict[str, float], outcome: str) -> None:
    assert finding(PLAIN, {"check": "metric", "metric": "turns", **bounds}).outcome.value == outcome


@pytest.mark.parametrize(
    ("sentiment", "outcome", "answer"),
    [
        ((0.5, "positive"), "met", "positive"),
        ((0.0, "neutral"), "met", "neutral"),
        ((-0.5, "negative"), "not_met", "negative"),
        (None, "undetermined", None),
    ],
)
def test_the_customers_sentiment(sentiment: tuple[float, str] | None, outcome: str, answer: str | None) -> None:
    found = finding(conversation("0:00 agent: hello.", "customer: well.", language="en", sentiment=sentiment), {"check": "sentiment"})
    assert (found.outcome.value, found.answer) == (outcome, answer)


def test_a_customer_whose_feeling_was_not_measured_is_not_called_silent() -> None:
    spoken = conversation("0:00 agent: hello.", "customer: well.", language="en")
    assert finding(spoken, {"check": "sentiment"}).reason_code == "not_felt"
    assert finding(conversation("0:00 agent: hello.", language="en"), {"check": "sentiment"}).reason_code == "no_customer_words"


# --- words -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["customer", "other", "unknown"])
def test_only_the_agents_words_count(role: str) -> None:
    spoken = conversation("0:00 agent: welcome in.", f"0:03 {role}: hello.", language="en")
    assert finding(spoken, HELLO).outcome is Outcome.NOT_MET


def test_the_customers_words_count_where_the_rubric_says_so() -> None:
    spoken = conversation("0:00 agent: welcome in.", "0:03 customer: hello.", language="en")
    assert finding(spoken, {**HELLO, "who": "customer"}).outcome is Outcome.MET


def test_a_met_criterion_shows_the_words_and_their_time() -> None:
    found = finding(conversation("0:00 agent: welcome in.", "0:05 agent: hello there.", language="en"), HELLO)
    (evidence,) = found.evidence
    assert (evidence.kind, evidence.utterance, evidence.text, evidence.start_ms, evidence.similarity) == ("hit", 1, "hello", 5000, 1.0)
    assert evidence.expected == "hello"


def test_a_missed_criterion_shows_the_window_searched_and_what_was_heard_there() -> None:
    spoken = conversation("0:02 agent: thank you for waiting.", "0:20 customer: fine.", language="en")
    found = finding(spoken, {"check": "phrase", "phrases": {"en": ["thank you for calling"]}, "within": {"first": {"seconds": 10}}})
    assert (found.outcome, found.window_start_ms, found.window_end_ms) == (Outcome.NOT_MET, 2000, 12_000)
    assert [e.kind for e in found.evidence] == ["heard"]


@pytest.mark.parametrize(
    ("within", "outcome"),
    [
        ({"first": {"seconds": 5}}, "not_met"),
        ({"first": {"seconds": 11}}, "met"),
        ({"first": {"turns": 1}}, "not_met"),
        ({"first": {"turns": 2}}, "met"),
        ({"first": {"seconds": 1, "turns": 2}}, "met"),
        ({"last": {"seconds": 15}}, "met"),
        ({"last": {"seconds": 3}}, "not_met"),
        ({"last": {"turns": 1}}, "not_met"),
        ({"last": {"turns": 2}}, "met"),
        ({"last": {"seconds": 1, "turns": 2}}, "met"),
    ],
)
def test_a_window_reaches_as_far_as_its_seconds_or_turns(within: dict[str, Any], outcome: str) -> None:
    # The agent begins at 0:10; the greeting is their second turn, ten seconds later.
    spoken = conversation(
        "0:00 customer: anybody?", "0:10 agent: wait.", "0:14 customer: yes.", "0:20 agent: hello.", "0:25 customer: so.", "0:30 agent: well.",
        language="en",
    )  # fmt: skip
    assert finding(spoken, {**HELLO, "within": within}).outcome.value == outcome


@pytest.mark.parametrize(
    ("need", "said", "outcome"),
    [
        ("one", "hello", "met"),
        ("all", "hello", "not_met"),
        ("all", "hello from acme in paris", "met"),
        (2, "hello from acme", "met"),
        (2, "hello", "not_met"),
    ],
)
def test_how_many_groups_are_needed(need: str | int, said: str, outcome: str) -> None:
    groups = {"greeting": {"en": ["hello"]}, "company": {"en": ["acme"]}, "place": {"en": ["paris"]}}
    found = finding(conversation(f"0:00 agent: {said}.", language="en"), {"check": "phrase", "groups": groups, "need": need})
    assert found.outcome.value == outcome


def test_missing_groups_are_named() -> None:
    groups = {"greeting": {"en": ["hello"]}, "company": {"en": ["acme"]}}
    found = finding(conversation("0:00 agent: hello.", language="en"), {"check": "phrase", "groups": groups, "need": "all"})
    assert (found.reason_code, found.reason_args) == ("parts_missing", {"missing": "company"})


def test_a_longer_phrase_takes_a_hit_back() -> None:
    criterion = {**HELLO, "unlike": {"en": ["hello kitty"]}}
    assert finding(conversation("0:00 agent: hello kitty toys.", language="en"), criterion).outcome is Outcome.NOT_MET
    assert finding(conversation("0:00 agent: hello sir.", language="en"), criterion).outcome is Outcome.MET


@pytest.mark.parametrize(("bound", "outcome"), [("before", "not_met"), ("after", "met")])
def test_before_and_after_another_criterion(bound: str, outcome: str) -> None:
    spoken = conversation("0:00 agent: hello.", "0:05 agent: goodbye.", language="en")
    found = scored(spoken, {**HELLO, "id": "greeting"}, {**FAREWELL, bound: "greeting"})
    assert found.findings[1].outcome.value == outcome


def test_the_company_is_known_from_the_metadata_or_the_rubric() -> None:
    criterion = {"check": "phrase", "phrases": {"zh": ["我是{company}的"]}}
    assert finding(conversation("0:00 agent: 我是风行汽车的小李。", company="风行汽车"), criterion).outcome is Outcome.MET
    assert finding(conversation("0:00 agent: 我是风行汽车的小李。"), criterion, names={"company": ["风行汽车"]}).outcome is Outcome.MET
    assert finding(conversation("0:00 agent: 我是风行汽车的小李。"), criterion).outcome is Outcome.NOT_MET


# --- questions, branches, combinations -----------------------------------------------------------------------------------------------------

CONVENIENCE = {
    "id": "convenience",
    "check": "question",
    "phrases": {"zh": ["现在方便吗"]},
    "answers": {"willing": {"zh": ["方便", "可以"]}, "unwilling": {"zh": ["不方便", "在开会"]}},
}


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("方便，你说吧。", "willing"),
        ("可以。", "willing"),
        ("不方便。", "unwilling"),
        ("我在开会。", "unwilling"),
        ("什么事啊？", "unclear"),
        ("不太方便。", "unwilling"),
    ],
)
def test_how_a_question_was_answered(reply: str, answer: str) -> None:
    found = finding(conversation("0:00 agent: 请问您现在方便吗？", f"0:03 customer: {reply}"), CONVENIENCE)
    assert (found.outcome, found.answer) == (Outcome.MET, answer)


def test_the_answer_is_evidence() -> None:
    found = finding(conversation("0:00 agent: 请问您现在方便吗？", "0:03 customer: 不方便。"), CONVENIENCE)
    assert [(e.kind, e.role.value, e.text) for e in found.evidence] == [("hit", "agent", "现在方便吗"), ("answer", "customer", "不方便")]


def test_the_first_reply_decides() -> None:
    found = finding(
        conversation("0:00 agent: 请问您现在方便吗？", "0:03 customer: 在开会。", "0:05 agent: 好。", "0:06 customer: 可以。"), CONVENIENCE
    )
    assert found.answer == "unwilling"


def test_a_question_that_was_not_asked_is_not_met() -> None:
    found = finding(conversation("0:00 agent: 您好。", "0:03 customer: 方便。"), CONVENIENCE)
    assert (found.outcome, found.answer, found.reason_code) == (Outcome.NOT_MET, None, "not_asked")


@pytest.mark.parametrize(("reply", "outcome"), [("不方便。", "met"), ("方便。", "not_applicable"), ("什么？", "not_applicable")])
def test_a_branch_is_taken_by_the_answer(reply: str, outcome: str) -> None:
    child = {**MET, "when": [{"criterion": "convenience", "answer": "unwilling"}]}
    found = scored(conversation("0:00 agent: 请问您现在方便吗？", f"0:03 customer: {reply}"), CONVENIENCE, child)
    assert found.findings[1].outcome.value == outcome


@pytest.mark.parametrize(
    ("parent", "wanted", "child"),
    [
        ("met", "met", "met"),
        ("met", "not_met", "not_applicable"),
        ("not_met", "met", "not_applicable"),
        ("not_met", "not_met", "met"),
        ("not_applicable", "met", "not_applicable"),
        ("not_applicable", "not_applicable", "met"),
        ("undetermined", "met", "undetermined"),
        ("undetermined", "not_met", "undetermined"),
    ],
)
def test_a_child_follows_its_parent(parent: str, wanted: str, child: str) -> None:
    found = scored(PLAIN, {**KINDS[parent], "id": "parent"}, {**MET, "when": [{"criterion": "parent", "outcome": wanted}]})
    assert found.findings[1].outcome.value == child


def test_a_parent_may_stand_after_its_child() -> None:
    found = scored(PLAIN, {**MET, "when": [{"criterion": "later", "outcome": "met"}]}, {**NOT_MET, "id": "later"})
    assert found.findings[0].outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("condition", "columns", "applies"),
    [
        ({"metadata": "team", "is": "north"}, {"team": "north"}, True),
        ({"metadata": "team", "is": "north"}, {"team": "south"}, False),
        ({"metadata": "team", "is": "north"}, {}, False),
        ({"metadata": "team", "in": ["north", "south"]}, {"team": "south"}, True),
        ({"metadata": "agent_channel", "is": "0"}, {"agent_channel": 0}, True),
        ({"metadata": "agent_channel", "is": "1"}, {"agent_channel": 1}, True),
        ({"metadata": "shift", "is": "late"}, {"extra": {"shift": "late"}}, True),
        ({"disposition": ["refused"]}, {"disposition": "refused"}, True),
        ({"disposition": ["refused"]}, {"disposition": "completed"}, False),
    ],
)
def test_a_criterion_applies_when_its_condition_holds(condition: dict[str, Any], columns: dict[str, Any], applies: bool) -> None:
    spoken = conversation("0:00 agent: hello.", language="en", **columns)
    found = finding(spoken, {**MET, "when": [condition]}, situations=shipped_situations())
    assert found.outcome is (Outcome.MET if applies else Outcome.NOT_APPLICABLE)


def test_all_conditions_must_hold() -> None:
    spoken = conversation("0:00 agent: hello.", language="en", team="north")
    conditions = [{"metadata": "team", "is": "north"}, {"metadata": "site", "is": "oslo"}]
    assert finding(spoken, {**MET, "when": conditions}).outcome is Outcome.NOT_APPLICABLE


_RANK = ["met", "not_met", "undetermined", "not_applicable"]
ALL = {
    ("met", "met"): "met", ("met", "not_met"): "not_met", ("met", "undetermined"): "undetermined", ("met", "not_applicable"): "met",
    ("not_met", "not_met"): "not_met", ("not_met", "undetermined"): "not_met", ("not_met", "not_applicable"): "not_met",
    ("undetermined", "undetermined"): "undetermined", ("undetermined", "not_applicable"): "undetermined",
    ("not_applicable", "not_applicable"): "not_applicable",
}  # fmt: skip
ANY = {
    ("met", "met"): "met", ("met", "not_met"): "met", ("met", "undetermined"): "met", ("met", "not_applicable"): "met",
    ("not_met", "not_met"): "not_met", ("not_met", "undetermined"): "undetermined", ("not_met", "not_applicable"): "not_met",
    ("undetermined", "undetermined"): "undetermined", ("undetermined", "not_applicable"): "undetermined",
    ("not_applicable", "not_applicable"): "not_applicable",
}  # fmt: skip


@pytest.mark.parametrize(("first", "second"), list(product(_RANK, _RANK)))
@pytest.mark.parametrize(("check", "table"), [("all", ALL), ("any", ANY)])
def test_combinations_decide_only_by_what_is_judged(check: str, table: dict[tuple[str, str], str], first: str, second: str) -> None:
    found = scored(PLAIN, {**KINDS[first], "id": "a"}, {**KINDS[second], "id": "b"}, {"check": check, "of": ["a", "b"]})
    ordered = sorted((first, second), key=_RANK.index)
    assert found.findings[2].outcome.value == table[ordered[0], ordered[1]]


@pytest.mark.parametrize(
    ("of", "outcome"), [("met", "not_met"), ("not_met", "met"), ("undetermined", "undetermined"), ("not_applicable", "not_applicable")]
)
def test_not_turns_a_judgement_round(of: str, outcome: str) -> None:
    found = scored(PLAIN, {**KINDS[of], "id": "a"}, {"check": "not", "of": ["a"]})
    assert found.findings[1].outcome.value == outcome


# --- situations in criteria ----------------------------------------------------------------------------------------------------------------


def test_a_criterion_does_not_apply_in_a_situation_it_names() -> None:
    spoken = conversation("0:00 agent: Good day.", "0:02 customer: You have the wrong number.", language="en", direction="outbound")
    found = finding(spoken, {**FAREWELL, "not_applicable_when": ["wrong_person"]}, situations=shipped_situations())
    assert (found.outcome, found.reason_code) == (Outcome.NOT_APPLICABLE, "situation")
    assert [e.text for e in found.evidence] == ["wrong number"]


@pytest.mark.parametrize(("agent", "outcome"), [("Fine.", "not_applicable"), ("Is there anything else?", "met")])
def test_an_excuse_counts_only_where_the_criterion_is_not_met_anyway(agent: str, outcome: str) -> None:
    spoken = conversation("0:00 agent: Good day.", f"0:02 agent: {agent}", "0:05 customer: Goodbye.", "0:07 agent: Goodbye.", language="en")
    criterion = {"check": "phrase", "phrases": {"en": ["anything else"]}, "excused_when": ["customer_ended_first"]}
    assert finding(spoken, criterion, situations=shipped_situations()).outcome.value == outcome


def test_without_the_situation_there_is_no_excuse() -> None:
    spoken = conversation("0:00 agent: Good day.", "0:02 agent: Goodbye.", "0:05 customer: Goodbye.", language="en")
    criterion = {"check": "phrase", "phrases": {"en": ["anything else"]}, "excused_when": ["customer_ended_first"]}
    assert finding(spoken, criterion, situations=shipped_situations()).outcome is Outcome.NOT_MET


@pytest.mark.parametrize(("turns", "outcome"), [(2, "not_applicable"), (5, "not_met")])
def test_who_hangs_up_excuses_nothing_whose_time_was_over(turns: int, outcome: str) -> None:
    lines = [f"0:{4 * n:02} agent: Fine.\n0:{4 * n + 2:02} customer: Yes." for n in range(turns)]
    spoken = conversation(*"\n".join(lines).split("\n"), language="en", hangup_by="customer")
    criterion = {**FAREWELL, "within": {"first": {"seconds": 60, "turns": 4}}, "excused_when": ["customer_hung_up"]}
    assert finding(spoken, criterion, situations=shipped_situations()).outcome.value == outcome


def test_the_same_values_give_the_same_score() -> None:
    first, second = (scored(PLAIN, HELLO, NOT_MET) for _ in range(2))
    assert first == second
    assert first.score_id != scored(PLAIN, HELLO, MET).score_id


@pytest.mark.parametrize(
    ("lines", "outcome"), [(("0:05 agent: But why?", "0:07 customer: Goodbye."), Outcome.NOT_MET), ((), Outcome.NOT_APPLICABLE)]
)
def test_who_had_the_floor_before_the_customer_left_is_not_excused(lines: tuple[str, ...], outcome: Outcome) -> None:
    left = {"id": "left", "check": "phrase", "who": "customer", "phrases": {"en": ["stop calling"]}}
    heeded = {
        "id": "heeded", "check": "phrase", "phrases": {"en": ["taken off"]}, "after": "left",
        "when": [{"criterion": "left", "outcome": "met"}], "excused_when": ["customer_hung_up"],
    }  # fmt: skip
    spoken = conversation("0:00 agent: Hello.", "0:03 customer: Stop calling me.", *lines, language="en", hangup_by="customer")
    found = scored(spoken, left, heeded, situations=shipped_situations())
    assert found.findings[1].outcome is outcome
