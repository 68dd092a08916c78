"""How well the cases of the shipped rubrics guard them and the checks: `python benchmarks/mutations.py [RUBRICS]`.

Each stable criterion is spoilt in every way its check allows (trainer/mutate.py: its phrases emptied, its window moved, its party exchanged, its limits turned
round, its condition dropped), and some case must notice. Prints a table, checks against mutations, of those noticed, and every survivor.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

from qa_pipeline.settings import load_settings
from qa_pipeline.trainer.mutate import MUTATIONS, mutate
from qa_pipeline.trainer.publish import open_workbench


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rubrics", nargs="*", help="names; all without")
    bench = open_workbench(load_settings(), parser.parse_args().rubrics)
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    survivors = []
    for name, scorecard in bench.scorecards.items():
        checks = {criterion.id: criterion.check for criterion in scorecard.rubric.criteria}
        for mutant in mutate(bench, name):
            count = counts[checks[mutant.criterion_id], mutant.mutation]
            count[0] += mutant.noticed_by is not None
            count[1] += 1
            if mutant.noticed_by is None:
                survivors.append(f"{name} {mutant.criterion_id}: {mutant.mutation}")
    print("| check | " + " | ".join(MUTATIONS) + " |\n|---" + "|---" * len(MUTATIONS) + "|")
    for check in sorted({check for check, _ in counts}):
        cells = (counts.get((check, mutation)) for mutation in MUTATIONS)
        print(f"| {check} | " + " | ".join(f"{c[0]} of {c[1]}" if c else "–" for c in cells) + " |")
    print(f"{sum(c[1] for c in counts.values())} mutants, {len(survivors)} noticed by no case" + (":" if survivors else "."))
    print("\n".join(survivors))


if __name__ == "__main__":
    main()
