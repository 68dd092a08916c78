"""A recording as samples: decode with PyAV, resample to 16 kHz.

In: a path or an fsspec URI. Out: Audio. How the file carries the parties is in layout.py, what it means (who, when) in ingest.py.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.errors import ReadFailed, RecordingError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

SAMPLE_RATE = 16_000
_LOWEST_RATE = 8_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Audio:
    """Decoded sound. `samples`: (channels, n) float32 in [−1, 1] at 16 kHz, 1 or 2 channels.

    `is_truncated`: the file ended before its own header says, or could not be decoded to its end.
    """

    samples: NDArray[np.float32]
    is_truncated: bool = False

    @property
    def duration_ms(self) -> int:
        """Length of the recording."""
        return int(self.samples.shape[1] * 1000 // SAMPLE_RATE)

    def mixed(self) -> NDArray[np.float32]:
        """All channels as one track: (n,)."""
        mixed: NDArray[np.float32] = self.samples.mean(axis=0, dtype=np.float32) if self.samples.shape[0] > 1 else self.samples[0]
        return mixed


def decode(uri: str) -> Audio:
    """Decode a recording: any format PyAV reads, 8 kHz and up, 1–2 channels.

    A file that breaks off is decoded as far as it goes. Raises RecordingError when nothing can be decoded, or the form is not ours.
    """
    import av

    chunks: list[NDArray[np.float32]] = []
    is_truncated = False
    with _opened(uri) as file:
        try:
            container = av.open(file, "r")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise RecordingError(
                f"{uri} is not audio that can be decoded ({type(error).__name__}).",
                advice="Check that the file is whole and is a recording: wav, mp3, ogg, m4a, flac …",
                stage="decode",
            ) from error
        with container:
            if not container.streams.audio:
                raise RecordingError(f"{uri} has no audio track.", advice="Export the call with its sound.", stage="decode")
            stream = container.streams.audio[0]
            _refuse_form(uri, stream.codec_context.channels, stream.codec_context.sample_rate)
            resampler = av.AudioResampler(format="fltp", layout=stream.codec_context.layout.name, rate=SAMPLE_RATE)
            try:
                for frame in container.decode(stream):
                    chunks.extend(_samples(out) for out in resampler.resample(frame))
            except (av.FFmpegError, OSError):
                is_truncated = True
            with contextlib.suppress(av.FFmpegError):
                chunks.extend(_samples(out) for out in resampler.resample(None))
            promised = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None
    samples = np.concatenate(chunks, axis=1) if chunks else np.zeros((1, 0), dtype=np.float32)
    if not samples.shape[1]:
        raise RecordingError(
            f"{uri} holds no sound that can be decoded.",
            advice="The file is empty or damaged: copy it again from the recorder.",
            stage="decode",
        )
    if _promised_bytes(uri) > 0:
        is_truncated = True
    if promised is not None and samples.shape[1] / SAMPLE_RATE < 0.97 * promised - 0.3:
        is_truncated = True
    return Audio(samples=np.clip(samples, -1.0, 1.0), is_truncated=is_truncated)


def known_seconds(uri: str) -> float | None:
    """Length of a local recording by its header; 0 when nothing can be read there, None when it lies elsewhere or its header does not say."""
    import av

    if "://" in uri:
        return None
    try:
        with av.open(uri, "r") as container:
            if container.duration:
                return float(container.duration) / 1e6
            stream = container.streams.audio[0] if container.streams.audio else None
            return float(stream.duration * stream.time_base) if stream and stream.duration and stream.time_base else None
    except (av.FFmpegError, OSError, ValueError):
        return 0.0


def sha256_of(uri: str) -> str:
    """SHA-256 of the file's bytes. Raises RecordingError when it cannot be read."""
    with _opened(uri) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # fsspec files read into buffers


def read_bytes(uri: str, *, at_most: int) -> bytes:
    """All bytes of a file. Raises RecordingError when it cannot be read or is larger."""
    with _opened(uri) as file:
        raw: bytes = file.read(at_most + 1)
    if len(raw) > at_most:
        raise RecordingError(f"{uri} has more than {at_most // 1_000_000} MB.", advice="Split it into several files.", stage="decode")
    return raw


def _promised_bytes(uri: str) -> int:
    """How many bytes of sound a WAV header promises beyond what the file holds; 0 for other files.

    FFmpeg takes the length of a cut WAV from the file itself, so nobody else notices.
    """
    with _opened(uri) as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return 0
        position = 12
        while len(chunk := file.read(8)) == 8:
            size = int.from_bytes(chunk[4:], "little")
            position += 8
            if chunk[:4] == b"data":
                end = file.seek(0, 2)
                # A recorder that streams writes 0 or the largest number and means "until the end".
                return max(0, size - (end - position)) if 0 < size < 0xFFFFFF00 else 0
            position += size + size % 2
            file.seek(position)
    return 0


@contextlib.contextmanager
def _opened(uri: str) -> Iterator[IO[bytes]]:
    import fsspec

    try:
        with fsspec.open(uri, "rb") as file:
            yield file
    except FileNotFoundError as error:
        raise RecordingError(
            f"{uri} is not there.", advice="Check the path, or take the row out of the metadata.", stage="decode"
        ) from error
    except (IsADirectoryError, NotADirectoryError, ValueError) as error:
        raise RecordingError(f"{uri!r} is not a file.", advice="Name a recording in the column `file`.", stage="decode") from error
    except PermissionError as error:
        raise RecordingError(f"{uri} may not be read.", advice="Give this user the right to read it.", stage="decode") from error
    except OSError as error:
        raise ReadFailed(
            f"{uri} could not be read ({error.strerror or type(error).__name__}).",
            advice="It is tried again; check the disk or the connection if it stays.",
            stage="decode",
        ) from error


def _refuse_form(uri: str, channels: int, rate: int) -> None:
    if channels not in (1, 2):
        raise RecordingError(
            f"{uri} has {channels} channels; one or two are wanted.",
            advice="Export it as mono, or as stereo with one party a side.",
            stage="decode",
        )
    if rate < _LOWEST_RATE:
        raise RecordingError(
            f"{uri} has {rate} Hz; at least {_LOWEST_RATE} are wanted.", advice="Export it at 8 kHz or more.", stage="decode"
        )


def _samples(frame: AudioFrame) -> NDArray[np.float32]:
    samples: NDArray[np.float32] = frame.to_ndarray().astype(np.float32, copy=False)
    return samples
