"""Marks as they are spoken: spoken_marks.tsv says what each reply gives, by a person's reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.values.marks import offered_mark, read_mark, scale_top, written

SPOKEN = [
    tuple(line.split("\t"))
    for line in Path(__file__).with_name("spoken_marks.tsv").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def as_told(text: str, language: str) -> str:
    """The mark of a reply as the file writes it; a dash where it gives none."""
    mark = read_mark(text, language)
    return "-" if mark is None else written(mark)


def test_a_mark_is_read_as_it_was_meant() -> None:
    found = [(language, wanted, text, as_told(text, language)) for language, wanted, text in SPOKEN]
    assert len(found) > 500
    assert [one for one in found if one[-1] not in one[1].split("|")] == []


@pytest.mark.parametrize(
    ("language", "text", "top", "mark"),
    [
        ("en", "four", 5, 4),
        ("en", "full marks", 5, 5),
        ("en", "one below the best", 5, 4),
        ("zh", "满分", 5, 5),
        ("pl", "najwyższa ocena", 5, 5),
        ("sv", "åttio procent", 5, 4),
    ],
)
def test_a_mark_is_one_of_the_scale_that_was_told(language: str, text: str, top: int, mark: float) -> None:
    assert read_mark(text, language, top) == mark


def test_two_marks_far_apart_are_left_open() -> None:
    assert read_mark("three or nine", "en") is None


@pytest.mark.parametrize(
    ("language", "text", "top"),
    [
        ("en", "From one to five, how was the visit?", 5),
        ("en", "How was the visit out of ten?", 10),
        ("zh", "一到五分，您打几分？", 5),
        ("zh", "一分不满意，五分一般，十分非常满意，您打几分？", 10),
        ("pl", "W skali od jednego do pięciu, jak pan ocenia wizytę?", 5),
        ("sv", "På en skala ett till fem, hur var besöket?", 5),
        ("en", "How was the visit?", None),
    ],
)
def test_a_question_tells_its_scale(language: str, text: str, top: int | None) -> None:
    assert scale_top(text, language) == top


@pytest.mark.parametrize(
    ("language", "text", "mark"),
    [
        ("en", "Eight, thank you.", 8),
        ("en", "Was that an eight?", 8),
        ("en", "Why not a ten?", None),
        ("en", "One is poor and ten is excellent.", None),
        ("zh", "八分是吧？", 8),
        ("zh", "为什么给八分呢？", None),
        ("pl", "Czyli osiem?", 8),
        ("pl", "Dlaczego osiem?", None),
        ("sv", "Åtta alltså?", 8),
        ("sv", "Varför åtta?", None),
    ],
)
def test_an_asker_says_a_mark_back_or_none(language: str, text: str, mark: float | None) -> None:
    assert offered_mark(text, language) == mark
