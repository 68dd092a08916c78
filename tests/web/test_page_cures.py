"""What pages and the API refuse, and the requests by the advice, which are carried out: the rows of tests/cures/page_rows.py, in one office."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest
from office import OWN, TEAM, Office, open_app, open_office, session_of
from sqlalchemy import update
from starlette.testclient import TestClient
from trainer_office import open_desk_of_trainer

from qa_pipeline.errors import QaError
from qa_pipeline.reading.follow import catch_up
from qa_pipeline.reading.viewer import Role, Viewer
from qa_pipeline.report.shaped import Shape
from qa_pipeline.results.versions import freeze
from qa_pipeline.review import calibration, closing, people, proposals, tables
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Confirmation, Dispute
from qa_pipeline.review.proposals import Teaches
from qa_pipeline.review.sessions import read_session
from qa_pipeline.review.shapes import save_shape
from qa_pipeline.running.jobs import Jobs
from qa_pipeline.web.programs import Pace, TooOften
from qa_pipeline.web.signed import COOKIE, FORM_HEADER
from qa_pipeline.web.tries import TooMany, Tries
from tests.cures.page_rows import FORM, PACE, PAGES, TOKEN, TRIES
from tests.cures.texts import says, text_of
from tests.report.test_indices import surveyed
from tests.rubric.built_rubrics import write_folder
from tests.web.test_operator_pages import fail

MANUAL = "id: {}\nversion: 1\nsections:\n  - id: s\n    criteria:\n      - {{id: a, check: manual}}\n"
LISTED = (
    "id: listed\nversion: 1\nsections:\n  - id: s\n    criteria:\n      - {id: late, check: semantic, meaning: {list: lists/late.yaml}}\n"
)


class Sent:
    """Requests to the app of an office, by whoever is named; and what was refused by the last."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.app = open_app(office.desk, office.settings)
        # No lanes: what pages have done by another process is begun and no more.
        self.app.state.jobs = Jobs(lanes=0)
        self.filled: dict[str, object] = {}
        self.refused: list[str] = []
        self._clients: dict[str, TestClient] = {}

    def as_(self, name: str) -> Viewer:
        return people.viewer_of(self.office.engine, name)

    def client(self, name: str) -> TestClient:
        if name not in self._clients:
            made = self._clients[name] = TestClient(self.app, base_url="http://localhost", follow_redirects=False)
            if name != "-":
                token = session_of(self.office, name)
                made.cookies.set(COOKIE, token, domain="localhost.local")
                session = read_session(self.office.engine, token, idle_minutes=60)
                assert session is not None
                made.headers[FORM_HEADER] = session.csrf
        return self._clients[name]

    def send(self, written: str) -> httpx.Response:
        """A request as the rows write it."""
        for name, value in self.filled.items():
            written = written.replace(f"{{{name}}}", str(value))
        who, method, path, *form = written.split(" ", 3)
        body: dict[str, Any] = {"headers": {"content-type": "application/x-www-form-urlencoded"}, "content": form[0]} if form else {}
        if form and form[0].startswith("{"):
            body = {"json": json.loads(form[0])}
        self.refused.clear()
        answer = self.client(who).request(method, path, **body)
        if "/api/v1/calls?" in path and answer.status_code == 200:
            self.filled["next"] = answer.json()["next"]
        return answer


def _draft(sent: Sent, name: str) -> str:
    """A rubric of the folder that a trainer has changed and not saved; the form that saves it."""
    path = sent.office.settings.rubrics / f"{name}.yaml"
    path.write_text(MANUAL.format(name), "utf-8")
    page = sent.client("piotr").get(f"/rubrics/file/{name}.yaml").text
    (based_on,) = set(re.findall(r'name="based_on" value="(\w{64})"', page))
    form = str(httpx.QueryParams({"text": MANUAL.format(name).replace("id: a", "id: b"), "based_on": based_on}))
    sent.client("piotr").post(f"/rubrics/draft/{name}.yaml", data=dict(httpx.QueryParams(form)))
    return form


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory, quick_hashes: None) -> Iterator[Sent]:
    office = open_office(tmp_path_factory.mktemp("office"))
    desk = office.desk
    open_desk_of_trainer(office)
    write_folder(office.settings.rubrics, listed=LISTED)
    (office.settings.rubrics / "lists" / "late.yaml").write_text("id: late\nlike: {en: [it is late]}\nunlike: {en: [it rains]}\n", "utf-8")
    freeze([surveyed()], office.store)
    fail(office, "night/gone.wav")
    catch_up(office.engine, office.store)
    people.add_account(office.engine, "olga", roles=[Role.OPERATOR])
    people.add_account(office.engine, "lead", roles=[Role.AGENT, Role.REVIEWER], agent_ids=["a2"])
    made = Sent(office)
    decide(desk, made.as_("mei"), "own-2", Confirmation(), criterion_id="turns")
    lin, otto, mei = (made.as_(name) for name in ("lin", "otto", "mei"))
    calibration.open_session(desk, mei, "May", calls=[OWN], people=["mei", "rolf"])
    lessons = {
        name: proposals.propose(desk, mei, "talk-2", kind, criterion_id="greeting", words=name, outcome=None, utterance=0).proposal
        for name, kind in (("settled", Teaches.LIKE), ("listless", Teaches.LIKE), ("wordless", Teaches.LIKE), ("waiting", Teaches.UNLIKE))
    }
    proposals.settle(desk, made.as_("piotr"), lessons["settled"], is_accepted=False, reason="too broad")
    with office.engine.begin() as connection:
        for name in ("wordless", "waiting"):
            values = {"rubric_id": "listed", "criterion_id": "late"} | ({"words": None} if name == "wordless" else {})
            connection.execute(update(tables.proposals).where(tables.proposals.c.proposal == lessons[name]).values(**values))
    (session,) = calibration.sessions(desk, mei)
    made.filled = {
        **lessons,
        "dispute": decide(desk, lin, OWN, Dispute(), criterion_id="long", reason="no").decision.decision_id,
        "other_dispute": decide(desk, otto, TEAM, Dispute(), criterion_id="long", reason="no").decision.decision_id,
        "session": session.session,
        "report": save_shape(desk, made.as_("anna"), "Teams", Shape(by=("team",), columns=()), is_shared=False),
        "period": closing.close(desk, made.as_("anna"), *([date(2026, 7, 1)] * 2), team="north", reason="paid").period_id,
        "surveyed": surveyed().id,
        "text_of_followed": _draft(made, "followed"),
    }
    _draft(made, "dropped")
    with pytest.MonkeyPatch.context() as patch:
        begin = QaError.__init__

        def spy(self: QaError, message: str, *arguments: Any, **options: Any) -> None:
            made.refused.append(message)
            begin(self, message, *arguments, **options)

        patch.setattr(QaError, "__init__", spy)
        yield made
    made.app.state.jobs.close()


@pytest.mark.parametrize(("text", "slip", "cured"), PAGES, ids=[f"{number}-{row[0]}" for number, row in enumerate(PAGES)])
def test_the_request_as_the_advice_has_it_is_carried_out(sent: Sent, text: str, slip: str, cured: tuple[str, ...]) -> None:
    answer = sent.send(slip)
    assert answer.status_code in (400, 401, 403, 404, 409), (answer.status_code, answer.headers.get("location"), answer.text[-600:])
    assert any(says(one, text) for one in sent.refused), (text_of(text), sent.refused)
    for written in cured:
        answer = sent.send(written)
        assert answer.status_code in (200, 201, 303) and not sent.refused, (written, answer.status_code, sent.refused, answer.text[-600:])
        assert not answer.headers.get("location", "").startswith("/sign-in")


def test_a_form_of_an_old_page_is_sent_from_the_page_as_it_is_now(sent: Sent) -> None:
    olga = TestClient(sent.app, base_url="http://localhost", follow_redirects=False)
    olga.cookies.set(COOKIE, session_of(sent.office, "olga"), domain="localhost.local")
    (fresh,) = set(re.findall(r'name="csrf" value="([^"]+)"', olga.get("/accounts").text))
    sent.refused.clear()
    stale = olga.post("/teams", data={"name": "stale", "csrf": "of another session"})
    assert stale.status_code == 403 and any(says(one, FORM) for one in sent.refused), sent.refused
    assert olga.post("/teams", data={"name": "stale", "csrf": html.unescape(fresh)}).status_code == 303


def test_an_operator_makes_a_token_that_is_for_more(sent: Sent) -> None:
    def asked(*scopes: str) -> httpx.Response:
        form = {"name": "-".join(scopes), "account": "mei", "scopes": list(scopes), "days": "3"}
        page = sent.client("olga").post("/access/tokens", data=form).text
        (secret,) = set(re.findall(r"\bqa_[\w-]{20,}", page))
        sent.refused.clear()
        return sent.client("-").get("/api/v1/calls", headers={"Authorization": f"Bearer {secret}"})

    assert asked("figures").status_code == 403 and any(says(one, TOKEN) for one in sent.refused), sent.refused
    assert asked("figures", "calls").status_code == 200


def _waits(advice: str, pattern: str) -> float:
    found = re.fullmatch(pattern, advice)
    assert found is not None, advice
    return float(found.group(1))


def test_who_waits_as_long_as_the_advice_says_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace(2)
    for _ in range(2):
        pace.take(1, now=0.0)
    with pytest.raises(TooOften) as refused:
        pace.take(1, now=0.0)
    assert says(refused.value.message, PACE)
    pace.take(1, now=_waits(refused.value.advice or "", r"Wait (\d+) seconds\."))
    now: list[float] = [0.0]
    monkeypatch.setattr("qa_pipeline.web.tries.time.monotonic", lambda: now[0])
    tries = Tries(most=2, seconds=300.0)
    for _ in range(2):
        tries.count("here")
    with pytest.raises(TooMany) as tired:
        tries.count("here")
    assert says(tired.value.message, TRIES)
    now[0] = 60 * _waits(tired.value.advice or "", r"Try again in (\d+) minutes\.")
    tries.count("here")
