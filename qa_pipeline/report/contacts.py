"""Promises over several contacts of one customer: was the call-back made in time, the day-3 call done, the complaint answered in 48 hours.

Rules are a rubric's `contacts`; what they count from is captured in one call, what keeps them is a later call of the same `customer_id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.customers import Contacted, calls_of_customers, promises_of
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.schema import Contact, Rubric

Status = Literal["kept", "late", "missed", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One thing promised. `kept_by`: the call that kept it, or came late; `open`: its time has not run out at `as_of`."""

    rule: str
    customer_id: str
    call_id: str
    agent_id: str | None
    counted_from: datetime
    due_from: datetime
    due_until: datetime
    status: Status
    kept_by: str | None
    kept_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCounts:
    """Promises of one rule. Counts add."""

    rule: str
    kept: int = 0
    late: int = 0
    missed: int = 0
    open: int = 0

    @property
    def share(self) -> float | None:
        """Share kept of those whose time has run out, 0–1; None where there are none."""
        due = self.kept + self.late + self.missed
        return self.kept / due if due else None


@dataclass(frozen=True, slots=True)
class _Anchor:
    call_id: str
    customer_id: str
    agent_id: str | None
    first: datetime
    last: datetime


def contact_report(
    store: Store, viewer: Viewer, rubric: Rubric, *, as_of: datetime | None = None, engine: Engine | None = None
) -> list[Promise]:
    """Every promise of a rubric's rules. `as_of`: now, for what is still open; by default the newest call stored.

    Raises InputRefused when the rubric has no rules, or no stored call has a `customer_id`.
    """
    if not rubric.contacts:
        raise InputRefused(f"Rubric {rubric.id} has no contacts.", advice="Give it `contacts`; docs/rubric-language.md shows how.")
    calls = calls_of_customers(store, viewer, engine=engine)
    if not calls:
        raise InputRefused("No stored call has a customer_id and a start.", advice="Fill the metadata columns customer_id and started_at.")
    by_customer: dict[str, list[Contacted]] = {}
    for call in calls:
        by_customer.setdefault(call.customer_id, []).append(call)
    now = as_of or max(call.started_at for call in calls)
    zone = ZoneInfo(rubric.timezone)
    return [
        _judged(rule, anchor, by_customer.get(anchor.customer_id, []), now, zone)
        for rule in rubric.contacts
        for anchor in _anchors(store, viewer, rubric, rule, zone, engine)
    ]


def counts_by_rule(promises: Iterable[Promise]) -> list[RuleCounts]:
    """Counts by rule."""
    counts: dict[str, dict[str, int]] = {}
    for promise in promises:
        counts.setdefault(promise.rule, dict.fromkeys(("kept", "late", "missed", "open"), 0))[promise.status] += 1
    return [RuleCounts(rule=rule, **found) for rule, found in counts.items()]


def _anchors(store: Store, viewer: Viewer, rubric: Rubric, rule: Contact, zone: ZoneInfo, engine: Engine | None) -> list[_Anchor]:
    """What a rule counts from, in every call that has it."""
    found = []
    for call in promises_of(store, viewer, rubric.id, rule, engine=engine):
        if call.value_type is not None:
            span = _span(call.value, call.value_type, zone)
        else:
            span = None if call.started_at is None else (call.started_at, call.started_at)
        if span:
            found.append(_Anchor(call.call_id, call.customer_id, call.agent_id, *span))
    return found


def _span(value: str | None, value_type: str, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """From when to when a captured time lies; None for what is no time."""
    try:
        if value_type == "daypart" and value:
            first, last = (datetime.fromisoformat(part) for part in value.split("/"))
            return first, last
        if value_type == "date" and value:
            day = date.fromisoformat(value)
            return datetime.combine(day, time.min, zone), datetime.combine(day, time.max, zone)
        moment = datetime.fromisoformat(value or "")
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return moment, moment


def _judged(rule: Contact, anchor: _Anchor, calls: Sequence[Contacted], now: datetime, zone: ZoneInfo) -> Promise:
    if rule.on_day is not None:
        day = anchor.first.astimezone(zone).date() + timedelta(days=rule.on_day)
        due_from, due_until = datetime.combine(day, time.min, zone), datetime.combine(day, time.max, zone)
    else:
        due_from = anchor.first + timedelta(hours=rule.from_hours)
        due_until = anchor.last + timedelta(hours=rule.to_hours or 0)
    own = next((call.started_at for call in calls if call.call_id == anchor.call_id), None)
    later = [
        call
        for call in calls
        if call.call_id != anchor.call_id
        and (own is None or call.started_at > own)
        and call.started_at >= due_from
        and (not rule.rubrics or call.rubric_id in rule.rubrics)
    ]
    first = later[0] if later else None
    status: Status
    if first and first.started_at <= due_until:
        status = "kept"
    elif now <= due_until:
        status, first = "open", None
    else:
        status = "late" if first else "missed"
    return Promise(
        rule=rule.id, customer_id=anchor.customer_id, call_id=anchor.call_id, agent_id=anchor.agent_id, counted_from=anchor.first,
        due_from=due_from, due_until=due_until, status=status, kept_by=first.call_id if first else None,
        kept_at=first.started_at if first else None,
    )  # fmt: skip
