"""Where sound begins and ends in an Ogg, a Matroska or an ASF, by their own pages, clusters and packets.

FFmpeg steps over a page or a cluster that is damaged and says nothing of it. Between two packets that shows in their places (container.py); at the
beginning and at the end it shows only in the structure of the file. In: a file. Out: an Extent. Whether a file is cut is in ends.py.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from io import BufferedIOBase

from qa_pipeline.recordings.ends import ASF, EBML, EBML_SEGMENT, OGG, OGG_HEAD, ebml_size, last_page, read_asf, read_at

_CLUSTER = b"\x1f\x43\xb6\x75"
_CUES, _TAGS = b"\x1c\x53\xbb\x6b", b"\x12\x54\xc3\x67"
# SeekHead, Void, CRC-32, Info, Tracks, Chapters, Attachments: what may stand before the first cluster beside these.
_BEFORE = (
    _CUES,
    _TAGS,
    b"\x11\x4d\x9b\x74",
    b"\xec",
    b"\xbf",
    b"\x15\x49\xa9\x66",
    b"\x16\x54\xae\x6b",
    b"\x10\x43\xa7\x70",
    b"\x19\x41\xa4\x69",
)
TAG_NAMES = (b"TAG", b"APETAGEX", b"LYRICSBE", b"ID3")
_MOST_ELEMENTS = 1_000
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """`begins`: the byte at which sound begins; None where what stands before it is broken. `last`: that at which the last packet of an ASF begins.
    `seconds`: until when an Ogg goes by its last page, and an ASF by its header.
    """

    begins: int | None
    last: int | None = None
    seconds: Fraction | None = None


def examine_extent(file: BufferedIOBase) -> Extent | None:
    """What an Ogg, a Matroska or an ASF says of itself; None for other forms, and for an Ogg of several streams. `file` is left anywhere."""
    size = file.seek(0, 2)
    head = read_at(file, 0, 4)
    if head == OGG:
        return _extent_of_ogg(file, size)
    if head == ASF[:4] and (asf := read_asf(file)):
        return Extent(begins=asf.start, last=asf.end - asf.packet_bytes, seconds=asf.seconds)
    return Extent(begins=_first_cluster(file, size)) if head == EBML else None


def end_of_sound(file: BufferedIOBase, after: int) -> int:
    """Where sound ends behind the last packet that was taken: at the index of a Matroska, at the tags of an MP3, else at the end of the file."""
    size = file.seek(0, 2)
    if is_tag(file, after):
        return after
    if read_at(file, 0, 4) != EBML:
        return size
    for start in range(after, size, _BLOCK):
        block = read_at(file, start, _BLOCK + len(_CUES))
        places = [place for place in (block.find(_CUES), block.find(_TAGS)) if place >= 0]
        if places:
            return start + min(places)
    return size


def is_tag(file: BufferedIOBase, place: int) -> bool:
    """Whether a tag (title, picture) stands somewhere between frames. `file` stays where it is: somebody may be reading it."""
    before = file.tell()
    found = read_at(file, place, 8).startswith(TAG_NAMES)
    file.seek(before)
    return found


def _extent_of_ogg(file: BufferedIOBase, size: int) -> Extent | None:
    first = read_at(file, 0, 2 * OGG_HEAD + 255 + 64)
    clock = _clock(first[OGG_HEAD + first[OGG_HEAD - 1] :]) if len(first) > OGG_HEAD else None
    if clock is None:
        return None
    rate, before = clock
    begins, position = None, 0
    for _ in range(_MOST_ELEMENTS):
        page = read_at(file, position, OGG_HEAD + 255)
        if len(page) <= OGG_HEAD or page[:4] != OGG:
            break
        if position and page[5] & 2:
            return None
        # −1: no packet ends in this page.
        if int.from_bytes(page[6:14], "little", signed=True) > 0:
            begins = position
            break
        count = page[OGG_HEAD - 1]
        position += OGG_HEAD + count + sum(page[OGG_HEAD : OGG_HEAD + count])
    _, page = last_page(file, size) or (size, b"")
    moment = int.from_bytes(page[6:14], "little", signed=True)
    is_last = len(page) > OGG_HEAD and len(page) == OGG_HEAD + page[26] + sum(page[OGG_HEAD : OGG_HEAD + page[26]])
    is_known = is_last and page[14:18] == first[14:18] and moment > before
    return Extent(begins=begins, seconds=Fraction(moment - before, rate) if is_known else None)


def _clock(head: bytes) -> tuple[int, int] | None:
    """Ticks a second of a stream, and how many stand before its beginning, by its first packet."""
    if head[:8] == b"OpusHead" and len(head) >= 12:
        return 48_000, struct.unpack_from("<H", head, 10)[0]
    rate = 0
    if head[:7] == b"\x01vorbis" and len(head) >= 16:
        rate = struct.unpack_from("<I", head, 12)[0]
    elif head[:5] == b"\x7fFLAC" and len(head) >= 30:
        rate = int.from_bytes(head[27:30]) >> 4
    elif head[:8] == b"Speex   " and len(head) >= 40:
        rate = struct.unpack_from("<I", head, 36)[0]
    return (rate, 0) if rate else None


def _first_cluster(file: BufferedIOBase, size: int) -> int | None:
    head = read_at(file, 0, 4096)
    place = head.find(EBML_SEGMENT)
    if place < 0:
        return None
    position = place + 4 + ebml_size(head[place + 4 : place + 12])[1]
    for _ in range(_MOST_ELEMENTS):
        element = read_at(file, position, 12)
        if element[:4] == _CLUSTER:
            return position
        name = next((name for name in _BEFORE if element.startswith(name)), None)
        if name is None or position >= size:
            return None
        length, width = ebml_size(element[len(name) :])
        position += len(name) + width + length
    return None
