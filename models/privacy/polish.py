"""Forms of Polish names, word by word: by their endings, as most names have them."""

from __future__ import annotations

from random import Random

_ENDINGS = {
    # Ending of the form of a dictionary → endings of genitive or accusative, dative, instrumental, locative, vocative.
    "ska": ("skiej", "skiej", "ską", "skiej", "ska"),
    "cka": ("ckiej", "ckiej", "cką", "ckiej", "cka"),
    "ski": ("skiego", "skiemu", "skim", "skim", "ski"),
    "cki": ("ckiego", "ckiemu", "ckim", "ckim", "cki"),
    "ia": ("ii", "ii", "ią", "ii", "io"),
    "ka": ("ki", "ce", "ką", "ce", "ko"),
    "ga": ("gi", "dze", "gą", "dze", "go"),
    "ta": ("ty", "cie", "tą", "cie", "to"),
    "ra": ("ry", "rze", "rą", "rze", "ro"),
    "na": ("ny", "nie", "ną", "nie", "no"),
    "la": ("li", "li", "lą", "li", "lo"),
    "ła": ("ły", "le", "łą", "le", "ło"),
    "a": ("y", "ie", "ą", "ie", "o"),
    "ek": ("ka", "kowi", "kiem", "ku", "ku"),
    "ec": ("ca", "cowi", "cem", "cu", "cze"),
    "el": ("la", "lowi", "lem", "lu", "lu"),
    "o": ("a", "u", "em", "ie", "o"),
    "y": ("ego", "emu", "ym", "ym", "y"),
    "i": ("iego", "iemu", "im", "im", "i"),
    "k": ("ka", "kowi", "kiem", "ku", "ku"),
    "e": ("a", "u", "em", "u", "e"),
}
_CASES = {"gen": 0, "dat": 1, "ins": 2, "loc": 3, "voc": 4}


def inflected(words: str, case: str, chance: Random) -> str:
    """Polish names in a case, word by word; any case where it is `any`."""
    place = _CASES.get(case, chance.randrange(4))
    return " ".join(_inflected(word, place) for word in words.split())


def _inflected(word: str, place: int) -> str:
    for ending, forms in _ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + forms[place]
    return word + ("a", "owi", "em", "u", "ie")[place]
