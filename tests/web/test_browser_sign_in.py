"""The page to sign in at, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from office import PASSPHRASE, Office
from test_sign_in import give_passphrase

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_signing_in_by_the_page(office: Office, browser_as: Callable[..., object], axe: Callable, no_sideways: Callable) -> None:
    give_passphrase(office, "mei")
    page = browser_as(None)
    page.goto("/preferences")
    axe(page)
    no_sideways(page)
    page.get_by_label("Name").fill("mei")
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.keyboard.press("Enter")
    page.wait_for_url("**/preferences")
    axe(page)
    no_sideways(page)
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    axe(page)


@pytest.mark.parametrize(
    ("name", "way"), [("mei", "Queue"), ("anna", "Disputes"), ("piotr", "Rubrics"), ("lin", "My calls"), ("sven", "Nights")]
)
def test_each_role_signs_in_by_the_page_and_begins_where_its_work_is(
    name: str, way: str, office: Office, browser_as: Callable[..., Page]
) -> None:
    give_passphrase(office, name)
    page = browser_as(None)
    page.goto("/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.keyboard.press("Enter")
    page.locator("nav.ways").wait_for()
    ways = page.locator("nav.ways a").all_inner_texts()
    assert way in ways
    assert page.locator("nav.ways [aria-current=page]").inner_text() == ways[0]
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Passphrase").wait_for()
