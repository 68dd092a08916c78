"""What a stored `norm` depends on, as one short name: equal names mean that the same text gives the same `norm`."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version

from qa_pipeline.languages.load import files_digest, han_languages, is_language

# Raised whenever a change of the code of this folder gives any text another norm; data and dictionaries are counted by themselves.
NORM_VERSION = 3
_DICTIONARIES = ("pypinyin", "opencc", "snowballstemmer")
# The files of a language that normalising reads.
_FILES = ("language.yaml", "writing.yaml", "numbers.yaml", "words.txt", "first_names.yaml")


@cache
def norm_version(code: str) -> str:
    """Hash of all that the `norm` of a text in a language depends on: the code, the language's data, the releases of the dictionaries.

    Han characters are read by the languages written in them, wherever they stand; a text of a language that no folder has by nothing else.
    """
    read_with = dict.fromkeys((*([code] if is_language(code) else []), *han_languages()))
    parts = [
        str(NORM_VERSION),
        *_releases(),
        *(files_digest(other, _FILES) for other in read_with),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@cache
def _releases() -> tuple[str, ...]:
    """Asked for once: an installed package is found by looking through all of them."""
    return tuple(f"{name} {version(name)}" for name in _DICTIONARIES)
