"""How good is it: what the pipeline makes of a folder against the truth files beside its recordings.

Counts, so that they add: outcomes per criterion (undetermined counted as wrong, and shown), roles by speech time, diarization error, character and
word error, sentiment. Rates are taken at the edge; nothing measured is None, never 0.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa_pipeline import engine
from qa_pipeline.call import Role, SpeakerTurn, Utterance
from qa_pipeline.conversation.listen import Listener
from qa_pipeline.errors import InputRefused
from qa_pipeline.language.normalise import simplify
from qa_pipeline.publishing.publish import check_published
from qa_pipeline.recordings.ingest import Defaults, ingest
from qa_pipeline.results.query import connect
from qa_pipeline.rubric.load import load_rubrics
from qa_pipeline.settings import Settings

_COLLAR_SECONDS = 0.5  # pyannote.metrics counts the whole collar: ±0.25 s


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
    """Counts over all calls. `outcomes`: criterion → (expected, found) → calls. Times in ms, errors in units of their language."""

    calls: int = 0
    missing: list[str] = field(default_factory=list)
    outcomes: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    misses: list[Miss] = field(default_factory=list)
    role_right_ms: int = 0
    role_ms: int = 0
    role_by_call: dict[str, float] = field(default_factory=dict)
    der: dict[str, dict[str, float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    sentiment: Counter[tuple[str, str]] = field(default_factory=Counter)
    disposition: Counter[tuple[str, str]] = field(default_factory=Counter)


def evaluate_folder(folder: Path, settings: Settings, *, report: Callable[[engine.Event], None] = lambda event: None) -> Evaluation:
    """Run the pipeline over a folder (what was listened to before is not listened to again) and compare with its truth files.

    Results go to the settings' root if that was chosen, else into the cache. Raises InputRefused when the folder has no truth.
    """
    truths = {path.name.removesuffix(".truth.json"): json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.truth.json"))}
    if not truths:
        raise InputRefused(
            f"{folder} has no truth files.", advice="Put STEM.truth.json beside the recordings; docs/evaluation.md has the form."
        )
    if settings.results == type(settings).model_fields["results"].default:
        settings = settings.model_copy(update={"results": str(settings.cache / "evaluate")})
    store = engine.open_store(settings)
    engine.check_environment(settings, store)
    rubrics = load_rubrics(settings.rubrics)
    check_published(rubrics.values(), settings.rubrics)
    intake = ingest([str(folder)], Defaults(timezone=settings.timezone))
    planned = engine.plan(intake, settings, store, rubrics, purpose="official")
    engine.run(planned, settings, store, rubrics, purpose="official", report=report)
    ids = {call.call_id: Path(call.source_uri).name.split(".")[0] for call in intake.calls}
    calls = {call.call_id: call for call in intake.calls}
    listener = Listener(settings)
    evaluation = Evaluation()
    with connect(store) as connection:

        def ask(sql: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = connection.sql(sql).to_arrow_table().to_pylist()
            return [row for row in found if row["call_id"] in ids]

        conversations = {row["call_id"]: row["conversation_id"] for row in ask("select call_id, conversation_id from current_calls")}
        findings = _grouped(ask("select call_id, criterion_id, outcome, reason, evidence_text from current_findings"))
        scores = {row["call_id"]: row for row in ask("select call_id, disposition from current_scores")}
        metrics = {row["call_id"]: row for row in ask("select call_id, customer_sentiment_label from current_metrics")}
    stored = {c.call.call_id: c for c in store.load_conversations(conversations.values())}
    for call_id, stem in ids.items():
        truth = truths.get(stem)
        if truth is None:
            continue
        evaluation.calls += 1
        if call_id not in stored:
            evaluation.missing.append(stem)
            continue
        conversation = stored[call_id]
        _compare_outcomes(evaluation, stem, truth, findings.get(call_id, []))
        _compare_roles(evaluation, stem, truth, conversation.utterances)
        _compare_text(evaluation, truth, conversation.utterances)
        if conversation.diarization_model:
            kept = listener.recognised_before(calls[call_id])
            if kept is not None and kept.turns is not None:
                _compare_voices(evaluation, stem, truth, kept.turns)
        if "customer_sentiment" in truth:
            found = metrics.get(call_id, {}).get("customer_sentiment_label") or "undetermined"
            evaluation.sentiment[(truth["customer_sentiment"], found)] += 1
        if "disposition" in truth:
            evaluation.disposition[(truth["disposition"], (scores.get(call_id) or {}).get("disposition") or "none")] += 1
    return evaluation


def show_evaluation(evaluation: Evaluation, *, misses: bool = False) -> None:
    """Print the figures with their counts."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=140)
    table = Table(title=f"Outcomes, {evaluation.calls} calls", box=None, header_style="bold", title_justify="left")
    for name in ("criterion", "right", "of", "accuracy", "met", "not_met", "not_applicable", "undetermined", "differs as expected→found"):
        table.add_column(name, justify="left" if name in ("criterion", "differs as expected→found") else "right")
    right_all = total_all = 0
    for criterion, counts in sorted(evaluation.outcomes.items()):
        right = sum(n for (expected, found), n in counts.items() if expected == found)
        total = sum(counts.values())
        right_all, total_all = right_all + right, total_all + total
        by_found = Counter[str]()
        for (_, found), n in counts.items():
            by_found[found] += n
        wrong = ", ".join(f"{e}→{f} {n}" for (e, f), n in sorted(counts.items()) if e != f)
        table.add_row(
            criterion,
            str(right),
            str(total),
            _rate(right, total),
            *(str(by_found[o]) for o in ("met", "not_met", "not_applicable", "undetermined")),
            wrong,
        )
    table.add_row("all", str(right_all), str(total_all), _rate(right_all, total_all), style="bold")
    console.print(table)
    _print_labels(console, "Sentiment", evaluation.sentiment)
    _print_labels(console, "Disposition", evaluation.disposition)
    console.print(f"Roles: {_rate(evaluation.role_right_ms, evaluation.role_ms)} of {evaluation.role_ms / 1000:.0f} s of speech")
    worst = sorted(evaluation.role_by_call.items(), key=lambda item: item[1])[:5]
    console.print("  least: " + ", ".join(f"{stem} {share:.2f}" for stem, share in worst))
    for name, parts in evaluation.der.items():
        spoken = parts["total"]
        if spoken:
            console.print(
                f"DER {name}: {100 * parts['error'] / spoken:.1f} % (missed {100 * parts['missed'] / spoken:.1f}, false alarm "
                f"{100 * parts['false_alarm'] / spoken:.1f}, confusion {100 * parts['confusion'] / spoken:.1f}) of {spoken:.0f} s, mono calls"
            )
    for language, total in sorted(evaluation.units.items()):
        name = "CER" if language == "zh" else "WER"
        console.print(
            f"{name} {language}: {100 * evaluation.errors[language] / total:.1f} % of {total} {'characters' if language == 'zh' else 'words'}"
        )
    if evaluation.missing:
        console.print(f"Not processed: {', '.join(evaluation.missing)}", style="red")
    if misses:
        for miss in evaluation.misses:
            console.print(
                f"{miss.call_id} {miss.criterion}: expected {miss.expected}, found {miss.found}. {miss.reason} {miss.evidence}",
                markup=False,
                highlight=False,
            )


def _compare_outcomes(evaluation: Evaluation, stem: str, truth: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> None:
    found = {row["criterion_id"]: row for row in findings}
    for criterion, expected in truth.get("expected", {}).items():
        row = found.get(criterion)
        outcome = row["outcome"] if row else "none"
        evaluation.outcomes.setdefault(criterion, Counter())[(expected, outcome)] += 1
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


def _compare_roles(evaluation: Evaluation, stem: str, truth: Mapping[str, Any], utterances: Sequence[Utterance]) -> None:
    """Share of the time that somebody speaks in truth and in the transcript, in which the role is the same. Overlaps count by turn."""
    right = total = 0
    for turn in truth["turns"]:
        for u in utterances:
            if u.start_ms is None or u.end_ms is None:
                continue
            shared = min(turn["end_ms"], u.end_ms) - max(turn["start_ms"], u.start_ms)
            if shared > 0:
                total += shared
                right += shared if u.role.value == turn["role"] else 0
    evaluation.role_right_ms += right
    evaluation.role_ms += total
    if total:
        evaluation.role_by_call[stem] = right / total


def _compare_text(evaluation: Evaluation, truth: Mapping[str, Any], utterances: Sequence[Utterance]) -> None:
    """Errors of the words, party by party, because parties that overlap have no common order."""
    import jiwer

    language = truth["language"]
    for role in (Role.AGENT, Role.CUSTOMER, Role.OTHER):
        reference = _units(" ".join(t["text"] for t in truth["turns"] if t["role"] == role.value), language)
        heard = _units(" ".join(u.text for u in utterances if u.role is role), language)
        evaluation.units[language] += len(reference)
        if not reference or not heard:
            evaluation.errors[language] += max(len(reference), len(heard))
            continue
        measured = jiwer.process_words(" ".join(reference), " ".join(heard))
        evaluation.errors[language] += measured.substitutions + measured.deletions + measured.insertions


def _units(text: str, language: str) -> list[str]:
    if language == "zh":
        from qa_pipeline.language.normalise import normalise, tokens_of

        plain = simplify(text)
        # Numbers compare by value (二十 and 20), everything else by character.
        return [
            token.text if token.text.isdigit() else plain[token.start : token.end] for token in tokens_of(normalise(plain, "zh"), plain)
        ]
    return re.findall(r"[^\W_]+(?:'[^\W_]+)?", text.casefold().replace("’", "'"))


def _compare_voices(evaluation: Evaluation, stem: str, truth: Mapping[str, Any], turns: Sequence[SpeakerTurn]) -> None:
    """Diarization error of the turns by voice, before words are joined on them."""
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    reference, heard = Annotation(uri=stem), Annotation(uri=stem)
    for number, turn in enumerate(truth["turns"]):
        reference[Segment(turn["start_ms"] / 1000, turn["end_ms"] / 1000), number] = turn["role"]
    for number, spoken in enumerate(turns):
        heard[Segment(spoken.start_ms / 1000, spoken.end_ms / 1000), number] = spoken.speaker
    extent = Timeline([reference.get_timeline().extent() | heard.get_timeline().extent()])
    for name, collar in (("no collar", 0.0), ("±0.25 s", _COLLAR_SECONDS)):
        parts = DiarizationErrorRate(collar=collar)(reference, heard, uem=extent, detailed=True)
        kept = evaluation.der.setdefault(name, {"error": 0.0, "missed": 0.0, "false_alarm": 0.0, "confusion": 0.0, "total": 0.0})
        kept["missed"] += parts["missed detection"]
        kept["false_alarm"] += parts["false alarm"]
        kept["confusion"] += parts["confusion"]
        kept["total"] += parts["total"]
        kept["error"] += parts["missed detection"] + parts["false alarm"] + parts["confusion"]


def _grouped(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["call_id"], []).append(row)
    return groups


def _rate(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "–"


def _print_labels(console: Any, name: str, counts: Counter[tuple[str, str]]) -> None:
    total = sum(counts.values())
    if total:
        right = sum(n for (expected, found), n in counts.items() if expected == found)
        wrong = ", ".join(f"{e}→{f} {n}" for (e, f), n in sorted(counts.items()) if e != f)
        console.print(f"{name}: {right} of {total} ({_rate(right, total)}){'; ' + wrong if wrong else ''}")
