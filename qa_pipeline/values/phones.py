"""Telephone numbers in spoken words: runs of pieces (oh seven double four, 三个八), however they are grouped. Digits said at all, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.number_tables import Numbers
from qa_pipeline.text.normalise import simplify
from qa_pipeline.values.han_numbers import has_large_scale
from qa_pipeline.values.numbers import read_numbers
from qa_pipeline.values.value import Number, Value, fold
from qa_pipeline.values.word_numbers import WORD

_SHORTEST, _LONGEST = 7, 15
# Two numbers of a country's usual length (9, 11), one after the other.
_TWO_NUMBERS = (18, 22)
_MOST_BETWEEN = 3


def find_phones(text: str, language: str) -> list[Value]:
    """Runs of digits long enough for a telephone number (7–15), however they are grouped or spoken."""
    found: list[Value] = []
    pieces: list[Number] = []
    for piece in [*digit_pieces(text, language), None]:
        if piece is not None and (not pieces or _belongs(text, pieces[-1], piece, language)):
            pieces.append(piece)
            continue
        found += _phones_of(pieces)
        pieces = [piece] if piece is not None else []
    return found


def digits_of(text: str, language: str) -> str:
    """All digits said in a text, in order."""
    return "".join(piece.digits for piece in digit_pieces(text, language))


def _phones_of(pieces: list[Number]) -> Iterator[Value]:
    digits = "".join(piece.digits for piece in pieces)
    if _SHORTEST <= len(digits) <= _LONGEST:
        yield Value(value=digits, value_type="phone", start=pieces[0].start, end=pieces[-1].end)
    elif len(digits) in _TWO_NUMBERS:
        half, so_far = len(digits) // 2, 0
        for index, piece in enumerate(pieces):
            so_far += len(piece.digits)
            if so_far == half:
                yield from _phones_of(pieces[: index + 1])
                yield from _phones_of(pieces[index + 1 :])
                return


def digit_pieces(text: str, language: str) -> list[Number]:
    """Numbers that may be pieces of a telephone number: no amounts, clock times or dates; oh as zero, double, 三个八."""
    return _han_pieces(simplify(text), language) if is_han(language) else _word_pieces(text, language)


def _han_pieces(text: str, language: str) -> list[Number]:
    said = table(language, Numbers)
    repeated = [
        Number(0, _digit(match.group("digit"), said) * int(_digit(match.group("count"), said)), *match.span())
        for match in said.repeated.finditer(text)
    ]
    text = said.repeated.sub(lambda match: " " * len(match.group()), text)
    plain = [number for number in read_numbers(text, language) if not has_large_scale(text[number.start : number.end], language)]
    lone = [Number(said.digits[match.group()], _digit(match.group(), said), *match.span()) for match in said.lone_digits.finditer(text)]
    return sorted([*plain, *repeated, *lone], key=lambda number: number.start)


def _digit(char: str, said: Numbers) -> str:
    return str(said.digits.get(char, char))


def _word_pieces(text: str, language: str) -> list[Number]:
    said = table(language, Numbers)
    folded = fold(text)
    numbers = [n for n in read_numbers(text, language, is_strung=True) if not n.ordinal]
    taken = {at for number in numbers for at in range(number.start, number.end)}
    for match in WORD.finditer(folded):
        if match.group() in said.zeros and match.start() not in taken:
            numbers.append(Number(0, "0", *match.span()))
    numbers.sort(key=lambda number: number.start)
    return [_repeated(number, folded, said) for number in numbers if not _is_clock_or_amount(number, text)]


def _repeated(number: Number, folded: str, said: Numbers) -> Number:
    before = re.search(r"(\w+)\s+$", folded[: number.start])
    times = said.repeats.get(before.group(1), 1) if before else 1
    if before is None or times == 1:
        return number
    # Of double twenty only the first digit could be meant; nobody says it.
    return Number(number.value, number.digits[0] * times + number.digits[1:], before.start(1), number.end)


def _is_clock_or_amount(number: Number, text: str) -> bool:
    return bool(
        re.match(r"[:,]\d", text[number.end : number.end + 2]) or re.search(r"\d[:,]$", text[max(0, number.start - 2) : number.start])
    )


def _belongs(text: str, before: Number, after: Number, language: str) -> bool:
    """Whether two pieces are of one number: nothing but pauses and fillers between them."""
    said = table(language, Numbers)
    between = [word.group() for word in WORD.finditer(fold(text[before.end : after.start])) if word.group() not in said.repeats]
    return len(between) <= _MOST_BETWEEN and all(word in said.between_digits for word in between)
