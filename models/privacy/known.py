"""Names of people, towns and streets of a language to make up data from: a part of what gather.py found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.languages.privacy_tables import Privacy

NAMES = Path(__file__).parent / "names"


@dataclass(frozen=True, slots=True)
class Known:
    """Lists to draw from. Of people, some are known everywhere and some nowhere: names that no list has must be found too."""

    firsts: Sequence[str]
    lasts: Sequence[str]
    towns: Sequence[str]
    streets: Sequence[str]
    surnames: Sequence[str]
    foreign: Sequence[str]

    def first(self, chance: Random) -> str:
        return chance.choice(self.foreign if chance.random() < 0.15 else self.firsts)

    def last(self, chance: Random) -> str:
        return chance.choice(self.foreign if chance.random() < 0.12 else self.lasts)

    def given(self, chance: Random) -> str:
        return chance.choice(self.firsts)

    def town(self, chance: Random) -> str:
        return chance.choice(self.towns)

    def street(self, chance: Random) -> str:
        return chance.choice(self.streets)

    def surname(self, chance: Random) -> str:
        return chance.choice(self.surnames[: max(1, len(self.surnames) // 3)] if chance.random() < 0.6 else self.surnames)

    def pinyin(self, chance: Random) -> str:
        return "".join(
            chance.choices(
                [
                    "wang",
                    "li",
                    "zhang",
                    "liu",
                    "chen",
                    "yang",
                    "huang",
                    "zhao",
                    "wu",
                    "zhou",
                    "xu",
                    "sun",
                    "ma",
                    "zhu",
                    "hu",
                    "lin",
                    "guo",
                    "he",
                    "luo",
                    "xiao",
                    "mei",
                    "ying",
                    "fang",
                    "jun",
                    "wei",
                    "min",
                    "jie",
                    "tao",
                    "bo",
                ],
                k=chance.choice([1, 2, 2, 3]),
            )
        )


@cache
def known_of(language: str) -> Known:
    """Lists of a language, as names/LANGUAGE.txt has them, and more_LANGUAGE.txt written by hand: a line is a letter (f, l, t, s, x) and a name."""
    lists: dict[str, list[str]] = {letter: [] for letter in "fltsx"}
    files = [path for path in (NAMES / f"{language}.txt", NAMES / f"more_{language}.txt") if path.is_file()]
    for line in (line for path in files for line in path.read_text("utf-8").splitlines()):
        letter, _, name = line.partition(" ")
        lists[letter].append(name)
    said = table(language, Privacy)
    names = table(language, Names)
    surnames = [*names.surnames, *names.double_surnames, *said.last_names] if is_han(language) else []
    return Known(lists["f"], lists["l"], lists["t"], lists["s"] or lists["t"], surnames, lists["x"] or lists["f"])
