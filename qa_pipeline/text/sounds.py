"""How easily a recogniser mistakes one token for another: costs from 0 (same) to 1 (nothing in common).

Mandarin syllables are compared by initial and final; the pairs given a low cost are those that Whisper base confused most often on telephone
speech (n/l, zh/z, an/ang, in/ing, dropped endings). Words of other languages are compared by letters. The figures were chosen so that the
confusions listed in docs/matching.md stay under the thresholds of phrases.py and the listed non-matches stay above; they are not fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import cdist

_INITIALS = ("zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c", "s")
_INITIAL_COSTS = {
    frozenset(pair.split("/")): cost
    for cost, pairs in (
        (0.2, "zh/z ch/c sh/s n/l f/h"),
        (0.35, "r/l zh/j ch/q sh/x z/j c/q s/x b/p d/t g/k j/q x/q zh/ch z/c"),
        (0.5, "x/j sh/zh sh/ch s/z s/c m/n b/m d/n d/l g/h k/h r/n zh/d b/d p/t t/k b/f m/w"),
    )
    for pair in pairs.split()
}
# Finals that differ by a medial or by a vowel that telephone speech blurs.
_FINAL_COSTS = {
    frozenset(pair.split("/")): cost
    for cost, pairs in (
        (0.2, "o/uo ie/e ue/ie ve/ie ia/a iao/ao iu/ou ui/ei un/en uan/an van/ian uang/ang ong/iong iang/ang vn/in"),
        (0.3, "ao/ou ian/an ian/in e/ei ua/a uai/ai i/v u/ou ai/ei e/en ing/eng"),
    )
    for pair in pairs.split()
}
# Syllables without an initial, and those after j q x, respelled so that finals can be compared.
_RESPELLED = {
    "yi": "i", "ya": "ia", "yao": "iao", "ye": "ie", "you": "iu", "yan": "ian", "yin": "in", "yang": "iang", "ying": "ing", "yong": "iong",
    "wu": "u", "wa": "ua", "wo": "uo", "wai": "uai", "wei": "ui", "wan": "uan", "wen": "un", "wang": "uang", "weng": "ueng",
    "yu": "v", "yue": "ve", "yuan": "van", "yun": "vn",
}  # fmt: skip
_DIGIT_SYLLABLES = {
    "0": ("ling",), "1": ("yi", "yao"), "2": ("er", "liang"), "3": ("san",), "4": ("si",), "5": ("wu",),
    "6": ("liu",), "7": ("qi",), "8": ("ba",), "9": ("jiu",), "10": ("shi",),
}  # fmt: skip
_OTHER_NUMBER = 0.7
_UNLIKE_INITIAL = 0.9
_MISSING_INITIAL = 0.6
# Beyond this share of letters two words are different words, whatever they share.
_SAME_WORD = 0.4
# One letter makes another word of a word this short (here, there).
_SHORT_WORD = 4


def cost_table(expected: Sequence[str], heard: Sequence[str], language: str) -> NDArray[np.float64]:
    """Cost of hearing each token of `heard` for each of `expected`: (expected, heard). Equal to syllable_cost or word_cost of every pair."""
    if not expected or not heard:
        return np.zeros((len(expected), len(heard)))
    return _syllable_table(expected, heard) if language == "zh" else _word_table(expected, heard)


def syllable_cost(expected: str, heard: str) -> float:
    """Cost of hearing one Mandarin token for another (syllables, digits or Latin words)."""
    if expected == heard:
        return 0.0
    if expected.isdigit() or heard.isdigit():
        return _number_cost(expected, heard)
    initial_a, final_a = _split(expected)
    initial_b, final_b = _split(heard)
    return min(1.0, 0.5 * _initial_cost(initial_a, initial_b) + 0.5 * _final_cost(final_a, final_b))


def word_cost(expected: str, heard: str) -> float:
    """Cost of hearing one folded word for another."""
    if expected == heard:
        return 0.0
    if expected.isdigit() or heard.isdigit() or min(len(expected), len(heard)) <= _SHORT_WORD:
        return 1.0
    share = DamerauLevenshtein.normalized_distance(expected, heard)
    return 1.2 * share if share <= _SAME_WORD else 1.0


def _syllable_table(expected: Sequence[str], heard: Sequence[str]) -> NDArray[np.float64]:
    """All pairs at once: initials and finals are few, so each pair of those is worked out once."""
    spelled_a, spelled_b = [_spelled(token) for token in expected], [_spelled(token) for token in heard]
    initials_a, finals_a = _parts(spelled_a)
    initials_b, finals_b = _parts(spelled_b)
    sounds = 0.5 * _pairs(_initial_cost, initials_a, initials_b) + 0.5 * _pairs(_final_cost, finals_a, finals_b)
    table = _nearest_spelling(_nearest_spelling(np.minimum(1.0, sounds), spelled_a).T, spelled_b).T
    numbers_a, numbers_b = [i for i, token in enumerate(expected) if token.isdigit()], [i for i, t in enumerate(heard) if t.isdigit()]
    for row in numbers_a:
        table[row, numbers_b] = [0.0 if expected[row] == heard[column] else _OTHER_NUMBER for column in numbers_b]
    return table


def _spelled(token: str) -> tuple[str, ...]:
    """The syllables a token may be said as; none for a number of several digits."""
    return _DIGIT_SYLLABLES.get(token, ()) if token.isdigit() else (token,)


def _parts(spelled: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    parts = [_split(syllable) for syllables in spelled for syllable in syllables]
    return [initial for initial, _ in parts], [final for _, final in parts]


def _pairs(cost: Callable[[str, str], float], expected: Sequence[str], heard: Sequence[str]) -> NDArray[np.float64]:
    """Costs of all pairs of parts of syllables, each different pair worked out once."""
    rows, columns = sorted(set(expected)), sorted(set(heard))
    table = np.array([[cost(a, b) for b in columns] for a in rows]).reshape(len(rows), len(columns))
    row_of, column_of = {a: i for i, a in enumerate(rows)}, {b: i for i, b in enumerate(columns)}
    return table[np.ix_([row_of[a] for a in expected], [column_of[b] for b in heard])]


def _nearest_spelling(table: NDArray[np.float64], spelled: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """Rows of syllables → rows of tokens: the nearest of a token's syllables, 1 for a token that has none."""
    if all(len(syllables) == 1 for syllables in spelled):
        return table
    ends = np.cumsum([len(syllables) for syllables in spelled])
    return np.stack([table[end - len(s) : end].min(axis=0, initial=1.0) for s, end in zip(spelled, ends, strict=True)])


def _word_table(expected: Sequence[str], heard: Sequence[str]) -> NDArray[np.float64]:
    table = np.ones((len(expected), len(heard)))
    rows = [i for i, word in enumerate(expected) if len(word) > _SHORT_WORD and not word.isdigit()]
    columns = [i for i, word in enumerate(heard) if len(word) > _SHORT_WORD and not word.isdigit()]
    if rows and columns:
        long_a, long_b = [expected[i] for i in rows], [heard[i] for i in columns]
        distances = cdist(long_a, long_b, scorer=DamerauLevenshtein.distance, dtype=np.int32)
        shares = distances / np.maximum.outer([len(word) for word in long_a], [len(word) for word in long_b])
        table[np.ix_(rows, columns)] = np.where(shares <= _SAME_WORD, 1.2 * shares, 1.0)
    position = {word: i for i, word in enumerate(heard)}
    for row, word in enumerate(expected):
        if word in position:
            table[row, position[word]] = 0.0
    return table


def _number_cost(expected: str, heard: str) -> float:
    if expected.isdigit() and heard.isdigit():
        return _OTHER_NUMBER
    return min((syllable_cost(a, b) for a in _spelled(expected) for b in _spelled(heard)), default=1.0)


@cache
def _split(syllable: str) -> tuple[str, str]:
    if syllable in _RESPELLED:
        return "", _RESPELLED[syllable]
    for initial in _INITIALS:
        if syllable.startswith(initial):
            final = syllable[len(initial) :]
            if initial in ("j", "q", "x") and final.startswith("u"):
                final = "v" + final[1:]
            return initial, final
    return "", syllable


def _initial_cost(a: str, b: str) -> float:
    if a == b:
        return 0.0
    if not a or not b:
        return _MISSING_INITIAL
    return _INITIAL_COSTS.get(frozenset((a, b)), _UNLIKE_INITIAL)


@cache
def _final_cost(a: str, b: str) -> float:
    if a == b:
        return 0.0
    bare_a, bare_b = a.removesuffix("g"), b.removesuffix("g")
    if bare_a == bare_b and bare_a.endswith("n"):
        return 0.15
    if (blurred := _FINAL_COSTS.get(frozenset((a, b)))) is not None:
        return blurred
    if bare_a.removesuffix("n") == bare_b.removesuffix("n"):
        return 0.35
    return 0.4 + 0.6 * DamerauLevenshtein.normalized_distance(a, b)
