"""The trainer's day in a real browser: edit, faults as one types, cases, compare, publish, roll back; a file changed outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI
from office import Office
from trainer_office import open_desk_of_trainer

from qa_pipeline.reading.follow import catch_up
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.running.jobs import Jobs

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
LONG = 900_000


@pytest.fixture
def page(office: Office, app: FastAPI, jobs_of_tests: Jobs, browser_as: Callable[..., Page]) -> Page:
    open_desk_of_trainer(office)
    catch_up(office.engine, office.store)
    app.state.jobs = jobs_of_tests
    return browser_as("piotr", viewport={"width": 1280, "height": 900})


def put(page: Page, old: str, new: str) -> None:
    """Type something in the place of a text that the editor has once."""
    text = page.locator("#text").input_value()
    assert text.count(old) == 1
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text.replace(old, new))


def test_a_rubric_is_edited_compared_published_and_rolled_back(page: Page, office: Office, axe: Callable, no_sideways: Callable) -> None:
    path = office.settings.rubrics / "service.yaml"
    page.goto("/rubrics")
    axe(page)
    page.get_by_role("link", name="service", exact=True).click()
    put(page, "weight: 20", "wieght: 20")
    page.locator("#faults .error").first.wait_for(timeout=LONG)
    assert "did you mean weight?" in page.locator("#faults").inner_text()
    axe(page)
    # A page that is closed loses nothing.
    page.reload()
    assert "wieght" in page.locator("#text").input_value()
    put(page, "wieght: 20", "weight: 30")
    put(page, "hello there", "good morning")
    # Cases run by themselves once there are no faults.
    page.locator("#cases .fault").wait_for(timeout=LONG)
    assert "a good call" in page.locator("#cases").inner_text()
    page.goto("/rubrics/compare/service")
    page.get_by_role("button", name="Compare", exact=True).click()
    page.locator(".compared").wait_for(timeout=LONG)
    assert "talk-1" in page.locator(".compared").inner_text()
    axe(page)
    no_sideways(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    # The wording goes back, the weight stays; then it is published.
    page.goto("/rubrics/file/service.yaml")
    put(page, "good morning", "hello there")
    put(page, "version: 1", "version: 2")
    page.locator("#cases .done").wait_for(timeout=LONG)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("As saved").wait_for()
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("service version 2 is published.").wait_for(timeout=LONG)
    page.get_by_role("link", name="History").click()
    axe(page)
    page.get_by_role("button", name="Go back to this one").click()
    assert "version: 3" in page.locator("#text").input_value()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("As saved").wait_for()
    assert load_rubric(path).version == 3
    no_sideways(page)


def test_a_file_that_was_changed_outside_is_shown_beside(page: Page, office: Office, axe: Callable) -> None:
    path = office.settings.rubrics / "service.yaml"
    page.goto("/rubrics/file/service.yaml")
    put(page, "weight: 20", "weight: 25")
    page.get_by_text("Unsaved; kept as a draft").wait_for()
    path.write_text(path.read_text("utf-8") + "# by another editor\n", "utf-8")
    put(page, "weight: 25", "weight: 26")
    page.locator("#outside").wait_for(timeout=LONG)
    page.get_by_role("link", name="Show both").click()
    page.locator(".cm-mergeView").wait_for()
    axe(page)
    assert "weight: 26" not in path.read_text("utf-8")
    page.get_by_role("button", name="Go on with my text").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("As saved").wait_for()
    assert "weight: 26" in path.read_text("utf-8")


def test_keys_are_offered(page: Page) -> None:
    page.goto("/rubrics/file/service.yaml")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("pass_m")
    page.locator(".cm-tooltip-autocomplete").get_by_text("pass_mark").wait_for()
    page.keyboard.press("Control+Home")


def test_a_dialogue_is_tried_on_a_phone(page: Page, axe: Callable, no_sideways: Callable) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/rubrics/try/service")
    page.get_by_label("Dialogue").fill("agent: Hello there, is this a good time?\ncustomer: Driving.")
    page.get_by_role("button", name="Try", exact=True).click()
    page.locator("#tried table").wait_for(timeout=LONG)
    axe(page)
    no_sideways(page)
    page.goto("/lessons/words")
    page.get_by_label("Words").fill("good morning")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("button", name="Make a case").wait_for(timeout=LONG)
    axe(page)
    no_sideways(page)
