"""The sound of a report: which moments of which recordings to embed, and those moments as small MP3.

In: the calls of a report and a size limit. Out: MP3 bytes by moment. How a page offers what was left out is in html.py.
MP3 because every browser plays it; Safari before 18.4 does not play Ogg/Opus (caniuse.com/opus).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qa_pipeline.errors import CallFailed
from qa_pipeline.privacy.sound import hide
from qa_pipeline.recordings.audio import SAMPLE_RATE, Audio, decode
from qa_pipeline.report.data import CallReport, ReportData, Row

# Chosen, not measured: speech stays clear, and a second costs 3 kB.
BIT_RATE = 24_000
# Of 0 (slow) to 9: half the time of the encoder's own choice, 5, for the same bytes.
_EFFORT = "7"
_LEAD_MS = 1000
_LONGEST_WINDOW_MS = 20_000
# A window ending this near the end of the call is one about how the call ends.
_NEAR_END_MS = 5000
_FRAME_SAMPLES = 576
_FRAME_BYTES = BIT_RATE * _FRAME_SAMPLES // SAMPLE_RATE // 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A stretch of one call's recording."""

    call_id: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clips:
    """`sounds`: MP3 by moment. `faults`: call id → why its recording could not be cut."""

    sounds: dict[Moment, bytes]
    faults: dict[str, str]


def make_clips(data: ReportData, *, limit_bytes: int) -> Clips:
    """Cut the moments a reviewer needs most, until their base64 text reaches the limit. Decodes a recording once at most."""
    wanted: dict[str, list[Moment]] = {}
    for moment in choose_moments(data, limit_bytes=limit_bytes):
        wanted.setdefault(moment.call_id, []).append(moment)
    sounds: dict[Moment, bytes] = {}
    faults: dict[str, str] = {}
    for item in data.calls:
        call_id = item.call["call_id"]
        if call_id not in wanted:
            continue
        try:
            audio = _without(decode(item.call["source_uri"]), item.hidden_spans)
        except CallFailed as error:
            faults[call_id] = error.message
            continue
        for moment in wanted[call_id]:
            sounds[moment] = cut_clip(audio, moment.start_ms, moment.end_ms)
    return Clips(sounds=sounds, faults=faults)


def _without(audio: Audio, spans: Sequence[tuple[int, int]]) -> Audio:
    return replace(audio, samples=hide(audio.samples, spans, sample_rate=SAMPLE_RATE)) if spans else audio


def choose_moments(data: ReportData, *, limit_bytes: int) -> tuple[Moment, ...]:
    """The moments to embed: critical failures first, then not met, undetermined, met, the rest; each once."""
    ranked = [(_rank(finding), moment) for item in data.calls for finding in item.findings for moment in _moments(item, finding)]
    chosen: dict[Moment, None] = {}
    room = limit_bytes
    for _, moment in sorted(ranked, key=lambda pair: pair[0]):
        size = text_bytes(moment.end_ms - moment.start_ms)
        if moment not in chosen and size <= room:
            chosen[moment] = None
            room -= size
    return tuple(chosen)


def text_bytes(duration_ms: int) -> int:
    """What a clip of this length takes as base64, at most: its frames, two of encoder delay, one begun."""
    frames = duration_ms * SAMPLE_RATE // 1000 // _FRAME_SAMPLES + 3
    return -(-frames * _FRAME_BYTES // 3) * 4


def evidence_moment(item: CallReport, evidence: Row) -> Moment | None:
    """A piece of evidence with a second around it; None where the call has no sound or the words no times."""
    if evidence["start_ms"] is None or evidence["end_ms"] is None:
        return None
    return _moment(item, evidence["start_ms"] - _LEAD_MS, evidence["end_ms"] + _LEAD_MS)


def window_moment(item: CallReport, finding: Row) -> Moment | None:
    """The window searched, at most 20 s of it: the last where it reaches the end of the call, else the first."""
    start, end = finding["window_start_ms"], finding["window_end_ms"]
    if start is None or end is None:
        return None
    if end - start > _LONGEST_WINDOW_MS:
        if item.call["duration_ms"] - _NEAR_END_MS <= end <= item.call["duration_ms"]:
            start = end - _LONGEST_WINDOW_MS
        end = start + _LONGEST_WINDOW_MS
    return _moment(item, start, end)


def is_window_needed(finding: Row) -> bool:
    """Whether the window is what there is to hear: something was looked for and not found there."""
    return finding["outcome"] in ("not_met", "undetermined") and not any(e["kind"] == "hit" for e in finding["evidence"] or ())


def cut_clip(audio: Audio, start_ms: int, end_ms: int) -> bytes:
    """One stretch as MP3: mono, 16 kHz, 24 kbit/s, all channels mixed."""
    import av

    part = Audio(samples=audio.samples[:, start_ms * SAMPLE_RATE // 1000 : end_ms * SAMPLE_RATE // 1000])
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part.mixed()[np.newaxis]), format="fltp", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    file = io.BytesIO()
    with av.open(file, "w", format="mp3", options={"write_xing": "0", "id3v2_version": "0"}) as container:
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono", options={"compression_level": _EFFORT})
        stream.bit_rate = BIT_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _moments(item: CallReport, finding: Row) -> Iterator[Moment]:
    for evidence in finding["evidence"] or ():
        if moment := evidence_moment(item, evidence):
            yield moment
    if is_window_needed(finding) and (moment := window_moment(item, finding)):
        yield moment


def _rank(finding: Row) -> int:
    if finding["reason_code"] == "sentiment":
        return 4
    if finding["outcome"] == "not_met":
        return 0 if finding["critical"] else 1
    return {"undetermined": 2, "met": 3}.get(finding["outcome"], 4)


def _moment(item: CallReport, start_ms: int, end_ms: int) -> Moment | None:
    call = item.call
    start, end = max(0, start_ms), min(end_ms, call["duration_ms"])
    if call["layout"] == "text" or end <= start:
        return None
    return Moment(call_id=call["call_id"], start_ms=start, end_ms=end)
