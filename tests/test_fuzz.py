"""A little of what benchmarks/fuzz.py does at length: inputs that nobody meant well end in an answer or an error of our own."""

from __future__ import annotations

import copy
import random
from pathlib import Path

import pytest

from qa_pipeline.packaged import PACKAGE_ROOT


@pytest.mark.parametrize(
    ("part", "count"),
    [
        ("media", 60),
        ("metadata", 60),
        ("transcript", 200),
        ("rubric", 12),
        pytest.param("pages", 30, marks=pytest.mark.slow),
        pytest.param("api", 30, marks=pytest.mark.slow),
    ],
)
def test_hostile_inputs_are_answered(part: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PACKAGE_ROOT / "benchmarks"))
    from fuzz_targets import open_target

    attempt = open_target(part, tmp_path)
    for number in range(count):
        attempt(number)


def test_each_input_is_made_from_its_number_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PACKAGE_ROOT / "benchmarks"))
    import fuzz_inputs

    before = copy.deepcopy(fuzz_inputs.VALUES)
    for number in range(2_000):
        fuzz_inputs.change_value({"a": [1, {"b": "c"}], "d": "e"}, random.Random(number))
    assert before == fuzz_inputs.VALUES
