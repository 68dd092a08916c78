"""Train the reader of personal data: `python -m models.privacy.train` writes reader.safetensors, the same each time (README.md).

Learnt from made-up calls (calls.py), calls with nothing personal, and written calls (learnt_from.py), with other values put in too. `--folds FOLDER`
trains one reader for each writer of written calls, which has not learnt from theirs: benchmarks/redaction.py --crossed measures them. `--check` says
whether the reader that lies here was trained on the files that lie here, and ends with 1 where it was not.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from models.privacy.calls import Dialogue, Line, made_up, rewritten
from models.privacy.learnt_from import WRITTEN, dialogues_learnt_from, digest, files_learnt_from
from qa_pipeline.call import Role, Utterance
from qa_pipeline.privacy.find import find_by_rules
from qa_pipeline.privacy.kinds import Personal
from qa_pipeline.privacy.reader import BUCKETS, KINDS, STRIDES, Reader, bucket, load_known
from qa_pipeline.privacy.tokens import tokens_of

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "pl", "sv", "zh")
WIDTH, HIDDEN = 64, 96
# Marks of words and lists are hidden from the network now and then: it must do with what stands around.
_HIDE_WORD, _HIDE_KNOWN, _HIDE_RULE = 0.12, 0.1, 0.12
_UNKNOWN = bucket("unknown")
_UNTOLD = -1
_LINES_TOGETHER = 8
# Of what is said besides, the share in small letters without punctuation.
_SMALL = 0.5
# Calls of about one length go together, among so many batches: less is padded.
_BATCHES_SORTED = 20
_TRAINED_ON = "trained_on"
Example = tuple[list[list[int]], list[list[int]], list[int], float]


def trained_on(folder: Path) -> str | None:
    """Digest of the files that the reader of a folder was trained on; None where it does not say."""
    from safetensors import safe_open

    with safe_open(folder / "reader.safetensors", "numpy") as file:
        said: dict[str, str] = file.metadata() or {}
    return said.get(_TRAINED_ON)


def utterances_of(dialogue: Dialogue) -> tuple[Utterance, ...]:
    """A dialogue as a conversation has it, without times."""
    return tuple(
        Utterance(
            utterance=at, role=Role(line.role), speaker=line.role, channel=None, start_ms=None, end_ms=None, text=line.text, confidence=None,
            language=dialogue.language, norm="", words=(),
        )
        for at, line in enumerate(dialogue.lines)
    )  # fmt: skip


def example(dialogue: Dialogue, known: dict[str, str]) -> Example:
    """Marks of each token as rows of the table, which of them may be hidden, and labels."""
    utterances = utterances_of(dialogue)
    tokens = tokens_of(utterances, find_by_rules(utterances, agent_name=dialogue.agent_name), known, agent_name=dialogue.agent_name)
    rows, kinds, labels = [], [], []
    for token in tokens:
        rows.append([bucket(mark) for mark in token.marks])
        kinds.append([_kind_of(mark, dialogue.language) for mark in token.marks])
        label = 0
        if token.is_word:
            for kind, start, end in dialogue.lines[token.utterance].marks:
                if start < token.end and token.start < end:
                    label = 1 + [one.value for one in KINDS].index(kind)
        labels.append(label)
    return rows, kinds, labels, dialogue.weight


def _kind_of(mark: str, language: str) -> int:
    """0: stays; 1: the word itself; 2: what lists know; 3: what rules found."""
    return (
        1
        if mark.startswith((f"{language}:", "$"))
        else 2
        if mark.startswith(("known=", "often="))
        else 3
        if mark.startswith("rule=")
        else 0
    )


class Network(nn.Module):
    """The network as Reader runs it."""

    def __init__(self) -> None:
        super().__init__()
        self.marks = nn.EmbeddingBag(BUCKETS, WIDTH, mode="sum")
        nn.init.normal_(self.marks.weight, std=0.1)
        self.mix = nn.ModuleList(nn.Linear(3 * WIDTH, HIDDEN) for _ in STRIDES)
        self.out = nn.ModuleList(nn.Linear(HIDDEN, WIDTH, bias=False) for _ in STRIDES)
        self.norm = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in STRIDES)
        self.head = nn.Linear(WIDTH, 1 + len(KINDS))
        self.drop = nn.Dropout(0.15)

    def forward(self, rows: Tensor, offsets: Tensor, shape: tuple[int, int], places: Tensor) -> Tensor:
        state = torch.zeros(shape[0] * shape[1], WIDTH)
        state = state.index_copy(0, places, self.drop(self.marks(rows, offsets))).view(*shape, WIDTH)
        there = torch.zeros(shape[0] * shape[1], 1).index_fill(0, places, 1.0).view(*shape, 1)
        for stride, mix, out, norm in zip(STRIDES, self.mix, self.out, self.norm, strict=True):
            padded = nn.functional.pad(state, (0, 0, stride, stride))
            around = torch.cat([padded[:, : shape[1]], state, padded[:, 2 * stride :]], dim=2)
            state = norm(state + out(self.drop(torch.relu(mix(around))))) * there
        logits: Tensor = self.head(state).view(-1, 1 + len(KINDS))[places]
        return logits

    def reader(self, known: dict[str, str]) -> Reader:
        """For use with numpy."""
        weights = {"marks": self.marks.weight, "head.weights": self.head.weight.T, "head.bias": self.head.bias}
        for layer in range(len(STRIDES)):
            weights |= {
                f"{layer}.weights": self.mix[layer].weight.T, f"{layer}.bias": self.mix[layer].bias, f"{layer}.out": self.out[layer].weight.T,
                f"{layer}.scale": self.norm[layer].weight, f"{layer}.shift": self.norm[layer].bias,
            }  # fmt: skip
        return Reader(
            {name: np.ascontiguousarray(value.detach().numpy().astype(np.float16).astype(np.float32)) for name, value in weights.items()},
            known,
        )


def fit(examples: Sequence[Example], *, rounds: int, batch: int = 24, seed: int = 0) -> Network:
    """Train a network."""
    torch.manual_seed(seed)
    chance = Random(seed)
    network = Network()
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-2)
    steps = rounds * (len(examples) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps + 1)
    for turn in range(rounds):
        batches = _batches([len(rows) for rows, *_ in examples], batch, chance)
        begun, total = time.monotonic(), 0.0
        network.train()
        for chosen in batches:
            several = [examples[at] for at in chosen]
            rows, offsets, shape, places, labels, weights = _batch(several, chance)
            logits = network(rows, offsets, shape, places)
            losses = nn.functional.cross_entropy(logits, labels, reduction="none", label_smoothing=0.02, ignore_index=_UNTOLD)
            # Words that are personal are few: each counts twice.
            counts = weights * torch.where(labels > 0, 2.0, 1.0)
            loss = (losses * counts).sum() / counts.sum()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        print(f"round {turn + 1}: loss {total / max(1, len(batches)):.4f}, {time.monotonic() - begun:.0f} s", flush=True)
    network.eval()
    return network


def _batches(lengths: Sequence[int], size: int, chance: Random) -> list[list[int]]:
    """Places of examples in batches by chance, those of about one length together."""
    order = list(range(len(lengths)))
    chance.shuffle(order)
    whole = len(order) // size * size
    batches = []
    for start in range(0, whole, size * _BATCHES_SORTED):
        chunk = sorted(order[start : min(whole, start + size * _BATCHES_SORTED)], key=lambda at: lengths[at])
        batches += [chunk[at : at + size] for at in range(0, len(chunk), size)]
    chance.shuffle(batches)
    return batches


def _batch(several: Sequence[Example], chance: Random) -> tuple[Tensor, Tensor, tuple[int, int], Tensor, Tensor, Tensor]:
    width = max(len(rows) for rows, *_ in several)
    flat, offsets, places, labels, weights = [], [], [], [], []
    for number, (rows, kinds, own, weight) in enumerate(several):
        lists = chance.random() < _HIDE_KNOWN
        rules = chance.random() < _HIDE_RULE
        for at, (marks, which) in enumerate(zip(rows, kinds, strict=True)):
            offsets.append(len(flat))
            word = chance.random() < _HIDE_WORD
            unlisted = lists or (own[at] > 0 and chance.random() < 0.15)
            unruled = rules or chance.random() < 0.05
            for mark, kind in zip(marks, which, strict=True):
                if (kind == 1 and word) or (kind == 2 and unlisted) or (kind == 3 and unruled):
                    continue
                flat.append(mark)
            if word:
                flat.append(_UNKNOWN)
            places.append(number * width + at)
        labels += own
        weights += [weight] * len(own)
    return (
        torch.tensor(flat), torch.tensor(offsets), (len(several), width), torch.tensor(places), torch.tensor(labels), torch.tensor(weights),
    )  # fmt: skip


def made(count: int, seed: int, known: dict[str, str]) -> list[Example]:
    """Made-up calls, as many of each language."""
    chance = Random(seed)
    return [example(made_up(language, chance), known) for _ in range(count) for language in LANGUAGES]


def written(items: Sequence[dict[str, Any]], copies: int, seed: int, known: dict[str, str]) -> list[Example]:
    """Written calls as they are, and with other values."""
    chance = Random(seed)
    return [example(rewritten(item, chance, share=0.0 if copy == 0 else 0.75), known) for item in items for copy in range(copies)]


def ordinary(seed: int, known: dict[str, str]) -> list[Example]:
    """What is said in calls besides: of models/roles/calls, models/certainty/dialogues and models/ordinary, half of it in small letters without punctuation.

    Nothing is marked there: words that rules take for personal, and capitals in the midst of a sentence, are not learnt from; but names that rules find
    by their capitals are, so that they are known in small letters.
    """
    chance = Random(seed)
    dialogues: list[Dialogue] = []
    for path in sorted((FOLDER.parent / "roles" / "calls").glob("*.yaml")):
        for call in yaml.safe_load(path.read_text("utf-8")):
            turns = [next(iter(turn.items())) for turn in call["turns"]]
            lines = tuple(Line(role, str(text), ()) for role, text in turns if role in ("agent", "customer"))
            dialogues.append(Dialogue(path.name[:2], call.get("agent_name"), lines, 0.6))
    for path in dialogues_learnt_from():
        for call in yaml.safe_load(path.read_text("utf-8")):
            turns = [re.sub(r"^[\d:]+ ", "", line).partition(": ") for line in call["lines"]]
            lines = tuple(Line(role, text, ()) for role, _, text in turns if role in ("agent", "customer"))
            dialogues.append(Dialogue(call["language"], call.get("meta", {}).get("agent_name"), lines, 0.6))
    for path in sorted((FOLDER.parent / "ordinary").glob("ordinary_*.tsv")):
        texts = [line.split("\t")[2] for line in path.read_text("utf-8").splitlines() if line.count("\t") >= 2]
        chance.shuffle(texts)
        for at in range(0, len(texts), _LINES_TOGETHER):
            lines = tuple(Line("agent", text, ()) for text in texts[at : at + _LINES_TOGETHER])
            dialogues.append(Dialogue(path.stem[-2:], None, lines, 0.6))
    examples = []
    for dialogue in dialogues:
        rows, kinds, labels, weight = example(dialogue, known)
        labels = _unsure(dialogue, rows, labels)
        if chance.random() < _SMALL:
            small = tuple(Line(line.role, re.sub(r"[.,!?;:…]+", " ", line.text).lower(), ()) for line in dialogue.lines)
            rows_small, kinds_small, *_ = example(Dialogue(dialogue.language, dialogue.agent_name, small, dialogue.weight), known)
            if len(rows_small) == len(rows):
                rows, kinds = rows_small, kinds_small
        examples.append((rows, kinds, labels, weight))
    return examples


def _unsure(dialogue: Dialogue, rows: list[list[int]], labels: list[int]) -> list[int]:
    """Labels with _UNTOLD where nobody knows whether a word is personal; of names that rules found in words that are not among the commonest, theirs."""
    rules = {bucket(f"rule={kind.value}") for kind in KINDS}
    capital, first, start, common = bucket("capital"), bucket("first"), bucket("start"), bucket("rank=common")
    name = bucket(f"rule={Personal.NAME.value}")
    out = []
    for number, marks in enumerate(rows):
        has_capital = capital in marks and first not in marks and start not in marks
        if name in marks and common not in marks:
            out.append(1 + KINDS.index(Personal.NAME))
        else:
            out.append(_UNTOLD if has_capital or rules & set(marks) else labels[number])
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=Path, help="where readers go that each have not learnt from one file of written calls")
    parser.add_argument(
        "--without", nargs="*", choices=WRITTEN, default=WRITTEN, help="with --folds: only readers that have not learnt from these"
    )
    parser.add_argument("--made", type=int, default=1600, help="made-up calls of each language")
    parser.add_argument("--copies", type=int, default=7, help="of each written call")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--to", type=Path, default=FOLDER)
    parser.add_argument("--check", action="store_true", help="train nothing: say whether the reader is one of what lies here")
    arguments = parser.parse_args()
    if arguments.check:
        is_current = trained_on(arguments.to) == digest(list(files_learnt_from()))
        print("Trained on the files as they are." if is_current else "Trained on other files than lie here now: train it anew.")
        sys.exit(int(not is_current))
    torch.set_num_threads(1)
    known = load_known(FOLDER)
    items = {name: yaml.safe_load((FOLDER / name).read_text("utf-8")) for name in WRITTEN}
    unwritten = made(arguments.made, 1, known) + ordinary(3, known)
    for fold in arguments.without if arguments.folds else [None]:
        seen = [one for name in WRITTEN if name != fold for one in written(items[name], arguments.copies, 2, known)]
        examples = unwritten + seen
        print(f"{len(examples)} calls, {sum(len(one[2]) for one in examples)} words", flush=True)
        network = fit(examples, rounds=arguments.rounds)
        save(network, arguments.to if fold is None else arguments.folds / fold.removesuffix(".yaml"), without=fold)


def save(network: Network, folder: Path, *, without: str | None = None) -> None:
    """reader.safetensors: the table of marks in bytes, a scale a column, the rest in half precision. `without`: a file that it has not learnt from."""
    from safetensors.numpy import save_file

    weights = dict(network.reader({}).weights)
    marks = weights.pop("marks")
    scale = np.abs(marks).max(axis=0) / 127
    packed = {name: value.astype(np.float16) for name, value in weights.items()}
    packed |= {"marks": np.round(marks / scale).astype(np.int8), "marks.scale": scale.astype(np.float32)}
    folder.mkdir(parents=True, exist_ok=True)
    learnt_from = [path for path in files_learnt_from() if path.name != without]
    save_file(packed, folder / "reader.safetensors", metadata={_TRAINED_ON: digest(learnt_from)})
    (folder / "reader.safetensors").chmod(0o644)
    if folder != FOLDER:
        for name in ("known.txt", "frequent.txt"):
            shutil.copy(FOLDER / name, folder)


if __name__ == "__main__":
    main()
