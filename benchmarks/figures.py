"""A supervisor's questions over many findings: `python benchmarks/figures.py [--findings 1000000]`.

Fills a results root with generated scores, seven findings each, over 26 weeks, 12 teams and 400 agents, and asks what `qa-pipeline summary` and
`compare` ask. Prints seconds for each question, opening the tables included.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

from qa_pipeline.reading.counting import CallFilter
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.report.figures import compare, summarise
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings

CRITERIA = (
    "greeting",
    "self_identification",
    "convenience_check",
    "anything_else",
    "closing_line",
    "forbidden_phrases",
    "customer_sentiment",
)
FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
_WEEKS = 26


def fill(store: Store, findings: int) -> int:
    """Write so many findings, week by week; returns how many calls."""
    chance, calls = np.random.default_rng(0), findings // len(CRITERIA)
    for week in range(_WEEKS):
        numbers = np.arange(week * calls // _WEEKS, (week + 1) * calls // _WEEKS)
        count = len(numbers)
        agents = chance.integers(0, 400, count)
        days = [(FIRST_DAY + timedelta(weeks=week, days=int(day))).date() for day in chance.integers(0, 5, count)]
        at = [FIRST_DAY + timedelta(weeks=week, seconds=i) for i in range(count)]
        percents = chance.choice([50.0, 66.7, 83.3, 100.0], count)
        shared = {
            "call_id": [f"c{n}" for n in numbers],
            "conversation_id": [f"v{n:032d}" for n in numbers],
            "call_date": days,
            "run_id": ["r"] * count,
        }
        scores = {
            **shared, "score_id": [f"s{n:032d}" for n in numbers], "purpose": ["official"] * count, "agent_id": [f"a{a}" for a in agents],
            "team": [f"team {a % 12}" for a in agents], "rubric_id": ["followup"] * count, "rubric_version": [1 + week // 13] * count,
            "percent": percents, "passed": percents > 80, "critical_failed": chance.random(count) < 0.05, "needs_review": chance.random(count) < 0.2,
            "coverage": [1.0] * count, "scored_at": at, "disposition": ["completed"] * count,
        }  # fmt: skip
        write(store, "calls", {**shared, "processed_at": at, "agent_id": scores["agent_id"], "team": scores["team"]}, count)
        write(store, "scores", scores, count)
        outcomes = chance.choice(["met", "met", "met", "not_met", "not_applicable", "undetermined"], count * len(CRITERIA))
        repeated = np.repeat(np.arange(count), len(CRITERIA))
        found = {
            "call_id": [shared["call_id"][i] for i in repeated], "score_id": [scores["score_id"][i] for i in repeated],
            "conversation_id": [shared["conversation_id"][i] for i in repeated], "call_date": [days[i] for i in repeated],
            "criterion_id": list(CRITERIA) * count, "outcome": outcomes, "reason": ["Said in the window searched."] * len(repeated),
            "evidence_text": [f"words of call {i}" for i in repeated], "rubric_id": ["followup"] * len(repeated),
        }  # fmt: skip
        write(store, "findings", found, len(repeated))
    return calls


def write(store: Store, name: str, columns: dict[str, object], count: int) -> None:
    table = TABLES[name]
    arrays = [pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(count, f.type) for f in table.schema]
    write_deltalake(
        store.path(name), pa.table(arrays, schema=table.schema), mode="append", partition_by=[table.partition] if table.partition else None
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findings", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qa-figures-") as root:
        store = open_store(load_settings(results=root))
        began = time.perf_counter()
        calls = fill(store, given.findings)
        print(f"{calls} calls, {calls * len(CRITERIA)} findings written in {time.perf_counter() - began:.0f} s", flush=True)
        questions = {
            "by team": lambda: summarise(store, MACHINE, ("team",)),
            "by agent": lambda: summarise(store, MACHINE, ("agent",)),
            "by team and week": lambda: summarise(store, MACHINE, ("team", "week")),
            "criteria by team": lambda: summarise(store, MACHINE, ("team", "criterion")),
            "criteria by team and week": lambda: summarise(store, MACHINE, ("team", "week", "criterion")),
            "two versions beside each other": lambda: (
                compare(
                    store, MACHINE, CallFilter(where=(("version", "followup v2"),)), CallFilter(where=(("version", "followup v1"),))
                ).lines
            ),
        }
        for name, ask in questions.items():
            seconds = []
            for _ in range(3):
                began = time.perf_counter()
                lines = len(ask())
                seconds.append(time.perf_counter() - began)
            print(f"{name:32s} {lines:6d} lines  {min(seconds):.2f}–{max(seconds):.2f} s", flush=True)


if __name__ == "__main__":
    main()
