"""Numbers told digit by digit or in groups: which of them belong to a person, and of what kind each is.

What stands near a number says what it is (my card, your order number); where nothing does, its shape: check digits, the length, how telephone numbers of the
language's countries look. A number of seven digits and more that is nothing else is taken for a telephone number: it is better hidden once too often.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import chain
from typing import Any

import phonenumbers
from stdnum import luhn

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.conversation_tables import Speaking
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.number_tables import Numbers
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.passages import Passage, Taken, fold_text, since
from qa_pipeline.values.phones import digit_pieces
from qa_pipeline.values.value import Number
from qa_pipeline.values.word_numbers import WORD

_MOST_BETWEEN = 6
# How far before a number the word may stand that says what it is, in characters; after it, much nearer.
_BEFORE, _AFTER = 110, 28
_BEFORE_HAN, _AFTER_HAN = 40, 12
_SHORTEST_ALONE = 7
_SHORTEST_ASKED, _SHORTEST_PROVED = 9, 15
_LENGTHS = {
    Personal.PHONE: (5, 16),
    Personal.CARD: (8, 19),
    Personal.ACCOUNT: (5, 34),
    Personal.NATIONAL_ID: (6, 19),
    Personal.BIRTH_DATE: (4, 8),
}
# Kinds of lines, in plans of numbers, that no private person has.
_OF_FIRMS = frozenset({phonenumbers.PhoneNumberType.TOLL_FREE, phonenumbers.PhoneNumberType.SHARED_COST})
_MOBILE = frozenset({phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE})
_LONGEST_PHONE = 12
_SHORTEST_TAIL = 3
_TAIL_LENGTHS = (3, 4)
_DATE = re.compile(r"(?<!\d)(?:\d{4}\s*[-./]\s*\d{1,2}\s*[-./]\s*\d{1,2}|\d{1,2}\s*[-./]\s*\d{1,2}\s*[-./]\s*\d{2,4})(?!\d)")
# Digits and at most one sign at the end that is none, as identity numbers of some states have.
_CHECK_SIGN = re.compile(r"[\s,，.、-]*(?:x|×)(?![a-z])")
_BEFORE_SIGN = re.compile(r"[\s,，.、-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Digits said one after the other, with nothing but pauses, fillers and corrections between. Places are of the passage."""

    digits: str
    start: int
    end: int
    pieces: tuple[Number, ...]


def runs(passage: Passage, taken: Taken = frozenset()) -> list[Run]:
    """Every run of digits of a passage, in order."""
    dates = taken | {at for match in _DATE.finditer(passage.text) for at in range(*match.span())}
    found: list[Run] = []
    pieces: list[Number] = []
    for piece in [*(piece for piece in digit_pieces(passage.text, passage.language) if piece.start not in dates), None]:
        between = _between(passage, pieces[-1], piece) if pieces and piece else None
        if piece is not None and (not pieces or between is not None):
            pieces += [*(between or ()), piece]
            continue
        if pieces:
            found.append(_run(pieces))
        pieces = [piece] if piece is not None else []
    return found


def find_numbers_of_persons(passage: Passage, taken: Taken) -> Iterator[tuple[Personal, int, int, str]]:
    """Kind, start, end and digits of each number that belongs to a person."""
    said = table(passage.language, Privacy)
    several = runs(passage, taken)
    for at, run in enumerate(several):
        before = max(several[at - 1].end if at else 0, since(taken, run.start))
        kind = _kind(passage, run, before, said)
        if kind is not None:
            end = check_sign_ends(passage, run.end) if kind is Personal.NATIONAL_ID else run.end
            yield kind, run.start, end, run.digits + ("X" if end > run.end else "")


def check_sign_ends(passage: Passage, at: int) -> int:
    """Where the sign ends that stands for a last digit behind a place, as a letter or by the language's words for it; the place where none does."""
    sign = _CHECK_SIGN.match(passage.plain, at)
    if sign is None:
        gap = _BEFORE_SIGN.match(passage.plain, at)
        sign = table(passage.language, Privacy).check_sign.match(passage.plain, gap.end() if gap else at)
    return sign.end() if sign else at


def cue_of(passage: Passage, start: int, end: int, after_place: int, said: Privacy) -> tuple[Personal | None, bool]:
    """What the words near a place say that stands there, and whether they say anything; (None, True): something that is no person's.

    The nearest word before it counts, then what the other party asked, where it stands at the beginning of the answer, then what follows.
    """
    reach, after = (_BEFORE_HAN, _AFTER_HAN) if is_han(passage.language) else (_BEFORE, _AFTER)
    near = passage.plain[max(after_place, start - reach) : start]
    if (found := last_cue(near, said)) is not None:
        return found[0], True
    asked = asked_for(passage.asked, said)
    if asked is not None and asked[0] is not None and start <= reach:
        return asked[0], True
    following = re.split(r"[.!?。！？\n]", passage.plain[end : end + after])[0]
    if (found := last_cue(following, said)) is not None:
        return found[0], True
    if after_place and (found := last_cue(passage.plain[max(0, start - reach) : start], said)) is not None:
        return found[0], True
    return None, False


def asked_for(questions: str, said: Privacy) -> tuple[Personal | None] | None:
    """As last_cue, of what the other party asked, a line each: in a question for the phone number of an order the phone is meant."""
    for line in reversed(questions.split("\n")):
        if said.expiry.search(line) and not said.tail.search(line):
            return (None,)
        kinds = {kind for kind, pattern in said.cues.items() if pattern.search(line)}
        if len(kinds) == 1:
            return (Personal(kinds.pop()),)
        if (found := last_cue(line, said)) is not None:
            return found
    return None


def last_cue(text: str, said: Privacy) -> tuple[Personal | None] | None:
    """What the last word of a text says that says anything; (None,): something that is no person's."""
    best: tuple[int, int, Personal | None] | None = None
    for kind, pattern in said.cues.items():
        for match in pattern.finditer(text):
            if best is None or (match.end(), match.end() - match.start()) > best[:2]:
                best = (match.end(), match.end() - match.start(), Personal(kind))
    for match in chain(said.no_person.finditer(text), said.expiry.finditer(text)):
        if best is None or (match.end(), match.end() - match.start()) > best[:2]:
            best = (match.end(), match.end() - match.start(), None)
    return None if best is None else (best[2],)


def _kind(passage: Passage, run: Run, after_place: int, said: Privacy) -> Personal | None:
    digits = run.digits
    checked = _checked(digits, passage, run, said)
    if len(run.pieces) == 1 and said.counted.match(passage.plain[run.end :]):
        return checked
    cue, is_said = cue_of(passage, run.start, run.end, after_place, said)
    if is_said and cue is None:
        return checked if checked is not None and len(digits) >= _SHORTEST_PROVED else None
    if not is_said and asked_for(passage.asked, said) == (None,):
        # Asked for something else, people may give a number of theirs all the same; its shape must say so.
        # Told over several utterances, it may be the same order told twice.
        is_whole = "\n" not in passage.text[run.start : run.end]
        return checked if len(digits) >= _SHORTEST_ASKED and is_whole else None
    if cue is not None and cue in _LENGTHS:
        shortest, longest = _LENGTHS[cue]
        near = passage.plain[max(0, run.start - _BEFORE) : run.end + _AFTER]
        is_tail = bool(said.tail.search(near) or said.tail.search(passage.asked))
        # Of a card or an account people tell the end: four digits and no other number.
        is_tail = is_tail or (cue in (Personal.CARD, Personal.ACCOUNT) and len(digits) in _TAIL_LENGTHS)
        if (_SHORTEST_TAIL if is_tail else shortest) <= len(digits) <= longest:
            # An eighteen-digit id told after "your mobile" is what its shape says.
            return checked if checked is not None and len(digits) > 11 else cue
    if checked is not None:
        return checked
    if len(digits) < _SHORTEST_ALONE:
        return None
    if len(run.pieces) == 1 and not passage.text[run.start : run.start + 1].isdigit() and len(digits) < 9:
        # One number as people say amounts: two million five hundred thousand.
        return None
    return Personal.PHONE if len(digits) <= 15 else Personal.CARD if len(digits) <= 19 else Personal.ACCOUNT


def _checked(digits: str, passage: Passage, run: Run, said: Privacy) -> Personal | None:
    """What the shape of a number proves."""
    with_sign = digits + ("X" if check_sign_ends(passage, run.end) > run.end else "")
    is_id = len(digits) >= 9 and any(_is_valid(name, with_sign) for name in said.national_ids)
    if is_id and not (len(digits) <= 10 and _is_phone(digits, said.countries)):
        return Personal.NATIONAL_ID
    if 13 <= len(digits) <= 19 and luhn.is_valid(digits):
        return Personal.CARD
    if _is_phone(digits, said.countries):
        return Personal.PHONE
    return Personal.ACCOUNT if 20 <= len(digits) <= 34 else None


@cache
def _is_valid(name: str, number: str) -> bool:
    module: Any = import_module(f"stdnum.{name}")
    try:
        return bool(module.is_valid(number))
    except KeyError:
        # cn.ric of python-stdnum 2 raises it for a prefecture that it knows and lists no counties of.
        return False


def _is_phone(digits: str, countries: tuple[str, ...]) -> bool:
    if len(digits) < _SHORTEST_ALONE:
        return False
    for country in countries:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(digits, country)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def is_service_number(one: Found, language: str) -> bool:
    """Whether a number can only be one of a firm's lines, by the plan of numbers of its country: 0800 …, 400 …."""
    if one.kind is not Personal.PHONE or not one.value.isdigit():
        return False
    # Of the language's first country: what is one of a firm's there may be anybody's elsewhere, but a caller from elsewhere says the country's code.
    try:
        return phonenumbers.number_type(phonenumbers.parse(one.value, table(language, Privacy).countries[0])) in _OF_FIRMS
    except phonenumbers.NumberParseException:
        return False


def is_sure_phone(one: Found, utterance: Utterance) -> bool:
    """Whether a number is as mobile telephones of the language's first country have it, or a customer's, as long as telephone numbers and with nought first."""
    if one.kind is not Personal.PHONE or not one.value.isdigit() or len(one.value) < _SHORTEST_ASKED:
        return False
    if utterance.role is Role.CUSTOMER and one.value[0] == "0" and len(one.value) <= _LONGEST_PHONE:
        return True
    try:
        number = phonenumbers.parse(one.value, table(utterance.language, Privacy).countries[0])
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in _MOBILE


def is_count(one: Found, utterance: Utterance) -> bool:
    """Whether what was taken for a number only says how many digits are meant: the last three, de fyra sista."""
    if one.kind not in _LENGTHS and one.kind is not Personal.PLATE:
        return False
    tails = table(utterance.language, Privacy).tail.finditer(fold_text(utterance.text, utterance.language))
    return any(tail.start() <= one.start and one.end <= tail.end() for tail in tails)


def _between(passage: Passage, before: Number, after: Number) -> list[Number] | None:
    """Digits heard as other words between two pieces, where the pieces belong to one number; None where they do not."""
    said, numbers = table(passage.language, Privacy), table(passage.language, Numbers)
    words = list(WORD.finditer(passage.plain, before.end, after.start))
    misheard = {word: digit for digit, several in said.misheard_digits.items() for word in several}
    if words and all(word.group() in misheard for word in words):
        return [Number(misheard[word.group()], str(misheard[word.group()]), *word.span()) for word in words]
    light = {*numbers.between_digits, *said.corrections, *numbers.repeats, *table(passage.language, Speaking).backchannels}
    if len(words) > _MOST_BETWEEN or not all(word.group() in light for word in words):
        return None
    return []


def _run(pieces: list[Number]) -> Run:
    return Run(digits="".join(piece.digits for piece in pieces), start=pieces[0].start, end=pieces[-1].end, pieces=tuple(pieces))
