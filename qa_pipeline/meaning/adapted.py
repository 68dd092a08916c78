"""The encoder's upper layers a second time, with a small trained difference added to their weights: what readers trained for one task are made of.

Comes in: a loaded encoder and the difference as two thin matrices a part (low rank: Hu et al., 2021, arXiv 2106.09685). Goes out: layers. Which reader has
which head is in acts.py and reply_reader.py; how a difference is trained in models/adapting.py.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
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


def adapted_layers(encoder: Encoder, difference: Mapping[str, torch.Tensor], first: int) -> list[torch.nn.Module]:
    """The encoder's layers from number `first` on, each with its difference added. Raises KeyError or RuntimeError where the difference is of another form."""
    import torch

    layers = [copy.deepcopy(layer) for layer in encoder.layers[first:]]
    with torch.no_grad():
        for number, layer in enumerate(layers, start=first):
            for short, name in PARTS.items():
                down, up = difference[f"{number}.{short}.down"].float(), difference[f"{number}.{short}.up"].float()
                layer.get_parameter(f"{name}.weight").add_(up @ down)
    return layers
