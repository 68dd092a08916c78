"""Values in spoken words: numbers, telephone numbers, dates and times, names. Pure; `norm` tokens in, values with their place out.

Times are read relative to when the call began. An hour without a part of the day is taken as business hours have it: one to seven are p.m.
(chosen, not measured). Nothing is invented: a word that names no time gives no value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from qa_pipeline.language.normalise import normalise, simplify, tokens_of

ValueType = Literal["datetime", "datetime_after", "date", "daypart", "spoken", "number", "phone", "name"]
_SHORTEST_PHONE, _LONGEST_PHONE = 7, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value said in a text. `start`/`end`: half-open character span. `value`: digits, ISO 8601 (a `daypart` is start/end) or the words."""

    value: str
    value_type: ValueType
    start: int
    end: int


# --- numbers and telephone numbers ------------------------------------------------------------------------------------------------------

_SCALES = {
    "en": {"hundred": 100, "thousand": 1000},
    "pl": {"sto": 100, "dwiescie": 200, "trzysta": 300, "czterysta": 400, "piecset": 500, "tysiac": 1000, "tysiace": 1000, "tysiecy": 1000},
    "sv": {"hundra": 100, "tusen": 1000},
}
_ADDED_SCALES = frozenset(("sto", "dwiescie", "trzysta", "czterysta", "piecset"))
_BETWEEN = {"en": frozenset(("and", "a")), "pl": frozenset(("i",)), "sv": frozenset(("och", "ett"))}
_ZEROS = {"en": frozenset(("oh", "o", "nought")), "sv": frozenset(("nolla",)), "pl": frozenset(("zer",))}
_REPEATS = {"doubl": 2, "tripl": 3, "dubbel": 2, "podwojn": 2, "potrojn": 3}


def find_numbers(text: str, language: str) -> list[Value]:
    """Every number said in a text, composed (three hundred and fifty → 350)."""
    tokens = tokens_of(normalise(text, language), text)
    scales, between = _SCALES.get(language, {}), _BETWEEN.get(language, frozenset())
    found: list[Value] = []
    index = 0
    while index < len(tokens):
        total = section = 0
        begun, last = None, index
        position = index
        while position < len(tokens):
            word = _plain(text[tokens[position].start : tokens[position].end])
            token = tokens[position].text
            if token.isdigit() and len(token) <= 12:
                value = int(token)
                # Two numbers of which the second does not fit below the first are two numbers.
                if begun is not None and section and not (section % 100 == 0 or (section % 10 == 0 and section % 100 and value < 10)):
                    break
                section += value
            elif word in scales:
                if word in _ADDED_SCALES:
                    section += scales[word]
                elif scales[word] == 1000:
                    total, section = total + (section or 1) * 1000, 0
                else:
                    section = (section or 1) * scales[word]
            elif not (begun is not None and word in between and position + 1 < len(tokens) and tokens[position + 1].text.isdigit()):
                break
            begun = tokens[position].start if begun is None else begun
            last = position + 1
            position += 1
        if begun is None:
            index += 1
            continue
        found.append(Value(value=str(total + section), value_type="number", start=begun, end=tokens[last - 1].end))
        index = last
    return found


def find_phones(text: str, language: str) -> list[Value]:
    """Runs of digits long enough for a telephone number (7–15), however they are grouped or spoken."""
    tokens = tokens_of(normalise(text, language), text)
    found: list[Value] = []
    digits, start, end, repeat = "", 0, 0, 1

    def close() -> None:
        if _SHORTEST_PHONE <= len(digits) <= _LONGEST_PHONE:
            found.append(Value(value=digits, value_type="phone", start=start, end=end))

    for token in tokens:
        if token.text.isdigit() or token.text in _ZEROS.get(language, frozenset()):
            start = token.start if not digits else start
            digits += (token.text if token.text.isdigit() else "0") * repeat
            end, repeat = token.end, 1
        elif token.text in _REPEATS:
            start = token.start if not digits else start
            repeat = _REPEATS[token.text]
        elif token.text in ("plus", "dash", "e", "en", "a"):
            continue
        else:
            close()
            digits, repeat = "", 1
    close()
    return found


def digits_of(text: str, language: str) -> str:
    """All digits said in a text, in order."""
    tokens = tokens_of(normalise(text, language), text)
    zeros = _ZEROS.get(language, frozenset())
    return "".join(token.text if token.text.isdigit() else "0" for token in tokens if token.text.isdigit() or token.text in zeros)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


# --- dates and times --------------------------------------------------------------------------------------------------------------------

_ZH_NUMBER = r"(?:[0-9]{1,2}|[一二两三四五六七八九十]{1,3})"
_WEEKDAYS = {
    "zh": {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6},
    "en": dict(zip(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], range(7), strict=True)),
    "pl": dict(zip(["poniedzial", "wtor(?:ek|ku)", "srod", "czwart", "piat(?:ek|ku)", "sobot", "niedziel"], range(7), strict=True)),
    "sv": dict(zip(["mandag", "tisdag", "onsdag", "torsdag", "fredag", "lordag", "sondag"], range(7), strict=True)),
}
_MONTHS = {
    "en": [
        "jan(?:uary)?",
        "feb(?:ruary)?",
        "mar(?:ch)?",
        "apr(?:il)?",
        "may",
        "june?",
        "july?",
        "aug(?:ust)?",
        "sep(?:tember)?",
        "oct(?:ober)?",
        "nov(?:ember)?",
        "dec(?:ember)?",
    ],
    "pl": ["stycz", "lut", "mar(?:ca|zec)", "kwie", "maj", "czerw", "lip", "sierp", "wrze", "pazdz", "listop", "grud"],
    "sv": ["januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november", "december"],
}
_RELATIVE_DAYS: dict[str, tuple[tuple[str, int], ...]] = {
    "zh": (("大后天", 3), ("后天", 2), ("明(?:天|儿|日|早|晚)", 1), ("今(?:天|儿|日|早|晚)", 0)),
    "en": ((r"\bday after tomorrow\b", 2), (r"\btomorrow\b", 1), (r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b", 0)),
    "pl": ((r"\bpojutrze\b", 2), (r"\bjutro\b", 1), (r"\b(?:dzis|dzisiaj)\b", 0)),
    "sv": ((r"\bi ?overmorgon\b", 2), (r"\bi ?morgon\b", 1), (r"\b(?:idag|i dag|ikvall|i kvall)\b", 0)),
}
# Part of the day → from hour, to hour.
_DAYPARTS: dict[str, tuple[tuple[str, int, int], ...]] = {
    "zh": (("早上|早晨|清晨|明早|今早", 7, 9), ("上午", 8, 12), ("中午", 11, 14), ("下午", 12, 18), ("傍晚", 17, 19), ("晚上|今晚|明晚", 18, 22)),
    "en": ((r"\bmorning\b", 8, 12), (r"\b(?:noon|midday|lunch ?time)\b", 11, 14), (r"\bafternoon\b", 12, 18), (r"\b(?:evening|tonight)\b", 18, 22)),
    "pl": ((r"\b(?:rano|przed poludniem)\b", 8, 12), (r"\bw poludnie\b", 11, 14), (r"\bpo poludniu\b", 12, 18), (r"\bwieczor", 18, 22)),
    "sv": (
        (r"\b(?:pa morgonen|bitti|formiddag\w*)\b", 8, 12), (r"\b(?:lunch\w*|mitt pa dagen)\b", 11, 14), (r"\beftermiddag\w*", 12, 18),
        (r"\b(?:kvall\w*|ikvall)\b", 18, 22),
    ),
}  # fmt: skip
_HOURS_PL = [
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
_CLOCK: dict[str, tuple[str, ...]] = {
    "zh": (rf"(?P<h>{_ZH_NUMBER})(?:点钟?|[:：])(?:(?P<half>半)|(?P<quarter>一刻|三刻)|(?P<m>{_ZH_NUMBER}|零[一二三四五六七八九])分?)?",),
    "en": (
        r"(?P<half>half past) (?P<h>\w+)", r"(?P<quarter>quarter past) (?P<h>\w+)", r"(?P<to>quarter to) (?P<h>\w+)",
        r"\b(?P<h>[0-2]?[0-9])[:.](?P<m>[0-5][0-9]) ?(?P<ap>[ap]\.?m\b)?",
        r"\b(?P<h>\w+) (?:o'?clock|(?P<ap>[ap]\.?m\b))",
        r"\b(?:at|after|before|around|about|from|by|till|until|past) (?:about |around )?(?P<h>\w+)(?: (?P<mw>fifteen|thirty|forty-?\s?five))?(?! (?:minute|hour|day|week|percent))\b",
    ),
    "pl": (
        r"\bw?pol do (?P<halfto>\w+)", r"\b(?P<h>[0-2]?[0-9])[:.](?P<m>[0-5][0-9])",
        r"\b(?:o|po|przed|okolo|na|od)(?: godzin\w+)? (?P<h>\w+)(?: (?P<mw>pietnascie|trzydziesci))?\b", r"\bgodzin\w+ (?P<h>\w+)",
    ),
    "sv": (
        r"\bhalv (?P<halfto>\w+)", r"\bkvart over (?P<qh>\w+)", r"\b(?P<to>kvart i) (?P<h>\w+)",
        r"\b(?P<h>[0-2]?[0-9])[:.](?P<m>[0-5][0-9])", r"\b(?:klockan|kl\.?|efter|fore|runt|vid|till) (?:klockan )?(?P<h>\w+)",
    ),
}  # fmt: skip
_SOON: dict[str, str] = {
    "zh": rf"(?P<n>{_ZH_NUMBER}|半)个?(?P<half>半)?(?P<unit>小时|钟头|分钟|天)(?P<andhalf>半)?(?:之后|以后|后)",
    "en": r"\bin (?P<n>half an?|an?|\w+(?:[ -]five)?|a couple of) (?P<unit>hour|minute|day|week)s?\b",
    "pl": r"\bza (?P<n>pol|\w+)? ?(?P<unit>godzin|minut|dni|dzien|tydzien|tygodni)\w*",
    "sv": r"\bom (?P<n>en halv|en|ett|\w+) ?(?P<unit>timm|minut|dag|veck)\w*",
}
_AFTER = {
    "zh": r"(?:以后|之后|后|过后)",
    "en": r"\bafter\b|(?<!half )(?<!quarter )\bpast\b",
    "pl": r"\bpo\b(?! poludniu)",
    "sv": r"\befter\b",
}
_UNITS = {
    "小时": 60, "钟头": 60, "分钟": 1, "天": 1440, "hour": 60, "minute": 1, "day": 1440, "week": 10080, "godzin": 60, "minut": 1, "dni": 1440,
    "dzien": 1440, "tydzien": 10080, "tygodni": 10080, "timm": 60, "dag": 1440, "veck": 10080,
}  # fmt: skip
_NOON_LATEST_MORNING = 7


def find_times(text: str, language: str, began: datetime | None) -> list[Value]:
    """The date or time a text names: at most one, its parts (day, part of the day, hour) put together.

    `began`: when the call began, in the zone the parties speak of; without it the words themselves are the value (`spoken`).
    """
    if language not in _CLOCK:
        return []
    plain = simplify(text) if language == "zh" else _same_length_plain(text)
    soon = re.search(_SOON[language], plain)
    if soon and (minutes := _minutes_ahead(soon, language)) is not None:
        if began is None:
            return [_spoken(text, [soon.span()])]
        if minutes % 1440 == 0:
            return [_value((began + timedelta(minutes=minutes)).date().isoformat(), "date", [soon.span()])]
        return [_value((began + timedelta(minutes=minutes)).isoformat(timespec="minutes"), "datetime", [soon.span()])]
    day, day_span = _day(plain, language, began)
    part, part_span = _part_of_day(plain, language)
    clock, clock_span = _clock(plain, language, part, has_day=day_span is not None or part_span is not None)
    spans = [span for span in (day_span, part_span, clock_span) if span]
    if not spans or (clock is None and day_span is None):
        return []
    if began is None:
        return [_spoken(text, spans)]
    on = day or began.date()
    if clock is not None:
        at = datetime.combine(on, clock, tzinfo=began.tzinfo)
        if day is None and at < began:
            at += timedelta(days=1)
        is_after = clock_span is not None and _is_after(plain, language, clock_span)
        return [_value(at.isoformat(timespec="minutes"), "datetime_after" if is_after else "datetime", spans)]
    if part is not None:
        first, last = (datetime.combine(on, time(hour), tzinfo=began.tzinfo).isoformat(timespec="minutes") for hour in part)
        return [_value(f"{first}/{last}", "daypart", spans)]
    return [_value(on.isoformat(), "date", spans)]


def names_day(text: str, language: str) -> bool:
    """Whether a text says which day it speaks of: a date, a weekday, or a span of time from now; an hour alone does not."""
    if language not in _CLOCK:
        return False
    plain = simplify(text) if language == "zh" else _same_length_plain(text)
    return re.search(_SOON[language], plain) is not None or _day(plain, language, None)[1] is not None


def _same_length_plain(text: str) -> str:
    """Case and diacritics folded, one character for one."""
    out = []
    for char in text:
        folded = _plain(char)
        out.append(folded if len(folded) == 1 else char.lower()[:1] or char)
    return "".join(out)


def _value(value: str, value_type: ValueType, spans: Sequence[tuple[int, int]]) -> Value:
    return Value(value=value, value_type=value_type, start=min(s for s, _ in spans), end=max(e for _, e in spans))


def _spoken(text: str, spans: Sequence[tuple[int, int]]) -> Value:
    start, end = min(s for s, _ in spans), max(e for _, e in spans)
    return Value(value=text[start:end], value_type="spoken", start=start, end=end)


def _minutes_ahead(match: re.Match[str], language: str) -> int | None:
    groups = match.groupdict()
    said = (groups["n"] or "").strip()
    if said in ("半", "half a", "half an", "pol", "en halv"):
        count = 0.5
    elif said in ("a", "an", "en", "ett", ""):
        count = 1.0
    elif said == "a couple of":
        count = 2.0
    else:
        number = _small_number(said, language)
        if number is None:
            return None
        count = float(number)
    if groups.get("half") or groups.get("andhalf"):
        count += 0.5
    return round(count * _UNITS[groups["unit"]])


def _small_number(word: str, language: str) -> int | None:
    if word.isdigit():
        return int(word)
    tokens = normalise(word, language).split()
    if tokens and all(token.split("/")[0].isdigit() for token in tokens):
        value = sum(int(token.split("/")[0]) for token in tokens)
        return value if value <= 366 else None
    return 1 if word == "一" else None


def _day(plain: str, language: str, began: datetime | None) -> tuple[date | None, tuple[int, int] | None]:
    today = began.date() if began else date(2000, 1, 1)
    for pattern, days in _RELATIVE_DAYS[language]:
        if match := re.search(pattern, plain):
            return today + timedelta(days=days), match.span()
    if language == "zh":
        if match := re.search(r"(下+|这|本)?个?(?:周|星期|礼拜)([一二三四五六日天])", plain):
            weekday = _WEEKDAYS["zh"][match.group(2)]
            weeks = (match.group(1) or "").count("下")
            this = today - timedelta(days=today.weekday()) + timedelta(days=weekday, weeks=weeks)
            return (this if weeks or match.group(1) or this >= today else this + timedelta(weeks=1)), match.span()
        if match := re.search(rf"(?:({_ZH_NUMBER})月)?({_ZH_NUMBER})[号日](?!楼|线|员|店|工|客)", plain):
            return _next_date(today, _small_number(match.group(2), "zh"), _small_number(match.group(1) or "", "zh")), match.span()
        if match := re.search("下(?:个)?(?:周|星期|礼拜)", plain):
            return today - timedelta(days=today.weekday()) + timedelta(weeks=1), match.span()
        return None, None
    for name, weekday in _WEEKDAYS[language].items():
        if match := re.search(rf"\b(next |nasta |przyszl\w+ |nastepn\w+ )?{name}\w*", plain):
            ahead = (weekday - today.weekday()) % 7 or 7
            return today + timedelta(days=ahead), match.span()
    for number, month in enumerate(_MONTHS[language], 1):
        if match := re.search(
            rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.|:e|:a)?(?: of)? {month}\w*|\b{month}\w* (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\b", plain
        ):
            return _next_date(today, int(match.group(1) or match.group(2)), number), match.span()
    if match := re.search(r"\b(?:next week|w przyszlym tygodniu|nasta vecka)\b", plain):
        return today - timedelta(days=today.weekday()) + timedelta(weeks=1), match.span()
    return None, None


def _next_date(today: date, day: int | None, month: int | None) -> date | None:
    """The next day of that number (and month) from today on; None where there is none."""
    if day is None or not 1 <= day <= 31:
        return None
    for ahead in range(13):
        year, number = divmod(today.month - 1 + ahead, 12)
        if month is not None and number + 1 != month:
            continue
        try:
            found = date(today.year + year, number + 1, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def _part_of_day(plain: str, language: str) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    for pattern, first, last in _DAYPARTS[language]:
        if match := re.search(pattern, plain):
            return (first, last), match.span()
    return None, None


def _clock(plain: str, language: str, part: tuple[int, int] | None, *, has_day: bool) -> tuple[time | None, tuple[int, int] | None]:
    for pattern in _CLOCK[language]:
        for match in re.finditer(pattern, plain):
            found = _read_clock(match, language, part)
            if found is not None and (has_day or _is_surely_a_time(match, language)):
                return found, match.span()
    return None, None


def _is_surely_a_time(match: re.Match[str], language: str) -> bool:
    """Whether the words can be nothing but a time without a day beside them (after three: three what?)."""
    text = match.group()
    if language == "zh":
        return "点" in text and not re.search(r"[一两]点$", text)
    return bool(re.search(r"[:.]\d\d|clock|\b[ap]\.?m\b|half|quarter|kvart|klockan|godzin|pol do", text))


def _read_clock(match: re.Match[str], language: str, part: tuple[int, int] | None) -> time | None:
    groups = {name: value for name, value in match.groupdict().items() if value}
    said = groups.get("h") or groups.get("halfto") or groups.get("qh") or ""
    hour = _hour(said, language)
    if hour is None or hour > 24:
        return None
    minute = 0
    if "half" in groups:
        minute = 30
    elif "quarter" in groups:
        minute = 45 if groups["quarter"] == "三刻" else 15
    elif "qh" in groups:
        minute = 15
    elif "halfto" in groups:
        hour, minute = hour - 1, 30
    elif "to" in groups:
        hour, minute = hour - 1, 45
    elif "m" in groups:
        minute = _small_number(groups["m"].lstrip("零"), language) or 0
    elif "mw" in groups:
        minute = _small_number(groups["mw"], language) or {"fifteen": 15, "thirty": 30}.get(groups["mw"], 45)
    if minute > 59:
        return None
    marker = groups.get("ap", "")
    if marker.startswith("p") or (not marker and _is_afternoon(hour, part)):
        hour = hour + 12 if hour < 12 else hour
    return time(hour % 24, minute)


def _is_afternoon(hour: int, part: tuple[int, int] | None) -> bool:
    if part is None:
        return 1 <= hour <= _NOON_LATEST_MORNING
    return part[0] >= 12 or (part[0] == 11 and hour <= 2)


def _hour(word: str, language: str) -> int | None:
    if language == "pl":
        for number, stem in enumerate(_HOURS_PL, 1):
            if re.fullmatch(rf"{stem}\w{{0,3}}", word):
                return number
    return _small_number(word, language)


def _is_after(plain: str, language: str, span: tuple[int, int]) -> bool:
    around = plain[span[0] : span[1] + 3] if language == "zh" else plain[max(0, span[0] - 6) : span[1]]
    return re.search(_AFTER[language], around) is not None


# --- names ------------------------------------------------------------------------------------------------------------------------------

_CAPITALISED = r"([A-ZÀ-ŽŁŚŻŹĆŃÅÄÖ][\w'’-]+(?: [A-ZÀ-ŽŁŚŻŹĆŃÅÄÖ][\w'’-]+)?)"
_NAME_PATTERNS: dict[str, tuple[str, ...]] = {
    "zh": (r"(?:免贵)?姓([^\W\d_]{1,2}?)(?=[，。,.！!？?、\s]|$|叫|的|啊|呀|吧)", r"(?:我叫|名字(?:是|叫)|我是)([^\W\d_]{2,4}?)(?=[，。,.！!？?、\s]|$|的|啊|呀)"),
    "en": (
        rf"(?i:\bmy name(?:'s| is)|\bname's|\bname is|\bthis is|\bit's|\bi'm|\bi am|\bcalled) (?:(?i:mr|mrs|ms|miss|dr)\.? )?{_CAPITALISED}",
        rf"^\W*(?:(?i:it's|mr|mrs|ms|miss|dr)\.? )*{_CAPITALISED}\W*(?i:speaking|here)?\W*$",
    ),
    "pl": (
        rf"(?i:\bnazywam się|\bnazywam sie|\bmam na imię|\bnazwisko|\bmówi|\bz tej strony|\bjestem|\bpani|\bpan) {_CAPITALISED}",
        rf"^\W*{_CAPITALISED}\W*$",
    ),
    "sv": (rf"(?i:\bjag heter|\bmitt namn är|\bnamnet är|\bdet är|\bheter) {_CAPITALISED}", rf"^\W*{_CAPITALISED}\W*$"),
}  # fmt: skip
_NO_NAMES = frozenset(
    [
        "yes",
        "no",
        "okay",
        "ok",
        "sure",
        "hello",
        "hi",
        "thanks",
        "thank",
        "good",
        "right",
        "well",
        "please",
        "tak",
        "nie",
        "dobrze",
        "halo",
        "ja",
        "nej",
        "hej",
        "tack",
        "sorry",
        "busy",
        "fine",
        "here",
        "not",
        "interested",
        "driving",
        "the",
        "a",
        "an",
        "just",
        "also",
        "still",
        "very",
        "calling",
        "afraid",
        "glad",
        "happy",
    ]
)


def find_names(text: str, language: str) -> list[Value]:
    """A person's name, where the words say that it is one (my name is …, 我姓…) or are nothing else."""
    for pattern in _NAME_PATTERNS.get(language, ()):
        for match in re.finditer(pattern, text):
            name = match.group(1)
            if _plain(name.split()[0]) not in _NO_NAMES:
                return [Value(value=name, value_type="name", start=match.start(1), end=match.end(1))]
    return []


def find_values(kind: str, text: str, language: str, began: datetime | None) -> list[Value]:
    """Values of one capture type (datetime, number, phone, name) in a text, in order."""
    if kind == "datetime":
        return find_times(text, language, began)
    finders = {"number": find_numbers, "phone": find_phones, "name": find_names}
    return list(_ordered(finders[kind](text, language)))


def _ordered(values: Sequence[Value]) -> Iterator[Value]:
    yield from sorted(values, key=lambda value: value.start)
