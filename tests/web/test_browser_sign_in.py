"""The page to sign in at, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from office import PASSPHRASE, Office
from test_sign_in import give_passphrase

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
