"""A scorecard as the agent reads it: each criterion in their language, what the program found beside what counts, where it was heard, and what was said about it.

Notes and calibration are between those who judge, and are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from qa_pipeline.call import Outcome
from qa_pipeline.privacy.policy import load_policy
from qa_pipeline.reading.call import read_call
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.report.data import ReportData, Row, report_of
from qa_pipeline.report.reasons import reason_of
from qa_pipeline.report.redacted import redact_report
from qa_pipeline.report.sureness import sureness
from qa_pipeline.report.wording import title_of
from qa_pipeline.review.decisions import Calibration, Decision, Dispute, Note
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.effective import EffectiveFinding, EffectiveScore, effective
from qa_pipeline.review.rule import dispute_until
from qa_pipeline.review.standing import closed_at, decisions_about, read_standing
from qa_pipeline.settings import Settings

_NOT_TOLD = (Note, Calibration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Words of the call that a criterion rests on. `kind`: hit, answer, cause, or heard: the nearest thing to what was missed. `moment_ms`: when; None in a call
    without times."""

    kind: str
    text: str
    role: str | None
    moment_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLine:
    """A criterion. `found`: by the program; `outcome`: as it counts; `decision`: a person's in force. `dispute`: their own that waits. `history`: all, oldest first.

    `is_described`: it says what the call was like, and judges nobody. `is_counted`: it is part of the score, and not only shown.
    `searched_ms`: the stretch that was looked through, where it has times."""

    criterion_id: str
    title: str
    language: str | None
    outcome: Outcome
    answer: str | None
    found: Outcome
    is_critical: bool
    is_described: bool
    is_counted: bool
    points: float | None
    max_points: float
    reason: str
    reason_language: str
    sureness: str | None
    advice: str | None
    quotes: tuple[Quote, ...]
    searched_ms: tuple[int, int] | None
    decision: Decision | None
    dispute: Decision | None
    history: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A scorecard. `score`: as it counts; None for a call without one. `history`: what was decided about the whole call. `disputable_until`: None for ever."""

    line: CallLine
    score: EffectiveScore | None
    lines: tuple[CardLine, ...]
    utterances: tuple[Row, ...]
    history: tuple[Decision, ...]
    acknowledgement: Decision | None
    disputable_until: datetime | None
    version: int

    def may_dispute(self, now: datetime) -> bool:
        """Whether its time is not over."""
        return self.score is not None and (self.disputable_until is None or now <= self.disputable_until)


def read_card(desk: Desk, settings: Settings, viewer: Viewer, call_id: str, language: str) -> Card:
    """Read a scorecard in a language, as far as rubric and reasons have it. Raises as `find_call`."""
    one = read_call(desk.store, desk.engine, viewer, call_id)
    line = one.line
    with desk.engine.connect() as connection:
        about = decisions_about(connection, call_id)
    standing = read_standing(desk, line, findings=one.findings)
    score = effective(standing, about, closed_at(desk, line)) if standing else None
    data = redact_report(report_of(one, desk.store, settings, effective=score), load_policy(settings.privacy_policy).of(viewer))
    told = [decision for decision in about if not isinstance(decision.what, _NOT_TOLD)]
    by_id = {finding.criterion.id: finding for finding in score.findings} if score else {}
    (item,) = data.calls
    return Card(
        line=line,
        score=score,
        lines=tuple(
            _line(data, row, by_id[row["criterion_id"]], told, language)
            for row in item.findings
            if row["criterion_id"] in by_id and by_id[row["criterion_id"]].criterion.status != "draft"
        ),
        utterances=item.utterances,
        history=tuple(d for d in told if d.criterion_id is None),
        acknowledgement=score.acknowledgement if score else None,
        disputable_until=dispute_until(line, desk.dispute_days),
        version=about[-1].version if about else 0,
    )


def open_disputes(card: Card) -> tuple[Decision, ...]:
    """Disputes on a card that wait for their answer."""
    whole = (card.score.dispute,) if card.score and card.score.dispute else ()
    return (*whole, *(line.dispute for line in card.lines if line.dispute is not None))


def _line(data: ReportData, row: Row, finding: EffectiveFinding, about: Sequence[Decision], language: str) -> CardLine:
    words = data.words_of(row)
    titles: Mapping[str, Mapping[str, str]] = {one["criterion_id"]: data.words_of(one).title for one in data.calls[0].findings}
    title_language, title = title_of(words.title, row["criterion_id"], language)
    reason_language, reason = reason_of(row, language, lambda name: title_of(titles.get(name, {}), name, language)[1])
    sure = sureness(row, language)
    advice = title_of(words.advice, "", language)[1] if words.advice else None
    return CardLine(
        criterion_id=row["criterion_id"],
        title=title,
        language=title_language,
        outcome=finding.outcome,
        answer=finding.answer,
        found=finding.machine.outcome,
        is_critical=finding.criterion.critical is True,
        is_described=row["reason_code"] == "sentiment",
        is_counted=finding.criterion.status == "stable",
        points=finding.points,
        max_points=finding.criterion.weight,
        reason=reason,
        reason_language=reason_language,
        sureness=sure[1] if sure else None,
        advice=advice if finding.outcome is not Outcome.MET else None,
        quotes=tuple(
            Quote(kind=evidence["kind"], text=evidence["text"], role=evidence["role"], moment_ms=evidence["start_ms"])
            for evidence in row["evidence"] or ()
            if evidence["text"]
        ),
        searched_ms=_searched(data, row),
        decision=finding.decision,
        dispute=finding.dispute,
        history=tuple(d for d in about if d.criterion_id == row["criterion_id"]),
    )


def _searched(data: ReportData, row: Row) -> tuple[int, int] | None:
    start, end, whole = row["window_start_ms"], row["window_end_ms"], data.calls[0].call["duration_ms"]
    if start is None or end is None or end <= start:
        return None
    return start, end if whole is None else min(end, whole)


def own_open(card: Card, account: int | None) -> tuple[Decision, ...]:
    """Disputes of an account that nobody answered yet: they may be taken back."""
    return tuple(one for one in open_disputes(card) if one.account == account and isinstance(one.what, Dispute))
