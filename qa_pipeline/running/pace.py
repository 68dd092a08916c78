"""How fast a run may go, and until when: fewer workers in the daytime, and a time after which no further call is begun.

Pure but for the clock, which may be given.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from qa_pipeline.errors import InputRefused
from qa_pipeline.settings import Settings, parse_hours

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


def _now() -> datetime:
    return datetime.now(UTC)


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`deadline`: after it no call is begun; calls under way are finished. `daytime`: (from, to) by the clock of `timezone`, in which at most
    `daytime_workers` work; from later than to spans midnight, both alike is the whole day.
    """

    deadline: datetime | None = None
    daytime: tuple[time, time] | None = None
    daytime_workers: int = 1
    timezone: str = "UTC"
    now: Callable[[], datetime] = _now
    is_stopped: Callable[[], bool] = _never

    def is_over(self) -> bool:
        """Whether no further call may be begun: the deadline has passed, or somebody said stop (`is_stopped`)."""
        return self.is_stopped() or (self.deadline is not None and self.now() >= self.deadline)

    @property
    def may_change(self) -> bool:
        """Whether less may be allowed later than now: then nothing is handed out in advance."""
        return self.deadline is not None or self.daytime is not None

    def workers(self, most: int) -> int:
        """How many may work now, of `most`."""
        if self.daytime is None:
            return most
        first, last = self.daytime
        clock = self.now().astimezone(ZoneInfo(self.timezone)).time()
        is_day = first <= clock < last if first < last else clock >= first or clock < last
        return max(1, min(most, self.daytime_workers)) if is_day else most


def pace_of(settings: Settings, *, deadline: datetime | None = None, is_stopped: Callable[[], bool] = _never) -> Pace:
    """How fast a run may go by the settings, and until when."""
    hours = parse_hours(settings.daytime) if settings.daytime else None
    return Pace(
        deadline=deadline, daytime=hours, daytime_workers=settings.daytime_workers, timezone=settings.timezone, is_stopped=is_stopped
    )


def deadline_of(text: str, timezone: str, *, now: datetime) -> datetime:
    """`06:30` → its next occurrence by the clock of the zone, after a clock change too; an ISO time → that. Raises InputRefused."""
    zone = ZoneInfo(timezone)
    if matched := _CLOCK.fullmatch(text.strip()):
        hour, minute = map(int, matched.groups())
        if hour < 24 and minute < 60:
            local = now.astimezone(zone)
            at = datetime.combine(local.date(), time(hour, minute), zone)
            if at <= local:
                at = datetime.combine(local.date() + timedelta(days=1), time(hour, minute), zone)
            return at.astimezone(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputRefused(f"{text!r} is no time.", advice="Write 06:30, or 2026-05-02T06:30.") from error
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
