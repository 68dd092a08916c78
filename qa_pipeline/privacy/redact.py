"""Texts without personal data: a typed placeholder stands where it was, and every place leads back to the text as it was said. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from qa_pipeline.call import Conversation, Utterance, Word
from qa_pipeline.privacy.find import find_personal
from qa_pipeline.privacy.kinds import Found, Personal

ALL = frozenset(Personal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """One place that was hidden. `start`/`end`: half-open, of the text as it was said; `at`: where its placeholder begins in the redacted text."""

    kind: Personal
    start: int
    end: int
    at: int

    @property
    def placeholder(self) -> str:
        """What stands in its stead."""
        return placeholder(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """A text without personal data, and what was hidden in it, in order."""

    text: str
    hidden: tuple[Hidden, ...]

    def redacted_place(self, at: int) -> int:
        """Where a place of the text as it was said lies in the redacted text; within what is hidden, where its placeholder begins."""
        shift = 0
        for one in self.hidden:
            if at < one.start:
                break
            if at < one.end:
                return one.at
            shift = one.at + len(one.placeholder) - one.end
        return at + shift

    def original_place(self, at: int) -> int:
        """The reverse of redacted_place; within a placeholder, where what it hides begins."""
        shift = 0
        for one in self.hidden:
            if at < one.at:
                break
            if at < one.at + len(one.placeholder):
                return one.start
            shift = one.end - one.at - len(one.placeholder)
        return at + shift


def placeholder(kind: Personal) -> str:
    """What stands for personal data of a kind: [phone]."""
    return f"[{kind.value}]"


def redact_text(text: str, found: Iterable[Found]) -> Redacted:
    """Put placeholders for what was found in one text; the places must not overlap."""
    out, hidden, position = "", [], 0
    for one in sorted(found, key=lambda other: other.start):
        out += text[position : one.start]
        hidden.append(Hidden(kind=one.kind, start=one.start, end=one.end, at=len(out)))
        out += placeholder(one.kind)
        position = one.end
    return Redacted(text=out + text[position:], hidden=tuple(hidden))


def redact_utterances(
    utterances: Sequence[Utterance],
    *,
    agent_name: str | None = None,
    company: str | None = None,
    known: Sequence[str] = (),
    kinds: Collection[Personal] = ALL,
) -> tuple[Utterance, ...]:
    """Utterances without personal data of some kinds, as `hide_found`."""
    found = find_personal(utterances, agent_name=agent_name, company=company, known=known)
    return hide_found(utterances, [one for one in found if one.kind in kinds])


def hide_found(utterances: Sequence[Utterance], found: Iterable[Found]) -> tuple[Utterance, ...]:
    """Utterances without what was found in them, in text, words and norm; words keep their times, and those without it stay what they are.

    `norm` is emptied where something was hidden: it spells out what matching read, and nothing is scored on a redacted text.
    """
    of: dict[int, list[Found]] = {}
    for one in found:
        of.setdefault(one.utterance, []).append(one)
    return tuple(_without(utterance, of[at]) if at in of else utterance for at, utterance in enumerate(utterances))


def redact_conversation(conversation: Conversation, *, known: Sequence[str] = (), kinds: Collection[Personal] = ALL) -> Conversation:
    """A conversation whose words may leave the restricted area. Vectors of meaning of redacted utterances are left out, and all other readings of the
    recogniser: what is hidden in the best one stands in them in other words, where nothing finds it.
    """
    call = conversation.call
    utterances = redact_utterances(conversation.utterances, agent_name=call.agent_name, company=call.company, known=known, kinds=kinds)
    same = {new.utterance for old, new in zip(conversation.utterances, utterances, strict=True) if old is new}
    return replace(
        conversation,
        utterances=tuple(replace(utterance, alternatives=()) for utterance in utterances),
        vectors={number: vector for number, vector in conversation.vectors.items() if number in same},
        dropped=() if len(same) < len(utterances) else conversation.dropped,
    )


def _without(utterance: Utterance, found: Sequence[Found]) -> Utterance:
    return replace(utterance, text=redact_text(utterance.text, found).text, words=_words(utterance.words, found), norm="")


def _words(words: Sequence[Word], found: Sequence[Found]) -> tuple[Word, ...]:
    """Words with placeholders: those of one place become one word over their time; what a word has besides stays with it."""
    out: list[Word] = []
    position = 0
    open_until = -1
    for word in words:
        start, end = position, position + len(word.text)
        position = end
        touching = [one for one in found if one.start < end and start < one.end]
        if not touching:
            out.append(word)
            continue
        text, at = "", start
        for one in touching:
            text += word.text[at - start : max(one.start, start) - start]
            if one.start >= open_until:
                text += placeholder(one.kind)
                open_until = one.end
            at = min(one.end, end)
        text += word.text[at - start :]
        if text.strip():
            out.append(replace(word, text=text))
        elif out:
            out[-1] = replace(out[-1], end_ms=max(out[-1].end_ms, word.end_ms))
    return tuple(out)
