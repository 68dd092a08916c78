"""Written dialogues with what a careful person says of them: read, scored as transcripts are, compared.

A file is a YAML list of dialogues: `id`, `rubric`, `language`, `direction`, `meta` (columns of the call), `lines` (`0:03 agent: …`), `expected` (criterion →
outcome), `answers`, `captures` (criterion → value, or several of which one will do) and `disposition`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from qa_pipeline.call import Call, Conversation, Disposition, Outcome
from qa_pipeline.conversation.listen import Listener
from qa_pipeline.errors import InputRefused, RubricError
from qa_pipeline.evaluation.reliability import Judgement
from qa_pipeline.recordings.dialogue import Dialogue
from qa_pipeline.recordings.transcripts import read_dialogue
from qa_pipeline.rubric.cases import Case, OutcomeName, dialogue_of
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.shared_keys import CombiningCriterion
from qa_pipeline.scoring.score import Finding, Score, Scorecard, score_many
from qa_pipeline.yaml_text import read_document


def _texts(value: object) -> object:
    """Marks and amounts are written as numbers."""
    if isinstance(value, list):
        return [str(part) for part in value]
    return str(value) if isinstance(value, int | float) else value


def _disposition(value: object) -> object:
    """People write the words of an ending apart or together."""
    return next(
        (known.value for known in Disposition if str(value).replace("_", "").replace(" ", "") == known.value.replace("_", "")), value
    )


Wanted = Annotated[str | tuple[str, ...], BeforeValidator(_texts)]


class WrittenDialogue(BaseModel):
    """One dialogue with its truth. What else is noted of it is left."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)
    id: str
    rubric: str
    language: str
    direction: str
    meta: dict[str, str | int | float] = {}
    lines: tuple[str, ...]
    expected: dict[str, OutcomeName] = {}
    answers: dict[str, Wanted] = {}
    captures: dict[str, Wanted] = {}
    disposition: Annotated[str | None, BeforeValidator(_disposition)] = None

    def spoken(self, rubric: Rubric, lines: Iterable[str] | None = None) -> Conversation:
        """As if it had been heard: words with times, well recognised. `lines`: what was heard instead of its lines."""
        return dialogue_of(self._case(lines or self.lines), rubric)

    def read(self, rubric: Rubric, listener: Listener) -> Conversation:
        """As a transcript of it is read: by the code that reads transcripts."""
        call: Call = self.spoken(rubric).call
        lines = read_dialogue("\n".join(self.lines), path=self.id)
        return listener.read(call, Dialogue(call_id=self.id, sha256=self.id, lines=lines))

    def _case(self, lines: Iterable[str]) -> Case:
        metadata = {**self.meta, "call_id": self.id, "direction": self.direction}
        return Case(
            name=self.id, language=self.language, dialogue="\n".join(lines), expected=self.expected,
            metadata={name: value for name, value in metadata.items() if name != "language"},
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One thing that the truth says of a dialogue, and what was found. `what`: outcome, answer, value or disposition; `name`: the criterion.

    `finding`: of an outcome, None where the rubric has no such criterion.
    """

    dialogue: WrittenDialogue
    what: str
    name: str
    expected: str
    found: str
    is_right: bool
    certainty: float | None = None
    finding: Finding | None = None

    @property
    def judgement(self) -> Judgement:
        """As it counts for reliability: of a withheld outcome, its likelier reading."""
        return Judgement(certainty=self.certainty, is_right=self.is_likely_right)

    @property
    def is_likely_right(self) -> bool:
        """Whether it is right, or would have been had it not been withheld."""
        return self.is_right or (
            self.finding is not None and self.finding.likely is not None and self.finding.likely.value == self.expected
        )


def load_dialogues(path: Path) -> tuple[WrittenDialogue, ...]:
    """Read a file of dialogues. Raises InputRefused for another form."""
    try:
        data = read_document(path).data
        return TypeAdapter(tuple[WrittenDialogue, ...]).validate_json(json.dumps(data))
    except (ValidationError, RubricError) as error:
        raise InputRefused(
            f"{path} is no list of written dialogues: {error}", advice="docs/evaluation.md says how one is written."
        ) from error


def score_dialogues(
    dialogues: Sequence[WrittenDialogue], heard: Sequence[Conversation], scorecards: Mapping[str, Scorecard]
) -> tuple[Score, ...]:
    """Score conversations made of dialogues, each by the rubric that its dialogue names."""
    scores: dict[int, Score] = {}
    for name in dict.fromkeys(dialogue.rubric for dialogue in dialogues):
        places = [place for place, dialogue in enumerate(dialogues) if dialogue.rubric == name]
        scores.update(zip(places, score_many([heard[place] for place in places], scorecards[name]), strict=True))
    return tuple(scores[place] for place in range(len(dialogues)))


def compare_dialogue(dialogue: WrittenDialogue, scored: Score) -> Iterator[Compared]:
    """Everything that the truth says of a dialogue beside what was found."""
    findings = {finding.criterion.id: finding for finding in scored.findings}
    for name, expected in dialogue.expected.items():
        finding = findings.get(name)
        found = finding.outcome.value if finding else "missing"
        yield Compared(
            dialogue=dialogue, what="outcome", name=name, expected=expected, found=found, is_right=found == expected,
            certainty=finding.certainty.share if finding and finding.certainty else None, finding=finding,
        )  # fmt: skip
    for name, wanted in dialogue.answers.items():
        yield _compare_answer(dialogue, name, wanted, findings)
    for name, wanted in dialogue.captures.items():
        values = [capture.value for capture in findings[name].captures] if name in findings else []
        is_right = any(each in value for value in values for each in _either(wanted))
        yield Compared(
            dialogue=dialogue, what="value", name=name, expected=_shown(wanted), found=", ".join(values) or "nothing", is_right=is_right
        )
    if dialogue.disposition is not None:
        ended = scored.disposition.value if scored.disposition else "none"
        yield Compared(
            dialogue=dialogue, what="disposition", name="", expected=dialogue.disposition, found=ended, is_right=ended == dialogue.disposition,
            certainty=scored.disposition_certainty.share if scored.disposition_certainty else None,
        )  # fmt: skip


def _compare_answer(dialogue: WrittenDialogue, name: str, wanted: str | tuple[str, ...], findings: Mapping[str, Finding]) -> Compared:
    """An answer beside the one found. Of a criterion that takes a value (a name, a number), or is made of such, the value is the answer, however it is spaced."""
    finding = findings.get(name)
    parts = finding.criterion.of if finding is not None and isinstance(finding.criterion, CombiningCriterion) else ()
    taken = [capture for part in (name, *parts) if part in findings for capture in findings[part].captures]
    if finding is not None and finding.answer is None and taken:
        answer = ", ".join(capture.value for capture in taken)
        is_right = any(_unspaced(each) in _unspaced(capture.value) for capture in taken for each in _either(wanted))
    else:
        answer = str(finding.answer) if finding is not None else "missing"
        is_right = answer in _either(wanted)
    return Compared(dialogue=dialogue, what="answer", name=name, expected=_shown(wanted), found=answer, is_right=is_right)


def _unspaced(value: str) -> str:
    return "".join(value.split()).casefold()


def critical_false_hits(compared: Iterable[Compared]) -> list[Compared]:
    """Critical criteria called not met that a careful person calls otherwise."""
    return [
        c for c in compared
        if c.finding is not None and c.finding.criterion.critical is True and c.finding.outcome is Outcome.NOT_MET and not c.is_right
    ]  # fmt: skip


def _either(wanted: str | tuple[str, ...]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else wanted


def _shown(wanted: str | tuple[str, ...]) -> str:
    return " or ".join(_either(wanted))
