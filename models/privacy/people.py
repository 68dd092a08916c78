"""What is personal, made up: values of each kind, and how they are said. `Teller.say` gives the words of a slot (`phone.a`, `name.spell`); what was said
of a kind before is remembered, so that it can be said again otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from models.privacy import numerals
from models.privacy.crossing import crossed
from models.privacy.known import Known
from models.privacy.mailboxes import mailbox
from models.privacy.places import ADDRESSES
from models.privacy.polish import inflected
from qa_pipeline.languages.load import table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.values.value import fold

PROVINCES = "京沪粤苏浙鲁川渝鄂湘皖闽豫冀津辽吉黑陕晋云贵桂赣琼甘青宁新蒙"
RADICALS = [
    "草字头",
    "三点水",
    "木字旁",
    "单人旁",
    "双人旁",
    "金字旁",
    "竹字头",
    "王字旁",
    "女字旁",
    "绞丝旁",
    "耳东",
    "弓长",
    "双木",
    "立早",
    "口天",
    "木子",
    "日月",
    "言字旁",
]
GIVEN_HAN = "伟芳娜敏静丽强磊洋艳勇军杰娟涛超明霞平刚桂英玉兰建国志红梅燕华文辉力永健世广义兴良海山仁波宁贵福生龙元全胜学祥才发武新利清飞彬富顺信子晨轩宇浩然涵雨萱梓思远澈欣怡诗琪皓天佑芸芮蔺邦康弘毅霖舒凡卓逸秋春冬莲珍珠凤瑞媛哲鹏程昊睿曦琳瑶璐莹莎蕾薇岚岩峻嵘崇宏鸿浚淼淑淳渊溪滢澜炜炎烨焕煜熙爽牧玥玮珂珊珏琛琦琨瑾璇璟甜皎盈睦知硕祖祺秉稚竣筱纯绍维缘翊翔翠耀聪舟芊芝芷苒若苏茂茜荣荷莉菁菲萌萍葵蓉蓓蔚虹蝶衡裕观言谦豪贤赫跃达迪野钧铭锋锐锦镇阳陶雄雅雪雯霄霏青靖韬韵颖颜馨骏骞高鸣麒黎齐有来根旺金银土水火大喜庆双四妹弟娣香桃杏菊竹松柏"  # fmt: skip
# What short forms of first names end on; Polish ones and Swedish ones as people make them.
SHORT = {
    "en": ["", "", "y", "ie", "s", "z"],
    "pl": ["ek", "uś", "ka", "sia", "cia", "nia", "cio", "yś"],
    "sv": ["an", "is", "sa", "ne", "le"],
}
PARTICLES = {
    "en": ["o'", "mc", "van der ", "de ", "al ", "st. ", "von "],
    "pl": ["de ", "von ", "el "],
    "sv": ["af ", "von ", "de ", "van ", "al "],
}
# Words of the language that people are called by.
ODD = {
    "en": "marsh wells day bell cook page read green brown black white long short small young rich sharp swift strong frost snow winter summer rose "
    "field wood stone brook rivers lake hill dale moor heath banks waters pool bridge street lane church abbott bishop pope king knight squire page "
    "baker butcher carter fisher hunter shepherd gardener mason potter taylor fox wolf lamb bird crane finch swan drake bull pike herring bass rush "
    "reed ash beech berry cherry plum pepper rice bacon bean coffey wine beer mills barnes house hall temple castle batty tipping peel gotobed "
    "onions savage moody merry loveday goodenough proudfoot sweet bitter hardy noble gentle wise bright christmas monday easter",
    "pl": "wrona szczur guz kurek bąk wrzos baran kłopotek kot lis wilk zając sikora kania sowa słowik dudek gołąb czapla gil kruk sroka jeleń niedźwiedź "
    "bóbr żaba rak karp leszcz szczupak okoń śledź komar mucha pająk chrząszcz gąsior kogut kaczor kozioł cielak koń osioł byk wół groch kapusta "
    "cebula pietruszka kalafior ogórek burak marchewka malina jagoda jabłko gruszka śliwa wiśnia dąb sosna kalina jawor grab olcha brzoza lipa "
    "zima mróz śnieg deszcz mgła wiatr burza gwiazda słońce piątek sobota niedziela wrzesień maj noga głowa ręka palec broda wąs czupryna łysy "
    "mały wielki gruby biały czarny rudy zielony złoty cichy mądry wesoły smutny głuchy świerszcz pietrucha kołodziej kowal młynarz szewc krawiec "
    "bednarz piekarz kucharz rybak sołtys wójt król książę papież młotek siekiera topór garnek łyżka kubek bochenek sucharek barszcz żurek kiełbasa",
    "sv": "frisk stolt modig rask ståhl stål svärd sköld lans björn varg räv älg hjort falk örn svan trana lärka sparv rapp glad hård kvick snäll trygg "
    "lugn skarp flink bergtorp berg ek lind alm ask björk gran tall hassel rönn löv blad rot sten grus sand flod bäck sjö ström fors holm ö sund vik "
    "näs udd strand dal kulle mo hed äng åker skog sol måne stjärna frost is snö dimma storm åska vinter sommar höst lax gädda abborre kräfta smed "
    "kock bagare munk biskop kung hertig greve dunker pil båge spjut dolk brand eld lod krut fält lager hjelm tapper dristig ärlig from ljung ros",
}
FILLERS = {"en": ["er", "um", "yeah", "so"], "pl": ["yyy", "no", "eee"], "sv": ["eh", "öh", "ja"], "zh": ["嗯", "呃", "那个"]}


@dataclass(slots=True)
class Teller:
    """One person's data as they come to be said. `capitals`: names have them; `written`: numbers in digits."""

    language: str
    chance: Random
    known: Known
    capitals: bool = False
    written: bool = False
    memory: dict[str, str] = field(default_factory=dict)

    def say(self, slot: str) -> tuple[str, str]:
        """Kind and words of a slot."""
        name, _, how = slot.partition(".")
        kind = name.rstrip("0123456789")
        said = getattr(self, f"_{kind}")(name, how)
        return {"national": "national_id", "birth": "birth_date"}.get(kind, kind), " ".join(
            said.split()
        ) if self.language != "zh" else said.strip()

    def names_of_letters(self, letter: str) -> Sequence[str]:
        return table(self.language, Privacy).letters.get(letter, ())

    def remember(self, name: str, make: Callable[[], str]) -> str:
        if name not in self.memory:
            self.memory[name] = make()
        return self.memory[name]

    def random(self, count: int) -> str:
        return "".join(self.chance.choice("0123456789") for _ in range(count))

    def signs(self, value: str) -> str:
        if self.written:
            if value.isdigit() and len(value) > 6 and self.chance.random() < 0.7:
                width = self.chance.choice([3, 4, 5])
                return self.chance.choice([" ", " ", "-"]).join(value[at : at + width] for at in range(0, len(value), width))
            return value
        return numerals.signs(value, self.language, self.chance, self.names_of_letters)

    def _part(self, value: str, how: str) -> str:
        """A part of a number: thirds a, b, c, halves x, y, the end, some digits of it."""
        third, half = (len(value) + 2) // 3, (len(value) + 1) // 2
        if how == "again":
            how = self.chance.choice(["", "", "tail", "y", "b"])
        if how == "some":
            count = self.chance.choice([2, 3, 3, 4, 5])
            at = self.chance.randrange(max(1, len(value) - count))
            return self.signs(value[at : at + count])
        if how == "wrong":
            place = self.chance.randrange(len(value))
            return self.signs(value[:place] + self.chance.choice("0123456789") + value[place + 1 :])
        cut = {"a": value[:third], "b": value[third : 2 * third], "c": value[2 * third :], "x": value[:half], "y": value[half:], "tail": value[-self.chance.choice([3, 4, 4, 4]) :]}  # fmt: skip
        return self.signs(cut.get(how, value))

    def _phone(self, name: str, how: str) -> str:
        def make() -> str:
            if self.language == "en":
                return self.chance.choice(
                    [
                        "07" + self.random(9),
                        "07" + self.random(9),
                        "0" + self.chance.choice("12") + self.random(9),
                        self.chance.choice("23456789") + self.random(9),
                        "08" + self.random(8),
                        self.random(6),
                    ]
                )
            if self.language == "pl":
                return self.chance.choice(
                    [self.chance.choice("5678") + self.random(8), self.chance.choice("123456") + self.random(8), self.random(7)]
                )
            if self.language == "sv":
                return self.chance.choice(
                    [
                        "07" + self.chance.choice("02369") + self.random(7),
                        "0" + self.chance.choice(["8", "31", "40", "526", "60", "19"]) + self.random(6),
                    ]
                )
            return self.chance.choice(
                [
                    "1" + self.chance.choice("3578") + self.random(9),
                    "1" + self.chance.choice("3589") + self.random(9),
                    "0" + self.random(10),
                    self.random(8),
                ]
            )

        said = self._part(self.remember(name, make), how)
        if not how and self.chance.random() < 0.08 and self.language != "zh":
            plus = {
                "en": ["plus four four", "plus three five three", "plus one", "double oh four four"],
                "pl": ["plus czterdzieści osiem", "plus cztery osiem"],
                "sv": ["plus fyrtiosex", "plus fyra sex"],
            }[self.language]
            said = self.chance.choice(plus) + " " + said
        return said

    def _card(self, name: str, how: str) -> str:
        if how == "cvv":
            return self.signs(self.random(3))
        length = self.chance.choice([16, 16, 16, 16, 15, 8]) if self.language != "zh" else self.chance.choice([16, 19, 19])
        return self._part(self.remember(name, lambda: self.chance.choice("345692") + self.random(length - 1)), how)

    def _account(self, name: str, how: str) -> str:
        def make() -> str:
            if self.language == "en":
                return self.chance.choice(
                    [
                        self.random(8),
                        self.random(8),
                        self.random(6),
                        "GB" + self.random(2) + "".join(self.chance.choices("BARCNWKLOYDHSX", k=4)) + self.random(14),
                        self.random(9),
                        "IE" + self.random(2) + "AIBK" + self.random(14),
                    ]
                )
            if self.language == "pl":
                return self.chance.choice([self.random(26), self.random(26), "PL" + self.random(26), self.random(10), self.random(8)])
            if self.language == "sv":
                return self.chance.choice(
                    [self.random(11), self.random(4), self.random(9), "SE" + self.random(22), self.random(7), self.random(10)]
                )
            return self.chance.choice(["62" + self.random(17), self.random(17), self.random(12), self.random(18)])

        return self._part(self.remember(name, make), how)

    def _national(self, name: str, how: str) -> str:
        def make() -> str:
            year, month, day = self.chance.randint(30, 99), self.chance.randint(1, 12), self.chance.randint(1, 28)
            born = f"{year:02d}{month:02d}{day:02d}"
            letter = lambda count: "".join(self.chance.choices("ABCDEFGHJKLMNPRSTUVWXYZ", k=count))  # noqa: E731
            if self.language == "en":
                return self.chance.choice(
                    [
                        letter(2) + self.random(6) + letter(1),
                        letter(2) + self.random(6) + letter(1),
                        self.random(9),
                        letter(5) + self.random(6) + letter(1) + self.random(1) + letter(2),
                        self.random(10),
                        letter(1) + self.random(8),
                    ]
                )
            if self.language == "pl":
                return self.chance.choice(
                    [
                        born + self.random(5),
                        born + self.random(5),
                        letter(3) + self.random(6),
                        letter(2) + self.random(7),
                        self.random(5) + self.random(4),
                    ]
                )
            if self.language == "sv":
                return self.chance.choice(
                    [
                        born + self.random(4),
                        born + self.random(4),
                        "19" + born + self.random(4),
                        self.random(8),
                        letter(2) + self.random(6),
                    ]
                )
            return self.chance.choice(
                [
                    self.random(6) + f"19{born}" + self.random(3) + self.chance.choice("0123456789X"),
                    self.random(6) + f"19{born}" + self.random(4),
                    "E" + self.random(8),
                    letter(1) + self.random(8),
                ]
            )

        value = self.remember(name, make)
        if how == "tail" and self.language == "zh" and value.endswith("X"):
            return self._part(value[:-1], "tail") + self.chance.choice(["X", "叉", "埃克斯"])
        said = self._part(value, how)
        return said.replace("X", self.chance.choice(["X", "叉", "x"])) if self.language == "zh" else said

    def _plate(self, name: str, how: str) -> str:
        def make() -> str:
            letter = lambda count: "".join(self.chance.choices("ABCDEFGHJKLMNPRSTUVWXYZ", k=count))  # noqa: E731
            if self.language == "en":
                return self.chance.choice(
                    [
                        letter(2) + self.random(2) + letter(3),
                        letter(2) + self.random(2) + letter(3),
                        letter(1) + self.random(3) + letter(3),
                        letter(3) + self.random(4),
                        self.random(3) + "D" + self.random(5),
                    ]
                )
            if self.language == "pl":
                return letter(self.chance.choice([2, 3])) + self.chance.choice(
                    [
                        self.random(5),
                        self.random(4) + letter(1),
                        self.random(3) + letter(2),
                        self.random(1) + letter(1) + self.random(3),
                        self.random(2) + letter(2),
                    ]
                )
            if self.language == "sv":
                return letter(3) + self.random(2) + self.chance.choice([self.random(1), letter(1)])
            return (
                self.chance.choice(PROVINCES)
                + letter(1)
                + "".join(
                    self.chance.choice(["0123456789", "0123456789", "ABCDEFGHJKLMNPQRSTUVWXYZ"])
                    and self.chance.choice("01234567890123456789ABDEFGKQ")
                    for _ in range(self.chance.choice([5, 5, 6]))
                )
            )

        return self._part(self.remember(name, make), how)

    def _birth(self, name: str, how: str) -> str:
        def make() -> str:
            year = self.chance.choice([self.chance.randint(1930, 2009), self.chance.randint(1945, 2005), self.chance.randint(2005, 2024)])
            return f"{year} {self.chance.randint(1, 12)} {self.chance.randint(1, 28 + self.chance.randint(0, 3))}"

        year, month, day = map(int, self.remember(name, make).split())
        if self.written or (self.language != "zh" and self.chance.random() < 0.02):
            glue = self.chance.choice("./-/")
            written = [
                f"{year}-{month:02d}-{day:02d}",
                f"{day:02d}{glue}{month:02d}{glue}{year}",
                f"{day}{glue}{month}{glue}{year % 100:02d}",
            ]
            if how in ("", "again"):
                return self.chance.choice(
                    written if self.language != "zh" else [f"{year}年{month}月{day}日", written[0], f"{year}{month:02d}{day:02d}"]
                )
        if how == "year":
            return (
                numerals.say_year(year, self.language, self.chance)
                if self.language != "zh"
                else numerals.digits(f"{year % 100:02d}", "zh", self.chance) + "年"
            )
        if how == "day":
            return numerals.date(day, month, None, self.language, self.chance)
        if how == "md":
            return numerals.digits(f"{month:02d}{day:02d}", self.language, self.chance)
        return numerals.date(day, month, year, self.language, self.chance)

    def _name(self, name: str, how: str) -> str:
        if self.language == "zh":
            return self._han_name(name, how)
        first = self.remember(name + " first", self._first)
        last = self.remember(name + " last", self._last)
        if how == "spell":
            return numerals.letters(re.sub(r"[^a-z]", "", fold(last)), self.language, self.chance, self.names_of_letters)
        if how == "spellfirst":
            return numerals.letters(re.sub(r"[^a-z]", "", fold(first)), self.language, self.chance, self.names_of_letters)
        part, _, case = how.partition("-")
        if part == "odd":
            last = self.remember(name + " odd", lambda: self.chance.choice(ODD[self.language].split()).capitalize())
            part = "last"
        if part == "init":
            last, part = f"{first[0]} {last}", "last"
        whole = {"first": first, "last": last, "rev": f"{last} {first}", "both": f"{first} {last}"}.get(part, f"{first} {last}")
        if part == "again":
            whole = self.chance.choice([first, last, whole])
        said = inflected(whole, case, self.chance) if case and self.language == "pl" else whole
        if self.language in ("en", "sv") and case == "gen":
            said += "s" if self.language == "sv" else "'s"
        return said if self.capitals else said.lower()

    def _first(self) -> str:
        """A first name as people have them, or are called: two of them, a short form, one that is on no list."""
        first, kind = self.known.first(self.chance), self.chance.random()
        if kind < 0.06:
            return first + self.chance.choice([" ", "-"]) + self.known.first(self.chance)
        if kind < 0.14 and len(first) > 4:
            return first[: self.chance.choice([3, 3, 4])] + self.chance.choice(SHORT[self.language])
        return crossed(first, self.known.first(self.chance), self.chance) if kind < 0.22 else first

    def _last(self) -> str:
        """A last name: of two, with a particle, one that is on no list."""
        last, kind = self.known.last(self.chance), self.chance.random()
        if kind > 0.95:
            return self.chance.choice(ODD[self.language].split()).capitalize()
        if kind < 0.06:
            return last + self.chance.choice([" ", "-"]) + self.known.last(self.chance)
        if kind < 0.1:
            return self.chance.choice(PARTICLES[self.language]) + last
        return crossed(last, self.known.last(self.chance), self.chance) if kind < 0.24 else last

    def _han_name(self, name: str, how: str) -> str:
        last = self.remember(name + " han", lambda: self.known.surname(self.chance))
        first = self.remember(
            name + " given",
            lambda: (
                self.known.given(self.chance)
                if self.chance.random() < 0.45
                else "".join(self.chance.choices(GIVEN_HAN, k=self.chance.choice([1, 2, 2])))
            ),
        )
        part = how.partition("-")[0]
        if part in ("last", "spell"):
            if part == "spell" or self.chance.random() < 0.2:
                return last + self.chance.choice(
                    [
                        f"{self.chance.choice(RADICALS)}那个{last}",
                        f"{self.chance.choice(RADICALS)}的{last}",
                        f"{self.chance.choice(GIVEN_HAN)}{last}的{last}",
                    ]
                )
            return last
        if part == "first":
            # As those who know somebody say it: 阿哲, 明明.
            called = self.chance.random()
            return "阿" + first[-1] if called < 0.1 else first[-1] * 2 if called < 0.16 else first
        if part == "explain":
            glue = self.chance.choice(["", "", " ", "，"])
            return glue.join(
                [
                    last + first,
                    *(f"{self.chance.choice(GIVEN_HAN)}{sign}{self.chance.choice(['的', '的', '那个'])}{sign}" for sign in last + first),
                ]
            )
        if part == "spellfirst":
            return self.chance.choice([f"{sign}{self.chance.choice(GIVEN_HAN)}的{sign}" for sign in first])
        return last + first

    def _address(self, name: str, how: str) -> str:
        make = ADDRESSES[self.language]
        for part, value in make(self).items():
            self.memory.setdefault(f"{name} {part}", value)
        get = lambda part: self.memory[f"{name} {part}"]  # noqa: E731
        if how == "again":
            how = self.chance.choice(["street", "way", "town", "code"])
        if how in ("street", "way", "town", "code", "house", "number"):
            return get(how)
        glue = self.chance.choice([" ", " ", ", "]) if self.language != "zh" else self.chance.choice(["", "", " ", "，"])
        orders = {"en": [["street", "town", "code"], ["street", "town"], ["house", "way", "town"], ["street", "code"], ["street"], ["house", "town", "code"], ["street", "town", "town2"]],
                  "pl": [["street", "town"], ["town", "street"], ["street", "code", "town"], ["town", "way", "number"], ["street"], ["way", "number", "code", "town"], ["code", "town", "street"]],
                  "sv": [["street", "town"], ["street", "code", "town"], ["street"], ["street", "in", "town"], ["house", "town"], ["street", "code"]],
                  "zh": [["town", "street", "estate"], ["town", "street"], ["street", "estate"], ["estate"], ["town", "estate"], ["street"]]}[self.language]  # fmt: skip
        order = self.chance.choice(orders)
        return glue.join(" ".join(["i"]) if part == "in" else get(part) for part in order)

    def count(self, most: int) -> str:
        count = self.chance.randint(1, most)
        if self.written:
            return str(count)
        if count > 99 and self.chance.random() < 0.5 and self.language == "en":
            return numerals.digits(str(count), "en", self.chance)
        return numerals.number(count, self.language, self.chance)

    def case(self, text: str) -> str:
        return " ".join(word[:1].upper() + word[1:] for word in text.split()) if self.capitals else text.lower()

    def _email(self, name: str, how: str) -> str:
        return mailbox(self, name, how)
