"""How spoken marks and answers are read: `python benchmarks/spoken.py FILE.yaml … [--misses]`.

Each item: `kind` (mark: from one to ten; satisfaction: satisfied, average, dissatisfied; willing: is it a convenient time), `language`, `question`, `reply` (what is said
then; lines that begin with `agent:` are the agent's), `answer` (one, or several that are fair; `unclear` where none can be known). Each is a call of
that question alone. Prints, by language and kind, how many are right, how many wrong ones were left open, and how many are wrong by more than one step
without a word of doubt. `--misses` lists what is wrong.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from qa_pipeline.conversation.written import conversation, with_vectors
from qa_pipeline.meaning.encoder import Encoder
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.models import choose_manifest, model_folder

CHECKS: dict[str, dict[str, Any]] = {
    "mark": {"check": "survey", "answered": "ten"},
    "satisfaction": {"check": "survey", "answered": "three"},
    "willing": {"check": "question", "answers": {"willing": {}, "unwilling": {}}},
}
_THREE = ("dissatisfied", "average", "satisfied")
_OPEN = "unclear"


def read(item: dict[str, Any], encoder: Encoder | None) -> str:
    """The answer read from an item, by its meaning too where there is an encoder; `unclear` where there is none, or it is withheld."""
    # The question is its own phrase: what is measured is what the reply makes of it.
    question = " ".join(re.findall(r"[\w']+", item["question"]))
    criterion = {"id": "asked", "status": "stable", "phrases": {item["language"]: [question]}, **CHECKS[item["kind"]]}
    data = {"id": "spoken", "version": 1, "sections": [{"id": "all", "criteria": [criterion]}]}
    rubric = Rubric.model_validate_json(json.dumps(data))
    said = [line if line.startswith("agent:") else f"customer: {line.removeprefix('customer:').strip()}" for line in item["reply"]]
    lines = [f"0:{4 * n:02d} {line}" for n, line in enumerate([f"agent: {item['question']}", *said])]
    heard = conversation(*lines, language=item["language"])
    finding = score(with_vectors(heard, encoder.encode) if encoder else heard, prepare(rubric, {})).findings[0]
    return finding.answer or _OPEN


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
    settings = load_settings()
    encoder = None if given.words_only else Encoder(model_folder(choose_manifest(settings, "encoder"), settings), threads=1)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for item in (item for file in given.files for item in yaml.safe_load(file.read_text("utf-8"))):
        wanted = [str(answer) for answer in (item["answer"] if isinstance(item["answer"], list) else [item["answer"]])]
        got = read(item, encoder)
        is_far = got not in wanted and steps(item["kind"], wanted, got) > 1
        for key in ((item["language"], item["kind"]), ("all", "all")):
            count = counts.setdefault(key, Counter())
            count["items"] += 1
            count["right"] += got in wanted
            count["open"] += got == _OPEN not in wanted
            count["far"] += is_far
        if given.misses and got not in wanted:
            print(
                f"{item['id']} {item['kind']}: {' / '.join(item['reply'])}: wanted {' or '.join(wanted)}, read {got}{' (far)' if is_far else ''}"
            )
    for (language, kind), count in sorted(counts.items()):
        print(
            f"{language:4} {kind:13} {count['right']:4} of {count['items']:4} right ({count['right'] / count['items']:.1%}), "
            f"{count['open']} left open, {count['far']} wrong by more than one step"
        )


if __name__ == "__main__":
    main()
