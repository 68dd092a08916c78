"""A language that is nothing but a folder: its numbers, telephone numbers, times and names are read from YAML alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from made_up_language import add_language, read_anew

from qa_pipeline.errors import InputRefused
from qa_pipeline.languages.load import table
from qa_pipeline.languages.time_tables import Times
from qa_pipeline.text.normalise import normalise
from qa_pipeline.values.find import digits_of, find_values, names_day

BEGAN = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)  # a Wednesday
LETTERS = {
    "numbers.yaml": """
words: {0: nul, 1: un, 2: du, 3: tri, 4: kva, 5: kvin, 20: dudek, 30: tridek}
further: {2: duo}
scales: {cent: 100, mil: 1000, miliono: 1000000}
and_words: kaj
ordinals: {1: unua, 2: dua, 20: dudeka}
ordinal_mark: a
tens_of_ordinals: cardinal
and_a_half: '^ kaj duono'
zeros: nulo
repeats: {duobla: 2}
between_digits: do
""",
    "times.yaml": r"""
pieces:
  n: '\d{1,2}'
weekdays: [lundo, mardo, merkredo, jaudo, vendredo, sabato, dimanco]
months: [januaro, februaro, marto, aprilo, majo, junio, julio, augusto, septembro, oktobro, novembro, decembro]
weekday: '\b(?:(?P<next>venonta )|(?P<this>ci ))?{weekday}\w*'
relative_days: {'\bmorgau\b': 1}
date_with_month: '\b(?P<day>{n})a? de {month}\b'
dayparts: {'\bvespere\b': [18, 22]}
clock:
  - '\bje la (?P<h>{n})a?(?: kaj (?P<half>duono))?\b'
ahead:
  - '\bpost (?P<n>duono|{n}) (?P<unit>horo|tago)\w*'
within: '\bene de (?P<n>{n}) (?P<unit>labortago)\w*'
units: {horo: 60, tago: 1440}
working_days: [labortago]
counts: {duono: 0.5}
denied_behind: '^ ne '
after_before_hour: '\bpost\b[\w ]*$'
""",
    "names.yaml": """
titles: sinjoro
patterns:
  - '(?i:mi estas) {title}{name}'
no_names: laca
""",
}
HAN = {"numbers.yaml": "digits: {甲: 1, 乙: 2, 丙: 3}\nscales: {旬: 10, 佰: 100, 兆: 10000}\nunsure_alone: 甲\n"}


@pytest.fixture
def letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    add_language(tmp_path, "va", LETTERS, monkeypatch)
    yield "va"
    monkeypatch.undo()
    read_anew()


@pytest.fixture
def han(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    add_language(tmp_path, "vb", HAN, monkeypatch, script="han")
    yield "vb"
    monkeypatch.undo()
    read_anew()


def values(kind: str, text: str, language: str) -> list[str]:
    return [value.value.replace("+00:00", "") for value in find_values(kind, text, language, BEGAN)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tridek kvin", ["35"]),
        ("du cent kaj tri", ["203"]),
        ("kvin mil du cent", ["5200"]),
        ("du miliono tri cent mil", ["2300000"]),
        ("du kaj duono", ["2.5"]),
        ("duo", ["2"]),
        ("saluton", []),
    ],
)
def test_numbers_are_composed(letters: str, text: str, expected: list[str]) -> None:
    assert values("number", text, letters) == expected


def test_norm_writes_the_words_in_digits_but_not_the_further_forms(letters: str) -> None:
    assert normalise("dudek tri duo", letters) == "20 3 duo"


def test_a_telephone_number_is_put_together(letters: str) -> None:
    assert values("phone", "nulo du duobla tri, do dudek kvin kva", letters) == ["0233254"]
    assert digits_of("nulo du", letters) == "02"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("morgau je la tri", ["2026-11-19T15:00"]),
        ("morgaŭ je la tri kaj duono", ["2026-11-19T15:30"]),
        ("venonta vendredo", ["2026-11-27"]),
        ("ci vendredo", ["2026-11-20"]),
        ("vendredo vespere", ["2026-11-20T18:00/2026-11-20T22:00"]),
        ("la dudek dua de decembro", ["2026-12-22"]),
        ("post duono horo", ["2026-11-18T10:30"]),
        ("post du tagoj", ["2026-11-20"]),
        ("ene de tri labortagoj", ["2026-11-23T10:00"]),
        ("je la tri ne eblas", []),
    ],
)
def test_times_are_read(letters: str, text: str, expected: list[str]) -> None:
    assert values("datetime", text, letters) == expected


def test_a_word_before_the_hour_says_that_one_after_it_is_meant(letters: str) -> None:
    (value,) = find_values("datetime", "post je la kvin", letters, BEGAN)
    assert (value.value, value.value_type) == ("2026-11-18T17:00+00:00", "datetime_after")


def test_a_day_is_named_or_not(letters: str) -> None:
    assert names_day("venonta mardo", letters)
    assert not names_day("je la tri", letters)


@pytest.mark.parametrize(
    ("text", "expected"), [("Mi estas sinjoro Ludo Zamen.", ["Ludo Zamen"]), ("Mi estas Laca.", []), ("Mi estas hejme.", [])]
)
def test_names_are_read(letters: str, text: str, expected: list[str]) -> None:
    assert values("name", text, letters) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("乙佰丙旬", ["230"]), ("乙兆丙", ["23000"]), ("丙", ["3"]), ("甲", []), ("3兆", ["30000"])]
)
def test_numerals_of_a_han_script_are_read(han: str, text: str, expected: list[str]) -> None:
    assert values("number", text, han) == expected


@pytest.mark.parametrize("kind", ["datetime", "number", "phone", "name"])
def test_a_language_without_these_files_says_no_values(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_language(tmp_path, "vc", {}, monkeypatch)
    assert find_values(kind, "saluton, tri kaj du", "vc", BEGAN) == []
    monkeypatch.undo()
    read_anew()


def test_a_weekday_that_cannot_be_a_pattern_is_told_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_language(tmp_path, "vd", {"times.yaml": "weekdays: ['lundo']\nweekday: '({weekday}'\n"}, monkeypatch)
    with pytest.raises(InputRefused) as refused:
        table("vd", Times)
    assert [(fault.line, "no regular expression" in fault.message) for fault in refused.value.faults] == [(2, True)]
    monkeypatch.undo()
    read_anew()
