"""Files of the rubrics folder: what may be edited, saving onto what was seen, and a folder that looks as if drafts were saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.errors import Conflict, InputRefused
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.trainer.shelf import FileKind, files_in, kind_of, lists_of, read_sheet, save_sheet, shadow
from tests.trainer.desk import LATE, complaint_folder, service_folder


@pytest.mark.parametrize(
    "name",
    [
        "../service.yaml",
        "/etc/passwd",
        "lists/../../x.yaml",
        "service.yml",
        "Service.yaml",
        "lists/a.cases.yaml",
        "published.lock",
        "a/b.yaml",
        "",
    ],
)
def test_no_other_file_can_be_named(tmp_path: Path, name: str) -> None:
    for use in (lambda: kind_of(name), lambda: read_sheet(tmp_path, name), lambda: save_sheet(tmp_path, name, "x", based_on="")):
        with pytest.raises(InputRefused, match="no file of the rubrics folder"):
            use()


def test_a_folder_is_listed_with_what_each_file_is(tmp_path: Path) -> None:
    folder = complaint_folder(tmp_path)
    assert files_in(folder)[:2] == ("complaint.yaml", "complaint.cases.yaml")
    assert "lists/late.yaml" in files_in(folder)
    names = ("complaint.yaml", "complaint.cases.yaml", "lists/late.yaml", "situations.yaml")
    assert [kind_of(name) for name in names] == [FileKind.RUBRIC, FileKind.CASES, FileKind.LIST, FileKind.SHARED]
    assert lists_of((folder / "complaint.yaml").read_text("utf-8")) == ("lists/late.yaml",)


def test_a_text_is_saved_only_onto_what_it_was_made_of(tmp_path: Path) -> None:
    folder = service_folder(tmp_path)
    seen = read_sheet(folder, "service.yaml")
    saved = save_sheet(folder, "service.yaml", seen.text + "# mine\r\n", based_on=seen.sha256)
    assert saved.text.endswith("# mine\n")
    assert read_sheet(folder, "service.yaml") == saved
    (folder / "service.yaml").write_text(seen.text + "# outside\n", "utf-8")
    with pytest.raises(Conflict, match="changed outside"):
        save_sheet(folder, "service.yaml", seen.text + "# mine again\n", based_on=saved.sha256)
    assert read_sheet(folder, "service.yaml").text.endswith("# outside\n")


def test_a_new_file_is_saved_where_there_is_none(tmp_path: Path) -> None:
    folder = service_folder(tmp_path)
    assert save_sheet(folder, "lists/more.yaml", "id: more\n", based_on=read_sheet(folder, "lists/more.yaml").sha256).text == "id: more\n"
    with pytest.raises(Conflict):
        save_sheet(folder, "lists/more.yaml", "id: other\n", based_on="")


def test_a_shadow_has_the_drafts_and_else_what_the_folder_has(tmp_path: Path) -> None:
    folder, into = complaint_folder(tmp_path / "rubrics"), tmp_path / "shadow"
    edited = (folder / "complaint.yaml").read_text("utf-8").replace("version: 1", "version: 2")
    shadow(folder, {"complaint.yaml": edited, "lists/more.yaml": "id: more\n"}, into)
    assert (load_rubric(into / "complaint.yaml").version, load_rubric(folder / "complaint.yaml").version) == (2, 1)
    before = (into / "complaint.yaml").stat().st_mtime_ns
    shadow(folder, {"complaint.yaml": edited}, into)
    assert (into / "complaint.yaml").stat().st_mtime_ns == before
    assert not (into / "lists/more.yaml").exists()
    # A draft that is thrown away, and a file that is gone.
    (folder / "complaint.cases.yaml").unlink()
    shadow(folder, {"lists/late.yaml": LATE + "# x\n"}, into)
    assert load_rubric(into / "complaint.yaml").version == 1
    assert not (into / "complaint.cases.yaml").exists()
    shadow(folder, {}, into)
    assert (into / "lists/late.yaml").read_text("utf-8") == LATE
    assert (folder / "lists/late.yaml").read_text("utf-8") == LATE
