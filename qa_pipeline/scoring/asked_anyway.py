"""A question that was plainly put speaks for itself, whatever was read out of the words before it.

A question does not apply where somebody was too busy, where a stranger answered, where an earlier answer was another one. All of these are read from a few
words, and read wrongly now and then; who then still asks one question of the rubric after the other was told nothing of the kind. Plainly put is what
has a wording of the question and its meaning too, or is surely meant.
"""

from __future__ import annotations

from qa_pipeline.call import Disposition, Outcome, Role
from qa_pipeline.languages.load import table
from qa_pipeline.languages.scoring_tables import AnswerWords
from qa_pipeline.rubric.criteria import QuestionCriterion, SurveyCriterion
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.shared_keys import AnyCriterion, Situation
from qa_pipeline.scoring.checks import CHECKS
from qa_pipeline.scoring.matching import Search
from qa_pipeline.scoring.verdict import Context, Verdict, first_hit
from qa_pipeline.scoring.windows import Searched

# A meaning as probable as this needs no wording beside it, and so many questions are a talk with the right person. Chosen on written dialogues.
_SURELY_MEANT, _MANY = 0.95, 2
_NO_ANSWERS = (None, "unclear")
_REFUSED, _UNWILLING = "refused", "unwilling"
_REFUTABLE: tuple[Situation, ...] = ("wrong_person", "customer_busy")


def is_asked_anyway(criterion: AnyCriterion, excuse: Verdict, context: Context) -> bool:
    """Whether a criterion that is not applicable by what other words were taken for was plainly asked all the same. Situations need more: `refuted`."""
    if excuse.reason_code not in ("condition", "parent") or not excuse.rests_on or plainly_asked(criterion, context) is None:
        return False
    if not isinstance(criterion, SurveyCriterion):
        return True
    # Of a questionnaire's many items one may be asked of somebody who cannot know.
    parents = {condition.criterion for condition in criterion.when if condition.criterion}
    beside = [c for c in context.rubric.criteria if any(condition.criterion in parents for condition in c.when)]
    return len({place for c in beside if (place := plainly_asked(c, context)) is not None}) >= _MANY


def refuted(context: Context) -> frozenset[str]:
    """Situations after whose sign the agent plainly asked several of the questions that nobody is asked in them; and a refusal to talk after which a question of the
    rubric was asked and answered.
    """
    found: set[str] = set()
    for name in _REFUTABLE:
        signs = [e.utterance for e in context.facts.situations.get(name, ())]
        if not signs:
            continue
        spared = [c for c in context.rubric.criteria if name in (*c.not_applicable_when, *c.excused_when)]
        places = {place for c in spared if (place := plainly_asked(c, context)) is not None and place > min(signs)}
        if len(places) >= _MANY:
            found.add(name)
    if context.facts.disposition is Disposition.REFUSED:
        since = min((e.utterance for e in context.facts.disposition_evidence), default=0)
        # Who is asked for two minutes once more has still refused.
        questions = [c for c in context.rubric.criteria if not (_gives_answer(c, _REFUSED) or _gives_answer(c, _UNWILLING))]
        if any((place := plainly_asked(c, context)) is not None and place > since for c in questions):
            found.add(_REFUSED)
    return frozenset(found)


def refusals(context: Context) -> frozenset[int]:
    """Utterances by which a question is answered that may be answered by refusing: who says no to a consent has not refused the call."""
    return frozenset(
        e.utterance for verdict in _refusable(context) if verdict.answer == _REFUSED for e in verdict.evidence if e.kind == "answer"
    )


def said_of_it(context: Context) -> frozenset[int]:
    """What the customer said from such a question on: whatever sounds unwilling there is about what was asked."""
    places = (first_hit(verdict) for verdict in _refusable(context) if verdict.outcome is Outcome.MET)
    since = min((place for place in places if place is not None), default=None)
    customer = context.search.conversation.by_role(Role.CUSTOMER)
    return frozenset(u.utterance for u in customer if since is not None and u.utterance > since)


def refusable(rubric: Rubric) -> list[str]:
    """Ids of the questions that may be answered by refusing. How the call ended looks at them without any criterion referring to them."""
    return [c.id for c in rubric.criteria if _gives_answer(c, _REFUSED)]


def _refusable(context: Context) -> list[Verdict]:
    return [context.verdicts[name] for name in refusable(context.rubric) if name in context.verdicts]


def _gives_answer(criterion: AnyCriterion, answer: str) -> bool:
    return isinstance(criterion, QuestionCriterion) and answer in criterion.answers


def plainly_asked(criterion: AnyCriterion, context: Context, *, if_meant: float = _SURELY_MEANT) -> int | None:
    """The utterance in which a question of the rubric was plainly put, if it was answered: who presses on where nothing is to be asked gets no answer. `if_meant`: how
    probable it must be where no wording says it, and at least as the list wants.
    """
    if not isinstance(criterion, QuestionCriterion | SurveyCriterion) or criterion.meaning is None:
        return None
    if context.search.language not in context.languages[criterion.id] or _shares_its_list(criterion, context):
        return None
    said = CHECKS[criterion.check](criterion, context)
    place = first_hit(said)
    if said.outcome is not Outcome.MET or said.otherwise is not None or place is None or said.answer in _NO_ANSWERS:
        return None
    if any(e.kind == "answer" and _cannot_know(context.search, e.utterance) for e in said.evidence):
        return None
    least = criterion.meaning.at_least if said.reason_code == "asked" else max(if_meant, criterion.meaning.at_least)
    probability = context.search.probability(criterion.meaning, place)
    return place if probability is not None and probability >= least else None


def _cannot_know(search: Search, utterance: int | None) -> bool:
    """Whether an answer says no more than that its speaker cannot know."""
    reply = None if utterance is None else search.by_number.get(utterance)
    if reply is None:
        return False
    searched = Searched(utterances=(reply,), start_ms=None, end_ms=None)
    return bool(search.hits(search.phrases({search.language: table(search.language, AnswerWords).no_view}, "exact"), searched))


def _shares_its_list(criterion: QuestionCriterion | SurveyCriterion, context: Context) -> bool:
    """Whether a question that is asked on other conditions has the same meaning: then it may have been that one's."""
    others = (c for c in context.rubric.criteria if isinstance(c, QuestionCriterion | SurveyCriterion) and c.id != criterion.id)
    own = criterion.meaning.list if criterion.meaning else None
    return any(c.meaning and c.meaning.list == own and c.when and c.when != criterion.when for c in others)
