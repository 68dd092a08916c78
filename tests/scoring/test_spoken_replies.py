"""The replies in models/spoken, learnt from and written as their neighbours: read by words alone, as many as were when this was last looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.spoken import load_items, read, steps

FOLDER = Path(__file__).parents[2] / "models" / "spoken"
KINDS = ("mark", "satisfaction", "willing")


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_replies_are_read_as_meant_as_before(kind: str) -> None:
    items = [item for item in load_items(FOLDER / "more.yaml") if item["kind"] == kind][::SAMPLED]
    wrong = [(item["reply"], got, item["answer"]) for item in items if (got := read(item, None)) not in item["answer"]]
    far = [one for one in wrong if steps(kind, one[2], one[1]) > 1]
    assert len(items) > 30
    assert len(wrong) <= MOST_WRONG[kind], wrong
    assert len(far) <= MOST_FAR[kind], far


# Every so many of the replies, so that the test is quick; all are read by the benchmark.
SAMPLED = 25
MOST_WRONG = {"mark": 0, "satisfaction": 4, "willing": 3}
MOST_FAR = {"mark": 0, "satisfaction": 0, "willing": 1}
