"""Cases beside a rubric (NAME.cases.yaml): dialogues with the outcomes they must have. How a score compares
with them is scoring/cases.py.

A case: `name`, `language`, `dialogue` (lines `0:03 agent: …`) or `call` (a stored call's id), `expected` (criterion → outcome); optionally
`metadata` (columns of the call), `answers` (criterion → answer), `captures` (criterion → value), `evidence` (criterion → words that the evidence
must contain), `replies` (criterion of `check: ask` → what the language model is said to answer: `answer`, `quotes`, `value`), `disposition`, `percent`, `passed`, `sentiment` (value and label), `role_confidence`, `confidence`, `starts_cut`, `ends_cut`,
`times: false`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator

from qa_pipeline.call import Call, Conversation, Metrics, Quote, Reply
from qa_pipeline.conversation.written import conversation, spoken_lines, with_vectors
from qa_pipeline.errors import Fault, RubricError
from qa_pipeline.rubric.asking import WRITTEN, AskCriterion
from qa_pipeline.rubric.atoms import Language, Location
from qa_pipeline.rubric.faults import validation_faults
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.yaml_text import Document, read_document

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Encode: TypeAlias = "Callable[[Sequence[str]], NDArray[np.float32]]"
StoredCall = Callable[[str], Conversation | None]
OutcomeName = Literal["met", "not_met", "not_applicable", "undetermined"]
_NUMBERS = frozenset(("ring_seconds", "wait_seconds", "csat"))
_COLUMNS = frozenset(Call.__dataclass_fields__) - {"extra"}
_FORMS = {"started_at": "a day and time, as 2026-11-20T10:30", "agent_channel": "0 or 1"}


class WrittenReply(BaseModel):
    """What a language model is said to answer. `quotes`: words of the dialogue, or words that do not stand there."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    answer: str
    quotes: tuple[str, ...] = ()
    value: str | None = None


class Case(BaseModel):
    """One dialogue with what it must give."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    name: str
    language: Language
    dialogue: str | None = None
    call: str | None = None
    expected: dict[str, OutcomeName]
    metadata: dict[str, str | int | float] = {}
    answers: dict[str, str] = {}
    captures: dict[str, str] = {}
    evidence: dict[str, str] = {}
    replies: dict[str, WrittenReply] = {}
    disposition: str | None = None
    percent: float | None = None
    passed: bool | None = None
    sentiment: tuple[float, str] | None = None
    role_confidence: float = 1.0
    confidence: float = 0.9
    starts_cut: bool = False
    ends_cut: bool = False
    times: bool = True

    @model_validator(mode="after")
    def _has_words(self) -> Case:
        if (self.dialogue is None) == (self.call is None):
            raise ValueError("give either `dialogue` or `call`")
        return self


def cases_path(rubric_path: Path) -> Path:
    """Where a rubric's cases lie."""
    return rubric_path.with_name(f"{rubric_path.stem}.cases.yaml")


def load_cases(path: Path) -> tuple[Case, ...]:
    """Read a case file; none when it does not exist. Raises RubricError with every fault, located."""
    if not path.is_file():
        return ()
    document = read_document(path)
    if not isinstance(document.data, list):
        raise RubricError(f"{path.name} has 1 fault.", faults=[document.fault((), "no list of cases", "begin each with `- name: …`")])
    try:
        cases = TypeAdapter(tuple[Case, ...]).validate_json(json.dumps(document.data))
    except ValidationError as error:
        raise RubricError(f"{path.name} cannot be used.", faults=validation_faults(error, document)) from error
    faults = [fault for number, case in enumerate(cases) for fault in dialogue_faults(case, document, (number,))]
    if faults:
        raise RubricError(f"{path.name} cannot be used.", faults=faults)
    return cases


def dialogue_faults(case: Case, document: Document, place: Location) -> list[Fault]:
    """What of a case cannot be read, where it is written."""
    faults = []
    for name, value in case.metadata.items():
        try:
            _column(name, value, "UTC")
        except ValueError:
            wanted = _FORMS.get(name, "a number")
            faults.append(document.fault((*place, "metadata", name), f"metadata: {name}: found {value!r}", f"write {wanted}"))
    try:
        spoken_lines(case.dialogue or "")
    except ValueError as error:
        faults.append(document.fault((*place, "dialogue"), f"case {case.name!r}: {error}", "write lines as `0:03 agent: …`"))
    return faults


def dialogue_of(case: Case, rubric: Rubric | None) -> Conversation:
    """The conversation a case's dialogue stands for. Raises ValueError for a line or a column that cannot be read."""
    columns = {name: _column(name, value, rubric.timezone if rubric else "UTC") for name, value in case.metadata.items()}
    known = {name: value for name, value in columns.items() if name in _COLUMNS}
    heard = conversation(
        case.dialogue or "", language=case.language, role_confidence=case.role_confidence, sentiment=case.sentiment,
        confidence=case.confidence, starts_cut=case.starts_cut, ends_cut=case.ends_cut,
    )  # fmt: skip
    extra = {name: value for name, value in columns.items() if name not in _COLUMNS}
    heard = replace(heard, call=replace(heard.call, **known, extra=extra))
    return heard if case.times else without_times(heard)


def _column(name: str, value: str | float, timezone: str) -> Any:
    """A column of the call as the metadata reader gives it."""
    if name == "started_at":
        at = datetime.fromisoformat(str(value))
        return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))
    if name == "agent_channel":
        return int(value)
    return float(value) if name in _NUMBERS else str(value)


def without_times(heard: Conversation) -> Conversation:
    """The conversation as a transcript without times tells it."""
    utterances = tuple(replace(u, start_ms=None, end_ms=None, words=()) for u in heard.utterances)
    metrics = Metrics(
        customer_sentiment=heard.metrics.customer_sentiment,
        customer_sentiment_label=heard.metrics.customer_sentiment_label,
        customer_sentiment_last_third=heard.metrics.customer_sentiment_last_third,
        customer_sentiment_trend=heard.metrics.customer_sentiment_trend,
        turns=heard.metrics.turns,
    )
    return replace(heard, utterances=utterances, duration_ms=0, metrics=metrics)


def heard_in(case: Case, rubric: Rubric, encode: Encode | None, stored: StoredCall | None = None) -> Conversation:
    """What a case is scored on. Raises RubricError when a stored call is wanted and is not there."""
    if case.call is not None:
        heard = stored(case.call) if stored else None
        if heard is None:
            raise RubricError(f"Case {case.name!r} points at call {case.call}, which is not in the results.", advice="Give --results ROOT.")
        return heard
    heard = _with_replies(dialogue_of(case, rubric), case, rubric)
    return with_vectors(heard, encode) if encode is not None else heard


def _with_replies(heard: Conversation, case: Case, rubric: Rubric) -> Conversation:
    """The conversation with what the case says that a language model answers about it."""
    asking = {criterion.id: criterion for criterion in rubric.criteria if isinstance(criterion, AskCriterion)}
    replies = tuple(
        Reply(
            question_sha256=asking[name].question_sha256, prompt_sha256="", model=WRITTEN, phrasing=0, first=0, last=len(heard.utterances),
            answer=reply.answer, value=reply.value, quotes=tuple(Quote(utterance=_line_with(words, heard), text=words) for words in reply.quotes),
        )
        for name, reply in case.replies.items()
        if name in asking
    )  # fmt: skip
    return replace(heard, replies=replies) if replies else heard


def _line_with(words: str, heard: Conversation) -> int:
    """The number of the first utterance in which words stand; of words that stand in none, the first."""
    return next((u.utterance for u in heard.utterances if words in u.text), 0)


def missing_cases(rubric: Rubric, cases: Sequence[Case]) -> list[str]:
    """What the cases of stable criteria lack: a met, a not_met, and where it can be, a not_applicable one."""
    lacking = []
    for criterion in rubric.criteria:
        if criterion.status != "stable" or criterion.check == "manual":
            continue
        seen = {case.expected.get(criterion.id) for case in cases}
        wanted = {"met", "not_met"}
        if criterion.when or criterion.excused_when:
            wanted.add("not_applicable")
        lacking += [f"criterion {criterion.id} is stable but has no case expecting {outcome}" for outcome in sorted(wanted - seen)]
    return lacking


def stable_faults(rubric: Rubric, path: Path) -> list[Fault]:
    """Stable criteria need cases beside the rubric, positive and negative. Raises RubricError when the cases cannot be read."""
    cases = cases_path(path)
    return [Fault(path=str(cases), message=text, advice="add one") for text in missing_cases(rubric, load_cases(cases))]
