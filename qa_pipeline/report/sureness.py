"""How sure a finding is and what that rests on, in the words of the call's language; and what a score says of itself first."""

from __future__ import annotations

from typing import Any

from qa_pipeline.languages.interface import interface_language
from qa_pipeline.languages.load import is_language, table
from qa_pipeline.languages.reason_tables import ReasonWords

Row = dict[str, Any]

# From these certainties findings are called sure, and fairly sure. Chosen, so that of the sure ones hardly one in twenty-five is wrong.
SURE, FAIRLY_SURE = 0.95, 0.8
_MOST_GROUNDS = 3
# A scorecard of which so much does not apply says so first.
MUCH = 0.5


def sureness(finding: Row, language: str | None) -> tuple[str, str] | None:
    """Language and words of how sure a finding is: `fairly sure (87 %): heard only roughly; who is who is sure`; None where it asserts nothing."""
    share = finding.get("certainty")
    if share is None:
        return None
    code, words = _words(language)
    level = "sure" if share >= SURE else "fairly_sure" if share >= FAIRLY_SURE else "unsure"
    grounds = [
        words.grounds[ground["key"]][0 if ground["weight"] > 0 else 1]
        for ground in finding.get("certainty_grounds") or ()
        if ground["key"] in words.grounds
    ]
    said = list(dict.fromkeys(grounds))[:_MOST_GROUNDS]
    head = f"{words.words.get(level, level.replace('_', ' '))} ({100 * share:.0f} %)"
    return code, f"{head}: {'; '.join(said)}" if said else head


def first_line(score: Row, findings: tuple[Row, ...]) -> str | None:
    """What must be known before a score is read: that most of it does not apply, and why; None where that is not so."""
    share = score.get("not_applicable_share")
    if share is None or share < MUCH:
        return None
    causes = dict.fromkeys(
        f"{e['role']} “{e['text']}”"
        + (f" at {e['start_ms'] // 60_000}:{e['start_ms'] // 1000 % 60:02d}" if e["start_ms"] is not None else "")
        for finding in findings
        if finding["outcome"] == "not_applicable"
        for e in (finding["evidence"] or ())[:1]
        if e["kind"] == "cause"
    )
    because = f", because of {'; '.join(list(causes)[:2])}" if causes else ""
    return f"{100 * share:.0f} % of the weight does not apply{because}"


def expected_wrong(score: Row) -> str | None:
    """How many findings of a score are expected to be wrong, in words; None where that was not recorded."""
    count = score.get("expected_wrong")
    return None if count is None else f"about {count:.1f} of its findings may be wrong"


def _words(language: str | None) -> tuple[str, ReasonWords]:
    for code in (language, interface_language()):
        if code and is_language(code) and (words := table(code, ReasonWords)).grounds:
            return code, words
    return interface_language(), ReasonWords()
