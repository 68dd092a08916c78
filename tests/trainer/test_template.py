"""A new rubric: in order from the first moment, in every language, and never over another."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.errors import InputRefused
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.rubric.atoms import Language
from qa_pipeline.rubric.cases import cases_path, load_cases, stable_faults
from qa_pipeline.rubric.lint import lint
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.settings import load_settings
from qa_pipeline.trainer.publish import run_cases
from qa_pipeline.trainer.template import TEMPLATES, copy, create
from qa_pipeline.yaml_text import read_document

SHIPPED = packaged_folder("rubrics")
LANGUAGES: tuple[Language, ...] = ("zh", "en", "pl", "sv")


def new(folder: Path, name: str = "mine", template: str = "outbound", language: Language = "zh") -> Path:
    return create(name, folder, template=template, language=language, shipped=SHIPPED)[0]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_it_has_no_faults_no_warnings_and_all_the_cases_it_needs(tmp_path: Path, template: str, language: Language) -> None:
    path = new(tmp_path, template=template, language=language)
    rubric = load_rubric(path)
    assert (rubric.id, rubric.version) == ("mine", 1)
    assert stable_faults(rubric, path) == []
    assert lint(rubric, read_document(path)) == []
    assert rubric.title.keys() == {language}


@pytest.mark.models
@pytest.mark.parametrize("language", ["zh", "en"])
def test_its_cases_pass(tmp_path: Path, language: Language) -> None:
    for template in TEMPLATES:
        new(tmp_path, template, template, language)
    results = dict(run_cases(load_settings(rubrics=tmp_path)))
    assert results.keys() == set(TEMPLATES)
    assert {(name, r.case.name, miss) for name, found in results.items() for r in found for miss in r.misses} == set()


@pytest.mark.parametrize("template", TEMPLATES)
def test_cases_in_the_language_come_first_and_others_only_for_what_these_do_not_show(tmp_path: Path, template: str) -> None:
    cases = load_cases(cases_path(new(tmp_path, template=template, language="zh")))
    source = load_cases(SHIPPED / f"{TEMPLATES[template].source}.cases.yaml")
    own = [case.name for case in source if case.language == "zh" and case.dialogue]
    assert own
    assert [case.name for case in cases][: len(own)] == own
    wanted = {criterion for _, criteria in TEMPLATES[template].sections for criterion in criteria}
    shown = {item for case in cases[: len(own)] for item in case.expected.items()}
    assert all(not {item for item in case.expected.items() if item[0] in wanted} <= shown for case in cases[len(own) :])
    assert all(case.expected.keys() <= wanted for case in cases)


def test_a_case_is_written_as_it_was(tmp_path: Path) -> None:
    written = {case.name: case for case in load_cases(cases_path(new(tmp_path, language="zh")))}
    source = {case.name: case for case in load_cases(SHIPPED / "followup.cases.yaml")}
    for name, case in written.items():
        for key in ("language", "sentiment", "confidence", "role_confidence", "starts_cut", "ends_cut", "times"):
            assert getattr(case, key) == getattr(source[name], key)
        assert (case.dialogue or "").split() == (source[name].dialogue or "").split()
        assert case.metadata == {column: str(value) for column, value in source[name].metadata.items()}


def test_a_survey_begins_with_a_draft_question_and_an_index(tmp_path: Path) -> None:
    rubric = load_rubric(new(tmp_path, template="survey", language="sv"))
    question = next(criterion for criterion in rubric.criteria if criterion.check == "survey")
    assert (question.status, question.answered, question.phrases) == ("draft", "ten", {"sv": ("hur många poäng",)})
    assert rubric.indices[0].items == (question.id,)


@pytest.mark.parametrize("there", ["mine.yaml", "mine.cases.yaml"])
def test_nothing_is_written_over(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine\n")
    with pytest.raises(InputRefused, match=f"{there} is there already"):
        new(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine\n"


@pytest.mark.parametrize(
    "name", ["", "Mine", "my-rubric", "1st", "_mine", "满意度", "a/b", "a.b", "m" * 65, "mine\n", "situations", "known_good"]
)
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputRefused, match=r"cannot be a rubric's name|is a file that rubrics share"):
        new(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_made(tmp_path: Path) -> None:
    assert new(tmp_path / "a" / "b").is_file()


@pytest.mark.parametrize("source", ["followup", "survey_car_service", "consent_call"])
def test_a_copy_of_a_rubric_is_one_of_its_own(tmp_path: Path, source: str) -> None:
    path, cases = copy("mine", SHIPPED / f"{source}.yaml", tmp_path)
    mine, original = load_rubric(path), load_rubric(SHIPPED / f"{source}.yaml")
    assert (mine.id, mine.version, mine.effective_from, mine.applies_to.model_dump(exclude_none=True)) == ("mine", 1, None, {})
    assert mine.sections == original.sections
    assert load_cases(cases) == load_cases(cases_path(SHIPPED / f"{source}.yaml"))
    with pytest.raises(InputRefused, match="is there already"):
        copy("mine", SHIPPED / f"{source}.yaml", tmp_path)
