"""A reviewer at work in a real browser: hears, follows, decides by keys, and sees what others did."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from desks import commit
from office import OWN, PASSPHRASE, Office
from recorded import add_recorded, record
from stored import heard
from test_sign_in import give_passphrase

from qa_pipeline.call import Alternative, Outcome
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.claims import held_claims
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Note, Override
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.people import account_of
from qa_pipeline.review.sessions import end_sessions
from qa_pipeline.review.standing import decisions_about
from tests.rubric.built_rubrics import rubric

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
BrowserAs = Callable[..., "Page"]
MUST_SEE = "/queue?kind=must_see"
_AUDIO = "document.getElementById('audio')"


@pytest.fixture
def recorded(office: Office, tmp_path: Path) -> Office:
    add_recorded(office, tmp_path)
    return office


def kinds(office: Office, call_id: str) -> list[str]:
    with office.engine.connect() as connection:
        return [decision.kind for decision in decisions_about(connection, call_id)]


def plays_from(page: Page, second: float) -> None:
    """The recording really plays, from about a second on, and goes on: what was played is asked, which a slow machine does not change."""
    page.wait_for_function(
        """second => {
            const { played } = document.querySelector("audio");
            return [...Array(played.length).keys()].some(
                place => Math.abs(played.start(place) - second) < 0.4 && played.end(place) > played.start(place) + 0.15
            );
        }""",
        arg=second,
    )


@pytest.mark.parametrize("call_id", ["plain", "old"])
def test_a_click_on_a_word_plays_it_and_the_transcript_follows(recorded: Office, browser_as: BrowserAs, call_id: str) -> None:
    page = browser_as("mei")
    page.goto(f"/calls/{call_id}")
    page.click(".line.customer [data-s]")
    plays_from(page, 3.0)
    assert page.locator(".line.now").inner_text().startswith("0:03")
    page.keyboard.press("Space")
    assert page.evaluate(f"{_AUDIO}.paused")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"() => {_AUDIO}.currentTime < 0.5")
    page.wait_for_selector(".line.agent.now")
    page.keyboard.press("]")
    assert page.evaluate(f"{_AUDIO}.playbackRate") == 1.25


def test_a_click_on_evidence_plays_the_moment_that_it_was_said_in(office: Office, browser_as: BrowserAs, tmp_path: Path) -> None:
    greets = {"id": "greets", "status": "stable", "check": "phrase", "phrases": {"en": ["hello there"]}, "weight": 10}
    commit(
        office.store,
        "phrased",
        rubric=rubric(greets, id="phrased"),
        source_uri=str(record(tmp_path / "phrased.wav")),
        audio_sha256="e" * 64,
    )
    bring_up_to_date(office.desk)
    page = browser_as("mei")
    page.goto("/calls/phrased")
    page.click(".line.customer [data-s]")
    plays_from(page, 3.0)
    evidence = page.locator(".criterion [data-evidence=hit]").first
    start = int(evidence.get_attribute("data-start") or -1) / 1000
    assert 0 <= start < 3
    evidence.click()
    plays_from(page, start)


def test_the_waveform_is_drawn_and_a_click_on_it_goes_there(recorded: Office, browser_as: BrowserAs) -> None:
    page = browser_as("mei")
    page.goto("/calls/plain")
    page.wait_for_selector("#wave canvas")
    page.wait_for_selector("#minimap canvas")
    page.keyboard.press("f")
    assert page.get_attribute("[data-does=fold]", "aria-pressed") == "false"
    wave = page.locator("#wave")
    # Until it is laid out anew, its middle is another moment.
    while abs(page.evaluate(f"{_AUDIO}.currentTime") - 3) >= 0.2:
        wave.click(position={"x": wave.evaluate("e => e.clientWidth") / 2, "y": 30})


def test_another_reading_stands_below_the_words_and_as_wide_as_they(office: Office, browser_as: BrowserAs) -> None:
    spoken = heard("otherwise-heard", "otherwise", agent_id="a1", team="north")
    first, *rest = spoken.utterances
    other = Alternative(text="您好，这里是上得基金。", share=0.2)
    office.store.write_conversations([replace(spoken, utterances=(replace(first, alternatives=(other,)), *rest), vectors={})], run_id="r")
    bring_up_to_date(office.desk)
    for size in ({"width": 1280, "height": 900}, {"width": 390, "height": 840}):
        page = browser_as("mei")
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto("/calls/otherwise")
        words, reading = (page.locator(f".line {part}").first.bounding_box() for part in ("p:not(.otherwise)", ".otherwise"))
        assert words is not None and reading is not None
        assert (reading["x"], reading["width"]) == (words["x"], words["width"])
        assert reading["y"] >= words["y"] + words["height"]


def test_an_override_counts_without_leaving_the_page_and_the_program_keeps_its_own(recorded: Office, browser_as: BrowserAs) -> None:
    page = browser_as("mei")
    page.goto("/calls/plain")
    page.evaluate("() => { window.stayed = true; }")
    long = page.locator("#c-long")
    long.click(position={"x": 5, "y": 5})
    page.keyboard.press("o")
    long.locator("select[name=found]").first.select_option("met")
    long.locator("textarea[name=reason]").fill("she did")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#standing >> text=80%")
    assert page.locator("#c-long .sides").inner_text().split() == ["Program", "not", "met", "Counts", "met", "10/10"]
    assert page.locator("#c-long").evaluate("e => e.classList.contains('chosen')")
    assert page.evaluate("window.stayed")
    # A note too: whoever listens goes on listening.
    page.keyboard.press("t")
    page.keyboard.type("hear it again")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#decisions >> text=hear it again")
    assert page.locator("#c-long").evaluate("e => e === document.activeElement")
    assert page.evaluate("window.stayed")
    (row,) = rows(recorded.store, "select percent, machine_percent from current_effective_scores where call_id = 'plain'")
    assert tuple(row.values()) == (80.0, 40.0)


def test_roles_are_swapped_and_a_word_is_put_right_after_a_look_at_what_changes(recorded: Office, browser_as: BrowserAs) -> None:
    page = browser_as("mei")
    page.goto("/calls/plain")
    page.click("text=Swap roles …")
    page.wait_for_selector("text=No criterion would come out otherwise.")
    assert kinds(recorded, "plain") == []
    page.click("text=Keep it so")
    page.wait_for_selector(".line.customer >> nth=0")
    assert page.locator(".line").first.get_attribute("class") == "line customer"
    page.locator(".line p span").first.dblclick()
    page.keyboard.press("w")
    assert page.input_value("textarea[name=before]") == "hello"
    page.fill("textarea[name=after]", "hallo")
    page.click("text=Show what would change")
    page.wait_for_selector("ins >> text=hallo there.")
    page.click("text=Keep it so")
    page.wait_for_selector(".line >> text=hallo")
    assert kinds(recorded, "plain") == ["role_swap", "word_correction"]


def test_two_reviewers_at_once_get_two_calls_and_the_second_is_told(office: Office, browser_as: BrowserAs) -> None:
    mei, rolf = browser_as("mei"), browser_as("rolf")
    for page in (mei, rolf):
        page.goto(MUST_SEE)
        page.keyboard.press("n")
        page.wait_for_selector(".call")
    assert len(held_claims(office.desk)) == 2
    assert mei.locator("h1").inner_text() != rolf.locator("h1").inner_text()
    rolf.goto(f"/calls/{mei.locator('h1').inner_text()}")
    assert "mei looks at this call until" in rolf.locator(".headline").inner_text()


def test_what_another_decided_is_told_and_what_was_typed_is_kept(office: Office, browser_as: BrowserAs) -> None:
    page = browser_as("mei")
    page.goto(f"/calls/{OWN}")
    decide(office.desk, local_viewer("rolf"), OWN, Note(), reason="mine first")
    page.evaluate("document.querySelectorAll('form').forEach(form => [...form.attributes].filter(a => a.name.startsWith('hx-')).forEach(a => form.removeAttribute(a.name)))")  # fmt: skip
    page.click("#c-long summary >> nth=0")
    page.fill("#c-long textarea >> nth=0", "my words")
    with page.expect_response(lambda response: response.request.method == "POST") as got:
        page.evaluate("document.querySelector('#c-long [data-deed=override] form').submit()")
    assert got.value.status == 409
    page.wait_for_selector("#refused >> text=rolf: note")
    assert page.input_value("#c-long textarea >> nth=0") == "my words"
    # Chromium calls a refusal an error of the console.
    browser_as.errors[:] = [error for error in browser_as.errors if "409" not in error]  # type: ignore[attr-defined]


def test_what_is_said_stays_beside_the_criterion_that_is_looked_at(office: Office, browser_as: BrowserAs) -> None:
    page = browser_as("mei", viewport={"width": 1300, "height": 620})
    page.goto(f"/calls/{OWN}")
    last = page.locator(".criterion").last
    page.evaluate("document.getElementById('judged').style.minHeight = '3000px'")
    page.evaluate("scrollTo(0, 1500)")
    assert last.bounding_box()["y"] < 0  # type: ignore[index]
    assert 0 < page.locator("#heard .line").first.bounding_box()["y"] < 620  # type: ignore[index]


def override_long(page: Page, reason: str) -> None:
    """Choose an outcome for a criterion, say why, and keep it."""
    page.click("#c-long summary >> nth=0")
    page.select_option("#c-long [name=found] >> nth=0", "undetermined")
    page.fill("#c-long textarea >> nth=0", reason)
    page.click("#c-long [data-deed=override] button")


def test_what_another_decided_is_told_at_the_form_which_can_be_sent_again(office: Office, browser_as: BrowserAs) -> None:
    page = browser_as("mei")
    page.goto(f"/calls/{OWN}")
    decide(office.desk, local_viewer("rolf"), OWN, Override(outcome=Outcome.NOT_APPLICABLE), criterion_id="long", reason="another matter")
    override_long(page, "my words")
    told = page.locator("#c-long #refused")
    told.wait_for()
    assert "rolf: override of long" in told.inner_text()
    # By the clock of who reads it.
    assert not re.search(r"\d\.\d{6}Z", told.inner_text())
    assert "another matter" in page.locator("#c-long").inner_text()
    assert page.input_value("#c-long textarea >> nth=0") == "my words"
    assert page.input_value("#c-long [name=found] >> nth=0") == "undetermined"
    page.click("#c-long [data-deed=override] button")
    page.wait_for_selector("#c-long .by >> text=my words")
    assert page.locator("#refused").count() == 0
    assert kinds(office, OWN) == ["override", "override"]
    browser_as.errors[:] = [error for error in browser_as.errors if "409" not in error]  # type: ignore[attr-defined]


def test_a_refusal_at_the_form_takes_the_place_of_one_at_the_edge(office: Office, browser_as: BrowserAs) -> None:
    page = browser_as("mei")
    page.goto(f"/calls/{OWN}")
    note = page.locator("[data-deed=note]")
    note.locator("summary").click()
    note.locator("textarea").fill("x" * 20_001)
    note.locator("button").click()
    page.wait_for_function("document.getElementById('told').textContent !== ''")
    note.locator("textarea").fill("listen again")
    note.locator("[name=moment]").fill("12")
    note.locator("button").click()
    note.locator("#refused").wait_for()
    assert "is no moment" in note.inner_text()
    assert note.locator("textarea").input_value() == "listen again"
    assert page.locator("#told").text_content() == ""
    browser_as.errors[:] = [error for error in browser_as.errors if "400" not in error and "422" not in error]  # type: ignore[attr-defined]


def send_without_session(page: Page, office: Office, path: str, *, signs_in: str) -> None:
    """Send mei's override from a page whose session has ended meanwhile; then somebody signs in where that leads to."""
    page.goto(path)
    end_sessions(office.engine, account_of(office.engine, "mei").account)
    override_long(page, "a long reason")
    page.get_by_label("Name").fill(signs_in)
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path}")


def test_what_was_sent_when_a_session_had_ended_is_there_after_signing_in(office: Office, browser_as: BrowserAs) -> None:
    give_passphrase(office, "mei")
    page = browser_as("mei")
    send_without_session(page, office, f"/calls/{OWN}?back=%2Fqueue", signs_in="mei")
    assert page.input_value("#c-long textarea >> nth=0") == "a long reason"
    assert page.input_value("#c-long [name=found] >> nth=0") == "undetermined"
    assert kinds(office, OWN) == []
    page.click("#c-long [data-deed=override] button")
    page.wait_for_selector("#c-long .by >> text=a long reason")
    # Nothing of it stays in the browser.
    assert page.evaluate("sessionStorage.getItem('sent')") is None
    browser_as.errors[:] = [error for error in browser_as.errors if "401" not in error]  # type: ignore[attr-defined]


def test_what_was_sent_when_a_session_had_ended_is_nobody_elses(office: Office, browser_as: BrowserAs) -> None:
    give_passphrase(office, "rolf")
    page = browser_as("mei")
    send_without_session(page, office, f"/calls/{OWN}", signs_in="rolf")
    assert page.input_value("#c-long textarea >> nth=0") == ""
    assert page.evaluate("sessionStorage.getItem('sent')") is None
    browser_as.errors[:] = [error for error in browser_as.errors if "401" not in error]  # type: ignore[attr-defined]


def test_ten_calls_by_the_keyboard_alone(office: Office, browser_as: BrowserAs) -> None:
    for number in range(4):
        commit(office.store, f"more-{number}", agent_id="a1", team="north")
    bring_up_to_date(office.desk)
    page = browser_as("mei")
    page.goto(MUST_SEE)
    page.keyboard.press("n")
    seen = []
    for number in range(10):
        page.wait_for_selector(".call")
        page.wait_for_function("() => document.documentElement.classList.contains('scripted')")
        seen.append(page.locator("h1").inner_text())
        while page.locator(".criterion.chosen").get_attribute("id") != "c-grave":
            page.keyboard.press("j")
        if number % 2:
            page.keyboard.press("c")
        else:
            page.keyboard.press("o")
            page.keyboard.press("Tab")
            page.keyboard.type("not so grave")
            page.keyboard.press("Control+Enter")
        page.wait_for_selector("#c-grave .by")
        with page.expect_navigation():
            page.keyboard.press("n")
    assert len(set(seen)) == 10
    assert "10 calls finished today" in page.locator("main").inner_text()


def test_marks_and_long_words_in_a_call_do_no_harm(office: Office, browser_as: BrowserAs, no_sideways: Callable[[Page], None]) -> None:
    nasty = "<script>document.title='hit'</script><img src=x onerror=\"document.title='hit'\">\u202e 😀 " + "x" * 10_000
    decide(office.desk, local_viewer("Wu"), OWN, Note(), reason=nasty)
    page = browser_as("mei")
    page.goto(f"/calls/{OWN}")
    page.wait_for_function(
        "() => document.documentElement.classList.contains('scripted') && [...document.images].every(image => image.complete)"
    )
    assert page.title() == f"{OWN} · qa-pipeline"
    no_sideways(page)


def test_pages_are_accessible_and_fit_a_phone(
    recorded: Office, browser_as: BrowserAs, axe: Callable[..., None], no_sideways: Callable[[Page], None]
) -> None:
    page = browser_as("mei")
    for path in (MUST_SEE, "/calls/plain", "/calls/plain/swap", "/calls/plain/word?at=100&before=hello&after=hallo"):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        if page.locator("#wave").count():
            page.wait_for_selector("#minimap canvas")
        axe(page, in_the_dark=True)
        no_sideways(page)
        page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.parametrize("locale", ["zh-CN", "pl-PL", "sv-SE"])
def test_pages_speak_the_language_of_the_browser(office: Office, browser_as: BrowserAs, locale: str) -> None:
    page = browser_as("mei", locale=locale)
    page.goto(MUST_SEE)
    assert page.locator("h1").inner_text() == {"zh-CN": "待审队列", "pl-PL": "Kolejka", "sv-SE": "Kö"}[locale]
    page.goto(f"/calls/{OWN}")
    assert page.get_attribute("html", "lang") == locale[:2]


def test_keys_are_listed(office: Office, browser_as: BrowserAs) -> None:
    page = browser_as("mei")
    page.goto(f"/calls/{OWN}")
    page.keyboard.press("?")
    assert "play and pause" in page.locator("#keys").inner_text()
