"""Where somebody lives: by the words of addresses, as the answer to a question for one, and where a part of it is said again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.conversation_tables import Speaking
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.digits import asked_for
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.names import is_ordinary
from qa_pipeline.privacy.passages import Passage, Taken, fold_text, since
from qa_pipeline.values.numbers import with_digits
from qa_pipeline.values.phones import digit_pieces
from qa_pipeline.values.word_numbers import WORD

_SHORTEST_HAN = 4
_RIGHT_BEFORE = 24
_FEWEST_WORDS, _LONG_NUMBER = 2, 7
# How near an address is told to an answer that is a part of one, in utterances, and the words of one.
_NEAR, _MOST_WORDS, _MOST_CHARACTERS = 8, 4, 6
_SHORTEST_WORD, _SHORTEST_HAN_PART = 4, 3


def find_addresses(passage: Passage, taken: Taken) -> Iterator[tuple[Personal, int, int, str]]:
    """Addresses with a street and a number, and what answers a question for one."""
    said = table(passage.language, Privacy)
    plain = with_digits(passage.text, passage.language)
    there = set(taken)
    for start, end in _answers(passage, taken, said):
        there |= set(range(start, end))
        yield Personal.ADDRESS, start, end, passage.text[start:end]
    for pattern in said.streets:
        for match in pattern.finditer(plain.text):
            if not match.group().strip() or not _is_address(match.group(), passage.language):
                continue
            start, end = plain.original(*match.span())
            if start in there:
                continue
            # What is said right before says whose it is: our address is …
            if not said.no_person.search(passage.plain[max(since(frozenset(there), start), start - _RIGHT_BEFORE) : start]):
                there |= set(range(start, end))
                yield Personal.ADDRESS, start, end, passage.text[start:end]


def is_housed(one: Found, utterance: Utterance) -> bool:
    """Whether a place is written as addresses are, or is a street with the number of a house, as a customer tells one in words."""
    if one.kind is not Personal.ADDRESS:
        return False
    if any(char.isdigit() for char in one.value) and one.value != one.value.lower():
        return True
    if utterance.role is not Role.CUSTOMER or is_han(utterance.language):
        return False
    said = table(utterance.language, Privacy)
    plain = with_digits(utterance.text[one.start : one.end], utterance.language).text
    return (
        bool(re.search(r"\d", plain))
        and any(not is_ordinary(word.group(), utterance.language) for word in WORD.finditer(plain) if word.group().isalpha())
        # The first of them is a street by its usual word and a house; the others go by less.
        and any(pattern.search(plain) for pattern in said.streets[:1])
        and not said.firm_before.search(fold_text(utterance.text, utterance.language), 0, one.start)
    )


def find_again(utterances: Sequence[Utterance], found: Sequence[Found]) -> list[Found]:
    """Parts of addresses that were found, wherever they are said again: two words of one, or its street alone."""
    again: list[Found] = []
    for value in dict.fromkeys(one.value for one in found if one.kind is Personal.ADDRESS):
        for at, utterance in enumerate(utterances):
            for start, end in _common(value, utterance):
                again.append(Found(kind=Personal.ADDRESS, utterance=at, start=start, end=end, value=value))
    return again


def find_doors(utterances: Sequence[Utterance], found: Sequence[Found]) -> Iterator[Found]:
    """Flats and lots told by their number alone, in a call in which an address is told: unit seven."""
    if not any(one.kind is Personal.ADDRESS for one in found):
        return
    for at, utterance in enumerate(utterances):
        plain = with_digits(utterance.text, utterance.language)
        for match in table(utterance.language, Privacy).doors.finditer(plain.text):
            start, end = plain.original(*match.span())
            yield Found(kind=Personal.ADDRESS, utterance=at, start=start, end=end, value=utterance.text[start:end])


def find_answers(utterances: Sequence[Utterance], found: Sequence[Found]) -> Iterator[Found]:
    """Few words that answer a question for a part of an address (which floor, what town) that asks nothing else, or where an address is told near."""
    places = [one.utterance for one in found if one.kind is Personal.ADDRESS]
    for at, utterance in enumerate(utterances[1:], start=1):
        before, said = utterances[at - 1], table(utterance.language, Privacy)
        is_short = len(list(WORD.finditer(before.text))) <= (_MOST_CHARACTERS if is_han(before.language) else _MOST_WORDS)
        is_near = any(0 < at - place <= _NEAR for place in places)
        if utterance.role is not Role.CUSTOMER or before.role is utterance.role or not (is_near or is_short):
            continue
        if not said.asked_place.search(fold_text(before.text, before.language)):
            continue
        plain = fold_text(utterance.text, utterance.language)
        light = {*said.before_mail, *table(utterance.language, Speaking).backchannels, *said.corrections}
        words = list(WORD.finditer(plain))
        clause = [word for word in words if not re.search(r"[.,!?。，！？]", plain[words[0].end() : word.start()])] if words else []
        if is_han(utterance.language):
            match = said.place_answer.match(plain)
            span = match.span("place") if match else None
        else:
            heavy = [word for word in clause if word.group() not in light]
            span = (heavy[0].start(), heavy[-1].end()) if heavy and len(clause) <= _MOST_WORDS and not said.no_place.search(plain) else None
        if span:
            yield Found(kind=Personal.ADDRESS, utterance=at, start=span[0], end=span[1], value=utterance.text[span[0] : span[1]])


def _answers(passage: Passage, taken: Taken, said: Privacy) -> Iterator[tuple[int, int]]:
    """Clauses that answer a question for an address, or follow the words that one is told by, as far as they hold a number or a word of streets."""
    begins = []
    if asked_for(passage.asked, said) == (Personal.ADDRESS,):
        begins.append(0)
    begins += [match.end() for match in said.lives.finditer(passage.plain)]
    for begin in begins:
        stop = said.address_stop.search(passage.plain, begin)
        end = stop.start() if stop else len(passage.plain)
        begin = _without_lead(passage, begin, end, said)
        # What was found in it otherwise ends it: a telephone number, an e-mail.
        end = min([end, *(at for at in taken if at >= begin)])
        end = begin + len(passage.plain[begin:end].rstrip(" ,，、"))
        part = passage.plain[begin:end]
        has_number = any(begin <= piece.start < end for piece in digit_pieces(passage.text, passage.language))
        words = list(WORD.finditer(part))
        if words and (
            said.street_words.search(part) or (has_number and len(words) >= _FEWEST_WORDS and not _is_number(part, passage.language))
        ):
            yield begin, end


def _is_number(text: str, language: str) -> bool:
    """Whether a text is one long number and nothing else: a telephone number, asked for behind an address."""
    pieces = digit_pieces(text, language)
    taken = {at for piece in pieces for at in range(piece.start, piece.end)}
    is_all = all(word.start() in taken for word in WORD.finditer(text))
    return is_all and sum(len(piece.digits) for piece in pieces) >= _LONG_NUMBER


def _without_lead(passage: Passage, begin: int, end: int, said: Privacy) -> int:
    for word in WORD.finditer(passage.plain, begin, end):
        if word.group() not in said.before_mail:
            return word.start()
    return begin


def _is_address(text: str, language: str) -> bool:
    """Whether it tells a place closely enough: in Han characters, which have no capitals, with a number."""
    return not is_han(language) or (len(text) >= _SHORTEST_HAN and any(char.isdigit() for char in text))


def _common(value: str, utterance: Utterance) -> Iterator[tuple[int, int]]:
    """Spans of an utterance that repeat a part of an address."""
    plain, wanted = fold_text(utterance.text, utterance.language), fold_text(value, utterance.language)
    if is_han(utterance.language):
        at = 0
        while at < len(plain):
            length = 0
            while at + length < len(plain) and plain[at : at + length + 1] in wanted:
                length += 1
            if length >= _SHORTEST_HAN_PART and re.search(r"\w", plain[at : at + length]):
                yield at, at + length
            at += max(length, 1)
        return
    parts = {word.group() for word in WORD.finditer(wanted)}
    run: list[re.Match[str]] = []
    for word in [*WORD.finditer(plain), None]:
        if word is not None and word.group() in parts:
            run.append(word)
            continue
        if len(run) >= _FEWEST_WORDS and any(len(one.group()) >= _SHORTEST_WORD for one in run):
            yield run[0].start(), run[-1].end()
        run = []
