"""Match by meaning: a linear classifier per example list over sentence vectors, fitted ahead of scoring.

`like` examples against the list's `unlike` examples and the shared background. Scoring needs numpy only: fitted heads are kept in
`rubrics/heads.json` for the shipped lists and in the cache for others. Source of the method: logistic regression on frozen sentence embeddings
(the "linear probe"), as for sentiment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.rubric.canonical import HashesOf
from qa_pipeline.rubric.criteria import ForbiddenCriterion
from qa_pipeline.rubric.lists import ExampleList, Meaning
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.shared_keys import SearchingCriterion
from qa_pipeline.text.normalise import unit_count
from qa_pipeline.whole_file import write_whole

HEADS_NAME = "heads.json"
Encode = Callable[[Sequence[str]], NDArray[np.float32]]

# Inverse regularisation; chosen by cross-validation over the shipped lists (benchmarks/meaning.py prints it).
_C = 20.0
_DECIMALS = 4
# Shorter utterances (什么, so) mean too many things: phrases decide about them, and heads neither learn from nor judge them.
SHORTEST_UNITS = 3
_HEAD_KEYS, _BACKGROUNDS = HashesOf(), HashesOf()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """A fitted list. `weights`: (384,) float32; probability = 1 / (1 + exp(−(v·weights + bias)))."""

    list_id: str
    weights: NDArray[np.float32]
    bias: float

    def probability(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """vectors: (n, 384) → (n,) probability that each utterance has the list's meaning."""
        scores = np.clip(vectors @ self.weights + self.bias, -30, 30)
        result: NDArray[np.float32] = (1 / (1 + np.exp(-scores))).astype(np.float32)
        return result


Heads = Mapping[str, Head]


def head_key(examples: ExampleList, background: ExampleList, encoder_id: str) -> str:
    """What a fitted head depends on, as a hash. The order of languages and families is nothing to it: a version that was kept sorts them, and is judged by
    the head that judged then.
    """
    if known := _HEAD_KEYS.known(examples, background, encoder_id):
        return known
    text = "\n".join((encoder_id, f"{_C} {SHORTEST_UNITS}", _in_order(examples), _background(background)))
    return _HEAD_KEYS.keep(hashlib.sha256(text.encode()).hexdigest()[:32], examples, background, encoder_id)


def _in_order(examples: ExampleList) -> str:
    return json.dumps(json.loads(examples.model_dump_json(exclude={"about"})), sort_keys=True, ensure_ascii=False)


def _background(background: ExampleList) -> str:
    """One for all lists of all rubrics, so that its text is worth keeping."""
    return _BACKGROUNDS.known(background) or _BACKGROUNDS.keep(_in_order(background), background)


def meanings_of(rubric: Rubric) -> tuple[Meaning, ...]:
    """Every meaning a rubric or its situations match by."""
    meanings = [c.meaning for c in rubric.criteria if isinstance(c, SearchingCriterion) and c.meaning]
    if rubric.situations:
        meanings += [rule.meaning for name in type(rubric.situations).model_fields if (rule := getattr(rubric.situations, name)).meaning]
    return tuple(meanings)


def needs_vectors(rubric: Rubric) -> bool:
    """Whether anything of a rubric is judged by what utterances mean, so that their vectors are wanted."""
    return bool(meanings_of(rubric)) or any(isinstance(c, ForbiddenCriterion) and c.acts for c in rubric.criteria)


def load_heads(rubrics: Iterable[Rubric], *, encoder_id: str, stores: Sequence[Path]) -> tuple[dict[str, Head], tuple[ExampleList, ...]]:
    """Heads of the rubrics' lists by list id, and the lists no store has a head for. `stores`: heads.json files."""
    wanted = [
        (meaning.examples, rubric.background)
        for rubric in rubrics
        for meaning in meanings_of(rubric)
        if meaning.examples is not None and rubric.background is not None
    ]
    entries: dict[str, dict[str, object]] = {}
    for store in stores if wanted else ():
        entries.update(_read_store(store))
    heads: dict[str, Head] = {}
    missing: dict[str, ExampleList] = {}
    for examples, background in wanted:
        entry = entries.get(head_key(examples, background, encoder_id))
        if entry is None:
            missing[examples.id] = examples
        else:
            heads[examples.id] = _from_json(examples.id, entry)
    return heads, tuple(missing.values())


def heads_of_each(
    rubrics: Mapping[str, Rubric],
    *,
    encoder_id: str,
    stores: Sequence[Path],
    encode: Encode,
    keep: Path,
    on_fitting: Callable[[int], None] = lambda count: None,
) -> dict[str, Heads]:
    """The heads of each rubric on its own: two versions of a rubric may hold different examples under one list id.

    Lists that nobody has fitted yet are fitted with `encode` and kept in the store `keep`; `on_fitting` hears how many before that begins.
    """
    heads: dict[str, dict[str, Head]] = {}
    wanting: dict[str, tuple[ExampleList, ...]] = {}
    for name, rubric in rubrics.items():
        heads[name], missing = load_heads([rubric], encoder_id=encoder_id, stores=stores)
        if missing:
            wanting[name] = missing
    if wanting:
        on_fitting(
            len(
                {
                    head_key(examples, b, encoder_id)
                    for name, lists in wanting.items()
                    if (b := rubrics[name].background)
                    for examples in lists
                }
            )
        )
    for name in wanting:
        # An earlier rubric of this loop may have fitted it.
        fitted, missing = load_heads([rubrics[name]], encoder_id=encoder_id, stores=(*stores, keep))
        heads[name] |= fitted
        background = rubrics[name].background
        if missing and background:
            heads[name] |= fit_heads(missing, background, encoder_id=encoder_id, encode=encode, store=keep)
    return dict(heads)


def fit_heads(lists: Iterable[ExampleList], background: ExampleList, *, encoder_id: str, encode: Encode, store: Path) -> dict[str, Head]:
    """Fit heads for lists and add them to a store. Needs the text encoder."""
    heads: dict[str, Head] = {}
    entries = json.loads(store.read_text("utf-8")) if store.is_file() else {}
    rest = encode(_long_enough(background.unlikes()))
    for examples in lists:
        head = fit_head(examples.id, encode(_long_enough(examples.likes())), encode(_long_enough(examples.unlikes())), rest)
        heads[examples.id] = head
        entries[head_key(examples, background, encoder_id)] = _to_json(head)
    _write(store, entries)
    return heads


def _read_store(store: Path) -> Mapping[str, dict[str, object]]:
    if not store.is_file():
        return {}
    stamp = store.stat()
    return _stored(store, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=8)
def _stored(store: Path, modified_ns: int, size: int) -> Mapping[str, dict[str, object]]:
    """A store is read once as long as its file stays the same."""
    entries: dict[str, dict[str, object]] = json.loads(store.read_text("utf-8"))
    return entries


def _long_enough(texts: Iterable[str]) -> list[str]:
    """Texts that heads learn from, sorted: the same examples make the same head to the last digit, however their file is laid out."""
    return sorted(text for text in texts if unit_count(text) >= SHORTEST_UNITS)


def keep_used(rubrics: Iterable[Rubric], *, encoder_id: str, store: Path) -> None:
    """Take heads out of a store that no rubric needs any more."""
    used = {
        head_key(m.examples, rubric.background, encoder_id)
        for rubric in rubrics
        for m in meanings_of(rubric)
        if m.examples and rubric.background
    }
    entries = json.loads(store.read_text("utf-8")) if store.is_file() else {}
    _write(store, {key: entry for key, entry in entries.items() if key in used})


def _write(store: Path, entries: Mapping[str, object]) -> None:
    # One head a line, so that a change of one list is a change of one line.
    lines = ",\n".join(f"{json.dumps(key)}:{json.dumps(entries[key], separators=(',', ':'))}" for key in sorted(entries))
    write_whole(store, "{\n" + lines + "\n}\n")


def fit_head(list_id: str, like: NDArray[np.float32], unlike: NDArray[np.float32], background: NDArray[np.float32]) -> Head:
    """Fit one head. Arrays are (n, 384). Raises EnvironmentNotReady when there is nothing to tell apart."""
    from sklearn.linear_model import LogisticRegression

    if not len(like) or not len(unlike) + len(background):
        raise EnvironmentNotReady(f"List {list_id} needs examples under `like` and `unlike`.", advice="Add some.")
    vectors = np.concatenate([like, unlike, background])
    labels = np.concatenate([np.ones(len(like)), np.zeros(len(unlike) + len(background))])
    model = LogisticRegression(C=_C, class_weight="balanced", max_iter=2000, tol=1e-6).fit(vectors, labels)
    return Head(
        list_id=list_id, weights=np.round(model.coef_[0], _DECIMALS).astype(np.float32), bias=round(float(model.intercept_[0]), _DECIMALS)
    )


def _to_json(head: Head) -> dict[str, object]:
    return {"list": head.list_id, "bias": head.bias, "weights": [round(float(w), _DECIMALS) for w in head.weights]}


def _from_json(list_id: str, entry: Mapping[str, object]) -> Head:
    weights = np.array(entry["weights"], dtype=np.float32)
    return Head(list_id=list_id, weights=weights, bias=float(str(entry["bias"])))
