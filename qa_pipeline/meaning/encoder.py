"""Sentences to vectors of meaning: multilingual-e5-small, one encoder for all four languages.

Comes in: texts as recognised, Chinese best in simplified characters. Goes out: one unit vector of 384 a text; their dot product is the cosine
similarity. Fetching the weights is in speech/models.py, what vectors are used for in meaning/sentiment.py, conversation/role_head.py and
the rubric's `match: meaning`.

Converting to simplified characters is the caller's. Little is lost without it: sentiment of 85 Chinese sentences has macro-F1 0.89 in
simplified and 0.88 in traditional characters (models/sentiment/README.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qa_pipeline.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

WIDTH = 384
# e5 was trained with a prefix on every text; "query: " is the one for symmetric tasks (model card of intfloat/multilingual-e5-small).
_PREFIX = "query: "
_MOST_TOKENS = 512
_BATCH = 32
_PAD = 1


class Encoder:
    """The loaded encoder. One per process: about 0.3 GB, half of it a file that processes share."""

    def __init__(self, folder: Path, *, threads: int) -> None:
        """Load the model assembled in `folder` (see speech/models.py). `threads` is torch's count for the whole process.

        Raises ModelError when the folder does not hold it.
        """
        # Before what takes seconds to import.
        for name in ("tokenizer.json", "config.json", "model.safetensors"):
            if not (folder / name).is_file():
                raise ModelError(f"The text encoder lacks {name} in {folder}.", advice="Run `qa-pipeline models pull`.")
        import torch
        from safetensors import SafetensorError
        from tokenizers import Tokenizer

        from qa_pipeline.meaning.bert import Bert

        torch.set_num_threads(threads)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        try:
            self._model = Bert(folder)
        except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
            raise ModelError(f"{folder} holds no text encoder: {error!r}.", advice="Run `qa-pipeline models pull` again.") from error

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of `texts`: (n, 384) float32 with L2 norm 1, (0, 384) for no texts; mean of the last layer over tokens.

        A vector depends on its neighbours in the batch by less than 1e-5. Texts beyond 512 tokens are read up to there.
        """
        import torch

        def pool(hidden: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.normalize((hidden * weights).sum(dim=1) / weights.sum(dim=1), dim=-1)

        return self.run_on(texts, upto=len(self.layers), then=pool, width=WIDTH)

    @property
    def layers(self) -> Sequence[torch.nn.Module]:
        """The transformer's layers from the lowest to the highest."""
        return self._model.layers

    def run_on(
        self,
        texts: Sequence[str],
        *,
        upto: int,
        then: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor],
        width: int,
    ) -> NDArray[np.float32]:
        """What `then` makes of what the lowest `upto` layers give: (n, `width`) float32.

        `then` gets, for some texts at a time, (texts, tokens, 384), what to add to attention (−∞ where there is no token), and which tokens there are as
        (texts, tokens, 1) of ones and zeros; it gives (texts, `width`).
        """
        import numpy as np
        import torch

        tokens = [row.ids for row in self._tokenizer.encode_batch([_PREFIX + text for text in texts])]
        found = np.zeros((len(tokens), width), np.float32)
        # Neighbours of like length leave little padding to compute.
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            longest = max(len(tokens[i]) for i in chosen)
            ids = torch.tensor([tokens[i] + [_PAD] * (longest - len(tokens[i])) for i in chosen])
            weights = torch.tensor([[1.0] * len(tokens[i]) + [0.0] * (longest - len(tokens[i])) for i in chosen]).unsqueeze(-1)
            mask = (1 - weights).masked_fill(weights == 0, torch.finfo(torch.float32).min)[:, None, None, :, 0]
            with torch.inference_mode():
                hidden = self._model.embed(ids)
                for layer in self.layers[:upto]:
                    hidden = layer(hidden, mask)
                found[chosen] = then(hidden, mask, weights).numpy()
        return found
