"""Fit how sure verdicts are: `python -m models.certainty.train`.

Scores the dialogues beside it and the rubrics' cases as written and misheard (heard.py), and fits from what is known of each verdict
(scoring/measures.py) whether a careful person agrees (fitting.py). Writes model.json, fitted_curve.json for bend.py, which is run next, and the figures in README.md, and prints them. Cross-validation
leaves out whole dialogues.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models import training
from models.certainty.fitting import Curve, Example, design, fit, on_curve, rising, write_model
from models.certainty.heard import Heard, Reader, cases, written
from qa_pipeline.evaluation.reliability import Judgement, calibration_error, reliability, risk_coverage
from qa_pipeline.scoring.assurance import Assurance
from qa_pipeline.scoring.certainty import CertaintyModel
from qa_pipeline.scoring.matching import searches_of
from qa_pipeline.scoring.measures import Measures, circumstances, measure, measure_disposition
from qa_pipeline.scoring.score import Scorecard, judge_call
from qa_pipeline.scoring.verdict import Context
from qa_pipeline.settings import load_settings
from qa_pipeline.trainer.publish import open_workbench

FOLDER = Path(__file__).parent
FOLDS = 5
# What the metadata and measured figures say is as sure as anything; where a dialogue's author thinks otherwise, the metadata are what is missing.
NEVER_FITTED = frozenset(("figure",))
# Of findings on transcripts that nobody tuned for, those between 0.4 and 0.5 are right in half of the cases, and the rubrics' own cases there all are:
# withheld is what lies below.
BAR = 0.4


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
    curve = curve_of(judged)
    crossed: list[tuple[Judged, float]] = []
    for fold in range(FOLDS):
        others = curve_of(j for j in judged if fold_of[j.heard.group] != fold)
        crossed += [(j, on_curve(others, j.share)) for j in judged if fold_of[j.heard.group] == fold]
    model = fit(laid, folds >= 0)
    write_model(FOLDER / "model.json", model, curve, BAR)
    written_curve = json.loads((FOLDER / "model.json").read_text("utf-8"))["curve"]
    (FOLDER / "fitted_curve.json").write_text(json.dumps(written_curve) + "\n", "utf-8")
    text = figures(crossed, BAR)
    training.write_figures(FOLDER / "README.md", text)
    print(text)
    told("written")


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
            yield Example(heard=heard, measures=found, is_right=verdict.outcome.value == heard.expected[name])
    ended = measures[""]
    if ended is not None and heard.disposition is not None and context.facts.disposition is not None:
        yield Example(heard=heard, measures=ended, is_right=context.facts.disposition.value == heard.disposition)


def certainties(context: Context, measures: Mapping[str, Measures | None], model: CertaintyModel) -> Iterator[tuple[str, float]]:
    """What a model says of every verdict, with the limits of what it follows from."""
    assurance = Assurance(context, model, measures)
    by_id = {criterion.id: criterion for criterion in context.rubric.criteria}
    if assurance.disposition is not None:
        yield "", assurance.disposition.share
    for name, verdict in context.verdicts.items():
        certainty = assurance.of(by_id[name], verdict)
        if certainty is not None:
            yield name, certainty.share


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A finding that no fitting had seen: what the model says of it before the curve, and the truth."""

    heard: Heard
    share: float
    is_right: bool


def judgements(heard: Sequence[Heard], contexts: Sequence[Context], unseen: Mapping[tuple[int, str], float]) -> Iterator[Judged]:
    """Every verdict of which the truth is known, with what a model that had not seen it says."""
    for place, (one, context) in enumerate(zip(heard, contexts, strict=True)):
        for name, expected in one.expected.items():
            share = unseen.get((place, name))
            if share is not None and name in context.verdicts:
                yield Judged(heard=one, share=share, is_right=context.verdicts[name].outcome.value == expected)


def curve_of(judged: Iterable[Judged]) -> Curve:
    """The curve of findings on dialogues: the rubrics' cases are right because rubrics are made so."""
    return rising([(j.share, j.is_right, j.heard.weight) for j in judged if j.heard.kind != "case"])


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
        if not chosen:
            continue
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
