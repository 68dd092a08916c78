"""Which of a rubric's titles people are shown."""

from __future__ import annotations

import pytest

from qa_pipeline.languages.interface import interface_language, shown


def test_the_program_speaks_the_language_whose_folder_says_so() -> None:
    assert interface_language() == "en"


@pytest.mark.parametrize(
    ("texts", "first", "expected"),
    [
        ({"zh": "问候", "en": "Greeting"}, (), ("en", "Greeting")),
        ({"zh": "问候", "en": "Greeting"}, ("zh",), ("zh", "问候")),
        ({"zh": "问候", "en": "Greeting"}, ("sv", None), ("en", "Greeting")),
        ({"zh": "问候", "pl": "Powitanie"}, ("sv",), ("zh", "问候")),
        ({"en": "", "pl": "Powitanie"}, (), ("pl", "Powitanie")),
        ({}, ("zh",), None),
    ],
)
def test_a_text_is_shown_in_the_first_language_that_has_it(
    texts: dict[str, str], first: tuple[str | None, ...], expected: tuple[str, str] | None
) -> None:
    assert shown(texts, *first) == expected
