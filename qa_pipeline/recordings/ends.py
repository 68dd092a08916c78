"""Whether a file reaches the end that its own structure names: RIFF, AIFF, AU, CAF, ASF, MP4, Matroska and Ogg by their boxes, MP3 by its index, AMR,
iLBC, AAC and MP3 without one by their frames.

Headers are written before their recording is, and many recorders never come back to them: only what the structure proves counts as missing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BufferedIOBase

from qa_pipeline.recordings.raw_frames import bytes_lacking

# What a streaming recorder writes for "until the end": 0, or the largest numbers (FFmpeg 0xFFFFFFFF, SoX 0x7FFFF000, others 2^31 − 1).
LENGTH_UNKNOWN_FROM = 0x7FFF0000
# A header that counts itself, or the chunks before the sound, is wrong by less.
_HEADER_BYTES = 4096
_SMALL_HEADER_BYTES = 512
_TAIL_BYTES = 70_000
_INDEX_WITHIN = 2_000
EBML_SEGMENT = b"\x18\x53\x80\x67"
OGG, OGG_HEAD = b"OggS", 27
EBML = b"\x1a\x45\xdf\xa3"
_MP4_STARTS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
WAVE64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_UNKNOWN_64_FROM = 1 << 62
_IN_64_BITS = 0xFFFF_FFFF
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES, _ASF_DATA = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365"), bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA_HEAD = 50
# Written while the recording goes on: what stands in the header says nothing.
_ASF_GOES_ON = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """`missing_bytes`: what should follow the end of the file; 0 where it is whole, None where its form does not say.

    `has_length`: the length in its header was written when the recording was over, and can be held against it.
    `index_missing`: an MP4 that broke off before the index without which nothing of it can be decoded.
    """

    missing_bytes: int | None = None
    has_length: bool = False
    index_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box of an MP4: where what is in it begins, and where it should end."""

    name: bytes
    start: int
    end: int


def examine_end(file: BufferedIOBase) -> End:
    """Hold a file against its own structure. `file` is left anywhere."""
    size = file.seek(0, 2)
    head = read_at(file, 0, 16)
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return End(missing_bytes=_beyond_wave(file, size))
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        outer = int.from_bytes(head[4:8], "little")
        return End(missing_bytes=_promised_beyond(8 + outer, size) if 0 < outer < LENGTH_UNKNOWN_FROM else None, has_length=True)
    if head == WAVE64:
        outer = int.from_bytes(read_at(file, 16, 8), "little")
        return End(missing_bytes=_promised_beyond(outer, size) if 0 < outer < _UNKNOWN_64_FROM else None)
    if head[:4] == b"FORM":
        return End(missing_bytes=max(0, 8 + int.from_bytes(head[4:8]) - size), has_length=True)
    if head[:4] == b".snd":
        offset, length = int.from_bytes(head[4:8]), int.from_bytes(head[8:12])
        is_known = 0 < length < LENGTH_UNKNOWN_FROM
        return End(missing_bytes=max(0, offset + length - size) if is_known else None, has_length=is_known)
    if head[:4] == b"caff":
        beyond = _beyond_caf(file, size)
        return End(missing_bytes=beyond, has_length=beyond is not None)
    if is_mp4(head):
        found = list(boxes(file, 0, size))
        missing = max((box.end - size for box in found), default=0)
        # An index that lacks its last bytes says nothing of the sound before it: that is held against its length.
        is_sound = missing <= 0 or found[-1].name in (b"mdat", b"moof")
        return End(
            missing_bytes=max(0, missing) if is_sound else None,
            has_length=True,
            index_missing=not any(box.name in (b"moov", b"moof") for box in found),
        )
    if head[:4] == EBML:
        end = _matroska_end(read_at(file, 0, _HEADER_BYTES))
        return End(missing_bytes=None if end is None else max(0, end - size), has_length=end is not None)
    if head[:4] == OGG:
        return End(missing_bytes=_beyond_last_page(file, size))
    if head[:4] == b"fLaC":
        return End(has_length=True)
    if head[:5] in (b"#!AMR", b"#!iLB"):
        return End(missing_bytes=bytes_lacking(read_at(file, 0, size)))
    if head[:3] == b"ID3" or (head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE0 == 0xE0):
        return _mpeg_end(file, size, head)
    if head == ASF:
        told = read_asf(file)
        return End(missing_bytes=max(0, told.end - size) if told else None, has_length=True)
    return End()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asf:
    """What an ASF (WMA, WMV) says of itself. `start`, `end`: of its packets, `packet_bytes` long each; `seconds`: of its sound."""

    start: int
    end: int
    packet_bytes: int
    seconds: Fraction


def read_asf(file: BufferedIOBase) -> Asf | None:
    """The header of an ASF that was written when it was over (Microsoft, "Advanced Systems Format", 3.2 and 5.1); None where it was not, or is broken."""
    size = int.from_bytes(read_at(file, 16, 8), "little")
    head = read_at(file, 0, min(size, _TAIL_BYTES))
    place = head.find(_ASF_PROPERTIES)
    if place < 0 or len(head) < place + 104:
        return None
    count, played, _, before = struct.unpack_from("<4Q", head, place + 56)
    flags, packet_bytes, largest = struct.unpack_from("<3I", head, place + 88)
    length = int.from_bytes(read_at(file, size + 16, 8), "little")
    if flags & _ASF_GOES_ON or not count or not 0 < packet_bytes == largest or read_at(file, size, 16) != _ASF_DATA:
        return None
    start = size + _ASF_DATA_HEAD
    if not 0 <= size + length - start - count * packet_bytes < packet_bytes:
        return None
    return Asf(
        start=start, end=start + count * packet_bytes, packet_bytes=packet_bytes, seconds=Fraction(played, 10**7) - Fraction(before, 1000)
    )


def is_mp4(head: bytes) -> bool:
    """Whether a file is an MP4 or QuickTime, by its first eight bytes."""
    return head[4:8] in _MP4_STARTS


def read_at(file: BufferedIOBase, position: int, count: int) -> bytes:
    """Bytes of a file from a place on, fewer where it ends. `file` is left behind them."""
    try:
        file.seek(position)
    except (OSError, OverflowError):
        # A size that no file has leads nowhere: that is a fault of what is written, and none of the disk.
        return b""
    return file.read(count)


def _promised_beyond(end: int, size: int) -> int:
    """Bytes that a header promises beyond its file; one that is wrong by a header promises nothing."""
    return end - size if end - size > _HEADER_BYTES else 0


def _beyond_wave(file: BufferedIOBase, size: int) -> int | None:
    """Bytes of sound that a WAV promises beyond its file. A size that is wrong by a header, or that the outer size contradicts, promises nothing."""
    outer = 8 + int.from_bytes(read_at(file, 4, 4), "little")
    position, a_second, wide = 12, 0, 0
    while len(chunk := read_at(file, position, 8)) == 8:
        length = int.from_bytes(chunk[4:], "little")
        position += 8
        if chunk[:4] == b"fmt ":
            a_second = int.from_bytes(read_at(file, position + 8, 4), "little")
        if chunk[:4] == b"ds64":
            # The sizes of an RF64, in 64 bits (EBU Tech 3306): of the whole and of its sound.
            sizes = read_at(file, position, 16)
            outer, wide = 8 + int.from_bytes(sizes[:8], "little"), int.from_bytes(sizes[8:], "little")
        if chunk[:4] == b"data":
            length = wide if wide and length == _IN_64_BITS else length
            if not 0 < length < (_UNKNOWN_64_FROM if wide else LENGTH_UNKNOWN_FROM):
                return None
            missing = position + length - size
            is_outer_right = abs(outer - size) <= 1
            # A header is much of a call where few bytes hold a second.
            least = min(_HEADER_BYTES, max(_SMALL_HEADER_BYTES, a_second // 2)) if a_second else _HEADER_BYTES
            return missing if missing > least and not is_outer_right else 0
        position += length + length % 2
    return None


def _beyond_caf(file: BufferedIOBase, size: int) -> int | None:
    position = 8
    while len(chunk := read_at(file, position, 12)) == 12:
        length = int.from_bytes(chunk[4:], signed=True)
        if length < 0:
            return None
        position += 12 + length
        if chunk[:4] == b"data":
            return max(0, position - size)
    return None


def boxes(file: BufferedIOBase, start: int, end: int) -> Iterator[Box]:
    """Boxes of an MP4 that begin between two places of its file, one after the other; those inside them are not looked for."""
    position = start
    while position + 8 <= end:
        head = read_at(file, position, 16)
        length, name, inside = int.from_bytes(head[:4]), head[4:8], 8
        if length == 1 and len(head) == 16:
            length, inside = int.from_bytes(head[8:16]), 16
        elif length == 0:
            length = end - position
        if length < 8 or not all(32 <= byte < 127 or byte == 0xA9 for byte in name):
            return
        yield Box(name=name, start=position + inside, end=position + length)
        position += length


def _matroska_end(head: bytes) -> int | None:
    """Where the segment of a Matroska or WebM file ends; None where it was never filled in."""
    place = head.find(EBML_SEGMENT)
    if place < 0 or place + 5 > len(head) or not head[place + 4]:
        return None
    size, width = ebml_size(head[place + 4 :])
    return None if size == (1 << 7 * width) - 1 else place + 4 + width + size


def ebml_size(coded: bytes) -> tuple[int, int]:
    """A size as EBML writes it (RFC 8794, 4), and in how many bytes; (0, 1) where none stands there."""
    if not coded or not coded[0]:
        return 0, 1
    width = 9 - coded[0].bit_length()
    return int.from_bytes(coded[:width]) & ((1 << 7 * width) - 1), width


def last_page(file: BufferedIOBase, size: int) -> tuple[int, bytes] | None:
    """Where the last page of an Ogg begins, and the bytes from there to the end of the file; None where there is none."""
    start = max(0, size - _TAIL_BYTES)
    tail = read_at(file, start, _TAIL_BYTES)
    place = tail.rfind(OGG)
    return None if place < 0 else (start + place, tail[place:])


def _beyond_last_page(file: BufferedIOBase, size: int) -> int:
    found = last_page(file, size)
    if found is None:
        return 0
    place, page = found
    if len(page) < OGG_HEAD + 1:
        return 1
    count = page[OGG_HEAD - 1]
    return max(0, place + OGG_HEAD + count + sum(page[OGG_HEAD : OGG_HEAD + count]) - size)


def end_by_index(file: BufferedIOBase, start: int) -> int | None:
    """Where an MP3 that begins at a place ends by its index (Xing, Info); None without one that says so."""
    head = read_at(file, start, 10)
    first = start + tag_size(head)
    frame = read_at(file, first, _INDEX_WITHIN)
    place = max(frame[:200].find(b"Xing"), frame[:200].find(b"Info"))
    if place < 0 or int.from_bytes(frame[place + 4 : place + 8]) & 3 != 3:
        return None
    return first + int.from_bytes(frame[place + 12 : place + 16])


def is_adts(frame: bytes) -> bool:
    """Whether a frame of AAC as such begins so (ISO 13818-7, 6.2), which has another layer than MP3."""
    return frame[:1] == b"\xff" and len(frame) > 1 and frame[1] & 0xF6 == 0xF0


def tag_size(head: bytes) -> int:
    """Bytes of the tag before an MP3; 0 without one."""
    return 10 + sum((byte & 0x7F) << 7 * (3 - place) for place, byte in enumerate(head[6:10])) if head[:3] == b"ID3" else 0


def _mpeg_end(file: BufferedIOBase, size: int, head: bytes) -> End:
    """Of an MP3 with an index (Xing, Info): how long it was when that was written. Without one, and of AAC, whether it ends with a frame."""
    start = tag_size(head)
    frame = read_at(file, start, _INDEX_WITHIN)
    place = max(frame[:200].find(b"Xing"), frame[:200].find(b"Info"))
    if place < 0:
        return End(missing_bytes=bytes_lacking(read_at(file, 0, size), start))
    flags = int.from_bytes(frame[place + 4 : place + 8])
    # A count of no frames is one that was never written.
    is_counted = bool(flags & 1 and any(frame[place + 8 : place + 12]))
    if not flags & 1 or not flags & 2:
        return End(has_length=is_counted)
    length = int.from_bytes(frame[place + 12 : place + 16])
    # Some writers count the frame of the index, some do not.
    return End(missing_bytes=missing if (missing := start + length - size) > _INDEX_WITHIN else 0, has_length=is_counted)
