"""E-mail addresses, written or said: anna dot berg at gmail dot com, 小写 l u o 圈a sina 点 cn. In pieces too, where one was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.digits import asked_for, cue_of
from qa_pipeline.privacy.kinds import Personal
from qa_pipeline.privacy.passages import Passage, Taken, since
from qa_pipeline.values.phones import digit_pieces
from qa_pipeline.values.word_numbers import WORD

_WRITTEN = re.compile(r"[\w.+-]+\s?@\s?[\w-]+(?:\s?\.\s?[\w-]+)*")
_LATIN = re.compile(r"[a-z0-9][a-z0-9_.+-]*", re.ASCII)
_MOST_BEFORE, _MOST_OF_HOST, _MOST_DOTS = 12, 7, 4
# Words before one at which an address usually begins at the latest, with which its answer begins all the same: ray in the van at …; Han characters behind
# a joiner, which were letters: caiwu下划线骆.
_MOST_BEGUN, _MOST_MISHEARD = 3, 2
# The first ones of a language's list, which are heard behind a host without their dot.
_COMMON_DOMAINS = 2


def find_mail(passage: Passage, taken: Taken) -> Iterator[tuple[Personal, int, int, str]]:
    """E-mail addresses, by their sign at; by a host behind a dot where one is spoken of."""
    there = set(taken)
    said = table(passage.language, Privacy)
    for match in _WRITTEN.finditer(passage.text):
        start = _begins(passage, match.start())
        end = max(match.end(), _host_ends(passage, match.start() + match.group().index("@") + 1, said))
        there |= set(range(start, end))
        yield Personal.EMAIL, start, end, re.sub(r"\s", "", match.group()).lower()
    for at in said.at.finditer(passage.plain):
        if at.start() in there:
            continue
        end = _host_ends(passage, at.end(), said)
        is_told = cue_of(passage, at.start(), at.end(), since(frozenset(there), at.start()), said)[0] is Personal.EMAIL
        if not end and is_told:
            # Asked for an address, people leave its end out.
            end = _clause_ends(passage, at.end())
        start = _begins(passage, at.start())
        if end and start < at.start():
            there |= set(range(start, end))
            yield Personal.EMAIL, start, end, re.sub(r"\s+", " ", passage.plain[start:end])
    for dot in said.dot.finditer(passage.plain):
        if dot.start() in there:
            continue
        host = WORD.search(passage.plain, dot.end())
        if host is None or host.start() - dot.end() > 1 or host.group() not in said.domains:
            continue
        if cue_of(passage, dot.start(), dot.end(), since(frozenset(there), dot.start()), said)[0] is Personal.EMAIL:
            start = _begins(passage, dot.start())
            there |= set(range(start, host.end()))
            yield Personal.EMAIL, start, host.end(), passage.plain[start : host.end()]


def _begins(passage: Passage, at: int) -> int:
    """Where an address begins whose sign at stands here: back over words that may be of it."""
    said = table(passage.language, Privacy)
    words = list(WORD.finditer(passage.plain, 0, at))
    start, count, misheard = at, 0, 0
    while words and count < _MOST_BEFORE:
        word = words.pop()
        gap = passage.plain[word.end() : start]
        if word.group() in said.before_mail and not _is_begun(passage, words, said):
            break
        if re.search(r"[?!。！？:：\n]|\.\s", gap) or (re.search(r"[,，]\s?", gap) and count >= 2):
            break
        if is_han(passage.language) and not (_LATIN.fullmatch(word.group()) or _is_sign(passage, word.group(), word.start())):
            misheard += 1
            if misheard > _MOST_MISHEARD or not _is_joined(passage, word.start(), misheard, said):
                break
        else:
            misheard = 0
        start, count = word.start(), count + 1
    return start


def _is_begun(passage: Passage, before: Sequence[re.Match[str]], said: Privacy) -> bool:
    """Whether, asked for an address, few words stand before a word in their line, the first of them none at which it begins: then the line is the address."""
    if is_han(passage.language) or not before or asked_for(passage.asked, said) != (Personal.EMAIL,):
        return False
    line = [word for word in before if word.start() > passage.plain.rfind("\n", 0, before[-1].end())]
    return 0 < len(line) <= _MOST_BEGUN and line[0].group() not in said.before_mail


def _is_joined(passage: Passage, at: int, count: int, said: Privacy) -> bool:
    """Whether a joiner ends right before one of a few characters that end where the address goes on."""
    ends = {match.end() for match in said.joiner.finditer(passage.plain, 0, at + 1)}
    return any(place in ends for place in range(at - _MOST_MISHEARD + count, at + 1))


def _is_sign(passage: Passage, word: str, at: int) -> bool:
    said = table(passage.language, Privacy)
    digits = {place for piece in digit_pieces(passage.text, passage.language) for place in range(piece.start, piece.end)}
    near = passage.plain[max(0, at - 3) : at + 4]
    return at in digits or any(word in match.group() for p in (said.joiner, said.dot, said.at) for match in p.finditer(near))


def _host_ends(passage: Passage, at: int, said: Privacy) -> int:
    """Where the host of an address ends that begins here; 0 where none does: a few words and a last part behind a dot, or a host that all know."""
    end, has_dot, count = 0, False, 0
    last = at
    for word in islice(WORD.finditer(passage.plain, at), _MOST_OF_HOST + _MOST_DOTS):
        gap, text = passage.plain[last : word.start()], word.group()
        if re.search(r"[?!。！？,，\n]|[.]\s", gap) and last > at:
            break
        last = word.end()
        if said.dot.fullmatch(text):
            has_dot = True
            continue
        has_dot = has_dot or "." in gap
        letters = text
        if has_dot and (letters in said.domains or len(letters) == 1):
            # c n, c o m: spelled.
            end = word.end()
            has_dot = len(letters) == 1
            continue
        if end and text in said.domains[:_COMMON_DOMAINS]:
            # gmail com, without the dot.
            end = word.end()
            continue
        if end:
            break
        is_sign = not is_han(passage.language) or text.isascii() or _is_sign(passage, text, word.start())
        count += 1
        if count > _MOST_OF_HOST or not is_sign:
            break
        if text in said.hosts or (count > 1 and text in said.domains):
            end = word.end()
    return end


def _clause_ends(passage: Passage, at: int) -> int:
    match = re.search(r"[.,!?。，！？\n]", passage.plain[at:])
    words = list(islice(WORD.finditer(passage.plain, at, at + match.start() if match else len(passage.plain)), 5))
    return words[-1].end() if words else 0
