"""What was found and is said again in another form: by who listens, piece by piece, without its signs, or written as it was heard. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qa_pipeline.call import Utterance
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.digits import runs
from qa_pipeline.privacy.kinds import SIGNS, Found, Personal
from qa_pipeline.privacy.names_in_han import is_word
from qa_pipeline.privacy.passages import Passage, fold_text
from qa_pipeline.text.normalise import syllables
from qa_pipeline.values.phones import digits_of
from qa_pipeline.values.word_numbers import WORD

# Signs of a whole name that another of the same sound is taken for; letters of what stands before the sign at of an e-mail address, without its signs.
_SHORTEST_HEARD, _SHORTEST_MAILBOX = 3, 6
# Digits of a piece that is read back at once, and how many words may stand before it.
_FEWEST_AT_ONCE, _MOST_BEFORE = 2, 2
_HAN = re.compile(r"[\u4e00-\u9fff]+")


def find_repeated(utterances: Sequence[Utterance], several: Sequence[Passage], found: Sequence[Found]) -> Iterator[Found]:
    """Places that repeat what was found."""
    yield from _read_back_at_once(utterances, several, found)
    yield from _mailboxes(utterances, found)
    yield from _heard_as(utterances, found)


def _read_back_at_once(utterances: Sequence[Utterance], several: Sequence[Passage], found: Sequence[Found]) -> Iterator[Found]:
    """The last piece of a number, however short, that the other party says right behind it: zero czternaście. – Zero czternaście, dobrze."""
    last: dict[int, Found] = {}
    for one in found:
        if one.kind in SIGNS and (one.utterance not in last or last[one.utterance].start < one.start):
            last[one.utterance] = one
    for passage in several:
        for run in runs(passage):
            at, start, end = next(passage.places(run.start, run.end))
            before = last.get(at - 1)
            utterance = utterances[at]
            if (
                before is None
                or utterances[at - 1].role is utterance.role
                or len(list(WORD.finditer(utterance.text, 0, start))) > _MOST_BEFORE
            ):
                continue
            told = digits_of(utterances[at - 1].text[before.start : before.end], utterance.language)
            said = digits_of(utterance.text[start:end], utterance.language)
            if len(said) >= _FEWEST_AT_ONCE and told.endswith(said):
                yield Found(kind=before.kind, utterance=at, start=start, end=end, value=before.value)


def _mailboxes(utterances: Sequence[Utterance], found: Sequence[Found]) -> Iterator[Found]:
    """What stands before the sign at of an address that was found, said again without its signs: zeynepkaradag, no underscore."""
    boxes: dict[str, Found] = {}
    for one in (one for one in found if one.kind is Personal.EMAIL):
        language = utterances[one.utterance].language
        said = table(language, Privacy)
        text = fold_text(utterances[one.utterance].text[one.start : one.end], language)
        sign = re.search("@", text) or said.at.search(text)
        if sign is None:
            continue
        box = said.joiner.sub(" ", said.dot.sub(" ", text[: sign.start()]))
        words = [word.group().replace("_", "") for word in WORD.finditer(box) if word.group() not in said.before_mail]
        # What stands before it may have been taken for a part of it: should be zeynep_karadag@…
        for first in range(len(words)):
            if len(whole := "".join(words[first:])) >= _SHORTEST_MAILBOX:
                boxes.setdefault(whole, one)
    for at, utterance in enumerate(utterances):
        for word in WORD.finditer(fold_text(utterance.text, utterance.language)) if boxes else ():
            box_of = boxes.get(word.group())
            is_taken = any(other.utterance == at and other.start < word.end() and word.start() < other.end for other in found)
            if box_of is not None and not is_taken:
                yield Found(kind=Personal.EMAIL, utterance=at, start=word.start(), end=word.end(), value=box_of.value)


def _heard_as(utterances: Sequence[Utterance], found: Sequence[Found]) -> Iterator[Found]:
    """Han characters that sound as a whole name does that was found: 瑞一诺, where 芮一诺 was said."""
    names = {
        syllables(one.value)
        for one in found
        if one.kind is Personal.NAME and len(one.value) >= _SHORTEST_HEARD and _HAN.fullmatch(one.value)
    }
    if not names:
        return
    for at, utterance in enumerate(utterances):
        for run in _HAN.finditer(utterance.text) if is_han(utterance.language) else ():
            heard = syllables(run.group())
            for sound in names:
                for place in range(len(heard) - len(sound) + 1):
                    start = run.start() + place
                    said = utterance.text[start : start + len(sound)]
                    if heard[place : place + len(sound)] == sound and not is_word(said, utterance.language):
                        yield Found(kind=Personal.NAME, utterance=at, start=start, end=start + len(sound), value=said)
