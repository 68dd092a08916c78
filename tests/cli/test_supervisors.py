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
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.report.clips import Clips
from qa_pipeline.report.data import load_report
from qa_pipeline.report.html import render
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings
from tests.rubric.built_rubrics import write_folder
from tests.trainer.desk import spoken, stored


@pytest.fixture
def results(tmp_path: Path) -> str:
    """A results root with one stored call."""
    root = str(tmp_path / "results")
    call = conversation("0:00 agent: 您好。", direction="outbound", customer_id="7", started_at=datetime(2026, 11, 20, 2, tzinfo=UTC))
    open_store(load_settings(results=root)).write_conversations([replace(call, conversation_id="a" * 32)], run_id="r")
    return root


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"COLUMNS": "200"}, catch_exceptions=False)


PROMISES = """\
id: service
version: 1
timezone: Europe/Warsaw
contacts:
  - {id: callback_kept, counted_from: {capture: callback_time}, from_hours: -0.5, to_hours: 1}
sections:
  - id: all
    criteria:
      - {id: callback_time, check: capture, capture: datetime}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        # By default the newest stored call counts as now.
        ((), "open"),
        # The rubric's zone is an hour ahead of UTC: the hour after three has run out in the one, not yet in the other.
        (("--as-of", "2026-11-21T15:30"), "open"),
        (("--as-of", "2026-11-21T16:30"), "missed"),
        (("--as-of", "2026-11-21T16:30+02:00"), "open"),
        (("--as-of", "2026-11-21T16:30+00:00"), "missed"),
    ],
)
def test_promises_are_counted_as_of_a_moment(tmp_path: Path, as_of: tuple[str, ...], status: str) -> None:
    path, results = write_folder(tmp_path / "rubrics", service=PROMISES) / "service.yaml", str(tmp_path / "results")
    heard = spoken("c1", "customer: Call me tomorrow at three in the afternoon.", day=20, customer_id="7", agent_id="anna")
    stored(load_settings(results=results), heard, scored_by=path)
    done = command("contacts", str(path), *as_of, "--results", results)
    assert done.exit_code == 0, done.output
    # Kept, late, missed, open; and in a second table the promise itself.
    rule, promise = (line.split() for line in done.output.splitlines() if "callback_kept" in line)
    assert rule[1:5] == (["0", "0", "0", "1"] if status == "open" else ["0", "0", "1", "0"])
    assert promise[1:5] == [status, "7", "c1", "anna"]


def test_a_moment_that_is_none_is_refused(results: str) -> None:
    done = command("contacts", "followup_car_dealer", "--as-of", "soon", "--results", results)
    assert done.exit_code == 2
    assert "'soon' is no time" in done.output


@pytest.mark.parametrize("name", ["survey_car_service", str(packaged_folder("rubrics") / "survey_car_service.yaml")])
def test_indices_take_a_rubric_by_name_or_file(results: str, name: str) -> None:
    done = command("indices", name, "--results", results)
    assert (done.exit_code, done.output.strip()) == (0, "Nothing.")


@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "select 1"),
        ("summary",),
        ("indices", "survey_car_service"),
        ("periods", "list"),
        ("status",),
        ("failures",),
        ("report",),
        ("rescore",),
        ("compact",),
        ("verify-results",),
        ("announcements",),
        ("verify-access",),
    ],  # fmt: skip
)
def test_a_place_without_results_is_no_empty_one(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = command(*arguments, "--results", str(tmp_path / "wrong"))
    assert done.exit_code == 2
    assert "There are no results in" in done.output and "name the right --results" in done.output
    assert not (tmp_path / "wrong").exists()


@pytest.mark.slow
def test_times_of_a_report_are_of_the_zone_of_the_settings(results: str) -> None:
    settings = load_settings(results=results, timezone="Europe/Warsaw")
    data = load_report(open_store(settings), settings, MACHINE)
    assert str(data.calls[0].call["started_at"]) == "2026-11-20 03:00:00+01:00"
    page = render(data, Clips(sounds={}, faults={}), folder=Path("/reports"))
    assert "2026-11-20 03:00" in page and "Times of the zone Europe/Warsaw" in page


def test_a_page_of_one_call_holds_that_call_alone(results: str, tmp_path: Path) -> None:
    other = conversation("0:00 agent: 另一个电话。", call_id="other")
    open_store(load_settings(results=results)).write_conversations([replace(other, conversation_id="b" * 32)], run_id="r")
    done = command("scorecard", "call", "--html", str(tmp_path / "one.html"), "--results", results)
    assert done.exit_code == 0, done.output
    text = (tmp_path / "one.html").read_text("utf-8")
    assert 'class="alone"' in text and "您好" in text
    assert "另一个电话" not in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("choice", "count"),
    [
        (("--since", "2026-11-20"), 1),
        (("--until", "2026-11-19"), 0),
        (("--team", "nobody"), 0),
        (("--since", "2026-11-20", "--until", "2026-11-20"), 1),
    ],
)
def test_a_report_is_of_the_days_and_the_team_asked_for(results: str, choice: tuple[str, ...], count: int) -> None:
    done = command("report", "--no-html", *choice, "--results", results)
    assert done.exit_code == (0 if count else 2)
    assert ("No call is like that" in done.output) is not bool(count)
