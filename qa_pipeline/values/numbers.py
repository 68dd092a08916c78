"""Numbers and telephone numbers in spoken words: words read as digits, composed (three hundred and fifty → 350) or strung (oh seven double four).

Own tables of number words, inflected forms included, because a value must be right where a phrase need only be near.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from qa_pipeline.text.normalise import HAN, HAN_DIGITS, HAN_SCALES, han_value, simplify
from qa_pipeline.values.value import Rewritten, Value, fold

_SHORTEST_PHONE, _LONGEST_PHONE = 7, 15
_ONES = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "sv": "noll ett tva tre fyra fem sex sju atta nio tio elva tolv tretton fjorton femton sexton sjutton arton nitton",
}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "sv": "tjugo trettio fyrtio femtio sextio sjuttio attio nittio",
}
_POLISH = {
    0: "zero zera", 1: "jeden jedna jedno jednego jednej", 2: "dwa dwie dwoch dwoje dwu dwom", 3: "trzy trzech troje trzem",
    4: "cztery czterech czworo czterem", 5: "piec pieciu piecioro", 6: "szesc szesciu", 7: "siedem siedmiu", 8: "osiem osmiu",
    9: "dziewiec dziewieciu", 10: "dziesiec dziesieciu", 11: "jedenascie jedenastu", 12: "dwanascie dwunastu", 13: "trzynascie trzynastu",
    14: "czternascie czternastu", 15: "pietnascie pietnastu", 16: "szesnascie szesnastu", 17: "siedemnascie siedemnastu",
    18: "osiemnascie osiemnastu", 19: "dziewietnascie dziewietnastu", 20: "dwadziescia dwudziestu", 30: "trzydziesci trzydziestu",
    40: "czterdziesci czterdziestu", 50: "piecdziesiat piecdziesieciu", 60: "szescdziesiat szescdziesieciu",
    70: "siedemdziesiat siedemdziesieciu", 80: "osiemdziesiat osiemdziesieciu", 90: "dziewiecdziesiat dziewiecdziesieciu",
    100: "sto stu", 200: "dwiescie dwustu", 300: "trzysta trzystu", 400: "czterysta czterystu", 500: "piecset pieciuset",
    600: "szescset szesciuset", 700: "siedemset siedmiuset", 800: "osiemset osmiuset", 900: "dziewiecset dziewieciuset",
}  # fmt: skip
_SCALES = {
    "en": {"hundred": 100, "thousand": 1000},
    "pl": {"tysiac": 1000, "tysiace": 1000, "tysiecy": 1000},
    "sv": {"hundra": 100, "tusen": 1000},
}
_ORDINALS_EN = [
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
]
_ORDINALS_SV = [
    "forsta",
    "andra",
    "tredje",
    "fjarde",
    "femte",
    "sjatte",
    "sjunde",
    "attonde",
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
]
_ORDINALS_PL = [
    "pierwsz",
    "drug",
    "trzeci",
    "czwart",
    "piat",
    "szost",
    "siodm",
    "osm",
    "dziewiat",
    "dziesiat",
    "jedenast",
    "dwunast",
    "trzynast",
    "czternast",
    "pietnast",
    "szesnast",
    "siedemnast",
    "osiemnast",
    "dziewietnast",
    "dwudziest",
]
_ORDINAL_PL = re.compile(rf"({'|'.join(sorted(_ORDINALS_PL, key=len, reverse=True))}|trzydziest)(i?ego|i?ej|i?a)")
_WORD = re.compile(rf"[{HAN}]|\d+|[^\W\d_{HAN}]+(?:'[^\W\d_{HAN}]+)*")
ABOUT_PAIRS = ("一两", "两三", "三四", "四五", "五六", "六七", "七八", "八九")
_AND = {"en": frozenset(("and",)), "pl": frozenset(("i",)), "sv": frozenset(("och",))}
_HAN_RUN = re.compile(f"[{''.join(HAN_DIGITS)}{''.join(HAN_SCALES)}]+")
# A lone 一 counts only before what is counted: 一下, 一些, 一定, 一样 are no numbers. 一点 is a little, unless it goes on as an hour does.
_HAN_ONE_COUNTS = re.compile(
    r"(?<![第统万])一(?=个(?!人都)|箱|斤|只|盒|台|张|位|辆|瓶|件|份|袋|颗|粒|块|元|号|月|日|天|周|刻|小时|钟头|分|星期|礼拜|年|次"
    r"|点(?:钟|半|整|一刻|三刻|多|左右|前后|以后|之后|以前|之前|后|前|到|至|[零一二三四五六七八九十\d]))"
)
_HAN_IDIOMS = re.compile(
    r"千万(?!元|块)|万一|十分(?!钟|之)|百分之|百分百|五一|十一(?=假|期间|长假|黄金)|三八妇女|乱七八糟|七上八下|一五一十|三番两次|两下子"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was said. `digits`: how it is written in a telephone number (零五 is "05"); `ordinal`: its ending, where it is one."""

    value: int
    digits: str
    start: int
    end: int
    ordinal: str = ""


def read_numbers(text: str, language: str, *, is_strung: bool = False) -> list[Number]:
    """Every number of a text, composed as people compose them, in order. Digits with separators are left as their parts.

    `is_strung`: as in a telephone number, where nine hundred one two is 900 12.
    """
    return list(_han_numbers(simplify(text)) if language == "zh" else _word_numbers(fold(text), language, is_strung=is_strung))


def with_digits(text: str, language: str) -> Rewritten:
    """The text folded (zh: simplified), numbers in words as digits; ordinals keep an ending (15th, 15ego, 15ej, 15e)."""
    plain = simplify(text) if language == "zh" else fold(text)
    out, origins, position = [], [], 0
    for number in read_numbers(text, language):
        out.append(plain[position : number.start])
        origins += [(at, at + 1) for at in range(position, number.start)]
        written = number.digits + number.ordinal
        out.append(written)
        origins += [(number.start, number.end)] * len(written)
        position = number.end
    out.append(plain[position:])
    origins += [(at, at + 1) for at in range(position, len(plain))]
    return Rewritten("".join(out), tuple(origins))


def _han_numbers(text: str) -> Iterator[Number]:
    idioms = {at for match in _HAN_IDIOMS.finditer(text) for at in range(*match.span())}
    ones = {match.start() for match in _HAN_ONE_COUNTS.finditer(text)}
    for match in re.finditer(rf"\d+|{_HAN_RUN.pattern}", text):
        said, start = match.group(), match.start()
        if (
            start in idioms
            or (said in ABOUT_PAIRS and text[match.end() : match.end() + 1] == "点")
            or (said == "一" and start not in ones)
            or (len(said) == 1 and said in "百千万")
        ):
            continue
        if said.isdigit() and said.isascii():
            yield Number(int(said), said, start, match.end())
        elif any(char in HAN_SCALES for char in said):
            value = han_value(said)
            yield Number(value, str(value), start, match.end())
        else:
            digits = "".join(str(HAN_DIGITS[char]) for char in said)
            yield Number(int(digits), digits, start, match.end())


@cache
def _words(language: str) -> Mapping[str, int]:
    if language == "pl":
        return {word: value for value, words in _POLISH.items() for word in words.split()}
    ones = {word: value for value, word in enumerate(_ONES.get(language, "").split())}
    tens = {word: 10 * value for value, word in enumerate(_TENS.get(language, "").split(), 2)}
    if language == "sv":
        joined = {ten + one: value + ones[one] for ten, value in tens.items() for one in _ONES["sv"].split()[1:10]}
        joined |= {ten + "en": value + 1 for ten, value in tens.items()}
        hundreds = {one + "hundra": 100 * value for one, value in ones.items() if 0 < value < 10}
        below = ones | tens | joined
        return below | hundreds | {head + tail: h + t for head, h in hundreds.items() for tail, t in below.items() if t}
    return ones | tens


@cache
def _ordinals(language: str) -> Mapping[str, int]:
    names = {"en": _ORDINALS_EN, "sv": _ORDINALS_SV}.get(language, [])
    found = {word: value for value, word in enumerate(names, 1)}
    if language == "sv":
        found |= {"tjugonde": 20, "trettionde": 30}
        found |= {ten + word: base + value for ten, base in (("tjugo", 20), ("trettio", 30)) for value, word in enumerate(names[:9], 1)}
    elif language == "en":
        found |= {"twentieth": 20, "thirtieth": 30}
    return found


@lru_cache(maxsize=20_000)
def _may_be_number(word: str, language: str) -> bool:
    """Whether a number may begin with a word: most words are passed over at once."""
    is_padded = language == "sv" and word.startswith("noll")
    return (
        word.isdigit()
        or is_padded
        or word in _words(language)
        or word in _SCALES.get(language, ())
        or _ordinal(word, language)[0] is not None
    )


def _word_numbers(text: str, language: str, *, is_strung: bool) -> Iterator[Number]:
    words = list(_WORD.finditer(text))
    index = 0
    while index < len(words):
        if not _may_be_number(words[index].group(), language):
            index += 1
            continue
        number, used = _read_ordinal(words, index, language)
        if number is None:
            number, used = _read_number(words, index, language, text, is_strung=is_strung)
        if number is not None:
            yield number
        index += max(used, 1)


def _read_ordinal(words: list[re.Match[str]], index: int, language: str) -> tuple[Number | None, int]:
    """An ordinal at a place, with a ten before it (twenty first, dwudziestego pierwszego)."""
    value, ending = _ordinal(words[index].group(), language)
    used = 1
    following = _ordinal(words[index + 1].group(), language) if index + 1 < len(words) else (None, "")
    ten = _words(language).get(words[index].group()) if language == "en" else value if language == "pl" and value in (20, 30) else None
    if ten in (20, 30) and following[0] is not None and following[0] < 10 and (language == "en" or following[1] == ending):
        value, ending, used = ten + following[0], following[1], 2
    if value is None:
        return None, 0
    return Number(value, str(value), words[index].start(), words[index + used - 1].end(), ending), used


def _ordinal(word: str, language: str) -> tuple[int | None, str]:
    if language == "pl":
        match = _ORDINAL_PL.fullmatch(word)
        if match is None:
            return None, ""
        stem = match.group(1)
        return (30 if stem == "trzydziest" else _ORDINALS_PL.index(stem) + 1), match.group(2).lstrip("i")
    if language == "sv" and word.endswith("tiden") and word[:-5] in _words("sv"):
        return _words("sv")[word[:-5]], " tiden"
    value = _ordinals(language).get(word)
    return value, "" if value is None else {"en": "th", "sv": "e"}[language]


def _read_number(words: list[re.Match[str]], index: int, language: str, text: str, *, is_strung: bool) -> tuple[Number | None, int]:
    """The longest number that begins at a word: hundreds, then tens, then ones, and thousands of these."""
    total = section = 0
    room: int | None = None
    begun = last = -1
    position = index
    word = words[index].group()
    if language == "sv" and word.startswith("noll") and (digits := _words("sv").get(word[4:])) is not None:
        return Number(digits, f"0{digits}", words[index].start(), words[index].end()), 1
    if word.isdigit():
        follows = words[index + 1].group() if index + 1 < len(words) else ""
        if _SCALES.get(language, {}).get(follows) != 1000:
            return Number(int(word), word, words[index].start(), words[index].end()), 1
    while position < len(words):
        word = words[position].group()
        if begun >= 0 and re.search(r"[^\s\-]", text[words[position - 1].end() : words[position].start()]):
            break
        value = int(word) if word.isdigit() and len(word) < 4 else _words(language).get(word)
        scale = _SCALES.get(language, {}).get(word)
        if value is not None:
            if room is not None and not 0 < value < room:
                break
            section += value
            # Swedish joins tens and ones in one word: sjuttio ett is 70, 1.
            takes_ones = language != "sv" and 20 <= value % 100 < 100 and value % 10 == 0
            room = 100 if value >= 100 and value % 100 == 0 else 10 if takes_ones else 0
        elif scale == 100 and language != "pl" and 0 <= section < 10 and (begun >= 0 or _may_begin(words, position, language)):
            section, room = (section or 1) * 100, 0 if is_strung else 100
        elif scale == 1000 and total == 0 and (begun >= 0 or _may_begin(words, position, language)):
            total, section, room = (section or 1) * 1000, 0, 1000
        elif not (begun >= 0 and room and room >= 100 and word in _AND.get(language, ()) and position + 1 < len(words)
                  and 0 < _words(language).get(words[position + 1].group(), 0) < room):  # fmt: skip
            break
        else:
            position += 1
            continue
        begun = position if begun < 0 else begun
        last = position
        position += 1
    if begun < 0:
        return None, 0
    number = Number(total + section, str(total + section), words[begun].start(), words[last].end())
    return number, last - index + 1


def _may_begin(words: list[re.Match[str]], position: int, language: str) -> bool:
    """A hundred, ett hundra: a scale without a number before it."""
    before = words[position - 1].group() if position else ""
    return language != "en" or before in ("a", "one")


# --- numbers ------------------------------------------------------------------------------------------------------------------------------

_WRITTEN = re.compile(r"(?<![\d.,:])\d{1,3}(?:[ \u00a0,.]\d{3})+(?![\d.,]*\d)|(?<![\d.,:])\d+[.,]\d{1,2}(?![\d.,:]*\d)")
_AND_A_HALF = {
    "zh": r"^个半", "en": r"^ and a half\b", "pl": r"^ i pol\b", "sv": r"^ och en halv\b",
}  # fmt: skip
_POINT = {"zh": r"^点(?=\d)", "en": r"^ point (?=\d)", "pl": r"^ (?:przecinek|i) (?=\d)", "sv": r"^ komma (?=\d)"}
_NO_NUMBER = {
    "en": re.compile(r"\b(?:no|this|that|which|the|any|every|some|each|another|other) (?=1\b)|\b(?=1 another|1 (?:day|moment|thing|second)\b)"),
}  # fmt: skip
_SPECIAL: dict[str, dict[str, float]] = {
    "en": {r"\bhalf a dozen\b": 6, r"\ba dozen\b": 12},
    "pl": {r"\bpoltor(?:a|ej)\b": 1.5, r"\btuzin\b": 12},
    "sv": {r"\bett dussin\b": 12, r"\b(?:1|en) och en halv\b": 1.5, r"^\W*en\W*$": 1},
}
# 三四个: three or four, no number that could be kept.
_ABOUT = re.compile(
    "(?:一两|两三|三四|四五|五六|六七|七八|八九)(?=[个天次斤箱块年点百十万分位岁只盒台张辆瓶件份袋颗周月])|[十百千][几多来]|几[十百千]"
)


def find_numbers(text: str, language: str) -> list[Value]:
    """Every number said in a text, in digits or words; 2.5 and two and a half too."""
    return list(_numbers_in(text, language))


# Passages overlap: an utterance after two cues is read for both.
@lru_cache(maxsize=2_000)
def _numbers_in(text: str, language: str) -> tuple[Value, ...]:
    written = [Value(value=_plain_number(m.group()), value_type="number", start=m.start(), end=m.end()) for m in _WRITTEN.finditer(text)]
    taken = {at for value in written for at in range(value.start, value.end)}
    plain = with_digits(text, language)
    for pattern, amount in _SPECIAL.get(language, {}).items():
        for match in re.finditer(pattern, plain.text):
            start, end = plain.original(*match.span())
            if start in taken:
                continue
            written.append(Value(value=f"{amount:g}", value_type="number", start=start, end=end))
            taken |= set(range(start, end))
    vague = {at for match in _ABOUT.finditer(text) for at in range(*match.span())} if language == "zh" else set()
    found: list[Value] = []
    numbers = read_numbers(text, language)
    index = 0
    while index < len(numbers):
        number, end, value = numbers[index], numbers[index].end, str(numbers[index].value)
        index += 1
        if number.ordinal or number.start in taken or number.start in vague or _is_no_number(plain, number, language):
            continue
        following = numbers[index] if index < len(numbers) else None
        rest = plain.text[_after(plain, number) :]
        if half := re.match(_AND_A_HALF.get(language, "(?!)"), rest):
            value, end = f"{value}.5", _original_end(plain, number, half.end())
        elif following and re.match(_POINT.get(language, "(?!)"), rest) and _is_decimal(following, language):
            value, end = f"{value}.{following.digits}", following.end
            index += 1
        found.append(Value(value=value, value_type="number", start=number.start, end=end))
    return tuple(sorted([*written, *found], key=lambda value: value.start))


def _plain_number(written: str) -> str:
    if re.fullmatch(r"\d+[.,]\d{1,2}", written):
        return written.replace(",", ".")
    return re.sub(r"\D", "", written)


def _is_decimal(number: Number, language: str) -> bool:
    # 三点二十 is an hour, 三点五 a number.
    return number.value < 10 and (language != "zh" or len(number.digits) == 1)


def _after(plain: Rewritten, number: Number) -> int:
    """Where a number ends in the rewritten text."""
    return next((at + 1 for at in range(len(plain.origins) - 1, -1, -1) if plain.origins[at][1] <= number.end), 0)


def _original_end(plain: Rewritten, number: Number, length: int) -> int:
    at = _after(plain, number) + length
    return plain.origins[at - 1][1]


def _is_no_number(plain: Rewritten, number: Number, language: str) -> bool:
    pattern = _NO_NUMBER.get(language)
    if pattern is None:
        return False
    at = _after(plain, number) - len(number.digits)
    return any(match.end() == at for match in pattern.finditer(plain.text))


# --- telephone numbers --------------------------------------------------------------------------------------------------------------------

_ZEROS = {"en": frozenset(("oh", "o", "nought", "zero")), "sv": frozenset(("nolla", "nollan")), "pl": frozenset(("zer",))}
_REPEATS = {"double": 2, "triple": 3, "treble": 3, "dubbel": 2, "dubbelt": 2, "trippel": 3, "podwojne": 2, "potrojne": 3, "podwojna": 2}
# What people say between the pieces of a number.
_BETWEEN = {
    "zh": frozenset("嗯呃额啊吧呀呢哦哎然后那个再就是杠转后面前"),
    "en": frozenset(["plus", "dash", "um", "uh", "er", "then", "and", "so", "that's", "it's", "is", "hyphen"]),
    "pl": frozenset(["plus", "eee", "yyy", "no", "i", "a", "potem", "dalej", "kreska", "myslnik"]),
    "sv": frozenset(["plus", "eh", "oh", "sen", "och", "streck", "bindestreck", "da"]),
}
_MOST_BETWEEN = 3
_TIMES = re.compile("([两二三四3-4])个([零一二三四五六七八九幺0-9])(?!个)")


def find_phones(text: str, language: str) -> list[Value]:
    """Runs of digits long enough for a telephone number (7–15), however they are grouped or spoken."""
    found: list[Value] = []
    pieces: list[Number] = []
    for piece in [*_pieces(text, language), None]:
        if piece is not None and (not pieces or _belongs(text, pieces[-1], piece, language)):
            pieces.append(piece)
            continue
        found += _phones_of(pieces)
        pieces = [piece] if piece is not None else []
    return found


def digits_of(text: str, language: str) -> str:
    """All digits said in a text, in order."""
    return "".join(piece.digits for piece in _pieces(text, language))


def _phones_of(pieces: list[Number]) -> Iterator[Value]:
    digits = "".join(piece.digits for piece in pieces)
    if _SHORTEST_PHONE <= len(digits) <= _LONGEST_PHONE:
        yield Value(value=digits, value_type="phone", start=pieces[0].start, end=pieces[-1].end)
    elif len(digits) in (18, 22):
        # Two numbers of a country's usual length (9, 11), one after the other.
        half, so_far = len(digits) // 2, 0
        for index, piece in enumerate(pieces):
            so_far += len(piece.digits)
            if so_far == half:
                yield from _phones_of(pieces[: index + 1])
                yield from _phones_of(pieces[index + 1 :])
                return


def _pieces(text: str, language: str) -> list[Number]:
    """Numbers that may be pieces of a telephone number: no amounts, clock times or dates; oh as zero, double, 三个八."""
    if language == "zh":
        text = simplify(text)
        times = [(m, HAN_DIGITS.get(m.group(1)) or int(m.group(1)), m.group(2)) for m in _TIMES.finditer(text)]
        repeated = [Number(0, str(HAN_DIGITS.get(digit, digit)) * count, *match.span()) for match, count, digit in times]
        text = _TIMES.sub(lambda match: " " * len(match.group()), text)
        plain = [n for n in read_numbers(text, language) if not re.search("[千万]", text[n.start : n.end])]
        lone = [Number(1, "1", m.start(), m.end()) for m in re.finditer(r"(?<=[\s，,、。])一(?=[\s，,、。]|$)", text)]
        return sorted([*plain, *repeated, *lone], key=lambda number: number.start)
    folded = fold(text)
    numbers = [n for n in read_numbers(text, language, is_strung=True) if not n.ordinal]
    taken = {at for number in numbers for at in range(number.start, number.end)}
    for match in _WORD.finditer(folded):
        if match.group() in _ZEROS.get(language, ()) and match.start() not in taken:
            numbers.append(Number(0, "0", *match.span()))
    numbers.sort(key=lambda number: number.start)
    return [_repeated(number, folded) for number in numbers if not _is_clock_or_amount(number, text)]


def _repeated(number: Number, folded: str) -> Number:
    before = re.search(r"(\w+)\s+$", folded[: number.start])
    times = _REPEATS.get(before.group(1), 1) if before else 1
    # Of double twenty only the first digit could be meant; nobody says it.
    return (
        Number(number.value, number.digits[0] * times + number.digits[1:], before.start(1), number.end) if before and times > 1 else number
    )


def _is_clock_or_amount(number: Number, text: str) -> bool:
    return bool(
        re.match(r"[:,]\d", text[number.end : number.end + 2]) or re.search(r"\d[:,]$", text[max(0, number.start - 2) : number.start])
    )


def _belongs(text: str, before: Number, after: Number, language: str) -> bool:
    """Whether two pieces are of one number: nothing but pauses and fillers between them."""
    between = [word.group() for word in _WORD.finditer(fold(text[before.end : after.start])) if word.group() not in _REPEATS]
    return len(between) <= _MOST_BETWEEN and all(word in _BETWEEN.get(language, ()) for word in between)
