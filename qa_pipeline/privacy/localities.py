"""Streets and villages told without a word for them, in the form that a preposition asks for: na słonecznej dwanaście, w rogowie pod piątką. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.load import table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.forms import plain_forms
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.values.numbers import with_digits

_OF_STREETS, _OF_TOWNS = "s", "t"
_SHORTEST_STEM = 3


def find_localities(utterances: Sequence[Utterance], known: Mapping[str, str]) -> Iterator[Found]:
    """Places that patterns of the language find; where they name a street, only one that lists know a form of."""
    for at, utterance in enumerate(utterances):
        said = table(utterance.language, Privacy)
        if utterance.role is Role.OTHER or not said.localities:
            continue
        plain = with_digits(utterance.text, utterance.language)
        for pattern in said.localities:
            for match in pattern.finditer(plain.text):
                street = match.groupdict().get("street")
                is_firms = utterance.role is Role.AGENT and said.firm_before.search(plain.text, 0, match.start("place"))
                if not is_firms and (street is None or _is_known(street, said.street_forms, known)):
                    start, end = plain.original(*match.span("place"))
                    yield Found(kind=Personal.ADDRESS, utterance=at, start=start, end=end, value=utterance.text[start:end])


def _is_known(street: str, forms: Sequence[str], known: Mapping[str, str]) -> bool:
    """Whether lists know a street of which a word is a form."""
    plain = plain_forms(street, forms, shortest=_SHORTEST_STEM)
    return any(set(known.get(form, "")) & {_OF_STREETS, _OF_TOWNS} for form in plain)
