"""What is stored of the meaning of an utterance: its sentence vector, the log-odds of acts, and what it says as a reply; all in one pass of the encoder.

Comes in: texts as recognised. Goes out: one row of 423 numbers a text: 384 of the encoder (encoder.py), 7 of acts (acts.py), 32 of the reader of replies
(reply_reader.py). The readers have upper layers of their own, so that the lower ones are worked out once for all three.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa_pipeline.meaning.acts import ACTS, ACTS_END, ActReader, pieces_of, reader_path, reader_version
from qa_pipeline.meaning.encoder import WIDTH, Encoder
from qa_pipeline.meaning.replies import READ_WIDTH
from qa_pipeline.meaning.reply_reader import ReplyReader, reply_reader_path, reply_reader_version

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from qa_pipeline.settings import Settings

MEANING_WIDTH = ACTS_END + READ_WIDTH


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBy:
    """Which readers read what lies beside the vectors of a conversation; None where none did."""

    acts: str | None
    replies: str | None


def read_by(settings: Settings) -> ReadBy:
    """The readers that are there now. Raises ModelError where one is missing."""
    return ReadBy(acts=reader_version(reader_path(settings)), replies=reply_reader_version(reply_reader_path(settings)))


class MeaningReader:
    """Encoder and readers at work."""

    def __init__(self, encoder: Encoder, settings: Settings) -> None:
        """Load the readers beside an encoder. Raises ModelError."""
        self._encoder = encoder
        self._acts = ActReader(encoder, reader_path(settings))
        self._replies = ReplyReader(encoder, reply_reader_path(settings))

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vector, acts and reply of each text: (n, 423)."""
        acts, replies = self._acts, self._replies
        first = min(acts.first_layer, replies.first_layer)

        def judge(hidden: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
            import torch

            read: dict[ActReader | ReplyReader, torch.Tensor] = {}
            for number, layer in enumerate(self._encoder.layers[first:], start=first):
                read |= {reader: reader.judge(hidden, mask, weights) for reader in (acts, replies) if reader.first_layer == number}
                hidden = layer(hidden, mask)
            pooled = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
            return torch.cat([torch.nn.functional.normalize(pooled, dim=-1), read[acts], read[replies]], dim=1)

        found = self._encoder.run_on(texts, upto=first, then=judge, width=MEANING_WIDTH)
        long = [number for number, text in enumerate(texts) if len(pieces_of(text)) > 1]
        if long:
            found[long, WIDTH : WIDTH + len(ACTS)] = acts.read([texts[number] for number in long])
        return found
