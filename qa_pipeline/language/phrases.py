"""Find phrases in recognised speech, tolerating what recognisers mishear, and say where and how well they fit.

Grammar of a phrase: plain text; `{slot}`; `[optional]`; `(a|b)`; `…` for a gap of up to four tokens. Slots: `{company}` and `{agent_name}` (what
is known of the call), `{daytime}`, `{duration}`, `{number}`, `{date}`, `{surname}`, `{any:n}` (up to n tokens), `{some:n}` (one to n tokens).

A phrase is expanded into token patterns and aligned with the tokens of `norm` (a semi-global alignment: anywhere in the text), each substitution
weighted by sounds.py. similarity = 1 − cost ÷ weight of the pattern. **Negation veto**: a negation never stands for another word, is never
skipped inside a match, and a phrase right after one is no match (不满意 is not 满意), unless the phrase has the negation itself.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Utterance
from qa_pipeline.errors import InputRefused
from qa_pipeline.language.normalise import Token, normalise, simplify, tokens_of
from qa_pipeline.language.sounds import syllable_cost, word_cost

MatchMode = Literal["exact", "tolerant", "strict", "regex"]

_GAP = 4
_LONGEST_GAP = 12
_CONTENT = 1.0
_MOST_BRACKETS = 60
_STRICTER = 0.5
_NAME_SLOTS = ("{company}", "{agent_name}")
_NAME_SHARE = 0.22
_NAME_LENGTH = 3
# Share of a phrase's weight that may be missing in what is shown as the nearest thing heard.
_NEAREST = 0.6
_FORBIDDEN_COST = 50.0
_INSERT = 0.7
_INSERT_FILLER = 0.15
_NEXT_UTTERANCE = 0.35
_OTHER_SPEAKER = 1.0

# Tokens that carry little of a phrase's meaning: missing or misheard ones cost less.
_LIGHT = {
    "zh": frozenset(["de", "le", "ma", "ne", "a", "ba", "ya", "na", "o", "en", "jiu"]),
    "en": frozenset(
        [
            "a",
            "an",
            "the",
            "to",
            "of",
            "is",
            "be",
            "am",
            "are",
            "do",
            "you",
            "i",
            "it",
            "for",
            "on",
            "in",
            "so",
            "just",
            "and",
            "that",
            "at",
            "with",
            "this",
            "my",
        ]
    ),
    "pl": frozenset(["i", "a", "w", "z", "na", "do", "to", "sie", "jest", "czy"]),
    "sv": frozenset(["att", "en", "ett", "det", "du", "jag", "ar", "pa", "i", "om", "och", "for"]),
}
_FILLERS = {
    "zh": frozenset(["e", "en", "a", "o", "ne", "na", "ge", "zhe", "jiu", "shi"]),
    "en": frozenset(["um", "uh", "er", "ah", "oh", "well", "just", "so", "like"]),
    "pl": frozenset(["no", "yyy", "eee", "tak"]),
    "sv": frozenset(["eh", "oh", "ja", "alltsa"]),
}
# Between a negation and what it denies: 不太方便, not really a good time.
_DEGREE = {
    "zh": frozenset(["tai", "hen", "shi", "zen", "me", "na", "da", "te", "bie", "hao", "fei", "chang"]),
    "en": frozenset(["a", "an", "the", "realli", "veri", "so", "that", "too", "be", "have", "ani"]),
    "pl": frozenset(["bardzo", "za", "jest"]),
    "sv": frozenset(["sa", "ett", "en", "riktigt"]),
}
_DAYTIME = {
    "zh": "早上|上午|中午|下午|晚上|早|傍晚",
    "en": "morning|afternoon|evening|day",
    "pl": "dzień|wieczór",
    "sv": "morgon|dag|kväll|middag|eftermiddag",
}
_DURATION = {
    "zh": "({number}|几|一|半)(分钟|秒钟|个小时)|一下|一会儿|一小会儿|点时间|一点时间",
    "en": "({number}|a couple of|a few|some|one|a) (minutes|minute|seconds|second|moments|moment)",
    "pl": "({number}|kilka|pare|dwie) (minut|minuty|chwil)|chwilę|moment|minutę",
    "sv": "({number}|några|ett par|en) (minuter|minut|stund)|en stund|ett ögonblick",
}
_DATE = {
    "zh": "今天|明天|后天|下周{any:1}|周{some:1}|{number}(月|号|日|点)",
    "en": "today|tomorrow|monday|tuesday|wednesday|thursday|friday|next week|{number}",
    "pl": "dzisiaj|jutro|pojutrze|{number}",
    "sv": "idag|imorgon|nästa vecka|{number}",
}
# Surnames by frequency, without those that sound like what follows 的 anyway (想, 问, 有, 是, 今, 下, 于).
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡杜叶苏魏吕卢姜崔钟谭陆汪范石廖贾韦付方邹孟熊秦邱江尹薛闫"
    "段雷侯龙陶黎贺顾毛郝龚邵钱覃武戴莫孔汤柳欧沈程丁"
)


@dataclass(frozen=True, slots=True)
class _Element:
    """One place of a token pattern. token: one, tolerantly; choice: any of several, tolerantly; set: any of several, exactly; wild and some: anything."""

    kind: Literal["token", "choice", "set", "number", "wild", "some"]
    tokens: frozenset[str] = frozenset()
    weight: float = 1.0
    is_negation: bool = False

    @property
    def token(self) -> str:
        return next(iter(self.tokens))

    @property
    def skip(self) -> float:
        """Cost of leaving this place of the pattern out."""
        return _FORBIDDEN_COST if self.is_negation or self.kind == "some" else self.weight


@dataclass(frozen=True, slots=True)
class _Group:
    """Alternatives at one place of a pattern; an empty one makes the place optional."""

    alternatives: tuple[tuple[_Node, ...], ...]


_Node: TypeAlias = _Element | _Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A compiled phrase: its wording in the rubric and the token pattern it stands for."""

    text: str
    language: str
    mode: MatchMode
    pattern: tuple[_Node, ...]
    regex: re.Pattern[str] | None = None
    whole_turn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Where a phrase was found. `start`/`end`: half-open token range in the Speech searched; `similarity` 0–1."""

    phrase: str
    similarity: float
    start: int
    end: int
    utterance: int
    text: str
    start_ms: int | None
    end_ms: int | None
    confidence: float | None


class Speech:
    """Utterances of one party laid end to end as tokens, ready to be searched many times.

    `order`: utterances in order of time; a match may run over the end of an utterance, at a cost, more so where somebody else spoke between.
    """

    def __init__(self, utterances: Sequence[Utterance], language: str) -> None:
        self.language = language
        self.utterances = tuple(utterances)
        self.tokens: list[Token] = []
        self.owner: list[int] = []
        for index, utterance in enumerate(self.utterances):
            found = tokens_of(utterance.norm, utterance.text)
            self.tokens.extend(found)
            self.owner.extend([index] * len(found))
        self._rows: dict[_Element, NDArray[np.float64]] = {}
        self._lowest: dict[_Element, float] = {}

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def vocabulary(self) -> tuple[list[str], NDArray[np.intp]]:
        """Distinct tokens, and for each position the number of its token."""
        distinct = sorted({token.text for token in self.tokens})
        number = {text: index for index, text in enumerate(distinct)}
        return distinct, np.array([number[token.text] for token in self.tokens], dtype=np.intp)

    @cached_property
    def negations(self) -> NDArray[np.bool_]:
        """Where the tokens are negations."""
        return np.array([token.is_negation for token in self.tokens], dtype=bool)

    @cached_property
    def insertion(self) -> NDArray[np.float64]:
        """Cost of having each token inside a match although the phrase does not have it."""
        fillers = _FILLERS.get(self.language, frozenset())
        costs = np.array([_INSERT_FILLER if token.text in fillers else _INSERT for token in self.tokens]) + self.crossing
        costs[self.negations] = _FORBIDDEN_COST
        return costs

    @cached_property
    def cumulative_insertion(self) -> NDArray[np.float64]:
        """Cost of inserting all tokens up to each position: n + 1."""
        return np.concatenate(([0.0], np.cumsum(self.insertion)))

    @cached_property
    def crossing(self) -> NDArray[np.float64]:
        """Cost of a match that steps from the token before into this one."""
        costs = np.zeros(len(self.tokens))
        for index in range(1, len(self.tokens)):
            before, here = self.owner[index - 1], self.owner[index]
            if before != here:
                is_next = self.utterances[here].utterance - self.utterances[before].utterance == 1
                costs[index] = _NEXT_UTTERANCE if is_next else _OTHER_SPEAKER
        return costs

    def row(self, element: _Element) -> NDArray[np.float64]:
        """Cost of each token of the speech standing for one element of a pattern."""
        row = self._rows.get(element)
        if row is None:
            row = self._rows[element] = self._cost_row(element)
        return row

    def lowest(self, element: _Element) -> float:
        """Lowest cost anywhere in the speech of one element, or of leaving it out."""
        found = self._lowest.get(element)
        if found is None:
            found = self._lowest[element] = min(element.skip, float(self.row(element).min()))
        return found

    def _cost_row(self, element: _Element) -> NDArray[np.float64]:
        if element.kind in ("wild", "some"):
            return np.where(self.negations, 0.5, 0.0)
        distinct, numbers = self.vocabulary
        if element.kind == "number":
            costs = np.array([0.0 if text.isdigit() else 1.0 for text in distinct])
        elif element.kind == "set":
            costs = np.array([0.0 if text in element.tokens else 1.0 for text in distinct])
        else:
            cost = syllable_cost if self.language == "zh" else word_cost
            costs = np.array([min(cost(wanted, text) for wanted in element.tokens) for text in distinct])
        row = costs[numbers] * element.weight
        if element.is_negation:
            # An unmarked homophone (部 for 不) may be the negation misheard; another word never is.
            return np.where(row == 0, np.where(self.negations, 0.0, 0.3), _FORBIDDEN_COST)
        return np.where(self.negations, _FORBIDDEN_COST, row)


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
        try:
            return Phrase(text=text, language=language, mode=mode, pattern=(), regex=re.compile(text, re.IGNORECASE), whole_turn=whole_turn)
        except (re.error, OverflowError, RecursionError) as error:
            raise InputRefused(f"{text!r} is not a regular expression: {error}.") from error
    known = tuple(sorted((name, tuple(values)) for name, values in (slots or {}).items()))
    return Phrase(text=text, language=language, mode=mode, pattern=_pattern(text, language, known), whole_turn=whole_turn)


def find_phrase(phrase: Phrase, speech: Speech) -> list[Hit]:
    """Every non-overlapping place where the phrase is said, best first."""
    if not len(speech):
        return []
    if phrase.regex:
        return _find_regex(phrase, phrase.regex, speech)
    found = _align(phrase.pattern, speech, _allowed(phrase))
    found.sort(key=lambda hit: (-hit[0], hit[1]))
    taken: list[tuple[int, int]] = []
    hits = []
    for similarity, start, end in found:
        if any(start < other_end and other_start < end for other_start, other_end in taken):
            continue
        if _is_denied(phrase, speech, start) or (phrase.whole_turn and not _is_whole(speech, start, end)):
            continue
        taken.append((start, end))
        hits.append(_hit(phrase, speech, similarity, start, end))
    return hits


def best_similarity(phrase: Phrase, speech: Speech) -> tuple[float, Hit | None]:
    """How near the speech comes to the phrase, found or not: what was heard where the phrase was expected."""
    if not len(speech) or phrase.regex:
        return 0.0, None
    best = max(_align(phrase.pattern, speech, _NEAREST), default=None)
    return (best[0], _hit(phrase, speech, *best)) if best else (0.0, None)


def similarity(phrase: str, text: str, language: str) -> float:
    """Similarity (0–1) of the best place for a phrase in a text; 0 where the negation veto forbids it."""
    compiled = compile_phrase(phrase, language)
    hits = find_phrase(compiled, speech_from_text(text, language))
    return hits[0].similarity if hits else 0.0


def speech_from_text(text: str, language: str) -> Speech:
    """A Speech of one utterance without times."""
    from qa_pipeline.call import Role

    utterance = Utterance(
        utterance=0, role=Role.UNKNOWN, speaker="", channel=None, start_ms=None, end_ms=None, text=text,
        confidence=None, language=language, norm=normalise(text, language), words=(),
    )  # fmt: skip
    return Speech([utterance], language)


def _allowed(phrase: Phrase) -> float:
    """Highest share of a pattern's weight that a match may cost; short phrases must fit better than long ones."""
    if phrase.mode == "exact":
        return 0.0
    length, letters, weight = _size(phrase.pattern)
    if weight < _CONTENT:
        # Nothing but function words: every one of them counts.
        return 0.0
    if phrase.language == "zh":
        share = {0: 0.0, 1: 0.0, 2: 0.09, 3: 0.15, 4: 0.16, 5: 0.19}.get(length, 0.22)
    else:
        share = 0.0 if letters < 4 else {1: 0.21, 2: 0.16, 3: 0.19}.get(length, 0.22)
    if phrase.text in _NAME_SLOTS:
        # Names are what recognisers mishear most, and the call's own name is hardly said by chance.
        return max(share, _NAME_SHARE) if length >= _NAME_LENGTH else share
    # A phrase with open places fits many things already: its fixed words must fit the better.
    is_open = any(isinstance(node, _Element) and node.kind in ("wild", "some") for node in phrase.pattern)
    return share * _STRICTER if is_open or phrase.mode == "strict" else share


def _size(pattern: Sequence[_Node]) -> tuple[int, int, float]:
    """Elements that count (on average of the alternatives), letters and weight of the shortest reading, optional parts aside."""
    length, letters, weight = 0, 0, 0.0
    for node in pattern:
        if isinstance(node, _Element):
            sizes = [(int(node.weight > 0), min(map(len, node.tokens)) if node.kind in ("token", "choice") else 0, node.weight)]
        else:
            sizes = [_size(alternative) for alternative in node.alternatives] if all(node.alternatives) else [(0, 0, 0.0)]
        length += round(sum(size[0] for size in sizes) / len(sizes))
        letters += min(size[1] for size in sizes)
        weight += min(size[2] for size in sizes)
    return length, letters, weight


@dataclass(frozen=True, slots=True, eq=False)
class _Front:
    """A column of the alignment: for each end position, the best way to have matched the pattern so far.

    `balance`: cost − allowed share × weight (0 or less is a match); `weight`: of the pattern elements used; `start`: where the match begins.
    Arrays of n + 1.
    """

    balance: NDArray[np.float64]
    weight: NDArray[np.float64]
    start: NDArray[np.intp]

    def better_of(self, other: _Front) -> _Front:
        """Position by position the cheaper of two fronts."""
        mine = self.balance <= other.balance
        return _Front(
            np.where(mine, self.balance, other.balance), np.where(mine, self.weight, other.weight), np.where(mine, self.start, other.start)
        )


def _align(pattern: Sequence[_Node], speech: Speech, share: float) -> list[tuple[float, int, int]]:
    """(similarity, start, end) of every end position where the pattern fits with cost ≤ share × weight."""
    if _bound(pattern, speech, share) > 1e-9:
        return []
    size = len(speech)
    begin = _Front(np.zeros(size + 1), np.zeros(size + 1), np.arange(size + 1))
    final = _advance(begin, pattern, speech, share, spare=-_bound(pattern, speech, share))
    if final is None:
        return []
    ends = np.flatnonzero((final.balance <= 1e-9) & (final.weight > 0) & (final.start < np.arange(size + 1)))
    found = []
    for end in ends.tolist():
        weight = float(final.weight[end])
        cost = float(final.balance[end]) + share * weight
        found.append((1.0 - cost / weight, int(final.start[end]), end))
    return found


def _advance(front: _Front, pattern: Sequence[_Node], speech: Speech, share: float, spare: float) -> _Front | None:
    """The front after a run of nodes; None when no alternative can still fit. `spare`: balance that may yet be lost without failing."""
    for node in pattern:
        if isinstance(node, _Element):
            front = _step(front, node, speech, share)
            continue
        best = min(_bound(alternative, speech, share) for alternative in node.alternatives)
        branches = []
        for alternative in node.alternatives:
            lost = _bound(alternative, speech, share) - best
            if lost <= spare + 1e-9 and (branch := _advance(front, alternative, speech, share, spare - lost)) is not None:
                branches.append(branch)
        if not branches:
            return None
        front = branches[0]
        for branch in branches[1:]:
            front = front.better_of(branch)
    return front


def _bound(pattern: Sequence[_Node], speech: Speech, share: float) -> float:
    """Lowest balance the pattern can have anywhere in this speech."""
    total = 0.0
    for node in pattern:
        if isinstance(node, _Element):
            total += speech.lowest(node) - share * node.weight
        else:
            total += min(_bound(alternative, speech, share) for alternative in node.alternatives)
    return total


def _step(front: _Front, element: _Element, speech: Speech, share: float) -> _Front:
    """Match one more element: on the next token, or by leaving it out; then let tokens that the phrase does not have pass."""
    gain = share * element.weight
    has_begun = front.start[:-1] < np.arange(front.start.size - 1)
    matched = front.balance[:-1] + speech.row(element) + np.where(has_begun, speech.crossing, 0.0)
    skipped = front.balance + element.skip
    balance, weight, start = skipped, front.weight, front.start
    is_match = np.concatenate(([False], matched <= skipped[1:]))
    balance = np.where(is_match, np.concatenate(([0.0], matched)), skipped) - gain
    weight = np.where(is_match, np.concatenate(([0.0], front.weight[:-1])), front.weight) + element.weight
    start = np.where(is_match, np.concatenate(([0], front.start[:-1])), front.start)
    # Running minimum over where a run of foreign tokens begins.
    cumulative = speech.cumulative_insertion
    levels = balance - cumulative
    lowest = np.minimum.accumulate(levels)
    origin = np.maximum.accumulate(np.where(levels <= lowest, np.arange(levels.size), 0))
    return _Front(lowest + cumulative, weight[origin], start[origin])


def _is_denied(phrase: Phrase, speech: Speech, start: int) -> bool:
    """Whether a negation stands right before the match, in the same clause."""
    if speech.tokens[start].is_negation:
        return False
    degree = _DEGREE.get(speech.language, frozenset())
    index = start - 1
    while index >= 0 and start - index <= 3 and speech.owner[index] == speech.owner[start]:
        text = speech.utterances[speech.owner[start]].text
        if re.search(r"[，。？！、,.?!;；:：]", text[speech.tokens[index].end : speech.tokens[index + 1].start]):
            return False
        if speech.tokens[index].is_negation:
            return True
        if speech.tokens[index].text not in degree:
            return False
        index -= 1
    return False


def _is_whole(speech: Speech, start: int, end: int) -> bool:
    """Whether the match leaves nothing but fillers of its utterance over."""
    owner = speech.owner[start]
    fillers = _FILLERS.get(speech.language, frozenset()) | _LIGHT.get(speech.language, frozenset())
    rest = [token.text for index, token in enumerate(speech.tokens) if speech.owner[index] == owner and not start <= index < end]
    return all(text in fillers for text in rest)


def _hit(phrase: Phrase, speech: Speech, similarity: float, start: int, end: int) -> Hit:
    first = speech.utterances[speech.owner[start]]
    parts = []
    spans: list[tuple[Utterance, int, int]] = []
    for owner, group in itertools.groupby(range(start, end), key=lambda index: speech.owner[index]):
        indices = list(group)
        utterance = speech.utterances[owner]
        char_start, char_end = speech.tokens[indices[0]].start, speech.tokens[indices[-1]].end
        spans.append((utterance, char_start, char_end))
        parts.append(utterance.text[char_start:char_end])
    words = [word for utterance, a, b in spans for word in words_between(utterance, a, b)]
    return Hit(
        phrase=phrase.text,
        similarity=round(max(0.0, min(1.0, similarity)), 4),
        start=start,
        end=end,
        utterance=first.utterance,
        text=" ".join(parts) if speech.language != "zh" else "".join(parts),
        start_ms=words[0].start_ms if words else first.start_ms,
        end_ms=words[-1].end_ms if words else spans[-1][0].end_ms,
        confidence=sum(word.confidence for word in words) / len(words) if words else None,
    )


def words_between(utterance: Utterance, start: int, end: int):  # type: ignore[no-untyped-def]
    """The words of an utterance that overlap a character span of its text."""
    found = []
    position = 0
    for word in utterance.words:
        if position < end and position + len(word.text) > start:
            found.append(word)
        position += len(word.text)
    return found


def _find_regex(phrase: Phrase, regex: re.Pattern[str], speech: Speech) -> list[Hit]:
    hits = []
    for index, utterance in enumerate(speech.utterances):
        text = simplify(utterance.text) if speech.language == "zh" else utterance.text
        for match in regex.finditer(text):
            covered = [
                i
                for i, token in enumerate(speech.tokens)
                if speech.owner[i] == index and token.start < match.end() and token.end > match.start()
            ]
            if covered:
                hits.append(_hit(phrase, speech, 1.0, covered[0], covered[-1] + 1))
    return hits


# --- compiling -------------------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def _pattern(text: str, language: str, slots: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[_Node, ...]:
    if text.count("(") + text.count("[") > _MOST_BRACKETS:
        raise InputRefused(f"A phrase of {len(text)} characters has too many brackets.", advice="Split it into several phrases.")
    parser = _Parser(text, dict(slots), language)
    pattern = parser.sequence("")
    if parser.position < len(text):
        raise InputRefused(f"{text!r}: {text[parser.position]!r} closes nothing.", advice="Balance the brackets of the phrase.")
    if not _has_words(pattern):
        raise InputRefused(f"{text!r} has no word to look for.", advice="Write at least one word.")
    return pattern


def _has_words(pattern: Sequence[_Node]) -> bool:
    return any(node.weight > 0 if isinstance(node, _Element) else any(_has_words(a) for a in node.alternatives) for node in pattern)


class _Parser:
    """Recursive descent over the phrase grammar; text between brackets and slots is normalised as one piece."""

    def __init__(self, text: str, slots: Mapping[str, Sequence[str]], language: str) -> None:
        self.text, self.slots, self.language = text, slots, language
        self.position = 0

    def sequence(self, closing: str) -> tuple[_Node, ...]:
        """Nodes up to a character of `closing` (not consumed) or the end."""
        nodes: list[_Node] = []
        while self.position < len(self.text):
            char = self.text[self.position]
            if char in closing or char in ")]":
                break
            nodes.extend(self._item(char))
        return tuple(nodes)

    def _item(self, char: str) -> list[_Node]:
        if char == "[":
            return [_Group(((), self._bracketed("]")[0]))]
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
        return list(_literal(self.text[start : self.position], self.language))

    def _bracketed(self, closing: str) -> list[tuple[_Node, ...]]:
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

    def _group(self, alternatives: list[tuple[_Node, ...]]) -> _Node:
        """Alternatives of one token each become one place that takes any of them."""
        tokens = {nodes[0] for nodes in alternatives if len(nodes) == 1 and isinstance(nodes[0], _Element) and nodes[0].kind == "token"}
        plain = [node for node in tokens if isinstance(node, _Element) and not node.is_negation]
        if len(alternatives) > 1 and len(plain) == len(set(alternatives)):
            return _Element("choice", frozenset(node.token for node in plain), min(node.weight for node in plain))
        return _Group(tuple(dict.fromkeys(alternatives)))

    def _slot(self, name: str) -> list[_Node]:
        head, _, count = name.partition(":")
        wild = _Element("wild", weight=0.0)
        if head in ("any", "some") and count.isascii() and count.isdigit() and 0 < int(count) <= _LONGEST_GAP:
            # Anything fits, but something must be there: it may not be left out, and gives no licence to mishear the rest.
            first = wild if head == "any" else _Element("some", weight=0.0)
            return [first, *[wild] * (int(count) - 1)]
        if name == "number":
            return [_Element("number")]
        if name == "surname":
            return [_Element("set", _surnames())]
        tables = {"daytime": _DAYTIME, "duration": _DURATION, "date": _DATE}
        if name in tables:
            alternatives = tables[name].get(self.language, tables[name]["en"])
            return list(_Parser(f"({alternatives})", self.slots, self.language).sequence(""))
        if name in ("company", "agent_name"):
            wordings = [_literal(value, self.language) for value in self.slots.get(name, ())]
            return [_Group(tuple(w for w in wordings if w))] if any(wordings) else [_Element("set", frozenset(("\0",)), _FORBIDDEN_COST)]
        raise InputRefused(
            f"{self.text!r}: no slot is called {{{name}}}.",
            advice="There are company, agent_name, daytime, duration, number, date, surname, any:n, some:n (n up to 12).",
        )


def _literal(text: str, language: str) -> tuple[_Element, ...]:
    light = _LIGHT.get(language, frozenset())
    tokens = tokens_of(normalise(text, language), text)
    return tuple(_Element("token", frozenset((token.text,)), 0.4 if token.text in light else 1.0, token.is_negation) for token in tokens)


@lru_cache(maxsize=1)
def _surnames() -> frozenset[str]:
    return frozenset(item.split("/")[0].lstrip("!") for char in _SURNAMES for item in normalise(char, "zh").split())
