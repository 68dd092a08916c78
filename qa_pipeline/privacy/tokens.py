"""What the reader of personal data looks at: a conversation as words (Han characters one by one), each with what is known of it. Pure.

A word's marks are strings; the reader hashes them. They tell the word and its ends, how it is written, which number it is part of, which words of
the language's privacy.yaml it is, whether lists know it as a name of a person or a place, what the rules took it for, and who says it. Before each utterance
stands a token of its own, so that what was asked is seen from the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.conversation_tables import Speaking
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.languages.number_tables import Numbers
from qa_pipeline.languages.patterns import Pattern
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.forms import plain_forms
from qa_pipeline.privacy.kinds import Found
from qa_pipeline.privacy.passages import fold_text
from qa_pipeline.text.respell import frequencies
from qa_pipeline.text.segment import pieces
from qa_pipeline.values.numbers import read_numbers
from qa_pipeline.values.phones import digit_pieces
from qa_pipeline.values.value import fold
from qa_pipeline.values.word_numbers import WORD

_LONGEST_KNOWN = 4
_FEW = 3
_SAID_AGAIN = 4
_MONTHS, _DAYS, _SHORT, _FIRST_YEAR, _LAST_YEAR = 12, 31, 99, 1920, 2030
_COMMON = 300


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an utterance, or what stands before one (`start` = `end` = 0). `marks`: what is known of it."""

    utterance: int
    start: int
    end: int
    marks: tuple[str, ...]

    @property
    def is_word(self) -> bool:
        """Whether it is something said."""
        return self.end > self.start


def tokens_of(
    utterances: Sequence[Utterance], found: Sequence[Found], known: Mapping[str, str], *, agent_name: str | None = None
) -> list[Token]:
    """Every token of a conversation in order. `found`: what the rules found; `known`: word → letters (reader.load_known)."""
    own = frozenset(fold(part) for part in (agent_name or "").split())
    by_utterance: dict[int, list[Found]] = {}
    for one in found:
        by_utterance.setdefault(one.utterance, []).append(one)
    said = _said(utterances)
    tokens: list[Token] = []
    for at, utterance in enumerate(utterances):
        before = utterances[at - 1].role if at else None
        words = list(_words(utterance, by_utterance.get(at, ()), known, own, said))
        marks = (
            "start",
            f"role={utterance.role.value}",
            f"turn={before == utterance.role}",
            f"long={_size(len(words))}",
            f"lang={utterance.language}",
        )
        tokens.append(Token(at, 0, 0, marks))
        tokens += [Token(at, start, end, marks) for start, end, marks in words]
    return tokens


def _said(utterances: Sequence[Utterance]) -> Mapping[str, frozenset[tuple[int, Role]]]:
    """Where each longer word is said, and by whom."""
    places: dict[str, set[tuple[int, Role]]] = {}
    for at, utterance in enumerate(utterances):
        for match in WORD.finditer(fold(utterance.text)):
            places.setdefault(match.group(), set()).add((at, utterance.role))
    return {word: frozenset(where) for word, where in places.items() if len(where) > 1}


def _words(
    utterance: Utterance,
    found: Sequence[Found],
    known: Mapping[str, str],
    own: frozenset[str],
    said: Mapping[str, frozenset[tuple[int, Role]]],
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    language, text = utterance.language, utterance.text
    plain = fold_text(text, language)
    spans = _spans(text, plain, language, known)
    for one in found:
        spans.append((one.start, one.end, f"rule={one.kind.value}", True))
    marks: dict[int, list[str]] = {}
    matches = list(WORD.finditer(plain))
    starts = {match.start(): match for match in matches}
    for start, end, mark, has_edges in spans:
        inside = (
            [match.start() for match in matches if start <= match.start() < end] if end - start > 1 else [start] if start in starts else []
        )
        for number, place in enumerate(inside):
            marks.setdefault(place, []).append(mark)
            if has_edges:
                marks[place].append(f"{mark}:{'b' if number == 0 else 'e' if number == len(inside) - 1 else 'i'}")
    common, ranks = f"role={utterance.role.value}", _ranks(language)
    last_end = 0
    for number, match in enumerate(matches):
        word, start, end = match.group(), match.start(), match.end()
        own_marks = [f"{language}:{word}", common, *_form(text[start:end], word), *marks.get(start, ())]
        if not (len(word) == 1 or word.isdigit()):
            own_marks += [
                f"{language}:^{word[:3]}",
                f"{language}:${word[-3:]}",
                f"${word[-2:]}",
                f"{language}:^{word[:4]}",
                f"{language}:${word[-4:]}",
            ]
        if not is_han(language):
            own_marks += [f"known={letter}" for letter in _letters(word, language, known)]
            rank = ranks.get(word)
            own_marks.append("rank=none" if rank is None else "rank=common" if rank < _COMMON else "rank=word")
            own_marks.append(f"often={known.get(f'{language}:{word}', 'no')}")
            if len(word) >= _SAID_AGAIN and word in said and (rank is None or rank >= _COMMON):
                own_marks.append("again=other" if any(role is not utterance.role for _, role in said[word]) else "again")
        gap = plain[last_end:start]
        own_marks.append(f"gap={gap.strip() or ('-' if gap else '')}"[:8])
        if number == 0:
            own_marks.append("first")
        if number == len(matches) - 1:
            own_marks.append("last")
        if word in own:
            own_marks.append("own")
        last_end = end
        yield start, end, tuple(own_marks)


def _form(written: str, word: str) -> Iterator[str]:
    if word.isdigit():
        yield f"digits={min(len(word), 12)}"
    elif len(word) == 1 and word.isascii():
        yield "letter"
        yield f"letter={word}"
    if written[0].isupper():
        yield "capitals" if len(written) > 1 and written.isupper() else "capital"


def _spans(text: str, plain: str, language: str, known: Mapping[str, str]) -> list[tuple[int, int, str, bool]]:
    """Start, end and mark of what stretches over words, and whether its edges are told."""
    said = table(language, Privacy)
    spans: list[tuple[int, int, str, bool]] = []
    for piece in digit_pieces(text, language):
        spans.append((piece.start, piece.end, f"piece={min(len(piece.digits), 9)}", True))
    for number in read_numbers(text, language):
        spans.append((number.start, number.end, f"number={_value(number.value)}{'th' if number.ordinal else ''}", False))
    for mark, pattern in _patterns(language):
        spans += [(*match.span(), mark, False) for match in pattern.finditer(plain)]
    lists = _lists(language)
    for match in WORD.finditer(plain):
        spans += [(*match.span(), mark, False) for mark in lists.get(match.group(), ())]
    if is_han(language):
        spans += _han_spans(plain, language, known)
    if said.counted is not None:
        for match in WORD.finditer(plain):
            if said.counted.match(plain[match.end() :]):
                spans.append((*match.span(), "counted", False))
    return spans


def _han_spans(plain: str, language: str, known: Mapping[str, str]) -> Iterator[tuple[int, int, str, bool]]:
    names = table(language, Names)
    surnames = {*names.surnames, *names.double_surnames, *table(language, Privacy).last_names}
    for at, sign in enumerate(plain):
        if sign in surnames:
            yield at, at + 1, "surname", False
        if plain[at : at + 2] in surnames:
            yield at, at + 2, "surname", False
        for length in range(2, _LONGEST_KNOWN + 1):
            letters = known.get(plain[at : at + length], "") if at + length <= len(plain) else ""
            for letter in letters:
                yield at, at + length, f"known={letter}", True
    for piece in pieces(plain, language):
        if piece.end - piece.start > 1:
            yield piece.start, piece.end, f"{language}:{plain[piece.start : piece.end]}", True
            yield piece.start, piece.end, "word", True
        else:
            yield piece.start, piece.end, "alone" if piece.makes_sense else "odd", False


@cache
def _patterns(language: str) -> tuple[tuple[str, Pattern], ...]:
    said = table(language, Privacy)
    named = [(f"cue={kind}", pattern) for kind, pattern in said.cues.items()]
    named += [("cue=none", said.no_person), ("tail", said.tail), ("at", said.at), ("dot", said.dot), ("joiner", said.joiner)]
    named += [
        ("lives", said.lives),
        ("way", said.street_words),
        ("month", said.months),
        ("years", said.years),
        ("follows", said.name_follows),
    ]
    return tuple(named)


@cache
def _lists(language: str) -> Mapping[str, tuple[str, ...]]:
    said = table(language, Privacy)
    lists: dict[str, set[str]] = {}
    several = {
        "domain": said.domains, "host": said.hosts, "date": said.date_words, "correction": said.corrections, "spelled": said.spelled_as,
        "quiet": table(language, Speaking).backchannels, "between": table(language, Numbers).between_digits, "repeats": table(language, Numbers).repeats,
        "letter": [word for words in said.letters.values() for word in words], "misheard": [word for words in said.misheard_digits.values() for word in words],
    }  # fmt: skip
    for mark, words in several.items():
        for word in words:
            lists.setdefault(word, set()).add(mark)
    return {word: tuple(sorted(marks)) for word, marks in lists.items()}


@cache
def _ranks(language: str) -> Mapping[str, int]:
    return {word: rank for rank, word in enumerate(frequencies(language))}


def _letters(word: str, language: str, known: Mapping[str, str]) -> str:
    """What lists know of a word, or of one that it is a form of."""
    if word in known:
        return known[word]
    for form in plain_forms(word, table(language, Privacy).name_endings, shortest=_FEW):
        if letters := known.get(form):
            return "".join(letter for letter in letters if letter != "o") + "i"
    return "?"


def _value(value: int) -> str:
    if value <= _MONTHS:
        return "month"
    if value <= _DAYS:
        return "day"
    if value <= _SHORT:
        return "short"
    return "year" if _FIRST_YEAR <= value <= _LAST_YEAR else "long"


def _size(count: int) -> str:
    return str(count) if count <= _FEW else "few" if count <= 2 * _FEW else "some" if count <= 5 * _FEW else "many"
