"""Who spoke when: samples in, turns by voice out. Which voice is the agent is decided elsewhere (conversation/roles.py).

pyannote's segmentation says, in overlapping windows of ten seconds, where no voice, one or several speak; its reconstruction turns
labelled windows into turns. Between the two stands this module: it takes the *stretches* in which one voice speaks without a pause, embeds
pieces of them once (features are computed once for the whole call), groups the pieces by voice, which also counts the voices, and labels
each stretch of each window. Labelling stretches rather than whole local speakers matters where two voices are alike: there the
segmentation gives both the same local speaker. What was measured is in docs/decisions/diarization.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import SpeakerTurn
from qa_pipeline.errors import ModelError
from qa_pipeline.telemetry import disable_telemetry

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]

SAMPLE_RATE = 16_000
_SHORTEST_SAMPLES = SAMPLE_RATE // 10

# Feature frames of 10 ms, each seen through 25 ms.
_FRAME_SECONDS = 0.01
_FRAME_MIDDLE_SECONDS = 0.0125
_PIECE_FRAMES = 150
_SHORTEST_PIECE_FRAMES = 25
# Windows this far apart are embedded: each moment about twice, whatever the step of the windows.
_EMBEDDING_HOP_SECONDS = 5.0
_BATCH = 16

# Numbers of the voice grouping; how they were found is in docs/decisions/diarization.md.
_TREE_DISTANCE = 0.5
_MAX_TREE_PIECES = 4000
_MAX_VOICES = 3
_ALIKE = 0.66
_ALIKE_WHEN_BRIEF = 0.30
_BRIEF_SECONDS = 0.5
_AMPLE_SECONDS = 3.0
_THIRD_VOICE_SECONDS = 3.0
# How much a stretch listens to the rest of its local speaker.
_COMPANY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Diarization:
    """Turns of one recording.

    `turns`: at most one voice at a time, in order; what words are joined on. `overlapping`: also voices that speak together; what error
    rates are measured on. `speakers`: labels in order of first speech. `embeddings`: speaker → 192 floats of L2 norm 1.
    """

    turns: tuple[SpeakerTurn, ...]
    overlapping: tuple[SpeakerTurn, ...]
    speakers: tuple[str, ...]
    embeddings: Mapping[str, tuple[float, ...]]


class Diarizer:
    """The two models, loaded once; `diarize` any number of recordings with it."""

    def __init__(self, *, segmentation: Path, embedding: Path, step: float, threads: int, device: str = "cpu") -> None:
        """Load `pytorch_model.bin` of the segmentation and `campplus.onnx` of the embedding.

        `step`: hop of the segmentation window as a share of its ten seconds. `threads` holds for this process's PyTorch as a whole.
        Raises ModelError when a file is not there.
        """
        for path in (segmentation, embedding):
            if not path.is_file():
                raise ModelError(f"{path} is not there.", advice="Run `qa-pipeline models pull`.")
        self._pipeline = _load_pipeline(segmentation, embedding, step=step, threads=threads, device=device)

    def diarize(self, audio: NDArray[np.float32]) -> Diarization:
        """Turns of `audio`: (samples,) float32 in [-1, 1] at 16 kHz, one channel. Silence gives no turns."""
        import torch
        from pyannote.core import SlidingWindowFeature

        if len(audio) < _SHORTEST_SAMPLES:
            return _EMPTY
        pipeline = self._pipeline
        waveform = torch.from_numpy(np.ascontiguousarray(audio, dtype=np.float32))[None]
        windows = pipeline.get_segmentations({"waveform": waveform, "sample_rate": SAMPLE_RATE, "uri": "call"})
        if not windows.data.any():
            return _EMPTY
        features = pipeline._embedding.compute_fbank(waveform[None])[0].numpy(force=True)
        frames = pipeline._segmentation.model.receptive_field
        grid = Grid(
            step=frames.step / _FRAME_SECONDS,
            hop=windows.sliding_window.step / _FRAME_SECONDS,
            offset=(frames.duration / 2 - _FRAME_MIDDLE_SECONDS) / _FRAME_SECONDS,
            length=len(features),
        )
        pieces = find_pieces(windows.data, grid)
        vectors = self._embed(features, pieces)
        labels = group_voices(vectors, own_seconds(pieces))
        voices = int(labels.max(initial=0)) + 1
        centroids = _centroids(vectors, labels, voices)
        by_voice = label_windows(windows.data, grid, _evidence(pieces, vectors @ centroids.T, grid.length))
        count = pipeline.speaker_count(windows, frames, warm_up=(0.0, 0.0))
        annotations = []
        for most in (voices, 1):
            count.data = np.minimum(count.data, most).astype(np.int8)
            discrete = pipeline.to_diarization(SlidingWindowFeature(by_voice.copy(), windows.sliding_window), count)
            annotations.append(pipeline.to_annotation(discrete))
        together, alone = (_read_turns(annotation, len(audio) * 1000 // SAMPLE_RATE) for annotation in annotations)
        return _name_speakers(alone, together, centroids)

    def _embed(self, features: Floats, pieces: Integers) -> Floats:
        """(pieces, 192), L2 norm 1. A short piece is repeated to the common length, so that all go through in equal batches."""
        embedding = self._pipeline._embedding
        if not len(pieces):
            return np.zeros((0, embedding.dimension), np.float32)
        found = []
        for first in range(0, len(pieces), _BATCH):
            batch = pieces[first : first + _BATCH]
            feats = np.stack([features[start + np.arange(_PIECE_FRAMES) % (end - start)] for start, end in batch])
            found.append(embedding.session_.run(["embs"], {"feats": feats})[0])
        return _unit(np.concatenate(found))


_EMPTY = Diarization(turns=(), overlapping=(), speakers=(), embeddings={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where segmentation frames lie among feature frames: frame `i` of window `c` is feature frame c·hop + i·step + offset."""

    step: float
    hop: float
    offset: float
    length: int

    def place(self, window: int, frame: int) -> int:
        return min(self.length, max(0, round(window * self.hop + frame * self.step + self.offset)))


def _load_pipeline(segmentation: Path, embedding: Path, *, step: float, threads: int, device: str) -> Any:
    disable_telemetry()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import onnxruntime
        import torch
        from pyannote.audio import Model
        from pyannote.audio.core.plda import PLDA
        from pyannote.audio.pipelines.speaker_diarization import SpeakerDiarization
        from pyannote.audio.pipelines.speaker_verification import ONNXWeSpeakerPretrainedSpeakerEmbedding

        torch.set_num_threads(threads)
        # The constructor would choose the embedding class by words in the path, and insists on a PLDA. This clustering asks for neither.
        pipeline = SpeakerDiarization(
            segmentation=Model.from_pretrained(segmentation),
            segmentation_step=step,
            segmentation_batch_size=_BATCH,
            clustering="OracleClustering",
            plda=PLDA.__new__(PLDA),
        )
        pipeline._embedding = ONNXWeSpeakerPretrainedSpeakerEmbedding(str(embedding), device=torch.device(device))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = pipeline._embedding.session_.get_providers()
        pipeline._embedding.session_ = onnxruntime.InferenceSession(str(embedding), sess_options=options, providers=providers)
        pipeline._segmentation.to(torch.device(device))
    return pipeline


def _runs(mask: Booleans) -> Iterator[tuple[int, int]]:
    """Each run of True as half-open (start, end)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def find_pieces(windows: Floats, grid: Grid) -> Integers:
    """(pieces, 2): half-open spans of feature frames, at most 1.5 s each, in which one voice speaks alone and without a pause.

    `windows`: (windows, frames, local speakers), 0 or 1. Windows about five seconds apart are used, and the last.
    """
    chosen = sorted({*range(0, len(windows), max(1, round(_EMBEDDING_HOP_SECONDS / _FRAME_SECONDS / grid.hop))), len(windows) - 1})
    pieces = []
    for window in chosen:
        alone = windows[window].sum(axis=1) == 1
        for speaker in range(windows.shape[2]):
            for first, last in _runs(alone & (windows[window, :, speaker] > 0)):
                start, end = grid.place(window, first), grid.place(window, last)
                if end - start >= _SHORTEST_PIECE_FRAMES:
                    parts = max(1, -(-(end - start) // _PIECE_FRAMES))
                    starts = np.linspace(start, max(start, end - _PIECE_FRAMES), parts).round().astype(int)
                    pieces += [(int(begin), min(int(begin) + _PIECE_FRAMES, end)) for begin in starts]
    return np.array(pieces, dtype=np.int64).reshape(-1, 2)


def own_seconds(pieces: Integers) -> Floats:
    """(pieces,): seconds of each piece, time shared with other pieces divided among them; they add up to the time covered."""
    if not len(pieces):
        return np.zeros(0)
    cover = np.zeros(pieces.max() + 1)
    for start, end in pieces:
        cover[start:end] += 1
    share = np.concatenate(([0.0], np.cumsum(np.divide(1.0, cover, out=np.zeros_like(cover), where=cover > 0))))
    seconds: Floats = (share[pieces[:, 1]] - share[pieces[:, 0]]) * _FRAME_SECONDS
    return seconds


def group_voices(vectors: Floats, seconds: Floats) -> Integers:
    """(pieces,): which voice speaks each piece, numbered from 0; one, two or three voices.

    `vectors`: (pieces, width) of L2 norm 1. `seconds`: (pieces,) of speech each stands for. A tree (average linkage, cosine) makes small
    pure groups; then the two most alike groups are joined until the rest are different voices. How alike two voices may be depends on how
    much the briefer one says.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    sparse = slice(None, None, -(-len(vectors) // _MAX_TREE_PIECES))
    groups = fcluster(linkage(vectors[sparse], "average", metric="cosine"), _TREE_DISTANCE, "distance") - 1
    count = int(groups.max()) + 1
    sums = np.stack([(vectors[sparse][groups == group] * seconds[sparse][groups == group, None]).sum(axis=0) for group in range(count)])
    spoken = np.array([seconds[sparse][groups == group].sum() for group in range(count)]) * len(vectors) / len(vectors[sparse])
    while len(sums) > 1:
        pair = _pair_to_join(_unit(sums) @ _unit(sums).T, spoken)
        if pair is None:
            break
        kept, joined = pair
        sums[kept] += sums[joined]
        spoken[kept] += spoken[joined]
        sums, spoken = np.delete(sums, joined, axis=0), np.delete(spoken, joined)
    nearest: Integers = (vectors @ _unit(sums).T).argmax(axis=1)
    return nearest


def _pair_to_join(alike: Floats, spoken: Floats) -> tuple[int, int] | None:
    """The groups to join next, None when all are voices of their own. `alike`: cosines between groups, `spoken`: seconds of each."""
    briefer = np.minimum.outer(spoken, spoken)
    ampleness = np.clip((briefer - _BRIEF_SECONDS) / (_AMPLE_SECONDS - _BRIEF_SECONDS), 0, 1)
    limit = np.where(briefer < _BRIEF_SECONDS, -1.0, _ALIKE_WHEN_BRIEF + ampleness * (_ALIKE - _ALIKE_WHEN_BRIEF))
    margin = alike - limit
    np.fill_diagonal(margin, -np.inf)
    first, second = sorted(int(index) for index in np.unravel_index(margin.argmax(), margin.shape))
    if margin[first, second] >= 0:
        return first, second
    if len(spoken) > 2:
        smallest = int(spoken.argmin())
        if spoken[smallest] < _THIRD_VOICE_SECONDS or len(spoken) > _MAX_VOICES:
            others = alike[smallest].copy()
            others[smallest] = -np.inf
            first, second = sorted((smallest, int(others.argmax())))
            return first, second
    return None


def _evidence(pieces: Integers, cosines: Floats, length: int) -> Floats:
    """(length + 1, voices): running sum over feature frames of how much more each voice is heard there than the average voice."""
    total, cover = np.zeros((length, cosines.shape[1])), np.zeros((length, 1))
    centred = cosines - cosines.mean(axis=1, keepdims=True) if len(cosines) else cosines
    for (start, end), cosine in zip(pieces, centred, strict=True):
        total[start:end] += cosine
        cover[start:end] += 1
    return np.concatenate((np.zeros((1, total.shape[1])), np.cumsum(total / np.maximum(cover, 1), axis=0)))


def label_windows(windows: Floats, grid: Grid, evidence: Floats) -> NDArray[np.float64]:
    """(windows, frames, voices), 0 or 1: each stretch of each local speaker given to the voice with most evidence.

    A stretch without any evidence (all of it under another voice) is given to none.
    """
    labelled = np.zeros((*windows.shape[:2], evidence.shape[1]))
    single = evidence.shape[1] == 1
    for window, activity in enumerate(windows):
        for speaker in range(windows.shape[2]):
            stretches = list(_runs(activity[:, speaker] > 0))
            places = [(grid.place(window, first), grid.place(window, last)) for first, last in stretches]
            own = [evidence[end] - evidence[start] for start, end in places]
            company = _COMPANY * np.sum(own, axis=0) if own else 0.0
            for (first, last), heard in zip(stretches, own, strict=True):
                score = heard + company
                if single or score.any():
                    labelled[window, first:last, int(score.argmax())] = 1
    return labelled


def _read_turns(annotation: Any, duration_ms: int) -> list[tuple[int, int, int]]:
    """(start_ms, end_ms, voice) in order, cut at the end of the recording: the last window is padded with silence."""
    turns = []
    for segment, _, voice in annotation.itertracks(yield_label=True):
        start_ms, end_ms = max(0, round(segment.start * 1000)), min(duration_ms, round(segment.end * 1000))
        if start_ms < end_ms:
            turns.append((start_ms, end_ms, int(voice)))
    return sorted(turns)


def _name_speakers(alone: list[tuple[int, int, int]], together: list[tuple[int, int, int]], centroids: Floats) -> Diarization:
    order = list(dict.fromkeys(voice for *_, voice in (*alone, *together)))
    names = {voice: f"speaker_{number}" for number, voice in enumerate(order)}

    def named(turns: list[tuple[int, int, int]]) -> tuple[SpeakerTurn, ...]:
        return tuple(SpeakerTurn(speaker=names[voice], start_ms=start_ms, end_ms=end_ms) for start_ms, end_ms, voice in turns)

    return Diarization(
        turns=named(alone),
        overlapping=named(together),
        speakers=tuple(names.values()),
        embeddings={name: tuple(centroids[voice].tolist()) for voice, name in names.items()},
    )


def _unit(vectors: Floats) -> Floats:
    scaled: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return scaled


def _centroids(vectors: Floats, labels: Integers, voices: int) -> Floats:
    return _unit(np.stack([vectors[labels == voice].sum(axis=0) for voice in range(voices)]))
