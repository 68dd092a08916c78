"""Faults of rubric files as pages tell them: all that the trainer's desk can show, in the language of whoever looks."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from qa_pipeline.errors import Fault, RubricError
from qa_pipeline.trainer.checking import check_rubric
from qa_pipeline.web.fault_texts import CURES, FAULTS, fault_in_words, fault_told
from qa_pipeline.web.refusals import told
from qa_pipeline.web.translations import texts

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"
# Handed on from another place of the page; or of commands alone, which the desk does not offer: phrases from a spreadsheet, a status written by `assist`.
_NOT_OF_THE_DESK = {
    "{message}",
    "{text}",
    "{name}: {miss}",
    "{told}",
    "no column of phrases among …",
    "no kind is called {own_kind}",
    "no language for {text}",
    "no language is called {named}",
    "no phrases",
}
# Numbers stand in the page of messages as the code has them.
_WITH_NUMBERS = {"has {size} bytes; a rubric has at most 2000000"}


def _bare(text: str) -> str:
    return re.sub(r"\{+\w*\}+|…", "{}", text)


def _said(section: str, kinds: str) -> set[str]:
    part = PAGE.read_text("utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    return {text.replace("\\", "") for text in re.findall(rf"^\| (?:{kinds}) \| (.*?) \| ", part, re.MULTILINE)}


def test_all_that_the_desk_can_find_is_told_in_every_language() -> None:
    wanted = _said("phrases", "refusal") | {text for name in ("rubric", "trainer", "yaml_text") for text in _said(name, "fault|warning")}
    known = {_bare(text) for text in FAULTS}
    assert {text for text in wanted - _NOT_OF_THE_DESK - _WITH_NUMBERS if _bare(text) not in known} == set()


SLIPS = """\
id: slips
version: "1"
sections:
  - id: opening
    criteria:
      - {id: greeting, check: phrase, wieght: 5, phrases: {en: ["hello (there"]}}
      - {id: thanks, check: phrase, within: {first: {seconds: 0}}, phrases: {en: [thanks]}, when: [{criterion: greetings, outcome: mt}]}
      - {id: count, check: phrases}
"""
DEEPER = """\
id: slips
version: 1
sections:
  - id: opening
    criteria:
      - {id: greeting, check: phrase, phrases: {en: ["hello (there"]}}
      - {id: thanks, check: phrase, phrases: {en: [thanks]}, when: [{criterion: greetings, outcome: met}]}
      - {id: thanks, check: metric, metric: turms, at_least: 1}
"""


@pytest.mark.parametrize("language", ["zh", "pl", "sv"])
@pytest.mark.parametrize(
    "text", [SLIPS, DEEPER, "id: [a\n", "id: no\n\tversion: 1\n", "- a\n"], ids=["keys", "references", "yaml", "slips", "list"]
)
def test_what_stands_in_a_file_is_told_wholly_in_a_language(tmp_path: Path, text: str, language: str) -> None:
    (tmp_path / "slips.yaml").write_text(text, "utf-8")
    faults = check_rubric(tmp_path / "slips.yaml").faults
    assert faults
    for fault in faults:
        shown = fault_told(texts(language), fault)
        assert (shown.line, shown.column, shown.path) == (fault.line, fault.column, fault.path)
        assert shown.message != fault.message
        assert not fault.advice or shown.advice != fault.advice
        assert fault_told(texts("en"), fault).message == fault.message


def test_words_inside_a_fault_are_told_as_well_and_those_of_the_file_stay() -> None:
    swedish = texts("sv")
    wrong = Fault(
        path="a.yaml", line=2, column=1, message="version: found '1', wanted a whole number", advice="write the number without quotes"
    )
    assert fault_told(swedish, wrong).message == "version: det står '1', det ska vara ett heltal"
    assert fault_told(swedish, wrong).advice == "skriv talet utan citattecken"
    case = "case 'a: or b': 'x' is not of the form '0:03 agent: text'"
    assert fault_in_words(swedish, case) == "fallet 'a: or b': 'x' har inte formen ”0:03 agent: text”"
    assert fault_in_words(swedish, "nobody has heard of this") == "nobody has heard of this"


def test_a_publication_that_is_refused_says_so_in_a_language() -> None:
    refused = told(texts("zh"), RubricError("service cannot be published."), ZoneInfo("UTC"))
    assert refused.message == "service 不能发布。"


def test_cures_name_no_file_of_the_documentation() -> None:
    assert [text for text in CURES.values() if "docs/" in text or "qa-pipeline" in text or " --" in text] == []
