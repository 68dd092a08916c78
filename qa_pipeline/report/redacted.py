"""Reports without personal data: the same values with placeholders, and the stretches of recordings that must not be heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from qa_pipeline.privacy.policy import Hiding
from qa_pipeline.privacy.rows import hidden_of, redact_quote, redact_row, redact_utterance_rows
from qa_pipeline.report.data import CallReport, ReportData, ReportSource


def redact_report(data: ReportData, hiding: Hiding) -> ReportData:
    """Hide what somebody must not see. Of a call without its utterances only columns can be hidden; nothing of it quotes."""
    return replace(data, calls=tuple(redact_item(item, hiding) for item in data.calls)) if hiding else data


def redact_source(source: ReportSource, hiding: Hiding) -> ReportSource | RedactedSource:
    """A report that is still to be asked, which gives nothing that is hidden."""
    return RedactedSource(overview=redact_report(source.overview, hiding), source=source, hiding=hiding) if hiding else source


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactedSource:
    """A report without personal data. It is read whole, and what is hidden is looked for in what was read."""

    overview: ReportData
    source: ReportSource
    hiding: Hiding

    def report(self, calls: Sequence[CallReport] | None = None) -> ReportData:
        """As of the source, redacted. `calls`: of the source or of this one."""
        ids = None if calls is None else {item.call["call_id"] for item in calls}
        chosen = None if ids is None else [item for item in self.source.overview.calls if item.call["call_id"] in ids]
        return redact_report(self.source.report(chosen), self.hiding)


def redact_item(item: CallReport, hiding: Hiding) -> CallReport:
    """Hide it in one call: words, quotes, columns; what is said aloud goes into `hidden_spans`."""
    hidden = hidden_of(item.named or item.call, item.utterances, hiding)
    return replace(
        item,
        call=redact_row("calls", item.call, hidden),
        findings=tuple(redact_row("findings", row, hidden) for row in item.findings),
        utterances=tuple(redact_utterance_rows(item.utterances, hidden)),
        named=None,
        is_redacted=True,
        hidden_spans=hidden.spans,
    )


def redact_flat(source: ReportSource, table: pa.Table, hiding: Hiding) -> pa.Table:
    """Rows of export.py without what is hidden: columns, and texts that quote a call. `source`: the report of the same calls, not redacted."""
    of = table["call_id"].to_pylist()
    chosen = [item for item in source.overview.calls if item.call["call_id"] in set(of)]
    replaced = {name: table[name].to_pylist() for name in (*_QUOTING, *hiding.columns) if name in table.column_names}
    for at in range(0, len(chosen), _AT_ONCE):
        items = source.report(chosen[at : at + _AT_ONCE]).calls
        hidden = {item.call["call_id"]: hidden_of(item.named or item.call, item.utterances, hiding) for item in items}
        for name, values in replaced.items():
            for place, call_id in enumerate(of):
                if call_id in hidden:
                    values[place] = None if name in hiding.columns else redact_quote(values[place], hidden[call_id])
    for name, values in replaced.items():
        column, field = table.column_names.index(name), table.schema.field(name)
        table = table.set_column(column, field, pa.array(values, field.type))
    return table


_QUOTING = ("reason", "reason_en", "evidence_text")
_AT_ONCE = 500
