"""What is told sign by sign, letters and digits mixed: e-mail addresses, plates, documents with letters, IBANs.

The passage is rewritten with its digits and spelled letters as signs (a as in apple → a, dwa → 2); places lead back to what was said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice

from stdnum import iban

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.digits import cue_of
from qa_pipeline.privacy.kinds import Personal
from qa_pipeline.privacy.passages import Passage, Taken, since
from qa_pipeline.values.phones import digit_pieces
from qa_pipeline.values.value import Rewritten
from qa_pipeline.values.word_numbers import WORD

_WRITTEN_MAIL = re.compile(r"[A-Za-z0-9_.+-]+\s?@\s?[A-Za-z0-9-]+(?:\s?\.\s?[A-Za-z0-9-]+)+", re.ASCII)
_WRITTEN_IBAN = re.compile(r"\b[A-Z]{2}\s?\d{2}(?:[\s-]?[A-Z0-9]{1,4}){3,8}\b")
_LATIN = re.compile(r"[a-z0-9][a-z0-9_.+-]*", re.ASCII)
_MOST_WORDS_OF_MAIL, _MOST_WORDS_OF_HOST, _MOST_DOTS = 9, 6, 4
# Signs of a document or plate, told one by one.
_SIGNS = re.compile(r"(?<![a-z\d])[a-z\d](?:[ ,、，.-]{0,2}[a-z\d])*(?![a-z\d])")
_SIGN_LENGTHS = {Personal.PLATE: (4, 8), Personal.NATIONAL_ID: (6, 18), Personal.ACCOUNT: (8, 34)}


def find_mail(passage: Passage, taken: Taken) -> Iterator[tuple[Personal, int, int, str]]:
    """E-mail addresses, written or said (anna dot berg at gmail dot com)."""
    there: set[int] = set()
    for match in _WRITTEN_MAIL.finditer(passage.text):
        there |= set(range(*match.span()))
        start = _mail_begins(passage, match.start())
        yield Personal.EMAIL, start, match.end(), re.sub(r"\s", "", match.group()).lower()
    said = table(passage.language, Privacy)
    for at in said.at.finditer(passage.plain):
        if at.start() in there or not (end := _host_ends(passage, at.end(), said)):
            continue
        start = _mail_begins(passage, at.start())
        if start < at.start():
            there |= set(range(start, end))
            yield Personal.EMAIL, start, end, re.sub(r"\s+", " ", passage.plain[start:end])


def find_signs(passage: Passage, taken: Taken) -> Iterator[tuple[Personal, int, int, str]]:
    """Plates, and numbers of documents and accounts that have letters."""
    for match in _WRITTEN_IBAN.finditer(passage.text):
        written = re.sub(r"[\s-]", "", match.group())
        if iban.is_valid(written) or (len(written) >= 15 and sum(char.isdigit() for char in written) >= 10):
            yield Personal.ACCOUNT, *match.span(), written
    said = table(passage.language, Privacy)
    signs = as_signs(passage)
    there = set(taken)
    for pattern in said.plates:
        for match in pattern.finditer(signs.text):
            start, end = signs.original(*match.span())
            is_sure = is_han(passage.language)
            kind, is_said = cue_of(passage, start, end, since(taken, start), said)
            if kind is Personal.PLATE or (is_sure and not (is_said and kind is None)):
                there |= set(range(start, end))
                yield Personal.PLATE, start, _trimmed(passage, start, end), re.sub(r"[\W_]", "", match.group()).upper()
    for match in _SIGNS.finditer(signs.text):
        written = re.sub(r"[^a-z\d]", "", match.group())
        has_both = bool(re.search(r"[a-z]", written) and re.search(r"\d", written))
        start, end = signs.original(*match.span())
        kind, _ = cue_of(passage, start, end, since(taken, start), said)
        if has_both and start not in there and kind in _SIGN_LENGTHS and _SIGN_LENGTHS[kind][0] <= len(written) <= _SIGN_LENGTHS[kind][1]:
            yield kind, start, end, written.upper()


def as_signs(passage: Passage) -> Rewritten:
    """The passage with digits and spelled letters as single signs, all else as it was."""
    said = table(passage.language, Privacy)
    spans: dict[int, tuple[int, str]] = {p.start: (p.end, p.digits) for p in digit_pieces(passage.text, passage.language)}
    taken = {at for start, (end, _) in spans.items() for at in range(start, end)}
    letters = _letters(passage.language)
    words = [word for word in WORD.finditer(passage.plain) if word.start() not in taken]
    is_letter = [(len(word.group()) == 1 and word.group().isascii()) or word.group() in letters for word in words]
    for at, word in enumerate(words):
        if not is_letter[at] or word.start() in taken:
            continue
        text, end = word.group(), word.end()
        is_single = len(text) == 1 and text.isascii()
        # A word stands for a letter only beside other signs: hotel alone is a hotel.
        beside = [passage.plain[max(0, word.start() - 2) : word.start()].strip(" ,"), ""]
        near = any(abs(word.start() - start) <= 14 or abs(word.start() - other) <= 3 for start, (other, _) in spans.items())
        near = near or any(is_letter[other] for other in (at - 1, at + 1) if 0 <= other < len(words)) or bool(beside[0].isdigit())
        if not (is_single or near):
            continue
        letter = text if is_single else letters[text]
        follow = at + 1
        # B as in Bertil, A jak Anna: the example goes with its letter.
        while follow < len(words) and words[follow].group() in said.spelled_as:
            follow += 1
        if follow > at + 1 and follow < len(words) and words[follow].group()[:1] == letter:
            end = words[follow].end()
            taken |= set(range(word.start(), end))
        spans[word.start()] = (end, letter)
    out, origins, position = [], [], 0
    for start in sorted(spans):
        end, sign = spans[start]
        if start < position:
            continue
        out.append(passage.plain[position:start])
        origins += [(at, at + 1) for at in range(position, start)]
        out.append(sign)
        origins += [(start, end)] * len(sign)
        position = end
    out.append(passage.plain[position:])
    origins += [(at, at + 1) for at in range(position, len(passage.plain))]
    return Rewritten("".join(out), tuple(origins))


@cache
def _letters(language: str) -> Mapping[str, str]:
    """Word → letter that it spells."""
    return {word: letter for letter, words in table(language, Privacy).letters.items() for word in words}


def _mail_begins(passage: Passage, at: int) -> int:
    """Where an address begins whose sign at stands here: back over words that may be of it."""
    said = table(passage.language, Privacy)
    words = list(WORD.finditer(passage.plain, 0, at))
    start, count = at, 0
    while words and count < _MOST_WORDS_OF_MAIL:
        word = words.pop()
        gap = passage.plain[word.end() : start]
        if word.group() in said.before_mail or re.search(r"[?!。！？:：]", gap) or (re.search(r"[.,，]\s", gap) and count >= 2):
            break
        if is_han(passage.language) and not (_LATIN.fullmatch(word.group()) or _is_sign(passage, word.group(), word.start())):
            break
        start, count = word.start(), count + 1
    return start


def _is_sign(passage: Passage, word: str, at: int) -> bool:
    said = table(passage.language, Privacy)
    digits = {place for piece in digit_pieces(passage.text, passage.language) for place in range(piece.start, piece.end)}
    near = passage.plain[max(0, at - 3) : at + 4]
    return at in digits or word in _letters(passage.language) or any(p.search(near) and word in near for p in (said.joiner, said.dot))


def _host_ends(passage: Passage, at: int, said: Privacy) -> int:
    """Where the host of an address ends that begins here; 0 where none does: a few words and a last part behind a dot, or a host that all know."""
    end, has_dot, count = 0, False, 0
    last = at
    for word in islice(WORD.finditer(passage.plain, at), _MOST_WORDS_OF_HOST + _MOST_DOTS):
        gap, text = passage.plain[last : word.start()], word.group()
        if re.search(r"[?!。！？,，]|[.]\s", gap) and last > at:
            break
        last = word.end()
        if said.dot.fullmatch(text):
            has_dot = True
            continue
        has_dot = has_dot or "." in gap
        if has_dot and text in said.domains:
            end, has_dot = word.end(), False
            continue
        if end:
            break
        is_sign = not is_han(passage.language) or text.isascii() or _is_sign(passage, text, word.start())
        count += 1
        if count > _MOST_WORDS_OF_HOST or not is_sign:
            break
        if text in said.hosts:
            end = word.end()
    return end


def _trimmed(passage: Passage, start: int, end: int) -> int:
    return start + len(passage.text[start:end].rstrip(" ,，、."))
