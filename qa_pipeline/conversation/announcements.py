"""Recordings played into calls (menus, greetings from tape, hold announcements), known by repetition: words and rhythm the same in several calls.

Some announcements use none of the words by which the role lexicon knows machines. But a recording sounds the same every time, to the tenth of a second, which
nobody who repeats a script does. In: conversations. Out: the announcements found, and where they play in a call. Agents' own scripts must never
be taken for one, so what a person would say of themselves or ask is none, and neither is what a voice says between other things.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

from qa_pipeline.call import Conversation, Role, Utterance
from qa_pipeline.conversation.roles import MENU_MS, sounds_personal
from qa_pipeline.text.normalise import simplify, unit_spans

# Of recordings put before calls at other places, loudness and noise, nine of ten words came within 40 ms of one another; half of them changed a word.
_SAME_BEAT_MS = 50
_SAME_BEATS = 0.8
_SAME_UNITS = 0.6
_FEWEST_UNITS = 12
_SHORTEST_MS = 3_000
_OTHER_LENGTH = 0.12
# Calls with this much of their other words in common are one recording twice, and prove nothing.
_COPY = 0.6
_COPY_CHARACTERS = 600
_ENOUGH_CHARACTERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What plays in several calls. `units`: its words as heard once; `beats`: ms from its start to each of them; `calls`: how many it was found in."""

    language: str
    text: str
    units: tuple[str, ...]
    beats: tuple[int, ...]
    calls: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What may be a recording in one call: `candidates` with their utterances. `rest`: what else is said first, which tells copies of it."""

    call_id: str
    conversation_id: str
    audio_sha256: str
    rest: str
    candidates: tuple[tuple[Utterance, Announcement], ...]


def played_in(conversation: Conversation) -> Played:
    """What in a call is long, impersonal, and either before anybody else speaks or all that its voice says."""
    candidates = tuple(_candidates(conversation.utterances))
    aside = {utterance.utterance for utterance, _ in candidates}
    rest = "".join(u.text for u in conversation.utterances if u.utterance not in aside)[:_COPY_CHARACTERS]
    call = conversation.call
    return Played(
        call_id=call.call_id, conversation_id=conversation.conversation_id, audio_sha256=call.audio_sha256, rest=rest, candidates=candidates
    )


def find_announcements(calls: Sequence[Played], *, least_calls: int) -> list[Announcement]:
    """Announcements of at least `least_calls` different calls, the commonest first. The order of the calls does not matter."""
    candidates = sorted(
        ((one, call.call_id) for call in calls for _, one in call.candidates),
        key=lambda c: (c[0].language, c[0].beats[-1], c[0].text, c[1]),
    )
    clusters: list[tuple[Announcement, set[str]]] = []
    first = 0
    for one, call_id in candidates:
        while first < len(clusters) and not _may_be_as_long(clusters[first][0], one):
            first += 1
        for cluster, members in clusters[first:]:
            if is_same_recording(cluster, one):
                members.add(call_id)
                break
        else:
            clusters.append((one, {call_id}))
    by_id = {call.call_id: call for call in calls}
    found = []
    for cluster, members in clusters:
        if len(members) >= least_calls and (count := _different([by_id[name] for name in sorted(members)])) >= least_calls:
            found.append(Announcement(language=cluster.language, text=cluster.text, units=cluster.units, beats=cluster.beats, calls=count))
    return sorted(found, key=lambda one: (-one.calls, one.text))


def announcements_in(call: Played, known: Sequence[Announcement]) -> list[tuple[Utterance, Announcement]]:
    """The utterances of a call in which a known announcement plays."""
    return [
        (utterance, found) for utterance, one in call.candidates if (found := next((k for k in known if is_same_recording(k, one)), None))
    ]


def is_same_recording(one: Announcement, other: Announcement) -> bool:
    """Whether two have nearly the same words, at the same distances in time."""
    from rapidfuzz import fuzz
    from rapidfuzz.distance import LCSseq

    if one.language != other.language or not (_may_be_as_long(one, other) or _may_be_as_long(other, one)):
        return False
    if fuzz.ratio(one.text, other.text, score_cutoff=100 * _SAME_UNITS) == 0:
        return False
    shifts = []
    for part in LCSseq.opcodes(one.units, other.units):
        if part.tag == "equal":
            pairs = zip(range(part.src_start, part.src_end), range(part.dest_start, part.dest_end), strict=True)
            shifts += [other.beats[b] - one.beats[a] for a, b in pairs]
    if len(shifts) < _SAME_UNITS * max(len(one.units), len(other.units)):
        return False
    middle = median(shifts)
    return sum(abs(shift - middle) <= _SAME_BEAT_MS for shift in shifts) >= _SAME_BEATS * len(shifts)


def _may_be_as_long(shorter: Announcement, longer: Announcement) -> bool:
    return shorter.language == longer.language and longer.beats[-1] <= shorter.beats[-1] * (1 + _OTHER_LENGTH)


def _candidates(utterances: Sequence[Utterance]) -> Iterator[tuple[Utterance, Announcement]]:
    by_voice: dict[str, list[Utterance]] = defaultdict(list)
    for utterance in utterances:
        by_voice[utterance.speaker].append(utterance)
    others_begin = {
        voice: min((u.start_ms or 0 for name, several in by_voice.items() if name != voice for u in several), default=MENU_MS)
        for voice in by_voice
    }
    plays = cache(lambda number: _as_announcement(at[number]))
    at = {u.utterance: u for u in utterances}
    is_alone = cache(lambda voice: all(u.role is Role.OTHER or plays(u.utterance) for u in by_voice[voice]))
    for utterance in utterances:
        is_opening = (utterance.start_ms or 0) < min(MENU_MS, others_begin[utterance.speaker])
        if (is_opening or is_alone(utterance.speaker)) and (one := plays(utterance.utterance)):
            yield utterance, one


def _as_announcement(utterance: Utterance) -> Announcement | None:
    units, beats = [], []
    for word in utterance.words:
        for start, end in unit_spans(word.text):
            units.append(simplify(word.text[start:end]).casefold())
            beats.append(word.start_ms - (utterance.start_ms or 0))
    if len(units) < _FEWEST_UNITS or beats[-1] - beats[0] < _SHORTEST_MS or sounds_personal(utterance):
        return None
    return Announcement(language=utterance.language, text=utterance.text, units=tuple(units), beats=tuple(beats))


def _different(members: Sequence[Played]) -> int:
    """How many of the calls are different recordings: other bytes, and other words where enough of them are said."""
    from rapidfuzz import fuzz

    kept: list[Played] = []
    for one in members:
        if not any(
            one.audio_sha256 == other.audio_sha256
            or (min(len(one.rest), len(other.rest)) >= _ENOUGH_CHARACTERS and fuzz.ratio(one.rest, other.rest) >= 100 * _COPY)
            for other in kept
        ):
            kept.append(one)
    return len(kept)
