"""Numbers said in words of letters, composed: three hundred and fifty, tvåhundrafemtio, dwudziestego pierwszego."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache

from qa_pipeline.languages.load import table
from qa_pipeline.languages.number_tables import Numbers
from qa_pipeline.text.normalise import HAN
from qa_pipeline.text.number_words import tens_and_ones
from qa_pipeline.values.value import LONGEST_NUMBER, Number

WORD = re.compile(rf"[{HAN}]|\d+|[^\W\d_{HAN}]+(?:'[^\W\d_{HAN}]+)*")
_HUNDRED, _THOUSAND = 100, 1000
# The tens that begin ordinals of two parts: days of a month, hours of a day.
_TENS_OF_DAYS = (20, 30)
Words = Sequence[re.Match[str]]


def word_numbers(text: str, language: str, *, is_strung: bool) -> Iterator[Number]:
    """Every number of a folded text, in order. `is_strung`: nine hundred one two is 900 12, as in a telephone number."""
    words = list(WORD.finditer(text))
    index = 0
    while index < len(words):
        if not _may_be_number(words[index].group(), language):
            index += 1
            continue
        number, used = _read_ordinal(words, index, language)
        if number is None:
            number, used = _read_number(words, index, language, text, is_strung=is_strung)
        if number is not None:
            yield number
        index += max(used, 1)


@cache
def _words(language: str) -> Mapping[str, int]:
    """All number words below a thousand, those put together of others too; in a joined language so many hundreds and thousands."""
    numbers = table(language, Numbers)
    words = {word: value for value, forms in numbers.words.items() for word in forms}
    tens, ones = tens_and_ones(words)
    words |= {word: value for value, forms in numbers.further.items() for word in forms}
    if not numbers.is_joined:
        return words
    hundred = next((scale for scale, value in numbers.scales.items() if value == _HUNDRED), "")
    below = words | {
        ten + one: t + o for ten, t in tens.items() for one, o in (*ones.items(), *((word, 1) for word in numbers.joined_ones))
    }
    hundreds = {one + hundred: _HUNDRED * value for one, value in ones.items()}
    teens = {word + hundred: _HUNDRED * value for word, value in words.items() if 10 < value < 20}
    below_thousand = below | hundreds | {head + tail: h + t for head, h in hundreds.items() for tail, t in below.items() if t}
    thousand = next((scale for scale, value in numbers.scales.items() if value == _THOUSAND), "")
    return below_thousand | teens | {word + thousand: _THOUSAND * value for word, value in below_thousand.items() if value}


@lru_cache(maxsize=20_000)
def _may_be_number(word: str, language: str) -> bool:
    """Whether a number may begin with a word: most words are passed over at once."""
    numbers = table(language, Numbers)
    is_padded = bool(numbers.joined_zero) and word.startswith(numbers.joined_zero)
    return word.isdigit() or is_padded or word in _words(language) or word in numbers.scales or _ordinal(word, language)[0] is not None


# --- ordinals -----------------------------------------------------------------------------------------------------------------------------


def _read_ordinal(words: Words, index: int, language: str) -> tuple[Number | None, int]:
    """An ordinal at a place, with a ten before it (twenty first, dwudziestego pierwszego)."""
    value, ending = _ordinal(words[index].group(), language)
    used = 1
    following = _ordinal(words[index + 1].group(), language) if index + 1 < len(words) else (None, "")
    before = table(language, Numbers).tens_of_ordinals
    ten = _words(language).get(words[index].group()) if before == "cardinal" else value if before == "ordinal" else None
    is_one_number = before == "cardinal" or following[1] == ending
    if ten in _TENS_OF_DAYS and following[0] is not None and following[0] < 10 and is_one_number:
        value, ending, used = ten + following[0], following[1], 2
    if value is None:
        return None, 0
    return Number(value, str(value), words[index].start(), words[index + used - 1].end(), ending), used


def _ordinal(word: str, language: str) -> tuple[int | None, str]:
    """The value of an ordinal and how it ends."""
    numbers, ordinals = table(language, Numbers), _ordinals(language)
    if numbers.ordinal_endings:
        match = _stem_and_ending(language).fullmatch(word)
        return (ordinals[match.group(1)], match.group(2)) if match else (None, "")
    hour = word.removesuffix(numbers.hours_ending)
    if numbers.hours_ending and hour != word and hour in _words(language):
        return _words(language)[hour], f" {numbers.hours_ending}"
    value = ordinals.get(word)
    return value, "" if value is None else numbers.ordinal_mark


@cache
def _ordinals(language: str) -> Mapping[str, int]:
    numbers = table(language, Numbers)
    ordinals = {word: value for value, forms in numbers.ordinals.items() for word in forms}
    if not numbers.is_joined:
        return ordinals
    tens = {word: value for value in _TENS_OF_DAYS for word in numbers.words.get(value, ())}
    return ordinals | {ten + word: t + value for ten, t in tens.items() for word, value in ordinals.items() if value < 10}


@cache
def _stem_and_ending(language: str) -> re.Pattern[str]:
    endings = table(language, Numbers).ordinal_endings
    stems = sorted(_ordinals(language), key=len, reverse=True)
    return re.compile(rf"({'|'.join(stems)})(?:{endings.pattern if endings else ''})")


# --- cardinals ----------------------------------------------------------------------------------------------------------------------------


def _read_number(words: Words, index: int, language: str, text: str, *, is_strung: bool) -> tuple[Number | None, int]:
    """The longest number that begins at a word: hundreds, then tens, then ones, and thousands of these."""
    numbers, known = table(language, Numbers), _words(language)
    word = words[index].group()
    if (
        numbers.joined_zero
        and word.startswith(numbers.joined_zero)
        and (digits := known.get(word.removeprefix(numbers.joined_zero))) is not None
    ):
        return Number(digits, f"0{digits}", words[index].start(), words[index].end()), 1
    if word.isdigit() and len(word) <= LONGEST_NUMBER:
        follows = words[index + 1].group() if index + 1 < len(words) else ""
        if numbers.scales.get(follows, 0) < _THOUSAND:
            return Number(int(word), word, words[index].start(), words[index].end()), 1
    total = section = 0
    room: int | None = None
    largest: int | None = None
    begun = last = -1
    position = index
    while position < len(words):
        word = words[position].group()
        if begun >= 0 and re.search(r"[^\s\-]", text[words[position - 1].end() : words[position].start()]):
            break
        value = int(word) if word.isdigit() and len(word) < 4 else known.get(word)
        scale = numbers.scales.get(word, 0)
        may_be_scale = scale and (begun >= 0 or _may_begin(words, position, numbers))
        if value is not None:
            if room is not None and not 0 < value < room:
                break
            section += value
            # Where tens and ones are joined in one word, sjuttio ett is 70, 1.
            takes_ones = not numbers.is_joined and 20 <= value % 100 < 100 and value % 10 == 0
            is_thousands = value >= _THOUSAND and value % _THOUSAND == 0
            room = _THOUSAND if is_thousands else 100 if value >= 100 and value % 100 == 0 else 10 if takes_ones else 0
        elif scale == _HUNDRED and 0 <= section < 10 and may_be_scale:
            section, room = (section or 1) * scale, 0 if is_strung else scale
        elif scale >= _THOUSAND and (largest is None or scale < largest) and may_be_scale:
            total, section, room, largest = total + (section or 1) * scale, 0, scale, scale
        elif begun >= 0 and room and room >= 100 and word in numbers.and_words and _goes_on(words, position, room, known):
            position += 1
            continue
        else:
            break
        begun = position if begun < 0 else begun
        last = position
        position += 1
    if begun < 0:
        return None, 0
    return Number(total + section, str(total + section), words[begun].start(), words[last].end()), last - index + 1


def _goes_on(words: Words, position: int, room: int, known: Mapping[str, int]) -> bool:
    """Whether a number that fits follows an and."""
    return position + 1 < len(words) and 0 < known.get(words[position + 1].group(), 0) < room


def _may_begin(words: Words, position: int, numbers: Numbers) -> bool:
    """A hundred, ett hundra: a scale without a number before it."""
    before = words[position - 1].group() if position else ""
    return not numbers.scale_follows or before in numbers.scale_follows
