"""Values in spoken words: dates and times from the start of a call, numbers, telephone numbers, names — and what is none of these."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.values.find import find_values, names_day

ZONE = ZoneInfo("Europe/Warsaw")
BEGAN = datetime(2026, 11, 18, 10, 0, tzinfo=ZONE)  # a Wednesday


def times(text: str, language: str) -> list[str]:
    """Values with the year, the zone and the seconds left out, the type after a space where it is not plain from the value."""
    return [
        " ".join(
            filter(None, (value.value.replace("2026-", "").replace("+01:00", ""), value.value_type.removeprefix("datetime").strip("_")))
        )
        .removesuffix(" date")
        .removesuffix(" daypart")
        for value in find_values("datetime", text, language, BEGAN)
    ]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("zh", "明天下午三点", "11-19T15:00"),
        ("zh", "那就后天上午十点半吧", "11-20T10:30"),
        ("zh", "下周三上午九点一刻", "11-25T09:15"),
        ("zh", "大后天早上八点", "11-21T08:00"),
        ("zh", "星期五下午", "11-20T12:00/11-20T18:00"),
        ("zh", "半个小时后再打", "11-18T10:30"),
        ("zh", "一个半小时以后", "11-18T11:30"),
        ("zh", "过十分钟打给我", "11-18T10:10"),
        ("zh", "两个星期以后", "12-02"),
        ("zh", "差一刻三点", "11-18T14:45"),
        ("zh", "明天1点差5分", "11-19T12:55"),
        ("zh", "三点二十", "11-18T15:20"),
        ("zh", "下午一点", "11-18T13:00"),
        ("zh", "一点半", "11-18T13:30"),
        ("zh", "两三点吧", "11-18T14:00/11-18T15:00"),
        ("zh", "明天上午九点到十一点", "11-19T09:00/11-19T11:00"),
        ("zh", "晚上七点以后", "11-18T19:00 after"),
        ("zh", "五点之前都行", "11-18T17:00 before"),
        ("zh", "四十八小时内给您答复", "11-20T10:00 before"),
        ("zh", "三个工作日之内", "11-23T10:00 before"),
        ("zh", "十二月二十五号", "12-25"),
        ("zh", "下个月五号", "12-05"),
        ("zh", "明天不行，后天下午两点", "11-20T14:00"),
        ("zh", "三点不方便，四点可以", "11-18T16:00"),
        ("zh", "下午再打吧", "11-18T12:00/11-18T18:00"),
        ("zh", "明早九點", "11-19T09:00"),
        ("zh", "今晚8点", "11-18T20:00"),
        ("en", "tomorrow at three", "11-19T15:00"),
        ("en", "Thursday at half past two would be great", "11-19T14:30"),
        ("en", "make it a quarter to four", "11-18T15:45"),
        ("en", "three thirty tomorrow", "11-19T15:30"),
        ("en", "the day after tomorrow around noon", "11-20T12:00"),
        ("en", "in an hour and a half", "11-18T11:30"),
        ("en", "in about twenty minutes", "11-18T10:20"),
        ("en", "in two weeks", "12-02"),
        ("en", "within the hour", "11-18T11:00 before"),
        ("en", "within two business days", "11-20T10:00 before"),
        ("en", "after five please", "11-18T17:00 after"),
        ("en", "before noon", "11-18T12:00 before"),
        ("en", "between two and four on Friday", "11-20T14:00/11-20T16:00"),
        ("en", "from 9 to 5 tomorrow", "11-19T09:00/11-19T17:00"),
        ("en", "at 3.30 pm", "11-18T15:30"),
        ("en", "at 15:45", "11-18T15:45"),
        ("en", "call me at eight", "11-18T20:00"),
        ("en", "at eight in the morning", "11-19T08:00"),
        ("en", "next Friday at nine", "11-27T09:00"),
        ("en", "next week on Tuesday", "11-24"),
        ("en", "on the fifteenth", "12-15"),
        ("en", "the twenty-fifth of November", "11-25"),
        ("en", "tomorrow doesn't work, how about Friday at ten", "11-20T10:00"),
        ("en", "not at three but at four", "11-18T16:00"),
        ("en", "Three.", "11-18T15:00"),
        ("en", "this afternoon", "11-18T12:00/11-18T18:00"),
        ("pl", "jutro o trzeciej", "11-19T15:00"),
        ("pl", "w czwartek o wpół do czwartej", "11-19T15:30"),
        ("pl", "pojutrze o piętnastej trzydzieści", "11-20T15:30"),
        ("pl", "jutro o wpół do pierwszej", "11-19T12:30"),
        ("pl", "kwadrans po trzeciej", "11-18T15:15"),
        ("pl", "za kwadrans czwarta", "11-18T15:45"),
        ("pl", "za pół godziny", "11-18T10:30"),
        ("pl", "za dwie godziny", "11-18T12:00"),
        ("pl", "za półtorej godziny", "11-18T11:30"),
        ("pl", "za tydzień", "11-25"),
        ("pl", "w ciągu godziny", "11-18T11:00 before"),
        ("pl", "do szesnastej", "11-18T16:00 before"),
        ("pl", "po piątej", "11-18T17:00 after"),
        ("pl", "od ósmej do szesnastej", "11-18T08:00/11-18T16:00"),
        ("pl", "między drugą a czwartą", "11-18T14:00/11-18T16:00"),
        ("pl", "w przyszły wtorek", "11-24"),
        ("pl", "w przyszłym tygodniu w środę", "11-25"),
        ("pl", "dwudziestego piątego", "11-25"),
        ("pl", "piętnastego grudnia", "12-15"),
        ("pl", "jutro rano", "11-19T08:00/11-19T12:00"),
        ("pl", "nie o trzeciej, tylko o czwartej", "11-18T16:00"),
        ("pl", "jutro nie mogę, w piątek o dziesiątej", "11-20T10:00"),
        ("pl", "najlepiej o 15.30", "11-18T15:30"),
        ("sv", "imorgon klockan tre", "11-19T15:00"),
        ("sv", "i morgon halv fyra", "11-19T15:30"),
        ("sv", "på torsdag kvart över två", "11-19T14:15"),
        ("sv", "fem över halv fyra", "11-18T15:35"),
        ("sv", "imorgon fem över halv ett", "11-19T12:35"),
        ("sv", "kvart i fyra", "11-18T15:45"),
        ("sv", "om en halvtimme", "11-18T10:30"),
        ("sv", "om två veckor", "12-02"),
        ("sv", "inom en timme", "11-18T11:00 before"),
        ("sv", "efter klockan fem", "11-18T17:00 after"),
        ("sv", "klockan femton och trettio", "11-18T15:30"),
        ("sv", "vid tretiden", "11-18T15:00"),
        ("sv", "mellan två och fyra på fredag", "11-20T14:00/11-20T16:00"),
        ("sv", "den femtonde december", "12-15"),
        ("sv", "nästa tisdag", "11-24"),
        ("sv", "i eftermiddag", "11-18T12:00/11-18T18:00"),
        ("sv", "i kväll vid sju", "11-18T19:00"),
        ("sv", "imorgon passar inte, på fredag klockan tio", "11-20T10:00"),
    ],
)
def test_a_time_is_read_from_the_start_of_the_call(language: str, text: str, expected: str) -> None:
    assert times(text, language) == [expected]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "下午好"), ("zh", "您说快一点"), ("zh", "我有两点建议"), ("zh", "一点也不满意"), ("zh", "昨天下午三点打过"), ("zh", "上周三来的"),
        ("zh", "三天前刚换的"), ("zh", "以后天天来"), ("zh", "三号楼"), ("zh", "工号三号客服"), ("zh", "差一点没赶上"), ("zh", "两点半小时"),
        ("en", "good morning"), ("en", "at one point I was angry"), ("en", "about five people"), ("en", "I waited for three hours"),
        ("en", "two days ago"), ("en", "last Friday at three"), ("en", "this one is bad"), ("en", "may I have two"), ("en", "it costs 3.50"),
        ("en", "after three weeks of waiting"), ("en", "one of my colleagues"), ("en", "tomorrow is no good"),
        ("pl", "dzień dobry"), ("pl", "dobry wieczór"), ("pl", "po pierwsze"), ("pl", "mam dwie sprawy"), ("pl", "dwa dni temu"),
        ("pl", "wczoraj o trzeciej"), ("pl", "o drugiej sprawie"), ("pl", "w zeszły piątek"), ("pl", "jutro nie mogę"),
        ("sv", "god morgon"), ("sv", "i fredags"), ("sv", "i morse klockan åtta"), ("sv", "efter tre dagar"), ("sv", "en halv timme"),
        ("sv", "för två dagar sedan"), ("sv", "ett möte"), ("sv", "imorgon passar inte"),
    ],
)  # fmt: skip
def test_what_names_no_time_to_come_gives_none(language: str, text: str) -> None:
    assert times(text, language) == []


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "at three, or maybe Friday at ten", ["11-18T15:00", "11-20T10:00"]),
        ("zh", "明天上午十点，或者下午两点", ["11-19T10:00", "11-19T14:00"]),
        ("pl", "jutro o dziesiątej albo w piątek o trzeciej", ["11-19T10:00", "11-20T15:00"]),
        ("sv", "imorgon klockan tio eller på fredag klockan tre", ["11-19T10:00", "11-20T15:00"]),
    ],
)
def test_two_times_are_two_values_and_the_second_keeps_the_day(language: str, text: str, expected: list[str]) -> None:
    assert times(text, language) == expected


@pytest.mark.parametrize(("country", "expected"), [(None, "2026-11-12"), ("PL", "2026-11-13"), ("SE", "2026-11-12")])
def test_public_holidays_are_no_working_days(country: str | None, expected: str) -> None:
    began = datetime(2026, 11, 10, 10, 0, tzinfo=ZONE)  # the day before Independence Day of Poland
    (value,) = find_values("datetime", "within two business days", "en", began, country=country)
    assert value.value.startswith(f"{expected}T10:00")


def test_without_the_start_of_the_call_the_words_are_the_value() -> None:
    (value,) = find_values("datetime", "call me tomorrow at three", "en", None)
    assert (value.value, value.value_type) == ("tomorrow at three", "spoken")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("zh", "周六行吗", True),
        ("zh", "十点吧", False),
        ("en", "in an hour", True),
        ("en", "at ten", False),
        ("pl", "jutro", True),
        ("sv", "klockan tio", False),
    ],
)
def test_an_hour_alone_names_no_day(language: str, text: str, expected: bool) -> None:
    assert names_day(text, language) is expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("zh", "幺三八，零零幺三，八零零零", "13800138000"),
        ("zh", "138 0013 8000", "13800138000"),
        ("zh", "零幺零，嗯，五八八八，然后一二三四", "01058881234"),
        ("zh", "一三九三个八五五零二零", "13988855020"),
        ("en", "oh two oh, seven nine four six, oh nine five eight", "02079460958"),
        ("en", "it's 07700 900 123, thanks", "07700900123"),
        ("en", "plus four four seven seven double zero nine hundred one two three", "447700900123"),
        ("en", "triple five, twenty two, sixty six", "5552266"),
        ("pl", "sześćset dwa trzysta czterdzieści pięć siedemset osiem", "602345708"),
        ("pl", "600-123-456", "600123456"),
        ("pl", "plus czterdzieści osiem, pięćset jeden, zero dwadzieścia dwa, sto osiemdziesiąt", "48501022180"),
        ("sv", "noll sjuttio, ett två tre, fyrtiofem, sextiosju", "0701234567"),
        ("sv", "nollåtta, fem fem fem, tolv trettiofyra", "085551234"),
        ("sv", "070-123 45 67", "0701234567"),
    ],
)
def test_a_telephone_number_is_put_together_from_its_pieces(language: str, text: str, expected: str) -> None:
    assert [value.value for value in find_values("phone", text, language, None)] == [expected]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "2026年11月22日"), ("zh", "一千二百五十万"), ("zh", "工号三零五"), ("en", "at 15:30 on the twelfth"), ("en", "three hundred and fifty"),
        ("en", "1,250,000"), ("pl", "dwadzieścia pięć złotych"), ("pl", "o piętnastej trzydzieści"), ("sv", "tvåhundra kronor"),
    ],
)  # fmt: skip
def test_other_numbers_are_no_telephone_numbers(language: str, text: str) -> None:
    assert find_values("phone", text, language, None) == []


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("zh", "坏了三百五十克", ["350"]),
        ("zh", "有一个坏了", ["1"]),
        ("zh", "十二个里坏了五个", ["12", "5"]),
        ("zh", "两千零五块", ["2005"]),
        ("zh", "三百二", ["320"]),
        ("zh", "三亿五千万", ["350000000"]),
        ("zh", "一亿二", ["120000000"]),
        ("zh", "两千三百亿元", ["230000000000"]),
        ("zh", "一亿零五十", ["100000050"]),
        ("zh", "一点二亿", ["120000000"]),
        ("zh", "1.2亿", ["120000000"]),
        ("zh", "1亿2000万", ["120000000"]),
        ("zh", "12,000万", ["120000000"]),
        ("zh", "贷了3万5千", ["35000"]),
        ("zh", "贷10万3年还清", ["100000", "3"]),
        ("zh", "好几亿，三四亿吧", []),
        ("zh", "亿万富翁", []),
        ("zh", "3千克", ["3"]),
        ("zh", "等了两个半小时", ["2.5"]),
        ("zh", "三点五公斤", ["3.5"]),
        ("zh", "坏了半箱", ["0.5"]),
        ("zh", "百分之十五点五", ["15.5"]),
        ("zh", "坏了三四个", []),
        ("zh", "两三千块", []),
        ("zh", "十几个吧", []),
        ("zh", "一定一起", []),
        ("zh", "万一坏了", []),
        ("en", "three hundred and fifty", ["350"]),
        ("en", "a thousand two hundred", ["1200"]),
        ("en", "two and a half kilos", ["2.5"]),
        ("en", "half a dozen", ["6"]),
        ("en", "twenty-five out of thirty", ["25", "30"]),
        ("en", "it was 1,250 pounds", ["1250"]),
        ("en", "no one told me about this one", []),
        ("pl", "tysiąc dwieście złotych", ["1200"]),
        ("pl", "pięciu pracowników", ["5"]),
        ("pl", "dwa i pół", ["2.5"]),
        ("pl", "sto dwadzieścia trzy", ["123"]),
        ("sv", "tvåhundrafemtio kronor", ["250"]),
        ("sv", "trettiotvå stycken", ["32"]),
        ("sv", "två och en halv", ["2.5"]),
        ("sv", "en bil", []),
    ],
)
def test_numbers_are_composed(language: str, text: str, expected: list[str]) -> None:
    assert [value.value for value in find_values("number", text, language, None)] == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("zh", "免贵姓李", "李"), ("zh", "我姓张弓长张", "张"), ("zh", "我叫陈建国", "陈建国"), ("zh", "好的，我姓欧阳", "欧阳"), ("zh", "我是王小明", "王小明"),
        ("zh", "陈先生。", "陈"), ("zh", "我姓康。", "康"), ("zh", "陈，耳东陈。", "陈"), ("zh", "张伟，弓长张", "张伟"), ("zh", "叫我老赵就行", "赵"),
        ("zh", "我是物业的小吴。", "吴"), ("en", "My name is Peter Jones.", "Peter Jones"), ("en", "Yes, it's Anna.", "Anna"), ("en", "Peter speaking.", "Peter"),
        ("en", "My surname is O'Brien", "O'Brien"), ("en", "Mary Ann Jones.", "Mary Ann Jones"), ("pl", "nazywam się Żaneta Łącka", "Żaneta Łącka"),
        ("pl", "Jan Kowalski.", "Jan Kowalski"), ("pl", "Nowak, proszę.", "Nowak"), ("pl", "Anna Nowak z tej strony", "Anna Nowak"),
        ("sv", "Jag heter Åsa Lindström", "Åsa Lindström"), ("sv", "Ja, det är Karin.", "Karin"), ("sv", "Erik Öberg.", "Erik Öberg"),
    ],
)  # fmt: skip
def test_a_name_is_taken_where_the_words_say_that_it_is_one(language: str, text: str, expected: str) -> None:
    assert [value.value for value in find_values("name", text, language, None)] == [expected]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "方便。"), ("zh", "我是想问一下"), ("zh", "周三吧。"), ("zh", "是我。"), ("zh", "谢谢。"), ("zh", "康复。"), ("zh", "我的小车。"), ("en", "Tomorrow."), ("en", "I'm Polish."),
        ("en", "I'm not sure."), ("en", "This is January."), ("pl", "Tak, oczywiście."), ("pl", "Jutro."), ("sv", "Det är Måndag."), ("sv", "Absolut."),
    ],
)  # fmt: skip
def test_other_words_are_no_names(language: str, text: str) -> None:
    assert find_values("name", text, language, None) == []


@given(
    st.sampled_from(["zh", "en", "pl", "sv"]), st.sampled_from(["datetime", "number", "phone", "name"]),
    st.text(st.sampled_from("一二三点半零百千万两明后天下午周号月小时 at o do på klockan five trzy halv pół :.,-0123456789Aåłö"), max_size=40),
)  # fmt: skip
def test_every_value_lies_in_its_text(language: str, kind: str, text: str) -> None:
    for value in find_values(kind, text, language, BEGAN):
        assert 0 <= value.start < value.end <= len(text)


_FAR = [
    ("en", "call me in {} hours"), ("en", "in {} days then"), ("en", "within {} working days"), ("en", "at {} o'clock"), ("pl", "za {} godzin"), ("pl", "w ciągu {} dni roboczych"),
    ("sv", "om {} timmar"), ("sv", "inom {} arbetsdagar"), ("zh", "{}小时后"), ("zh", "{}天之后"), ("zh", "{}个工作日内"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text"), _FAR, ids=[f"{language} {text[:12]}" for language, text in _FAR])
def test_numbers_that_no_calendar_knows_are_no_times_and_hurt_nobody(language: str, text: str) -> None:
    for number in ("999999999", "9" * 12, "9" * 40, "9" * 400, "9" * 5_000, "²"):
        said = text.replace("{}", number)
        assert not any("/" not in value.value and value.value > "2037" for value in find_values("datetime", said, language, BEGAN))
        find_values("number", said, language, BEGAN)
    # Digits of another script are digits.
    assert find_values("number", "要٣个", "zh", BEGAN)[0].value == "3"
