"""What reports show, read from the tables: current calls with score, findings and utterances, and what failed.

The overview of all calls is read at once, what belongs to single calls for as many of them as a page shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.call import OneCall, read_call
from qa_pipeline.reading.reports import ReportRows, report_rows
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.report.reasons import reason_of
from qa_pipeline.report.sureness import sureness
from qa_pipeline.report.wording import NOTHING_SAID, CriterionWords, load_wording, title_of
from qa_pipeline.results.store import Store
from qa_pipeline.review.effective import EffectiveScore
from qa_pipeline.settings import Settings

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """A score as it counts: what the program found where nobody decided anything. `decided`: decisions in force."""

    percent: float | None
    passed: bool | None
    critical_failed: bool | None
    critical_state: str | None
    needs_review: bool
    review_reasons: tuple[str, ...]
    decided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """One call as reports show it. Rows have the columns of results/tables.py; `score` is None for a call without a rubric.

    Where there is no official score, `score` is the newest trial. `effective`: the score as it counts, where people decided anything about the call.
    `is_redacted`: personal data is hidden in it; `hidden_spans`: stretches of the recording, in ms, that must not be heard (redacted.py).
    `named`: the row with all names, where `call` lacks them, for what hides names in words; shown nowhere.
    """

    call: Row
    score: Row | None
    findings: tuple[Row, ...]
    utterances: tuple[Row, ...]
    metrics: Row
    effective: EffectiveScore | None = None
    named: Row | None = None
    is_redacted: bool = False
    hidden_spans: tuple[tuple[int, int], ...] = ()

    @property
    def is_official(self) -> bool:
        """Whether its score counts: trials are shown and not counted."""
        return self.score is not None and self.score["purpose"] == "official"

    @property
    def counting(self) -> Counting | None:
        """The score as it counts; None for a call without a rubric."""
        score, effective = self.score, self.effective
        if score is None:
            return None
        if effective is not None:
            totals = effective.totals
            return Counting(
                percent=totals.percent,
                passed=totals.passed,
                critical_failed=totals.critical_failed,
                critical_state=effective.critical_state,
                needs_review=effective.to_review,
                review_reasons=effective.review_reasons,
                decided=effective.decided,
            )
        # Rows of many calls have it beside the program's own, where anything was decided.
        prefix = "effective_" if score.get("effective_needs_review") is not None and score.get("decided") else ""
        return Counting(
            percent=score[f"{prefix}percent"],
            passed=score[f"{prefix}passed"],
            critical_failed=score[f"{prefix}critical_failed"],
            critical_state=score.get(f"{prefix}critical_state"),
            needs_review=bool(score[f"{prefix}needs_review"]),
            review_reasons=tuple(score.get(f"{prefix}review_reasons") or ()),
            decided=score.get("decided") or 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """Everything a report shows. `criteria`: ids in the order of the rubrics; `words`: what each criterion said when it judged, by its hash.

    Times of the rows are in the zone `timezone`. `language`: of whoever reads it; None: reasons are in each call's own.
    """

    calls: tuple[CallReport, ...]
    failures: tuple[Row, ...]
    criteria: tuple[str, ...]
    words: Mapping[str, CriterionWords] = field(default_factory=dict)
    timezone: str = "UTC"
    language: str | None = None

    def words_of(self, finding: Row) -> CriterionWords:
        """What the criterion of a finding said when it judged."""
        return self.words.get(finding["criterion_sha256"], NOTHING_SAID)

    def reason_of(self, item: CallReport, finding: Row) -> tuple[str, str]:
        """Language and sentence of why a criterion of a call came out as it did, in the reader's or the call's language where it has the words."""
        language = self.language or item.call["language"]
        by_id = {row["criterion_id"]: self.words_of(row).title for row in item.findings}
        return reason_of(finding, language, lambda criterion: title_of(by_id.get(criterion, {}), criterion, language)[1])

    def sureness_of(self, item: CallReport, finding: Row) -> tuple[str, str] | None:
        """Language and words of how sure a finding is, in the reader's or the call's language; None where it asserts nothing."""
        return sureness(finding, self.language or item.call["language"])

    def is_draft(self, criterion: str) -> bool:
        """Whether all that judged here under this id was a draft."""
        judged = self._judged(criterion)
        return bool(judged) and all(words.is_draft for words in judged)

    def titles_of(self, criterion: str) -> Mapping[str, str]:
        """The titles of a criterion by language, where all that judged here under its id are called the same; else none."""
        titles = [words.title for words in self._judged(criterion)]
        return titles[0] if titles and all(title == titles[0] for title in titles) else {}

    def _judged(self, criterion: str) -> list[CriterionWords]:
        digests = {f["criterion_sha256"] for item in self.calls for f in item.findings if f["criterion_id"] == criterion}
        return [self.words.get(digest, NOTHING_SAID) for digest in sorted(digests)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which calls a report is of: those of some days, both inclusive, and of a team; None leaves it open."""

    since: date | None = None
    until: date | None = None
    team: str | None = None

    @property
    def is_part(self) -> bool:
        """Whether it leaves any calls out."""
        return (self.since, self.until, self.team) != (None, None, None)

    def has(self, call: Row) -> bool:
        """Whether a call is among them; one without a date is of no days."""
        day = call["call_date"]
        is_in_time = (self.since is None or (day is not None and day >= self.since)) and (
            self.until is None or (day is not None and day <= self.until)
        )
        return is_in_time and self.team in (None, call["team"])


EVERY_CALL = Choice()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSource:
    """The calls that a report is of, and what can be asked about them while it is open.

    `overview`: all of them, their findings without evidence and reasons, without words and metrics.
    """

    overview: ReportData
    _rows: ReportRows
    _zone: ZoneInfo

    def report(self, calls: Sequence[CallReport] | None = None) -> ReportData:
        """Everything about some of the calls, by default all."""
        chosen = self.overview.calls if calls is None else tuple(calls)
        ids = [item.call["call_id"] for item in chosen]
        findings, utterances = (_by_call(_in_zone(rows, self._zone)) for rows in (self._rows.findings(ids), self._rows.utterances(ids)))
        metrics = {row["call_id"]: row for row in _in_zone(self._rows.metrics(ids), self._zone)}
        order = self.overview.criteria
        here = {row["criterion_id"] for rows in findings.values() for row in rows}
        return replace(
            self.overview,
            calls=tuple(
                replace(
                    item,
                    findings=_in_order(findings.get(item.call["call_id"], ()), order),
                    utterances=tuple(utterances.get(item.call["call_id"], ())),
                    metrics=metrics.get(item.call["call_id"], {}),
                )
                for item in chosen
            ),
            failures=self.overview.failures if calls is None else (),
            criteria=tuple(name for name in order if name in here),
        )


@contextmanager
def open_report(
    store: Store, settings: Settings, viewer: Viewer, *, chosen: Choice = EVERY_CALL, engine: Engine | None = None
) -> Iterator[ReportSource]:
    """Open a report, of all calls or of some. `engine`: of the index, for a viewer who sees only some calls.

    Raises InputRefused when there is no such call, or no call at all; AccessRefused.
    """
    zone = ZoneInfo(settings.timezone)
    with report_rows(store, viewer, engine=engine) as stored:
        calls = _in_zone(stored.calls(), zone)
        if chosen.is_part:
            calls = [row for row in calls if chosen.has(row)]
            if not calls:
                raise InputRefused("No call is like that.", advice="Look at `qa-pipeline summary` for the days and teams there are.")
        # A report of some calls holds nothing of others.
        failures = [] if chosen.is_part else _in_zone(stored.failures(), zone)
        if not calls and not failures:
            raise InputRefused(
                f"There are no results in {store.root}.", advice="Run `qa-pipeline run FOLDER` first, or name the right --results."
            )
        scores = {row["call_id"]: row for row in _in_zone(stored.scores(), zone)}
        findings = _by_call(_in_zone(stored.outcomes(), zone))
        wording = load_wording(store, settings, [row for item in calls for row in findings.get(item["call_id"], ())])
        yield ReportSource(
            overview=ReportData(
                calls=tuple(
                    CallReport(
                        call=row, score=scores.get(row["call_id"]), findings=_in_order(findings.get(row["call_id"], ()), wording.order), utterances=(), metrics={}
                    )
                    for row in calls
                ),
                failures=tuple(failures),
                criteria=wording.order,
                words=wording.criteria,
                timezone=settings.timezone,
            ),
            _rows=stored,
            _zone=zone,
        )  # fmt: skip


def load_report(
    store: Store, settings: Settings, viewer: Viewer, *, chosen: Choice = EVERY_CALL, engine: Engine | None = None
) -> ReportData:
    """Read a whole report, of all calls or of some. Raises as open_report."""
    with open_report(store, settings, viewer, chosen=chosen, engine=engine) as source:
        return source.report()


def load_call(
    store: Store,
    engine: Engine,
    settings: Settings,
    viewer: Viewer,
    call_id: str,
    *,
    effective: EffectiveScore | None = None,
    language: str | None = None,
) -> ReportData:
    """Read a report of one call. `effective`: its score as it counts; `language`: of whoever reads it. Raises as `find_call`."""
    return report_of(read_call(store, engine, viewer, call_id), store, settings, effective=effective, language=language)


def report_of(
    found: OneCall, store: Store, settings: Settings, *, effective: EffectiveScore | None = None, language: str | None = None
) -> ReportData:
    """A report of one call that was read. `effective`, `language`: as of `load_call`."""
    zone = ZoneInfo(settings.timezone)
    findings = [in_zone(row, zone) | _decided(row["criterion_id"], effective) for row in found.findings]
    wording = load_wording(store, settings, findings)
    item = CallReport(
        call=in_zone(found.call, zone),
        score=None if found.score is None else in_zone(found.score, zone),
        findings=_in_order(findings, wording.order),
        utterances=tuple(in_zone(row, zone) for row in found.utterances),
        metrics=dict(found.metrics),
        effective=effective,
        named=dict(found.named),
    )
    return ReportData(
        calls=(item,), failures=(), criteria=wording.order, words=wording.criteria, timezone=settings.timezone, language=language
    )


def _decided(criterion_id: str, effective: EffectiveScore | None) -> Row:
    """What a person decided about a criterion, as rows of many calls have it."""
    found = next((f for f in effective.findings if f.criterion.id == criterion_id and f.decision), None) if effective else None
    if found is None or found.decision is None:
        return {}
    return {
        "effective_outcome": found.outcome.value,
        "effective_answer": found.answer,
        "effective_points": found.points,
        "decided_by": found.decision.author,
        "is_stale": found.is_stale,
    }


def in_zone(row: Mapping[str, Any], zone: ZoneInfo) -> Row:
    """A row with its times by the clock of a zone."""
    return {name: value.astimezone(zone) if isinstance(value, datetime) else value for name, value in row.items()}


def _in_zone(rows: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> list[Row]:
    return [in_zone(row, zone) for row in rows]


def _in_order(findings: Sequence[Row], order: Sequence[str]) -> tuple[Row, ...]:
    return tuple(sorted(findings, key=lambda row: order.index(row["criterion_id"])))


def _by_call(rows: Sequence[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["call_id"], []).append(row)
    return grouped
