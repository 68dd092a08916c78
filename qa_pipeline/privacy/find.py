"""Personal data in a conversation: every kind, each place once. Rules find what has a form of its own, a small network what is around it.

Numbers and addresses are looked for in what one party says, over turns of the other that only listen; names in each utterance, and then wherever they are
said again. What an agent reads back of a number that was found is found too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from qa_pipeline.call import Utterance
from qa_pipeline.privacy.addresses import find_addresses, find_again
from qa_pipeline.privacy.births import find_births, find_births_again
from qa_pipeline.privacy.digits import check_sign_ends, find_numbers_of_persons, is_service_number, runs
from qa_pipeline.privacy.judged import judged
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.mail import find_mail
from qa_pipeline.privacy.names import find_customers_names, find_names_again, with_explanation
from qa_pipeline.privacy.passages import Passage, passages
from qa_pipeline.privacy.reader import Reader, shipped_reader
from qa_pipeline.privacy.signs import find_signs

# Of two that overlap the one that tells more is kept, then the one that stands earlier here.
_ORDER = (
    Personal.EMAIL, Personal.PLATE, Personal.BIRTH_DATE, Personal.ADDRESS, Personal.NATIONAL_ID, Personal.CARD, Personal.ACCOUNT, Personal.PHONE, Personal.NAME,
)  # fmt: skip
_SHORTEST_READ_BACK = 3


def find_personal(
    utterances: Sequence[Utterance], *, agent_name: str | None = None, known: Sequence[str] = (), reader: Reader | None = None
) -> tuple[Found, ...]:
    """All personal data of a conversation, by utterance and place, without overlaps.

    `agent_name`: from the metadata; it stays. `known`: names of the customer from the metadata. `reader`: the shipped one where none is given.
    """
    ruled = find_by_rules(utterances, agent_name=agent_name, known=known)
    found = judged(utterances, ruled, reader or shipped_reader(), agent_name=agent_name)
    found += _read_back(passages(utterances), found)
    found += find_names_again(utterances, found, agent_name=agent_name)
    found = [
        with_explanation(one, utterances[one.utterance]) for one in found if not is_service_number(one, utterances[one.utterance].language)
    ]
    return _without_overlaps(found)


def find_by_rules(utterances: Sequence[Utterance], *, agent_name: str | None = None, known: Sequence[str] = ()) -> tuple[Found, ...]:
    """What rules find alone, as the reader is told it."""
    several = passages(utterances)
    found = [one for passage in several for one in _in_passage(passage)]
    found += _read_back(several, found)
    found += find_again(utterances, found)
    found += find_births_again(several, found)
    found += find_customers_names(utterances, agent_name=agent_name, known=known)
    return _without_overlaps(found)


def _in_passage(passage: Passage) -> Iterable[Found]:
    taken: set[int] = set()
    for finder in (find_mail, find_signs, find_births, find_addresses, find_numbers_of_persons):
        # What one has found, the next does not read as part of something else.
        for kind, start, end, value in list(finder(passage, frozenset(taken))):
            taken |= set(range(start, end))
            for utterance, first, last in passage.places(start, end):
                yield Found(kind=kind, utterance=utterance, start=first, end=last, value=value)


def _read_back(several: Sequence[Passage], found: Sequence[Found]) -> list[Found]:
    """Digits that repeat a part of a number that was found, in whoever's words."""
    numbers = {one.value: one.kind for one in found if one.value.rstrip("X").isdigit() and len(one.value) >= 2 * _SHORTEST_READ_BACK}
    again: list[Found] = []
    for passage in several:
        for run in runs(passage):
            kind = next((kind for value, kind in numbers.items() if len(run.digits) >= _SHORTEST_READ_BACK and run.digits in value), None)
            if kind is not None:
                # Of what is said between pieces ("yes") nothing is part of the number.
                with_digits = {utterance for piece in run.pieces for utterance, _, _ in passage.places(piece.start, piece.end)}
                end = check_sign_ends(passage, run.end) if any(value.endswith(f"{run.digits}X") for value in numbers) else run.end
                again += [
                    Found(kind=kind, utterance=utterance, start=start, end=end, value=run.digits)
                    for utterance, start, end in passage.places(run.start, end)
                    if utterance in with_digits
                ]
    return again


def _without_overlaps(found: Iterable[Found]) -> tuple[Found, ...]:
    """Overlapping places of one utterance made one, of the kind that comes first in _ORDER; places of one kind also where they touch."""
    kept: list[Found] = []
    ordered = sorted(found, key=lambda one: (one.utterance, one.start, -one.end))
    for _, several in groupby(ordered, key=lambda one: one.utterance):
        merged: list[Found] = []
        for one in several:
            if merged and one.start < merged[-1].end + (one.kind is merged[-1].kind):
                first = min(merged[-1], one, key=lambda other: _ORDER.index(other.kind))
                merged[-1] = Found(
                    kind=first.kind, utterance=one.utterance, start=merged[-1].start, end=max(one.end, merged[-1].end), value=first.value
                )
            elif one.end > one.start:
                merged.append(one)
        kept += merged
    return tuple(kept)
