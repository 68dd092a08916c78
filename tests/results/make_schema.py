"""Keep a small results root as this version writes it: `python -m tests.results.make_schema v6`, once a change of tables.py adds or changes columns.

Two made-up calls scored, one failure. What older versions wrote stays as it is: tests read every one of them. The review database is not kept: it is no
table, its form has migrations and tests of its own, and it names the place where it was made.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from qa_pipeline.call import Call
from qa_pipeline.reading.database import FILE_NAME
from qa_pipeline.rubric.load import load_rubrics
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings
from tests.running.batches import process

FOLDER = Path(__file__).parent / "schemas"


def calls() -> tuple[Call, ...]:
    """The calls of every version."""
    return tuple(
        Call(
            call_id=name, source_uri=f"/calls/{name}.wav", audio_sha256=name.ljust(64, "0"), direction="outbound", agent_id="7", team="A",
            started_at=datetime(2026, 5, day, 2, tzinfo=UTC),
        )
        for name, day in (("good1", 4), ("good2", 5), ("broken1", 5))
    )  # fmt: skip


def main(name: str) -> None:
    target = FOLDER / name
    if target.exists():
        raise SystemExit(f"{target} is there already; what was written stays.")
    with tempfile.TemporaryDirectory() as elsewhere:
        settings = load_settings(
            results=str(target), cache=Path(elsewhere), workers=1, review_database=f"sqlite:///{Path(elsewhere) / FILE_NAME}"
        )
        process(settings, load_rubrics(settings.rubrics), *calls())
        store = open_store(settings)
        for table in ("embeddings", "replies", "captures", "periods", "decisions", "effective_scores", "effective_findings"):
            store.write_empty(table)
        store.compact()


if __name__ == "__main__":
    main(sys.argv[1])
