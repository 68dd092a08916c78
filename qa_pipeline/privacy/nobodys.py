"""What was found and is nobody's: people known to all, flights, numbers that are codes, months without a number. Pure."""

from __future__ import annotations

import re

from qa_pipeline.call import Utterance
from qa_pipeline.languages.conversation_tables import Speaking
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.births import date_told
from qa_pipeline.privacy.kinds import LIKE_FIRMS, Found, Personal
from qa_pipeline.privacy.passages import fold_text
from qa_pipeline.values.numbers import with_digits
from qa_pipeline.values.word_numbers import WORD

_BEFORE = 8
# A code in signs of sixteen: 0x80070057.
_CODE = re.compile(r"(?<!\d)0 ?x")
# The ending of a short form, behind a colon: sms:a.
_ENDING = re.compile(r"(?<=\w:)\w$")


def is_nobodys(one: Found, utterance: Utterance) -> bool:
    """Whether what stands within or beside a place says that it is nobody's."""
    said = table(utterance.language, Privacy)
    plain = fold_text(utterance.text, utterance.language)
    text = plain[one.start : one.end]
    if any(match.start() <= one.start and one.end <= match.end() for match in said.nobodys.finditer(plain)):
        return True
    if one.kind in LIKE_FIRMS and (said.known_before.search(plain, 0, one.start) or said.known_behind.match(plain, one.end)):
        return True
    if one.kind in LIKE_FIRMS and one.end - one.start == 1 and _ENDING.search(plain, 0, one.end):
        return True
    if one.kind is Personal.ADDRESS:
        return bool(said.no_address.fullmatch(text) or said.shop_before.search(plain, 0, one.start))
    if one.kind is Personal.BIRTH_DATE:
        return bool(said.no_birth.fullmatch(text)) or (
            not is_han(utterance.language) and _is_one_word(text) and not date_told(text, utterance.language)
        )
    if one.kind is Personal.EMAIL:
        light = {*table(utterance.language, Speaking).backchannels, *said.corrections}
        if all(word.group() in light for word in WORD.finditer(text)):
            return True
        # elva punkt sex: of numbers alone it is a version.
        rest = said.dot.sub(" ", with_digits(text, utterance.language).text)
        return bool(re.fullmatch(r"[\d .]+", rest))
    if one.kind is Personal.PHONE:
        return bool(_CODE.search(with_digits(plain[max(0, one.start - _BEFORE) : one.end], utterance.language).text))
    return False


def _is_one_word(text: str) -> bool:
    return len(list(WORD.finditer(text))) == 1
