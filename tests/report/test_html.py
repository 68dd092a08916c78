"""The page: what it shows, and that nothing people said can run in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_rows import call_report, evidence, finding, report_data, write_tone

from qa_pipeline.call import Layout
from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.report.call_view import recording_link
from qa_pipeline.report.clips import Clips
from qa_pipeline.report.data import CallReport, ReportData, Row
from qa_pipeline.report.html import render, write_html
from tests.full_disk import full_disk

NASTY = "</script><script>alert('x')</script>\"'><img src=x onerror=alert(1)>&{{7*7}}"
FAILURE: Row = {
    "source_uri": f"broken{NASTY}.wav", "stage": "decode", "message": "It is not audio.", "advice": "Copy it again.", "transient": False
}  # fmt: skip


class Page(HTMLParser):
    """Tags of a page with their attributes, and its visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._hidden = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text = " ".join(f"{self.text} {data}".split())

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.tags if name == tag and attributes.items() <= found.items()]


def page_of(data: ReportData, folder: Path = Path("/reports")) -> Page:
    return Page(render(data, Clips(sounds={}, faults={}), folder=folder))


def greeted(**values: object) -> ReportData:
    return report_data(call_report(findings=(finding("greeting", "met", evidence=[evidence("Hello", 0, 300)]),), **values))


def test_cells_have_a_sign_and_words() -> None:
    outcomes = ("met", "not_met", "not_applicable", "undetermined")
    page = page_of(report_data(call_report(findings=tuple(finding(f"c{n}", outcome) for n, outcome in enumerate(outcomes)))))
    for sign, words in (("✓", "met"), ("✗", "not met"), ("–", "not applicable"), ("?", "undetermined")):
        assert f"{sign} {words}" in page.text


def test_a_critical_failure_is_called_so() -> None:
    page = page_of(report_data(call_report(findings=(finding("forbidden", "not_met", critical=True),), score={"critical_failed": True})))
    assert "✗ not met, critical " in page.text


def test_sentiment_is_its_own_mark() -> None:
    page = page_of(
        report_data(call_report(findings=(finding("mood", "not_met", reason_code="sentiment", answer="negative", max_points=0.0),)))
    )
    assert "− negative" in page.text
    assert page.all("div", **{"class": "finding negative"})
    assert not page.all("div", **{"class": "finding not_met"})


def test_a_call_without_a_rubric_is_shown_unscored() -> None:
    assert "No rubric applies to this call" in page_of(report_data(call_report(findings=None))).text


def test_review_reasons_are_said_in_words() -> None:
    page = page_of(report_data(call_report(score={"needs_review": True, "review_reasons": ["role_unsure", "some_new_reason"]})))
    assert "Needs review: unsure who the agent is, some new reason" in page.text


def test_what_was_not_heard_and_what_was_left_out_are_said(tmp_path: Path) -> None:
    item = call_report(call_id="c1")
    lost = {
        "lost_ms": 2300,
        "wordless_share": 0.124,
        "dropped": [{"text": " Thanks <b>for</b> watching.", "start_ms": 4200, "end_ms": 6000, "confidence": 0.3}],
    }
    page = page_of(report_data(CallReport(call=item.call | lost, score=item.score, findings=(), utterances=item.utterances, metrics={})))
    assert "Lost of the recording 2.3 s" in page.text
    assert "Speech without words 12 %" in page.text
    assert "Left out" in page.text
    assert "0:04.2 Thanks <b>for</b> watching." in page.text
    assert "Left out" not in page_of(report_data(item)).text


def test_evidence_is_marked_inside_the_utterance() -> None:
    page = Page(render(greeted(), Clips(sounds={}, faults={}), folder=Path("/reports")))
    assert page.all("mark") == [{"class": "met", "title": "Greets the customer: met"}]
    assert re.search(r"<mark [^>]*>Hello</mark>", render(greeted(), Clips(sounds={}, faults={}), folder=Path("/reports")))


def test_words_recognised_badly_are_seen() -> None:
    assert page_of(greeted(confidence=0.3)).all("mark", **{"class": "met doubtful"})


def test_what_was_nearest_and_where_it_was_searched_is_said() -> None:
    row = finding(
        "greeting", "not_met", reason="Not heard.", window_start_ms=0, window_end_ms=1500,
        evidence=[evidence("there", 300, 700, kind="heard", similarity=0.61)],
    )  # fmt: skip
    page = page_of(report_data(call_report(findings=(row,))))
    assert "nearest thing heard, agent there" in page.text
    assert "similarity 0.61 to hello" in page.text
    assert "searched 0:00.0–0:01.5" in page.text
    assert "Greet first." in page.text
    assert not page.all("mark")


def test_titles_and_advice_come_in_the_language_of_the_call() -> None:
    page = page_of(report_data(call_report("0:00 agent: 你在哪。", findings=(finding("greeting", "not_met"),), language="zh")))
    assert "Greets the customer" in page.text and "问候语" in page.text and "先问候。" in page.text


def test_beyond_the_limit_moments_link_to_the_recording(tmp_path: Path) -> None:
    source = write_tone(tmp_path / "audio & more.wav", 4)
    write_html(greeted(source_uri=str(source)), tmp_path / "report.html", clip_megabytes=0)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.all("a", href="./audio%20%26%20more.wav#t=0,1.3")
    assert not [found for found in page.all("button") if "data-clip" in found]


def test_clips_are_in_the_page(tmp_path: Path) -> None:
    source = write_tone(tmp_path / "call.wav", 4)
    write_html(greeted(source_uri=str(source)), tmp_path / "report.html", clip_megabytes=1)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert [found["data-clip"] for found in Page(text).all("button") if "data-clip" in found] == ["c0"]
    clips = json.loads(re.search(r'id="clips">(.*?)</script>', text)[1])  # type: ignore[index]  # it is there
    assert list(clips) == ["c0"]


def test_a_recording_that_is_gone_is_said_and_still_linked(tmp_path: Path) -> None:
    write_html(greeted(source_uri=str(tmp_path / "gone.wav")), tmp_path / "report.html", clip_megabytes=1)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "No sound in this page" in page.text
    assert page.all("a", href="./gone.wav#t=0,1.3")


@pytest.mark.parametrize(
    ("uri", "link"),
    [
        ("/reports/a/b c.wav", "./a/b%20c.wav"),
        ("/calls/通话#1.wav", "file:///calls/%E9%80%9A%E8%AF%9D%231.wav"),
        ("https://host/a.wav", "https://host/a.wav"),
        ("s3://bucket/a.wav", None),
        ("javascript://%0aalert(1)", None),
    ],
)
def test_recordings_are_linked_where_a_browser_finds_them(uri: str, link: str | None) -> None:
    assert recording_link(uri, Path("/reports")) == link


def test_a_transcript_has_nothing_to_play() -> None:
    page = page_of(greeted(layout=Layout.TEXT))
    assert not [found for _, found in page.tags if "play" in (found.get("class") or "").split()]


def nasty(source: str = f"/calls/{NASTY}.wav") -> ReportData:
    row = finding(
        NASTY,
        "not_met",
        reason=NASTY,
        answer=NASTY,
        evidence=[evidence(NASTY, 0, 300, expected=NASTY)],
        window_start_ms=0,
        window_end_ms=900,
    )
    item = call_report(
        f"0:00 agent: {NASTY}", findings=(row,), call_id=NASTY, agent_id=NASTY, agent_name=NASTY, team=NASTY, direction=NASTY,
        source_uri=source, extra={NASTY: NASTY}, score={"rubric_id": NASTY, "disposition": NASTY, "review_reasons": [NASTY],
               "needs_review": True},
    )  # fmt: skip
    return report_data(item, failures=(FAILURE,))


def test_what_people_said_cannot_run() -> None:
    page = page_of(nasty())
    assert len(page.all("script")) == 3
    assert not page.all("img")
    assert not [name for _, found in page.tags for name in found if name.startswith("on")]
    assert "49" not in page.text
    assert page.text.count(NASTY) >= 10


def test_failures_say_what_to_do() -> None:
    page = page_of(report_data(failures=(FAILURE,)))
    assert "decode It is not audio. Copy it again." in page.text


def test_nothing_is_fetched() -> None:
    page = page_of(greeted())
    assert not page.all("link") and not page.all("img")
    assert not [found for found in page.all("script") if "src" in found]
    assert page.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"].startswith("default-src 'none';")  # type: ignore[union-attr]


def test_a_full_disk_leaves_the_page_that_was_there(tmp_path: Path) -> None:
    write_html(greeted(), tmp_path / "report.html", clip_megabytes=0)
    before = (tmp_path / "report.html").read_text("utf-8")
    with pytest.raises(EnvironmentNotReady, match="could not be written"), full_disk():
        write_html(greeted(call_id="another"), tmp_path / "report.html", clip_megabytes=0)
    assert [(path.name, path.read_text("utf-8")) for path in tmp_path.iterdir()] == [("report.html", before)]


def chromium(address: str) -> tuple[str, str]:
    """The page's final document, and what its console said."""
    program = shutil.which("chromium")
    if not program:
        pytest.skip("needs Debian's chromium")
    command = [
        program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--enable-logging=stderr",
        "--autoplay-policy=no-user-gesture-required", "--timeout=300000", "--dump-dom", address,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=True)
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


# What a person does: click the second row, then the first thing that plays in the call that opens. The page hears of the new
# address at once, so that the sound begins to load, and holds the document, before the browser calls the document done.
_PERSON = """
  const done = document.documentElement.dataset;
  const sound = document.getElementById("sound");
  sound.addEventListener("loadedmetadata", () => { done.seconds = sound.duration.toFixed(1); });
  sound.addEventListener("error", () => { done.seconds = "error"; });
  document.querySelectorAll("#matrix tbody tr")[1].click();
  dispatchEvent(new HashChangeEvent("hashchange"));
  document.querySelector(".call.open .play").click();
"""


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    (tmp_path / "audio").mkdir()
    write_tone(tmp_path / "audio" / '<b> "1" #2.wav', 4)
    return tmp_path / "report.html"


def write_nasty(target: Path, clip_megabytes: float) -> None:
    calls = nasty(str(target.parent / "audio" / '<b> "1" #2.wav')).calls
    write_html(report_data(call_report(call_id="first"), *calls, failures=(FAILURE,)), target, clip_megabytes=clip_megabytes)


@pytest.mark.browser
def test_a_browser_shows_the_page_without_errors(page_file: Path) -> None:
    write_nasty(page_file, 1)
    document, console = chromium(page_file.as_uri())
    assert console == ""
    assert 'data-ready="yes"' in document
    assert "2 of 2 calls" in document
    assert 'class="call open"' not in document


@pytest.mark.browser
@pytest.mark.parametrize(("clip_megabytes", "seconds"), [(1, r"1\.[34]"), (0, r"4\.0")], ids=["clip in the page", "recording beside it"])
def test_in_a_browser_a_row_opens_its_call_and_its_evidence_plays(page_file: Path, clip_megabytes: float, seconds: str) -> None:
    write_nasty(page_file, clip_megabytes)
    digest = base64.b64encode(hashlib.sha256(_PERSON.encode()).digest()).decode()
    text = page_file.read_text(encoding="utf-8").replace("script-src ", f"script-src &#39;sha256-{digest}&#39; ", 1)
    page_file.write_text(text.replace("</body>", f"<script>{_PERSON}</script></body>"), encoding="utf-8")
    document, console = chromium(page_file.as_uri())
    assert console == ""
    assert re.search(r'<article class="call open" id="call-2"', document)
    assert re.search(rf'data-seconds="{seconds}"', document)
