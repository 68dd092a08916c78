"""numbers.yaml: how a language says numbers, one table for `norm` (text/number_words.py) and for values (values/numbers.py)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from qa_pipeline.languages.patterns import NEVER, Pattern, Pieces, Words
from qa_pipeline.languages.tables import Table


class Numbers(Table):
    """Number words, their composition, and what only looks like a number. Words of letters stand folded, characters simplified.

    Written in letters:
    `words`: value → its words, up to 90 or, where hundreds have words of their own, 900; read wherever numbers are. `further`: more forms of these,
    read in values only: a value must be right where a phrase need only be near. `scales`: hundred, thousand → value.
    `scale_follows`: words of which one must stand before a scale that begins a number (a hundred); without any, a scale may begin one.
    `and_words`: between hundreds and what follows. `is_joined`: tens and ones, hundreds and what follows are one word (tjugofem); `joined_ones`: further
    words for one at the end of such a word; `joined_zero`: a zero written together with the digit after it.
    `ordinals`: value → word, or its stem where `ordinal_endings` says how it goes on (one group: the ending). `ordinal_mark`: what is written after its
    digits where there are no endings; `tens_of_ordinals`: whether twenty first begins with a cardinal, or an ordinal with the same ending (a joined
    language makes one word of it). `hours_ending`: what makes an hour of a number's word (tretiden).

    Written in Han characters:
    `digits`, `scales`: character → value. `unsure_alone`: digits that alone are often no number; `counts_alone`: where they are one. `idioms`: what begins
    like a number and is none. `about_pairs`: three or four, and so on; before `hour_sign` they are a span of hours.

    Patterns, over the text with numbers in digits:
    `amounts`: words for an amount → its value. `and_a_half`, `point`: what follows a number that goes on so; `scaled`: what follows an amount → how often
    it is meant (one and a half thousand). `no_number`: ends where a number begins that
    is none; `vague`: numbers that could be kept by nobody, over the text as it was said.

    Telephone numbers:
    `zeros`: further words for zero. `repeats`: double, triple → how often the digit after it is meant; `repeated`: the same as a pattern with the groups
    `count` and `digit`. `between_digits`: what people say between the pieces of a number. `lone_digits`: digits of `unsure_alone` that are a piece.
    """

    FILE: ClassVar[str] = "numbers.yaml"
    words: dict[int, Words] = Field(default_factory=dict)
    further: dict[int, Words] = Field(default_factory=dict)
    scales: dict[str, int] = Field(default_factory=dict)
    scale_follows: Words = ()
    and_words: Words = ()
    is_joined: bool = False
    joined_ones: Words = ()
    joined_zero: str = ""
    ordinals: dict[int, Words] = Field(default_factory=dict)
    ordinal_mark: str = ""
    tens_of_ordinals: Literal["cardinal", "ordinal"] | None = None
    hours_ending: str = ""
    digits: dict[str, int] = Field(default_factory=dict)
    unsure_alone: str = ""
    about_pairs: Words = ()
    hour_sign: str = ""
    pieces: Pieces = Field(default={}, validate_default=True)
    ordinal_endings: Pattern | None = None
    counts_alone: Pattern = NEVER
    idioms: Pattern = NEVER
    amounts: dict[Pattern, float] = Field(default_factory=dict)
    and_a_half: Pattern = NEVER
    point: Pattern = NEVER
    scaled: dict[Pattern, int] = Field(default_factory=dict)
    no_number: Pattern = NEVER
    vague: Pattern = NEVER
    zeros: Words = ()
    repeats: dict[str, int] = Field(default_factory=dict)
    repeated: Pattern = NEVER
    between_digits: Words = ()
    lone_digits: Pattern = NEVER
