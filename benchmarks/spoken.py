"""How spoken marks and answers are read: `python benchmarks/spoken.py FILE.yaml … [--misses]`.

Each item: `kind` (mark: from one to ten; satisfaction: satisfied, average, dissatisfied; willing: is it a convenient time), `language`, `question`, `reply` (what is said
then; lines that begin with `agent:` are the agent's), `answer` (one, or several that are fair; `unclear`, or `neither`, where none can be known). A file may group
them: `about` (what is hard in them) and `replies` (by their answers, several of which are parted by "|"; turns by " / "). Each is a call of
that question alone. Prints, by kind and language, how many are right, how many wrong ones were left open, and how many are wrong by more than one step
without a word of doubt; and the same by what is hard in them. A half is right where both marks beside it are fair ("six and a half": 6 or 7). `--misses` lists what is wrong.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from qa_pipeline.conversation.listen import Listener
from qa_pipeline.conversation.written import conversation, with_vectors
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.settings import load_settings
from qa_pipeline.text.sentences import sentences

CHECKS: dict[str, dict[str, Any]] = {
    "mark": {"check": "survey", "answered": "ten"},
    "satisfaction": {"check": "survey", "answered": "three"},
    "willing": {"check": "question", "answers": {"willing": {}, "unwilling": {}}},
}
_THREE = ("dissatisfied", "average", "satisfied")
_OPEN = "unclear"
# A reply that is neither willing nor unwilling leaves it open, whatever its author calls that.
_SAME = {"neither": _OPEN}


def load_items(file: Path) -> list[dict[str, Any]]:
    """The items of a file, those of a group one by one, with `answer` a list."""
    items: list[dict[str, Any]] = []
    for entry in yaml.safe_load(file.read_text("utf-8")):
        grouped = ((answers.split("|"), reply.split(" / ")) for answers, replies in entry.get("replies", {}).items() for reply in replies)
        alone = [(entry["answer"], entry["reply"])] if "reply" in entry else []
        for answers, reply in (*alone, *grouped):
            told = [_SAME.get(str(answer), str(answer)) for answer in (answers if isinstance(answers, list) else [answers])]
            number = f"{entry['kind']} {entry['language']} {entry.get('about', '')} {len(items)}"
            items.append({"id": number, **{k: v for k, v in entry.items() if k != "replies"}, "answer": told, "reply": reply})
    return items


def read(item: dict[str, Any], encode: Callable[[Sequence[str]], Any] | None) -> str:
    """The answer read from an item, by its meaning too where `encode` gives it; `unclear` where there is none, or it is withheld."""
    # The question is its own phrase: what is measured is what the reply makes of it.
    question = " ".join(re.findall(r"[\w']+", item["question"]))
    criterion = {"id": "asked", "status": "stable", "phrases": {item["language"]: [question]}, **CHECKS[item["kind"]]}
    data = {"id": "spoken", "version": 1, "sections": [{"id": "all", "criteria": [criterion]}]}
    rubric = Rubric.model_validate_json(json.dumps(data))
    said = [line if line.startswith("agent:") else f"customer: {line.removeprefix('customer:').strip()}" for line in item["reply"]]
    lines = [f"0:{4 * n:02d} {line}" for n, line in enumerate([f"agent: {item['question']}", *said])]
    heard = conversation(*lines, language=item["language"])
    finding = score(with_vectors(heard, encode) if encode else heard, prepare(rubric, {})).findings[0]
    return finding.answer or _OPEN


def is_right(kind: str, wanted: list[str], got: str) -> bool:
    """Whether an answer is a fair one; a half is where both marks beside it are."""
    if got in wanted:
        return True
    return kind == "mark" and got.endswith(".5") and {f"{float(got) - 0.5:g}", f"{float(got) + 0.5:g}"} <= set(wanted)


def steps(kind: str, wanted: list[str], got: str) -> float:
    """How far an answer is from the nearest one that is fair; 0 where one of them is open."""
    if got == _OPEN:
        return 0
    if kind == "willing":
        return 0 if got in wanted else 2
    place = (lambda answer: float(_THREE.index(answer))) if kind == "satisfaction" else float
    told = [answer for answer in wanted if answer != _OPEN]
    # A mark read where none was given is no step away from anything, and as wrong as can be.
    return min((abs(place(answer) - place(got)) for answer in told), default=9)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--words-only", action="store_true", help="as calls without vectors are read")
    given = parser.parse_args()
    items = [item for file in given.files for item in load_items(file)]
    encode = None if given.words_only else _encode_at_once(items)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for item in items:
        wanted, got = item["answer"], read(item, encode)
        right = is_right(item["kind"], wanted, got)
        is_far = not right and steps(item["kind"], wanted, got) > 1
        groups = [("all", "all"), (item["kind"], "all"), (item["kind"], item["language"])]
        for key in (*groups, *([(f"{item['kind']}: {item['about']}", "all")] if "about" in item else [])):
            count = counts.setdefault(key, Counter())
            count["items"] += 1
            count["right"] += right
            count["open"] += got == _OPEN not in wanted
            count["far"] += is_far
        if given.misses and not right:
            print(
                f"{item['id']} {item['kind']}: {' / '.join(item['reply'])}: wanted {' or '.join(wanted)}, read {got}{' (far)' if is_far else ''}"
            )
    for (kind, language), count in sorted(counts.items()):
        print(
            f"{kind:30} {language:4} {count['right']:4} of {count['items']:4} right ({count['right'] / count['items']:.1%}), "
            f"{count['open']} left open, {count['far']} wrong by more than one step"
        )


def _encode_at_once(items: Sequence[dict[str, Any]]) -> Callable[[Sequence[str]], Any]:
    """What gives meanings of texts, those of the items read in one go."""
    encode = Listener(load_settings()).read_meanings
    texts = sorted(
        {
            line.partition(":")[2].strip() if line.startswith(("agent:", "customer:")) else line.strip()
            for item in items
            for line in (item["question"], *item["reply"])
        }
    )
    spoken = sorted({sentence for text in texts for sentence in sentences(text)})
    read = dict(zip(spoken, encode(spoken), strict=True))
    return lambda wanted: [read[text] if text in read else encode([text])[0] for text in wanted]


if __name__ == "__main__":
    main()
