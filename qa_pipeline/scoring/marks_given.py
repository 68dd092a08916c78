"""Which mark an item of a questionnaire was answered with, over the turns that follow it: given, put right, or said back by the asker and agreed to.

What a mark is in somebody's words is read in values/marks.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.load import table
from qa_pipeline.languages.mark_tables import Marks
from qa_pipeline.rubric.atoms import PhraseLists
from qa_pipeline.scoring.answers import find_answer
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.text.normalise import unit_count
from qa_pipeline.values.marks import TOP, offered_mark, read_mark, scale_top, written

_YES_OR_NO: Mapping[str, PhraseLists] = {"yes": {}, "no": {}}
# The asker's words after which the talk has moved on: once there is a mark, and before (the scale may be explained again). Chosen, not measured.
_MOST_UNITS_AFTER_MARK = 10
_MOST_UNITS_BEFORE_MARK = 40
_MOST_TURNS = 3
# Stands between the utterances of a turn: ends a clause, and is nothing that two numbers of a range may have between them.
_APART = " ; "


def mark_given(search: Search, asked: int, asker: Role, *, until: int | None) -> tuple[str | None, tuple[Evidence, ...]]:
    """The mark given to the question in utterance `asked`, with the words that settle it; the talk up to `until` is read, the next item's question."""
    other = Role.CUSTOMER if asker is Role.AGENT else Role.AGENT
    language = search.language
    top = scale_top(search.by_number[asked].text, language) or TOP
    mark: float | None = None
    settled: Utterance | None = None
    first: Utterance | None = None
    turn: list[Utterance] = []
    offered: float | None = None
    between, turns, was_other = 0, 0, False
    for utterance in search.conversation.utterances:
        if utterance.utterance <= asked or utterance.role not in (asker, other):
            continue
        if until is not None and utterance.utterance >= until:
            break
        if utterance.role is asker:
            was_other = False
            if first is None:
                top = scale_top(utterance.text, language) or top
                continue
            if mark is not None and table(language, Marks).asks_why.search(utterance.text.lower()):
                break
            said_again = offered_mark(utterance.text, language, top)
            offered = said_again if said_again is not None else offered
            between += 0 if said_again is not None else unit_count(utterance.text)
            if between > (_MOST_UNITS_BEFORE_MARK if mark is None else _MOST_UNITS_AFTER_MARK):
                break
            continue
        turns += 0 if was_other else 1
        if turns > _MOST_TURNS:
            break
        first = first or utterance
        turn = [*turn, utterance] if was_other else [utterance]
        said = _read(search, turn, top)
        if said is not None:
            settled = utterance if settled is None or said != mark else settled
            mark, between = said, 0
        elif offered is not None and (agreed := find_answer(search, _YES_OR_NO, [utterance])[0]) is not None:
            mark, settled = (offered, utterance) if agreed == "yes" else (None, None)
        was_other, offered = True, None
    if mark is None or settled is None:
        return None, tuple(search.utterance_evidence(u, "answer", 0.0, "answer") for u in (first,) if u is not None)
    return written(mark), (search.utterance_evidence(settled, "1–10", 1.0, "answer"),)


def _read(search: Search, turn: Sequence[Utterance], top: int) -> float | None:
    """The mark in a turn up to its last utterance, read as one, else in that utterance; the highest in words that are misheard is looked for by sound."""
    utterance = turn[-1]
    together = read_mark(_APART.join(u.text for u in turn), search.language, top) if len(turn) > 1 else None
    said = together if together is not None else read_mark(utterance.text, search.language, top)
    if said is None and not any(char.isdigit() for char in utterance.norm):
        full = {"full": {search.language: table(search.language, Marks).full_marks}}
        return float(top) if find_answer(search, full, [utterance])[0] else None
    return said
