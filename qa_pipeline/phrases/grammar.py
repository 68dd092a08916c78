"""The grammar of phrases: what a trainer writes → a pattern of places and alternatives that speech is aligned with.

Plain text; `{slot}`; `[optional]`; `(a|b)`; `…` for a gap of up to four tokens. Slots: `{company}` and `{agent_name}` (what is known of the
call), `{daytime}`, `{duration}`, `{number}`, `{date}`, `{surname}`, `{first_name}`, `{any:n}` (up to n tokens), `{some:n}` (one to n tokens).
How a pattern is looked for is elsewhere (screen.py, alignment.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from qa_pipeline.errors import InputRefused
from qa_pipeline.languages.load import is_han, language_codes, table
from qa_pipeline.languages.phrase_tables import PhraseWords
from qa_pipeline.phrases.regular import Pattern, check_regular, compile_regular
from qa_pipeline.phrases.slots import NAME_SLOTS, WORDING_SLOTS, name_tokens, stands_for
from qa_pipeline.text.norm_cache import cached_norm
from qa_pipeline.text.normalise import has_units, tokens_of

MatchMode = Literal["exact", "tolerant", "strict", "regex"]

# Cost of what never happens in a match: a negation for another word, left out, or bridged over.
NEVER = 50.0
_GAP = 4
_LONGEST_GAP = 12
_CONTENT = 1.0
_MOST_BRACKETS = 60
_STRICTER = 0.5
# What convicts somebody must be said almost as it is written: at 0.5 everyday sentences were heard as forbidden. Chosen on rubrics/known_good.yaml.
_STRICT = 0.25
# Signs of the grammar as Chinese keyboards write them.
_WIDE = dict(zip("（）［］｛｝｜", "()[]{}|", strict=True))
_NAME_SLOTS = ("{company}", "{agent_name}")
_NAME_SHARE = 0.22
_NAME_LENGTH = 3


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a token pattern. token: one, tolerantly; choice: any of several, tolerantly; set: any of several, exactly; wild, some: anything; nothing: what is not known."""

    kind: Literal["token", "choice", "set", "number", "wild", "some", "nothing"]
    tokens: frozenset[str] = frozenset()
    weight: float = 1.0
    is_negation: bool = False

    @property
    def token(self) -> str:
        """The token of a place that has one."""
        return next(iter(self.tokens))

    @property
    def skip(self) -> float:
        """Cost of leaving this place of the pattern out."""
        return NEVER if self.is_negation or self.kind in ("some", "nothing") else self.weight


@dataclass(frozen=True, slots=True)
class Group:
    """Alternatives at one place of a pattern; an empty one makes the place optional."""

    alternatives: tuple[tuple[Node, ...], ...]


Node: TypeAlias = Element | Group


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Phrase:
    """A compiled phrase: its wording in the rubric, the token pattern it stands for, and the share of the pattern's weight a match may cost.

    `slots`: what is known of the call, where the phrase names it.
    """

    text: str
    language: str
    mode: MatchMode
    pattern: tuple[Node, ...] = ()
    allowed: float = 0.0
    regex: Pattern | None = None
    whole_turn: bool = False
    slots: tuple[tuple[str, tuple[str, ...]], ...] = ()


def compile_phrase(
    text: str,
    language: str,
    *,
    mode: MatchMode = "tolerant",
    slots: Mapping[str, Sequence[str]] | None = None,
    whole_turn: bool = False,
) -> Phrase:
    """Compile a phrase of the rubric language. `slots`: wordings of `company` and `agent_name` known for the call.

    Raises InputRefused for brackets that do not close, an unknown slot, or a phrase with no word in it.
    """
    if mode == "regex":
        return Phrase(text=text, language=language, mode=mode, regex=compile_regular(text), whole_turn=whole_turn)
    known = tuple(sorted((name, tuple(values)) for name, values in (slots or {}).items())) if names_call(text) else ()
    pattern = _pattern(text, language, known)
    return Phrase(
        text=text, language=language, mode=mode, pattern=pattern, allowed=_allowed(text, language, mode, pattern), whole_turn=whole_turn,
        slots=known,
    )  # fmt: skip


def parsed_with(
    text: str, language: str, slots: tuple[tuple[str, tuple[str, ...]], ...], literal: Callable[[str, str], tuple[Element, ...]]
) -> tuple[Node, ...]:
    """The pattern of a phrase that was compiled before, its plain words read by `literal(text, language)`."""
    return _parsed(text, _ReadBy(text, dict(slots), language, literal))


def names_call(text: str) -> bool:
    """Whether a phrase has a slot that each call fills with words of its own."""
    return any(slot in text for slot in _NAME_SLOTS)


def lacks_name(phrase: Phrase) -> bool:
    """Whether a phrase names what is not known of the call: nobody can be heard saying it."""
    return any(isinstance(node, Element) and node.kind == "nothing" for node in phrase.pattern)


def _allowed(text: str, language: str, mode: MatchMode, pattern: Sequence[Node]) -> float:
    """Highest share of a pattern's weight that a match may cost; short phrases must fit better than long ones."""
    if mode == "exact":
        return 0.0
    length, letters, weight = _size(pattern)
    if weight < _CONTENT:
        # Nothing but function words: every one of them counts.
        return 0.0
    if is_han(language):
        share = {0: 0.0, 1: 0.0, 2: 0.09, 3: 0.15, 4: 0.16, 5: 0.19}.get(length, 0.22)
    else:
        share = 0.0 if letters < 4 else {1: 0.21, 2: 0.16, 3: 0.19}.get(length, 0.22)
    if text in _NAME_SLOTS:
        # Names are what recognisers mishear most, and the call's own name is hardly said by chance.
        return max(share, _NAME_SHARE) if length >= _NAME_LENGTH else share
    # A phrase with open places fits many things already: its fixed words must fit the better.
    is_open = any(isinstance(node, Element) and node.kind in ("wild", "some") for node in pattern)
    if mode == "strict":
        return share * _STRICT
    return share * _STRICTER if is_open else share


def _size(pattern: Sequence[Node]) -> tuple[int, int, float]:
    """Elements that count (on average of the alternatives), letters and weight of the shortest reading, optional parts aside."""
    length, letters, weight = 0, 0, 0.0
    for node in pattern:
        if isinstance(node, Element):
            sizes = [(int(node.weight > 0), min(map(len, node.tokens)) if node.kind in ("token", "choice") else 0, node.weight)]
        else:
            sizes = [_size(alternative) for alternative in node.alternatives] if all(node.alternatives) else [(0, 0, 0.0)]
        length += min(size[0] for size in sizes)
        letters += min(size[1] for size in sizes)
        weight += min(size[2] for size in sizes)
    return length, letters, weight


@lru_cache(maxsize=20_000)
def _pattern(text: str, language: str, slots: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[Node, ...]:
    return _parsed(text, _Parser(text, dict(slots), language))


def _parsed(text: str, parser: _Parser) -> tuple[Node, ...]:
    if wide := next((char for char in text if char in _WIDE), None):
        raise InputRefused(
            f"{text!r} has a full-width {wide}, which nobody says.",
            advice=f"Write {_WIDE[wide]} where it is to be a sign of the phrase, else leave it out.",
        )
    if text.count("(") + text.count("[") > _MOST_BRACKETS:
        raise InputRefused(f"A phrase of {len(text)} characters has too many brackets.", advice="Split it into several phrases.")
    pattern = parser.sequence("")
    if parser.position < len(text):
        raise InputRefused(f"{text!r}: {text[parser.position]!r} closes nothing.", advice="Balance the brackets of the phrase.")
    if not _has_words(pattern):
        raise InputRefused(f"{text!r} has no word to look for.", advice="Write at least one word.")
    return pattern


def _has_words(pattern: Sequence[Node]) -> bool:
    return any(node.weight > 0 if isinstance(node, Element) else any(_has_words(a) for a in node.alternatives) for node in pattern)


class _Parser:
    """Recursive descent over the phrase grammar; text between brackets and slots is normalised as one piece."""

    def __init__(self, text: str, slots: Mapping[str, Sequence[str]], language: str) -> None:
        self.text, self.slots, self.language = text, slots, language
        self.position = 0

    def literal(self, text: str) -> tuple[Element, ...]:
        """The tokens of plain words."""
        return _literal(text, self.language)

    def names(self, slot: str) -> Element:
        """A place that takes any of the names a slot stands for."""
        self._filled(slot)
        return Element("set", name_tokens(slot, self.language))

    def _within(self, text: str) -> _Parser:
        """A parser of the same kind for what a slot stands for."""
        return type(self)(text, self.slots, self.language)

    def sequence(self, closing: str) -> tuple[Node, ...]:
        """Nodes up to a character of `closing` (not consumed) or the end."""
        nodes: list[Node] = []
        while self.position < len(self.text):
            char = self.text[self.position]
            if char in closing or char in ")]":
                break
            nodes.extend(self._item(char))
        return tuple(nodes)

    def _item(self, char: str) -> list[Node]:
        if char == "[":
            return [Group(((), self._bracketed("]")[0]))]
        if char == "(":
            return [self._group(self._bracketed(")"))]
        if char == "{":
            end = self.text.find("}", self.position)
            if end < 0:
                raise InputRefused(f"{self.text!r}: {{ is not closed.", advice="Write {slot}.")
            name = self.text[self.position + 1 : end]
            self.position = end + 1
            return self._slot(name)
        if char == "…":
            self.position += 1
            return self._slot(f"any:{_GAP}")
        start = self.position
        self.position += 1
        while self.position < len(self.text) and self.text[self.position] not in "[](){}|…":
            self.position += 1
        return list(self.literal(self.text[start : self.position]))

    def _bracketed(self, closing: str) -> list[tuple[Node, ...]]:
        """The alternatives of a bracket that opens here."""
        opened = self.position
        alternatives = []
        while True:
            self.position += 1
            alternatives.append(self.sequence("|" + closing if closing == ")" else closing))
            if self.position >= len(self.text) or self.text[self.position] not in "|" + closing:
                raise InputRefused(f"{self.text!r}: {self.text[opened]!r} is not closed.", advice="Balance the brackets of the phrase.")
            if self.text[self.position] == closing:
                self.position += 1
                # (…)? is what people who know regular expressions write for [ … ].
                if closing == ")" and self.text[self.position : self.position + 1] == "?":
                    self.position += 1
                    alternatives.append(())
                return alternatives

    def _filled(self, slot: str) -> tuple[str, ...]:
        """What a slot stands for. Raises InputRefused where that is nothing in this language."""
        found = stands_for(slot, self.language)
        if not found:
            known = [code for code in language_codes() if stands_for(slot, code)]
            raise InputRefused(
                f"{self.text!r}: {{{slot}}} stands for nothing in {self.language or 'an unknown language'}.",
                advice=f"Write out what it is to stand for; only {', '.join(known)} know{'s' if len(known) == 1 else ''} it.",
            )
        return found

    def _group(self, alternatives: list[tuple[Node, ...]]) -> Node:
        """Alternatives of one token each become one place that takes any of them."""
        tokens = {nodes[0] for nodes in alternatives if len(nodes) == 1 and isinstance(nodes[0], Element) and nodes[0].kind == "token"}
        plain = [node for node in tokens if isinstance(node, Element) and not node.is_negation]
        if len(alternatives) > 1 and len(plain) == len(set(alternatives)):
            return Element("choice", frozenset(node.token for node in plain), min(node.weight for node in plain))
        return Group(tuple(dict.fromkeys(alternatives)))

    def _slot(self, name: str) -> list[Node]:
        head, _, count = name.partition(":")
        wild = Element("wild", weight=0.0)
        if head in ("any", "some") and count.isascii() and count.isdigit() and 0 < int(count) <= _LONGEST_GAP:
            # Anything fits, but something must be there: it may not be left out, and gives no licence to mishear the rest.
            first = wild if head == "any" else Element("some", weight=0.0)
            return [first, *[wild] * (int(count) - 1)]
        if name == "number":
            return [Element("number")]
        if name in NAME_SLOTS:
            return [self.names(name)]
        if name in WORDING_SLOTS:
            alternatives = "|".join(self._filled(name))
            return list(self._within(f"({alternatives})").sequence(""))
        if name in ("company", "agent_name"):
            known = [self.literal(value) for value in self.slots.get(name, ())]
            return [Group(tuple(words for words in known if words))] if any(known) else [Element("nothing")]
        raise InputRefused(
            f"{self.text!r}: no slot is called {{{name}}}.",
            advice="There are company, agent_name, daytime, duration, number, date, surname, first_name, any:n, some:n (n up to 12).",
        )


class _ReadBy(_Parser):
    """The same grammar, its plain words read in another way."""

    def __init__(
        self, text: str, slots: Mapping[str, Sequence[str]], language: str, read: Callable[[str, str], tuple[Element, ...]]
    ) -> None:
        super().__init__(text, slots, language)
        self._read = read

    def literal(self, text: str) -> tuple[Element, ...]:
        """Plain words, as `read` has them."""
        return self._read(text, self.language)

    def names(self, slot: str) -> Element:
        """A place that takes any of the names a slot stands for."""
        return Element("set", frozenset(token for name in self._filled(slot) for element in self.literal(name) for token in element.tokens))

    def _within(self, text: str) -> _Parser:
        return _ReadBy(text, self.slots, self.language, self._read)


# Plain words need no parsing.
_GRAMMAR = frozenset("[](){}|…（）［］｛｝｜")
_WORDS = (Element("token", frozenset("a")),)


class _Syntax(_Parser):
    """The same grammar without the dictionaries: enough to say whether a phrase can be compiled."""

    def literal(self, text: str) -> tuple[Element, ...]:
        """One place for all the words: how many there are does not matter here."""
        return _WORDS if has_units(text) else ()

    def names(self, slot: str) -> Element:
        """One place: which names there are does not matter here, only whether there are any."""
        self._filled(slot)
        return Element("number")


def check_phrase(text: str, language: str, *, mode: MatchMode = "tolerant") -> None:
    """Raise InputRefused for a phrase that compile_phrase refuses; a hundred times as fast, because no word is looked up."""
    if mode == "regex":
        check_regular(text)
    elif not (_GRAMMAR.isdisjoint(text) and has_units(text)):
        _check_signs(text, language)


# Rubrics share lists, and are read more than once.
@lru_cache(maxsize=50_000)
def _check_signs(text: str, language: str) -> None:
    _parsed(text, _Syntax(text, {}, language))


@lru_cache(maxsize=50_000)
def _literal(text: str, language: str) -> tuple[Element, ...]:
    light = table(language, PhraseWords).light
    tokens = tokens_of(cached_norm(text, language), text)
    return tuple(Element("token", frozenset((token.text,)), 0.4 if token.text in light else 1.0, token.is_negation) for token in tokens)
