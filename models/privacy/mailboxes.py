"""Made-up addresses on the net, as people say them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from models.privacy import numerals
from qa_pipeline.values.value import fold

if TYPE_CHECKING:
    from models.privacy.people import Teller

# Hosts and ends of addresses on the net, as said.
HOSTS = {
    "en": ["gmail", "hotmail", "outlook", "yahoo", "icloud", "btinternet", "aol", "live", "proton", "me", "sky", "virginmedia", "talktalk"],
    "pl": ["gmail", "wp", "onet", "interia", "o2", "gazeta", "op", "poczta", "outlook", "yahoo", "tlen"],
    "sv": ["gmail", "hotmail", "outlook", "telia", "yahoo", "icloud", "live", "bredband", "tele2", "spray"],
    "zh": ["qq", "gmail", "sina", "163", "126", "sohu", "outlook", "foxmail", "hotmail", "yeah", "139", "一六三", "幺二六"],
}
ENDS = {"en": ["com", "co dot uk", "net", "org", "org dot uk", "ie", "com"], "pl": ["pl", "com", "pl", "eu", "com kropka pl"], "sv": ["se", "com", "nu", "se", "net"], "zh": ["com", "cn", "net", "com点cn"]}  # fmt: skip
AT = {"en": ["at", "at", "at sign"], "pl": ["małpa", "małpa", "małpka", "et", "at"], "sv": ["snabel a", "snabela", "at", "snabel-a", "kanelbulle"], "zh": ["艾特", "at", "圈a", "@", "小老鼠", "圈 a ", "花a"]}  # fmt: skip
DOT = {"en": ["dot", "dot", "point"], "pl": ["kropka"], "sv": ["punkt", "punkt", "prick", "dot"], "zh": ["点", "点", " 点 "]}
JOINERS = {"en": ["underscore", "dash", "hyphen", "dot", "dot"], "pl": ["podkreślnik", "myślnik", "kropka", "kropka", "minus"], "sv": ["understreck", "bindestreck", "punkt", "punkt", "streck"], "zh": ["下划线", "杠", "点", "_"]}  # fmt: skip
THINGS = {
    "en": [
        "biscuit",
        "garden",
        "roof",
        "spaniel",
        "sunshine",
        "office",
        "info",
        "hello",
        "taxi",
        "bakery",
        "rover",
        "pilot",
        "river",
        "dragon",
        "music",
        "baker",
        "dance",
        "sparky",
        "tiger",
        "kitchen",
        "mum",
        "family",
        "van",
        "builder",
        "fish",
        "moon",
    ],
    "pl": [
        "biuro",
        "kontakt",
        "ogrod",
        "kotek",
        "sklep",
        "slonce",
        "rower",
        "bajka",
        "warsztat",
        "dom",
        "pszczola",
        "info",
        "zaklad",
        "las",
        "wilk",
        "tata",
        "mama",
        "gra",
        "kwiat",
        "rybka",
    ],
    "sv": [
        "info",
        "kontor",
        "sol",
        "katten",
        "hund",
        "stuga",
        "tiger",
        "blomma",
        "bageri",
        "bygg",
        "skog",
        "fisk",
        "mamma",
        "pappa",
        "cykel",
        "havet",
        "musik",
        "rosen",
    ],
    "zh": ["xiaomao", "laoli", "happy", "baobao", "sunny", "dahai", "moon", "summer", "wang", "chen", "lulu", "apple", "tiger"],
}


def mailbox(teller: Teller, name: str, how: str) -> str:
    """An address on the net, or a part of it: `local`, `host`, `short` without its end."""
    language, chance = teller.language, teller.chance
    latin = lambda: re.sub(r"[^a-z]", "", fold(teller.known.first(chance))) if language != "zh" else teller.known.pinyin(chance)  # noqa: E731
    family = lambda: re.sub(r"[^a-z]", "", fold(teller.known.last(chance))) if language != "zh" else teller.known.pinyin(chance)  # noqa: E731

    def local() -> str:
        joiner = f" {chance.choice(JOINERS[language])} "
        digits = numerals.digits(teller.random(chance.choice([1, 2, 2, 3, 4])), language, chance)
        thing = chance.choice(THINGS[language])
        spelled = numerals.letters(family()[:8], language, chance, teller.names_of_letters)
        made = [f"{latin()}{joiner}{family()}", f"{latin()} {digits}", f"{latin()[:1]}{joiner}{family()}", thing, f"{thing} {digits}", f"{thing}{joiner}{latin()}", f"{family()}{joiner}{digits}", spelled, f"{spelled} {digits}", f"{latin()} {family()}", f"{thing} {chance.choice(THINGS[language])}", f"{latin()} {family()} {digits}"]  # fmt: skip
        return chance.choice(made)

    def host() -> str:
        server = (
            chance.choice(HOSTS[language])
            if chance.random() < 0.72
            else chance.choice(
                [
                    f"{family()} {chance.choice(THINGS[language])}",
                    chance.choice(THINGS[language]),
                    f"{chance.choice(THINGS[language])} {chance.choice(JOINERS[language][:2])} {family()}",
                    family(),
                ]
            )
        )
        end = chance.choice(ENDS[language])
        end = " ".join(end) if len(end) < 4 and chance.random() < 0.08 else end
        return f"{server} {chance.choice(DOT[language])} {end}"

    first, rest = teller.remember(name + " local", local), teller.remember(name + " host", host)
    if how == "local":
        said = first
    elif how == "host":
        said = rest
    else:
        if how == "short":
            rest = rest.split()[0]
        said = f"{first} {chance.choice(AT[language])} {rest}"
    if teller.written and how != "local":
        dotted = re.sub(r"\s*\b(?:dot|kropka|punkt|point|prick)\b\s*|\s*点\s*", ".", said)
        dotted = re.sub(
            rf"\s*(?:{'|'.join(sorted({one.strip() for one in AT[language]}, key=len, reverse=True))})\s*(?=\S)", "@", dotted, count=1
        )
        return dotted.replace(" ", "") if chance.random() < 0.8 else said
    return re.sub(r" ?([点@]) ?", lambda match: match[0] if chance.random() < 0.4 else match[1], said) if language == "zh" else said
