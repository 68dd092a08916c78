"""Calls are found by what was said in them, and only by whoever may read it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from desks import commit, reopen
from stored import make_store

from qa_pipeline.call import Role as Speaker
from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.pages import Wanted
from qa_pipeline.reading.viewer import Role, Tenure, Viewer
from qa_pipeline.reading.words import find_words
from qa_pipeline.review.desk import Desk

TRAINER = Viewer(name="piotr", account=3, roles=frozenset({Role.TRAINER}))
LEADING = Viewer(name="anna", account=2, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="south"),))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The same words on three days, by two teams."""
    folder = tmp_path_factory.mktemp("words")
    store = make_store(folder)
    commit(store, "c1", agent_name="Lin")
    commit(store, "c2", team="south", started_at=datetime(2026, 5, 12, 4, tzinfo=UTC))
    commit(store, "c3", started_at=None)
    return reopen(folder)


def said(desk: Desk) -> str:
    text: str = desk.store.read("utterances")["text"].to_pylist()[0]
    return text


def test_the_newest_come_first_and_those_without_a_day_last(desk: Desk) -> None:
    found = find_words(desk.store, desk.engine, TRAINER, said(desk).upper())
    assert list(dict.fromkeys(one.line.call_id for one in found)) == ["c2", "c1", "c3"]
    assert all(said(desk) in one.text for one in found)
    assert {one.line.agent_name for one in found} == {None}


def test_it_is_looked_for_in_what_is_wanted_and_no_further_than_wanted(desk: Desk) -> None:
    told: list[tuple[int, int]] = []
    first = find_words(desk.store, desk.engine, TRAINER, said(desk), most=1, tell=lambda done, total: told.append((done, total)))
    assert ([one.line.call_id for one in first], told) == (["c2"], [(0, 3)])
    on_day = find_words(desk.store, desk.engine, TRAINER, said(desk), Wanted(until=date(2026, 5, 11)))
    assert {one.line.call_id for one in on_day} == {"c1"}
    assert {one.role for one in find_words(desk.store, desk.engine, TRAINER, "e", role=Speaker.CUSTOMER)} <= {Speaker.CUSTOMER}


def test_nobody_finds_what_they_may_not_read(desk: Desk) -> None:
    assert {one.line.call_id for one in find_words(desk.store, desk.engine, LEADING, said(desk))} == {"c2"}
    with pytest.raises(AccessRefused):
        find_words(desk.store, desk.engine, Viewer(name="sven", account=5, roles=frozenset({Role.OPERATOR})), "x")
    with pytest.raises(InputRefused, match="No words"):
        find_words(desk.store, desk.engine, TRAINER, "  ")


@pytest.mark.parametrize("words", ["%", "_", "' or 1=1 --", "(", "\\"])
def test_words_are_text_and_no_pattern(desk: Desk, words: str) -> None:
    assert find_words(desk.store, desk.engine, TRAINER, words) == ()
