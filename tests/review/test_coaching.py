"""Coaching notes: only added to, looked at again on their day, for who leads the agent and, where shared, for the agent."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from desks import make_desk

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.viewer import Role, Viewer, local_viewer
from qa_pipeline.review.coaching import add_to_note, list_notes, read_note, write_note
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.forgetting import forget_decisions
from qa_pipeline.settings import Settings


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    return make_desk(tmp_path, database=database)


@pytest.fixture
def anna(desk: Desk) -> Viewer:
    from qa_pipeline.review.people import add_account, add_member, add_team, viewer_of

    add_team(desk.engine, "north")
    add_account(desk.engine, "anna", roles=(Role.SUPERVISOR,))
    add_account(desk.engine, "berta", roles=(Role.SUPERVISOR,))
    add_account(desk.engine, "lin", roles=(Role.AGENT,), agent_ids=("a1",))
    add_member(desk.engine, "north", supervisor="anna")
    add_member(desk.engine, "north", agent_id="a1")
    return viewer_of(desk.engine, "anna")


def viewer(desk: Desk, name: str) -> Viewer:
    from qa_pipeline.review.people import viewer_of

    return viewer_of(desk.engine, name)


def test_a_note_is_followed_up_and_done(desk: Desk, anna: Viewer) -> None:
    note = write_note(desk, anna, "a1", "greet by name", call_id="c1", criterion_id="turns", follow_up=date(2026, 6, 1))
    (found,) = list_notes(desk, anna)
    assert (found.note, found.team, found.call_id, found.state, found.follow_up) == (note, "north", "c1", "open", date(2026, 6, 1))
    add_to_note(desk, anna, note, "better", follow_up=date(2026, 6, 8))
    assert read_note(desk, anna, note).follow_up == date(2026, 6, 8)
    add_to_note(desk, anna, note, "done now", state="done")
    done = read_note(desk, anna, note)
    assert (done.state, done.follow_up) == ("done", None)
    assert [entry.text for entry in done.entries] == ["greet by name", "better", "done now"]
    assert list_notes(desk, anna, state="open") == []


def test_what_is_to_be_looked_at_first_stands_first(desk: Desk, anna: Viewer) -> None:
    for text, day in (("later", date(2026, 7, 1)), ("never", None), ("soon", date(2026, 6, 1))):
        write_note(desk, anna, "a1", text, follow_up=day)
    assert [one.entries[0].text for one in list_notes(desk, anna)] == ["soon", "later", "never"]


def test_the_agent_reads_what_is_shared_and_nobody_else_does(desk: Desk, anna: Viewer) -> None:
    shared = write_note(desk, anna, "a1", "for you")
    write_note(desk, anna, "a1", "for me", is_shared=False)
    lin, berta = viewer(desk, "lin"), viewer(desk, "berta")
    assert [one.note for one in list_notes(desk, lin)] == [shared]
    assert list_notes(desk, berta) == []
    assert len(list_notes(desk, local_viewer("x"))) == 2
    with pytest.raises(InputRefused, match="no coaching note"):
        read_note(desk, berta, shared)
    with pytest.raises(AccessRefused, match="may not coach"):
        add_to_note(desk, lin, shared, "I will")
    with pytest.raises(AccessRefused, match="may not coach"):
        write_note(desk, berta, "a1", "hello")


def test_a_note_needs_words_and_a_call_of_the_agent(desk: Desk, anna: Viewer) -> None:
    with pytest.raises(InputRefused, match="empty"):
        write_note(desk, anna, "a1", "  ")
    with pytest.raises(InputRefused, match="no call"):
        write_note(desk, anna, "a1", "look", call_id="c9")


def test_a_call_that_goes_leaves_the_note(desk: Desk, anna: Viewer, database: str | None) -> None:
    note = write_note(desk, anna, "a1", "look", call_id="c1")
    forget_decisions(Settings(results=desk.store.root, review_database=database), call_ids=["c1"], conversation_ids=[])
    assert read_note(desk, anna, note).call_id is None
