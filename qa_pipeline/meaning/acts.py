"""What an agent does by saying something that must not be said: passing the buck, scolding, begging for marks and the like, as log-odds a text.

Comes in: texts as recognised. Goes out: one row of log-odds a text, a column an act, against saying something ordinary. The reader is the text encoder
with its upper layers changed by a small trained difference (low rank, added to the weights when it is loaded) and a linear head; the lower layers are
the encoder's own. Trained by models/forbidden/train.py. What the numbers are used for is in scoring/forbidden.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from qa_pipeline.errors import ModelError
from qa_pipeline.meaning.adapted import AdaptedTop, files_version
from qa_pipeline.meaning.encoder import WIDTH, Encoder
from qa_pipeline.text.normalise import unit_count
from qa_pipeline.text.sentences import sentences

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from qa_pipeline.settings import Settings

Act = Literal["passing_the_buck", "scolding", "arrogance_impatience", "score_begging", "pretext", "prize", "cure"]
ACTS: tuple[Act, ...] = get_args(Act)
# A sentence vector with its acts beside it; conversations hold more behind them where replies were read (replies.py).
ACTS_END = WIDTH + len(ACTS)
# Texts of more units are judged sentence by sentence: what is said in one of ten sentences is lost in the mean of all.
WHOLE_UNITS = 40
# Kept in half precision and compared: beyond this one is as sure as another.
_LIMIT = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Strictness:
    """How log-odds became verdicts when the reader was measured on allowed utterances that it had not seen.

    `sure`: from there on an utterance is taken for the act; `suspects`: (how many of 1,000 agents' utterances of which nothing is wrong are at or above,
    the log-odds), from the fewest on. `version`: of the reader that this was measured with.
    """

    version: str
    sure: float
    suspects: tuple[tuple[float, float], ...]

    def suspected_from(self, per_1000: float) -> float:
        """The log-odds at which that many of 1,000 ordinary utterances are suspected; between two measured counts by their logarithms."""
        counts = [count for count, _ in self.suspects]
        if per_1000 <= counts[0]:
            return self.suspects[0][1]
        for (count, odds), (next_count, next_odds) in pairwise(self.suspects):
            if per_1000 <= next_count:
                share = log(per_1000 / count) / log(next_count / count)
                return odds + share * (next_odds - odds)
        return self.suspects[-1][1]


class ActReader:
    """The reader at work, beside an encoder whose lower layers it shares."""

    def __init__(self, encoder: Encoder, path: Path) -> None:
        """Load the difference at `path` (reader.safetensors, with reader.json beside it). Raises ModelError where it is none."""
        _told(path)
        try:
            self._top = AdaptedTop(encoder, path)
        except ValueError as error:
            raise _no_reader(path, str(error)) from error
        if self._top.shape != (len(ACTS) + 1, WIDTH):
            raise _no_reader(path, f"its head is {self._top.shape}, wanted {(len(ACTS) + 1, WIDTH)}")
        self._encoder, self.first_layer = encoder, self._top.first_layer

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Log-odds of each act against ordinary speech: (n, 7) float32, in the order of ACTS, within ±20.

        Of a long text the sentence counts that is most of an act, for each act on its own.
        """
        import numpy as np

        pieces = [pieces_of(text) for text in texts]
        distinct = list(dict.fromkeys(piece for own in pieces for piece in own))
        place = {piece: number for number, piece in enumerate(distinct)}
        odds = self._odds(distinct)
        read = np.zeros((len(texts), len(ACTS)), np.float32)
        for number, own in enumerate(pieces):
            read[number] = odds[[place[piece] for piece in own]].max(axis=0)
        return read

    def _odds(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._encoder.run_on(texts, upto=self.first_layer, then=self.judge, width=len(ACTS))

    def judge(self, hidden: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Log-odds (texts, 7) of what the layers below `first_layer` made of texts, as Encoder.run_on gives it."""
        logits = self._top.read(hidden, mask, weights)
        return (logits[:, 1:] - logits[:, :1]).clamp(-_LIMIT, _LIMIT)


def reader_path(settings: Settings) -> Path:
    """Where the reader is."""
    return settings.manifests / "forbidden" / "reader.safetensors"


def pieces_of(text: str) -> tuple[str, ...]:
    """The parts of a text that are judged on their own: itself, or the sentences of a long one."""
    if unit_count(text) <= WHOLE_UNITS:
        return (text,)
    return sentences(text) or (text,)


def probability(odds: float) -> float:
    """Chance of log-odds."""
    return 1 / (1 + exp(-odds))


def reader_version(path: Path) -> str:
    """What a reader is known by (adapted.py). Raises ModelError."""
    try:
        return files_version(path)
    except OSError as error:
        raise _no_reader(path, repr(error)) from error


def load_strictness(path: Path) -> Strictness:
    """How strict the reader at `path` is. Raises ModelError."""
    told = _told(path)
    try:
        suspects = tuple((float(count), float(odds)) for count, odds in told["suspects"])
        return Strictness(version=reader_version(path), sure=float(told["sure"]), suspects=suspects)
    except (KeyError, ValueError, TypeError) as error:
        raise _no_reader(path, repr(error)) from error


def _told(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _no_reader(path, repr(error)) from error
    if told.get("acts") != list(ACTS):
        raise _no_reader(path, f"it tells {', '.join(map(str, told.get('acts', ())))}; wanted {', '.join(ACTS)}")
    return told


def _no_reader(path: Path, why: str) -> ModelError:
    return ModelError(
        f"{path} is no reader of acts: {why}.",
        advice="Install the package anew; one of your own is written anew by models/forbidden/train.py.",
    )
