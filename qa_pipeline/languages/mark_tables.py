"""marks.yaml: how a language gives a mark in a survey."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import Field

from qa_pipeline.languages.patterns import NEVER, Pattern, Pieces, Words
from qa_pipeline.languages.tables import Table, Texts

# A number that stands alone between spaces and punctuation.
_NUMBER = re.compile(r"(?<![\w.,:])\d{1,3}(?:[.,]\d)?(?![\w%]|[.,:]\d)")


class Marks(Table):
    """Marks as they are spoken: patterns over a text that is folded (Han characters: simplified), its numbers in digits, 七八 as 7-8.

    `full_marks`: phrases for the highest, found misheard too. `nouns`: mark → words that name it (an eight, ósemka, en åtta), folded. `number`: a number
    as it may stand in a text, the piece {n} of most files. `misheard`: mark → what it is taken for where nothing else is said (ate, 气分), folded.

    How numbers go on. `half`: the group 1 and a half of it; `point`: the groups 1 and 2, a number and its first decimal.

    Marks without a plain number. `full`: the highest there is, `lowest`: the lowest; `named`: pattern → the mark out of ten that it names (及格).
    `undocked`: that nothing is taken off. `percent`: the group `n` in a hundred; `out_of`: the group `n` of the group `top`; `from_top`: so many (group `n`, or one) below the highest.

    Numbers that are no mark given. `asides`: denied, only said to be too many, given another time or by somebody else, given if something were otherwise, or of the scale;
    `counted`: what begins right after a number of things; `counted_before`: what ends right before one.

    A mark only mentioned. `same`: words that say that it is the mark now too; `doubled`: that it is twice as much.

    Which of several. `between`: what stands between two numbers of which either would do (seven or eight); `corrects`: words that take back what stood
    before; `given`: what stands right before a number that is the mark; `after_mark`: what follows
    it; `follows`: what may follow a number that stands by itself: one before another word counts something, where a mark stands beside it.

    `scale`: the group `top` of the scale that a question tells; `asks_why`: questions about a mark that offer none.
    """

    FILE: ClassVar[str] = "marks.yaml"
    full_marks: Texts = ()
    nouns: dict[int, Words] = Field(default_factory=dict)
    misheard: dict[int, Words] = Field(default_factory=dict)
    pieces: Pieces = Field(default={}, validate_default=True)
    number: Pattern = _NUMBER
    half: Pattern = NEVER
    point: Pattern = NEVER
    full: Pattern = NEVER
    undocked: Pattern = NEVER
    lowest: Pattern = NEVER
    named: dict[Pattern, int] = Field(default_factory=dict)
    percent: tuple[Pattern, ...] = ()
    out_of: tuple[Pattern, ...] = ()
    from_top: tuple[Pattern, ...] = ()
    asides: tuple[Pattern, ...] = ()
    counted: Pattern = NEVER
    counted_before: Pattern = NEVER
    same: Pattern = NEVER
    doubled: Pattern = NEVER
    between: Pattern = NEVER
    corrects: Pattern = NEVER
    follows: Pattern | None = None
    given: Pattern = NEVER
    after_mark: Pattern = NEVER
    scale: tuple[Pattern, ...] = ()
    asks_why: Pattern = NEVER
