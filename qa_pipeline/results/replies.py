"""What language models answered, as rows: written once, and what of them counts in a score, told without reading a single word of them.

Conversations bring their replies along (heard.py); a table that is not there has none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from qa_pipeline.call import Call, Reply
from qa_pipeline.results.rows import call_date
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.identity import JudgedBy
from qa_pipeline.scoring.prompts import prompt_sha256, replies_digest
from qa_pipeline.scoring.score import questions_of
from qa_pipeline.scoring.second_look import SecondLooks, hashes_of

_KEY = ("question_sha256", "prompt_sha256", "model", "phrasing", "first", "last")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One reply with what it is about and what it cost. `took_ms`: until it was there; tokens are None where the server does not count them."""

    call: Call
    conversation_id: str
    criterion_id: str
    reply: Reply
    served_by: str | None
    prompt_tokens: int | None
    answer_tokens: int | None
    took_ms: int


class RepliesThatCount:
    """By conversation, which replies of the model that counts are stored. Nothing is read for rubrics without questions. `rubrics`: by key; `second_looks`: what that
    model looks at again.
    """

    def __init__(
        self, store: Store, rubrics: Mapping[str, Rubric], answered_by: str | None, second_looks: SecondLooks | None = None
    ) -> None:
        self._questions = {name: found for name, rubric in rubrics.items() if (found := questions_of(rubric))}
        self._looked = {name: hashes_of(second_looks.questions(rubric)) for name, rubric in rubrics.items()} if second_looks else {}
        self._rule = second_looks.rule if second_looks else ""
        self._answered_by = answered_by
        self._of: dict[str, list[Reply]] = {}
        if (self._questions or any(self._looked.values())) and answered_by is not None:
            rows = store.read("replies", columns=["conversation_id", *_KEY], where=f"model = {sql_text(answered_by)}").to_pylist()
            for row in rows:
                self._of.setdefault(row.pop("conversation_id"), []).append(Reply(**row, answer=""))

    def counted(self, by: JudgedBy, conversation_id: str, rubric: str) -> JudgedBy:
        """What would judge a conversation by a rubric now: `by`, with the replies that are there."""
        questions, looked = self._questions.get(rubric, {}), self._looked.get(rubric, {})
        if not questions and not looked:
            return by
        replies = self._of.get(conversation_id, ())
        return replace(by, replies_digest=replies_digest(replies, questions, self._answered_by, looked=looked, rule=self._rule))


def write_replies(store: Store, asked: Sequence[Asked], *, run_id: str, timezone: str) -> None:
    """Commit replies. The same reply again changes nothing."""
    store.write_rows("replies", [_row(one, run_id, timezone) for one in asked])


def _row(asked: Asked, run_id: str, timezone: str) -> dict[str, Any]:
    reply = {field.name: getattr(asked.reply, field.name) for field in fields(Reply)}
    return {
        **reply, "quotes": [{"utterance": quote.utterance, "text": quote.text} for quote in asked.reply.quotes],
        "call_id": asked.call.call_id, "conversation_id": asked.conversation_id, "criterion_id": asked.criterion_id,
        "served_by": asked.served_by, "prompt_tokens": asked.prompt_tokens, "answer_tokens": asked.answer_tokens, "took_ms": asked.took_ms,
        "asked_at": datetime.now(UTC), "run_id": run_id, "call_date": call_date(asked.call, timezone),
    }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What answers have cost: conversations asked about, tokens read and written, seconds until they were there; how many they are, and how many of them are to some
    questions.
    """

    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    answers: int = 0
    of_these: int = 0


def spent_since(store: Store, moment: datetime, *, counting: Collection[str] = ()) -> Spent:
    """What the answers since a moment have cost, whoever asked. `counting`: hashes of the questions that are counted by themselves."""
    columns = ["conversation_id", "prompt_tokens", "answer_tokens", "took_ms", "question_sha256"]
    since = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = store.read("replies", columns=columns, where=f"asked_at >= arrow_cast('{since}', 'Timestamp(Microsecond, Some(\"UTC\"))')")
    tokens = sum((row["prompt_tokens"] or 0) + (row["answer_tokens"] or 0) for row in rows.to_pylist())
    return Spent(
        calls=len(set(rows["conversation_id"].to_pylist())), tokens=tokens, seconds=sum(rows["took_ms"].to_pylist()) / 1000,
        answers=rows.num_rows, of_these=sum(asked in counting for asked in rows["question_sha256"].to_pylist()),
    )  # fmt: skip


def answered_in_all_wordings(store: Store, model: str, questions: Mapping[str, int]) -> set[tuple[str, str]]:
    """(conversation, criterion) about which a model was asked something in every wording, as it is put now; whether about the whole call, is not told here.
    `questions`: hash → in how many wordings it is put.
    """
    found: dict[tuple[str, str, str], set[int]] = {}
    columns = ["conversation_id", "criterion_id", "question_sha256", "phrasing"]
    where = f"model = {sql_text(model)} and prompt_sha256 = {sql_text(prompt_sha256())}"
    for row in store.read("replies", columns=columns, where=where).to_pylist():
        if row["question_sha256"] in questions:
            found.setdefault((row["conversation_id"], row["criterion_id"], row["question_sha256"]), set()).add(row["phrasing"])
    return {(name, criterion) for (name, criterion, asked), answered in found.items() if len(answered) >= questions[asked]}
