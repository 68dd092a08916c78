"""Numbers that the reader takes for a person's and that are something else by what was asked, or by how they are made: orders, errors, tyres. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa_pipeline.call import Utterance
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.digits import asked_for, cue_of
from qa_pipeline.privacy.kinds import NUMBERS, SIGNS, Found, Personal
from qa_pipeline.privacy.passages import Passage, fold_text
from qa_pipeline.values.numbers import with_digits
from qa_pipeline.values.phones import digit_pieces, digits_of
from qa_pipeline.values.word_numbers import WORD

# Digits by which a number is known again.
_FEWEST_DIGITS = 4
# How far off somebody may speak of tyres, in utterances.
_NEAR = 6
# Width in millimetres, height in percent of it, and inches of the rim: 205 55 16.
_TYRE = re.compile(r"(?:1[2-9]|2\d|3[0-4])5[3-8][05](?:1[2-9]|2[0-3])?")

_MODEL = re.compile(r"[a-z]?\d{1,3}")
_LONGEST_AMOUNT = 5


def without_codes(
    utterances: Sequence[Utterance], several: Sequence[Passage], found: Sequence[Found], ruled: Sequence[Found]
) -> list[Found]:
    """What was found, but for numbers that rules did not find and that words near or the question say to be something else, also where they are repeated."""
    codes = {
        one
        for one in found
        if (one.kind in SIGNS or one.kind is Personal.BIRTH_DATE or _is_of_signs(one, utterances[one.utterance]))
        and (_is_tyre(one, utterances) or _is_model(one, utterances[one.utterance]) or _is_amount(one, utterances[one.utterance]))
    }
    doubted = [one for one in found if one not in codes and _is_doubted(one, utterances[one.utterance], ruled)]
    codes |= {
        one
        for one in doubted
        if (one.kind is not Personal.PLATE and _is_asked_otherwise(one, several)) or _is_count(one, utterances[one.utterance])
    }
    told = {digits for one in codes if len(digits := _digits(one, utterances[one.utterance])) >= _FEWEST_DIGITS}
    codes |= {
        one
        for one in doubted
        if len(digits := _digits(one, utterances[one.utterance])) >= _FEWEST_DIGITS and any(digits in other for other in told)
    }
    return [one for one in found if one not in codes]


def _is_doubted(one: Found, utterance: Utterance, ruled: Sequence[Found]) -> bool:
    """Whether it is a number, or a place that is told by digits and letters alone, that no rule found any of."""
    is_ruled = any(other.utterance == one.utterance and other.start < one.end and one.start < other.end for other in ruled)
    return not is_ruled and (one.kind in SIGNS or _is_of_signs(one, utterance))


def _is_of_signs(one: Found, utterance: Utterance) -> bool:
    """Whether what was taken for a place is nothing but digits and single letters: e z y eight four one two."""
    if one.kind is not Personal.ADDRESS:
        return False
    text = with_digits(utterance.text[one.start : one.end], utterance.language).text
    words = [word.group() for word in WORD.finditer(text)]
    return any(word.isalpha() for word in words) and len(words) > 1 and all(len(word) == 1 or word.isdigit() for word in words)


def _is_model(one: Found, utterance: Utterance) -> bool:
    """Whether it is a letter and few digits right behind what a car is called: volvo v sextio."""
    plain = fold_text(utterance.text, utterance.language)
    for car in table(utterance.language, Privacy).vehicles.finditer(plain):
        is_beside = car.start() < one.end and one.start <= car.end() + 1
        behind = with_digits(plain[max(car.end(), one.start) : one.end], utterance.language).text
        if is_beside and _MODEL.fullmatch(re.sub(r"\W", "", behind)):
            return True
    return False


def _is_count(one: Found, utterance: Utterance) -> bool:
    """Whether it is one number as Han characters write amounts, or holds one where a plate has digits: 一百七, b c d 五百二十六."""
    text = utterance.text[one.start : one.end]
    if not is_han(utterance.language) or not table(utterance.language, Privacy).amounts.search(text):
        return False
    is_one = len(text) <= _LONGEST_AMOUNT and len(digit_pieces(text, utterance.language)) == 1
    return one.kind is Personal.PLATE or (one.kind in NUMBERS and is_one)


def _is_asked_otherwise(one: Found, several: Sequence[Passage]) -> bool:
    passage = next(passage for passage in several if one.utterance in passage.numbers)
    said = table(passage.language, Privacy)
    begins = passage.starts[passage.numbers.index(one.utterance)]
    cue, is_said = cue_of(passage, begins + one.start, begins + one.end, 0, said)
    return cue is None if is_said else asked_for(passage.asked, said) == (None,)


def _is_tyre(one: Found, utterances: Sequence[Utterance]) -> bool:
    """Whether a number is the size of a tyre and tyres are spoken of near it."""
    utterance = utterances[one.utterance]
    tyres = table(utterance.language, Privacy).tyres
    near = utterances[max(0, one.utterance - _NEAR) : one.utterance + _NEAR + 1]
    if not any(tyres.search(fold_text(other.text, other.language)) for other in near):
        return False
    return bool(_TYRE.fullmatch(_digits(one, utterance)))


def _is_amount(one: Found, utterance: Utterance) -> bool:
    """Whether a date or a number ends with what is counted: 1 184 złote."""
    plain = fold_text(utterance.text, utterance.language)
    words = list(WORD.finditer(plain, one.start, one.end))
    counted = table(utterance.language, Privacy).counted
    ends = (one.end, *(word.start() - 1 for word in words[-1:] if len(words) > 1 and not word.group().isdigit()))
    return one.kind is Personal.BIRTH_DATE and not is_han(utterance.language) and any(counted.match(plain[end:]) for end in ends)


def _digits(one: Found, utterance: Utterance) -> str:
    return digits_of(utterance.text[one.start : one.end], utterance.language)
