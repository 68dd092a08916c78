"""Counts of what is right and wrong in a conversation, added over calls: outcomes, roles, voices, words and their times, figures.

Counts, so that they add; rates are taken where they are shown. Nothing measured is None or absent, never 0.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qa_pipeline.call import Conversation, Role, SpeakerTurn, Utterance
from qa_pipeline.conversation.metrics import measure
from qa_pipeline.evaluation.reliability import Judgement
from qa_pipeline.evaluation.truth import TrueTurn, Truth
from qa_pipeline.languages.load import glue, is_han, is_language
from qa_pipeline.text.normalise import simplify

_COLLAR_SECONDS = 0.5  # pyannote.metrics counts the whole collar: ±0.25 s
# Words this far from any true speech were invented; nearer, their times are off.
_FAR_MS = 500
# A call whose words are right by role for less than half of the time has its parties exchanged.
_EXCHANGED = 0.5
CONFIDENCE_BINS = (0.0, 0.6, 0.8, 0.9, 0.97, 1.01)
WORD_BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.97, 1.01)
_FIGURES = (
    "agent_talk_share", "silence_share", "longest_silence_ms", "interruptions_by_agent", "interruptions_by_customer", "median_response_ms",
    "turns",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """An outcome that differs from the truth."""

    call_id: str
    criterion: str
    expected: str
    found: str
    reason: str
    evidence: str


@dataclass(slots=True, kw_only=True)
class Evaluation:
    """Counts over all calls. `outcomes`: criterion → (expected, found) → calls. Times in ms, errors in units of their language.

    `roles`: by layout (right ms, all ms); `reliability`: bin of role_confidence → (calls, sum of it, calls with the parties the right way round);
    `judgements`: each outcome by how sure it is, of one withheld its likelier reading; `words`: bin of word confidence → (words, sum of it, words that are right); `edges`: how far first and last words of turns lie from the
    truth; `figures`: metric → (found, true) of each call; `invented`: words far from any speech, and ms without speech.
    """

    calls: int = 0
    missing: list[str] = field(default_factory=list)
    outcomes: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    misses: list[Miss] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    roles: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    role_by_call: dict[str, tuple[float, float]] = field(default_factory=dict)
    reliability: dict[int, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0, 0.0, 0]))
    der: dict[str, dict[str, float]] = field(default_factory=dict)
    der_by_call: dict[str, float] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    words: dict[int, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0, 0.0, 0]))
    edges: list[int] = field(default_factory=list)
    invented: Counter[str] = field(default_factory=Counter)
    figures: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    sentiment: Counter[tuple[str, str]] = field(default_factory=Counter)
    disposition: Counter[tuple[str, str]] = field(default_factory=Counter)


def compare_outcomes(evaluation: Evaluation, stem: str, truth: Truth, findings: Sequence[Mapping[str, Any]]) -> None:
    """Outcomes of criteria; undetermined counts as wrong unless it was expected."""
    found = {row["criterion_id"]: row for row in findings}
    for criterion, expected in truth.expected.items():
        row = found.get(criterion)
        outcome = row["outcome"] if row else "none"
        evaluation.outcomes.setdefault(criterion, Counter())[(expected, outcome)] += 1
        evaluation.judgements.append(
            Judgement(certainty=row["certainty"] if row else None, is_right=expected == ((row and row["likely"]) or outcome))
        )
        if outcome != expected:
            evaluation.misses.append(
                Miss(
                    call_id=stem,
                    criterion=criterion,
                    expected=expected,
                    found=outcome,
                    reason=row["reason"] if row else "",
                    evidence=(row["evidence_text"] or "") if row else "",
                )  # fmt: skip
            )


def compare_conversation(evaluation: Evaluation, stem: str, truth: Truth, conversation: Conversation) -> None:
    """Roles, words and figures of one conversation."""
    utterances = conversation.utterances
    if truth.turns is not None:
        if all(turn.role for turn in truth.turns):
            _compare_roles(evaluation, stem, truth.turns, conversation)
            _compare_figures(evaluation, truth, conversation)
        _compare_places(evaluation, truth.turns, utterances, conversation.duration_ms)
    language = truth.language or conversation.language
    if language and is_language(language):
        _compare_text(evaluation, truth, utterances, language)


def compare_voices(evaluation: Evaluation, stem: str, turns: Sequence[TrueTurn], heard_turns: Sequence[SpeakerTurn]) -> None:
    """Diarization error of the turns by voice, before words are joined on them (Bredin, 2017: pyannote.metrics)."""
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    reference, heard = Annotation(uri=stem), Annotation(uri=stem)
    for number, turn in enumerate(turns):
        reference[Segment(turn.start_ms / 1000, turn.end_ms / 1000), number] = turn.speaker
    for number, spoken in enumerate(heard_turns):
        heard[Segment(spoken.start_ms / 1000, spoken.end_ms / 1000), number] = spoken.speaker
    extent = Timeline([reference.get_timeline().extent() | heard.get_timeline().extent()])
    for name, collar in (("no collar", 0.0), ("±0.25 s", _COLLAR_SECONDS)):
        parts = DiarizationErrorRate(collar=collar)(reference, heard, uem=extent, detailed=True)
        totals = evaluation.der.setdefault(name, {"error": 0.0, "missed": 0.0, "false_alarm": 0.0, "confusion": 0.0, "total": 0.0})
        error = parts["missed detection"] + parts["false alarm"] + parts["confusion"]
        totals["missed"] += parts["missed detection"]
        totals["false_alarm"] += parts["false alarm"]
        totals["confusion"] += parts["confusion"]
        totals["total"] += parts["total"]
        totals["error"] += error
        if not collar and parts["total"]:
            evaluation.der_by_call[stem] = error / parts["total"]


def _compare_roles(evaluation: Evaluation, stem: str, turns: Sequence[TrueTurn], conversation: Conversation) -> None:
    """Share of the time that somebody speaks in truth and in the transcript, in which the role is the same. Overlaps count by turn."""
    right = total = 0
    parties: set[str] = set()
    for turn in turns:
        for u in conversation.utterances:
            if u.start_ms is None or u.end_ms is None:
                continue
            shared = min(turn.end_ms, u.end_ms) - max(turn.start_ms, u.start_ms)
            if shared > 0:
                total += shared
                right += shared if u.role.value == turn.speaker else 0
                parties.add(turn.speaker)
    if not total:
        return
    counts = evaluation.roles[conversation.layout.value]
    counts[0] += right
    counts[1] += total
    confidence = conversation.role_confidence
    evaluation.role_by_call[stem] = (right / total, confidence)
    if {"agent", "customer"} <= parties:
        place = bisect_right(CONFIDENCE_BINS, confidence) - 1
        entry = evaluation.reliability[place]
        entry[0] += 1
        entry[1] += confidence
        entry[2] += right / total > _EXCHANGED


def _compare_figures(evaluation: Evaluation, truth: Truth, conversation: Conversation) -> None:
    turns = truth.turns or ()
    spoken = tuple(
        Utterance(
            utterance=number,
            role=turn.role or Role.UNKNOWN,
            speaker=turn.speaker,
            channel=None,
            start_ms=turn.start_ms,
            end_ms=turn.end_ms,
            text=turn.text or "",
            confidence=None,
            language=truth.language or "",
            norm="",
            words=(),
        )  # fmt: skip
        for number, turn in enumerate(sorted(turns, key=lambda turn: turn.start_ms))
    )
    wanted = measure(spoken, conversation.duration_ms)
    for name in _FIGURES:
        found, true = getattr(conversation.metrics, name), getattr(wanted, name)
        if found is not None and true is not None:
            evaluation.figures[name].append((float(found), float(true)))


def _compare_places(evaluation: Evaluation, turns: Sequence[TrueTurn], utterances: Sequence[Utterance], duration_ms: int) -> None:
    """Words far from any speech, and how far the first and last words of a turn lie from its edges."""
    words = sorted((w.start_ms, w.end_ms) for u in utterances for w in u.words)
    speech = [(turn.start_ms, turn.end_ms) for turn in sorted(turns, key=lambda turn: turn.start_ms)]
    evaluation.invented["words"] += sum(
        all((a + b) / 2 < start - _FAR_MS or (a + b) / 2 > end + _FAR_MS for start, end in speech) for a, b in words
    )
    covered = upto = 0
    for start, end in speech:
        covered += max(0, end - max(start, upto))
        upto = max(upto, end)
    evaluation.invented["ms"] += max(0, duration_ms - covered)
    if not turns or any(turn.text is None for turn in turns):
        return
    for turn in turns:
        own = [
            w for u in utterances if u.role.value == turn.speaker for w in u.words if w.end_ms > turn.start_ms and w.start_ms < turn.end_ms
        ]
        if own:
            evaluation.edges += [abs(min(w.start_ms for w in own) - turn.start_ms), abs(max(w.end_ms for w in own) - turn.end_ms)]


def _compare_text(evaluation: Evaluation, truth: Truth, utterances: Sequence[Utterance], language: str) -> None:
    """Errors of the words, party by party, because parties that overlap have no common order; whole calls where no turns are known."""
    if truth.turns and all(turn.text is not None and turn.role for turn in truth.turns):
        for role in (Role.AGENT, Role.CUSTOMER, Role.OTHER):
            said = " ".join(turn.text or "" for turn in truth.turns if turn.role is role)
            _compare_words(evaluation, said, [u for u in utterances if u.role is role], language)
    elif truth.text is not None:
        _compare_words(evaluation, truth.text, utterances, language)


def _compare_words(evaluation: Evaluation, said: str, heard: Sequence[Utterance], language: str) -> None:
    import jiwer

    reference = units(said, language)
    found: list[str] = []
    confidences: list[float] = []
    for word in (word for u in heard for word in u.words):
        parts = units(word.text, language)
        found += parts
        confidences += [word.confidence] * len(parts)
    together = units(glue(language).join(u.text for u in heard), language)
    evaluation.units[language] += len(reference)
    if not reference or not together:
        evaluation.errors[language] += max(len(reference), len(together))
        return
    measured = jiwer.process_words(" ".join(reference), " ".join(together))
    evaluation.errors[language] += measured.substitutions + measured.deletions + measured.insertions
    if not found:
        return
    # Word by word numbers are read apart (二 十): near enough for asking whether a word's confidence holds.
    aligned = jiwer.process_words(" ".join(reference), " ".join(found))
    right = set()
    for chunk in aligned.alignments[0]:
        if chunk.type == "equal":
            right |= set(range(chunk.hyp_start_idx, chunk.hyp_end_idx))
    for place, confidence in enumerate(confidences):
        entry = evaluation.words[bisect_right(WORD_BINS, confidence) - 1]
        entry[0] += 1
        entry[1] += confidence
        entry[2] += place in right


def units(text: str, language: str) -> list[str]:
    """What errors are counted in: characters where a language is written in them, else words."""
    if is_han(language):
        from qa_pipeline.text.normalise import normalise, tokens_of

        plain = simplify(text)
        # Numbers compare by value (二十 and 20), everything else by character.
        return [
            token.text if token.text.isdigit() else plain[token.start : token.end] for token in tokens_of(normalise(plain, language), plain)
        ]
    return re.findall(r"[^\W_]+(?:'[^\W_]+)?", text.casefold().replace("’", "'"))
