"""How much of what is personal is found, and how much of what is found is personal, by kind and language, on written dialogues.

    .venv/bin/python benchmarks/redaction.py [FILE.yaml …] [--misses] [--reader FOLDER | --crossed FOLDER]

A file is a list of {id, language, agent_name?, lines}; what is personal stands in braces with its kind: `0:03 customer: it is {phone|oh seven nine …}`.
`--reader`: another than the shipped one; `--crossed`: each call by the reader that has not learnt from it (`models/privacy/train.py --folds`), all files together.
A place counts as found when all of its letters and digits are hidden, by whatever kind; `typed` says how many of these have the right kind.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from qa_pipeline.conversation.written import conversation
from qa_pipeline.privacy.find import find_personal
from qa_pipeline.privacy.kinds import Personal
from qa_pipeline.privacy.reader import Reader, load_reader, shipped_reader

_MARK = re.compile(r"\{([a-z_]+)\|([^{}]*)\}")
FOLDS = 2
GROUPS = {
    "numbers": {"phone", "card", "account", "national_id", "plate"},
    "names and addresses": {"name", "address"},
    "all": {one.value for one in Personal},
}
SETS = Path(__file__).parent.parent / "models" / "privacy"
# Which the readers learn from, in the order in which models/privacy/train.py counts their calls.
WRITTEN = ("read.yaml", "read_second.yaml")


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="all of models/privacy where none is given")
    parser.add_argument("--misses", action="store_true", help="print what was missed and what was hidden for nothing")
    parser.add_argument("--reader", type=Path, help="folder of a reader other than the shipped one")
    parser.add_argument("--crossed", type=Path, help="folder of readers that each have not learnt from one half")
    arguments = parser.parse_args()
    if arguments.crossed:
        readers = [load_reader(arguments.crossed / str(fold)) for fold in range(FOLDS)]
        items = [item for name in WRITTEN for item in yaml.safe_load((SETS / name).read_text("utf-8"))]
        measure(items, " and ".join(WRITTEN), readers, show=arguments.misses)
        return
    reader = load_reader(arguments.reader) if arguments.reader else shipped_reader()
    for path in arguments.files or sorted(SETS.glob("*.yaml")):
        measure(yaml.safe_load(path.read_text("utf-8")), path.name, [reader], show=arguments.misses)


def measure(items: list[dict[str, Any]], name: str, readers: Sequence[Reader], *, show: bool) -> None:
    """Print the figures of some calls, of which each reader reads one after the other in turn."""
    there: Counter[tuple[str, str]] = Counter()
    found_there: Counter[tuple[str, str]] = Counter()
    typed: Counter[tuple[str, str]] = Counter()
    hidden: Counter[tuple[str, str]] = Counter()
    rightly: Counter[tuple[str, str]] = Counter()
    lines = 0
    for number, item in enumerate(items):
        reader = readers[number % len(readers)]
        language = item["language"]
        split = [parsed(line) for line in item["lines"]]
        talk = conversation("\n".join(text for text, _ in split), language=language)
        places = placed([text for text, _ in split], [utterance.text for utterance in talk.utterances])
        lines += len(split)
        found = [
            (places[one.utterance][0], places[one.utterance][1] + one.start, places[one.utterance][1] + one.end, one.kind.value)
            for one in find_personal(talk.utterances, agent_name=item.get("agent_name"), reader=reader)
        ]
        for at, (text, marks) in enumerate(split):
            covered = {place for line, first, last, _ in found if line == at for place in range(first, last)}
            for kind, start, end in marks:
                wanted = {place for place in range(start, end) if text[place].isalnum()}
                there[language, kind] += 1
                if wanted <= covered:
                    found_there[language, kind] += 1
                    typed[language, kind] += any(
                        line == at and known == kind and first < end and start < last for line, first, last, known in found
                    )
                elif show:
                    print(
                        f"missed {item['id']} {kind}: {text[:start]}<<{text[start:end]}>>{text[end:]}   ({len(wanted - covered)} of {len(wanted)})"
                    )
        for line, first, last, kind in found:
            text, marks = split[line]
            is_right = any(start < last and first < end for _, start, end in marks)
            hidden[language, kind] += 1
            rightly[language, kind] += is_right
            if show and not is_right:
                print(f"hid    {item['id']} {kind}: {text[:first]}<<{text[first:last]}>>{text[last:]}")
    print(f"\n{name}: {lines} utterances")
    print(f"{'language':9}{'kind':22}{'said':>6}{'found':>7}{'recall':>8}{'typed':>7}{'hidden':>8}{'precision':>10}")
    for key in sorted({*there, *hidden}):
        recall = f"{found_there[key] / there[key]:8.3f}" if there[key] else "       –"
        precision = f"{rightly[key] / hidden[key]:10.3f}" if hidden[key] else "         –"
        print(f"{key[0]:9}{key[1]:22}{there[key]:6}{found_there[key]:7}{recall}{typed[key]:7}{hidden[key]:8}{precision}")
    for language in [*sorted({key[0] for key in there}), "all"]:
        for group, kinds in GROUPS.items():
            of = [key for key in {*there, *hidden} if language in (key[0], "all") and key[1] in kinds]
            said, got = sum(there[key] for key in of), sum(found_there[key] for key in of)
            hid, right = sum(hidden[key] for key in of), sum(rightly[key] for key in of)
            print(f"{language:9}{group:22}{said:6}{got:7}{got / max(said, 1):8.3f}{'':7}{hid:8}{right / max(hid, 1):10.3f}")


if __name__ == "__main__":
    main()
