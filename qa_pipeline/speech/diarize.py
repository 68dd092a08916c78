"""Who spoke when: samples in, turns by voice out. Which voice is the agent is decided elsewhere (conversation/roles.py).

pyannote's segmentation (segmentation.py) says, in overlapping windows of ten seconds, where no voice, one or several speak; its reconstruction
(reconstruct.py) turns labelled windows into turns. Between the two stands this module: it takes the *stretches* in which one voice speaks without a
pause, embeds pieces of them once (features are computed once for the whole call), groups the pieces by voice, which also counts the voices, and labels
each stretch of each window. Labelling stretches rather than whole local speakers matters where two voices are alike: there the
segmentation gives both the same local speaker. What was measured is in docs/decisions/diarization.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import SpeakerTurn
from qa_pipeline.errors import ModelError
from qa_pipeline.speech.reconstruct import close_pauses, count_voices, read_turns, runs, voices_in_frames

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]

SAMPLE_RATE = 16_000
SHORTEST_SAMPLES = SAMPLE_RATE // 10

# Feature frames of 10 ms, each seen through 25 ms.
_FRAME_SECONDS = 0.01
_FRAME_MIDDLE_SECONDS = 0.0125
_PIECE_FRAMES = 150
_SHORTEST_PIECE_FRAMES = 25
# Windows this far apart are embedded: each moment about twice, whatever the step of the windows.
_EMBEDDING_HOP_SECONDS = 5.0
_BATCH = 16

# Numbers of the voice grouping; docs/decisions/diarization.md says what they were found on.
_MAX_VOICES = 3
_TREE_DISTANCE = 0.5
_MAX_TREE_PIECES = 4000
# How alike (cosine) two groups must be to be one voice, by the seconds of the briefer; under 0.3 s they always are.
_ALIKE_SECONDS = (0.3, 0.5, 1.0, 3.0)
_ALIKE = (0.25, 0.42, 0.56, 0.66)
_THIRD_VOICE_SECONDS = 3.0
# How much more like itself than like the next voice (mean cosine) a voice must be, by its seconds; under 3 s it is not asked.
_COHESION_SECONDS = (3.0, 10.0)
_COHESION = (0.18, 0.08)
# How much the halves of a voice must differ (mean cosine within less between) to be two, by the voices there are: a second is likelier than
# a third. Halves with less speech are left together.
_SISTER_GAP = {1: 0.10, 2: 0.15}
_SISTER_SECONDS = 6.0
# How much a stretch listens to the rest of its local speaker.
_COMPANY = 0.05
# A voice keeps its turn through a pause of a second in which nobody else speaks (chosen, not measured); speech as such is closed over 0.3 s,
# as in the NIST evaluations (https://www.nist.gov/itl/iad/mig/rich-transcription-evaluation).
TURN_PAUSE_MS = 1000
SPEECH_PAUSE_MS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Diarization:
    """Turns of one recording.

    `turns`: at most one voice at a time, in order, through pauses of up to a second; what words are joined on. `overlapping`: speech as
    such, also of voices together, through pauses of up to 0.3 s. `speakers`: labels in order of first speech. `embeddings`: speaker → 192
    floats of L2 norm 1.
    """

    turns: tuple[SpeakerTurn, ...]
    overlapping: tuple[SpeakerTurn, ...]
    speakers: tuple[str, ...]
    embeddings: Mapping[str, tuple[float, ...]]


class Diarizer:
    """The two models, loaded once; `diarize` any number of recordings with it."""

    def __init__(self, *, segmentation: Path, embedding: Path, step: float, threads: int, device: str = "cpu") -> None:
        """Load `pytorch_model.bin` of the segmentation and `campplus.onnx` of the embedding.

        `step`: hop of the segmentation window as a share of its ten seconds. `threads`: for the embedding; the segmentation uses one.
        Raises ModelError when a file is not there.
        """
        for path in (segmentation, embedding):
            if not path.is_file():
                raise ModelError(f"{path} is not there.", advice="Run `qa-pipeline models pull`.")
        from qa_pipeline.speech.segmentation import Segmentation

        self._segmentation = Segmentation(segmentation, step=step, device=device)
        self._embedding = _load_embedding(embedding, threads=threads, device=device)

    def diarize(self, audio: NDArray[np.float32]) -> Diarization:
        """Turns of `audio`: (samples,) float32 in [-1, 1] at 16 kHz, one channel. Silence gives no turns."""
        import torch

        if len(audio) < SHORTEST_SAMPLES:
            return EMPTY
        waveform = torch.from_numpy(np.ascontiguousarray(audio, dtype=np.float32))
        with one_torch_thread():
            windows = self._segmentation.windows(waveform)
            if not windows.active.any():
                return EMPTY
            features = _features(waveform)
        frames = self._segmentation.frames
        grid = Grid(
            step=frames.step / _FRAME_SECONDS,
            hop=windows.hop / _FRAME_SECONDS,
            offset=(frames.seconds / 2 - _FRAME_MIDDLE_SECONDS) / _FRAME_SECONDS,
            length=len(features),
        )
        pieces = find_pieces(windows.active, grid)
        vectors = self._embed(features, pieces)
        labels = group_voices(vectors, pieces)
        centroids = _centroids(vectors, labels)
        labelled = label_windows(windows.active, grid, _evidence(pieces, vectors @ centroids.T, grid.length))
        count = count_voices(windows, frames)
        turns = []
        for most, pause_ms in ((len(centroids), SPEECH_PAUSE_MS), (1, TURN_PAUSE_MS)):
            speaking = voices_in_frames(labelled, np.minimum(count, most), windows, frames)
            turns.append(close_pauses(read_turns(speaking, frames, len(audio) * 1000 // SAMPLE_RATE), pause_ms))
        together, alone = turns
        return _name_speakers(alone, together, centroids)

    def _embed(self, features: Floats, pieces: Integers) -> Floats:
        """(pieces, 192), L2 norm 1. A short piece is repeated to the common length, so that all go through in equal batches."""
        if not len(pieces):
            return np.zeros((0, self._embedding.get_outputs()[0].shape[1]), np.float32)
        found = []
        for first in range(0, len(pieces), _BATCH):
            batch = pieces[first : first + _BATCH]
            feats = np.stack([features[start + np.arange(_PIECE_FRAMES) % (end - start)] for start, end in batch])
            found.append(self._embedding.run(["embs"], {"feats": feats})[0])
        return _unit(np.concatenate(found))


EMPTY = Diarization(turns=(), overlapping=(), speakers=(), embeddings={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where segmentation frames lie among feature frames: frame `i` of window `c` is feature frame c·hop + i·step + offset."""

    step: float
    hop: float
    offset: float
    length: int

    def place(self, window: int, frame: int) -> int:
        return min(self.length, max(0, round(window * self.hop + frame * self.step + self.offset)))


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Let PyTorch use one thread, then as many as before.

    The segmentation is many small steps: two threads that wait for each other took 3 to 12 times the processor time of one on a busy
    machine (docs/decisions/diarization.md).
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _load_embedding(path: Path, *, threads: int, device: str) -> Any:
    import onnxruntime

    # Spinning threads would take the processor from the segmentation and from other workers.
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = [*(["CUDAExecutionProvider"] if device.startswith("cuda") else []), "CPUExecutionProvider"]
    return onnxruntime.InferenceSession(str(path), sess_options=options, providers=providers)


def _features(waveform: torch.Tensor) -> Floats:
    """(feature frames, 80): loudness of bands, less their mean, as WeSpeaker's models are trained on (https://github.com/wenet-e2e/wespeaker)."""
    from torchaudio.compliance import kaldi

    bands = kaldi.fbank(waveform[None] * (1 << 15), num_mel_bins=80, sample_frequency=SAMPLE_RATE, window_type="hamming")
    features: Floats = (bands - bands.mean(dim=0, keepdim=True)).numpy()
    return features


def find_pieces(windows: Floats, grid: Grid) -> Integers:
    """(pieces, 2): half-open spans of feature frames, at most 1.5 s each, in which one voice speaks alone and without a pause.

    `windows`: (windows, frames, local speakers), 0 or 1. Windows about five seconds apart are used, and the last.
    """
    chosen = sorted({*range(0, len(windows), max(1, round(_EMBEDDING_HOP_SECONDS / _FRAME_SECONDS / grid.hop))), len(windows) - 1})
    pieces = []
    for window in chosen:
        alone = windows[window].sum(axis=1) == 1
        for speaker in range(windows.shape[2]):
            for first, last in runs(alone & (windows[window, :, speaker] > 0)):
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


def group_voices(vectors: Floats, pieces: Integers) -> Integers:
    """(pieces,): which voice speaks each piece, numbered from 0; one, two or three voices.

    `vectors`: (pieces, width) of L2 norm 1; `pieces` as of `find_pieces`. A tree makes small pure groups; the most alike are joined until
    the rest differ; then each voice with much speech is looked at again, for two voices as alike as sisters.
    """
    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    thin = slice(None, None, -(-len(vectors) // _MAX_TREE_PIECES))
    seconds = own_seconds(pieces)[thin] * len(vectors) / len(vectors[thin])
    group = _Group(vectors=vectors[thin], seconds=seconds, pieces=pieces[thin])
    labels = _part_sisters(group, _join_scattered(group, _join_alike(group)))
    nearest: Integers = (vectors @ _centroids(group.vectors * seconds[:, None], labels).T).argmax(axis=1)
    renumbered: Integers = np.unique(nearest, return_inverse=True)[1]
    return renumbered


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Pieces to be told apart: `vectors` (pieces, width), `seconds` (pieces,), `pieces` (pieces, 2)."""

    vectors: Floats
    seconds: Floats
    pieces: Integers

    def spoken(self, labels: Integers) -> Floats:
        """(voices,): seconds of speech."""
        return np.bincount(labels, weights=self.seconds).astype(np.float64)

    def likeness(self, labels: Integers) -> Floats:
        """(voices, voices): mean cosine of pieces that share no audio; 0 where there is no such pair."""
        starts, ends = self.pieces[:, 0], self.pieces[:, 1]
        apart = np.maximum.outer(starts, starts) >= np.minimum.outer(ends, ends)
        of_voice = np.eye(labels.max() + 1)[labels]
        pairs = of_voice.T @ apart @ of_voice
        likeness: Floats = of_voice.T @ ((self.vectors @ self.vectors.T) * apart) @ of_voice / np.maximum(pairs, 1)
        return likeness


def _join_alike(group: _Group) -> Integers:
    """Labels after joining, most alike first, groups that are one voice, then what is too little or too many for a third voice."""
    from scipy.cluster.hierarchy import fcluster, linkage  # type: ignore[import-untyped]  # scipy ships no types

    labels: Integers = fcluster(linkage(group.vectors, "average", metric="cosine"), _TREE_DISTANCE, "distance").astype(np.int64) - 1
    while labels.max() > 0:
        spoken = group.spoken(labels)
        centroids = _centroids(group.vectors * group.seconds[:, None], labels)
        alike = centroids @ centroids.T
        np.fill_diagonal(alike, -np.inf)
        margin = alike - np.interp(np.minimum.outer(spoken, spoken), _ALIKE_SECONDS, _ALIKE, left=-1.0)
        first, second = np.unravel_index(margin.argmax(), margin.shape)
        if margin[first, second] < 0:
            smallest = spoken.argmin()
            if len(spoken) < 3 or (len(spoken) == _MAX_VOICES and spoken[smallest] >= _THIRD_VOICE_SECONDS):
                break
            first, second = smallest, alike[smallest].argmax()
        labels = _join(labels, int(first), int(second))
    return labels


def _join_scattered(group: _Group, labels: Integers) -> Integers:
    """Labels after joining voices that are hardly more like themselves than like another: noise, a bad line, shouting."""
    while labels.max() > 0:
        likeness = group.likeness(labels)
        others = likeness - np.diag(np.full(len(likeness), np.inf))
        margin = likeness.diagonal() - others.max(axis=1) - np.interp(group.spoken(labels), _COHESION_SECONDS, _COHESION, left=-np.inf)
        loosest = int(margin.argmin())
        if margin[loosest] >= 0:
            break
        labels = _join(labels, loosest, int(others[loosest].argmax()))
    return labels


def _part_sisters(group: _Group, labels: Integers) -> Integers:
    """Labels after parting voices whose halves are each clearly more like themselves than like the other half."""
    while (voices := int(labels.max()) + 1) < _MAX_VOICES:
        best, parted = _SISTER_GAP[voices], None
        for voice in range(voices):
            attempt = labels.copy()
            attempt[labels == voice] = np.where(_halve(group.vectors[labels == voice], group.seconds[labels == voice]), voices, voice)
            if attempt.max() == voices and group.spoken(attempt)[[voice, voices]].min() >= _SISTER_SECONDS:
                likeness = group.likeness(attempt)
                gap = (likeness[voice, voice] + likeness[voices, voices]) / 2 - likeness[voice, voices]
                if gap >= best:
                    best, parted = gap, attempt
        if parted is None:
            break
        labels = parted
    return labels


def _halve(vectors: Floats, seconds: Floats) -> Booleans:
    """(pieces,): which of two halves each piece is in: Ward's tree, then each to the nearer mean until nothing moves (at most ten times)."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(vectors) < 4:
        return np.zeros(len(vectors), np.bool_)
    half: Integers = fcluster(linkage(vectors, "ward"), 2, "maxclust").astype(np.int64) - 1
    for _ in range(10):
        moved = (vectors @ _centroids(vectors * seconds[:, None], half).T).argmax(axis=1)
        if moved.min() == moved.max() or (moved == half).all():
            break
        half = moved
    return half > 0


def _join(labels: Integers, first: int, second: int) -> Integers:
    kept = np.where(labels == max(first, second), min(first, second), labels)
    return np.where(kept > max(first, second), kept - 1, kept)


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

    `evidence`: (feature frames + 1, voices), running sums. A stretch without any, all of it under another voice, is given to none: the
    reconstruction then gives that time to whichever voice is left.
    """
    labelled = np.zeros((*windows.shape[:2], evidence.shape[1]))
    for window, activity in enumerate(windows):
        for speaker in range(windows.shape[2]):
            stretches = list(runs(activity[:, speaker] > 0))
            heard = [evidence[grid.place(window, last)] - evidence[grid.place(window, first)] for first, last in stretches]
            company = _COMPANY * np.sum(heard, axis=0)
            for (first, last), own in zip(stretches, heard, strict=True):
                score = own + company
                if len(score) == 1 or score.any():
                    labelled[window, first:last, score.argmax()] = 1
    return labelled


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


def _centroids(vectors: Floats, labels: Integers) -> Floats:
    """(voices, width) of L2 norm 1; one of zeros where there is no piece."""
    return _unit(np.stack([vectors[labels == voice].sum(axis=0) for voice in range(int(labels.max(initial=0)) + 1)]))
