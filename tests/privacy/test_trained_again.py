"""Training: the same calls and weights each time, in whatever order Python's sets are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.privacy.learnt_from import FOLDER, digest, files_learnt_from

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


def test_what_a_reader_was_trained_on_is_told_by_all_files_it_learns_from(tmp_path: Path) -> None:
    files = list(files_learnt_from())
    assert {path.name for path in files} >= {
        "read.yaml",
        "read_second.yaml",
        "read_third.yaml",
        "read_fourth.yaml",
        "read_fifth.yaml",
        "read_eighth.yaml",
        "known.txt",
        "frequent.txt",
        "en.txt",
        "zh.txt",
    }
    assert not [path.name for path in files if path.name.startswith("un")]
    copy = tmp_path / "read.yaml"
    copy.write_bytes(files[0].read_bytes())
    assert digest([copy, *files[1:]]) == digest(files)
    copy.write_bytes(files[0].read_bytes() + b"#")
    assert digest([copy, *files[1:]]) != digest(files)


def test_the_reader_is_of_the_files_that_it_is_said_to_have_learnt_from() -> None:
    checked = subprocess.run([sys.executable, "-m", "models.privacy.train", "--check"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "Trained on the files as they are.\n")


def test_dialogues_written_after_the_reader_are_none_that_it_learnt_from() -> None:
    names = {path.name for path in files_learnt_from()}
    written = {path.name for path in (FOLDER / "../certainty/dialogues").glob("tuned_eu*.yaml")}
    assert written - names == {"tuned_eu_ninth.yaml", "tuned_eu_tenth.yaml"}
