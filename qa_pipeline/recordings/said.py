"""What documents of recognisers and platforms hold, in one form: stretches of speech with a label and times. Reading their values, joining their words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qa_pipeline.recordings.clock import parse_clock
from qa_pipeline.text.sentences import ends_sentence

Document = Mapping[str, Any]

# A pause of one voice that parts two stretches. Chosen: shorter ones fall inside sentences.
_PAUSE_MS = 1_500
_ISO_DURATION = re.compile(r"PT(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?")


class Malformed(ValueError):
    """A document has a known shape and in it a value that cannot be read; says which, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A stretch of speech, or one word of it. `label`: of the voice, None where none is given; times in ms, None where not given."""

    label: str | None
    start_ms: int | None
    end_ms: int | None
    text: str


def objects(value: object, what: str) -> list[dict[str, Any]]:
    """A list of objects; None is an empty one. Raises Malformed."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise Malformed(f"{what} is no list of objects")
    return value


def inside(value: object) -> Document:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: object, what: str) -> str:
    """Text. Raises Malformed where there is none: a stretch whose words are missing is not left in silence."""
    if not isinstance(value, str):
        raise Malformed(f"no text in {what}")
    return value.strip()


def ms_of(value: object, *, unit: float = 1000.0) -> int | None:
    """A time → ms. `unit`: ms a number counts, 1000 for seconds.

    Also numbers in quotes, `1.300s`, `PT1.3S`, `0:01.3` and {"seconds": 1, "nanos": 300000000}. None where there is none; raises Malformed for others.
    """
    if value is None or value == "":
        return None
    if isinstance(value, Mapping):
        return (ms_of(value.get("seconds", 0)) or 0) + (ms_of(value.get("nanos", 0), unit=1e-6) or 0)
    if isinstance(value, str):
        written = value.strip()
        if re.fullmatch(r"-?\d{1,15}(\.\d*)?s", written):
            return round(float(written[:-1]) * 1000)
        if re.fullmatch(r"-?\d{1,15}(\.\d*)?(e[+-]?\d{1,2})?", written):
            return round(float(written) * unit)
        if (match := _ISO_DURATION.fullmatch(written)) and any(match.groups()):
            hours, minutes, seconds = (float(part or 0) for part in match.groups())
            return round((hours * 3600 + minutes * 60 + seconds) * 1000)
        if (clock := parse_clock(written)) is not None:
            return clock
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18:
        # NaN and infinity are not below it either.
        return round(value * unit)
    raise Malformed(f"{str(value)[:20]!r} is no time")


def numbered(word: str, value: object) -> str | None:
    """A label of a voice: as it is named, or `word` with its number. None where none is given."""
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    name = f"{value:g}" if isinstance(value, float) else str(value).strip()
    if not name or name == "?":
        return None
    return f"{word} {name}" if name.isdigit() or (len(name) == 1 and name.isalpha()) else name


def stretches(words: Iterable[Said]) -> list[Said]:
    """Words → stretches of one voice, parted at ends of sentences and at pauses. A word without a label goes on with the voice before."""
    made: list[Said] = []
    is_open = False
    for word in words:
        if not word.text:
            continue
        before = made[-1] if made else None
        if before and word.label is None:
            word = replace(word, label=before.label)
        is_mark = not any(char.isalnum() for char in word.text)
        if before and before.label == word.label and (is_mark or (is_open and not _is_pause(before, word))):
            made[-1] = replace(
                before,
                start_ms=before.start_ms if before.start_ms is not None else word.start_ms,
                end_ms=word.end_ms if word.end_ms is not None else before.end_ms,
                text=_joined(before.text, word.text),
            )
        else:
            made.append(word)
        is_open = not ends_sentence(made[-1].text.rpartition(" ")[2])
    return made


def in_time(said: Sequence[Said]) -> list[Said]:
    """Stretches of all channels by their starts; where one has no start, as they stand."""
    if any(one.start_ms is None for one in said):
        return list(said)
    return sorted(said, key=lambda one: one.start_ms or 0)


def _is_pause(before: Said, word: Said) -> bool:
    return before.end_ms is not None and word.start_ms is not None and word.start_ms - before.end_ms > _PAUSE_MS


def _joined(text: str, word: str) -> str:
    is_close = (not word[0].isalnum() and word[0] not in "([¿¡\"“'") or (_is_wide(text[-1]) and _is_wide(word[0]))
    return text + word if is_close or text[-1] in "([¿¡“" else f"{text} {word}"


def _is_wide(char: str) -> bool:
    """Whether a character is of a script without spaces between words."""
    return unicodedata.east_asian_width(char) in "WF"
