"""Whether what was found by its sound is to be believed: a sound-alike is the last thing that somebody said.

What is written to the letter as the phrase has it is believed. Of anything else each token that is written otherwise is looked at: is it half of a word
that makes sense where it stands (机 in 手机), a whole word (方面), a frequent character (是), or nothing that anybody says (放 in 放便)? How sure was the
recogniser, does a clause end lie inside, does the clause say anything else? The more sense it makes as it stands, the more of the phrase must be there to
the letter. All of this narrows what alignment found; it never finds more. Why, and what it costs: docs/decisions/sound-alikes.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.phrase_tables import PhraseWords
from qa_pipeline.phrases.grammar import Element, Node, Phrase
from qa_pipeline.phrases.lexicon import INSERT, INSERT_FILLER, UNIT
from qa_pipeline.phrases.speech import Speech
from qa_pipeline.phrases.written import token_and_writing, written_phrase
from qa_pipeline.text.norm_cache import cached_norm
from qa_pipeline.text.respell import frequencies
from qa_pipeline.text.segment import has_vocabulary
from qa_pipeline.text.sounds import token_cost

# Confidence of the recogniser. Below the first its words are doubtful, from the second on they were said as they stand. Chosen on recorded calls.
_DOUBTFUL, _SURE = 0.6, 0.95
# How many tokens to the letter outweigh one that makes other sense as it stands, and how long a phrase must then be.
_OUTWEIGH, _LONG = 2, 4
_OUTWEIGH_SURE = 3
# A phrase this short is found in longer words by chance.
_SHORT = 2
# Tokens that a clause may have beside the phrase, and the phrase still be what the clause says.
_BESIDE = 2
# As often a word of letters must have been counted to be one.
_FREQUENT = 2
_OUT_OF_QUESTION = 1_000.0
# Even what sounds the same is dearer than what is the same.
_SOUNDS_THE_SAME = 0.01


_Heard = tuple[tuple[str, str], ...]
"""Tokens that were heard, each with how it is written."""


class _Pair(NamedTuple):
    """A token of the speech in a place of the phrase. `is_open`: the place takes anything; `is_same`: it is what is written there.

    A place that was left out has the position −1, and the tokens it takes in `left_out`.
    """

    position: int
    is_open: bool
    weight: float
    is_same: bool
    is_negation: bool
    sounds_same: bool = True
    left_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Run:
    """Places of a phrase that take something certain, with nothing open between; positions count from the first token of the stretch.

    `others`: those written otherwise; `same`: how many tokens to the letter speak for the run.
    """

    pairs: tuple[_Pair, ...]
    others: tuple[_Pair, ...]
    places: frozenset[int]
    same: int
    has_negation: bool
    has_small_word: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a phrase makes of a stretch of tokens, whatever stands around it. `answer`: whether it is believed, where that is known by this alone.

    Else, in a language with a list of words, each of `runs` is looked at where it stands; in others only how surely the places of `others` were heard.
    """

    is_to_the_letter: bool
    answer: bool | None = None
    runs: tuple[_Run, ...] = ()
    is_whole: bool = False
    others: tuple[int, ...] = ()


_TO_THE_LETTER, _BELIEVED, _NOT_BELIEVED = _Reading(is_to_the_letter=True), _Reading(False, True), _Reading(False, False)


def is_believed(phrase: Phrase, speech: Speech, start: int, end: int) -> bool:
    """Whether the phrase was said in a stretch of tokens in which alignment found it."""
    reading = _reading(phrase, speech.heard(start, end), speech.lexicon.sought(phrase).budget / UNIT)
    if reading.is_to_the_letter:
        if phrase.mode == "exact":
            return not _runs_over_clause_end(speech, start, end - 1)
        return end - start > _SHORT or not has_vocabulary(phrase.language) or not _ends_in_a_word(speech, start, end)
    if reading.answer is not None:
        return reading.answer
    if reading.others:
        return _is_doubtful(speech.confidence([start + position for position in reading.others]))
    return all(_han(speech, run, start, is_whole=reading.is_whole) for run in reading.runs)


@lru_cache(maxsize=40_000)
def _reading(phrase: Phrase, heard: str, budget: float) -> _Reading:
    """Worked out once: what is taken for a phrase is nearly always one of a few wordings. `heard`: as Speech has it; `budget`: what a match may cost."""
    tokens = tuple(token_and_writing(token) for token in heard.split(" "))
    if _is_to_the_letter(phrase, tokens):
        return _TO_THE_LETTER
    if phrase.mode == "exact":
        return _NOT_BELIEVED
    ways = _cheapest(phrase, tokens, budget)
    if _swallowed(ways, tokens) or (phrase.slots and _is_name_alone(phrase, ways, tokens)):
        return _NOT_BELIEVED
    others = [pair for pair in ways if not pair.is_open and not pair.is_same]
    if not others:
        return _BELIEVED
    if not has_vocabulary(phrase.language):
        is_enough = _letters(phrase.language, [pair for pair in ways if pair.position >= 0 and not pair.is_open], others, tokens)
        return _BELIEVED if is_enough else _Reading(False, others=tuple(pair.position for pair in others))
    if phrase.mode == "strict" and not all(pair.sounds_same for pair in others):
        # What convicts somebody is not even a near sound.
        return _NOT_BELIEVED
    runs = _runs(ways)
    same = [sum(pair.is_same and not pair.is_negation for pair in run) for run in runs]
    return _Reading(
        False,
        runs=tuple(
            # What stands beyond an open place counts half: it may have been said of anything.
            _run(pairs, own + (sum(same) - own + 1) // 2)
            for pairs, own in zip(runs, same, strict=True)
            if not all(pair.is_same for pair in pairs)
        ),
        is_whole=len(runs) == 1,
    )


def _run(pairs: Sequence[_Pair], same: int) -> _Run:
    others = tuple(pair for pair in pairs if not pair.is_same)
    return _Run(
        pairs=tuple(pairs),
        others=others,
        places=frozenset(pair.position for pair in pairs),
        same=same,
        has_negation=any(pair.is_negation for pair in pairs),
        has_small_word=any(pair.weight < 1 and not pair.sounds_same for pair in others),
    )


def _is_to_the_letter(phrase: Phrase, tokens: _Heard) -> bool:
    """Whether a stretch of tokens is written as the phrase is: characters, or in letters words with any ending."""
    written = written_phrase(phrase.text, phrase.language, phrase.slots)
    if phrase.mode == "exact" or is_han(phrase.language):
        return bool(written.to_the_letter.fullmatch("".join(f"{writing} " for _, writing in tokens)))
    return bool(written.to_the_stem.fullmatch("".join(f"{token} " for token, _ in tokens)))


def _swallowed(pairs: Sequence[_Pair], heard: _Heard) -> bool:
    """Whether an open place took the very word that another place then did without: there is nothing where something was wanted."""
    left_out = {token for pair in pairs for token in pair.left_out}
    return bool(left_out) and any(pair.is_open and pair.position >= 0 and heard[pair.position][0] in left_out for pair in pairs)


def _is_name_alone(phrase: Phrase, pairs: Sequence[_Pair], tokens: _Heard) -> bool:
    """Whether of a phrase with a name in it nothing but the name was said: what stands beside the name (早 in 早{company}) is what tells, and is soon outweighed."""
    beside = _beside_names(phrase)
    placed = [pair for pair in pairs if pair.position >= 0 and not pair.is_open]
    is_missing = any(pair.left_out & beside and pair.weight >= 1 for pair in pairs)
    # Or something else stands in its place.
    is_missing = is_missing or any(not pair.is_same and not pair.sounds_same for pair in (*placed[:1], *placed[-1:]))
    return is_missing and not any(tokens[pair.position][0] in beside for pair in placed)


@lru_cache(maxsize=4_000)
def _beside_names(phrase: Phrase) -> frozenset[str]:
    """Tokens of a phrase that are not those of its names."""
    named = {token for _, wordings in phrase.slots for wording in wordings for token in cached_norm(wording, phrase.language).split()}
    pattern = written_phrase(phrase.text, phrase.language, phrase.slots).pattern
    return frozenset(token_and_writing(token)[0] for token in _tokens(pattern)) - named


def _tokens(nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Element):
            yield from node.tokens
        else:
            for alternative in node.alternatives:
                yield from _tokens(alternative)


def _ends_in_a_word(speech: Speech, start: int, end: int) -> bool:
    """Whether what is written as the phrase is ends in the middle of a word: 您好 in 您好像."""
    first, last, _ = speech.word_at(end - 1)
    return last > end and first >= start


def _runs(pairs: Sequence[_Pair]) -> list[list[_Pair]]:
    """The places of a phrase that take something certain, cut where an open one took something."""
    runs: list[list[_Pair]] = [[]]
    for pair in pairs:
        if not pair.is_open:
            runs[-1].append(pair)
        elif pair.position >= 0:
            runs.append([])
    return [run for run in runs if run]


def _han(speech: Speech, run: _Run, start: int, *, is_whole: bool) -> bool:
    """Whether a run of places is believed. `start`: of the stretch; `is_whole`: the run is all of the phrase."""
    fixed, others, same = run.pairs, run.others, run.same
    first, last = start + fixed[0].position, start + fixed[-1].position
    if len(fixed) <= _LONG and _runs_over_clause_end(speech, first, last):
        return False
    words, frequent = 0, 0
    for pair in others:
        begin, stop, makes_sense = speech.word_at(start + pair.position)
        if stop - begin > 1 and not run.places.issuperset(range(begin - start, stop - start)):
            # Half of a word that goes on outside the phrase.
            return same >= _OUTWEIGH * len(others) and _is_doubtful(_doubt(speech, others, start))
        words += stop - begin > 1
        frequent += stop - begin == 1 and makes_sense
    doubt = _doubt(speech, others, start)
    is_doubtful = _is_doubtful(doubt)
    if run.has_small_word and len(fixed) <= _LONG and not is_doubtful:
        # A particle is small, but it is what makes a question of a short phrase.
        return False
    if run.has_negation and not is_doubtful:
        return same >= (_OUTWEIGH * len(others) if words or frequent else 1)
    if doubt is not None and doubt >= _SURE:
        return same >= _OUTWEIGH_SURE * len(others)
    if is_doubtful or (is_whole and same + len(others) > 1 and _says_nothing_else(speech, first, last)):
        return True
    if words:
        return same >= _OUTWEIGH * words and len(fixed) >= _LONG
    if len(fixed) <= _SHORT:
        # One character that is there says something only if it is a rare one or not alone, and the other sounds the same.
        is_alone = same < _OUTWEIGH
        return same > 0 and all(
            pair.sounds_same if pair in others else not (is_alone and _is_frequent(speech, start + pair.position)) for pair in fixed
        )
    return same >= max(1, frequent)


def _doubt(speech: Speech, others: Sequence[_Pair], start: int) -> float | None:
    """How sure the recogniser was of the tokens that are written otherwise."""
    return speech.confidence([start + pair.position for pair in others])


def _is_doubtful(confidence: float | None) -> bool:
    return confidence is not None and confidence < _DOUBTFUL


def _is_frequent(speech: Speech, position: int) -> bool:
    first, last, makes_sense = speech.word_at(position)
    return last - first == 1 and makes_sense


def _letters(language: str, fixed: Sequence[_Pair], others: Sequence[_Pair], heard: _Heard) -> bool:
    """Whether what is to the letter outweighs the words that stand in the place of others. What is no word is a slip of the pen or of the recogniser."""
    known = frequencies(language)
    words = sum(known.get(heard[pair.position][1], 0) >= _FREQUENT for pair in others)
    return not words or sum(pair.is_same and pair.weight >= 1 for pair in fixed) >= _OUTWEIGH * words


def _runs_over_clause_end(speech: Speech, first: int, last: int) -> bool:
    begin, stop = speech.clause(first)
    return not begin <= last < stop


def _says_nothing_else(speech: Speech, first: int, last: int) -> bool:
    """Whether the clauses from a token to another hold hardly anything besides."""
    start, stop = speech.clause(first)[0], speech.clause(last)[1]
    if first - start + stop - last - 1 > _BESIDE:
        return False
    words = (speech.word_at(position) for position in (*range(start, first), *range(last + 1, stop)))
    return all(end - begin == 1 for begin, end, _ in words)


def _cheapest(phrase: Phrase, heard: _Heard, budget: float) -> tuple[_Pair, ...]:
    """The cheapest way of a phrase through all of the tokens heard; positions count from the first."""
    language = phrase.language
    fillers = frozenset(table(language, PhraseWords).fillers)
    passing = [INSERT_FILLER if token in fillers else INSERT for token, _ in heard]
    alignment = _Alignment(heard, passing, budget + _SOUNDS_THE_SAME * len(heard), language)
    ways = alignment.through(written_phrase(phrase.text, language, phrase.slots).pattern, {0: (0.0, ())})
    return ways.get(len(heard), (0.0, ()))[1]


_Ways = dict[int, tuple[float, tuple[_Pair, ...]]]


@dataclass(frozen=True, slots=True)
class _Alignment:
    """What stays the same while a pattern is aligned: tokens heard with their writing, what passing each costs, the most that a way may cost."""

    heard: _Heard
    passing: Sequence[float]
    budget: float
    language: str

    def through(self, nodes: Sequence[Node], ways: _Ways) -> _Ways:
        """By how many tokens are behind it, the cheapest way through some nodes."""
        for node in nodes:
            if not ways:
                break
            if isinstance(node, Element):
                ways = self._step(node, ways)
                continue
            several = [self.through(alternative, ways) for alternative in node.alternatives]
            ways = {}
            for found in several:
                for place, way in found.items():
                    if place not in ways or way[0] < ways[place][0]:
                        ways[place] = way
        return ways

    def _step(self, element: Element, ways: _Ways) -> _Ways:
        found: _Ways = {}
        is_open = element.kind in ("wild", "some", "number")
        skip = 0.0 if element.kind == "wild" else element.skip
        for place, (cost, pairs) in ways.items():
            if cost + skip <= self.budget and (place not in found or cost + skip < found[place][0]):
                found[place] = (cost + skip, (*pairs, _left_out(element)))
            if place == len(self.heard):
                continue
            price = _price(element, *self.heard[place], self.language)
            total = cost + price
            if total <= self.budget and (place + 1 not in found or total < found[place + 1][0]):
                pair = _Pair(place, is_open, element.weight, price == 0, element.is_negation, price <= _SOUNDS_THE_SAME)
                found[place + 1] = (total, (*pairs, pair))
        for place in range(len(self.heard)):
            # Tokens of the speech that the phrase does not have.
            if place in found:
                total = found[place][0] + self.passing[place]
                if total <= self.budget and (place + 1 not in found or total < found[place + 1][0]):
                    found[place + 1] = (total, found[place][1])
        return found


@lru_cache(maxsize=20_000)
def _left_out(element: Element) -> _Pair:
    tokens = frozenset(token_and_writing(token)[0] for token in element.tokens) or (
        frozenset() if element.kind == "wild" else frozenset([""])
    )
    return _Pair(-1, True, element.weight, True, False, left_out=tokens)


@lru_cache(maxsize=200_000)
def _price(element: Element, token: str, writing: str, language: str) -> float:
    """What a token of the speech costs in a place of the phrase: nothing where it is written the same."""
    if element.kind in ("wild", "some"):
        return 0.0
    if element.kind == "number":
        return 0.0 if token.isdigit() else 1.0
    parts = [token_and_writing(wanted) for wanted in element.tokens]
    if any(written == writing or (sound == token and not is_han(language)) for sound, written in parts):
        return 0.0
    cheapest = min((token_cost(sound, token, language) for sound, _ in parts), default=_OUT_OF_QUESTION)
    return _SOUNDS_THE_SAME + element.weight * cheapest
