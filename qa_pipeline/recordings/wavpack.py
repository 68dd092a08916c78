"""The blocks of a WavPack: each says which samples it holds, so that what is broken between two of them costs itself.

FFmpeg gives up at the first head that is broken. In: a file. Out: the same with nothing but whole blocks in it. The form: wavpack.com, "WavPack 4 & 5 Binary
File / Block Format".
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from qa_pipeline.recordings.files import Reader

NAME = b"wvpk"
_HEAD = struct.Struct("<4sIHBBIIII")
_VERSIONS = range(0x402, 0x411)
_LARGEST, _MOST_SAMPLES = 1 << 22, 1 << 20
_UNKNOWN = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """`file`: without what is no whole block. `lacking`: how many bytes the last block lacks."""

    file: Reader
    lacking: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """`first`, `samples`: which it holds. `total`: how many samples there are in all."""

    start: int
    end: int
    first: int
    samples: int
    total: int


def mended(file: Reader) -> Mended | None:
    """A WavPack of which something is broken or cut off; None where it is whole, and for other forms. `file` is left anywhere."""
    file.seek(0)
    if file.read(len(NAME)) != NAME:
        return None
    file.seek(0)
    content = file.read()
    found = list(_blocks(content))
    if not found:
        return None
    # Of the others, nobody fills in how many there are in all.
    total = next((block.total for block in found if not block.first and 0 < block.total < _UNKNOWN), None)
    kept = [block for block in found if block.end <= len(content) and (total is None or block.first + block.samples <= total)]
    if not kept:
        return None
    reached = kept[-1].first + kept[-1].samples
    lacking = max(0, found[-1].end - len(content))
    if kept[-1].end == len(content) and total is not None and reached < total:
        # It ends between two blocks.
        lacking = 1
    follow = all(block.end == after.start for block, after in pairwise(kept))
    if not lacking and follow and kept[0].start == 0 and total in (reached, None):
        return None
    return Mended(file=Reader(io.BytesIO(b"".join(content[block.start : block.end] for block in kept))), lacking=lacking)


def _blocks(content: bytes) -> Iterator[_Block]:
    """Everything that begins as a block does and has no other beginning inside."""
    place = content.find(NAME)
    while place >= 0:
        following = content.find(NAME, place + 4)
        while following >= 0 and _block_at(content, following) is None:
            following = content.find(NAME, following + 4)
        block = _block_at(content, place)
        if block and (following < 0 or block.end <= following):
            yield block
        place = following


def _block_at(content: bytes, place: int) -> _Block | None:
    if len(content) - place < _HEAD.size:
        return None
    _, size, version, _, _, total, first, samples, _ = _HEAD.unpack_from(content, place)
    if version not in _VERSIONS or not _HEAD.size - 8 <= size <= _LARGEST or samples > _MOST_SAMPLES:
        return None
    return _Block(start=place, end=place + 8 + size, first=first, samples=samples, total=total)
