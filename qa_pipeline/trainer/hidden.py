"""What trainers are shown of stored calls, without what the policy hides from them: words found, a call tried, a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from qa_pipeline.call import Conversation
from qa_pipeline.privacy.policy import Hiding
from qa_pipeline.privacy.redact import hide_found
from qa_pipeline.privacy.rows import Hidden, hidden_in, redact_quote
from qa_pipeline.reading.words import Spoken
from qa_pipeline.results.store import Store
from qa_pipeline.scoring.matching import Evidence
from qa_pipeline.trainer.diff import CallEffect, Diff
from qa_pipeline.trainer.trial import Tried


def hide_spoken(store: Store, found: Sequence[Spoken], words: str, hiding: Hiding) -> tuple[Spoken, ...]:
    """Places where words were said. Where the words are themselves hidden there is none: nobody finds out by guessing what a customer said."""
    if not hiding.words:
        return tuple(found)
    texts: dict[str, Mapping[int, str]] = {}
    shown = []
    for one in found:
        name = one.line.conversation_id
        if name not in texts:
            heard = store.load_one(name, day=one.line.call_date)
            texts[name] = {u.utterance: u.text for u in hide_found(heard.utterances, hidden_in(heard, hiding).found)}
        text = texts[name].get(one.utterance, "")
        if " ".join(words.split()).casefold() in text.casefold():
            shown.append(replace(one, text=text))
    return tuple(shown)


def hide_tried(tried: Tried, heard: Conversation, hiding: Hiding) -> Tried:
    """A stored call as a rubric judges it."""
    if not hiding.words:
        return tried
    hidden = hidden_in(heard, hiding)
    said = hide_found(heard.utterances, hidden.found)
    return replace(
        tried,
        lines=tuple(replace(line, text=utterance.text) for line, utterance in zip(tried.lines, said, strict=True)),
        criteria=tuple(
            replace(
                one,
                reason=redact_quote(one.reason, hidden),
                hits=_evidence(one.hits, hidden),
                nearest=_evidence(one.nearest, hidden),
                captures=tuple((name, redact_quote(value, hidden)) for name, value in one.captures),
            )
            for one in tried.criteria
        ),
    )


def hide_diff(diff: Diff, heard: Iterable[Conversation], hiding: Hiding) -> Diff:
    """A comparison. `heard`: the calls in which something changes."""
    if not hiding.words:
        return diff
    hidden = {one.call.call_id: hidden_in(one, hiding) for one in heard}
    return replace(diff, effects=tuple(_effect(effect, hidden.get(effect.call_id)) for effect in diff.effects))


def _effect(effect: CallEffect, hidden: Hidden | None) -> CallEffect:
    if hidden is None:
        return effect
    changes = tuple(
        replace(
            one,
            reason_before=redact_quote(one.reason_before, hidden),
            reason_after=redact_quote(one.reason_after, hidden),
            evidence=tuple(redact_quote(line, hidden) for line in one.evidence),
        )
        for one in effect.changes
    )
    return replace(effect, changes=changes)


def _evidence(several: Sequence[Evidence], hidden: Hidden) -> tuple[Evidence, ...]:
    return tuple(replace(one, text=redact_quote(one.text, hidden)) for one in several)
