"""The sound of a call, for who may hear it: a file to play from any moment on, and peaks to draw. Made once, kept by content in the cache.

What a browser plays as it is stays where it lies; the rest is decoded (recordings/playback.py) under `CACHE/work/sound`, from where retention takes it
with the words of the call.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from qa_pipeline.errors import RecordingError
from qa_pipeline.reading.call import OneCall
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.viewer import Matter, Viewer
from qa_pipeline.recordings.address import path_of
from qa_pipeline.recordings.playback import DECODED_TYPE, Peaks, load_peaks, make_playable
from qa_pipeline.recordings.probing import type_played
from qa_pipeline.results.store import Store
from qa_pipeline.sealed import Keys, can_open, replacing_sealed

FOLDER = "sound"
# One after the other: each takes a processor, and what two ask for is often the same.
_MAKING = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A file that a browser plays."""

    path: Path
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recording:
    """A recording and where its peaks and, if it has to be decoded, its sound are kept."""

    uri: str
    peaks: Path
    decoded: Path


def find_sound(store: Store, engine: Engine, work: Path, viewer: Viewer, call_id: str, keys: Keys | None = None) -> Sound:
    """What to play of a call. `work`: the folder of stage outputs; `keys`: what is kept there is sealed with.

    Raises as `find_call` for a call that is not theirs to hear; RecordingError for a dialogue without sound, and for a recording that is gone or broken.
    """
    recording = _recording(store, engine, work, viewer, call_id)
    played = type_played(recording.uri)
    if played is not None:
        return Sound(path=Path(path_of(recording.uri)), media_type=played)
    if not can_open(recording.decoded, keys):
        with _MAKING:
            if not can_open(recording.decoded, keys):
                _make(recording, keys)
    return Sound(path=recording.decoded, media_type=DECODED_TYPE)


def read_peaks(store: Store, engine: Engine, work: Path, viewer: Viewer, call_id: str, keys: Keys | None = None) -> Peaks:
    """The peaks of a call's tracks. Raises as `find_sound`."""
    recording = _recording(store, engine, work, viewer, call_id)
    found = load_peaks(recording.peaks, keys)
    if found is None:
        with _MAKING:
            found = load_peaks(recording.peaks, keys)
            if found is None:
                _make(recording, keys, with_sound=type_played(recording.uri) is None)
                found = load_peaks(recording.peaks, keys)
    if found is None:
        raise RecordingError(
            f"The peaks of call {call_id} could not be kept.", advice="Check space and rights in the cache.", stage="decode"
        )
    return found


def read_turns(store: Store, engine: Engine, viewer: Viewer, call_id: str) -> list[dict[str, Any]]:
    """Who speaks when: rows with `role`, `channel`, `start_ms`, `end_ms`. Raises as `find_call` for a call that is not theirs to hear."""
    line = find_call(engine, viewer, call_id, matter=Matter.WORDS)
    columns = ["role", "channel", "start_ms", "end_ms"]
    found: list[dict[str, Any]] = store.read_of(
        "utterances", "conversation_id", line.conversation_id, day=line.call_date, columns=columns
    ).to_pylist()
    return found


def has_recording(one: OneCall) -> bool:
    """Whether a call has a recording that is still there; of one that lies on another machine, nobody looks."""
    if one.line.layout == "text":
        return False
    path = path_of(one.named["source_uri"])
    return "://" in path or Path(path).is_file()


def kept_files(work: Path, audio_sha256: str) -> tuple[Path, Path]:
    """Where sound and peaks of a recording are kept, whether they are or not."""
    beginning = work / FOLDER / audio_sha256[:2] / audio_sha256
    return beginning.with_suffix(".flac"), beginning.with_suffix(".peaks")


def _make(recording: _Recording, keys: Keys | None, *, with_sound: bool = True) -> None:
    """Decode a recording into its files."""
    with ExitStack() as files:
        sound = files.enter_context(replacing_sealed(recording.decoded, keys)) if with_sound else None
        peaks = files.enter_context(replacing_sealed(recording.peaks, keys))
        make_playable(recording.uri, sound=sound, peaks=peaks)


def _recording(store: Store, engine: Engine, work: Path, viewer: Viewer, call_id: str) -> _Recording:
    line = find_call(engine, viewer, call_id, matter=Matter.WORDS)
    columns = ["source_uri", "audio_sha256"]
    rows = store.read_of("calls", "conversation_id", line.conversation_id, day=line.call_date, columns=columns).to_pylist()
    if line.layout == "text" or not rows:
        raise RecordingError(f"Call {call_id} has no sound.", advice="It came as text.", stage="decode")
    decoded, peaks = kept_files(work, rows[0]["audio_sha256"])
    return _Recording(uri=rows[0]["source_uri"], peaks=peaks, decoded=decoded)
