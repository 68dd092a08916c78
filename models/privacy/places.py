"""Made-up addresses in each language, in parts: street with number, street alone, house, town, postcode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.privacy import numerals
from models.privacy.crossing import crossed
from models.privacy.polish import inflected

if TYPE_CHECKING:
    from models.privacy.people import Teller

WAYS_EN = [
    "street",
    "road",
    "avenue",
    "lane",
    "drive",
    "close",
    "court",
    "crescent",
    "place",
    "square",
    "terrace",
    "gardens",
    "grove",
    "hill",
    "row",
    "walk",
    "way",
    "green",
    "rise",
    "view",
    "mews",
    "parade",
]
# Ways of fewer towns, and streets that are called by what is there.
RARE_WAYS_EN = ["brow", "bank", "fold", "nook", "garth", "wynd", "brae", "quay", "wharf", "lea", "vale", "mount", "circus", "ropewalk", "passage", "yard", "gate", "loan", "side", "dene"]  # fmt: skip
CALLED_EN = ["paddocks", "maltings", "spinney", "limes", "poplars", "hollies", "granary", "cloisters", "firs", "avenue", "green", "mount", "shambles", "strand", "orchards", "elms", "moorings", "sidings"]  # fmt: skip
STREETS_EN = [
    "station",
    "church",
    "victoria",
    "elm",
    "oak",
    "chestnut",
    "mill",
    "park",
    "high",
    "albert",
    "queens",
    "kings",
    "manor",
    "beech",
    "willow",
    "orchard",
    "springfield",
    "highfield",
    "cedar",
    "maple",
    "windsor",
    "york",
    "alexandra",
    "grange",
    "north",
    "south",
    "west",
    "meadow",
    "new",
    "main",
    "london",
    "bridge",
    "school",
    "chapel",
    "vicarage",
    "abbey",
    "castle",
    "priory",
    "larch",
    "hawthorn",
    "rowan",
    "sycamore",
    "lime",
    "holly",
    "ivy",
    "bramble",
    "primrose",
    "poplar",
    "laburnum",
    "heather",
    "fern",
    "cliff",
    "harbour",
    "quarry",
    "canal",
    "tanners",
    "cooper",
    "gorse",
    "dove",
    "heron",
    "swallow",
    "kestrel",
    "lark",
    "wellington",
    "nelson",
    "clarence",
    "regent",
    "albany",
    "trafalgar",
    "waterloo",
    "stanley",
    "derby",
    "gladstone",
    "salisbury",
    "dartmouth",
    "cavendish",
    "devonshire",
    "norfolk",
    "rutland",
]
HOUSES_EN = ["rose cottage", "ivy house", "the old rectory", "the bungalow", "croft house", "mill house", "the tannery", "the barn", "hillside", "the lodge", "orchard farm", "the old forge", "honeysuckle cottage", "fernbank", "the gatehouse", "oakdene", "the coach house", "sea view", "glebe farm", "the granary", "tigh na mara", "brook cottage", "lower farm"]  # fmt: skip
STREETS_SV = ["stor", "kungs", "drottning", "björk", "sol", "ek", "berg", "sjö", "skol", "kyrk", "järnvägs", "granit", "lind", "tall", "kastanj", "ängs", "blåbärs", "lärk", "söder", "norr", "öster", "väster", "hamn", "kvarn", "linné", "vasa", "sturegatan", "hantverkar", "smed", "fabriks", "prästgårds", "skepps", "klöver", "rosen", "syren", "nejlik", "måsväg", "vinter", "trädgårds", "slotts", "fågel", "strand", "brunns", "rönn", "ask", "al", "gran", "hassel", "örn", "falk", "upp", "tors", "frej", "odens", "östra", "ljung"]  # fmt: skip
WAYS_SV = [
    "gatan",
    "gatan",
    "vägen",
    "vägen",
    "stigen",
    "gränd",
    "torget",
    "allén",
    "backen",
    "kroken",
    "slingan",
    "kajen",
    "platsen",
    "liden",
    "höjden",
    "ringen",
    "ängen",
    "parken",
    "hagen",
    "stranden",
]
ODD_SV = ["Kungsholms strand", "Norra Esplanaden", "Stora Torget", "Södra Hamngatan", "Östra Ågatan", "Lilla Nygatan", "Västra Storgatan", "Nedre Slottsgatan", "Klockaregården", "Åkerhult", "Norrgård", "Ekbacka gård", "Nygård", "Villa Solhem", "Bocksäter", "Övre Husargatan", "Fiskarhamnen"]  # fmt: skip
STREETS_HAN = ["人民", "解放", "建设", "中山", "和平", "新华", "文化", "胜利", "长江", "黄河", "建国", "南京", "北京", "迎宾", "朝阳", "东风", "幸福", "学府", "五一", "光明", "滨海", "滨江", "环城", "科技", "工业", "创新", "花园", "体育", "金水", "江南", "龙口", "天府", "青年", "湖滨", "清河", "西湖", "翠竹", "育才", "民主", "友谊", "红旗", "团结", "振兴", "迎春", "白云", "长安", "延安", "复兴", "高新", "海滨", "桃园", "梧桐", "凤凰"]  # fmt: skip
ESTATES_HAN = ["花园", "家园", "小区", "公寓", "新村", "苑", "城", "嘉园", "名邸", "大厦", "广场", "庭", "新城", "山庄", "里", "胡同", "弄"]
NAMES_HAN = ["阳光", "锦绣", "怡景", "翡翠", "碧桂", "万科", "绿地", "金色", "世纪", "华润", "保利", "丽景", "东方", "御景", "香榭", "水岸", "紫荆", "望京", "梅园", "龙湖", "天鹅", "春晓", "星河", "云山", "金域", "铸诚", "帝景", "康乐", "泰和", "半岛"]  # fmt: skip


def _house(teller: Teller) -> str:
    """A house with a name, of the list or put together."""
    if teller.chance.random() < 0.4:
        return teller.chance.choice(HOUSES_EN)
    of = teller.chance.choice([*STREETS_EN, crossed(teller.known.last(teller.chance), teller.known.town(teller.chance), teller.chance)])
    kind = teller.chance.choice(
        ["cottage", "house", "farm", "lodge", "barn", "mill", "villa", "hall", "end", "cottages", "mansions", "yard"]
    )
    return f"{teller.chance.choice(['', '', '', 'the old ', 'lower ', 'upper '])}{of} {kind}"


def _town(teller: Teller) -> str:
    """A town, or a village that is on no list."""
    town, kind = teller.known.town(teller.chance), teller.chance.random()
    if kind < 0.08:
        return f"{teller.chance.choice(['little', 'great', 'upper', 'lower', 'new', 'west', 'east', 'north', 'south'])} {town}"
    if kind < 0.13:
        return f"{town} {teller.chance.choice(['on sea', 'saint mary', 'by the water', 'under edge', 'green', 'cross', 'heath'])}"
    return crossed(town, teller.known.town(teller.chance), teller.chance) if kind < 0.28 else town


def english(teller: Teller) -> dict[str, str]:
    """An address in Britain, Ireland or America, in its parts."""
    base = teller.chance.choice(
        [
            teller.chance.choice(STREETS_EN),
            teller.chance.choice(STREETS_EN),
            teller.known.last(teller.chance),
            teller.known.town(teller.chance),
            crossed(teller.known.town(teller.chance), teller.known.last(teller.chance), teller.chance),
            f"{teller.chance.choice(['old', 'upper', 'lower', 'great', 'little', 'back', 'long'])} {teller.chance.choice(STREETS_EN)}",
            f"saint {teller.known.first(teller.chance)}s",
        ]
    )
    way = (
        teller.case(f"{base} {teller.chance.choice(WAYS_EN)}")
        if teller.chance.random() < 0.93
        else teller.case(base + teller.chance.choice(["gate", "side", "bank", "holme", "croft"]))
    )
    rare = teller.chance.random()
    if rare < 0.1:
        way = teller.case(f"{base} {teller.chance.choice(RARE_WAYS_EN)}")
    elif rare < 0.15:
        way = teller.case(f"the {teller.chance.choice(CALLED_EN)}")
    tail = teller.chance.choice(["", "", "", "", " a", " b", " A"])
    number = teller.count(teller.chance.choice([30, 130, 400]))
    flat = (
        teller.chance.choice(
            [
                f"flat {teller.count(30)} ",
                f"apartment {teller.count(40)} ",
                "top floor flat ",
                f"unit {teller.count(20)} ",
                f"flat {teller.chance.choice('abcd')} ",
            ]
        )
        if teller.chance.random() < 0.2
        else ""
    )
    letter = lambda count: "".join(teller.chance.choices("ABCDEGHJKLMNPRSTUWXYZ", k=count))  # noqa: E731
    code = letter(teller.chance.choice([1, 2, 2])) + str(teller.chance.randint(1, 39)) + teller.random(1) + letter(2)
    zip_code = teller.random(5)
    written = code if teller.chance.random() < 0.8 else zip_code
    return {
        "street": f"{flat}{teller.chance.choice(['', '', 'number ', ''])}{number}{tail} {way}",
        "way": way,
        "number": teller.chance.choice(["number ", "", "house number "]) + number + tail,
        "house": teller.case(_house(teller)),
        "town": teller.case(_town(teller)),
        "town2": teller.case(_town(teller)),
        "code": f"{code[:-3]} {code[-3:]}" if teller.written else teller.signs(written),
    }


def polish(teller: Teller) -> dict[str, str]:
    """An address in Poland, in its parts."""
    kind = teller.chance.choice(["ulica", "", "", "", "aleja", "osiedle", "plac", "ulicy", "ul."])
    base = teller.chance.choice(
        [
            teller.known.street(teller.chance),
            teller.known.street(teller.chance),
            inflected(teller.known.last(teller.chance), "gen", teller.chance),
            crossed(teller.known.street(teller.chance), teller.known.street(teller.chance), teller.chance),
        ]
    )
    way = f"{kind} {teller.case(base) if teller.capitals else base.lower()}".strip()
    number = teller.count(teller.chance.choice([30, 150]))
    tail = teller.chance.choice(
        [
            "",
            "",
            "",
            f" {teller.chance.choice('abc')}",
            f" mieszkania {teller.count(90)}",
            f" {teller.chance.choice(['przez', 'łamane przez', 'mieszkanie', 'lokal', 'klatka'])} {teller.count(60)}",
            f" mieszkania {teller.count(20)}",
            f" {teller.chance.choice(['blok', 'klatka', 'wejście'])} {teller.chance.choice('abcdef')}",
            f" {teller.chance.choice(['em', 'm', 'de', 'be', 'lok'])} {teller.count(60)}",
        ]
    )
    code = teller.random(5)
    town = teller.known.town(teller.chance)
    if teller.chance.random() < 0.2:
        town = crossed(town, teller.known.town(teller.chance), teller.chance)
    if teller.chance.random() < 0.06:
        town = teller.chance.choice(["kolonia ", "stara ", "nowa ", "nowy ", "stary ", "mała ", "duża ", "górna "]) + town
    village = f"{teller.case(town)} {number}"
    return {
        "street": f"{way} {number}{tail}" if teller.chance.random() < 0.9 else village,
        "way": way,
        "number": number + tail,
        "house": teller.chance.choice([f"blok {teller.count(20)}", f"klatka {teller.count(6)}", f"mieszkania {teller.count(90)}"]),
        "town": teller.case(town if teller.chance.random() < 0.7 else inflected(town, "loc", teller.chance)),
        "code": f"{code[:2]}-{code[2:]}"
        if teller.written
        else f"{numerals.digits(code[:2], 'pl', teller.chance)} {numerals.digits(code[2:], 'pl', teller.chance)}",
    }


def swedish(teller: Teller) -> dict[str, str]:
    """An address in Sweden, in its parts."""
    way = (
        teller.chance.choice(ODD_SV)
        if teller.chance.random() < 0.15
        else teller.chance.choice([teller.chance.choice(STREETS_SV), teller.chance.choice(STREETS_SV), teller.known.last(teller.chance)])
        + teller.chance.choice(WAYS_SV)
    )
    town, house = teller.known.town(teller.chance), teller.chance.choice(ODD_SV)
    if teller.chance.random() < 0.2:
        town = crossed(town, teller.known.town(teller.chance), teller.chance)
    if teller.chance.random() < 0.5:
        # Farms and houses have names of their own, which end as places do.
        house = teller.chance.choice(STREETS_SV) + teller.chance.choice(
            ["backen", "gården", "torp", "hult", "lunda", "näs", "vik", "bo", "mon", "hagen", "ö", "by", "kulla", "liden"]
        )
        house = teller.chance.choice(["", "", "", "villa ", "torpet ", "norra ", "södra "]) + house
    number = teller.count(teller.chance.choice([20, 90]))
    tail = teller.chance.choice(
        [
            "",
            "",
            "",
            " a",
            " b",
            " c",
            f" {numerals.number(teller.chance.randint(1, 6), 'sv', teller.chance)} trappor",
            " port b",
            f" uppgång {teller.chance.choice('abcd')}",
            f" våning {teller.count(9)}",
            f" lägenhet {numerals.number(teller.chance.randint(1, 60), 'sv', teller.chance)}",
        ]
    )
    code = teller.random(5)
    return {
        "street": f"{teller.case(way)} {number}{tail}",
        "way": teller.case(way),
        "number": number + tail,
        "house": teller.case(house),
        "town": teller.case(town),
        "code": f"{code[:3]} {code[3:]}" if teller.written else numerals.digits(code, "sv", teller.chance),
    }


def chinese(teller: Teller) -> dict[str, str]:
    """An address in China, in its parts."""

    def count(most: int) -> str:
        return (
            str(teller.chance.randint(1, most))
            if teller.written
            else numerals.han_number(teller.chance.randint(1, most))
            if teller.chance.random() < 0.7
            else numerals.digits(str(teller.chance.randint(1, most)), "zh", teller.chance)
        )

    street = (
        teller.chance.choice(STREETS_HAN)
        if teller.chance.random() < 0.6
        else "".join(teller.chance.choices("东西南北中新安平福兴华庆泰和宝龙凤青红锦秀", k=2))
    )
    way = (
        street
        + teller.chance.choice(["", "", "东", "西", "南", "北", "中"])
        + teller.chance.choice(["路", "路", "路", "街", "街", "大道", "大街", "巷", "胡同", "里", "弄", "三巷", "二路"])
    )
    estate = (
        teller.chance.choice(NAMES_HAN)
        if teller.chance.random() < 0.7
        else "".join(teller.chance.choices("金银翠香云水龙锦丽景鑫瑞嘉和", k=2))
    ) + teller.chance.choice(ESTATES_HAN)
    block = teller.chance.choice(["号楼", "栋", "幢", "座", "期", "单元"])
    room = (
        count(30) + teller.chance.choice(["单元", "层", "楼", "号", "户"])
        if teller.chance.random() < 0.5
        else numerals.digits(teller.random(teller.chance.choice([3, 4])), "zh", teller.chance) + teller.chance.choice(["", "", "室", "房"])
    )
    gap = teller.chance.choice(["", "", " "])
    town = teller.known.town(teller.chance) + (gap + teller.known.town(teller.chance) if teller.chance.random() < 0.5 else "")
    number = (
        teller.chance.choice(["", "", "", "", "", "附", "甲"])
        + count(900)
        + "号"
        + teller.chance.choice(["", "", "", "院", "后门", "二楼"])
    )
    if teller.chance.random() < 0.12:
        # In villages and old quarters: groups, lanes, yards.
        estate = "".join(teller.chance.choices("王李赵石桥杨柳沙河塘岭坪湾洞坡", k=2)) + teller.chance.choice(
            ["村", "庄", "大院", "组", "屯"]
        )
    return {
        "street": f"{way}{gap}{number}",
        "way": way,
        "number": number,
        "house": estate,
        "estate": f"{estate}{gap}{count(30) if teller.chance.random() < 0.8 else teller.chance.choice('ABCDEF')}{block}{gap}{room}",
        "town": town,
        "code": teller.signs(teller.random(6)),
    }


ADDRESSES = {"en": english, "pl": polish, "sv": swedish, "zh": chinese}
