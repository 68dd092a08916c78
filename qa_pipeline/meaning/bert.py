"""The network of the text encoder: BERT (Devlin et al., 2018, arXiv 1810.04805), from token ids to one vector a token.

Comes in: a folder with config.json and model.safetensors, whose tensors bear the names that the transformers library gives them. That library would compute
the same numbers; to import it takes twice as long as torch itself, which everybody waited for who had one sentence encoded. Cutting texts into tokens and
what their vectors are used for is in encoder.py, which imports this module when it loads a model: torch is loaded with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

_LAYER = "encoder.layer.{}."


class Bert:
    """Embeddings and layers, ready to compute: without dropout, in single precision."""

    def __init__(self, folder: Path) -> None:
        """Read a model. Raises OSError, KeyError, ValueError, RuntimeError or SafetensorError when the folder holds another one."""
        config = json.loads((folder / "config.json").read_text("utf-8"))
        if (wanted := config["hidden_act"]) != "gelu":
            raise ValueError(f"hidden_act is {wanted}, wanted gelu")
        parts = load_file(folder / "model.safetensors")
        # Most of the file, of which a text needs a few rows: left there in its precision, and read where a token stands.
        self._words = parts["embeddings.word_embeddings.weight"]
        self._kind = parts["embeddings.token_type_embeddings.weight"][0].float()
        self._places = parts["embeddings.position_embeddings.weight"].float()
        self._norm, self._norm_bias = (parts[f"embeddings.LayerNorm.{name}"].float() for name in ("weight", "bias"))
        self._epsilon: float = config["layer_norm_eps"]
        self.layers = [_layer(config, parts, number) for number in range(config["num_hidden_layers"])]

    def embed(self, ids: Tensor) -> Tensor:
        """What the first layer is given for token ids, (texts, tokens): (texts, tokens, width)."""
        words = functional.embedding(ids, self._words).float()
        return functional.layer_norm(
            words + self._kind + self._places[: ids.shape[1]], self._kind.shape, self._norm, self._norm_bias, self._epsilon
        )


def _layer(config: dict[str, Any], parts: dict[str, Tensor], number: int) -> Layer:
    prefix = _LAYER.format(number)
    own = {name.removeprefix(prefix): tensor.float() for name, tensor in parts.items() if name.startswith(prefix)}
    # Without memory of its own until the file's numbers are put into it.
    with torch.device("meta"):
        layer = Layer(
            config["hidden_size"], config["intermediate_size"], heads=config["num_attention_heads"], epsilon=config["layer_norm_eps"]
        )
    layer.load_state_dict(own, assign=True)
    return layer.eval()


class Layer(nn.Module):
    """One layer. Its parts are called as in the file: `attention.self.query`, `intermediate.dense`."""

    def __init__(self, width: int, inner: int, *, heads: int, epsilon: float) -> None:
        super().__init__()
        self.attention = nn.ModuleDict({"self": _Attention(width, heads), "output": _Added(width, width, epsilon)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, inner)})
        self.output = _Added(inner, width, epsilon)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """The same tokens after this layer. `hidden`: (texts, tokens, width); `mask`: added to attention, (texts, 1, 1, tokens)."""
        hidden = self.attention["output"](self.attention["self"](hidden, mask), hidden)
        added: Tensor = self.output(functional.gelu(self.intermediate["dense"](hidden)), hidden)
        return added


class _Attention(nn.Module):
    """What each token takes from the others, by several heads side by side."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.query, self.key, self.value = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self._heads = heads

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(texts, tokens, width), of the same."""
        texts, tokens, width = hidden.shape
        query, key, value = (
            part(hidden).view(texts, tokens, self._heads, width // self._heads).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        taken = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return taken.transpose(1, 2).reshape(texts, tokens, width)


class _Added(nn.Module):
    """A linear part whose result is added to what was there before, and brought to one scale."""

    def __init__(self, inner: int, width: int, epsilon: float) -> None:
        super().__init__()
        self.dense = nn.Linear(inner, width)
        self.LayerNorm = nn.LayerNorm(width, eps=epsilon)

    def forward(self, numbers: Tensor, before: Tensor) -> Tensor:
        """(texts, tokens, width)."""
        normed: Tensor = self.LayerNorm(self.dense(numbers) + before)
        return normed
