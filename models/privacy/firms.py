"""Names of firms, made up: as agents say them in greetings and customers in passing. They look like names and places, and are nobody's.

Of a name and a trade (brackley garage, hurtownia kafar, norrbäck fastigheter, 华川保险), of surnames (harper and sons), or of one word that no list has
(brightway).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from models.privacy.crossing import crossed
from models.privacy.polish import inflected

if TYPE_CHECKING:
    from models.privacy.known import Known

NAMES = Path(__file__).parent / "names"


@cache
def _parts(language: str) -> dict[str, tuple[str, ...]]:
    """What firms' names are made of, as names/firms_LANGUAGE.txt has it: a line is what they are (trade, word, end, …) and words, with _ for a blank."""
    parts: dict[str, tuple[str, ...]] = {}
    for line in (NAMES / f"firms_{language}.txt").read_text("utf-8").splitlines():
        what, *words = line.split(" ")
        parts[what] = (*parts.get(what, ()), *(word.replace("_", " ") for word in words))
    return parts


def firm(language: str, known: Known, chance: Random, *, case: str = "") -> str:
    """A firm's name in small letters. `case`: `gen` in Polish, behind z."""
    return {"en": _english, "pl": _polish, "sv": _swedish, "zh": _chinese}[language](known, chance, case)


def branch(known: Known, chance: Random) -> str:
    """One of a firm's places, in Chinese: 工行城东支行."""
    parts = _parts("zh")
    part = chance.choice([chance.choice(parts["part"]), known.town(chance), "".join(chance.choices(parts["sign"][0], k=2))])
    return chance.choice(parts["bank"]) + part + chance.choice(parts["branch"])


def _coined(language: str, chance: Random) -> str:
    """A word that no list has: brightway, norrbäck."""
    return chance.choice(_parts(language)["word"]).replace(" ", "") + chance.choice(_parts(language)["end"])


def _english(known: Known, chance: Random, _: str) -> str:
    kind, trade = chance.random(), chance.choice(_parts("en")["trade"])
    if kind < 0.2:
        return f"{known.town(chance)} {trade}".lower()
    if kind < 0.34:
        last, other = known.last(chance), known.last(chance)
        return chance.choice([f"{last} and sons", f"{last} and {other}", f"{last} {trade}", f"{last}'s", f"{last} {other} {trade}", f"{last} brothers"]).lower()  # fmt: skip
    if kind < 0.4:
        first = known.first(chance)
        return chance.choice([f"{first}'s {trade}", f"{first} {trade}", f"saint {first}'s {trade}"]).lower()
    if kind < 0.5:
        return f"{crossed(known.town(chance), known.last(chance), chance)} {trade}".lower()
    if kind < 0.66:
        return _coined("en", chance)
    if kind < 0.78:
        return f"{_coined('en', chance)} {trade}"
    return chance.choice([f"{chance.choice(_parts('en')['word'])} {trade}", f"the {chance.choice(_parts('en')['word'])} {trade}"])


def _polish(known: Known, chance: Random, case: str) -> str:
    plain, genitive = chance.choice(_parts("pl")["trade"]).split(",")
    head, kind = genitive if case else plain, chance.random()
    if kind < 0.45:
        return f"{head} {chance.choice(_parts('pl')['word'])}"
    if kind < 0.6:
        last = known.last(chance).lower()
        return f"{head} {chance.choice([last, inflected(last, 'gen', chance), last + ' i syn'])}"
    if kind < 0.7:
        return f"{head} {chance.choice(['w', 'w', 'na', ''])} {known.town(chance).lower()}".replace("  ", " ")
    coined = chance.choice([known.first(chance), known.last(chance), chance.choice(_parts("pl")["word"])]).lower().split()[-1]
    coined = coined[: chance.choice([3, 4, 5])] + chance.choice(_parts("pl")["end"])
    coined = inflected(coined, "gen", chance) if case and chance.random() < 0.7 else coined
    return coined if kind < 0.85 else f"{head} {coined}"


def _swedish(known: Known, chance: Random, _: str) -> str:
    kind, trade = chance.random(), chance.choice(_parts("sv")["trade"])
    if kind < 0.18:
        return f"{known.town(chance)} {trade}".lower()
    if kind < 0.32:
        last = known.last(chance)
        return chance.choice([f"{last}s {trade}", f"{last} {trade}", f"{last} och söner", f"{trade} {last}", f"{last} {known.last(chance)} {trade}"]).lower()  # fmt: skip
    if kind < 0.4:
        first = known.first(chance)
        return chance.choice([f"{first}s {trade}", f"{trade} {first}"]).lower()
    if kind < 0.52:
        return f"{crossed(known.town(chance), known.last(chance), chance)} {trade}".lower()
    if kind < 0.7:
        return _coined("sv", chance)
    if kind < 0.84:
        return f"{_coined('sv', chance)} {trade}"
    return f"{chance.choice(_parts('sv')['word'])} {trade}" if kind < 0.9 else trade


def _chinese(known: Known, chance: Random, _: str) -> str:
    trade, kind = chance.choice(_parts("zh")["trade"]), chance.random()
    if kind < 0.2:
        return known.town(chance) + chance.choice(["", "".join(chance.choices(_parts("zh")["sign"][0], k=2))]) + trade
    if kind < 0.3:
        return known.surname(chance) + chance.choice(["记", "氏", "家", "".join(chance.choices(_parts("zh")["sign"][0], k=1))]) + trade
    if kind < 0.4:
        return known.given(chance) + trade
    return "".join(chance.choices(_parts("zh")["sign"][0], k=chance.choice([2, 2, 2, 3]))) + chance.choice([trade, trade, trade, ""])
