"""A recording that holds its sound in several pieces: files put one behind the other, and several `data` chunks in a WAV, as recorders leave that were
paused. Of these forms FFmpeg and players play the first piece and say nothing of the others; of Ogg, Matroska, AAC and AMR they play all,
of MP3 with a stumble over the second index, and of FLAC with the frames of another rate in disorder.

In: a file. Out: each piece as a file of its own, to be decoded one after the other.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from qa_pipeline.recordings.ends import LENGTH_UNKNOWN_FROM, WAVE64, boxes, end_by_index, is_mp4, read_at
from qa_pipeline.recordings.files import Reader

_MOST_CHUNKS = 10_000
FLAC = b"fLaC"
# The first block of metadata, 34 bytes long (RFC 9639, 8.1).
_STREAM_INFO = b"\x00\x00\x00\x22"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """`head`: what stands before the sound and is written anew; `start` and `length`: what is taken of the file, in bytes."""

    head: bytes = b""
    start: int
    length: int


def pieces_of(file: Reader) -> list[Reader]:
    """The pieces of a file that has several; empty for one piece, and for other forms. `file` is left anywhere and read through the pieces."""
    head = read_at(file, 0, 16)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        found = [piece for piece in _chunks_of_sound(file) if piece.length]
    else:
        starts = [0, *_later_starts(file, head), file.size]
        found = [_Piece(start=start, length=end - start) for start, end in pairwise(starts)]
    return [Reader(_Part(file, piece)) for piece in found] if len(found) > 1 else []


def _chunks_of_sound(file: Reader) -> Iterator[_Piece]:
    """Every `data` chunk of a WAV, and of those behind it."""
    position, form = 0, b""
    for _ in range(_MOST_CHUNKS):
        head = read_at(file, position, 12)
        name, length = head[:4], int.from_bytes(head[4:8], "little")
        if name == b"RIFF" and head[8:] == b"WAVE":
            position += 12
            continue
        if len(head) < 8 or not name.isascii() or not name.decode().isprintable():
            return
        position += 8
        if name == b"fmt ":
            form = head[:8] + read_at(file, position, length)
        elif name == b"data":
            if not form or length >= LENGTH_UNKNOWN_FROM:
                return
            chunks = form + head[:8]
            outer = struct.pack("<4sI4s", b"RIFF", 4 + len(chunks) + length, b"WAVE")
            yield _Piece(head=outer + chunks, start=position, length=length)
        position += length
        # Chunks of an odd length have a byte behind them, which some writers forget.
        if length % 2 and read_at(file, position, 1) == b"\0":
            position += 1


def _later_starts(file: Reader, head: bytes) -> Iterator[int]:
    """Where further files of the same form begin behind the first."""
    if is_mp4(head):
        found = list(boxes(file, 0, file.size))
        # In fragments, what looks like a second beginning is the same one again.
        if not any(box.name == b"moof" for box in found):
            yield from (box.start - 8 for box in found[1:] if box.name == b"ftyp")
        return
    if head[:4] == FLAC:
        yield from _later_flac(file)
        return
    start = 0
    for _ in range(_MOST_CHUNKS):
        end = _end_of_file(file, start)
        if not start < end < file.size or not _begins_again(head, read_at(file, end, 200)):
            return
        start = end
        yield start


def _later_flac(file: Reader) -> Iterator[int]:
    """Where FLAC begins again: its name and the head of the block that says its rate, which no sound has by chance."""
    mark = FLAC + _STREAM_INFO
    for start in range(len(mark), file.size, _BLOCK):
        block = read_at(file, start, _BLOCK + len(mark) - 1)
        yield from (start + found.start() for found in re.finditer(re.escape(mark), block))


def _end_of_file(file: Reader, start: int) -> int:
    """Where an AIFF, a Wave64, a CAF or an MP3 with an index that begins at a place ends; 0 for other forms, and where that is not known."""
    head = read_at(file, start, 24)
    if _is_mpeg(head):
        return end_by_index(file, start) or 0
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        length = int.from_bytes(head[4:8])
        return start + 8 + length + length % 2
    if head[:16] == WAVE64:
        return start + int.from_bytes(head[16:24], "little") // 8 * 8
    if head[:4] == b"caff":
        position = start + 8
        while len(chunk := read_at(file, position, 12)) == 12 and chunk[:4] != b"caff":
            length = int.from_bytes(chunk[4:], signed=True)
            if not 0 <= length <= file.size:
                return 0
            position += 12 + length
        return position
    return 0


def _begins_again(head: bytes, again: bytes) -> bool:
    """Whether a file begins as the first one did."""
    if _is_mpeg(head):
        # Some writers count one frame too few: what goes on then has neither a tag nor an index.
        return again[:3] == b"ID3" or (_is_mpeg(again) and (b"Xing" in again or b"Info" in again))
    return again[:16] == head if head == WAVE64 else again[:4] == head[:4]


def _is_mpeg(head: bytes) -> bool:
    """Whether an MP3 begins here, by its tag or its first frame."""
    return head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")


class _Part(io.BytesIO):
    """A piece as a file, read through the one it lies in, a stretch at a time."""

    def __init__(self, file: Reader, piece: _Piece) -> None:
        super().__init__()
        self._file, self._piece, self._place = file, piece, 0
        self._size = len(piece.head) + max(0, min(piece.length, file.size - piece.start))

    def read(self, size: int | None = -1, /) -> bytes:
        count = max(0, self._size - self._place)
        end = self._place + (count if size is None or size < 0 else min(size, count))
        head = self._piece.head
        got = head[self._place : end]
        if end > len(head):
            first = max(self._place - len(head), 0)
            got += read_at(self._file, self._piece.start + first, end - len(head) - first)
        self._place += len(got)
        return got

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._place = max(0, offset + (0, self._place, self._size)[whence])
        return self._place

    def tell(self) -> int:
        return self._place
