"""Voices told apart: the pure steps worked by hand, then the real models on pyannote's packaged sample."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.errors import ModelError
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.diarize import Diarizer, Grid, find_pieces, group_voices, label_windows, own_seconds
from qa_pipeline.speech.models import load_manifest, model_folder

# One segmentation frame is one feature frame, and windows follow one another without overlap: places are easy to see.
PLAIN = Grid(step=1.0, hop=1000.0, offset=0.0, length=2000)


def voice(axis: int, *, width: int = 8) -> NDArray[np.float64]:
    """A unit vector along one axis: voices of different axes are wholly unlike."""
    vector: NDArray[np.float64] = np.eye(width)[axis]
    return vector


def windows_with(*spans: tuple[int, int, int, int], windows: int = 2) -> NDArray[np.float32]:
    """(windows, 1000, 3) with activity at (window, speaker, first, last)."""
    activity = np.zeros((windows, 1000, 3), np.float32)
    for window, speaker, first, last in spans:
        activity[window, first:last, speaker] = 1
    return activity


class TestPieces:
    def test_a_stretch_longer_than_a_piece_is_cut_into_even_pieces(self) -> None:
        assert find_pieces(windows_with((0, 0, 100, 400), windows=1), PLAIN).tolist() == [[100, 250], [250, 400]]

    def test_a_short_stretch_is_one_piece(self) -> None:
        assert find_pieces(windows_with((0, 0, 100, 140), windows=1), PLAIN).tolist() == [[100, 140]]

    def test_a_stretch_under_a_quarter_second_is_left_out(self) -> None:
        assert find_pieces(windows_with((0, 0, 100, 124), windows=1), PLAIN).tolist() == []

    def test_speech_of_two_voices_at_once_is_left_out(self) -> None:
        pieces = find_pieces(windows_with((0, 0, 100, 200), (0, 1, 150, 300), windows=1), PLAIN)
        assert pieces.tolist() == [[100, 150], [200, 300]]

    def test_pieces_end_with_the_recording(self) -> None:
        short = Grid(step=1.0, hop=1000.0, offset=0.0, length=130)
        assert find_pieces(windows_with((0, 0, 100, 200), windows=1), short).tolist() == [[100, 130]]

    def test_seconds_of_shared_time_are_divided(self) -> None:
        assert own_seconds(np.array([[0, 100], [50, 150]])).tolist() == pytest.approx([0.75, 0.75])

    def test_no_pieces_no_seconds(self) -> None:
        assert own_seconds(np.zeros((0, 2), np.int64)).tolist() == []


def grouped(said: Sequence[tuple[NDArray[np.float64], float]]) -> list[int]:
    """Labels of pieces given as (vector, seconds), one after another."""
    ends = np.cumsum([round(seconds * 100) for _, seconds in said])
    pieces = np.stack([np.concatenate(([0], ends[:-1])), ends], axis=1)
    return [int(label) for label in group_voices(np.stack([vector for vector, _ in said]), pieces)]


class TestGrouping:
    def test_nothing_said_has_no_labels(self) -> None:
        assert group_voices(np.zeros((0, 8)), np.zeros((0, 2), np.int64)).tolist() == []

    def test_one_piece_is_one_voice(self) -> None:
        assert grouped([(voice(0), 1.5)]) == [0]

    def test_two_unlike_voices_are_two(self) -> None:
        first, second, third, fourth = grouped([(voice(axis), 1.5) for axis in (0, 1, 0, 1)])
        assert first == third != second == fourth

    def test_pieces_that_differ_a_little_are_one_voice(self) -> None:
        lean = (voice(0) + 0.5 * voice(1)) / np.sqrt(1.25)
        assert set(grouped([(voice(0), 1.5), (lean, 1.5)] * 3)) == {0}

    def test_a_noise_of_a_moment_is_no_voice(self) -> None:
        assert set(grouped([*[(voice(0), 1.5)] * 6, (voice(1), 0.25)])) == {0}

    def test_a_brief_answer_in_another_voice_is_a_voice(self) -> None:
        assert grouped([*[(voice(0), 1.5)] * 6, (voice(1), 0.5)]) == [0, 0, 0, 0, 0, 0, 1]

    def test_a_menu_before_the_call_is_a_third_voice(self) -> None:
        said = [2, 2, 2, 2, 0, 1, 0, 1, 0, 1]
        labels = grouped([(voice(axis), 1.5) for axis in said])
        assert len(set(zip(said, labels, strict=True))) == len(set(labels)) == 3

    def test_a_brief_third_voice_joins_one_of_two(self) -> None:
        assert len(set(grouped([*[(voice(0), 1.5), (voice(1), 1.5)] * 4, (voice(2), 1.5)]))) == 2

    def test_a_fourth_voice_joins_one_of_three(self) -> None:
        assert len(set(grouped([(voice(axis), 1.5) for axis in [0, 1, 2, 3] * 4]))) == 3

    def test_two_voices_as_alike_as_sisters_are_two(self) -> None:
        # Cosine between the two 0.75: joined at first, parted because each is wholly like itself.
        sister = 0.75 * voice(0) + np.sqrt(1 - 0.75**2) * voice(1)
        labels = grouped([(voice(0), 1.5), (sister, 1.5)] * 6)
        assert labels[::2] == [labels[0]] * 6
        assert labels[1::2] == [1 - labels[0]] * 6

    def test_a_voice_hardly_like_itself_is_no_voice(self) -> None:
        # Pieces of the second are 0.55 like each other and 0.5 like the first.
        scattered = [0.5 * voice(0) + np.sqrt(0.30) * voice(1) + np.sqrt(0.45) * voice(2 + number) for number in range(3)]
        assert set(grouped([*[(voice(0), 1.5)] * 6, *[(vector, 1.5) for vector in scattered]])) == {0}


class TestLabelling:
    def test_one_local_speaker_with_two_voices_is_parted(self) -> None:
        windows = windows_with((0, 0, 0, 100), (0, 0, 200, 300), windows=1)
        evidence = np.zeros((2001, 2))
        evidence[1:101] = np.arange(1, 101)[:, None] * [0.2, -0.2]
        evidence[101:201] = evidence[100]
        evidence[201:] = evidence[100] + np.clip(np.arange(1, 1801), 0, 100)[:, None] * [-0.2, 0.2]
        labelled = label_windows(windows, PLAIN, evidence)
        assert labelled[0, :100].mean(axis=0).tolist() == [1, 0]
        assert labelled[0, 200:300].mean(axis=0).tolist() == [0, 1]
        assert labelled[0, 100:200].sum() == 0

    def test_with_one_voice_everything_is_its_own(self) -> None:
        labelled = label_windows(windows_with((0, 1, 0, 10), windows=1), PLAIN, np.zeros((2001, 1)))
        assert labelled[0, :10, 0].tolist() == [1] * 10

    def test_speech_without_evidence_is_given_to_no_one(self) -> None:
        assert label_windows(windows_with((0, 1, 0, 10), windows=1), PLAIN, np.zeros((2001, 2))).sum() == 0


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"pytorch_model\.bin is not there.*models pull"):
        Diarizer(segmentation=tmp_path / "pytorch_model.bin", embedding=tmp_path / "campplus.onnx", step=0.1, threads=1)


@pytest.mark.models
@pytest.mark.parametrize(
    "held", [b"", b"no model", pickle.dumps(print, protocol=2), pickle.dumps({}, protocol=2)], ids=["empty", "text", "code", "another"]
)
def test_a_file_of_something_else_is_no_model(tmp_path: Path, held: bytes) -> None:
    for name in ("pytorch_model.bin", "campplus.onnx"):
        (tmp_path / name).write_bytes(held)
    with pytest.raises(ModelError, match=r"pytorch_model\.bin is not a pyannote model"):
        Diarizer(segmentation=tmp_path / "pytorch_model.bin", embedding=tmp_path / "campplus.onnx", step=0.1, threads=1)


@pytest.fixture(scope="module")
def diarizer() -> Diarizer:
    settings = load_settings()
    segmentation, embedding = (
        model_folder(load_manifest(packaged_folder("models") / f"{name}.yaml"), settings)
        for name in ("pyannote-segmentation-3.0", "campplus-zh-en")
    )
    return Diarizer(segmentation=segmentation / "pytorch_model.bin", embedding=embedding / "campplus.onnx", step=0.1, threads=2)


@pytest.fixture(scope="module")
def sample(diarizer: Diarizer) -> NDArray[np.float32]:
    """30 s of two people from a meeting, packaged with pyannote.audio."""
    from pyannote import audio

    from qa_pipeline.recordings.audio import decode

    return decode(str(Path(audio.__file__).parent / "sample" / "sample.wav")).mixed()


@pytest.mark.models
class TestRealModels:
    def test_two_voices_are_told_apart(self, diarizer: Diarizer, sample: NDArray[np.float32]) -> None:
        from pyannote import audio
        from pyannote.core import Annotation, Segment, Timeline
        from pyannote.metrics.diarization import DiarizationErrorRate

        reference, heard = Annotation(), Annotation()
        for number, line in enumerate((Path(audio.__file__).parent / "sample" / "sample.rttm").read_text("utf-8").splitlines()):
            start, duration, name = float(line.split()[3]), float(line.split()[4]), line.split()[7]
            reference[Segment(start, start + duration), number] = name
        found = diarizer.diarize(sample)
        for number, turn in enumerate(found.overlapping):
            heard[Segment(turn.start_ms / 1000, turn.end_ms / 1000), number] = turn.speaker
        assert found.speakers == ("speaker_0", "speaker_1")
        assert DiarizationErrorRate()(reference, heard, uem=Timeline([Segment(0, 30)])) < 0.08

    def test_exclusive_turns_never_overlap_and_stay_inside(self, diarizer: Diarizer, sample: NDArray[np.float32]) -> None:
        turns = diarizer.diarize(sample).turns
        assert all(one.end_ms <= other.start_ms for one, other in pairwise(turns))
        assert turns[0].start_ms >= 0
        assert turns[-1].end_ms <= 30_000

    def test_the_same_samples_give_the_same_turns(self, diarizer: Diarizer, sample: NDArray[np.float32]) -> None:
        assert diarizer.diarize(sample[:160_000]) == diarizer.diarize(sample[:160_000])

    def test_embeddings_are_unit_vectors(self, diarizer: Diarizer, sample: NDArray[np.float32]) -> None:
        found = diarizer.diarize(sample)
        assert set(found.embeddings) == set(found.speakers)
        assert [float(np.linalg.norm(vector)) for vector in found.embeddings.values()] == pytest.approx([1, 1])

    @pytest.mark.parametrize("seconds", [0, 0.05, 0.3, 3, 25])
    def test_silence_has_no_turns(self, diarizer: Diarizer, seconds: float) -> None:
        found = diarizer.diarize(np.zeros(int(seconds * 16_000), np.float32))
        assert (found.turns, found.overlapping, found.speakers) == ((), (), ())

    def test_a_fragment_of_speech_is_one_voice_at_most(self, diarizer: Diarizer, sample: NDArray[np.float32]) -> None:
        found = diarizer.diarize(sample[112_000:116_800])
        assert len(found.speakers) <= 1
        assert all(turn.end_ms <= 300 for turn in found.turns)
