"""How phrases and speech are written, beside how they sound: characters of a han script, words of letters with their endings.

Matching goes by sound (alignment.py). What is written says afterwards whether the very words were said, or only something like them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.phrase_tables import PhraseWords
from qa_pipeline.phrases.grammar import Element, Node, parsed_with
from qa_pipeline.text.fold import fold
from qa_pipeline.text.norm_cache import cached_norm
from qa_pipeline.text.normalise import simplify, tokens_of, unit_spans

_SIGN = "\t"
# How `norm` marks a token that denies.
_NEGATES = "!"
CLAUSE_ENDS = frozenset("，。？！、,.?!;；:：")


class Form(NamedTuple):
    """A token with how it is written. `start`/`end`: characters in the text it came from. A tuple, which is quickly made: there are very many."""

    token: str
    written: str
    start: int
    end: int
    is_negation: bool = False


class Forms:
    """The tokens of a text, and how they are written. Of most texts few are asked for, so each form is made when it is.

    `spans`: (start, end) of each token in the text, and possibly of what stands behind the last token.
    """

    __slots__ = ("_alone", "_clauses", "_count", "_language", "_made", "_text", "_tokens", "spans")

    def __init__(self, norm: str, text: str, language: str) -> None:
        self._text, self._language = text, language
        self.spans: Sequence[tuple[int, int]]
        # Without these signs each token is one unit of the text.
        self._alone = "/" not in norm and "+" not in norm
        if self._alone:
            self._tokens: Sequence[str] = norm.split()
            self.spans = unit_spans(text)
        else:
            located = tokens_of(norm, text)
            self._tokens = [_NEGATES + token.text if token.is_negation else token.text for token in located]
            self.spans = [(token.start, token.end) for token in located]
        self._count = min(len(self._tokens), len(self.spans))
        self._made: list[Form | None] = [None] * self._count
        self._clauses: list[int] | None = None

    def __len__(self) -> int:
        """How many tokens have a place in the text."""
        return self._count

    def between(self, first: int, last: int) -> list[Form]:
        """The forms of a half-open range of tokens, fewer where the text has no more."""
        made = self._made[first:last]
        return [made[place] or self._form(first + place) for place in range(len(made))]

    def clause(self, index: int) -> range:
        """The tokens of the clause that a token stands in."""
        if self._clauses is None:
            self._clauses = [0, *(place for place in range(1, self._count) if self._ends_before(place)), self._count]
        after = bisect_right(self._clauses, index)
        return range(self._clauses[after - 1], self._clauses[after])

    def _ends_before(self, index: int) -> bool:
        """Whether a clause ends between a token and the one before."""
        return not CLAUSE_ENDS.isdisjoint(self._text[self.spans[index - 1][1] : self.spans[index][0]])

    def _form(self, index: int) -> Form:
        token = self._tokens[index]
        start, end = self.spans[index]
        text = token.lstrip(_NEGATES)
        is_plain = text.isdigit() or (not self._alone and self._shares_unit(index))
        written = text if is_plain else _written(self._text[start:end], self._language)
        found = self._made[index] = Form(text, written, start, end, token.startswith(_NEGATES))
        return found

    def _shares_unit(self, index: int) -> bool:
        start = self.spans[index][0]
        return any(0 <= other < len(self) and self.spans[other][0] == start for other in (index - 1, index + 1))


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
    """The two parts of a token of a written pattern."""
    sound, _, writing = token.partition(_SIGN)
    return sound, writing


def forms_of(text: str, language: str) -> list[Form]:
    """All tokens of a text that was not stored, with how they are written."""
    forms = Forms(cached_norm(text, language), text, language)
    return forms.between(0, len(forms))


@lru_cache(maxsize=50_000)
def _elements(text: str, language: str) -> tuple[Element, ...]:
    light = table(language, PhraseWords).light
    return tuple(
        Element("token", frozenset((form.token + _SIGN + form.written,)), 0.4 if form.token in light else 1.0, form.is_negation)
        for form in forms_of(text, language)
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
