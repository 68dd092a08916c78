"""What a rubric may say but hardly means: branches that cannot be reached, a pass mark out of reach, phrases that two criteria share or that
are in every other sentence. Warnings, not faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qa_pipeline.errors import Fault
from qa_pipeline.languages.desk_tables import DeskWords
from qa_pipeline.languages.load import table
from qa_pipeline.rubric.asking import AskCriterion
from qa_pipeline.rubric.atoms import Language, Location
from qa_pipeline.rubric.criteria import CaptureCriterion, Criterion, MetricCriterion
from qa_pipeline.rubric.load import list_path, load_list
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.shared_keys import CombiningCriterion, Condition, WordedCriterion
from qa_pipeline.text.normalise import unit_spans
from qa_pipeline.yaml_text import Document

# A lone word that stands in so many of the everyday sentences of lists/background.yaml says nothing about a criterion.
_EVERYWHERE = 0.06
_FEWEST_SENTENCES = 50
# Share of words that two questions have in common from which they ask one thing. Chosen.
_SAME_QUESTION = 0.8


def lint(rubric: Rubric, document: Document) -> list[Fault]:
    """Warnings about a rubric without faults, each where it is written."""
    places: dict[str, Location] = {
        criterion.id: ("sections", s, "criteria", c)
        for s, section in enumerate(rubric.sections)
        for c, criterion in enumerate(section.criteria)
    }
    warnings = [
        *_unreachable(rubric, places),
        *_out_of_reach(rubric),
        *_shared_phrases(rubric, places),
        *_everywhere(rubric, places),
        *_lists_of_examples(rubric, places, document.path.parent),
        *_questions(rubric, places),
    ]
    return [document.fault(place, message, advice) for place, message, advice in warnings]


Warnings = Iterator[tuple[Location, str, str]]


def _unreachable(rubric: Rubric, places: dict[str, Location]) -> Warnings:
    by_id = {criterion.id: criterion for criterion in rubric.criteria}
    for criterion in rubric.criteria:
        for number, condition in enumerate(criterion.when):
            why = _never(condition, criterion, by_id) or _contradicted(condition, criterion.when[:number])
            if why:
                yield (
                    (*places[criterion.id], "when", number),
                    f"{criterion.id} can never apply: {why}",
                    "take the condition out or change it",
                )


def _never(condition: Condition, criterion: Criterion, by_id: dict[str, Criterion]) -> str | None:
    parent = by_id.get(condition.criterion or "")
    if parent is None:
        return None
    if condition.answers and condition.outcome in ("not_met", "not_applicable"):
        return f"{parent.id} has an answer only when it is met"
    if condition.outcome == "not_applicable" and not _may_not_apply(parent):
        return f"{parent.id} always applies"
    if parent.check == "manual":
        return f"{parent.id} waits for a person and has no outcome before"
    for own in parent.when:
        for other in criterion.when:
            if own.criterion and own.criterion == other.criterion and _exclude_each_other(own, other):
                return f"{parent.id} applies only when {own.criterion} came out otherwise"
    return None


def _may_not_apply(criterion: Criterion) -> bool:
    conditions = criterion.when or criterion.not_applicable_when or criterion.excused_when
    return (
        bool(conditions)
        or isinstance(criterion, CombiningCriterion)
        or (isinstance(criterion, CaptureCriterion) and bool(criterion.repeats))
    )


def _contradicted(condition: Condition, before: tuple[Condition, ...]) -> str | None:
    for other in before:
        same = (condition.criterion, condition.metadata, condition.disposition is None) == (
            other.criterion,
            other.metadata,
            other.disposition is None,
        )
        if same and _exclude_each_other(condition, other):
            return "two of its conditions exclude each other"
    return None


def _exclude_each_other(a: Condition, b: Condition) -> bool:
    if a.criterion:
        outcomes = a.outcome and b.outcome and a.outcome != b.outcome
        return bool(outcomes or (a.answers and b.answers and not set(a.answers) & set(b.answers)))
    if a.disposition and b.disposition:
        return not set(a.disposition) & set(b.disposition)
    allowed = [{c.is_} if c.is_ is not None else set(c.in_) if c.in_ is not None else None for c in (a, b)]
    return allowed[0] is not None and allowed[1] is not None and not allowed[0] & allowed[1]


def _out_of_reach(rubric: Rubric) -> Warnings:
    counted = [
        criterion for criterion in rubric.criteria if criterion.status == "stable" and not criterion.bonus and criterion.check != "manual"
    ]
    if any(criterion.status == "stable" for criterion in rubric.criteria) and not sum(c.weight for c in counted):
        yield ("sections",), "no stable criterion that a machine judges has a weight: no call gets a percent", "give some a weight"
        return
    if rubric.scoring == "deductions" or not counted:
        return
    weight = sum(criterion.weight for criterion in counted)
    best = 100 * sum(criterion.weight * _best_credit(criterion) for criterion in counted) / weight
    bonus = 100 * sum(criterion.weight for criterion in rubric.criteria if criterion.bonus and criterion.status == "stable") / weight
    if best + bonus < rubric.pass_mark:
        yield (
            ("pass_mark",),
            f"at best a call reaches {best + bonus:.0f} percent, below the pass mark {rubric.pass_mark:g}",
            "lower it, or raise levels",
        )


def _best_credit(criterion: Criterion) -> float:
    if isinstance(criterion, MetricCriterion):
        return max((level.credit for level in criterion.levels.values()), default=1.0)
    has_others = bool(set(criterion.possible_answers()) - set(criterion.credits))
    return max([*criterion.credits.values(), *([1.0] if has_others or not criterion.credits else [])])


def _shared_phrases(rubric: Rubric, places: dict[str, Location]) -> Warnings:
    owners: dict[tuple[Language, str], str] = {}
    for criterion in rubric.criteria:
        for key, language, number, text in _own_phrases(criterion):
            first = owners.setdefault((language, text.casefold()), criterion.id)
            if first != criterion.id:
                yield (
                    (*places[criterion.id], *key, language, number),
                    f"phrase {text!r} is also one of {first}: one sentence would meet both",
                    "make the two different, or let one criterion depend on the other",
                )


def _own_phrases(criterion: Criterion) -> Iterator[tuple[Location, Language, int, str]]:
    """Phrases that meet a criterion each by itself. Those of a capture are only what a value is said after."""
    if not isinstance(criterion, WordedCriterion) or isinstance(criterion, CaptureCriterion):
        return
    for place, lists, _ in criterion.phrase_lists():
        if place[0] in ("phrases", "groups"):
            for language, texts in lists.items():
                for number, text in enumerate(texts):
                    yield place, language, number, text


def _everywhere(rubric: Rubric, places: dict[str, Location]) -> Warnings:
    for criterion in rubric.criteria:
        for key, language, number, text in _own_phrases(criterion):
            words = _words(text)
            if len(words) != 1 or any(mark in text for mark in "[](){}|…"):
                continue
            share = _share_of_sentences(words[0], rubric, language)
            if share > _EVERYWHERE:
                yield (
                    (*places[criterion.id], *key, language, number),
                    f"phrase {text!r} stands in {share:.0%} of everyday sentences: it matches almost anywhere",
                    "write more of the sentence",
                )


def _lists_of_examples(rubric: Rubric, places: dict[str, Location], folder: Path) -> Warnings:
    for criterion in rubric.criteria:
        for number, name in enumerate(criterion.lists if isinstance(criterion, WordedCriterion) else ()):
            path = list_path(name, folder)
            shared = load_list(path) if path else None
            if shared and shared.likes() and not (shared.phrases or shared.whole_turn or shared.take_back):
                yield (
                    (*places[criterion.id], "lists", number),
                    f"{name} has examples of a meaning (`like`) and no phrases: under `lists` nothing of it is looked for",
                    f"write `meaning: {{list: {name}}}`, or give it `phrases`",
                )


def _questions(rubric: Rubric, places: dict[str, Location]) -> Warnings:
    """Questions to a language model that nobody could answer well."""
    asking = [criterion for criterion in rubric.criteria if isinstance(criterion, AskCriterion)]
    phrases = {(language, text.casefold()): c.id for c in rubric.criteria for _, language, _, text in _own_phrases(c)}
    for number, criterion in enumerate(asking):
        place = places[criterion.id]
        for language, text in criterion.question.items():
            words = table(language, DeskWords)
            vague = next((word for word in words.vague if _has_word(text, word)), None)
            if vague and not (criterion.like or criterion.unlike):
                yield (
                    (*place, "question", language), f"the question asks for a judgement ({vague!r}) that people would make differently",
                    "ask what was said, or show with `like` and `unlike` what is enough",
                )  # fmt: skip
            wordless = next((word for word in words.wordless if _has_word(text, word)), None)
            if wordless:
                yield (
                    (*place, "question", language), f"nobody can answer it from words alone ({wordless!r})",
                    "ask what was said; pauses, pace and feelings in words are measured by `check: metric` and `sentiment`",
                )  # fmt: skip
            joining = next((word for word in words.joining if _has_word(text, word)), None)
            if joining or sum(text.count(mark) for mark in "?？") > 1:
                yield (
                    (*place, "question", language), "the question seems to ask two things: one answer cannot say which of them holds",
                    "make two criteria of it, and one of `check: all` or `any` over them if need be",
                )  # fmt: skip
        if set(criterion.possible_answers()) <= criterion.met_answers:
            yield (*place, "met_by"), "every answer is met: the criterion cannot fail", "take one out"
        if criterion.answered == "choice" and criterion.absent is None:
            yield (
                (*place, "answers"), "every answer must be proved by a quote, so none can be given where nothing of it was said",
                "name the answer for that in `absent`",
            )  # fmt: skip
        for language, texts in criterion.like.items():
            for at, text in enumerate(texts):
                if (other := phrases.get((language, text.casefold()))) and other not in criterion.settled_by:
                    yield (
                        (*place, "like", language, at),
                        f"{text!r} is also a phrase of {other}",
                        f"name {other} in `settled_by`, and nobody is asked for it",
                    )
        for earlier in asking[:number]:
            if any(_asks_the_same(text, earlier.question.get(language, "")) for language, text in criterion.question.items()):
                yield (
                    (*place, "question"),
                    f"{earlier.id} asks nearly the same: the two would count one thing twice",
                    "keep one, or let one follow from the other",
                )


def _has_word(text: str, word: str) -> bool:
    """Whether a word stands in a text: between others where it is written so, anywhere in it in scripts without spaces."""
    folded = text.casefold()
    return word in folded if (not word.isascii() and " " not in folded) or word.startswith(" ") else word in _words(text)


def _asks_the_same(one: str, other: str) -> bool:
    mine, others = set(_words(one)), set(_words(other))
    return bool(mine and others) and len(mine & others) / len(mine | others) >= _SAME_QUESTION


def _share_of_sentences(word: str, rubric: Rubric, language: Language) -> float:
    """Share of everyday sentences that a token stands in."""
    sentences = rubric.background.unlike.get(language, ()) if rubric.background else ()
    if len(sentences) < _FEWEST_SENTENCES:
        return 0.0
    # Only a sentence that has its letters can have the token.
    return sum(word in _words(sentence) for sentence in sentences if word in sentence.casefold()) / len(sentences)


def _words(text: str) -> list[str]:
    return [text[start:end].casefold() for start, end in unit_spans(text)]
