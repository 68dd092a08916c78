"""Words invented over sounds in which nobody speaks, and words kept of quiet speech: `python benchmarks/nonspeech.py [--seconds 40] [--seeds 2]`.

Every kind of sound of evaluation/sounds.py is recognised alone, in each language, and laid before, into and after a sample call. Then sample calls are
made quieter, and it is counted how much of their words is still recognised.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter

import numpy as np

from qa_pipeline.conversation.listen import Listener
from qa_pipeline.evaluation.compare import units
from qa_pipeline.evaluation.sounds import non_speech
from qa_pipeline.languages.load import language_codes
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.audio import SAMPLE_RATE, decode
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.transcribe import Transcriber, Transcript

_QUIETER_DB = (0, -20, -30, -40)
_CALLS = ("zh_carloan_opted_out.wav", "en_boiler_menu_first.wav")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--languages", nargs="+", default=list(language_codes()))
    given = parser.parse_args()
    listener = Listener(load_settings())
    words: Counter[str] = Counter()
    seconds = 0.0
    for language in given.languages:
        transcriber = listener._transcriber(language)
        for seed in range(given.seeds):
            for name, sound in non_speech(given.seconds, seed=seed).items():
                found = _heard(transcriber, sound, language)
                seconds += sound.size / SAMPLE_RATE
                words["alone"] += len(found.words)
                if found.words:
                    print(f"{language} {name} (seed {seed}): {''.join(w.text for w in found.words)!r}")
    print(f"alone: {words['alone']} words in {seconds / 60:.0f} min without speech", flush=True)
    _laid_into_calls(listener, given.seeds)
    _quiet_speech(listener)


def _heard(transcriber: Transcriber, sound: np.ndarray, language: str) -> Transcript:
    return transcriber.transcribe(sound, language=language, language_confidence=None)


def _laid_into_calls(listener: Listener, seeds: int) -> None:
    """A call with each sound before it, in a pause and after it."""
    invented = seconds = 0.0
    for name in _CALLS:
        speech, language = decode(str(PACKAGE_ROOT / "sample_audio" / name)).mixed(), name[:2]
        for seed in range(seeds):
            for kind, sound in non_speech(8.0, seed=100 + seed).items():
                middle = _pause(PACKAGE_ROOT / "sample_audio" / name)
                cuts = (0, middle, speech.size)
                pieces = [sound, speech[cuts[0] : cuts[1]], sound, speech[cuts[1] :], sound]
                starts = np.cumsum([0, *(piece.size for piece in pieces)]) * 1000 // SAMPLE_RATE
                found = _heard(listener._transcriber(language), np.concatenate(pieces), language)
                quiet = [(starts[place], starts[place + 1]) for place in (0, 2, 4)]
                inside = [w for w in found.words if any(a + 500 < (w.start_ms + w.end_ms) / 2 < b - 500 for a, b in quiet)]
                invented += len(inside)
                seconds += 3 * sound.size / SAMPLE_RATE
                if inside:
                    print(f"{name} with {kind}: {''.join(w.text for w in inside)!r}")
    print(f"laid into calls: {invented:.0f} words in {seconds / 60:.0f} min without speech", flush=True)


def _pause(path) -> int:  # type: ignore[no-untyped-def]
    """Where a turn ends, near the middle of a sample call."""
    turns = json.loads(path.with_name(f"{path.name.split('.')[0]}.truth.json").read_text("utf-8"))["turns"]
    turn = turns[len(turns) // 2]
    after = turns[len(turns) // 2 + 1]
    return int((turn["end_ms"] + after["start_ms"]) // 2 * SAMPLE_RATE // 1000)


def _quiet_speech(listener: Listener) -> None:
    for level in _QUIETER_DB:
        right = total = 0
        for name in _CALLS:
            path = PACKAGE_ROOT / "sample_audio" / name
            truth = json.loads(path.with_name(f"{path.name.split('.')[0]}.truth.json").read_text("utf-8"))
            sound = decode(str(path)).mixed() * np.float32(10 ** (level / 20))
            noise = np.random.default_rng(0).normal(size=sound.size).astype(np.float32) * 10 ** (-75 / 20)
            heard = Counter(
                units(" ".join(w.text for w in _heard(listener._transcriber(name[:2]), sound + noise, name[:2]).words), name[:2])
            )
            wanted = Counter(units(" ".join(turn["text"] for turn in truth["turns"]), name[:2]))
            right += sum((heard & wanted).values())
            total += sum(wanted.values())
        print(f"speech {level} dB: {right} of {total} words found ({right / total:.2f})", flush=True)


if __name__ == "__main__":
    main()
