"""Who would say this: the centre's agent or the customer? Evidence from meaning, one number an utterance.

Comes in: vectors of language/encoder.py and the trained head (models/roles/). Goes out: log-odds, to be added to the other evidence of
roles. The head knows nothing of rubrics, voices or order; deciding who is who is elsewhere in this folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qa_pipeline.errors import ModelError
from qa_pipeline.language.encoder import WIDTH

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Odds of about 55 to 1: one utterance may not outweigh a call. Chosen, not measured.
LIMIT = 4.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoleHead:
    """A linear classifier over sentence vectors: `weights` (384,), positive towards the agent.

    `encoder_sha256`: of the manifest of the encoder it was trained on; it means nothing on another one's vectors.
    """

    weights: NDArray[np.float32]
    bias: float
    encoder_sha256: str


def load_role_head(path: Path) -> RoleHead:
    """Read head.json as models/roles/train.py writes it. Raises ModelError when it is not there or of another shape."""
    import numpy as np

    try:
        data = json.loads(path.read_text("utf-8"))
        weights = np.asarray(data["weights"], np.float32)
        head = RoleHead(weights=weights, bias=float(data["bias"]), encoder_sha256=str(data["encoder_sha256"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is no role head: {error!r}.", advice="Write it anew with models/roles/train.py.") from error
    if weights.shape != (WIDTH,):
        raise ModelError(f"{path} has weights {weights.shape}; wanted ({WIDTH},).", advice="Write it anew with models/roles/train.py.")
    return head


def log_odds(vectors: NDArray[np.float32], head: RoleHead) -> NDArray[np.float32]:
    """ln P(agent)/P(customer) of each of `vectors` (n, 384), both roles equally likely beforehand: (n,) float32, clipped to ±LIMIT."""
    import numpy as np

    odds: NDArray[np.float32] = np.clip(vectors @ head.weights + np.float32(head.bias), -LIMIT, LIMIT)
    return odds
