"""Edit lists of MP4 and QuickTime: which pieces of a track a player plays, in which order, and where it plays nothing; and the tag that iTunes writes in
place of one.

In: a file, and a track as it was recorded. Out: the track as it is played. A list of one piece is followed by FFmpeg; of several, it plays each to the
end of a frame, and silence between two of them as sound from elsewhere, so these are followed here. ISO/IEC 14496-12, 8.6.6.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BufferedIOBase
from typing import TYPE_CHECKING

import numpy as np

from qa_pipeline.recordings.ends import Box, boxes, is_mp4, read_at
from qa_pipeline.recordings.timeline import LONGEST_GAP, SAMPLE_RATE, Timeline

if TYPE_CHECKING:
    from av.container import InputContainer

# Encoders begin some frames early, and lists leave these out: no more than that is no cut.
_PRIMING = Fraction(1, 5)
_MOST_BYTES = 1_000_000
# No encoder puts so much before the sound.
_MOST_BEFORE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A piece that is played. `start`: from which second of the track; None where nothing is. `seconds`: how long; 0: not known yet."""

    start: Fraction | None
    seconds: Fraction


Edits = Mapping[int, tuple[Edit, ...]]


def read_edits(file: BufferedIOBase) -> Edits:
    """The edit lists of an MP4, by the id of their track; none where there are none, or the file is of another form. `file` is left anywhere."""
    size = file.seek(0, 2)
    if not is_mp4(read_at(file, 0, 8)):
        return {}
    found: dict[int, tuple[Edit, ...]] = {}
    for movie in _inside(file, Box(name=b"", start=0, end=size), b"moov"):
        movie_clock = next((_number_in(file, box) for box in _inside(file, movie, b"mvhd")), 0)
        for track in _inside(file, movie, b"trak"):
            number = next((_number_in(file, box) for box in _inside(file, track, b"tkhd")), 0)
            clock = next((_number_in(file, box) for box in _inside(file, track, b"mdia", b"mdhd")), 0)
            for box in _inside(file, track, b"edts", b"elst"):
                if movie_clock and clock:
                    found[number] = tuple(_edits(file, box, movie_clock=movie_clock, clock=clock))
    return found


def edits_of_tag(container: InputContainer) -> Edits:
    """What an MP4 without a list says in a tag of Apple's programs (iTunSMPB): how many samples stand before its sound, and how many are sound.

    FFmpeg leaves the first of them out, without beginning earlier, and of HE-AAC half as many as the tag counts.
    """
    stream = container.streams.audio[0] if container.streams.audio else None
    numbers = container.metadata.get("iTunSMPB", "").split()[1:4]
    if stream is None or not stream.start_time or not stream.time_base or len(numbers) < 3:
        # Where there is a list, the sound begins at 0 by it.
        return {}
    try:
        before, _, length = (int(number, 16) * Fraction(stream.time_base) for number in numbers)
    except ValueError:
        return {}
    return {stream.id: (Edit(start=before, seconds=length),)} if length and before < _MOST_BEFORE else {}


def has_pieces(edits: Edits) -> bool:
    """Whether any track is played in more than one piece, silence being one. A list written before the recording was over has no lengths."""
    return any(len(of) > 1 and all(edit.seconds for edit in of) for of in edits.values())


def is_moved(edits: Edits) -> bool:
    """Whether any track is played otherwise than from its beginning to its end, but for what its encoder put before it."""
    return has_pieces(edits) or any(edit.start is None or edit.start > _PRIMING for of in edits.values() for edit in of)


def seconds_played(edits: Edits) -> Fraction:
    """How long the longest of the tracks is played that have a list."""
    return max((sum((edit.seconds for edit in of), Fraction(0)) for of in edits.values()), default=Fraction(0))


def as_played(track: Timeline, edits: Sequence[Edit]) -> Timeline:
    """A track as its list has it played; as it is where there is no list.

    What the last piece names beyond the end of the track is not there. Silence of more than an hour is no silence but a clock that was set.
    """
    if not edits:
        return track
    channels, length = track.samples.shape
    pieces, lost, end = [np.zeros((channels, 0), np.float32)], [], 0
    for number, edit in enumerate(edits, 1):
        wanted = round(edit.seconds * SAMPLE_RATE)
        if edit.start is None:
            piece = np.zeros((channels, wanted if wanted <= LONGEST_GAP else 0), np.float32)
        else:
            start = round(edit.start * SAMPLE_RATE)
            left = max(0, length - start)
            wanted = left if not wanted or (number == len(edits) and wanted > left) else max(0, min(wanted, LONGEST_GAP + length - end))
            there = track.samples[:, start : start + wanted]
            piece = np.pad(there, ((0, 0), (0, max(0, wanted - there.shape[1]))))
            inside = [(max(a, start), min(b, start + wanted)) for a, b in track.lost]
            lost += [(end + a - start, end + b - start) for a, b in inside if a < b]
        pieces.append(piece)
        end += piece.shape[1]
    return Timeline(samples=np.concatenate(pieces, axis=1), lost=tuple(lost))


def _inside(file: BufferedIOBase, box: Box, *path: bytes) -> Iterator[Box]:
    """Boxes of a name inside a box, or inside boxes inside it."""
    for found in boxes(file, box.start, box.end):
        if found.name == path[0]:
            if path[1:]:
                yield from _inside(file, found, *path[1:])
            else:
                yield found


def _content(file: BufferedIOBase, box: Box) -> bytes:
    return read_at(file, box.start, min(_MOST_BYTES, max(0, box.end - box.start)))


def _number_in(file: BufferedIOBase, box: Box) -> int:
    """What stands behind the two dates of a header: ticks a second in mvhd and mdhd, the id of a track in tkhd."""
    content = _content(file, box)
    place = 20 if content[:1] == b"\x01" else 12
    return int.from_bytes(content[place : place + 4])


def _edits(file: BufferedIOBase, box: Box, *, movie_clock: int, clock: int) -> Iterator[Edit]:
    content = _content(file, box)
    row = struct.Struct(">QqI" if content[:1] == b"\x01" else ">IiI")
    for place in range(8, len(content) - row.size + 1, row.size):
        seconds, start, _ = row.unpack_from(content, place)
        yield Edit(start=None if start < 0 else Fraction(start, clock), seconds=Fraction(seconds, movie_clock))
