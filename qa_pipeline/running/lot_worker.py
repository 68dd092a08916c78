"""What the worker processes of lots.py run: lots in, as files, what came of them out, as files beside them.

A module of its own, because every worker loads it: rows of stored calls and what judges them, and neither tables, nor audio, nor models.
"""

from __future__ import annotations

import gc
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from qa_pipeline.results.arrow import leave_pandas_out
from qa_pipeline.results.heard import StoredConversations
from qa_pipeline.running.processes import prepare_process
from qa_pipeline.running.score import Assignment, Scored, Scoring, score_assigned
from qa_pipeline.text.norm_cache import open_norm_cache, save_norm_cache

SCORING = "scoring"
"""Name of the file that tells workers what all lots have in common (`Scoring`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Stored conversations, what to score each by, and the verdicts that count now (place, criterion_id, outcome)."""

    stored: StoredConversations
    assignments: tuple[Assignment, ...]
    earlier: pa.Table

    def only(self, place: int) -> Lot:
        """One of them alone."""
        rows = self.earlier.filter(pa.array(self.earlier["place"].to_numpy() == place))
        moved = rows.set_column(rows.schema.get_field_index("place"), "place", pa.array(np.zeros(len(rows), np.int32)))
        return Lot(stored=self.stored.only(place), assignments=self.assignments[place : place + 1], earlier=moved)

    def verdicts(self) -> dict[int, dict[str, str]]:
        """Place → criterion → outcome that counts now."""
        found: dict[int, dict[str, str]] = {}
        columns = (self.earlier[name].to_pylist() for name in ("place", "criterion_id", "outcome"))
        for place, criterion, outcome in zip(*columns, strict=True):
            found.setdefault(place, {})[criterion] = outcome
        return found


def score_lot(lot: Lot, scoring: Scoring) -> Scored:
    """Score each of a lot as assigned."""
    return score_assigned(list(lot.stored), lot.assignments, scoring, lot.verdicts())


def result_path(path: str) -> Path:
    """Where the worker leaves what came of the lot in a file."""
    return Path(f"{path}.scored")


_scoring: Scoring | None = None


def start_worker(folder: str) -> None:
    """Runs once in each worker process."""
    global _scoring
    # Utterances by the thousand come and go, none of them in cycles: looking for cycles among them took a quarter of the time of making them, and at
    # every 100,000 objects still a fifteenth of scoring. A lot and what is found in it are fewer objects than this.
    gc.set_threshold(500_000, 20, 20)
    leave_pandas_out()
    prepare_process()
    _scoring = pickle.loads((Path(folder) / SCORING).read_bytes())
    open_norm_cache(_scoring.cache)


def score_file(path: str) -> None:
    """Runs in a worker process: what comes of the lot in a file lies beside it."""
    if _scoring is None:
        raise RuntimeError("the worker was not started properly")
    scored = score_lot(pickle.loads(Path(path).read_bytes()), _scoring)
    result_path(path).write_bytes(pickle.dumps(scored))
    save_norm_cache()
