"""Files that are made to harm are refused, at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.errors import RubricError
from qa_pipeline.rubric.load import list_path
from qa_pipeline.yaml_text import read_document


def test_a_megabyte_of_empty_lines_is_read(tmp_path: Path) -> None:
    """A search that took the square of the time would not come back."""
    path = tmp_path / "empty.yaml"
    path.write_text("\n" * 1_000_000, "utf-8")
    assert read_document(path).data is None


@pytest.mark.parametrize(
    "name",
    ["/etc/hostname", "../other/lists/secret.yaml", "lists/../../secret.yaml", f"lists/{'x' * 300}.yaml", "lists/x\0.yaml"],
    ids=range(5),
)
def test_a_list_that_leads_out_of_the_folder_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.yaml").write_text("like: {}\n", "utf-8")
    (tmp_path / "rubrics" / "lists").mkdir(parents=True)
    assert list_path(name, tmp_path / "rubrics") is None


def test_many_aliases_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    path.write_text("\n".join(rows), "utf-8")
    with pytest.raises(RubricError):
        read_document(path)
