"""Log-odds of agent against customer, from a small network over an utterance and what it answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa_pipeline.call import Utterance
from qa_pipeline.conversation.role_head import CONTEXT_WIDTH, RoleHead, RoleWeights, judge_roles, load_role_head, with_context
from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import ModelError

WEIGHTS = RoleWeights(total=0.1, mean=1.0, lexicon=0.5, name=2.0, answers=0.5)
WIDTH = 384


def head(utterance: float = 0.0, before: float = 0.0, inbound: float = 0.0) -> RoleHead:
    """Rectifies a + and − copy of the sum of three numbers: the first of the utterance, of what it answers, and the direction."""
    row = np.zeros(CONTEXT_WIDTH, np.float32)
    row[[0, WIDTH, 2 * WIDTH]] = utterance, before, inbound
    inner = (np.stack([row, -row]), np.zeros(2, np.float32))
    outer = (np.array([[1, -1]], np.float32), np.zeros(1, np.float32))
    return RoleHead(layers=(inner, outer), weights=WEIGHTS, encoder_sha256="e")


def said(*speakers: str) -> list[Utterance]:
    (one,) = conversation("0:00 agent: 好。").utterances
    return [replace(one, utterance=n, speaker=speaker) for n, speaker in enumerate(speakers)]


def vectors(*firsts: float) -> np.ndarray:
    found = np.zeros((len(firsts), WIDTH), np.float32)
    found[:, 0] = firsts
    return found


def judged(speakers: str, firsts: tuple[float, ...], direction: str | None, head: RoleHead) -> list[float]:
    return judge_roles(said(*speakers), vectors(*firsts), direction, head).log_odds.tolist()


def test_the_utterance_itself_counts() -> None:
    assert judged("ab", (1.5, -2.0), None, head(utterance=1.0)) == [1.5, -2.0]


def test_what_the_other_party_said_last_counts_and_not_what_one_said_oneself() -> None:
    assert judged("aabba", (1.0, 2.0, 3.0, 0.5, 9.0), None, head(before=1.0)) == [0.0, 0.0, 2.0, 2.0, 0.5]


def test_the_direction_counts_where_it_is_known() -> None:
    assert [judged("a", (0.0,), direction, head(inbound=3.0)) for direction in ("inbound", "outbound", None)] == [[3.0], [0.0], [0.0]]


def test_one_utterance_does_not_outweigh_a_call() -> None:
    assert judged("ab", (100.0, -100.0), None, head(utterance=1.0)) == [4.0, -4.0]


def test_no_utterances_have_no_log_odds() -> None:
    assert judge_roles([], np.zeros((0, WIDTH), np.float32), "inbound", head()).log_odds.shape == (0,)
    assert with_context([], np.zeros((0, WIDTH), np.float32), None).shape == (0, CONTEXT_WIDTH)


def as_file(**changed: object) -> str:
    layers = [{"weights": [[0.25] * CONTEXT_WIDTH] * 2, "bias": [0.5, -0.5]}, {"weights": [[1.0, 2.0]], "bias": [0.125]}]
    weights = {"total": 0.1, "mean": 1.0, "lexicon": 0.5, "name": 2.0, "answers": 0.5}
    return json.dumps({"layers": layers, "weights": weights, "encoder_sha256": "abc", **changed})


def test_a_head_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    path.write_text(as_file(), "utf-8")
    found = load_role_head(path)
    assert [(matrix.shape, bias.tolist()) for matrix, bias in found.layers] == [((2, CONTEXT_WIDTH), [0.5, -0.5]), ((1, 2), [0.125])]
    assert (found.weights, found.encoder_sha256) == (WEIGHTS, "abc")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{}", "KeyError"),
        ("not json", "is no role head"),
        (as_file(weights={"total": 1.0}), "KeyError"),
        (as_file(layers=[]), r"has layers \[\]"),
        (as_file(layers=[{"weights": [[1.0, 2.0]], "bias": [0]}]), r"layers \[\(1, 2, 1\)\]; wanted layers from 770 numbers to 1"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(content, "utf-8")
    with pytest.raises(ModelError, match=says):
        load_role_head(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="FileNotFoundError"):
        load_role_head(tmp_path / "head.json")
