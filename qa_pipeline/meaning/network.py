"""Small fully connected networks over sentence vectors, as the heads of sentiment, roles and replies are: read from JSON, run with numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Layers: TypeAlias = tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
    """Each (weights (out, in), bias (out,)); rectified in between."""


def read_layers(written: Sequence[Any]) -> Layers:
    """Layers from `[{"weights": …, "bias": …}, …]`. Raises KeyError, TypeError or ValueError where that is something else."""
    import numpy as np

    return tuple((np.asarray(layer["weights"], np.float32), np.asarray(layer["bias"], np.float32)) for layer in written)


def shapes_of(layers: Layers) -> list[tuple[int, ...]]:
    """(out, in, out of the bias) of each layer, for telling what is wrong with a file."""
    return [(*weights.shape, *bias.shape) for weights, bias in layers]


def lead_from(layers: Layers, first: int, last: int) -> bool:
    """Whether the layers fit each other, take `first` numbers and give `last`."""
    shapes = shapes_of(layers)
    widths = [first, *(shape[0] for shape in shapes)]
    return bool(shapes) and widths[-1] == last and shapes == [(after, before, after) for before, after in pairwise(widths)]


def run_layers(layers: Layers, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, out of the last layer) of `numbers` (n, in of the first)."""
    for place, (weights, bias) in enumerate(layers):
        numbers = (numbers if place == 0 else numbers.clip(min=0)) @ weights.T + bias
    return numbers


def shares_of(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shares of each row of logits (n, classes), which add up to 1."""
    import numpy as np

    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return shares
