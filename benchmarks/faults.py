"""What a night survives: `python benchmarks/faults.py [--kills 50] [--calls 60] [--seed 0] [--only NAME …]`.

A night is a process of its own that runs the real batch over a folder of small files: ingest, plan, claims, worker processes, scoring, Delta tables.
Listening alone is a stand-in that reads the file, waits a moment and hands out a made conversation. The night stops at a named step (`STEPS`), and
something is done to it there; then it is run again until it ends by itself, and the results are looked at: every call exactly once in the current view,
scored once, nothing in the tables twice, every file readable (`verify-results`). Prints a line for each kind of trouble; exit code 1 when anything was
lost or doubled, or the trouble did not come.

Needs root for the disks (a small tmpfs, a read-only mount); without, those lines say that they were not done.

Longer than most files, as the kinds of trouble are read side by side, beside what they do to a night.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import pyarrow as pa

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from qa_pipeline.call import Call, Conversation  # noqa: E402
from qa_pipeline.conversation.listen import conversation_id, conversation_options  # noqa: E402
from qa_pipeline.conversation.written import conversation  # noqa: E402
from qa_pipeline.errors import CallFailed, QaError  # noqa: E402
from qa_pipeline.reading.tables import rows  # noqa: E402
from qa_pipeline.reading.verify import verify_results  # noqa: E402
from qa_pipeline.recordings.defaults import Defaults  # noqa: E402
from qa_pipeline.recordings.files import read_bytes  # noqa: E402
from qa_pipeline.recordings.ingest import ingest  # noqa: E402
from qa_pipeline.results.commit import Commits  # noqa: E402
from qa_pipeline.rubric.load import load_rubrics  # noqa: E402
from qa_pipeline.running import failures, record  # noqa: E402
from qa_pipeline.running import run as run_module  # noqa: E402
from qa_pipeline.running.batch import carry_out  # noqa: E402
from qa_pipeline.running.environment import open_store  # noqa: E402
from qa_pipeline.running.isolation import Worker, WorkerProcesses  # noqa: E402
from qa_pipeline.running.plan import plan  # noqa: E402
from qa_pipeline.running.processes import prepare_process  # noqa: E402
from qa_pipeline.running.run import Run  # noqa: E402
from qa_pipeline.settings import Settings, load_settings  # noqa: E402
from qa_pipeline.speech.models import manifests_digest  # noqa: E402

_LINES = ("0:00 agent: 您好，我是尚德金融的小王，请问您现在方便吗？", "0:06 customer: 方便。", "0:08 agent: 谢谢您，再见。")
_RUBRIC = "followup"
_settings: Settings | None = None
_WAIT = 0.15
_LOOK = 0.02
_COMMITTED_CALLS = 7

STEPS = ("loading", "listening", "writing", "committing")
"""Where a night can stop: before it has a plan; with a call in hand; with details committed whose heads are not; with heads just committed."""
WORKER_STEPS = ("starting", "listening")
"""Where a worker process can stop: before its first call; with a call in hand."""
_HEADS = ("calls", "scores")
_reached = 0


# --- the night, in a process of its own ------------------------------------------------------------------------------------------------


def start(settings: Settings, stages: str) -> None:
    """Once in each worker."""
    global _settings
    prepare_process()
    _settings = settings
    reach("starting")


def work(call: Call) -> Conversation:
    """Read the file, wait a moment, hand out a conversation."""
    assert _settings is not None
    reach("listening")
    read_bytes(call.source_uri, at_most=1_000_000)
    time.sleep(_WAIT)
    identity = conversation_id(call, conversation_options(_settings), manifests_digest(_settings))
    return replace(conversation(*_LINES), call=call, conversation_id=identity)


def reach(step: str) -> None:
    """Stop if the night is to stop at this step (`QA_FAULT_AT`: the step, and at which time of it), until it is killed or let go on.

    Of several processes the first one that comes there stops. `QA_FAULT_PLACE` is the file that then says which it is.
    """
    global _reached
    wanted, _, nth = os.environ.get("QA_FAULT_AT", "").partition(" ")
    if step != wanted:
        return
    _reached += 1
    if _reached != int(nth):
        return
    place = Path(os.environ["QA_FAULT_PLACE"])
    with contextlib.suppress(FileExistsError):
        with place.open("x") as file:
            file.write(str(os.getpid()))
        while not _gone_on(place).exists():
            time.sleep(_LOOK)


def _gone_on(place: Path) -> Path:
    return place.with_suffix(".on")


def stop_at_commits() -> None:
    """Let this process stop before and after it commits a head."""
    really = Commits._commit

    def commit(self: Commits, name: str, data: pa.Table) -> None:
        if name in _HEADS:
            reach("writing")
        really(self, name, data)
        if name in _HEADS:
            reach("committing")

    Commits._commit = commit  # type: ignore[method-assign]


WORKER = Worker(start=start, work=work)


class WorkersHere:
    """Workers in the process of the night: as good, and three times as quick, where the trouble does not concern them."""

    def __enter__(self) -> WorkersHere:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def listen(
        self, calls: Sequence[Call], dialogues: object = None, *, pace: object = None
    ) -> Iterator[tuple[Call, Conversation | CallFailed]]:
        """Outcomes in the order of the calls."""
        for call in calls:
            try:
                yield call, work(call)
            except CallFailed as error:
                yield call, error

    def close(self, *, at_once: bool = False) -> None:
        """There is nothing to end."""


def night(folder: str, results: str, *, is_here: bool = False) -> int:
    """One night; its exit code is that of `qa-pipeline run`. `is_here`: without worker processes."""
    global _settings
    # Commits often, so that kills fall between and into them.
    record._COMMIT_HEARD = record._COMMIT_STORED = _COMMITTED_CALLS
    jump_clock()
    stop_at_commits()
    reach("loading")
    _settings = settings = load_settings(results=results)
    try:
        with WorkersHere() if is_here else WorkerProcesses(settings, worker=WORKER) as workers:
            run = Run(settings=settings, store=open_store(settings), rubrics=load_rubrics(settings.rubrics), workers=workers)
            run.store.prepare()
            planned = plan(ingest([folder], Defaults()), run)
            summary = carry_out(planned, run)
    except QaError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 1 if summary.failures else 0


def jump_clock() -> None:
    """Let the clock of this process be wrong by QA_FAULT_CLOCK seconds, and swing back and forth by as much every second."""
    swing = float(os.environ.get("QA_FAULT_CLOCK", "0"))
    if not swing:
        return
    import datetime as module

    from qa_pipeline.results import lease, store

    real, began = module.datetime, time.monotonic()

    class Jumping(real):
        @classmethod
        def now(cls, tz: module.tzinfo | None = None) -> module.datetime:
            sign = -1 if int(time.monotonic() - began) % 2 else 1
            return real.now(tz) + module.timedelta(seconds=sign * swing)

    for place in (failures, record, run_module, store):
        place.datetime = Jumping  # type: ignore[attr-defined]
    really = time.time
    lease.time.time = lambda: really() + (-swing if int(time.monotonic() - began) % 2 else swing)  # type: ignore[assignment]


# --- trouble ---------------------------------------------------------------------------------------------------------------------------


class Begun(Protocol):
    """A night that was begun, in a session of its own: what is used of `subprocess.Popen`."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...


Begin = Callable[[Sequence[str], Mapping[str, str], Path], Begun]
"""Begins a night by its arguments and environment; what it says is added to a file."""


def _begin_python(arguments: Sequence[str], env: Mapping[str, str], log: Path) -> Begun:
    with log.open("ab") as said:
        command = [sys.executable, "-W", "ignore", __file__, *arguments]
        return subprocess.Popen(command, env=env, stdout=said, stderr=said, start_new_session=True)


@dataclass(slots=True)
class Bench:
    """A folder of recordings, a results root, and nights over them."""

    root: Path
    calls: int
    chance: random.Random
    results: str = ""
    nights: int = 0
    is_here: bool = False
    begin_night: Begin = _begin_python
    _place: dict[int, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.results = self.results or str(self.root / "results")
        for number in range(self.calls):
            (self.folder / f"{number:04d}.wav").write_bytes(f"{self.root.name} {number}".encode())
        self.describe("A")
        cache = self.root / "cache"
        cache.mkdir()
        (cache / "models").symlink_to(load_settings().model_cache)
        self._keep_one_rubric(load_settings().rubrics)

    def _keep_one_rubric(self, shipped: Path) -> None:
        """The shipped rubric that these calls are scored by, with what it refers to: reading all of them would take most of a night's time."""
        others = [path.name for path in shipped.glob("*.yaml") if path.name not in (f"{_RUBRIC}.yaml", "situations.yaml")]
        shutil.copytree(shipped, self.root / "rubrics", ignore=lambda _folder, names: [name for name in names if name in others])

    @property
    def folder(self) -> Path:
        return self.root / "calls"

    def describe(self, team: str) -> None:
        lines = ["file,call_id,agent_id,team,direction,started_at"]
        lines += [f"{n:04d}.wav,c{n},a{n % 7},{team},outbound,2026-05-{1 + n % 3:02d}T10:00:00" for n in range(self.calls)]
        (self.folder / "calls.csv").write_text("\n".join(lines), "utf-8")

    def begin(self, *, at: str = "", nth: int = 1, **environment: str) -> Begun:
        """A night in a session of its own. `at`: a step where it stops when it is there for the `nth` time."""
        self.nights += 1
        place = self.root / f"stopped-{self.nights}"
        env = {
            **os.environ,
            "QA_PIPELINE_CACHE": str(self.root / "cache"),
            "QA_PIPELINE_WORKERS": "2",
            "QA_PIPELINE_RUBRICS": str(self.root / "rubrics"),
            "QA_PIPELINE_RETRY_DELAY_SECONDS": "0.2",
            "QA_FAULT_AT": f"{at} {nth}",
            "QA_FAULT_PLACE": str(place),
            **environment,
        }
        arguments = ["--night", str(self.folder), self.results, *(["--here"] if self.is_here else [])]
        process = self.begin_night(arguments, env, self.root / "log")
        self._place[process.pid] = place
        return process

    def times_of(self, step: str) -> int:
        """How often a night of all calls is at a step, for sure."""
        if step == "listening":
            # Two workers share the calls.
            return max(1, self.calls // 2)
        return 2 * -(-self.calls // _COMMITTED_CALLS) if step in ("writing", "committing") else 1

    def wait_for(self, process: Begun) -> int | None:
        """Wait until a night is where it stops. Returns the process that is there; None when the night ended without coming there."""
        place = self._place[process.pid]
        _until(lambda: (place.exists() and place.read_text() != "") or process.poll() is not None, most=600)
        return int(place.read_text()) if place.exists() else None

    def let_go_on(self, process: Begun) -> None:
        """A night that stopped goes on."""
        _gone_on(self._place[process.pid]).touch()

    def finish(self, most: int = 4) -> int:
        """Nights until one ends without anything left to do; the last exit code."""
        code = 99
        for _ in range(most):
            code = self.begin().wait(timeout=600)
            if code == 0:
                break
        return code

    def faults(self, expected: int | None = None) -> list[str]:
        """What is lost, doubled or torn."""
        store = open_store(load_settings(results=self.results))
        expected = self.calls if expected is None else expected
        counted = rows(
            store,
            """select (select count(*) from current_calls) calls, (select count(*) from current_scores) scores,
            (select count(*) from calls) heard, (select count(*) from scores) scored, (select count(distinct conversation_id) from calls) apart,
            (select count(distinct score_id) from scores) scored_apart, (select count(*) from current_findings) findings""",
        )[0]
        wrong = [f"{name} {counted[name]}, wanted {expected}" for name in ("calls", "scores") if counted[name] != expected]
        wrong += [f"{counted['heard'] - counted['apart']} conversations doubled"] if counted["heard"] != counted["apart"] else []
        wrong += [f"{counted['scored'] - counted['scored_apart']} scores doubled"] if counted["scored"] != counted["scored_apart"] else []
        wrong += [f"{counted['findings']} findings of {expected} calls"] if counted["findings"] % max(1, expected) else []
        return wrong + list(verify_results(store).faults)


def _spoil(bench: Bench, what: str, step: str) -> bool:
    """Let a night come to a step and kill something of it there. False when it ended before."""
    process = bench.begin(at=step, nth=bench.chance.randint(1, bench.times_of(step)))
    there = bench.wait_for(process)
    if there is not None:
        if what == "run":
            process.kill()
        elif what == "all":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(there, signal.SIGKILL)
    if what == "worker":
        process.wait(timeout=600)
    else:
        process.wait(timeout=60)
        _end_orphans(process.pid)
    return there is not None


def _end_orphans(session: int) -> None:
    """Workers of a killed night end by themselves when their pipe breaks; waiting for them would only take time."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, signal.SIGKILL)


def kill(bench: Bench, what: str, times: int) -> list[str]:
    """`times` kills at one step after the other, each of a night with a new results root."""
    steps = WORKER_STEPS if what == "worker" else STEPS
    return [fault for turn in range(times) for fault in kill_at(bench, what, steps[turn % len(steps)], is_again=turn % 3 == 2)]


def kill_at(bench: Bench, what: str, step: str, *, is_again: bool = False) -> list[str]:
    """A night with a new results root, killed at a step; `is_again`: killed again at the next one before it may end. The torn root is looked at as it is."""
    shutil.rmtree(bench.results, ignore_errors=True)
    wrong = [] if _spoil(bench, what, step) else [f"the night ended before it was killed while {step}"]
    if is_again:
        _spoil(bench, what, bench.chance.choice(WORKER_STEPS if what == "worker" else STEPS))
    wrong += verify_results(open_store(load_settings(results=bench.results))).faults if Path(bench.results).exists() else []
    code = bench.finish()
    wrong += [f"exit {code}"] if code else []
    return [f"killed while {step}: {fault}" for fault in wrong + bench.faults()]


def two_at_once(bench: Bench, **environment: Sequence[str]) -> list[str]:
    """Two nights over the same folder into the same root, let go at the same moment, then a third. `environment`: values for each of both."""
    both = [bench.begin(at="loading", **{name: values[i] for name, values in environment.items()}) for i in range(2)]
    wrong = [] if all(bench.wait_for(process) is not None for process in both) else ["they did not run at once"]
    for process in both:
        bench.let_go_on(process)
    codes = [process.wait(timeout=600) for process in both]
    # A jump of the clock may look like a call that took too long: it is a transient failure then, and done by the next night.
    wrong += [f"exit {code}" for code in codes if code not in ((0, 1) if environment else (0,))]
    return wrong + ([f"exit {code}"] if (code := bench.finish()) else []) + bench.faults()


def metadata_rewritten(bench: Bench) -> list[str]:
    """`calls.csv` written anew, with another team, while the night listens."""
    process = bench.begin(at="listening")
    wrong = [] if bench.wait_for(process) is not None else ["the night ended before they were"]
    bench.describe("B")
    bench.let_go_on(process)
    process.wait(timeout=600)
    code = bench.finish()
    store = open_store(load_settings(results=bench.results))
    teams = rows(store, "select team, count(*) n from current_calls group by 1")
    others = rows(store, "select team, count(*) n from current_scores group by 1")
    wrong += [] if teams == others == [{"team": "B", "n": bench.calls}] else [f"teams {teams}, {others}"]
    return wrong + ([f"exit {code}"] if code else []) + bench.faults()


def clock_jump(bench: Bench) -> list[str]:
    """Clocks that swing by days back and forth, second by second, of two nights at the same time; then a right one."""
    wrong = two_at_once(bench, QA_FAULT_CLOCK=("259200", "-86400"))
    store = open_store(load_settings(results=bench.results))
    backwards = rows(
        store, "select count(*) n from (select processed_at <= lag(processed_at) over (order by processed_at) b from calls) where b"
    )[0]["n"]
    wrong += [f"{backwards} processed_at stand still"] if backwards else []
    jumped = rows(store, f"select count(*) n from runs where abs(epoch(started_at) - {time.time()}) > 80000")[0]["n"]
    return wrong + ([] if jumped else ["no clock jumped"])


def recordings_deleted(bench: Bench) -> list[str]:
    """A tenth of the recordings deleted before the first is listened to; then put back."""
    process = bench.begin(at="listening")
    wrong = [] if bench.wait_for(process) is not None else ["the night ended before they were"]
    gone = {path: path.read_bytes() for path in bench.chance.sample(sorted(bench.folder.glob("*.wav")), max(1, bench.calls // 10))}
    for path in gone:
        path.unlink()
    bench.let_go_on(process)
    process.wait(timeout=600)
    store = open_store(load_settings(results=bench.results))
    wrong += [] if rows(store, "select call_id from current_failures") else ["nobody missed them"]
    bench.begin().wait(timeout=600)
    there = {row["call_id"] for row in rows(store, "select call_id from current_calls")}
    told = {row["call_id"] for row in rows(store, "select call_id from current_failures")}
    wrong += [
        f"{name} is neither there nor among the failures" for name in (f"c{n}" for n in range(bench.calls)) if name not in there | told
    ]
    for path, content in gone.items():
        path.write_bytes(content)
    # A failure that stands for a file that was not there is looked for every time.
    code = bench.finish()
    return wrong + ([f"exit {code}"] if code else []) + bench.faults()


@contextlib.contextmanager
def _disk(bench: Bench, size: str) -> Iterator[Path]:
    """A disk of its own for the results. Raises NotImplementedError without the right to mount one."""
    place = bench.root / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True, check=False).returncode:
        raise NotImplementedError("no right to mount")
    bench.results = str(place / "results")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=False)


def _mended(bench: Bench, place: Path, options: str, first: int) -> list[str]:
    """What is wrong when a night that had to end with 3 is followed, on a disk put right, by one that must not."""
    wrong = [] if first == 3 else [f"exit {first}, wanted 3"]
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)
    code = bench.finish()
    return wrong + ([f"exit {code}"] if code else []) + bench.faults()


def full_disk(bench: Bench) -> list[str]:
    """The results on a small disk that fills up; then there is space."""
    with _disk(bench, "300k") as place:
        return _mended(bench, place, "size=200m", bench.begin().wait(timeout=600))


def read_only(bench: Bench) -> list[str]:
    """Results that become read-only when details are there and heads are not; then they may be written again."""
    with _disk(bench, "200m") as place:
        process = bench.begin(at="writing")
        bench.wait_for(process)
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=False, capture_output=True)
        bench.let_go_on(process)
        return _mended(bench, place, "rw", process.wait(timeout=600))


def object_store_in_trouble(bench: Bench) -> list[str]:
    """Results in an object store that answers one request in eight with 500 and all of them late, with a kill in between."""
    from tests.object_store import BUCKET, object_store

    with object_store() as server:
        bench.results = f"s3://{BUCKET}/{bench.root.name}"
        server.trouble, server.delay = 0.12, 0.02
        wrong = [] if _spoil(bench, "all", "writing") else ["the night ended before it was killed"]
        code = bench.begin().wait(timeout=600)
        server.trouble, server.delay = 0.0, 0.0
        code = bench.finish() if code else code
        wrong += [] if server.troubled else ["there was no trouble"]
        return wrong + ([f"exit {code}"] if code else []) + bench.faults()


def _until(is_so: Callable[[], bool], most: float = 60.0) -> None:
    deadline = time.monotonic() + most
    while not is_so() and time.monotonic() < deadline:
        time.sleep(_LOOK)


SCENARIOS: dict[str, Callable[[Bench, int], list[str]]] = {
    "kill -9 of the run": lambda bench, kills: kill(bench, "run", kills),
    "kill -9 of run and workers": lambda bench, kills: kill(bench, "all", kills),
    "kill -9 of a worker": lambda bench, kills: kill(bench, "worker", kills),
    "two runs at once": lambda bench, kills: two_at_once(bench),
    "metadata rewritten": lambda bench, kills: metadata_rewritten(bench),
    "clock jumps": lambda bench, kills: clock_jump(bench),
    "recordings deleted": lambda bench, kills: recordings_deleted(bench),
    "disk full": lambda bench, kills: full_disk(bench),
    "results read-only": lambda bench, kills: read_only(bench),
    "object store answers 500, late": lambda bench, kills: object_store_in_trouble(bench),
}


@contextlib.contextmanager
def bench_of(calls: int, seed: int, *, is_here: bool = False, begin_night: Begin = _begin_python) -> Iterator[Bench]:
    """Recordings and an empty results root that are gone afterwards. `is_here`: nights without worker processes."""
    root = Path(tempfile.mkdtemp(prefix="qa-faults-"))
    try:
        yield Bench(root=root, calls=calls, chance=random.Random(seed), is_here=is_here, begin_night=begin_night)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="kills in all, shared by the three kinds")
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--night", nargs=2, metavar=("FOLDER", "RESULTS"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.night:
        return night(*given.night, is_here=given.here)
    print(f"{'trouble':32s} {'times':>5s} {'nights':>6s} {'seconds':>7s}  left over", flush=True)
    is_bad = False
    for name in given.only:
        kills = -(-given.kills // 3) if name.startswith("kill") else 1
        began = time.monotonic()
        with bench_of(given.calls, given.seed) as bench:
            try:
                wrong = SCENARIOS[name](bench, kills)
                told = "; ".join(wrong) or "nothing lost, nothing doubled, whole"
            except NotImplementedError as error:
                wrong, told = [], f"not done: {error}"
            if wrong:
                told += "\n" + (bench.root / "log").read_text("utf-8", "replace")[-3000:]
            print(f"{name:32s} {kills:5d} {bench.nights:6d} {time.monotonic() - began:7.0f}  {told}", flush=True)
        is_bad |= bool(wrong)
    return int(is_bad)


if __name__ == "__main__":
    raise SystemExit(main())
