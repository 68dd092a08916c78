"""How phrases and speech are written, beside how they sound: characters of a han script, words of letters with their endings.

Matching goes by sound (alignment.py). What is written says afterwards whether the very words were said, or only something like them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.phrase_tables import PhraseWords
from qa_pipeline.phrases.grammar import Element, Node, parsed_with
from qa_pipeline.text.fold import fold
from qa_pipeline.text.norm_cache import cached_norm
from qa_pipeline.text.normalise import simplify, tokens_of, unit_spans
from qa_pipeline.text.segment import pieces

_SIGN = "\t"
# How `norm` marks a token that denies.
_NEGATES = "!"
CLAUSE_ENDS = frozenset("，。？！、,.?!;；:：")
# Stands in a text for what is no character of a script without blanks.
_NO_WORD = "〇"
NOWHERE = _SIGN
"""Stands for a token of `norm` that the text has no unit for."""


class Forms:
    """The tokens of a text, and how they are written.

    `spans`: (start, end) of each token in the text, and possibly of what stands behind the last token. How a token is written is worked out when it is
    asked for: of most texts few are.
    """

    __slots__ = ("_alone", "_clauses", "_language", "_length", "_text", "_tokens", "_words", "_writing", "spans")

    def __init__(self, norm: str, text: str, language: str) -> None:
        self._text, self._language = text, language
        self.spans: Sequence[tuple[int, int]]
        self._tokens: Sequence[str]
        # Without these signs each token is one unit of the text.
        if "/" not in norm and "+" not in norm:
            self._tokens, self.spans = norm.split(), unit_spans(text)
            self._alone: Sequence[bool] | None = None
        else:
            located = tokens_of(norm, text)
            starts = [-1, *(token.start for token in located), -1]
            self._tokens = [_NEGATES + token.text if token.is_negation else token.text for token in located]
            self.spans = [(token.start, token.end) for token in located]
            # Of several tokens that a unit gives each stands for itself.
            self._alone = [token.start not in (before, behind) for token, before, behind in zip(located, starts, starts[2:], strict=False)]
        self._length = min(len(self._tokens), len(self.spans))
        self._clauses: list[int] | None = None
        self._writing: str | None = None
        self._words: dict[int, Sequence[tuple[int, int, bool]]] = {}

    def __len__(self) -> int:
        """How many tokens have a place in the text."""
        return self._length

    def heard(self, first: int, last: int) -> list[str]:
        """Some tokens (half-open), as far as they have a place in the text, each as `token TAB writing`."""
        tokens, spans, text, language = self._tokens, self.spans, self._text, self._language
        if self._alone is None:
            return [_heard(tokens[i], text[spans[i][0] : spans[i][1]], language) for i in range(first, min(last, self._length))]
        return [
            _heard(tokens[i], text[spans[i][0] : spans[i][1]], language)
            if self._alone[i]
            else "{0}{1}{0}".format(tokens[i].lstrip(_NEGATES), _SIGN)
            for i in range(first, min(last, self._length))
        ]

    def is_negation(self, index: int) -> bool:
        """Whether a token denies."""
        return self._tokens[index].startswith(_NEGATES)

    def clause(self, index: int) -> tuple[int, int]:
        """The tokens (half-open) of the clause that a token stands in."""
        if self._clauses is None:
            text, spans = self._text, self.spans
            gaps = ((place, text[spans[place - 1][1] : spans[place][0]]) for place in range(1, len(self)))
            self._clauses = [0, *(place for place, gap in gaps if gap and not CLAUSE_ENDS.isdisjoint(gap)), len(self)]
        after = bisect_right(self._clauses, index)
        return self._clauses[after - 1], self._clauses[after]

    def word_at(self, index: int) -> tuple[int, int, bool]:
        """The tokens (half-open) of the word that a token is in, in a language with a list of words, and whether the word makes sense."""
        first, last = self.clause(index)
        words = self._words.get(first)
        if words is None:
            words = self._words[first] = _word_of_each(self.writing[first:last], self._language)
        start, end, makes_sense = words[index - first]
        return first + start, first + end, makes_sense

    @property
    def writing(self) -> str:
        """The tokens as one character each. Numbers and words in letters stand each for itself, as one character between."""
        if self._writing is None:
            writings = (heard[heard.index(_SIGN) + 1 :] for heard in self.heard(0, len(self)))
            self._writing = "".join(written if len(written) == 1 else _NO_WORD for written in writings)
        return self._writing


def words_in(writing: str, language: str) -> list[tuple[int, int, bool]]:
    """The words of a clause of which each token is one character: half-open, and whether each makes sense."""
    return [(piece.start, piece.end, piece.makes_sense) for piece in pieces(writing, language)]


@lru_cache(maxsize=20_000)
def _word_of_each(writing: str, language: str) -> tuple[tuple[int, int, bool], ...]:
    """For each character of a clause the word that it is in."""
    return tuple(word for word in words_in(writing, language) for _ in range(word[0], word[1]))


@lru_cache(maxsize=100_000)
def _heard(token: str, unit: str, language: str) -> str:
    """A token with how its unit of the text is written; a number stands for itself."""
    token = token.lstrip(_NEGATES)
    return f"{token}{_SIGN}{token if token.isdigit() else _written(unit, language)}"


@lru_cache(maxsize=50_000)
def _written(unit: str, language: str) -> str:
    """How a unit of a text is written, what is taken for the same written the same."""
    if is_han(language):
        simplified = simplify(unit)
        return _alike(language).get(simplified, simplified if len(simplified) == 1 else fold(simplified, language))
    return "".join(char for char in fold(unit, language) if char.isalnum())


@cache
def _alike(language: str) -> Mapping[str, str]:
    """Each character that is taken for another → the first of its group."""
    groups = [group.split("/") for group in table(language, PhraseWords).alike]
    return {written: group[0] for group in groups for written in group}


@dataclass(frozen=True, slots=True, eq=False)
class WrittenPhrase:
    """A phrase as it is written. `pattern`: as the phrase's own, with tokens of the form `token TAB writing`.

    `to_the_letter`, `to_the_stem`: match the writings, or the tokens, of a stretch of speech, each followed by a blank.
    """

    pattern: tuple[Node, ...]
    to_the_letter: re.Pattern[str]
    to_the_stem: re.Pattern[str]


@lru_cache(maxsize=40_000)
def written_phrase(text: str, language: str, slots: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> WrittenPhrase:
    """How a phrase is written, worked out once."""
    pattern = parsed_with(text, language, slots, _elements)
    return WrittenPhrase(
        pattern=pattern, to_the_letter=re.compile(_expression(pattern, 1)), to_the_stem=re.compile(_expression(pattern, 0))
    )


def token_and_writing(token: str) -> tuple[str, str]:
    """The two parts of a token that was heard, or of a written pattern."""
    sound, _, writing = token.partition(_SIGN)
    return sound, writing


@lru_cache(maxsize=50_000)
def _elements(text: str, language: str) -> tuple[Element, ...]:
    light = table(language, PhraseWords).light
    forms = Forms(cached_norm(text, language), text, language)
    return tuple(
        Element("token", frozenset((heard,)), 0.4 if token_and_writing(heard)[0] in light else 1.0, forms.is_negation(index))
        for index, heard in enumerate(forms.heard(0, len(forms)))
    )


def _expression(nodes: Sequence[Node], part: int) -> str:
    return "".join(_of_node(node, part) for node in nodes)


def _of_node(node: Node, part: int) -> str:
    if not isinstance(node, Element):
        return f"(?:{'|'.join(_expression(alternative, part) for alternative in node.alternatives)})"
    if node.kind == "wild":
        return r"(?:\S+ )?"
    if node.kind == "some":
        return r"\S+ "
    if node.kind == "number":
        return r"\d\S* "
    if node.kind == "nothing":
        return "(?!)"
    texts = sorted({re.escape(token_and_writing(token)[part]) for token in node.tokens}, key=lambda text: (-len(text), text))
    return f"(?:{'|'.join(texts)}) "
