"""Written dialogues scored as transcripts are, beside their truth: `python benchmarks/dialogues.py FILES [--misses] [--misheard 0.1]`.

Prints accuracy by language and by criterion, dispositions, opt-outs missed, critical false hits, the reliability of certainties in ten bins with the expected
calibration error, and the risk-coverage curve. `--misheard` gives the texts as a recogniser might write them (misheard.py).
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from pathlib import Path

from misheard import misheard

from qa_pipeline.conversation.listen import Listener
from qa_pipeline.evaluation.dialogues import (
    Compared,
    WrittenDialogue,
    compare_dialogue,
    critical_false_hits,
    load_dialogues,
    score_dialogues,
)
from qa_pipeline.evaluation.show import show_certainty
from qa_pipeline.recordings.labels import split_line
from qa_pipeline.settings import load_settings
from qa_pipeline.trainer.publish import open_workbench


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--misses", action="store_true", help="every outcome that differs, with its certainty and evidence")
    parser.add_argument("--misheard", type=float, default=0.0, help="share of syllables or words heard wrongly")
    given = parser.parse_args()
    dialogues = [dialogue for path in given.files for dialogue in load_dialogues(path)]
    if given.misheard:
        dialogues = [_misheard(dialogue, given.misheard) for dialogue in dialogues]
    settings = load_settings()
    bench, listener = open_workbench(settings, sorted({dialogue.rubric for dialogue in dialogues})), Listener(settings)
    heard = [dialogue.read(bench.scorecards[dialogue.rubric].rubric, listener) for dialogue in dialogues]
    scores = score_dialogues(dialogues, heard, bench.scorecards)
    show([c for dialogue, scored in zip(dialogues, scores, strict=True) for c in compare_dialogue(dialogue, scored)], misses=given.misses)


def _misheard(dialogue: WrittenDialogue, rate: float) -> WrittenDialogue:
    lines = []
    for line in dialogue.lines:
        spoken = split_line(line)
        text = spoken.text if spoken else line
        lines.append(line.removesuffix(text) + (misheard(text, rate, dialogue.language) or text))
    return dialogue.model_copy(update={"lines": tuple(lines)})


def show(compared: list[Compared], *, misses: bool) -> None:
    """Print all figures."""
    outcomes = [c for c in compared if c.what == "outcome"]
    if misses:
        for c in compared:
            if not c.is_right:
                sure = "" if c.certainty is None else f" ({100 * c.certainty:.0f} %)"
                evidence = "; ".join(f"{e.kind} “{e.text}” [{e.expected}]" for e in c.finding.evidence[:2]) if c.finding else ""
                likely = f" likely {c.finding.likely.value}" if c.finding and c.finding.likely else ""
                print(f"{c.dialogue.id} {c.what} {c.name}: expected {c.expected}, found {c.found}{likely}{sure} {evidence}")
    for what in ("outcome", "answer", "value", "disposition"):
        _counted(f"{what}s by language", ((c.dialogue.language, c.is_right) for c in compared if c.what == what))
    _counted("outcomes by criterion", ((c.name, c.is_right) for c in outcomes))
    wrong = [c for c in outcomes if not c.is_right]
    print(f"wrong outcomes: {len(wrong)}, of them undetermined {sum(c.found == 'undetermined' for c in wrong)}")
    missed = [c.dialogue.id for c in compared if c.what == "disposition" and c.expected == "opted_out" and not c.is_right]
    print(f"opt-outs missed: {len(missed)} {' '.join(missed)}")
    false_hits = [f"{c.dialogue.id}/{c.name}" for c in critical_false_hits(outcomes)]
    print(f"critical false hits: {len(false_hits)} {' '.join(false_hits)}")
    show_certainty([c.judgement for c in outcomes])


def _counted(title: str, items: object) -> None:
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for name, is_right in items:  # type: ignore[attr-defined]
        counts[name][is_right] += 1
        counts["all"][is_right] += 1
    if counts:
        print(f"{title}: " + ", ".join(f"{n} {c[True]}/{c.total()} ({100 * c[True] / c.total():.1f} %)" for n, c in sorted(counts.items())))


if __name__ == "__main__":
    main()
