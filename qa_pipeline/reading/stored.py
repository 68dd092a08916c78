"""What runs, trainers and the evaluation ask of stored calls: which conversation of a call is current, which scores count, what is old.

Everybody who asks here works on all calls, so that who sees only some of them is refused (asking.py). Where people ask, `engine` is of the index, which
knows the calls that are held back from them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Literal

import pyarrow.compute as pc
from sqlalchemy import Engine

from qa_pipeline.call import Call, Outcome
from qa_pipeline.reading.asking import FrozenRow, ask, asking
from qa_pipeline.reading.tables import ID_COLUMNS
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.results.heard import CALL_COLUMNS, call_from_row
from qa_pipeline.results.store import Store, sql_text
from qa_pipeline.scoring.reasons import LOOKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which stored calls. None and empty leave a choice open; dates are call_date, both inclusive."""

    since: date | None = None
    until: date | None = None
    call_ids: tuple[str, ...] = ()
    agent_id: str | None = None

    def sql(self) -> str:
        """As a condition on calls or scores."""
        conditions = [
            f"call_date >= date '{self.since}'" if self.since else "",
            f"call_date <= date '{self.until}'" if self.until else "",
            f"agent_id = {sql_text(self.agent_id)}" if self.agent_id is not None else "",
            f"call_id in ({_texts(self.call_ids)})" if self.call_ids else "",
        ]
        return " and ".join(condition for condition in conditions if condition) or "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A call with its current conversation, and when that was made."""

    call_id: str
    conversation_id: str
    processed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the evaluation compares with the truth: the current findings of calls, how they ended and how the customer felt, by call."""

    findings: Mapping[str, tuple[FrozenRow, ...]]
    dispositions: Mapping[str, str | None]
    sentiments: Mapping[str, str | None]


def current_conversation(store: Store, viewer: Viewer, call_id: str) -> str | None:
    """Id of the current conversation of a call; None where there is no such call."""
    return current_conversations(store, viewer, [call_id]).get(call_id)


def current_conversations(store: Store, viewer: Viewer, call_ids: Collection[str]) -> dict[str, str]:
    """Ids of the current conversations of some calls, by call; in the order of the calls. Unknown calls are left out."""
    if not call_ids:
        return {}
    found = ask(
        store,
        viewer,
        Matter.SCORE,
        f"select call_id, conversation_id from current_calls where call_id in ({_texts(call_ids)})",
        columns=ID_COLUMNS,
    )
    by_call = {row["call_id"]: row["conversation_id"] for row in found}
    return {call_id: by_call[call_id] for call_id in call_ids if call_id in by_call}


def heard_lately(store: Store, viewer: Viewer) -> tuple[Heard, ...]:
    """Current conversations that were heard, not read: the newest first."""
    sql = "select call_id, conversation_id, processed_at from current_calls where layout <> 'text' order by processed_at desc, conversation_id"
    return tuple(Heard(**row) for row in ask(store, viewer, Matter.SCORE, sql))


def calls_with_metadata(store: Store, viewer: Viewer) -> Iterator[Call]:
    """Every current call as its metadata had it."""
    for row in ask(store, viewer, Matter.SCORE, f"select extra, given_language, {', '.join(CALL_COLUMNS)} from current_calls"):
        yield call_from_row(row)


def selected_calls(store: Store, viewer: Viewer, select: Selection) -> Iterator[Mapping[str, Any]]:
    """Rows of current calls, in the order of their days."""
    sql = f"select * from current_calls where {select.sql()} order by call_date, call_id"
    with asking(store, viewer, Matter.SCORE, sql) as tables:
        found = tables.table(sql)
    # In pieces: a Python object for every value of every call at once would take gigabytes.
    for batch in found.to_batches(max_chunksize=2_000):
        yield from batch.to_pylist()


def counting_scores(store: Store, viewer: Viewer) -> dict[tuple[str, str], str]:
    """(call_id, rubric_id) → id of the score that counts now."""
    sql = "select call_id, rubric_id, score_id from current_scores"
    with asking(store, viewer, Matter.SCORE, sql) as tables:
        found = tables.table(sql)
    calls, rubrics, scores = (found[name].to_pylist() for name in ("call_id", "rubric_id", "score_id"))
    return dict(zip(zip(calls, rubrics, strict=True), scores, strict=True))


def calls_waiting(store: Store, viewer: Viewer, reason_code: str) -> tuple[str, ...]:
    """Calls of whose current score a criterion is undetermined for a reason, the newest first."""
    sql = f"""select call_id, max(call_date) as day from current_findings where reason_code = {sql_text(reason_code)}
        group by call_id order by day desc nulls last, call_id"""
    columns = {**ID_COLUMNS, "findings": ("score_id", "criterion_id", "call_id", "call_date", "reason_code")}
    return tuple(row["call_id"] for row in ask(store, viewer, Matter.SCORE, sql, columns=columns))


def calls_unsure(store: Store, viewer: Viewer, *, criteria: Collection[str], below: float) -> tuple[FrozenRow, ...]:
    """Findings of current scores, of some criteria, that are met or not met and less sure than `below`, or were withheld as too unsure: call_id, conversation_id and
    criterion_id, the newest call first, and whether a second look was counted when it was judged (`looked`). Those are left out that are no surer because of what they
    follow from, that is what wants looking at, and those of calls whose words are not kept any more.
    """
    are_unsure = f"criterion_id in ({_texts(criteria)}) and (likely in ('met', 'not_met') or (outcome in ('met', 'not_met') and certainty < {below:g}))"
    sql = f"""select score_id, call_id, conversation_id, criterion_id from current_findings where {are_unsure}
        and not list_contains(list_transform(coalesce(certainty_grounds, []), lambda ground: ground.key), 'limited')
        order by call_date desc nulls last, call_id, criterion_id"""
    names = ("score_id", "criterion_id", "call_id", "conversation_id", "call_date", "outcome", "likely", "certainty", "certainty_grounds")
    found = ask(store, viewer, Matter.SCORE, sql, columns={**ID_COLUMNS, "findings": names})
    looked = _looked(store, are_unsure) if found else {}
    keys = [(row["score_id"], row["criterion_id"]) for row in found]
    return tuple(MappingProxyType({**row, "looked": looked[key]}) for row, key in zip(found, keys, strict=True) if key in looked)


def _looked(store: Store, which: str) -> dict[tuple[str, str], bool]:
    """Of findings whose reasons are kept, whether they tell of a second look. `which`: an SQL condition, so that the reasons of all others are not held."""
    rows = store.read("findings", columns=["score_id", "criterion_id", "reason_args"], where=f"{which} and reason_args is not null")
    arguments = rows["reason_args"].combine_chunks()
    keys = pc.struct_field(pc.list_flatten(arguments), "key")
    tell = set(pc.filter(pc.list_parent_indices(arguments), pc.equal(keys, LOOKED)).to_pylist())
    names = zip(rows["score_id"].to_pylist(), rows["criterion_id"].to_pylist(), strict=True)
    return {key: number in tell for number, key in enumerate(names)}


def conversations_of_days(
    store: Store,
    viewer: Viewer,
    *,
    since: date | None,
    until: date | None,
    scored_by: Collection[str] | None,
    engine: Engine | None = None,
) -> tuple[str, ...]:
    """Ids of current conversations in the order of their days. `scored_by`: only those that one of these rubrics has scored."""
    scored = (
        ""
        if scored_by is None
        else f" and conversation_id in (select conversation_id from scores where rubric_id in ({_texts(scored_by)}))"
    )
    sql = f"""select conversation_id from current_calls where {Selection(since=since, until=until).sql()}{scored}
        order by call_date, call_id"""
    return tuple(row["conversation_id"] for row in ask(store, viewer, Matter.SCORE, sql, engine=engine))


def score_of_call(store: Store, viewer: Viewer, call_id: str, *, engine: Engine | None = None) -> FrozenRow | None:
    """The newest official score of a call as a row, else its newest trial; None where it has none."""
    found = ask(
        store,
        viewer,
        Matter.SCORE,
        f"select * from scores where call_id = {sql_text(call_id)} order by purpose, scored_at desc limit 1",
        engine=engine,
    )
    return found[0] if found else None


def outcome_in(store: Store, viewer: Viewer, score_id: str, criterion_id: str) -> Outcome | None:
    """How a criterion came out in a score; None where it does not stand there."""
    found = ask(
        store,
        viewer,
        Matter.SCORE,
        f"select outcome from findings where score_id = {sql_text(score_id)} and criterion_id = {sql_text(criterion_id)}",
        columns={"findings": ("score_id", "criterion_id", "outcome")},
    )
    return Outcome(found[0]["outcome"]) if found else None


def official_scores_by(
    store: Store, viewer: Viewer, rubric_sha256: str, *, since: date | None, until: date | None, engine: Engine | None = None
) -> tuple[FrozenRow, ...]:
    """Official scores of current conversations by one version of a rubric, the oldest first, with what would judge these conversations now."""
    days = [f" and s.call_date >= date '{since}'" if since else "", f" and s.call_date <= date '{until}'" if until else ""]
    sql = f"""select s.score_id, s.conversation_id, s.percent, s.passed, s.critical_failed, c.language, c.norm_versions, c.acts_version, c.reply_version
        from scores s join current_calls c using (conversation_id)
        where s.rubric_sha256 = {sql_text(rubric_sha256)} and s.purpose = 'official'{"".join(days)} order by s.scored_at"""
    return ask(store, viewer, Matter.SCORE, sql, engine=engine)


def scores_waiting(store: Store, viewer: Viewer, rubric_sha256: str, reason_code: str) -> frozenset[str]:
    """Ids of scores by one version of a rubric of which a criterion is undetermined for a reason."""
    sql = f"""select distinct score_id from findings semi join (select score_id from scores where rubric_sha256 = {sql_text(rubric_sha256)}) using (score_id)
        where reason_code = {sql_text(reason_code)}"""
    columns = {"findings": ("score_id", "reason_code"), "scores": ("score_id", "rubric_sha256")}
    return frozenset(row["score_id"] for row in ask(store, viewer, Matter.SCORE, sql, columns=columns))


def conversations_before(store: Store, viewer: Viewer, limit: date, *, having: Literal["metrics", "utterances"]) -> tuple[str, ...]:
    """Ids of conversations of calls before a day that still have rows in a table. A call without a day is of when it was processed."""
    sql = f"""select conversation_id from calls semi join {having} using (conversation_id)
        where coalesce(call_date, cast(processed_at as date)) < date '{limit}' order by conversation_id"""
    return tuple(row["conversation_id"] for row in ask(store, viewer, Matter.SCORE, sql, columns=ID_COLUMNS))


def judged_calls(store: Store, viewer: Viewer, call_ids: Collection[str]) -> Judged:
    """What was found of some calls."""
    if not call_ids:
        return Judged(findings={}, dispositions={}, sentiments={})
    among = f"call_id in ({_texts(call_ids)})"
    asked = {
        "findings": f"""select call_id, criterion_id, outcome, certainty, likely, reason, evidence_text from current_findings
            where {among}""",
        "scores": f"select call_id, disposition from current_scores where {among}",
        "metrics": f"select call_id, customer_sentiment_label from current_metrics where {among}",
    }
    with asking(store, viewer, Matter.WORDS, *asked.values()) as tables:
        findings: dict[str, list[FrozenRow]] = {}
        for row in tables.rows(asked["findings"]):
            findings.setdefault(row["call_id"], []).append(row)
        return Judged(
            findings={call_id: tuple(several) for call_id, several in findings.items()},
            dispositions={row["call_id"]: row["disposition"] for row in tables.rows(asked["scores"])},
            sentiments={row["call_id"]: row["customer_sentiment_label"] for row in tables.rows(asked["metrics"])},
        )


def _texts(values: Collection[str]) -> str:
    return ", ".join(map(sql_text, values))
