"""The pages say everything in every language that they are shown in."""

from __future__ import annotations

import pytest

from docs.translations import faults, said
from qa_pipeline.languages.interface import interface_language
from qa_pipeline.web.render import environment
from qa_pipeline.web.translations import language_asked, page_languages, texts

OTHERS = [code for code in page_languages() if code != interface_language()]


def test_pages_are_shown_in_every_language_that_calls_are_scored_in() -> None:
    assert set(page_languages()) == {"en", "zh", "pl", "sv"}


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_nothing_else(language: str) -> None:
    # `python -m docs.translations` prints what is missing, to be filled in.
    assert faults(language) == []


def test_texts_of_code_and_of_templates_are_found() -> None:
    assert {"Queue" in said() or "Record" in said(), "Sign in" in said()} == {True}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("pl-PL,pl;q=0.9,en;q=0.8", "pl"),
        ("de-DE,de;q=0.9,sv;q=0.5", "sv"),
        ("en;q=0.5, zh-Hans-CN", "zh"),
        ("zh;q=0,sv", "sv"),
        ("de", "en"),
        (None, "en"),
        ("*;q=0.1,;;,pl;q=x", "pl"),
    ],
)
def test_the_browser_is_asked_for_the_language(header: str | None, language: str) -> None:
    assert language_asked(header) == language


def test_an_unknown_language_is_english() -> None:
    assert texts("xx").language == "en"
    assert texts("pl").gettext("Sign in") == "Zaloguj się"


def test_texts_of_templates_are_escaped_and_filled_as_the_template_library_does() -> None:
    made = environment("en")
    template = made.from_string(
        "{{ _('50%% of <b>') }}|{{ _('%(who)s & co', who=who) }}|{{ gettext('plain') }}|{% trans %}a {{ who }}{% endtrans %}"
    )
    assert template.render(who="<i>") == "50% of <b>|&lt;i&gt; & co|plain|a &lt;i&gt;"
