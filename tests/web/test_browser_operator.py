"""The operator's pages in a real browser: a failure tried again with its progress, accounts and teams, on a phone too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI
from office import Office
from test_operator_pages import fail

from qa_pipeline.review.people import account_of, viewer_of
from qa_pipeline.review.webhooks import Event, add_webhook
from qa_pipeline.running.jobs import Jobs

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


# Words of headings and buttons that stand on two lines.
_BROKEN = """() => [...document.querySelectorAll('.rows :is(thead th, button)')].flatMap(one => [...one.childNodes]).filter(node => {
    if (node.nodeType !== Node.TEXT_NODE || /\\s/.test(node.data.trim())) return false;
    const range = document.createRange(); range.selectNodeContents(node);
    return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1;
}).map(node => node.data)"""


def test_a_failure_is_tried_again(
    office: Office, app: FastAPI, jobs_of_tests: Jobs, tmp_path: Path, browser_as: Callable[..., Page], axe: Callable, no_sideways: Callable
) -> None:
    app.state.jobs = jobs_of_tests
    fail(office, str(tmp_path / ("a_very_long_name_" * 8) / "gone.wav"), call_id="gone")
    page = browser_as("sven")
    page.goto("/operator")
    page.get_by_text("GB").wait_for()
    axe(page)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Try the chosen again").click()
    page.locator("#retried :is(.error, .fault)").first.wait_for(timeout=900_000)
    axe(page)
    no_sideways(page)


def test_no_heading_and_no_button_is_broken_within_a_word(office: Office, browser_as: Callable[..., Page]) -> None:
    fail(office, "/recordings/" + "long_name_" * 20 + ".wav", call_id="gone")
    add_webhook(office.engine, viewer_of(office.engine, "sven"), "https://example.com/" + "a" * 200, account="anna", events=tuple(Event))
    page = browser_as("sven", viewport={"width": 1280, "height": 900})
    for path in ("/operator", "/access"):
        page.goto(path)
        assert page.locator(".rows :is(thead th, button)").count() > 3
        assert page.evaluate(_BROKEN) == []


def test_accounts_and_teams(office: Office, browser_as: Callable[..., Page], axe: Callable, no_sideways: Callable) -> None:
    page = browser_as("sven")
    page.goto("/accounts")
    page.get_by_text("A new account").click()
    axe(page)
    # What was refused comes back as it was typed, in its form.
    page.get_by_label("Name to sign in by").fill("mei")
    page.get_by_label("Shown as").fill("Mei <b>Lin</b>")
    page.locator("form[action='/accounts']").get_by_label("trainer", exact=True).check()
    page.get_by_role("button", name="Make and invite").click()
    page.get_by_role("alert").wait_for()
    # Browsers note a page that is answered with 400.
    browser_as.errors.clear()  # type: ignore[attr-defined]
    assert page.get_by_label("Shown as").input_value() == "Mei <b>Lin</b>"
    assert page.locator("form[action='/accounts']").get_by_label("trainer", exact=True).is_checked()
    page.locator("form[action='/accounts']").get_by_label("trainer", exact=True).uncheck()
    page.get_by_label("Name to sign in by").fill("kim")
    page.locator("form[action='/accounts']").get_by_label("reviewer").check()
    page.get_by_role("button", name="Make and invite").click()
    page.get_by_text("/link/").wait_for()
    assert account_of(office.engine, "kim").is_active
    axe(page)
    no_sideways(page)
