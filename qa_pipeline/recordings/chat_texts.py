"""Plain texts in the layouts of some programs → the layout that plain.py reads: `[0:05] Anna: …`.

Line by line, so that faults name the lines of the file. Which program wrote a text is told from most of its lines; any other text is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from qa_pipeline.recordings.dialogue import Note, Reading

# Zoom's meetings: 10:12:03 From Anna Nowak to Everyone: …, the words behind the colon or in the lines below, indented.
_FROM = re.compile(
    r"^(?P<time>\d{1,2}:\d\d:\d\d)\s{1,4}From\s{1,4}(?P<name>[^\s:][^:]{0,60}?)(?:\s{1,4}[Tt]o\s{1,4}[^\s:][^:]{0,80}?)?\s{0,4}:\s*(?P<text>.*)$"
)
# Salesforce's chats: ( 1m 5s ) Anna N: …
_ELAPSED = re.compile(
    r"^\s{0,8}\(\s{0,4}(?:(?P<h>\d{1,3})\s?h\s{0,4})?(?:(?P<m>\d{1,4})\s?m\s{0,4})?(?P<s>\d{1,6})\s?s\s{0,4}\)\s{0,8}(?P<text>\S.*)$"
)
# Tencent's recogniser: [0:1.020,0:3.400,0] …, minutes and seconds of the start and the end, and the voice.
_SPAN = re.compile(
    r"^\[(?P<m>\d{1,4}):(?P<s>\d{1,2}\.\d{1,6}),(?P<em>\d{1,4}):(?P<es>\d{1,2}\.\d{1,6})(?:,(?P<voice>\d{1,4}))?\]\s{0,8}(?P<text>.*)$"
)
_NAME_ALONE = re.compile(r"^[^\W\d_][^:：?!,.\[\]|]{0,39}$")
_CLOCK = r"\d{1,3}:\d\d(?::\d\d)?(?:[.,]\d{1,3})?"
_WHO = r"[^\W\d_][^:：?!,.\[\]|]{0,39}?"
# Sonix, Temi and Trint: the time behind the label, Trint's end behind the words. Speaker1: [00:00:03] …
_TIME_BEHIND = re.compile(
    rf"^(?P<name>{_WHO})\s{{0,4}}:\s{{1,8}}\[(?P<time>{_CLOCK})\]\s{{0,8}}(?P<text>\S.*?)(?:\s{{0,8}}\[(?P<end>{_CLOCK})\])?$"
)
# HappyScribe, Riverside, Gong and Fireflies: a time and a name in a line of their own, the words below. [00:00:03.00] - Speaker 1; 0:03 | Anna; Anna - 0:03
_TIME_AND_NAME = re.compile(
    rf"^(?:\[(?P<time>{_CLOCK})\]\s{{1,4}}(?:[-–]\s{{1,4}})?(?P<name>{_WHO})|(?P<time2>{_CLOCK})\s{{1,4}}\|\s{{1,4}}(?P<name2>{_WHO})|(?P<name3>{_WHO})\s{{1,4}}[-–]\s{{1,4}}(?P<time3>{_CLOCK}))\s{{0,4}}$"
)
# Google Meet and Jitsi: what stands above the first line tells of the call; a time alone before a name and a colon, or <10:12:03> before it.
_ALONE = re.compile(rf"^\s{{0,8}}(?P<time>{_CLOCK})\s{{0,8}}$")
_ANGLED = re.compile(rf"^<(?P<time>{_CLOCK})>\s{{1,4}}(?P<text>\S.*)$")
_NAMED = re.compile(rf"^(?P<name>{_WHO})\s{{0,4}}[:：]\s{{0,8}}\S")
# Teams, copied from its page: a name, the time in words, the time in figures, the words.
_IN_WORDS = re.compile(r"^(?:\d{1,2} hours? )?(?:\d{1,2} minutes? )?\d{1,2} seconds?$")
# Notes in Markdown: **Anna** *0:03*, the words below.
_EMPHASIZED = re.compile(rf"^\*\*(?P<name>{_WHO})\*\*\s{{1,4}}[*_(]{{1,2}}(?P<time>{_CLOCK})[*_)]{{1,2}}$")
# 小林 (2025-03-04 10:12:03): and 2025-03-04 10:12:03 小林(12345678), as shops and QQ keep chats, the words below.
_DAY = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2} \d{1,2}:\d\d(?::\d\d)?"
_NAME_AND_DAY = re.compile(
    rf"^(?:(?P<name>{_WHO})\s{{0,4}}[(（](?P<time>{_DAY})[)）]\s{{0,4}}[:：]?|(?P<time2>{_DAY})\s{{1,4}}(?P<name2>{_WHO})[(（<][^()（）<>]{{1,40}}[)）>])\s{{0,4}}$"
)
# WhatsApp on Android: 04/03/2025, 10:12 - Anna: …; without a name it is a notice that nobody said.
_DASHED = re.compile(
    r"^\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? \d{1,2}:\d\d(?::\d\d)?(?:[ \u202f][AaPp]\.?[Mm]\.?)? - (?P<named>[^:\n]{1,60}: )?"
)
# WhatsApp's mark before the name of somebody who is in nobody's address book: [04/03/2025, 10:12:07] ~ Ben: …
_NOT_IN_ADDRESS_BOOK = re.compile(r"^(\W?\[[^\]\n]{8,40}\]\s)~[ \u202f\xa0]?", re.MULTILINE)
_BREAK = re.compile(r"<br\s{0,4}/?>|</?(?:p|div)(?:\s[^<>]{0,500})?>", re.IGNORECASE)


def in_usual_layout(text: str, reading: Reading) -> str:
    """A text as plain dialogue has it. What stands above the first line of a chat that counts its seconds is a head, and is noted."""
    text = _NOT_IN_ADDRESS_BOOK.sub(r"\1", text)
    lines = (_BREAK.sub("\n", text) if _BREAK.search(text) else text).split("\n")
    if any(_ELAPSED.match(line) for line in lines):
        first = next(number for number, line in enumerate(lines) if _ELAPSED.match(line))
        reading.notes[Note.HEAD] += sum(bool(line.strip()) for line in lines[:first])
        return "\n".join(["" if number < first else _rewritten(line, _ELAPSED, _elapsed) for number, line in enumerate(lines)])
    if (timed := _times_alone(lines, reading)) is not None:
        return "\n".join(timed)
    lines = [line for before, line in zip(["", *lines], lines, strict=False) if not (_IN_WORDS.match(line) and _is_name(before))]
    dashed = [_DASHED.match(line) for line in lines]
    if sum(match is not None and match["named"] is not None for match in dashed) * 2 > sum(bool(line.strip()) for line in lines):
        return "\n".join("" if match and not match["named"] else line for line, match in zip(lines, dashed, strict=True))
    joined = _joined_names(lines)
    headed = [
        next((match for form in (_TIME_AND_NAME, _EMPHASIZED, _NAME_AND_DAY) if (match := form.match(line))), None) for line in joined
    ]
    # Each with words below, and no line before the first.
    if headed and headed[0] and sum(match is not None for match in headed) * 3 >= sum(bool(line.strip()) for line in lines):
        return "\n".join(_heading(match) if match else line for line, match in zip(joined, headed, strict=True))
    for form, write in ((_FROM, _from), (_SPAN, _span), (_TIME_BEHIND, _time_behind)):
        own = [line for line in text.split("\n") if line.strip() and not line[0].isspace()]
        if own and sum(form.match(line) is not None for line in own) * 2 > len(own):
            return "\n".join(_rewritten(line, form, write) for line in text.split("\n"))
    return text


def _times_alone(lines: list[str], reading: Reading) -> list[str] | None:
    """Lines of Google Meet or Jitsi with their times before the names; None for others. What stands above the first time is a head, and is noted."""
    if any(_ANGLED.match(line) for line in lines):
        first = next(number for number, line in enumerate(lines) if _ANGLED.match(line))
        made = [f"[{match['time']}] {match['text']}" if (match := _ANGLED.match(line)) else line for line in lines]
    else:
        filled = [number for number, line in enumerate(lines) if line.strip()]
        below = dict(pairwise(filled))
        alone = [number for number in filled if _ALONE.match(lines[number])]
        if not alone or not all(number in below and _NAMED.match(lines[below[number]]) for number in alone):
            return None
        first, made = alone[0], list(lines)
        for number in alone:
            made[number], made[below[number]] = "", f"[{lines[number].strip()}] {lines[below[number]]}"
    if any(_NAMED.match(line) for line in lines[:first]):
        # Somebody may have said it.
        return None
    reading.notes[Note.HEAD] += sum(bool(line.strip()) for line in lines[:first])
    return ["" if number < first else line for number, line in enumerate(made)]


def _joined_names(lines: list[str]) -> list[str]:
    """The same with a name and a time alone in the line below it in one line, where a third of the lines are such pairs."""
    pairs = [number for number, (name, time) in enumerate(pairwise(lines)) if _is_name(name) and _ALONE.match(time)]
    if not pairs or pairs[0] or len(pairs) * 4 < sum(bool(line.strip()) for line in lines):
        return lines
    made = list(lines)
    for number in pairs:
        made[number], made[number + 1] = f"{lines[number].strip()} - {lines[number + 1].strip()}", ""
    return made


def _is_name(line: str) -> bool:
    return _NAME_ALONE.match(line) is not None


def _rewritten(line: str, form: re.Pattern[str], write: Callable[[re.Match[str]], str]) -> str:
    match = form.match(line)
    return write(match) if match else line


def _from(match: re.Match[str]) -> str:
    return f"[{match['time']}] {match['name']}: {match['text']}"


def _heading(match: re.Match[str]) -> str:
    told = {key: value for key, value in match.groupdict().items() if value}
    name, time = (next(told[key] for key in (word, f"{word}2", f"{word}3") if key in told) for word in ("name", "time"))
    return f"{name}  {time}"


def _time_behind(match: re.Match[str]) -> str:
    span = f"{match['time']} - {match['end']}" if match["end"] else match["time"]
    return f"[{span}] {match['name']}: {match['text']}"


def _elapsed(match: re.Match[str]) -> str:
    seconds = int(match["h"] or 0) * 3600 + int(match["m"] or 0) * 60 + int(match["s"])
    return f"[{_clock(seconds)}] {match['text']}"


def _span(match: re.Match[str]) -> str:
    start, end = (_clock(int(match[minutes]) * 60 + float(match[seconds])) for minutes, seconds in (("m", "s"), ("em", "es")))
    return f"[{start} - {end}] Speaker {match['voice'] or 0}: {match['text']}"


def _clock(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
