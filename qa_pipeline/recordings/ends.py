"""Whether a file reaches the end that its own structure names: RIFF, AIFF, AU, CAF, MP4, Matroska and Ogg by their boxes, MP3 by its index.

Headers are written before their recording is, and many recorders never come back to them: only what the structure proves counts as missing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase

# What a streaming recorder writes for "until the end": 0, or the largest numbers (FFmpeg 0xFFFFFFFF, SoX 0x7FFFF000, others 2^31 − 1).
_UNKNOWN_FROM = 0x7FFF0000
# A header that counts itself, or the chunks before the sound, is wrong by less.
_HEADER_BYTES = 4096
_TAIL_BYTES = 70_000
_INDEX_WITHIN = 2_000
_EBML_SEGMENT = b"\x18\x53\x80\x67"
_OGG_HEAD = 27


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """`missing_bytes`: what should follow the end of the file; 0 where it is whole, None where its form does not say.

    `has_length`: the length in its header was written when the recording was over, and can be held against it.
    `index_missing`: an MP4 that broke off before the index without which nothing of it can be decoded.
    """

    missing_bytes: int | None = None
    has_length: bool = False
    index_missing: bool = False


def examine_end(file: BufferedIOBase) -> End:
    """Hold a file against its own structure. `file` is left anywhere."""
    size = file.seek(0, 2)
    head = _at(file, 0, 16)
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return End(missing_bytes=_beyond_wave(file, size))
    if head[:4] == b"FORM":
        return End(missing_bytes=max(0, 8 + int.from_bytes(head[4:8]) - size), has_length=True)
    if head[:4] == b".snd":
        offset, length = struct.unpack(">II", head[4:12])
        is_known = 0 < length < _UNKNOWN_FROM
        return End(missing_bytes=max(0, offset + length - size) if is_known else None, has_length=is_known)
    if head[:4] == b"caff":
        return End(missing_bytes=_beyond_caf(file, size))
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        boxes = list(_boxes(file, size))
        missing = max((end - size for _, end in boxes), default=0)
        return End(missing_bytes=max(0, missing), has_length=True, index_missing=not any(name in (b"moov", b"moof") for name, _ in boxes))
    if head[:4] == b"\x1a\x45\xdf\xa3":
        end = _matroska_end(_at(file, 0, _HEADER_BYTES))
        return End(missing_bytes=None if end is None else max(0, end - size), has_length=end is not None)
    if head[:4] == b"OggS":
        return End(missing_bytes=_beyond_last_page(file, size))
    if head[:4] == b"fLaC":
        return End(has_length=True)
    if head[:3] == b"ID3" or (head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE0 == 0xE0):
        return _mpeg_end(file, size, head)
    # ASF and others: FFmpeg takes their length from a header that is written at the end.
    return End(has_length=head[:4] == b"\x30\x26\xb2\x75")


def _at(file: BufferedIOBase, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)


def _beyond_wave(file: BufferedIOBase, size: int) -> int | None:
    """Bytes of sound that a WAV promises beyond its file. A size that is wrong by a header, or that the outer size contradicts, promises nothing."""
    outer = 8 + int.from_bytes(_at(file, 4, 4), "little")
    position = 12
    while len(chunk := _at(file, position, 8)) == 8:
        length = int.from_bytes(chunk[4:], "little")
        position += 8
        if chunk[:4] == b"data":
            if not 0 < length < _UNKNOWN_FROM:
                return None
            missing = position + length - size
            is_outer_right = abs(outer - size) <= 1
            return missing if missing > _HEADER_BYTES and not is_outer_right else 0
        position += length + length % 2
    return None


def _beyond_caf(file: BufferedIOBase, size: int) -> int | None:
    position = 8
    while len(chunk := _at(file, position, 12)) == 12:
        length = int.from_bytes(chunk[4:], signed=True)
        if length < 0:
            return None
        position += 12 + length
        if chunk[:4] == b"data":
            return max(0, position - size)
    return None


def _boxes(file: BufferedIOBase, size: int) -> Iterator[tuple[bytes, int]]:
    """Boxes of an MP4 at its top: name and where each should end."""
    position = 0
    while position + 8 <= size:
        head = _at(file, position, 16)
        length, name = int.from_bytes(head[:4]), head[4:8]
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:16])
        elif length == 0:
            length = size - position
        if length < 8 or not all(32 <= byte < 127 or byte == 0xA9 for byte in name):
            return
        position += length
        yield name, position


def _matroska_end(head: bytes) -> int | None:
    """Where the segment of a Matroska or WebM file ends; None where it was never filled in."""
    place = head.find(_EBML_SEGMENT)
    if place < 0 or place + 5 > len(head) or not head[place + 4]:
        return None
    width = 9 - head[place + 4].bit_length()
    coded = int.from_bytes(head[place + 4 : place + 4 + width]) & ((1 << 7 * width) - 1)
    return None if coded == (1 << 7 * width) - 1 else place + 4 + width + coded


def _beyond_last_page(file: BufferedIOBase, size: int) -> int:
    start = max(0, size - _TAIL_BYTES)
    tail = _at(file, start, _TAIL_BYTES)
    place = tail.rfind(b"OggS")
    if place < 0:
        return 0
    if len(tail) - place < _OGG_HEAD + 1:
        return 1
    count = tail[place + _OGG_HEAD - 1]
    lacing = tail[place + _OGG_HEAD : place + _OGG_HEAD + count]
    return max(0, start + place + _OGG_HEAD + count + sum(lacing) - size)


def _mpeg_end(file: BufferedIOBase, size: int, head: bytes) -> End:
    """Of an MP3 with an index (Xing, Info): how long it was when that was written. Without one its length is a guess."""
    start = 0
    if head[:3] == b"ID3":
        start = 10 + sum((byte & 0x7F) << 7 * (3 - place) for place, byte in enumerate(head[6:10]))
    frame = _at(file, start, _INDEX_WITHIN)
    place = max(frame[:200].find(b"Xing"), frame[:200].find(b"Info"))
    if place < 0:
        return End()
    flags = int.from_bytes(frame[place + 4 : place + 8])
    if not flags & 1:
        return End()
    if not flags & 2:
        return End(has_length=True)
    length = int.from_bytes(frame[place + 12 : place + 16])
    # Some writers count the frame of the index, some do not.
    return End(missing_bytes=missing if (missing := start + length - size) > _INDEX_WITHIN else 0, has_length=True)
