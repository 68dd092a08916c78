"""What language models answered, as rows: written once, and what of them counts in a score, told without reading a single word of them.

Conversations bring their replies along (heard.py); a table that is not there has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from qa_pipeline.call import Call, Reply
from qa_pipeline.results.rows import call_date
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.identity import JudgedBy
from qa_pipeline.scoring.prompts import replies_digest
from qa_pipeline.scoring.score import questions_of

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
    """By conversation, which replies of the model that counts are stored. Nothing is read for rubrics without questions. `rubrics`: by key."""

    def __init__(self, store: Store, rubrics: Mapping[str, Rubric], answered_by: str | None) -> None:
        self._questions = {name: found for name, rubric in rubrics.items() if (found := questions_of(rubric))}
        self._answered_by = answered_by
        self._of: dict[str, list[Reply]] = {}
        if self._questions and answered_by is not None:
            rows = store.read("replies", columns=["conversation_id", *_KEY], where=f"model = {sql_text(answered_by)}").to_pylist()
            for row in rows:
                self._of.setdefault(row.pop("conversation_id"), []).append(Reply(**row, answer=""))

    def counted(self, by: JudgedBy, conversation_id: str, rubric: str) -> JudgedBy:
        """What would judge a conversation by a rubric now: `by`, with the replies that are there."""
        questions = self._questions.get(rubric)
        if not questions:
            return by
        return replace(by, replies_digest=replies_digest(self._of.get(conversation_id, ()), questions, self._answered_by))


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
