"""What the program names by words of its own (roles, stages, outcomes, answers …), and says of failures, is told by pages in the language of whoever looks."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from office import ACCOUNTS, OWN, Office
from starlette.testclient import TestClient
from test_browser_everywhere import pages
from test_operator_pages import fail

from qa_pipeline.call import Disposition, Outcome
from qa_pipeline.call import Role as Party
from qa_pipeline.reading.viewer import Role
from qa_pipeline.review.coaching import write_note
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import KINDS, Dispute, Override
from qa_pipeline.review.people import account_of, viewer_of
from qa_pipeline.review.preferences import Preferences, keep_preferences
from qa_pipeline.review.tokens import May
from qa_pipeline.review.webhooks import Event
from qa_pipeline.rubric.shared_keys import Status
from qa_pipeline.speech.models import Manifest
from qa_pipeline.web.access import WORDS
from qa_pipeline.web.failure_texts import CURES, FOUND, PURPOSES, STAGES, cure_of_failure, found_in_words
from qa_pipeline.web.render import TEMPLATES, environment
from qa_pipeline.web.translations import page_languages, texts

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"
STAGES_OF_TABLE = ("ingest", "decode", "speech", "diarize", "meaning", "score", "ask")
ENUMERATED: dict[str, tuple[str, ...]] = {
    "role": tuple(Role),
    "party": tuple(Party),
    "outcome": tuple(Outcome),
    "status": get_args(Status),
    "stage": STAGES_OF_TABLE,
    "purpose": get_args(Manifest.model_fields["purpose"].annotation),
    "answer": ("willing", "unwilling", "unclear", "yes", "no", "satisfied", "average", "dissatisfied"),
}
"""Filters, and all that each may be given."""
# Said of work that a page began, or of a call that is played: other tables have those.
_NOT_OF_NIGHTS = ("It took longer than", "The process that worked", "Call ", "The peaks", "Nobody knows", "one call could not")


class _Shown(HTMLParser):
    """The text that a browser shows."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in ("script", "style", "textarea")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "textarea")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text.append(data)


def _in(language: str, name: str, value: str) -> str:
    return environment(language).from_string(f"{{{{ value|{name} }}}}").render(value=value, texts=texts(language))


@pytest.mark.parametrize("name", ENUMERATED)
def test_every_value_has_words_in_every_language(name: str) -> None:
    lacking = [
        (language, value)
        for language in page_languages()
        for value in ENUMERATED[name]
        # English, and loan words that are written alike, need no others; words of another script always do.
        if not (said := _in(language, name, value)) or "_" in said or (language == "zh" and re.search(r"[a-z]", said))
    ]
    assert lacking == []


def test_the_stages_and_purposes_are_those_that_there_are() -> None:
    assert set(STAGES) == set(STAGES_OF_TABLE)
    assert set(PURPOSES) == set(ENUMERATED["purpose"])


def _failures() -> list[tuple[str, str]]:
    rows = re.findall(r"^\| failure \| (.*?) \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [(_filled(said), cure) for said, cure in rows if not said.startswith(_NOT_OF_NIGHTS) or said.startswith("Call id")]


def _filled(text: str) -> str:
    return re.sub(r"\{\w*\}|…(?! |$)", "7", text).replace("fault7:", "faults:").replace("faults: 77", "faults: 7").replace("… ", "7 ")


@pytest.mark.parametrize("language", [code for code in page_languages() if code != "en"])
def test_what_a_night_says_of_failures_is_told_in_every_language(language: str) -> None:
    shown = texts(language)
    assert len(_failures()) > 25
    assert [said for said, _ in _failures() if found_in_words(shown, said) == said] == []
    cures = [cure for _, several in _failures() for cure in several.split(" / ") if cure.strip("{}….7") and cure not in CURES]
    assert [cure for cure in cures if cure_of_failure(shown, cure) == cure] == []


def test_names_and_numbers_of_a_failure_stay() -> None:
    assert found_in_words(texts("sv"), "a/b.wav has 9 channels; one or two are wanted.") == "a/b.wav har 9 kanaler; en eller två behövs."
    assert found_in_words(texts("zh"), "Something new.") == "Something new."
    assert len(FOUND) > 40


def test_no_template_shows_a_word_of_the_program_as_it_is() -> None:
    names = "answer|stage|purpose|status|state|kind|role|outcome|level|layout"
    bare = re.compile(rf"(?<![\"\w{{-]) *{{{{ *(?:[\w.]+\.)?(?:{names})(?:\.value)? *}}}}")
    found = [
        f"{path.name}: {hit.strip()}"
        for path in sorted(TEMPLATES.glob("*.html"))
        # What stands in an attribute is for the style sheet or comes back with a form.
        for hit in bare.findall(re.sub(r'[\w-]+="(?:[^"{]|{{.*?}}|{%.*?%})*"', "", path.read_text("utf-8")))
    ]
    assert found == []


def test_scopes_and_events_of_programs_have_words() -> None:
    assert set(WORDS) == {*May, *Event}


def test_every_kind_of_decision_has_words_where_its_history_is_told() -> None:
    told = (TEMPLATES / "figures.html").read_text("utf-8")
    assert set(re.findall(r'one\.kind == "(\w+)"', told)) == set(KINDS)


@pytest.mark.parametrize("name", ["mei", "anna", "piotr", "lin", "sven"])
def test_no_page_in_chinese_shows_a_word_of_the_program(name: str, office: Office, client_as: Callable[[str], TestClient]) -> None:
    lin, anna, mei = (viewer_of(office.engine, one) for one in ("lin", "anna", "mei"))
    decide(office.desk, mei, OWN, Override(outcome=Outcome.MET), criterion_id="turns", reason="因为")
    decide(office.desk, lin, OWN, Dispute(), criterion_id="long", reason="因为")
    write_note(office.desk, anna, "a1", "因为", call_id=OWN, criterion_id="long", is_shared=True)
    fail(office, "night/7.wav")
    keep_preferences(office.engine, account_of(office.engine, name).account, Preferences(language="zh"))
    words = {
        *Outcome,
        *Disposition,
        Party.AGENT,
        Party.CUSTOMER,
        *STAGES,
        *PURPOSES,
        *KINDS,
        *Role,
        "stable",
        "assist",
        "trial",
        "open",
        "done",
        "waiting",
    }
    client = client_as(name)
    told = {}
    for path in pages(office, name):
        answered = client.get(path)
        if answered.status_code == 200 and "text/html" in answered.headers["content-type"]:
            shown = _Shown()
            shown.feed(answered.text)
            # Voices are told apart by what the tables call them.
            said = re.sub(r"\((?:agent|customer)\)", "", " ".join(shown.text))
            if found := sorted(word for word in words if re.search(rf"(?<![\w./-]){word}(?![\w./-])", said)):
                told[path] = found
    assert ACCOUNTS[name] and told == {}
