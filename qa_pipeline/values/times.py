"""Dates and times in spoken words, read relative to when the call began: tomorrow at three, 下周三上午十点半, za pół godziny, halv fyra.

A text is scanned for parts (a day, a part of the day, an hour, a span of time); parts that belong together make one value. What is denied (three
does not suit), past (yesterday, three days ago) or a greeting (good morning) gives none. An hour without a part of the day is taken as business
hours have it: one to seven are p.m. (chosen, not measured). Nothing is invented: a word that names no time gives no value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Literal

from qa_pipeline.values.numbers import with_digits
from qa_pipeline.values.value import Rewritten, Value, ValueType

ABOUT_PAIRS = ("一两", "两三", "三四", "四五", "五六", "六七", "七八", "八九")
_LATEST_AFTERNOON_HOUR = 7
_LATEST_CALL_HOUR = 21
Kind = Literal["day", "week", "part", "clock", "range", "ahead", "past"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part of a time, where it stands in the rewritten text. `day`: a date; `weekday`: one of the week named or of the next."""

    kind: Kind
    start: int
    end: int
    day: date | None = None
    weekday: int | None = None
    weeks: int | None = None
    hours: tuple[int, int] | None = None
    clock: tuple[int, int] | None = None
    until: tuple[int, int] | None = None
    is_marked: bool = False
    ahead: timedelta | None = None
    is_deadline: bool = False


# Weekdays and months by their beginnings in folded text.
_WEEKDAYS = {
    "zh": ("[1一]", "[2二]", "[3三]", "[4四]", "[5五]", "[6六]", "[日天]"),
    "en": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "pl": ("poniedzial", "wtor(?:ek|k)", "srod", "czwart(?:ek|k)", "piat(?:ek|k)", "sobot", "niedziel"),
    "sv": ("mandag", "tisdag", "onsdag", "torsdag", "fredag", "lordag", "sondag"),
}
_MONTHS = {
    "en": "jan(?:uary)? feb(?:ruary)? mar(?:ch)? apr(?:il)? may june? july? aug(?:ust)? sept?(?:ember)? oct(?:ober)? nov(?:ember)? dec(?:ember)?",
    "pl": "stycz lut mar(?:ca|zec) kwie maj czerw lip sierp wrze pazdz listop grud",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
}
_RELATIVE_DAYS: dict[str, tuple[tuple[str, int], ...]] = {
    "zh": ((r"大后天", 3), (r"(?<![以之过])后天(?!天)", 2), (r"明(?:天|儿|日)|明(?=早|晚|下午|上午|中午)", 1), (r"今(?:天|儿|日)|今(?=早|晚)", 0)),
    "en": (
        (r"\b(?:the )?day after tomorrow\b", 2), (r"\btomorrow\b|\btomorow\b", 1), (r"\btoday\b|\b(?:this|later this)(?= (?:morning|afternoon|evening))|(?=tonight)", 0),
    ),
    "pl": ((r"\bpojutrze\b", 2), (r"\bjutr(?:o|a|ze|zejsz\w+)\b", 1), (r"\b(?:dzis|dzisiaj|dzisiejsz\w+)\b", 0)),
    "sv": ((r"\bi ?overmorgon\b", 2), (r"\bi ?morgon\b", 1), (r"\bi ?dag\b|\bi ?(?=kvall\b|eftermiddag\b|formiddag\b|natt\b)", 0)),
}  # fmt: skip
# Part of the day → from hour, to hour.
_DAYPARTS: dict[str, tuple[tuple[str, int, int], ...]] = {
    "zh": (
        ("凌晨", 0, 6), ("早上(?!好)|早晨|清晨|一早|(?<=[明今])早|大早", 7, 9), ("上午(?!好)", 8, 12), ("中午(?!好)", 11, 14),
        ("下午(?!好)|午后", 12, 18), ("傍晚", 17, 19), ("晚上(?!好)|(?<=[明今])晚|夜里", 18, 22),
    ),
    "en": (
        (r"(?<!good )\bmorning\b", 8, 12), (r"\blunch ?time\b|\blunch\b", 11, 14), (r"(?<!good )\bafternoon\b", 12, 18),
        (r"(?<!good )\bevening\b|\btonight\b|\bat night\b", 18, 22),
    ),
    "pl": (
        (r"\brano\b|\branem\b|\bz rana\b|\bprzed poludniem\b|\bprzedpoludni\w+", 8, 12), (r"\bw (?:samo )?poludnie\b", 11, 14),
        (r"\bpo poludniu\b|\bpopoludni\w+", 12, 18), (r"(?<!dobry )\bwieczor\w*", 18, 22),
    ),
    "sv": (
        (r"\bbitti\b|\bpa morgonen\b|\bformiddag\w*", 8, 12), (r"\blunch\w*|\bmitt pa dagen\b", 11, 14),
        (r"(?<!god )\beftermiddag\w*", 12, 18), (r"(?<!god )\bkvall\w*", 18, 22),
    ),
}  # fmt: skip
# Hours. h, m: hour and minute; past, to: minutes past or to the hour; half, halfto: half past or before it; tight: surely a clock time.
_N = r"\d{1,2}"
_END_EN = (
    r"(?= ?(?:$|[.,;!?)]| (?:please|is|was|will|would|works?|on|to(?:day|morrow|night)|or|if|then|and|suits?|in the|this|fine|should|sharp|ish|at night|at the"
    r"|we|i|he|she|they|you|next|monday|tuesday|wednesday|thursday|friday|saturday|sunday|could|can|that|so|because|when|onwards?|thanks|thank|ok|okay|but|with|for|instead)\b))"
)
_END_PL = (
    r"(?= ?(?:$|[.,;!?)]| (?:prosze|bedzie|jest|moze|pasuje|w|we|rano|po|wieczorem|jutro|dzis|dzisiaj|pojutrze|lub|albo|i|ale|to|tak|dobrze|ok|bo|"
    r"zadzwon\w*|oddzwon\w*|da|czy|jesli|mnie|mi|najlepiej|dziekuj\w*|przed|pana|pania|panu|pani|sie|by|byloby)\b))"
)
_END_SV = (
    r"(?= ?(?:$|[.,;!?)]| (?:tack|ar|gar|passar|funkar|blir|pa|i|idag|imorgon|ikvall|eller|och|men|sa|da|kan|nasta|for|om|skulle|vore|ungefar|nagon"
    r"|ringer|ring|du|jag|ni|vi|mandag|tisdag|onsdag|torsdag|fredag|lordag|sondag|kanske)\b))"
)
_MERIDIEM = r" ?(?P<ap>[ap])\.? ?m\b\.?"
_CLOCK: dict[str, tuple[str, ...]] = {
    "zh": (
        rf"差(?P<to>{_N}分|[1一]刻)(?:钟)?(?:到)?(?P<h>{_N})点|(?P<h2>{_N})点(?:钟)?差(?P<to2>{_N}分|[1一]刻)",
        rf"(?P<h>{_N})(?:点钟?|[:：时](?!间|候|刻|期|常|长)(?=\d|$|整|半))(?:(?P<half>半)|(?P<m>[13一三]刻|\d{{1,2}})分?|整)?",
    ),
    "en": (
        rf"\b(?P<past>{_N}|quarter)(?: minutes?)? past (?P<h>{_N})\b", rf"(?<!from )\b(?P<to>5|10|20|25|quarter)(?: minutes?)? (?:to|till) (?P<h>{_N})\b",
        rf"\bhalf(?: past)? (?P<h>{_N})\b", rf"\b(?P<h>{_N}):(?P<m>[0-5]\d)(?:{_MERIDIEM})?", rf"\b(?P<h>{_N})(?:[ .](?P<m>[0-5]\d))?{_MERIDIEM}",
        rf"\b(?P<h>{_N})(?: (?P<m>[0-5]\d))? o ?'? ?clock\b", r"\b(?P<noon>noon|midday)\b",
        rf"\b(?:at|around|about|by|before|after|until|till|from|past)(?: about| around| say)? (?P<h>{_N})(?:[ .](?P<m>[0-5]\d))?{_END_EN}",
    ),
    "pl": (
        rf"\bw? ?pol do (?P<halfto>{_N})(?:ej)?\b", rf"\b(?P<past>{_N}|kwadrans) po (?P<h>{_N})(?:ej)?\b",
        rf"\bza (?P<to>{_N}|kwadrans) (?P<h>{_N})(?:a)?\b(?! (?:godzin|minut|dni))", rf"\b(?P<h>{_N}):(?P<m>[0-5]\d)\b",
        rf"\bgodzin\w+ (?P<h>{_N})(?:ej|a)?(?:[ .](?P<m>[0-5]\d))?\b",
        rf"\b(?:o|po|przed|okolo|kolo|od|do|na)(?: godzin\w+)? (?P<h>{_N})(?:ej|a)(?: (?P<m>[0-5]\d)\b|{_END_PL})",
        rf"\b(?:o|po|przed|okolo|kolo|od|do)(?: godzin\w+)? (?P<h>{_N})(?:[ .](?P<m>[0-5]\d))?{_END_PL}",
    ),
    "sv": (
        rf"\b(?P<past>{_N}|kvart) over (?P<h>{_N})\b", rf"\b(?P<to>5|10|20|25|kvart) i (?P<h>{_N})\b",
        rf"\b(?P<over>5|10) over halv (?P<halfto>{_N})\b|\bhalv (?P<halfto2>{_N})\b",
        rf"\b(?:klockan|kl\.?) (?P<h>{_N})(?:[ :.](?:och )?(?P<m>[0-5]\d))?\b", rf"\b(?P<h>{_N}):(?P<m>[0-5]\d)\b",
        rf"\b(?:vid |runt )?(?P<h>{_N}) tiden\b",
        rf"\b(?:efter|fore|innan|runt|vid|till|fran|omkring|senast)(?: klockan| kl\.?)? (?P<h>{_N})(?:[ :.](?P<m>[0-5]\d))?{_END_SV}",
    ),
}  # fmt: skip
# An hour that needs a day or a part of the day right before it (tomorrow three thirty), or nothing else in the utterance (Three.).
_LOOSE: dict[str, str] = {
    "zh": r"(?P<h>一)(?P<m>(?!))?点",
    "en": rf"\b(?P<h>{_N})(?:[ .](?P<m>[0-5]\d))?{_END_EN}",
    "pl": rf"\b(?P<h>{_N})(?:ej|a)?(?:[ .](?P<m>[0-5]\d))?{_END_PL}",
    "sv": rf"\b(?P<h>{_N})(?:[ .:](?P<m>[0-5]\d))?{_END_SV}",
}
_RANGE: dict[str, str] = {
    "zh": rf"(?P<h>{_N})点?(?P<half>半)?(?:[到至~－—-])(?P<part>上午|下午|晚上|中午)?(?P<h2>{_N})点(?P<half2>半)?",
    "en": rf"\b(?:between|from) (?P<h>{_N})(?:[ :.](?P<m>[0-5]\d))? ?(?:[ap]\.?m\.? )?(?:and|to|till|until) (?P<h2>{_N})(?:[ :.](?P<m2>[0-5]\d))?(?: ?(?P<ap>[ap])\.?m\b)?",
    "pl": rf"\b(?:miedzy|pomiedzy|od) (?:godzin\w+ )?(?P<h>{_N})(?:ej|a)? ?(?P<m>[0-5]\d)? ?(?:a|do|i) (?P<h2>{_N})(?:ej|a)?(?: (?P<m2>[0-5]\d))?\b",
    "sv": rf"\b(?:mellan|fran) (?:klockan )?(?P<h>{_N})(?:[ :.](?P<m>[0-5]\d))? (?:och|till) (?P<h2>{_N})(?:[ :.](?P<m2>[0-5]\d))?\b",
}
# Spans of time ahead. n: how many; half: and a half.
_AHEAD: dict[str, tuple[str, ...]] = {
    "zh": (
        rf"(?<![了过用吃喝术])(?P<n>{_N}|半|[1一]刻)(?:个)?(?P<half>半)?(?P<unit>小时|钟头|分钟|钟|天|周|星期|礼拜|月)(?P<half2>半)?(?:之后|以后|后)(?!天)",
        rf"(?:再过|过|等)(?P<n>{_N}|半|[1一]刻)(?:个)?(?P<half>半)?(?P<unit>小时|钟头|分钟|钟)(?P<half2>半)?",
    ),
    "en": (
        r"\bin (?:about |around |like |roughly )?(?P<n>half an?|an?|\d+|a couple of|a few)(?: and (?:a|1) (?P<half>half))? (?P<unit>hour|minute|day|week|month)s?(?P<half2> and a half)?\b",
        r"\b(?P<n>half an|an|\d+) (?P<unit>hour|minute|day|week)s? from now\b",
    ),
    "pl": (
        r"\bza (?:jakie?s |okolo |mniej wiecej )?(?:(?P<n>pol|poltorej|poltora|\d+) )?(?P<unit>godzin|minut|dni|dzien|tydzien|tygodni|miesi|kwadrans)\w*(?P<half2> i pol)?(?! \d)",
    ),
    "sv": (
        r"\bom (?:cirka |ungefar |typ )?(?P<n>en halv|en|ett|\d+)(?: och en (?P<half>halv))? ?(?P<unit>timm|minut|dag|veck|manad|kvart|halvtimm)\w*(?P<half2> och en halv)?",
        r"\bom en (?P<unit>kvart|halvtimm)\w*",
    ),
}
_WITHIN: dict[str, str] = {
    "zh": r"(?P<n>\d+|半)(?:个)?(?P<unit>小时|钟头|分钟|工作日|天)(?:之内|以内|内)",
    "en": r"\bwithin (?:the next |about )?(?P<n>half an?|an?|the|\d+) (?P<unit>hour|minute|business day|working day|day|week)s?\b",
    "pl": r"\bw ciagu (?:najblizsz\w+ )?(?:(?P<n>pol|\d+) )?(?P<unit>godzin|minut|dni robocz|dnia robocz|dni|dnia|tygodni|dob|kwadrans)\w*",
    "sv": r"\binom (?:de narmaste )?(?P<n>en halv|en|ett|\d+) ?(?P<unit>timm|minut|arbetsdag|vardag|dag|veck|dygn)\w*",
}
_MINUTES = {
    "小时": 60, "钟头": 60, "分钟": 1, "钟": 1, "天": 1440, "周": 10080, "星期": 10080, "礼拜": 10080, "月": 43200, "hour": 60, "minute": 1, "day": 1440,
    "week": 10080, "month": 43200, "godzin": 60, "minut": 1, "dni": 1440, "dzien": 1440, "dnia": 1440, "dob": 1440, "tydzien": 10080,
    "tygodni": 10080, "miesi": 43200, "kwadrans": 15, "timm": 60, "dag": 1440, "dygn": 1440, "veck": 10080, "manad": 43200, "kvart": 15,
    "halvtimm": 30,
}  # fmt: skip
_WORKING_DAYS = frozenset(("工作日", "business day", "working day", "dni robocz", "dnia robocz", "arbetsdag", "vardag"))
_NEXT_WEEK = {
    "zh": r"(?P<next>下+)个?(?:周|星期|礼拜)(?![1-6一二三四五六日天])", "en": r"\bnext week\b",
    "pl": r"\bw? ?(?:przyszlym|nastepnym) tygodniu\b|\bprzyszly tydzien\b", "sv": r"\bnasta vecka\b",
}  # fmt: skip
_PAST: dict[str, str] = {
    "zh": r"(?:昨|前|大前)(?:天|晚|日|儿)|(?<!马)上+个?(?:周|星期|礼拜|月)[1-6一二三四五六日天]?|去年|刚才|(?:\d+|半|几)个?半?(?:天|周|小时|钟头|分钟|星期|礼拜|月|年)(?:之前|以前|前)",
    "en": r"\byesterday\b|\blast (?:week|month|night|time|year|mon|tues|wednes|thurs|fri|satur|sun)\w*|\b(?:hours?|minutes?|days?|weeks?|months?|years?) ago\b|\bearlier\b",
    "pl": r"\bwczoraj\w*|\bprzedwczoraj\b|\bzeszl\w+|\bubiegl\w+|\bostatni\w*|\b(?:godzin\w*|minut\w*|dni|dzien|tygodni\w*|tydzien|miesi\w+) temu\b",
    "sv": r"\bi ?gar\b|\bi ?forrgar\b|\bi ?morse\b|\bi (?:man|tis|ons|tors|fre|lor|son)dags\b|\bforra \w+|\bi ?natt\b|\b(?:timm\w*|minut\w*|dag\w*|veck\w*) sedan\b|\bfor \d+ \w+ sen\b",
}
_DENIED_BEFORE: dict[str, str] = {
    "zh": r"(?:不是|不要|别|并非)(?:在)?$", "en": r"\b(?:not|n't|never)(?: be| do| make| come)?(?: on| in)?(?: the)? ?$",
    "pl": r"\bnie(?: moge| bardzo| tylko)?(?: w)? ?$", "sv": r"\binte(?: pa)? ?$",
}  # fmt: skip
_DENIED_AFTER: dict[str, str] = {
    "zh": r"^(?:的时候)?(?:我|可能|恐怕|就|都|也|肯定|那会儿)*(?:不(?:行|方便|合适|可以|在|太方便|太行|能)|没(?:空|时间|有空|有时间)|有事|要(?:开会|上课|上班)|在(?:开会|上班|上课))",
    "en": r"^(?:,|\.)? ?(?:i am afraid )?(?:(?:is|was|will|would|do|does|are|am|that|it|that's|it's|is|i'm|i) ?)*(?:not\b|n't|no good|won't|doesn't|isn't|can't|cannot|out of the question|bad\b|impossible|busy|tied up|too (?:early|late)|, no\b)|^,? no\b",
    "pl": r"^,? ?(?:mi |to |mnie |raczej |niestety )*(?:nie\b|odpada|jestem zajet|pracuje|jestem w pracy|za wczesnie|za pozno)",
    "sv": r"^,? ?(?:gar |passar |funkar |kan |det |jag |ar |blir |fungerar |for mig )*(?:inte\b|nej\b|upptagen|ar det kort|for (?:tidigt|sent))",
}
# Between two parts: what makes them two times.
_SEPARATE: dict[str, str] = {
    "zh": r"不(?!过)|没|或者|还是|要么|[。！!？?；;]", "en": r"\b(?:or|but|not|no|actually|rather|sorry|instead|otherwise)\b|n't|[.;!?](?!\d| ?m\b)",
    "pl": r"\b(?:lub|albo|ale|nie|tylko|ewentualnie|a moze|raczej)\b|[.;!?]", "sv": r"\b(?:eller|men|inte|utan|annars|fast|nej)\b|[.;!?]",
}  # fmt: skip
_AFTER: dict[str, tuple[str, str]] = {
    "zh": ("(?:过了?|等)$", r"^(?:钟|整|左右)?(?:以后|之后|后(?!天)|过后)"), "en": (r"\b(?:after|from|past|since)\b[\w ]*$", r"^ onwards?\b"),
    "pl": (r"\b(?:po|od)\b[\w ]*$", r"(?!)"), "sv": (r"\b(?:efter|fran)\b[\w ]*$", r"^ och framat"),
}  # fmt: skip
_BEFORE: dict[str, tuple[str, str]] = {
    "zh": ("(?!)", r"^(?:钟|整)?(?:以前|之前|前)"), "en": (r"\b(?:before|by|until|till|no later than)\b[\w ]*$", r"(?!)"),
    "pl": (r"\b(?:przed|do)\b[\w ]*$", r"(?!)"), "sv": (r"\b(?:fore|innan|senast|till)\b[\w ]*$", r"(?!)"),
}  # fmt: skip
# A part of the day alone names a time only where the words are about when something is to happen.
_WISH: dict[str, str] = {
    "zh": r"^\W*(?:那|就)?(?:上午|下午|晚上|中午|早上|傍晚)\W*$|(?:上午|下午|晚上|中午|早上|傍晚|晚一点)(?:吧|再|打|联系|给|可以|都|比较|有空|方便|行|来|过来|回)",
    "en": r"\b(?:call|ring|phone|try|back|suits?|better|best|please|prefer|free|available|come)\b|^\W*(?:in the |the |this )?\w+\W*$",
    "pl": r"\b(?:zadzwon\w*|dzwon\w*|oddzwon\w*|lepiej|najlepiej|prosze|pasuje|wole|moge|bede)\b|^\W*\w+(?: \w+)?\W*$",
    "sv": r"\b(?:ring\w*|battre|bast|garna|passar|hellre|ledig|kom\w*|aterkom\w*)\b|^\W*(?:pa )?\w+\W*$",
}
_TWO_POINTS_ZH = (
    r"[1-9]点(?:建议|意见|要求|原因|问题|想法|需要|要说|希望|注意|内容|半小时)|(?:有|以下|提|说|这|那|哪|讲)[1-9]点(?!钟|半|\d|多)"
)


def find_times(text: str, language: str, began: datetime | None) -> list[Value]:
    """The dates and times a text names, in order, each with its day, part of the day and hour put together.

    `began`: when the call began, in the zone the parties speak of; without it the words themselves are the value (`spoken`).
    """
    if language not in _CLOCK:
        return []
    plain = with_digits(text, language)
    found: list[Value] = []
    day: date | None = None
    for group in _groups(plain.text, language, began):
        if _is_denied(plain.text, group, language) or any(part.kind == "past" for part in group):
            continue
        value = _value_of(group, plain, text, language, began, day)
        if value is not None:
            found.append(value)
            day = next((part.day for part in group if part.day), day)
    return found


def names_day(text: str, language: str) -> bool:
    """Whether a text says which day it speaks of: a date, a weekday, or a span of time from now; an hour alone does not."""
    if language not in _CLOCK:
        return False
    return any(part.kind in ("day", "week", "ahead") for part in _parts(with_digits(text, language).text, language, date(2000, 1, 1)))


# --- parts --------------------------------------------------------------------------------------------------------------------------------


def _groups(plain: str, language: str, began: datetime | None) -> list[list[_Part]]:
    """Parts that make one time each: different parts (day, hour …) with nothing between them that begins another time."""
    groups: list[list[_Part]] = []
    for part in _parts(plain, language, began.date() if began else date(2000, 1, 1)):
        group = groups[-1] if groups else None
        between = plain[group[-1].end : part.start] if group else ""
        same = next((other for other in group if other.kind == part.kind), None) if group else None
        is_same_day = same is not None and same.kind == "day" and same.day == part.day
        if group is None or re.search(_SEPARATE[language], between) or (same and not is_same_day) or _are_alternatives(group, part):
            groups.append([part])
        elif same is None:
            group.append(part)
        else:
            group[group.index(same)] = replace(same, end=part.end)
    return groups


def _are_alternatives(group: list[_Part], part: _Part) -> bool:
    whole = {"clock", "range", "ahead"}
    return part.kind in whole and any(other.kind in whole for other in group)


def _parts(plain: str, language: str, today: date) -> list[_Part]:
    """Every part of a time in a text; of parts that overlap the one found first (the more definite pattern) counts."""
    taken: list[_Part] = []

    def is_free(start: int, end: int) -> bool:
        return all(end <= part.start or start >= part.end for part in taken)

    for finder in (_find_past, _find_ahead, _find_days, _find_dayparts, _find_ranges, _find_clocks):
        for part in finder(plain, language, today):
            if is_free(part.start, part.end) or part.start == part.end:
                taken.append(part)
    taken += [part for part in _find_loose(plain, language, taken) if is_free(part.start, part.end)]
    return sorted(taken, key=lambda part: (part.start, part.end))


def _find_past(plain: str, language: str, today: date) -> Iterator[_Part]:
    for match in re.finditer(_PAST[language], plain):
        yield _Part(kind="past", start=match.start(), end=match.end())


def _find_ahead(plain: str, language: str, today: date) -> Iterator[_Part]:
    patterns = [(pattern, False) for pattern in _AHEAD[language]] + [(_WITHIN[language], True)]
    for pattern, is_deadline in patterns:
        for match in re.finditer(pattern, plain):
            groups = match.groupdict()
            count = _count((groups.get("n") or "1").strip())
            if count is None:
                continue
            if groups.get("half") or groups.get("half2"):
                count += 0.5
            unit = groups["unit"]
            if unit in _WORKING_DAYS:
                ahead = _working_days(today, int(count)) - today
            else:
                ahead = timedelta(minutes=round(count * _MINUTES[unit]))
            yield _Part(kind="ahead", start=match.start(), end=match.end(), ahead=ahead, is_deadline=is_deadline)


def _count(said: str) -> float | None:
    if said.isdigit():
        return float(said)
    named = {
        "半": 0.5, "half a": 0.5, "half an": 0.5, "pol": 0.5, "en halv": 0.5, "poltorej": 1.5, "poltora": 1.5, "a": 1, "an": 1, "en": 1, "ett": 1,
        "the": 1, "a couple of": 2, "1刻": 15, "一刻": 15,
    }  # fmt: skip
    return named.get(said)


def _working_days(day: date, count: int) -> date:
    """The day so many working days ahead; public holidays are not known here."""
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _find_days(plain: str, language: str, today: date) -> Iterator[_Part]:
    for pattern, days in _RELATIVE_DAYS[language]:
        for match in re.finditer(pattern, plain):
            yield _Part(kind="day", start=match.start(), end=match.end(), day=today + timedelta(days=days))
    for match in re.finditer(_NEXT_WEEK[language], plain):
        weeks = len(match.group("next")) if language == "zh" else 1
        yield _Part(kind="week", start=match.start(), end=match.end(), weeks=weeks)
    yield from _find_weekdays(plain, language, today)
    yield from _find_dates(plain, language, today)


def _find_weekdays(plain: str, language: str, today: date) -> Iterator[_Part]:
    monday = today - timedelta(days=today.weekday())
    for weekday, name in enumerate(_WEEKDAYS[language]):
        for match in re.finditer(_weekday_pattern(language, name), plain):
            which = match.group("which") or ""
            weeks: int | None = None
            if language == "zh" and which:
                weeks = which.count("下")
            elif which.startswith(("next", "przyszl", "nastepn", "nasta")):
                weeks = 1
            elif which:
                weeks = 0
            # Without a word for the week the next such day is meant; nobody calls today by its weekday.
            day = (
                monday + timedelta(days=weekday, weeks=weeks)
                if weeks is not None
                else today + timedelta(days=(weekday - today.weekday()) % 7 or 7)
            )
            yield _Part(kind="day", start=match.start(), end=match.end(), day=day, weekday=weekday)


@cache
def _weekday_pattern(language: str, name: str) -> str:
    before = {
        "zh": rf"(?P<which>下+|这|本)?个?(?:周|星期|礼拜){name}(?![点个\d])", "en": rf"\b(?P<which>next |this )?{name}\w*",
        "pl": rf"\b(?P<which>przyszl\w+ |nastepn\w+ |(?:w )?t(?:en|a|e) )?{name}\w*", "sv": rf"\b(?P<which>nasta |denna )?{name}\w*",
    }  # fmt: skip
    return before[language]


def _find_dates(plain: str, language: str, today: date) -> Iterator[_Part]:
    if language == "zh":
        numbered = rf"(?:(?P<month>{_N}|一)月份?|(?P<next>下)个?月|(?P<this>这|本)个?月)?(?P<day>{_N}|一)[号日](?!楼|线|员|店|工|客|机|码|床|桌|门|柜|窗)"
        for match in re.finditer(numbered, plain):
            month, day = (int(said.replace("一", "1")) if said else None for said in match.group("month", "day"))
            if match.group("next"):
                month = today.month % 12 + 1
            if found := _next_date(today, day, month):
                yield _Part(kind="day", start=match.start(), end=match.end(), day=found)
        return
    for number, name in enumerate(_MONTHS[language].split(), 1):
        for match in re.finditer(_month_pattern(language, name), plain):
            said = match.group("d") or match.group("d2")
            if found := _next_date(today, int(said), number):
                yield _Part(kind="day", start=match.start(), end=match.end(), day=found)
    alone = {
        "en": rf"\b(?:on|by|before|after|until) the (?P<d>{_N}) ?(?:st|nd|rd|th){_END_EN}", "pl": rf"\b(?P<d>{_N})ego{_END_PL}",
        "sv": rf"\bden (?P<d>{_N}):?[ea]{_END_SV}",
    }  # fmt: skip
    for match in re.finditer(alone[language], plain):
        if found := _next_date(today, int(match.group("d")), None):
            yield _Part(kind="day", start=match.start(), end=match.end(), day=found)


@cache
def _month_pattern(language: str, month: str) -> str:
    ending = r"(?:st|nd|rd|th|\.|:?e|:a|ego|-?go)?"
    after = rf"|\b{month} (?:the )?(?P<d2>{_N})(?:st|nd|rd|th)?\b(?!:)" if language == "en" and month != "may" else "|(?P<d2>(?!))"
    inflected = "" if language == "en" else r"\w*"
    return rf"\b(?P<d>{_N}) ?{ending} (?:of )?{month}{inflected}\b{after}"


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


def _find_dayparts(plain: str, language: str, today: date) -> Iterator[_Part]:
    for pattern, first, last in _DAYPARTS[language]:
        for match in re.finditer(pattern, plain):
            yield _Part(kind="part", start=match.start(), end=match.end(), hours=(first, last))


def _find_ranges(plain: str, language: str, today: date) -> Iterator[_Part]:
    for match in re.finditer(_RANGE[language], plain):
        groups = match.groupdict()
        first, last = (
            (int(groups[h]), 30 if groups.get(half) else int(groups.get(m) or 0))
            for h, half, m in (("h", "half", "m"), ("h2", "half2", "m2"))
        )
        if max(first[0], last[0]) > 24 or first == last:
            continue
        if groups.get("ap") == "p" and last[0] < 12:
            last = (last[0] + 12, last[1])
            first = (first[0] + 12, first[1]) if first[0] < 12 and first[0] + 12 < last[0] else first
        is_marked = groups.get("ap") is not None or last[0] > 12
        yield _Part(kind="range", start=match.start(), end=match.end(), clock=first, until=last, is_marked=is_marked)
    if language == "zh":
        for match in re.finditer(f"({'|'.join(ABOUT_PAIRS)})点", plain):
            hour = ABOUT_PAIRS.index(match.group(1)) + 1
            yield _Part(kind="range", start=match.start(), end=match.end(), clock=(hour, 0), until=(hour + 1, 0))


def _find_clocks(plain: str, language: str, today: date) -> Iterator[_Part]:
    counted = [match.span() for match in re.finditer(_TWO_POINTS_ZH, plain)] if language == "zh" else []
    for pattern in _CLOCK[language]:
        for match in re.finditer(pattern, plain):
            if any(start < match.end() and match.start() < end for start, end in counted):
                continue
            if (read := _read_clock(match)) is not None:
                yield read


def _find_loose(plain: str, language: str, taken: list[_Part]) -> Iterator[_Part]:
    """An hour with no word for it: right after a day or a part of the day, or alone."""
    for match in re.finditer(_LOOSE[language], plain):
        before = plain[: match.start()].rstrip(" ,")
        days = [part for part in taken if part.kind in ("day", "week", "part")]
        after_day = any(part.end == len(before) for part in days) or (
            match.group("m") is not None
            and any(re.fullmatch(r"(?: on| in the| w| we| pa)? ?", plain[match.end() : part.start]) for part in days)
        )
        is_alone = not re.sub(r"^\W*(?:say |maybe |kanske |moze |tak |ja |yes )?$", "", plain[: match.start()])
        ends = re.match(r"^(?: please| tack| prosze| then| is fine| ish)?\W*$", plain[match.end() :])
        if (after_day or (is_alone and ends)) and (read := _read_clock(match)) is not None:
            yield read


def _read_clock(match: re.Match[str]) -> _Part | None:
    groups = {name: value for name, value in match.groupdict().items() if value}
    if "noon" in groups:
        return _Part(kind="clock", start=match.start(), end=match.end(), clock=(12, 0), is_marked=True)
    said = next(groups[name] for name in ("h", "h2", "halfto", "halfto2") if name in groups)
    hour, minute = int(said.replace("一", "1")), 0
    if "to" in groups or "to2" in groups:
        hour, minute = hour - 1, 60 - _minutes(groups.get("to") or groups["to2"])
    elif "past" in groups:
        minute = _minutes(groups["past"])
    elif "halfto" in groups or "halfto2" in groups:
        hour, minute = hour - 1, 30 + int(groups.get("over", 0))
    elif "half" in groups or match.group().startswith("half"):
        minute = 30
    elif "m" in groups:
        minute = _minutes(groups["m"])
    if not 0 <= hour <= 24 or not 0 <= minute < 60:
        return None
    hour = 12 if hour == 0 and ("to" in groups or "halfto2" in groups) else hour
    is_marked = "ap" in groups or hour > 12 or said.startswith("0")
    if groups.get("ap") == "p" and hour < 12:
        hour += 12
    elif groups.get("ap") == "a" and hour == 12:
        hour = 0
    return _Part(kind="clock", start=match.start(), end=match.end(), clock=(hour % 24, minute), is_marked=is_marked)


def _minutes(said: str) -> int:
    if said in ("quarter", "kwadrans", "kvart"):
        return 15
    if said.endswith("刻"):
        return 45 if said[0] in "3三" else 15
    return int(said.rstrip("分"))


# --- values -------------------------------------------------------------------------------------------------------------------------------


def _is_denied(plain: str, group: list[_Part], language: str) -> bool:
    before, after = plain[: group[0].start], plain[group[-1].end :]
    return bool(re.search(_DENIED_BEFORE[language], before) or re.match(_DENIED_AFTER[language], after))


def _value_of(
    group: list[_Part], plain: Rewritten, text: str, language: str, began: datetime | None, day_before: date | None
) -> Value | None:
    kinds = {part.kind: part for part in group}
    start, end = plain.original(min(part.start for part in group), max(max(part.end for part in group), 1))
    if set(kinds) == {"part"} and not re.search(_WISH[language], plain.text):
        return None
    if began is None:
        return Value(value=text[start:end], value_type="spoken", start=start, end=end)

    def value(said: str, value_type: ValueType) -> Value:
        return Value(value=said, value_type=value_type, start=start, end=end)

    if ahead := kinds.get("ahead"):
        return value(*_ahead_value(ahead, began))
    day = _day_of(kinds, began.date()) or day_before
    part = kinds["part"].hours if "part" in kinds else None
    clock = kinds.get("clock") or kinds.get("range")
    if clock is not None and clock.clock is not None:
        first = _moment(clock, clock.clock, part, day, began)
        if clock.until is not None:
            last = _until(clock, first, part)
            return value(f"{first.isoformat(timespec='minutes')}/{last.isoformat(timespec='minutes')}", "daypart")
        return value(first.isoformat(timespec="minutes"), _sense(plain.text, clock, language))
    if part is not None:
        on = day or began.date()
        hours = [datetime.combine(on, time(hour), tzinfo=began.tzinfo) for hour in part]
        if day is None and hours[1] <= began:
            hours = [moment + timedelta(days=1) for moment in hours]
        return value("/".join(moment.isoformat(timespec="minutes") for moment in hours), "daypart")
    return value(day.isoformat(), "date") if day else None


def _ahead_value(part: _Part, began: datetime) -> tuple[str, ValueType]:
    ahead = part.ahead or timedelta()
    if part.is_deadline:
        return (began + ahead).isoformat(timespec="minutes"), "datetime_before"
    if ahead % timedelta(days=1) == timedelta():
        return (began + ahead).date().isoformat(), "date"
    return (began + ahead).isoformat(timespec="minutes"), "datetime"


def _day_of(kinds: dict[Kind, _Part], today: date) -> date | None:
    monday = today - timedelta(days=today.weekday())
    day, week = kinds.get("day"), kinds.get("week")
    if week is not None and week.weeks is not None:
        weekday = day.weekday if day is not None and day.weekday is not None else 0
        return monday + timedelta(weeks=week.weeks, days=weekday)
    return day.day if day else None


def _moment(part: _Part, clock: tuple[int, int], hours: tuple[int, int] | None, day: date | None, began: datetime) -> datetime:
    """The time a clock names: its half of the day from the words beside it, else as business hours and the time of the call have it."""
    hour, minute = clock
    if not part.is_marked and hour <= 12:
        if hours is not None:
            hour = _in_part(hour, hours)
        elif 1 <= hour <= _LATEST_AFTERNOON_HOUR:
            hour += 12
    at = datetime.combine(day or began.date(), time(hour % 24, minute), tzinfo=began.tzinfo) + timedelta(days=hour // 24)
    if at < began and (day is None or day == began.date()):
        is_open = part.until is None and not part.is_marked and hours is None and hour < 12 and hour + 12 <= _LATEST_CALL_HOUR
        if is_open and at + timedelta(hours=12) > began:
            return at + timedelta(hours=12)
        is_going_on = part.until is not None and part.until > (began.hour, began.minute)
        if day is None and not is_going_on:
            return at + timedelta(days=1)
    return at


def _in_part(hour: int, hours: tuple[int, int]) -> int:
    if hours[0] >= 17:
        return 24 if hour == 12 else hour + 12
    if hours[0] >= 12:
        return hour if hour == 12 else hour + 12
    return hour + 12 if hours[0] == 11 and hour <= 2 else hour


def _until(part: _Part, first: datetime, hours: tuple[int, int] | None) -> datetime:
    hour, minute = part.until or (0, 0)
    last = datetime.combine(first.date(), time(hour % 24, minute), tzinfo=first.tzinfo)
    return last if last > first else last + timedelta(hours=12 if hour <= 12 else 24)


def _sense(plain: str, clock: _Part, language: str) -> ValueType:
    """Whether the hour is the time meant, or one after or before which."""
    said = plain[max(0, clock.start - 8) : clock.end]
    following = plain[clock.end :]
    if language != "zh":
        # Half past three, kwadrans po trzeciej: the word belongs to the minutes.
        is_minutes = re.search(r"\bhalf past|pol do|(?:\d|quarter|kwadrans|kvart) (?:past|po|over)\b", plain[clock.start : clock.end])
        before_hour = plain[max(0, clock.start - 8) : clock.start] if is_minutes else re.sub(r"\d.*$", "", said, flags=re.DOTALL)
    else:
        before_hour = plain[max(0, clock.start - 2) : clock.start]
    if re.search(_AFTER[language][0], before_hour) or re.match(_AFTER[language][1], following):
        return "datetime_after"
    if re.search(_BEFORE[language][0], before_hour) or re.match(_BEFORE[language][1], following):
        return "datetime_before"
    return "datetime"
