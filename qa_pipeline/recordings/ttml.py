"""Captions in TTML (.ttml, .dfxp, .xml) → lines: a `p` is a cue, its agent is who speaks, else a label at the start of its words.

Times are those of TTML 2, 12.3.1 (https://www.w3.org/TR/ttml2/#timing-value-time-expression): clocks, and figures of hours, minutes, seconds, ms, frames or
ticks; those of a paragraph count from where the parts around it begin. The cues are read on as those of WebVTT (captions.py).
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from xml.parsers import expat

from qa_pipeline.recordings.captions import lines_of_cues
from qa_pipeline.recordings.clock import parse_clock
from qa_pipeline.recordings.dialogue import Line, Reading

# What may stand before the first element, and how each of it ends.
_BEFORE = (("<?", "?>"), ("<!--", "-->"), ("<!", ">"))
_BLANKS = re.compile(r"\s*")
_FIRST = re.compile(r"<(?:\w{1,40}:)?tt[\s>]")
# Parts that hold no words, whatever they hold.
_ASIDE = ("head", "metadata")
_FIGURE = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)(h|m|s|ms|f|t)")
_CLOCK_WITH_FRAMES = re.compile(r"(\d{1,4}:\d\d:\d\d):(\d{1,3})(?:\.\d+)?")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_USUAL_FRAMES = 30.0
_HEAD_OF_DOCTYPE = 300


def begins_as_ttml(text: str) -> bool:
    """Whether a text is TTML, whatever the name of its file says."""
    place = _after_blanks(text, 0)
    while beginning := next(((opens, closes) for opens, closes in _BEFORE if text.startswith(opens, place)), None):
        opens, closes = beginning
        end = text.find("]>" if opens == "<!" and "[" in text[place : place + _HEAD_OF_DOCTYPE].partition(">")[0] else closes, place)
        if end < 0:
            return False
        place = _after_blanks(text, text.index(">", end) + 1)
    return _FIRST.match(text, place) is not None


def _after_blanks(text: str, place: int) -> int:
    match = _BLANKS.match(text, place)
    return match.end() if match else place


def ttml_lines(text: str, reading: Reading) -> list[Line]:
    """Cues of TTML."""
    if not begins_as_ttml(text):
        reading.fault(1, "no TTML: its first element is not `tt`", "export captions as TTML, WebVTT or SRT, or write JSON Lines")
        return []
    if "<!DOCTYPE" in text:
        # What a document defines for itself can grow without end, and nobody writes captions so.
        reading.fault(1, "captions with definitions of their own (DOCTYPE)", "take the DOCTYPE out, or export them as WebVTT")
        return []
    walk = _Walk(reading)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda name, given: walk.begin(name, given, parser.CurrentLineNumber)
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.words
    try:
        # Bytes in UTF-8 that say so, since the declaration may name the encoding that the file had.
        parser.Parse(_without_declaration(text).encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        reading.fault(
            error.lineno, f"not XML: {expat.errors.messages[error.code]}", "export it again; a document that ends too early broke off"
        )
    return lines_of_cues([(cue.line, cue.start, cue.end, cue.payload) for cue in walk.cues if cue.has_words], reading)


def _without_declaration(text: str) -> str:
    bare = text.lstrip()
    return bare[bare.find("?>") + 2 :] if bare.startswith("<?xml") and "?>" in bare else bare


@dataclass(slots=True)
class _Cue:
    line: int
    start: int | None
    end: int | None
    voice: str | None
    words: list[str] = field(default_factory=list)

    @property
    def has_words(self) -> bool:
        return any(word.strip() for word in self.words)

    @property
    def payload(self) -> list[str]:
        lines = [html.escape(" ".join(line.split()), quote=False) for line in "".join(self.words).split("\v")]
        tag = [f"<v {html.escape(self.voice, quote=False)}>"] if self.voice else []
        return [*tag, *(line for line in lines if line)]


class _Walk:
    """What has been met of a document so far. `_open`: for each element that is open, when it begins, in ms, and whose its words are."""

    def __init__(self, reading: Reading) -> None:
        self.cues: list[_Cue] = []
        self._reading = reading
        self._open: list[tuple[str, int, str | None]] = []
        self._names: dict[str, list[str]] = {}
        self._agent: str | None = None
        self._rates: dict[str, float] = {}
        self._depth_of_cue: int | None = None
        # How many parts that hold no words are open.
        self._asides = 0

    def begin(self, name: str, given: dict[str, str], line: int) -> None:
        bare = _bare(name)
        own = {_bare(key): value for key, value in given.items()}
        if bare == "tt":
            self._rates = {
                key: float(own[key]) for key in ("frameRate", "tickRate") if re.fullmatch(r"\d{1,9}", own.get(key, "")) and int(own[key])
            }
        before, voice = (self._open[-1][1], self._open[-1][2]) if self._open else (0, None)
        if bare == "agent" and self._asides:
            self._agent = own.get("id")
        voice = own["agent"].split()[0] if own.get("agent", "").strip() else voice
        begins = self._ms(own.get("begin"), line)
        start = before + (begins or 0)
        self._open.append((bare, start, voice))
        self._asides += bare in _ASIDE
        if self._asides:
            return
        if bare == "p" or (bare == "span" and begins is not None and self._depth_of_cue is not None):
            end, length = self._ms(own.get("end"), line), self._ms(own.get("dur"), line)
            until = before + end if end is not None else start + length if length is not None else None
            cue = self.cues[-1] if bare == "span" and not self.cues[-1].has_words else None
            if cue is not None:
                # The paragraph itself has no times, or they are those of its parts.
                cue.line, cue.start, cue.end = line, start, until
            else:
                is_timed = begins is not None or before > 0 or until is not None
                self.cues.append(_Cue(line=line, start=start if is_timed else None, end=until, voice=None))
            if bare == "p":
                self._depth_of_cue = len(self._open)
        elif bare == "br" and self._depth_of_cue is not None:
            self.cues[-1].words.append("\v")
        if self._depth_of_cue is not None and voice:
            self.cues[-1].voice = " ".join(self._names.get(voice, [])) or voice

    def end(self, name: str) -> None:
        if self._depth_of_cue == len(self._open):
            self._depth_of_cue = None
        self._asides -= self._open.pop()[0] in _ASIDE
        if _bare(name) == "agent":
            self._agent = None

    def words(self, text: str) -> None:
        if self._agent is not None and self._open[-1][0] == "name":
            self._names.setdefault(self._agent, []).extend(text.split())
        elif self._depth_of_cue is not None and not self._asides:
            self.cues[-1].words.append(text)

    def _ms(self, written: str | None, line: int) -> int | None:
        if written is None:
            return None
        written = written.strip()
        if match := _FIGURE.fullmatch(written):
            unit = match[2]
            frames = self._rates.get("frameRate")
            rate = {"f": frames or _USUAL_FRAMES, "t": self._rates.get("tickRate", frames or 1.0)}.get(unit)
            return round(float(match[1]) * 1000 * (_SECONDS[unit] if rate is None else 1 / rate))
        if match := _CLOCK_WITH_FRAMES.fullmatch(written):
            whole = parse_clock(match[1])
            if whole is not None:
                return whole + round(int(match[2]) * 1000 / self._rates.get("frameRate", _USUAL_FRAMES))
        clock = parse_clock(written)
        if clock is None:
            self._reading.fault(line, "times that cannot be read", "write 00:00:01.000, or seconds as 1.5s")
        return clock


def _bare(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition(" ")[2]
