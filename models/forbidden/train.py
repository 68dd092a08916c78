"""Train the reader of acts: `python -m models.forbidden.train` writes reader.safetensors, reader.json and the figures in the README.

The text encoder's upper layers learn a difference of low rank (LoRA: Hu et al., 2021, arXiv 2106.09685), together with a linear head of eight classes,
ordinary speech and seven acts, by cross-entropy and a supervised contrastive loss (Khosla et al., 2020, arXiv 2004.11362). The lower layers stay: what they
give is worked out once. Some sentences are learnt from a second time as a recogniser might have written them, or with an ordinary one beside them. A tenth
of the sentences, told by their hash, is kept apart, and so are whole calls and ordinary lines; thresholds are measured there, on what scoring reads of them.

Going on from a reader (`--on`) takes a quarter of an hour on one idle core. Equal input on one machine makes equal files; another processor rounds otherwise.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from ruamel.yaml import YAML
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from models import training
from models.adapting import FIRST_LAYER, Top, batches, lower
from qa_pipeline.conversation.role_head import CONTEXT_WIDTH, load_role_head
from qa_pipeline.languages.load import is_han
from qa_pipeline.meaning.acts import ACTS, pieces_of
from qa_pipeline.meaning.encoder import WIDTH, Encoder
from qa_pipeline.meaning.network import run_layers
from qa_pipeline.rubric.load import load_list
from qa_pipeline.scoring.forbidden import HARMLESS_ODDS, PLAINLY_HARMLESS_ODDS
from qa_pipeline.scoring.meanings import SHORTEST_UNITS
from qa_pipeline.text.normalise import unit_count, unit_spans
from qa_pipeline.text.sentences import sentences as sentences_of

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
LISTS = ROOT / "rubrics" / "lists"
ORDINARY = ROOT / "models" / "ordinary"
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
FILES = ("more", "written", "indirect", "colloquial", "voices")
NEWEST = FILES[-1]
# Written calls that nothing is learnt from, nor from their like.
EVERYDAY = ("tuned_eu_eighth", "tuned_zh_eighth")
# Sources of which nothing is learnt.
APART = ("everyday", "ordinary apart")
# Below these log-odds of a single sentence its words are a customer's; those in the lists as what is none of a list's acts are of both sides.
LEAST_AGENT = -1.0

# What was read with a smaller loss than this the last time comes again with a small chance only, so that hard ones count more.
EASY = 0.1
BATCH = 64
RANK = 32
CONTRAST = 0.3
TEMPERATURE = 0.1
# Of so many sentences one is kept apart.
PARTS = 10
# Of what is allowed in lists, the share that is learnt from: it is much, and alike.
KEPT_SHARE = 0.35
# Of sentences, the shares that are learnt from again misheard, with this part of their syllables or words, and joined to an ordinary one.
MISHEARD_SHARE, MISHEARD = 0.3, 0.06
JOINED_SHARE, LONGEST_JOINED = 0.08, 60
# An agent is convicted by acts alone in so many of 1,000 allowed sentences, and in none of the known-good and everyday calls: these stay so far below in log-odds.
# A sentence that is only suspected costs a person's look; one that convicts costs an agent a call.
SURE_PER_1000 = 4.0
MARGIN = 0.3
# Sentences of everyday calls that nothing was learnt from, alone in their turn, reached 6.3, 6.8 and 7.6 with the shipped reader.
SURE_LEAST = 7.0
PER_1000 = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how fast is learnt. `easy_share`: the chance of what was easy to come again."""

    steps: int
    rate: float
    easy_share: float

    def at(self, step: int) -> float:
        """The share of the rate at a step: it rises for a tenth of them and falls to nothing."""
        return min(1.0, (step + 1) / (self.steps // 10)) * max(0.0, (self.steps - step) / self.steps)


# From nothing on; and from a reader that there is.
ANEW, ON = Pace(1500, 1.2e-3, 0.3), Pace(400, 8e-4, 0.15)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence. `source`: the file or kind of files that it is from."""

    language: str
    act: int
    text: str
    source: str

    @property
    def is_kept_apart(self) -> bool:
        """One in ten, and whole sources."""
        return self.source in APART or _part_of(self.text, PARTS) == 0


def _part_of(text: str, parts: int) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % parts


@dataclass(frozen=True, slots=True)
class Scored:
    """What scoring reads of a text: one sentence of it, alone. `odds`: of its likeliest act; `beside`: the highest right before and after it in the text,
    infinite where nothing stands there. What would convict alone is suspected whatever stands beside it: so high no budget lies.
    """

    of: Sentence
    odds: float
    beside: float

    @property
    def convicts_by(self) -> float:
        """The log-odds by which it convicts."""
        return -np.inf if self.beside < HARMLESS_ODDS else self.odds

    @property
    def suspected_by(self) -> float:
        """The log-odds by which it is suspected."""
        return -np.inf if self.beside < PLAINLY_HARMLESS_ODDS else self.odds


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

    def load(self, path: Path) -> None:
        """Take over difference and head of a reader as `write` writes it."""
        tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
        with torch.no_grad():
            for name, own in self.top.parts():
                own.down.copy_(tensors[f"{name}.down"])
                own.up.copy_(tensors[f"{name}.up"])
            self.head.weight.copy_(tensors["head.weights"] * self.top.spread)
            self.head.bias.copy_(tensors["head.bias"] + tensors["head.weights"] @ self.top.mean)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--without",
        default="",
        help="a source to leave out and to measure on instead of the tenth: more, written, indirect …; nothing is written",
    )
    parser.add_argument(
        "--on",
        type=Path,
        help="reader.safetensors to go on from: its difference and head are trained further, on what NEWEST adds and what it reads badly",
    )
    given = parser.parse_args()
    encoder = training.load_encoder(torch.get_num_threads())
    everything = sentences(encoder)
    apart = [s.source == given.without if given.without else s.is_kept_apart for s in everything]
    rng = random.Random(0)
    learnt = [s for s, is_apart in zip(everything, apart, strict=True) if not is_apart and _is_wanted(s, rng)]
    kept = [s for s, is_apart in zip(everything, apart, strict=True) if is_apart]
    print(f"{len(learnt)} to learn from, {sum(s.act > 0 for s in learnt)} of them forbidden; {len(kept)} to measure on", flush=True)
    again = [s for s in learnt if given.on is None or s.source == NEWEST]
    learnt += [*misheard(again, rng), *joined(again, rng)]
    hidden = lower(encoder, [s.text for s in learnt])
    torch.manual_seed(0)
    reader = Reader(encoder.layers[FIRST_LAYER:])
    reader.top.centre(hidden[:: max(1, len(hidden) // 1024)], BATCH)
    losses = np.full(len(learnt), np.inf)
    if given.on is not None:
        reader.load(given.on)
        losses = losses_of(learnt, log_odds(reader, hidden))
    before = {name: own.detach().clone() for name, own in reader.named_parameters()}
    learn(reader, learnt, hidden, losses, ANEW if given.on is None else ON)
    if given.on is not None:
        go_half_way(reader, before)
    read = scored(kept, lambda texts: log_odds(reader, lower(encoder, texts)))
    print(measured(read))
    if not given.without:
        good = scored([s for s in everything if s.source == "good"], lambda texts: log_odds(reader, lower(encoder, texts)))
        write(reader, read, good)
        training.write_figures(FOLDER / "README.md", measured(read))


def sentences(encoder: Encoder) -> list[Sentence]:
    """Every sentence once, without those that nobody marked and yet no agent may say, or only customers do."""
    found: dict[str, Sentence] = {}
    unwanted = _left_out("text")
    for sentence in _all(encoder):
        if sentence.text not in unwanted:
            found.setdefault(sentence.text.lower(), sentence)
    return [s for s in found.values() if not s.act or len(unit_spans(s.text)) >= (3 if is_han(s.language) else 2)]


def _all(encoder: Encoder) -> Iterator[Sentence]:
    """All of them, of the files first: a text that several have is of the first. What is kept apart whole goes before what is learnt."""

    def say(language: str, act: str, texts: Iterable[str], source: str) -> Iterator[Sentence]:
        yield from (Sentence(language, CLASSES.index(act), text.strip(), source) for text in texts)

    for name in FILES:
        for line in (FOLDER / f"{name}.tsv").read_text("utf-8").splitlines():
            language, label, family, text = line.split("\t")
            yield from say(language, family if label == "1" else "ok", [text], name)
    for source, language, texts in _calls():
        yield from say(language, "ok", texts, source)
    for name in ("forbidden", *ACT_OF_LIST):
        examples = load_list(LISTS / f"{name}.yaml")
        for language, own in examples.like.items():
            families = own if isinstance(own, dict) else {ACT_OF_LIST.get(name, ""): own}
            for family, examples_of in families.items():
                if act := {"arrogance": "arrogance_impatience"}.get(family, family):
                    yield from say(language, act, examples_of, "lists")
    background = load_list(LISTS / "background.yaml").unlike
    for language in training.LANGUAGES:
        listed = {text.lower() for text in background.get(language, ())}
        for row in (ORDINARY / f"ordinary_{language}.tsv").read_text("utf-8").splitlines():
            text = row.split("\t")[2].strip()
            is_learnt = text.lower() in listed or _part_of(text, 2) == 1
            yield from say(language, "ok", [text], "ordinary" if is_learnt else "ordinary apart")
    for name in ALLOWED_LISTS:
        examples = load_list(LISTS / f"{name}.yaml")
        for language in examples.like:
            yield from say(language, "ok", examples.likes(language), "lists")
    for name in ("forbidden", *ACT_OF_LIST, "background"):
        for language, allowed in load_list(LISTS / f"{name}.yaml").unlike.items():
            yield from say(language, "ok", said_by_agents(allowed, encoder), "lists")


def _calls() -> Iterator[tuple[str, str, Iterable[str]]]:
    """Source, language and what an agent says in each written call in which nothing is forbidden."""
    yaml = YAML(typ="safe")
    written = sorted((FOLDER.parent / "certainty" / "dialogues").glob("*.yaml"), key=lambda path: (path.stem not in EVERYDAY, path.stem))
    unwanted = _left_out("call")
    for path in written:
        for call in yaml.load(path.read_text("utf-8")):
            if str(call.get("expected", {}).get("forbidden_phrases", "met")) == "met" and call["id"] not in unwanted:
                if path.stem in EVERYDAY:
                    yield "everyday", call["language"], _agents_turns(call["lines"])
                else:
                    yield "dialogues", call["language"], _learnt_of(_agents_lines(call["lines"]))
    for call in yaml.load((ROOT / "rubrics" / "known_good.yaml").read_text("utf-8"))["calls"]:
        lines = (call.get("dialogue") or "").splitlines()
        yield "good", call["language"], _agents_turns(lines)
        yield "parts of good", call["language"], [part for text in _agents_lines(lines) for part in (*pieces_of(text), *sentences_of(text))]
    for path in sorted((FOLDER.parent / "roles" / "calls").glob("*.yaml")):
        for call in yaml.load(path.read_text("utf-8")):
            if call["kind"] not in UNMARKED:
                yield "roles", path.stem[:2], _learnt_of([str(turn["agent"]) for turn in call["turns"] if "agent" in turn])


def _left_out(kind: str) -> frozenset[str]:
    rows = [line.split("\t") for line in (FOLDER / "left_out.tsv").read_text("utf-8").splitlines()]
    return frozenset(value for own, value in rows if own == kind)


def _agents_lines(lines: Iterable[str]) -> list[str]:
    return [line.split(" agent: ", 1)[1] for line in lines if " agent: " in line]


def _agents_turns(lines: Iterable[str]) -> list[str]:
    """What an agent says without the customer between."""
    turns: list[list[str]] = [[]]
    for line in lines:
        if " agent: " in line:
            turns[-1].append(line.split(" agent: ", 1)[1])
        elif turns[-1]:
            turns.append([])
    return ["\n".join(turn) for turn in turns if turn]


def _learnt_of(lines: Iterable[str]) -> Iterator[str]:
    """Lines, and their sentences, as scoring reads them: of a line that is kept apart nothing else, and no sentence that is."""
    for line in lines:
        parts = dict.fromkeys((*pieces_of(line), *sentences_of(line)))
        yield from [line] if _part_of(line, PARTS) == 0 else [part for part in parts if part == line or _part_of(part, PARTS)]


def said_by_agents(texts: Sequence[str], encoder: Encoder) -> list[str]:
    """Those of single sentences that the role head does not take for a customer's: what a customer shouts is allowed, and would be none from an agent."""
    head = load_role_head(FOLDER.parent / "roles" / "head.json")
    vectors = np.zeros((len(texts), CONTEXT_WIDTH), np.float32)
    vectors[:, :WIDTH] = encoder.encode(texts)
    odds = run_layers(head.layers, vectors)[:, 0]
    return [text for text, own in zip(texts, odds, strict=True) if own >= LEAST_AGENT]


def _is_wanted(sentence: Sentence, rng: random.Random) -> bool:
    return sentence.act > 0 or sentence.source != "lists" or rng.random() < KEPT_SHARE


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


def learn(reader: Reader, learnt: Sequence[Sentence], hidden: Sequence[Tensor], losses: NDArray[np.float64], pace: Pace) -> None:
    """Train the reader. `hidden`: what the encoder's lower layers made of each sentence; `losses`: of each with the reader as it is, infinite where not known."""
    rng = random.Random(0)
    torch.manual_seed(0)
    difference = reader.top.difference
    adam = torch.optim.AdamW(
        [{"params": difference, "lr": pace.rate}, {"params": reader.head.parameters(), "lr": 2 * pace.rate}], weight_decay=0.01
    )
    rate = torch.optim.lr_scheduler.LambdaLR(adam, pace.at)
    reader.train()
    step = 0
    while step < pace.steps:
        chosen = [i for i, own in enumerate(losses) if own >= EASY or rng.random() < pace.easy_share]
        for places in batches([len(hidden[i]) for i in chosen], BATCH, rng)[: pace.steps - step]:
            batch = [chosen[place] for place in places]
            vectors, logits = reader([hidden[i] for i in batch])
            acts = torch.tensor([learnt[i].act for i in batch])
            own = nn.functional.cross_entropy(logits, acts, reduction="none")
            loss = own.mean() + CONTRAST * contrast(vectors, acts)
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(difference, 1.0)
            adam.step()
            rate.step()
            losses[batch] = own.detach().numpy()
            step += 1
    reader.eval()


def go_half_way(reader: Reader, before: Mapping[str, Tensor]) -> None:
    """The mean of the weights before and after a training that went on from a reader: it keeps what the first knew (Wortsman et al., 2022, arXiv 2109.01903)."""
    with torch.no_grad():
        for name, own in reader.named_parameters():
            own.copy_((own + before[name]) / 2)


def losses_of(learnt: Sequence[Sentence], odds: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cross-entropy of each sentence by its log-odds; infinite of the newest ones, which are to be read once in any case."""
    logits = np.hstack([np.zeros((len(odds), 1)), odds])
    losses: NDArray[np.float64] = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(learnt)), [s.act for s in learnt]]
    losses[[s.source == NEWEST for s in learnt]] = np.inf
    return losses


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


def scored(texts: Sequence[Sentence], odds_of: Callable[[Sequence[str]], NDArray[np.float32]]) -> list[Scored]:
    """What scoring reads of texts: all their sentences that are long enough. `odds_of`: log-odds (n, 7) of n sentences."""
    sentences = [[part if unit_count(part) >= SHORTEST_UNITS else None for part in sentences_of(text.text)] for text in texts]
    distinct = list(dict.fromkeys(part for own in sentences for part in own if part))
    top = dict(zip(distinct, odds_of(distinct).max(axis=1).tolist(), strict=True))
    found = []
    for text, own in zip(texts, sentences, strict=True):
        for place, part in enumerate(own):
            if part:
                beside = [top[other] for other in (*own[max(0, place - 1) : place], *own[place + 1 : place + 2]) if other]
                found.append(Scored(text, top[part], max(beside, default=np.inf)))
    return found


def thresholds(read: Sequence[Scored]) -> list[tuple[float, float]]:
    """How many of 1,000 allowed sentences reach which log-odds: (count, log-odds), from the fewest on."""
    allowed = sorted((own.suspected_by for own in read if not own.of.act), reverse=True)
    return [(count, allowed[int(len(allowed) * count / 1000)]) for count in PER_1000]


def sure_from(read: Sequence[Scored], good: Sequence[Scored]) -> float:
    """The log-odds from which on acts convict: few of what was kept apart, and with a margin nothing of calls that nothing is wrong with. `good`: all known-good
    calls, learnt from or not.
    """
    allowed = sorted((own.convicts_by for own in read if not own.of.act), reverse=True)
    everyday = [*good, *(own for own in read if own.of.source in APART)]
    highest = max((own.convicts_by for own in everyday), default=-np.inf)
    return max(allowed[int(len(allowed) * SURE_PER_1000 / 1000)], highest + MARGIN)


def measured(read: Sequence[Scored]) -> str:
    """Markdown: forbidden texts found at several counts of allowed sentences above the threshold, by language and act."""
    columns = thresholds(read)
    top: dict[Sentence, float] = {}
    for own in read:
        if own.of.act:
            top[own.of] = max(own.suspected_by, top.get(own.of, -np.inf))
    count = sum(not own.of.act for own in read)
    lines = [
        f"{count} sentences of what is allowed and {len(top)} forbidden texts kept apart; share found where so many of 1,000 allowed sentences are:",
        "",
        "| | texts | " + " | ".join(f"{count:g}" for count, _ in columns) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    groups = {"all": list(top.values())}
    groups |= {code: [odds for text, odds in top.items() if text.language == code] for code in training.LANGUAGES}
    groups |= {act: [odds for text, odds in top.items() if text.act == number] for number, act in enumerate(ACTS, start=1)}
    for name, group in groups.items():
        if group:
            shares = [sum(odds > least for odds in group) / len(group) for _, least in columns]
            lines.append(f"| {name} | {len(group)} | " + " | ".join(f"{share:.2f}" for share in shares) + " |")
    return "\n".join(lines)


def write(reader: Reader, read: Sequence[Scored], good: Sequence[Scored]) -> None:
    """reader.safetensors and reader.json."""
    tensors = reader.top.tensors()
    weights = reader.head.weight.detach() / reader.top.spread
    tensors["head.weights"], tensors["head.bias"] = weights, reader.head.bias.detach() - weights @ reader.top.mean
    save_file(tensors, FOLDER / "reader.safetensors")
    suspects = [[count, round(least, 2)] for count, least in thresholds(read)]
    told = {
        **training.encoder_facts(),
        "acts": list(ACTS),
        "first_layer": FIRST_LAYER,
        "sure": max(round(sure_from(read, good) + 0.01, 2), SURE_LEAST),
        "suspects": suspects,
    }
    (FOLDER / "reader.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
