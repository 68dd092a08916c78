"""Words that judging knows beside a rubric's own: common answers, what excuses forbidden words."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from qa_pipeline.languages.patterns import NEVER, AnyCase
from qa_pipeline.languages.tables import Table, Texts


class AnswerWords(Table):
    """Phrases of common answers by their name (willing, unwilling, yes, no, satisfied, average, dissatisfied)."""

    FILE: ClassVar[str] = "answers.yaml"
    answers: dict[str, Texts] = Field(default_factory=dict)


class ExcuseWords(Table):
    """What excuses forbidden words: phrases that quote, that ask whether this is what was said, that ask politely to repeat.

    `echoed`: how an utterance begins and ends that gives the other side's words back as a question (matched from its start, whatever the case).
    """

    FILE: ClassVar[str] = "excuses.yaml"
    quoting: Texts = ()
    confirming: Texts = ()
    echoed: AnyCase = NEVER
    polite: Texts = ()
