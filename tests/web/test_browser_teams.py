"""Agents and supervisors in a real browser: a dispute from the agent to its answer, nothing of others, on a phone, in four languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from office import OTHER, OWN, TEAM, Office
from recorded import add_recorded

from qa_pipeline.review.coaching import write_note
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Dispute
from qa_pipeline.review.people import viewer_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

AGENT_PAGES = ("/mine", f"/mine/calls/{OWN}", "/mine/disputes")
SUPERVISOR_PAGES = (
    "/figures", "/figures?by=criterion", "/figures/calls", "/figures/compare?compare=yes&a.agent=a1&b.agent=a2", "/figures/indices", "/reports",
    "/disputes", "/coaching", "/periods?first=2026-05-01&last=2026-05-31&team=north",
)  # fmt: skip


def test_a_dispute_is_decided_and_the_agent_sees_it(
    browser_as: Callable[..., Page], axe: Callable[[Page], None], no_sideways: Callable[[Page], None]
) -> None:
    lin, anna = browser_as("lin"), browser_as("anna")
    lin.goto(f"/mine/calls/{OWN}")
    long = lin.locator("article#long")
    assert "not met" in long.locator("h3").inner_text()
    long.get_by_text("I do not agree").click()
    long.get_by_label("What is wrong?").fill("I asked twice")
    long.get_by_label("Where in the call").fill("0:03")
    axe(lin)
    long.get_by_role("button", name="Dispute").click()
    assert "it waits for an answer" in lin.locator("article#long").inner_text()

    anna.goto("/figures")
    anna.get_by_role("link", name="1 dispute waits").click()
    anna.locator("tbody a").first.click()
    assert "I asked twice" in anna.locator("blockquote").inner_text()
    axe(anna)
    anna.get_by_label("is right", exact=True).check()
    anna.get_by_label("Why (the agent reads it)").fill("heard at 0:03")
    no_sideways(anna)
    anna.get_by_role("button", name="Answer").click()
    assert "No dispute waits" in anna.locator("main").inner_text()

    lin.goto("/mine/disputes")
    assert "heard at 0:03" in lin.locator("main").inner_text()
    lin.goto(f"/mine/calls/{OWN}")
    told = lin.locator("article#long").inner_text()
    assert told.splitlines()[0].startswith("long")
    for words in ("decided by anna; the program found: not met", "I asked twice", "dispute upheld → met", "heard at 0:03"):
        assert words in told


def test_an_agent_sees_nothing_of_others(browser_as: Callable[..., Page]) -> None:
    lin = browser_as("lin")
    for path in AGENT_PAGES:
        lin.goto(path)
        shown = lin.content()
        for word in (f'"/mine/calls/{TEAM}"', f'"/mine/calls/{OTHER}"', "Otto", "Agent a2"):
            assert word not in shown
    lin.goto("/mine")
    ways = lin.locator("nav.ways").inner_text()
    assert "My calls" in ways
    assert "Figures" not in ways
    browser_as.errors.clear()  # type: ignore[attr-defined]
    for path in (f"/mine/calls/{TEAM}", "/figures", f"/disputes/{TEAM}/x"):
        answer = lin.goto(path)
        assert answer is not None
        assert answer.status in (403, 404)
    # What was refused is an error of the console, and meant here.
    browser_as.errors.clear()  # type: ignore[attr-defined]


def test_an_agent_hears_a_moment_of_their_call_from_the_right_second(
    browser_as: Callable[..., Page], office: Office, tmp_path: Path
) -> None:
    add_recorded(office, tmp_path)
    page = browser_as("lin")
    for address, act in (("/mine/calls/plain", True), ("/mine/calls/old?at=3000#sound", False)):
        page.goto(address)
        if act:
            page.get_by_text("What was said").click()
            page.locator(".said.customer .play").click()
        # Where playing began, which a slow machine does not change.
        page.wait_for_function("() => { const { played } = document.querySelector('audio'); return played.length && played.end(0) > 3.1; }")
        assert 2.6 < page.evaluate("document.querySelector('audio').played.start(0)") < 3.4


def test_pages_can_be_used_by_everybody_and_on_a_phone(
    browser_as: Callable[..., Page], axe: Callable[..., None], no_sideways: Callable[[Page], None]
) -> None:
    for name, paths in (("lin", AGENT_PAGES), ("anna", SUPERVISOR_PAGES)):
        page = browser_as(name)
        for path in paths:
            page.goto(path)
            axe(page, in_the_dark=True)
            no_sideways(page)


def test_what_people_write_is_text_whatever_it_looks_like(
    browser_as: Callable[..., Page], office: Office, no_sideways: Callable[[Page], None]
) -> None:
    hostile = "<script>document.title='taken'</script> \u202eright to left\u202c 😀 " + "w" * 10_000
    decide(office.desk, viewer_of(office.engine, "lin"), OWN, Dispute(), criterion_id="long", reason=hostile)
    note = write_note(office.desk, viewer_of(office.engine, "anna"), "a1", hostile)
    for name, paths in (("lin", AGENT_PAGES), ("anna", ("/disputes", "/coaching", f"/coaching/{note}"))):
        page = browser_as(name)
        for path in paths:
            page.goto(path)
            assert "taken" not in page.title()
            assert "<script>document" in page.locator("main").inner_text() or path in AGENT_PAGES[:2]
            no_sideways(page)


def test_pages_speak_four_languages(browser_as: Callable[..., Page]) -> None:
    for locale, mine, figures in (
        ("en-GB", "My calls", "Figures"),
        ("zh-CN", "我的通话", "统计"),
        ("pl-PL", "Moje rozmowy", "Liczby"),
        ("sv-SE", "Mina samtal", "Siffror"),
    ):
        for name, path, words in (("lin", "/mine", mine), ("anna", "/figures", figures)):
            page = browser_as(name, locale=locale)
            page.goto(path)
            assert page.locator("h1").inner_text() == words


def test_a_report_is_shaped_and_downloaded(browser_as: Callable[..., Page]) -> None:
    anna = browser_as("anna")
    anna.goto("/reports")
    anna.get_by_role("checkbox", name="Agent").check()
    anna.get_by_role("checkbox", name="Team").uncheck()
    anna.get_by_role("button", name="Show").click()
    anna.get_by_label("Keep it as").fill("By agent")
    anna.get_by_role("button", name="Keep", exact=True).click()
    assert anna.locator("h1").inner_text() == "By agent"
    with anna.expect_download() as download:
        anna.get_by_role("link", name="CSV").click()
    assert "a1" in download.value.path().read_text("utf-8-sig")


def test_a_period_is_closed_after_it_was_shown_what_it_holds(browser_as: Callable[..., Page]) -> None:
    anna = browser_as("anna")
    anna.goto("/periods?first=2026-05-01&last=2026-05-31&team=north")
    assert "Scored calls: 4" in anna.locator("main").inner_text()
    anna.get_by_label("Why").fill("paid out")
    anna.get_by_label("Scores of these days are to stand").check()
    anna.get_by_role("button", name="Close the period").click()
    assert "paid out" in anna.locator("table").inner_text()
