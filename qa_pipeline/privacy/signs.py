"""What is told sign by sign, letters and digits mixed: plates, postcodes, documents and accounts with letters. E-mail is in mail.py.

A sign is a letter alone (also its name, or a word it is spelled with: B as in Bravo) or digits. Signs one after the other are a run, read without what
stands between: k r twelve a b c → kr12abc.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from string import ascii_uppercase

from stdnum import iban, numdb

from qa_pipeline.call import Utterance
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.number_tables import Numbers
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.digits import asked_for, cue_of
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.passages import Passage, Taken, fold_text, passages, since
from qa_pipeline.text.respell import frequencies
from qa_pipeline.values.phones import digit_pieces
from qa_pipeline.values.word_numbers import WORD

_WRITTEN_IBAN = re.compile(r"\b[A-Z]{2}\s?\d{2}(?:[\s-]?[A-Z0-9]{1,4}){3,8}\b")
# Two letters right before a place, together or apart.
_COUNTRY = re.compile(r"(?<!\w)([a-z] ?[a-z]) $")
_LETTERS = re.compile(r"(?<![\w'’])([a-z]{1,3}|[a-z] [a-z](?: [a-z])?) $")
_PLUS = re.compile(r"(?<!\w)(plus|\+) ?$")
_LENGTHS = {Personal.NATIONAL_ID: (6, 18), Personal.ACCOUNT: (8, 34), Personal.PLATE: (3, 9)}
_MOST_BETWEEN = 2
# Letters written together: of a plate or a document, as HUK 440.
_MOST_TOGETHER = 3
_FEWEST_LETTERS, _FEWEST_DIGITS = 2, 2


@dataclass(frozen=True, slots=True)
class Sign:
    """One letter, or digits. `start`/`end`: where it was said, with the word it was spelled by."""

    text: str
    start: int
    end: int


def find_signs(passage: Passage, taken: Taken) -> Iterator[tuple[Personal, int, int, str]]:
    """Plates, postcodes, and numbers of documents and accounts that have letters."""
    for match in _WRITTEN_IBAN.finditer(passage.text):
        written = re.sub(r"[\s-]", "", match.group())
        if iban.is_valid(written) or (len(written) >= 15 and sum(char.isdigit() for char in written) >= 10):
            yield Personal.ACCOUNT, *match.span(), written
    said = table(passage.language, Privacy)
    there = set(taken)
    for run in sign_runs(passage):
        if run[0].start in there:
            continue
        kind, is_said = cue_of(passage, run[0].start, run[-1].end, since(frozenset(there), run[0].start), said)
        for found_kind, start, end, written in _in_run(run, kind, is_said, said):
            there |= set(range(start, end))
            yield found_kind, start, end, written
    # Where a plate is asked for, also one whose letters are written together: kr pięć ce dziewięć jeden jeden.
    for run in sign_runs(passage, with_small=True):
        written = "".join(sign.text for sign in run)
        is_new = not there & set(range(run[0].start, run[-1].end)) and any(pattern.fullmatch(written) for pattern in said.plates)
        kind, is_said = cue_of(passage, run[0].start, run[-1].end, since(frozenset(there), run[0].start), said)
        if is_new and (kind is Personal.PLATE or (not is_said and asked_for(passage.asked, said) is None and _is_all_signs(passage, run))):
            there |= set(range(run[0].start, run[-1].end))
            yield Personal.PLATE, run[0].start, run[-1].end, written.upper()


def _is_all_signs(passage: Passage, run: Sequence[Sign]) -> bool:
    """Whether a line of a passage is a run alone, and its letters written together are no words: cv seventeen ndo."""
    words = frequencies(passage.language)
    line_start = passage.plain.rfind("\n", 0, run[0].start) + 1
    line_end = passage.plain.find("\n", run[-1].end)
    around = passage.plain[line_start : run[0].start] + passage.plain[run[-1].end : len(passage.plain) if line_end < 0 else line_end]
    return not re.search(r"\w", around) and not any(len(sign.text) > 1 and sign.text in words for sign in run)


def with_beginning(one: Found, utterance: Utterance) -> Found:
    """A number with what it begins with, where that stands right before it: an IBAN's country (gb two nine …), a telephone number's plus, a plate's
    letters, those of a national id that are no word; and the sign that a national id ends with.
    """
    plain = fold_text(utterance.text, utterance.language)
    country = _COUNTRY.search(plain, 0, one.start) if one.kind is Personal.ACCOUNT else None
    if country and country[1].replace(" ", "").upper() in _countries():
        return replace(one, start=country.start(1))
    if one.kind is Personal.NATIONAL_ID and (sign := table(utterance.language, Privacy).check_sign.match(plain, one.end)):
        one = replace(one, end=sign.end())
    if one.kind is Personal.PHONE:
        plus = _PLUS.search(plain, 0, one.start)
        return replace(one, start=plus.start(1)) if plus else one
    before = _LETTERS.search(plain, 0, one.start) if one.kind in _LENGTHS else None
    if before is None or is_han(utterance.language):
        return one
    if one.kind is Personal.NATIONAL_ID:
        is_told = len(before[1]) > 1 and " " not in before[1] and before[1] not in frequencies(utterance.language)
        return replace(one, start=before.start(1)) if is_told else one
    [passage] = passages([utterance])
    told = "".join(sign.text for sign in signs(passage, with_small=True) if one.start <= sign.start < one.end)
    plates = table(utterance.language, Privacy).plates
    is_whole = any(pattern.fullmatch(told) for pattern in plates)
    is_more = any(pattern.fullmatch(before[1].replace(" ", "") + told) for pattern in plates)
    return replace(one, start=before.start(1)) if is_more and not is_whole else one


@cache
def _countries() -> frozenset[str]:
    """Countries whose accounts have an IBAN, by their two letters."""
    table = numdb.get("iban")
    letters = [first + second for first in ascii_uppercase for second in ascii_uppercase]
    return frozenset(country for country in letters if table.info(f"{country}00")[0][1])


def _in_run(run: Sequence[Sign], kind: Personal | None, is_said: bool, said: Privacy) -> Iterator[tuple[Personal, int, int, str]]:
    written = "".join(sign.text for sign in run)
    if is_said and kind is None:
        return
    if kind in (Personal.NATIONAL_ID, Personal.ACCOUNT) and _has_both(written):
        shortest, longest = _LENGTHS[kind]
        if shortest <= len(written) <= longest:
            yield kind, run[0].start, run[-1].end, written.upper()
            return
    at = 0
    while at < len(run):
        found = _longest(run, at, said, is_told=kind is Personal.PLATE)
        if found is None:
            at += 1
            continue
        found_kind, end = found
        yield found_kind, run[at].start, run[end - 1].end, "".join(sign.text for sign in run[at:end]).upper()
        at = end


def _longest(run: Sequence[Sign], at: int, said: Privacy, *, is_told: bool) -> tuple[Personal, int] | None:
    """Kind and end of the longest plate or postcode that begins at a sign. `is_told`: the words say that a plate follows, so a part of one will do."""
    for end in range(len(run), at + 1, -1):
        written = "".join(sign.text for sign in run[at:end])
        if len(written) > _LENGTHS[Personal.PLATE][1]:
            continue
        letters = sum(not char.isdigit() for char in written)
        if any(pattern.fullmatch(written) for pattern in said.plates) and (
            is_told or (letters >= _FEWEST_LETTERS and len(written) - letters >= _FEWEST_DIGITS)
        ):
            return Personal.PLATE, end
        # p c n eight eight …: what letters or more digits are joined to is a code.
        is_whole = (at == 0 or run[at - 1].text.isdigit()) and (end == len(run) or not run[end].text.isdigit())
        if said.postcodes.fullmatch(written) and letters and is_whole:
            return Personal.ADDRESS, end
    rest = "".join(sign.text for sign in run[at:])
    is_part = is_told and at == 0 and _has_both(rest) and rest[0].isalpha()
    return (Personal.PLATE, len(run)) if is_part and _LENGTHS[Personal.PLATE][0] <= len(rest) <= _LENGTHS[Personal.PLATE][1] else None


def _has_both(written: str) -> bool:
    return any(char.isdigit() for char in written) and any(char.isalpha() for char in written)


def sign_runs(passage: Passage, *, with_small: bool = False) -> list[list[Sign]]:
    """Runs of signs with at least one letter, of two and more. `with_small`: also of letters written together in small letters, as recognisers write them."""
    found: list[list[Sign]] = []
    fillers = set(table(passage.language, Numbers).between_digits)
    for sign in signs(passage, with_small=with_small):
        between = [word.group() for word in WORD.finditer(passage.plain, found[-1][-1].end, sign.start)] if found else []
        gap = passage.plain[found[-1][-1].end : sign.start] if found else ""
        if (
            found
            and len(between) <= _MOST_BETWEEN
            and all(word in fillers for word in between)
            and not re.search(r"[.!?。！？]\s|\n.*\n", gap)
        ):
            found[-1].append(sign)
        else:
            found.append([sign])
    return [run for run in found if len(run) > 1 and any(sign.text.isalpha() for sign in run)]


def signs(passage: Passage, *, with_small: bool = False) -> list[Sign]:
    """Every letter said alone and every piece of digits, in order; with `with_small`, few letters together too that stand right beside digits or letters."""
    said = table(passage.language, Privacy)
    found = [Sign(piece.digits, piece.start, piece.end) for piece in digit_pieces(passage.text, passage.language)]
    taken = {at for sign in found for at in range(sign.start, sign.end)}
    names = letters_of(passage.language)
    words = [word for word in WORD.finditer(passage.plain) if word.start() not in taken]
    skip = -1
    for at, word in enumerate(words):
        text, end = word.group(), word.end()
        if at <= skip:
            continue
        pair = f"{text}-{words[at + 1].group()}" if at + 1 < len(words) and words[at + 1].start() == end + 1 else ""
        if pair in names:
            # x-ray, x ray: one letter in two words.
            end, skip = words[at + 1].end(), at + 1
            found.append(Sign(names[pair], word.start(), end))
            continue
        letter = text if _is_letter(passage, word, said) else names.get(text, "")
        if not letter and with_small and _stands_beside(passage, words, at, taken):
            found.append(Sign(text, word.start(), end))
            continue
        if not letter:
            continue
        follow = at + 1
        while follow < len(words) and words[follow].group() in said.spelled_as:
            follow += 1
        is_spelled = follow > at + 1 and follow < len(words) and words[follow].group()[:1] == letter[:1]
        if is_spelled:
            end, skip = words[follow].end(), follow
        elif letter != text and not _stands_among(passage, words, at, taken, names, said):
            # A word stands for a letter only beside other signs: hotel alone is a hotel.
            continue
        found.append(Sign(letter, word.start(), end))
    return sorted(found, key=lambda sign: sign.start)


def _is_letter(passage: Passage, word: re.Match[str], said: Privacy) -> bool:
    """Whether a word is a letter, or a few written together as signs are: HUK, rz9; or a sign of plates written in Han characters."""
    text, start, end = word.group(), word.start(), word.end()
    if len(text) == 1:
        if text.isascii():
            return True
        # The sign of a province stands right before a letter.
        after = passage.plain[end : end + 1]
        return is_han(passage.language) and after.isascii() and after.isalpha() and any(p.fullmatch(text + after) for p in said.plates)
    is_together = len(text) <= _MOST_TOGETHER and text.isascii()
    beside = passage.plain[max(0, start - 1) : start].isdigit() or passage.plain[end : end + 1].isdigit()
    return is_together and (passage.text[start:end].isupper() or beside)


def _stands_beside(passage: Passage, words: Sequence[re.Match[str]], at: int, taken: set[int]) -> bool:
    """Whether a word is as short as letters written together are, and stands right beside digits."""
    word = words[at]
    is_short = 1 < len(word.group()) <= _MOST_TOGETHER and word.group().isascii()
    # What only puts right is none: ao twelve no ko twelve zzh.
    if is_han(passage.language) or not is_short or word.group() in table(passage.language, Privacy).corrections:
        return False
    return word.start() - 2 in taken or word.end() + 1 in taken


def _stands_among(
    passage: Passage, words: Sequence[re.Match[str]], at: int, taken: set[int], names: Mapping[str, str], said: Privacy
) -> bool:
    """Whether signs stand right beside a word on both sides it has, or two on one."""

    def is_sign(place: int) -> bool:
        if not 0 <= place < len(words):
            return False
        text = words[place].group()
        is_second = place > 0 and f"{words[place - 1].group()}-{text}" in names
        return text in names or is_second or (len(text) == 1 and text.isascii())

    def digits_near(position: int, step: int) -> bool:
        return any(position + step * offset in taken for offset in range(3))

    before = (is_sign(at - 1) and words[at].start() - words[at - 1].end() <= 2) or digits_near(words[at].start() - 1, -1)
    after = (is_sign(at + 1) and words[at + 1].start() - words[at].end() <= 2) or digits_near(words[at].end(), 1)
    return before or after


@cache
def letters_of(language: str) -> Mapping[str, str]:
    """Word → letter that it spells."""
    return {word: letter for letter, words in table(language, Privacy).letters.items() for word in words}
