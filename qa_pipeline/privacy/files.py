"""A call as files: what may leave the house, its words with placeholders and its recording with a tone over them; and the same recording to be played."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from sqlalchemy import Engine

from qa_pipeline.errors import CallFailed, RecordingError
from qa_pipeline.privacy.policy import Hiding
from qa_pipeline.privacy.rows import Hidden, hidden_of, redact_utterance_rows
from qa_pipeline.privacy.sound import hide
from qa_pipeline.reading.call import OneCall, read_call
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.sound import kept_files
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.recordings.audio import SAMPLE_RATE, Audio, decode
from qa_pipeline.recordings.playback import write_flac
from qa_pipeline.results.store import Store
from qa_pipeline.sealed import Keys, can_open, replacing_sealed
from qa_pipeline.whole_file import write_whole

# One after the other: a player asks for several stretches at once, and each would decode the whole.
_HIDING = threading.Lock()


def write_redacted(found: OneCall, hidden: Hidden, folder: Path, *, is_silent: bool = False) -> tuple[Path, ...]:
    """Write CALL_ID.txt, and CALL_ID.flac where the call has a recording: at 16 kHz, its tracks kept. Returns what was written.

    Raises CallFailed where the recording cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(char if char.isalnum() or char in "-_." else "_" for char in found.line.call_id)
    lines = [f"{_clock(row['start_ms'])}{row['role']}: {row['text']}\n" for row in redact_utterance_rows(found.utterances, hidden)]
    text = folder / f"{name}.txt"
    write_whole(text, "".join(lines))
    if found.call["layout"] == "text":
        return (text,)
    audio = decode(found.call["source_uri"])
    sound = folder / f"{name}.flac"
    write_flac(sound, Audio(samples=hide(audio.samples, hidden.spans, sample_rate=SAMPLE_RATE, is_silent=is_silent)))
    return text, sound


def hidden_sound(
    store: Store, engine: Engine, work: Path, viewer: Viewer, call_id: str, hiding: Hiding, keys: Keys | None = None
) -> Path | None:
    """The recording of a call for somebody who may not hear all of it, as FLAC kept beside decoded sound; None where nothing is hidden in it.

    Raises as `find_sound` of reading/sound.py.
    """
    find_call(engine, viewer, call_id, matter=Matter.WORDS)
    found = read_call(store, engine, viewer, call_id)
    spans = hidden_of(found.named, found.utterances, hiding).spans
    if found.call["layout"] == "text":
        return None
    if not found.utterances:
        raise RecordingError(
            f"Nobody knows any more where in call {call_id} what is said is hidden.", advice="Its words are kept no more.", stage="decode"
        )
    if not spans:
        return None
    (recording,) = store.read_of(
        "calls", "conversation_id", found.line.conversation_id, day=found.line.call_date, columns=["source_uri", "audio_sha256"]
    ).to_pylist()
    decoded, _ = kept_files(work, recording["audio_sha256"])
    path = decoded.with_name(f"{decoded.stem}-{hashlib.sha256(repr(spans).encode()).hexdigest()[:16]}.flac")
    with _HIDING:
        if not can_open(path, keys):
            try:
                audio = decode(recording["source_uri"])
            except CallFailed as error:
                raise RecordingError(error.message, advice=error.advice, stage="decode") from error
            hidden = Audio(samples=hide(audio.samples, spans, sample_rate=SAMPLE_RATE))
            with replacing_sealed(path, keys) as part:
                write_flac(part, hidden)
    return path


def _clock(start_ms: int | None) -> str:
    return "" if start_ms is None else f"{start_ms // 60_000}:{start_ms // 1000 % 60:02} "
