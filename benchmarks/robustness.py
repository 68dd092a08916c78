"""How much mishearing the rubrics bear: `python benchmarks/robustness.py [--rates 0 0.05 0.1 0.2] [--seeds 3] [NAME …]`.

The dialogues of all cases are passed through misheard.py; printed are the share of outcomes that stay as expected, with a 95 % interval (Wilson), and
how many of the agent's utterances became forbidden by mishearing. `--noise FILE.py` takes the function `noisy(text, rate, language, seed)` of another file.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from misheard import misheard

from qa_pipeline.call import Outcome, Role
from qa_pipeline.recordings.labels import split_line
from qa_pipeline.rubric.cases import Case, heard_in
from qa_pipeline.scoring.score import score
from qa_pipeline.settings import load_settings
from qa_pipeline.trainer.publish import Workbench, open_workbench

Noise = Callable[[str, float, str, int], str]
_LOT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Counts that add: outcomes expected and as expected; agent utterances, and those forbidden although the case says nothing forbidden is said."""

    expected: int = 0
    kept: int = 0
    utterances: int = 0
    false_hits: int = 0

    def __add__(self, other: Kept) -> Kept:
        return Kept(
            expected=self.expected + other.expected, kept=self.kept + other.kept, utterances=self.utterances + other.utterances,
            false_hits=self.false_hits + other.false_hits,
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.0, 0.05, 0.1, 0.2])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--noise", type=Path)
    parser.add_argument("--misses", type=int, default=0, help="list the criteria that lose most outcomes")
    arguments = parser.parse_args()
    noise = _noise_of(arguments.noise) if arguments.noise else _own
    bench = open_workbench(load_settings(), arguments.names)
    print(
        f"{'rate':>5} {'rubric':26} {'language':8} {'outcomes':>13} {'share':>7}   {'95 % interval':15} forbidden by mishearing / agent utterances"
    )
    for rate in arguments.rates:
        seeds = range(arguments.seeds if rate else 1)
        counts: dict[tuple[str, str], Kept] = {}
        lost: Counter[str] = Counter()
        noisy = {
            (name, number, seed): _noisy(case, rate, seed, noise)
            for name, cases in bench.cases.items()
            for number, case in enumerate(cases)
            for seed in seeds
            if case.dialogue
        }
        texts = [u.text for (name, _, _), case in noisy.items() for u in heard_in(case, bench.scorecards[name].rubric, None).utterances]
        for start in range(0, len(texts), _LOT):
            bench.vectors.learn(texts[start : start + _LOT])
        for (name, _, _), case in noisy.items():
            counts[name, case.language] = counts.get((name, case.language), Kept()) + _measure(bench, name, case, lost)
        for (name, language), kept in sorted(counts.items()):
            _show(rate, name, language, kept)
        for language in sorted({language for _, language in counts}):
            _show(rate, "all", language, sum((kept for (_, spoken), kept in counts.items() if spoken == language), Kept()))
        _show(rate, "all", "all", sum(counts.values(), Kept()))
        for name, count in lost.most_common(arguments.misses):
            print(f"      {count:4} lost: {name}")


def _measure(bench: Workbench, name: str, case: Case, lost: Counter[str]) -> Kept:
    scorecard = bench.scorecards[name]
    heard = heard_in(case, scorecard.rubric, bench.vectors)
    found = {finding.criterion.id: finding for finding in score(heard, scorecard).findings}
    right = 0
    for criterion, outcome in case.expected.items():
        is_right = found[criterion].outcome.value == outcome
        right += is_right
        if not is_right:
            lost[f"{name}.{criterion}: {outcome} → {found[criterion].outcome.value}"] += 1
    false_hits = {
        e.utterance
        for criterion, outcome in case.expected.items()
        if found[criterion].criterion.check == "forbidden" and outcome == "met" and found[criterion].outcome is Outcome.NOT_MET
        for e in found[criterion].evidence
    }
    return Kept(expected=len(case.expected), kept=right, utterances=len(heard.by_role(Role.AGENT)), false_hits=len(false_hits))


def _noisy(case: Case, rate: float, seed: int, noise: Noise) -> Case:
    lines = []
    for line in (case.dialogue or "").splitlines():
        spoken = split_line(line) if line.strip() else None
        if spoken is None:
            continue
        clock = f"{spoken.start} " if spoken.start else ""
        lines.append(f"{clock}{spoken.label}: {noise(spoken.text, rate, case.language, seed) if rate else spoken.text}")
    return case.model_copy(update={"dialogue": "\n".join(lines)})


def _own(text: str, rate: float, language: str, seed: int) -> str:
    return misheard(text, rate, language, seed=seed)


def _noise_of(path: Path) -> Noise:
    spec = importlib.util.spec_from_file_location("noise", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Noise = module.noisy
    return found


def _show(rate: float, name: str, language: str, kept: Kept) -> None:
    low, high = wilson(kept.kept, kept.expected)
    print(
        f"{rate:5.2f} {name:26} {language:8} {kept.kept:6}/{kept.expected:6} {kept.kept / max(1, kept.expected):7.3f}   "
        f"{low:.3f}–{high:.3f}     {kept.false_hits}/{kept.utterances}"
    )


def wilson(hits: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share (E. B. Wilson, 1927)."""
    if not trials:
        return 0.0, 1.0
    share = hits / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return max(0.0, middle - half), min(1.0, middle + half)


if __name__ == "__main__":
    main()
