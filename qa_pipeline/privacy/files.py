"""A call as files that may leave the house: its words with placeholders, its recording with a tone over them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qa_pipeline.privacy.rows import Hidden, redact_utterance_rows
from qa_pipeline.privacy.sound import hide
from qa_pipeline.reading.call import OneCall
from qa_pipeline.recordings.audio import SAMPLE_RATE, Audio, decode
from qa_pipeline.whole_file import replacing, write_whole


def write_redacted(found: OneCall, hidden: Hidden, folder: Path, *, is_silent: bool = False) -> tuple[Path, ...]:
    """Write CALL_ID.txt, and CALL_ID.flac where the call has a recording: at 16 kHz, its tracks kept. Returns what was written.

    Raises CallFailed where the recording cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(char if char.isalnum() or char in "-_." else "_" for char in found.line.call_id)
    lines = [
        f"{_clock(row['start_ms'])}{row['role']}: {row['text']}\n" for row in redact_utterance_rows(found.call, found.utterances, hidden)
    ]
    text = folder / f"{name}.txt"
    write_whole(text, "".join(lines))
    if found.call["layout"] == "text":
        return (text,)
    audio = decode(found.call["source_uri"])
    sound = folder / f"{name}.flac"
    with replacing(sound) as part:
        _write_flac(part, Audio(samples=hide(audio.samples, hidden.spans, sample_rate=SAMPLE_RATE, is_silent=is_silent)))
    return text, sound


def _clock(start_ms: int | None) -> str:
    return "" if start_ms is None else f"{start_ms // 60_000}:{start_ms // 1000 % 60:02} "


def _write_flac(path: Path, audio: Audio) -> None:
    import av

    layout = "stereo" if audio.samples.shape[0] > 1 else "mono"
    whole = np.clip(np.round(audio.samples * 32767), -32768, 32767).astype(np.int16)
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(whole.T.reshape(1, -1)), format="s16", layout=layout)
        frame.sample_rate = SAMPLE_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
