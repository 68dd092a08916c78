"""Find phrases in recognised speech, tolerating what recognisers mishear, and say where and how well they fit.

A phrase (grammar.py) is aligned with the tokens of `norm`, anywhere in the speech of one party, each substitution weighted by sounds.py.
similarity = 1 − cost ÷ weight of the pattern. **Negation veto**: a negation never stands for another word, is never skipped inside a match, and a
phrase right after one is no match (不满意 is not 满意), unless the phrase has the negation itself. What only sounds alike must be believed (belief.py).

Many phrases are looked for in many calls at once (`match_phrases` in a `Corpus`): the screen tells where to look, alignment what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.load import is_han
from qa_pipeline.phrases.alignment import Match, align, align_ranges
from qa_pipeline.phrases.belief import is_believed
from qa_pipeline.phrases.grammar import MatchMode, Phrase, compile_phrase, lacks_name, names_call
from qa_pipeline.phrases.lexicon import UNIT, Sought
from qa_pipeline.phrases.regular import Pattern, find_regular
from qa_pipeline.phrases.screen import Corpus
from qa_pipeline.phrases.speech import Quote, Speech, words_between
from qa_pipeline.text.normalise import normalise, simplify

__all__ = [
    "Corpus", "Hit", "Match", "MatchMode", "Nearness", "Phrase", "Speech", "alone", "best_apart", "best_similarity", "compile_phrase", "find_phrase", "lacks_name",
    "match_phrases", "names_call", "nearest_in", "nearness", "similarity", "speech_from_text", "words_between",
]  # fmt: skip

# Share of a phrase's weight that may be missing in what is shown as the nearest thing heard.
NEAREST = 0.6
# Utterances aligned to find it.
_NEAREST_TRIED = 2
# Of phrases with utterances: 20 MB at most.
_MOST_REMEMBERED = 50_000


class Hit:
    """Where a phrase was found. `start`/`end`: half-open token range in the Speech searched; `utterance`: number of the first; `similarity` 0–1.

    Its words and times are looked up when asked for.
    """

    __slots__ = ("_speech", "end", "phrase", "similarity", "start", "utterance")

    def __init__(self, phrase: Phrase, speech: Speech, similarity: float, start: int, end: int) -> None:
        self._speech = speech
        self.phrase = phrase.text
        self.similarity = round(max(0.0, min(1.0, similarity)), 4)
        self.start, self.end = start, end
        self.utterance = speech.utterances[speech.owner(start)].utterance

    @property
    def is_within_one(self) -> bool:
        """Whether it lies in one utterance."""
        return self._speech.owner(self.start) == self._speech.owner(self.end - 1)

    @property
    def quote(self) -> Quote:
        """The words found, with their times."""
        return self._speech.quote(self.start, self.end)

    @property
    def text(self) -> str:
        """The words found."""
        return self.quote.text

    @property
    def start_ms(self) -> int | None:
        """When they begin."""
        return self.quote.start_ms

    @property
    def end_ms(self) -> int | None:
        """When they end."""
        return self.quote.end_ms

    @property
    def confidence(self) -> float | None:
        """Mean confidence of the words; None without words."""
        return self.quote.confidence


def find_phrase(phrase: Phrase, speech: Speech) -> list[Hit]:
    """Every non-overlapping place where the phrase is said, best first."""
    if phrase.regex is None:
        speech.lexicon.sought(phrase)
    return best_apart(phrase, speech, match_phrases([phrase], alone(speech))[0].get(0, []))


def match_phrases(phrases: Sequence[Phrase], corpus: Corpus) -> list[dict[int, list[Match]]]:
    """For each phrase, by the index of a speech in the corpus, every way it fits; they may overlap (`best_apart`)."""
    lexicon = corpus.lexicon
    sought = {phrase: lexicon.sought(phrase) for phrase in phrases if phrase.regex is None}
    possible = set(corpus.prepare(list(sought.values())))
    found: list[dict[int, list[Match]]] = []
    for phrase in phrases:
        if phrase.regex:
            found.append(_by_speech(_regex(phrase.regex, corpus)))
        else:
            found.append(_by_speech(align(sought[phrase], corpus)) if sought[phrase] in possible else {})
    return found


def best_apart(phrase: Phrase, speech: Speech, matches: Sequence[Match]) -> list[Hit]:
    """The best of the matches that overlap, without those that are denied or no whole turn where one is asked for; best first.

    A regular expression says itself what it wants.
    """
    taken: list[Match] = []
    not_believed: set[int] = set()
    for match in sorted(matches, key=_best_first) if len(matches) > 1 else matches:
        if phrase.regex:
            taken.append(match)
            continue
        if any(match.start < other.end and other.start < match.end for other in taken) or speech.is_denied(match.start):
            continue
        if phrase.whole_turn and not speech.is_whole(match.start, match.end):
            continue
        # Another end of what was not believed is no better.
        if match.start in not_believed or not is_believed(phrase, speech, match.start, match.end):
            not_believed.add(match.start)
            continue
        taken.append(match)
    return [Hit(phrase, speech, match.similarity, match.start, match.end) for match in taken]


def alone(speech: Speech) -> Corpus:
    """A corpus of one speech, made once."""
    speech.refresh()
    if isinstance(speech.corpus, Corpus):
        return speech.corpus
    corpus = Corpus([speech], speech.lexicon)
    speech.corpus = corpus
    return corpus


def best_similarity(phrase: Phrase, speech: Speech) -> tuple[float, Hit | None]:
    """How near the speech comes to the phrase, found or not: what was heard where the phrase was expected."""
    if not len(speech) or phrase.regex:
        return 0.0, None
    sought = speech.lexicon.sought(phrase, NEAREST)
    corpus = alone(speech)
    found = align(sought, corpus) if corpus.prepare([sought]) else []
    best = max(found, key=lambda match: (match.similarity, match.start, match.end), default=None)
    return (best.similarity, Hit(phrase, speech, best.similarity, best.start, best.end)) if best else (0.0, None)


@dataclass(frozen=True, slots=True, eq=False)
class Nearness:
    """How near each utterance of a corpus comes to some phrases by its words, whatever their order: (utterances,).

    `share`: highest similarity possible; `phrase`: index of the phrase that has it.
    """

    share: NDArray[np.float64]
    phrase: NDArray[np.intp]


def nearness(phrases: Sequence[Phrase], corpus: Corpus) -> Nearness:
    """Compare every utterance with every phrase, roughly."""
    share, chosen = np.zeros(len(corpus)), np.zeros(len(corpus), dtype=np.intp)
    wanted = {index: corpus.lexicon.sought(phrase, NEAREST) for index, phrase in enumerate(phrases) if phrase.regex is None}
    corpus.prepare_all(list(wanted.values()))
    for index, sought in wanted.items():
        similarity = 1.0 - corpus.bound(sought) * (NEAREST * UNIT / 100 / sought.budget)
        is_nearer = similarity > share
        share[is_nearer] = similarity[is_nearer]
        chosen[is_nearer] = index
    return Nearness(share, chosen)


def nearest_in(phrases: Sequence[Phrase], near: Nearness, corpus: Corpus, speech: int, numbers: frozenset[int]) -> Hit | None:
    """The best alignment of the nearest phrases with the nearest of some utterances of a speech; None where nothing comes near."""
    first, last = np.searchsorted(corpus.speech_of, (speech, speech + 1)).tolist()
    inside = [first + i for i, number in enumerate(corpus.utterance[first:last].tolist()) if number in numbers]
    best: tuple[float, Phrase, int, int] | None = None
    for index in sorted(inside, key=lambda index: (-near.share[index], index))[:_NEAREST_TRIED]:
        phrase = phrases[near.phrase[index]]
        if phrase.regex or near.share[index] <= 0:
            continue
        found = _nearest_reading(corpus.lexicon.sought(phrase, NEAREST), corpus, index)
        if found is not None and (best is None or found[0] > best[0]):
            start = int(corpus.first[index] - corpus.start_of[speech])
            best = (found[0], phrase, start + found[1], start + found[2])
    return Hit(best[1], corpus.speeches[speech], best[0], *best[2:]) if best else None


def _nearest_reading(sought: Sought, corpus: Corpus, utterance: int) -> tuple[float, int, int] | None:
    """The best alignment of a phrase with one utterance: similarity and tokens (half-open) of the utterance. People say the same again and again, so
    what an utterance of these tokens came to is remembered.
    """
    first, last = corpus.first[utterance : utterance + 1], corpus.first[utterance + 1 : utterance + 2]
    known, key = corpus.lexicon.nearest, (sought, corpus.tokens[first[0] : last[0]].tobytes())
    if (found := known.get(key)) is not None:
        return found[0]
    matches = align_ranges(sought, corpus, first, last, best_reading=True)
    best = max(matches, key=attrgetter("similarity"), default=None)
    start = int(first[0] - corpus.start_of[corpus.speech_of[utterance]])
    reading = (best.similarity, best.start - start, best.end - start) if best else None
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[key] = (reading,)
    return reading


def similarity(phrase: str, text: str, language: str) -> float:
    """Similarity (0–1) of the best place for a phrase in a text; 0 where the negation veto forbids it."""
    compiled = compile_phrase(phrase, language)
    hits = find_phrase(compiled, speech_from_text(text, language))
    return hits[0].similarity if hits else 0.0


def speech_from_text(text: str, language: str) -> Speech:
    """A Speech of one utterance without times."""
    utterance = Utterance(
        utterance=0, role=Role.UNKNOWN, speaker="", channel=None, start_ms=None, end_ms=None, text=text,
        confidence=None, language=language, norm=normalise(text, language), words=(),
    )  # fmt: skip
    return Speech([utterance], language)


def _best_first(match: Match) -> tuple[float, int, int]:
    return -match.similarity, match.start, match.end


def _by_speech(found: Iterable[Match]) -> dict[int, list[Match]]:
    by_speech: dict[int, list[Match]] = {}
    for match in found:
        by_speech.setdefault(match.speech, []).append(match)
    return by_speech


def _regex(pattern: Pattern, corpus: Corpus) -> Iterator[Match]:
    for index, number in zip(corpus.speech_of.tolist(), corpus.utterance.tolist(), strict=True):
        speech = corpus.speeches[index]
        owner = speech.place[number]
        text = speech.utterances[owner].text
        text = simplify(text) if is_han(speech.language) else text
        for start, end in find_regular(pattern, text):
            positions = range(speech.offsets[owner], speech.offsets[owner + 1])
            covered = [p for p in positions if speech.span(p)[0] < end and speech.span(p)[1] > start]
            if covered:
                yield Match(speech=index, similarity=1.0, start=covered[0], end=covered[-1] + 1)
