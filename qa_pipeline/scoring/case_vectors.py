"""Sentence vectors of case dialogues and of list examples, kept by text: cases with meanings run in milliseconds and without a model, and after a
change of a list only what is new in it is encoded.

A store is one .npz of two arrays: `keys` (n bytes strings) and `vectors` (n, 423) float16: the
sentence vector, with acts and replies beside it. The shipped one of the cases lies beside the rubrics; other
texts are added to stores in the cache.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.meaning.encoder import WIDTH
from qa_pipeline.whole_file import replacing

VECTORS_NAME = "case_vectors.npz"
EXAMPLES_NAME = "example_vectors.npz"
Encode = Callable[[Sequence[str]], NDArray[np.float32]]


class CaseVectors:
    """Vectors by text, read from stores and completed by an encoder when asked for texts nobody has encoded yet."""

    def __init__(self, stores: Sequence[Path], *, encoder_id: str, encode: Encode | None, keep: Path | None) -> None:
        self._encoder_id, self._encode, self._keep = encoder_id, encode, keep
        self._stores = tuple(stores)

    @cached_property
    def _known(self) -> dict[bytes, NDArray[np.float16]]:
        """What the stores hold, read when first needed."""
        return {key: vector for store in self._stores for key, vector in _read(store).items()}

    def learn(self, texts: Iterable[str]) -> None:
        """Encode what is not known yet, all at once, and keep it."""
        missing = [text for text in dict.fromkeys(texts) if self._key(text) not in self._known]
        if not missing or self._encode is None:
            return
        for text, vector in zip(missing, self._encode(missing), strict=True):
            self._known[self._key(text)] = np.asarray(vector, dtype=np.float16)
        if self._keep is not None:
            made = {self._key(text): self._known[self._key(text)] for text in missing}
            width = len(next(iter(made.values())))
            # A store of before may hold another encoder's vectors, of another width: nobody asks for them any more.
            _write(self._keep, {**{key: kept for key, kept in _read(self._keep).items() if len(kept) == width}, **made})

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts: (n, 423), or as wide as their encoder makes them. Raises KeyError for one that is neither known nor can be encoded."""
        self.learn(texts)
        if not texts:
            return np.zeros((0, WIDTH), np.float32)
        return np.array([self._known[self._key(text)] for text in texts], dtype=np.float32)

    def save(self, texts: Iterable[str], path: Path) -> int:
        """Write a store of exactly these texts. Returns how many it holds."""
        wanted = list(dict.fromkeys(texts))
        self.learn(wanted)
        _write(path, {self._key(text): self._known[self._key(text)] for text in wanted})
        return len(wanted)

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._encoder_id}\n{text}".encode()).hexdigest()[:24].encode()


def example_vectors(cache: Path, *, encoder_id: str, encode: Encode) -> CaseVectors:
    """Vectors of list examples, kept in the cache."""
    store = cache / EXAMPLES_NAME
    return CaseVectors((store,), encoder_id=encoder_id, encode=encode, keep=store)


def _read(path: Path) -> dict[bytes, NDArray[np.float16]]:
    if not path.is_file():
        return {}
    with np.load(path) as found:
        return dict(zip(found["keys"].tolist(), found["vectors"], strict=True))


def _write(path: Path, known: dict[bytes, NDArray[np.float16]]) -> None:
    ordered = sorted(known)
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, keys=np.array(ordered), vectors=np.array([known[key] for key in ordered], dtype=np.float16))
