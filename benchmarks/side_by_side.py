"""This pipeline beside bare libraries on the same calls and weights: `python benchmarks/side_by_side.py [FOLDER] [--most 4] [--many 8]`.

On recordings with truth (default: sample_audio), each way in a process of its own, one after the other, with all processors: this pipeline's
listening; bare faster-whisper (its defaults, silence filter on) then bare pyannote (SpeakerDiarization, two speakers given) on the mono mix;
faster-whisper's batched mode; with `--whisperx PYTHON`, an interpreter that has whisperX (`python -m venv wx && wx/bin/pip install whisperx`: it wants other
releases of torch than this project), whisperX. Wall time, peak memory and, for the words and voices found, error rates. Then many calls:
one process with all threads against one process a processor. Compare figures of one run with each other, never with another run's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from layouts import write

from qa_pipeline.call import Call, Layout, SpeakerTurn
from qa_pipeline.evaluation.compare import units
from qa_pipeline.evaluation.truth import Truth, read_truths
from qa_pipeline.languages.load import is_han
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.audio import decode
from qa_pipeline.recordings.files import sha256_of
from qa_pipeline.recordings.layout import examine
from qa_pipeline.settings import Settings, load_settings

Heard = tuple[str, list[tuple[float, float, str]] | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=str(PACKAGE_ROOT / "sample_audio"))
    parser.add_argument("--most", type=int, default=4, help="calls of each layout")
    parser.add_argument("--many", type=int, default=8, help="calls for the comparison of arrangements (0: leave it out)")
    parser.add_argument("--only", choices=["mono", "stereo", "many"])
    parser.add_argument("--whisperx", metavar="PYTHON", help="an interpreter that has whisperX")
    given = parser.parse_args()
    folder = Path(given.folder)
    truths = read_truths(folder)
    calls: dict[str, list[Path]] = {"mono": [], "stereo": []}
    for path in sorted(folder.iterdir()):
        if path.name.split(".")[0] in truths and path.suffix in (".wav", ".flac", ".mp3", ".ogg"):
            is_stereo = examine(decode(str(path)).samples).layout in (Layout.STEREO, Layout.CROSS_TALK)
            calls["stereo" if is_stereo else "mono"].append(path)
    for kind, paths in calls.items():
        chosen = [paths[round(i)] for i in np.linspace(0, len(paths) - 1, min(given.most, len(paths)))]
        if chosen and given.only in (None, kind):
            side_by_side(kind, chosen, truths, given.whisperx)
    if given.many and given.only in (None, "many"):
        arrangements((calls["mono"] + calls["stereo"])[: given.many])


def side_by_side(kind: str, paths: Sequence[Path], truths: dict[str, Truth], whisperx: str | None) -> None:
    """Each way over the same calls, in a fresh process."""
    seconds = sum(decode(str(path)).duration_ms for path in paths) / 1000
    ways: dict[str, Callable[..., Any]] = {"this pipeline": _pipeline}
    if kind == "mono":
        ways |= {"bare faster-whisper + pyannote": _bare_pair, "batched faster-whisper": _batched}
    else:
        ways |= {"bare faster-whisper, each track": _bare_tracks, "batched faster-whisper": _batched}
    print(f"{kind}: {len(paths)} calls, {seconds:.0f} s")
    first = None
    if whisperx:
        ways["whisperX, words only"] = partial(_whisperx, whisperx)
    for name, way in ways.items():
        try:
            texts = [str(path) for path in paths]
            spent, memory, heard = way(texts) if isinstance(way, partial) else _apart(way, texts)
        except Exception as error:  # noqa: BLE001  # a library that will not run is a line of the table
            print(f"  {name}: {type(error).__name__}: {error}")
            continue
        first = first or spent
        print(
            f"  {name}: {spent:.1f} s (factor {spent / seconds:.3f}, {spent / first:.2f} of this pipeline), {memory:.2f} GB; {_errors(paths, heard, truths)}",
            flush=True,
        )


def _apart(way: Callable[..., Any], paths: list[str]) -> tuple[float, float, list[Heard]]:
    context = get_context("spawn")
    ours, theirs = context.Pipe(False)
    process = context.Process(target=_work, args=(way, paths, theirs))
    process.start()
    theirs.close()
    found = ours.recv()
    process.join()
    if isinstance(found, str):
        raise RuntimeError(found)
    return found  # type: ignore[no-any-return]


def _work(way: Callable[..., Any], paths: list[str], pipe: Any) -> None:
    try:
        with tempfile.TemporaryDirectory() as scratch:
            # One call at a time on all processors: for the bare libraries, too.
            settings = load_settings(threads=os.cpu_count() or 1)
            fresh = settings.model_copy(update={"cache": Path(scratch)})
            (Path(scratch) / "models").symlink_to(settings.model_cache)
            run = way(fresh)
            run(paths[0])
            for kept in Path(scratch).joinpath("work").rglob("*.gz"):
                kept.unlink()
            began = time.perf_counter()
            heard = [run(path) for path in paths]
            spent = time.perf_counter() - began
        pipe.send((spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, heard))
    except Exception as error:  # noqa: BLE001  # told to the parent
        pipe.send(f"{type(error).__name__}: {error}")


def _pipeline(settings: Settings) -> Callable[[str], Heard]:
    from qa_pipeline.conversation.listen import Listener

    listener = Listener(settings)

    def run(path: str) -> Heard:
        call = Call(call_id=Path(path).stem, source_uri=path, audio_sha256=sha256_of(path), language=Path(path).name[:2])
        conversation = listener.listen(call)
        kept = listener.recognised_before(call)
        turns = kept.turns if kept else None
        return " ".join(u.text for u in conversation.utterances), _voices(turns)

    return run


def _voices(turns: Sequence[SpeakerTurn] | None) -> list[tuple[float, float, str]] | None:
    return None if turns is None else [(turn.start_ms / 1000, turn.end_ms / 1000, turn.speaker) for turn in turns]


def _whisper(settings: Settings) -> Any:
    from faster_whisper import WhisperModel

    from qa_pipeline.speech.models import choose_manifest, model_folder

    folder = model_folder(choose_manifest(settings, "asr"), settings)
    return WhisperModel(str(folder), device="cpu", compute_type=settings.compute_type, cpu_threads=settings.threads)


def _bare_pair(settings: Settings) -> Callable[[str], Heard]:
    import torch
    from pyannote.audio import Audio, Model
    from pyannote.audio.core.plda import PLDA
    from pyannote.audio.pipelines.speaker_diarization import SpeakerDiarization
    from pyannote.audio.pipelines.speaker_verification import ONNXWeSpeakerPretrainedSpeakerEmbedding

    from qa_pipeline.speech.models import choose_manifest, model_folder

    whisper = _whisper(settings)
    segmentation = Model.from_pretrained(model_folder(choose_manifest(settings, "segmentation"), settings) / "pytorch_model.bin")
    # As the library's defaults have it: step 0.1, agglomerative clustering, the embedding's own session.
    pipeline = SpeakerDiarization(
        segmentation=segmentation, clustering="OracleClustering", embedding_exclude_overlap=True, plda=PLDA.__new__(PLDA)
    )
    from pyannote.audio.pipelines.clustering import AgglomerativeClustering

    embedding = str(model_folder(choose_manifest(settings, "embedding"), settings) / "campplus.onnx")
    pipeline._embedding = ONNXWeSpeakerPretrainedSpeakerEmbedding(embedding, device=torch.device("cpu"))
    pipeline._audio = Audio(sample_rate=16_000, mono="downmix")
    pipeline.klustering = "AgglomerativeClustering"
    pipeline.clustering = AgglomerativeClustering(metric=pipeline._embedding.metric)
    pipeline.instantiate(
        {"segmentation": {"min_duration_off": 0.0}, "clustering": {"method": "centroid", "threshold": 0.7, "min_cluster_size": 12}}
    )

    def run(path: str) -> Heard:
        audio = decode(path).mixed()
        segments, _ = whisper.transcribe(audio, language=Path(path).name[:2], word_timestamps=True, vad_filter=True)
        text = " ".join(segment.text for segment in segments)
        found = pipeline({"waveform": torch.from_numpy(audio)[None], "sample_rate": 16_000, "uri": "call"}, num_speakers=2)
        annotation = getattr(found, "speaker_diarization", found)
        return text, [(s.start, s.end, str(label)) for s, _, label in annotation.itertracks(yield_label=True)]

    return run


def _bare_tracks(settings: Settings) -> Callable[[str], Heard]:
    whisper = _whisper(settings)

    def run(path: str) -> Heard:
        texts = []
        for track in decode(path).samples:
            segments, _ = whisper.transcribe(track, language=Path(path).name[:2], word_timestamps=True, vad_filter=True)
            texts += [segment.text for segment in segments]
        return " ".join(texts), None

    return run


def _batched(settings: Settings) -> Callable[[str], Heard]:
    from faster_whisper import BatchedInferencePipeline

    batched = BatchedInferencePipeline(_whisper(settings))

    def run(path: str) -> Heard:
        texts = []
        for track in decode(path).samples:
            segments, _ = batched.transcribe(track, language=Path(path).name[:2], word_timestamps=True, batch_size=8)
            texts += [segment.text for segment in segments]
        return " ".join(texts), None

    return run


def _whisperx(python: str, paths: Sequence[str]) -> tuple[float, float, list[Heard]]:
    """Time, memory and words of whisperX on the mix or on each track, in its own interpreter. Its alignment and voices come from the hub: left out."""
    from qa_pipeline.speech.models import choose_manifest, model_folder

    settings = load_settings()
    folder = model_folder(choose_manifest(settings, "asr"), settings)
    with tempfile.TemporaryDirectory() as scratch:
        tracks: list[list[str]] = []
        for number, path in enumerate(paths):
            audio = decode(path)
            is_stereo = examine(audio.samples).layout in (Layout.STEREO, Layout.CROSS_TALK)
            tracks.append([])
            for track, samples in enumerate(audio.samples if is_stereo else [audio.mixed()]):
                tracks[-1].append(f"{scratch}/{Path(path).name[:2]}-{number}-{track}.wav")
                write(Path(tracks[-1][-1]), samples[None])
        script = str(Path(__file__).with_name("side_by_side_whisperx.py"))
        command = [python, "-W", "ignore", script, str(folder), str(os.cpu_count() or 1), *(one for several in tracks for one in several)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    found = json.loads(done.stdout.strip().splitlines()[-1])
    texts = iter(found["texts"])
    return found["seconds"], found["memory"], [(" ".join(next(texts) for _ in several), None) for several in tracks]


def _errors(paths: Sequence[Path], heard: Sequence[Heard], truths: dict[str, Truth]) -> str:
    """Shares of the true words that were not found, whatever their order (parties overlap), and the diarization error."""
    import jiwer
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    missed, total, wrong = Counter[str](), Counter[str](), Counter[str]()
    metric = DiarizationErrorRate(collar=0.0)
    has_voices = False
    for path, (text, voices) in zip(paths, heard, strict=True):
        truth = truths[path.name.split(".")[0]]
        language = truth.language or "en"
        said = " ".join(turn.text or "" for turn in sorted(truth.turns or (), key=lambda turn: turn.start_ms))
        wanted, found = units(said, language), units(text, language)
        measured = jiwer.process_words(" ".join(wanted), " ".join(found) or "-")
        wrong[language] += measured.substitutions + measured.deletions + measured.insertions
        missed[language] += sum((Counter(wanted) - Counter(found)).values())
        total[language] += len(wanted)
        if voices is not None:
            has_voices = True
            reference, hypothesis = Annotation(), Annotation()
            for number, turn in enumerate(truth.turns or ()):
                reference[Segment(turn.start_ms / 1000, turn.end_ms / 1000), number] = turn.speaker
            for number, (start, end, voice) in enumerate(voices):
                hypothesis[Segment(start, end), number] = voice
            metric(reference, hypothesis, uem=Timeline([reference.get_timeline().extent() | hypothesis.get_timeline().extent()]))
    words = ", ".join(
        f"{'CER' if is_han(language) else 'WER'} {language} {100 * wrong[language] / total[language]:.1f} % (not found {100 * missed[language] / total[language]:.1f} %)"
        for language in sorted(total)
    )
    return words + (f", DER {100 * abs(metric):.1f} %" if has_voices else "")


def arrangements(paths: Sequence[Path]) -> None:
    """Many calls: one process with all threads, or a process for each processor with one thread."""
    from qa_pipeline.recordings.ingest import Intake
    from qa_pipeline.running.batch import carry_out
    from qa_pipeline.running.environment import open_store
    from qa_pipeline.running.plan import plan
    from qa_pipeline.running.run import Run

    processors = os.cpu_count() or 1
    seconds = sum(decode(str(path)).duration_ms for path in paths) / 1000
    calls = tuple(
        Call(call_id=path.stem, source_uri=str(path), audio_sha256=sha256_of(str(path)), language=path.name[:2]) for path in paths
    )
    print(f"many calls: {len(calls)} calls, {seconds:.0f} s, starting processes and loading models included")
    for workers, threads in ((1, processors), (processors, 1)):
        with tempfile.TemporaryDirectory() as scratch:
            plain = load_settings()
            settings = plain.model_copy(
                update={"cache": Path(scratch), "workers": workers, "threads": threads, "results": f"{scratch}/results"}
            )
            (Path(scratch) / "models").symlink_to(plain.model_cache)
            run = Run(settings=settings, store=open_store(settings), rubrics={}, purpose="trial")
            planned = plan(Intake(calls=calls), run)
            began = time.perf_counter()
            done = carry_out(planned, run)
            spent = time.perf_counter() - began
        print(
            f"  {workers} processes of {threads} threads: {spent:.1f} s, {3600 * spent / seconds / 60:.1f} min an hour of audio, {done.processed} calls",
            flush=True,
        )


if __name__ == "__main__":
    main()
