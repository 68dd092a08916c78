"""The history of the tables: old files and the log of what was deleted, which a table keeps until it is told to leave nothing of them."""

from __future__ import annotations

import fsspec

from qa_pipeline.results.files import open_table
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES


def erase_history(store: Store) -> None:
    """Leave nothing of the tables but what they say now: no replaced file, and no log of what was deleted, which names it.

    Whoever reads an older version at that moment is told that it is gone.
    """
    for name in TABLES:
        with store.lock:
            delta = open_table(store.path(name))
            if delta is None:
                continue
            delta.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)
            # The checkpoint stands on a commit that deletes nothing: the last one's own entry would stay beside it.
            delta.alter.set_table_properties(
                {"qa_pipeline.history": f"erased before version {delta.version() + 1}"}, raise_if_not_exists=False
            )
            delta = open_table(store.path(name)) or delta
            delta.create_checkpoint()
            _drop_log_before(store.path(name), delta.version())


def _drop_log_before(path: str, version: int) -> None:
    fs, log = fsspec.core.url_to_fs(f"{path}/_delta_log")
    for name in fs.ls(log, detail=False):
        number = str(name).rstrip("/").rpartition("/")[2].partition(".")[0]
        if number.isdigit() and int(number) < version:
            fs.rm(str(name))
