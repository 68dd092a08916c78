"""Which moments are cut, and what a cut sounds like."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
from report_rows import call_report, evidence, finding, report_data, write_tone

from qa_pipeline.call import Layout
from qa_pipeline.recordings.audio import Audio, decode
from qa_pipeline.report import clips
from qa_pipeline.report.clips import Moment, choose_moments, cut_clip, evidence_moment, make_clips, text_bytes, window_moment

MEGABYTE = 1_000_000


def moment(start_ms: int, end_ms: int, call_id: str = "call") -> Moment:
    return Moment(call_id=call_id, start_ms=start_ms, end_ms=end_ms)


def tone(seconds: float) -> Audio:
    wave = 0.3 * np.sin(np.arange(int(seconds * 16_000)) * 2 * np.pi * 440 / 16_000)
    return Audio(samples=np.stack([wave, wave]).astype(np.float32))


def test_a_clip_is_mono_mp3_at_16_khz_of_the_length_asked_for() -> None:
    clip = cut_clip(tone(10), 2000, 5000)
    with av.open(io.BytesIO(clip)) as container:
        stream = container.streams.audio[0]
        assert (container.format.name, stream.codec_context.sample_rate, stream.codec_context.channels) == ("mp3", 16_000, 1)
        samples = sum(frame.samples for frame in container.decode(stream))
    assert samples / 16_000 == pytest.approx(3.0, abs=0.12)


@pytest.mark.parametrize("end_ms", [40, 1000, 3333, 20_000])
def test_a_clip_is_never_larger_than_reckoned(end_ms: int) -> None:
    size = -(-len(cut_clip(tone(20), 0, end_ms)) // 3) * 4
    assert text_bytes(end_ms) - 500 < size <= text_bytes(end_ms)


def test_evidence_has_a_second_around_it_within_the_call() -> None:
    item = call_report("0:00 agent: Hello.", "0:20 agent: Goodbye now.")
    end = item.call["duration_ms"]
    assert evidence_moment(item, evidence("Hello", 3200, 5000)) == moment(2200, 6000)
    assert evidence_moment(item, evidence("Hello", 200, end)) == moment(0, end)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ((0, 15_000), (0, 15_000)),
        ((0, 45_000), (0, 20_000)),
        ((10_000, 59_000), (39_000, 59_000)),
        ((10_000, 75_000), (10_000, 30_000)),
        ((50_000, 70_000), (50_000, 60_000)),
    ],
    ids=["short", "first 20 s", "last 20 s where it reaches the end", "first 20 s where it would go on past the end", "cut at the end"],
)
def test_a_window_is_cut_to_20_seconds(window: tuple[int, int], expected: tuple[int, int]) -> None:
    item = call_report()
    item.call["duration_ms"] = 60_000
    assert window_moment(item, finding("greeting", "not_met", window_start_ms=window[0], window_end_ms=window[1])) == moment(*expected)


def test_a_transcript_has_no_moments() -> None:
    item = call_report(layout=Layout.TEXT)
    assert evidence_moment(item, evidence("Hello", 0, 400)) is None
    assert evidence_moment(call_report(), evidence("Hello", None, None)) is None


def ranked() -> clips.ReportData:
    item = call_report(
        "0:00 agent: Hello.",
        "0:58 agent: Bye.",
        findings=(
            finding("a", "met", evidence=[evidence("x", 11_000, 12_000)]),
            finding("b", "undetermined", window_start_ms=20_000, window_end_ms=23_000),
            finding("c", "not_met", window_start_ms=30_000, window_end_ms=33_000),
            finding("d", "not_met", critical=True, evidence=[evidence("x", 41_000, 42_000)], window_start_ms=0, window_end_ms=58_000),
            finding("e", "not_met", reason_code="sentiment", answer="negative", evidence=[evidence("x", 51_000, 52_000)]),
        ),
    )
    return report_data(item)


def test_what_a_reviewer_needs_most_comes_first() -> None:
    order = [m.start_ms for m in choose_moments(ranked(), limit_bytes=MEGABYTE)]
    assert order == [40_000, 30_000, 20_000, 10_000, 50_000]


def test_beyond_the_limit_nothing_is_chosen() -> None:
    two = 2 * text_bytes(3000)
    assert [m.start_ms for m in choose_moments(ranked(), limit_bytes=two)] == [40_000, 30_000]
    assert choose_moments(ranked(), limit_bytes=0) == ()


def test_a_moment_two_criteria_share_is_chosen_once() -> None:
    shared = [evidence("Hello", 0, 400)]
    data = report_data(call_report(findings=(finding("a", "met", evidence=shared), finding("b", "met", evidence=shared))))
    assert len(choose_moments(data, limit_bytes=MEGABYTE)) == 1


def test_a_recording_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tone(tmp_path / "call.wav", 4)
    found = (finding("a", "met", evidence=[evidence("x", 0, 400)]), finding("b", "met", evidence=[evidence("y", 2000, 2400)]))
    decoded: list[str] = []
    monkeypatch.setattr(clips, "decode", lambda uri: decoded.append(uri) or decode(uri))
    made = make_clips(report_data(call_report(findings=found, source_uri=str(path))), limit_bytes=MEGABYTE)
    assert decoded == [str(path)]
    assert len(made.sounds) == 2


def test_a_recording_that_is_gone_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    found = (finding("a", "met", evidence=[evidence("x", 0, 400)]),)
    gone = call_report(findings=found, call_id="gone", source_uri=str(tmp_path / "gone.wav"))
    there = call_report(findings=found, call_id="there", source_uri=str(write_tone(tmp_path / "there.wav", 4)))
    made = make_clips(report_data(gone, there), limit_bytes=MEGABYTE)
    assert {m.call_id for m in made.sounds} == {"there"}
    assert list(made.faults) == ["gone"]
    assert "is not there" in made.faults["gone"]
