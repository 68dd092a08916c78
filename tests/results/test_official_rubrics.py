"""Which rubrics of a folder score officially: one trainer's work keeps nobody else's calls waiting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa_pipeline.cli.options import rubrics_for
from qa_pipeline.errors import RubricError
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import freeze, official_rubrics, rubric_that_scored
from qa_pipeline.rubric.canonical import rubric_sha256
from qa_pipeline.rubric.load import LOCK_NAME, load_rubric
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.settings import Settings
from tests.rubric.built_rubrics import write_folder

TEXT = "id: {0}\nversion: 1\nsections:\n  - id: all\n    criteria:\n      - {{id: a, status: stable, check: manual, weight: {1}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two published rubrics."""
    made = write_folder(tmp_path, one=TEXT.format("one", 1), two=TEXT.format("two", 1))
    lock = {name: {"1": rubric_sha256(load_rubric(made / f"{name}.yaml"))} for name in ("one", "two")}
    (made / LOCK_NAME).write_text(json.dumps(lock), "utf-8")
    return made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(str(tmp_path / "results"), timezone="UTC", code_version="0")
    made.prepare()
    return made


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("draft", TEXT.format("draft", 1), "draft.yaml is not published as it stands, and is left out."),
        ("draft", "id: draft\n", "draft.yaml has faults (`rubric check draft` lists them), and is left out."),
        ("draft", "id: [", "draft.yaml has faults (`rubric check draft` lists them), and is left out."),
        ("two", TEXT.format("two", 2), "two.yaml is not published as it stands, and is left out."),
    ],
)
def test_what_is_not_published_is_left_out_and_told(folder: Path, store: Store, name: str, text: str, told: str) -> None:
    (folder / f"{name}.yaml").write_text(text, "utf-8")
    rubrics, warnings = official_rubrics(folder, store)
    assert "one" in rubrics
    assert name not in rubrics
    assert warnings == (told,)


@pytest.mark.parametrize("text", [TEXT.format("two", 2), "id: ["])
def test_a_published_version_that_is_kept_scores_on_while_its_file_is_under_work(folder: Path, store: Store, text: str) -> None:
    published = load_rubric(folder / "two.yaml")
    freeze([published], store)
    (folder / "two.yaml").write_text(text, "utf-8")
    rubrics, (warning,) = official_rubrics(folder, store)
    assert rubric_sha256(rubrics["two"]) == rubric_sha256(published)
    assert warning.endswith("its published version 1 scores on.")
    score = {"rubric_id": "two", "rubric_version": 1, "rubric_sha256": rubric_sha256(published)}
    assert rubric_that_scored(score, store, folder).id == "two"


def test_a_folder_in_which_nothing_can_score_is_refused(tmp_path: Path, store: Store) -> None:
    folder = write_folder(tmp_path / "other", draft=TEXT.format("draft", 1))
    with pytest.raises(RubricError, match=r"draft\.yaml is not published as it stands"):
        official_rubrics(folder, store)


def test_a_command_reads_each_rubric_once(folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(path: Path) -> Rubric:
        read.append(path.stem)
        return load_rubric(path)

    monkeypatch.setattr("qa_pipeline.rubric.load.load_rubric", counted)
    rubrics, _, purpose = rubrics_for(Settings(rubrics=folder, results=store.root), None)
    assert (sorted(read), sorted(rubrics), purpose) == (["one", "two"], ["one", "two"], "official")
