"""A night that is killed while it asks: whatever was answered is asked no more, at whichever step it ended. The server counts what it has answered."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.call import Conversation
from qa_pipeline.reading.tables import rows
from qa_pipeline.results.forgotten import Forgotten
from qa_pipeline.results.store import Store
from qa_pipeline.running import ask_journal, asking
from qa_pipeline.running.ask_journal import Journal, take_over
from qa_pipeline.running.retention import Retention, expired
from qa_pipeline.running.run import Run
from qa_pipeline.sealed import add_key, is_file_sealed
from tests.running.forked_asks import STEPS, begin_night
from tests.running.test_ask_nights import honest, night, outcomes, settings_for, spoken, stored
from tests.scripted_judge import Body, Response, scripted_judge

pytestmark = pytest.mark.slow

CALLS = 3
REQUESTS = 3 * CALLS


class Counted:
    """A server's script that keeps what it has answered. `dies_at`: the request during which `kill` is called, and which stays without an answer."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.answered: list[str] = []
        self.began = threading.Event()
        self.pid = 0
        self._left = dies_at

    def __call__(self, body: Body) -> Response:
        if self._left is not None:
            self._left -= 1
            if not self._left:
                self._left = None
                self.began.wait()
                os.kill(self.pid, signal.SIGKILL)
                return Response("", cuts=0)
        self.answered.append(str(body["messages"]))
        return honest(body)


def kept(run: Run) -> list[Path]:
    """Answers that are not committed."""
    return sorted(Path(run.settings.results).glob("_nights/*/reply-*"))


def killed(folder: Path, script: Counted, step: str | None = None, *, calls: Sequence[Conversation] = (), **values: Any) -> Run:
    """A root about which a night was killed while it asked."""
    run = stored(settings_for(folder, None, **values), *(calls or (spoken(n) for n in range(1, CALLS + 1))))
    with scripted_judge(script) as server:
        process = begin_night(folder, server.url, step, **values)
        script.pid = process.pid or 0
        script.began.set()
        process.join()
    assert process.exitcode == -signal.SIGKILL
    return run


def assert_whole(run: Run, script: Counted) -> None:
    """The next night has asked the rest, and nothing twice."""
    assert len(script.answered) == len(set(script.answered)) == REQUESTS
    assert set(outcomes(run).values()) == {("met", "answered")} and len(outcomes(run)) == CALLS
    assert run.store.read("replies").num_rows == REQUESTS
    assert kept(run) == []


@pytest.mark.parametrize("step", STEPS)
def test_a_night_killed_at_any_step_asks_nothing_twice(tmp_path: Path, step: str) -> None:
    script = Counted()
    run = killed(tmp_path, script, step)
    night(run, script)
    assert_whole(run, script)


@pytest.mark.parametrize("request_number", [1, 2, 5, 9])
def test_of_a_night_killed_while_it_waits_for_an_answer_only_that_one_is_asked_for_again(tmp_path: Path, request_number: int) -> None:
    script = Counted(dies_at=request_number)
    run = killed(tmp_path, script)
    assert len(script.answered) == request_number - 1
    assert len(kept(run)) == request_number - 1
    night(run, script)
    assert_whole(run, script)


def long_call() -> Conversation:
    """A call that is put to the model in two stretches."""
    short = spoken(1)
    more = tuple(
        replace(short.utterances[-1], utterance=number, text=f"I tell you about lamp {number} now. " * 10, words=())
        for number in range(3, 33)
    )
    return replace(short, utterances=(*short.utterances, *more))


def test_a_second_look_that_was_killed_between_two_stretches_goes_on_with_the_other(tmp_path: Path) -> None:
    # Six answers to the question, three to the look at the first stretch.
    script = Counted(dies_at=10)
    looks: dict[str, Any] = {"second_look": ("greets",), "second_look_below": 1.0}
    run = killed(tmp_path, script, calls=[long_call()], **looks)
    assert len(kept(run)) == 9
    night(run, script)
    assert len(script.answered) == len(set(script.answered)) == 12
    (finding,) = rows(run.store, "select reason_args from current_findings where criterion_id = 'greets'")
    assert "looked" in {pair["key"] for pair in finding["reason_args"]}
    assert night(run, script) == (None, [])


def test_answers_are_sealed_where_files_are(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    add_key(keys)
    script = Counted()
    run = killed(tmp_path, script, "before the answers are committed", encryption_key_file=keys)
    assert [is_file_sealed(path) for path in kept(run)] == [True] * REQUESTS
    assert all(b"bank" not in path.read_bytes() for path in kept(run))
    night(run, script)
    assert_whole(run, script)


def test_an_answer_that_was_cut_off_is_asked_for_again(tmp_path: Path) -> None:
    script = Counted()
    run = killed(tmp_path, script, "before the answers are committed")
    whole = kept(run)[0].read_bytes()
    kept(run)[0].write_bytes(whole[: len(whole) // 2])
    night(run, script)
    assert len(script.answered) == REQUESTS + 1
    assert set(outcomes(run).values()) == {("met", "answered")}


def test_no_answer_comes_back_of_a_call_that_was_forgotten_or_has_no_words_any_more(tmp_path: Path) -> None:
    for name, let_go in (("forgotten", lambda store: Forgotten(store.root).add(["c3"])), ("worn", _without_words)):
        run = killed(tmp_path / name, Counted(), "before the answers are committed")
        let_go(run.store)
        assert take_over(run.store, run.settings, run_id="next") == REQUESTS - 3
        assert set(run.store.read("replies")["call_id"].to_pylist()) == {"c1", "c2"} and kept(run) == []


def _without_words(store: Store) -> None:
    store.forget("utterances", "conversation_id", ["conversation-c3"])


def test_retention_takes_what_was_kept_but_not_of_held_calls(tmp_path: Path) -> None:
    run = killed(tmp_path, Counted(), "before the answers are committed")
    (folder,) = {path.parent for path in kept(run)}
    old = folder.rename(folder.with_name("20200101T000000-abcdef"))
    windows = Retention(calls_days=100_000)
    assert expired(run.store, windows, today=date(2026, 12, 1)).nights == (old.name,)
    assert expired(run.store, windows, today=date(2026, 12, 1), held={"c3"}).nights == ()
    assert expired(run.store, windows, today=date(2026, 12, 1), held={"another"}).nights == (old.name,)


def test_no_answer_is_committed_of_a_call_that_was_forgotten_while_it_waited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = killed(tmp_path, Counted(), "before the answers are committed")
    asked = [ask_journal._read(path.read_bytes(), None) for path in kept(run)]
    several = [one for one in asked if one is not None]
    Forgotten(run.store.root).add(["c1"])
    _without_words(run.store)
    journal = Journal(run.store, "again", None)
    for one in several:
        journal.keep(one)
    asking._commit(several, run, journal)
    assert set(run.store.read("replies")["call_id"].to_pylist()) == {"c2"}
    assert several == [] and not [path for path in kept(run) if path.parent.name == "again"]


def test_what_a_kill_left_half_written_goes_and_what_is_sealed_waits_for_its_key(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    add_key(keys)
    run = killed(tmp_path, Counted(), "before the answers are committed", encryption_key_file=keys)
    half = kept(run)[0]
    half.with_name(f"{half.name}.part").write_bytes(half.read_bytes()[:40])
    half.unlink()
    without = run.settings.model_copy(update={"encryption_key_file": None})
    assert take_over(run.store, without, run_id="next") == 0
    assert len(kept(run)) == REQUESTS
    assert take_over(run.store, run.settings, run_id="next") == REQUESTS - 1
    assert not half.parent.exists()
