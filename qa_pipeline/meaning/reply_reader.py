"""What an utterance says as a reply to a question, as a few numbers: read by the text encoder with its upper layers changed by a small trained difference.

Comes in: texts as recognised. Goes out: one row of numbers a text. They are stored beside sentence vectors, for replies are not known before roles are, and
scoring loads no model; the heads that make answers of them are in replies.py. Trained by models/replies/train.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qa_pipeline.errors import ModelError
from qa_pipeline.meaning.adapted import AdaptedTop, files_version
from qa_pipeline.meaning.encoder import WIDTH, Encoder
from qa_pipeline.meaning.replies import READ_WIDTH

if TYPE_CHECKING:
    import torch

    from qa_pipeline.settings import Settings


class ReplyReader:
    """The reader at work, beside an encoder whose lower layers it shares."""

    def __init__(self, encoder: Encoder, path: Path) -> None:
        """Load the difference at `path` (reader.safetensors, with reader.json beside it). Raises ModelError where it is none."""
        try:
            self._top = AdaptedTop(encoder, path)
        except ValueError as error:
            raise _no_reader(path, str(error)) from error
        if self._top.shape != (READ_WIDTH, WIDTH):
            raise _no_reader(path, f"its head is {self._top.shape}, wanted {(READ_WIDTH, WIDTH)}")
        self.first_layer = self._top.first_layer

    def judge(self, hidden: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Numbers (texts, 32) of what the layers below `first_layer` made of texts, as Encoder.run_on gives it."""
        return self._top.read(hidden, mask, weights)


def reply_reader_path(settings: Settings) -> Path:
    """Where the reader is."""
    return settings.manifests / "replies" / "reader.safetensors"


def reply_reader_version(path: Path) -> str:
    """What a reader is known by (adapted.py). Raises ModelError."""
    try:
        return files_version(path)
    except OSError as error:
        raise _no_reader(path, repr(error)) from error


def _no_reader(path: Path, why: str) -> ModelError:
    return ModelError(
        f"{path} is no reader of replies: {why}.",
        advice="Install the package anew; one of your own is written anew by models/replies/train.py.",
    )
