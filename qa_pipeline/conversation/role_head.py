"""Who would say this, as an answer to that: the centre's agent or the customer? Evidence from meaning, one number an utterance.

Comes in: utterances with their voices, vectors of meaning/encoder.py and the trained head (models/roles/). Goes out: log-odds, and how much they and the other
evidence of roles weigh in the sum over a call. The head knows nothing of rubrics or of who speaks first; deciding who is who is in roles.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from qa_pipeline.call import Utterance
from qa_pipeline.errors import ModelError
from qa_pipeline.meaning.encoder import WIDTH
from qa_pipeline.meaning.network import lead_from, read_layers, run_layers, shapes_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa_pipeline.meaning.network import Layers

# Odds of about 55 to 1: one utterance may not outweigh a call. Chosen, not measured.
LIMIT = 4.0
DIRECTIONS = ("inbound", "outbound")
# The utterance, what the other party said last before it, and the direction of the call.
CONTEXT_WIDTH = 2 * WIDTH + len(DIRECTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleWeights:
    """What evidence of a voice adds to its log-odds: of the head, the `total` and the `mean` over its utterances; of the lexicon; of the agent's name; of being
    the first heard in an inbound call, where centres answer (`answers`).

    Fitted on whole calls (models/roles/train.py), so that the posterior of an assignment means what it says.
    """

    total: float
    mean: float
    lexicon: float
    name: float
    answers: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoleHead:
    """A small network (meaning/network.py) from CONTEXT_WIDTH numbers to one.

    `encoder_sha256`: of the manifest of the encoder it was trained on; it means nothing on another one's vectors.
    """

    layers: Layers
    weights: RoleWeights
    encoder_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoleJudgement:
    """What a head says of the utterances of one call: `log_odds` (n,), positive for agent, and how much they weigh."""

    log_odds: NDArray[np.float32]
    weights: RoleWeights


def load_role_head(path: Path) -> RoleHead:
    """Read head.json as models/roles/train.py writes it. Raises ModelError when it is not there or of another shape."""
    try:
        data = json.loads(path.read_text("utf-8"))
        layers = read_layers(data["layers"])
        weights = RoleWeights(**{field.name: float(data["weights"][field.name]) for field in fields(RoleWeights)})
        encoder_sha256 = str(data["encoder_sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} is no role head: {error!r}.",
            advice="Install the package anew; one of your own is written anew by models/roles/train.py.",
        ) from error
    if not lead_from(layers, CONTEXT_WIDTH, 1):
        raise ModelError(
            f"{path} has layers {shapes_of(layers)}; wanted layers from {CONTEXT_WIDTH} numbers to 1.",
            advice="Install the package anew; one of your own is written anew by models/roles/train.py.",
        )
    return RoleHead(layers=layers, weights=weights, encoder_sha256=encoder_sha256)


def judge_roles(utterances: Sequence[Utterance], vectors: NDArray[np.float32], direction: str | None, head: RoleHead) -> RoleJudgement:
    """ln P(agent)/P(customer) of each utterance, both roles equally likely beforehand, clipped to ±LIMIT. `vectors`: (n, 384), of the utterances."""
    import numpy as np

    found = run_layers(head.layers, with_context(utterances, vectors, direction))
    return RoleJudgement(log_odds=np.clip(found[:, 0], -LIMIT, LIMIT), weights=head.weights)


def with_context(utterances: Sequence[Utterance], vectors: NDArray[np.float32], direction: str | None) -> NDArray[np.float32]:
    """(n, CONTEXT_WIDTH): what the head reads of each utterance. Zeros where nobody else has spoken yet, or the direction is not known."""
    import numpy as np

    before = np.zeros_like(vectors)
    newest: dict[str, int] = {}
    for place, utterance in enumerate(utterances):
        others = [last for speaker, last in newest.items() if speaker != utterance.speaker]
        if others:
            before[place] = vectors[max(others)]
        newest[utterance.speaker] = place
    directions = np.array([direction == name for name in DIRECTIONS], np.float32)
    return np.hstack([vectors, before, np.tile(directions, (len(vectors), 1))], dtype=np.float32)
