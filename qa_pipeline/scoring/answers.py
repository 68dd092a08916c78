"""How the other side answered a question: its next turns, and which of the answers' wordings they hold."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from qa_pipeline.call import Conversation, Role, Utterance
from qa_pipeline.phrases.search import Hit
from qa_pipeline.rubric.atoms import PhraseLists
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.windows import Searched
from qa_pipeline.text.normalise import unit_spans
from qa_pipeline.yaml_text import read_document

_MOST_UTTERANCES = 4
# Words of the asker between two turns of the answer beyond which the talk has moved on, unless the question was put again.
_BETWEEN_UNITS = 10


@cache
def answer_words() -> Mapping[str, PhraseLists]:
    """Wordings of common answers (willing, unwilling, yes, no, satisfied, average, dissatisfied) per language."""
    data: dict[str, Any] = read_document(Path(__file__).with_name("answer_words.yaml")).data
    return {answer: {language: tuple(texts) for language, texts in lists.items()} for answer, lists in data.items()}  # type: ignore[misc]  # the file's languages are the schema's


def wordings(answers: Mapping[str, PhraseLists], language: str) -> dict[str, PhraseLists]:
    """Answers with the common wordings of their names added to their own."""
    return {name: _joined(own, answer_words().get(name, {}), language) for name, own in answers.items()}


def _joined(own: PhraseLists, common: PhraseLists, language: str) -> PhraseLists:
    both = (*own.get(language, ()), *common.get(language, ()))  # type: ignore[call-overload]  # any string may be asked for
    return {language: both}  # type: ignore[dict-item]  # as above


def replies_to(conversation: Conversation, asked: int, asker: Role, *, again: frozenset[int] = frozenset()) -> list[Utterance]:
    """The other side's utterances that may answer a question: its next turn, and one more if the asker hardly spoke between or asked `again`."""
    other = Role.CUSTOMER if asker is Role.AGENT else Role.AGENT
    replies: list[Utterance] = []
    turns, between, was_other = 0, 0, False
    for utterance in conversation.utterances:
        if utterance.utterance <= asked or utterance.role not in (asker, other):
            continue
        if utterance.role is asker:
            if replies:
                between = 0 if utterance.utterance in again else between + len(unit_spans(utterance.text))
                if between > _BETWEEN_UNITS:
                    break
            was_other = False
            continue
        turns += 0 if was_other else 1
        was_other = True
        if turns > 2 or len(replies) == _MOST_UTTERANCES:
            break
        replies.append(utterance)
    return replies


def find_answer(search: Search, answers: Mapping[str, PhraseLists], replies: list[Utterance]) -> tuple[str | None, tuple[Evidence, ...]]:
    """The answer the replies hold: the first reply that matches decides; in one reply the longer phrase (不方便 over 方便) does."""
    searched = Searched(utterances=tuple(replies), start_ms=None, end_ms=None)
    best: tuple[int, float, str, Hit] | None = None
    for name, phrases in wordings(answers, search.language).items():
        for hit in search.hits(search.phrases(phrases), searched):
            rank = (hit.utterance, -(hit.end - hit.start) * hit.similarity, name, hit)
            if best is None or rank[:2] < best[:2]:
                best = rank
    if best is None:
        return None, tuple(search.utterance_evidence(u, "answer", 0.0, "answer") for u in replies[:1])
    return best[2], (search.evidence(best[3], "answer"),)
