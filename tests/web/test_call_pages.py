"""A call's page: what it shows side by side, what is decided on it, and what is told when somebody else was there."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
import pytest
from desks import commit, make_rubric
from office import OTHER, OWN, TEAM, Office
from recorded import record
from sqlalchemy import Connection, select
from starlette.testclient import TestClient
from stored import heard

from qa_pipeline.call import Layout, Outcome, Quote, Reply
from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading import pages
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.viewer import Role, Viewer, local_viewer
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import freeze
from qa_pipeline.review.claims import held_claims
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Dispute, Note, Override
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.proposals import Teaches, list_proposals
from qa_pipeline.review.standing import decisions_about
from qa_pipeline.review.tables import audit
from qa_pipeline.rubric.asking import WRITTEN, AskCriterion
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.web.call import moment_ms
from tests.rubric.built_rubrics import rubric

ClientAs = Callable[[str], TestClient]
AT = f"/calls/{OWN}"


def effective_of(office: Office, call_id: str = OWN) -> tuple[float | None, float | None]:
    (row,) = rows(office.store, f"select percent, machine_percent from current_effective_scores where call_id = '{call_id}'")
    return row["percent"], row["machine_percent"]


def about(office: Office, call_id: str = OWN) -> list[str]:
    with office.engine.connect() as connection:
        return [decision.kind for decision in decisions_about(connection, call_id)]


def of_criterion(page: str, criterion: str) -> str:
    """The part of the page about a criterion."""
    return page.split(f'id="c-{criterion}"', 1)[1].split("</article>", 1)[0]


def test_looking_at_a_call_is_on_record(office: Office, client_as: ClientAs) -> None:
    assert client_as("mei").get(AT).status_code == 200
    with office.engine.connect() as connection:
        looked = connection.execute(select(audit.c.who, audit.c.did, audit.c.call_id)).all()
    assert tuple(looked[-1]) == ("mei", "looked", OWN)


@pytest.mark.parametrize(("name", "path", "lookups"), [("mei", AT, 1), ("lin", f"/mine/calls/{OWN}", 2)])
def test_a_page_of_a_call_reads_nothing_of_it_twice(
    office: Office, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch, name: str, path: str, lookups: int
) -> None:
    """An agent's card is looked up once more: as of the agent that they are, whatever else they may see."""
    client = client_as(name)
    read: Counter[str] = Counter()
    read_of, read_line = Store.read_of, pages.read_line

    def note_rows(store: Store, table: str, *arguments: Any, **options: Any) -> pa.Table:
        read[table] += 1
        return read_of(store, table, *arguments, **options)

    def note_line(connection: Connection, call_id: str) -> CallLine | None:
        read["line"] += 1
        return read_line(connection, call_id)

    monkeypatch.setattr(Store, "read_of", note_rows)
    monkeypatch.setattr(pages, "read_line", note_line)
    assert client.get(path).status_code == 200
    assert read.pop("line") == lookups
    assert set(read.values()) == {1}, read


def test_lines_of_which_only_the_beginning_is_known_are_shown_and_put_right(office: Office, client_as: ClientAs) -> None:
    """As in a transcript of plain lines: nobody wrote down when its last one ended."""
    written = make_rubric(rubric_id="written")
    spoken = heard("written-1", "written", agent_id="a1", team="north", started_at=datetime(2026, 5, 14, 4, tzinfo=UTC))
    lines = tuple(replace(said, end_ms=None, words=()) for said in spoken.utterances)
    spoken = replace(spoken, utterances=lines, layout=Layout.TEXT, vectors={})
    freeze([written], office.store)
    office.store.write_conversations([spoken], run_id="r")
    office.store.write_scores([score(spoken, prepare(written, {}))], purpose="official", run_id="r")
    bring_up_to_date(office.desk)
    mei = client_as("mei")
    decide(office.desk, local_viewer("Wu"), "written", Note(moment_ms=3_000), reason="so far")
    page = mei.get("/calls/written").text
    # Nothing can be played of it.
    assert "/sound" not in page
    assert "None" not in page
    (first, _) = re.findall(r'href="(/calls/written/word[^"]+)"', page)
    asked = {"after": "hello here.", "reason": "so it was"}
    preview = mei.get(f"{html.unescape(first)}&after=hello+here.")
    assert preview.status_code == 200
    found = dict(parse_qsl(urlsplit(html.unescape(first)).query))
    done = mei.post("/calls/written/word", data={"at": found["at"], "before": found["before"], "version": "1", **asked})
    assert done.status_code == 303
    assert "hello here." in html.unescape(re.sub(r"<[^>]+>", "", mei.get("/calls/written").text))


def test_an_override_needs_a_reason_counts_at_once_and_leaves_the_programs_outcome(office: Office, client_as: ClientAs) -> None:
    mei = client_as("mei")
    form = {"criterion_id": "long", "found": "met", "version": "0", "reason": ""}
    refused = mei.post(f"{AT}/override", data=form)
    assert refused.status_code == 400
    assert "The reason is empty" in refused.text
    done = mei.post(f"{AT}/override", data=form | {"reason": "she did, at the end"})
    assert (done.status_code, done.headers["location"]) == (303, f"{AT}?back=%2Fqueue#c-long")
    part = of_criterion(mei.get(AT).text, "long")
    assert part.index("not met") < part.index(">met")
    assert "she did, at the end" in part
    # 10 of 25 by the program; with `long` met, 20.
    assert effective_of(office) == (80.0, 40.0)


def test_a_critical_failure_is_confirmed(office: Office, client_as: ClientAs) -> None:
    mei = client_as("mei")
    assert "not confirmed yet" in mei.get(AT).text
    assert mei.post(f"{AT}/confirm", data={"criterion_id": "grave", "version": "0"}).status_code == 303
    page = mei.get(AT).text
    assert "not confirmed yet" not in page
    assert "critical: confirmed" in page


def test_what_only_people_judge_is_answered_by_its_levels(office: Office, client_as: ClientAs) -> None:
    mei = client_as("mei")
    assert mei.post(f"{AT}/answer", data={"criterion_id": "tone", "found": "cool", "version": "0"}).status_code == 303
    part = of_criterion(mei.get(AT).text, "tone")
    assert '<span class="answer">cool</span>' in part
    assert "Confirm" not in part
    assert mei.post(f"{AT}/answer", data={"criterion_id": "tone", "found": "icy"}).status_code == 400


def test_what_somebody_else_decided_meanwhile_is_told_and_what_was_typed_is_kept(office: Office, client_as: ClientAs) -> None:
    decide(office.desk, local_viewer("rolf"), OWN, Override(outcome=Outcome.MET), criterion_id="long", reason="yes")
    refused = client_as("mei").post(
        f"{AT}/override", data={"criterion_id": "long", "found": "met", "version": "0", "reason": "my <own> words"}
    )
    assert refused.status_code == 409
    assert "rolf: override of long" in refused.text
    assert "my &lt;own&gt; words</textarea>" in refused.text
    assert 'name="version" value="1"' in refused.text
    assert about(office) == ["override"]


def test_finishing_confirms_the_whole_lets_it_go_and_goes_to_the_next(office: Office, client_as: ClientAs) -> None:
    mei = client_as("mei")
    back = "/queue?kind=must_see"
    first = mei.post("/queue/next", data={"back": back}).headers["location"]
    call_id = first.split("/")[2].split("?")[0]
    done = mei.post(f"/calls/{call_id}/finish", data={"version": "0", "back": back})
    assert done.status_code == 303
    assert done.headers["location"].startswith("/calls/") and f"/calls/{call_id}?" not in done.headers["location"]
    assert about(office, call_id) == ["confirmation"]
    assert call_id not in held_claims(office.desk)
    assert "1 call finished today" in mei.get(back).text


def test_a_note_stands_at_its_moment(office: Office, client_as: ClientAs) -> None:
    mei = client_as("mei")
    assert mei.post(f"{AT}/note", data={"reason": "laughs", "moment": "1:05", "version": "0"}).status_code == 303
    with office.engine.connect() as connection:
        (kept,) = decisions_about(connection, OWN)
    assert (kept.what, kept.reason) == (Note(moment_ms=65_000), "laughs")
    assert "1:05" in mei.get(AT).text.split("<h2>Decisions and notes", 1)[1]


def test_moments_are_read_as_people_write_them() -> None:
    assert [moment_ms(text) for text in ("", "0:07", "1:05", "1:02:03")] == [None, 7_000, 65_000, 3_723_000]
    for text in ("5", "a:b", "1:2:3:4", "-1:00"):
        with pytest.raises(InputRefused):
            moment_ms(text)


def test_what_one_decided_one_takes_back(office: Office, client_as: ClientAs) -> None:
    mei, rolf = client_as("mei"), client_as("rolf")
    mei.post(f"{AT}/override", data={"criterion_id": "long", "found": "met", "reason": "so", "version": "0"})
    with office.engine.connect() as connection:
        (kept,) = decisions_about(connection, OWN)
    assert "Take back" not in rolf.get(AT).text
    assert rolf.post(f"{AT}/take-back", data={"decision_id": kept.decision_id}).status_code == 403
    assert "Take back" in mei.get(AT).text
    assert mei.post(f"{AT}/take-back", data={"decision_id": kept.decision_id}).status_code == 303
    assert effective_of(office) == (40.0, 40.0)
    # Of what was taken back, not of the taking back.
    assert mei.get(AT).text.count("not in force") == 1


def test_swapping_roles_is_looked_at_before_it_is_kept(office: Office, client_as: ClientAs) -> None:
    mei = client_as("mei")
    seen = mei.get(f"{AT}/swap").text
    assert "What would change" in seen
    assert "No criterion would come out otherwise." in seen
    assert about(office) == []
    assert mei.post(f"{AT}/swap", data={"agent": "", "reason": "wrong way round", "version": "0"}).status_code == 303
    assert about(office) == ["role_swap"]
    page = mei.get(AT).text
    assert page.index('class="line customer"') < page.index('class="line agent"')


def test_a_word_is_put_right_after_it_was_looked_at(office: Office, client_as: ClientAs) -> None:
    mei = client_as("mei")
    asked = mei.get(f"{AT}/word", params={"at": 100, "before": "hello there"}).text
    assert "What would change" not in asked.split("<h2>")[-1]
    seen = mei.get(f"{AT}/word", params={"at": 100, "before": "hello there", "after": "good morning"}).text
    assert "<ins>good morning.</ins>" in seen
    assert about(office) == []
    done = mei.post(f"{AT}/word", data={"at": "100", "before": "hello there", "after": "good morning", "version": "0"})
    assert (done.status_code, done.headers["location"].rpartition("#")[2]) == (303, "heard")
    assert "good morning" in html.unescape(mei.get(AT).text)
    refused = mei.get(f"{AT}/word", params={"at": 100, "before": "bonjour", "after": "x"})
    assert refused.status_code == 400
    assert "does not stand there" in html.unescape(refused.text)


def test_an_override_teaches(office: Office, client_as: ClientAs) -> None:
    mei = client_as("mei")
    form = {"criterion_id": "long", "kind": "case", "words": "hello there.", "found": "met", "moment": "0:00", "note": "a greeting"}
    assert mei.post(f"{AT}/teach", data=form).headers["location"].endswith("#c-long")
    (kept,) = list_proposals(office.desk, Viewer(name="piotr", roles=frozenset({Role.TRAINER})))
    assert (kept.kind, kept.words, kept.outcome, kept.start_ms, kept.author) == (Teaches.CASE, "hello there.", Outcome.MET, 0, "mei")
    assert "Proposed to the trainer" in of_criterion(mei.get(AT).text, "long")
    assert mei.post(f"{AT}/teach", data=form | {"kind": "song"}).status_code == 400


def test_a_dispute_is_shown_at_its_criterion(office: Office, client_as: ClientAs) -> None:
    lin = Viewer(name="lin", roles=frozenset({Role.AGENT}), agent_ids=frozenset({"a1"}))
    decide(office.desk, lin, OWN, Dispute(), criterion_id="long", reason="I did talk long")
    assert "I did talk long" in of_criterion(client_as("mei").get(AT).text, "long")


def test_who_judges_nothing_gets_no_forms_for_it(client_as: ClientAs) -> None:
    page = client_as("piotr").get(AT).text
    assert "/override" not in page and "/finish" not in page
    assert "Swap roles" in page
    assert client_as("anna").get(f"/calls/{OTHER}").status_code == 404
    assert client_as("anna").get(f"/calls/{TEAM}").status_code == 200


NASTY = '<script>alert(1)</script>"onmouseover="x" \u202e\u2066RTL 😀'


@pytest.mark.slow
def test_what_callers_and_people_say_is_text(office: Office, client_as: ClientAs, tmp_path: Path) -> None:
    commit(office.store, "nasty", agent_id="a1", agent_name=NASTY, team=NASTY, campaign=NASTY)
    bring_up_to_date(office.desk)
    long = "x" * 10_000
    for text in (NASTY, long):
        decide(office.desk, local_viewer(NASTY), "nasty", Note(), reason=text)
        decide(office.desk, local_viewer(NASTY), "nasty", Override(outcome=Outcome.MET), criterion_id="long", reason=text)
    mei = client_as("mei")
    for path in ("/calls/nasty", "/queue?kind=must_see", "/calls/nasty/swap"):
        page = mei.get(path).text
        assert "<script>alert" not in page
        assert '"onmouseover="' not in page
    assert html.escape(NASTY, quote=False).replace('"', "&#34;") in mei.get("/calls/nasty").text
    seen = mei.get("/calls/nasty/word", params={"at": 100, "before": "hello there", "after": NASTY}).text
    assert "<script>alert" not in seen
    done = mei.post("/calls/nasty/word", data={"at": "100", "before": "hello there", "after": NASTY})
    assert done.status_code == 303
    assert "<script>alert" not in mei.get("/calls/nasty").text


def test_an_unknown_call_is_not_there(client_as: ClientAs) -> None:
    assert client_as("mei").get("/calls/none").status_code == 404
    assert client_as("mei").get("/calls/%2e%2e%2fetc").status_code == 404


def test_a_question_to_a_language_model_is_shown_with_its_answer_and_quotes_that_play(
    office: Office, client_as: ClientAs, tmp_path: Path
) -> None:
    why = {
        "id": "why",
        "check": "ask",
        "question": {"en": "Did the agent say why it takes three days?"},
        "title": {"en": "Reason for the delay"},
    }
    spoken = conversation(
        "0:00 customer: Where is my refund?", "0:12 agent: It takes three days because the bank checks it.", language="en",
        call_id="asked", agent_id="a1", team="north", started_at=datetime(2026, 5, 14, 4, tzinfo=UTC),
        source_uri=str(record(tmp_path / "asked.wav")),
    )  # fmt: skip
    made = rubric(why, id="asking")
    (asking,) = made.criteria
    assert isinstance(asking, AskCriterion)
    quotes = (Quote(utterance=1, text="because the bank checks it"),)
    reply = Reply(
        question_sha256=asking.question_sha256, prompt_sha256="", model=WRITTEN, phrasing=0, first=0, last=1, answer="yes", quotes=quotes
    )
    freeze([made], office.store)
    heard = replace(spoken, conversation_id="asked-heard", layout=Layout.MONO, replies=(reply,))
    office.store.write_conversations([heard], run_id="r")
    office.store.write_scores([score(heard, prepare(made, {}))], purpose="official", run_id="r")
    bring_up_to_date(office.desk)
    about = html.unescape(of_criterion(client_as("mei").get("/calls/asked").text, "why"))
    assert "Reason for the delay" in about
    assert "“Did the agent say why it takes three days?” The language model answers: yes; 3 of 3 wordings agree." in about
    assert "because the bank checks it" in about
    assert re.search(r'class="play" [^>]*data-start="13429"', about), about


def test_the_way_back_is_the_list_that_led_there_or_where_somebody_begins(client_as: Callable[[str], TestClient]) -> None:
    anna, piotr = client_as("anna"), client_as("piotr")
    led = anna.get(f"/calls/{TEAM}", headers={"referer": "http://localhost/figures/calls?team=north"}).text
    assert 'href="/figures/calls?team=north" id="back"' in led
    assert 'href="/queue" id="back"' in anna.get(f"/calls/{TEAM}", headers={"referer": "http://evil.example/figures"}).text
    # A trainer has no queue.
    assert 'href="/" id="back"' in piotr.get(f"/calls/{TEAM}").text
