"""What of forbidden speech is found that nobody tuned for: `python benchmarks/forbidden.py [--file models/forbidden/test.tsv] [--wrong]`.

Scores each utterance of a file as all an agent says in a call. Prints, by language and family, how many forbidden ones and how many allowed ones (half of
them near misses) are found, and how many are found or suspected, with 95 % Wilson intervals. `--wrong` lists the allowed ones that were hit or suspected.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

from robustness import wilson

from qa_pipeline.call import Outcome
from qa_pipeline.conversation.listen import Listener
from qa_pipeline.conversation.written import conversation
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.running.scorecards import ready_scorecards
from qa_pipeline.scoring.score import score_many
from qa_pipeline.settings import load_settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rubric", default="followup")
    parser.add_argument("--file", type=Path, default=packaged_folder("models") / "forbidden" / "test.tsv")
    parser.add_argument("--wrong", action="store_true")
    given = parser.parse_args()
    settings = load_settings()
    rubric = load_rubric(settings.rubrics / f"{given.rubric}.yaml")
    scorecard = ready_scorecards({rubric.id: rubric}, settings)[rubric.id]
    encode = Listener(settings).read_meanings
    lines = [line.split("\t") for line in given.file.read_text("utf-8").splitlines()]
    counts: dict[tuple[str, str], Counter[Outcome]] = defaultdict(Counter)
    for language in dict.fromkeys(line[0] for line in lines):
        own = [line for line in lines if line[0] == language]
        calls = []
        for _, _, _, text in own:
            call = conversation(f"0:00 agent: {text}", language=language, direction="outbound")
            vectors = encode([u.text for u in call.utterances])
            calls.append(replace(call, vectors={u.utterance: tuple(v.tolist()) for u, v in zip(call.utterances, vectors, strict=True)}))
        for (_, label, family, text), scored in zip(own, score_many(calls, scorecard), strict=True):
            finding = next(f for f in scored.findings if f.criterion.check == "forbidden")
            kind = "forbidden" if label == "1" else "allowed"
            for group in ((language, kind), ("all", kind), ("family", family)):
                counts[group][finding.outcome] += 1
            if finding.outcome is not Outcome.MET and label == "0" and given.wrong:
                evidence = "; ".join(f"{e.expected} {e.similarity:.2f}" for e in finding.evidence)
                print(f"{finding.outcome.value} {language}: {text}  ({evidence})")
    for (group, kind), found in sorted(counts.items()):
        hit, suspected, total = found[Outcome.NOT_MET], found[Outcome.UNDETERMINED], sum(found.values())
        (low, high), (low_2, high_2) = wilson(hit, total), wilson(hit + suspected, total)
        print(
            f"{group:6} {kind:22} found {hit} of {total}: {hit / total:.3f} ({low:.3f}–{high:.3f})"
            f", with suspected {hit + suspected}: {(hit + suspected) / total:.3f} ({low_2:.3f}–{high_2:.3f})"
        )


if __name__ == "__main__":
    main()
