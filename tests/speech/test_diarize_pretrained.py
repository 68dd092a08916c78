"""A whole pyannote pipeline from a folder: a small one is made here, with the real segmentation and an embedding nobody trained."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.errors import ModelError
from qa_pipeline.recordings.audio import SAMPLE_RATE, decode
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.diarize_pretrained import PretrainedDiarizer
from qa_pipeline.speech.models import choose_manifest, model_folder
from qa_pipeline.speech.reconstruct import count_voices, read_turns, voices_in_frames

CONFIG = """
dependencies: {pyannote.audio: 4.0.0}
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    segmentation_batch_size: 8
    embedding: $model/embedding
    embedding_batch_size: 8
    embedding_exclude_overlap: true
    plda: $model/plda
params:
  clustering: {threshold: 0.6, Fa: 0.07, Fb: 0.8}
  segmentation: {min_duration_off: 0.0}
"""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as community-1 is."""
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34
    from pytorch_lightning import Trainer

    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    for name in ("segmentation", "embedding", "plda"):
        (folder / name).mkdir()
    settings = load_settings()
    weights = model_folder(choose_manifest(settings, "segmentation"), settings) / "pytorch_model.bin"
    shutil.copyfile(weights, folder / "segmentation" / "pytorch_model.bin")
    torch.manual_seed(0)
    embedding = WeSpeakerResNet34()
    embedding.specifications = Specifications(problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=10.0)
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    trainer.strategy.connect(embedding)
    trainer.save_checkpoint(folder / "embedding" / "pytorch_model.bin")
    rng = np.random.default_rng(0)
    lda = np.linalg.qr(rng.normal(size=(256, 128)))[0]
    np.savez(folder / "plda" / "xvec_transform.npz", mean1=np.zeros(256), mean2=np.zeros(128), lda=lda)
    np.savez(folder / "plda" / "plda.npz", mu=np.zeros(128), tr=np.eye(128), psi=np.linspace(2.0, 0.1, 128))
    return folder


def sample() -> NDArray[np.float32]:
    from pyannote import audio as packaged

    return decode(str(Path(packaged.__file__).parent / "sample" / "sample.wav")).mixed()[5 * SAMPLE_RATE : 17 * SAMPLE_RATE]


@pytest.mark.models
@pytest.mark.filterwarnings("ignore")
def test_a_pipeline_of_a_folder_gives_turns_as_ours_does(pipeline: Path) -> None:
    diarizer = PretrainedDiarizer(pipeline)
    found = diarizer.diarize(sample())
    spoken = sum(turn.end_ms - turn.start_ms for turn in found.turns)
    # From 6.7 s of the sample on somebody always speaks; who speaks an untrained embedding cannot tell.
    assert 9_000 < spoken < 11_000
    assert 1 <= len(found.speakers) <= 3
    assert {turn.speaker for turn in (*found.turns, *found.overlapping)} == set(found.speakers)
    assert all(a.end_ms <= b.start_ms for a, b in zip(found.turns, found.turns[1:], strict=False))
    assert {len(vector) for vector in found.embeddings.values()} == {256}
    assert diarizer.diarize(np.zeros(32_000, np.float32)).turns == ()
    assert diarizer.diarize(np.zeros(10, np.float32)).turns == ()


@pytest.mark.models
def test_a_folder_without_a_pipeline_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no pyannote pipeline"):
        PretrainedDiarizer(tmp_path)


@pytest.mark.models
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("seconds", "step"), [(8.3, 0.1), (10.0, 0.25), (12.0, 0.25)])
def test_windows_and_turns_are_those_of_pyannote_itself(seconds: float, step: float) -> None:
    """A recording shorter than a window, as long as one, and one that is no whole number of hops longer."""
    import torch
    from pyannote.audio import Inference, Model
    from pyannote.audio.pipelines.utils import SpeakerDiarizationMixin

    from qa_pipeline.speech.segmentation import Segmentation

    settings = load_settings()
    path = model_folder(choose_manifest(settings, "segmentation"), settings) / "pytorch_model.bin"
    sound = torch.from_numpy(sample()[: int(seconds * SAMPLE_RATE)])
    model = Model.from_pretrained(path)
    theirs = Inference(model, step=step * 10, skip_aggregation=True, batch_size=16)({"waveform": sound[None], "sample_rate": SAMPLE_RATE})
    segmentation = Segmentation(path, step=step, device="cpu")
    windows, frames = segmentation.windows(sound), segmentation.frames
    assert windows.active.any()
    assert np.array_equal(windows.active, theirs.data)
    assert (windows.seconds, windows.hop) == (theirs.sliding_window.duration, theirs.sliding_window.step)
    assert (frames.step, frames.seconds) == (model.receptive_field.step, model.receptive_field.duration)
    count = SpeakerDiarizationMixin.speaker_count(theirs, model.receptive_field, warm_up=(0.0, 0.0))
    assert count_voices(windows, frames).tolist() == count.data[:, 0].tolist()
    discrete = SpeakerDiarizationMixin.to_diarization(theirs, count)
    turns = [
        (round(segment.start * 1000), round(segment.end * 1000), voice)
        for segment, _, voice in SpeakerDiarizationMixin.to_annotation(discrete).itertracks(yield_label=True)
    ]
    speaking = voices_in_frames(windows.active, count_voices(windows, frames), windows, frames)
    assert read_turns(speaking, frames, 60_000) == sorted(turns)
