"""Digits, letters, years and days as people say them and recognisers write them, in each language: pure, by a source of chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

ONES = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "pl": (
        "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć jedenaście dwanaście trzynaście czternaście piętnaście szesnaście "
        "siedemnaście osiemnaście dziewiętnaście"
    ),
    "sv": "noll ett två tre fyra fem sex sju åtta nio tio elva tolv tretton fjorton femton sexton sjutton arton nitton",
}
TENS = {
    "en": "- - twenty thirty forty fifty sixty seventy eighty ninety",
    "pl": "- - dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt dziewięćdziesiąt",
    "sv": "- - tjugo trettio fyrtio femtio sextio sjuttio åttio nittio",
}
HUNDREDS_PL = ["-", "sto", "dwieście", "trzysta", "czterysta", "pięćset", "sześćset", "siedemset", "osiemset", "dziewięćset"]
HAN = "零一二三四五六七八九"
ORDINALS = {
    "en": [
        "-",
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
        "fourteenth",
        "fifteenth",
        "sixteenth",
        "seventeenth",
        "eighteenth",
        "nineteenth",
        "twentieth",
    ],
    "sv": [
        "-",
        "första",
        "andra",
        "tredje",
        "fjärde",
        "femte",
        "sjätte",
        "sjunde",
        "åttonde",
        "nionde",
        "tionde",
        "elfte",
        "tolfte",
        "trettonde",
        "fjortonde",
        "femtonde",
        "sextonde",
        "sjuttonde",
        "artonde",
        "nittonde",
        "tjugonde",
    ],
    "pl": [
        "-",
        "pierwszy",
        "drugi",
        "trzeci",
        "czwarty",
        "piąty",
        "szósty",
        "siódmy",
        "ósmy",
        "dziewiąty",
        "dziesiąty",
        "jedenasty",
        "dwunasty",
        "trzynasty",
        "czternasty",
        "piętnasty",
        "szesnasty",
        "siedemnasty",
        "osiemnasty",
        "dziewiętnasty",
    ],
}
TENTHS_PL = {2: "dwudziesty", 3: "trzydziesty", 4: "czterdziesty", 5: "pięćdziesiąty", 6: "sześćdziesiąty", 7: "siedemdziesiąty", 8: "osiemdziesiąty", 9: "dziewięćdziesiąty"}  # fmt: skip
MONTHS = {
    "en": ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"],
    "pl": [
        "stycznia",
        "lutego",
        "marca",
        "kwietnia",
        "maja",
        "czerwca",
        "lipca",
        "sierpnia",
        "września",
        "października",
        "listopada",
        "grudnia",
    ],
    "sv": ["januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november", "december"],
}
MONTHS_PL = [
    "styczeń",
    "luty",
    "marzec",
    "kwiecień",
    "maj",
    "czerwiec",
    "lipiec",
    "sierpień",
    "wrzesień",
    "październik",
    "listopad",
    "grudzień",
]
# Letters that recognisers write as one word, and how often.
_MOST_TOGETHER, _TOGETHER = 4, 0.3
TENSE_EN = {2: "twentieth", 3: "thirtieth"}


def number(n: int, language: str, chance: Random) -> str:
    """A number below ten thousand in words."""
    if language == "zh":
        return han_number(n)
    ones, tens = ONES[language].split(), TENS[language].split()
    if n < 20:
        return ones[n]
    joint = "" if language == "sv" else " "
    if n < 100:
        return tens[n // 10] + (joint + ones[n % 10] if n % 10 else "")
    big, rest = divmod(n, 100 if n < 1000 else 1000)
    if n < 1000:
        if language == "pl":
            head = HUNDREDS_PL[big]
        else:
            one = chance.choice(["a", "one"]) if language == "en" and big == 1 else "" if language == "sv" and big == 1 else ones[big]
            head = one + {"en": " hundred", "sv": "hundra"}[language]
        glue = chance.choice([" and ", " "]) if language == "en" else joint
    else:
        thousand = {"en": "thousand", "sv": "tusen", "pl": "tysiące" if big in (2, 3, 4) else "tysięcy"}[language]
        head = "tysiąc" if language == "pl" and big == 1 else number(big, language, chance) + joint + thousand
        glue = joint
    return head + (glue + number(rest, language, chance) if rest else "")


def han_number(n: int) -> str:
    """A number below ten thousand in Han characters."""
    said, gap = "", False
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = n // unit % 10
        if digit:
            said += ("零" if gap and said else "") + (HAN[digit] if not (unit == 10 and digit == 1 and not said) else "") + sign
            gap = False
        else:
            gap = gap or bool(said)
    return said or "零"


def ordinal(n: int, language: str, chance: Random, *, genitive: bool = False) -> str:
    """A number below a hundred as a place in order."""
    if language == "pl":
        words = [TENTHS_PL[n // 10]] if n >= 20 else []
        if n < 20 or n % 10:
            words.append(ORDINALS["pl"][n % 10 if n >= 20 else n])
        said = " ".join(words)
        if genitive:
            said = " ".join(
                word[:-1] + ("iego" if word.endswith("gi") or word == "trzeci" else "ego") if word[-1] in "yi" else word for word in words
            )
            said = said.replace("trzeciego", "trzeciego").replace("drugiego", "drugiego")
        return said
    if n <= 20:
        return ORDINALS[language][n]
    tens = TENS[language].split()[n // 10]
    if language == "sv":
        return tens + (ORDINALS["sv"][n % 10] if n % 10 else "nde")
    return f"{tens} {ORDINALS['en'][n % 10]}" if n % 10 else TENSE_EN[n // 10]


def digit(sign: str, language: str, chance: Random) -> str:
    """One digit."""
    if language == "zh":
        return ("幺" if chance.random() < 0.7 else "一") if sign == "1" else HAN[int(sign)]
    if language == "en" and sign == "0":
        return chance.choices(["oh", "zero", "nought", "o"], [5, 4, 1, 0.5])[0]
    return ONES[language].split()[int(sign)]


def digits(signs: str, language: str, chance: Random) -> str:
    """Digits one after the other, alone or in groups, as one person groups them."""
    if language == "zh":
        return _han_digits(signs, chance)
    style = chance.choices(["alone", "pairs", "mixed"], [5, 2, 4])[0]
    said: list[str] = []
    at = 0
    while at < len(signs):
        rest = signs[at:]
        if len(rest) >= 3 and rest[0] == rest[1] == rest[2] and language == "en" and chance.random() < 0.5:
            said.append("triple " + digit(rest[0], language, chance))
            at += 3
        elif len(rest) >= 2 and rest[0] == rest[1] and language == "en" and chance.random() < 0.6:
            said.append("double " + digit(rest[0], language, chance))
            at += 2
        elif style == "mixed" and len(rest) >= 3 and rest[0] != "0" and language in ("pl", "sv") and chance.random() < 0.3:
            said.append(number(int(rest[:3]), language, chance))
            at += 3
        elif len(rest) >= 2 and rest[0] != "0" and (style == "pairs" or (style == "mixed" and chance.random() < 0.5)):
            said.append(number(int(rest[:2]), language, chance))
            at += 2
        elif len(rest) >= 2 and rest[0] == "0" and language == "sv" and style != "alone" and rest[1] != "0":
            said.append(f"noll{chance.choice(['', ' '])}{digit(rest[1], language, chance)}")
            at += 2
        else:
            said.append(digit(rest[0], language, chance))
            at += 1
        if chance.random() < 0.012 and 0 < at < len(signs):
            said.append(chance.choice({"en": ["er", "um"], "pl": ["yyy", "eee"], "sv": ["eh", "öh"]}[language]))
    return " ".join(said)


def _han_digits(signs: str, chance: Random) -> str:
    one = "幺" if chance.random() < 0.75 else "一"
    said = "".join(one if sign == "1" else HAN[int(sign)] if sign.isdigit() else sign for sign in signs)
    if chance.random() < 0.65 and len(said) > 5:
        width, glue = chance.choice([3, 4, 4, 4]), chance.choice([" ", " ", " ", "，", ""])
        head = chance.choice([3, 4, 6]) if len(said) > 8 else 0
        parts = ([said[:head]] if head else []) + [said[at : at + width] for at in range(head, len(said), width)]
        said = glue.join(parts)
    return said


def letters(signs: str, language: str, chance: Random, names: Callable[[str], Sequence[str]]) -> str:
    """Letters spelled: alone, by their names, or by examples; few of them also written together. `names`: the names of a letter."""
    if 1 < len(signs) <= _MOST_TOGETHER and chance.random() < _TOGETHER:
        return signs.upper() if chance.random() < _TOGETHER else signs.lower()
    style = chance.choices(["alone", "names", "examples", "mixed"], [6, 3, 2, 2])[0]
    upper = chance.random() < 0.7
    said = []
    for sign in signs:
        own = names(sign.lower())
        as_it_is = sign.upper() if upper else sign.lower()
        how = chance.choice(["alone", "names", "examples"]) if style == "mixed" else style
        if how == "alone" or not own:
            said.append(as_it_is)
        elif how == "names":
            said.append(chance.choice(list(own)))
        else:
            said.append(
                f"{as_it_is} {chance.choice({'en': ['for', 'as in'], 'pl': ['jak'], 'sv': ['som i']}.get(language, ['']))} {own[-1]}"
            )
    return " ".join(said)


def signs(text: str, language: str, chance: Random, names: Callable[[str], Sequence[str]]) -> str:
    """Letters and digits mixed, as in plates and documents."""
    said: list[str] = []
    at = 0
    while at < len(text):
        end = at
        while end < len(text) and text[end].isdigit() == text[at].isdigit():
            end += 1
        part = text[at:end]
        if part.isdigit():
            said.append(digits(part, language, chance))
        elif language == "zh":
            said.append(part)
        else:
            said.append(letters(part, language, chance, names))
        at = end
    return ("" if language == "zh" else " ").join(said)


def date(day: int, month: int, year: int | None, language: str, chance: Random) -> str:
    """A date as people say it; without a year where that is None."""
    if language == "zh":
        return _han_date(day, month, year, chance)
    words = MONTHS[language]
    years = "" if year is None else say_year(year, language, chance)
    two = lambda n: digits(f"{n:02d}", language, chance) if n < 10 and chance.random() < 0.7 else number(n, language, chance)  # noqa: E731
    if language == "en":
        day_said = ordinal(day, "en", chance)
        named = [f"{day_said} of {words[month - 1]}", f"the {day_said} of {words[month - 1]}", f"{words[month - 1]} {chance.choice(['', 'the '])}{day_said}", f"{day_said} {words[month - 1]}", f"{day_said} {words[month - 1][:3]}", f"{day_said} of the {ordinal(month, 'en', chance)}", f"{two(day)} {words[month - 1]}"]  # fmt: skip
        plain = [f"{two(day)} {two(month)}", f"{number(day, 'en', chance)} {number(month, 'en', chance)}"]
        between = chance.choice([" ", " ", " ", " in ", " nineteen " if year and year < 2000 and not years.startswith("nineteen") else " "])
        return (chance.choice(named) if chance.random() < 0.65 else chance.choice(plain)) + (between + years if years else "")
    if language == "pl":
        nominative = chance.random() < 0.3
        day_said = ordinal(day, "pl", chance, genitive=not nominative)
        month_said = words[month - 1] if chance.random() < 0.85 else MONTHS_PL[month - 1]
        named = [f"{day_said} {month_said}", f"{day_said} {ordinal(month, 'pl', chance, genitive=not nominative)}", f"{number(day, 'pl', chance)} {month_said}"]  # fmt: skip
        plain = [f"{two(day)} {two(month)}", f"{ordinal(day, 'pl', chance)} zero {ordinal(month, 'pl', chance)}"]
        return (chance.choice(named) if chance.random() < 0.75 else chance.choice(plain)) + (" " + years if years else "")
    day_said = ordinal(day, "sv", chance)
    in_month = chance.choice(
        [words[month - 1], words[month - 1], f"i {ordinal(month, 'sv', chance)}", ordinal(month, "sv", chance) + " månaden"]
    )
    named = [f"{day_said} {in_month}", f"den {day_said} {in_month}"]
    if years and chance.random() < 0.4:
        return f"{years} {chance.choice([f'{two(month)} {two(day)}', f'{ordinal(month, language, chance)} {ordinal(day, language, chance)}', *named, f'{two(month)} {ordinal(day, language, chance)}'])}"  # fmt: skip
    return (chance.choice(named) if chance.random() < 0.75 else f"{two(day)} {two(month)}") + (" " + years if years else "")


def say_year(year: int, language: str, chance: Random) -> str:
    """A year, often without its century."""
    short = year % 100
    if language == "en":
        if year >= 2000:
            return chance.choice([number(year, "en", chance).replace("  ", " "), f"twenty {digits(f'{short:02d}', 'en', chance) if short < 10 else number(short, 'en', chance)}", digits(f"{short:02d}", "en", chance) if short < 10 else number(short, "en", chance)])  # fmt: skip
        return chance.choice(["nineteen ", "", ""]) + (number(short, "en", chance) if short >= 10 else f"oh {number(short, 'en', chance)}")
    if language == "pl":
        roku = chance.choice(["", " roku", " rok", ""])
        if year >= 2000:
            return (f"dwa tysiące {ordinal(short, 'pl', chance, genitive=chance.random() < 0.7)}" if short else "dwutysięcznego") + roku
        said = ordinal(short, "pl", chance, genitive=chance.random() < 0.7)
        return chance.choice([f"tysiąc dziewięćset {said}", said, said, number(short, "pl", chance)]) + roku
    if year >= 2000:
        return chance.choice([f"tjugohundra{number(short, 'sv', chance) if short else ''}", f"tvåtusen{number(short, 'sv', chance) if short else ''}", digits(f"{short:02d}", "sv", chance)])  # fmt: skip
    return chance.choice(["nittonhundra", "", ""]) + number(short, "sv", chance)


def _han_date(day: int, month: int, year: int | None, chance: Random) -> str:
    written = chance.random() < 0.15
    say = str if written else han_number
    said = ""
    if year is not None:
        whole = str(year) if chance.random() < 0.5 else f"{year % 100:02d}"
        said = (whole if written else "".join(HAN[int(sign)] for sign in whole)) + chance.choice(["年", "年", "年", " "])
    if chance.random() < 0.1:
        return (
            said
            + chance.choice(["农历", "阴历", ""])
            + chance.choice(["正月", "腊月", han_number(month) + "月"])
            + chance.choice(["初", "十", "廿"])
            + HAN[1 + day % 9]
        )
    if year is not None and not written and chance.random() < 0.12:
        return "".join(HAN[int(sign)] for sign in f"{year}{month:02d}{day:02d}")
    return said + say(month) + "月" + say(day) + chance.choice(["号", "日", "", "号"])
