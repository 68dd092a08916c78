"""The verdicts of every case and known-good call of the shipped rubrics, locked: `make verdicts`, or `python -m tests.scoring.verdicts`.

verdicts.lock says for each case what it was made of (rubric and case) and a digest of all that scoring found, for the scoring version and language
data beside it. When a verdict moves and neither rubric, case nor language data did, the code did it: then SCORING_VERSION must be raised, or stored
scores would be taken for today's. The command refuses to write until that is done; test_verdicts.py fails while the lock is not of today.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from qa_pipeline.rubric.cases import Case, heard_in
from qa_pipeline.scoring.identity import SCORING_VERSION, judged_by
from qa_pipeline.scoring.score import Finding, Score, score_many
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.trainer.known_good import load_known_good
from qa_pipeline.trainer.publish import Workbench, open_workbench

LOCK = Path(__file__).with_name("verdicts.lock")
_MOST_NAMED = 12
_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """`languages`: code → digest of what judges it; `cases`: RUBRIC/LANGUAGE/NAME → what it was made of, and what was found."""

    scoring_version: int
    languages: Mapping[str, str]
    cases: Mapping[str, tuple[str, str]]


def verdicts_now(bench: Workbench, settings: Settings) -> Verdicts:
    """Score every case and known-good call by the code as it is. Needs no model as long as the kept vectors and heads are those of the lists."""
    good = _good_calls(bench, settings)
    cases = {key: value for name in bench.scorecards for key, value in _of_rubric(bench, name, good[name])}
    spoken = sorted({key.split("/")[1] for key in cases})
    return Verdicts(scoring_version=SCORING_VERSION, languages={code: _judging(code) for code in spoken}, cases=cases)


def _judging(code: str) -> str:
    by = judged_by(code, [code])
    return f"{by.language_digest} {by.norm_version} {by.certainty_digest}"


def _good_calls(bench: Workbench, settings: Settings) -> dict[str, list[Case]]:
    """Known-good calls by rubric. What is good by any rubric is asked of one that has cases in its language, in turn: all of them would take minutes."""
    found: dict[str, list[Case]] = {name: [] for name in bench.scorecards}
    for number, call in enumerate(load_known_good(settings.rubrics)[0].calls):
        fit = [name for name in found if any(case.language == call.language for case in bench.cases[name])]
        for name in call.rubrics or fit[number % len(fit) :][:1]:
            found[name].append(call.as_case())
    return found


def _of_rubric(bench: Workbench, name: str, good: list[Case]) -> Iterator[tuple[str, tuple[str, str]]]:
    scorecard, encode = bench.scorecards[name], bench.encode_for(name)
    asked = {
        f"{name}/{case.language}/{label}{case.name}": case
        for label, cases in (("", bench.cases[name]), ("good call: ", good))
        for case in cases
    }
    written = {key: case for key, case in asked.items() if case.call is None}
    heard = [heard_in(case, scorecard.rubric, encode) for case in written.values()]
    for (key, case), conversation, scored in zip(written.items(), heard, score_many(heard, scorecard), strict=True):
        # Where a dialogue is cut into utterances is no affair of scoring.
        said = [(u.role.value, u.text, u.start_ms, u.end_ms) for u in conversation.utterances]
        yield key, (_digest([scorecard.sha256, _content(case), said]), _digest(_found(scored)))


def _content(case: Case) -> str:
    """What of a case makes the call; what it expects may change without a verdict."""
    left_out = {"name", "expected", "answers", "captures", "evidence", "disposition", "percent", "passed"}
    # A case without replies is locked as it was before there were any.
    return case.model_dump_json(exclude=left_out if case.replies else left_out | {"replies"})


def _found(scored: Score) -> list[object]:
    """All that is written down of a score but similarities, whose last digits are no verdict."""
    total = [scored.points, scored.max_points, scored.percent, scored.passed, scored.critical_failed, scored.coverage]
    return [
        *(round(value, 4) if isinstance(value, float) else value for value in total), scored.disposition and scored.disposition.value,
        scored.review_reasons, scored.sections_failed, [asdict(capture) for capture in scored.disposition_captures],
        *(_finding(finding) for finding in scored.findings),
    ]  # fmt: skip


def _finding(finding: Finding) -> list[object]:
    return [
        finding.criterion.id, finding.outcome.value, finding.answer, finding.points, finding.deduction, finding.occurrences, finding.reason,
        finding.window_start_ms, finding.window_end_ms, [asdict(capture) for capture in finding.captures],
        [(e.kind, e.utterance, e.role.value, e.text, e.start_ms, e.end_ms, e.expected) for e in finding.evidence],
    ]  # fmt: skip


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:_LENGTH]


def read_lock() -> Verdicts:
    """What is locked."""
    data = json.loads(LOCK.read_text("utf-8"))
    return Verdicts(
        scoring_version=data["scoring_version"], languages=data["languages"],
        cases={key: (made_of, found) for key, (made_of, found) in ((key, value.split()) for key, value in data["cases"].items())},
    )  # fmt: skip


def moved(locked: Verdicts, now: Verdicts) -> list[str]:
    """Cases that come out otherwise although neither they, their rubric nor the data of their language changed."""
    return [
        key
        for key, (made_of, found) in now.cases.items()
        if key in locked.cases and locked.cases[key][0] == made_of and locked.cases[key][1] != found and _is_same_language(key, locked, now)
    ]


def _is_same_language(key: str, locked: Verdicts, now: Verdicts) -> bool:
    code = key.split("/")[1]
    return locked.languages.get(code) == now.languages.get(code)


def fault(locked: Verdicts, now: Verdicts) -> str | None:
    """What is wrong with the lock, with the cure; None when it is of today."""
    if locked == now:
        return None
    if (several := moved(locked, now)) and locked.scoring_version == now.scoring_version:
        named = "\n  ".join(several[:_MOST_NAMED])
        return (
            f"The code judges {len(several)} cases otherwise, and SCORING_VERSION is still {now.scoring_version}:\n  {named}\n"
            "If that is meant, raise SCORING_VERSION in qa_pipeline/scoring/identity.py and run `make verdicts`: stored calls are then scored anew."
        )
    return "Rubrics, cases, language data or SCORING_VERSION have changed since the verdicts were locked: run `make verdicts`."


def main() -> None:
    """Write the lock, unless verdicts moved without a new scoring version."""
    settings = load_settings()
    now = verdicts_now(open_workbench(settings), settings)
    locked = read_lock() if LOCK.is_file() else Verdicts(scoring_version=0, languages={}, cases={})
    if (several := moved(locked, now)) and locked.scoring_version == now.scoring_version:
        raise SystemExit(fault(locked, now))
    others = [key for key, (_, found) in now.cases.items() if key in locked.cases and locked.cases[key][1] != found and key not in several]
    for label, keys in (("moved by code", several), ("moved with their rubric, case or language data", others)):
        sys.stdout.write("".join(f"{label}: {key}\n" for key in keys))
    text = json.dumps(
        {
            "scoring_version": now.scoring_version,
            "languages": now.languages,
            "cases": {key: " ".join(value) for key, value in sorted(now.cases.items())},
        },
        ensure_ascii=False, indent=1,
    )  # fmt: skip
    LOCK.write_text(text + "\n", "utf-8")
    sys.stdout.write(f"{len(now.cases)} verdicts locked for scoring version {now.scoring_version}.\n")


if __name__ == "__main__":
    main()
