"""Captions, WebVTT, SubRip and SubViewer (as YouTube writes it) → lines: a voice tag or a label at the start of a cue says who speaks.

Where a cue begins is told by its line of times, since blank lines are missing or too many in files of several tools. A voice tag rules its whole cue: a
colon in wrapped words is no label.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from qa_pipeline.recordings.clock import parse_clock
from qa_pipeline.recordings.dialogue import Line, Note, Reading
from qa_pipeline.recordings.labels import Labels, Spoken, role_of, split_line
from qa_pipeline.recordings.plain import TURN_MARK
from qa_pipeline.text.sentences import ends_sentence

_CUE_TIMES = re.compile(r"^\s*(?P<start>-?[\d:.,]+)\s*-{1,3}>\s*(?P<end>-?[\d:.,]+)(?:\s.*)?$")
# SubViewer parts the two times by a comma, and lines of a cue by a mark.
_SBV_TIMES = re.compile(r"^[ \t]*(-?\d+:\S*?)[,;] ?(-?\d+:\S+)[ \t]*$", re.MULTILINE)
_SBV_BREAK = re.compile(r"\[br\]", re.IGNORECASE)
_FRAMES = re.compile(r"^\s*\d+:\d\d:\d\d[:;]\d\d\b")
_BEGINS_WITH_TIME = re.compile(r"^\s*-?\d+:\S*\s*-{1,3}>")
# Above the times without a blank line before: a number, or an id as meeting tools write it.
_ID = re.compile(r"^\s*(?:\d+|[0-9a-fA-F]{4,}[0-9a-fA-F-]*(?:/\d+-\d+)?)\s*$")
# The name of who speaks stands in the line above the times, as Webex and Loom write it: 1 "Anna Nowak" (3724012544), 1 - Anna Nowak.
_NAMED_ID = re.compile(r"^\s*\d+\s+(?:\"(?P<name>[^\"<>]{1,60})\"\s+\(\d+\)|[-–]\s+(?P<plain>[^\W\d_][^\"<>]{0,59}?))\s*$")
_ASIDE = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?(?:\s+(?P<name>[^>]*))?>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
# A time inside a cue, at which a word appears; rolling captions have it.
_WORD_TIME = re.compile(r"<\d+:[\d:.]+>")
_NOISE = re.compile(r"^(?:[(\[][^()\[\]:]{1,30}[)\]]|♪+)\s*(?=\w[^()\[\]]{0,39}:)")
_DIRECTIONS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Who speaks before the words without a colon between, or a number, or a picture before the name: [ANNA] …, (Anna) …, Anna | …, 1: …, 🧑 Anna: …
_WHO = r"[^\W\d_][^\[\]()|:：<>]{0,39}?"
_BEFORE_WORDS = (
    re.compile(rf"^\[\s*(?P<name>{_WHO})\s*\]\s+(?P<text>[^\s\[(].*)$"),
    re.compile(rf"^\(\s*(?P<name>{_WHO})\s*\)\s+(?P<text>[^\s\[(].*)$"),
    re.compile(rf"^(?P<name>{_WHO})\s+\|\s+(?P<text>\S.*)$"),
    re.compile(r"^(?P<name>\d{1,2}):\s+(?P<text>\S.*)$"),
    re.compile(rf"^[^\w\s<>\[\]()\"'“”‘’.,;:!?¿¡…*#♪♫–—-]+\s*(?P<name>{_WHO}):\s+(?P<text>\S.*)$"),
)
_CHEVRONS = re.compile(r"^\s*>>+\s*")
_DASH = re.compile(r"^\s*(?:>>+|[-–—])\s*")


@dataclass(slots=True)
class _Cue:
    line: int
    times: str
    payload: list[str] = field(default_factory=list)
    known: tuple[int | None, int | None] | None = None


def begins_as_captions(text: str) -> bool:
    """Whether a text is captions, whatever the name of its file says."""
    lines = [line for line in text.split("\n") if line.strip()][:2]
    if not lines:
        return False
    return re.match(r"WEBVTT(\s|$)", lines[0]) is not None or (lines[0].strip().isdigit() and _is_times(lines[-1])) or begins_as_sbv(text)


def begins_as_sbv(text: str) -> bool:
    """Whether a text begins with the times of a cue of SubViewer."""
    return _SBV_TIMES.match(text.lstrip("\n \t")) is not None


def vtt_lines(text: str, reading: Reading) -> list[Line]:
    """Cues of WebVTT."""
    first = next((number for number, line in enumerate(text.split("\n"), 1) if line.strip()), 1)
    if not re.match(r"WEBVTT(\s|$)", text.strip()):
        reading.fault(first, "no WEBVTT at the top", "begin the file with a line WEBVTT, or name it .srt")
    return _lines(_cues(text, reading, is_vtt=True), reading)


def srt_lines(text: str, reading: Reading) -> list[Line]:
    """Cues of SubRip."""
    return _lines(_cues(text, reading, is_vtt=False), reading)


def sbv_lines(text: str, reading: Reading) -> list[Line]:
    """Cues of SubViewer."""
    # Line by line, so that faults name the lines of the file.
    arrows = _SBV_TIMES.sub(r"\1 --> \2", text)
    return _lines(_cues(_SBV_BREAK.sub(" ", arrows), reading, is_vtt=False), reading)


def lines_of_cues(cues: Sequence[tuple[int, int | None, int | None, Sequence[str]]], reading: Reading) -> list[Line]:
    """Cues of another format: the line each stands on, its times in ms, and its words as WebVTT would have them, `<v NAME>` before those of a voice."""
    return _lines([_Cue(line=line, times="", payload=list(payload), known=(start, end)) for line, start, end, payload in cues], reading)


def _is_times(line: str) -> bool:
    """Whether a line is meant as the times of a cue, be they right or wrong."""
    return _BEGINS_WITH_TIME.match(line) is not None


def _cues(text: str, reading: Reading, *, is_vtt: bool) -> list[_Cue]:
    written = text.split("\n")
    cues: list[_Cue] = []
    is_aside = is_head = is_vtt and text.strip().startswith("WEBVTT")
    was_blank = True
    named: list[str] = []
    for number, line in enumerate(written, 1):
        if not line.strip():
            is_aside = is_head = False
            was_blank = True
            continue
        begins, was_blank = was_blank, False
        if _is_times(line) and not (is_aside and not is_head):
            is_aside = is_head = False
            cues.append(_Cue(line=number, times=line, payload=named))
            named = []
        elif is_aside or (is_vtt and begins and _ASIDE.match(line.strip())):
            is_aside = True
        elif _heads_cue(written, number, begins=begins):
            named = [f"<v {(match['name'] or match['plain']).strip()}>"] if (match := _NAMED_ID.match(line)) else []
        elif not cues:
            reading.fault(number, "text without times", "a cue is a line 00:01.000 --> 00:03.000 and its text below")
        else:
            if begins and cues[-1].payload:
                reading.notes[Note.BROKEN_CUE] += 1
            cues[-1].payload.append(line.strip())
    return cues


def _heads_cue(written: Sequence[str], number: int, *, begins: bool) -> bool:
    """Whether a line is the number or id of the cue that follows."""
    below = written[number : number + 1]
    if below and below[0].strip():
        return _is_times(below[0]) and (begins or any(form.match(written[number - 1]) for form in (_ID, _NAMED_ID)))
    following = next((line for line in written[number:] if line.strip()), "")
    return begins and written[number - 1].strip().isdigit() and _is_times(following)


def _lines(cues: Sequence[_Cue], reading: Reading) -> list[Line]:
    """Cues → lines. In a file with labels, a cue without one goes on with the voice of the cue before, as captions are written."""
    cues = _with_tags(_without_repeats(cues))
    parts = [list(_parts(cue.payload)) for cue in cues]
    has_tags = any(part.voice is not None for own in parts for part in own)
    candidates = [spoken for own in parts for spoken in _candidates(own)]
    # Beside voice tags, only what is known is a label.
    labels = Labels([one for one in candidates if not has_tags or one.is_marked or reading.is_known(one.label)], reading.roles)
    lines: list[Line] = []
    label: str | None = None
    for cue, own in zip(cues, parts, strict=True):
        start, end = _times(cue, reading)
        words: list[str] = []
        for part in own:
            found, text = part.voice, part.text
            taken = split_line(text) if part.may_begin else None
            if taken and taken in candidates and taken.label in labels:
                found, text = taken.label, taken.text
            if found is not None:
                if words:
                    lines.append(_line(cue, label, start, end, words, reading))
                label, words = found, []
            if text:
                words.append(text)
        lines.append(_line(cue, label, start, end, words, reading))
    return lines


def _without_repeats(cues: Sequence[_Cue]) -> Sequence[_Cue]:
    """Cues of rolling captions without the lines that only roll up: each line is shown again above the next one."""
    shown = [[text for line in cue.payload if (text := _TAG.sub("", line).strip())] for cue in cues]
    repeats = sum(bool(before and after and after[0] == before[-1]) for before, after in zip(shown, shown[1:], strict=False))
    has_word_times = any(_WORD_TIME.search(line) for cue in cues for line in cue.payload)
    if not has_word_times or repeats * 2 < len(cues) - 1:
        return cues
    made = list(cues[:1])
    for cue, before in zip(cues[1:], shown, strict=False):
        lines = [line for line in cue.payload if _TAG.sub("", line).strip()]
        is_repeated = bool(before and lines and _TAG.sub("", lines[0]).strip() == before[-1])
        made.append(replace(cue, payload=lines[1:] if is_repeated else lines))
    return [cue for cue in made if cue.payload]


def _with_tags(cues: Sequence[_Cue]) -> Sequence[_Cue]:
    """Cues with a voice tag for who speaks, where four of five have the name before the words in one other way, and it is two names at least."""
    for form in _BEFORE_WORDS:
        found = [form.match(_TAG.sub("", cue.payload[0]).strip()) if cue.payload and "<v" not in cue.payload[0] else None for cue in cues]
        names = [match["name"] for match in found if match]
        if len(names) * 5 < len(cues) * 4 or len(set(names)) < 2 or not all(_may_be_name(name) for name in names):
            continue
        return [
            cue if match is None else replace(cue, payload=[f"<v {_numbered(match['name'])}>{match['text']}", *cue.payload[1:]])
            for cue, match in zip(cues, found, strict=True)
        ]
    return cues


def _may_be_name(name: str) -> bool:
    """Whether it is a known label, a number, or begins as names do; sounds are noted in small letters."""
    return role_of(name, {}) is not None or name.isdigit() or not name[0].islower()


def _numbered(name: str) -> str:
    return f"Speaker {name}" if name.isdigit() else name


def _line(cue: _Cue, label: str | None, start: int | None, end: int | None, words: Sequence[str], reading: Reading) -> Line:
    return Line(line=cue.line, role=reading.role(label), label=label, start_ms=start, end_ms=end, text=" ".join(words))


def _times(cue: _Cue, reading: Reading) -> tuple[int | None, int | None]:
    if cue.known is not None:
        return cue.known
    times = _CUE_TIMES.match(cue.times)
    start, end = (_cue_ms(times[name]) if times else None for name in ("start", "end"))
    if start is None or end is None:
        has_frames = _FRAMES.match(cue.times) is not None
        advice = "export it with milliseconds: how long a frame is, is not written" if has_frames else "write 00:00:01.000 --> 00:00:03.500"
        reading.fault(cue.line, "times in frames" if has_frames else "times that cannot be read", advice)
    return start, end


def _cue_ms(clock: str) -> int | None:
    # A comma or point at the end belongs to no fraction.
    return parse_clock(clock.rstrip(".,"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Words of a cue. `voice`: of the tag before them, None where there is none; `may_begin`: no tag rules them, a label may begin them."""

    voice: str | None
    text: str
    may_begin: bool = False


def _parts(payload: Sequence[str]) -> Iterator[_Part]:
    if (named := _named_json(payload)) is not None:
        yield named
        return
    is_in_voice = False
    for line in payload:
        pieces = _VOICE.split(line)
        for place in range(0, len(pieces), 2):
            text = TURN_MARK.sub(" ", html.unescape(_TAG.sub("", pieces[place])).replace("\xa0", " ")).strip().strip(_DIRECTIONS).strip()
            voice = html.unescape(pieces[place - 1] or "").strip() if place else None
            if voice:
                is_in_voice = True
                yield _Part(voice=voice, text=text)
            elif text and not (len(pieces) > 1 and not text.strip("-–— ")):
                # Deepgram writes a dash before the tag of a voice.
                dashless = _DASH.sub("", text)
                behind = split_line(_NOISE.sub("", dashless))
                if behind and role_of(behind.label, {}) is not None:
                    # A sound that was noted down before a label is nobody's word.
                    dashless = _NOISE.sub("", dashless)
                has_label = not is_in_voice and split_line(dashless) is not None
                # ">>" says that another speaks now, not who, and is no word.
                yield _Part(voice=None, text=dashless if has_label else _CHEVRONS.sub("", text), may_begin=has_label)


def _candidates(parts: Sequence[_Part]) -> Iterator[Spoken]:
    """Beginnings of a cue's lines that may be labels. A line that goes on with a sentence has one only if it is written as one."""
    goes_on = False
    for part in parts:
        spoken = split_line(part.text) if part.may_begin else None
        if spoken and (not goes_on or not spoken.label[0].islower()):
            yield spoken
        goes_on = not ends_sentence(part.text.rpartition(" ")[2])


def _named_json(payload: Sequence[str]) -> _Part | None:
    """The words of a cue that holds an object with a name and what was said, as Microsoft's Graph gives meetings with `metadataContent`."""
    joined = " ".join(payload)
    if not joined.startswith("{"):
        return None
    try:
        data = json.loads(joined)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("spokenText"), str):
        return None
    name = data.get("speakerName")
    return _Part(voice=(name.strip() or None) if isinstance(name, str) else None, text=data["spokenText"].strip())
