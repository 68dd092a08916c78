"""The help lists every command once, under the kind of user that it is for."""

from __future__ import annotations

import gc
import re

import pytest
from click.testing import CliRunner

from qa_pipeline.cli.main import KINDS_OF_USER, main


def sections() -> dict[str, list[str]]:
    """Names under each heading of the help."""
    shown = CliRunner().invoke(main, ["--help"]).output.split("Options:\n")[1]
    parts = re.split(r"^([A-Z]\w+):\n", shown, flags=re.MULTILINE)[1:]
    return {heading: re.findall(r"^  (\S+)", lines, re.MULTILINE) for heading, lines in zip(parts[::2], parts[1::2], strict=True)}


def test_commands_stand_under_the_kind_of_user_they_are_for() -> None:
    found = sections()
    assert list(found) == ["Operators", "Supervisors", "Reviewers", "Trainers", "Agents"]
    assert found["Reviewers"] == [
        "scorecard", "queue", "claim", "override", "confirm", "answer", "swap-roles", "correct-word", "note", "decisions", "take-back", "announcements",
        "agreement", "assist", "calibration",
    ]  # fmt: skip
    assert found["Agents"] == ["acknowledge", "dispute"]
    assert found["Trainers"] == ["rubric"]


def test_every_command_is_listed_once() -> None:
    listed = [name for names in sections().values() for name in names]
    assert sorted(listed) == sorted(main.commands)


def test_explanations_begin_in_one_column_through_all_sections() -> None:
    lines = [line for line in CliRunner().invoke(main, ["--help"]).output.splitlines() if re.match(r"  [a-z]", line)]
    assert len({re.match(r"  \S+ +", line).end() for line in lines}) == 1  # type: ignore[union-attr]  # each of them has a name


@pytest.mark.parametrize("users", KINDS_OF_USER)
def test_every_command_says_what_it_does(users: str) -> None:
    assert all(command.help for command in KINDS_OF_USER[users])


def test_a_command_seldom_looks_for_garbage_among_what_it_loaded() -> None:
    usual = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    try:
        assert CliRunner().invoke(main, ["summary", "--help"]).exit_code == 0
        assert gc.get_threshold()[0] > 700
    finally:
        gc.set_threshold(*usual)
