"""Fit how sure verdicts are: `python -m models.certainty.train`.

Reads the dialogues beside it and the rubrics' cases, scores them as written and misheard, and fits from what is known of each verdict (scoring/measures.py)
whether a careful person agrees. Writes model.json and the figures in README.md, and prints them. Cross-validation leaves out whole dialogues.
"""

from __future__ import annotations

import json
import math
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import training
from qa_pipeline.call import Conversation, Role, Utterance, Word
from qa_pipeline.conversation.listen import Listener
from qa_pipeline.conversation.written import spoken_texts, with_vectors
from qa_pipeline.evaluation.dialogues import WrittenDialogue, load_dialogues
from qa_pipeline.evaluation.reliability import Judgement, calibration_error, reliability, risk_coverage
from qa_pipeline.languages.load import is_han
from qa_pipeline.meaning.acts import reader_path, reader_version
from qa_pipeline.rubric.cases import heard_in
from qa_pipeline.scoring.assurance import Assurance
from qa_pipeline.scoring.case_vectors import CaseVectors
from qa_pipeline.scoring.certainty import Certainty, CertaintyModel, Weighing
from qa_pipeline.scoring.matching import searches_of
from qa_pipeline.scoring.measures import Measures, circumstances, measure, measure_disposition
from qa_pipeline.scoring.score import Scorecard, judge_call
from qa_pipeline.scoring.verdict import Context
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.trainer.publish import Workbench, open_workbench

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from misheard import misheard  # the benchmark that measures mishearing is no package

FOLDER = Path(__file__).parent
FOLDS = 5
# Which way a measure may bear on certainty; what is not named here may bear either way.
SIGNS = {
    "inexact": -1, "sounds_alike": -1, "brief": -1, "open_wording": -1, "meaning_too": 1, "margin": 1, "repeated": 1, "answer_open": -1,
    "words_unclear": -1, "call_unclear": -1, "roles_open": -1, "wordless": -1, "lost": -1, "near": -1, "meant_near": -1, "much_said": -1,
    "faint": -1, "unclaimed": -1, "open_questions": -1, "went_on": -1, "found_after": -1,
}  # fmt: skip
# How much weights are drawn to nothing: measures, and by trait. Chosen by cross-validation.
MEASURE_PENALTY = 4.0
START_PENALTY = 0.05
# Examples in which a measure must be other than 0 to be fitted.
FEWEST = 10
TRAIT_PENALTY = {"criterion": 4.0, "check": 2.0, "language": 1.0, "situation": 1.0, "disposition": 1.0}
CASE_WEIGHT = 0.2
# Phrases were mended after the misses of some dialogues: what comes out right there is surer to than elsewhere, so these count little.
TUNED, TUNED_WEIGHT = "tuned_", 0.15
# What the metadata and measured figures say is as sure as anything; where a dialogue's author thinks otherwise, the metadata are what is missing.
NEVER_FITTED = frozenset(("figure",))
# Shares of the words that are misheard, and how much a finding on such speech counts.
RATES = ((0.05, 0.4), (0.1, 0.4), (0.2, 0.3))
# Of findings on transcripts that nobody tuned for, those between 0.4 and 0.5 are right in half of the cases, and the rubrics' own cases there all are:
# withheld is what lies below.
BAR = 0.4
# Knots of the curve from log-odds to share.
KNOTS = 14
LEAST, MOST = 0.02, 0.998


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A conversation with what is true of it. `group`: the dialogue it was made of; `weight`: how much each of its findings counts; `kind`: how it was made.

    `is_tuned`: phrases were mended after it was read.
    """

    group: str
    kind: str
    weight: float
    conversation: Conversation
    expected: Mapping[str, str]
    disposition: str | None
    rubric: str
    is_tuned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One verdict with its truth."""

    heard: Heard
    name: str
    measures: Measures
    is_right: bool


Variant = tuple[str, float, Callable[[WrittenDialogue, Workbench], Conversation]]


def main() -> None:
    """Fit, cross-validate, write the model and what it is worth."""
    settings = load_settings()
    bench = open_workbench(settings)
    listener = Reader(settings)
    began = time.perf_counter()

    def told(what: str) -> None:
        print(f"{time.perf_counter() - began:.0f} s: {what}", file=sys.stderr, flush=True)

    heard = [*written(bench, listener), *cases(bench)]
    told(f"{len(heard)} conversations made")
    contexts = judge_all(heard, bench.scorecards)
    known = [measures_of(context) for context in contexts]
    examples = [
        example for one, context, measures in zip(heard, contexts, known, strict=True) for example in examples_of(one, context, measures)
    ]
    told(f"{len(examples)} verdicts judged")
    groups = sorted({one.group for one in heard})
    fold_of = {group: place % FOLDS for place, group in enumerate(groups)}
    laid = design(examples)
    folds = np.array([fold_of[e.heard.group] for e in examples])
    unseen: dict[tuple[int, str], float] = {}
    for fold in range(FOLDS):
        model = fit(laid, folds != fold)
        for place, (one, context) in enumerate(zip(heard, contexts, strict=True)):
            if fold_of[one.group] == fold:
                unseen.update({(place, name): share for name, share in certainties(context, known[place], model)})
    told("cross-validated")
    judged = list(judgements(heard, contexts, unseen))
    curve = rising([(j.share, j.is_right, j.heard.weight) for j in judged if j.heard.kind != "case"])
    crossed: list[tuple[Judged, float]] = []
    for fold in range(FOLDS):
        others = rising(
            [(j.share, j.is_right, j.heard.weight) for j in judged if fold_of[j.heard.group] != fold and j.heard.kind != "case"]
        )
        crossed += [(j, on_curve(others, j.share)) for j in judged if fold_of[j.heard.group] == fold]
    model = fit(laid, folds >= 0)
    write_model(model, curve, BAR)
    text = figures(crossed, BAR)
    training.write_figures(FOLDER / "README.md", text)
    print(text)
    told("written")


# --- what is judged


class Reader(Listener):
    """Reads transcripts as the product does, with what the encoder said kept for the next training."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        kept = Path(tempfile.gettempdir()) / "qa-certainty-vectors.npz"
        known_by = f"{training.manifest_sha256(training.encoder_manifest())} {reader_version(reader_path(settings))}"
        self.vectors = CaseVectors((kept,), encoder_id=known_by, encode=self.read_meanings, keep=kept)

    def _meanings(self, utterances: Sequence[Utterance]) -> NDArray[np.float32]:
        return self.vectors([u.text for u in utterances])


def written(bench: Workbench, listener: Reader) -> Iterator[Heard]:
    """The dialogues beside this file, as transcripts and as speech heard well and badly."""
    # All texts at once: one by one the store would be written as often.
    stored = [
        (path, d) for path in sorted((FOLDER / "dialogues").glob("*.yaml")) for d in load_dialogues(path) if d.rubric in bench.scorecards
    ]
    dialogues, tuned = [d for _, d in stored], {d.id for path, d in stored if path.name.startswith(TUNED)}
    listener.vectors.learn(text for d in dialogues for text in spoken_texts(*d.lines))
    made: list[tuple[WrittenDialogue, str, float, Conversation]] = []
    for d in dialogues:
        rubric = bench.scorecards[d.rubric].rubric
        made.append((d, "text", 1.0, d.read(rubric, listener)))
        spoken = d.spoken(rubric)
        for rate, weight in RATES:
            made.append((d, f"speech {rate:.0%} misheard", weight, badly_heard(spoken, rate, d.language)))
        made.append((d, "speech with losses", 0.25, thinned(confident(spoken, spoken))))
        made.append((d, "roles open", 0.25, doubted(confident(spoken, spoken))))
    listener.vectors.learn(u.text for _, _, _, c in made if not c.vectors for u in c.utterances)
    for d, kind, weight, conversation in made:
        full = conversation if conversation.vectors else with_vectors(conversation, listener.vectors)
        yield Heard(
            group=d.id,
            kind=kind,
            weight=weight * (TUNED_WEIGHT if d.id in tuned else 1.0),
            is_tuned=d.id in tuned,
            conversation=full,
            expected=d.expected,
            disposition=d.disposition,
            rubric=d.rubric,
        )


def cases(bench: Workbench) -> Iterator[Heard]:
    """The rubrics' cases as they are written. They are right because rubrics are made so, and count a little."""
    for name, scorecard in bench.scorecards.items():
        for case in bench.cases[name]:
            if case.call is None:
                spoken = heard_in(case, scorecard.rubric, bench.encode_for(name))
                yield Heard(
                    group=f"{name}/{case.language}/{case.name}", kind="case", weight=CASE_WEIGHT, conversation=spoken, expected=case.expected,
                    disposition=case.disposition, rubric=name,
                )  # fmt: skip


def badly_heard(spoken: Conversation, rate: float, language: str) -> Conversation:
    """Speech of which a share of the words is misheard; those mostly with a low confidence, as recognisers give it."""
    utterances = []
    for u in spoken.utterances:
        text = misheard(u.text, rate, language) or u.text
        utterances.append(u if text == u.text else replace(u, text=text, norm=_norm(text, language), words=_words(u, text, language)))
    return confident(replace(spoken, utterances=tuple(utterances), conversation_id=f"{spoken.conversation_id}{rate}"), spoken)


def _norm(text: str, language: str) -> str:
    from qa_pipeline.text.norm_cache import cached_norm

    return cached_norm(text, language)


def _words(u: Utterance, text: str, language: str) -> tuple[Word, ...]:
    pieces = list(text) if is_han(language) else [f"{' ' if n else ''}{w}" for n, w in enumerate(text.split())]
    start, end = u.start_ms or 0, u.end_ms or 0
    step = (end - start) / max(1, len(pieces))
    return tuple(
        Word(text=p, start_ms=round(start + n * step), end_ms=round(start + (n + 1) * step), confidence=0.9) for n, p in enumerate(pieces)
    )


def confident(heard: Conversation, said: Conversation) -> Conversation:
    """The conversation with confidences as a recogniser has them: words heard rightly mostly high, others mostly low. Drawn, the same each time."""
    chance = random.Random(heard.call.call_id + str(len(heard.utterances)))
    utterances = []
    for u, true in zip(heard.utterances, said.utterances, strict=True):
        right: set[int] = set()
        texts, wanted = [w.text.strip() for w in u.words], [w.text.strip() for w in true.words]
        for block in SequenceMatcher(None, texts, wanted, autojunk=False).get_matching_blocks():
            right |= set(range(block.a, block.a + block.size))
        words = tuple(
            replace(w, confidence=round(chance.betavariate(*((9, 1.2) if n in right else (2.2, 2.2))), 3)) for n, w in enumerate(u.words)
        )
        mean = sum(w.confidence for w in words) / len(words) if words else u.confidence
        utterances.append(replace(u, words=words, confidence=mean))
    return replace(heard, utterances=tuple(utterances))


def thinned(heard: Conversation) -> Conversation:
    """Some utterances got no words, or were lost with their stretch of the recording."""
    chance = random.Random(heard.call.call_id)
    rate, is_lost = chance.uniform(0.05, 0.3), chance.random() < 0.3
    kept = [u for u in heard.utterances if chance.random() >= rate]
    gone = sum((u.end_ms or 0) - (u.start_ms or 0) for u in heard.utterances) - sum((u.end_ms or 0) - (u.start_ms or 0) for u in kept)
    spoken = gone + sum((u.end_ms or 0) - (u.start_ms or 0) for u in kept)
    numbered = tuple(replace(u, utterance=n) for n, u in enumerate(kept))
    return replace(heard, utterances=numbered, lost_ms=gone if is_lost else 0, wordless_share=0.0 if is_lost else gone / max(1, spoken))


def doubted(heard: Conversation) -> Conversation:
    """Who is who is told with some confidence, and wrongly as often as that says."""
    chance = random.Random(heard.call.call_id)
    confidence = chance.choice((0.65, 0.75, 0.85, 0.95))
    other = {Role.AGENT: Role.CUSTOMER, Role.CUSTOMER: Role.AGENT}
    if chance.random() < confidence:
        return replace(heard, role_confidence=confidence)
    turned = tuple(replace(u, role=other.get(u.role, u.role)) for u in heard.utterances)
    return replace(heard, role_confidence=confidence, utterances=turned)


# --- verdicts and what is known of them


def judge_all(heard: Sequence[Heard], scorecards: Mapping[str, Scorecard]) -> list[Context]:
    """Judge each conversation by its rubric, those of a rubric together."""
    found: dict[int, Context] = {}
    for name in sorted({one.rubric for one in heard}):
        scorecard = scorecards[name]
        places = [place for place, one in enumerate(heard) if one.rubric == name]
        names = {str(slot): wordings for slot, wordings in scorecard.rubric.names.items()}
        for place, search in zip(places, searches_of([heard[p].conversation for p in places], scorecard.heads, names), strict=True):
            found[place] = judge_call(search, scorecard)
    return [found[place] for place in range(len(heard))]


def measures_of(context: Context) -> dict[str, Measures | None]:
    """What is known of every verdict, and of the disposition under ""."""
    common = circumstances(context)
    by_id = {criterion.id: criterion for criterion in context.rubric.criteria}
    found = {name: measure(by_id[name], verdict, context.search, common) for name, verdict in context.verdicts.items()}
    return {"": measure_disposition(context.facts, context.search, common), **found}


def examples_of(heard: Heard, context: Context, measures: Mapping[str, Measures | None]) -> Iterator[Example]:
    """Every verdict of which the truth is known."""
    for name, verdict in context.verdicts.items():
        found = measures[name]
        if name in heard.expected and found is not None and found.kind not in NEVER_FITTED:
            yield Example(heard=heard, name=name, measures=found, is_right=verdict.outcome.value == heard.expected[name])
    ended = measures[""]
    if ended is not None and heard.disposition is not None and context.facts.disposition is not None:
        yield Example(heard=heard, name="", measures=ended, is_right=context.facts.disposition.value == heard.disposition)


def certainties(context: Context, measures: Mapping[str, Measures | None], model: CertaintyModel) -> Iterator[tuple[str, float]]:
    """What a model says of every verdict, with the limits of what it follows from."""
    assurance = Assurance(context, model, measures)
    by_id = {criterion.id: criterion for criterion in context.rubric.criteria}
    if assurance.disposition is not None:
        yield "", assurance.disposition.share
    for name, verdict in context.verdicts.items():
        certainty: Certainty | None = assurance.of(by_id[name], verdict)
        if certainty is not None:
            yield name, certainty.share


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A finding that no fitting had seen: what the model says of it before the curve, and the truth. `share` None: it asserts nothing."""

    heard: Heard
    name: str
    kind: str
    share: float
    is_right: bool


def judgements(heard: Sequence[Heard], contexts: Sequence[Context], unseen: Mapping[tuple[int, str], float]) -> Iterator[Judged]:
    """Every verdict of which the truth is known, with what a model that had not seen it says."""
    for place, (one, context) in enumerate(zip(heard, contexts, strict=True)):
        for name, expected in one.expected.items():
            share = unseen.get((place, name))
            if share is not None and name in context.verdicts:
                verdict = context.verdicts[name]
                yield Judged(heard=one, name=name, kind=verdict.reason_code, share=share, is_right=verdict.outcome.value == expected)


# --- fitting


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Examples as rows of numbers. `columns`: (kind, measure) → column, measures as so many spreads from their usual value; (kind, "") its start; ("", trait)."""

    matrix: Any
    right: NDArray[np.float64]
    weight: NDArray[np.float64]
    columns: Mapping[tuple[str, str], int]
    usual: Mapping[tuple[str, str], tuple[float, float]]


def design(examples: Sequence[Example]) -> Design:
    """Lay examples out for fitting."""
    from scipy.sparse import csr_matrix

    by_kind: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for e in examples:
        by_kind[e.measures.kind].append(e.measures.values)
    columns: dict[tuple[str, str], int] = {}
    usual: dict[tuple[str, str], tuple[float, float]] = {}
    named: dict[str, list[tuple[str, int, float, float]]] = {}
    for kind in sorted(by_kind):
        columns[kind, ""] = len(columns)
        named[kind] = []
        for name in sorted({name for values in by_kind[kind] for name in values}):
            found = np.array([values.get(name, 0.0) for values in by_kind[kind]])
            if found.std() > 1e-6 and np.count_nonzero(found) >= FEWEST:
                usual[kind, name] = float(found.mean()), float(found.std())
                named[kind].append((name, len(columns), *usual[kind, name]))
                columns[kind, name] = len(columns)
    for trait in sorted({trait for e in examples for trait in e.measures.traits}):
        columns["", trait] = len(columns)
    cells: list[tuple[int, int, float]] = []
    for row, e in enumerate(examples):
        kind = e.measures.kind
        cells.append((row, columns[kind, ""], 1.0))
        cells += [(row, place, (e.measures.values.get(name, 0.0) - mean) / spread) for name, place, mean, spread in named[kind]]
        cells += [(row, columns["", trait], 1.0) for trait in e.measures.traits]
    rows, places, values = zip(*cells, strict=True)
    return Design(
        matrix=csr_matrix((values, (rows, places)), shape=(len(examples), len(columns))),
        right=np.array([e.is_right for e in examples], dtype=float), weight=np.array([e.heard.weight for e in examples]),
        columns=columns, usual=usual,
    )  # fmt: skip


def fit(laid: Design, rows: NDArray[np.bool_]) -> CertaintyModel:
    """Logistic regression with a start for each kind, weights of measures by kind with their signs bound, and traits that are drawn to nothing."""
    from scipy.optimize import minimize

    matrix, right, weight, columns = laid.matrix[rows], laid.right[rows], laid.weight[rows], laid.columns
    turned = matrix.T.tocsr()
    penalty = np.full(len(columns), START_PENALTY)
    bounds: list[tuple[float | None, float | None]] = [(None, None)] * len(columns)
    for (kind, name), place in columns.items():
        if not kind:
            penalty[place] = TRAIT_PENALTY[name.partition("=")[0]]
        elif name:
            penalty[place] = MEASURE_PENALTY
            sign = SIGNS.get(name, 0)
            bounds[place] = (0.0, None) if sign > 0 else (None, 0.0) if sign < 0 else (None, None)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = matrix @ w
        value = float(weight @ (np.logaddexp(0.0, z) - right * z) + 0.5 * penalty @ (w * w))
        return value, turned @ (weight * (1 / (1 + np.exp(-z)) - right)) + penalty * w

    w = minimize(loss, np.zeros(len(columns)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500}).x
    kinds = {
        kind: Weighing(
            start=float(w[columns[kind, ""]]),
            measures={
                name: (float(w[columns[of, name]] / spread), mean) for (of, name), (mean, spread) in laid.usual.items() if of == kind
            },
        )
        for kind, name in columns
        if kind and not name
    }
    at = np.linspace(-6, 6, 121)
    return CertaintyModel(
        bar=0.0, kinds=kinds, traits={name: float(w[place]) for (kind, name), place in columns.items() if not kind},
        log_odds=tuple(at.tolist()), shares=tuple((1 / (1 + np.exp(-at))).tolist()),
    )  # fmt: skip


Curve = list[tuple[float, float]]


def rising(points: Iterable[tuple[float, bool, float]]) -> Curve:
    """Share before the curve → share that is right, rising, in a few straight lines."""
    from sklearn.isotonic import IsotonicRegression

    ordered = sorted(points, key=lambda p: p[0])
    shares, right, weight = (np.array(column, dtype=float) for column in zip(*ordered, strict=True))
    sums = np.cumsum(weight)
    # Finer at both ends: where the sure are told from the surest, and where few findings are.
    fine = np.geomspace(1, 0.03, KNOTS + 1)
    edges = sums[-1] * np.unique(np.concatenate([[0.0, 0.01, 0.03, 0.06, 0.1], 1 - fine[fine < 0.85], [1.0]]))
    at, level, mass = [], [], []
    for low, high in zip(edges, edges[1:], strict=False):
        chosen = (sums > low) & (sums <= high)
        if chosen.any():
            mass.append(float(weight[chosen].sum()))
            at.append(float(np.average(shares[chosen], weights=weight[chosen])))
            level.append(float(np.average(right[chosen], weights=weight[chosen])))
    fitted = IsotonicRegression(y_min=LEAST, y_max=MOST).fit_transform(at, level, sample_weight=mass)
    curve = [(round(a, 5), round(float(b), 4)) for a, b in zip(at, fitted, strict=True)]
    return [
        (0.0, min(LEAST, curve[0][1])),
        *curve,
        *([(1.0, max(curve[-1][1], min(MOST, curve[-1][1] + 0.003)))] if curve[-1][0] < 1 else []),
    ]


def on_curve(curve: Curve, share: float) -> float:
    """A share on the curve."""
    return float(np.interp(share, [a for a, _ in curve], [b for _, b in curve]))


def write_model(model: CertaintyModel, curve: Curve, bar: float) -> None:
    """Write model.json: one kind a line, so that a change is seen."""
    knots = [(round(math.log(max(a, 1e-3) / max(1 - a, 1e-3)), 4), b) for a, b in curve]
    kinds = ",\n".join(
        f"  {json.dumps(kind)}: " + json.dumps(
            {"start": round(w.start, 4), "measures": {name: [round(a, 4), round(b, 4)] for name, (a, b) in sorted(w.measures.items())}}
        )
        for kind, w in sorted(model.kinds.items())
    )  # fmt: skip
    traits = ",\n".join(
        f"  {json.dumps(name)}: {round(weight, 4)}" for name, weight in sorted(model.traits.items()) if abs(weight) >= 0.005
    )
    text = f'{{\n "bar": {bar},\n "curve": {json.dumps(knots)},\n "kinds": {{\n{kinds}\n }},\n "traits": {{\n{traits}\n }}\n}}\n'
    (FOLDER / "model.json").write_text(text, "utf-8")


# --- figures


def figures(judged: Sequence[tuple[Judged, float]], bar: float) -> str:
    """Markdown: reliability and risk-coverage on findings that no fitting had seen."""
    below = [j.is_right for j, share in judged if share < bar and j.heard.kind == "text"]
    parts = [f"Bar {bar:.2f}: of the findings on transcripts {len(below)} are below it, {sum(below)} of them right."]
    dialogues = [(j, share) for j, share in judged if not j.heard.kind.startswith("case")]
    untuned = [(j, s) for j, s in dialogues if not j.heard.is_tuned]
    for title, chosen in (
        ("All findings on written dialogues that nobody tuned for", untuned),
        ("Of these as transcripts", [(j, s) for j, s in untuned if j.heard.kind == "text"]),
        ("As transcripts, with those that phrases were mended after", [(j, s) for j, s in dialogues if j.heard.kind == "text"]),
        ("Untuned as speech, a tenth misheard", [(j, s) for j, s in untuned if j.heard.kind == "speech 10% misheard"]),
    ):
        found = [Judgement(certainty=share, is_right=j.is_right) for j, share in chosen]
        bins = reliability(found)
        error = calibration_error(bins)
        rows = [
            f"{title}: {len(found)} findings, expected calibration error {error or 0:.3f}.", "",
            "| certainty | findings | mean | right |", "|---|---|---|---|",
            *(f"| {b.low:.1f}–{b.low + 0.1:.1f} | {b.count} | {b.certainty / b.count:.3f} | {b.right / b.count:.3f} |" for b in bins), "",
            "| withheld | right of the rest | certainty from |", "|---|---|---|",
            *(f"| {p.withheld} | {p.right} of {p.kept} ({p.right / p.kept:.3f}) | {p.least or 0:.2f} |" for p in risk_coverage(found)),
        ]  # fmt: skip
        parts.append("\n".join(rows))
    kinds = defaultdict(list)
    for j, share in dialogues:
        kinds[j.heard.kind].append((share, j.is_right))
    parts.append(
        "| made as | findings | mean certainty | right |\n|---|---|---|---|\n"
        + "\n".join(f"| {k} | {len(v)} | {np.mean([s for s, _ in v]):.3f} | {np.mean([r for _, r in v]):.3f} |" for k, v in kinds.items())
    )
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
