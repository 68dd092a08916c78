"""An agent's pages: their own calls alone, why, what to work on, disputing and what came of it, in their language."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from desks import commit, make_rubric
from fastapi import FastAPI
from office import OTHER, OWN, TEAM, Office
from starlette.testclient import TestClient

from qa_pipeline.call import Outcome
from qa_pipeline.reading.viewer import Role
from qa_pipeline.review.coaching import write_note
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Dispute, Note, Override, Ruling
from qa_pipeline.review.disputes import list_disputes
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.people import account_of, set_roles, viewer_of
from qa_pipeline.review.preferences import Preferences, keep_preferences
from tests.rubric.built_rubrics import rubric

As = Callable[[str], TestClient]


def text(html: str) -> str:
    """A page without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.slow
def test_own_cards_are_listed_and_nobody_elses(client_as: As) -> None:
    page = client_as("lin").get("/mine")
    assert page.status_code == 200
    assert f"/mine/calls/{OWN}" in page.text
    for call_id in (TEAM, OTHER, "team-2", "a2"):
        assert call_id not in re.findall(r"[\w-]+", page.text)
    for word in ("Otto", "rank", "average of"):
        assert word not in page.text


def test_what_costs_most_and_where_it_was_done_well(client_as: As, office: Office) -> None:
    decide(office.desk, viewer_of(office.engine, "mei"), "own-2", Override(outcome=Outcome.MET), criterion_id="long", reason="it was")
    shown = text(client_as("lin").get("/mine").text)
    assert "What to work on" in shown
    assert "Met in 1 of 2 calls in which it was judged" in shown
    assert "You did it well here:" in shown


def test_criteria_of_two_rubrics_that_are_called_alike_are_told_apart(client_as: As, office: Office) -> None:
    lin = client_as("lin")
    assert not re.search(r"<h3>long <span", lin.get("/mine").text)
    commit(office.store, "elsewhere", agent_id="a1", team="north", rubric=make_rubric(rubric_id="second"))
    bring_up_to_date(office.desk)
    assert set(re.findall(r'<h3>long <span class="dim">(\w+)</span>', lin.get("/mine").text)) == {"tested", "second"}


def test_a_criterion_is_called_as_in_the_rubric_of_its_call(client_as: As, office: Office) -> None:
    commit(office.store, "own-3", agent_id="a1", team="north", rubric=make_rubric(version=2, long={"title": {"en": "Talks at length"}}))
    commit(
        office.store,
        "elsewhere",
        agent_id="a1",
        team="north",
        rubric=make_rubric(rubric_id="second", long={"title": {"en": "Is no short call"}}),
    )
    bring_up_to_date(office.desk)
    anna, lin = viewer_of(office.engine, "anna"), viewer_of(office.engine, "lin")
    pages = (
        ("lin", "/mine"),
        ("lin", "/mine/disputes"),
        ("anna", "/coaching"),
        ("anna", "/record"),
        ("anna", "/coaching?call=own-3&criterion=long"),
    )
    for call_id in ("own-3", "elsewhere"):
        decide(office.desk, lin, call_id, Dispute(), criterion_id="long", reason="it was long")
        write_note(office.desk, anna, "a1", "longer", call_id=call_id, criterion_id="long")
    for name, path in pages:
        shown = text(client_as(name).get(path).text)
        assert "Talks at length" in shown, path
        assert "Is no short call" in shown, path


def test_a_card_says_why_and_keeps_the_machines_outcome(client_as: As, office: Office) -> None:
    decide(office.desk, viewer_of(office.engine, "mei"), OWN, Override(outcome=Outcome.MET), criterion_id="long", reason="heard it twice")
    decide(office.desk, viewer_of(office.engine, "mei"), OWN, Note(), reason="between reviewers")
    shown = text(client_as("lin").get(f"/mine/calls/{OWN}").text)
    assert "decided by mei; the program found: not met" in shown
    assert "heard it twice" in shown
    assert "between reviewers" not in shown
    assert "drafted" not in shown


def test_a_card_says_what_a_quote_is_and_which_stretch_was_searched(client_as: As, office: Office) -> None:
    greets = {"id": "greets", "status": "stable", "check": "phrase", "phrases": {"en": ["hello there"]}, "weight": 10}
    commit(office.store, "phrased", rubric=rubric(greets, id="phrased"))
    bring_up_to_date(office.desk)
    shown = text(client_as("lin").get("/mine/calls/phrased").text)
    assert "evidence: hello there" in shown
    assert "searched: 0:00–0:03" in shown


def test_another_agents_card_is_not_there_even_for_who_reviews_too(client_as: As, office: Office) -> None:
    set_roles(office.engine, "lin", roles=(Role.AGENT, Role.REVIEWER), agent_ids=("a1",))
    lin = client_as("lin")
    assert lin.get(f"/mine/calls/{TEAM}").status_code == 404
    for what in ("acknowledge", "dispute"):
        assert lin.post(f"/mine/calls/{TEAM}/{what}", data={"reason": "x"}).status_code == 404
    assert TEAM not in re.findall(r"[\w-]+", lin.get("/mine").text)


def test_acknowledge(client_as: As) -> None:
    lin = client_as("lin")
    assert lin.post(f"/mine/calls/{OWN}/acknowledge").headers["location"] == f"/mine/calls/{OWN}"
    assert "You read this scorecard" in lin.get(f"/mine/calls/{OWN}").text


def test_a_dispute_at_a_moment_its_answer_and_the_whole_history(client_as: As, office: Office) -> None:
    lin = client_as("lin")
    sent = lin.post(f"/mine/calls/{OWN}/dispute", data={"criterion_id": "long", "reason": "I said <b>it</b>", "moment": "0:03"})
    assert sent.status_code == 303
    (waiting,), _ = list_disputes(office.engine, viewer_of(office.engine, "anna"), "waiting")
    assert waiting.dispute.what == Dispute(moment_ms=3000)
    card = lin.get(f"/mine/calls/{OWN}").text
    assert "it waits for an answer" in card
    assert "I said &lt;b&gt;it&lt;/b&gt;" in card
    ruling = Ruling(about=waiting.dispute.decision_id, is_upheld=True, outcome=Outcome.MET)
    decide(office.desk, viewer_of(office.engine, "anna"), OWN, ruling, reason="right, at 0:03")
    card = text(lin.get(f"/mine/calls/{OWN}").text)
    assert "disputed (0:03)" in card
    assert "dispute upheld → met" in card
    assert "right, at 0:03" in card
    assert "right, at 0:03" in text(lin.get("/mine/disputes").text)


def test_a_dispute_needs_words_and_a_moment_that_is_one(client_as: As) -> None:
    lin = client_as("lin")
    for data, said in (
        ({"criterion_id": "long", "reason": ""}, "reason is empty"),
        ({"criterion_id": "long", "reason": "kept text", "moment": "soon"}, "no moment"),
    ):
        answer = lin.post(f"/mine/calls/{OWN}/dispute", data=data)
        assert answer.status_code == 400
        assert said in answer.text
    assert "kept text" in answer.text


def test_a_dispute_is_taken_back_before_its_answer(client_as: As, office: Office) -> None:
    lin = client_as("lin")
    lin.post(f"/mine/calls/{OWN}/dispute", data={"reason": "all of it"})
    (one,), _ = list_disputes(office.engine, viewer_of(office.engine, "lin"))
    assert one.dispute.criterion_id is None
    assert lin.post(f"/mine/calls/{OWN}/take-back/{one.dispute.decision_id}").status_code == 303
    assert "You have disputed nothing" in lin.get("/mine/disputes").text


def test_when_the_time_is_over_there_is_no_form(app: FastAPI, office: Office, client_as: As) -> None:
    app.state.desk = replace(office.desk, dispute_days=0)
    lin = client_as("lin")
    page = lin.get(f"/mine/calls/{OWN}").text
    assert "The time to dispute this score is over" in page
    assert "I do not agree" not in page
    assert lin.post(f"/mine/calls/{OWN}/dispute", data={"criterion_id": "long", "reason": "x"}).status_code == 400


def test_what_was_agreed_is_read_where_it_is_shared(client_as: As, office: Office) -> None:
    anna = viewer_of(office.engine, "anna")
    write_note(office.desk, anna, "a1", "greet by name")
    write_note(office.desk, anna, "a1", "promote soon", is_shared=False)
    write_note(office.desk, anna, "a2", "for Otto")
    shown = text(client_as("lin").get("/mine").text)
    assert "greet by name" in shown
    assert "promote soon" not in shown
    assert "for Otto" not in shown


def test_reasons_and_pages_are_in_their_language(client_as: As, office: Office) -> None:
    for language, words, reason in (("zh", "我的通话", "轮"), ("pl", "Moje rozmowy", None), ("sv", "Mina samtal", None)):
        keep_preferences(office.engine, account_of(office.engine, "lin").account, Preferences(language=language, zone=None, theme=None))
        assert words in client_as("lin").get("/mine").text
        card = client_as("lin").get(f"/mine/calls/{OWN}").text
        assert reason is None or reason in card


def test_who_looked_is_on_record(client_as: As, office: Office) -> None:
    from sqlalchemy import select

    from qa_pipeline.review.tables import audit

    client_as("lin").get(f"/mine/calls/{OWN}")
    with office.engine.connect() as connection:
        assert ("lin", "looked", OWN) in {tuple(row) for row in connection.execute(select(audit.c.who, audit.c.did, audit.c.call_id))}


def test_pages_of_cards_follow_each_other(client_as: As, monkeypatch: object) -> None:
    from qa_pipeline.web import agent

    monkeypatch.setattr(agent, "_SIZE", 1)  # type: ignore[attr-defined]
    lin = client_as("lin")
    first = lin.get("/mine").text
    (address,) = re.findall(r'href="(/mine\?after=[^"]+)"', first)
    second = lin.get(address).text
    assert "/mine/calls/own-2" in first
    assert f'/mine/calls/{OWN}"' in second
    assert "What to work on" not in second
