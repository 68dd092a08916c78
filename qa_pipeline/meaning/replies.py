"""What a reply to a question means: how satisfied somebody is, or whether it is a convenient time, from the sentence vectors of what was said.

The heads are data (models/replies/head.json, with what they were trained on beside it). What a bare yes or no makes of a question is read elsewhere, by words
(scoring/answers.py); this is evidence beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReplyHead:
    """A small network from the 384 numbers of a reply to the shares of `classes`."""

    classes: tuple[str, ...]
    layers: Layers

    def shares(self, vectors: Iterable[Any]) -> dict[str, float]:
        """How probable each class is for a reply said in one or more utterances, whose vectors (384 numbers each; more behind them are of acts) are taken together."""
        import numpy as np

        # The middle of several directions is shorter than they are; what the head was trained on has length 1.
        middle = np.mean([np.asarray(vector, np.float32)[:WIDTH] for vector in vectors], axis=0)
        shares = shares_of(run_layers(self.layers, (middle / max(float(np.linalg.norm(middle)), 1e-9))[None]))
        return dict(zip(self.classes, shares[0].tolist(), strict=True))


def head_path() -> Path:
    """Where the shipped heads lie."""
    return packaged_folder("models") / "replies" / "head.json"


@cache
def shipped_heads() -> Mapping[str, ReplyHead]:
    """The heads that are shipped, by what they read. Raises ModelError when they are not there or of another form."""
    return load_heads(head_path())


def load_heads(path: Path) -> dict[str, ReplyHead]:
    """Read head.json as models/replies/train.py writes it. Raises ModelError when it is not there or of another form."""
    try:
        written = json.loads(path.read_text("utf-8"))["heads"]
        heads = {name: ReplyHead(classes=tuple(one["classes"]), layers=read_layers(one["layers"])) for name, one in written.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} holds no heads of replies: {error!r}.", advice="Write it anew with models/replies/train.py.") from error
    if {name: head.classes for name, head in heads.items()} != CLASSES or not all(
        lead_from(head.layers, WIDTH, len(head.classes)) for head in heads.values()
    ):
        raise ModelError(f"{path} holds heads of other classes or widths.", advice="Write it anew with models/replies/train.py.")
    return heads
