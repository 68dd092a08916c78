"""Diarization error and speed: `python benchmarks/diarization.py FOLDER… [--step 0.1] [--threads 2]`.

Takes every recording of the folders that has `STEM.rttm` or `STEM.truth.json` beside it, mixed to one channel. Prints, per file and in
total: voices found and true, diarization error rate without collar and with ±0.25 s (pyannote.metrics, overlapped speech included), its
parts without collar, and the real-time factor. RTTM holds speech as such and is compared with `overlapping`; a truth file holds turns,
which run through their speaker's pauses, and is compared with `turns`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate

from qa_pipeline.call import SpeakerTurn
from qa_pipeline.recordings.audio import SAMPLE_RATE, decode
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.diarize import Diarizer
from qa_pipeline.speech.models import choose_manifest, model_folder

# pyannote.metrics counts the whole collar: half of it before a boundary, half after.
_COLLAR_SECONDS = 0.5
_PARTS = ("missed detection", "false alarm", "confusion")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    settings = load_settings()
    parser.add_argument("--step", type=float, default=settings.diarization_step)
    parser.add_argument("--threads", type=int, default=settings.threads)
    arguments = parser.parse_args()
    plain, lenient = DiarizationErrorRate(), DiarizationErrorRate(collar=_COLLAR_SECONDS)
    diarizer = Diarizer(
        segmentation=model_folder(choose_manifest(settings, "segmentation"), settings) / "pytorch_model.bin",
        embedding=model_folder(choose_manifest(settings, "embedding"), settings) / "campplus.onnx",
        step=arguments.step,
        threads=arguments.threads,
        device=settings.device,
    )
    seconds, took, right = 0.0, 0.0, 0
    pairs = [pair for folder in arguments.folders for pair in find_pairs(folder)]
    print(f"{'file':40s} {'voices':>6s} {'DER %':>6s} {'±0.25':>6s} {'missed':>6s} {'false':>6s} {'confus':>6s} {'RTF':>6s}")
    for path, truth in pairs:
        samples = decode(str(path)).mixed()
        reference = read_reference(truth)
        duration = len(samples) / SAMPLE_RATE
        begun = time.perf_counter()
        found = diarizer.diarize(samples)
        elapsed = time.perf_counter() - begun
        heard = annotate(found.overlapping if truth.suffix == ".rttm" else found.turns)
        whole = Timeline([Segment(0, duration)])
        parts = plain(reference, heard, uem=whole, detailed=True)
        figures = [parts["diarization error rate"], lenient(reference, heard, uem=whole)]
        figures += [parts[part] / parts["total"] for part in _PARTS]
        voices = f"{len(found.speakers)}/{len(reference.labels())}"
        print_row(path.name, voices, figures, elapsed / duration)
        seconds, took, right = seconds + duration, took + elapsed, right + (len(found.speakers) == len(reference.labels()))
    if pairs:
        sums = [plain.accumulated_[part] / plain.accumulated_["total"] for part in _PARTS]
        print_row(f"total ({seconds:.0f} s)", f"{right}/{len(pairs)}", [abs(plain), abs(lenient), *sums], took / seconds)


def print_row(name: str, voices: str, rates: Sequence[float], factor: float) -> None:
    """One line of the table; rates come as shares and are printed as percentages."""
    print(f"{name[:40]:40s} {voices:>6s} " + " ".join(f"{100 * rate:6.1f}" for rate in rates) + f" {factor:6.3f}", flush=True)


def find_pairs(folder: Path) -> list[tuple[Path, Path]]:
    """(recording, truth) of every truth in the folder, in order of name."""
    truths = sorted([*folder.glob("*.rttm"), *folder.glob("*.truth.json")])
    return [
        (path, truth)
        for truth in truths
        for path in sorted(folder.glob(f"{truth.name.split('.')[0]}.*"))
        if path.suffix in {".wav", ".mp3", ".ogg", ".m4a", ".flac"}
    ]


def read_reference(path: Path) -> Annotation:
    """Who spoke when: speakers of an RTTM, roles of a truth file."""
    reference = Annotation()
    if path.suffix == ".rttm":
        for number, line in enumerate(path.read_text("utf-8").splitlines()):
            fields = line.split()
            start, duration = float(fields[3]), float(fields[4])
            reference[Segment(start, start + duration), number] = fields[7]
    else:
        for number, turn in enumerate(json.loads(path.read_text("utf-8"))["turns"]):
            reference[Segment(turn["start_ms"] / 1000, turn["end_ms"] / 1000), number] = turn["role"]
    return reference


def annotate(turns: Sequence[SpeakerTurn]) -> Annotation:
    """The turns as pyannote.metrics reads them."""
    heard = Annotation()
    for number, turn in enumerate(turns):
        heard[Segment(turn.start_ms / 1000, turn.end_ms / 1000), number] = turn.speaker
    return heard


if __name__ == "__main__":
    main()
