"""What inputs of fuzz.py are given to: a function of the number of an input for each part, raising what is a finding; and the process that tries them.

An error of this program's own is an answer. Anything else that is raised, an answer of 500, 503 without need, and too much memory or time is a finding.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import fuzz_inputs as inputs
from fuzz import SOFT_SECONDS

from qa_pipeline.errors import QaError

MOST_BYTES = 6_000_000_000
Target = Callable[[int], None]


class TooLong(BaseException):
    """An input that takes more processor time than any may. Of no kind that is caught on the way."""


def _import_office() -> None:
    """The small office of the tests is what pages are asked about."""
    sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / name) for name in ("", "web", "rubric")]


def open_target(name: str, folder: Path) -> Target:
    """What tries the inputs of a part; `folder` is its own."""
    own = folder / name
    own.mkdir(exist_ok=True)
    return {"media": _media, "metadata": _metadata, "transcript": _transcript, "rubric": _rubric, "pages": _pages, "api": _api}[name](own)


def _media(folder: Path) -> Target:
    from qa_pipeline.recordings.audio import decode, holds_nothing, known_seconds
    from qa_pipeline.recordings.playback import type_played

    seeds = inputs.media_seeds(folder)

    def attempt(number: int) -> None:
        rng = random.Random(number)
        ending, raw = rng.choice(seeds)
        if rng.random() < 0.1:
            ending, raw = rng.choice((ending, "m3u8", "mpd", "sdp", "txt")), rng.choice(inputs.PLAYLISTS)
        path = folder / f"x.{ending}"
        path.write_bytes(inputs.change_bytes(raw, rng))
        type_played(str(path))
        holds_nothing(str(path))
        seconds = known_seconds(str(path))
        assert seconds is None or seconds >= 0, f"a length of {seconds} s"
        try:
            audio = decode(str(path))
        except QaError:
            return
        assert audio.samples.shape[0] in (1, 2) and abs(audio.samples).max(initial=0) < 100, "samples that are none"
        assert audio.samples.shape[1] < 16_000 * 7 * 3_600, f"{len(raw)} bytes became {audio.duration_ms} ms"

    return attempt


def _metadata(folder: Path) -> Target:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from qa_pipeline.recordings.columns import COLUMNS
    from qa_pipeline.recordings.defaults import Defaults
    from qa_pipeline.recordings.ingest import ingest
    from qa_pipeline.recordings.mapping import load_map

    for name in ("a", "b", "a_a1_20260511.x"):
        (folder / f"{name}.txt").write_text(inputs.DIALOGUE)
    pq.write_table(
        pa.table(
            {"file": ["a.txt", "b.txt"], "call_id": ["a", "b"], "csat": [1.0, None], "started_at": pa.array([0, 1], pa.timestamp("ms"))}
        ),
        folder / "seed.parquet",
    )
    parquet = (folder / "seed.parquet").read_bytes()
    (folder / "seed.parquet").unlink()

    def attempt(number: int) -> None:
        rng = random.Random(number)
        for old in folder.glob("calls.*"):
            old.unlink()
        kind = rng.randrange(5)
        if kind == 0:
            raw = inputs.change_bytes(parquet, rng)
        elif kind == 1:
            lines = [inputs.change_value(json.loads(line), rng) for line in inputs.CSV_ROWS.split("\n")]
            raw = "\n".join(map(inputs.as_json, lines)).encode("utf-8", "surrogatepass")
        else:
            raw = inputs.change_text(inputs.CSV_ROWS if kind == 2 else inputs.CSV, rng).encode(
                rng.choice(("utf-8", "utf-8", "utf-16", "gb18030")), "ignore"
            )
        (folder / f"calls.{'parquet' if kind == 0 else 'jsonl' if kind < 3 else 'csv'}").write_bytes(raw)
        try:
            mapping = None
            if rng.random() < 0.2:
                (folder / "map.yaml").write_text(inputs.change_text(inputs.MAPPING, rng), "utf-8", "ignore")
                mapping = load_map(str(folder / "map.yaml"), COLUMNS)
            pattern = inputs.change_text(inputs.PATTERN, rng)[:300] if rng.random() < 0.3 else None
            ingest([str(folder)], Defaults(rubric="x", filename_pattern=pattern, mapping=mapping))
        except QaError:
            return

    return attempt


def _transcript(folder: Path) -> Target:
    from qa_pipeline.recordings.transcripts import parse_transcripts, why_no_dialogue

    def attempt(number: int) -> None:
        name, raw = inputs.transcript(number)
        why_no_dialogue(raw, name)
        for dialogue in parse_transcripts(raw, name).dialogues:
            assert (
                all(line.end_ms is None or line.start_ms is None or line.end_ms >= line.start_ms for line in dialogue.lines)
                or dialogue.faults
            ), "a line that ends before it begins"

    return attempt


def _rubric(folder: Path) -> Target:
    from qa_pipeline.conversation.written import conversation
    from qa_pipeline.packaged import packaged_folder
    from qa_pipeline.privacy.policy import load_policy
    from qa_pipeline.rubric.load import load_rubric
    from qa_pipeline.scoring.score import prepare, score
    from qa_pipeline.trainer.checking import check_file

    shipped = packaged_folder("rubrics")
    shutil.copytree(shipped, folder / "rubrics", dirs_exist_ok=True)
    files = sorted(path.relative_to(shipped).as_posix() for path in shipped.rglob("*.yaml"))
    texts = {file: (shipped / file).read_text("utf-8") for file in files}
    heard = {
        language: conversation("0:00 agent: Good morning, this is Anna.", "0:05 customer: 你好 dzień dobry 5551234.", "0:09 agent: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", language=language)
        for language in ("zh", "en", "pl", "sv")
    }  # fmt: skip
    own = """id: own
version: 1
sections:
  - id: all
    criteria:
      - {id: a, title: {en: A}, check: phrase, who: agent, match: regex, phrases: {en: ["(a|b)+ good \\\\w+"]}}
      - {id: b, title: {en: B}, check: phrase, who: agent, phrases: {en: ["good (morning|day) {any:2}{agent_name}", "x {any:3} y"]}}
      - {id: c, title: {en: C}, check: metric, metric: turns, at_least: 1}
"""
    # What is spoilt must be whole before: else nothing behind the first fault is ever reached.
    (folder / "own.yaml").write_text(own, "utf-8")
    load_rubric(folder / "own.yaml")

    def attempt(number: int) -> None:
        rng = random.Random(number)
        if rng.random() < 0.05:
            (folder / "policy.yaml").write_text(
                inputs.change_text("roles:\n  trainer: {words: all, columns: [customer_id]}\nfiles: {words: [card]}\n", rng),
                "utf-8",
                "ignore",
            )
            with suppress(QaError):
                load_policy(folder / "policy.yaml")
            return
        file = rng.choice(("own.yaml", *files)) if rng.random() < 0.7 else "own.yaml"
        path = folder / "rubrics" / file
        path.write_text(inputs.change_text(texts.get(file, own), rng), "utf-8", "ignore")
        try:
            check_file(folder / "rubrics", file, beside={})
            if "/" not in file and not file.endswith(".cases.yaml"):
                rubric = load_rubric(path)
                score(heard[rng.choice(tuple(heard))], prepare(rubric, {}))
        except QaError:
            pass
        finally:
            if file in texts:
                path.write_text(texts[file], "utf-8")
            else:
                path.unlink()

    return attempt


class _Asking:
    """The app over a small office, asked as any of its people; made anew now and then, as what is asked changes it."""

    def __init__(self, folder: Path) -> None:
        _import_office()
        self._folder = folder
        self._left = 0
        self._clients: dict[str | None, Any] = {}

    def ask(self, rng: random.Random, *, is_api: bool) -> None:
        """One question to one route, with values of its own and others."""
        if not self._left:
            self._open()
        self._left -= 1
        name = rng.choice((None, "mei", "anna", "piotr", "lin", "sven"))
        rule = rng.choice([rule for rule in self.rules if rule.path.startswith("/api/") == is_api])
        path = rule.path
        for part in rule.parts:
            value = (
                rng.choice(self.examples.get(part, (rng.choice(("own", "team", "other")),)))
                if rng.random() < 0.7
                else rng.choice(inputs.NASTY)
            )
            for written in (part, f"{part}:path", f"{part}:int"):
                path = path.replace(f"{{{written}}}", _quoted(value))
        route = self.routes[rule.method, rule.path]
        query = inputs.parameters(_asked(route.dependant, "query_params"), rng)
        form = inputs.parameters(_asked(route.dependant, "body_params"), rng) if rule.method != "GET" else []
        headers = (
            {
                rng.choice(
                    ("accept-language", "range", "if-none-match", "hx-request", "cookie", "authorization", "x-forwarded-for")
                ): _plain(rng.choice(inputs.NASTY))
            }
            if rng.random() < 0.2
            else {}
        )
        if rng.random() < 0.3:
            headers |= {"range": rng.choice(("bytes=0-", "bytes=-5", "bytes=9-1", "bytes=0-1,5-9", "bytes=x", "bytes=" + "0-1," * 200))}
        if is_api and rule.method == "POST":
            body = inputs.as_json(
                inputs.change_value(
                    {
                        "kind": rng.choice(("override", "note", "dispute", "ruling")),
                        "criterion_id": "long",
                        "outcome": "met",
                        "reason": "x",
                        "about": "x",
                        "expected_version": 1,
                    },
                    rng,
                )
            )
            content = inputs.change_text(body, rng) if rng.random() < 0.3 else body
            answer = self._clients[name].request(
                rule.method,
                path,
                params=query,
                content=content.encode("utf-8", "ignore"),
                headers=headers | {"content-type": "application/json"},
            )
        else:
            answer = self._clients[name].request(rule.method, path, params=query, data=_fields(form), headers=headers)
        # Without models, recordings or a provider some things are not ready, and say so.
        assert answer.status_code != 500, f"500 of {rule.method} {rule.path}"
        if answer.status_code == 503:
            assert "Traceback" not in answer.text

    def _open(self) -> None:
        from fastapi.routing import APIRoute
        from office import ACCOUNTS, open_office, session_of
        from starlette.testclient import TestClient

        from qa_pipeline.review.sessions import read_session
        from qa_pipeline.web.app import create_app
        from qa_pipeline.web.routing import examples, matrix
        from qa_pipeline.web.signed import COOKIE, FORM_HEADER

        for client in self._clients.values():
            client.close()
        shutil.rmtree(self._folder / "office", ignore_errors=True)
        office = open_office(self._folder / "office")
        app = create_app(office.desk, office.settings)
        app.state.jobs = _NoJobs()
        self.rules = [rule for rule in matrix(app) if "/work/" not in rule.path]
        self.routes = {
            (method, route.path): route for section in app.state.sections for route in section.router.routes if isinstance(route, APIRoute) for method in route.methods
        }  # fmt: skip
        line = type("Line", (), {"rubric_id": "tested", "rubric_version": 1, "call_id": "own"})()
        self.examples: dict[str, tuple[str, ...]] = {"call_id": ("own", "team", "other", "own-2")}
        for part, example in examples(app).items():
            self.examples[part] = (str(example(office.desk, line)),)
        self._clients = {}
        for name in (None, *ACCOUNTS):
            client = TestClient(app, base_url="http://localhost", follow_redirects=False)
            if name:
                token = session_of(office, name)
                client.cookies.set(COOKIE, token, domain="localhost.local")
                session = read_session(office.engine, token, idle_minutes=600)
                assert session is not None
                client.headers[FORM_HEADER] = session.csrf
            self._clients[name] = client
        self._left = 1_500


class _NoJobs:
    """Jobs that nobody takes up: what they would do is tried by its own part."""

    def start(self, owner: str, name: str, work: object, *arguments: object, **options: object) -> Any:
        from multiprocessing.reduction import ForkingPickler

        from qa_pipeline.running.jobs import Job

        ForkingPickler.dumps((work, arguments))
        return Job(number="0", owner=owner, name=name)

    def list(self, owner: str) -> tuple[Any, ...]:
        return ()

    def look(self, owner: str, number: str, **options: object) -> Any:
        from qa_pipeline.errors import InputRefused

        raise InputRefused("That work is not known any more.")

    stop = look

    def close(self) -> None:
        pass


def _asked(dependant: Any, kind: str) -> list[tuple[str, Any]]:
    """Names of parameters with a value that fits, where one is known."""
    found = [(field.alias, _example(field)) for field in getattr(dependant, kind)]
    for inner in dependant.dependencies:
        found += _asked(inner, kind)
    return found


_FITTING = {"language": "en", "name": "tested", "rubric": "tested", "before": "", "since": "2026-05-01", "until": "2026-05-31", "first": "2026-05-01", "last": "2026-05-31", "criterion": "long", "criterion_id": "long",
            "agent": "a1", "agent_id": "a1", "team": "north", "outcome": "met", "role": "agent", "words": "hello", "text": "0:00 agent: hello", "reason": "as heard", "call": "own", "calls": "own"}  # fmt: skip


def _example(field: Any) -> Any:
    default = getattr(field, "default", None)
    return _FITTING.get(field.alias, default if isinstance(default, str | int | float | bool) else None)


def _fields(form: list[tuple[str, str]]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for name, value in form:
        made.setdefault(name, []).append(value.encode("utf-8", "ignore").decode())
    return made


def _plain(value: str) -> str:
    return "".join(char for char in value if " " <= char <= "~")


def _quoted(value: str) -> str:
    from urllib.parse import quote

    return quote(value.encode("utf-8", "ignore"), safe="/") or "x"


def _pages(folder: Path) -> Target:
    asking = _Asking(folder)
    return lambda number: asking.ask(random.Random(number), is_api=False)


def _api(folder: Path) -> Target:
    asking = _Asking(folder)
    return lambda number: asking.ask(random.Random(number), is_api=True)


def _told(error: BaseException) -> str:
    """What a finding is known by: its kind and where in the program it came from."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "qa_pipeline" in frame.filename]
    place = f"{Path(ours[-1].filename).parent.name}/{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "outside the program"
    words = str(error)[:120] if isinstance(error, AssertionError) or not ours else ""
    return f"{type(error).__name__} in {place} {words}".strip()


def main(name: str, first: int, seconds: float, most: int, folder: Path) -> None:
    """Try inputs one after the other, writing down where one stands and what was found."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    attempt = open_target(name, folder)

    def stop(*_: int | FrameType | None) -> None:
        raise TooLong

    signal.signal(signal.SIGPROF, stop)
    number = first
    with (folder / f"{name}.out").open("a", encoding="utf-8") as out:
        while time.process_time() < seconds and (not most or number - first < most):
            (folder / f"{name}.at").write_text(str(number))
            signal.setitimer(signal.ITIMER_PROF, SOFT_SECONDS)
            try:
                attempt(number)
            except (Exception, TooLong) as error:  # noqa: BLE001  # whatever it is, it is what is looked for
                out.write(json.dumps({"what": _told(error), "number": number}) + "\n")
                out.flush()
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            number += 1
    (folder / f"{name}.at").write_text(str(number))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
