"""Made-up calls with what is personal in them marked: exchanges (exchanges/LANGUAGE.txt) put one after the other, and written calls with other values.

An exchange is a few turns between blank lines: `a:` and `c:` say who speaks, `[one|other|]` is one of several, `{phone.a}` personal data of a kind
(people.py), `<amount>` what only looks like it. What two turns of an exchange say of one kind is of one person; `name2` is another's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from models.privacy import numerals
from models.privacy.firms import branch, firm
from models.privacy.known import known_of
from models.privacy.people import Teller
from models.privacy.places import STREETS_EN, STREETS_HAN, STREETS_SV, WAYS_EN
from models.privacy.polish import inflected

EXCHANGES = Path(__file__).parent / "exchanges"
# Of made-up calls, the share that begin as calls do: who speaks, from which firm (exchanges/greetings_LANGUAGE.txt).
_GREETED = 0.45
MARK = re.compile(r"\{([a-z_]+)\|([^{}]*)\}")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([a-z]+\d?(?:\.[a-z-]+)?)\}|<([a-z]+)>")
THINGS = {
    "en": ["sofa", "boiler", "router", "delivery", "bill", "washing machine", "refund", "policy", "booking", "broadband", "parcel", "phone"],
    "pl": ["faktura", "pralka", "router", "przesyłka", "umowa", "zwrot"], "sv": ["soffan", "fakturan", "routern", "paketet", "avtalet"], "zh": ["沙发", "快递", "账单", "宽带", "洗衣机", "退款"],
}  # fmt: skip
MONEY = {"en": ["pounds", "pounds", "quid", "euros", "pence", "dollars"], "pl": ["złotych", "zł", "złotych brutto"], "sv": ["kronor", "kr", "kronor"], "zh": ["块", "元", "块钱"]}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """Who speaks, what, and kind, start and end of what is personal in it."""

    role: str
    text: str
    marks: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A whole call. `weight`: how much it counts."""

    language: str
    agent_name: str | None
    lines: tuple[Line, ...]
    weight: float = 1.0


def parsed(text: str) -> tuple[str, tuple[tuple[str, int, int], ...]]:
    """A line without marks, and kind, start and end of each in it."""
    out, marks, position = "", [], 0
    for match in MARK.finditer(text):
        out += text[position : match.start()]
        marks.append((match[1], len(out), len(out) + len(match[2])))
        out, position = out + match[2], match.end()
    return out + text[position:], tuple(marks)


def made_up(language: str, chance: Random) -> Dialogue:
    """A call of a few exchanges."""
    known = known_of(language)
    capitals = chance.random() < 0.35
    written = chance.random() < 0.1
    punctuated = capitals and chance.random() < 0.5
    agent = (known.first(chance) if language != "zh" else known.surname(chance) + known.given(chance)) if chance.random() < 0.8 else None
    agent_full = (
        f"{agent or known.first(chance)} {known.last(chance)}" if language != "zh" else agent or known.surname(chance) + known.given(chance)
    )
    lines: list[Line] = []
    greeting = [chance.choice(_blocks(f"greetings_{language}"))] if chance.random() < _GREETED else []
    for block in [*greeting, *chance.choices(_blocks(language), k=chance.choice([1, 2, 2, 3, 3, 4, 5]))]:
        teller = Teller(language, chance, known, capitals=capitals, written=written)
        for turn in block:
            role, _, template = turn.partition(":")
            said = _filled(_chosen(template.strip(), chance), teller, agent or known.first(chance), agent_full)
            said = _roughened(said, chance, language)
            text, marks = parsed(said)
            if punctuated and text and language != "zh" and not (marks and marks[0][1] == 0):
                text = text[0].upper() + text[1:]
            if punctuated:
                text += (
                    chance.choice([".", ".", "?" if role == "a" else ".", ""])
                    if language != "zh"
                    else chance.choice(["。", "？" if role == "a" else "。", ""])
                )
            if text.strip():
                lines.append(Line("agent" if role == "a" else "customer", text, marks))
    return Dialogue(language, agent_full if agent and chance.random() < 0.5 else agent, tuple(lines))


def rewritten(item: dict[str, Any], chance: Random, *, share: float) -> Dialogue:
    """A written call (as in read.yaml) in which some values are others of their kind."""
    language = item["language"]
    lines: list[Line] = []
    tellers: dict[str, tuple[str, ...]] = {}
    for written in item["lines"]:
        role, _, text = re.sub(r"^[\d:]+ ", "", written).partition(": ")

        def other(match: re.Match[str]) -> str:
            kind, old = match[1], match[2]
            if chance.random() > share:
                return match[0]
            again = tellers.get(f"{kind} {old}")
            if again:
                return f"{{{kind}|{chance.choice(again)}}}"
            new = _like(kind, old, language, chance)
            tellers[f"{kind} {old}"] = (new,)
            return f"{{{kind}|{new}}}"

        bare, marks = parsed(MARK.sub(other, text))
        lines.append(Line(role, bare, marks))
    return Dialogue(language, item.get("agent_name"), tuple(lines))


def _like(kind: str, old: str, language: str, chance: Random) -> str:
    """Words of a kind, about as long and written as old ones are."""
    teller = Teller(language, chance, known_of(language), capitals=old != old.lower(), written=bool(re.search(r"\d{3}", old)))
    slot = {"national_id": "national", "birth_date": "birth"}.get(kind, kind)
    size = len(old) if language == "zh" else len(old.split())
    hows = {
        "name": ["", "first", "last", "spell", "rev", "odd"], "phone": ["", "tail", "a", "x", "some"], "card": ["", "tail", "a", "x"], "account": ["", "tail", "a", "x"],
        "national": ["", "tail", "x", "a"], "plate": ["", "x", "y"], "email": ["", "local", "host", "short"], "birth": ["", "day", "year"],
        "address": ["", "street", "way", "town", "code", "number", "house"],
    }[slot]  # fmt: skip
    best, distance = old, 99.0
    for how in [*hows, *hows]:
        said = Teller(language, chance, teller.known, capitals=teller.capitals, written=teller.written).say(
            f"{slot}.{how}" if how else slot
        )[1]
        away = abs((len(said) if language == "zh" else len(said.split())) - size) + chance.random() * 0.9
        if away < distance:
            best, distance = said, away
    return best


@cache
def _blocks(name: str) -> tuple[tuple[str, ...], ...]:
    text = (EXCHANGES / f"{name}.txt").read_text("utf-8")
    return tuple(tuple(block.strip().splitlines()) for block in re.split(r"\n\s*\n", text) if block.strip())


def _chosen(template: str, chance: Random) -> str:
    while _CHOICE.search(template):
        template = _CHOICE.sub(lambda match: chance.choice(match[1].split("|")), template)
    return template


def _filled(template: str, teller: Teller, agent: str, agent_full: str) -> str:
    def fill(match: re.Match[str]) -> str:
        if match[1]:
            kind, said = teller.say(match[1])
            return f"{{{kind}|{said}}}"
        return _plain(match[2], teller, agent, agent_full)

    said = _SLOT.sub(fill, template)
    return re.sub(r"\s+", " ", said).strip() if teller.language != "zh" else said.strip()


def _plain(slot: str, teller: Teller, agent: str, agent_full: str) -> str:
    """What only looks personal."""
    chance, language = teller.chance, teller.language
    cased = lambda name: name if teller.capitals else name.lower()  # noqa: E731
    amount = lambda most: str(chance.randint(2, most)) if teller.written else numerals.number(chance.randint(2, most), language, chance)  # noqa: E731

    def digits(count: int) -> str:
        return (
            "".join(chance.choices("0123456789", k=count))
            if teller.written
            else numerals.digits("".join(chance.choices("0123456789", k=count)), language, chance)
        )

    glue = "" if language == "zh" else " "
    if slot == "agent":
        return cased(agent)
    if slot == "agentfull":
        return cased(agent_full)
    if slot == "agentvoc":
        return cased(inflected(agent, "voc", chance))
    if slot == "expiry":
        # Of a card: no number of a person, and told with one.
        month, year = chance.randint(1, 12), chance.randint(25, 34)
        if teller.written:
            return f"{month:02d}{chance.choice('/-')}{year}"
        if language == "zh":
            short, name = numerals.digits(f"{year}", "zh", chance), f"{numerals.han_number(month)}月"
            return chance.choice([numerals.digits(f"{month:02d}{year}", "zh", chance), name + short, f"{short}年{name}"])
        said = [numerals.digits(f"{month:02d}", language, chance), numerals.number(month, language, chance)]
        till = [numerals.digits(f"{year}", language, chance), numerals.number(year, language, chance)]
        return f"{chance.choice(said)} {chance.choice(till)}"
    if slot == "few":
        return digits(chance.choice([2, 3, 3, 4]))
    if slot in ("first", "person", "persongen"):
        # A thing, a pet, a colleague, somebody known to all: called as people are.
        is_whole = slot != "first" and chance.random() < 0.8
        if language == "zh":
            return (teller.known.surname(chance) if is_whole else "") + teller.known.given(chance)
        whole = teller.known.first(chance) + (f" {teller.known.last(chance)}" if is_whole else "")
        return cased(inflected(whole, "gen", chance) if slot == "persongen" else whole)
    if slot in ("firm", "firmgen"):
        name = firm(language, teller.known, chance, case=slot.removeprefix("firm"))
        return name.title() if teller.capitals else name
    if slot == "branch":
        return branch(teller.known, chance)
    if slot == "thing":
        return chance.choice(THINGS[language])
    if slot == "amount":
        cents = glue + amount(99) if chance.random() < 0.3 else ""
        return amount(chance.choice([60, 400, 3000])) + glue + chance.choice(MONEY[language]) + cents
    if slot == "n":
        return amount(chance.choice([10, 31, 60, 300]))
    if slot == "num":
        return digits(chance.choice([4, 5, 6, 7, 8, 10]))
    if slot == "code":
        letters = "".join(chance.choices("ABCDEFGHIKLMNPRSTVWXZ", k=chance.choice([0, 1, 2, 2, 3])))
        spelled = (
            letters if teller.written or language == "zh" else " ".join(letters) if chance.random() < 0.7 else " ".join(letters).lower()
        )
        return (spelled + glue + digits(chance.choice([2, 3, 4, 5, 6, 8]))).strip()
    if slot == "long":
        # Parcels, consignments, invoices: as long as numbers of persons, now and then with letters before them.
        letters = "".join(chance.choices("ABCDEFGHJKLMNPRSTVWXZ", k=2)) if chance.random() < 0.3 else ""
        spelled = letters if teller.written or language == "zh" else " ".join(letters)
        return (spelled + glue + digits(chance.choice([7, 9, 10, 11, 12, 13, 16, 20]))).strip()
    if slot == "model":
        letters = "".join(chance.choices("ABCDEFGHKLMNPRSTVWXZ", k=chance.choice([1, 1, 2, 2, 3])))
        number = amount(9900) if chance.random() < 0.5 else digits(chance.choice([2, 3, 4]))
        end = chance.choice(["", "", glue + chance.choice("ABCEKLSTX")])
        said = f"{letters if teller.written or language == 'zh' else ' '.join(letters)}{glue}{number}{end}"
        return said if chance.random() < 0.7 else said.lower()
    if slot == "spelled":
        # A firm or a thing by its letters.
        word = "".join(chance.choices("ABCDEFGHIKLMNOPRSTUVWZ", k=chance.choice([2, 3, 3, 4])))
        return word if language == "zh" or chance.random() < 0.3 else " ".join(word) if chance.random() < 0.6 else " ".join(word).lower()
    if slot == "mailbox":
        # Of the firm or of who works there.
        local = chance.choice({"en": ["info", "help", "bookings", "accounts"], "pl": ["biuro", "kontakt", "serwis"], "sv": ["info", "order", "bokning"], "zh": ["kefu", "service", "fapiao"]}[language])  # fmt: skip
        local = local if chance.random() < 0.6 else agent.lower() if language != "zh" else teller.known.pinyin(chance)
        house = firm(language, teller.known, chance) if language != "zh" else teller.known.pinyin(chance) + teller.known.pinyin(chance)
        at, dot = {"en": ("at", "dot"), "pl": ("małpa", "kropka"), "sv": ("snabel a", "punkt"), "zh": ("艾特", "点")}[language]
        end = {"en": chance.choice(["com", "co dot uk"]), "pl": "pl", "sv": "se", "zh": chance.choice(["com", "cn"])}[language]
        return f"{local}{glue}{at}{glue}{house}{glue}{dot}{glue}{end}"
    if slot == "time":
        hour = amount(12)
        return {"en": f"{hour} {chance.choice(['o clock', 'thirty', 'fifteen', 'am', 'pm', ''])}", "pl": f"{numerals.ordinal(chance.randint(7, 20), 'pl', chance)[:-1]}ej {chance.choice(['', 'trzydzieści', 'piętnaście'])}", "sv": f"{hour} {chance.choice(['', 'trettio', 'fyrtiofem'])}", "zh": chance.choice(["上午", "下午", "晚上", ""]) + f"{numerals.han_number(chance.randint(1, 12))}点{chance.choice(['', '半'])}"}[language].strip()  # fmt: skip
    if slot == "date":
        return numerals.date(
            chance.randint(1, 28), chance.randint(1, 12), chance.choice([None, None, None, 2024, 2025, 2026]), language, chance
        )
    if slot == "year":
        year = chance.randint(1990, 2026)
        return numerals.say_year(year, language, chance) if language != "zh" else numerals.digits(str(year), "zh", chance)
    if slot == "hotline":
        return digits(chance.choice([6, 9, 10, 11])) if language != "zh" else chance.choice(["四零零", "九五"]) + digits(7)
    if slot == "town":
        return cased(teller.known.town(chance))
    if slot == "way":
        return {"en": lambda: f"{chance.choice(STREETS_EN)} {chance.choice(WAYS_EN)}", "pl": lambda: f"ulicy {teller.known.street(chance)}", "sv": lambda: chance.choice(STREETS_SV) + "gatan", "zh": lambda: chance.choice(STREETS_HAN) + "路"}[language]()  # fmt: skip
    raise KeyError(slot)


def _roughened(text: str, chance: Random, language: str) -> str:
    """A few words outside what is personal dropped or doubled, as recognisers and people do."""
    if language == "zh" or chance.random() > 0.12:
        return text
    parts = re.split(r"(\{[^{}]*\})", text)
    for at in range(0, len(parts), 2):
        words = parts[at].split(" ")
        if len(words) > 3:
            place = chance.randrange(len(words))
            if words[place]:
                words[place : place + 1] = [] if chance.random() < 0.5 else [words[place], words[place]]
        parts[at] = " ".join(words)
    return "".join(parts)


def several(language: str, count: int, seed: int) -> Iterator[Dialogue]:
    """Made-up calls of a language."""
    chance = Random(seed)
    for _ in range(count):
        yield made_up(language, chance)


def plain_lines(lines: Sequence[str]) -> tuple[Line, ...]:
    """Lines without marks."""
    return tuple(Line(role, text, ()) for role, _, text in (line.partition(": ") for line in lines))
