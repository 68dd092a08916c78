"""What the training scripts share: reading the sentences, mishearing them, vectors, figures, writing. Networks are fitted in networks.py.

Run from the checkout (`python -m models.sentiment.train`); the encoder must have been pulled. Nothing here runs with the product.
"""

from __future__ import annotations

import csv
import hashlib
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.languages.load import is_han, language_codes
from qa_pipeline.meaning.encoder import Encoder
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.models import Manifest, choose_manifest, model_folder

if TYPE_CHECKING:
    from qa_pipeline.meaning.network import Layers

NOISE = 0.1
COPIES = 1
FOLDS = 5
LANGUAGES = language_codes()

_PUNCTUATION = "，。？！、,.?!"
_SOUNDS_LIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h"), ("r", "l"), ("ang", "an"), ("eng", "en"), ("ing", "in"))
_FOLDED = str.maketrans("ąćęłńóśźżåäöéü", "acelnoszzaaoeu")

Rows = list[dict[str, str]]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Vectors of sentences and of misheard copies. `group`: the sentence a row comes from; `is_copy`: misheard."""

    vectors: Vectors
    labels: NDArray[np.str_]
    languages: NDArray[np.str_]
    group: NDArray[np.int64]
    is_copy: NDArray[np.bool_]


def read_rows(path: Path) -> Rows:
    """Rows of a tab-separated file with a heading line."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def encoder_manifest() -> Manifest:
    """The manifest of the encoder in use."""
    return choose_manifest(load_settings(), "encoder")


def manifest_sha256(manifest: Manifest) -> str:
    """SHA-256 of a manifest's content; a head belongs to one."""
    return hashlib.sha256(manifest.model_dump_json().encode()).hexdigest()


def load_encoder(threads: int = 1) -> Encoder:
    """The pulled encoder."""
    return Encoder(model_folder(encoder_manifest(), load_settings()), threads=threads)


def sample_of(rows: Rows, column: str, encoder: Encoder, *, copies: int = COPIES, rate: float = NOISE) -> Sample:
    """Vectors of each row's text, followed by `copies` of it with `rate` of the syllables or words misheard."""
    texts, chosen, is_copy = [], [], []
    for number, row in enumerate(rows):
        heard = [misheard(row["text"], row["language"], rate=rate, seed=copy) for copy in range(copies)]
        texts += [row["text"], *heard]
        chosen += [number] * (1 + copies)
        is_copy += [False] + [True] * copies
    return Sample(
        vectors=encoder.encode(texts),
        labels=np.asarray([rows[number][column] for number in chosen]),
        languages=np.asarray([rows[number]["language"] for number in chosen]),
        group=np.asarray(chosen),
        is_copy=np.asarray(is_copy),
    )


def misheard(text: str, language: str, *, rate: float, seed: int) -> str:
    """`text` as a small recogniser might write it: homophones, lost punctuation, traditional characters; folded, cut or joined words."""
    rng = random.Random(f"{seed}:{text}")
    heard = _misheard_zh(text, rate, rng) if is_han(language) else _misheard_words(text, rate, rng)
    if rng.random() < 0.5:
        heard = "".join(char for char in heard if char not in _PUNCTUATION)
    return heard if heard.strip() else text


def macro_f1(true: NDArray[np.str_], predicted: NDArray[np.str_]) -> float:
    """Mean over classes of the harmonic mean of precision and recall."""
    from sklearn.metrics import f1_score

    return float(f1_score(true, predicted, average="macro"))


def figures(true: NDArray[np.str_], predicted: NDArray[np.str_], languages: NDArray[np.str_]) -> str:
    """Markdown: macro-F1 and right answers per language and overall, then the confusion matrix."""
    lines = ["| language | right | macro-F1 |", "|---|---|---|"]
    for language in (*LANGUAGES, "all"):
        chosen = np.ones(len(true), bool) if language == "all" else languages == language
        right = int((true[chosen] == predicted[chosen]).sum())
        lines.append(f"| {language} | {right} of {int(chosen.sum())} | {macro_f1(true[chosen], predicted[chosen]):.3f} |")
    classes = sorted(set(true.tolist()))
    counts = Counter(zip(true.tolist(), predicted.tolist(), strict=True))
    lines += ["", "| true \\ found | " + " | ".join(classes) + " |", "|---" * (len(classes) + 1) + "|"]
    lines += [f"| {row} | " + " | ".join(str(counts[row, column]) for column in classes) + " |" for row in classes]
    return "\n".join(lines)


class Predictor(Protocol):
    """A head, as a train.py makes it."""

    def predict(self, vectors: Vectors) -> NDArray[np.str_]:
        """The likeliest class of each vector."""
        ...


def test_figures(rows: Rows, column: str, encoder: Encoder, head: Predictor) -> str:
    """figures() of a head on sentences it has not seen."""
    languages = np.asarray([row["language"] for row in rows])
    return figures(truth(rows, column), head.predict(encoder.encode([row["text"] for row in rows])), languages)


def robustness(rows: Rows, column: str, encoder: Encoder, head: Predictor, rates: Sequence[float]) -> str:
    """Markdown: macro-F1 on misheard sentences, and on Chinese in traditional characters with and without conversion to simplified."""
    from opencc import OpenCC

    lines = ["| sentences | macro-F1 |", "|---|---|"]
    for rate in rates:
        texts = [misheard(row["text"], row["language"], rate=rate, seed=7) for row in rows]
        lines.append(f"| {rate:.0%} misheard | {macro_f1(truth(rows, column), head.predict(encoder.encode(texts))):.3f} |")
    chinese = [row for row in rows if is_han(row["language"])]
    simplified = [row["text"] for row in chinese]
    traditional = [str(OpenCC("s2t").convert(text)) for text in simplified]
    back = [str(OpenCC("t2s").convert(text)) for text in traditional]
    for name, texts in (("zh as written", simplified), ("zh in traditional characters", traditional), ("zh converted back (t2s)", back)):
        lines.append(f"| {name} | {macro_f1(truth(chinese, column), head.predict(encoder.encode(texts))):.3f} |")
    return "\n".join(lines)


def truth(rows: Rows, column: str) -> NDArray[np.str_]:
    """One column of the rows."""
    return np.asarray([row[column] for row in rows])


def encoder_facts() -> dict[str, str]:
    """Which encoder a model is trained on, as its file says it."""
    manifest = encoder_manifest()
    return {"encoder": manifest.id, "encoder_sha256": manifest_sha256(manifest)}


def rounded(layers: Layers) -> list[dict[str, Any]]:
    """Layers for JSON, with numbers rounded to four digits."""
    return [
        {"bias": [float(f"{x:.4g}") for x in bias], "weights": [[float(f"{x:.4g}") for x in row] for row in matrix]}
        for matrix, bias in layers
    ]


def write_layers(path: Path, layers: Layers, facts: Mapping[str, Any]) -> None:
    """Write a head.json: the encoder it belongs to, some facts, and the layers with numbers rounded to four digits."""
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in {**encoder_facts(), **facts}.items()]
    lines.append(' "layers": [\n' + ",\n".join(f"  {json.dumps(layer)}" for layer in rounded(layers)) + "\n ]")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def write_figures(readme: Path, text: str) -> None:
    """Replace what stands between the two marks in a README."""
    before, _, rest = readme.read_text("utf-8").partition("<!-- figures -->")
    _, _, after = rest.partition("<!-- end of figures -->")
    readme.write_text(f"{before}<!-- figures -->\n{text}\n<!-- end of figures -->{after}", "utf-8")


def mistakes(rows: Rows, column: str, predict: Callable[[Sequence[str]], NDArray[np.str_]]) -> list[str]:
    """One line for each row that is classified wrongly."""
    found = predict([row["text"] for row in rows])
    return [
        f"{row['language']} {row[column]} → {label}: {row['text']}"
        for row, label in zip(rows, found.tolist(), strict=True)
        if label != row[column]
    ]


def _misheard_zh(text: str, rate: float, rng: random.Random) -> str:
    from pypinyin import lazy_pinyin

    out = []
    for char in text:
        if not "\u4e00" <= char <= "\u9fff" or rng.random() >= rate:
            out.append(char)
        elif rng.random() < 0.85:
            out.append(rng.choice(_characters().get(_sounds_like(lazy_pinyin(char)[0], rng), [char])))
    heard = "".join(out)
    return str(_traditional().convert(heard)) if rng.random() < 0.3 else heard


def _sounds_like(syllable: str, rng: random.Random) -> str:
    if rng.random() < 0.5:
        return syllable
    for one, other in rng.sample(_SOUNDS_LIKE, len(_SOUNDS_LIKE)):
        for old, new in ((one, other), (other, one)):
            changed = new + syllable.removeprefix(old) if syllable.startswith(old) else syllable
            if syllable.endswith(old) and len(old) > 1:
                changed = syllable.removesuffix(old) + new
            if changed != syllable and changed in _characters():
                return changed
    return syllable


@cache
def _traditional() -> Any:
    from opencc import OpenCC

    return OpenCC("s2t")


@cache
def _characters() -> dict[str, list[str]]:
    """Common characters (the first level of GB 2312) by syllable without tone."""
    from pypinyin import lazy_pinyin

    found: dict[str, list[str]] = defaultdict(list)
    for high in range(0xB0, 0xD8):
        for low in range(0xA1, 0xFF if high < 0xD7 else 0xFA):
            char = bytes([high, low]).decode("gb2312")
            found[lazy_pinyin(char)[0]].append(char)
    return found


def _misheard_words(text: str, rate: float, rng: random.Random) -> str:
    out: list[str] = []
    for word in text.split():
        kind = rng.randrange(4) if rng.random() < rate else None
        if kind == 0:
            word = word.translate(_FOLDED)
        elif kind == 1 and len(word) > 3:
            cut = rng.randrange(1, len(word))
            word = f"{word[:cut]} {word[cut:]}"
        elif kind == 2 and len(word) > 2:
            drop = rng.randrange(len(word))
            word = word[:drop] + word[drop + 1 :]
        elif kind == 3 and out:
            word = out.pop() + word
        out.append(word)
    return " ".join(out)
