"""Train the reader of replies and its heads: `python -m models.replies.train` writes reader.safetensors, reader.json, reader_heads.json and figures.

The text encoder's upper layers learn a difference of low rank (models/adapting.py), a projection to 32 numbers an utterance, and two heads over the numbers
of a reply's utterances and the sentence vector of its question: how satisfied somebody is, and whether it is a convenient time. The sentences of
models/sentiment are learnt from beside, by a third head that is thrown away. The replies of other authors (read*.yaml of models/spoken) are learnt from
twice, since they are few and like what comes. Before that each author's are left out in turn: what a reader that has not learnt from them makes of them tempers
shares and gives the figures in README.md. `--told FILE` writes these shares, as JSON lines.

Forty minutes on an idle core. Equal input on one machine makes equal files; another processor rounds otherwise.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from benchmarks.spoken import load_items
from models import networks, training
from models.adapting import FIRST_LAYER, Top, batches, lower
from models.replies.moments import fit_moments
from qa_pipeline.meaning.encoder import WIDTH, Encoder
from qa_pipeline.meaning.network import shares_of
from qa_pipeline.meaning.replies import CLASSES, CONVENIENCE, READ_WIDTH, SATISFACTION, load_read_heads
from qa_pipeline.meaning.reply_reader import reply_reader_version
from qa_pipeline.text.sentences import sentences

if TYPE_CHECKING:
    from qa_pipeline.meaning.network import Layers

FOLDER = Path(__file__).parent
SPOKEN_FOLDER = FOLDER.parent / "spoken"
# Files of other authors, by who wrote them: each is left out once.
AUTHORS = (("read", "read_second"), ("read_third",), ("read_fourth",))
OTHERS = frozenset(file for author in AUTHORS for file in author)
# How often an epoch learns from a reply of theirs.
OTHERS_TIMES = 2
SPOKEN = (*(f"{file}.yaml" for author in AUTHORS for file in author), "more.yaml")
SENTIMENT = "sentiment"
SENTIMENT_FILES = ("data.tsv", "hard.tsv")
KINDS = {"satisfaction": SATISFACTION, "willing": CONVENIENCE}
# What stands before a reply in asked_*.txt, by what it is about.
SIGNS = {
    SATISFACTION: {"+": "satisfied", "-": "dissatisfied", "0": "average", "?": "unclear"},
    CONVENIENCE: {"+": "willing", "-": "unwilling", "?": "neither"},
}

QUESTION_WIDTH = 16
HIDDEN = 96
EPOCHS = 5
BATCH = 48
RATE = 1.5e-3
SMOOTHING = 0.05
# How often a reply is learnt from as it was misheard.
MISHEARD_SHARE = 0.3
# Of the sentences of models/sentiment, the share that an epoch learns from, and how much each counts.
SENTIMENT_SHARE, SENTIMENT_WEIGHT = 0.25, 0.5
# Shares from which a reading is told in the figures.
SURE = (0.0, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A reply. `name`: what it is about; `questions`: what it may answer, of which any will do; `utterances`: as it was said, and as it was misheard."""

    language: str
    name: str
    label: str
    source: str
    questions: tuple[str, ...]
    utterances: tuple[str, ...]
    misheard: tuple[str, ...] = field(default=())


_LEARNT = {**CLASSES, SENTIMENT: ("negative", "neutral", "positive")}


class Reader(nn.Module):
    """Adapted upper layers, the projection and the heads."""

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.top = Top(layers)
        self.read = nn.Linear(WIDTH, READ_WIDTH)
        self.question = nn.Linear(WIDTH, QUESTION_WIDTH)
        self.heads = nn.ModuleDict({name: _head(len(classes)) for name, classes in _LEARNT.items()})
        self.drop = nn.Dropout(0.1)
        self.question_mean, self.question_spread = torch.zeros(WIDTH), torch.ones(())

    def forward(self, replies: Sequence[Sequence[Tensor]], questions: Tensor) -> Tensor:
        """What heads read (replies, 4 × 32 + 16) of replies as what the lower layers made of their utterances, and of the vectors of their questions."""
        read = self.read(self.drop(self.top([hidden for reply in replies for hidden in reply])))
        several = torch.split(read, [len(reply) for reply in replies])
        pooled = torch.stack([torch.cat([own[0], own[-1], own.mean(0), own.max(0).values]) for own in several])
        asked = torch.relu(self.question(self.drop((questions - self.question_mean) / self.question_spread)))
        return torch.cat([pooled, asked], dim=1)


def _head(classes: int) -> nn.Sequential:
    known = 4 * READ_WIDTH + QUESTION_WIDTH
    return nn.Sequential(nn.Dropout(0.1), nn.Linear(known, HIDDEN), nn.ReLU(), nn.Dropout(0.2), nn.Linear(HIDDEN, classes))


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What is worked out once: of each text what the lower layers make of it, of each question its vector."""

    hidden: dict[str, Tensor]
    questions: dict[str, Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--told", type=Path, help="where to write the shares of other authors' replies")
    given = parser.parse_args()
    everything = items()
    encoder = training.load_encoder(torch.get_num_threads())
    prepared = prepare(everything, encoder)
    kept, told = left_out(everything, prepared, encoder)
    heat = {name: _heat(kept, told[name], name) for name in CLASSES}
    text = measured(kept, told, heat)
    print(text)
    if given.told:
        _tell(given.told, kept, told, heat)
    write(train(everything, prepared, encoder), heat, _moment(everything, encoder))
    training.write_figures(FOLDER / "README.md", text)


def left_out(everything: Sequence[Item], prepared: Prepared, encoder: Encoder) -> tuple[list[Item], dict[str, NDArray[np.float32]]]:
    """The replies of other authors, and what readers make of them that have not learnt from their author's."""
    kept: list[Item] = []
    told: dict[str, list[NDArray[np.float32]]] = {name: [] for name in CLASSES}
    for author in AUTHORS:
        reader = train([item for item in everything if item.source not in author], prepared, encoder)
        own = [item for item in everything if item.source in author]
        for name in CLASSES:
            told[name].append(logits(reader, [item for item in own if item.name == name], name, prepared))
        kept += own
    return kept, {name: np.concatenate(parts) for name, parts in told.items()}


def items() -> list[Item]:
    """Every reply."""
    found: list[Item] = []
    pool = json.loads((FOLDER / "questions.json").read_text("utf-8"))
    for name in CLASSES:
        for row in training.read_rows(FOLDER / f"{name}.tsv"):
            found.append(_item(row["language"], name, row["label"], "tsv", pool[name][row["asked"]][row["language"]], [row["text"]]))
    for file in SPOKEN:
        for one in load_items(SPOKEN_FOLDER / file):
            name = KINDS.get(one["kind"])
            if name is None or len(one["answer"]) > 1 or any(line.startswith("agent:") for line in one["reply"]):
                continue
            label = "neither" if name == CONVENIENCE and one["answer"] == ["unclear"] else one["answer"][0]
            lines = [line.removeprefix("customer:").strip() for line in one["reply"]]
            found.append(_item(one["language"], name, label, file.removesuffix(".yaml"), [one["question"]], lines))
    for language in training.LANGUAGES:
        for name in ("asked", "later"):
            found += asked(FOLDER / f"{name}_{language}.txt", language)
    for name in SENTIMENT_FILES:
        for row in training.read_rows(FOLDER.parent / SENTIMENT / name):
            found.append(_item(row["language"], SENTIMENT, row["label"], SENTIMENT, ["?"], [row["text"]]))
    return found


def asked(path: Path, language: str) -> list[Item]:
    """The replies of asked_*.txt and later_*.txt: after a line `= what it is about | question`, one a line behind the sign of what it says; turns parted by " / "."""
    found: list[Item] = []
    name, question = "", ""
    for line in filter(None, map(str.strip, path.read_text("utf-8").splitlines())):
        if line.startswith("="):
            name, question = (part.strip() for part in line[1:].split("|", 1))
        else:
            found.append(_item(language, name, SIGNS[name][line[0]], "asked", [question], line[1:].strip().split(" / ")))
    return found


def _item(language: str, name: str, label: str, source: str, questions: Sequence[str], lines: Sequence[str]) -> Item:
    said = tuple(sentence for line in lines for sentence in sentences(line)) or (" ".join(lines),)
    # A question is read as it is stored: its last utterance.
    ends = tuple((sentences(question) or (question,))[-1] for question in questions)
    heard = tuple(training.misheard(text, language, rate=training.NOISE, seed=0) for text in said)
    return Item(language=language, name=name, label=label, source=source, questions=ends, utterances=said, misheard=heard)


def prepare(everything: Sequence[Item], encoder: Encoder) -> Prepared:
    """Read every text once."""
    texts = list(dict.fromkeys(text for item in everything for text in (*item.utterances, *item.misheard)))
    questions = list(dict.fromkeys(question for item in everything for question in item.questions))
    return Prepared(
        hidden=dict(zip(texts, lower(encoder, texts), strict=True)),
        questions=dict(zip(questions, map(torch.tensor, encoder.encode(questions)), strict=True)),
    )


def train(read: Sequence[Item], prepared: Prepared, encoder: Encoder) -> Reader:
    """The reader after all epochs."""
    learnt = [*read, *(item for item in read if item.source in OTHERS for _ in range(OTHERS_TIMES - 1))]
    print(f"{len(learnt)} to learn from", flush=True)
    torch.manual_seed(0)
    rng = random.Random(0)
    reader = Reader(encoder.layers[FIRST_LAYER:])
    reader.top.centre(sorted((prepared.hidden[item.utterances[0]] for item in learnt[:: max(1, len(learnt) // 768)]), key=len), BATCH)
    vectors = torch.stack(list(prepared.questions.values()))
    reader.question_mean, reader.question_spread = vectors.mean(0), vectors.std(0).mean()
    difference = reader.top.difference
    others = [parameter for name, parameter in reader.named_parameters() if not name.startswith("top.")]
    replies = sum(item.name in CLASSES for item in learnt)
    steps = EPOCHS * (int(replies + SENTIMENT_SHARE * (len(learnt) - replies)) // BATCH + 1)
    adam = torch.optim.AdamW([{"params": difference, "lr": RATE}, {"params": others, "lr": 2 * RATE}], weight_decay=0.01)
    pace = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: min(1.0, (step + 1) / (steps / 10)) * max(0.02, (steps - step) / steps))
    reader.train()
    lengths = [max(len(prepared.hidden[text]) for text in item.utterances) for item in learnt]
    for epoch in range(EPOCHS):
        own = [number for number, item in enumerate(learnt) if item.name in CLASSES or rng.random() < SENTIMENT_SHARE]
        for batch in batches([lengths[number] for number in own], BATCH, rng):
            chosen = [learnt[own[i]] for i in batch]
            said = [item.misheard if rng.random() < MISHEARD_SHARE else item.utterances for item in chosen]
            known = _known(reader, said, [rng.choice(item.questions) for item in chosen], prepared)
            loss = _loss(reader, known, chosen)
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch
            nn.utils.clip_grad_norm_(difference, 1.0)
            adam.step()
            pace.step()
        print(f"epoch {epoch + 1}: loss {float(loss.detach()):.3f}", flush=True)
    reader.eval()
    return reader


def _known(reader: Reader, said: Sequence[Sequence[str]], questions: Sequence[str], prepared: Prepared) -> Tensor:
    known: Tensor = reader(
        [[prepared.hidden[text] for text in own] for own in said], torch.stack([prepared.questions[q] for q in questions])
    )
    return known


def _loss(reader: Reader, known: Tensor, chosen: Sequence[Item]) -> Tensor:
    loss = torch.zeros(())
    for name, classes in _LEARNT.items():
        own = [place for place, item in enumerate(chosen) if item.name == name]
        if own:
            wanted = torch.tensor([classes.index(chosen[place].label) for place in own])
            part = nn.functional.cross_entropy(reader.heads[name](known[own]), wanted, label_smoothing=SMOOTHING)
            loss = loss + part * len(own) / len(chosen) * (SENTIMENT_WEIGHT if name == SENTIMENT else 1.0)
    return loss


def logits(reader: Reader, kept: Sequence[Item], name: str, prepared: Prepared) -> NDArray[np.float32]:
    """(n, classes) of replies, each to the first of its questions."""
    found = [np.zeros((0, len(CLASSES[name])), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(kept), BATCH):
            own = kept[start : start + BATCH]
            known = _known(reader, [item.utterances for item in own], [item.questions[0] for item in own], prepared)
            found.append(reader.heads[name](known).numpy())
    return np.concatenate(found)


def _heat(kept: Sequence[Item], told: NDArray[np.float32], name: str) -> float:
    labels = np.asarray([item.label for item in kept if item.name == name])
    return networks.temperature(told, labels, CLASSES[name], most=4)


def measured(kept: Sequence[Item], told: dict[str, NDArray[np.float32]], heat: dict[str, float]) -> str:
    """Markdown: right by language, what is taken for what, and how many are read and right from each share on."""
    parts = []
    for name, classes in CLASSES.items():
        own = [item for item in kept if item.name == name]
        shares = shares_of(told[name] / np.float32(heat[name]))
        found, sure = np.asarray(classes)[shares.argmax(axis=1)], shares.max(axis=1)
        true, languages = np.asarray([item.label for item in own]), np.asarray([item.language for item in own])
        lines = ["| sure at least | right |", "|---|---|"]
        lines += [f"| {least:g} | {int((found == true)[sure >= least].sum())} of {int((sure >= least).sum())} |" for least in SURE]
        parts += [f"{name.capitalize()}, replies of authors left out:", training.figures(true, found, languages), "\n".join(lines)]
    return "\n\n".join(parts)


def _tell(path: Path, kept: Sequence[Item], told: dict[str, NDArray[np.float32]], heat: dict[str, float]) -> None:
    lines = []
    for name, classes in CLASSES.items():
        own = [item for item in kept if item.name == name]
        for item, shares in zip(own, shares_of(told[name] / np.float32(heat[name])).tolist(), strict=True):
            row = {"name": name, "label": item.label, "language": item.language, "source": item.source, "question": item.questions[0]}
            row |= {"utterances": item.utterances, "shares": dict(zip(classes, shares, strict=True))}
            lines.append(json.dumps(row, ensure_ascii=False))
    path.write_text("\n".join(lines) + "\n", "utf-8")


def _moment(everything: Sequence[Item], encoder: Encoder) -> Layers:
    asked = {name: [question for item in everything if item.name == name for question in item.questions] for name in CLASSES}
    return (fit_moments(asked[CONVENIENCE], asked[SATISFACTION], encoder),)


def write(reader: Reader, heat: dict[str, float], moment: Layers) -> None:
    """reader.safetensors, reader.json and reader_heads.json."""
    weights = reader.read.weight.detach() / reader.top.spread
    head = {"head.weights": weights, "head.bias": reader.read.bias.detach() - weights @ reader.top.mean}
    save_file({**reader.top.tensors(), **head}, FOLDER / "reader.safetensors")
    told = {**training.encoder_facts(), "first_layer": FIRST_LAYER}
    (FOLDER / "reader.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    asked_by = reader.question.weight.detach() / reader.question_spread
    question = ((asked_by.numpy(), (reader.question.bias.detach() - asked_by @ reader.question_mean).numpy()),)
    heads = {}
    for name, classes in CLASSES.items():
        layers = [layer for layer in reader.heads[name].children() if isinstance(layer, nn.Linear)]
        plain = tuple((layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in layers)
        cooled = networks.cooled(plain, heat[name])
        heads[name] = {"classes": classes, "question": training.rounded(question), "layers": training.rounded(cooled)}
    version = reply_reader_version(FOLDER / "reader.safetensors")
    (FOLDER / "reader_heads.json").write_text(
        json.dumps({"reader": version, "moment": training.rounded(moment), "heads": heads}) + "\n", "utf-8"
    )
    load_read_heads(FOLDER / "reader_heads.json")


if __name__ == "__main__":
    main()
