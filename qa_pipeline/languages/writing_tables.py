"""How a language is written, which sounds of it are confused, and what tells it from others: what text/ reads of its folder."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from qa_pipeline.languages.patterns import Words
from qa_pipeline.languages.tables import Table


def _is_stemmer(name: str) -> str:
    import snowballstemmer

    if name and name not in snowballstemmer.algorithms():
        raise ValueError(f"no stemmer is called {name!r}; there are {', '.join(snowballstemmer.algorithms())}, or leave the key out")
    return name


class Writing(Table):
    """What normalising reads. Words of letters are written without case and diacritics (text/fold.py), unless said otherwise.

    `stemmer`: of Snowball; words stay whole without one. `folds`: letters that Unicode does not take apart, and what they are read as.
    `negations`: words, or characters of a han script; `not_denying`: longer words, of a han script, in which the character denies nothing.
    `negated`: a word that holds a negation, as the word and the negation it stands for; `negating_endings`: the same of endings;
    `spoken`: a word as it is said, folded, and the words it is written as (gonna: going to); `contractions`: what stands after an apostrophe, and the word
    it stands for; `one_letter_words`: as they are folded, or they count for nothing.
    """

    FILE: ClassVar[str] = "writing.yaml"
    stemmer: Annotated[str, AfterValidator(_is_stemmer)] = ""
    folds: dict[str, str] = Field(default_factory=dict)
    negations: Words = ()
    not_denying: Words = ()
    negated: dict[str, tuple[str, str]] = Field(default_factory=dict)
    negating_endings: dict[str, str] = Field(default_factory=dict)
    spoken: dict[str, str] = Field(default_factory=dict)
    contractions: dict[str, str] = Field(default_factory=dict)
    one_letter_words: Words = ()


class FirstNames(Table):
    """Common first names in plain spelling, pet forms too; none where surnames are what people are called by."""

    FILE: ClassVar[str] = "first_names.yaml"
    names: Words = ()


def _in_two(pairs: tuple[str, ...]) -> tuple[str, ...]:
    for pair in pairs:
        if pair.count("/") != 1:
            raise ValueError(f"{pair!r} is no pair; write two sounds with a / between")
    return pairs


class ConfusedPairs(BaseModel):
    """Sounds that are heard for each other (`n/l`), and what that costs: 0, the same, to 1, nothing in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    cost: float = Field(ge=0.0, le=1.0)
    pairs: Annotated[Words, AfterValidator(_in_two)]


class Sounds(Table):
    """Syllables of a han script, as pypinyin spells them: initial and final.

    `initials`: longer ones before those they begin with; `respelled`: syllables without an initial, so that their finals can be compared;
    `u_is_v_after`: initials after which u is written for ü; `numbers`: tokens of numbers, and the syllables they are said as.
    """

    FILE: ClassVar[str] = "sounds.yaml"
    initials: Words = ()
    confused_initials: tuple[ConfusedPairs, ...] = ()
    confused_finals: tuple[ConfusedPairs, ...] = ()
    respelled: dict[str, str] = Field(default_factory=dict)
    u_is_v_after: Words = ()
    numbers: dict[str, Words] = Field(default_factory=dict)


class Detection(Table):
    """What tells that a text is in the language; one in a han script is told by its characters.

    `common`: words in lower case, common in talk and rare in the other languages; `letters`: those that no other language has;
    `in_letters`: for a han script, the language that sentences in letters are taken for when nothing tells.
    """

    FILE: ClassVar[str] = "detection.yaml"
    common: Words = ()
    letters: Words = ()
    in_letters: str = ""
