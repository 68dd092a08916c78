"""An office for each test, clients and browsers that are signed in there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from office import Office, open_app, open_office, session_of
from starlette.testclient import TestClient

from qa_pipeline.review import passphrases
from qa_pipeline.review.sessions import read_session
from qa_pipeline.running.jobs import Jobs
from qa_pipeline.web.serving import served
from qa_pipeline.web.signed import COOKIE, FORM_HEADER

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent
CHROMIUM = Path("/usr/bin/chromium")
ADDRESS = "http://localhost"


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Passphrases of accounts of pages are hashed at the least cost: how they are kept is tested in review/."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passphrases, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield
        passphrases._nobody.cache_clear()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Scored calls and accounts, to be changed as a test likes."""
    return open_office(tmp_path)


@pytest.fixture
def app(office: Office) -> Iterator[FastAPI]:
    """The app over the office."""
    made = open_app(office.desk, office.settings)
    own: Jobs = made.state.jobs
    yield made
    own.close()


@pytest.fixture(scope="session")
def jobs_of_tests() -> Iterator[Jobs]:
    """Jobs that several tests may have done by one process, to be put into `app.state.jobs`: it need not begin anew for each."""
    jobs = Jobs()
    yield jobs
    jobs.close()


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A browser that nobody is signed in at. It follows no redirects."""
    with TestClient(app, base_url=ADDRESS, follow_redirects=False) as made:
        yield made


@pytest.fixture
def client_as(app: FastAPI, office: Office) -> Iterator[Callable[[str], TestClient]]:
    """`client_as("mei")`: a browser that she is signed in at; what it sends carries the token of its forms."""
    made: list[TestClient] = []

    def sign_in(name: str) -> TestClient:
        made.append(TestClient(app, base_url=ADDRESS, follow_redirects=False))
        token = session_of(office, name)
        made[-1].cookies.set(COOKIE, token, domain="localhost.local")
        session = read_session(office.engine, token, idle_minutes=60)
        assert session is not None
        made[-1].headers[FORM_HEADER] = session.csrf
        return made[-1]

    yield sign_in
    for one in made:
        one.close()


# --- browsers ---------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real browser."""
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        yield browser
        browser.close()


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """Where the app over the office is served."""
    with served(app) as at:
        yield at


@pytest.fixture
def browser_as(chromium: Browser, office: Office, address: str) -> Iterator[Callable[..., Page]]:
    """`browser_as("mei")`: a page of a browser that she is signed in at; `browser_as(None)` of nobody. `page.goto("/queue")` reaches the app.

    Further options are those of a browser's context (`viewport`, `color_scheme`, `locale`). The test fails on what its console calls an error.
    """
    contexts, errors = [], []

    def open_page(name: str | None, **options: object) -> Page:
        context = chromium.new_context(base_url=address, **{"locale": "en-GB", "timezone_id": "Asia/Shanghai"} | options)
        contexts.append(context)
        # Against what hangs for ever, not a measure of speed: slow machines take several times as long.
        context.set_default_timeout(900_000)
        if name is not None:
            context.add_cookies([{"name": COOKIE, "value": session_of(office, name), "url": address}])
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    open_page.errors = errors  # type: ignore[attr-defined]
    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture(scope="session")
def axe() -> Callable[..., None]:
    """`axe(page)`: no serious or critical finding of axe-core by WCAG 2.2 A and AA; `in_the_dark`: nor of its colours where dark ones are asked for."""
    # It would parse styles of shadow roots by a style of its own, which the page's policy refuses.
    program = (HERE / "vendor" / "axe.min.js").read_text("utf-8")
    all_of_it = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    colours = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}

    def check(page: Page, *, in_the_dark: bool = False) -> None:
        page.evaluate(f"() => {{ {program} ; return null; }}")
        assert_of(page, all_of_it)
        if in_the_dark:
            # The same page: all the rest is asked of every page in the dark in test_browser_everywhere.py.
            page.emulate_media(color_scheme="dark")
            assert_of(page, colours)
            page.emulate_media(color_scheme="light")

    def assert_of(page: Page, rules: object) -> None:
        # What passed need not be gathered.
        wanted = {"runOnly": rules, "preload": False, "resultTypes": ["violations"]}
        found = page.evaluate(f"async () => (await axe.run(document, {json.dumps(wanted)})).violations")
        serious = [
            f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:5]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == []

    return check


@pytest.fixture(scope="session")
def no_sideways() -> Callable[[Page], None]:
    """`no_sideways(page)`: on a phone's width, 390, nothing makes the page scroll sideways."""

    def check(page: Page) -> None:
        page.set_viewport_size({"width": 390, "height": 844})
        wide = page.evaluate("""() => [...document.querySelectorAll('main *, header *')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll'))
            .slice(0, 5).map(e => e.outerHTML.slice(0, 80))""")
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), wide

    return check
