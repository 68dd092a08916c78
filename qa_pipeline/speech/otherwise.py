"""What else the recogniser took into account: the other readings of its beam, as what they change in the best one.

In: what a decoding gave (token ids with scores) and the words that were made of the best. Out: for each other reading its share of belief and the stretches
of words that it has otherwise. The search for the best reading ends with all of them, so that they cost no time (docs/decisions/alternatives.md).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from qa_pipeline.call import Alternative, Word
from qa_pipeline.text.fold import fold
from qa_pipeline.text.normalise import simplify, unit_count, unit_spans

# Kept of an utterance, and believed at least so much. Chosen, not measured: below it lies what a beam of five hardly ever holds.
MOST_ALTERNATIVES = 3
LEAST_SHARE = 0.02
_UNTOLD = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Words of the best reading that another has otherwise: from the start of the first to the end of the last, as they were heard and as it has them."""

    start_ms: int
    end_ms: int
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherReading:
    """Another reading of what was decoded at once. `share`: of the belief in all readings that the beam held, 0–1."""

    share: float
    changes: tuple[Change, ...]


class Beam:
    """A decoder that is asked for all readings of its beam, and keeps for each thread what it said. Everything else goes on to the decoder.

    `model`: ctranslate2.models.Whisper. Its beam search with a length penalty, which faster-whisper always sets, goes on until it has as many readings as
    beams, whether they are asked for or not: the best one stays what it was.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._said = threading.local()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, *inputs: Any, **options: Any) -> Any:
        """As the decoder's own, with every reading of the beam."""
        several = options.get("num_hypotheses", 1) == 1 and options.get("beam_size", 1) > 1
        results = self._model.generate(*inputs, **options | ({"num_hypotheses": options["beam_size"]} if several else {}))
        self._kept().extend(results)
        return results

    @contextmanager
    def recorded(self) -> Iterator[list[Any]]:
        """What this thread's decodings give within the block, in order."""
        kept = self._said.kept = []
        try:
            yield kept
        finally:
            self._said.kept = []

    def _kept(self) -> list[Any]:
        if not hasattr(self._said, "kept"):
            self._said.kept = []
        kept: list[Any] = self._said.kept
        return kept


def decoding_of(tokens: Sequence[int], decodings: Sequence[Any]) -> Any | None:
    """The decoding of which the best reading has some tokens in a row."""
    return next((one for one in decodings if _has_in_a_row(one.sequences_ids[0], list(tokens))), None)


def readings_of(
    words: Sequence[Word], decoding: Any, decode: Callable[[Sequence[int]], str], *, in_characters: bool
) -> tuple[OtherReading, ...]:
    """The other readings of a decoding, as what they change in the words that were made of the best one. `decode`: token ids → text."""
    best, *others = (decode(tokens) for tokens in decoding.sequences_ids)
    joined = "".join(word.text for word in words)
    # What the recogniser left for the next decoding has words there; other readings of it are not about these.
    rest = best[len(joined) :] if unit_count(best) > unit_count(joined) else ""
    told = [*words, Word(text=rest, start_ms=_UNTOLD, end_ms=_UNTOLD, confidence=0.0)] if rest else words
    readings = []
    for share, text in zip(shares_of(decoding)[1:], others, strict=True):
        changes = tuple(c for c in changes_in(told, text, in_characters=in_characters) if _UNTOLD not in (c.start_ms, c.end_ms))
        if changes:
            readings.append(OtherReading(share=round(share, 4), changes=changes))
    return tuple(readings)


def shares_of(decoding: Any) -> list[float]:
    """The shares of belief in the readings of a decoding, the best first: as their probabilities stand to each other."""
    # A score is the mean log-probability of the tokens, the end among them.
    sums = [score * len(tokens) for score, tokens in zip(decoding.scores, decoding.sequences_ids, strict=True)]
    chances = [math.exp(one - max(sums)) for one in sums]
    return [chance / sum(chances) for chance in chances]


def changes_in(words: Sequence[Word], text: str, *, in_characters: bool) -> tuple[Change, ...]:
    """What a text has otherwise than words, in whole words; nothing for punctuation, letter case or variants of a script."""
    best = "".join(word.text for word in words)
    own, other = unit_spans(best), unit_spans(text)
    if not own or not other:
        return ()
    units = [_plain(best[a:b], in_characters=in_characters) for a, b in own]
    wanted = [_plain(text[a:b], in_characters=in_characters) for a, b in other]
    owner = _owners(words, own)
    blocks: list[list[int]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, units, wanted, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if i1 == i2:
            # Something more: it goes with the unit before, at the start with the one behind.
            i1, i2, j1, j2 = (i1 - 1, i2, j1 - 1, j2) if i1 else (i1, i2 + 1, j1, j2 + 1)
        while i1 > 0 and owner[i1 - 1] == owner[i1]:
            i1, j1 = i1 - 1, j1 - 1
        while i2 < len(units) and owner[i2] == owner[i2 - 1]:
            i2, j2 = i2 + 1, j2 + 1
        if blocks and i1 <= blocks[-1][1]:
            blocks[-1] = [min(blocks[-1][0], i1), max(blocks[-1][1], i2), min(blocks[-1][2], j1), max(blocks[-1][3], j2)]
        else:
            blocks.append([i1, i2, j1, j2])
    found = []
    for i1, i2, j1, j2 in blocks:
        inside = words[owner[i1] : owner[i2 - 1] + 1]
        j1, j2 = max(0, j1), min(len(other), j2)
        after = text[other[j1][0] : other[j2 - 1][1]] if j1 < j2 else ""
        before = "".join(word.text for word in inside)
        found.append(Change(start_ms=inside[0].start_ms, end_ms=inside[-1].end_ms, before=before.strip(), after=_dressed(after, before)))
    return tuple(found)


def alternatives_of(words: Sequence[Word], readings: Sequence[OtherReading]) -> tuple[Alternative, ...]:
    """The other readings of one utterance: each with all that it changes there, equal ones together, the likeliest first."""
    if not words:
        return ()
    start, end = words[0].start_ms, max(word.end_ms for word in words)
    shares: dict[str, float] = {}
    for reading in readings:
        inside = [change for change in reading.changes if start <= change.start_ms and change.end_ms <= end]
        text = _with(words, inside) if inside else None
        if text:
            shares[text] = shares.get(text, 0.0) + reading.share
    likeliest = sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:MOST_ALTERNATIVES]
    return tuple(Alternative(text=text, share=round(share, 4)) for text, share in likeliest if share >= LEAST_SHARE)


def _with(words: Sequence[Word], changes: Sequence[Change]) -> str | None:
    """The words with some changes made; None where none of them is about these words."""
    texts = [word.text for word in words]
    made = False
    for change in changes:
        run = _run_of(words, change)
        if run is not None:
            first, last = run
            lead = words[first].text[: len(words[first].text) - len(words[first].text.lstrip())]
            texts[first : last + 1] = [lead + change.after if change.after else "", *[""] * (last - first)]
            made = True
    text = "".join(texts).strip()
    return text if made and text else None


def _run_of(words: Sequence[Word], change: Change) -> tuple[int, int] | None:
    """First and last of the words that a change is about."""
    for first, word in enumerate(words):
        if word.start_ms != change.start_ms:
            continue
        for last in range(first, len(words)):
            if words[last].end_ms == change.end_ms and "".join(w.text for w in words[first : last + 1]).strip() == change.before:
                return first, last
    return None


def _has_in_a_row(tokens: Sequence[int], wanted: Sequence[int]) -> bool:
    count = len(wanted)
    return any(list(tokens[at : at + count]) == wanted for at in range(len(tokens) - count + 1))


def _plain(unit: str, *, in_characters: bool) -> str:
    return simplify(unit) if in_characters else fold(unit)


def _owners(words: Sequence[Word], units: Sequence[tuple[int, int]]) -> list[int]:
    """For each unit of the joined words the index of the word that it begins in."""
    ends: list[int] = []
    for word in words:
        ends.append((ends[-1] if ends else 0) + len(word.text))
    owners, at = [], 0
    for start, _ in units:
        while ends[at] <= start:
            at += 1
        owners.append(at)
    return owners


def _dressed(after: str, before: str) -> str:
    """Words with the punctuation that the ones they stand for end with."""
    stripped = before.rstrip()
    spans = unit_spans(stripped)
    return after + stripped[spans[-1][1] :] if after and spans else after
