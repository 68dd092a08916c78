"""Print the modules that three trips enter, in order, with the height of each in the order of the layers; name every call that climbs.

    python -m docs.trips call         # a call from its file to its findings: with the real models
    python -m docs.trips criterion    # a criterion from YAML to its verdict: in a second
    python -m docs.trips override     # a person's decision to the effective score in Parquet: in seconds
    python -m docs.trips write        # all, into architecture.md

A module is entered when a function of it is first called; what merely importing it runs is no part of a trip. A call climbs when its callee lies
further down the list of layers than its caller: imports forbid that, and functions handed over as values could still do it. The lists stand in
architecture.md, and tests/test_trips.py keeps them equal to what this prints.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any

from tests.test_layers import HEIGHT

_PACKAGE = "qa_pipeline."
_PAGE = Path(__file__).with_name("architecture.md")
_ROOT = Path(__file__).resolve().parent.parent
# Before each list on the page.
_HEADINGS = {
    "call": "**A call from its file to its findings**",
    "criterion": "**A criterion from YAML to its verdict**",
    "override": "**An override from a click to the effective score in Parquet**",
}
_SAMPLE = "en_parking_brush_off"
_RUBRIC = """
id: trip
version: 1
title: {en: One criterion}
sections:
  - id: opening
    title: {en: Opening}
    criteria:
      - id: greeting
        title: {en: Greeting}
        check: phrase
        weight: 1
        phrases:
          en: [good morning]
"""


class Trip:
    """What a trip has entered. Use as a context around it."""

    def __init__(self) -> None:
        self.modules: list[str] = []
        self.climbs: list[tuple[str, str]] = []

    def __enter__(self) -> Trip:
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self

    def __exit__(self, *exc: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _note(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "call" or (entered := _module_of(frame)) is None:
            return
        if entered not in self.modules:
            self.modules.append(entered)
        caller = _caller_of(frame)
        if caller is not None and height(caller) < height(entered) and (caller, entered) not in self.climbs:
            self.climbs.append((caller, entered))

    def lines(self) -> list[str]:
        """Height and folder, then the modules of it that were first entered there; a line for each stay in a folder."""
        stays = groupby(self.modules, key=lambda module: module.partition(".")[0])
        parts = [(folder, [module.partition(".")[2] for module in modules]) for folder, modules in stays]
        return [f"{HEIGHT[folder]:>2} {folder:<13}{' '.join(name for name in names if name)}".rstrip() for folder, names in parts]


def height(module: str) -> int:
    """Place of a module in the order of the layers, 0 at the top."""
    return HEIGHT[module.partition(".")[0]]


def a_call(folder: Path) -> None:
    """Take a sample call from its file to its findings, as a night does; the models work in this process."""
    from qa_pipeline.call import Call, Conversation
    from qa_pipeline.conversation.listen import Listener
    from qa_pipeline.packaged import packaged_folder
    from qa_pipeline.recordings.defaults import Defaults
    from qa_pipeline.rubric.load import load_rubrics
    from qa_pipeline.running.batch import carry_out
    from qa_pipeline.running.environment import open_store
    from qa_pipeline.running.night import Night
    from qa_pipeline.running.run import Run
    from qa_pipeline.settings import load_settings

    class Here:
        """Workers without a process: the profile of another process would not be seen."""

        def listen(self, calls: list[Call], dialogues: object = None, *, pace: object = None) -> Any:
            for call in calls:
                heard: Conversation = listener.listen(call)
                yield call, heard

        def close(self, *, at_once: bool = False) -> None: ...

    source = next(packaged_folder("sample_audio").glob(f"{_SAMPLE}.[!t]*"))
    shutil.copy(source, folder)
    cache = folder / "cache"
    cache.mkdir()
    (cache / "models").symlink_to(load_settings().model_cache)
    settings = load_settings(cache=cache, results=str(folder / "results"), threads=1, workers=1)
    listener = Listener(settings)
    run = Run(settings=settings, store=open_store(settings), rubrics=load_rubrics(settings.rubrics), workers=Here())
    defaults = Defaults(rubric="followup", direction="outbound", timezone=settings.timezone)
    night = Night(sources=(str(folder / source.name),), defaults=defaults)
    with TRIP:
        summary = carry_out(night.plan(run), run)
    assert (summary.processed, summary.scored) == (1, 1), summary


def a_criterion(folder: Path) -> None:
    """Take a criterion from YAML to its verdict on a conversation written by hand."""
    from qa_pipeline.conversation.written import conversation
    from qa_pipeline.rubric.load import load_rubric
    from qa_pipeline.scoring.score import prepare, score

    path = folder / "trip.yaml"
    path.write_text(_RUBRIC, "utf-8")
    spoken = conversation("0:00 agent: good morning, this is Anna", direction="outbound", language="en")
    with TRIP:
        scored = score(spoken, prepare(load_rubric(path), {}))
    assert [finding.outcome.value for finding in scored.findings] == ["met"]


def an_override(folder: Path) -> None:
    """Take an override from the function that a click calls to the effective score in Parquet, at a desk that is open."""
    from qa_pipeline.call import Outcome
    from qa_pipeline.conversation.written import conversation
    from qa_pipeline.reading.index import known_line
    from qa_pipeline.reading.tables import rows
    from qa_pipeline.reading.viewer import local_viewer
    from qa_pipeline.results.store import Store
    from qa_pipeline.results.versions import freeze
    from qa_pipeline.review.decide import decide
    from qa_pipeline.review.decisions import Override
    from qa_pipeline.review.opening import open_desk
    from qa_pipeline.review.standing import read_standing
    from qa_pipeline.rubric.load import load_rubric
    from qa_pipeline.scoring.score import prepare, score
    from qa_pipeline.settings import load_settings

    path = folder / "trip.yaml"
    path.write_text(_RUBRIC.replace("weight: 1", "status: stable"), "utf-8")
    settings = load_settings(results=str(folder / "results"), cache=folder / "cache")
    store, rubric = Store(settings.results, timezone=settings.timezone, code_version="0"), load_rubric(path)
    spoken = conversation("0:00 agent: hello, this is Anna", direction="outbound", language="en")
    freeze([rubric], store)
    store.write_conversations([spoken], run_id="r")
    store.write_scores([score(spoken, prepare(rubric, {}))], purpose="official", run_id="r")
    desk, viewer = open_desk(settings, store), local_viewer("Wu")
    # Whoever decides has looked at the call before, which read its rubric.
    with desk.engine.connect() as connection:
        call = known_line(connection, spoken.call.call_id)
    read_standing(desk, call)
    with TRIP:
        decide(desk, viewer, spoken.call.call_id, Override(outcome=Outcome.MET), criterion_id="greeting", reason="she did")
    assert [row["percent"] for row in rows(store, "select percent from current_effective_scores")] == [100.0]


TRIP = Trip()
TRIPS: dict[str, Callable[[Path], None]] = {"call": a_call, "criterion": a_criterion, "override": an_override}


def main(name: str) -> int:
    """Make one trip and print it, or write both into the page. Returns 1 where one climbs."""
    if name == "write":
        write_page()
        return 0
    with tempfile.TemporaryDirectory() as folder:
        TRIPS[name](Path(folder))
    print("\n".join(TRIP.lines()))
    for caller, entered in TRIP.climbs:
        print(f"climbs: {caller} calls {entered}")
    return 1 if TRIP.climbs else 0


def printed(name: str) -> str:
    """What a trip prints in a process of its own: what an earlier trip has read would not be read again. Raises CalledProcessError."""
    done = subprocess.run([sys.executable, "-m", "docs.trips", name], cwd=_ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def on_page(name: str) -> str:
    """What the page says of a trip."""
    return _list_of(name, _PAGE.read_text("utf-8")).group(2)


def write_page() -> None:
    """Put all lists into the page. Raises CalledProcessError where a trip climbs, and writes nothing then."""
    text = _PAGE.read_text("utf-8")
    for name in TRIPS:
        found = _list_of(name, text)
        text = text[: found.start(2)] + printed(name) + text[found.end(2) :]
    _PAGE.write_text(text, "utf-8")


def _list_of(name: str, text: str) -> re.Match[str]:
    found = re.search(rf"({re.escape(_HEADINGS[name])}.*?```text\n)(.*?)```", text, re.DOTALL)
    if found is None:
        raise LookupError(f"{_PAGE.name} has no list after {_HEADINGS[name]!r}.")
    return found


def _module_of(frame: FrameType) -> str | None:
    """Name below the package; None for foreign code, for the body of a module and for code that was generated."""
    name = frame.f_globals.get("__name__", "")
    if not name.startswith(_PACKAGE) or frame.f_code.co_name in ("<module>", "__annotate__") or frame.f_code.co_filename.startswith("<"):
        return None
    return str(name.removeprefix(_PACKAGE))


def _caller_of(frame: FrameType) -> str | None:
    """The nearest module of the package that waits for this frame."""
    above = frame.f_back
    while above is not None:
        if above.f_globals.get("__name__", "").startswith(_PACKAGE):
            return _module_of(above)
        above = above.f_back
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
