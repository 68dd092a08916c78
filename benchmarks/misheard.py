"""Text as a small recogniser hears it over the telephone, for measuring how much mishearing the rubrics bear.

Chinese: syllables are exchanged as in zh_confusions.tsv beside this file (counts of what Whisper base really confused on Mandarin telephone speech; an
empty cell is a syllable dropped or put in), else for a syllable that sounds alike; any common character of the heard syllable is written; punctuation
gets lost; half of the texts come in traditional characters. Other languages: diacritics lost, a letter dropped, a word broken in two, two words joined.
"""

from __future__ import annotations

import random
from collections import defaultdict
from functools import cache
from pathlib import Path

from opencc import OpenCC
from pypinyin import lazy_pinyin

from qa_pipeline.languages.load import is_han

_LIKE = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "l": "n", "f": "h", "h": "f", "r": "l"}
_PLAIN = str.maketrans("ąćęłńóśźżåäöĄĆĘŁŃÓŚŹŻÅÄÖ", "acelnoszzaaoACELNOSZZAAO")
_COUNTED_SHARE = 0.7


def misheard(text: str, rate: float, language: str, *, seed: int = 0) -> str:
    """`text` with a share `rate` (0–1) of its syllables (zh) or words misheard; the same for the same seed."""
    chance = random.Random(f"{seed}|{rate}|{text}")
    return _chinese(text, rate, chance) if is_han(language) else _letters(text, rate, chance)


def _chinese(text: str, rate: float, chance: random.Random) -> str:
    out = []
    for char in text:
        if not "\u4e00" <= char <= "\u9fff":
            out.append("" if char in "，。？！、" and chance.random() < 3 * rate else char)
        elif chance.random() >= rate:
            out.append(char)
        else:
            out.append(chance.choice(_written(_heard(lazy_pinyin(char)[0], chance)) or [""]))
    heard = "".join(out)
    return _traditional().convert(heard) if chance.random() < 0.5 else heard


def _heard(syllable: str, chance: random.Random) -> str:
    counted = _confusions().get(syllable)
    if counted and chance.random() < _COUNTED_SHARE:
        return chance.choices([heard for heard, _ in counted], [count for _, count in counted])[0]
    for initial in sorted(_LIKE, key=len, reverse=True):
        if syllable.startswith(initial) and _written(other := _LIKE[initial] + syllable[len(initial) :]):
            return other
    other = syllable[:-1] if syllable.endswith("ng") else syllable + "g" if syllable.endswith("n") else syllable
    return other if _written(other) else syllable


def _letters(text: str, rate: float, chance: random.Random) -> str:
    out: list[str] = []
    for word in text.split():
        if chance.random() >= rate:
            out.append(word)
            continue
        kind = chance.choice(("plain", "broken", "dropped", "joined"))
        if kind == "plain":
            out.append(word.translate(_PLAIN))
        elif kind == "broken" and len(word) > 3:
            place = chance.randrange(1, len(word))
            out += [word[:place], word[place:]]
        elif kind == "dropped" and len(word) > 2:
            place = chance.randrange(len(word))
            out.append(word[:place] + word[place + 1 :])
        elif kind == "joined" and out:
            out[-1] += word
        else:
            out.append(word)
    return " ".join(out)


@cache
def _confusions() -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for line in Path(__file__).with_name("zh_confusions.tsv").read_text("utf-8").splitlines()[1:]:
        said, heard, count = line.split("\t")
        if said:
            found[said].append((heard, int(count)))
    return dict(found)


@cache
def _by_syllable() -> dict[str, list[str]]:
    """The 3,755 common characters (first level of GB 2312) by toneless syllable."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in range(0xB0, 0xD8):
        for cell in range(0xA1, 0xFF):
            char = bytes((row, cell)).decode("gb2312", errors="ignore")
            if char:
                found[lazy_pinyin(char)[0]].append(char)
    return dict(found)


def _written(syllable: str) -> list[str]:
    return _by_syllable().get(syllable, [])


@cache
def _traditional() -> OpenCC:
    return OpenCC("s2t")
