"""The sound of an AVI, chunk by chunk: what its index, or its chunks themselves, and its headers say that there is.

FFmpeg counts packets for a clock, steps over what is damaged without a word, and takes the length of blocks (ADPCM, GSM, G.726) for that of samples. In: a
file. Out: an AviTrack for each track of sound. Microsoft, "AVI RIFF File Reference"; OpenDML files of several gigabytes are followed to the end of their
first part.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from io import BufferedIOBase
from itertools import accumulate

from qa_pipeline.recordings.ends import read_at

_HEAD = 8
_ROW = struct.Struct("<4sIII")
_SOUND, _ANY = re.compile(rb"(\d\d)wb"), re.compile(rb"\d\d(wb|dc|db|pc|tx|sb)|ix\d\d|JUNK|idx1")
_MOST_CHUNKS = 5_000_000
_LOOKED_AT = 8
# Of one chunk, or one block; no recorder writes longer ones.
_LONGEST_UNIT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class AviTrack:
    """`seconds`: how long by its header; 0 where that was never written. `late`: the silence before it. `unit`: how long a block is, or, where `unit_bytes`
    is 0, a chunk. `places` and `sizes`: of its chunks. `is_whole`: these are all there should be.
    """

    seconds: Fraction
    late: Fraction
    unit: Fraction
    unit_bytes: int
    places: tuple[int, ...]
    sizes: tuple[int, ...]
    is_whole: bool

    def seconds_of(self, count: int, *, chunks: int = 1) -> Fraction:
        """How long so many bytes in so many chunks are."""
        return self.unit * (Fraction(count, self.unit_bytes) if self.unit_bytes else chunks)


class Progress:
    """How far a track has been read. Tells what was stepped over."""

    def __init__(self, track: AviTrack) -> None:
        self.track = track
        self._before = list(accumulate(track.sizes, initial=0))
        # The chunk that is next, and how much of it was read.
        self._chunk, self._inside = 0, 0

    def step(self, place: int | None, size: int) -> tuple[Fraction, Fraction]:
        """Take what was read at a place. Gives the seconds of sound, and of silence, that stand before it and were not read."""
        if place is None:
            return Fraction(0), Fraction(0)
        chunk = bisect_right(self.track.places, place) - 1
        inside = place - self.track.places[chunk] - _HEAD if chunk >= 0 else -1
        if not 0 <= inside <= self.track.sizes[chunk] or (chunk, inside) < (self._chunk, self._inside):
            # What FFmpeg found by itself among broken bytes.
            return Fraction(0), Fraction(0)
        passed = self._passed(chunk, inside)
        self._chunk, self._inside = chunk, inside + size
        if self._inside >= self.track.sizes[chunk]:
            self._chunk, self._inside = chunk + 1, 0
        return passed

    def rest(self) -> tuple[Fraction, Fraction]:
        """The seconds of sound and of silence that were not read at the end."""
        return self._passed(len(self.track.sizes), 0)

    def _passed(self, chunk: int, inside: int) -> tuple[Fraction, Fraction]:
        between = self.track.sizes[self._chunk : chunk]
        count = self._before[chunk] + inside - self._before[self._chunk] - self._inside
        full = sum(1 for size in between if size) - bool(self._inside)
        # A chunk that holds nothing says that for so long there was nothing.
        silent = 0 if self.track.unit_bytes else len(between) - sum(1 for size in between if size)
        return self.track.seconds_of(max(0, count), chunks=max(0, full)), silent * self.track.unit


def read_avi(file: BufferedIOBase) -> Mapping[int, AviTrack]:
    """The tracks of sound by their number in the file; none for other forms, and where the headers are broken. `file` is left anywhere."""
    size = file.seek(0, 2)
    head = read_at(file, 0, 12)
    if head[:4] != b"RIFF" or head[8:] != b"AVI ":
        return {}
    lists = {chunk.name: chunk for chunk in _chunks(file, 12, size)}
    if b"hdrl" not in lists or b"movi" not in lists:
        return {}
    headers = [
        read_at(file, strh.start, min(strh.end - strh.start, 56))
        for strl in _chunks(file, lists[b"hdrl"].start, lists[b"hdrl"].end)
        if strl.name == b"strl"
        for strh in _chunks(file, strl.start, strl.end)
        if strh.name == b"strh"
    ]
    found, is_whole = _by_index(file, lists) or _by_walking(file, lists[b"movi"], size)
    tracks = {}
    for number, header in enumerate(headers):
        if len(header) < 48 or header[:4] != b"auds":
            continue
        scale, rate, start, length, _, _, unit_bytes = struct.unpack_from("<7I", header, 20)
        if not scale or not rate or scale > rate * _LONGEST_UNIT:
            return {}
        unit, own = Fraction(scale, rate), found.get(number, [])
        tracks[number] = AviTrack(
            seconds=unit * length,
            late=unit * start,
            unit=unit,
            unit_bytes=unit_bytes,
            places=tuple(place for place, _ in own),
            sizes=tuple(size for _, size in own),
            is_whole=is_whole,
        )
    return tracks


def seconds_told(tracks: Mapping[int, AviTrack]) -> float:
    """How long the longest track is by its header."""
    return max((float(track.seconds + track.late) for track in tracks.values()), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    """`name`: of a list, that of what it lists. `start`, `end`: of what is in it."""

    name: bytes
    start: int
    end: int


_Found = dict[int, list[tuple[int, int]]]


def _chunks(file: BufferedIOBase, start: int, end: int) -> Iterator[_Chunk]:
    position = start
    for _ in range(_MOST_CHUNKS):
        head = read_at(file, position, 12)
        if position + _HEAD > end or len(head) < _HEAD:
            return
        length = int.from_bytes(head[4:8], "little")
        is_list = head[:4] in (b"LIST", b"RIFF")
        yield _Chunk(name=head[8:] if is_list else head[:4], start=position + (12 if is_list else _HEAD), end=position + _HEAD + length)
        position += _HEAD + length + length % 2


def _by_index(file: BufferedIOBase, lists: Mapping[bytes, _Chunk]) -> tuple[_Found, bool] | None:
    """The chunks of sound by the index at the end of the file; None where there is none that fits."""
    index = lists.get(b"idx1")
    if index is None:
        return None
    content = read_at(file, index.start, min(index.end - index.start, _MOST_CHUNKS * _ROW.size))
    rows = list(_ROW.iter_unpack(content[: len(content) // _ROW.size * _ROW.size]))
    # Places are counted from the list of chunks, or from the beginning of the file.
    movie = lists[b"movi"].start - 4
    fits = {
        base: sum(read_at(file, base + place, 4) == name for name, _, place, _ in rows[:: max(1, len(rows) // _LOOKED_AT)])
        for base in (movie, 0)
    }
    base = max(fits, key=lambda base: fits[base])
    if not fits[base]:
        return None
    found: _Found = {}
    for name, _, place, size in rows:
        if sound := _SOUND.fullmatch(name):
            found.setdefault(int(sound[1]), []).append((base + place, size))
    return {number: sorted(own) for number, own in found.items()}, True


def _by_walking(file: BufferedIOBase, movie: _Chunk, size: int) -> tuple[_Found, bool]:
    """The chunks of sound one after the other, up to one that is broken or the end of the file."""
    found: _Found = {}
    pending = [(movie.start, min(movie.end, size))]
    while pending:
        start, end = pending.pop()
        for chunk in _chunks(file, start, end):
            if chunk.name == b"rec ":
                # A group of chunks; what stands behind it is looked at afterwards.
                pending += [(chunk.end + chunk.end % 2, end), (chunk.start, min(chunk.end, end))]
                break
            if not _ANY.fullmatch(chunk.name) or chunk.end > end:
                return {number: sorted(own) for number, own in found.items()}, False
            if sound := _SOUND.fullmatch(chunk.name):
                found.setdefault(int(sound[1]), []).append((chunk.start - _HEAD, chunk.end - chunk.start))
    return {number: sorted(own) for number, own in found.items()}, True
