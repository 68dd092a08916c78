"""Commands that report over many calls, as people type them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qa_pipeline.cli.main import main
from qa_pipeline.conversation.written import conversation
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings


@pytest.fixture
def results(tmp_path: Path) -> str:
    """A results root with one stored call."""
    root = str(tmp_path / "results")
    call = conversation("0:00 agent: 您好。", direction="outbound", customer_id="7", started_at=datetime(2026, 11, 20, 2, tzinfo=UTC))
    open_store(load_settings(results=root)).write_conversations([replace(call, conversation_id="a" * 32)], run_id="r")
    return root


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


@pytest.mark.parametrize("as_of", [(), ("--as-of", "2026-11-22T09:00"), ("--as-of", "2026-11-22T09:00+08:00")])
def test_promises_are_counted_as_of_a_moment(results: str, as_of: tuple[str, ...]) -> None:
    done = command("contacts", "followup_car_dealer", *as_of, "--results", results)
    assert done.exit_code == 0, done.output


def test_a_moment_that_is_none_is_refused(results: str) -> None:
    done = command("contacts", "followup_car_dealer", "--as-of", "soon", "--results", results)
    assert done.exit_code == 2
    assert "'soon' is no time" in done.output


@pytest.mark.parametrize("name", ["survey_car_service", str(packaged_folder("rubrics") / "survey_car_service.yaml")])
def test_indices_take_a_rubric_by_name_or_file(results: str, name: str) -> None:
    done = command("indices", name, "--results", results)
    assert (done.exit_code, done.output.strip()) == (0, "Nothing.")
