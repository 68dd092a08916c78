"""Print an evaluation: rates with their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

from qa_pipeline.evaluation.compare import CONFIDENCE_BINS, WORD_BINS, Evaluation
from qa_pipeline.evaluation.reliability import BINS, Judgement, calibration_error, reliability, risk_coverage
from qa_pipeline.languages.load import is_han, unit


def show_evaluation(evaluation: Evaluation, *, misses: bool = False) -> None:
    """Print the figures with their counts."""
    from rich.console import Console

    console = Console(width=140)
    _show_outcomes(console, evaluation)
    show_certainty(evaluation.judgements, console)
    _show_labels(console, "Sentiment", evaluation.sentiment)
    _show_labels(console, "Disposition", evaluation.disposition)
    _show_roles(console, evaluation)
    _show_voices(console, evaluation)
    _show_words(console, evaluation)
    _show_figures(console, evaluation)
    if evaluation.missing:
        console.print(f"Not processed: {', '.join(evaluation.missing)}", style="red")
    if misses:
        for miss in evaluation.misses:
            console.print(
                f"{miss.call_id} {miss.criterion}: expected {miss.expected}, found {miss.found}. {miss.reason} {miss.evidence}",
                markup=False,
                highlight=False,
            )


def _show_outcomes(console: Any, evaluation: Evaluation) -> None:
    from rich.table import Table

    if not evaluation.outcomes:
        console.print(f"{evaluation.calls} calls")
        return
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
        shares = (str(by_found[o]) for o in ("met", "not_met", "not_applicable", "undetermined"))
        table.add_row(criterion, str(right), str(total), _rate(right, total), *shares, wrong)
    table.add_row("all", str(right_all), str(total_all), _rate(right_all, total_all), style="bold")
    console.print(table)


def _show_roles(console: Any, evaluation: Evaluation) -> None:
    right, total = (sum(counts[i] for counts in evaluation.roles.values()) for i in (0, 1))
    if not total:
        return
    console.print(f"Roles: {_rate(right, total)} of {total / 1000:.0f} s of speech")
    for layout, (own_right, own_total) in sorted(evaluation.roles.items()):
        console.print(f"  {layout}: {_rate(own_right, own_total)} of {own_total / 1000:.0f} s")
    worst = sorted(evaluation.role_by_call.items(), key=lambda item: item[1])[:5]
    console.print("  least: " + ", ".join(f"{stem} {share:.2f} (confidence {sure:.2f})" for stem, (share, sure) in worst))
    _show_bins(console, "role_confidence", "calls of two parties", "the right way round", CONFIDENCE_BINS, evaluation.reliability)


def _show_voices(console: Any, evaluation: Evaluation) -> None:
    for name, parts in evaluation.der.items():
        spoken = parts["total"]
        if spoken:
            console.print(
                f"DER {name}: {100 * parts['error'] / spoken:.1f} % (missed {100 * parts['missed'] / spoken:.1f}, false alarm "
                f"{100 * parts['false_alarm'] / spoken:.1f}, confusion {100 * parts['confusion'] / spoken:.1f}) of {spoken:.0f} s, mono calls"
            )
    worst = sorted(evaluation.der_by_call.items(), key=lambda item: -item[1])[:5]
    if worst:
        console.print("  most: " + ", ".join(f"{stem} {100 * rate:.1f} %" for stem, rate in worst))


def _show_words(console: Any, evaluation: Evaluation) -> None:
    for language, total in sorted(evaluation.units.items()):
        name = "CER" if is_han(language) else "WER"
        console.print(f"{name} {language}: {100 * evaluation.errors[language] / total if total else 0:.1f} % of {total} {unit(language)}s")
    _show_bins(console, "word confidence", "words", "right", WORD_BINS, evaluation.words)
    if evaluation.edges:
        console.print(
            f"First and last words of turns lie {median(evaluation.edges):.0f} ms (median) from the truth, "
            f"nine of ten within {sorted(evaluation.edges)[len(evaluation.edges) * 9 // 10]} ms; {len(evaluation.edges)} edges"
        )
    if evaluation.invented["ms"]:
        minutes = evaluation.invented["ms"] / 60_000
        words = evaluation.invented["words"]
        console.print(f"Words where nobody speaks: {words} in {minutes:.1f} min ({words / minutes:.2f} a minute)")


def _show_figures(console: Any, evaluation: Evaluation) -> None:
    for name, pairs in evaluation.figures.items():
        off = [abs(found - true) for found, true in pairs]
        console.print(
            f"{name}: median difference {median(off):g}, largest {max(off):g}, true median {median(t for _, t in pairs):g}; {len(pairs)} calls"
        )


def _show_bins(console: Any, what: str, items: str, right: str, bins: Sequence[float], counts: dict[int, list[float]]) -> None:
    for place, (count, total, good) in sorted(counts.items()):
        upper = min(1.0, bins[place + 1])
        console.print(
            f"  {what} {bins[place]:.2f}–{upper:.2f}: {count:.0f} {items}, mean {total / count:.3f}, {_rate(int(good), int(count))} {right}"
        )


def _rate(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "–"


def _show_labels(console: Any, name: str, counts: Counter[tuple[str, str]]) -> None:
    total = sum(counts.values())
    if total:
        right = sum(n for (expected, found), n in counts.items() if expected == found)
        wrong = ", ".join(f"{e}→{f} {n}" for (e, f), n in sorted(counts.items()) if e != f)
        console.print(f"{name}: {right} of {total} ({_rate(right, total)}){'; ' + wrong if wrong else ''}")


def show_certainty(judgements: Sequence[Judgement], console: Any = None) -> None:
    """Print the reliability of certainties and the risk-coverage curve."""
    from rich.console import Console

    console = console or Console(width=140)
    bins = reliability(judgements)
    error = calibration_error(bins)
    if error is None:
        return
    sure = sum(one.count for one in bins)
    console.print(f"Certainty of {sure} findings: expected calibration error {error:.3f}; {len(judgements) - sure} assert nothing")
    for one in bins:
        console.print(
            f"  {one.low:.1f}–{one.low + 1 / BINS:.1f}: {one.count} findings, mean {one.certainty / one.count:.3f}, "
            f"{_rate(one.right, one.count)} right"
        )
    console.print("Risk and coverage, the least sure withheld first:")
    for point in risk_coverage(judgements):
        least = "–" if point.least is None else f"{point.least:.2f}"
        console.print(
            f"  {point.withheld} withheld ({_rate(point.withheld, point.withheld + point.kept)}): {point.right} of {point.kept} right "
            f"({_rate(point.right, point.kept)}), certainty from {least}"
        )
