"""The results root: Delta Lake tables, written so that nothing is doubled and nothing half-written is seen. One module, though long: it is their only writer.

Detail tables are committed first, `calls` or `scores` last; readers count only conversations and scores that stand there. All ids come from content,
so writing the same thing twice changes nothing. How commits are made is in commit.py, how many conversations are read in stream.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from qa_pipeline.call import Call, Conversation
from qa_pipeline.errors import EnvironmentNotReady, InputRefused
from qa_pipeline.results.arrow import leave_pandas_out
from qa_pipeline.results.columns import Table
from qa_pipeline.results.commit import Commits, add, append, laid_by_days, merge, revise, row_groups
from qa_pipeline.results.files import Opened, all_rows, ids_in, in_arrow, is_small, open_table, rows_of_day
from qa_pipeline.results.heard import REPLY_COLUMNS, UTTERANCE_COLUMNS, StoredConversations
from qa_pipeline.results.lease import Lock
from qa_pipeline.results.log import Listing
from qa_pipeline.results.periods import Period, in_force
from qa_pipeline.results.rows import Row, call_date, call_row, embedding_rows, metric_row, utterance_rows
from qa_pipeline.results.scored import ScoreTables, score_tables, stamp
from qa_pipeline.results.stream import ConversationStream, TableFiles, beside
from qa_pipeline.results.tables import TABLES
from qa_pipeline.scoring.score import Score

if TYPE_CHECKING:
    from deltalake import DeltaTable

# Beyond one a day, from here on they are joined: every question opens every file.
_MANY_FILES = 40


class Store:
    """Tables under one root: a folder, or an object-store URI that deltalake understands."""

    def __init__(self, root: str, *, timezone: str, code_version: str) -> None:
        leave_pandas_out()
        self.root = root.rstrip("/")
        self.timezone = timezone
        self._code_version = code_version
        self._opened = Opened()
        self._conversations = Commits(
            ("utterances", "embeddings", "metrics", "calls"), "conversation_id", path=self.path, opened=self._opened
        )
        self._scores = Commits(("findings", "captures", "scores"), "score_id", path=self.path, opened=self._opened)
        self.lock = Lock(self.root)
        """One writer at a time; every method that writes takes it."""

    @property
    def is_there(self) -> bool:
        """Whether anything was ever written here."""
        return any(map(self._has, TABLES))

    def prepare(self) -> None:
        """Make the root and check that it can be written. Raises EnvironmentNotReady."""
        if "://" in self.root:
            return
        folder = Path(self.root)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".probe"
            probe.write_bytes(b"")
            # Another process may be looking at the same time.
            probe.unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentNotReady(
                f"Results cannot be written to {self.root}: {error.strerror}.",
                advice="Choose another --results, or give this user the right to write there.",
            ) from error

    def path(self, name: str) -> str:
        """Where a table lies."""
        return f"{self.root}/{name}"

    def listing(self, name: str) -> Listing | None:
        """Which files a table has now; None when nothing was written to it yet."""
        return self._opened.listing(self.path(name))

    def read(self, name: str, *, columns: Sequence[str] | None = None, where: str | None = None, as_stored: bool = False) -> pa.Table:
        """Rows of a table as Arrow; an empty table with the right columns when nothing was written yet. `where`: an SQL condition.

        `as_stored`: texts as the tables' library gives them (string_view), not copied: for who hands them to DuckDB. Read by delta-rs itself: pyarrow 26 cannot filter the string_view columns that its merges write.
        """
        table = TABLES[name]
        wanted = [c for c in table.schema.names if columns is None or c in columns]
        listing = self.listing(name)
        if listing is not None and where is None and (table.partition is None or is_small(listing)):
            return all_rows(table, listing, wanted)
        delta = None if listing is None else self._opened.table(self.path(name))
        if delta is None:
            return table.schema.empty_table().select(wanted)
        from deltalake import QueryBuilder

        # A table written by an older version lacks newer columns: they read as null.
        stored_columns = {field.name for field in delta.schema().fields}
        sql = f"select {', '.join(column for column in wanted if column in stored_columns)} from data" + (
            f" where {where}" if where else ""
        )
        found = in_arrow(QueryBuilder().register("data", delta).execute(sql))
        for column in wanted:
            if column not in stored_columns:
                found = found.append_column(column, pa.nulls(len(found), table.schema.field(column).type))
        if as_stored:
            return found.select(wanted)
        return found.select(wanted).cast(pa.schema([table.schema.field(column) for column in wanted]))

    def conversation_ids(self) -> dict[str, str]:
        """conversation_id → call_id of every conversation stored."""
        found = self.read("calls", columns=["conversation_id", "call_id"])
        return dict(zip(found["conversation_id"].to_pylist(), found["call_id"].to_pylist(), strict=True))

    def score_keys(self) -> set[tuple[str, str]]:
        """(score_id, purpose) of every score stored."""
        found = self.read("scores", columns=["score_id", "purpose"])
        return set(zip(found["score_id"].to_pylist(), found["purpose"].to_pylist(), strict=True))

    def outdated_scores(self) -> set[str]:
        """Ids of official scores of which a newer one stands, of the same conversation by the very same rubric: something else judged it since."""
        delta = self._opened.table(self.path("scores")) if self._has("scores") else None
        if delta is None:
            return set()
        from deltalake import QueryBuilder

        sql = """select score_id from (select score_id, row_number() over (partition by conversation_id, rubric_sha256 order by scored_at desc) as age
            from data where purpose = 'official') where age > 1"""
        return set(in_arrow(QueryBuilder().register("data", delta).execute(sql))["score_id"].to_pylist())

    def closed_periods(self) -> tuple[Period, ...]:
        """Periods that are closed now."""
        return in_force(self.read("periods").to_pylist())

    def is_closed(self, call: Call, closed: Sequence[Period]) -> bool:
        """Whether a call lies in one of the periods: its official score stands, new ones are trials."""
        day = call_date(call, self.timezone)
        return any(period.covers(day, call.team) for period in closed)

    def write_conversations(
        self, conversations: Sequence[Conversation], *, run_id: str, days: Collection[date | None] | None = None
    ) -> pa.Table:
        """Commit conversations: details first, then `calls`, whose rows it returns. `days`: of a call or two, on which alone they may stand already."""
        if not conversations:
            return TABLES["calls"].schema.empty_table()
        with self.lock:
            return self._write_conversations(conversations, run_id=run_id, days=days)

    def _write_conversations(self, conversations: Sequence[Conversation], *, run_id: str, days: Collection[date | None] | None) -> pa.Table:
        at = self.now("calls", "processed_at")
        rows: dict[str, list[Row]] = {
            "utterances": [row for c in conversations for row in utterance_rows(c, run_id=run_id, timezone=self.timezone)],
            "embeddings": [row for c in conversations for row in embedding_rows(c, run_id=run_id, timezone=self.timezone)],
            "metrics": [metric_row(c, run_id=run_id, timezone=self.timezone) for c in conversations],
            "calls": [
                call_row(
                    c, run_id=run_id, processed_at=at + timedelta(microseconds=i), timezone=self.timezone, code_version=self._code_version
                )
                for i, c in enumerate(conversations)
            ],
        }
        tables = {name: _table(name, several) for name, several in rows.items()}
        if days is None:
            self._conversations.write(tables)
        else:
            self._conversations.write_few(tables, days={*days, *tables["calls"]["call_date"].to_pylist()})
        return tables["calls"]

    def write_scores(self, scores: Sequence[Score], *, purpose: str, run_id: str, days: Collection[date | None] | None = None) -> int:
        """Commit scores: findings and captures first, then `scores`. Returns how many official ones a closed period made trials.

        `days`: of a call or two, on which alone their scores may stand already.
        """
        closed = self.closed_periods() if scores and purpose == "official" else ()
        purposes = ["trial" if self.is_closed(score.conversation.call, closed) else purpose for score in scores]
        self.write_score_tables(score_tables(scores, purposes=purposes, run_id=run_id, timezone=self.timezone), days=days)
        return sum(found != purpose for found in purposes)

    def write_score_tables(
        self, tables: ScoreTables, *, keep_details: bool = False, days: Collection[date | None] | None = None
    ) -> ScoreTables:
        """Commit scores that are rows already; returns them with their times. `keep_details`: findings of scores that stand under another purpose are not written again.

        `days`: as of `write_scores`.
        """
        if not tables.scores.num_rows:
            return tables
        with self.lock:
            stamped = stamp(tables, self.now("scores", "scored_at"))
            parts = {"findings": stamped.findings, "captures": stamped.captures, "scores": stamped.scores}
            if days is None:
                self._scores.write(parts, keep_details=keep_details)
            else:
                self._scores.write_few(parts, days={*days, *stamped.scores["call_date"].to_pylist()})
        return stamped

    def write_rows(self, name: str, rows: Sequence[Row]) -> int | None:
        """Merge rows of any table by its key. Returns the version that this made; None where nothing was to be written."""
        if not rows:
            return None
        with self.lock:
            return merge(TABLES[name], self.path(name), open_table(self.path(name)), _table(name, rows)).version()

    def append_rows(self, name: str, rows: Sequence[Row]) -> int | None:
        """Add rows that are known to be new, of any table: the same time however much is stored. Returns as `write_rows`."""
        if not rows:
            return None
        with self.lock:
            return add(TABLES[name], self.path(name), self._opened, _table(name, rows))

    def write_empty(self, name: str) -> None:
        """Make a table that is not there, without rows."""
        with self.lock:
            if not self._has(name):
                append(TABLES[name], self.path(name), None, TABLES[name].schema.empty_table())

    def revise(self, name: str, rows: pa.Table, *, day: date | None) -> None:
        """Overwrite columns of rows that are there, by the table's key: what else `rows` has. All of them are of one day, or of none."""
        if not rows.num_rows:
            return
        with self.lock:
            revise(TABLES[name], open_table(self.path(name)), rows, day=day)

    def write_failures(self, rows: Sequence[Row]) -> None:
        """Add rows of `failures`; the number of the attempt is worked out here."""
        if not rows:
            return
        with self.lock:
            earlier = self.read("failures", columns=["source_uri", "stage", "attempt"])
            attempts: dict[tuple[str, str], int] = {}
            for uri, stage, attempt in zip(*(earlier[name].to_pylist() for name in ("source_uri", "stage", "attempt")), strict=True):
                attempts[uri, stage] = max(attempt, attempts.get((uri, stage), 0))
            counted = []
            for row in rows:
                key = row["source_uri"], row["stage"]
                attempts[key] = attempts.get(key, 0) + 1
                counted.append({**row, "attempt": attempts[key]})
            self.write_rows("failures", counted)

    def load_conversations(self, ids: Iterable[str]) -> list[Conversation]:
        """Stored conversations by id, in the order given; unknown ids are left out."""
        wanted = list(dict.fromkeys(ids))
        found = {conversation.conversation_id: conversation for conversation in self.stream_conversations(wanted)}
        return [found[name] for name in wanted if name in found]

    def stream_conversations(
        self, ids: Iterable[str] | None = None, *, size: int = 200, with_vectors: bool = True
    ) -> Iterator[Conversation]:
        """Stored conversations one after the other in the order in which they lie, all or those of some ids; unknown ids are left out."""
        for lot in self.stream(ids, size=size, with_vectors=with_vectors):
            yield from lot

    def stream(
        self, ids: Iterable[str] | None = None, *, size: int = 200, with_vectors: bool = True, scratch: Path | None = None
    ) -> ConversationStream:
        """The same still as rows, `size` conversations at a time. `scratch`: where temporary files go."""
        calls = self.read("calls")
        if ids is not None:
            wanted = set(ids)
            calls = calls.filter(pa.array([name in wanted for name in calls["conversation_id"].to_pylist()], pa.bool_()))
        return ConversationStream(
            calls=calls,
            utterances=self.files("utterances"),
            metrics=self.read("metrics"),
            embeddings=self.files("embeddings") if with_vectors else None,
            size=size,
            scratch=scratch,
            replies=self.files("replies") if self._has("replies") else None,
        )

    def _has(self, name: str) -> bool:
        """Whether a table was ever written."""
        return self.listing(name) is not None

    def read_of(
        self, name: str, column: str, value: str, *, day: date | None, columns: Sequence[str] | None = None, elsewhere: bool = True
    ) -> pa.Table:
        """Rows of one call: those with an id in a column, looked for on the call's day, so that other days' files are not opened.

        Looked for everywhere where that day has none: a table that was begun before it lay by days, or a call whose day was put right. `elsewhere`
        False: not where the table lies by days, for rows that need not be there beside others that are.
        """
        listing = self.listing(name)
        if listing is not None:
            found = rows_of_day(TABLES[name], listing, column, [value], day=day, columns=columns, known=self._opened.known)
            if found.num_rows or not elsewhere or not listing.lies_by_days:
                return found
        return self.read(name, columns=columns, where=f"{column} = {sql_text(value)}")

    def read_of_calls(self, name: str, call_ids: Collection[str], days: Iterable[date | None], *, columns: Sequence[str]) -> pa.Table:
        """Rows of some calls that lie on some days: only files that may hold them are opened."""
        listing = self.listing(name)
        schema = pa.schema([field for field in TABLES[name].schema if field.name in columns])
        if listing is None:
            return schema.empty_table()
        known = self._opened.known
        parts = [
            rows_of_day(TABLES[name], listing, "call_id", call_ids, day=day, columns=columns, known=known)
            for day in (days if listing.lies_by_days else (None,))
        ]
        return pa.concat_tables(parts) if parts else schema.empty_table()

    def calls_in(self, name: str, paths: Iterable[str]) -> set[str]:
        """Ids of the calls that rows in some files of a table are about. Raises FileNotFoundError where one is there no more."""
        listing = self.listing(name)
        return set() if listing is None else {call_id for path in paths for call_id in ids_in(listing, path, "call_id")}

    def days(self, name: str) -> list[date | None]:
        """Days that rows of a table lie on, in order; none where it does not lie by days, or is not there."""
        listing = self.listing(name)
        return [] if listing is None or not listing.lies_by_days else sorted({file.day for file in listing.files.values()}, key=str)

    def load_one(self, conversation_id: str, *, day: date | None) -> Conversation:
        """One stored conversation with its vectors, without touching other calls' rows. Raises InputRefused when it is not stored."""
        tables = {name: self.read_of(name, "conversation_id", conversation_id, day=day) for name in ("calls", "utterances", "metrics")}
        if not tables["calls"].num_rows:
            raise InputRefused(
                f"There is no conversation {conversation_id} in {self.root}.", advice="`qa-pipeline report` lists the calls."
            )
        # Whoever said nothing has no vectors, and need not be looked for everywhere.
        said = tables["utterances"].num_rows
        embeddings = (
            self.read_of("embeddings", "conversation_id", conversation_id, day=day) if said else TABLES["embeddings"].schema.empty_table()
        )
        # Answers stay where they were when a call's day is put right.
        replies = self.read_of("replies", "conversation_id", conversation_id, day=day) if self._has("replies") else None
        (found,) = StoredConversations(
            calls=tables["calls"],
            utterances=_placed(tables["utterances"].select(UTTERANCE_COLUMNS)),
            metrics=beside([conversation_id], tables["metrics"]),
            embeddings=_placed(embeddings.select(("utterance", "vector"))),
            replies=None if replies is None else _placed(replies.select(REPLY_COLUMNS), by="first"),
        )
        return found

    def files(self, name: str) -> TableFiles:
        """A table to be read from end to end (stream.py)."""
        folder = None if "://" in self.root else Path(self.path(name))
        return TableFiles(name, open_table(self.path(name)), folder=folder)

    def forget(self, name: str, column: str, values: Sequence[str]) -> int:
        """Delete rows by an id column. Returns how many there were; they stay in the table's history (`compact`; history.py)."""
        if not values:
            return 0
        with self.lock:
            delta = open_table(self.path(name))
            if delta is None:
                return 0
            return int(delta.delete(f"{column} in ({_quoted(values)})")["num_deleted_rows"])

    def blank(self, name: str, column: str, values: Sequence[str], blanks: Mapping[str, str]) -> None:
        """Overwrite columns of rows by an id column: column → SQL, for words whose time is over."""
        if not values:
            return
        with self.lock:
            delta = open_table(self.path(name))
            if delta is not None:
                delta.update(updates=dict(blanks), predicate=f"{column} in ({_quoted(values)})")

    def forget_before(self, name: str, column: str, day: date, *, but: Collection[str] = ()) -> None:
        """Delete rows whose time in a column is before a day (UTC), without those of some calls."""
        with self.lock:
            delta = open_table(self.path(name))
            if delta is not None:
                delta.delete(_before(column, day, but))

    def blank_before(self, name: str, column: str, day: date, blanks: Mapping[str, str], *, but: Collection[str] = ()) -> None:
        """Overwrite columns of rows whose time is before a day (UTC), without those of some calls: column → SQL, as `blank`."""
        with self.lock:
            delta = open_table(self.path(name))
            if delta is not None:
                delta.update(updates=dict(blanks), predicate=_before(column, day, but))

    def tidy(self) -> list[str]:
        """Join the small files that many commits leave, in tables that have gathered some; returns these tables.

        What is replaced stays for an hour, for those who read it now. `compact` is the thorough one.
        """
        done = []
        for name in TABLES:
            with self.lock:
                listing = self.listing(name)
                # Each batch ends with this, mostly with nothing to do: to see that, no table is opened.
                if listing is None or len(listing.files) - len({file.day for file in listing.files.values()}) < _MANY_FILES:
                    continue
                delta = open_table(self.path(name))
                if delta is None:
                    continue
                delta.optimize.compact()
                delta.vacuum(retention_hours=1, dry_run=False, enforce_retention_duration=False, full=True)
                delta.create_checkpoint()
                delta.cleanup_metadata()
                done.append(name)
        return done

    def compact(self) -> dict[str, int]:
        """Join small files and drop old ones, so that any Parquet reader sees exactly the current rows. Files left per table."""
        left = {}
        for name in TABLES:
            with self.lock:
                delta = open_table(self.path(name))
                if delta is None:
                    continue
                delta = _in_order(TABLES[name], delta, self.path(name))
                delta.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)
                delta.create_checkpoint()
                delta.cleanup_metadata()
                left[name] = len(delta.file_uris())
        return left

    def now(self, name: str, column: str) -> datetime:
        """Now, or just after the newest stored time where the clock has run backwards."""
        listing, now = self.listing(name), datetime.now(UTC)
        if listing is None or ((bound := listing.latest(column)) is not None and bound < now):
            return now
        delta = self._opened.table(self.path(name))
        if delta is None:
            return now
        from deltalake import QueryBuilder

        stored = in_arrow(QueryBuilder().register("data", delta).execute(f"select max({column}) as newest from data"))["newest"][0].as_py()
        return now if stored is None or stored < now else stored + timedelta(microseconds=1)


def _in_order(table: Table, delta: DeltaTable, path: str) -> DeltaTable:
    """Join the small files of each day, rows of a call together, so that one call is a group of rows or two."""
    if table.partition and table.partition not in delta.metadata().partition_columns:
        delta = laid_by_days(table, path, delta)
    column = next((name for name in ("conversation_id", "score_id") if name in table.key), None)
    if column is None:
        delta.optimize.compact()
        return delta
    files = in_arrow(delta.get_add_actions(flatten=True))
    days = files[f"partition.{table.partition}"].to_pylist() if table.partition else [None] * len(files)
    for day, count in sorted(Counter(days).items(), key=lambda item: str(item[0])):
        if count > 1:
            filters = [(table.partition, "=", "" if day is None else str(day))] if table.partition else None
            delta.optimize.z_order([column], partition_filters=filters, writer_properties=row_groups())
    return delta


def _placed(rows: pa.Table, *, by: str = "utterance") -> pa.Table:
    """Rows of one call, as those of the first place, by number."""
    numbers = rows[by].to_pylist()
    # They mostly lie in order, and to sort is a library of 9 MB, loaded at the first.
    if numbers != sorted(numbers):
        rows = rows.sort_by(by)
    return rows.append_column("place", pa.array(np.zeros(len(rows), np.int32)))


def sql_text(value: str) -> str:
    """A value as an SQL string."""
    return "'" + value.replace("'", "''") + "'"


def _before(column: str, day: date, but: Collection[str]) -> str:
    others = f" and (call_id is null or call_id not in ({_quoted(sorted(but))}))" if but else ""
    return f"\"{column}\" < arrow_cast('{day}T00:00:00Z', 'Timestamp(Microsecond, Some(\"UTC\"))'){others}"


def _quoted(values: Iterable[str]) -> str:
    """Values as a list of SQL strings."""
    return ", ".join(map(sql_text, values))


def _table(name: str, rows: Sequence[Row]) -> pa.Table:
    schema = TABLES[name].schema
    return pa.Table.from_pylist([{column: row.get(column) for column in schema.names} for row in rows], schema=schema)
