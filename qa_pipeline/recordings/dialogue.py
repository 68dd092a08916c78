"""A call as text: its lines, and what every format's lines must stand. Pure.

In: lines as a format's parser wrote them down. Out: the same lines in order, without those that hold no words, and the faults of the others, located.
What is not written stays None: a time is never estimated, a role never guessed from the order of lines.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from qa_pipeline.call import Role
from qa_pipeline.errors import Fault
from qa_pipeline.recordings.labels import known_labels_shown, role_of, word_and_number

# Beyond these a file is no conversation of people. Chosen, not measured.
_LONGEST_TEXT = 10_000
_MOST_LINES = 5_000
_MOST_TEXT = 500_000
_LATEST_MS = 7 * 24 * 3_600_000
# Recognisers let neighbouring stretches of one voice run over each other by so much. Chosen.
_OVERLAP_MS = 5_000
# Where the first line comes later, times are those of the day. Chosen.
_LATEST_BEGINNING_MS = 3_600_000
_BREAK_TAG = re.compile(r"\s*</?(?:br|p|div)(?:\s[^<>]*)?/?>\s*", re.IGNORECASE)
_INLINE_TAG = re.compile(r"</?(?:i|b|u|em|strong|span|font)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-f]{1,5}|amp|lt|gt|quot|apos|nbsp|[a-z]{2,8});", re.IGNORECASE)
NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Note(StrEnum):
    """What was put in order in a transcript without harm to its words; its owner should know."""

    WITHOUT_WORDS = "lines without words, which are left"
    SORTED = "lines that do not stand in the order of their times, as where one channel follows the other; they were sorted"
    TIME_OF_DAY = "lines whose times begin hours after the start, as times of day do; they are counted from the first"
    HEAD = "lines above a dialogue that tell of the call and are nobody's words, as a date or a number; they were not read"
    BROKEN_CUE = "lines of text after a blank line, which were read as part of the cue before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one party said at a stretch: a chat message, a cue, a line. `line` is its number in the file; times in ms, None where not written."""

    line: int
    role: Role
    label: str | None
    start_ms: int | None
    end_ms: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """One call as text. `call_id`: as its lines name it, or None. `sha256`: of its text, whatever the encoding and ends of lines of the file.

    With `faults` the lines are not to be used: some are missing.
    """

    call_id: str | None
    sha256: str
    lines: tuple[Line, ...]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The dialogues of a file, and what its owner should know besides. `notes`: how many lines each is about."""

    dialogues: tuple[Dialogue, ...]
    warnings: tuple[str, ...] = ()
    notes: Mapping[Note, int] = field(default_factory=dict)


@dataclass(slots=True)
class Reading:
    """One file, or one call of it, while it is read."""

    path: str
    roles: Mapping[str, Role]
    faults: list[Fault] = field(default_factory=list)
    notes: Counter[Note] = field(default_factory=Counter)

    def fault(self, line: int | None, message: str, advice: str) -> None:
        """Something that cannot be read."""
        self.faults.append(Fault(path=self.path, line=line, message=message, advice=advice))

    def unknown_label(self, line: int, label: str) -> None:
        """A label that says nothing where one is needed."""
        self.fault(
            line, f"the label {label!r} is not known",
            f'say who it is with --roles "{label}=agent", or indent the line if it only goes on; known labels: {known_labels_shown()}; unknown',
        )  # fmt: skip

    def is_known(self, label: str) -> bool:
        """Whether a label is one of those known or mapped."""
        return role_of(label, self.roles) is not None

    def role(self, label: str | None) -> Role:
        """The role that a label says; a label that says none is a voice."""
        return role_of(label, self.roles) or Role.UNKNOWN if label else Role.UNKNOWN


def checked(lines: Sequence[Line], reading: Reading) -> list[Line]:
    """The lines with words, in the order of their times; faults and notes go to the reading."""
    said = [line if line.text == (text := _plain_text(line.text)) else replace(line, text=text) for line in lines]
    said = _from_first([line for line in said if line.text], reading)
    reading.notes[Note.WITHOUT_WORDS] += len(lines) - len(said)
    for line in said:
        _check(line, reading)
    said = _voices_of_one_role(_in_time(said, reading))
    if len(said) > _MOST_LINES or sum(len(line.text) for line in said) > _MOST_TEXT:
        reading.fault(
            None, f"{len(said)} lines in one call", f"at most {_MOST_LINES} lines and {_MOST_TEXT} characters; name the calls by call_id"
        )
    if not said and not reading.faults:
        reading.fault(None, "nothing is said in it", "export it again")
    return said


def dialogue_of(call_id: str | None, text: str, lines: Sequence[Line], reading: Reading) -> Dialogue:
    """The dialogue of a reading: no lines where it has faults."""
    faults = reading.faults
    return Dialogue(call_id=call_id, sha256=sha256_of_text(text), lines=() if faults else tuple(lines), faults=in_order(faults))


def in_order(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Faults by line."""
    return tuple(sorted(faults, key=lambda fault: fault.line or 0))


def sha256_of_text(text: str) -> str:
    """SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _check(line: Line, reading: Reading) -> None:
    start, end = line.start_ms, line.end_ms
    if len(line.text) > _LONGEST_TEXT:
        reading.fault(
            line.line, f"{len(line.text)} characters at a stretch", f"at most {_LONGEST_TEXT} are read; split it where it was said"
        )
    if any(value is not None and value < 0 for value in (start, end)):
        reading.fault(line.line, "a negative time", "times count from the start of the call")
    elif any(value is not None and value > _LATEST_MS for value in (start, end)):
        reading.fault(line.line, "a time beyond a week", "write milliseconds from the start of the call, not the time of day")
    elif start is not None and end is not None and end < start:
        reading.fault(line.line, "the end lies before the start", "give the times in order")
    elif end is not None and start is None:
        reading.fault(line.line, "an end without a start", "give both, or the start alone")


def _plain_text(text: str) -> str:
    """Words without the marks of web pages: tags of type, entities. What only looks like one stays."""
    if "<" in text:
        text = _INLINE_TAG.sub("", _BREAK_TAG.sub(" ", text)).strip()
    return html.unescape(text).replace("\xa0", " ") if "&" in text and _ENTITY.search(text) else text


def _from_first(lines: list[Line], reading: Reading) -> list[Line]:
    """Times of day → times from the first line. No call begins with hours of silence."""
    starts = [line.start_ms for line in lines if line.start_ms is not None]
    if len(starts) < 2 or not _LATEST_BEGINNING_MS <= (first := min(starts)) <= _LATEST_MS:
        return lines
    reading.notes[Note.TIME_OF_DAY] += len(starts)
    return [
        replace(
            line,
            start_ms=None if line.start_ms is None else line.start_ms - first,
            end_ms=None if line.end_ms is None else line.end_ms - first,
        )
        for line in lines
    ]


def _in_time(lines: list[Line], reading: Reading) -> list[Line]:
    """The lines by their starts; one without a start stays behind the line before it.

    They are sorted where each voice by itself is in order, as when channels were written one after the other. A voice whose times go back is more likely
    two parts of a call in one file: to sort them would mix what was said in both.
    """
    latest: dict[str | None, Line] = {}
    clock, is_sorted, backwards = 0, True, False
    keys: list[int] = []
    for line in lines:
        if line.start_ms is not None:
            before = latest.get(line.label)
            if before and before.start_ms is not None and line.start_ms < before.start_ms - _OVERLAP_MS:
                reading.fault(
                    line.line, f"begins before line {before.line} of the same voice does",
                    "sort the lines by their start; parts of a call that count from zero each are files of their own",
                )  # fmt: skip
                backwards = True
            latest[line.label] = line
            is_sorted = is_sorted and line.start_ms >= clock
            clock = line.start_ms
        keys.append(clock)
    if is_sorted or backwards:
        return lines
    reading.notes[Note.SORTED] += sum(later < earlier for earlier, later in zip(keys, keys[1:], strict=False))
    return [line for _, line in sorted(zip(keys, lines, strict=True), key=lambda pair: pair[0])]


def _voices_of_one_role(lines: list[Line]) -> list[Line]:
    """Lines whose parties are all called alike and numbered (Guest-1, Guest-2): then the word tells the voices apart and no role."""
    people = [line for line in lines if line.role is not Role.OTHER]
    named = {word_and_number(line.label or "") for line in people}
    if len({line.role for line in people}) != 1 or people[0].role is Role.UNKNOWN:
        return lines
    if len({word for word, _ in named}) != 1 or len({number for _, number in named}) < 2 or any(number is None for _, number in named):
        return lines
    return [line if line.role is Role.OTHER else replace(line, role=Role.UNKNOWN) for line in lines]
