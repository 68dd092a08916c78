"""Times as transcripts write them → milliseconds from the start of the call."""

from __future__ import annotations

import re


def parse_clock(text: str) -> int | None:
    """`0:03`, `1:02:03.5`, `00:00:03,000`, `1:02:03 PM` → ms; None when it is no time. A minus sign gives a negative figure."""
    match = re.fullmatch(
        r"(-?)(?:(\d{1,4})[:：])?(\d{1,5})[:：](\d{2})(?:[.,](\d{1,9}))?(?:\s?([ap])\.?m\.?)?", text.strip(), re.IGNORECASE
    )
    if not match:
        return None
    sign, hours, minutes, seconds, fraction, half = match.groups()
    if half:
        if hours is None:
            # 1:02 PM has no seconds.
            hours, minutes, seconds = minutes, seconds, "0"
        if not 1 <= int(hours) <= 12:
            return None
        hours = str(int(hours) % 12 + (12 if half.lower() == "p" else 0))
    if int(seconds) > 59 or (hours is not None and int(minutes) > 59):
        return None
    ms = (int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) * 1000 + int((fraction or "").ljust(3, "0")[:3])
    return -ms if sign else ms
