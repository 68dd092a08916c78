"""The encoder's upper layers a second time, with a small trained difference added to their weights: what readers trained for one task are made of.

Comes in: a loaded encoder, and a file with the difference as two thin matrices a part (low rank: Hu et al., 2021, arXiv 2106.09685) and a linear head.
Goes out: the head's numbers a text. What they say is in acts.py and reply_reader.py; how a difference is trained in models/adapting.py.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from qa_pipeline.meaning.encoder import Encoder

# The parts of a layer that the difference is added to, as they are called in its file and in the encoder.
PARTS: Mapping[str, str] = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attended": "attention.output.dense",
    "inner": "intermediate.dense",
    "outer": "output.dense",
}


class AdaptedTop:
    """Adapted layers with the head over them, beside an encoder whose lower layers they share. `first_layer`: the number of the first that is adapted; `shape`: of the head, numbers
    by width.
    """

    def __init__(self, encoder: Encoder, path: Path) -> None:
        """Load difference and head from `path` (reader.safetensors, with reader.json beside it). Raises ValueError, which says why, where they are none."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            parts = load_file(path)
            self.first_layer = int(json.loads(path.with_suffix(".json").read_text("utf-8"))["first_layer"])
            self._layers = _adapted(encoder, parts, self.first_layer)
            self._weights, self._bias = parts["head.weights"].float(), parts["head.bias"].float()
        except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
            raise ValueError(repr(error)) from error
        self.shape = tuple(self._weights.shape)

    def read(self, hidden: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Numbers (texts, those of the head) of what the layers below `first_layer` made of texts, as Encoder.run_on gives it."""
        for layer in self._layers:
            hidden = layer(hidden, mask)
        pooled = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
        return pooled @ self._weights.T + self._bias


def files_version(path: Path) -> str:
    """What a reader is known by, as a hash of its two files; what it read is kept under it. Raises OSError."""
    stamp = path.stat()
    return _version(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=4)
def _version(path: Path, modified_ns: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes() + path.with_suffix(".json").read_bytes()).hexdigest()[:16]


def _adapted(encoder: Encoder, difference: Mapping[str, torch.Tensor], first: int) -> list[torch.nn.Module]:
    """The encoder's layers from number `first` on, each with its difference added. Raises KeyError or RuntimeError where the difference is of another form."""
    import torch

    layers = [copy.deepcopy(layer) for layer in encoder.layers[first:]]
    with torch.no_grad():
        for number, layer in enumerate(layers, start=first):
            for short, name in PARTS.items():
                down, up = difference[f"{number}.{short}.down"].float(), difference[f"{number}.{short}.up"].float()
                layer.get_parameter(f"{name}.weight").add_(up @ down)
    return layers
