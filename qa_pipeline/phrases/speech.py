"""What one party of a call said, as tokens, and where in the text and when each of them was said.

Positions in texts are worked out only for what was found: most utterances are searched and never shown.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qa_pipeline.call import Utterance, Word
from qa_pipeline.languages.load import glue
from qa_pipeline.phrases.lexicon import UNIT, Lexicon, lexicon_of
from qa_pipeline.phrases.written import CLAUSE_ENDS, NOWHERE, Forms
from qa_pipeline.text.normalise import Token, tokens_of

# Cost in units of a match that runs on into the party's next utterance, and past somebody else's words.
NEXT_UTTERANCE = round(0.35 * UNIT)
OTHER_SPEAKER = UNIT
# How many words of degree may stand between a negation and what it denies.
_DENIAL_REACH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A stretch of what was said. `confidence`: mean of its words; None without words. Times as in Utterance."""

    text: str
    start_ms: int | None
    end_ms: int | None
    confidence: float | None


class Located:
    """Tokens and words of a conversation's utterances, located in their texts: worked out once, and only for those that something is found in."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._forms: dict[int, Forms] = {}
        self._word_ends: dict[int, list[int]] = {}

    def forms(self, utterance: Utterance) -> Forms:
        """The tokens of an utterance, located and written."""
        found = self._forms.get(utterance.utterance)
        if found is None:
            found = self._forms[utterance.utterance] = Forms(utterance.norm, utterance.text, self._language)
        return found

    def word_ends(self, utterance: Utterance) -> list[int]:
        """Where in the text each word of an utterance ends."""
        found = self._word_ends.get(utterance.utterance)
        if found is None:
            found = self._word_ends[utterance.utterance] = _ends(utterance.words)
        return found


class Speech:
    """Utterances of one party laid end to end as tokens, in order of time.

    `numbers`: the tokens as the lexicon numbers them; `offsets`: where each utterance begins, and the end; `place`: index of each
    utterance by its number; `located`: shared by all speeches of a conversation; `corpus`: this speech laid out for searching it alone, kept here by who searches (search.py).
    """

    def __init__(
        self,
        utterances: Sequence[Utterance],
        language: str,
        lexicon: Lexicon | None = None,
        read: Callable[[str], Sequence[int]] | None = None,
        located: Located | None = None,
    ) -> None:
        self.language = language
        self.lexicon = lexicon or lexicon_of(language)
        self.utterances = tuple(utterances)
        self._read(read or self.lexicon.read)
        self._numbered = [utterance.utterance for utterance in self.utterances]
        self.place = {number: index for index, number in enumerate(self._numbered)}
        self._located = located or Located(language)
        self._quotes: dict[tuple[int, int], Quote] = {}

    def _read(self, read: Callable[[str], Sequence[int]]) -> None:
        self.edition = self.lexicon.edition
        self.numbers: list[int] = []
        self.offsets = [0]
        for utterance in self.utterances:
            self.numbers += read(utterance.norm)
            self.offsets.append(len(self.numbers))
        self.corpus: object | None = None

    def refresh(self) -> None:
        """Read the words again if the lexicon has come to tell them apart better."""
        if self.edition != self.lexicon.edition:
            self._read(self.lexicon.read)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """All tokens, located in the texts of their utterances."""
        return tuple(token for utterance in self.utterances for token in tokens_of(utterance.norm, utterance.text))

    def heard(self, start: int, end: int) -> str:
        """A half-open range of tokens with how they are written, each as `token TAB writing`, blanks between."""
        found: list[str] = []
        owner = self.owner(start)
        while start < end:
            first, last = self.offsets[owner], self.offsets[owner + 1]
            inside = self._forms_of(owner).heard(start - first, min(end, last) - first)
            # Where `norm` has more units than the text the rest is written as nothing.
            found += inside + [NOWHERE] * (min(end, last) - start - len(inside))
            start, owner = max(start, last), owner + 1
        return " ".join(found)

    def clause(self, position: int) -> tuple[int, int]:
        """The tokens (half-open) of the clause that a token stands in."""
        owner = self.owner(position)
        offset, forms = self.offsets[owner], self._forms_of(owner)
        if position - offset >= len(forms):
            return position, position + 1
        first, last = forms.clause(position - offset)
        return offset + first, offset + last

    def word_at(self, position: int) -> tuple[int, int, bool]:
        """The tokens (half-open) of the word that a token is in, in a language with a list of words, and whether the word makes sense."""
        owner = self.owner(position)
        offset, forms = self.offsets[owner], self._forms_of(owner)
        if position - offset >= len(forms):
            return position, position + 1, False
        first, last, makes_sense = forms.word_at(position - offset)
        return offset + first, offset + last, makes_sense

    def confidence(self, positions: Sequence[int]) -> float | None:
        """Mean confidence of the words that some tokens are in; None without words."""
        found: list[float] = []
        for position in positions:
            owner = self.owner(position)
            found += confidences(self.utterances[owner].words, *self._words_between(owner, *self.span(position)))
        return sum(found) / len(found) if found else None

    def owner(self, position: int) -> int:
        """Index of the utterance that a token belongs to."""
        return bisect_right(self.offsets, position) - 1

    def span(self, position: int) -> tuple[int, int]:
        """Character span of a token in the text of its utterance; nothing at its end where `norm` has more units than the text."""
        owner = self.owner(position)
        spans, index = self._forms_of(owner).spans, position - self.offsets[owner]
        if index < len(spans):
            return spans[index]
        end = len(self.utterances[owner].text)
        return end, end

    def reach(self, first: int, last: int, budget: int) -> tuple[int, int]:
        """The utterances (half-open) that a match costing at most `budget` units may run over, if it begins or ends in the given ones."""
        numbers = self._numbered

        def step(index: int) -> int:
            return NEXT_UTTERANCE if numbers[index] - numbers[index - 1] == 1 else OTHER_SPEAKER

        left = budget
        while first > 0 and (left := left - step(first)) >= 0:
            first -= 1
        left = budget
        while last < len(numbers) and (left := left - step(last)) >= 0:
            last += 1
        return first, last

    def quote(self, start: int, end: int) -> Quote:
        """The text and times of a half-open range of tokens."""
        found = self._quotes.get((start, end))
        if found is None:
            found = self._quotes[start, end] = self._quote(start, end)
        return found

    def is_denied(self, start: int) -> bool:
        """Whether a negation stands right before a token, in the same clause; words of degree may stand between."""
        lexicon, numbers = self.lexicon, self.numbers
        if start == 0 or lexicon.is_negation[numbers[start]]:
            return False
        owner = self.owner(start)
        index = start - 1
        nearest = max(self.offsets[owner], start - _DENIAL_REACH)
        while index >= nearest and not lexicon.is_negation[numbers[index]]:
            if not lexicon.is_degree[numbers[index]]:
                return False
            index -= 1
        if index < nearest:
            return False
        text = self.utterances[owner].text
        gaps = [text[self.span(position)[1] : self.span(position + 1)[0]] for position in range(index, start)]
        return all(CLAUSE_ENDS.isdisjoint(gap) for gap in gaps)

    def is_whole(self, start: int, end: int) -> bool:
        """Whether a range of tokens leaves nothing but fillers of its utterance over."""
        owner = self.owner(start)
        first, last = self.offsets[owner], self.offsets[owner + 1]
        small = self.lexicon.is_small
        return all(small[number] for number in self.numbers[first:start]) and all(small[number] for number in self.numbers[end:last])

    def _forms_of(self, owner: int) -> Forms:
        """The tokens of an utterance, located and written."""
        return self._located.forms(self.utterances[owner])

    def _words_between(self, owner: int, start: int, end: int) -> tuple[int, int]:
        """Which words of an utterance (half-open) overlap a character span of its text; where they end is worked out once."""
        return _overlapping(self._located.word_ends(self.utterances[owner]), start, end)

    def _quote(self, start: int, end: int) -> Quote:
        texts: list[str] = []
        found: list[float] = []
        owner = self.owner(start)
        start_ms, end_ms = self.utterances[owner].start_ms, self.utterances[owner].end_ms
        while start < end:
            utterance, stop = self.utterances[owner], min(end, self.offsets[owner + 1])
            if start < stop:
                first, last = self.span(start)[0], self.span(stop - 1)[1]
                texts.append(utterance.text[first:last])
                words = self._words_between(owner, first, last)
                shares = confidences(utterance.words, *words)
                if shares:
                    begin_ms, close_ms = _times(utterance.words, *words)
                    start_ms, end_ms = (start_ms if found else begin_ms), close_ms
                elif not found:
                    end_ms = utterance.end_ms
                found += shares
            start, owner = stop, owner + 1
        return Quote(
            text=glue(self.language).join(texts),
            start_ms=start_ms,
            end_ms=end_ms,
            confidence=sum(found) / len(found) if found else None,
        )


def words_between(utterance: Utterance, start: int, end: int) -> Sequence[Word]:
    """The words of an utterance that overlap a character span of its text."""
    first, last = _overlapping(_ends(utterance.words), start, end)
    return utterance.words[first:last]


# Stored words are still columns (results/heard.py): they answer without an object for each.
def confidences(words: Sequence[Word], first: int, last: int) -> list[float]:
    """How sure the recogniser was of each of some words (half-open)."""
    stored = getattr(words, "confidences", None)
    found: list[float] = stored(first, last) if stored else [word.confidence for word in words[first:last]]
    return found


def confidences_between(utterance: Utterance, start_ms: int, end_ms: int) -> list[float]:
    """The same of the words of an utterance that sound within a span of time."""
    stored = getattr(utterance.words, "confidences_between", None)
    if stored is not None:
        found: list[float] = stored(start_ms, end_ms)
        return found
    return [word.confidence for word in utterance.words if word.start_ms < end_ms and word.end_ms > start_ms]


def _times(words: Sequence[Word], first: int, last: int) -> tuple[int, int]:
    """When the first of some words (half-open) begins, and when the last of them ends."""
    stored = getattr(words, "times", None)
    times: tuple[int, int] = stored(first, last) if stored else (words[first].start_ms, words[last - 1].end_ms)
    return times


def _ends(words: Sequence[Word]) -> list[int]:
    """Where each word ends in the text of its utterance."""
    stored = getattr(words, "text_ends", None)
    if stored is not None:
        ends: list[int] = stored()
        return ends
    return list(itertools.accumulate(len(word.text) for word in words))


def _overlapping(ends: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """Which words (half-open) overlap a character span. `ends`: where each ends."""
    if end <= 0:
        return 0, 0
    first = bisect_right(ends, start)
    return first, max(first, min(len(ends), bisect_left(ends, end) + 1))
