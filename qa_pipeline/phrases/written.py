"""How phrases and speech are written, beside how they sound: characters of a han script, words of letters with their endings.

Matching goes by sound (alignment.py). What is written says afterwards whether the very words were said, or only something like them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.phrase_tables import PhraseWords
from qa_pipeline.phrases.grammar import Element, Node, parsed_with
from qa_pipeline.text.fold import fold
from qa_pipeline.text.norm_cache import cached_norm
from qa_pipeline.text.normalise import Token, simplify, tokens_of

_SIGN = "\t"
CLAUSE_ENDS = frozenset("，。？！、,.?!;；:：")


@dataclass(frozen=True, slots=True)
class Form:
    """A token with how it is written. `start`/`end`: characters in the text it came from."""

    token: str
    written: str
    start: int
    end: int
    is_negation: bool = False


@lru_cache(maxsize=50_000)
def forms_of(norm: str, text: str, language: str) -> tuple[Form, ...]:
    """The tokens of a text, each with how it is written."""
    simplified = simplify(text) if is_han(language) else text
    tokens = tokens_of(norm, text)
    return tuple(
        Form(token.text, _written(tokens, index, simplified, language), token.start, token.end, token.is_negation)
        for index, token in enumerate(tokens)
    )


@lru_cache(maxsize=50_000)
def clauses_of(norm: str, text: str, language: str) -> tuple[int, ...]:
    """For each token of a text the number of its clause, from 0."""
    found: list[int] = []
    before: Form | None = None
    for form in forms_of(norm, text, language):
        ends = before is not None and not CLAUSE_ENDS.isdisjoint(text[before.end : form.start])
        found.append((found[-1] if found else 0) + ends)
        before = form
    return tuple(found)


def _written(tokens: Sequence[Token], index: int, text: str, language: str) -> str:
    token = tokens[index]
    shares_unit = any(0 <= other < len(tokens) and tokens[other].start == token.start for other in (index - 1, index + 1))
    if token.text.isdigit() or shares_unit:
        return token.text
    unit = text[token.start : token.end]
    if is_han(language):
        return _alike(language).get(unit, unit if len(unit) == 1 else fold(unit, language))
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


@lru_cache(maxsize=50_000)
def _elements(text: str, language: str) -> tuple[Element, ...]:
    light = table(language, PhraseWords).light
    return tuple(
        Element("token", frozenset((form.token + _SIGN + form.written,)), 0.4 if form.token in light else 1.0, form.is_negation)
        for form in forms_of(cached_norm(text, language), text, language)
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
