"""Words invented over sounds in which nobody speaks, and words kept of quiet speech: `python benchmarks/nonspeech.py [--seconds 40] [--seeds 2]`.

Every kind of sound of evaluation/sounds.py is recognised alone, in each language, and laid before, into and after a sample call. A crowd of voices from
sample calls is recognised alone, and behind one caller's track. Then sample calls are made quieter, and it is counted how much of their words is still
recognised.
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
from qa_pipeline.speech.activity import active_spans
from qa_pipeline.speech.transcribe import Transcriber, Transcript

_QUIETER_DB = (0, -20, -30, -40)
_CALLS = ("zh_carloan_opted_out.wav", "en_boiler_menu_first.wav")
# A track of one party, with long pauses while the other speaks.
_PARTIES = {"en": ("en_hotel_caller_leaves.m4a", 0), "zh": ("zh_finance_satisfied.wav", 1)}
_CROWD_SECONDS = 10.0
_BEHIND_DB = -12.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--languages", nargs="+", default=list(language_codes()))
    parser.add_argument("--crowds-only", action="store_true")
    given = parser.parse_args()
    listener = Listener(load_settings())
    words: Counter[str] = Counter()
    seconds = 0.0
    for language in given.languages:
        transcriber = listener._transcriber(language)
        for seed in range(0 if given.crowds_only else given.seeds):
            for name, sound in non_speech(given.seconds, seed=seed).items():
                found = _heard(transcriber, sound, language)
                seconds += sound.size / SAMPLE_RATE
                words["alone"] += len(found.words)
                if found.words:
                    print(f"{language} {name} (seed {seed}): {''.join(w.text for w in found.words)!r}")
    print(f"alone: {words['alone']} words in {seconds / 60:.0f} min without speech", flush=True)
    for language in sorted(_PARTIES.keys() & set(given.languages)):
        _in_a_crowd(listener._transcriber(language), language)
    if given.crowds_only:
        return
    _laid_into_calls(listener, given.seeds)
    _quiet_speech(listener)


def _heard(transcriber: Transcriber, sound: np.ndarray, language: str) -> Transcript:
    return transcriber.transcribe(sound, language=language, language_confidence=None)


def _in_a_crowd(transcriber: Transcriber, language: str) -> None:
    """Voices behind nobody, and behind a party of a call: words there, and words of the party that are still found."""
    for voices in (4, 8):
        found = _heard(transcriber, _crowd(language, _CROWD_SECONDS, voices, -30.0), language)
        print(f"{language} crowd of {voices} alone, {_CROWD_SECONDS:.0f} s: {len(found.words)} words", flush=True)
    name, channel = _PARTIES[language]
    party = decode(str(PACKAGE_ROOT / "sample_audio" / name)).samples[channel, : 25 * SAMPLE_RATE]
    spoken = active_spans(party)
    level = 10 * np.log10(np.mean(np.square(np.concatenate([party[a * 16 : b * 16] for a, b in spoken]))))
    plain = _heard(transcriber, party, language)
    both = _heard(transcriber, party + _crowd(language, party.size / SAMPLE_RATE, 8, level + _BEHIND_DB), language)
    outside = [w for w in both.words if not any(a - 500 < (w.start_ms + w.end_ms) / 2 < b + 500 for a, b in spoken)]
    wanted = Counter(units(" ".join(w.text for w in plain.words), language))
    kept = sum((Counter(units(" ".join(w.text for w in both.words), language)) & wanted).values())
    print(f"{name}, crowd {_BEHIND_DB:.0f} dB: {len(outside)} words in pauses, {kept} of {wanted.total()} of the party's found", flush=True)


def _crowd(language: str, seconds: float, voices: int, level_db: float) -> np.ndarray:
    """Voices of sample calls at once, out of step and in a room that rings for some tenths of a second. level_db: of full scale, root mean square."""
    rng, count = np.random.default_rng(voices), round(seconds * SAMPLE_RATE)
    files = [path for path in sorted((PACKAGE_ROOT / "sample_audio").glob(f"{language}_*")) if path.suffix != ".json"]
    mix = np.zeros(count)
    for place in range(voices):
        call = decode(str(files[place % len(files)])).mixed()
        speech = np.concatenate([call[a * 16 : b * 16] for a, b in active_spans(call)])
        speech = np.resize(np.roll(speech, -int(rng.integers(speech.size))), count)
        mix += speech / np.std(speech) * 10 ** (rng.uniform(-4, 4) / 20)
    ringing = rng.normal(size=round(0.4 * SAMPLE_RATE)) * np.exp(-np.arange(round(0.4 * SAMPLE_RATE)) / (0.08 * SAMPLE_RATE))
    ringing[0] = 3.0
    size = count + ringing.size
    room = np.fft.irfft(np.fft.rfft(mix, size) * np.fft.rfft(ringing, size), size)[:count]
    return (room / np.std(room) * 10 ** (level_db / 20)).astype(np.float32)


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
