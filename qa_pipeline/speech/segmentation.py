"""The network of the segmentation: PyanNet (Bredin and Laurent, 2021, arXiv 2104.04045) on SincNet's filters (Ravanelli and Bengio, 2018, arXiv 1808.00158).

Comes in: a checkpoint as pyannote.audio writes it, and samples. Goes out: who of up to a few local speakers speaks in each frame of overlapping windows, on a
powerset of speakers (Plaquet and Bredin, 2023, arXiv 2310.13025). pyannote.audio computes the same bits; importing it takes three times as long as torch itself,
which every process waited for that hears one mono recording. What becomes of the windows is in diarize.py, which imports this module when it loads a
model: torch is loaded with it.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.serialization import safe_globals

from qa_pipeline.errors import ModelError
from qa_pipeline.speech.reconstruct import Frames, Windows

SAMPLE_RATE = 16_000
_BATCH = 16
# Filters of SincNet: as many, of as many samples; the narrowest and the lowest in Hz.
_FILTERS, _FILTER_SAMPLES = 80, 251
_LEAST_HZ = 50.0
# (samples seen, hop) of each step of SincNet after its filters, which hop by what the checkpoint says.
_STEPS = ((3, 3), (5, 1), (3, 3), (5, 1), (3, 3))


class Segmentation:
    """The network, loaded once."""

    def __init__(self, path: Path, *, step: float, device: str) -> None:
        """Load a checkpoint. `step`: hop of the windows as a share of their length. Raises ModelError when it is none of this network."""
        try:
            checkpoint = _read_checkpoint(path)
            about = checkpoint["pyannote.audio"]["specifications"]
            options = checkpoint["hyper_parameters"]
            self._seconds = float(about.duration)
            self._network = _Network(checkpoint["state_dict"], options).to(device)
            self._speakers = _powerset(len(about.classes), int(about.powerset_max_classes)).to(device)
            hop = int(options["sincnet"]["stride"])
        except (OSError, EOFError, LookupError, AttributeError, TypeError, ValueError, RuntimeError, pickle.UnpicklingError) as error:
            raise ModelError(
                f"{path} is not a pyannote model.", advice="Run `qa-pipeline models verify`, then `qa-pipeline models pull`."
            ) from error
        self._hop, self._device = step * self._seconds, device
        self.frames = _frames(hop)

    def windows(self, waveform: Tensor) -> Windows:
        """Local speakers in each frame of each window. `waveform`: (samples,) float32 at 16 kHz; the last window is filled up with silence."""
        if self._device.startswith("cuda"):
            # Their shorter numbers are less exact, and not the same on all cards.
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        samples, hop = int(self._seconds * SAMPLE_RATE), round(self._hop * SAMPLE_RATE)
        whole = waveform.unfold(0, samples, hop) if len(waveform) >= samples else waveform.new_zeros((0, samples))
        batches = [whole[first : first + _BATCH] for first in range(0, len(whole), _BATCH)]
        # A recording that ends with a window has none to fill up.
        if len(waveform) < samples or (len(waveform) - samples) % hop > 0:
            rest = waveform[len(whole) * hop :]
            batches.append(functional.pad(rest, (0, samples - len(rest)))[None])
        active = np.concatenate([self._active(batch) for batch in batches])
        return Windows(active=active, seconds=self._seconds, hop=self._hop)

    def _active(self, batch: Tensor) -> NDArray[np.float32]:
        with torch.inference_mode():
            likeliest = self._network(batch[:, None].to(self._device)).argmax(dim=-1)
            active: NDArray[np.float32] = self._speakers[likeliest].cpu().numpy()
            return active


class _Network(nn.Module):
    """(windows, 1, samples) → log chances of each set of speakers, (windows, frames, sets). Its parts are called as in the checkpoint."""

    def __init__(self, weights: Mapping[str, Tensor], options: Mapping[str, Any]) -> None:
        super().__init__()
        recurrent, dense = options["lstm"], options["linear"]
        width = recurrent["hidden_size"] * (2 if recurrent["bidirectional"] else 1)
        widths = [width, *[dense["hidden_size"]] * dense["num_layers"]]
        sets = len(weights["classifier.bias"])
        self.sincnet = _SincNet(options["sincnet"]["stride"])
        self.lstm = nn.LSTM(
            60, recurrent["hidden_size"], recurrent["num_layers"], bidirectional=recurrent["bidirectional"], batch_first=True
        )
        self.linear = nn.ModuleList(nn.Linear(before, after) for before, after in zip(widths, widths[1:], strict=False))
        self.classifier = nn.Linear(widths[-1], sets)
        self.load_state_dict(dict(weights))
        self.eval()

    def forward(self, sound: Tensor) -> Tensor:
        """Log chances of each set of speakers in each frame."""
        numbers, _ = self.lstm(self.sincnet(sound).transpose(1, 2))
        for layer in self.linear:
            numbers = functional.leaky_relu(layer(numbers))
        # Sets that are equally likely after rounding are told apart by their order, as in pyannote.audio: no shortcut past the logarithms.
        return functional.log_softmax(self.classifier(numbers), dim=-1)


class _SincNet(nn.Module):
    """(windows, 1, samples) → (windows, 60, frames): three convolutions, the first by filters that are told by two frequencies each."""

    def __init__(self, hop: int) -> None:
        super().__init__()
        self.wav_norm1d = nn.InstanceNorm1d(1, affine=True)
        self.conv1d = nn.ModuleList([_Filters(hop), nn.Conv1d(_FILTERS, 60, 5), nn.Conv1d(60, 60, 5)])
        self.norm1d = nn.ModuleList(nn.InstanceNorm1d(width, affine=True) for width in (_FILTERS, 60, 60))

    def forward(self, sound: Tensor) -> Tensor:
        """Numbers of each frame."""
        numbers: Tensor = self.wav_norm1d(sound)
        for convolve, norm in zip(self.conv1d, self.norm1d, strict=True):
            numbers = functional.leaky_relu(norm(functional.max_pool1d(convolve(numbers), 3)))
        return numbers


class _Filters(nn.Module):
    """How loud a sound is in each band, as absolute numbers: even and odd filters, each the difference of two cardinal sines."""

    def __init__(self, hop: int) -> None:
        super().__init__()
        self.filterbank = _Bands()
        self._hop = hop

    def forward(self, sound: Tensor) -> Tensor:
        """(windows, 1, samples) → (windows, filters, hops)."""
        loudness: Tensor = functional.conv1d(sound, self.filterbank.filters(), stride=self._hop).abs()
        return loudness


class _Bands(nn.Module):
    """What the checkpoint says of the filters: their lower edges and widths in Hz, half of a Hamming window and of its times in radians a Hz."""

    def __init__(self) -> None:
        super().__init__()
        half = _FILTER_SAMPLES // 2
        self.low_hz_, self.band_hz_ = (nn.Parameter(torch.zeros(_FILTERS // 2, 1)) for _ in range(2))
        self.register_buffer("window_", torch.zeros(half))
        self.register_buffer("n_", torch.zeros(1, half))

    def filters(self) -> Tensor:
        """(filters, 1, samples of each)."""
        times, window = self.get_buffer("n_"), self.get_buffer("window_")
        low = _LEAST_HZ + self.low_hz_.abs()
        high = torch.clamp(low + _LEAST_HZ + self.band_hz_.abs(), _LEAST_HZ, SAMPLE_RATE / 2)
        width = (high - low)[:, 0]
        lower, upper = torch.matmul(low, times), torch.matmul(high, times)
        even = ((torch.sin(upper) - torch.sin(lower)) / (times / 2)) * window
        odd = ((torch.cos(lower) - torch.cos(upper)) / (times / 2)) * window
        middle = 2 * width.view(-1, 1)
        halves = [
            torch.cat([even, middle, even.flip(1)], dim=1),
            torch.cat([odd, torch.zeros_like(middle), -odd.flip(1)], dim=1),
        ]
        return torch.cat([(half / (2 * width[:, None])).view(-1, 1, _FILTER_SAMPLES) for half in halves])


def _powerset(speakers: int, most: int) -> Tensor:
    """(sets, speakers), 0 or 1: who speaks, of nobody, each alone, each two together and so on up to `most`."""
    sets = [chosen for size in range(most + 1) for chosen in combinations(range(speakers), size)]
    return torch.tensor([[1.0 if speaker in chosen else 0.0 for speaker in range(speakers)] for chosen in sets])


def _frames(hop: int) -> Frames:
    """Frames after steps that each see some samples and hop on (the arithmetic of convolutions)."""
    seen, step = _FILTER_SAMPLES, hop
    for samples, stride in _STEPS:
        seen += (samples - 1) * step
        step *= stride
    return Frames(step=step / SAMPLE_RATE, seconds=seen / SAMPLE_RATE)


class _About:
    """What a checkpoint says of the task: stands in for pyannote.audio's `Specifications`."""


class _Kind:
    """Kinds of problem and resolution that it names, of which nothing depends here."""

    def __init__(self, number: int) -> None:
        self.number = number


def _read_checkpoint(path: Path) -> Mapping[str, Any]:
    """Numbers and options of a checkpoint. Nothing else that stands in the file is run."""
    task = "pyannote.audio.core.task"
    names: list[Any] = [(_About, f"{task}.Specifications"), (_Kind, f"{task}.Problem"), (_Kind, f"{task}.Resolution")]
    with safe_globals([*names, torch.torch_version.TorchVersion]):
        checkpoint: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return checkpoint
