"""One call among many, and a page of a list: `python benchmarks/reading.py [--sizes 10000 100000] [--keep FOLDER]`.

For each size: fills a results root with so many calls over 365 days and 12 teams (4 utterances of 8 words with vectors and 7 findings each, a file a
day and table, as `compact` leaves them), makes the index, and asks each in a process of its own, at a desk opened for it: the scorecard of a call, an
override, a swap of roles, the same swapped back, a page of a team's calls to review (the first and the five-hundredth; of these, and of what is swapped
back, the question alone), a team's summary. Prints milliseconds beyond the start of the program, and peak memory. `--keep` leaves the roots there and
uses them again: a million calls take a quarter of an hour to write.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.follow import catch_up, rebuild
from qa_pipeline.results.commit import row_groups
from qa_pipeline.results.tables import TABLES
from qa_pipeline.results.versions import freeze
from qa_pipeline.rubric.canonical import criterion_sha256, rubric_sha256
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import Settings, load_settings

CRITERIA = (
    "greeting",
    "self_identification",
    "convenience_check",
    "anything_else",
    "closing_line",
    "thanks",
    "farewell",
)
_RUBRIC = """
id: hotline
version: 2
title: {en: Hotline}
sections:
  - id: all
    title: {en: All}
    criteria:
""" + "".join(
    f"""
      - id: {name}
        title: {{en: {name.replace("_", " ").capitalize()}}}
        status: stable
        check: phrase
        weight: 10
        phrases: {{en: [{name.replace("_", " ")}]}}
"""
    for name in CRITERIA
)
FIRST_DAY = datetime(2025, 1, 1, 4, tzinfo=UTC)
DAYS, TEAMS, AGENTS, SAID, WORDS = 365, 12, 400, 4, 8
# By what `compact` puts the rows of a day in order, where it is not the conversation.
_BY = {"findings": "score_id", "captures": "score_id", "scores": "score_id"}
# Days written in one commit: each still has files of its own.
_DAYS_AT_ONCE = 15


@dataclass(frozen=True, slots=True)
class _Same:
    """One value in every row of a column."""

    value: object


def rubric_of_all() -> Rubric:
    """The rubric that all calls are scored by."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hotline.yaml"
        path.write_text(_RUBRIC, "utf-8")
        return load_rubric(path)


def _ids(kind: str, first: int, count: int) -> list[str]:
    return [hashlib.sha256(f"{kind}{n}".encode()).hexdigest() for n in range(first, first + count)]


def _table(name: str, columns: dict[str, object], count: int) -> pa.Table:
    schema = TABLES[name].schema
    arrays = []
    for field in schema:
        value = columns.get(field.name)
        if isinstance(value, np.ndarray) and value.ndim == 2:
            # A row of numbers for each: through Python's own numbers it would take most of the time.
            flat = pa.array(value.ravel(), field.type.value_type)
            arrays.append(
                pa.ListArray.from_arrays(pa.array(np.arange(0, value.size + 1, value.shape[1]), pa.int32()), flat).cast(field.type)
            )
        elif isinstance(value, _Same):
            arrays.append(pa.array([value.value], field.type).take(pa.array(np.zeros(count, np.int64))))
        else:
            arrays.append(pa.nulls(count, field.type) if value is None else pa.array(value, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def _day_tables(day: int, first: int, count: int, chance: np.random.Generator, judged_by: Rubric) -> dict[str, pa.Table]:
    start, calls = FIRST_DAY + timedelta(days=day), _ids("v", first, count)
    scores, names, date = (
        _ids("s", first, count),
        [f"call{n}" for n in range(first, first + count)],
        (FIRST_DAY + timedelta(days=day)).date(),
    )
    agent = chance.integers(AGENTS, size=count)
    people = {"agent_id": [f"a{n}" for n in agent], "team": [f"team{n % TEAMS}" for n in agent]}
    percent = chance.choice([0.0, 40.0, 75.0, 90.0, 100.0], size=count)
    shared = {"call_id": names, "conversation_id": calls, "run_id": ["r"] * count, "call_date": [date] * count, **people}
    rubric = {"rubric_id": ["hotline"] * count, "rubric_version": [2] * count, "rubric_sha256": [rubric_sha256(judged_by)] * count}
    at = [start + timedelta(seconds=n) for n in range(count)]

    def many(value: list[object] | list[str], each: int) -> list[object]:
        return [v for v in value for _ in range(each)]

    said = count * SAID
    word = [{"text": f"word{w} ", "start_ms": w * 300, "end_ms": w * 300 + 200, "confidence": 0.9} for w in range(WORDS)]
    detail = {name: many(shared[name], SAID) for name in ("call_id", "conversation_id", "run_id", "call_date")}
    found = count * len(CRITERIA)
    return {
        "calls": _table("calls", {**shared, "started_at": at, "processed_at": at, "language": ["en"] * count, "layout": ["mono"] * count, "duration_ms": [60_000] * count,
            "role_confidence": [0.9] * count, "source_uri": [f"/calls/{n}.wav" for n in names], "direction": ["inbound"] * count, "audio_sha256": calls, "starts_cut": [False] * count, "ends_cut": [False] * count}, count),
        "utterances": _table("utterances", {**detail, "utterance": list(range(SAID)) * count, "role": ["agent", "customer"] * (said // 2), "speaker": ["0", "1"] * (said // 2),
            "start_ms": [n * 3000 for n in range(SAID)] * count, "end_ms": [n * 3000 + 2500 for n in range(SAID)] * count, "text": ["word " * WORDS] * said, "norm": [" ".join(["word"] * WORDS)] * said, "alternatives": [[]] * said,
            "language": ["en"] * said, "confidence": [0.9] * said, "words": _Same(word)}, said),
        "embeddings": _table("embeddings", {"conversation_id": detail["conversation_id"], "run_id": detail["run_id"], "call_date": detail["call_date"], "utterance": list(range(SAID)) * count,
            "vector": chance.standard_normal((said, 384), np.float32).astype(np.float16).astype(np.float32)}, said),
        "metrics": _table("metrics", {**{k: shared[k] for k in ("call_id", "conversation_id", "run_id", "call_date")}, "turns": [SAID] * count}, count),
        "findings": _table("findings", {**{k: many(shared[k], len(CRITERIA)) for k in ("call_id", "conversation_id", "run_id", "call_date", "agent_id")}, "score_id": many(scores, len(CRITERIA)),
            **{k: many(v, len(CRITERIA)) for k, v in rubric.items()}, "criterion_id": list(CRITERIA) * count, "criterion_sha256": [criterion_sha256(criterion) for criterion in judged_by.criteria] * count, "section_id": ["all"] * found,
            "outcome": list(chance.choice(["met", "not_met", "undetermined"], size=found, p=[0.7, 0.25, 0.05])), "points": [10.0] * found, "max_points": [10.0] * found, "critical": [False] * found,
            "reason_code": ["phrase_hit"] * found, "reason": ["Said in the window searched."] * found, "scored_at": many(at, len(CRITERIA))}, found),
        "captures": _table("captures", {**shared, "score_id": scores, "criterion_id": ["name"] * count, "rubric_id": rubric["rubric_id"], "n": [0] * count, "name": ["name"] * count, "value": ["Kowalski"] * count}, count),
        "scores": _table("scores", {**shared, **rubric, "score_id": scores, "purpose": ["official"] * count, "percent": list(percent), "passed": list(percent >= 80), "critical_failed": [False] * count,
            "critical_state": ["none"] * count, "coverage": [1.0] * count, "needs_review": list(chance.random(count) < 0.2), "review_reasons": [[]] * count, "scored_at": at}, count),
    }  # fmt: skip


def fill(settings: Settings, calls: int) -> None:
    """Write so many calls."""
    store, chance = open_store(settings), np.random.default_rng(0)
    store.prepare()
    judged_by = rubric_of_all()
    freeze([judged_by], store)
    # As the store makes them, with all that it has the log say.
    for name in ("calls", "utterances", "embeddings", "metrics", "findings", "captures", "scores"):
        store.write_empty(name)
    a_day = -(-calls // DAYS)
    for first in range(0, DAYS, _DAYS_AT_ONCE):
        days = range(first, min(first + _DAYS_AT_ONCE, DAYS))
        several = [_day_tables(day, day * a_day, a_day, chance, judged_by) for day in days]
        for name in several[0]:
            rows = pa.concat_tables([tables[name].sort_by(_BY.get(name, "conversation_id")) for tables in several])
            write_deltalake(store.path(name), rows, mode="append", partition_by=["call_date"], writer_properties=row_groups())
        print(f"\r{days[-1] * a_day:,} calls written", end="", file=sys.stderr, flush=True)
    for name in several[0]:
        DeltaTable(store.path(name)).create_checkpoint()
    print(file=sys.stderr)


# What each question does, after everything is imported; told as JSON: s of processor, s by the clock, MB at its peak. Everything is done once on a small
# root before, which loads what is loaded when first used: the start of the program.
_ASK = """
import io, json, sys, time
import sqlalchemy.dialects.sqlite
from rich.console import Console
from qa_pipeline.call import Outcome
from qa_pipeline.reading.call import read_call
from qa_pipeline.reading.counting import CallFilter
from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.follow import catch_up
from qa_pipeline.reading.pages import Order, Wanted, page
from qa_pipeline.reading.viewer import Role, Tenure, Viewer, local_viewer
from qa_pipeline.report.data import report_of
from qa_pipeline.report.figures import summarise_calls
from qa_pipeline.report.terminal import show_scorecard
from qa_pipeline.review.correcting import apply_due, swap_roles
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Override
from qa_pipeline.review.opening import open_desk
from qa_pipeline.review.standing import read_effective
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings
name, viewer, head = sys.argv[1], local_viewer("x"), Viewer(name="head", account=1, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="team3"),))
def desk_of(settings):
    desk = open_desk(settings, open_store(settings))
    apply_due(desk, settings)
    return desk
def scorecard(settings, calls, turn):
    desk, call_id = desk_of(settings), f"call{calls // 2 + turn}"
    one = read_call(desk.store, desk.engine, viewer, call_id)
    data = report_of(one, desk.store, settings, effective=read_effective(desk, call_id, one=one))
    show_scorecard(data, call_id, Console(file=io.StringIO()))
def override(settings, calls, turn):
    decide(desk_of(settings), viewer, f"call{calls // 3 + turn}", Override(outcome=Outcome.MET), criterion_id="greeting", reason="it was said")
def swap(settings, calls, turn):
    swap_roles(desk_of(settings), viewer, settings, f"call{calls // 4 + turn}")
def now():
    return time.perf_counter(), time.process_time()
def since(begin):
    return tuple(after - before for before, after in zip(begin, now()))
def back(settings, calls, turn):
    swap(settings, calls, turn)
    begin = now()
    swap(settings, calls, turn)
    return since(begin)
def lists(settings, skip):
    engine = open_database(settings); catch_up(engine, open_store(settings))
    begin = now()
    page(engine, head, Wanted(team="team3", to_review=True), order=Order.DOUBT, skip=skip)
    return since(begin)
def summary(settings, calls, turn):
    engine = open_database(settings); catch_up(engine, open_store(settings))
    summarise_calls(engine, head, ("agent", "week"), CallFilter(where=(("team", "team3"),)))
asked = {"scorecard": scorecard, "override": override, "swap": swap, "swap back": back, "page 1": lambda settings, calls, turn: lists(settings, 0),
    "page 500": lambda settings, calls, turn: lists(settings, 500 * 50 if calls > 2_000_000 else max(0, calls // 80 - 50)), "summary": summary}
small, large = load_settings(results=sys.argv[2]), load_settings(results=sys.argv[3])
calls = int(sys.argv[4])
# Another call each time, also in roots that are kept: roles that are swapped a second time are as they were stored.
chance = time.time_ns() // 1000
asked[name](small, 365, chance % 180)
told = []
for turn in range(2):
    begin = now()
    told += asked[name](large, calls, chance % 1200 * 2 + turn) or since(begin)
# Of this process alone: what getrusage tells begins with the peak of the one that started it.
peak = next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([*told, peak]))
"""
_NAMES = ("scorecard", "override", "swap", "swap back", "page 1", "page 500", "summary")


def main() -> None:
    """Print the figures of each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = given.keep or Path(scratch)
        small = load_settings(results=str(place / f"calls{DAYS}"))
        for size in (DAYS, *given.sizes):
            settings = load_settings(results=str(place / f"calls{size}"))
            if not (Path(settings.results) / "scores").exists():
                fill(settings, size)
            engine, store = open_database(settings), open_store(settings)
            catch_up(engine, store)
            if size == DAYS:
                continue
            begin, cpu = time.perf_counter(), time.process_time()
            made = rebuild(engine, store)
            took = time.perf_counter() - begin, time.process_time() - cpu
            print(
                f"{size:,} calls: index made anew in {took[0]:.1f} s ({took[1]:.1f} s of processor), {made.calls / took[1]:,.0f} calls a second of processor",
                flush=True,
            )
            for name in _NAMES:
                told = subprocess.run(
                    [sys.executable, "-c", _ASK, name, small.results, settings.results, str(size)],
                    check=True,
                    capture_output=True,
                    text=True,
                    env=os.environ,
                )
                *figures, megabytes = json.loads(told.stdout)
                first, first_cpu, again, again_cpu = (1000 * f for f in figures)
                print(
                    f"  {name:10} first {first_cpu:6.0f} ms of processor, {first:6.0f} by the clock; again {again_cpu:6.0f} and {again:6.0f}; peak {megabytes:.0f} MB",
                    flush=True,
                )


if __name__ == "__main__":
    main()
