"""What an utterance says as a reply to a question, as a few numbers: read by the text encoder with its upper layers changed by a small trained difference.

Comes in: texts as recognised. Goes out: one row of numbers a text. They are stored beside sentence vectors, for replies are not known before roles are, and
scoring loads no model; the heads that make answers of them are in replies.py. Trained by models/replies/train.py.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from qa_pipeline.errors import ModelError
from qa_pipeline.meaning.encoder import WIDTH, Encoder
from qa_pipeline.meaning.replies import READ_WIDTH

if TYPE_CHECKING:
    import torch

    from qa_pipeline.settings import Settings


class ReplyReader:
    """The reader at work, beside an encoder whose lower layers it shares."""

    def __init__(self, encoder: Encoder, path: Path) -> None:
        """Load the difference at `path` (reader.safetensors, with reader.json beside it). Raises ModelError where it is none."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from qa_pipeline.meaning.adapted import adapted_layers

        try:
            parts = load_file(path)
            self.first_layer = int(json.loads(path.with_suffix(".json").read_text("utf-8"))["first_layer"])
            self._layers = adapted_layers(encoder, parts, self.first_layer)
            self._weights, self._bias = parts["head.weights"].float(), parts["head.bias"].float()
        except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
            raise _no_reader(path, repr(error)) from error
        if tuple(self._weights.shape) != (READ_WIDTH, WIDTH):
            raise _no_reader(path, f"its head is {tuple(self._weights.shape)}, wanted {(READ_WIDTH, WIDTH)}")

    def judge(self, hidden: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Numbers (texts, 32) of what the layers below `first_layer` made of texts, as Encoder.run_on gives it."""
        for layer in self._layers:
            hidden = layer(hidden, mask)
        pooled = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
        return pooled @ self._weights.T + self._bias


def reply_reader_path(settings: Settings) -> Path:
    """Where the reader is."""
    return settings.manifests / "replies" / "reader.safetensors"


def reply_reader_version(path: Path) -> str:
    """What a reader is known by, as a hash of its two files; what it read is kept under it."""
    try:
        stamp = path.stat()
    except OSError as error:
        raise _no_reader(path, repr(error)) from error
    return _version(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=4)
def _version(path: Path, modified_ns: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes() + path.with_suffix(".json").read_bytes()).hexdigest()[:16]


def _no_reader(path: Path, why: str) -> ModelError:
    return ModelError(f"{path} is no reader of replies: {why}.", advice="Write it anew with models/replies/train.py.")
