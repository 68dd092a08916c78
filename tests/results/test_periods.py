"""Closed periods: what stood when they were closed stays, whatever is heard or scored later."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from stored import heard, make_score, make_store

from qa_pipeline.call import Conversation
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.tables import rows
from qa_pipeline.results.periods import Period, close_period, reopen_period
from qa_pipeline.results.scored import score_tables
from qa_pipeline.results.store import Store

MAY = {"started_at": datetime(2026, 5, 11, 1, tzinfo=UTC)}
JUNE = {"started_at": datetime(2026, 6, 11, 1, tzinfo=UTC)}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


def close(store: Store, *, team: str | None = None) -> Period:
    return close_period(store, date(2026, 5, 1), date(2026, 5, 31), team=team, reason="paid out", author="eva")


def add(store: Store, spoken: Conversation, *, at_least: int = 1) -> str:
    """Store and score a conversation as a run does; the score's id."""
    store.write_conversations([spoken], run_id="r")
    found = make_score(spoken, at_least=at_least)
    store.write_scores([found], purpose="official", run_id="r")
    return found.score_id


def force_official(store: Store, spoken: Conversation, *, at_least: int) -> None:
    """An official row in a closed period, as a run that was under way when it was closed leaves it."""
    found = make_score(spoken, at_least=at_least)
    store.write_score_tables(score_tables([found], purposes=["official"], run_id="r", timezone="Asia/Shanghai"))


def current(store: Store) -> dict[str, str]:
    return {row["call_id"]: row["score_id"] for row in rows(store, "select call_id, score_id from current_scores")}


@pytest.mark.parametrize(
    ("day", "team", "of", "is_in"),
    [
        (date(2026, 5, 1), None, None, True),
        (date(2026, 5, 31), "north", None, True),
        (date(2026, 4, 30), None, None, False),
        (date(2026, 6, 1), None, None, False),
        (None, None, None, False),
        (date(2026, 5, 5), "north", "north", True),
        (date(2026, 5, 5), "south", "north", False),
        (date(2026, 5, 5), None, "north", False),
    ],
)
def test_a_period_covers_its_dates_and_its_team(day: date | None, team: str | None, of: str | None, is_in: bool) -> None:
    period = Period(
        period_id="p",
        first_date=date(2026, 5, 1),
        last_date=date(2026, 5, 31),
        team=of,
        closed_at=datetime.now(UTC),
        author=None,
        reason="r",
    )
    assert period.covers(day, team) is is_in


def test_new_scores_of_a_closed_period_are_trials_and_others_are_not(store: Store) -> None:
    close(store)
    scores = [make_score(heard("one", "c1", **MAY)), make_score(heard("two", "c2", **JUNE))]
    assert store.write_scores(scores, purpose="official", run_id="r") == 1
    found = rows(store, "select call_id, purpose from scores order by call_id")
    assert [tuple(row.values()) for row in found] == [("c1", "trial"), ("c2", "official")]


def test_the_score_that_stood_stays_current_when_its_call_is_scored_again(store: Store) -> None:
    first = add(store, heard(**MAY))
    close(store)
    add(store, heard(**MAY), at_least=2)
    assert current(store) == {"c1": first}
    force_official(store, heard(**MAY), at_least=3)
    assert current(store) == {"c1": first}


def test_the_score_that_stood_stays_current_with_its_conversation_when_the_call_is_listened_to_again(store: Store) -> None:
    first = add(store, heard("old", **MAY))
    close(store)
    add(store, heard("new", **MAY))
    force_official(store, heard("new", **MAY), at_least=2)
    assert current(store) == {"c1": first}
    for view in ("current_calls", "current_scores", "current_findings", "current_utterances", "current_metrics"):
        assert {row["conversation_id"] for row in rows(store, f"select conversation_id from {view}")} == {"old"}, view


def test_a_score_that_was_replaced_before_the_closing_does_not_come_back(store: Store) -> None:
    add(store, heard(**MAY))
    second = add(store, heard("new", **MAY), at_least=2)
    close(store)
    force_official(store, heard("new", **MAY), at_least=3)
    assert current(store) == {"c1": second}


def test_a_call_that_came_after_the_closing_gets_no_official_score(store: Store) -> None:
    close(store)
    add(store, heard(**MAY))
    force_official(store, heard(**MAY), at_least=2)
    assert current(store) == {}
    assert len(rows(store, "select * from current_calls")) == 1


def test_of_two_closings_the_earlier_one_holds(store: Store) -> None:
    first = add(store, heard(**MAY))
    close(store, team=None)
    force_official(store, heard(**MAY), at_least=2)
    close(store)
    assert current(store) == {"c1": first}


def test_a_closing_of_one_team_leaves_the_others_open(store: Store) -> None:
    north = add(store, heard("one", "c1", team="north", **MAY))
    add(store, heard("two", "c2", team="south", **MAY))
    close(store, team="north")
    add(store, heard("one", "c1", team="north", **MAY), at_least=2)
    south = add(store, heard("two", "c2", team="south", **MAY), at_least=2)
    assert current(store) == {"c1": north, "c2": south}


def test_a_call_that_changed_its_team_before_the_closing_is_not_held_by_the_old_team(store: Store) -> None:
    add(store, heard("one", "c1", team="north", **MAY))
    add(store, heard("new", "c1", team="south", **MAY))
    close(store, team="north")
    newest = add(store, heard("new", "c1", team="south", **MAY), at_least=2)
    assert current(store) == {"c1": newest}


def test_after_reopening_scores_are_official_again_and_the_closing_is_still_on_record(store: Store) -> None:
    add(store, heard(**MAY))
    period = close(store)
    reopen_period(store, period.period_id, reason="a mistake", author="jan")
    assert store.closed_periods() == ()
    second = add(store, heard(**MAY), at_least=2)
    assert current(store) == {"c1": second}
    events = rows(store, "select author, reason, reopens is not null as again from periods order by again")
    assert [tuple(row.values()) for row in events] == [("eva", "paid out", False), ("jan", "a mistake", True)]
    assert rows(store, "select * from current_periods") == []


def test_a_reopened_period_can_be_closed_again(store: Store) -> None:
    reopen_period(store, close(store).period_id, reason="a mistake", author=None)
    again = close(store)
    assert store.closed_periods() == (again,)


@pytest.mark.parametrize(
    ("first", "last", "reason", "message"),
    [(date(2026, 5, 2), date(2026, 5, 1), "paid", "before it begins"), (date(2026, 5, 1), date(2026, 5, 1), " ", "reason is empty")],
)
def test_a_closing_without_sense_is_refused(store: Store, first: date, last: date, reason: str, message: str) -> None:
    with pytest.raises(InputRefused, match=message):
        close_period(store, first, last, team=None, reason=reason, author=None)
    assert store.read("periods").num_rows == 0


def test_only_what_is_closed_can_be_reopened(store: Store) -> None:
    period = close(store)
    reopen_period(store, period.period_id, reason="a mistake", author=None)
    for name in ("nosuch", period.period_id):
        with pytest.raises(InputRefused, match="No period"):
            reopen_period(store, name, reason="again", author=None)
