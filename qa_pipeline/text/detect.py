"""Which language a text is in: zh by its characters, en, pl and sv by their commonest words and their letters.

For calls that come as text; recordings are told by the recogniser. A library was not taken: the good ones bring tens of megabytes of models for
languages that no rubric knows (docs/decisions/transcript-parsers.md). Measured on whole chats of the training sentences, see
tests/text/test_detect.py; a text of a few words may stay undecided, which is None and never a guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from qa_pipeline.text.normalise import HAN

_HAN = re.compile(rf"[{HAN}]")
_KANA_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_WORD = re.compile(rf"[^\W\d_{HAN}]+")
# Common in talk, and rare or absent in the two others.
_WORDS = {
    "en": """the and you is it that to of for in this have are with was what can your would please i my we not be do on yes thank thanks so if but
        how here there will at me from just know about been has a hello okay when could don't i'm it's any an were they right let""",
    "pl": """nie i w na do się z jest to że czy pan pani proszę dzień dobry tak dziękuję co jak o ale już mam może państwo bardzo za po ja mi mnie
        dla od tylko jeszcze tu był była są będzie mogę bo przez ze dzisiaj numer dobrze firmy pana panią panu""",
    "sv": """och att det är jag på som en för har du inte med av den till vi om så kan ett hej tack ni var men ja nej mig dig er här då vad eller
        från skulle ska nu också bara hur min din mitt hos vill några någon något""",
}
_COMMON = {language: frozenset(text.split()) for language, text in _WORDS.items()}
_LETTERS = {"pl": frozenset("ąćęłńśźż"), "sv": frozenset("åäö")}
# Chosen on the sentences of models/: below, or with two languages this near each other, nothing is said.
_FEWEST = 2.0
_LEAD = 1.5
_HAN_SHARE = 0.3
_SENTENCE_WORDS = 3


def detect_language(texts: Sequence[str], languages: Sequence[str]) -> tuple[str, float] | None:
    """The likeliest of `languages` for texts of one conversation, with its share of the evidence (0–1); None when unsure."""
    text = unicodedata.normalize("NFC", "\n".join(texts)).casefold()
    han = len(_HAN.findall(text))
    words = _WORD.findall(text)
    if len(_KANA_HANGUL.findall(text)) > 0.05 * (han + len(words)):
        return None
    if han and han >= _HAN_SHARE * (han + len(words)):
        # A character weighs less than a word: brand names in Latin letters change nothing.
        return ("zh", round(han / (han + len(words)), 4)) if "zh" in languages else None
    weights = {language: _weight(words, language) for language in _COMMON}
    total = sum(weights.values())
    best, second = sorted(weights, key=lambda language: -weights[language])[:2]
    if weights[best] < _FEWEST or weights[best] < _LEAD * weights[second] or weights[best] < 0.1 * len(words):
        return None
    return (best, round(weights[best] / total, 4)) if best in languages else None


def _weight(words: Sequence[str], language: str) -> float:
    common, letters = _COMMON[language], _LETTERS.get(language, frozenset())
    return sum(1.0 if word in common else 0.5 if letters & set(word) else 0.0 for word in words)


def written_language(text: str, language: str) -> str:
    """The language an utterance of a call is written in: another one than the call's only where its characters leave no doubt.

    Recognisers write English sentences of a Chinese call in English. A word or two (OK, a name) do not make a sentence.
    """
    han, words = len(_HAN.findall(text)), len(_WORD.findall(text))
    if language == "zh" and not han and words >= _SENTENCE_WORDS:
        detected = detect_language([text], tuple(_COMMON))
        return detected[0] if detected else "en"
    if language != "zh" and language in _COMMON and han >= _SENTENCE_WORDS and han > words:
        return "zh"
    return language
