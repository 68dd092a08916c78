"""Recorded calls for an office: a tone for every word, and words with times where the tone is."""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path

from desks import commit
from office import Office

from qa_pipeline.review.opening import bring_up_to_date


def record(path: Path, *, width: int = 2, seconds: int = 6) -> Path:
    """A tone of so many seconds at 8 kHz, in samples of 8 or 16 bits."""
    values = [math.sin(number * 0.3) for number in range(8_000 * seconds)]
    if width == 2:
        raw = struct.pack(f"<{len(values)}h", *(int(9000 * value) for value in values))
    else:
        raw = bytes(int(128 + 70 * value) for value in values)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(width)
        file.setframerate(8_000)
        file.writeframes(raw)
    return path


def add_recorded(office: Office, folder: Path) -> None:
    """Two calls with recordings: `plain` is played as it is, `old` is decoded."""
    for call_id, width in (("plain", 2), ("old", 1)):
        path = record(folder / f"{call_id}.wav", width=width)
        commit(office.store, call_id, source_uri=str(path), audio_sha256=call_id * 16, agent_id="a1", team="north")
    bring_up_to_date(office.desk)
