"""What one party says, though the other says mm in between, as one text: numbers are told in pieces, over turns.

A passage goes on over turns of others that only listen, repeat digits or ask to go on. Places in a passage lead back to its utterances.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.conversation_tables import Speaking
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.text.normalise import simplify
from qa_pipeline.values.phones import digit_pieces
from qa_pipeline.values.value import fold
from qa_pipeline.values.word_numbers import WORD

Taken = frozenset[int]
"""Places of a passage that something was found at already."""
_MOST_WORDS_BETWEEN, _MOST_CHARACTERS_BETWEEN = 4, 6
_LONGEST_PAUSE_MS = 20_000
# How far back a question may stand, in utterances, and how many of the other party's are read.
_LOOKED_BACK, _QUESTIONS = 6, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Utterances of one party that belong together. `text`: theirs, joined; `plain`: folded, of the same length; `asked`: what the other said before."""

    role: Role
    language: str
    numbers: tuple[int, ...]
    starts: tuple[int, ...]
    text: str
    plain: str
    asked: str

    def places(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Utterance, start and end of each part of a span of the text."""
        first = bisect_right(self.starts, start) - 1
        for at in range(first, len(self.starts)):
            begins = self.starts[at]
            ends = self.starts[at + 1] - 1 if at + 1 < len(self.starts) else len(self.text)
            if begins >= end:
                return
            if start < ends:
                yield self.numbers[at], max(start, begins) - begins, min(end, ends) - begins


def passages(utterances: Sequence[Utterance]) -> list[Passage]:
    """Every utterance in one passage, in order of their beginnings."""
    groups: list[list[int]] = []
    open_of: dict[tuple[Role, str], int] = {}
    heavy_since: dict[tuple[Role, str], bool] = {}
    for at, utterance in enumerate(utterances):
        party = (utterance.role, utterance.speaker)
        group = open_of.get(party)
        if group is not None and not heavy_since[party] and _follows(utterances[groups[group][-1]], utterance):
            groups[group].append(at)
        else:
            open_of[party] = len(groups)
            groups.append([at])
        heavy_since[party] = False
        if not is_light(utterance):
            heavy_since |= {other: True for other in heavy_since if other != party}
    return [_passage(utterances, group) for group in groups]


def is_light(utterance: Utterance) -> bool:
    """Whether it only listens, repeats digits, or says a word or two; not what asks for something else."""
    plain = fold_text(utterance.text, utterance.language)
    if any(cue.search(plain) for cue in table(utterance.language, Privacy).cues.values()):
        return False
    taken = {at for piece in digit_pieces(utterance.text, utterance.language) for at in range(piece.start, piece.end)}
    quiet = set(table(utterance.language, Speaking).backchannels)
    words = [word for word in WORD.finditer(plain) if word.start() not in taken and word.group() not in quiet]
    return len(words) <= (_MOST_CHARACTERS_BETWEEN if is_han(utterance.language) else _MOST_WORDS_BETWEEN)


def since(taken: Taken, start: int) -> int:
    """Where what was found last before a place ends; 0 where nothing was: a word before that speaks of it, not of what follows."""
    return max((at + 1 for at in taken if at < start), default=0)


def fold_text(text: str, language: str) -> str:
    """Folded, or simplified where written in Han characters; of the same length."""
    return fold(simplify(text)) if is_han(language) else fold(text)


def _follows(before: Utterance, after: Utterance) -> bool:
    if before.end_ms is None or after.start_ms is None:
        return True
    return after.start_ms - before.end_ms <= _LONGEST_PAUSE_MS


def _passage(utterances: Sequence[Utterance], group: Sequence[int]) -> Passage:
    first = utterances[group[0]]
    starts, text = [], ""
    for at in group:
        starts.append(len(text) + bool(text))
        text += ("\n" if text else "") + utterances[at].text
    return Passage(
        role=first.role,
        language=first.language,
        numbers=tuple(group),
        starts=tuple(starts),
        text=text,
        plain=fold_text(text, first.language),
        asked=_asked(utterances, group[0]),
    )


def _asked(utterances: Sequence[Utterance], at: int) -> str:
    """What the other party said last, folded: the two last times it said more than that it listens, as far as they are near."""
    said: list[str] = []
    heavy = 0
    for other in reversed(utterances[max(0, at - _LOOKED_BACK) : at]):
        if other.role is utterances[at].role and other.speaker == utterances[at].speaker:
            continue
        said.insert(0, fold_text(other.text, other.language))
        heavy += not is_light(other)
        if heavy == _QUESTIONS:
            break
    return "\n".join(said)
