"""Promises over several calls of one customer: kept, late, missed, open. Times by hand; the rubric's zone is Warsaw, an hour ahead of UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.call import Conversation
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.report.contacts import Promise, RuleCounts, contact_report, counts_by_rule
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.environment import open_store
from qa_pipeline.scoring.score import Score, prepare, score
from qa_pipeline.settings import load_settings
from tests.rubric.built_rubrics import rubric
from tests.trainer.desk import spoken

FRIDAY = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LATER = FRIDAY + timedelta(days=30)
CALLBACK = {"id": "callback_time", "check": "capture", "capture": "datetime"}
COMPLAINT = {"id": "complaint", "check": "phrase", "who": "customer", "phrases": {"en": ["i complain"]}}
KEPT = {"id": "callback_kept", "counted_from": {"capture": "callback_time"}, "from_hours": -0.5, "to_hours": 1}


def promising(*contacts: dict[str, Any], name: str = "service") -> Rubric:
    return rubric(CALLBACK, COMPLAINT, id=name, timezone="Europe/Warsaw", contacts=contacts or [KEPT])


class Book:
    """A store with calls of customer 7."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = open_store(load_settings(results=str(folder / "results")))
        self.store.prepare()
        self._heard: list[Conversation] = []
        self._scores: list[Score] = []

    def call(self, call_id: str, at: datetime | None, said: str = "Good day.", *, name: str = "service", **call: Any) -> None:
        given = {"customer_id": "7", "agent_id": "anna", "started_at": at, **call}
        heard = spoken(call_id, f"customer: {said}", **given)
        self._heard.append(heard)
        self._scores.append(score(heard, prepare(promising(name=name), {})))

    def write(self) -> None:
        """Store the calls, in their order and at once: each commit takes as long as a question."""
        self.store.write_conversations(self._heard, run_id="r")
        self.store.write_scores(self._scores, purpose="official", run_id="r")
        self._heard, self._scores = [], []

    def report(self, *contacts: dict[str, Any], as_of: datetime | None = LATER) -> list[Promise]:
        self.write()
        return contact_report(self.store, MACHINE, promising(*contacts), as_of=as_of)

    def statuses(self, *contacts: dict[str, Any], as_of: datetime | None = LATER) -> list[tuple[str, str, str | None]]:
        return [(p.call_id, p.status, p.kept_by) for p in self.report(*contacts, as_of=as_of)]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


# Tomorrow at three, in Warsaw: 14:00 UTC.
PROMISED = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("called", "status", "by"),
    [
        (PROMISED, "kept", "next"),
        (PROMISED - timedelta(minutes=30), "kept", "next"),
        (PROMISED + timedelta(minutes=60), "kept", "next"),
        (PROMISED + timedelta(minutes=61), "late", "next"),
        # Too early is no call at the time agreed.
        (PROMISED - timedelta(minutes=31), "missed", None),
        (None, "missed", None),
    ],
)
def test_a_call_back_at_the_time_agreed(book: Book, called: datetime | None, status: str, by: str | None) -> None:
    book.call("first", FRIDAY, "Call me tomorrow at three in the afternoon.")
    if called:
        book.call("next", called)
    assert book.statuses() == [("first", status, by)]


def test_a_promise_tells_when_it_was_due_and_who_gave_it(book: Book) -> None:
    book.call("first", FRIDAY, "Call me tomorrow at three in the afternoon.")
    book.call("next", PROMISED + timedelta(hours=3))
    (found,) = book.report()
    assert (found.rule, found.customer_id, found.agent_id, found.counted_from) == ("callback_kept", "7", "anna", PROMISED)
    assert (found.due_from, found.due_until) == (PROMISED - timedelta(minutes=30), PROMISED + timedelta(hours=1))
    assert found.kept_at == PROMISED + timedelta(hours=3)


@pytest.mark.parametrize(
    ("as_of", "status"),
    [(PROMISED - timedelta(days=1), "open"), (PROMISED + timedelta(hours=1), "open"), (PROMISED + timedelta(hours=1, seconds=1), "missed")],
)
def test_what_is_not_yet_due_is_open(book: Book, as_of: datetime, status: str) -> None:
    book.call("first", FRIDAY, "Call me tomorrow at three in the afternoon.")
    assert book.statuses(as_of=as_of) == [("first", status, None)]


def test_now_is_the_newest_call_unless_it_is_said(book: Book) -> None:
    book.call("first", FRIDAY, "Call me tomorrow at three in the afternoon.")
    assert book.statuses(as_of=None) == [("first", "open", None)]
    book.call("somebody_else", LATER, customer_id="8")
    assert book.statuses(as_of=None) == [("first", "missed", None)]


def test_calls_of_others_and_calls_before_keep_nothing(book: Book) -> None:
    book.call("first", FRIDAY, "Call me today at eleven.")
    book.call("other", datetime(2026, 11, 20, 10, 0, tzinfo=UTC), customer_id="8")
    book.call("unknown", datetime(2026, 11, 20, 10, 0, tzinfo=UTC), customer_id=None)
    # Within the time, but before the promise was given.
    book.call("before", FRIDAY - timedelta(seconds=1))
    assert book.statuses() == [("first", "missed", None)]


@pytest.mark.slow
def test_a_day_alone_is_kept_on_that_day_of_the_zone(book: Book) -> None:
    book.call("first", FRIDAY, "Call me tomorrow.")
    (found,) = book.report()
    midnight = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    assert found.counted_from == midnight
    assert found.due_until == midnight + timedelta(hours=25) - timedelta(microseconds=1)
    book.call("next", midnight - timedelta(minutes=31))
    assert book.statuses() == [("first", "missed", None)]
    book.call("night", midnight - timedelta(minutes=30))
    assert book.statuses() == [("first", "kept", "night")]


def test_a_part_of_a_day_is_kept_until_it_ends(book: Book) -> None:
    book.call("first", FRIDAY, "Call me tomorrow afternoon.")
    (found,) = book.report()
    day = timedelta(hours=12)
    assert timedelta(0) < found.due_until - found.due_from - timedelta(hours=1.5) <= day
    book.call("next", found.due_until)
    assert book.statuses() == [("first", "kept", "next")]


def test_words_that_are_no_time_promise_nothing(book: Book) -> None:
    book.call("first", FRIDAY, "Call me some other time.")
    assert book.statuses() == []


DAY_THREE = {"id": "day_three", "counted_from": {"metadata": "delivered_at"}, "on_day": 3}


@pytest.mark.slow
@pytest.mark.parametrize("delivered", ["2026-11-20", "2026-11-20T23:30", "2026-11-20T22:30:00Z", "2026-11-21T06:30+08:00"])
@pytest.mark.parametrize(
    ("called", "status"),
    [
        (datetime(2026, 11, 22, 22, 59, tzinfo=UTC), "missed"),
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), "kept"),
        (datetime(2026, 11, 23, 22, 59, tzinfo=UTC), "kept"),
        (datetime(2026, 11, 23, 23, 0, tzinfo=UTC), "late"),
    ],
)
def test_the_third_day_is_one_of_the_rubrics_zone(book: Book, delivered: str, called: datetime, status: str) -> None:
    book.call("first", FRIDAY, extra={"delivered_at": delivered})
    book.call("next", called)
    assert [found[1] for found in book.statuses(DAY_THREE)] == [status]


def test_a_column_without_a_time_promises_nothing(book: Book) -> None:
    book.call("first", FRIDAY, extra={"delivered_at": "soon"})
    book.call("second", FRIDAY)
    assert book.statuses(DAY_THREE) == []


def test_a_known_column_may_be_counted_from(book: Book) -> None:
    book.call("first", FRIDAY)
    rule = {"id": "again", "counted_from": {"metadata": "started_at"}, "to_hours": 24}
    assert book.statuses(rule) == [("first", "missed", None)]
    assert book.report(rule)[0].counted_from == FRIDAY


ANSWERED = {"id": "answered", "counted_from": {"criterion": "complaint", "outcome": "met"}, "to_hours": 48}


def test_a_complaint_is_answered_within_its_hours(book: Book) -> None:
    book.call("first", FRIDAY, "I complain.")
    book.call("calm", FRIDAY + timedelta(hours=1))
    book.call("again", FRIDAY + timedelta(hours=47), "I complain.")
    assert book.statuses(ANSWERED) == [("again", "missed", None), ("first", "kept", "calm")]


def test_only_calls_of_the_rubrics_named_count(book: Book) -> None:
    book.call("first", FRIDAY, "I complain.")
    book.call("survey", FRIDAY + timedelta(hours=1), name="survey")
    assert book.statuses({**ANSWERED, "rubrics": ["followup"]}) == [("first", "missed", None)]
    assert book.statuses({**ANSWERED, "rubrics": ["followup", "survey"]}) == [("first", "kept", "survey")]


def test_counts_by_rule_and_the_share_of_what_was_due(book: Book) -> None:
    def promise(rule: str, status: Any) -> Promise:
        return Promise(
            rule=rule, customer_id="7", call_id="c", agent_id=None, counted_from=FRIDAY, due_from=FRIDAY, due_until=FRIDAY, status=status,
            kept_by=None, kept_at=None,
        )  # fmt: skip

    found = counts_by_rule([promise("a", "kept"), promise("b", "open"), promise("a", "late"), promise("a", "missed"), promise("a", "kept")])
    assert found == [RuleCounts(rule="a", kept=2, late=1, missed=1), RuleCounts(rule="b", open=1)]
    assert [kept.share for kept in found] == [0.5, None]


def test_without_rules_or_customers_there_is_no_report(book: Book) -> None:
    with pytest.raises(InputRefused, match="has no contacts"):
        contact_report(book.store, MACHINE, rubric(CALLBACK))
    book.call("first", FRIDAY, customer_id=None)
    book.call("second", None)
    with pytest.raises(InputRefused, match="No stored call has a customer_id and a start"):
        book.report()
