"""A small network that reads a conversation and says of each word whether it is personal, and of what kind. Run with numpy alone.

What rules cannot tell, it tells from what was asked and what stands around: that `crowther` after "under what name" is a name, that `forty one` after
"leave it with jean at" is an address. Trained by models/privacy/train.py on made-up calls; what a word's marks are is in tokens.py.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from qa_pipeline.errors import ModelError
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.privacy.kinds import Personal
from qa_pipeline.privacy.tokens import Token

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS = tuple(Personal)
BUCKETS = 1 << 15
# How far apart the words are that a layer looks at together: over all, 63 words each way.
STRIDES = (1, 2, 4, 8, 16, 1)
_TINY = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """How sure a reader must be: of a word, of the words beside it, of an address or an e-mail, of a name, which looks like any word that lists do not know,
    of one in Han characters, of one that is a word of the language as well, of one that lists know, of a first and a last name together, of
    one that rules found and lists do not know; and below `nothing`, that what a rule found is nothing. Chosen on calls that readers did not learn from (models/privacy/README.md).
    """

    sure: float = 0.5
    beside: float = 0.03
    of_place: float = 0.75
    of_name: float = 0.65
    of_sign: float = 0.95
    of_word: float = 0.95
    of_listed: float = 0.5
    pair: float = 0.05
    of_ruled: float = 0.39
    nothing: float = 0.1


@dataclass(frozen=True, slots=True)
class Reader:
    """Weights, by name, the words that lists know, and how sure it must be."""

    weights: Mapping[str, NDArray[np.float32]]
    known: Mapping[str, str]
    bars: Bars = Bars()

    def chances(self, tokens: Sequence[Token]) -> NDArray[np.float32]:
        """(tokens, 1 + kinds): of each token, how likely it is nothing personal, and each of KINDS."""
        import numpy as np

        weights = self.weights
        state = np.stack([weights["marks"][[bucket(mark) for mark in token.marks]].sum(axis=0) for token in tokens])
        for layer, stride in enumerate(STRIDES):
            padded = np.pad(state, ((stride, stride), (0, 0)))
            around = np.hstack([padded[: len(state)], state, padded[2 * stride :]])
            mixed = around @ weights[f"{layer}.weights"] + weights[f"{layer}.bias"]
            state = state + np.maximum(mixed, 0) @ weights[f"{layer}.out"]
            centred = state - state.mean(axis=1, keepdims=True)
            state = (
                centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + _TINY) * weights[f"{layer}.scale"] + weights[f"{layer}.shift"]
            )
        logits = state @ weights["head.weights"] + weights["head.bias"]
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
        return shares


def bucket(mark: str) -> int:
    """The row of the table of marks that a mark has, with others by chance."""
    return zlib.crc32(mark.encode()) % BUCKETS


@cache
def shipped_reader() -> Reader:
    """The reader that is shipped. Raises ModelError where a file of it is missing."""
    return load_reader(packaged_folder("models") / "privacy")


def load_reader(folder: Path) -> Reader:
    """Read reader.safetensors, known.txt and frequent.txt. Raises ModelError where one is missing or something else."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        packed = load_file(folder / "reader.safetensors")
        known = load_known(folder)
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(
            f"The reader of personal data cannot be read from {folder}: {error!r}.", advice="Install the package anew."
        ) from error
    weights = {name: value.astype(np.float32) for name, value in packed.items()}
    # Kept in bytes, a scale a column.
    weights["marks"] = weights["marks"] * weights.pop("marks.scale", np.float32(1))
    return Reader(weights, known)


def load_known(folder: Path) -> dict[str, str]:
    """Words that lists know, with letters for what they may be; and `en:word`, with a digit for how often it is said."""
    known = dict(line.split(" ", 1) for line in (folder / "known.txt").read_text("utf-8").splitlines())
    for line in (folder / "frequent.txt").read_text("utf-8").splitlines():
        language, level, *words = line.split(" ")
        known |= dict.fromkeys((f"{language}:{word}" for word in words), level)
    return known
