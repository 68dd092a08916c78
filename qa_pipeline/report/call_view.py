"""What the HTML page shows of one call: its findings with their sound, its lines with what was found in them, its facts. Rows in, values out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from qa_pipeline.languages.interface import shown
from qa_pipeline.languages.load import is_language, language, unit
from qa_pipeline.recordings.address import parse_address
from qa_pipeline.report.charts import call_state
from qa_pipeline.report.clips import Clips, Moment, evidence_moment, is_window_needed, window_moment
from qa_pipeline.report.data import CallReport, ReportData, Row
from qa_pipeline.report.doubts import heard_otherwise, not_heard, review_reasons
from qa_pipeline.report.sureness import expected_wrong, first_line
from qa_pipeline.report.terminal import MARKS, clock
from qa_pipeline.report.wording import title_of

# Chosen, not measured: words below are shown as doubtful.
LOW_CONFIDENCE = 0.5
_EVIDENCE_NAMES = {"hit": "heard", "answer": "answer", "heard": "nearest thing heard", "cause": "because of"}
_FEELING_MARKS = {"positive": "+", "neutral": "○", "negative": "−"}
_TRACKS = {
    "mono": "one mixed track",
    "stereo": "one track a party",
    "dual_mono": "two equal tracks",
    "one_sided": "one dead track",
    "cross_talk": "parties heard on each other's track",
    "swapped": "tracks the other way round than stated",
    "text": "transcript",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a cell shows: a sign, and the same in words. `kind` is the class that colours it."""

    kind: str
    sign: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A moment to play: `clip` names one in the page, `href` a stretch of the recording; one of them may be None."""

    start_ms: int
    end_ms: int
    clip: str | None
    href: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One piece of evidence."""

    name: str
    row: Row
    sound: Sound | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One criterion of one call. `sureness`: how sure it is, in words; `window`: what was searched, in words; `window_part`: which part of it plays, None for
    all of it.
    """

    anchor: str
    row: Row
    mark: Mark
    title: str
    local_title: str | None
    reason: tuple[str, str]
    sureness: tuple[str, str] | None
    advice: tuple[str, str] | None
    quotes: tuple[Quote, ...]
    window: str | None
    window_sound: Sound | None
    window_part: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of an utterance shown alike. `kinds`: classes; `note`: what they mean, in words; times where words have them."""

    text: str
    kinds: str
    note: str
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One utterance. `segments`: its text in stretches of equal look; `words`: the same word by word. `findings`: those it is evidence of. `otherwise`: what the
    recogniser also took it for.
    """

    row: Row
    segments: tuple[Segment, ...]
    words: tuple[Segment, ...]
    findings: tuple[FindingView, ...]
    feeling: Mark | None
    href: str | None
    otherwise: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What was recognised and taken for invented."""

    text: str
    start_ms: int
    href: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """One call. `cells`: its findings in the order of the report's criteria, None where its rubric has no such criterion; `first`: what must be known before
    its score is read; `expected_wrong`: how many findings may be wrong, in words; `review_rank`: its place among those to review, the lowest first.
    """

    anchor: str
    item: CallReport
    state: str
    first: str | None
    expected_wrong: str | None
    review_rank: float
    reasons: tuple[str, ...]
    cells: tuple[FindingView | None, ...]
    findings: tuple[FindingView, ...]
    lines: tuple[Line, ...]
    dropped: tuple[Dropped, ...]
    facts: tuple[tuple[str, str], ...]
    fault: str | None

    @property
    def missed(self) -> str:
        """Places of the criteria not met, for the filter."""
        return " ".join(str(place) for place, cell in enumerate(self.cells) if cell and cell.mark.kind in ("not_met", "critical"))


def recording_link(source_uri: str, folder: Path) -> str | None:
    """Where a browser finds a recording: relative beneath the page's folder, else absolute; None where no browser can read it."""
    address = parse_address(source_uri)
    if not address.is_plain:
        return None
    source_uri = address.path
    scheme, separator, _ = source_uri.partition("://")
    if separator:
        return source_uri if scheme.lower() in ("file", "http", "https") else None
    path = Path(source_uri).absolute()
    base = folder.absolute()
    return f"./{quote(os.fsencode(path.relative_to(base).as_posix()))}" if path.is_relative_to(base) else path.as_uri()


def view_call(number: int, item: CallReport, data: ReportData, names: dict[Moment, str], clips: Clips, folder: Path) -> CallView:
    """What the page shows of a call. `number`: its place on the page; `names`: of the clips; `folder`: where the page will lie."""
    anchor = f"call-{number + 1}"
    # Whoever sees no names sees none of files either.
    uri = item.call["source_uri"]
    recording = None if uri is None or item.call["layout"] == "text" or item.is_redacted else recording_link(uri, folder)

    def sound(moment: Moment | None) -> Sound | None:
        if moment is None:
            return None
        href = f"{recording}#t={moment.start_ms / 1000:g},{moment.end_ms / 1000:g}" if recording else None
        return Sound(start_ms=moment.start_ms, end_ms=moment.end_ms, clip=names.get(moment), href=href)

    findings = []
    for place, row in enumerate(item.findings):
        searched = window_moment(item, row)
        window, part = _window(item, row, searched)
        words = data.words_of(row)
        language = item.call["language"]
        title_language, title = title_of(words.title, row["criterion_id"], data.language)
        findings.append(
            FindingView(
                anchor=f"{anchor}-f{place + 1}",
                row=row,
                mark=_mark(row, is_draft=words.is_draft),
                title=title,
                local_title=None if language == title_language else words.title.get(language),
                reason=data.reason_of(item, row),
                sureness=data.sureness_of(item, row),
                advice=shown(words.advice, language) if row["outcome"] == "not_met" else None,
                quotes=tuple(
                    Quote(name=_EVIDENCE_NAMES[e["kind"]], row=e, sound=sound(evidence_moment(item, e))) for e in row["evidence"] or ()
                ),
                window=window,
                window_sound=sound(searched) if is_window_needed(row) else None,
                window_part=part,
            )
        )
    by_criterion = {finding.row["criterion_id"]: finding for finding in findings}
    return CallView(
        anchor=anchor,
        item=item,
        state=call_state(item),
        first=first_line(item.score, item.findings) if item.score else None,
        expected_wrong=expected_wrong(item.score) if item.score else None,
        review_rank=-(item.score.get("expected_wrong") or 0.0) if item.score and item.counting and item.counting.needs_review else 1.0,
        reasons=review_reasons(item),
        cells=tuple(by_criterion.get(name) for name in data.criteria),
        findings=tuple(findings),
        lines=tuple(_line(row, findings, recording) for row in item.utterances),
        dropped=tuple(
            Dropped(text=word["text"].strip(), start_ms=word["start_ms"], href=_from_moment(recording, word["start_ms"]))
            for word in item.call["dropped"] or ()
        ),
        facts=tuple(_facts(item)),
        fault=clips.faults.get(item.call["call_id"]),
    )


def _window(item: CallReport, finding: Row, searched: Moment | None) -> tuple[str | None, str | None]:
    if finding["window_start_ms"] is None or finding["window_end_ms"] is None:
        return None, None
    start, end = finding["window_start_ms"], min(finding["window_end_ms"], item.call["duration_ms"])
    part = None
    if searched and (searched.start_ms, searched.end_ms) != (start, end):
        part = "first 20 s" if searched.start_ms == start else "last 20 s"
    return f"{clock(start)}–{clock(end)}", part


def _mark(finding: Row, *, is_draft: bool) -> Mark:
    if finding["reason_code"] == "sentiment":
        return Mark(kind=finding["answer"], sign=_FEELING_MARKS[finding["answer"]], words=f"customer {finding['answer']}")
    outcome = finding["outcome"]
    words = outcome.replace("_", " ")
    if is_draft:
        return Mark(kind="draft", sign=MARKS[outcome][0], words=f"{words}, draft: does not count")
    if finding["critical"] and outcome == "not_met":
        return Mark(kind="critical", sign=MARKS[outcome][0], words=f"{words}, critical")
    return Mark(kind=outcome, sign=MARKS[outcome][0], words=words)


def _from_moment(recording: str | None, start_ms: int | None) -> str | None:
    return f"{recording}#t={start_ms / 1000:g}" if recording and start_ms is not None else None


def _line(row: Row, findings: Sequence[FindingView], recording: str | None) -> Line:
    touching = [
        (finding, e)
        for finding in findings
        if finding.row["reason_code"] != "sentiment"
        for e in finding.row["evidence"] or ()
        if _is_shown(finding.row, e) and _touches(e, row)
    ]
    label = row["sentiment_label"]
    words = tuple(_words(row, touching))
    return Line(
        row=row,
        segments=tuple(_segments(words)),
        words=words,
        findings=tuple(finding for finding in findings if any(finding is other for other, _ in touching)),
        feeling=Mark(kind=label, sign=_FEELING_MARKS[label], words=label) if label else None,
        href=_from_moment(recording, row["start_ms"]),
        otherwise=heard_otherwise(row),
    )


def _is_shown(finding: Row, evidence: Row) -> bool:
    """Whether evidence is marked in the transcript: what a situation was found by is, what a parent was found by is marked for the parent."""
    return bool(evidence["kind"] in ("hit", "answer") or (evidence["kind"] == "cause" and finding["reason_code"] == "situation"))


def _touches(evidence: Row, utterance: Row) -> bool:
    """Evidence begins in one utterance and may reach into the next ones of the same role."""
    if evidence["utterance"] == utterance["utterance"]:
        return True
    if evidence["role"] != utterance["role"] or None in (evidence["end_ms"], utterance["start_ms"]):
        return False
    return bool(evidence["utterance"] < utterance["utterance"] and utterance["start_ms"] < evidence["end_ms"])


def _words(utterance: Row, touching: Sequence[tuple[FindingView, Row]]) -> Iterable[Segment]:
    """The words, each with its look: what is evidence, what was recognised badly. Text without words (chats) is cut by the words quoted."""
    words: list[Row] = utterance["words"] or _stretches(utterance["text"], [e["text"] for _, e in touching])
    for word in words:
        kinds, notes = [], []
        for finding, e in touching:
            if word["start_ms"] is None:
                is_hit = e["text"] in word["quotes"]
            elif None in (e["start_ms"], e["end_ms"]):
                is_hit = e["text"] == word["text"]
            else:
                is_hit = word["start_ms"] < e["end_ms"] and word["end_ms"] > e["start_ms"]
            if is_hit:
                kinds.append(finding.mark.kind)
                notes.append(f"{finding.title}: {finding.mark.words}")
        if word["confidence"] is not None and word["confidence"] < LOW_CONFIDENCE:
            kinds.append("doubtful")
        yield Segment(
            text=word["text"],
            kinds=" ".join(dict.fromkeys(kinds)),
            note="; ".join(dict.fromkeys(notes)),
            start_ms=word["start_ms"],
            end_ms=word["end_ms"],
        )


def _segments(words: Sequence[Segment]) -> Iterable[Segment]:
    """Neighbouring words of equal look as one."""
    for (kinds, note), run in groupby(words, key=lambda word: (word.kinds, word.note)):
        several = list(run)
        text = "".join(word.text for word in several)
        yield Segment(text=text, kinds=kinds, note=note, start_ms=several[0].start_ms, end_ms=several[-1].end_ms)


def _stretches(text: str, quotes: Sequence[str]) -> list[Row]:
    """A text cut where quotes begin and end; each stretch knows the quotes that cover it."""
    spans = {quote: (text.find(quote), text.find(quote) + len(quote)) for quote in quotes if quote and quote in text}
    cuts = sorted({0, len(text), *(edge for span in spans.values() for edge in span)})
    return [
        {
            "text": text[start:end],
            "start_ms": None,
            "end_ms": None,
            "confidence": None,
            "quotes": {quote for quote, (first, last) in spans.items() if first <= start and end <= last},
        }  # fmt: skip
        for start, end in zip(cuts, cuts[1:], strict=False)
    ]


def _facts(item: CallReport) -> Iterable[tuple[str, str]]:
    """Label and value of what is known about a call; what is not known is left out."""
    call, metrics = item.call, item.metrics
    counted = f"{unit(call['language'])}s/min"

    def named(name: str) -> str | None:
        return None if metrics.get(name) is None else f"{metrics[name]:g}"

    def share(name: str) -> str | None:
        return None if metrics.get(name) is None else f"{100 * metrics[name]:.0f} %"

    def rate(name: str) -> str | None:
        return None if metrics.get(name) is None else f"{metrics[name]:.0f} {counted}"

    def seconds(name: str) -> str | None:
        return None if metrics.get(name) is None else f"{metrics[name] / 1000:.1f} s"

    agent = " · ".join(part for part in (call["agent_name"], call["agent_id"]) if part)
    sentiment = metrics.get("customer_sentiment")
    known = {
        "Agent": agent, "Team": call["team"], "Site": call["site"], "Customer": call["customer_id"], "Company": call["company"],
        "Direction": call["direction"], "Campaign": call["campaign"], "Started": moment_text(call["started_at"]),
        "Length": clock(call["duration_ms"]) if call["duration_ms"] else None,
        "Language": language(call["language"]).name if is_language(call["language"]) else call["language"], "Hung up by": call["hangup_by"], "Transfer": call["transfer"],
        "Customer's rating": None if call["csat"] is None else f"{call['csat']:g}", "Disposition given": call["disposition"],
        "Customer's words": None if sentiment is None else f"{metrics['customer_sentiment_label']} ({sentiment:+.2f})",
        "Agent talks": share("agent_talk_share"), "Customer talks": share("customer_talk_share"), "Silence": share("silence_share"),
        "Longest silence": seconds("longest_silence_ms"), "Holds": named("holds"),
        "Agent interrupts": named("interruptions_by_agent"), "Customer interrupts": named("interruptions_by_customer"),
        "Agent's pace": rate("agent_speech_rate"), "Customer's pace": rate("customer_speech_rate"),
        "Usual answer after": seconds("median_response_ms"), "Agent's longest monologue": seconds("agent_longest_monologue_ms"),
        "Recording": _TRACKS[call["layout"]], **not_heard(call),
        "Sure who is who": f"{100 * call['role_confidence']:.0f} %", "Recogniser": call["asr_model"],
        # A file's name may name people.
        "File": None if item.is_redacted or call["source_uri"] is None else call["source_uri"].rsplit("/", 1)[-1],
    }  # fmt: skip
    yield from ((label, value) for label, value in known.items() if value)
    yield from ((pair["key"], pair["value"]) for pair in call["extra"] or ())


def moment_text(value: datetime | None) -> str | None:
    """A moment as the page writes it."""
    return None if value is None else f"{value:%Y-%m-%d %H:%M}"
