"""Training: the same calls and weights each time, in whatever order Python's sets are."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

TWICE = """
from hashlib import sha256
from models.privacy.train import fit, made
network = fit(made(4, 1, {}), rounds=1, batch=4)
print(sha256(b"".join(value.detach().numpy().tobytes() for value in network.state_dict().values())).hexdigest())
"""


@pytest.mark.slow
def test_trained_again_the_reader_has_the_same_weights() -> None:
    weights = {
        subprocess.run(
            [sys.executable, "-c", TWICE],
            env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[-1]
        for seed in ("1", "2")
    }
    assert len(weights) == 1
