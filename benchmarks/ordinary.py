"""What ordinary lines of agents are wrongly taken for: `python benchmarks/ordinary.py [FILE.tsv …] [--lines] [--write]`.

Each line of models/ordinary/*.tsv (language, trade, text; written without sight of any list or rubric) is an agent's only sentence of a call with two
words of a customer before and after it. Every criterion of what an agent says, of every shipped rubric that has phrases in the language, judges it by its
phrases, in its window but without its conditions. None of the lines greets, closes, asks or says what criteria look for, but where it truly does, it
stands in models/ordinary/true.tsv (criterion, text) and counts nothing. Printed: hits by criterion and 1,000 lines; `--lines` shows them; `--write`
writes docs/ordinary.md.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from pathlib import Path

from qa_pipeline.call import Outcome
from qa_pipeline.conversation.written import conversation
from qa_pipeline.rubric.canonical import criterion_sha256
from qa_pipeline.rubric.load import load_rubrics
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.shared_keys import SearchingCriterion
from qa_pipeline.scoring.score import prepare, score_many

ROOT = Path(__file__).resolve().parent.parent
LINES = ROOT / "models" / "ordinary"
PAGE = ROOT / "docs" / "ordinary.md"
_CHECKS = ("phrase", "question", "forbidden")
# What the customer says before and after: nothing.
_FRAME = {"zh": "嗯。", "en": "Mm.", "pl": "Mhm.", "sv": "Mm."}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--lines", action="store_true", help="show each line that was hit, with the phrase")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    arguments = parser.parse_args()
    lines = read_lines(arguments.files or sorted(LINES.glob("ordinary_*.tsv")))
    right = {tuple(row.split("\t")) for row in (LINES / "true.tsv").read_text("utf-8").splitlines()[1:]}
    hits: dict[str, Counter[str]] = defaultdict(Counter)
    judged: dict[str, set[str]] = defaultdict(set)
    marks: dict[str, str] = {}
    seen: set[str] = set()
    for name, rubric in load_rubrics(ROOT / "rubrics").items():
        bare = without_conditions(rubric, seen)
        for language, texts in lines.items():
            asked = {c.id for c in bare.criteria if language in c.languages()}
            if not asked:
                continue
            for criterion in bare.criteria:
                if criterion.id in asked:
                    key = f"{name}.{criterion.id}"
                    judged[key].add(language)
                    whole = next(c for c in rubric.criteria if c.id == criterion.id)
                    is_bound = bool(whole.when) or getattr(whole, "after", None) is not None
                    marks[key] = " critical" * bool(criterion.critical) + " †" * is_bound
            for text, found in zip(texts, hit_by(bare, language, texts), strict=True):
                for criterion_id, phrase, words in found:
                    key = f"{name}.{criterion_id}"
                    if (key, text) in right:
                        continue
                    hits[key][language] += 1
                    if arguments.lines:
                        print(f"{key}\t{language}\t{text}\t“{words}” [{phrase[:90]}]")
    table = rows(lines, hits, judged, marks)
    print("\n".join(table))
    if arguments.write:
        PAGE.write_text(_page(table, lines), "utf-8")


def read_lines(paths: list[Path]) -> dict[str, list[str]]:
    """Language → lines."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for row in path.read_text("utf-8").splitlines():
            language, _, text = row.split("\t")
            found[language].append(text)
    return found


def without_conditions(rubric: Rubric, seen: set[str]) -> Rubric:
    """The rubric with what an agent says alone, each criterion once over all rubrics, whatever was said before."""
    sections = []
    for section in rubric.sections:
        kept = []
        for criterion in section.criteria:
            if criterion.check not in _CHECKS or not isinstance(criterion, SearchingCriterion) or criterion.party != "agent":
                continue
            bare = criterion.model_copy(
                update={"when": (), "not_applicable_when": (), "excused_when": (), "before": None, "after": None, "meaning": None}
            )
            digest = criterion_sha256(bare)
            if digest not in seen:
                seen.add(digest)
                kept.append(bare)
        sections.append(section.model_copy(update={"criteria": tuple(kept)}))
    return rubric.model_copy(update={"sections": tuple(sections), "situations": None})


def hit_by(rubric: Rubric, language: str, texts: list[str]) -> list[list[tuple[str, str, str]]]:
    """For each line what it was taken for: criterion, phrase, words."""
    calls = [
        conversation(f"0:02 customer: {_FRAME[language]}", f"0:04 agent: {text}", f"0:20 customer: {_FRAME[language]}", language=language)
        for text in texts
    ]
    found = []
    for scored in score_many(calls, prepare(rubric, {})):
        taken = []
        for finding in scored.findings:
            wrong = Outcome.NOT_MET if finding.criterion.check == "forbidden" else Outcome.MET
            shown = [e for e in finding.evidence if e.kind == "hit"]
            if finding.outcome is wrong and shown:
                taken.append((finding.criterion.id, shown[0].expected, shown[0].text))
        found.append(taken)
    return found


def rows(lines: dict[str, list[str]], hits: dict[str, Counter[str]], judged: dict[str, set[str]], marks: dict[str, str]) -> list[str]:
    """A table: for each criterion the hits in 1,000 lines of each language; a dash where it has no phrases."""
    languages = list(lines)
    table = [f"| criterion | {' | '.join(languages)} |", f"|---|{'---|' * len(languages)}"]
    for key in sorted(judged, key=lambda key: (-sum(hits[key].values()), key)):
        cells = [f"{1000 * hits[key][code] / len(lines[code]):g}" if code in judged[key] else "–" for code in languages]
        table.append(f"| `{key}`{marks[key]} | {' | '.join(cells)} |")
    return table


def _page(table: list[str], lines: dict[str, list[str]]) -> str:
    counts = ", ".join(f"{code} {len(texts)}" for code, texts in lines.items())
    return (
        "# What ordinary lines are taken for\n\n"
        f"Written by `python benchmarks/ordinary.py --write`; lines: {counts}. Each is an ordinary sentence of an agent that does none of what a criterion\n"
        "looks for. The figures are wrong hits of its phrases in 1,000 lines, in its window but without its conditions; meanings are left out. A criterion\n"
        "that is not 0 will be met (or, if forbidden, failed) by chance: look at its phrases with `python benchmarks/ordinary.py --lines`. † is judged\n"
        "only under a condition (`when`, `after`), which hardly any of these lines would meet.\n\n" + "\n".join(table) + "\n"
    )


if __name__ == "__main__":
    main()
