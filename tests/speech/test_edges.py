"""The opening and the ending are sacred: what is said there is neither clipped by voice activity nor lost between windows."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qa_pipeline.conversation.listen import Listener
from qa_pipeline.evaluation.compare import units
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.audio import SAMPLE_RATE, decode
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.activity import active_spans
from qa_pipeline.speech.transcribe import Transcript
from qa_pipeline.speech.windows import windows_of

# How far inside the cut a word must lie to have to be found: at the very edge it is cut itself.
_EDGE_MS = 700


@cache
def bursts() -> tuple[NDArray[np.float32], list[tuple[int, int]]]:
    """A minute of syllable-like bursts on a quiet line, and where they lie in ms."""
    rng = np.random.default_rng(5)
    sound = (0.0004 * rng.normal(size=60 * SAMPLE_RATE)).astype(np.float32)
    spans, at = [], 200
    while at < 58_000:
        length = int(rng.integers(160, 1_800))
        samples = slice(at * 16, (at + length) * 16)
        sound[samples] += (rng.uniform(0.03, 0.3) * rng.normal(size=length * 16)).astype(np.float32)
        spans.append((at, at + length))
        at += length + int(rng.integers(100, 2_500))
    return sound, spans


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30_000), st.integers(8_000, 30_000))
def test_speech_right_up_to_the_cut_is_kept_by_voice_activity(first: int, length: int) -> None:
    sound, spoken = bursts()
    last = min(first + length, 60_000)
    spans = active_spans(sound[first * 16 : last * 16])
    for start, end in spoken:
        inside = max(start, first) - first, min(end, last) - first
        if inside[1] - inside[0] >= 120:
            assert any(a <= inside[0] and inside[1] <= b for a, b in spans), (inside, spans)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30_000), st.integers(8_000, 30_000), st.sampled_from([4_000, 14_000, 25_000]))
def test_windows_hold_every_moment_of_what_is_active(first: int, length: int, window_ms: int) -> None:
    sound, _ = bursts()
    part = sound[first * 16 : min(first + length, 60_000) * 16]
    spans = active_spans(part)
    assert sum(b - a for window in windows_of(spans, part, window_ms) for a, b in window) == sum(b - a for a, b in spans)


@cache
def whole_call() -> tuple[Listener, NDArray[np.float32], Transcript]:
    listener = Listener(load_settings())
    sound = decode(str(Path(PACKAGE_ROOT / "sample_audio" / "zh_finance_satisfied.wav"))).samples[0]
    return listener, sound, listener._transcriber("zh").transcribe(sound, language="zh", language_confidence=None)


@pytest.mark.models
@pytest.mark.parametrize(("start_share", "end_share"), [(0.0, 0.55), (0.13, 0.8), (0.31, 1.0), (0.47, 0.93)])
def test_words_outside_the_cut_stay(start_share: float, end_share: float) -> None:
    listener, sound, whole = whole_call()
    start, end = round(sound.size * start_share), round(sound.size * end_share)
    cut = listener._transcriber("zh").transcribe(sound[start:end], language="zh", language_confidence=None)
    first, last = start * 1000 // SAMPLE_RATE + _EDGE_MS * (start > 0), end * 1000 // SAMPLE_RATE - _EDGE_MS * (end < sound.size)
    # What was hardly understood is misheard otherwise in every window; only what was heard clearly must stay.
    clear = [w for w in whole.words if w.start_ms >= first and w.end_ms <= last and w.confidence >= 0.7]
    wanted = Counter(units("".join(w.text for w in clear), "zh"))
    found = Counter(units("".join(w.text for w in cut.words), "zh"))
    assert sum(wanted.values()) > 20
    # Other windows make the recogniser spell a name differently here and there; a lost opening would cost far more.
    assert sum((wanted & found).values()) >= 0.85 * sum(wanted.values())
