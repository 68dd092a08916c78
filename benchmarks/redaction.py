"""How much of what is personal is found, and how much of what is found is personal, by kind and language, on written dialogues.

    .venv/bin/python benchmarks/redaction.py [FILE.yaml …] [--misses] [--reader FOLDER | --crossed FOLDER]

A file is a list of {id, language, agent_name?, lines}; what is personal stands in braces with its kind: `0:03 customer: it is {phone|oh seven nine …}`.
`--reader`: another than the shipped one; `--crossed`: each file by the reader that has not learnt from it (`models/privacy/train.py --folds`), then all together;
files that no reader there is for are left out.
A place counts as found when all of its letters and digits are hidden, by whatever kind; `typed` says how many of these have the right kind.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from qa_pipeline.conversation.written import conversation
from qa_pipeline.privacy.find import find_personal
from qa_pipeline.privacy.kinds import Personal
from qa_pipeline.privacy.reader import Bars, Reader, load_reader, shipped_reader

_MARK = re.compile(r"\{([a-z_]+)\|([^{}]*)\}")
GROUPS = {
    "numbers": {"phone", "card", "account", "national_id", "plate"},
    "names and addresses": {"name", "address"},
    "all": {one.value for one in Personal},
}
TRIED = {
    "sure": (0.4, 0.5, 0.6, 0.7),
    "beside": (0.02, 0.03, 0.04),
    "of_place": (0.5, 0.65, 0.75, 0.85),
    "of_name": (0.65, 0.75, 0.8),
    "of_sign": (0.75, 0.88, 0.95),
    "of_word": (0.75, 0.9, 0.95),
    "of_ruled": (0.1, 0.3, 0.5),
    "nothing": (0.03, 0.06, 0.1),
}
SETS = Path(__file__).parent.parent / "models" / "privacy"
# Which the readers learn from, one reader of each fold not.
LEARNT_FROM = "read*.yaml"


def parsed(line: str) -> tuple[str, list[tuple[str, int, int]]]:
    """A line without marks, and kind, start and end of each in it."""
    text, marks, position = "", [], 0
    for match in _MARK.finditer(line):
        text += line[position : match.start()]
        marks.append((match[1], len(text), len(text) + len(match[2])))
        text, position = text + match[2], match.end()
    return text + line[position:], marks


def placed(lines: list[str], utterances: list[str]) -> list[tuple[int, int]]:
    """Line and place in it of each utterance: lines are cut at ends of sentences."""
    found, line, position = [], 0, 0
    for utterance in utterances:
        while (at := lines[line].find(utterance, position)) < 0:
            line, position = line + 1, 0
        found.append((line, at))
        position = at + len(utterance)
    return found


@dataclass(frozen=True, slots=True)
class Figures:
    """Places by language and kind: said, found, found with the right kind, hidden, rightly hidden."""

    said: Counter[tuple[str, str]]
    found: Counter[tuple[str, str]]
    typed: Counter[tuple[str, str]]
    hidden: Counter[tuple[str, str]]
    rightly: Counter[tuple[str, str]]

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.said + other.said,
            self.found + other.found,
            self.typed + other.typed,
            self.hidden + other.hidden,
            self.rightly + other.rightly,
        )

    def of(self, group: str, language: str) -> tuple[int, int, int, int]:
        """Said, found, hidden and rightly hidden of a group of kinds in a language, or in `all`."""
        keys = [key for key in {*self.said, *self.hidden} if language in (key[0], "all") and key[1] in GROUPS[group]]
        said, found, hidden, rightly = (sum(counts[key] for key in keys) for counts in (self.said, self.found, self.hidden, self.rightly))
        return said, found, hidden, rightly


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="all of models/privacy where none is given")
    parser.add_argument("--misses", action="store_true", help="print what was missed and what was hidden for nothing")
    parser.add_argument("--reader", type=Path, help="folder of a reader other than the shipped one")
    parser.add_argument("--crossed", type=Path, help="folder of readers that each have not learnt from one file")
    parser.add_argument("--bars", action="store_true", help="with --crossed: how much is found when the readers must be more sure, or less")
    arguments = parser.parse_args()
    if arguments.crossed:
        written = [path for path in sorted(SETS.glob(LEARNT_FROM)) if (arguments.crossed / path.stem).is_dir()]
        folds = [(yaml.safe_load(path.read_text("utf-8")), load_reader(arguments.crossed / path.stem)) for path in written]
        if arguments.bars:
            print_bars(folds)
            return
        several = [measure(items, reader, show=arguments.misses) for items, reader in folds]
        for path, figures in zip(written, several, strict=True):
            print_figures(figures, path.name)
        print_figures(sum(several[1:], several[0]), "all")
        return
    reader = load_reader(arguments.reader) if arguments.reader else shipped_reader()
    for path in arguments.files or sorted(SETS.glob("*.yaml")):
        print_figures(measure(yaml.safe_load(path.read_text("utf-8")), reader, show=arguments.misses), path.name)


def measure(items: list[dict[str, Any]], reader: Reader, *, show: bool = False) -> Figures:
    """Count what is found in some calls."""
    figures = Figures(Counter(), Counter(), Counter(), Counter(), Counter())
    for item in items:
        language = item["language"]
        split = [parsed(line) for line in item["lines"]]
        talk = conversation("\n".join(text for text, _ in split), language=language)
        places = placed([text for text, _ in split], [utterance.text for utterance in talk.utterances])
        found = [
            (places[one.utterance][0], places[one.utterance][1] + one.start, places[one.utterance][1] + one.end, one.kind.value)
            for one in find_personal(talk.utterances, agent_name=item.get("agent_name"), reader=reader)
        ]
        for at, (text, marks) in enumerate(split):
            covered = {place for line, first, last, _ in found if line == at for place in range(first, last)}
            for kind, start, end in marks:
                wanted = {place for place in range(start, end) if text[place].isalnum()}
                figures.said[language, kind] += 1
                if wanted <= covered:
                    figures.found[language, kind] += 1
                    figures.typed[language, kind] += any(
                        line == at and known == kind and first < end and start < last for line, first, last, known in found
                    )
                elif show:
                    print(
                        f"missed {item['id']} {kind}: {text[:start]}<<{text[start:end]}>>{text[end:]}   ({len(wanted - covered)} of {len(wanted)})"
                    )
        for line, first, last, kind in found:
            text, marks = split[line]
            is_right = any(start < last and first < end for _, start, end in marks)
            figures.hidden[language, kind] += 1
            figures.rightly[language, kind] += is_right
            if show and not is_right:
                print(f"hid    {item['id']} {kind}: {text[:first]}<<{text[first:last]}>>{text[last:]}")
    return figures


def print_figures(figures: Figures, name: str) -> None:
    """Recall and precision by language and kind, then by language and group of kinds."""
    print(f"\n{name}")
    print(f"{'language':9}{'kind':22}{'said':>6}{'found':>7}{'recall':>8}{'typed':>7}{'hidden':>8}{'precision':>10}")
    for key in sorted({*figures.said, *figures.hidden}):
        said, hidden = figures.said[key], figures.hidden[key]
        recall = f"{figures.found[key] / said:8.3f}" if said else "       –"
        precision = f"{figures.rightly[key] / hidden:10.3f}" if hidden else "         –"
        print(f"{key[0]:9}{key[1]:22}{said:6}{figures.found[key]:7}{recall}{figures.typed[key]:7}{hidden:8}{precision}")
    for language in [*sorted({key[0] for key in figures.said}), "all"]:
        for group in GROUPS:
            said, found, hidden, rightly = figures.of(group, language)
            print(f"{language:9}{group:22}{said:6}{found:7}{found / max(said, 1):8.3f}{'':7}{hidden:8}{rightly / max(hidden, 1):10.3f}")


def print_bars(folds: Sequence[tuple[list[dict[str, Any]], Reader]]) -> None:
    """Recall and precision by group of kinds with each bar changed, the others as they are."""
    for name, tried in TRIED.items():
        for value in tried:
            bars = replace(Bars(), **{name: value})
            several = [measure(items, replace(reader, bars=bars)) for items, reader in folds]
            figures = sum(several[1:], several[0])
            told = [
                f"{found / said:8.3f}{rightly / hidden:8.3f}"
                for said, found, hidden, rightly in (figures.of(group, "all") for group in GROUPS)
            ]
            print(f"{name:10}{value:6.2f}{''.join(told)}", flush=True)


if __name__ == "__main__":
    main()
