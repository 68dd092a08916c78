"""A case beside a rubric, compared with the score of its dialogue."""

from __future__ import annotations

from dataclasses import dataclass

from qa_pipeline.rubric.cases import Case
from qa_pipeline.scoring.score import Finding, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """A case and what differed, as sentences that say what was heard, expected and how near it came."""

    case: Case
    misses: tuple[str, ...]


def compare(case: Case, scored: Score) -> CaseResult:
    """What differs between a score and what the case expects."""
    findings = {finding.criterion.id: finding for finding in scored.findings}
    misses = []
    named = dict.fromkeys((*case.expected, *case.answers, *case.captures, *case.evidence, *case.replies))
    misses += [f"{criterion}: the rubric has no such criterion" for criterion in named if criterion not in findings]
    for criterion, outcome in case.expected.items():
        if criterion in findings and findings[criterion].outcome.value != outcome:
            finding = findings[criterion]
            misses.append(f"{criterion}: {finding.outcome.value}, expected {outcome}: {finding.reason} {_near(finding)}")
    for criterion, answer in case.answers.items():
        if criterion in findings and findings[criterion].answer != answer:
            misses.append(f"{criterion}: answered {findings[criterion].answer}, expected {answer}; {_near(findings[criterion])}")
    for criterion, value in case.captures.items():
        values = [capture.value for capture in findings[criterion].captures] if criterion in findings else []
        if criterion in findings and value not in values[:1]:
            misses.append(f"{criterion}: captured {', '.join(values) or 'nothing'}, expected {value}; {_near(findings[criterion])}")
    for criterion, words in case.evidence.items():
        if criterion in findings and not any(words in e.text for e in findings[criterion].evidence):
            misses.append(f"{criterion}: the evidence does not contain {words!r}; {_near(findings[criterion])}")
    if case.disposition and (scored.disposition is None or scored.disposition.value != case.disposition):
        ended = scored.disposition.value if scored.disposition else "unknown"
        misses.append(f"disposition: {ended}, expected {case.disposition}")
    if case.percent is not None and (scored.percent is None or abs(scored.percent - case.percent) > 0.05):
        misses.append(f"percent: {'none' if scored.percent is None else f'{scored.percent:.1f}'}, expected {case.percent:g}")
    if case.passed is not None and scored.passed != case.passed:
        passed = "undecided" if scored.passed is None else str(scored.passed).lower()
        misses.append(f"passed: {passed}, expected {str(case.passed).lower()}")
    return CaseResult(case=case, misses=tuple(misses))


def _near(finding: Finding) -> str:
    """What was heard, for which phrase, how similar."""
    return "; ".join(f"{e.kind} {e.text!r} for {e.expected!r} at {e.similarity:.2f}" for e in finding.evidence[:3]) or "nothing heard"
