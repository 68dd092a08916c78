"""Forgetting a customer among many calls, killed half-way: `python benchmarks/forget.py [--sizes 10000 100000 1000000] [--folder FOLDER] [--no-kill]`.

For each size: fills a results root with so many calls over a year (as benchmarks/reading.py: 4 utterances with vectors and 7 findings each); the customer to
forget has three of them, with words of their own. About one call in twenty, and about the customer's, somebody decided; there are an export, a stage output a
call (of 10,000 calls at most), coaching notes, a case made of a call, and a batch that a killed night left. Then `qa-pipeline forget` is started, killed with
SIGKILL in its middle, three times, each later than before, and started a last time to its end. Printed: seconds and peak memory of that last run, and of a whole one
over a customer with as many calls that nobody interrupts; also the processor's seconds, which a busy machine does not lengthen. Proof, by code of this file alone: no file below holds any of the ids or words, Parquet read value by
value; every table, the review database and all files have, but for the customer's, the same content as before, by a hash of each row. Nothing is kept.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from reading import DAYS, SAID, fill
from sqlalchemy import insert

from qa_pipeline.reading.database import writing
from qa_pipeline.results.tables import TABLES
from qa_pipeline.review.coaching import write_note
from qa_pipeline.review.opening import open_desk, rebuild_lists
from qa_pipeline.review.tables import decisions
from qa_pipeline.review.written import Sort, keep_written
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import Settings, load_settings

CALLS_OF_A_CUSTOMER = 3
WORDS = "my letters go to the blue house behind the mill, ask for {name} there and nobody else"
NAMES = ("Rosalind Quillfeather", "Thaddeus Wimbleholt")
_MOST_FILES = 10_000
# A step of the command after which it is killed, one for each time.
_KILLED_AT = ("review database", "table findings", "table scores")


def customers(calls: int) -> dict[str, list[str]]:
    """The customer who is forgotten with kills, and the one who is forgotten at once; with ids that other ids contain."""
    first, second = calls // 3, calls // 2
    return {f"customer-{at}": [f"call{at + n * 7}" for n in range(CALLS_OF_A_CUSTOMER)] for at in (first, second)}


def make(settings: Settings, calls: int) -> dict[str, list[str]]:
    """The root and all around it. Returns the two customers with their calls."""
    fill(settings, calls)
    store = open_store(settings)
    whose = customers(calls)
    of_call = {call: (name, number) for number, (name, several) in enumerate(whose.items()) for call in several}
    quoted = ", ".join(f"'{call}'" for call in of_call)
    for table, column in (("calls", "customer_id"), ("scores", "customer_id")):
        delta = DeltaTable(store.path(table))
        # Everybody is somebody's customer.
        delta.update(updates={column: "'customer-' || substr(call_id, 5)"})
        for name, several in whose.items():
            these = ", ".join(f"'{call}'" for call in several)
            DeltaTable(store.path(table)).update(updates={column: f"'{name}'"}, predicate=f"call_id in ({these})")
    for name, number in ((name, number) for number, name in enumerate(whose)):
        these = ", ".join(f"'{call}'" for call in whose[name])
        words = WORDS.format(name=NAMES[number])
        DeltaTable(store.path("utterances")).update(
            updates={"text": f"'{words}'", "norm": f"'{words}'"}, predicate=f"call_id in ({these}) and utterance = 1"
        )
        DeltaTable(store.path("findings")).update(
            updates={"evidence_text": f"'{words}'"}, predicate=f"call_id in ({these}) and criterion_id = 'thanks'"
        )
    heard = store.read("calls", columns=["call_id", "conversation_id", "source_uri"], where=f"call_id in ({quoted})").to_pylist()
    desk = open_desk(settings, store)
    every = [f"call{n}" for n in range(0, calls, 20)]
    conversation = {row["call_id"]: row["conversation_id"] for row in heard}
    rows = [
        {
            "decision_id": hashlib.sha256(call.encode()).hexdigest(), "call_id": call, "version": 1, "kind": "note", "at": "2026-05-11T00:00:00.000000Z",
            "conversation_id": conversation.get(call, "x"), "author": "Wu", "reason": f"about {call}",
        }
        for call in dict.fromkeys([*every, *of_call])
    ]  # fmt: skip
    with writing(desk.engine) as connection:
        connection.execute(insert(decisions), rows)
    for call, (name, number) in of_call.items():
        write_note(desk, _local(), "a1", f"{call} of {name}: {WORDS.format(name=NAMES[number])}")
    around(settings, calls, of_call)
    desk.engine.dispose()
    # What counts with these decisions is worked out before anything is compared: whoever opens the desk would do it else.
    rebuild_lists(settings, store, with_decided=True)
    return whose


def _local():
    from qa_pipeline.reading.viewer import local_viewer

    return local_viewer("Wu")


def around(settings: Settings, calls: int, of_call: dict[str, tuple[str, int]]) -> None:
    """Files beside the root: an export, stage outputs, a case, a killed night's batch."""
    folder = Path(settings.results).parent
    export = folder / "export.parquet"
    pq.write_table(pa.table({"call_id": [*of_call, "call1"], "percent": [1.0] * (len(of_call) + 1)}), export)
    other = folder / "other.csv"
    other.write_text("call_id\ncall1\n", "utf-8")
    keep_written(settings, [export, other], Sort.EXPORT, author="Wu")
    known = {n: f"call{n}" for n in range(min(calls, _MOST_FILES))}
    for n in known:
        path = settings.work / f"{n % 256:02x}" / f"{n}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(json.dumps({"words": ["word"] * 20}).encode(), 1))
    for number, (call, (_, place)) in enumerate(of_call.items()):
        (settings.work / "00" / f"own{number}.json.gz").write_bytes(gzip.compress(WORDS.format(name=NAMES[place]).encode()))
        night = Path(settings.results) / "_nights" / f"20200101-{number}" / "000000.json"
        night.parent.mkdir(parents=True)
        night.write_text(json.dumps({"listen": [{"call_id": call}]}), "utf-8")
    cases = "".join(f"- name: {call} 0:03\n  dialogue: |\n    customer: yes\n" for call in of_call)
    settings.rubrics.mkdir(exist_ok=True)
    (settings.rubrics / "hotline.cases.yaml").write_text(f"# ours\n{cases}- name: by hand\n  dialogue: x\n", "utf-8")


def run(settings: Settings, customer: str, kill_at: str | None = None) -> tuple[int, float]:
    """The command: its exit code (−9 if killed), and seconds."""
    env = {
        **os.environ,
        "QA_PIPELINE_RESULTS": settings.results,
        "QA_PIPELINE_CACHE": str(settings.cache),
        "QA_PIPELINE_RUBRICS": str(settings.rubrics),
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "qa_pipeline.cli.main", "forget", "--customer", customer, "--exports"], env=env, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, bufsize=1,
    )  # fmt: skip
    assert process.stderr is not None
    steps, last = [], began
    for line in process.stderr:
        now = time.perf_counter()
        steps.append((line.strip("… \n"), now - last))
        last = now
        if kill_at is not None and line.strip("… \n") == kill_at:
            process.kill()
            break
    output, _ = process.communicate()
    if process.returncode > 0:
        print(output, *steps[-5:], sep="\n")
    if kill_at is None:
        slowest = sorted(
            ((after, name) for (name, _), (_, after) in zip(steps, [*steps[1:], ("", time.perf_counter() - last)], strict=True)),
            reverse=True,
        )[:5]
        print("  slowest: " + ", ".join(f"{name} {seconds:.1f} s" for seconds, name in slowest), flush=True)
    return process.returncode, time.perf_counter() - began


def usage() -> tuple[float, float]:
    """Of all processes that were begun and have ended: the processor's seconds, and the peak of the largest in GB."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6


def contents(settings: Settings, gone: set[str], needles: list[str]) -> dict[str, str]:
    """Content of all that is not the customers': of each table and each table of the review database a hash of the sum of its rows, of each file its own."""
    found: dict[str, str] = {}
    store = open_store(settings)
    gone_conversations = set(
        store.read("calls", columns=["conversation_id"], where=f"call_id in ({', '.join(repr(call) for call in sorted(gone))})")[
            "conversation_id"
        ].to_pylist()
    )
    for name, table in TABLES.items():
        total, count = 0, 0
        for batch in batches(Path(store.path(name))):
            ids = [
                (batch[column].to_pylist(), values)
                for column, values in (("call_id", gone), ("conversation_id", gone_conversations))
                if column in batch.schema.names
            ]
            keep = [not any(several[place] in values for several, values in ids) for place in range(len(batch))]
            count += sum(keep)
            total = (total + sum_of(batch, table.schema.names, keep)) % 2**64
        found[f"table {name}"] = f"{count} rows, {total:x}"
    with sqlite3.connect(f"{settings.results}/review.db") as database:
        for (name,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
            total = count = 0
            # Beside each day stands a stamp that is drawn anew whenever calls of it change: the days are compared.
            asked = "day" if name == "index_days" else "*"
            for row in database.execute(f"select {asked} from {name}"):
                if not any(isinstance(value, str) and (value in gone or any(needle in value for needle in needles)) for value in row):
                    total, count = (total + int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=8).digest())) % 2**64, count + 1
            if name not in ("audit", "coaching_entries", "index_state", "review_state", "written_files"):
                found[f"review database {name}"] = f"{count} rows, {total:x}"
    for path in sorted(settings.work.rglob("*.gz")):
        if not any(needle.encode() in gzip.decompress(path.read_bytes()) for needle in needles):
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def batches(folder: Path) -> Iterator[pa.RecordBatch]:
    """Rows of a table as it says now, straight from its files."""
    if not (folder / "_delta_log").is_dir():
        return
    delta = DeltaTable(str(folder))
    for uri in sorted(delta.file_uris()):
        yield from pq.ParquetFile(uri.removeprefix("file://")).iter_batches(batch_size=32_768)


def sum_of(rows: pa.RecordBatch, names: list[str], keep: list[bool]) -> int:
    """A number that the rows have in whatever order they stand: vectors by their bytes, the rest by what it reads as."""
    if not len(rows):
        return 0
    total = 0
    there = [name for name in names if name in rows.schema.names]
    plain = [name for name in there if name != "vector"]
    columns = [rows[name].to_pylist() for name in plain]
    vectors = rows["vector"].flatten().to_numpy(zero_copy_only=False).reshape(len(rows), -1) if "vector" in there else None
    for place, values in enumerate(zip(*columns, strict=True)):
        if not keep[place]:
            continue
        digest = hashlib.blake2b(repr(values).encode(), digest_size=8)
        if vectors is not None:
            digest.update(vectors[place].tobytes())
        total += int.from_bytes(digest.digest())
    return total % 2**64


def traces(root: Path, needles: list[str]) -> list[str]:
    """Files in which any of the words stands: Parquet value by value, gzip decompressed, all else byte by byte."""
    found = []
    raw = [needle.encode() for needle in needles]
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        if path.suffix == ".parquet":
            file = pq.ParquetFile(path)
            # A column of vectors has no words.
            columns = [name for name in file.schema_arrow.names if name != "vector"]
            held = any(
                any(needle in repr(batch.to_pydict()).encode() for needle in raw)
                for batch in file.iter_batches(columns=columns, batch_size=8192)
            )
        else:
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                # SQLite deletes what stands beside its database when the last connection is closed.
                continue
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            held = any(needle in content for needle in raw)
        if held:
            found.append(str(path.relative_to(root)))
    return found


def exact(values: list[str]) -> list[str]:
    """Ids as they stand as values, so that call1 is not found in call12: how Python, JSON, and CSV write them."""
    return [f"{mark}{value}{mark}" for value in values for mark in ("'", '"')]


def main() -> None:
    """Print the figures of each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000])
    parser.add_argument("--folder", help="where temporary files go")
    parser.add_argument(
        "--no-proof", action="store_true", help="only how long it takes: comparing a million calls row by row takes an hour"
    )
    given = parser.parse_args()
    for size in given.sizes:
        root = Path(tempfile.mkdtemp(prefix="qa-forget-", dir=given.folder))
        try:
            settings = load_settings(results=str(root / "results")).model_copy(
                update={"cache": root / "cache", "rubrics": root / "rubrics"}
            )
            size = -(-size // DAYS) * DAYS
            (first, calls), (second, others) = make(settings, size).items()
            needles = [*exact([*calls, *others, first, second]), *NAMES]
            gone = {*calls, *others}
            before = {} if given.no_proof else contents(settings, gone, needles)
            print(f"{size:,} calls, {size * SAID:,} utterances: everything is there", flush=True)
            codes = [run(settings, first, step)[0] for step in _KILLED_AT]
            if codes != [-9] * len(_KILLED_AT):
                raise SystemExit(f"it was to be killed at {_KILLED_AT}, and ended with {codes}")
            for name, customer in (("after three kills", first), ("at once", second)):
                before_cpu, _ = usage()
                code, seconds = run(settings, customer)
                cpu, peak = usage()
                if code != 0:
                    raise SystemExit(f"{name}: ended with {code}")
                print(f"  {name}: {seconds:.1f} s, of the processor {cpu - before_cpu:.1f} s, peak {peak:.2f} GB", flush=True)
            if not given.no_proof:
                left = traces(root, needles)
                after = contents(settings, gone, needles)
                changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
                print(
                    f"  findable in {len(left)} files{': ' + ', '.join(left[:5]) if left else ''}; {len(after):,} tables and files equal but for {changed or 'none'}"
                )
                if left or changed:
                    raise SystemExit(1)
        finally:
            shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
