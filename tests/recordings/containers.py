"""Recordings made for tests packet by packet: any number of tracks, gaps in the time stamps, an offset, edit lists, changes in mid-file, damage."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float32]


def speech(seconds: float, *, seed: int = 1, rate: int = 8000) -> Track:
    """(n,) float32 that no codec makes silence of: syllables of noise."""
    rng = np.random.default_rng(seed)
    clock = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.clip(np.sin(2 * np.pi * (2.5 + seed) * clock) + 0.5, 0, 1) * rng.normal(size=clock.size).clip(-1, 1)).astype(
        np.float32
    )


def noise(seconds: float, *, seed: int = 1, rate: int = 8000) -> Track:
    """(n,) float32 without a pause: whatever is silent in it afterwards was lost."""
    return (0.2 * np.random.default_rng(seed).normal(size=round(seconds * rate)).clip(-2, 2)).astype(np.float32)


def write_tracks(
    path: Path, *tracks: Track, codec: str, rate: int = 8000, offset_s: float = 0.0, gaps: Sequence[tuple[float, float]] = ()
) -> Path:
    """Write each track as an audio track of its own. `gaps`: (from, seconds): what comes from there is stamped later by so much."""
    with av.open(str(path), "w") as container:
        streams = []
        for _ in tracks:
            stream = container.add_stream(codec, rate=rate, layout="mono")
            assert isinstance(stream, av.AudioStream)
            streams.append(stream)
        packets = []
        for stream, track in zip(streams, tracks, strict=True):
            context = stream.codec_context
            frame = av.AudioFrame.from_ndarray((track[np.newaxis] * 32767).astype(np.int16), format="s16", layout="mono")
            frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
            shaped = av.AudioResampler(
                format=context.format.name, layout="mono", rate=context.sample_rate, frame_size=context.frame_size or None
            )
            for piece in (*shaped.resample(frame), *shaped.resample(None)):
                packets += stream.encode(piece)
            packets += stream.encode(None)
        for packet in sorted(packets, key=lambda packet: (packet.dts or 0) * packet.time_base):
            if packet.dts is not None and packet.pts is not None:
                at = packet.pts * packet.time_base
                later = Fraction(offset_s) + sum((Fraction(seconds) for start, seconds in gaps if at >= start), Fraction(0))
                packet.pts += round(later / packet.time_base)
                packet.dts += round(later / packet.time_base)
            container.mux(packet)
    return path


def damage(path: Path, *, share: float = 0.45, count: int = 800, byte: int | None = 0xFF) -> Path:
    """Overwrite bytes in the middle; `byte` None: with noise."""
    content = bytearray(path.read_bytes())
    start = int(len(content) * share)
    content[start : start + count] = np.random.default_rng(5).bytes(count) if byte is None else bytes([byte]) * count
    path.write_bytes(content)
    return path


def cut(path: Path, *, share: float = 0.6) -> Path:
    """Leave only the beginning of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def with_edits(path: Path, edits: Sequence[tuple[float | None, float]]) -> Path:
    """Have an MP4 of one track played as a list says: (from which second, how many); None plays nothing."""
    content = bytearray(path.read_bytes())
    movie, track = _box(content, b"moov"), _box(content, b"moov", b"trak")
    header, place = _box(content, b"moov", b"mvhd"), _box(content, b"moov", b"trak", b"edts")
    clock = struct.unpack_from(">I", content, _box(content, b"moov", b"trak", b"mdia", b"mdhd")[0] + 20)[0]
    movie_clock = struct.unpack_from(">I", content, header[0] + 20)[0]
    before = struct.unpack_from(">i", content, _box(content, b"moov", b"trak", b"edts", b"elst")[0] + 20)[0]
    rows = b"".join(
        struct.pack(">IiI", round(seconds * movie_clock), -1 if start is None else before + round(start * clock), 1 << 16)
        for start, seconds in edits
    )
    box = struct.pack(">I4sI4sII", 24 + len(rows), b"edts", 16 + len(rows), b"elst", 0, len(edits)) + rows
    length = struct.pack(">I", round(sum(seconds for _, seconds in edits) * movie_clock))
    content[header[0] + 24 : header[0] + 28] = length
    tkhd = _box(content, b"moov", b"trak", b"tkhd")[0]
    content[tkhd + 28 : tkhd + 32] = length
    content[slice(*place)] = box
    for start, end in (movie, track):
        content[start : start + 4] = struct.pack(">I", end - start + len(box) - (place[1] - place[0]))
    path.write_bytes(content)
    return path


def _box(content: bytes, *path: bytes) -> tuple[int, int]:
    """Where the first box of a path begins and ends."""
    start, end = 0, len(content)
    for name in path:
        start, end = next((a, b) for found, a, b in _boxes(content, start + (8 if name != path[0] else 0), end) if found == name)
    return start, end


def _boxes(content: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + 8 <= end:
        length = int.from_bytes(content[start : start + 4])
        yield content[start + 4 : start + 8], start, start + length
        start += length


def without_index(path: Path) -> Path:
    """An MP3 without the frame that counts the others."""
    content = path.read_bytes()
    start = 10 + int.from_bytes(content[6:10]) if content[:3] == b"ID3" else 0
    place = max(content.find(b"Xing"), content.find(b"Info"))
    following = content.find(content[start : start + 2], place)
    path.write_bytes(content[following:])
    return path


def loud_ms(samples: NDArray[np.float32]) -> int:
    """How long something is heard, in frames of 10 ms."""
    frames = np.abs(samples).max(axis=0)
    frames = frames[: frames.size // 160 * 160].reshape(-1, 160).max(axis=1)
    return int((frames > 0.003).sum()) * 10
