"""Stored rows as conversations: what `calls`, `utterances`, `metrics`, `embeddings` and `replies` tell, without a Python object per word or number.

Comes in: rows of some conversations as Arrow tables (stream.py reads them). Goes out: Conversations whose words and vectors stay in Arrow and numpy
until somebody asks for them. The other direction is rows.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qa_pipeline.call import Alternative, Call, Conversation, Layout, Metrics, Quote, Reply, Role, Utterance, Word
from qa_pipeline.scoring.identity import JudgedBy, judged_by, norm_version_of
from qa_pipeline.text.normalise import normalise

Row = dict[str, Any]
CALL_COLUMNS = tuple(f.name for f in fields(Call) if f.name not in ("language", "extra"))
METRIC_COLUMNS = tuple(f.name for f in fields(Metrics))
UTTERANCE_COLUMNS = tuple(f.name for f in fields(Utterance))
REPLY_COLUMNS = tuple(f.name for f in fields(Reply))
_ROLES = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConversations:
    """Some stored conversations, still as rows: cheap to hand to another process, and an iterable of Conversations.

    `calls`: one row each, which sets the order. `utterances` and `embeddings` have a column `place` (row of `calls` they belong to) instead of ids
    and are sorted by it and by number; `metrics` has a row for each call, of nulls where none are stored. `embeddings` is None when not asked for. `replies` has a `place` too; None where nobody was ever asked anything.
    """

    calls: pa.Table
    utterances: pa.Table
    metrics: pa.Table
    embeddings: pa.Table | None
    replies: pa.Table | None = None

    def __len__(self) -> int:
        return len(self.calls)

    def __iter__(self) -> Iterator[Conversation]:
        utterances = _utterances(self.utterances)
        upto = np.searchsorted(self.utterances["place"].to_numpy(), np.arange(len(self) + 1))
        vectors: Sequence[Mapping[int, Any]] = _vectors(self.embeddings, len(self)) if self.embeddings is not None else [{}] * len(self)
        metrics = self.metrics.select(METRIC_COLUMNS).to_pylist()
        replies = _replies(self.replies)
        for place, call in enumerate(self.calls.to_pylist()):
            said = with_norms_of_now(utterances[upto[place] : upto[place + 1]], recorded_norms(call))
            yield _conversation(call, said, metrics[place], vectors[place], replies.get(place, ()))

    def only(self, place: int) -> StoredConversations:
        """One of them alone."""
        return StoredConversations(
            calls=self.calls.slice(place, 1),
            utterances=_of_place(self.utterances, place),
            metrics=self.metrics.slice(place, 1),
            embeddings=None if self.embeddings is None else _of_place(self.embeddings, place),
            replies=None if self.replies is None else _of_place(self.replies, place),
        )


class Words(Sequence[Word]):
    """The words of one utterance, made when first asked for. Behaves as the tuple of them: equal, hashed, pickled as one."""

    __slots__ = ("_column", "_made", "_start", "_stop")

    def __init__(self, column: WordColumn, start: int, stop: int) -> None:
        self._column, self._start, self._stop = column, start, stop
        self._made: tuple[Word, ...] | None = None

    def _all(self) -> tuple[Word, ...]:
        if self._made is None:
            self._made = self._column.words(self._start, self._stop)
        return self._made

    @overload
    def __getitem__(self, index: int) -> Word: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Word, ...]: ...
    def __getitem__(self, index: int | slice) -> Word | tuple[Word, ...]:
        if self._made is None and isinstance(index, slice) and index.step is None:
            # Of most utterances that something is found in only these words are ever looked at.
            first, last, _ = index.indices(len(self))
            return self._column.words(self._start + first, self._start + max(first, last))
        return self._all()[index]

    def __len__(self) -> int:
        return self._stop - self._start

    def __iter__(self) -> Iterator[Word]:
        return iter(self._all())

    def text_ends(self) -> list[int]:
        """Where each word ends in the text of its utterance."""
        return self._column.text_ends(self._start, self._stop)

    def times(self, first: int, last: int) -> tuple[int, int]:
        """When the first of some words (half-open) begins, and when the last of them ends."""
        return self._column.start_ms[self._start + first], self._column.end_ms[self._start + last - 1]

    def confidences(self, first: int, last: int) -> list[float]:
        """How sure the recogniser was of each of some words (half-open)."""
        return self._column.confidences(self._start + first, self._start + last)

    def confidences_between(self, start_ms: int, end_ms: int) -> list[float]:
        """The same of the words that sound within a span of time, in order."""
        return self._column.confidences_between(self._start, self._stop, start_ms, end_ms)

    def __eq__(self, other: object) -> bool:
        return self._all() == (other._all() if isinstance(other, Words) else other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())

    def __reduce__(self) -> tuple[type[tuple[Word, ...]], tuple[list[Word]]]:
        return tuple, (list(self._all()),)


class WordColumn:
    """A column of word lists: `lists[row]` is the Words of that row. Figures are looked up word by word, as plain lists made when first asked for."""

    def __init__(self, column: pa.ListArray) -> None:
        self._offsets = column.offsets.to_numpy()
        self._values = column.values
        self._texts: pa.StringArray = self._values.field("text")

    def lists(self) -> list[Words]:
        """One for each row; a null row has no words."""
        offsets = self._offsets.tolist()
        return [Words(self, start, stop) for start, stop in zip(offsets, offsets[1:], strict=False)]

    @cached_property
    def start_ms(self) -> list[int]:
        """When each word begins."""
        return _figures(self._values.field("start_ms"))

    @cached_property
    def end_ms(self) -> list[int]:
        """When each word ends."""
        return _figures(self._values.field("end_ms"))

    @cached_property
    def _confidence(self) -> list[float]:
        return _figures(self._values.field("confidence"))

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        """Where each word ends in the texts of all words joined, after a 0."""
        import pyarrow.compute as pc

        lengths = pc.utf8_length(self._texts).to_numpy(zero_copy_only=False)
        return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))

    def text_ends(self, start: int, stop: int) -> list[int]:
        """Where each word of a span ends in their texts joined."""
        ends: list[int] = (self._ends[start + 1 : stop + 1] - self._ends[start]).tolist()
        return ends

    def confidences(self, start: int, stop: int) -> list[float]:
        """Of each word of a span. Stored as float32: what was 0.9 comes back as 0.9."""
        return [round(share, 4) for share in self._confidence[start:stop]]

    def confidences_between(self, start: int, stop: int, start_ms: int, end_ms: int) -> list[float]:
        """Of the words of a span that sound within a span of time."""
        times = zip(self.start_ms[start:stop], self.end_ms[start:stop], self._confidence[start:stop], strict=True)
        return [round(share, 4) for begin, end, share in times if begin < end_ms and end > start_ms]

    def words(self, start: int, stop: int) -> tuple[Word, ...]:
        """Words of a span of the column."""
        texts = self._texts.slice(start, stop - start).to_pylist()
        columns = (self.start_ms[start:stop], self.end_ms[start:stop], self.confidences(start, stop))
        return tuple(Word(text=t, start_ms=s, end_ms=e, confidence=c) for t, s, e, c in zip(texts, *columns, strict=True))


def _figures(column: pa.Array) -> list[Any]:
    """A column of numbers. Nulls stay None."""
    figures: list[Any] = column.to_pylist() if column.null_count else column.to_numpy().tolist()
    return figures


class Vectors(Mapping[int, NDArray[np.float32]]):
    """Utterance number → vector, as rows of one array. Equal to any mapping with the same numbers and values."""

    __slots__ = ("_place", "_rows")

    def __init__(self, numbers: NDArray[np.int64], rows: NDArray[np.float32]) -> None:
        self._place = {number: place for place, number in enumerate(numbers.tolist())}
        self._rows = rows

    def __getitem__(self, number: int) -> NDArray[np.float32]:
        row: NDArray[np.float32] = self._rows[self._place[number]]
        return row

    def __len__(self) -> int:
        return len(self._place)

    def __iter__(self) -> Iterator[int]:
        return iter(self._place)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and self.keys() == other.keys() and all(np.array_equal(self[n], other[n]) for n in self)

    __hash__ = None  # type: ignore[assignment]  # as of any mapping


def call_from_row(row: Mapping[str, Any]) -> Call:
    """The call that a row of `calls` tells of."""
    return Call(**{name: row[name] for name in CALL_COLUMNS}, language=row["given_language"], extra=mapping_of(row["extra"]))


def recorded_norms(row: Mapping[str, Any]) -> dict[str, str] | None:
    """What a row of `calls` says its norms were made with, by language; None in a row from before this was recorded."""
    pairs = row["norm_versions"]
    return None if pairs is None else mapping_of(pairs)


def with_norms_of_now(utterances: Sequence[Utterance], recorded: Mapping[str, str] | None) -> Sequence[Utterance]:
    """Utterances with their norm made anew from the text where other code, data or dictionaries made the one that is stored."""
    spoken = {utterance.language for utterance in utterances}
    stale = {code for code in spoken if (recorded or {}).get(code) != norm_version_of(code)}
    if not stale:
        return utterances
    return [replace(u, norm=normalise(u.text, u.language)) if u.language in stale else u for u in utterances]


def judged_now(row: Mapping[str, Any]) -> JudgedBy | None:
    """What would judge the conversation of a row of `calls` now; None in a row that does not say which languages are spoken in it."""
    recorded = recorded_norms(row)
    return (
        None
        if recorded is None
        else judged_by(row["language"], recorded, acts_version=row["acts_version"], reply_version=row["reply_version"])
    )


def _conversation(
    call: Row, utterances: Sequence[Utterance], metrics: Row, vectors: Mapping[int, Any], replies: tuple[Reply, ...]
) -> Conversation:
    return Conversation(
        conversation_id=call["conversation_id"],
        call=call_from_row(call),
        duration_ms=call["duration_ms"],
        language=call["language"],
        language_confidence=call["language_confidence"],
        layout=Layout(call["layout"]),
        role_confidence=call["role_confidence"],
        utterances=tuple(utterances),
        metrics=Metrics(**metrics),
        asr_model=call["asr_model"],
        diarization_model=call["diarization_model"],
        manifest_sha256=call["manifest_sha256"],
        options=mapping_of(call["options"]),
        starts_cut=call["starts_cut"],
        ends_cut=call["ends_cut"],
        lost_ms=call["lost_ms"],
        wordless_share=call["wordless_share"],
        dropped=tuple(Word(**said) for said in call["dropped"] or ()),
        vectors=vectors,
        acts_version=call["acts_version"],
        reply_version=call["reply_version"],
        replies=replies,
    )


def _replies(table: pa.Table | None) -> dict[int, tuple[Reply, ...]]:
    """By place, in the order of what they are about."""
    found: dict[int, list[Reply]] = {}
    for row in table.to_pylist() if table is not None else ():
        quotes = tuple(Quote(**quote) for quote in row["quotes"] or ())
        found.setdefault(row["place"], []).append(Reply(**{name: row[name] for name in REPLY_COLUMNS} | {"quotes": quotes}))
    return {
        place: tuple(sorted(replies, key=lambda r: (r.question_sha256, r.first, r.phrasing, r.model))) for place, replies in found.items()
    }


def _utterances(table: pa.Table) -> list[Utterance]:
    words = table["words"].combine_chunks()
    columns = [table[name].to_pylist() for name in UTTERANCE_COLUMNS if name not in ("role", "words", "alternatives")]
    columns.append([_ROLES[role] for role in table["role"].to_pylist()])
    columns.append(WordColumn(words.chunk(0) if isinstance(words, pa.ChunkedArray) else words).lists())
    columns.append(_alternatives(table["alternatives"]))
    # Written out: a dict of arguments for each of eight million utterances takes as long as all the rest.
    return [
        Utterance(
            utterance=number, role=role, speaker=speaker, channel=channel, start_ms=start, end_ms=end, text=text, confidence=confidence,
            language=language, norm=norm, words=said, sentiment=sentiment, sentiment_label=label,
            alternatives=others,
        )
        for number, speaker, channel, start, end, text, confidence, language, norm, sentiment, label, role, said, others in zip(*columns, strict=True)
    ]  # fmt: skip


def _alternatives(column: pa.ChunkedArray) -> list[tuple[Alternative, ...]]:
    """Other readings of each row; most rows have none."""
    if column.null_count == len(column):
        return [()] * len(column)
    # Shares are stored as float32: what was 0.1 comes back as 0.1.
    return [tuple(Alternative(text=one["text"], share=round(one["share"], 4)) for one in row) if row else () for row in column.to_pylist()]


def _vectors(table: pa.Table, count: int) -> list[Vectors]:
    column = table["vector"].combine_chunks()
    flat: NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    numbers = table["utterance"].to_numpy().astype(np.int64)
    upto = np.searchsorted(table["place"].to_numpy(), np.arange(count + 1))
    # All rows of a conversation are of one width; those of conversations whose acts were read are wider.
    import pyarrow.compute as pc

    begin = np.concatenate([[0], np.cumsum(pc.list_value_length(column).to_numpy(zero_copy_only=False))]).astype(np.int64)
    found = []
    for first, last in pairwise(upto.tolist()):
        rows = flat[begin[first] : begin[last]].reshape(last - first, -1) if last > first else np.zeros((0, 0), np.float32)
        found.append(Vectors(numbers[first:last], rows))
    return found


def _of_place(table: pa.Table, place: int) -> pa.Table:
    start, stop = np.searchsorted(table["place"].to_numpy(), (place, place + 1))
    rows = table.slice(start, stop - start)
    return rows.set_column(rows.schema.get_field_index("place"), "place", pa.array(np.zeros(len(rows), np.int32)))


def mapping_of(pairs: Sequence[Row] | None) -> dict[str, str]:
    """A map as rows hold it."""
    return {pair["key"]: pair["value"] for pair in pairs or ()}
