"""Who spoke when, by a whole pyannote pipeline from a hub (community-1): segmentation, embedding and clustering as its authors tuned them.

The other implementation of what speech/diarize.py does, for machines with a GPU and a hub within reach. Same samples in, same turns out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import SpeakerTurn
from qa_pipeline.errors import ModelError
from qa_pipeline.speech.diarize import (
    EMPTY,
    SAMPLE_RATE,
    SHORTEST_SAMPLES,
    SPEECH_PAUSE_MS,
    TURN_PAUSE_MS,
    Diarization,
    one_torch_thread,
)
from qa_pipeline.speech.reconstruct import close_pauses
from qa_pipeline.telemetry import disable_telemetry

_MOST_VOICES = 3


class PretrainedDiarizer:
    """A pipeline loaded once; `diarize` any number of recordings with it."""

    def __init__(self, folder: Path, *, device: str = "cpu") -> None:
        """Load the folder of a pipeline: `config.yaml`, which names subfolders as `$model/NAME`. Raises ModelError when it cannot be loaded."""
        disable_telemetry()
        import torch
        from pyannote.audio import Pipeline

        try:
            pipeline: Any = Pipeline.from_pretrained(folder)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(f"{folder} holds no pyannote pipeline: {error}", advice="Run `qa-pipeline models pull` again.") from error
        if pipeline is None:
            raise ModelError(f"{folder} holds no pyannote pipeline.", advice="Run `qa-pipeline models pull` again.")
        self._pipeline = pipeline.to(torch.device(device))

    def diarize(self, audio: NDArray[np.float32]) -> Diarization:
        """Turns of `audio`: (samples,) float32 in [-1, 1] at 16 kHz, one channel. One to three voices; silence gives no turns."""
        import torch

        if len(audio) < SHORTEST_SAMPLES:
            return EMPTY
        waveform = torch.from_numpy(np.ascontiguousarray(audio, dtype=np.float32))[None]
        with one_torch_thread():
            found = self._pipeline(
                {"waveform": waveform, "sample_rate": SAMPLE_RATE, "uri": "call"}, min_speakers=1, max_speakers=_MOST_VOICES
            )
        duration_ms = len(audio) * 1000 // SAMPLE_RATE
        labels = found.speaker_diarization.labels()
        alone = _turns(found.exclusive_speaker_diarization, labels, duration_ms, TURN_PAUSE_MS)
        together = _turns(found.speaker_diarization, labels, duration_ms, SPEECH_PAUSE_MS)
        order = list(dict.fromkeys(voice for *_, voice in (*alone, *together)))
        names = {voice: f"speaker_{number}" for number, voice in enumerate(order)}
        return Diarization(
            turns=tuple(SpeakerTurn(speaker=names[v], start_ms=a, end_ms=b) for a, b, v in alone),
            overlapping=tuple(SpeakerTurn(speaker=names[v], start_ms=a, end_ms=b) for a, b, v in together),
            speakers=tuple(names.values()),
            embeddings={
                names[voice]: tuple(float(value) for value in vector)
                for voice, vector in enumerate(found.speaker_embeddings)
                if voice in names
            },
        )


def _turns(annotation: Any, labels: list[str], duration_ms: int, pause_ms: int) -> list[tuple[int, int, int]]:
    """(start_ms, end_ms, number of the label) in order, pauses closed."""
    number = {label: place for place, label in enumerate(labels)}
    turns = []
    for segment, _, label in annotation.itertracks(yield_label=True):
        start_ms, end_ms = max(0, round(segment.start * 1000)), min(duration_ms, round(segment.end * 1000))
        if start_ms < end_ms:
            turns.append((start_ms, end_ms, number[label]))
    return close_pauses(sorted(turns), pause_ms)
