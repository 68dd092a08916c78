"""A second look at unsure findings of other checks: a language model is asked what the criterion asks, and its proved answer moves how sure the finding is.

Comes in: what the operator lets be looked at, a criterion with its verdict, the stored replies. Goes out: a Look, or None where there is none. Pure, as `check: ask`,
whose questions, proofs and votes these are (prompts.py, ask.py). Nobody but a withheld reading is overruled: what is sure by itself is only less sure afterwards.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from qa_pipeline.call import Outcome
from qa_pipeline.languages.interface import interface_language
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.languages.reason_tables import ReasonWords
from qa_pipeline.rubric.asking import AskCriterion
from qa_pipeline.rubric.atoms import PhraseLists, Texts
from qa_pipeline.rubric.criteria import Criterion
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.shared_keys import SearchingCriterion
from qa_pipeline.scoring.ask import answered, requests_open
from qa_pipeline.scoring.certainty import Certainty, certainty_of_answers, moved
from qa_pipeline.scoring.matching import Evidence
from qa_pipeline.scoring.prompts import Request, in_language
from qa_pipeline.scoring.reasons import LOOKED
from qa_pipeline.scoring.totals import JUDGED
from qa_pipeline.scoring.verdict import Context, Verdict, as_heard, search_window

# Workers that score load this module, and no settings.
if TYPE_CHECKING:
    from qa_pipeline.settings import Settings

ALL = "all"
AGREES, DISAGREES, OVERRULES, UNPROVED = "look_agrees", "look_disagrees", "look_overrules", "look_unproved"
# Log-odds that a look moves a finding by at most as long as nobody has measured how often looks are right. Chosen: half of it would hardly ever pass a bar.
UNMEASURED = 0.5
# A likelier reading may take the other's place only where its words alone are the whole finding: no answer and no value hang on it.
_MAY_BE_OVERRULED = frozenset(("phrase", "semantic", "forbidden"))
_OTHER = {Outcome.MET: Outcome.NOT_MET, Outcome.NOT_MET: Outcome.MET}
_MOST_EXAMPLES = 3
# Signs of the grammar of phrases: what has them is no sentence.
_SIGNS = frozenset("{}[]()|…*<>")
_LEAST_SHARE = 0.001


class LookQuestion(AskCriterion):
    """What is asked about a criterion of another check: yes where what it looks for was said. Its answers are of a kind of their own."""

    @property
    def question_sha256(self) -> str:
        """Hash of what is asked, and that it is a second look."""
        return hashlib.sha256(f"second look {super().question_sha256}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLooks:
    """What an operator lets be looked at again. `named`: criteria by id, or `all`; `below`: certainty up to which also findings that are not withheld are looked at;
    `agreement`: share of looks that were right, None where nobody has measured it.
    """

    named: frozenset[str]
    below: float | None = None
    agreement: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """As the settings have it; None where nothing is looked at."""
        if not settings.second_look or settings.ask_model is None:
            return None
        return cls(named=frozenset(settings.second_look), below=settings.second_look_below, agreement=settings.second_look_agreement)

    @property
    def rule(self) -> str:
        """How looks count: part of what judged a score."""
        return f"below {self.below}, right {self.agreement}, else {UNMEASURED}"

    def questions(self, rubric: Rubric) -> dict[str, LookQuestion]:
        """Criterion → what is asked about it, of those that look for words."""
        return {
            criterion.id: look_question(criterion)
            for criterion in rubric.criteria
            if isinstance(criterion, SearchingCriterion) and (ALL in self.named or criterion.id in self.named)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a second look came to. `code`: of its sentence among the reasons; `question`: as it was put; `before`: how sure the finding was without it, `certainty`: with it.

    `evidence`: the words that speak against the finding; `verdict`: the other reading where it takes the place of one that was withheld, `certainty` is then of it.
    """

    code: str
    question: str
    before: Certainty
    certainty: Certainty
    evidence: tuple[Evidence, ...] = ()
    verdict: Verdict | None = None

    @property
    def args(self) -> dict[str, str]:
        """What fills its sentence."""
        return {LOOKED: self.code, "look_question": self.question, "look_percent": f"{100 * self.before.share:.0f}"}


def look_question(criterion: SearchingCriterion) -> LookQuestion:
    """The question about a criterion: its own `second_look`, else one made from its title; where it says no title, from its id."""
    return LookQuestion.model_validate(
        {
            "id": criterion.id, "check": "ask", "question": criterion.second_look or _from_title(criterion), "like": _examples(criterion),
            "who": criterion.party, "within": criterion.within, "before": criterion.before, "after": criterion.after,
        }
    )  # fmt: skip


def is_open_to_looks(verdict: Verdict, own: Certainty, bar: float, looks: SecondLooks) -> bool:
    """Whether a finding is unsure enough to be looked at: met or not met, and less sure by itself than it must be. `bar`: below which it is withheld."""
    return verdict.outcome in JUDGED and own.share < max(bar, looks.below or 0.0)


def looks_open(question: LookQuestion, context: Context) -> list[Request]:
    """What must still be asked before a finding is looked at again."""
    return requests_open(question, context)


def look_again(
    criterion: Criterion, question: LookQuestion, context: Context, verdict: Verdict, own: Certainty, bar: float, looks: SecondLooks
) -> Look | None:
    """What a language model's proved answer makes of an unsure finding; None where it was not asked yet, or not about all of the call. An answer without proof moves
    nothing and is told.

    The answer adds its log-odds to those of the reading, or takes them away: of as many wordings as agree, at most of `agreement` where that was measured, at most
    UNMEASURED where not. Neither reading becomes surer by it than the answer is worth, where it was not before; what is at or above the bar stays there.
    """
    searched = search_window(question, context)
    given = answered(question, context, searched) if searched.utterances else None
    if given is None:
        return None
    asked = in_language(question.question, context.search.language)
    if given.answer is None:
        return Look(code=UNPROVED, question=asked, before=own, certainty=own)
    worth = certainty_of_answers(given.agreeing, given.asked).share
    worth = worth if looks.agreement is None else min(worth, looks.agreement)
    weight = max(0.0, _log_odds(worth))
    weight = min(weight, UNMEASURED) if looks.agreement is None else weight
    if (given.answer in question.met_answers) == (_found(criterion) is verdict.outcome):
        share = min(_share(_log_odds(own.share) + weight), max(own.share, worth))
        return Look(code=AGREES, question=asked, before=own, certainty=moved(own, weight, share))
    share = max(_share(_log_odds(own.share) - weight), min(own.share, 1 - worth))
    if own.share < bar and 1 - share >= max(bar, 0.5) and criterion.check in _MAY_BE_OVERRULED:
        other = Verdict(
            outcome=_OTHER[verdict.outcome], reason_code=OVERRULES, evidence=given.evidence, searched=searched, occurrences=1,
            reason_args={"look_question": asked, "look_percent": f"{100 * own.share:.0f}", "look_first": verdict.outcome.value},
        )  # fmt: skip
        return Look(
            code=OVERRULES, question=asked, before=own, certainty=moved(Certainty(share=own.share), weight, 1 - share), verdict=other
        )
    share = max(share, bar) if own.share >= bar else share
    against = tuple(as_heard(e) for e in given.evidence if e.kind == "hit")
    return Look(code=DISAGREES, question=asked, before=own, certainty=moved(own, -weight, share), evidence=against)


def outcome_of_look(criterion: Criterion, question: LookQuestion, context: Context) -> Outcome | None:
    """What the replies to a second look say of a criterion, whatever its check says; None where they were not asked for, or prove nothing."""
    searched = search_window(question, context)
    given = answered(question, context, searched) if searched.utterances else None
    if given is None or given.answer is None:
        return None
    found = _found(criterion)
    return found if given.answer in question.met_answers else _OTHER[found]


def with_look(verdict: Verdict, look: Look | None) -> Verdict:
    """A verdict that says what a second look at it has come to, and shows what speaks against it."""
    if look is None:
        return verdict
    new = tuple(e for e in look.evidence if (e.utterance, e.text) not in {(old.utterance, old.text) for old in verdict.evidence})
    return replace(verdict, reason_args={**verdict.reason_args, **look.args}, evidence=(*verdict.evidence, *new))


def hashes_of(questions: Mapping[str, LookQuestion]) -> dict[str, str]:
    """Criterion → hash of what is asked about it."""
    return {name: question.question_sha256 for name, question in questions.items()}


def _found(criterion: Criterion) -> Outcome:
    """What a criterion is where what it looks for was said."""
    return Outcome.NOT_MET if criterion.check == "forbidden" else Outcome.MET


def _from_title(criterion: SearchingCriterion) -> Texts:
    titles = {language: text for language, text in criterion.title.items() if language in language_codes()}
    titles = titles or {interface_language(): criterion.id.replace("_", " ")}
    return {language: text for language, title in titles.items() for text in _sentences(criterion, language, title)}


def _sentences(criterion: SearchingCriterion, language: str, title: str) -> Iterator[str]:
    code = "look_at_rule" if criterion.check == "forbidden" else "look_at"
    if sentence := table(language, ReasonWords).sentences.get(code):
        yield sentence.format(title=title)


def _examples(criterion: SearchingCriterion) -> PhraseLists:
    """A few whole sentences that the criterion looks for, by language: of its phrases, else of the examples of its meaning."""
    found: dict[str, tuple[str, ...]] = {}
    for place, phrases, _ in criterion.phrase_lists():
        if place == ("phrases",):
            found |= {language: tuple(t for t in texts if not _SIGNS & set(t))[:_MOST_EXAMPLES] for language, texts in phrases.items()}
    if criterion.meaning and criterion.meaning.examples:
        examples = criterion.meaning.examples
        found = {language: examples.likes(language)[:_MOST_EXAMPLES] for language in examples.like} | {k: v for k, v in found.items() if v}
    return {language: texts for language, texts in found.items() if texts}


def _log_odds(share: float) -> float:
    share = min(max(share, _LEAST_SHARE), 1 - _LEAST_SHARE)
    return math.log(share / (1 - share))


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
