"""Frames of forms that are nothing else: AMR, iLBC, AAC in ADTS, MP3. Each says in its head how long it is, so that one that breaks off can be told.

In: a file's bytes. Out: how many bytes its last frame lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

# RFC 4867, 5.3: bytes of a frame by its type, its head among them; 0: no such type.
_AMR_BYTES = {
    b"#!AMR\n": (13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1),
    b"#!AMR-WB\n": (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1),
}
# RFC 3952, 3.1 and 7.1: frames of 20 and of 30 ms.
_ILBC_BYTES = {b"#!iLBC20\n": 38, b"#!iLBC30\n": 50}
_ADTS_HEAD = 7
# Layer III: kbit/s and Hz by version (3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5).
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HERTZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_LAYER_3 = 1
_TAG, _TAG_BYTES = b"TAG", 128


def bytes_lacking(content: bytes, start: int = 0) -> int | None:
    """How many bytes the last frame lacks; 0 where the file ends with a frame, None where frames do not follow one another to the end.

    `start`: where frames begin, behind what else stands before them.
    """
    of_ilbc = next((magic for magic in _ILBC_BYTES if content.startswith(magic)), None)
    if of_ilbc is not None:
        return -(len(content) - len(of_ilbc)) % _ILBC_BYTES[of_ilbc]
    magic = next((magic for magic in _AMR_BYTES if content.startswith(magic)), None)
    length_of: Callable[[bytes, int], int] = _adts_length if _adts_length(content, start) else _mp3_length
    if magic is not None:
        start, length_of = len(magic), partial(_amr_length, _AMR_BYTES[magic])
    place = start
    while place < len(content):
        if content.startswith(_TAG, place) and len(content) - place == _TAG_BYTES:
            return 0
        length = length_of(content, place)
        if not length:
            return None
        place += length
    return place - len(content)


def _amr_length(lengths: Sequence[int], content: bytes, place: int) -> int:
    return lengths[content[place] >> 3 & 0x0F]


def _adts_length(content: bytes, place: int) -> int:
    head = content[place : place + _ADTS_HEAD]
    if len(head) < _ADTS_HEAD or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    length = (head[3] & 0x03) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > _ADTS_HEAD else 0


def _mp3_length(content: bytes, place: int) -> int:
    head = content[place : place + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or head[1] >> 1 & 0x03 != _LAYER_3:
        return 0
    version, kbits, hertz = head[1] >> 3 & 0x03, head[2] >> 4, head[2] >> 2 & 0x03
    if version not in _HERTZ or not 0 < kbits < 15 or hertz == 3:
        return 0
    rate = (_KBITS_1 if version == 3 else _KBITS_2)[kbits] * 1000
    return (144 if version == 3 else 72) * rate // _HERTZ[version][hertz] + (head[2] >> 1 & 1)
