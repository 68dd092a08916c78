"""Whether two results roots judge their calls alike: the findings that count now, criterion by criterion.

    python benchmarks/same_findings.py results-before results-after

Prints every finding that differs, then the counts; ends with 1 when any does. Each root is read as it lies, without this package's code, so that results
of an older version can be held against those of a newer one.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

# What a person sees of a finding. Texts of reasons are left out: their code and what fills it say the same.
_SEEN = ("outcome", "answer", "points", "deduction", "occurrences", "reason_code", "evidence_text", "evidence_start_ms", "evidence_end_ms")
_Key = tuple[str, str, str]


def findings(root: Path) -> dict[_Key, tuple[Any, ...]]:
    """(file, rubric, criterion) → what the newest official score says. The file's name stands for the call: its id may hold the folder."""
    connection = duckdb.connect()
    for name in ("calls", "scores", "findings"):
        connection.register(name, DeltaTable(str(root / name)).to_pyarrow_table())
    rows = connection.sql(f"""
        with newest as (
            select s.score_id, s.call_id, c.source_uri from scores s join calls c using (conversation_id) where s.purpose = 'official'
            qualify row_number() over (partition by s.call_id, s.rubric_id order by s.scored_at desc) = 1
        )
        select parse_filename(n.source_uri), f.rubric_id, f.criterion_id, {", ".join(f"f.{name}" for name in _SEEN)}
        from findings f join newest n using (score_id)
    """).fetchall()
    return {(file, rubric, criterion): tuple(seen) for file, rubric, criterion, *seen in rows}


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare two roots."""
    parser = argparse.ArgumentParser(description="Whether two results roots judge their calls alike.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    given = parser.parse_args(arguments)
    before, after = findings(given.before), findings(given.after)
    counts: Counter[str] = Counter()
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old == new:
            counts["equal"] += 1
            continue
        counts["only before" if new is None else "only after" if old is None else "different"] += 1
        print(" ".join(key))
        for name, then, now in zip(_SEEN, old or [None] * len(_SEEN), new or [None] * len(_SEEN), strict=True):
            if then != now:
                print(f"  {name}: {then!r} -> {now!r}")
    print(f"{len({key[0] for key in before})} files before, {len({key[0] for key in after})} after; findings:", dict(counts))
    return 0 if set(counts) == {"equal"} else 1


if __name__ == "__main__":
    raise SystemExit(main())
