"""Plain dialogue text → lines: `0:03 agent: …`, times optional, and the layouts in which meeting tools save text (a name and a time, the words below)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from qa_pipeline.call import Role
from qa_pipeline.recordings.clock import parse_clock
from qa_pipeline.recordings.dialogue import Line, Note, Reading
from qa_pipeline.recordings.labels import TIME, TIMED, Labels, Spoken, folded, is_name, is_persons_name, role_of, split_line
from qa_pipeline.text.sentences import ends_sentence

# `[Anna Nowak] 00:00:05`, `Speaker 1  0:05`: who and when, the words in the lines that follow.
_HEADING = re.compile(
    rf"^\s*(?:[\[(]\s*(?P<marked>[^\[\]()]{{1,60}}?)\s*[\])]|(?P<label>[^\W\d_][^:：?!,]{{0,39}}?|[+(][\d ()./-]{{5,20}}?))\s+[\[(]?(?P<time>{TIME})[\])]?\s*$"
)
# **Agent:** as notes are written in Markdown.
_EMPHASIS = re.compile(r"^\s*(?:[-*+] )?(\*\*|__)(.{1,60}?)\1")
# A number or a point before each line, as lists have it.
_LISTED = re.compile(r"^\s*(?:\d{1,4}[.)]|[-*+•])\s+(?=\S)")
# Day and time, as chats are exported.
_MOMENT = (
    r"(?P<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})[T, ]+"
    r"(?P<clock>\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?)(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?(?:Z|[+-]\d{2}:?\d{2})?"
)
_DATED = re.compile(rf"^\s*[\[(]?{_MOMENT}[\])]?\s*(?:[-–] )?\s*")
# Who speaks, parted from the words by a tab, a pipe or a dash; the time may stand before, or in a column of its own behind.
_PARTED = re.compile(
    rf"^\s*(?:(?P<time>{TIME})\s*[\t|]\s*)?(?P<label>[^\t|:：]{{1,40}}?)(?:\s*\t+\s*|\s+\|\s+|\s+[-–—]\s+)"
    rf"(?:[\[(]?(?P<later>{TIME})[\])]?\s*[\t|]\s*)?(?P<text>\S.*)$"
)
# A name with the day and the time, the words below, as chats of WeChat and QQ are exported.
_DATED_HEADING = re.compile(rf"^\s*(?P<label>[^\W\d_][^:：?!,]{{0,39}}?)\s+{_MOMENT}\s*$")
# What a programme noted down and nobody said, alone on a line: [Chat ended], *** Visitor left ***, Transcribed by https://otter.ai.
_NOTED = re.compile(r"^\s*(?:\*{2,}[^*]+\*{2,}|[\[(【（][^\[\]():：【】（）]+[\])】）]|Transcribed by https?://\S+)\s*$")
# A line of dashes or the like, which parts a head from what was said.
_RULE = re.compile(r"^\s*[-=_*#~—]{3,}\s*$")
# Of the lines of a head: how many it has at least, and how long a value in it is at most, in characters. Chosen.
_FEWEST_KEYS, _LONGEST_VALUE = 2, 60
# Written by whisper.cpp where the voice changes; it says nothing of who speaks.
TURN_MARK = re.compile(r"\s*\[SPEAKER_TURN\]\s*")


def plain_lines(text: str, reading: Reading) -> list[Line]:
    """Lines with labels; one without continues the one before, as does an indented line whose label is not known (`  Price: 5`)."""
    head = _lines_of_head(text)
    reading.notes[Note.HEAD] += sum(bool(line.strip()) for line in text.split("\n")[:head])
    written = [
        (number, _EMPHASIS.sub(r"\2", TURN_MARK.sub(" ", line)).rstrip())
        for number, line in enumerate(text.split("\n"), 1)
        if number > head and line.strip()
    ]
    written = _with_colons(_from_first_date(_dates_first(_unlisted(written))))
    has_headings = sum(_HEADING.match(line) is not None for _, line in written) * 3 >= len(written)
    taken = [(_heading(line) if has_headings else None) or split_line(line) for _, line in written]
    is_timed = _has_times(taken)
    stretches = [line for _, line in written if _is_stretch(line)]
    # Where most stretches have no label, what stands before a colon in a few of them was said.
    few_labels = sum(_begins_with_label(line) for line in stretches) * 2 < len(stretches)
    labels = Labels(
        [
            replace(spoken, is_marked=not few_labels and (spoken.is_marked or (is_timed and spoken.start is not None)))
            for spoken, (_, line) in zip(taken, written, strict=True)
            if spoken and (not line[0].isspace() or spoken.is_marked or reading.is_known(spoken.label))
        ],
        reading.roles,
    )
    lines: list[Line] = []
    has_times = False
    has_labels = any(spoken and spoken.label in labels for spoken in taken)
    has_only_times = not has_labels and sum(_has_time_in_brackets(line) for _, line in written) > max(1, len(written) // 2)
    for (number, line), spoken in zip(written, taken, strict=True):
        is_told = False
        if spoken and (spoken.label not in labels or (lines and line[0].isspace() and not reading.is_known(spoken.label))):
            if not lines and not (few_labels and stretches):
                reading.unknown_label(number, spoken.label)
                is_told = True
            spoken = None
        if spoken is None and _NOTED.match(TIMED.sub("", line, count=1)):
            continue
        if spoken is None and (timed := TIMED.match(line)) and (_is_stretch(line) or has_only_times):
            # As in captions: whoever spoke goes on, nobody where nobody was named.
            start, end = (_ms(number, clock, reading) for clock in (timed["in"] or timed["bare"], timed["in_end"] or timed["bare_end"]))
            before = lines[-1].label if lines else None
            text = line[timed.end() :].strip()
            lines.append(Line(line=number, role=reading.role(before), label=before, start_ms=start, end_ms=end, text=text))
            continue
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


def _lines_of_head(text: str) -> int:
    """How many lines at the top tell of the call (`Date: 2026-03-02`, `Agent: Anna Nowak`) and are nobody's words; 0 where it begins with the dialogue.

    A blank line or a rule ends them. Nothing is a head by its first words alone: no value in it is a sentence, one has a figure, what stands behind a party is
    a name, the other keys do not come again below, and there both parties speak with labels that are known.
    """
    lines = [_EMPHASIS.sub(r"\2", line) for line in text.split("\n")]
    is_gap = [not line.strip() or _RULE.match(line) is not None for line in lines]
    filled = [number for number, gap in enumerate(is_gap) if not gap]
    # A title may stand above the keys, with them or by itself.
    begins = next(iter(filled[1 if filled and split_line(lines[filled[0]]) is None else 0 :]), len(lines))
    ends = next((number for number in range(begins, len(lines)) if is_gap[number]), len(lines))
    keys = [split_line(line) for line in lines[begins:ends]]
    told = [spoken for spoken in keys if spoken]
    below = [spoken for line in lines[ends:] if (spoken := split_line(line.strip()))]
    again = {folded(spoken.label) for spoken in below}
    is_head = (
        _FEWEST_KEYS <= len(told) == len(keys)
        and not any(spoken.start or ends_sentence(spoken.text) or len(spoken.text) > _LONGEST_VALUE for spoken in told)
        and any(character.isdigit() for spoken in told for character in spoken.text)
        and all(is_persons_name(spoken.text) if role_of(spoken.label, {}) else folded(spoken.label) not in again for spoken in told)
        and any(role_of(spoken.label, {}) is None for spoken in told)
        and {Role.AGENT, Role.CUSTOMER} <= {role_of(spoken.label, {}) for spoken in below}
    )
    return next((number for number in filled if number > ends), ends) if is_head else 0


def _unlisted(written: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Lines of a list → the same without its numbers or points; only where all have them, and known labels behind them."""
    bare = [(number, _LISTED.sub("", line)) for number, line in written]
    spoken = [split_line(line) for _, line in bare]
    are_listed = all(_LISTED.match(line) for _, line in written) and all(one and role_of(one.label, {}) is not None for one in spoken)
    return bare if are_listed else written


def _dates_first(written: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Names with a day and a time behind them → with the time from the first of them, where at least a third of the lines are such."""
    found = [_DATED_HEADING.match(line) for _, line in written]
    moments = [_moment_ms(match) if match else None for match in found]
    known = [moment for moment in moments if moment is not None]
    if not written or len(known) * 3 < len(written) or moments[0] is None:
        return written
    return [
        (number, f"{match['label']} {_clock(moment - min(known))}" if match and moment is not None else line)
        for (number, line), match, moment in zip(written, found, moments, strict=True)
    ]


def _from_first_date(written: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Lines with a day and a time before them → the same with times from the first of them."""
    found = [_DATED.match(line) for _, line in written]
    moments = [_moment_ms(match) if match else None for match in found]
    known = [moment for moment in moments if moment is not None]
    if not known or found[0] is None or len(known) * 2 < len(written):
        return written
    first = min(known)
    return [
        (number, f"[{_clock(moment - first)}] {line[match.end() :]}" if match and moment is not None else line)
        for (number, line), match, moment in zip(written, found, moments, strict=True)
    ]


def moment_ms(text: str) -> int | None:
    """A day and a time (`2026-03-04 10:15:03`) → ms on a scale of its own; None where a text is none."""
    match = re.fullmatch(_MOMENT, text.strip())
    return _moment_ms(match) if match else None


def _moment_ms(match: re.Match[str]) -> int | None:
    """ms on a scale of its own; of a day that could be read in two ways the first figure is the day, which changes nothing within it."""
    parts = [int(part) for part in re.split(r"[-/.]", match["date"])]
    year, month, day = parts if re.match(r"\d{4}", match["date"]) else parts[::-1]
    if month > 12:
        month, day = day, month
    clock = match["clock"]
    ms = parse_clock((clock if clock.count(":") == 2 else f"{clock}:00") + (f" {match['half']}m" if match["half"] else ""))
    try:
        return None if ms is None else date(year + (2000 if year < 100 else 0), month, day).toordinal() * 86_400_000 + ms
    except ValueError:
        return None


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def _with_colons(written: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Lines in which a tab, a pipe or a dash stands between who speaks and the words → the same with a colon; only where both parties are known labels."""
    found = [_PARTED.match(line) for _, line in written]
    roles = {role_of(match["label"].strip(), {}) for match in found if match}
    if not all(found) or not {Role.AGENT, Role.CUSTOMER} <= roles:
        return written
    return [
        (
            number,
            (f"[{match['time'] or match['later']}] " if match["time"] or match["later"] else "")
            + f"{match['label'].strip()}: {match['text']}",
        )
        for (number, _), match in zip(written, found, strict=True)
        if match
    ]


def begins_as_dialogue(text: str) -> bool:
    """Whether the first line of a text has a label, as a dialogue begins, or the times of a stretch; lines above that tell of the call do not count."""
    first = next((line for line in text.split("\n")[_lines_of_head(text) :] if line.strip() and not _RULE.match(line)), "")
    first = _EMPHASIS.sub(r"\2", first)
    ((_, first),) = _unlisted([(1, first)])
    ((_, undated),) = _from_first_date([(1, first)])
    if undated != first:
        # Logs of programs begin with a day and a time too.
        spoken = split_line(undated)
        return spoken is not None and (role_of(spoken.label, {}) is not None or is_name(spoken.label))
    is_parted = (parted := _PARTED.match(first)) is not None and role_of(parted["label"].strip(), {}) is not None
    return is_parted or (_heading(first) or split_line(first)) is not None or _is_stretch(first)


def _is_stretch(line: str) -> bool:
    """Whether a line begins with two times, as `[00:00.000 --> 00:04.000]`."""
    timed = TIMED.match(line)
    return bool(timed and (timed["in_end"] or timed["bare_end"]))


def _has_time_in_brackets(line: str) -> bool:
    timed = TIMED.match(line)
    return bool(timed and timed["in"])


def _begins_with_label(line: str) -> bool:
    return split_line(line) is not None


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
