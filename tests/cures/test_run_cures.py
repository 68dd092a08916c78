"""Nights, corrections, jobs of pages and the language model: what is refused, fails or is warned of, and the same with the cure followed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.call import Conversation, Layout, Role
from qa_pipeline.conversation.correct import middle_of, swap
from qa_pipeline.conversation.read import assemble_sentences, unreadable
from qa_pipeline.conversation.written import conversation
from qa_pipeline.recordings.defaults import written_defaults
from qa_pipeline.recordings.ingest import Intake, ingest
from qa_pipeline.results.decisions import PLAYS, keep_announcements
from qa_pipeline.running import jobs, judge
from qa_pipeline.running.corrections import marked_announcements, refuse_announcement
from qa_pipeline.running.environment import check_environment, open_store
from qa_pipeline.running.jobs import Jobs, State
from qa_pipeline.running.judge import Endpoint
from qa_pipeline.running.night import Night
from qa_pipeline.running.notify import notify
from qa_pipeline.running.observe import observed
from qa_pipeline.running.record import Summary, Tally, TextsRead
from qa_pipeline.running.window import window_of
from qa_pipeline.settings import Settings, load_settings
from tests.cures.texts import Do, follow, says
from tests.running.batches import run_here
from tests.scripted_judge import Response, Script, scripted_judge
from tests.scripted_judge import says as answers

NOW = datetime(2026, 5, 1, 20, tzinfo=UTC)
LINES = ("0:00 agent: Good day.", "0:06 customer: Hello.", "0:08 agent: How can I help?")
SUMMARY = Summary(run_id="r", found=1, processed=1, scored=1, skipped=0, unscored=0, failures=(), seconds=1.0)


def _settings(folder: Path, **values: object) -> Settings:
    return load_settings(results=str(folder / "results"), cache=folder / "cache", **values)


def _since(text: str) -> Do:
    return lambda folder: window_of(text, open_store(_settings(folder)), "UTC", now=NOW)


def _night(call_id: str, *, elsewhere: bool = False) -> Do:
    """A night of one call, which lies in another folder than is named, or not."""

    def do(folder: Path) -> object:
        place = folder / "calls"
        place.mkdir()
        (place / "a.wav").write_bytes(b"a")
        (place / "calls.csv").write_text("file,call_id\na.wav,c1\n", "utf-8")
        (folder / "others").mkdir()
        (folder / "others" / "b.wav").write_bytes(b"b")
        night = Night(
            sources=[str(folder / "others" if elsewhere else place)],
            defaults=written_defaults(rubric=None, timezone="UTC"),
            call_ids=(call_id,),
        )
        return night.plan(run_here(_settings(folder), {}), checks=False)

    return do


def _unsure() -> Conversation:
    heard = conversation(*LINES, language="en")
    return replace(heard, utterances=tuple(replace(u, role=Role.UNKNOWN) for u in heard.utterances))


def _refused(call_id: str) -> Do:
    """Of two stored calls a recording is marked in one; it is said of `call_id` that a person speaks."""

    def do(folder: Path) -> object:
        settings = _settings(folder)
        store = open_store(settings)
        store.prepare()
        calls = [replace(conversation(*LINES, language="en", call_id=name), conversation_id=f"heard-{name}") for name in ("c1", "c2")]
        store.write_conversations(calls, run_id="r")
        keep_announcements(store, [("c2", "heard-c2", middle_of(calls[1].utterances[0]), "it plays")], outcome=PLAYS, author="repetition")
        listed = [one.calls for one in marked_announcements(store)]
        assert listed == [("c2",)], "`qa-pipeline announcements` lists it"
        return refuse_announcement(store, settings, {}, call_id, author="Wu")

    return do


def _text(lines: str) -> Do:
    """A transcript that is read, as far as it needs no model."""

    def do(folder: Path) -> object:
        (folder / "t.txt").write_text(lines, "utf-8")
        intake = ingest([str(folder / "t.txt")], written_defaults(rubric=None, timezone="UTC"))
        (dialogue,) = intake.dialogues.values()
        if dialogue.faults:
            raise unreadable(intake.calls[0], dialogue)
        return len(dialogue.lines)

    return do


def _agents(**options: object) -> Do:
    """What a run says of a folder of transcripts whose labels say no role."""

    def do(folder: Path) -> object:
        (folder / "t.txt").write_text("0:03 Anna: Good day.\n0:05 Ben: Hello.\n", "utf-8")
        intake: Intake = ingest([str(folder)], written_defaults(**{"rubric": None, "timezone": "UTC", **options}))  # type: ignore[arg-type]
        tally = Tally()
        for call in intake.calls:
            spoken = assemble_sentences(intake.dialogues[call.call_id].lines, "en")
            tally.read(replace(conversation(*LINES, language="en"), call=call, layout=Layout.TEXT, utterances=spoken))
        texts = {source: TextsRead(calls=calls, without_agent=tally.without_agent[source]) for source, calls in tally.texts.items()}
        return list(replace(SUMMARY, texts=texts).remarks)

    return do


def _asked(script: Script | None, **values: object) -> Do:
    """A question put to a server; None: at an address where none is."""

    def do(folder: Path) -> object:
        given = {"ask_model": "m", "retries": 0, "retry_delay_seconds": 0.0, "ask_timeout_seconds": 5.0, **values}
        with scripted_judge(script or _yes) as server:
            if script is not None:
                with Endpoint(_settings(folder, ask_url=server.url, **given)) as endpoint:
                    return endpoint.ask([{"role": "user", "content": "?"}], {"type": "object"}).answer
        with Endpoint(_settings(folder, ask_url=server.url, **given)) as endpoint:
            return endpoint.ask([{"role": "user", "content": "?"}], {"type": "object"}).answer

    return do


def _yes(body: object) -> Response:
    return answers("yes")


def _notified(**values: object) -> Do:
    return lambda folder: notify(SUMMARY, _settings(folder, **values))


def _hooked(folder: Path) -> object:
    with scripted_judge(_yes) as server:
        return notify(SUMMARY, _settings(folder, notify_webhook=server.url))


def _counted(*parts: str) -> Do:
    def do(folder: Path) -> object:
        (folder / "file").write_text("", "utf-8")
        return observed(SUMMARY, _settings(folder, metrics_file=folder.joinpath(*parts)))

    return do


def _looked(then: Callable[[Jobs], object]) -> Do:
    # No lanes: nothing begins a process.
    return lambda _: then(Jobs(lanes=0))


def _closed(work: Jobs) -> object:
    work.close()
    return work.start("anna", "cases", print)


def _most(free: float) -> Do:
    return lambda folder: check_environment(_settings(folder, min_free_gb=free), open_store(_settings(folder)), needs_speech=False)


ROWS: tuple[tuple[str, Do, Do], ...] = (
    ("--since {text} is no time.", _since("yesterday"), _since("last-night")),
    ("--since {text} is no time.", _since("01.05.2026"), _since("2026-05-01..2026-05-31")),
    ("No recording is call ….", _night("c1", elsewhere=True), _night("c1")),
    ("No recording is call ….", _night("a.wav"), _night("c1")),
    ("It is not clear which voice is the agent's.", lambda _: swap(_unsure()), lambda _: swap(_unsure(), agent="customer")),
    ("Nobody in this call is called {agent}.", lambda _: swap(_unsure(), agent="Anna"), lambda _: swap(_unsure(), agent="agent")),
    ("Nothing in call {call_id} is marked as a recording.", _refused("c1"), _refused("c2")),
    ("the transcript has … fault…", _text("0:75 agent: Good day.\n"), _text("1:15 agent: Good day.\n")),
    ("Nobody is known to be the agent in", _agents(), _agents(roles="Anna=agent,Ben=customer")),
    ("Nobody is there to be asked.", lambda folder: Endpoint(_settings(folder)), _asked(_yes)),
    ("The language model does not answer", _asked(None), _asked(_yes)),
    ("The language model's answer has no end.", _asked(lambda _: Response("x" * 1_100_000)), _asked(_yes)),
    ("The language model's answer is not of the form", _asked(lambda _: Response("I think so.")), _asked(_yes)),
    ("The language model's server answers", _asked(lambda _: Response("", status=404)), _asked(_yes)),
    ("notify_command ended with", _notified(notify_command="echo no >&2; exit 3"), _notified(notify_command="cat")),
    ("notify_webhook did not take the summary", _notified(notify_webhook="http://127.0.0.1:9/"), _hooked),
    ("metrics_file {metrics_file} could not be written", _counted("file", "counts.prom"), _counted("counts.prom")),
    ("That work is not known any more.", _looked(lambda work: work.look("anna", "gone")), _looked(lambda work: work.look("anna", work.start("anna", "cases", print).number))),
    ("The server is ending.", _looked(_closed), _looked(lambda work: work.start("anna", "cases", print))),
    ("Too much work waits already.", _looked(lambda work: [work.start("anna", str(n), print) for n in range(41)]), _looked(lambda work: [work.start("anna", str(n), print) for n in range(40)])),
)  # fmt: skip


@pytest.mark.parametrize(("text", "slip", "cured"), ROWS, ids=[f"{number}-{row[0]}" for number, row in enumerate(ROWS)])
def test_what_the_cure_says_is_taken(tmp_path: Path, text: str, slip: Do, cured: Do) -> None:
    follow(text, slip, cured, tmp_path)


def test_a_slow_language_model_is_waited_for_where_the_settings_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 40))
    monkeypatch.setattr(judge.time, "monotonic", lambda: next(clock))
    follow("The language model took longer than", _asked(_yes, ask_timeout_seconds=30.0), _asked(_yes, ask_timeout_seconds=300.0), tmp_path)


def test_a_command_that_takes_too_long_is_one_that_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_pipeline.running.notify._SECONDS", 0.05)
    slow = _notified(notify_command=f"exec {sys.executable} -c 'import time; time.sleep(60)'")
    follow("notify_command could not be run", slow, _notified(), tmp_path)


def test_a_disk_without_space_is_enough_where_less_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_pipeline.running.environment.model_folder", lambda *_: tmp_path)
    follow("{place} has {free} GB free; {min_free_gb} are wanted.", _most(1e9), _most(0.0), tmp_path)


def test_a_job_that_took_too_long_ends_in_time_with_less_to_do() -> None:
    def ended(*told: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        """How a process ended that has told this much by the time it must be done."""
        ours, theirs = Pipe()
        lane, noted = jobs._Lane(), dict[str, Any]()
        lane._begun = lambda: ours  # type: ignore[method-assign]
        for one in told:
            theirs.send(one)
        lane.carry_out(b"", lambda **changes: noted.update(changes), 0.0)
        return noted

    late = ended()
    assert says(late["message"], "It took longer than") and late["advice"].startswith("Ask for less")
    assert ended(("over", {"state": State.DONE, "result": 1}))["state"] is State.DONE


ALL_TEXTS = (
    *(row[0] for row in ROWS),
    "The language model took longer than",
    "notify_command could not be run",
    "It took longer than",
    "{place} has {free} GB free; {min_free_gb} are wanted.",
)
