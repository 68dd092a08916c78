"""Which language a text is in: one in a han script by its characters, those in letters by their commonest words and their letters.

For calls that come as text; recordings are told by the recogniser. A library was not taken: the good ones bring tens of megabytes of models for
languages that no rubric knows (docs/decisions/transcript-parsers.md). Measured on whole chats of the training sentences, see
tests/text/test_detect.py; a text of a few words may stay undecided, which is None and never a guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from qa_pipeline.languages.load import han_languages, is_han, is_language, language_codes, table
from qa_pipeline.languages.writing_tables import Detection
from qa_pipeline.text.normalise import HAN

_HAN = re.compile(rf"[{HAN}]")
_KANA_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_WORD = re.compile(rf"[^\W\d_{HAN}]+")
# Chosen on the sentences of models/: below, or with two languages this near each other, nothing is said.
_FEWEST = 2.0
_LEAD = 1.5
_HAN_SHARE = 0.3
_SENTENCE_WORDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marks:
    """What tells a language written in letters."""

    common: frozenset[str]
    letters: frozenset[str]

    def weight(self, words: Sequence[str]) -> float:
        return sum(1.0 if word in self.common else 0.5 if self.letters & set(word) else 0.0 for word in words)


def detect_language(texts: Sequence[str], languages: Sequence[str]) -> tuple[str, float] | None:
    """The likeliest of `languages` for texts of one conversation, with its share of the evidence (0–1); None when unsure."""
    text = unicodedata.normalize("NFC", "\n".join(texts)).casefold()
    han = len(_HAN.findall(text))
    words = _WORD.findall(text)
    if len(_KANA_HANGUL.findall(text)) > 0.05 * (han + len(words)):
        return None
    if han and han >= _HAN_SHARE * (han + len(words)):
        # A character weighs less than a word: brand names in Latin letters change nothing.
        written = next((code for code in han_languages() if code in languages), None)
        return (written, round(han / (han + len(words)), 4)) if written else None
    weights = sorted(((code, marks.weight(words)) for code, marks in _marks().items()), key=lambda weighed: -weighed[1])
    if not weights:
        return None
    best, most = weights[0]
    second = weights[1][1] if len(weights) > 1 else 0.0
    if most < _FEWEST or most < _LEAD * second or most < 0.1 * len(words):
        return None
    return (best, round(most / sum(weight for _, weight in weights), 4)) if best in languages else None


def written_language(text: str, language: str) -> str:
    """The language an utterance of a call is written in: another one than the call's only where its characters leave no doubt.

    Recognisers write English sentences of a Chinese call in English. A word or two (OK, a name) do not make a sentence.
    """
    if not is_language(language):
        return language
    han, words = len(_HAN.findall(text)), len(_WORD.findall(text))
    if is_han(language):
        if han or words < _SENTENCE_WORDS:
            return language
        detected = detect_language([text], tuple(_marks()))
        return detected[0] if detected else table(language, Detection).in_letters or language
    if han >= _SENTENCE_WORDS and han > words:
        return next(iter(han_languages()), language)
    return language


@cache
def _marks() -> Mapping[str, _Marks]:
    marks = {code: table(code, Detection) for code in language_codes() if not is_han(code)}
    return {
        code: _Marks(common=frozenset(found.common), letters=frozenset(found.letters))
        for code, found in marks.items()
        if found.common or found.letters
    }
