"""Stored rows of a call without personal data: its utterances, and whatever quotes them. Which columns quote is declared in results/tables.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qa_pipeline.call import Conversation, Role, Utterance, Word
from qa_pipeline.privacy.find import find_personal
from qa_pipeline.privacy.kinds import Found
from qa_pipeline.privacy.policy import Hiding
from qa_pipeline.privacy.redact import hide_found, placeholder
from qa_pipeline.privacy.sound import hidden_spans
from qa_pipeline.reading.call import OneCall
from qa_pipeline.results.columns import Kind
from qa_pipeline.results.tables import TABLES

Row = Mapping[str, Any]
_SHORTEST_QUOTE, _SHORTEST_HAN_QUOTE = 3, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """What a call has that is hidden. `pieces`: the words as they were said → what stands for them; `spans`: of the recording, in ms."""

    hiding: Hiding
    found: tuple[Found, ...]
    pieces: Mapping[str, str]
    spans: tuple[tuple[int, int], ...]


def hidden_of(call: Row, utterances: Sequence[Row], hiding: Hiding) -> Hidden:
    """Look for what is hidden of a call. `call`, `utterances`: rows of the tables of these names, utterances in order."""
    said = [_utterance(row) for row in utterances]
    several = find_personal(said, agent_name=call["agent_name"], company=call.get("company"), known=_known(call))
    found = tuple(one for one in several if one.kind in hiding.words)
    pieces = {said[one.utterance].text[one.start : one.end]: placeholder(one.kind) for one in found}
    return Hidden(hiding=hiding, found=found, pieces=pieces, spans=hidden_spans(said, found))


def hidden_in(heard: Conversation, hiding: Hiding) -> Hidden:
    """The same of a conversation as a value."""
    known = _known({"extra": heard.call.extra})
    several = find_personal(heard.utterances, agent_name=heard.call.agent_name, company=heard.call.company, known=known)
    found = tuple(one for one in several if one.kind in hiding.words)
    pieces = {heard.utterances[one.utterance].text[one.start : one.end]: placeholder(one.kind) for one in found}
    return Hidden(hiding=hiding, found=found, pieces=pieces, spans=hidden_spans(heard.utterances, found))


def redact_call(found: OneCall, hiding: Hiding) -> OneCall:
    """A call as it was read, without what is hidden."""
    if not hiding:
        return found
    hidden = hidden_of(found.named, found.utterances, hiding)
    names = dict.fromkeys(hiding.columns & {"customer_id", "agent_name", "agent_id"})
    return replace(
        found,
        line=replace(found.line, **names),  # type: ignore[arg-type]  # columns of lists that may be null
        call=redact_row("calls", found.call, hidden),
        findings=tuple(redact_row("findings", row, hidden) for row in found.findings),
        captures=tuple(redact_row("captures", row, hidden) for row in found.captures),
        utterances=tuple(redact_utterance_rows(found.utterances, hidden)),
    )


def redact_utterance_rows(utterances: Sequence[Row], hidden: Hidden) -> list[dict[str, Any]]:
    """Rows of `utterances` with placeholders in text and words, without norm where something was hidden, and without other readings anywhere."""
    said = [_utterance(row) for row in utterances]
    redacted = hide_found(said, hidden.found)
    out = []
    for row, before, after in zip(utterances, said, redacted, strict=True):
        if before is after:
            out.append({**row, "alternatives": []} if "alternatives" in row else dict(row))
            continue
        words = [
            {"text": word.text, "start_ms": word.start_ms, "end_ms": word.end_ms, "confidence": word.confidence} for word in after.words
        ]
        others: dict[str, Any] = {"alternatives": []} if "alternatives" in row else {}
        out.append({**row, "text": after.text, "words": words, "norm": "", **others})
    return out


def redact_row(table: str, row: Row, hidden: Hidden) -> dict[str, Any]:
    """A row of any table with placeholders where it quotes what is hidden, and without the columns that are hidden."""
    quoting = set(TABLES[table].holding(Kind.WORDS)) | set(TABLES[table].holding(Kind.NOTE))
    out: dict[str, Any] = {}
    for name, value in row.items():
        if name in hidden.hiding.columns:
            out[name] = None if not isinstance(value, list | tuple) else []
        else:
            out[name] = redact_quote(value, hidden) if name in quoting else value
    return out


def redact_quote(value: Any, hidden: Hidden) -> Any:
    """A value that quotes a call, with placeholders: text, or lists and mappings of texts."""
    if isinstance(value, str):
        for piece, stead in sorted(hidden.pieces.items(), key=lambda pair: -len(pair[0])):
            shortest = _SHORTEST_HAN_QUOTE if any("\u4e00" <= char <= "\u9fff" for char in piece) else _SHORTEST_QUOTE
            if len(piece) >= shortest or value == piece:
                value = value.replace(piece, stead)
        return value
    if isinstance(value, Mapping):
        return {key: redact_quote(part, hidden) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [redact_quote(part, hidden) for part in value]
    return value


def _known(call: Row) -> tuple[str, ...]:
    """Names of the customer among the metadata that nobody here knows: columns called so."""
    extra = call.get("extra") or ()
    pairs = extra.items() if isinstance(extra, Mapping) else ((pair["key"], pair["value"]) for pair in extra)
    return tuple(value for key, value in pairs if "name" in key.casefold() and "customer" in key.casefold() and value)


def _utterance(row: Row) -> Utterance:
    words = tuple(
        Word(text=w["text"], start_ms=w["start_ms"], end_ms=w["end_ms"], confidence=w["confidence"]) for w in row.get("words") or ()
    )
    language = row["language"]
    text = row["text"]
    joined = "".join(word.text for word in words)
    # Words lead to times only where they join to the text, as the recogniser's do; typed text has none.
    if joined.strip() != text:
        words = ()
    elif joined != text:
        words = (
            Word(text=words[0].text.lstrip(), start_ms=words[0].start_ms, end_ms=words[0].end_ms, confidence=words[0].confidence),
            *words[1:],
        )
    return Utterance(
        utterance=row["utterance"], role=Role(row["role"]), speaker=row["speaker"] or row["role"], channel=row["channel"],
        start_ms=row["start_ms"], end_ms=row["end_ms"], text=text, confidence=row["confidence"], language=language, norm="", words=words,
    )  # fmt: skip
