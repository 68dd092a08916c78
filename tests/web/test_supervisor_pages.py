"""A supervisor's pages: their teams alone, what figures rest on, disputes, coaching, comparison, reports, files, periods."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pyarrow.parquet as pq
import pytest
from desks import make_rubric
from office import OTHER, OWN, TEAM, Office
from openpyxl import load_workbook
from sqlalchemy import select
from starlette.testclient import TestClient
from test_agent_pages import text

from qa_pipeline.call import Outcome
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.report.indices import IndexRow
from qa_pipeline.results.versions import freeze
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Dispute, Override
from qa_pipeline.review.people import viewer_of
from qa_pipeline.review.tables import audit
from qa_pipeline.rubric.schema import Index
from qa_pipeline.web import supervisor

As = Callable[[str], TestClient]
MAY = "period=days&since=2026-05-01&until=2026-05-31"


def dispute(office: Office, call_id: str = OWN, criterion_id: str | None = "long") -> str:
    made = decide(office.desk, viewer_of(office.engine, "lin"), call_id, Dispute(), criterion_id=criterion_id, reason="I did <i>say</i> it")
    return made.decision.decision_id


def test_figures_are_of_their_teams_and_say_on_what_they_rest(client_as: As) -> None:
    page = client_as("anna").get("/figures")
    shown = text(page.text)
    assert page.status_code == 200
    assert "north" in shown
    assert "south" not in shown
    assert "of 4" in shown
    assert "Critical, provisional" in shown
    assert "what does not apply is no failure" in shown
    reviewer = text(client_as("mei").get("/figures").text)
    assert "south" in reviewer
    assert "of 6" in reviewer


@pytest.mark.slow
@pytest.mark.parametrize("by", ["agent", "campaign", "site", "rubric", "week", "version", "disposition", "month", "criterion"])
def test_figures_by_every_dimension(client_as: As, by: str) -> None:
    assert client_as("anna").get(f"/figures?by={by}&{MAY}").status_code == 200


def test_groups_are_called_in_words_also_those_of_calls_without_a_value(client_as: As) -> None:
    anna = client_as("anna")
    chinese = {"accept-language": "zh"}
    assert "无活动" in text(anna.get(f"/figures?by=campaign&{MAY}", headers=chinese).text)
    assert "no site" in text(anna.get(f"/figures?by=site&{MAY}").text)
    ended = anna.get(f"/figures?by=disposition&{MAY}", headers=chinese).text
    assert "完成" in text(ended) or "结果不明" in text(ended)
    assert ">completed<" not in ended


def test_what_is_no_dimension_or_no_day_is_said(client_as: As) -> None:
    for query in ("by=moon", "period=days&since=soon"):
        assert client_as("anna").get(f"/figures?{query}").status_code == 400
    assert "No scored call" in client_as("anna").get("/figures?period=last_7_days").text


def test_a_figure_leads_to_its_calls(client_as: As, office: Office) -> None:
    decide(office.desk, viewer_of(office.engine, "mei"), OWN, Override(outcome=Outcome.MET), criterion_id="long", reason="it was")
    anna = client_as("anna")
    ways = [
        way.replace("&amp;", "&") for way in re.findall(r'href="(/figures/calls\?[^"]*criterion_id=long[^"]*)"', anna.get("/figures").text)
    ]
    page = anna.get(ways[0]).text
    assert "3 calls" in text(page)
    assert f'/calls/{TEAM}"' in page
    assert f'/calls/{OWN}"' not in page
    assert "other-2" not in page
    assert client_as("anna").get("/figures/calls?outcome=odd").status_code == 400


def test_lists_go_on_in_either_order(client_as: As, monkeypatch: pytest.MonkeyPatch) -> None:
    from qa_pipeline.web import supervisor

    monkeypatch.setattr(supervisor, "_SIZE", 3)
    anna = client_as("anna")
    for order in ("newest", "lowest"):
        first = anna.get(f"/figures/calls?order={order}").text
        (way,) = re.findall(r'href="(\?[^"]*after=[^"]+)"', first)
        second = anna.get("/figures/calls" + way.replace("&amp;", "&")).text
        listed = re.findall(r'href="/calls/([\w-]+)"', first + second)
        assert sorted(listed) == ["own", "own-2", "team", "team-2"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "address", ["/figures/calls/file?team=north", "/reports/file?by=team&by=criterion", "/figures/findings/file?period=all"]
)
def test_files_hold_what_is_theirs_in_three_forms(client_as: As, office: Office, address: str) -> None:
    anna = client_as("anna")
    rows = list(csv.reader(io.StringIO(anna.get(f"{address}&form=csv").content.decode("utf-8-sig"))))
    sheet = load_workbook(io.BytesIO(anna.get(f"{address}&form=xlsx").content)).active
    table = pq.read_table(io.BytesIO(anna.get(f"{address}&form=parquet").content))
    assert len(rows) - 1 == sheet.max_row - 1 == table.num_rows > 0
    assert not any("south" in cell or OTHER in cell for row in rows for cell in row)
    assert anna.get(f"{address}&form=exe").status_code == 400
    with office.engine.connect() as connection:
        assert connection.execute(select(audit.c.who).where(audit.c.did == "exported")).scalars().all() == ["anna"] * 3


def test_other_tables_are_files_too(client_as: As, office: Office) -> None:
    dispute(office)
    anna = client_as("anna")
    anna.post("/coaching", data={"agent": "a1", "text": "=slower", "is_shared": "yes"})
    decide(office.desk, viewer_of(office.engine, "mei"), TEAM, Override(outcome=Outcome.MET), criterion_id="long", reason="=heard")
    may = {"first": "2026-05-01", "last": "2026-05-31", "team": "north"}
    assert anna.post("/periods", data=may | {"reason": "paid out", "confirmed": "yes"}).status_code == 303
    for address, words in (
        ("/figures/compare/file?compare=yes&a.agent=a1&b.agent=a2", "A: from,A: to"),
        ("/disputes/file?stage=waiting", "I did <i>say</i> it"),
        ("/disputes/file?stage=answered", "answered"),
        ("/coaching/file?agent=a1", "'=slower"),
        ("/agreement/file?rubric=tested", "tested,,long"),
        ("/record/file?did=override", "mei,override,team,long,"),
        ("/periods/file?", "paid out"),
    ):
        for form in ("csv", "xlsx", "parquet"):
            answer = anna.get(f"{address}&form={form}")
            assert answer.status_code == 200
        assert words in anna.get(f"{address}&form=csv").content.decode("utf-8-sig")
    assert anna.get("/figures/indices/file?rubric=tested").status_code == 400


def test_a_comparison_as_a_file_is_in_percent_and_in_words(client_as: As) -> None:
    anna = client_as("anna")
    read = anna.get("/figures/compare/file?compare=yes&a.agent=a1&b.agent=a2&form=csv", headers={"accept-language": "pl"})
    first, *rows = csv.reader(io.StringIO(read.content.decode("utf-8-sig")))
    assert first[:2] == ["Liczba", "A"] or first[1] == "A"
    assert not any("/" in row[0] for row in rows)
    assert all(not row[1] or (0 <= float(row[1]) <= 100 and len(row[1].partition(".")[2]) <= 2) for row in rows)


def test_what_is_ticked_is_kept_whether_it_was_shown_or_not(client_as: As) -> None:
    anna = client_as("anna")
    shown = anna.post("/reports", data={"by": ["agent"], "columns": ["calls"], "period": "all", "act": "show", "name": ""})
    assert (shown.status_code, shown.headers["location"]) == (303, "/reports?by=agent&columns=calls&period=all")
    form = re.search(r'<form class="stack" method="post" action="/reports">.*?</form>', anna.get("/reports").text, re.DOTALL)
    assert form is not None
    # One form: what is chosen goes along with the name.
    assert 'name="by"' in form[0] and 'name="name"' in form[0] and 'value="keep"' in form[0]


def test_a_page_lies_under_one_way_alone(client_as: As) -> None:
    shown = client_as("lin").get("/mine/disputes").text
    assert re.findall(r'<a href="([^"]+)"\s+aria-current="page"', shown) == ["/mine/disputes"]


def test_a_note_that_is_done_stays_done_and_keeps_its_day(client_as: As) -> None:
    anna = client_as("anna")
    note = anna.post("/coaching", data={"agent": "a1", "text": "slower", "follow_up": "2026-06-01"}).headers["location"]
    assert 'name="follow_up" value="2026-06-01"' in anna.get(note).text
    anna.post(note, data={"text": "better", "state": "done"})
    assert '<option value="done" selected>' in anna.get(note).text


def test_a_shape_is_shown_kept_shared_and_deleted(client_as: As) -> None:
    anna, mei = client_as("anna"), client_as("mei")
    fields = {
        "by": ["agent"],
        "columns": ["calls", "percent"],
        "title.calls": "=Gespräche",
        "period": "all",
        "name": "Weekly <1>",
        "is_shared": "yes",
    }
    address = anna.post("/reports", data=fields).headers["location"]
    page = anna.get(address).text
    assert "Weekly &lt;1&gt;" in page
    assert "=Gespräche" in page
    assert "a3" not in re.findall(r"\w+", text(page))
    theirs = mei.get(address).text
    assert "a3" in re.findall(r"\w+", text(theirs))
    assert mei.post(f"{address}/delete", data={"confirmed": "yes"}).status_code == 400
    assert anna.post(f"{address}/delete").status_code == 400
    assert anna.post(f"{address}/delete", data={"confirmed": "yes"}).status_code == 303
    assert anna.get(address).status_code == 404
    assert anna.post("/reports", data={"by": "team", "name": " "}).status_code == 400


def test_two_groups_beside_each_other(client_as: As) -> None:
    page = text(client_as("anna").get("/figures/compare?compare=yes&a.agent=a1&b.agent=a2").text)
    assert "A: 2 calls · B: 2 calls" in page
    refused = client_as("anna").get("/figures/compare?compare=yes&a.team=north&b.team=south")
    assert refused.status_code == 400
    assert "second group" in refused.text


def test_a_root_without_indices_says_so(client_as: As) -> None:
    assert "No rubric has an index" in client_as("anna").get("/figures/indices").text


def test_a_dispute_waits_with_its_age_and_is_answered_with_a_reason(client_as: As, office: Office) -> None:
    about = dispute(office)
    anna = client_as("anna")
    assert "1 dispute waits" in anna.get("/figures").text
    assert "today" in anna.get("/disputes").text
    page = anna.get(f"/disputes/{OWN}/{about}").text
    assert "I did &lt;i&gt;say&lt;/i&gt; it" in page
    assert "the program found: not met" in text(page)
    for data, said in (
        ({"reason": "x"}, "not said whether"),
        ({"ruling": "uphold", "found": "long:met", "reason": " "}, "reason is empty"),
    ):
        refused = anna.post(f"/disputes/{OWN}/{about}", data=data)
        assert (refused.status_code, said in refused.text) == (400, True)
    before = find_call(office.engine, local_viewer(None), OWN).effective_percent
    assert anna.post(f"/disputes/{OWN}/{about}", data={"ruling": "uphold", "found": "long:met", "reason": "heard"}).status_code == 303
    after = find_call(office.engine, local_viewer(None), OWN)
    assert (after.effective_percent or 0) > (before or 0)
    assert after.percent == before
    assert "dispute upheld" in anna.get("/disputes?stage=answered").text
    answered = anna.get(f"/disputes/{OWN}/{about}").text
    assert "It is answered" in answered
    # That is when there is something to say to the agent.
    assert f"/coaching?call={OWN}&amp;criterion=long" in answered


def test_a_dispute_about_the_whole_score_or_at_a_level(client_as: As, office: Office) -> None:
    whole, tone = dispute(office, criterion_id=None), dispute(office, "own-2", "tone")
    anna = client_as("anna")
    assert anna.post(f"/disputes/{OWN}/{whole}", data={"ruling": "reject", "reason": "it stands"}).status_code == 303
    assert "cool" in anna.get(f"/disputes/own-2/{tone}").text
    assert anna.post(f"/disputes/own-2/{tone}", data={"ruling": "uphold", "found": "tone:cool", "reason": "cool"}).status_code == 303


def test_who_looked_at_an_older_state_is_told_what_was_decided_since(client_as: As, office: Office) -> None:
    about = dispute(office)
    decide(office.desk, viewer_of(office.engine, "mei"), OWN, Override(outcome=Outcome.MET), criterion_id="turns", reason="it was")
    answer = client_as("anna").post(f"/disputes/{OWN}/{about}", data={"ruling": "reject", "reason": "no", "version": "1"})
    assert answer.status_code == 409
    assert "mei: override of turns" in answer.text


def test_a_dispute_that_was_taken_back_leads_to_the_list(client_as: As) -> None:
    assert client_as("anna").get(f"/disputes/{OWN}/none").headers["location"] == "/disputes"


def test_coaching_from_a_call_to_done(client_as: As) -> None:
    anna = client_as("anna")
    form = anna.get(f"/coaching?call={OWN}&criterion=long").text
    assert 'value="a1"' in form
    data = {"agent": "a1", "call": OWN, "criterion": "long", "text": "<b>slower</b>", "follow_up": "2026-05-20", "is_shared": "yes"}
    address = anna.post("/coaching", data=data).headers["location"]
    assert "1 coaching note is due" in anna.get("/figures").text
    assert "&lt;b&gt;slower&lt;/b&gt;" in anna.get(address).text
    assert anna.post(address, data={"text": "much better", "state": "done"}).status_code == 303
    assert "0 coaching notes are due" in anna.get("/figures").text
    assert anna.post(address, data={"text": ""}).status_code == 400
    assert anna.post("/coaching", data={"agent": "a3", "text": "not mine"}).status_code == 400
    assert anna.post("/coaching", data={"agent": "a1", "text": "kept", "follow_up": "soon"}).status_code == 400
    assert anna.get("/coaching?agent=a2").text.count("much better") == 0
    assert anna.get("/coaching/99").status_code == 404
    assert client_as("mei").get("/coaching").status_code == 403


@pytest.mark.slow
def test_a_period_shows_what_is_at_stake_is_closed_and_opened_again(client_as: As, office: Office) -> None:
    dispute(office)
    anna, days = client_as("anna"), {"first": "2026-05-11", "last": "2026-05-12", "team": "north"}
    shown = text(anna.get("/periods", params=days).text)
    assert "Scored calls: 4" in shown
    assert "1 dispute waits" in shown
    assert anna.post("/periods", data={**days, "reason": "paid"}).status_code == 400
    assert anna.post("/periods", data={**days, "reason": "paid", "confirmed": "yes"}).status_code == 303
    page = anna.get("/periods").text
    assert "paid" in page
    (way,) = re.findall(r'href="(/periods/\w+)"', page)
    assert anna.get(way).status_code == 200
    assert anna.post(f"{way}/reopen", data={"reason": "wrong"}).status_code == 400
    assert anna.post(f"{way}/reopen", data={"reason": "wrong", "confirmed": "yes"}).status_code == 303
    assert "wrong" in anna.get("/periods").text
    assert anna.get("/periods/none").status_code == 404


def test_days_the_wrong_way_round_are_no_period(client_as: As) -> None:
    anna, days = client_as("anna"), {"first": "2026-05-12", "last": "2026-05-11", "team": "north"}
    said = "It ends on 2026-05-11, before it begins on 2026-05-12."
    shown = anna.get("/periods", params=days)
    assert (shown.status_code, said in text(shown.text)) == (400, True)
    assert "Close the period" not in shown.text
    closed = anna.post("/periods", data={**days, "reason": "paid", "confirmed": "yes"})
    assert (closed.status_code, said in text(closed.text), "--from" in closed.text) == (400, True, False)


def test_days_that_are_not_theirs_are_not_closed(client_as: As) -> None:
    anna, days = client_as("anna"), {"first": "2026-05-11", "last": "2026-05-12", "team": "south"}
    assert anna.get("/periods", params=days).status_code == 400
    assert anna.post("/periods", data={**days, "reason": "x", "confirmed": "yes"}).status_code == 400
    assert client_as("sven").get("/periods", params=days).status_code == 200
    assert client_as("lin").get("/periods").status_code == 403


def test_indices_and_their_questions_are_called_by_their_titles(client_as: As, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    mood = Index(id="mood", title={"en": "Mood of all", "zh": "总体心情"}, items=("tone",))
    survey = make_rubric(rubric_id="survey", tone={"title": {"en": "Was it kind?", "zh": "态度好吗"}}).model_copy(
        update={"indices": (mood,)}
    )
    freeze([survey], office.store)
    rows = [IndexRow(index_id="mood", item=item, value=75.0, answers=2, group={"month": "2026-05"}) for item in ("tone", "mood")]
    monkeypatch.setattr(supervisor, "survey_indices", lambda *_, **__: rows)
    anna = client_as("anna")
    shown = text(anna.get("/figures/indices", headers={"accept-language": "zh"}).text)
    assert "总体心情" in shown and "态度好吗" in shown
    told = anna.get("/figures/indices/file?rubric=survey&form=csv").content.decode("utf-8-sig")
    assert told.splitlines() == [
        "Month,Index,Question,Value,Answers",
        "2026-05,Mood of all,Was it kind?,75.0,2",
        "2026-05,Mood of all,Mood of all,75.0,2",
    ]
