"""Train the reader of acts: `python -m models.forbidden.train` writes reader.safetensors, reader.json and the figures in the README.

The text encoder's upper layers learn a difference of low rank (LoRA: Hu et al., 2021, arXiv 2106.09685), together with a linear head of eight classes,
ordinary speech and seven acts, by cross-entropy and a supervised contrastive loss (Khosla et al., 2020, arXiv 2004.11362). The lower layers stay: what they
give is worked out once. Some sentences are learnt from a second time as a recogniser might have written them, or with an ordinary one beside them. A tenth
of the sentences, told by their hash, is kept apart; thresholds are measured there.

Twelve minutes on one idle core. Equal input on one machine makes equal files; another processor rounds otherwise.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from ruamel.yaml import YAML
from safetensors.torch import save_file
from torch import Tensor, nn

from models import training
from models.adapting import FIRST_LAYER, Top, batches, lower
from qa_pipeline.languages.load import is_han
from qa_pipeline.meaning.acts import ACTS, pieces_of
from qa_pipeline.meaning.encoder import WIDTH, Encoder
from qa_pipeline.rubric.load import load_list
from qa_pipeline.text.normalise import unit_spans

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
LISTS = ROOT / "rubrics" / "lists"
CLASSES = ("ok", *ACTS)
# Lists of what agents rightly say.
ALLOWED_LISTS = (
    "agent_speech", "asks_convenience", "asks_anything_else", "closing_courtesy", "call_back_agreed", "purpose_or_question", "menu_announcement",
    "voicemail_machine",
)  # fmt: skip
ACT_OF_LIST = {"score_begging": "score_begging", "pretext": "pretext", "prize": "prize", "promised_cure": "cure"}
# Calls in which agents say what they must not, unmarked.
UNMARKED = ("rude_agent", "agent_asks_favour")

# Files of this folder.
FILES = ("more", "written", "indirect")

EPOCHS = 3
BATCH = 64
RANK = 32
RATE = 1.2e-3
CONTRAST = 0.3
TEMPERATURE = 0.1
SMOOTHING = 0.02
# Of what is allowed in lists and written calls, the share that is learnt from: it is much, and alike.
KEPT_SHARE = 0.35
# Of sentences, the shares that are learnt from again misheard, with this part of their syllables or words, and joined to an ordinary one.
MISHEARD_SHARE, MISHEARD = 0.4, 0.06
JOINED_SHARE, LONGEST_JOINED = 0.08, 60
# An agent is convicted by acts alone in so many of 1,000 allowed sentences, half of them near misses.
# Nothing said in the known-good calls (6.74 at most) and in 122 everyday calls by writers of nothing that is learnt from (6.97) may convict. A sentence that is
# only suspected costs a person's look; one that convicts costs an agent a call.
SURE_LEAST = 7.0
SURE_PER_1000 = 4.0
PER_1000 = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence. `source`: the file or kind of files that it is from."""

    language: str
    act: int
    text: str
    source: str

    @property
    def is_kept_apart(self) -> bool:
        """One in ten."""
        return int(hashlib.sha256(self.text.encode()).hexdigest(), 16) % 10 == 0


class Reader(nn.Module):
    """Adapted upper layers and the head."""

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.top = Top(layers, RANK)
        self.head = nn.Linear(WIDTH, len(CLASSES))
        nn.init.normal_(self.head.weight, std=0.02, generator=torch.Generator().manual_seed(0))
        nn.init.zeros_(self.head.bias)
        self.drop = nn.Dropout(0.1)

    def forward(self, hidden: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Centred vectors (texts, 384) and logits (texts, 8) of what the lower layers made of each text, (tokens, 384)."""
        vectors = self.top(hidden)
        return vectors, self.head(self.drop(vectors))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--without",
        default="",
        help="a source to leave out and to measure on instead of the tenth: more, written, indirect …; nothing is written",
    )
    given = parser.parse_args()
    everything = sentences()
    apart = [s.source == given.without if given.without else s.is_kept_apart for s in everything]
    rng = random.Random(0)
    learnt = [s for s, is_apart in zip(everything, apart, strict=True) if not is_apart and _is_wanted(s, rng)]
    kept = [s for s, is_apart in zip(everything, apart, strict=True) if is_apart]
    print(f"{len(learnt)} to learn from, {sum(s.act > 0 for s in learnt)} of them forbidden; {len(kept)} to measure on", flush=True)
    learnt += [*misheard(learnt, rng), *joined(learnt, rng)]
    encoder = training.load_encoder(torch.get_num_threads())
    hidden = lower(encoder, [s.text for s in learnt])
    reader = train(learnt, hidden, encoder)
    odds = log_odds(reader, lower(encoder, [s.text for s in kept]))
    print(measured(kept, odds))
    if not given.without:
        write(reader, kept, odds)
        training.write_figures(FOLDER / "README.md", measured(kept, odds))


def sentences() -> list[Sentence]:
    """Every sentence once."""
    found: dict[str, Sentence] = {}
    for sentence in _all():
        found.setdefault(sentence.text.lower(), sentence)
    return [s for s in found.values() if not s.act or len(unit_spans(s.text)) >= (3 if is_han(s.language) else 2)]


def _all() -> Iterator[Sentence]:
    def say(language: str, act: str, texts: Sequence[str], source: str) -> Iterator[Sentence]:
        yield from (Sentence(language, CLASSES.index(act), text.strip(), source) for text in texts)

    forbidden = load_list(LISTS / "forbidden.yaml")
    for language, families in forbidden.like.items():
        for family, texts in families.items() if isinstance(families, dict) else ():
            yield from say(language, {"arrogance": "arrogance_impatience"}.get(family, family), texts, "lists")
    for language, allowed in forbidden.unlike.items():
        yield from say(language, "ok", allowed, "lists")
    for name, act in ACT_OF_LIST.items():
        examples = load_list(LISTS / f"{name}.yaml")
        for language in examples.like:
            yield from say(language, act, examples.likes(language), "lists")
        for language, allowed in examples.unlike.items():
            yield from say(language, "ok", allowed, "lists")
    for name in ALLOWED_LISTS:
        examples = load_list(LISTS / f"{name}.yaml")
        for language in examples.like:
            yield from say(language, "ok", examples.likes(language), "lists")
    for language, allowed in load_list(LISTS / "background.yaml").unlike.items():
        yield from say(language, "ok", allowed, "lists")
    yaml = YAML(typ="safe")
    for call in yaml.load((ROOT / "rubrics" / "known_good.yaml").read_text("utf-8"))["calls"]:
        lines = (call.get("dialogue") or "").splitlines()
        yield from say(call["language"], "ok", [line.split(" agent: ", 1)[1] for line in lines if " agent: " in line], "good")
    for path in sorted((FOLDER.parent / "roles" / "calls").glob("*.yaml")):
        for call in yaml.load(path.read_text("utf-8")):
            if call["kind"] not in UNMARKED:
                yield from say(path.stem[:2], "ok", [str(turn["agent"]) for turn in call["turns"] if "agent" in turn], "roles")
    for path in sorted((FOLDER.parent / "certainty" / "dialogues").glob("*.yaml")):
        for call in yaml.load(path.read_text("utf-8")):
            if call.get("expected", {}).get("forbidden_phrases") == "met":
                said = [line.split(" agent: ", 1)[1] for line in call["lines"] if " agent: " in line]
                yield from say(call["language"], "ok", [piece for text in said for piece in pieces_of(text)], "dialogues")
    for name in FILES:
        for line in (FOLDER / f"{name}.tsv").read_text("utf-8").splitlines():
            language, label, family, text = line.split("\t")
            yield from say(language, family if label == "1" else "ok", [text], name)


def _is_wanted(sentence: Sentence, rng: random.Random) -> bool:
    return sentence.act > 0 or sentence.source in (*FILES, "good", "dialogues") or rng.random() < KEPT_SHARE


def misheard(learnt: Sequence[Sentence], rng: random.Random) -> list[Sentence]:
    """Some of them again as a small recogniser might have written them."""
    return [replace(s, text=training.misheard(s.text, s.language, rate=MISHEARD, seed=0)) for s in learnt if rng.random() < MISHEARD_SHARE]


def joined(learnt: Sequence[Sentence], rng: random.Random) -> list[Sentence]:
    """Some of the short ones again with something ordinary before or after them."""
    short = [s for s in learnt if len(s.text) < LONGEST_JOINED]
    ordinary = {code: [s.text for s in short if s.language == code and not s.act] for code in training.LANGUAGES}
    found = []
    for sentence in short:
        if rng.random() < JOINED_SHARE:
            pair = [sentence.text, rng.choice(ordinary[sentence.language])]
            rng.shuffle(pair)
            found.append(replace(sentence, text=pair[0].rstrip(".。") + ("。" if is_han(sentence.language) else ". ") + pair[1]))
    return found


def train(learnt: Sequence[Sentence], hidden: Sequence[Tensor], encoder: Encoder) -> Reader:
    """The reader after all epochs. `hidden`: what the encoder's lower layers made of each sentence."""
    rng = random.Random(0)
    torch.manual_seed(0)
    reader = Reader(encoder.layers[FIRST_LAYER:])
    difference = reader.top.difference
    reader.top.centre(hidden[:: max(1, len(hidden) // 1024)], BATCH)
    steps = EPOCHS * (len(learnt) // BATCH)
    adam = torch.optim.AdamW([{"params": difference, "lr": RATE}, {"params": reader.head.parameters(), "lr": 2 * RATE}], weight_decay=0.01)
    pace = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: min(1.0, (step + 1) / (steps // 10)) * max(0.0, (steps - step) / steps))
    reader.train()
    for _ in range(EPOCHS):
        for batch in batches([len(own) for own in hidden], BATCH, rng):
            vectors, logits = reader([hidden[i] for i in batch])
            acts = torch.tensor([learnt[i].act for i in batch])
            loss = nn.functional.cross_entropy(logits, acts, label_smoothing=SMOOTHING) + CONTRAST * contrast(vectors, acts)
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(difference, 1.0)
            adam.step()
            pace.step()
    reader.eval()
    return reader


def contrast(vectors: Tensor, acts: Tensor) -> Tensor:
    """Supervised contrastive loss: texts of one act are near each other."""
    unit = nn.functional.normalize(vectors, dim=-1)
    itself = torch.eye(len(acts), dtype=torch.bool)
    alike = (unit @ unit.T / TEMPERATURE).masked_fill(itself, -1e9)
    same = (acts[:, None] == acts[None, :]) & ~itself
    has = same.any(1)
    chance = alike - torch.logsumexp(alike, 1, keepdim=True)
    loss: Tensor = -((chance * same).sum(1)[has] / same.sum(1)[has]).mean()
    return loss


def log_odds(reader: Reader, hidden: Sequence[Tensor]) -> NDArray[np.float32]:
    """(n, 7): of each act against ordinary speech."""
    found = np.zeros((len(hidden), len(ACTS)), np.float32)
    order = sorted(range(len(hidden)), key=lambda i: len(hidden[i]))
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            logits = reader([hidden[i] for i in chosen])[1]
            found[chosen] = (logits[:, 1:] - logits[:, :1]).numpy()
    return found


def thresholds(kept: Sequence[Sentence], odds: NDArray[np.float32]) -> list[tuple[float, np.float32]]:
    """How many of 1,000 allowed sentences reach which log-odds: (count, log-odds), from the fewest on."""
    allowed = np.sort(odds[[s.act == 0 for s in kept]].max(axis=1))[::-1]
    return [(count, allowed[int(len(allowed) * count / 1000)]) for count in PER_1000]


def sure_from(kept: Sequence[Sentence], odds: NDArray[np.float32]) -> float:
    """The log-odds from which on acts convict: so that few of what was kept apart are, and nothing of the known-good calls."""
    top = odds.max(axis=1)
    allowed = np.sort(top[[s.act == 0 for s in kept]])[::-1]
    good = [float(own) for own, s in zip(top, kept, strict=True) if s.source == "good"]
    return max(float(allowed[int(len(allowed) * SURE_PER_1000 / 1000)]), *good)


def measured(kept: Sequence[Sentence], odds: NDArray[np.float32]) -> str:
    """Markdown: forbidden ones found at several counts of allowed ones above the threshold, by language and act."""
    top, acts = odds.max(axis=1), np.array([s.act for s in kept])
    columns = thresholds(kept, odds)
    lines = [
        f"{int((acts == 0).sum())} allowed and {int((acts > 0).sum())} forbidden sentences kept apart; share found where so many of 1,000 allowed are:",
        "",
        "| | sentences | " + " | ".join(f"{count:g}" for count, _ in columns) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    groups = {"all": acts > 0}
    groups |= {code: (acts > 0) & np.array([s.language == code for s in kept]) for code in training.LANGUAGES}
    groups |= {act: acts == number for number, act in enumerate(ACTS, start=1)}
    for name, chosen in groups.items():
        if chosen.any():
            lines.append(
                f"| {name} | {int(chosen.sum())} | " + " | ".join(f"{(top[chosen] > least).mean():.2f}" for _, least in columns) + " |"
            )
    return "\n".join(lines)


def write(reader: Reader, kept: Sequence[Sentence], odds: NDArray[np.float32]) -> None:
    """reader.safetensors and reader.json."""
    tensors = reader.top.tensors()
    weights = reader.head.weight.detach() / reader.top.spread
    tensors["head.weights"], tensors["head.bias"] = weights, reader.head.bias.detach() - weights @ reader.top.mean
    save_file(tensors, FOLDER / "reader.safetensors")
    suspects = [[count, round(float(least), 2)] for count, least in thresholds(kept, odds)]
    told = {
        **training.encoder_facts(),
        "acts": list(ACTS),
        "first_layer": FIRST_LAYER,
        "sure": max(round(sure_from(kept, odds) + 0.01, 2), SURE_LEAST),
        "suspects": suspects,
    }
    (FOLDER / "reader.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
