"""Refusals as pages tell them: in the language of whoever looks, and without commands."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from office import OWN, Office
from starlette.testclient import TestClient

from qa_pipeline.errors import Conflict, InputRefused
from qa_pipeline.review.people import account_of
from qa_pipeline.review.preferences import Preferences, keep_preferences
from qa_pipeline.web.refusals import ADVICES, MESSAGES, told
from qa_pipeline.web.translations import texts

UTC = ZoneInfo("UTC")
PAGE = Path(__file__).parents[2] / "docs" / "messages.md"
# Asked for by programs, by an address typed by hand, or wanting in the settings.
_NOT_OF_PAGES = {
    "It is not said what is answered, and how.",
    "`after` is no end of a page.",
    "Files are not written as {}.",
    "That is more than this token may ask in a minute.",
    "This token is not for {}.",
    "Single sign-on lacks its client.",
    "Nobody is signed in.",
    "No rubric {} has an index.",
}


def _bare(text: str) -> str:
    return re.sub(r"\{\w*\}|…", "{}", text)


def _refused(section: str = "") -> set[str]:
    """What the page of messages says is refused, in a section or in all, without the names of its places."""
    page = PAGE.read_text("utf-8")
    part = page.split(f"\n## {section}\n")[1].split("\n## ")[0] if section else page
    return {_bare(text) for text in re.findall(r"^\| refusal \| (.*?) \| ", part, re.MULTILINE)}


def test_what_pages_tell_otherwise_is_really_said() -> None:
    assert {_bare(said) for said in MESSAGES} - _refused() == set()


def test_what_pages_refuse_is_told_in_every_language() -> None:
    assert _refused("web") - {_bare(said) for said in MESSAGES} - _NOT_OF_PAGES == set()


def test_pages_advise_no_commands() -> None:
    said = [*MESSAGES.values(), *ADVICES.values()]
    assert [text for text in said if "qa-pipeline" in text or " --" in text or "docs/" in text] == []


def test_names_and_numbers_stay_and_the_most_exact_text_is_taken() -> None:
    error = InputRefused("'a {b}' is no moment of a call.", advice="Write minutes and seconds, as 1:05.")
    assert told(texts("sv"), error, UTC).message == "'a {b}' är ingen tidpunkt."
    assert told(texts("en"), error, UTC).message == "'a {b}' is no moment."
    assert told(texts("pl"), InputRefused("Nobody knows this.", advice="Nothing."), UTC).message == "Nobody knows this."


def test_times_are_by_the_clock_of_whoever_looks() -> None:
    held = Conflict("mei looks at call c1 until 2026-11-30 23:12 UTC.", advice="Take another, or ask them for it.")
    assert told(texts("en"), held, ZoneInfo("Asia/Shanghai")).message == "mei looks at call c1 until Dec 1, 2026 07:12."
    late = InputRefused("Call c1 could be disputed until 2026-06-30 23:12 UTC.")
    assert "2026-07-01 01:12" in told(texts("sv"), late, ZoneInfo("Europe/Stockholm")).message.replace("1 juli 2026", "2026-07-01")


def test_a_page_tells_a_refusal_in_the_language_of_whoever_looks(office: Office, client_as: Callable[[str], TestClient]) -> None:
    mei = client_as("mei")
    keep_preferences(office.engine, account_of(office.engine, "mei").account, Preferences(language="zh"))
    page = mei.post(f"/calls/{OWN}/override", data={"criterion_id": "long", "found": "met", "reason": ""})
    assert page.status_code == 400
    assert "原因是空的。" in page.text and "请说明原因" in page.text and "--reason" not in page.text
    assert "不是日期" in mei.get("/queue?since=xx").text


def test_what_was_typed_comes_back_with_a_refusal_but_for_secrets(client_as: Callable[[str], TestClient]) -> None:
    sven = client_as("sven")
    page = sven.post("/accounts", data={"name": "kim", "display_name": 'Kim "<i>"', "roles": ["king"]})
    assert page.status_code == 400
    found = re.search(r'data-typed="([^"]*)"', page.text)
    assert found is not None
    assert json.loads(html.unescape(found.group(1))) == [["name", "kim"], ["display_name", 'Kim "<i>"'], ["roles", "king"]]
    secret = sven.post("/preferences/passphrase", data={"old": "never mind this one", "passphrase": "quiet river", "again": "quiet rivers"})
    assert secret.status_code == 400
    assert "never mind" not in secret.text and "quiet river" not in secret.text
    words = "they said so at the very end of it"
    assert words in client_as("mei").post(f"/calls/{OWN}/override", data={"criterion_id": "gone", "found": "met", "reason": words}).text


def test_a_way_back_is_only_to_a_page_of_ours(client_as: Callable[[str], TestClient]) -> None:
    mei = client_as("mei")

    def leads_to(came: str) -> bool:
        page = mei.get("/operator", headers={"referer": f"http://localhost{came}"}).text
        return f'href="{came}"' in page.partition("<main")[2]

    assert [leads_to(came) for came in ("/queue", "/nowhere", "/link/secret")] == [True, False, False]
