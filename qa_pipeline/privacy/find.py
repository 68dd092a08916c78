"""Personal data in a conversation: every kind, each place once. Rules find what has a form of its own, a small network what is around it.

Numbers and addresses are looked for in what one party says, over turns of the other that only listen; names in each utterance, and then wherever they are
said again. What an agent reads back of a number that was found is found too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.load import is_han
from qa_pipeline.privacy.addresses import find_addresses, find_again, find_answers, find_doors
from qa_pipeline.privacy.births import find_births, find_births_again
from qa_pipeline.privacy.codes import without_codes
from qa_pipeline.privacy.digits import find_numbers_of_persons, is_count, is_service_number, runs
from qa_pipeline.privacy.judged import judged
from qa_pipeline.privacy.kinds import LIKE_FIRMS, SIGNS, Found, Personal
from qa_pipeline.privacy.localities import find_localities
from qa_pipeline.privacy.mail import find_mail
from qa_pipeline.privacy.names import (
    find_customers_names,
    find_initials,
    find_names_again,
    names_told,
    with_title,
    without_agents,
)
from qa_pipeline.privacy.names_around import find_first_names
from qa_pipeline.privacy.names_in_han import with_explanation, with_familiar
from qa_pipeline.privacy.nobodys import is_nobodys
from qa_pipeline.privacy.passages import Passage, fold_text, passages
from qa_pipeline.privacy.plates import find_plates_in_parts
from qa_pipeline.privacy.reader import Reader, shipped_reader
from qa_pipeline.privacy.related import find_forms_again, find_related, with_hyphen
from qa_pipeline.privacy.repeated import find_repeated
from qa_pipeline.privacy.signs import find_signs, sign_runs, signs, with_beginning
from qa_pipeline.privacy.spelling import find_spellings
from qa_pipeline.values.companies import short_forms
from qa_pipeline.values.value import fold

# Of two that overlap the one that tells more is kept, then the one that stands earlier here.
_ORDER = (
    Personal.EMAIL, Personal.PLATE, Personal.BIRTH_DATE, Personal.ADDRESS, Personal.NATIONAL_ID, Personal.CARD, Personal.ACCOUNT, Personal.PHONE, Personal.NAME,
)  # fmt: skip
# Of what is told by digits and letters, how much is known again.
_FEWEST_SIGNS = 4


def find_personal(
    utterances: Sequence[Utterance],
    *,
    agent_name: str | None = None,
    company: str | None = None,
    known: Sequence[str] = (),
    reader: Reader | None = None,
) -> tuple[Found, ...]:
    """All personal data of a conversation, by utterance and place, without overlaps.

    `agent_name`, `company`: from the metadata; they stay. `known`: names of the customer from the metadata. `reader`: the shipped one where none is given.
    """
    ruled = find_by_rules(utterances, agent_name=agent_name, known=known)
    reader = reader or shipped_reader()
    found = judged(utterances, ruled, reader, agent_name=agent_name)
    several = passages(utterances)
    found = without_codes(utterances, several, found, ruled)
    found += _read_back(several, found)
    found, nobodys = _told_apart(utterances, found)
    found += find_names_again(utterances, found, agent_name=agent_name)
    found = [with_hyphen(one, utterances[one.utterance], reader.known) for one in found]
    found += find_related(utterances, reader.known, agent_name=agent_name)
    found += find_spellings(utterances, found)
    found += list(find_repeated(utterances, several, found))
    found += list(find_answers(utterances, found))
    found += find_forms_again(utterances, found, reader.known, agent_name=agent_name)
    found += find_plates_in_parts(utterances)
    found += find_localities(utterances, reader.known)
    found += find_doors(utterances, found)
    found += list(find_first_names(utterances, found, reader.known))
    found += list(find_initials(utterances, found))
    found = [one for one in found if one.kind is not Personal.NAME or fold(one.value) not in nobodys]
    found = without_agents(utterances, found, agent_name=agent_name)
    found = [
        _whole(one, utterances[one.utterance])
        for one in found
        if not (is_service_number(one, utterances[one.utterance].language) or is_count(one, utterances[one.utterance]))
    ]
    theirs = {fold(name) for name in (*known, *names_told(utterances))}
    found = [piece for one in found for piece in _without_company(one, utterances[one.utterance], company, theirs)]
    return _without_overlaps(_told_apart(utterances, found)[0])


def _whole(one: Found, utterance: Utterance) -> Found:
    """A place with what belongs to it right before and behind."""
    for wider in (with_familiar, with_explanation, with_beginning, with_title):
        one = wider(one, utterance)
    return one


def _told_apart(utterances: Sequence[Utterance], found: Sequence[Found]) -> tuple[list[Found], set[str]]:
    """Places that are somebody's, and names, folded, that are nobody's. What overlaps is judged as one."""
    nobodys = [one for one in _without_overlaps(found) if is_nobodys(one, utterances[one.utterance])]
    names = {fold(utterances[one.utterance].text[one.start : one.end]) for one in nobodys if one.kind is Personal.NAME}
    kept = [
        one
        for one in found
        if not any(none.utterance == one.utterance and none.start <= one.start and one.end <= none.end for none in nobodys)
    ]
    return kept, names


def _without_company(one: Found, utterance: Utterance, company: str | None, theirs: Collection[str]) -> Iterator[Found]:
    """A name or a place without what the company is called, whole or in the agent's words for short: of Norrbäck in Norrbäck Fastigheter nothing.

    `theirs`: names, folded, that customers say to be theirs: one who is called as the company is hidden.
    """
    if company is None or one.kind not in LIKE_FIRMS:
        yield one
        return
    several = (company, *(short_forms(company, utterance.language) if utterance.role is Role.AGENT else ()))
    forms = [form for form in several if fold(form) not in theirs]
    if not forms:
        yield one
        return
    plain = fold_text(utterance.text, utterance.language)
    edge, start = "" if is_han(utterance.language) else r"\b", one.start
    said = "|".join(re.escape(fold_text(form, utterance.language)) for form in forms)
    for match in re.finditer(f"{edge}(?:{said}){edge}", plain):
        if match.start() < one.end and start < match.end():
            if start < match.start():
                yield replace(one, start=start, end=start + len(plain[start : match.start()].rstrip()))
            start = match.end()
    if start < one.end:
        yield replace(one, start=start)


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
    """Letters and digits that repeat what was found, however they are said and in however many pieces: whisky papa six eight …, wp sixty eight …"""
    said: dict[str, Personal] = {}
    for passage in several:
        pieces: dict[tuple[int, int, int], list[str]] = {}
        kinds = {(one.utterance, one.start, one.end): one.kind for one in found if one.kind in SIGNS and one.utterance in passage.numbers}
        for sign in signs(passage, with_small=True):
            utterance, first, _ = next(passage.places(sign.start, sign.end))
            for place in (place for place in kinds if place[0] == utterance and place[1] <= first < place[2]):
                pieces.setdefault(place, []).append(sign.text.lower())
        told = [("".join(pieces[place]), kinds[place]) for place in sorted(pieces)]
        # One after the other they may be one number, told in pieces.
        said |= {
            "".join(text for text, _ in told[first:last]): told[first][1]
            for first in range(len(told))
            for last in range(first + 1, len(told) + 1)
        }
    again: list[Found] = []
    for passage in several:
        digits = [(run.digits, run.start, run.end) for run in runs(passage)]
        mixed = [("".join(sign.text for sign in run).lower(), run[0].start, run[-1].end) for run in sign_runs(passage, with_small=True)]
        for written, start, end in (*digits, *mixed):
            is_long = len(written) >= _FEWEST_SIGNS and any(char.isdigit() for char in written)
            kind = next((kind for value, kind in said.items() if is_long and written in value), None)
            if kind is not None:
                places = passage.places(start, end)
                again += [Found(kind=kind, utterance=at, start=first, end=last, value=written.upper()) for at, first, last in places]
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
