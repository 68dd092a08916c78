"""Make pictures of every page of the review app: wide and on a phone, light and dark, as somebody sees it whom the page is for.

    python -m docs.screenshots RESULTS FOLDER [PART]
    python -m docs.screenshots RESULTS docs/pictures --of-docs

RESULTS are those of the sample calls (`make demo`); they are copied, and stay as they are. PART: only pages with this in their path; `--of-docs`: only
the pictures that the docs show, in 256 colours. Pages are found by the routes, so that a new one cannot be forgotten; what stands in their paths is what
the sections give as examples.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from qa_pipeline.call import Outcome
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.pages import MOST_ROWS, page
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.results.store import Store
from qa_pipeline.review.calibration import open_session
from qa_pipeline.review.coaching import write_note
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Dispute, Override
from qa_pipeline.review.demonstration import ACCOUNTS, seed_demonstration
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import open_desk
from qa_pipeline.review.people import account_of, viewer_of
from qa_pipeline.review.sessions import begin_session
from qa_pipeline.review.standing import read_standing
from qa_pipeline.settings import load_settings
from qa_pipeline.web.app import create_app
from qa_pipeline.web.routing import OPEN, Example, Rule, examples, matrix
from qa_pipeline.web.serving import served
from qa_pipeline.web.signed import COOKIE

OF_DOCS = frozenset(
    {
        "queue-mei-wide-light",
        "calls-call-id-mei-wide-light",
        "calls-call-id-swap-mei-wide-light",
        "mine-lin-phone-light",
        "mine-calls-call-id-lin-phone-light",
        "mine-lin-phone-dark",
        "figures-mei-wide-light",
        "figures-mei-phone-dark",
        "disputes-anna-wide-light",
        "coaching-anna-wide-light",
        "rubrics-piotr-wide-light",
        "rubrics-file-sheet-path-piotr-wide-light",
        "operator-sven-wide-light",
    }
)
"""The pictures that the docs show: page, account, size and theme."""
_SIZES = {"wide": (1280, 900), "phone": (390, 844)}
_PROGRAM = "/usr/bin/chromium"


def take(results: Path, to: Path, part: str, *, is_of_docs: bool = False) -> None:
    """Write the pictures, a file each: PATH-ROLE-SIZE-THEME.png."""
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        root = Path(made) / "results"
        shutil.copytree(results, root)
        settings = load_settings(results=str(root))
        desk = open_desk(settings, Store(str(root), timezone=settings.timezone, code_version="0"))
        seed_demonstration(desk)
        _do_work(desk)
        app = create_app(desk, settings, is_demo=True)
        with served(app) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=_PROGRAM, args=["--no-sandbox"])
            for rule, name in _pages(matrix(app)):
                path = None if part and part not in rule.path else _filled(desk, rule, name, examples(app))
                if path is None:
                    continue
                for size, (width, height) in _SIZES.items():
                    for theme in ("light", "dark"):
                        stem = f"{_file_name(rule, name)}-{size}-{theme}"
                        if is_of_docs and stem not in OF_DOCS:
                            continue
                        context = browser.new_context(
                            base_url=address, viewport={"width": width, "height": height}, color_scheme=theme, locale="en-GB"
                        )
                        if name:
                            token = begin_session(desk.engine, account_of(desk.engine, name).account, hours=1)
                            context.add_cookies([{"name": COOKIE, "value": token, "url": address}])
                        _picture(context.new_page(), path, to / f"{stem}.png")
                        if is_of_docs:
                            _made_small(to / f"{stem}.png")
                        context.close()
            browser.close()


def _do_work(desk: Desk) -> None:
    """Decide a little as each person of the demonstration, so that pages of decisions have something to show."""
    mei, anna, lin = (viewer_of(desk.engine, name) for name in ("mei", "anna", "lin"))
    lines = page(desk.engine, local_viewer(None), size=MOST_ROWS).lines
    own = [line for line in lines if line.agent_id in lin.agent_ids]
    missed = [
        (line, found.criterion.id)
        for line in own
        if (standing := read_standing(desk, line)) is not None
        for found in standing.findings
        if found.outcome is Outcome.NOT_MET and not found.criterion.critical
    ]
    for (line, criterion), reason in zip(
        missed[:2], ("I said it at the very beginning.", "The caller had to leave at once."), strict=False
    ):
        decide(desk, lin, line.call_id, Dispute(moment_ms=0), criterion_id=criterion, reason=reason)
    for line, criterion in missed[2:5]:
        decide(desk, mei, line.call_id, Override(outcome=Outcome.MET), criterion_id=criterion, reason="It is said, in other words.")
        write_note(desk, anna, str(line.agent_id), "Say the question out loud, also when it seems clear.", call_id=line.call_id)
    session = [line.call_id for line in lines if line.score_id][:3]
    open_session(desk, anna, "October", calls=session, people=("mei", "rolf"))


def _pages(rules: tuple[Rule, ...]) -> Iterator[tuple[Rule, str | None]]:
    """Pages, each with the first account of the demonstration that may see it; None: nobody is signed in."""
    for rule in rules:
        if rule.method != "GET" or rule.path.startswith("/api/"):
            continue
        if rule.needs is OPEN:
            yield rule, None
            continue
        fitting = [one.name for one in ACCOUNTS if rule.admits({one.role})]
        if fitting:
            yield rule, fitting[0]


def _filled(desk: Desk, rule: Rule, name: str | None, values: Mapping[str, Example]) -> str | None:
    """The path for the first call that somebody sees; None where there is none."""
    path = rule.path
    if not rule.parts:
        return path
    viewer = viewer_of(desk.engine, name) if name else local_viewer(None)
    everything = page(desk.engine, local_viewer(None), size=MOST_ROWS).lines
    matter = rule.matter
    seen: list[CallLine] = [
        line for line in everything if matter is None or viewer.sees(matter, agent_id=line.agent_id, team=line.team, day=line.call_date)
    ]
    if not seen:
        return None
    line = max(seen, key=lambda one: (one.critical_failed or False, one.doubt))
    for part in rule.parts:
        example = values.get(part)
        value = line.call_id if part == "call_id" else example(desk, line) if example else None
        if value is None:
            return None
        path = re.sub(rf"{{{part}(?::\w+)?}}", lambda _, value=value: str(value), path)
    return path


def _picture(shown: Page, path: str, file: Path) -> None:
    # Asked before it is shown: a browser plays sound and stores files without end. 0: as long as it takes, since machines differ.
    first = shown.request.get(path, max_redirects=0, timeout=0)
    if first.status != 200 or "text/html" not in first.headers.get("content-type", ""):
        print(f"{path}: {first.status} {first.headers.get('content-type', '')}, no picture", flush=True)
        return
    shown.goto(path, wait_until="load", timeout=0)
    shown.wait_for_load_state("networkidle", timeout=0)
    # As high as the page: what lies below the edge of the window is not drawn before somebody scrolls there.
    size = shown.viewport_size or {"width": 0, "height": 0}
    shown.set_viewport_size(
        {"width": size["width"], "height": max(size["height"], int(shown.evaluate("document.documentElement.scrollHeight")))}
    )
    shown.wait_for_load_state("networkidle", timeout=0)
    shown.screenshot(path=file, full_page=True, timeout=0)
    print(file, flush=True)


def _made_small(file: Path) -> None:
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(256).save(file, optimize=True)


def _file_name(rule: Rule, name: str | None) -> str:
    return f"{re.sub(r'[^a-z0-9]+', '-', rule.path.lower()).strip('-') or 'start'}-{name or 'nobody'}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make pictures of every page of the review app.")
    parser.add_argument("results", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("part", nargs="?", default="")
    parser.add_argument("--of-docs", action="store_true")
    given = parser.parse_args()
    take(given.results, given.folder, given.part, is_of_docs=given.of_docs)
