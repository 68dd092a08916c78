"""Calibration in a real browser: blind until both are done, by keyboard too; and pages that everybody can use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from office import OWN, Office

from qa_pipeline.call import Outcome
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Override
from qa_pipeline.review.people import viewer_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_two_judge_apart_compare_and_settle(
    office: Office, browser_as: Callable[..., Page], axe: Callable[[Page], None], no_sideways: Callable[[Page], None]
) -> None:
    mei, rolf = browser_as("mei"), browser_as("rolf")
    mei.goto("/calibration")
    axe(mei)
    mei.get_by_label("Name").fill("Week 20")
    mei.get_by_label("Calls, an id a line").fill(OWN)
    mei.get_by_label("mei").check()
    mei.get_by_label("rolf").check()
    mei.get_by_role("button", name="Begin").click()
    at = mei.url
    for page, answer in ((mei, "met"), (rolf, "not met")):
        page.goto(at)
        page.get_by_role("link", name=OWN).click()
        group = page.get_by_role("group", name="long")
        # Of what the other one judged, and of the program's outcome, nothing is there, whoever comes second.
        assert page.locator("main").locator(".verdict, input:checked").count() == 0
        assert "hello" in page.inner_text("main")
        group.get_by_label(answer, exact=True).check()
        if page is mei:
            axe(page)
        page.get_by_role("button", name="Keep and go on").focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="I have judged all").click()
        if page is mei:
            assert "Still judging: rolf" in page.inner_text("main")
            assert "settle" not in page.inner_text("main")
    mei.reload()
    axe(mei)
    mei.get_by_text("no: settle").click()
    mei.get_by_label("It is").select_option("met")
    mei.get_by_label("Why").fill("we listened again")
    mei.get_by_role("button", name="Settle").click()
    assert "Week 20" in mei.inner_text("h1")
    no_sideways(mei)


def test_pages_fit_a_phone_and_everybody(
    office: Office, browser_as: Callable[..., Page], axe: Callable[..., None], no_sideways: Callable[[Page], None]
) -> None:
    decide(office.desk, viewer_of(office.engine, "mei"), OWN, Override(outcome=Outcome.MET), criterion_id="long", reason="heard it")
    for name, paths in (("mei", ("/agreement", "/agreement/tested/long", "/calibration")), ("sven", ("/access",))):
        page = browser_as(name)
        for path in paths:
            page.goto(path)
            axe(page, in_the_dark=True)
            no_sideways(page)
