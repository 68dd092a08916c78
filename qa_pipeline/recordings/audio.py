"""A recording as samples: decode with PyAV, resample to 16 kHz.

In: a path or an fsspec URI. Out: Audio. Where each sound stands in time is in timeline.py, whether the file is whole in ends.py, how it carries the
parties in layout.py, what it means (who, when) in ingest.py.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.errors import CallFailed, ReadFailed, RecordingError
from qa_pipeline.recordings.ends import End, examine_end
from qa_pipeline.recordings.layout import as_parties
from qa_pipeline.recordings.timeline import SAMPLE_RATE as SAMPLE_RATE
from qa_pipeline.recordings.timeline import Timeline, TrackBuilder

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

_LOWEST_RATE = 8_000
# Forms whose clock begins at 0: a track that begins later begins with silence. The clock of the others begins anywhere.
_FROM_ZERO = ("mov", "matroska")
# Forms without time stamps of their own, in which nothing can be left out on purpose.
_GAPLESS = frozenset(("flac", "mp3", "aac"))
# Forms in which bytes between two packets are more than their wrapping.
_WRAPPED_CLOSELY = ("ogg", "matroska")
_WRAPPING_BYTES = 600
# So many errors one after the other, and nothing more is to be had.
_MOST_ERRORS = 1_000
# A recording that misses less at its end is whole: encoders fill a last frame, or drop one.
_MISSING_SECONDS = Fraction(1, 2)
# Where something is known to be damaged, this much more is told.
_NOTICED_SECONDS = Fraction(1, 10)
# An empty recording is a header and no more.
_EMPTY_BYTES = 8_192


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Audio:
    """Decoded sound. `samples`: (channels, n) float32 in [−1, 1] at 16 kHz, 1 or 2 channels; where a player plays nothing there is silence.

    `lost`: stretches that were damaged, in ms; they are silent. `missing_ms`: sound that has no place in the recording any more: cut off at its end,
    or damaged where no time stamps say how much. `is_truncated`: the file ends before its own structure says.
    """

    samples: NDArray[np.float32]
    is_truncated: bool = False
    lost: tuple[tuple[int, int], ...] = ()
    missing_ms: int = 0

    @property
    def duration_ms(self) -> int:
        """Length of the recording."""
        return int(self.samples.shape[1] * 1000 // SAMPLE_RATE)

    @property
    def lost_ms(self) -> int:
        """How much of what was recorded is not there to be heard."""
        return sum(end - start for start, end in self.lost) + self.missing_ms

    def mixed(self) -> NDArray[np.float32]:
        """All channels as one track: (n,)."""
        mixed: NDArray[np.float32] = self.samples.mean(axis=0, dtype=np.float32) if self.samples.shape[0] > 1 else self.samples[0]
        return mixed


def decode(uri: str) -> Audio:
    """Decode a recording: any format PyAV reads, 8 kHz and up, 1–2 channels or two tracks of a party each.

    A damaged stretch costs itself, and a file that breaks off what is missing; both are told. Raises RecordingError when nothing can be decoded, or
    the form is not ours, and ReadFailed when the disk or the network did not give the file.
    """
    with _opened(uri) as file:
        end = examine_end(file)
        file.seek(0)
        with _container(uri, file, end) as container:
            decoder = _Decoder(uri, container, file)
            decoder.run()
            file.raise_failure()
            timelines = decoder.timelines(end)
            missing = float(decoder.missing_seconds(end, timelines, file.size))
    if not timelines:
        raise RecordingError(
            f"{uri} holds no sound that can be decoded.",
            advice="The file is empty or damaged: copy it again from the recorder.",
            stage="decode",
        )
    tracks = as_parties([timeline.samples for timeline in timelines])
    if tracks is None:
        shapes = " and ".join(str(timeline.samples.shape[0]) for timeline in timelines)
        raise RecordingError(
            f"{uri} has {len(timelines)} audio tracks, of {shapes} channels; two tracks of one party each are wanted.",
            advice="Export one track, or a track a party: `ffmpeg -i FILE -map 0:a:0 -map 0:a:1 -ac 1 NEW.m4a`.",
            stage="decode",
        )
    is_cut = end.missing_bytes > 0 if end.missing_bytes is not None else end.has_length and missing > _MISSING_SECONDS
    return Audio(
        samples=np.clip(tracks, -1.0, 1.0),
        is_truncated=is_cut,
        lost=_merged([span for timeline in timelines for span in timeline.lost]),
        missing_ms=round(missing * 1000)
        if is_cut or missing > _MISSING_SECONDS or (decoder.has_failed and missing > _NOTICED_SECONDS)
        else 0,
    )


def known_seconds(uri: str) -> float | None:
    """Length of a local recording without decoding it; 0 when nothing can be read there, None when it lies elsewhere.

    Where the header only guesses, or says nothing, the packets are counted.
    """
    import av

    if "://" in uri:
        return None
    try:
        with _opened(uri) as file:
            end = examine_end(file)
            file.seek(0)
            with av.open(file, "r") as container:
                if not container.streams.audio:
                    return 0.0
                is_guess = _form(container) in _GAPLESS and not end.has_length
                if container.duration and not is_guess:
                    return float(container.duration) / 1e6
                stream = container.streams.audio[0]
                return float(sum((_seconds(packet, packet.duration) for packet in container.demux(stream)), Fraction(0)))
    except (av.FFmpegError, CallFailed, ValueError):
        return 0.0


def holds_nothing(uri: str) -> bool:
    """Whether a file is a whole recording of no sound at all: a header, as recorders leave of a call that nobody answered."""
    import av

    try:
        with _opened(uri) as file:
            if not 0 < file.size <= _EMPTY_BYTES:
                return False
            end = examine_end(file)
            file.seek(0)
            with av.open(file, "r") as container:
                packets = sum(packet.size for packet in container.demux(container.streams.audio) if packet.size)
                return bool(container.streams.audio) and not packets and not end.missing_bytes
    except (av.FFmpegError, CallFailed, ValueError):
        return False


def sha256_of(uri: str) -> str:
    """SHA-256 of the file's bytes. Raises RecordingError when it cannot be read."""
    with _opened(uri) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_bytes(uri: str, *, at_most: int) -> bytes:
    """All bytes of a file. Raises RecordingError when it cannot be read or is larger."""
    with _opened(uri) as file:
        raw = file.read(at_most + 1) or b""
    if len(raw) > at_most:
        raise RecordingError(f"{uri} has more than {at_most // 1_000_000} MB.", advice="Split it into several files.", stage="decode")
    return raw


class _Reader(io.BufferedIOBase):
    """A file that remembers why reading it failed: FFmpeg takes a failure for the end of the recording."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._failure: OSError | None = None
        self.size = file.seek(0, 2)
        file.seek(0)

    def raise_failure(self) -> None:
        """Raise what went wrong while reading, if anything did."""
        if self._failure is not None:
            raise self._failure

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            got = self._file.read(-1 if size is None else size)
            if not got and size and self._file.tell() < self.size:
                raise OSError(errno.EIO, "the file ended before its length")
        except OSError as error:
            self._failure = error
            raise
        return got

    def readinto(self, buffer: Any, /) -> int:
        got = self.read(len(buffer))
        buffer[: len(got)] = got
        return len(got)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


class _Decoder:
    """Decodes all audio tracks of a container, going on after errors."""

    def __init__(self, uri: str, container: InputContainer, file: _Reader) -> None:
        self._uri, self._container, self._file = uri, container, file
        self._form = _form(container)
        start = Fraction(container.start_time, 1_000_000) if container.start_time is not None else None
        origin = Fraction(0) if self._form in _FROM_ZERO else start
        self._streams = container.streams.audio
        self._builders = {s.index: TrackBuilder(origin=origin, is_gapless=self._form in _GAPLESS) for s in self._streams}
        self._decoded_bytes = 0
        self.has_failed = False

    def run(self) -> None:
        """Decode to the end. Raises RecordingError when the form is not ours."""
        # Where the packet before this one began (in Ogg: its page), and how many bytes came from there.
        place, taken = None, 0
        for packet in self._packets():
            builder = self._builders.get(packet.stream_index)
            if packet.size and packet.pos is not None and packet.pos != place:
                if builder and place is not None and self._form in _WRAPPED_CLOSELY and packet.pos - place > taken + _WRAPPING_BYTES:
                    builder.doubt()
                place, taken = packet.pos, 0
            taken += packet.size
            if builder:
                self._decode(packet, builder)

    def timelines(self, end: End) -> list[Timeline]:
        """The tracks that hold sound."""
        made = []
        for stream in self._streams:
            builder = self._builders[stream.index]
            if not builder.end:
                continue
            is_whole = end.missing_bytes == 0 and end.has_length and self._form not in _GAPLESS
            made.append(builder.finish(seconds=self._promised(stream) if is_whole else None))
        return made

    def missing_seconds(self, end: End, timelines: Sequence[Timeline], size: int) -> Fraction:
        """How much sound has no place in the recording: what is cut off by the structure of the file, or was damaged in a form without a clock."""
        heard = Fraction(max((timeline.samples.shape[1] for timeline in timelines), default=0), SAMPLE_RATE)
        if end.missing_bytes and self._form in ("wav", "caf"):
            rate = self._streams[0].codec_context.bit_rate or 0
            return Fraction(end.missing_bytes * 8, rate) if rate else Fraction(0)
        if end.has_length:
            return max(Fraction(0), *(self._promised(stream) - heard for stream in self._streams))
        if self._form in _GAPLESS and self.has_failed and self._decoded_bytes:
            lost = sum(end - start for timeline in timelines for start, end in timeline.lost)
            sound = heard - Fraction(lost, SAMPLE_RATE)
            return max(Fraction(0), (size - self._decoded_bytes) * sound / self._decoded_bytes - Fraction(lost, SAMPLE_RATE))
        return Fraction(0)

    def _promised(self, stream: AudioStream) -> Fraction:
        """Length of a track by its header, from the start of the recording."""
        if stream.duration and stream.time_base:
            begins = max(0, stream.start_time or 0) if self._form in _FROM_ZERO else 0
            return (begins + stream.duration) * Fraction(stream.time_base)
        return Fraction(self._container.duration or 0, 1_000_000)

    def _packets(self) -> Iterator[Packet[Any]]:
        """All packets; an error of the container costs what it concerns."""
        import av

        packets = self._container.demux()
        for _ in range(_MOST_ERRORS):
            try:
                yield from packets
            except av.EOFError:
                return
            except av.FFmpegError:
                self._file.raise_failure()
                self.has_failed = True
                for builder in self._builders.values():
                    builder.doubt()
                packets = self._container.demux()
            else:
                return

    def _decode(self, packet: Packet[AudioStream], builder: TrackBuilder) -> None:
        import av

        try:
            frames = packet.decode()
        except av.EOFError:
            return
        except av.FFmpegError:
            self.has_failed = True
            builder.lose(_seconds(packet, packet.duration))
            return
        self._decoded_bytes += packet.size
        for frame in frames:
            channels = frame.layout.nb_channels
            _refuse_form(self._uri, channels, frame.sample_rate)
            builder.add(frame, channels)


def _form(container: InputContainer) -> str:
    return container.format.name.split(",")[0]


def _seconds(packet: Packet[AudioStream], ticks: int | None) -> Fraction:
    return Fraction(ticks or 0) * (packet.time_base or 0)


def _merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Stretches in samples as stretches in ms, each moment once."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((start * 1000 // SAMPLE_RATE, end * 1000 // SAMPLE_RATE) for start, end in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


@contextlib.contextmanager
def _container(uri: str, file: _Reader, end: End) -> Iterator[InputContainer]:
    """The container of a file, which holds sound in a form that is ours."""
    import av

    try:
        container = av.open(file, "r")
    except (av.FFmpegError, ValueError) as error:
        file.raise_failure()
        if end.index_missing:
            raise RecordingError(
                f"{uri} breaks off before its index, without which nothing in it can be decoded.",
                advice="Copy it again from the recorder, which may have been stopped while it wrote.",
                stage="decode",
            ) from error
        raise RecordingError(
            f"{uri} is not audio that can be decoded ({type(error).__name__}).",
            advice="Check that the file is whole and is a recording: wav, mp3, ogg, m4a, flac …",
            stage="decode",
        ) from error
    with container:
        if not container.streams.audio:
            raise RecordingError(f"{uri} has no audio track.", advice="Export the call with its sound.", stage="decode")
        for stream in container.streams.audio:
            _refuse_form(uri, stream.codec_context.channels, stream.codec_context.sample_rate)
        yield container


@contextlib.contextmanager
def _opened(uri: str) -> Iterator[_Reader]:
    """A file to read from. What goes wrong while it is read is a failure to try again."""
    import fsspec

    try:
        opened = fsspec.open(uri, "rb")
        file = opened.open()
    except FileNotFoundError as error:
        raise RecordingError(
            f"{uri} is not there.", advice="Check the path, or take the row out of the metadata.", stage="decode"
        ) from error
    except (IsADirectoryError, NotADirectoryError, ValueError) as error:
        raise RecordingError(f"{uri!r} is not a file.", advice="Name a recording in the column `file`.", stage="decode") from error
    except PermissionError as error:
        raise RecordingError(f"{uri} may not be read.", advice="Give this user the right to read it.", stage="decode") from error
    except OSError as error:
        raise _read_failed(uri, error) from error
    try:
        with file:
            yield _Reader(file)
    except OSError as error:
        raise _read_failed(uri, error) from error


def _read_failed(uri: str, error: OSError) -> ReadFailed:
    return ReadFailed(
        f"{uri} could not be read ({error.strerror or type(error).__name__}).",
        advice="It is tried again; check the disk or the connection if it stays.",
        stage="decode",
    )


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
