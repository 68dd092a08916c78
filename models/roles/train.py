"""Train the role head: `python -m models.roles.train`.

Reads calls/, test_calls/, data.tsv and test.tsv beside it; writes head.json and the figures in README.md, and prints them. The network learns from every
utterance with what it answers; how much its sum, its mean, the lexicon and the agent's name weigh is then fitted on whole calls that it has not seen.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models import training
from models.roles.calls import ROLE, WrittenCall, read_calls, read_cases
from qa_pipeline.call import Role, Utterance
from qa_pipeline.conversation.role_head import RoleHead, RoleWeights, judge_roles, load_role_head, with_context
from qa_pipeline.conversation.roles import LEAST_CONFIDENCE, Roles, answers, assign_roles, words_evidence
from qa_pipeline.conversation.written import conversation
from qa_pipeline.meaning.encoder import WIDTH, Encoder

if TYPE_CHECKING:
    from qa_pipeline.meaning.network import Layers

FOLDER = Path(__file__).parent
HIDDEN = 64
ROUNDS = 12
DROPOUT = 0.3
DECAY = 0.1
FOLDS = 5
NOISES = (0.0, 0.1, 0.2)
# A third of the calls are ordinary, in centres nearly all: certainty shall mean what it says for a mixture nearer to theirs. Chosen.
ORDINARY = 4.0
_ORDINARY = ("plain", "case")
_EDGES = (0.5, 0.6, 0.8, 0.9, 0.97, 1.0001)

# How often a sentence counts against an utterance of a call: they are few, and say plainly what they say.
SENTENCE = 3
FORGOTTEN = 0.4
# Written calls begin at their beginning more often than recordings do.
MOST_ANSWERS = 1.0

Example = tuple[NDArray[np.float32], NDArray[np.int64]]


def main() -> None:
    """Train, fit the weights on calls not seen, write the head and what it is worth."""
    encoder = Kept(training.load_encoder())
    written = [*read_calls(FOLDER / "calls"), *read_cases()]
    copies = [
        *read_calls(FOLDER / "calls", rate=0.12),
        *read_calls(FOLDER / "calls", rate=0.06, seed=1, is_run_on=True),
        *read_cases(rate=0.12),
    ]
    rows = training.read_rows(FOLDER / "data.tsv")
    sentences = sentence_examples(rows, encoder)
    unseen = cross_validate(written, copies, sentences, encoder)
    weights = fit_weights([(call, head) for call, head in unseen if call.has_two_parties], encoder)
    layers = fit(examples(written, copies, sentences, encoder))
    head = write_head(layers, weights, calls=len(written), sentences=len(rows))
    parts = [
        f"{len(written)} calls of calls/ and of the rubrics' cases in cross-validation (the weights fitted on the same calls):",
        call_figures([(call, assigned(call, replace(one, weights=weights), encoder)) for call, one in unseen]),
        "The calls of test_calls/, written apart from these, most of them hard on purpose:",
    ]
    for rate in NOISES:
        tested = [(call, assigned(call, head, encoder)) for call in read_calls(FOLDER / "test_calls", rate=rate, seed=7)]
        parts += [f"{rate:.0%} misheard:" if rate else "As written:", call_figures(tested), kind_figures(tested)]
    parts += ["The sentences of test.tsv, each alone:", sentence_figures(training.read_rows(FOLDER / "test.tsv"), head, encoder)]
    training.write_figures(FOLDER / "README.md", "\n\n".join(parts))
    print("\n\n".join(parts))


class Kept:
    """The encoder, with what it said kept: the same texts come many times."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, 384)."""
        if new := [text for text in dict.fromkeys(texts) if text not in self._vectors]:
            self._vectors.update(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])


def examples(written: Sequence[WrittenCall], copies: Sequence[WrittenCall], sentences: Sequence[Example], encoder: Kept) -> list[Example]:
    """All that is trained on."""
    return [*(example(call, encoder) for call in written), *(example(call, encoder, forgets=True) for call in copies), *sentences]


def example(call: WrittenCall, encoder: Kept, *, forgets: bool = False) -> Example:
    """What the head reads of a call, and whose side each utterance is on. `forgets`: of some utterances not what they answer.

    Else having nothing to answer would mean speaking first, and speaking first proves nothing.
    """
    vectors = encoder.encode([u.text for u in call.utterances])
    read = with_context(call.utterances, vectors, call.call.direction)
    if forgets:
        chance = np.random.default_rng(zlib.crc32(call.name.encode()))
        read[chance.random(len(read)) < FORGOTTEN, WIDTH : 2 * WIDTH] = 0
    told = call.sides >= 0
    return read[told], call.sides[told]


def sentence_examples(rows: training.Rows, encoder: Kept) -> list[Example]:
    """Single sentences, as said with nothing before them; short words that either says stand there for both."""
    several = [
        (with_context((spoken(row),), encoder.encode([row["text"]]), row["direction"]), np.array([int(row["role"] == "agent")]))
        for row in rows
    ]
    return several * SENTENCE


def spoken(row: dict[str, str]) -> Utterance:
    return conversation(f"0:00 agent: {row['text']}", language=row["language"]).utterances[0]


def fit(told: Sequence[Example]) -> Layers:
    """One hidden layer over standardised numbers; the standardisation is folded into it."""
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(1)
    read = np.vstack([numbers for numbers, _ in told])
    # Directions are 0 or 1 and stay that: an unknown one must mean nothing.
    centre, scale = read.mean(axis=0), read.std(axis=0) + 1e-4
    centre[-2:], scale[-2:] = 0.0, 1.0
    numbers, wanted = torch.tensor((read - centre) / scale), torch.tensor(np.concatenate([sides for _, sides in told])).float()
    network = torch.nn.Sequential(
        torch.nn.Dropout(DROPOUT),
        torch.nn.Linear(read.shape[1], HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Dropout(DROPOUT),
        torch.nn.Linear(HIDDEN, 1),
    )
    steps = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=DECAY)
    for _ in range(ROUNDS):
        for some in torch.randperm(len(numbers)).split(256):
            steps.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(network(numbers[some])[:, 0], wanted[some]).backward()  # type: ignore[no-untyped-call]
            steps.step()
    inner, inner_bias, outer, outer_bias = (parameter.detach().numpy() for parameter in network.parameters())
    inner = inner / scale
    return ((inner, inner_bias - inner @ centre), (outer, outer_bias))


def cross_validate(
    written: Sequence[WrittenCall], copies: Sequence[WrittenCall], sentences: Sequence[Example], encoder: Kept
) -> list[tuple[WrittenCall, RoleHead]]:
    """Each call with a head that saw neither it nor a copy of it."""
    names = sorted({call.name for call in written})
    np.random.default_rng(0).shuffle(names)
    found = []
    for fold in range(FOLDS):
        held = set(names[fold::FOLDS])
        layers = fit(examples([c for c in written if c.name not in held], [c for c in copies if c.name not in held], sentences, encoder))
        head = RoleHead(layers=layers, weights=RoleWeights(total=0, mean=0, lexicon=0, name=0, answers=0), encoder_sha256="")
        found += [(call, head) for call in written if call.name in held]
    return found


def fit_weights(unseen: Sequence[tuple[WrittenCall, RoleHead]], encoder: Kept) -> RoleWeights:
    """Logistic regression over calls: the agent's evidence less the customer's must tell which is which, either way round alike; no weight below 0."""
    from scipy.optimize import minimize

    differences, shares = [], []
    for call, head in unseen:
        odds = judge_roles(call.utterances, encoder.encode([u.text for u in call.utterances]), call.call.direction, head).log_odds
        sides = {}
        for side in (1, 0):
            own = [u for u, mine in zip(call.utterances, call.sides, strict=True) if mine == side]
            lexicon, name = words_evidence(own, call.call)
            mine = odds[call.sides == side]
            sides[side] = np.array(
                [mine.sum() / 10, mine.mean(), lexicon / 5, float(name), float(answers(own, call.utterances, call.call))]
            )
        differences.append(sides[1] - sides[0])
        shares.append(ORDINARY if call.kind in _ORDINARY else 1.0)
    numbers, share = np.array(differences), np.array(shares)
    found = minimize(
        lambda weights: share @ np.log1p(np.exp(-numbers @ weights)) + weights @ weights / 6,
        np.ones(5),
        bounds=[(0, None)] * 4 + [(0, MOST_ANSWERS)],
    )
    total, mean, lexicon, name, first = (round(float(x), 4) for x in found.x / np.array([10, 1, 5, 1, 1]))
    return RoleWeights(total=total, mean=mean, lexicon=lexicon, name=name, answers=first)


def assigned(call: WrittenCall, head: RoleHead, encoder: Kept) -> Roles:
    """The call with its roles proved as the product does it."""
    vectors = encoder.encode([u.text for u in call.utterances])
    return assign_roles(call.utterances, call.call, judged=judge_roles(call.utterances, vectors, call.call.direction, head))


def write_head(layers: Layers, weights: RoleWeights, *, calls: int, sentences: int) -> RoleHead:
    """Write head.json; returns it as read back."""
    path = FOLDER / "head.json"
    training.write_layers(path, layers, {"calls": calls, "sentences": sentences, "weights": asdict(weights)})
    return load_role_head(path)


def call_figures(found: Sequence[tuple[WrittenCall, Roles]]) -> str:
    """Markdown: reliability table of two-party calls."""
    two = [(call, roles) for call, roles in found if call.has_two_parties]
    lines = ["| role_confidence | calls | mean | right way round |", "|---|---|---|---|"]
    for low, high in pairwise(_EDGES):
        inside = [(c, r) for c, r in two if low <= r.role_confidence < high]
        if inside:
            mean = sum(r.role_confidence for _, r in inside) / len(inside)
            right = sum(lead(c, r) > 0 for c, r in inside)
            lines.append(f"| {low:g}–{min(high, 1):g} | {len(inside)} | {mean:.3f} | {right} ({right / len(inside):.3f}) |")
    right = sum(lead(c, r) > 0 for c, r in two)
    below = sum(r.role_confidence < 0.8 for _, r in two)
    wrong = sum(r.role_confidence >= 0.8 and lead(c, r) < 0 for c, r in two)
    plain = [(c, r) for c, r in two if c.kind in _ORDINARY]
    easy = sum(lead(c, r) > 0 for c, r in plain)
    surely = sum(r.role_confidence >= 0.8 for _, r in plain)
    told = f"Two parties: {right} of {len(two)} the right way round; below 0.8: {below}; exchanged at 0.8 or more: {wrong}."
    return "\n".join([*lines, "", f"{told} Ordinary ones: {easy} of {len(plain)}, {surely} of them at 0.8 or more."])


def kind_figures(found: Sequence[tuple[WrittenCall, Roles]]) -> str:
    """Markdown: utterances with the right role, with none (unknown) and with a wrong one, by kind of call and by voice."""
    counts: dict[str, list[int]] = {}
    for call, roles in found:
        for utterance, voice in zip(roles.utterances, call.voices, strict=True):
            verdict = 1 if utterance.role is Role.UNKNOWN else 0 if utterance.role is ROLE[voice] else 2
            for name in (call.kind.replace("_", " "), f"voice: {voice}", f"language: {call.call.language}", "all"):
                counts.setdefault(name, [0, 0, 0])[verdict] += 1
    lines = ["| | utterances | right | unknown | wrong |", "|---|---|---|---|---|"]
    for name in sorted(counts):
        right, unknown, wrong = (count / sum(counts[name]) for count in counts[name])
        lines.append(f"| {name} | {sum(counts[name])} | {right:.3f} | {unknown:.3f} | {wrong:.3f} |")
    return "\n".join([*lines, "", f"Unknown: role_confidence below {LEAST_CONFIDENCE}."])


def lead(call: WrittenCall, roles: Roles) -> float:
    """By how much the evidence says that the agent is the agent; below 0 the parties are exchanged."""
    at = {voice: roles.evidence.get(u.speaker, 0.0) for u, voice in zip(call.utterances, call.voices, strict=True)}
    return at["agent"] - at["customer"]


def sentence_figures(rows: training.Rows, head: RoleHead, encoder: Kept) -> str:
    """Markdown: single sentences right."""
    odds = [judge_roles((spoken(row),), encoder.encode([row["text"]]), row["direction"], head).log_odds[0] for row in rows]
    found = np.asarray(["agent" if one > 0 else "customer" for one in odds])
    return training.figures(training.truth(rows, "role"), found, np.asarray([row["language"] for row in rows]))


if __name__ == "__main__":
    main()
