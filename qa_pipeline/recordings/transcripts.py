"""Bytes of a transcript or chat → dialogues: lines with role, text and the times that were written. Pure; ingest.py meets the files.

In: JSON Lines (one call or many), WebVTT, SubRip, or plain dialogue text (`0:03 agent: …`), told apart by the ending of the name. Out: one Dialogue
a call, with the faults of its lines located. What is not written stays None: a time is never estimated, a role never guessed from the order of lines.
A line that cannot be read is a fault of its call, so that no call is scored on part of its words. docs/decisions/transcript-parsers.md says why the
parsers are our own.
"""

from __future__ import annotations

import codecs
import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from qa_pipeline.call import Role
from qa_pipeline.errors import Fault, InputRefused, TranscriptError
from qa_pipeline.languages.conversation_tables import PartyLabels
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.text.fold import fold

JSON_SUFFIXES = (".jsonl", ".ndjson")
PLAIN_SUFFIXES = (".txt",)
TRANSCRIPT_SUFFIXES = (*JSON_SUFFIXES, ".vtt", ".srt", *PLAIN_SUFFIXES)

# Beyond these a file is no conversation of people. Chosen, not measured.
_LONGEST_TEXT = 10_000
_MOST_LINES = 5_000
_MOST_TEXT = 500_000
_LATEST_MS = 7 * 24 * 3_600_000
_LONGEST_CALL_ID = 128
_LONGEST_LABEL = 60
_LABELS_SHOWN = 3

_BLANKS = str.maketrans("_*", "  ")
_TRAILING = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|[#№]?\s*\d+|-\s*\d+)\s*$")

_TIME = r"-?\d+(?:[:：]\d+){1,2}(?:[.,]\d+)?"
_ARROW = r"\s*(?:-->|-|–|—|~|to)\s*"
_TIMED = re.compile(
    rf"^\s*(?:[\[(（【]\s*(?P<in>{_TIME})(?:{_ARROW}(?P<in_end>{_TIME}))?\s*[\])）】]|(?P<bare>{_TIME})(?:{_ARROW}(?P<bare_end>{_TIME}))?(?=\s))\s*"
)
_LABELLED = re.compile(
    r"^(?P<label>[^\W_][^:：?!？！。;；,，\"“”]{0,39}?|\+[\d ]{5,20})\s*"
    rf"(?:[\[(（]\s*(?P<time>{_TIME})\s*[\])）]\s*)?[:：](?!//)\s*(?P<text>.*)$",
    re.DOTALL,
)
_MOST_LABEL_WORDS = 4
_CUE_TIMES = re.compile(r"^\s*(?P<start>-?[\d:.,]+)\s*-->\s*(?P<end>-?[\d:.,]+)(?:\s.*)?$")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?(?:\s+(?P<name>[^>]*))?>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_KEYS = ("call_id", "role", "start_ms", "end_ms", "text")


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
    """The dialogues of a file, and what its owner should know besides."""

    dialogues: tuple[Dialogue, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One line of plain dialogue text taken apart; times as written, not checked."""

    start: str | None
    end: str | None
    label: str
    text: str


@dataclass(slots=True)
class _Reading:
    path: str
    roles: Mapping[str, Role]
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int | None, message: str, advice: str) -> None:
        self.faults.append(Fault(path=self.path, line=line, message=message, advice=advice))

    def role(self, label: str, line: int) -> Role:
        role = role_of(label, self.roles)
        if role is None:
            self.fault(line, f"the label {label!r} is not known", _label_advice(label))
        return role or Role.UNKNOWN


def is_transcript(name: str) -> bool:
    """Whether a file of this name is read as text."""
    return name.lower().endswith(TRANSCRIPT_SUFFIXES)


def parse_roles(text: str) -> dict[str, Role]:
    """`Anna=agent,Visitor=customer` → roles by folded label. Raises InputRefused with every fault."""
    roles: dict[str, Role] = {}
    faults = []
    for part in (part.strip() for part in re.split(r"[,，]", text) if part.strip()):
        label, equals, name = (piece.strip() for piece in part.rpartition("="))
        role = role_of(name, {}) if equals and label else None
        if role is None:
            faults.append(Fault(path="--roles", message=f"{part!r} maps no label to a role", advice="write Anna=agent,Visitor=customer"))
        else:
            roles[_folded(label)] = role
    if faults:
        raise InputRefused("The roles given to labels cannot be used.", faults=faults)
    return roles


def role_of(label: str, roles: Mapping[str, Role]) -> Role | None:
    """The role a label stands for: as `roles` (by folded label) say, else by the labels known. None: not known."""
    folded = _folded(label)
    if folded in roles:
        return roles[folded]
    known = _known_labels()
    if folded in known:
        return known[folded]
    plain = _TRAILING.sub("", folded)
    if plain in roles:
        return roles[plain]
    if plain in known:
        return known[plain]
    # A letter alone is a voice without a name: A, B.
    return Role.UNKNOWN if len(plain) == 1 and plain.isascii() and plain.isalpha() else None


def split_line(text: str) -> Spoken | None:
    """Take `[0:03] agent: text` apart; None for a line without a label. Times and label are as written, any label is taken."""
    timed = _TIMED.match(text)
    rest = text[timed.end() :] if timed else text
    labelled = _LABELLED.match(rest.lstrip())
    if not labelled or len(labelled["label"].split()) > _MOST_LABEL_WORDS:
        return None
    label, body = labelled["label"].strip(), labelled["text"].strip()
    if label.isdigit() and body[:1].isdigit():
        return None
    start = end = None
    if timed:
        start, end = timed["in"] or timed["bare"], timed["in_end"] or timed["bare_end"]
    return Spoken(start=start or labelled["time"], end=end, label=label, text=body)


def parse_clock(text: str) -> int | None:
    """`0:03`, `1:02:03.5`, `00:00:03,000` → ms; None when it is no time. A minus sign gives a negative figure."""
    match = re.fullmatch(r"(-?)(?:(\d{1,4})[:：])?(\d{1,5})[:：](\d{2})(?:[.,](\d{1,9}))?", text.strip())
    if not match:
        return None
    sign, hours, minutes, seconds, fraction = match.groups()
    if int(seconds) > 59 or (hours is not None and int(minutes) > 59):
        return None
    ms = (int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) * 1000 + int((fraction or "").ljust(3, "0")[:3])
    return -ms if sign else ms


def read_dialogue(text: str, *, path: str = "dialogue", roles: Mapping[str, Role] | None = None) -> tuple[Line, ...]:
    """Lines of a plain dialogue, as `0:03 agent: …`; times may be left out, a line without a label continues the one before.

    `roles`: further labels (parse_roles). Raises TranscriptError with every fault and its line.
    """
    reading = _Reading(path=path, roles=roles or {})
    text = _universal(text)
    _check_characters(text, reading)
    lines = _checked(_plain_lines(text, reading), reading)
    if reading.faults:
        raise TranscriptError(f"{path} has {len(reading.faults)} fault{'s' * (len(reading.faults) > 1)}.", faults=in_order(reading.faults))
    return tuple(lines)


def parse_transcripts(raw: bytes, path: str, *, encoding: str = "utf-8-sig", roles: Mapping[str, Role] | None = None) -> Parsed:
    """The dialogues of one file; its name says the format. A byte order mark is believed over `encoding`.

    Whatever the bytes, faults are in the dialogues; raises InputRefused only for an encoding that does not exist.
    """
    reading = _Reading(path=path, roles=roles or {})
    text = _decoded(raw, encoding, reading)
    if text is None:
        return Parsed(dialogues=(_failed(hashlib.sha256(raw).hexdigest(), reading),))
    text = _universal(text)
    if not text.strip():
        reading.fault(None, "the file is empty", "export it again")
        return Parsed(dialogues=(_failed(_sha256(text), reading),))
    if path.lower().endswith(JSON_SUFFIXES):
        return _json_dialogues(text, reading)
    _check_characters(text, reading)
    parse = {".vtt": _vtt_lines, ".srt": _srt_lines}.get(PurePosixPath(path).suffix.lower(), _plain_lines)
    lines = _checked(parse(text, reading), reading)
    return Parsed(dialogues=(_dialogue(None, text, lines, reading.faults),))


def begins_as_dialogue(raw: bytes, *, encoding: str = "utf-8-sig") -> bool:
    """Whether the first line of some text has a label, as a dialogue begins; other text in a folder is left alone."""
    text = _decoded(raw, encoding, _Reading(path="", roles={}))
    if text is None:
        # Not to be told; the full reading says what is wrong.
        return True
    first = next((line for line in _universal(text).split("\n") if line.strip()), "")
    return split_line(first) is not None


def in_order(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Faults by line."""
    return tuple(sorted(faults, key=lambda fault: fault.line or 0))


# --- JSON Lines ------------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _JsonCall:
    reading: _Reading
    lines: list[Line] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)


def _json_dialogues(text: str, reading: _Reading) -> Parsed:
    """Calls by their `call_id`; without one in any line, the file is one call.

    A line that cannot be read belongs to the call whose id can be made out in it, else to the call before or after it when each call's lines stand
    together, else to any of the file: whichever it may belong to is not scored without it.
    """
    rows = [(number, line, _json_object(number, line, reading.path)) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    has_ids = any(isinstance(data, dict) and data.get("call_id") not in (None, "") for _, _, data in rows)
    calls: dict[str | None, _JsonCall] = {}
    sequence: list[str | None] = []  # call ids, line by line
    unreadable: list[tuple[int, str, Fault]] = []
    strange: set[str] = set()
    for number, line, data in rows:
        call_id = _json_call_id(number, data, reading.path) if has_ids and isinstance(data, dict) else None
        if isinstance(data, Fault) or isinstance(call_id, Fault):
            unreadable.append((len(sequence), line, data if isinstance(data, Fault) else call_id))  # type: ignore[arg-type]  # one of them is
            continue
        strange |= {key if key.isprintable() and len(key) < 40 else "…" for key in data if key not in _KEYS}
        call = calls.setdefault(call_id, _JsonCall(reading=_Reading(path=reading.path, roles=reading.roles)))
        sequence.append(call_id)
        call.raw.append(line)
        call.lines.append(_json_line(number, data, call.reading))
    if not calls:
        reading.faults = [fault for _, _, fault in unreadable]
        return Parsed(dialogues=(_failed(_sha256(text), reading),))
    stands_together = sum(1 for _ in groupby(sequence)) == len(calls)
    near = list(calls)
    for place, line, fault in unreadable:
        if has_ids and (named := _id_made_out(line)):
            owner = calls.setdefault(named, _JsonCall(reading=_Reading(path=reading.path, roles=reading.roles)))
            owner.raw.append(line)
            owner.reading.faults.append(fault)
            continue
        for call_id in dict.fromkeys(sequence[max(0, place - 1) : place + 1]) if stands_together else near:
            calls[call_id].reading.faults.append(fault)
    name = PurePosixPath(reading.path).name
    warnings = (f"{name}: the keys {', '.join(sorted(strange)[:8])} are not read.",) if strange else ()
    return Parsed(
        dialogues=tuple(
            _dialogue(call_id, text if call_id is None else "\n".join(call.raw), _checked(call.lines, call.reading), call.reading.faults)
            for call_id, call in calls.items()
        ),
        warnings=warnings,
    )


def _json_object(number: int, line: str, path: str) -> dict[str, Any] | Fault:
    def fault(message: str, advice: str) -> Fault:
        return Fault(path=path, line=number, message=message, advice=advice)

    try:
        data = json.loads(line)
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "a number too long"
        return fault(f"not JSON: {reason}", "write one whole object a line; a broken last line means that the export broke off")
    except RecursionError:
        return fault("not JSON: nested too deeply", "write one object a line")
    return data if isinstance(data, dict) else fault("not an object", 'write {"call_id": …, "role": …, "text": …}')


def _json_call_id(number: int, data: Mapping[str, Any], path: str) -> str | Fault:
    value = data.get("call_id")
    call_id = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(call_id, str) and _is_call_id(call_id):
        return call_id
    if value in (None, ""):
        return Fault(path=path, line=number, message="no call_id, though other lines have one", advice="name the call in every line")
    advice = f"wanted: printable text of at most {_LONGEST_CALL_ID} characters"
    return Fault(path=path, line=number, message="call_id is no name", advice=advice)


def _is_call_id(text: str) -> bool:
    return bool(text.strip(". ")) and len(text) <= _LONGEST_CALL_ID and text.isprintable()


def _id_made_out(line: str) -> str | None:
    """The call_id in a line that is not JSON, as one that broke off."""
    match = re.search(r'"call_id"\s*:\s*"([^"\\]+)"', line)
    return match[1] if match and _is_call_id(match[1]) else None


def _json_line(number: int, data: Mapping[str, Any], reading: _Reading) -> Line:
    label, text = data.get("role"), data.get("text")
    role = Role.UNKNOWN
    if not isinstance(label, str) or not label.strip():
        reading.fault(number, "no role", "write agent, customer, other or unknown")
    elif _NO_TEXT.search(label) or len(label) > _LONGEST_LABEL:
        reading.fault(number, "the role is no label", "write agent, customer, other or unknown")
    else:
        role = reading.role(label.strip(), number)
    if not isinstance(text, str):
        reading.fault(number, "no text", "write what was said, or leave the line out")
        text = "-"
    elif _NO_TEXT.search(text):
        reading.fault(number, "the text holds a character that is none", "export it again")
        text = "-"
    start, end = (_json_ms(number, name, data.get(name), reading) for name in ("start_ms", "end_ms"))
    return Line(
        line=number, role=role, label=label.strip() if isinstance(label, str) else None, start_ms=start, end_ms=end, text=text.strip()
    )


def _json_ms(number: int, name: str, value: object, reading: _Reading) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == float("inf") or value != int(value):
        reading.fault(number, f"{name} is no whole number", "write milliseconds from the start of the call, or leave it out")
        return None
    return int(value)


# --- WebVTT and SubRip -----------------------------------------------------------------------------------------------------------------


def _vtt_lines(text: str, reading: _Reading) -> list[Line]:
    head, *blocks = _blocks(text)
    if not re.match(r"WEBVTT(\s|$)", head[1][0]):
        reading.fault(head[0], "no WEBVTT at the top", "begin the file with a line WEBVTT, or name it .srt")
        blocks = [head, *blocks]
    kept = [block for block in blocks if not re.match(r"(NOTE|STYLE|REGION)(\s|$)", block[1][0])]
    return _cues(kept, reading)


def _srt_lines(text: str, reading: _Reading) -> list[Line]:
    return _cues(list(_blocks(text)), reading)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines between blank ones, with the number of the first."""
    block: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip():
            block.append(line.strip())
        elif block:
            yield number - len(block), block
            block = []


def _cues(blocks: Sequence[tuple[int, list[str]]], reading: _Reading) -> list[Line]:
    """Cues → lines. In a file with labels, a cue without one goes on with the voice of the cue before, as captions are written."""
    lines: list[Line] = []
    label: str | None = None
    role = Role.UNKNOWN
    for first, block in blocks:
        place = next((i for i, line in enumerate(block[:2]) if "-->" in line), None)
        if place is None:
            reading.fault(first, "text without times", "a cue is a line 00:01.000 --> 00:03.000 and its text, without blank lines between")
            continue
        times = _CUE_TIMES.match(block[place])
        start = parse_clock(times["start"]) if times else None
        end = parse_clock(times["end"]) if times else None
        if start is None or end is None:
            reading.fault(first + place, "times that cannot be read", "write 00:00:01.000 --> 00:00:03.500")
        spoken = list(_voices(block[place + 1 :]))
        if not spoken:
            reading.fault(first + place, "a cue without text", "write its words, or take it out")
        for found, words in spoken:
            if found is not None:
                label, role = found, reading.role(found, first + place)
            lines.append(Line(line=first + place, role=role, label=label, start_ms=start, end_ms=end, text=words))
    return lines


def _voices(payload: Sequence[str]) -> Iterator[tuple[str | None, str]]:
    """Label and words of each voice in a cue: `<v Agent>…`, or `Agent: …` at the start of a line."""
    label: str | None = None
    words: list[str] = []
    for line in payload:
        parts = _VOICE.split(line)
        for i in range(0, len(parts), 2):
            named = parts[i - 1] if i else None
            bare = html.unescape(_TAG.sub("", parts[i])).strip()
            spoken = None if named else split_line(re.sub(r"^[-–—]\s*", "", bare))
            found = html.unescape(named).strip() if named else spoken.label if spoken else None
            if found:
                if words:
                    yield label, " ".join(words)
                label, words = found, []
                bare = spoken.text if spoken else bare
            if bare:
                words.append(bare)
    if words or label is not None:
        yield label, " ".join(words)


# --- plain text ------------------------------------------------------------------------------------------------------------------------


def _plain_lines(text: str, reading: _Reading) -> list[Line]:
    """Lines with labels; one without continues the one before, as does an indented line whose label is not known (`  Price: 5`)."""
    lines: list[Line] = []
    has_times = False
    for number, written in enumerate(text.split("\n"), 1):
        if not written.strip():
            continue
        spoken = split_line(written)
        if spoken and lines and written[0].isspace() and role_of(spoken.label, reading.roles) is None:
            spoken = None
        if spoken is None:
            if not lines:
                reading.fault(
                    number, "no label before the text", "write agent: or customer: before what is said, after the time if there is one"
                )
                lines.append(Line(line=number, role=Role.UNKNOWN, label=None, start_ms=None, end_ms=None, text=written.strip()))
                continue
            timed = _TIMED.match(written)
            if timed and (has_times or timed["in"]):
                reading.fault(number, "a time without a label", "write who speaks after the time")
            before = lines[-1]
            joined = f"{before.text}\n{written.strip()}" if before.text else written.strip()
            lines[-1] = Line(
                line=before.line, role=before.role, label=before.label, start_ms=before.start_ms, end_ms=before.end_ms, text=joined
            )
            continue
        start, end = (_plain_ms(number, clock, reading) for clock in (spoken.start, spoken.end))
        has_times = has_times or start is not None
        lines.append(
            Line(
                line=number, role=reading.role(spoken.label, number), label=spoken.label, start_ms=start, end_ms=end, text=spoken.text
            )
        )  # fmt: skip
    return lines


def _plain_ms(number: int, clock: str | None, reading: _Reading) -> int | None:
    if clock is None:
        return None
    ms = parse_clock(clock)
    if ms is None:
        reading.fault(number, f"{clock} is no time", "write minutes and seconds as 0:03, or 1:02:03.5 with hours")
    return ms


# --- shared ----------------------------------------------------------------------------------------------------------------------------


def _checked(lines: Sequence[Line], reading: _Reading) -> list[Line]:
    """The lines, after their times, texts and number were checked; faults go to the reading."""
    before: Line | None = None
    for line in lines:
        start, end = line.start_ms, line.end_ms
        if not line.text:
            reading.fault(line.line, "no text", "write what was said, or leave the line out")
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
        elif start is not None and before is not None and before.start_ms is not None and start < before.start_ms:
            reading.fault(line.line, f"begins before line {before.line} does", "sort the lines by their start")
        if start is not None:
            before = line
    if len(lines) > _MOST_LINES or sum(len(line.text) for line in lines) > _MOST_TEXT:
        reading.fault(
            None, f"{len(lines)} lines in one call", f"at most {_MOST_LINES} lines and {_MOST_TEXT} characters; name the calls by call_id"
        )
    if not lines and not reading.faults:
        reading.fault(None, "nothing is said in it", "export it again")
    return list(lines)


def _check_characters(text: str, reading: _Reading) -> None:
    if match := _NO_TEXT.search(text):
        line = text.count("\n", 0, match.start()) + 1
        reading.fault(line, f"character {ord(match.group()):#06x}, which is no text", "export it again, or name its encoding by --encoding")


def _decoded(raw: bytes, encoding: str, reading: _Reading) -> str | None:
    marked = next((name for mark, name in _MARKS if raw.startswith(mark)), encoding)
    try:
        return raw.decode(marked)
    except LookupError as error:
        raise InputRefused(f"No encoding is called {encoding!r}.", advice="Try utf-8, utf-16 or gb18030.") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        reading.fault(line, f"not {marked.removesuffix('-sig')} text", "save it as UTF-8, or give --encoding gb18030")
        return None


_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def _universal(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _folded(label: str) -> str:
    return " ".join(fold(label.translate(_BLANKS)).split())


@cache
def _known_labels() -> Mapping[str, Role]:
    """The labels of all languages, folded: a transcript says its language as little as its recording does. Of two languages, the first decides."""
    known: dict[str, Role] = {}
    for code in language_codes():
        labels = table(code, PartyLabels)
        for role in (Role.AGENT, Role.CUSTOMER, Role.OTHER, Role.UNKNOWN):
            for label in getattr(labels, role.value):
                known.setdefault(label, role)
    return MappingProxyType(known)


def _label_advice(label: str) -> str:
    known: dict[Role, list[str]] = {role: [] for role in (Role.AGENT, Role.CUSTOMER, Role.OTHER)}
    for code in language_codes():
        for role, labels in known.items():
            labels += getattr(table(code, PartyLabels), role.value)[:_LABELS_SHOWN]
    shown = "; ".join(f"{role.value}: {', '.join(labels)} …" for role, labels in known.items())
    return f'say who it is with --roles "{label}=agent", or indent the line if it only goes on; known labels: {shown}; unknown'


def _dialogue(call_id: str | None, text: str, lines: Sequence[Line], faults: Sequence[Fault]) -> Dialogue:
    return Dialogue(call_id=call_id, sha256=_sha256(text), lines=() if faults else tuple(lines), faults=in_order(faults))


def _failed(sha256: str, reading: _Reading) -> Dialogue:
    return Dialogue(call_id=None, sha256=sha256, lines=(), faults=in_order(reading.faults))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
