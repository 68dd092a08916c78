"""A policy says who gets what hidden; one that cannot be read stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.errors import InputRefused
from qa_pipeline.privacy.kinds import Personal
from qa_pipeline.privacy.policy import NOTHING, Hiding, load_policy
from qa_pipeline.reading.viewer import Role, Viewer, local_viewer

TEXT = """roles:
  trainer: {words: all, columns: [customer_id]}
  reviewer: {words: [card]}
files: {words: [name, phone]}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "privacy.yaml"
    path.write_text(text, "utf-8")
    return path


def viewer(*roles: Role) -> Viewer:
    return Viewer(name="x", account=1, roles=frozenset(roles))


def test_each_role_has_its_own(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, TEXT))
    assert policy.of(viewer(Role.TRAINER)) == Hiding(frozenset(Personal), frozenset({"customer_id"}))
    assert policy.of(viewer(Role.AGENT)) == NOTHING
    assert policy.files.words == {Personal.NAME, Personal.PHONE}


def test_of_several_roles_only_what_each_hides_is_hidden(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, TEXT))
    assert policy.of(viewer(Role.TRAINER, Role.REVIEWER)) == Hiding(frozenset({Personal.CARD}))
    assert policy.of(viewer(Role.TRAINER, Role.AGENT)) == NOTHING


def test_the_command_line_of_the_machine_sees_all(tmp_path: Path) -> None:
    assert load_policy(written(tmp_path, TEXT)).of(local_viewer("root")) == NOTHING


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("roles:\n  boss: {words: all}\n", "boss"),
        ("files: {words: [telephone]}\n", "telephone"),
        ("files: {columns: [percent]}\n", "'percent' is no column that names people"),
        ("fils: {words: all}\n", "fils"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputRefused) as refused:
        load_policy(written(tmp_path, text))
    assert [fault.line for fault in refused.value.faults] != []
    assert any(said in fault.message or said in text.splitlines()[(fault.line or 1) - 1] for fault in refused.value.faults)


def test_a_policy_that_is_not_there_is_not_taken_for_none(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="There is no policy"):
        load_policy(tmp_path / "gone.yaml")
    assert load_policy(None).of(viewer(Role.TRAINER)) == NOTHING
