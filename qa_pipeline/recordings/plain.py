"""Plain dialogue text → lines: `0:03 agent: …`, times optional, and the layouts in which meeting tools save text (a name and a time, the words below)."""

from __future__ import annotations

import re
from dataclasses import replace

from qa_pipeline.recordings.clock import parse_clock
from qa_pipeline.recordings.dialogue import Line, Reading
from qa_pipeline.recordings.labels import TIME, TIMED, Labels, Spoken, split_line

# `[Anna Nowak] 00:00:05`, `Speaker 1  0:05`: who and when, the words in the lines that follow.
_HEADING = re.compile(
    rf"^\s*(?:[\[(]\s*(?P<marked>[^\[\]()]{{1,60}}?)\s*[\])]|(?P<label>[^\W\d_][^:：?!,]{{0,39}}?))\s+[\[(]?(?P<time>{TIME})[\])]?\s*$"
)
# Written by whisper.cpp where the voice changes; it says nothing of who speaks.
TURN_MARK = re.compile(r"\s*\[SPEAKER_TURN\]\s*")


def plain_lines(text: str, reading: Reading) -> list[Line]:
    """Lines with labels; one without continues the one before, as does an indented line whose label is not known (`  Price: 5`)."""
    written = [(number, TURN_MARK.sub(" ", line).rstrip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    has_headings = sum(_HEADING.match(line) is not None for _, line in written) * 3 >= len(written)
    taken = [(_heading(line) if has_headings else None) or split_line(line) for _, line in written]
    is_timed = _has_times(taken)
    labels = Labels(
        [
            replace(spoken, is_marked=spoken.is_marked or (is_timed and spoken.start is not None))
            for spoken, (_, line) in zip(taken, written, strict=True)
            if spoken and (not line[0].isspace() or spoken.is_marked or reading.is_known(spoken.label))
        ],
        reading.roles,
    )
    lines: list[Line] = []
    has_times = False
    for (number, line), spoken in zip(written, taken, strict=True):
        is_told = False
        if spoken and (spoken.label not in labels or (lines and line[0].isspace() and not reading.is_known(spoken.label))):
            if not lines:
                reading.unknown_label(number, spoken.label)
                is_told = True
            spoken = None
        if spoken is None:
            _continue(lines, number, line, reading, has_times=has_times, is_told=is_told)
            continue
        start, end = (_ms(number, clock, reading) for clock in (spoken.start, spoken.end))
        has_times = has_times or start is not None
        lines.append(
            Line(
                line=number, role=reading.role(spoken.label), label=spoken.label, start_ms=start, end_ms=end, text=spoken.text
            )
        )  # fmt: skip
    return lines


def begins_with_label(text: str) -> bool:
    """Whether the first line of a text has a label, as a dialogue begins."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return (_heading(first) or split_line(first)) is not None


def _has_times(taken: list[Spoken | None]) -> bool:
    """Whether the lines of a text have times: most of those with labels do."""
    spoken = [line for line in taken if line]
    return sum(line.start is not None for line in spoken) * 2 > len(spoken)


def _heading(line: str) -> Spoken | None:
    match = _HEADING.match(line)
    label = match and (match["marked"] or match["label"])
    return Spoken(start=match["time"], end=None, label=label.strip(), text="", is_marked=True) if match and label else None


def _continue(lines: list[Line], number: int, written: str, reading: Reading, *, has_times: bool, is_told: bool) -> None:
    """A line without a label goes on with the one before. `is_told`: why it has none was said already."""
    if not lines:
        if not is_told:
            reading.fault(
                number, "no label before the text", "write agent: or customer: before what is said, after the time if there is one"
            )
        lines.append(Line(line=number, role=reading.role(None), label=None, start_ms=None, end_ms=None, text=written.strip()))
        return
    timed = TIMED.match(written)
    if timed and (has_times or timed["in"]):
        reading.fault(number, "a time without a label", "write who speaks after the time")
    before = lines[-1]
    lines[-1] = replace(before, text=f"{before.text}\n{written.strip()}" if before.text else written.strip())


def _ms(number: int, clock: str | None, reading: Reading) -> int | None:
    if clock is None:
        return None
    ms = parse_clock(clock)
    if ms is None:
        reading.fault(number, f"{clock} is no time", "write minutes and seconds as 0:03, or 1:02:03.5 with hours")
    return ms
