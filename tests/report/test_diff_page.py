"""A rubric's effect on the terminal and as a page; what callers said cannot run there."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console
from test_html import NASTY, Page, chromium

from qa_pipeline.report.diff import consequences, show_diff, transition_rows, write_diff_html
from qa_pipeline.scoring.score import prepare
from qa_pipeline.trainer.diff import Diff, diff
from tests.rubric.built_rubrics import MET, rubric
from tests.trainer.desk import spoken

HELLO = {"id": "hello", "check": "phrase", "phrases": {"en": ["hello"]}, "weight": 30}
TALKS = {"id": "talks", **MET, "weight": 70}
BOTH = {**HELLO, "phrases": {"en": ["hello", "good morning"]}}


def compared(old: list[dict[str, object]], new: list[dict[str, object]], calls: int = 3) -> Diff:
    heard = [spoken(f"c{n}", "agent: Good morning.", "customer: Hi.", agent_id=f"agent {n % 2}", day=n + 1) for n in range(calls)]
    return diff(heard, prepare(rubric(*old), {}), prepare(rubric(*new, version=2), {}))


def on_terminal(found: Diff, **options: int) -> str:
    console = Console(file=io.StringIO(), width=120)
    show_diff(found, console, **options)
    return console.file.getvalue()  # type: ignore[attr-defined]


def page_of(found: Diff, folder: Path) -> Page:
    path = folder / "diff.html"
    write_diff_html(found, path)
    return Page(path.read_text("utf-8"))


def test_the_terminal_shows_totals_criteria_agents_and_calls() -> None:
    text = on_terminal(compared([HELLO, TALKS], [BOTH, TALKS]))
    assert "3 calls, 3 change; passed 0 → 3; mean 70.0 → 100.0" in text
    assert re.search(r"hello +not_met +met +3\n", text)
    assert re.search(r"agent 0 +2 +2 +70.0 → 100.0 +0 → 2\n", text)
    assert "c0  agent agent 0  70.0 → 100.0; now passes\n" in text
    assert "  hello: not met → met. Said in the window searched.\n" in text
    assert "after: hit 0:00 agent “Good morning” (1.00 good morning)" in text


def test_the_terminal_shows_the_first_calls_and_counts_the_rest() -> None:
    text = on_terminal(compared([HELLO], [BOTH], calls=5), most_calls=2)
    assert "c1 " in text and "c2 " not in text
    assert "… and 3 more; --html FILE lists them all." in text


def test_no_change_is_said_so() -> None:
    assert "No verdict changes." in on_terminal(compared([HELLO], [HELLO]))


def test_a_change_of_weights_alone_is_a_change(tmp_path: Path) -> None:
    found = compared([HELLO, TALKS], [{**HELLO, "weight": 70}, {**TALKS, "weight": 30}])
    assert "Criteria" not in on_terminal(found)
    assert "70.0 → 30.0" in on_terminal(found)
    page = page_of(found, tmp_path)
    assert "No verdict changes" not in page.text
    assert "Every outcome stays; weights, levels or what is critical differ." in page.text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ([HELLO, TALKS], [BOTH, TALKS], ["now passes"]),
        ([BOTH, TALKS], [HELLO, TALKS], ["no longer passes"]),
        ([TALKS], [{**HELLO, "weight": 0, "critical": True}, TALKS], ["no longer passes", "a critical failure"]),
        ([{**HELLO, "weight": 0, "critical": True}, TALKS], [TALKS], ["now passes", "no critical failure any more"]),
        ([TALKS], [{"id": "wait", "check": "manual"}], ["can no longer be judged"]),
        ([HELLO, TALKS], [{**HELLO, "weight": 25}, TALKS], []),
    ],
)
def test_what_it_means_for_the_call(old: list[dict[str, object]], new: list[dict[str, object]], words: list[str]) -> None:
    assert consequences(compared(old, new, calls=1).effects[0]) == words


def test_transitions_come_in_the_order_of_the_rubric(tmp_path: Path) -> None:
    found = compared([TALKS, HELLO], [HELLO, {"id": "new", **MET}])
    assert transition_rows(found) == [("new", "–", "met", 3), ("talks", "met", "–", 3)]


def test_the_page_holds_every_call_with_its_evidence(tmp_path: Path) -> None:
    page = page_of(compared([HELLO, TALKS], [BOTH, TALKS], calls=7), tmp_path)
    assert len(page.all("details")) == 7
    assert len([found for found in page.all("details") if "open" in found]) == 5
    assert "tested version 1" in page.text and "tested version 2" in page.text
    assert "7 calls" in page.text and "0 → 7" in page.text and "70.0 → 100.0" in page.text
    assert "2026-11-07, agent agent 0" in page.text


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    page = page_of(compared([HELLO], [BOTH]), tmp_path)
    assert not page.all("link") and not page.all("img")
    assert not [found for found in page.all("script") if "src" in found]


def nasty(folder: Path) -> Path:
    heard = [spoken(f"c{n}{NASTY}", f"agent: Good morning {NASTY}.", "customer: Hi.", agent_id=f"{n}{NASTY}") for n in range(2)]
    phrases = {"en": ["good morning"]}
    path = folder / "diff.html"
    write_diff_html(diff(heard, prepare(rubric(HELLO), {}), prepare(rubric({**HELLO, "phrases": phrases}, version=2), {})), path)
    return path


def test_what_people_said_is_escaped(tmp_path: Path) -> None:
    text = nasty(tmp_path).read_text("utf-8")
    parser: HTMLParser = Page(text)
    assert not parser.all("img")  # type: ignore[attr-defined]
    assert len(parser.all("script")) == 1  # type: ignore[attr-defined]
    assert "&lt;script&gt;alert(" in text and "49" not in re.sub(r"\{\{7\*7\}\}", "", text).split("</style>")[1].split("<script>")[0]


# What a person does: press the criterion, look; then type the first call's id.
_PERSON = """
  const done = document.documentElement.dataset, box = document.getElementById("filter");
  const seen = () => [...document.querySelectorAll("details.call")].filter(call => call.offsetHeight > 0).length;
  document.querySelector("#criteria button").click();
  done.pressed = `${box.value} ${seen()}`;
  box.value = "C1";
  box.dispatchEvent(new Event("input"));
  done.typed = `${seen()} ${document.getElementById("shown").textContent}`;
  box.value = "nobody";
  box.dispatchEvent(new Event("input"));
  done.none = `${seen()} ${document.getElementById("shown").textContent}`;
"""


@pytest.mark.browser
def test_in_a_browser_the_calls_can_be_filtered(tmp_path: Path) -> None:
    path = nasty(tmp_path)
    path.write_text(path.read_text("utf-8").replace("</body>", f"<script>{_PERSON}</script></body>"), "utf-8")
    document, console = chromium(path.as_uri())
    assert console == ""
    assert 'data-pressed="hello 2"' in document
    assert 'data-typed="1 1 of 2 calls"' in document
    assert 'data-none="0 0 of 2 calls"' in document
