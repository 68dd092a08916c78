"""What a reply to a question means: how satisfied somebody is, or whether it is a convenient time, from numbers that are stored with the call.

The heads are data (models/replies, with what they were trained on beside them), run without a model. Of a call whose utterances the reader of replies has read
(reply_reader.py), they read what it made of each utterance of the reply, with the sentence vector of the question; of one that was heard before there was
such a reader, the sentence vectors of the reply alone. What a bare yes or no makes of a question is read elsewhere, by words (scoring/answers.py); this is
evidence beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa_pipeline.errors import ModelError
from qa_pipeline.meaning.encoder import WIDTH
from qa_pipeline.meaning.network import lead_from, read_layers, run_layers, shares_of
from qa_pipeline.packaged import packaged_folder

if TYPE_CHECKING:
    from qa_pipeline.meaning.network import Layers

SATISFACTION, CONVENIENCE = "satisfaction", "convenience"
CLASSES: Mapping[str, tuple[str, ...]] = {
    SATISFACTION: ("average", "dissatisfied", "satisfied", "unclear"),
    CONVENIENCE: ("neither", "unwilling", "willing"),
}
# What the reader of replies makes of an utterance.
READ_WIDTH = 32
# A reply's first and last utterance, the middle of all, and the most of each number.
_POOLS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReplyHead:
    """A small network from the 384 numbers of a reply to the shares of `classes`."""

    classes: tuple[str, ...]
    layers: Layers

    def shares(self, vectors: Iterable[Any]) -> dict[str, float]:
        """How probable each class is for a reply said in one or more utterances, whose vectors (384 numbers each; more behind them are not of it) are taken together."""
        import numpy as np

        # The middle of several directions is shorter than they are; what the head was trained on has length 1.
        middle = np.mean([np.asarray(vector, np.float32)[:WIDTH] for vector in vectors], axis=0)
        shares = shares_of(run_layers(self.layers, (middle / max(float(np.linalg.norm(middle)), 1e-9))[None]))
        return dict(zip(self.classes, shares[0].tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadReplyHead:
    """A small network from what the reader made of a reply, and from its question, to the shares of `classes`. `question`: what makes few numbers of the
    question's 384.
    """

    classes: tuple[str, ...]
    question: Layers
    layers: Layers

    def shares(self, read: Sequence[Any], question: Any) -> dict[str, float]:
        """How probable each class is. `read`: 32 numbers of each utterance of the reply, in order; `question`: the sentence vector of what was asked."""
        import numpy as np

        rows = np.asarray(read, np.float32)
        asked = run_layers(self.question, np.asarray(question, np.float32)[None, :WIDTH]).clip(min=0)[0]
        known = np.concatenate([rows[0], rows[-1], rows.mean(axis=0), rows.max(axis=0), asked])
        shares = shares_of(run_layers(self.layers, known[None]))
        return dict(zip(self.classes, shares[0].tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadReplyHeads:
    """Heads over what one reader has read. `reader`: its version; `moment`: what tells questions for a convenient time from others, which the head for
    convenience knows nothing of."""

    reader: str
    moment: Layers
    heads: Mapping[str, ReadReplyHead]

    def reads(self, name: str, question: Any) -> bool:
        """Whether a head is for replies to a question, by its sentence vector."""
        import numpy as np

        return name != CONVENIENCE or bool(run_layers(self.moment, np.asarray(question, np.float32)[None, :WIDTH])[0, 0] > 0)


def head_path() -> Path:
    """Where the heads over sentence vectors lie."""
    return packaged_folder("models") / "replies" / "head.json"


def read_head_path() -> Path:
    """Where the heads over what the reader of replies has read lie."""
    return packaged_folder("models") / "replies" / "reader_heads.json"


@cache
def shipped_heads() -> Mapping[str, ReplyHead]:
    """The shipped heads over sentence vectors, by what they read. Raises ModelError when they are not there or of another form."""
    return load_heads(head_path())


@cache
def shipped_read_heads() -> ReadReplyHeads:
    """The shipped heads over what the reader of replies has read. Raises ModelError when they are not there or of another form."""
    return load_read_heads(read_head_path())


def load_heads(path: Path) -> dict[str, ReplyHead]:
    """Read head.json as models/replies/train.py writes it. Raises ModelError when it is not there or of another form."""
    try:
        written = json.loads(path.read_text("utf-8"))["heads"]
        heads = {name: ReplyHead(classes=tuple(one["classes"]), layers=read_layers(one["layers"])) for name, one in written.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_heads(path, repr(error)) from error
    if {name: head.classes for name, head in heads.items()} != CLASSES or not all(
        lead_from(head.layers, WIDTH, len(head.classes)) for head in heads.values()
    ):
        raise _no_heads(path, "its classes or widths are others")
    return heads


def load_read_heads(path: Path) -> ReadReplyHeads:
    """Read reader_heads.json as models/replies/train.py writes it. Raises ModelError when it is not there or of another form."""
    try:
        written = json.loads(path.read_text("utf-8"))
        heads = {
            name: ReadReplyHead(classes=tuple(one["classes"]), question=read_layers(one["question"]), layers=read_layers(one["layers"]))
            for name, one in written["heads"].items()
        }
        reader, moment = str(written["reader"]), read_layers(written["moment"])
        asked = {name: len(head.question[0][1]) for name, head in heads.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise _no_heads(path, repr(error)) from error
    if {name: head.classes for name, head in heads.items()} != CLASSES or not all(
        lead_from(head.question, WIDTH, asked[name]) and lead_from(head.layers, _POOLS * READ_WIDTH + asked[name], len(head.classes))
        for name, head in heads.items()
    ):
        raise _no_heads(path, "its classes or widths are others")
    if not lead_from(moment, WIDTH, 1):
        raise _no_heads(path, "what knows its questions is of other widths")
    return ReadReplyHeads(reader=reader, moment=moment, heads=heads)


def _no_heads(path: Path, why: str) -> ModelError:
    return ModelError(
        f"{path} holds no heads of replies: {why}.",
        advice="Install the package anew; one of your own is written anew by models/replies/train.py.",
    )
