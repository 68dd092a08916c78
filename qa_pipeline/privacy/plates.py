"""Plates that are told in parts: put right on the way (k r four one no four two …), or letters in one turn and digits in the next. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.conversation_tables import Speaking
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.number_tables import Numbers
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.passages import Passage, fold_text, passages
from qa_pipeline.privacy.signs import Sign, sign_runs, signs
from qa_pipeline.values.word_numbers import WORD

# Words between two parts of a plate that is put right.
_MOST_BETWEEN = 3
_FEWEST_LETTERS, _FEWEST_DIGITS = 2, 2
# How far back a plate is asked for, or a car spoken of, in utterances.
_NEAR = 5
_SENTENCE = re.compile(r"[.!?]\s|\n")


def find_plates_in_parts(utterances: Sequence[Utterance]) -> Iterator[Found]:
    """Each part of a plate that only its parts together, or a car named before it, show to be one."""
    for passage in passages(utterances):
        if passage.role is Role.OTHER or is_han(passage.language):
            continue
        for start, end, value in (*_put_right(passage), *_behind_cars(passage)):
            for utterance, first, last in passage.places(start, end):
                yield Found(kind=Personal.PLATE, utterance=utterance, start=first, end=last, value=value)
    for at in range(len(utterances) - 1):
        yield from _over_turns(utterances, at)


def _put_right(passage: Passage) -> Iterator[tuple[int, int, str]]:
    """Signs, words of correction, and signs that stand for the last of those before, on one line."""
    parts: list[tuple[list[Sign], bool]] = []
    for sign in signs(passage):
        gap = _gap(passage, parts[-1][0][-1], sign) if parts else None
        if gap == "":
            parts[-1][0].append(sign)
        else:
            parts.append(([sign], gap is not None))
    for at in range(1, len(parts)):
        (before, _), (after, goes_on) = parts[at - 1 : at + 1]
        whole = _replaced(before, after, passage.language) if goes_on else None
        if whole is not None:
            first, written = whole
            yield before[first].start, after[-1].end, written.upper()


def _behind_cars(passage: Passage) -> Iterator[tuple[int, int, str]]:
    """Whole plates in capitals right behind a word for a car: samochód GDA 5KN2."""
    said = table(passage.language, Privacy)
    for run in sign_runs(passage):
        start, end = run[0].start, run[-1].end
        written = "".join(sign.text for sign in run).lower()
        is_capital = passage.text[start:end].isupper() and any(pattern.fullmatch(written) for pattern in said.plates)
        if is_capital and any(car.end() + 2 >= start for car in said.vehicles.finditer(passage.plain, 0, start)):
            yield start, end, written.upper()


def _gap(passage: Passage, before: Sign, after: Sign) -> str | None:
    """What lies between two signs: nothing that counts (an empty text), words of correction, or (None) something else."""
    if _SENTENCE.search(passage.plain[before.end : after.start]):
        return None
    said = table(passage.language, Privacy)
    light = set(table(passage.language, Numbers).between_digits)
    words = [word.group() for word in WORD.finditer(passage.plain, before.end, after.start)]
    rest = [word for word in words if word not in light]
    if len(words) > _MOST_BETWEEN or not set(rest) <= {*said.corrections, *said.corrections_besides}:
        return None
    return " ".join(rest)


def _replaced(before: Sequence[Sign], after: Sequence[Sign], language: str) -> tuple[int, str] | None:
    """Where the first signs of a plate begin that the second ones end, in the stead of some of the first or of none."""
    end = "".join(sign.text for sign in after).lower()
    for first in range(len(before)):
        for last in range(len(before), first, -1):
            written = "".join(sign.text for sign in before[first:last]).lower() + end
            if _is_plate(written, language):
                return first, written
    return None


def _is_plate(written: str, language: str) -> bool:
    letters = sum(char.isalpha() for char in written)
    is_mixed = letters >= _FEWEST_LETTERS and len(written) - letters >= _FEWEST_DIGITS
    return is_mixed and any(pattern.fullmatch(written) for pattern in table(language, Privacy).plates)


def _over_turns(utterances: Sequence[Utterance], at: int) -> Iterator[Found]:
    """Letters alone at the end of one utterance and digits at the beginning of the next, where a plate is asked for or a car spoken of."""
    before, after = utterances[at : at + 2]
    if Role.OTHER in (before.role, after.role) or is_han(before.language):
        return
    said = table(before.language, Privacy)
    near = [fold_text(one.text, one.language) for one in utterances[max(0, at - _NEAR) : at + 1]]
    if not any(said.vehicles.search(text) or ("plate" in said.cues and said.cues["plate"].search(text)) for text in near):
        return
    letters, begun = _letters_at_end(before), _signs_at_beginning(after)
    for last in range(len(begun), 0, -1) if letters else ():
        written = "".join(sign.text for sign in (*letters, *begun[:last])).lower()
        if _is_plate(written, before.language):
            for place, several in ((at, letters), (at + 1, begun[:last])):
                yield Found(kind=Personal.PLATE, utterance=place, start=several[0].start, end=several[-1].end, value=written.upper())
            return


def _letters_at_end(utterance: Utterance) -> list[Sign]:
    [passage] = passages([utterance])
    found: list[Sign] = []
    end = len(utterance.text)
    for sign in reversed(signs(passage)):
        if not sign.text.isalpha() or re.search(r"\w", passage.plain[sign.end : end]):
            break
        found.insert(0, sign)
        end = sign.start
    return found


def _signs_at_beginning(utterance: Utterance) -> list[Sign]:
    [passage] = passages([utterance])
    quiet = {*table(utterance.language, Speaking).backchannels, *table(utterance.language, Numbers).between_digits}
    found: list[Sign] = []
    start = 0
    for sign in signs(passage):
        words = {word.group() for word in WORD.finditer(passage.plain, start, sign.start)}
        if words - (quiet if not found else set()):
            break
        found.append(sign)
        start = sign.end
    return found
