"""Log-odds of agent against customer, from a linear head."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from qa_pipeline.conversation.role_head import RoleHead, load_role_head, log_odds
from qa_pipeline.errors import ModelError
from qa_pipeline.settings import packaged_folder
from qa_pipeline.speech.models import load_manifest


def head() -> RoleHead:
    """Reads the first two of 384 numbers: 3 a − 2 b + 0.5."""
    weights = np.zeros(384, np.float32)
    weights[:2] = 3, -2
    return RoleHead(weights=weights, bias=0.5, encoder_sha256="e")


def vector(first: float, second: float) -> list[float]:
    return [first, second] + [0.0] * 382


def test_log_odds_are_linear_in_the_vector() -> None:
    vectors = np.asarray([vector(1, 0), vector(0, 1), vector(0.5, 0.5)], np.float32)
    assert log_odds(vectors, head()).tolist() == [3.5, -1.5, 1.0]


def test_log_odds_stay_within_four() -> None:
    vectors = np.asarray([vector(2, 0), vector(0, 3)], np.float32)
    assert log_odds(vectors, head()).tolist() == [4.0, -4.0]


def test_no_utterances_have_no_log_odds() -> None:
    assert log_odds(np.zeros((0, 384), np.float32), head()).shape == (0,)


def test_a_head_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    path.write_text(json.dumps({"weights": [0.25] * 384, "bias": -0.5, "encoder_sha256": "abc"}), "utf-8")
    found = load_role_head(path)
    assert found.weights.tolist() == [0.25] * 384
    assert (found.bias, found.encoder_sha256) == (-0.5, "abc")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "KeyError"),
        ("not json", "is no role head"),
        (json.dumps({"weights": [1.0, 2.0], "bias": 0, "encoder_sha256": "abc"}), r"weights \(2,\); wanted \(384,\)"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(content, "utf-8")
    with pytest.raises(ModelError, match=said):
        load_role_head(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="FileNotFoundError"):
        load_role_head(tmp_path / "head.json")


def test_the_shipped_head_belongs_to_the_shipped_encoder() -> None:
    import hashlib

    models = packaged_folder("models")
    manifest = load_manifest(models / "multilingual-e5-small.yaml")
    digest = hashlib.sha256(manifest.model_dump_json().encode()).hexdigest()
    assert load_role_head(models / "roles" / "head.json").encoder_sha256 == digest
