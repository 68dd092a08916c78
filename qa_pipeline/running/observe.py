"""What machines watch of runs: log lines as JSON, and counts for Prometheus. Ids, counts and errors; nothing that callers said.

A batch writes its counts into a file that Prometheus' node exporter picks up (`metrics_file`); watch mode also answers on a port (`metrics_port`).
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from qa_pipeline.errors import WarningTexts
from qa_pipeline.running.progress import Event
from qa_pipeline.running.record import Summary
from qa_pipeline.settings import Settings


class JsonLog:
    """Progress of a run as one JSON object a line."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stderr

    def __enter__(self) -> JsonLog:
        return self

    def __exit__(self, *exc: object) -> None:
        return

    def on_event(self, event: Event) -> None:
        """Log one event of a run."""
        level = "warning" if event.kind in ("failed", "damaged") else "info"
        self.write(f"call.{event.kind}" if event.call_id else event.kind, level=level, call_id=event.call_id, text=event.text or None)

    def write(self, event: str, *, level: str = "info", **values: Any) -> None:
        """Log anything; values that are None are left out."""
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "event": event}
        given = {name: value for name, value in values.items() if value is not None}
        print(json.dumps({**line, **given}, ensure_ascii=False, default=str), file=self._stream, flush=True)


class RunMetrics:
    """Counts over the runs of this process, in a registry of their own."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge

        self.registry = CollectorRegistry()
        self._calls = Counter("qa_calls", "Calls by how a run ended for them", ["outcome"], registry=self.registry)
        self._runs = Counter("qa_runs", "Runs that came to their end", registry=self.registry)
        self._seconds = Gauge("qa_last_run_seconds", "How long the last run took", registry=self.registry)
        self._ended = Gauge("qa_last_run_end_timestamp_seconds", "When the last run ended", registry=self.registry)
        self._failed = Gauge("qa_last_run_failed_calls", "Calls that the last run could not process", registry=self.registry)
        self._left = Gauge("qa_last_run_left_calls", "Calls that the last run did not begin before its deadline", registry=self.registry)
        self._rate = Gauge("qa_last_run_calls_per_second", "Calls listened to per second in the last run", registry=self.registry)

    def add(self, summary: Summary) -> None:
        """Take one run into account."""
        for outcome, count in summary.counts.items():
            self._calls.labels(outcome).inc(count)
        self._runs.inc()
        self._seconds.set(summary.seconds)
        self._ended.set(datetime.now(UTC).timestamp())
        self._failed.set(summary.failed)
        self._left.set(summary.left)
        self._rate.set(summary.processed / summary.seconds if summary.seconds else 0.0)

    def go_on_from(self, path: Path) -> None:
        """Count on from a file that earlier runs wrote: counters that begin anew each night tell Prometheus nothing. What is no such file counts as none."""
        from prometheus_client.parser import text_string_to_metric_families

        try:
            families = list(text_string_to_metric_families(path.read_text("utf-8")))
        except (OSError, ValueError):
            return
        for sample in (sample for family in families for sample in family.samples):
            if sample.name == "qa_calls_total" and "outcome" in sample.labels:
                self._calls.labels(sample.labels["outcome"]).inc(sample.value)
            elif sample.name == "qa_runs_total":
                self._runs.inc(sample.value)

    def write(self, path: Path) -> None:
        """Write the counts for the node exporter, whole or not at all."""
        from prometheus_client import write_to_textfile

        path.parent.mkdir(parents=True, exist_ok=True)
        write_to_textfile(str(path), self.registry)

    def serve(self, port: int) -> None:
        """Answer Prometheus on a port for as long as the process lives."""
        from prometheus_client import start_http_server

        start_http_server(port, registry=self.registry)


def observed(summary: Summary, settings: Settings, metrics: RunMetrics | None = None) -> WarningTexts:
    """Count a run, and write the counts where the settings say. Returns what went wrong, a line each: it never fails the run."""
    if metrics is None:
        metrics = RunMetrics()
        if settings.metrics_file:
            metrics.go_on_from(settings.metrics_file)
    metrics.add(summary)
    try:
        if settings.metrics_file:
            metrics.write(settings.metrics_file)
    except OSError as error:
        return [f"metrics_file {settings.metrics_file} could not be written: {error.strerror}"]
    return []
