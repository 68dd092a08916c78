"""Verdicts of then and of now: what is stored of a rubric's very version and was made by other scoring, beside what the scoring of now makes.

After a mended check or other words in a language's data: before `rescore` it shows what is going to move, afterwards what has moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from sqlalchemy import Engine

from qa_pipeline.call import Conversation, Outcome, Role
from qa_pipeline.errors import RubricError
from qa_pipeline.reading.asking import FrozenRow
from qa_pipeline.reading.stored import official_scores_by, outcome_in, scores_waiting
from qa_pipeline.reading.viewer import MACHINE, Viewer
from qa_pipeline.results.heard import judged_now
from qa_pipeline.results.replies import RepliesThatCount
from qa_pipeline.results.store import Store
from qa_pipeline.scoring.ask import NOT_ASKED
from qa_pipeline.scoring.identity import JudgedBy, score_id_of
from qa_pipeline.scoring.matching import Evidence
from qa_pipeline.scoring.score import Scorecard, score_many
from qa_pipeline.trainer.diff import Diff, Judged, JudgedCriterion, compare, judged, label

# Calls read and scored together.
_LOT = 100
_COLUMNS = ("criterion_id", "outcome", "answer", "reason", "evidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVerdict:
    """What is stored of one criterion in one call. `judged_by` is None where it was stored before that was recorded."""

    judged_by: JudgedBy | None
    outcome: Outcome | None


def stored_verdict(store: Store, score: FrozenRow, criterion_id: str) -> StoredVerdict:
    """The verdict on a criterion in a stored score. `score`: its row."""
    by = None
    if score["scoring_version"] is not None:
        by = JudgedBy(
            scoring_version=score["scoring_version"],
            language_digest=score["language_digest"],
            norm_version=score["norm_version"],
            certainty_digest=score.get("certainty_digest"),
            acts_version=score["acts_version"],
            reply_version=score.get("reply_version"),
            replies_digest=score.get("replies_digest"),
        )
    return StoredVerdict(judged_by=by, outcome=outcome_in(store, MACHINE, score["score_id"], criterion_id))


def scores_by_other_scoring(
    store: Store, engine: Engine, viewer: Viewer, scorecard: Scorecard, *, since: date | None, until: date | None
) -> dict[str, FrozenRow]:
    """Of each current conversation the newest official score by this very rubric that other scoring made, by conversation_id: where there is one, one of which no question
    to a language model was still to be answered.

    `engine`: of the index, which knows the calls that are held back from `viewer`: they are left out. Raises RubricError when the rubric has scored nothing at all in that time.
    """
    found = official_scores_by(store, viewer, scorecard.sha256, since=since, until=until, engine=engine)
    if not found:
        raise RubricError(
            f"No stored call was scored by {label(scorecard)} in that time.",
            advice="Give other dates, or the version that scored them, as NAME@VERSION; `rubric versions` lists them.",
        )
    replies = RepliesThatCount(store, {"": scorecard.rubric}, scorecard.answered_by, scorecard.second_looks)
    others = [row for row in found if not _is_of_now(row, scorecard, replies)]
    if scorecard.questions:
        # What was scored while its questions waited for an answer tells less than what was scored by one.
        waiting = scores_waiting(store, MACHINE, scorecard.sha256, NOT_ASKED)
        others.sort(key=lambda row: row["score_id"] not in waiting)
    return {row["conversation_id"]: row for row in others}


def _is_of_now(row: FrozenRow, scorecard: Scorecard, replies: RepliesThatCount) -> bool:
    by, name = judged_now(row), row["conversation_id"]
    return by is not None and row["score_id"] == score_id_of(name, scorecard.sha256, replies.counted(by, name, ""))


def judge_again(store: Store, scorecard: Scorecard, before: Mapping[str, FrozenRow]) -> Iterator[tuple[Conversation, Judged, Judged]]:
    """Each call with what is stored of it (`before`, of `scores_by_other_scoring`) and what the scoring of now makes of it."""
    stream = store.stream(before, size=_LOT)
    scores = [before[name] for name in stream.ids]
    located = store.files("findings").locate("score_id", [score["score_id"] for score in scores])
    shelves = located.shelves(_COLUMNS, place_of=np.arange(len(scores)), size=_LOT)
    with closing(shelves) as findings, closing(iter(stream)) as lots:
        for number, lot in enumerate(lots):
            conversations = list(lot)
            of_lot = scores[number * _LOT : (number + 1) * _LOT]
            stored = _stored_judgements(of_lot, findings.take(number))
            now = (judged(scored) for scored in score_many(conversations, scorecard))
            yield from zip(conversations, stored, now, strict=True)


def scoring_diff(pairs: Iterable[tuple[Conversation, Judged, Judged]], scorecard: Scorecard) -> Diff:
    """What moved between what is stored of calls and what the scoring of now makes of them: `pairs`, of `judge_again`."""
    criteria = tuple(criterion.id for criterion in scorecard.rubric.criteria)
    name = label(scorecard)
    return compare(pairs, old=f"{name} as stored", new=f"{name} as scored now", criteria=criteria, timezone=scorecard.rubric.timezone)


def _stored_judgements(scores: list[FrozenRow], findings: pa.Table) -> list[Judged]:
    criteria: list[dict[str, JudgedCriterion]] = [{} for _ in scores]
    for row in findings.to_pylist():
        criteria[row["place"]][row["criterion_id"]] = JudgedCriterion(
            outcome=Outcome(row["outcome"]), answer=row["answer"], reason=row["reason"] or "Its words are not kept any more.",
            evidence=tuple(_evidence(row["evidence"])),
        )  # fmt: skip
    return [
        Judged(percent=score["percent"], passed=score["passed"], critical_failed=score["critical_failed"], criteria=found)
        for score, found in zip(scores, criteria, strict=True)
    ]


def _evidence(stored: Iterable[FrozenRow] | None) -> Iterator[Evidence]:
    for moment in stored or ():
        yield Evidence(**{**moment, "role": Role(moment["role"])})
