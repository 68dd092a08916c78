"""Marks in spoken words: the one that is given, among those that are only mentioned, denied, taken back or part of the scale.

In: what somebody said to a question for a mark. Out: the mark, or none where no mark was given or two stand that cannot both be meant. How a language
gives marks is in its marks.yaml (languages/mark_tables.py); who said what in answer to what is judged in scoring/marks_given.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.mark_tables import Marks
from qa_pipeline.languages.number_tables import Numbers
from qa_pipeline.text.normalise import simplify, unit_spans
from qa_pipeline.text.number_words import han_number
from qa_pipeline.values.numbers import with_digits
from qa_pipeline.values.value import fold
from qa_pipeline.values.word_numbers import WORD

TOP = 10
_HUNDRED = 100
# A mark above the scale is out of a hundred from here on; below that it is a joke. Chosen, not measured.
_LEAST_OF_HUNDRED = 30
# Two numbers further apart than this are no range that one mark could stand for (chosen, not measured).
_WIDEST_RANGE = 3
# A bare number said after a mark that was plainly given is its correction when it is as near as this.
_NEAR = 1.5
_DIGIT_NEXT = re.compile(r" ?\d")
_CLAUSE_END = re.compile(r"[,.;:!?，。；：！？、…—\n](?!\d)")
# What stands around the one word of a reply.
_AROUND_WORD = re.compile(r"^\W+|\W+$")
# Other words, or Han characters, in a clause that says no more than a mark, and before a mark that a text begins with. Chosen, not measured.
_MOST_BESIDE = 3
_MOST_BEFORE_MARK = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A mark said in a text, in its rewritten words. `is_plain`: the words say that it is a mark given; `is_before_word`: it may count what follows."""

    value: float
    start: int
    end: int
    is_plain: bool = False
    is_before_word: bool = False


@lru_cache(maxsize=4_000)
def read_mark(text: str, language: str, top: int = TOP) -> float | None:
    """The mark that a text gives on a scale up to `top`; None where it gives none, or leaves open which of two."""
    marks = table(language, Marks)
    plain = _plain(text, language)
    mentioned = _numbers(list(plain), marks, top)
    free = list(plain)
    said = list(_shares(free, marks, top))
    said += [_Said(value=float(top), start=match.start(), end=match.end(), is_plain=True) for match in _take(marks.undocked, free)]
    _blank_asides(free, marks)
    off = _taken_off(free, marks, top, mentioned, "".join(free))
    said += [*_worded(free, marks, top), *_numbers(free, marks, top)]
    said = _by_themselves(plain, sorted(said, key=lambda mark: mark.start), language)
    if not said and off is None:
        return _as_mentioned(plain, mentioned, marks, top)
    if _is_told_in_parts(said, top):
        return said[0].value
    said, is_open = _either("".join(free), said, marks)
    if is_open:
        return None
    last_correction = max((match.end() for match in marks.corrects.finditer(plain)), default=0)
    said = [mark for mark in said if mark.start >= last_correction] or said
    if off is not None and (not said or said[-1].value == top):
        return off
    if plain.rstrip()[-1:] in ("?", "？") and not any(mark.is_plain or not unit_spans(plain[: mark.start]) for mark in said):
        # Who asks back has given none.
        return None
    return _last(said)


@lru_cache(maxsize=4_000)
def scale_top(text: str, language: str) -> int | None:
    """The highest mark of the scale that a question tells; None where it tells none."""
    plain = _plain(text, language)
    tops = [int(match.group("top")) for pattern in table(language, Marks).scale for match in pattern.finditer(plain)]
    return max((top for top in tops if 1 < top <= _HUNDRED), default=None)


@lru_cache(maxsize=4_000)
def offered_mark(text: str, language: str, top: int = TOP) -> float | None:
    """The one mark that an asker's words say again or suggest; None for a question why, for a scale read out, and for several marks."""
    marks = table(language, Marks)
    plain = _plain(text, language)
    if marks.asks_why.search(plain):
        return None
    free = list(plain)
    said = list(_shares(free, marks, top))
    _blank_asides(free, marks)
    said += [*_worded(free, marks, top), *_numbers(free, marks, top)]
    return said[0].value if len({mark.value for mark in said}) == 1 else None


def written(value: float) -> str:
    """A mark as an answer: 8, or 8.5."""
    return f"{round(value * 2) / 2:g}"


# --- the text with its numbers in digits -------------------------------------------------------------------------------------------------


def _plain(text: str, language: str) -> str:
    marks = table(language, Marks)
    if is_han(language):
        written = simplify(text)
        plain = _han_numerals(language).sub(lambda match: _han_digits(match.group(), language), written)
    else:
        named = _nouns(language)
        written = fold(text)
        plain = with_digits(WORD.sub(lambda match: named.get(match.group(), match.group()), written), language).text
    plain = _misheard(language).get(_AROUND_WORD.sub("", written), plain)
    plain = marks.point.sub(r"\1.\2", plain)
    return marks.half.sub(r"\1.5", plain)


@cache
def _nouns(language: str) -> Mapping[str, str]:
    return {word: str(value) for value, words in table(language, Marks).nouns.items() for word in words}


@cache
def _misheard(language: str) -> Mapping[str, str]:
    return {word: str(value) for value, words in table(language, Marks).misheard.items() for word in words}


@cache
def _han_numerals(language: str) -> re.Pattern[str]:
    numbers = table(language, Numbers)
    numerals = "".join([*numbers.digits, *(scale for scale, value in numbers.scales.items() if value <= _HUNDRED)])
    return re.compile(f"[{numerals}]+")


def _han_digits(run: str, language: str) -> str:
    numbers = table(language, Numbers)
    if run in numbers.about_pairs:
        return "-".join(str(numbers.digits[char]) for char in run)
    if all(numbers.scales.get(char, 0) > TOP for char in run) or (len(run) == 1 and run in numbers.scales and numbers.scales[run] != TOP):
        return run
    return han_number(run, language)


# --- what may be a mark ------------------------------------------------------------------------------------------------------------------


def _shares(free: list[str], marks: Marks, top: int) -> Iterator[_Said]:
    """Marks told as a share: of a hundred, of the highest of another scale."""
    for pattern in marks.percent:
        for match in _take(pattern, free):
            yield _Said(value=_number(match.group("n")) * top / _HUNDRED, start=match.start(), end=match.end(), is_plain=True)
    for pattern in marks.out_of:
        for match in _take(pattern, free):
            value = _number(match.group("n")) * top / _number(match.group("top"))
            if value <= top:
                yield _Said(value=value, start=match.start(), end=match.end(), is_plain=True)


def _blank_asides(free: list[str], marks: Marks) -> None:
    for pattern in marks.asides:
        _take(pattern, free)


def _worded(free: list[str], marks: Marks, top: int) -> Iterator[_Said]:
    """Marks in other words than a plain number."""
    for pattern, value in ((marks.full, float(top)), (marks.lowest, 1.0), *((p, v * top / TOP) for p, v in marks.named.items())):
        for match in _take(pattern, free):
            yield _Said(value=value, start=match.start(), end=match.end(), is_plain=True)


def _taken_off(free: list[str], marks: Marks, top: int, mentioned: Sequence[_Said], without_asides: str) -> float | None:
    """The mark that is told by its distance from the highest, or from one that would have been given: mentioned before, in words that give none."""
    taken = [match for pattern in marks.from_top for match in _take(pattern, free)]
    if not taken:
        return None
    first = taken[0]
    lost = _number(first.groupdict().get("n") or first.groupdict().get("m") or "1")
    meant = [mark.value for mark in mentioned if mark.end <= first.start() and without_asides[mark.start : mark.end].strip("\x00") == ""]
    return (meant[-1] if meant and lost < meant[-1] else top) - lost


def _as_mentioned(plain: str, mentioned: Sequence[_Said], marks: Marks, top: int) -> float | None:
    """The one mark that is only mentioned, where the words say that it is the same now, or twice as much; or less what they take off."""
    for match in (match for pattern in marks.from_top for match in pattern.finditer(plain)):
        before = [mark.value for mark in mentioned if mark.end <= match.start()]
        lost = _number(match.groupdict().get("n") or match.groupdict().get("m") or "1")
        if before and lost < before[-1]:
            return before[-1] - lost
    values = {mark.value for mark in mentioned}
    if len(values) != 1:
        return None
    (value,) = values
    if marks.same.search(plain):
        return value
    return 2 * value if marks.doubled.search(plain) and 2 * value <= top else None


def _numbers(free: list[str], marks: Marks, top: int) -> list[_Said]:
    plain = "".join(free)
    found = []
    for match in marks.number.finditer(plain):
        before, after = plain[: match.start()], plain[match.end() :]
        if marks.counted.match(after) or marks.counted_before.search(before):
            continue
        value = _number(match.group())
        is_plain = bool(marks.after_mark.match(after) or marks.given.search(before))
        if _LEAST_OF_HUNDRED <= value <= _HUNDRED and marks.after_mark.match(after):
            value = value * top / _HUNDRED
        if value <= top:
            counts = marks.follows is not None and not marks.follows.match(after) and not _DIGIT_NEXT.match(after)
            found.append(_Said(value=value, start=match.start(), end=match.end(), is_plain=is_plain, is_before_word=counts))
    alone = [mark for mark in found if mark.is_plain or not mark.is_before_word]
    # What stands before another word counts it, but where a text begins so: ten, darling. One may be one of something there too.
    return alone or [mark for mark in found if mark.value != 1 and len(unit_spans(plain[: mark.start])) <= _MOST_BEFORE_MARK]


def _take(pattern: re.Pattern[str], free: list[str]) -> list[re.Match[str]]:
    """Where a pattern stands in what is left of a text, and blank it there, letter for letter."""
    matches = list(pattern.finditer("".join(free)))
    for match in matches:
        free[match.start() : match.end()] = "\x00" * (match.end() - match.start())
    return matches


def _number(said: str) -> float:
    return float(said.replace(",", "."))


# --- which of them -----------------------------------------------------------------------------------------------------------------------


def _either(plain: str, said: list[_Said], marks: Marks) -> tuple[list[_Said], bool]:
    """Two marks of which either would do, as the lower middle of them; and whether two stand that cannot both be meant."""
    out: list[_Said] = []
    for mark in said:
        last = out[-1] if out else None
        if last is None or not marks.between.fullmatch(plain[last.end : mark.start]):
            out.append(mark)
            continue
        if abs(mark.value - last.value) > _WIDEST_RANGE:
            return out, True
        middle = float(int((last.value + mark.value) / 2))
        out[-1] = _Said(value=middle, start=last.start, end=mark.end, is_plain=True)
    return out, False


def _is_told_in_parts(said: Sequence[_Said], top: int) -> bool:
    """Whether the first mark is the sum of what follows (two: one for coming, one for the smile), or what follows is what it lacks of the highest."""
    first, *parts = [mark.value for mark in said] or [0.0]
    is_sum = len(parts) > 1 and sum(parts) == first
    return is_sum or (len(parts) == 1 and first + parts[0] == top and first - parts[0] > _WIDEST_RANGE)


def _by_themselves(plain: str, said: Sequence[_Said], language: str) -> list[_Said]:
    """The marks, of which those that are a clause by themselves are plainly given."""
    ends = [match.start() for match in _CLAUSE_END.finditer(plain)]
    found = []
    for mark in said:
        begin = max((end + 1 for end in ends if end < mark.start), default=0)
        until = min((end for end in ends if end >= mark.end), default=len(plain))
        beside = len(unit_spans(plain[begin : mark.start])) + len(unit_spans(plain[mark.end : until]))
        alone = beside <= _MOST_BESIDE
        found.append(replace(mark, is_plain=True) if alone else mark)
    return found


def _last(said: list[_Said]) -> float | None:
    if not said:
        return None
    plainly = [mark for mark in said if mark.is_plain]
    if plainly and abs(said[-1].value - plainly[-1].value) > _NEAR:
        return plainly[-1].value
    return said[-1].value
