"""How the other side answered a question: its next turns, and which of the answers' wordings they hold."""

from __future__ import annotations

from collections.abc import Mapping

from qa_pipeline.call import Conversation, Role, Utterance
from qa_pipeline.languages.load import table
from qa_pipeline.languages.scoring_tables import AnswerWords
from qa_pipeline.rubric.atoms import PhraseLists
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.windows import Searched
from qa_pipeline.text.normalise import unit_spans

_MOST_UTTERANCES = 4
# Words of the asker between two turns of the answer beyond which the talk has moved on, unless the question was put again.
_BETWEEN_UNITS = 10


def wordings(answers: Mapping[str, PhraseLists], language: str) -> dict[str, PhraseLists]:
    """Answers in one language, with what is commonly said for an answer of that name added to their own."""
    common = table(language, AnswerWords).answers
    return {name: {language: (*own.get(language, ()), *common.get(name, ()))} for name, own in answers.items()}


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


def find_answer(
    search: Search, answers: Mapping[str, PhraseLists], replies: list[Utterance], *, again: frozenset[int] = frozenset()
) -> tuple[str | None, tuple[Evidence, ...]]:
    """The answer the replies hold: the first reply that matches decides; in one reply the longer phrase (不方便 over 方便) does.

    What a rubric calls `unclear` gives way to what was said after the asker had put the question `again`.
    """
    searched = Searched(utterances=tuple(replies), start_ms=None, end_ms=None)
    found = [
        (hit.utterance, -(hit.end - hit.start) * hit.similarity, name, hit)
        for name, phrases in wordings(answers, search.language).items()
        for hit in search.hits(search.phrases(phrases), searched)
    ]
    if not found:
        return None, tuple(search.utterance_evidence(u, "answer", 0.0, "answer") for u in replies[:1])
    best = min(found, key=lambda rank: rank[:2])
    if best[2] == "unclear" and (asked := min((number for number in again if number > best[0]), default=None)) is not None:
        best = min((rank for rank in found if rank[0] > asked and rank[2] != "unclear"), key=lambda rank: rank[:2], default=best)
    return best[2], (search.evidence(best[3], "answer"),)
