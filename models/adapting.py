"""Train the encoder's upper layers anew by a difference of low rank, as the readers of acts and of replies are: what their training scripts share.

The lower layers stay: what they make of each text is worked out once (`lower`). How a difference is used is in qa_pipeline/meaning/adapted.py.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from qa_pipeline.meaning.adapted import PARTS
from qa_pipeline.meaning.encoder import WIDTH, Encoder

FIRST_LAYER = 6
RANK = 16
MOST_TOKENS = 96


class Adapted(nn.Module):
    """A linear part with a trained difference of low rank."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Parameter(torch.randn(rank, base.in_features) / rank**0.5 * 0.2)
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, numbers: Tensor) -> Tensor:
        """The part's result, and the difference."""
        return nn.functional.linear(numbers, self.base.weight + self.up @ self.down, self.base.bias)


class Top(nn.Module):
    """Adapted upper layers; from what the lower ones made of texts to a centred vector of each."""

    def __init__(self, layers: Sequence[nn.Module], rank: int = RANK) -> None:
        super().__init__()
        self.layers = nn.ModuleList(copy.deepcopy(layer) for layer in layers)
        for parameter in self.layers.parameters():
            parameter.requires_grad_(False)
        for layer in self.layers:
            for name in PARTS.values():
                holder, _, own = name.rpartition(".")
                setattr(layer.get_submodule(holder), own, Adapted(layer.get_submodule(name), rank))
        self.mean, self.spread = torch.zeros(WIDTH), torch.ones(())

    @property
    def difference(self) -> list[nn.Parameter]:
        """What is trained of the layers."""
        return [parameter for parameter in self.layers.parameters() if parameter.requires_grad]

    def centre(self, hidden: Sequence[Tensor], batch: int) -> None:
        """Learn where vectors lie before anything is trained: texts differ little from their mean, and a head that sees only that learns slowly."""
        self.eval()
        with torch.inference_mode():
            vectors = torch.cat([self(hidden[start : start + batch]) for start in range(0, len(hidden), batch)])
        self.mean, self.spread = vectors.mean(0).clone(), vectors.std(0).mean().clone()

    def forward(self, hidden: Sequence[Tensor]) -> Tensor:
        """Centred vectors (texts, 384) of what the lower layers made of each text, (tokens, 384)."""
        lengths = torch.tensor([len(own) for own in hidden])
        longest = int(lengths.max())
        numbers = torch.zeros(len(hidden), longest, WIDTH)
        for place, own in enumerate(hidden):
            numbers[place, : len(own)] = own.float()
        is_token = torch.arange(longest)[None, :] < lengths[:, None]
        mask = torch.zeros(len(hidden), 1, 1, longest).masked_fill(~is_token[:, None, None, :], torch.finfo(torch.float32).min)
        # Attention written out: the fused kernel takes most of a step for texts as short as these, nearly all of it going backwards.
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.training), sdpa_kernel(SDPBackend.MATH):
            for layer in self.layers:
                numbers = layer(numbers, mask)
        pooled = (numbers.float() * is_token[..., None]).sum(1) / is_token.sum(1, keepdim=True)
        vectors: Tensor = (pooled - self.mean) / self.spread
        return vectors

    def tensors(self) -> dict[str, Tensor]:
        """The difference, as its file holds it."""
        found: dict[str, Tensor] = {}
        for name, part in self.parts():
            found[f"{name}.down"] = part.down.detach().half().contiguous()
            found[f"{name}.up"] = part.up.detach().half().contiguous()
        return found

    def parts(self) -> Iterator[tuple[str, Adapted]]:
        """What is adapted of the layers, as the difference's file calls it."""
        for number, layer in enumerate(self.layers, start=FIRST_LAYER):
            for short, name in PARTS.items():
                part = layer.get_submodule(name)
                if isinstance(part, Adapted):
                    yield f"{number}.{short}", part


def lower(encoder: Encoder, texts: Sequence[str]) -> list[Tensor]:
    """What the encoder's lower layers make of each text: (tokens, 384) in half precision."""
    found: list[Tensor] = []

    def keep(hidden: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
        first = len(found)
        lengths = weights.sum(dim=(1, 2)).int().tolist()
        found.extend(own[: min(length, MOST_TOKENS)].bfloat16().clone() for own, length in zip(hidden, lengths, strict=True))
        return torch.arange(first, len(found)).unsqueeze(-1)

    with torch.autocast("cpu", dtype=torch.bfloat16):
        places = encoder.run_on(texts, upto=FIRST_LAYER, then=keep, width=1)
    return [found[int(place)] for place in places[:, 0]]


def batches(lengths: Sequence[int], size: int, rng: random.Random) -> list[list[int]]:
    """Numbers of things in batches of like length, in any order; a small rest is left out."""
    order = list(range(len(lengths)))
    rng.shuffle(order)
    found = []
    for start in range(0, len(order), size * 16):
        part = sorted(order[start : start + size * 16], key=lambda i: lengths[i])
        found += [part[i : i + size] for i in range(0, len(part), size)]
    rng.shuffle(found)
    return [batch for batch in found if len(batch) >= size // 4]
