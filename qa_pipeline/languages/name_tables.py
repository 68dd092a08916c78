"""names.yaml: how a language says who somebody is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, ValidationInfo, field_validator

from qa_pipeline.languages.patterns import NEVER, Pattern, Pieces, Words, one_of
from qa_pipeline.languages.tables import Table

_UPPER = "A-ZÀ-ÖØ-ÞŁŚŻŹĆŃĄĘČŠŽ"


class Names(Table):
    """Where a name stands in speech, and what only looks like one.

    `surnames`: those of one character, by frequency, without spaces, where names are written in Han characters; `double_surnames`: those of more.
    `surnames_not_in_slots`: those of `surnames` that the slot {surname} of phrases leaves out, because they sound like other words or are rare.
    `titles` may stand before a name, `particles` before or in it (van, von, O'); a title is in any case, with or without a full stop.
    `patterns`: tried in order; the first group is the name. Beside `pieces` they may use {surname} (any of the above), {title} (with its space, or
    nothing), {name} (one to three words with capitals, in a group) and {both_names} (two or three, before a comma, a full stop or a number, in a group).
    `no_names`: folded words of which a name has none; `begins_no_name`: how words begin that only begin like a name.

    After a question for a name (`asked`) whatever is said is one, capitals or not, unless it is something else: `lead`: what stands before it, over folded
    text; `ends`: where it ends; `no_answer`: answers that are none. `addressed`: what follows a surname in address, written in Han characters.
    `inflected`: how a name ends → what it may end in where it is said to somebody, folded (Monika, Moniko).

    `trades`: what a company's name has besides the part that tells it from others; its short form is without them. `kinds`: what firms are called by after
    their first two characters (永年厂); `ampersand`: how & is said; `placing`: words before a place, which is left out for short (Bokhandeln i Sigtuna);
    `own_part_is_last`: whether what tells a company from others is its last word (Serwis Rowerowy Szprycha). `familiar`: what stands before a surname.
    """

    FILE: ClassVar[str] = "names.yaml"
    surnames: str = ""
    double_surnames: Words = ()
    surnames_not_in_slots: str = ""
    titles: Words = ()
    particles: Words = ()
    pieces: Pieces = Field(default={}, validate_default=True)
    patterns: tuple[Pattern, ...] = ()
    no_names: Words = ()
    begins_no_name: Pattern = NEVER
    asked: Pattern = NEVER
    lead: Pattern = NEVER
    ends: Pattern = NEVER
    no_answer: Pattern = NEVER
    addressed: Words = ()
    inflected: dict[str, Words] = Field(default_factory=dict)
    trades: Words = ()
    kinds: Words = ()
    ampersand: Words = ()
    placing: Words = ()
    own_part_is_last: bool = False
    familiar: Words = ()

    @field_validator("pieces")
    @classmethod
    def _with_names(cls, pieces: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        known = info.data
        return {
            "surname": _surname(known.get("surnames", ""), known.get("double_surnames", ())),
            "title": _title(known.get("titles", ())),
            **_capitalised(known.get("particles", ())),
            **pieces,
        }


def _surname(surnames: str, doubles: Sequence[str]) -> str:
    one = f"[{re.escape(surnames)}]" if surnames else NEVER.pattern
    return f"(?:{one_of(doubles)}|{one})"


def _title(titles: Sequence[str]) -> str:
    return rf"(?:(?i:{'|'.join(map(re.escape, titles))})\.? )?" if titles else ""


def _capitalised(particles: Sequence[str]) -> dict[str, str]:
    """Words that begin with a capital, particles before them: a name in a group of its own."""
    word = rf"[{_UPPER}][\w'’-]+"
    # O' is written together with its name, and only before the first.
    spaced = one_of([particle for particle in particles if not particle.endswith("'")])
    first = rf"(?:{one_of(particles)}[ ]?)*{word}"
    following = rf"(?: (?:{spaced} )*{word})"
    return {"name": rf"({first}{following}{{0,2}})", "both_names": rf"((?:{spaced} )?{word}{following}{{1,2}})(?=\s*[,.]| \d)"}
