"""What docs/ask.md shows is a rubric in order, and its cases come out as they say, without a model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qa_pipeline.errors import RubricError
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.rubric.cases import heard_in, load_cases
from qa_pipeline.rubric.lint import lint
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.scoring.cases import compare
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.yaml_text import read_document
from tests.rubric.built_rubrics import write_folder

PAGE = PACKAGE_ROOT / "docs" / "ask.md"
HEAD = "id: r\nversion: 1\nsections:\n  - id: s\n    criteria:\n"


def test_the_rubric_of_the_page_is_in_order_and_its_cases_hold(tmp_path: Path) -> None:
    rubric_text, cases_text = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    write_folder(tmp_path, refunds=rubric_text)
    (tmp_path / "refunds.cases.yaml").write_text(cases_text, "utf-8")
    path = tmp_path / "refunds.yaml"
    rubric = load_rubric(path)
    assert lint(rubric, read_document(path)) == []
    scorecard = prepare(rubric, {})
    cases = load_cases(tmp_path / "refunds.cases.yaml")
    assert [miss for case in cases for miss in compare(case, score(heard_in(case, rubric, None), scorecard)).misses] == []
    assert {case.expected["delay_explained"] for case in cases} == {"met", "not_met", "undetermined"}


def warnings(folder: Path, *criteria: str) -> list[str]:
    """What is warned of in a rubric of these criteria."""
    write_folder(folder, r=HEAD + "".join(f"      - {{{criterion}}}\n" for criterion in criteria))
    path = folder / "r.yaml"
    return [fault.message for fault in lint(load_rubric(path), read_document(path))]


ASK = "id: a, check: ask, question: "


@pytest.mark.parametrize(
    ("criteria", "said"),
    [
        ([ASK + "{en: Was the agent polite?}"], "asks for a judgement ('polite')"),
        ([ASK + "{zh: 坐席的解释是否恰当？}"], "asks for a judgement ('恰当')"),
        ([ASK + "{en: Was the agent's tone calm?}"], "nobody can answer it from words alone ('tone')"),
        ([ASK + "{zh: 坐席的语气平静吗？}"], "nobody can answer it from words alone ('语气')"),
        ([ASK + "{en: Did the agent give the price and the date?}"], "seems to ask two things"),
        ([ASK + "{en: Was a price given? Was a date?}"], "seems to ask two things"),
        ([ASK + "{en: Was a price given?}, met_by: ['yes', 'no'], answered: yes_no"], None),
        ([ASK + "{en: Which price?}, answered: choice, answers: {low: {en: low}, high: {en: high}}, met_by: [low, high]"], "every answer is met"),
        ([ASK + "{en: Which price?}, answered: choice, answers: {low: {en: low}, high: {en: high}}, met_by: [low]"], "every answer must be proved"),
        ([ASK + "{en: Was a price given?}, like: {en: [ten euros]}", "id: b, check: phrase, phrases: {en: [ten euros]}"], "is also a phrase of b"),
        ([ASK + "{en: Did the agent name a price?}", "id: b, check: ask, question: {en: Did the agent name a price then?}"], "a asks nearly the same"),
    ],
    ids=["vague", "vague in Chinese", "wordless", "wordless in Chinese", "two things", "two questions", "met by no", "all met", "nothing absent", "a phrase", "the same"],
)  # fmt: skip
def test_questions_that_nobody_could_answer_well_are_warned_of(tmp_path: Path, criteria: list[str], said: str | None) -> None:
    if said is None:
        with pytest.raises(RubricError):
            warnings(tmp_path, *criteria)
    else:
        assert any(said in message for message in warnings(tmp_path, *criteria))


def test_a_judgement_with_examples_is_no_vague_question(tmp_path: Path) -> None:
    shown = "{en: Was the agent polite?}, like: {en: [thank you so much]}, unlike: {en: [so what]}"
    assert warnings(tmp_path, ASK + shown) == []


@pytest.mark.parametrize(
    "keys",
    [
        "{}", "{en: Why?}, answers: {a: {en: a}}", "{en: Why?}, answered: choice", "{en: Why?}, met_by: [maybe]", "{en: Why?}, phrasings: 4",
        "{en: Why?}, answered: choice, answers: {cannot_tell: {en: x}, b: {en: y}}, met_by: [b]", "{en: Why?}, settled_by: [nobody]",
        "{en: Why?}, meaning: {list: lists/x.yaml}", "{en: Why?}, levels: {maybe: 1}",
    ],
)  # fmt: skip
def test_faults_are_refused(tmp_path: Path, keys: str) -> None:
    with pytest.raises(RubricError):
        warnings(tmp_path, ASK + keys)
