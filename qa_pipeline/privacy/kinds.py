"""The kinds of personal data that are looked for, and one that was found with its place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Personal(StrEnum):
    """What identifies a person. A placeholder is the value in brackets: [phone]."""

    PHONE = "phone"
    CARD = "card"
    ACCOUNT = "account"
    """Of a bank, an IBAN too."""
    NATIONAL_ID = "national_id"
    """Of a state: an identity card, PESEL, personnummer, social security, passport, driving licence."""
    PLATE = "plate"
    EMAIL = "email"
    ADDRESS = "address"
    BIRTH_DATE = "birth_date"
    NAME = "name"
    """Of a customer or somebody they name; not the agent's own."""


NUMBERS = frozenset({Personal.PHONE, Personal.CARD, Personal.ACCOUNT, Personal.NATIONAL_ID})
SIGNS = NUMBERS | {Personal.PLATE}
"""What is told by digits and letters."""
LIKE_FIRMS = frozenset({Personal.NAME, Personal.ADDRESS})
"""What a firm's name may be taken for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Personal data in one utterance. `utterance`: its place in the sequence that was searched; `start`/`end`: half-open character span; `value`: plain form.

    What is told over several utterances is found in each, with the whole as its value.
    """

    kind: Personal
    utterance: int
    start: int
    end: int
    value: str
