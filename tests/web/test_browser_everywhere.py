"""Every page that the routes have, in a real browser: on a phone, in the dark, with hostile words wherever people write some; and over results that hold no call.

Pages are found by the routes, so that a new one cannot be forgotten. These tests are long: each page is opened, and looked through by axe-core.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from desks import commit, make_rubric
from fastapi import FastAPI
from office import ACCOUNTS, OWN, Office, open_app, session_of
from starlette.testclient import TestClient
from stored import make_store

from qa_pipeline.call import Outcome
from qa_pipeline.reading.follow import catch_up
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import Role, local_viewer
from qa_pipeline.review.calibration import open_session
from qa_pipeline.review.closing import close
from qa_pipeline.review.coaching import write_note
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Dispute, Note, Override
from qa_pipeline.review.opening import open_desk
from qa_pipeline.review.people import add_account, add_team, viewer_of
from qa_pipeline.review.shapes import Shape, save_shape
from qa_pipeline.review.tokens import May, make_token
from qa_pipeline.settings import Settings
from qa_pipeline.web.app import SECTIONS
from qa_pipeline.web.routing import OPEN, Rule
from qa_pipeline.web.signed import COOKIE

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\"> \u202eright to left\u2066 😀 "
LONG = HOSTILE + "w" * 10_000
NAMES = ("mei", "anna", "piotr", "lin", "sven")
_VALUES = {name: example for section in SECTIONS for name, example in section.examples.items()}


def pages(office: Office, name: str) -> Iterator[str]:
    """Paths of the pages that somebody's role may open, of the call OWN; without what is a file, sound or a program's."""
    role = ACCOUNTS[name]
    for rule in (rule for section in SECTIONS for rule in section.rules):
        if rule.method == "GET" and rule.needs is not OPEN and rule.admits(frozenset({role})) and not rule.path.startswith("/api/"):
            yield _filled(office, rule)


def _filled(office: Office, rule: Rule) -> str:
    line = find_call(office.engine, local_viewer(None), OWN)
    path = rule.path
    for part in rule.parts:
        value = OWN if part == "call_id" else str(_VALUES[part](office.desk, line))
        path = re.sub(rf"{{{part}(?::\w+)?}}", lambda _, value=value: value, path)  # type: ignore[misc]
    return path


def write_everywhere(office: Office) -> None:
    """Hostile words in whatever people and metadata name, title and note."""
    store, desk = office.store, office.desk
    titled = make_rubric(version=2, **{name: {"title": {"en": LONG}} for name in ("turns", "long", "grave", "tone")})
    at = datetime(2026, 5, 14, 4, tzinfo=UTC)
    commit(store, OWN, conversation_id="own-again", rubric=titled, agent_name=LONG, team="north", campaign=LONG, site=LONG, started_at=at)
    catch_up(office.engine, store)
    lin, anna, mei, sven = (viewer_of(office.engine, name) for name in ("lin", "anna", "mei", "sven"))
    decide(desk, mei, OWN, Override(outcome=Outcome.MET), criterion_id="turns", reason=LONG)
    decide(desk, mei, OWN, Note(), reason=LONG)
    decide(desk, lin, OWN, Dispute(), criterion_id="long", reason=LONG)
    write_note(desk, anna, "a1", LONG, call_id=OWN, criterion_id="long", is_shared=True)
    save_shape(desk, mei, LONG, Shape(by=("team", "campaign"), columns=("calls",), titles={"calls": LONG}), is_shared=True)
    open_session(desk, anna, HOSTILE + "w" * 900, calls=[OWN], people=("mei", "rolf"))
    close(desk, anna, date(2026, 5, 1), date(2026, 5, 2), team="north", reason=LONG)
    make_token(office.engine, sven, HOSTILE + "w" * 900, account="mei", may=[May.CALLS])
    add_account(office.engine, "kim", roles=(Role.REVIEWER,), display_name=HOSTILE + "w" * 900)
    add_team(office.engine, HOSTILE + "w" * 900)


@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
def test_hostile_words_are_text_on_every_page_of_a_phone_in_the_dark(
    name: str, office: Office, browser_as: Callable[..., Page], axe: Callable[[Page], None], no_sideways: Callable[[Page], None]
) -> None:
    write_everywhere(office)
    page = browser_as(name, color_scheme="dark", viewport={"width": 390, "height": 844})
    shown, faults = [], []
    for path in pages(office, name):
        first = page.request.get(path, max_redirects=0)
        if first.status != 200 or "text/html" not in first.headers["content-type"] or "<html" not in first.text():
            continue
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        shown.append(path)
        for check in (no_sideways, axe):
            try:
                check(page)
            except AssertionError as fault:
                faults.append(f"{path}: {str(fault)[:1000]}")
        faults += [f"{path}: its title was taken"] if page.title() == "taken" else []
    assert len(shown) > 3
    assert not faults, "\n".join(faults)


@pytest.mark.browser
@pytest.mark.parametrize(("name", "path"), [("lin", f"/mine/calls/{OWN}"), ("mei", f"/calls/{OWN}")])
def test_a_scorecard_prints_as_a_page_of_paper(name: str, path: str, browser_as: Callable[..., Page]) -> None:
    page = browser_as(name, color_scheme="dark")
    page.goto(path)
    page.emulate_media(media="print", color_scheme="dark")
    # What there is to click, and the way back, stay on the screen.
    assert [one.inner_text() for one in page.locator("nav, button, .crumbs, audio, form").all() if one.is_visible()] == []
    shown = page.locator("main").inner_text()
    for words in (OWN, "long", "not met", "grave"):
        assert words in shown
    sizes = page.evaluate(
        "[...document.querySelectorAll('main :is(p, dt, dd, li, td, .dim)')].map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) > 8
    assert max(sizes) < 24
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.fixture
def empty(tmp_path: Path) -> Office:
    """An office in which nothing was ever run: accounts, and no call."""
    store = make_store(tmp_path / "empty")
    settings = Settings(results=store.root, rubrics=tmp_path / "rubrics", cache=tmp_path / "cache")
    desk = open_desk(settings, store)
    for name in NAMES:
        add_account(desk.engine, name, roles=(ACCOUNTS[name],), agent_ids=("a1",) if name == "lin" else ())
    return Office(desk=desk, settings=settings)


@pytest.mark.slow
def test_over_results_without_a_call_every_page_opens_and_says_that_there_is_nothing(empty: Office) -> None:
    app: FastAPI = open_app(empty.desk, empty.settings)
    for name in NAMES:
        with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
            client.cookies.set(COOKIE, session_of(empty, name), domain="localhost.local")
            for rule in (rule for section in SECTIONS for rule in section.rules):
                if rule.method != "GET" or rule.parts or rule.needs is OPEN or rule.path.startswith("/api/") or "file" in rule.path:
                    continue
                if rule.admits(frozenset({ACCOUNTS[name]})):
                    answered = client.get(rule.path)
                    assert answered.status_code in (200, 303), f"{rule.path} by {name}"
