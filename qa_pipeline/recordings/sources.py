"""The files of some sources: folders, files, glob patterns and fsspec URIs → recordings, transcripts and metadata files.

What a file is, is told from its name alone; what the metadata say of it is in metadata.py, what becomes a call in ingest.py.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qa_pipeline.errors import InputRefused
from qa_pipeline.recordings.transcripts import TRANSCRIPT_SUFFIXES

AUDIO_SUFFIXES = (
    ".wav", ".mp3", ".ogg", ".opus", ".oga", ".m4a", ".mp4", ".aac", ".flac", ".webm", ".amr", ".gsm", ".wma", ".au", ".aif", ".aiff",
)  # fmt: skip
SUFFIXES = (*AUDIO_SUFFIXES, *TRANSCRIPT_SUFFIXES)
METADATA_NAMES = ("calls.csv", "calls.parquet", "calls.jsonl")
_STILL_GROWING_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Files of the sources. `searched`: those that nobody named, found in a folder. `is_whole`: a folder or metadata file was asked for."""

    files: list[str]
    metadata: list[str]
    searched: frozenset[str]
    is_whole: bool


def recordings_in(sources: Sequence[str]) -> list[str]:
    """Files of some sources, whether or not the metadata name them. Raises InputRefused when a source is not there."""
    return collect_files(sources, may_be_empty=True).files


def collect_files(sources: Sequence[str], *, may_be_empty: bool = False) -> Found:
    """Recordings, transcripts and metadata files of all sources. Raises InputRefused when a source is not there, or all hold nothing."""
    import fsspec

    files: list[str] = []
    metadata: list[str] = []
    searched: set[str] = set()
    is_whole = False
    for source in sources:
        fs, path = fsspec.core.url_to_fs(source)
        prefix = source.split("://", 1)[0] + "://" if "://" in source else ""
        if fs.isdir(path):
            is_whole = True
            inside = sorted(str(p) for p in fs.find(path))
            metadata += [prefix + p for p in inside if PurePosixPath(p).name in METADATA_NAMES]
            here = [prefix + p for p in inside if p.lower().endswith(SUFFIXES) and PurePosixPath(p).name not in METADATA_NAMES]
            searched |= set(here) - set(files)
            files += here
        elif PurePosixPath(path).name in METADATA_NAMES and fs.exists(path):
            metadata.append(prefix + path)
            is_whole = True
        else:
            matched = sorted(str(p) for p in fs.glob(path)) if any(mark in path for mark in "*?[") else ([path] if fs.exists(path) else [])
            if not matched:
                raise InputRefused(f"{source} is not there.", advice="Name a folder of recordings, files, or a pattern in quotes.")
            named = [prefix + p for p in matched if PurePosixPath(p).name not in METADATA_NAMES]
            searched -= set(named)
            files += named
            metadata += [
                prefix + str(PurePosixPath(p).parent / name)
                for p in matched[:1]
                for name in METADATA_NAMES
                if fs.exists(str(PurePosixPath(p).parent / name))
            ]
    if not files and not metadata and not may_be_empty:
        raise InputRefused(f"No recordings in {', '.join(sources)}.", advice=f"Known file types: {' '.join(SUFFIXES)}")
    return Found(files=files, metadata=metadata, searched=frozenset(searched), is_whole=is_whole)


def beside(metadata_path: str, name: str) -> str:
    """Where a file lies that a metadata file names: beside it, unless the name is a whole path or a URI."""
    if "://" in name or name.startswith("/"):
        return name
    folder, slash, _ = metadata_path.rpartition("/")
    return f"{folder}{slash}{name}"


def still_growing(uris: Sequence[str]) -> set[str]:
    """Local files that changed moments ago and change still; one short wait for all of them."""
    recent = {uri: before for uri in uris if (before := file_state(uri)) and time.time() - before[1] / 1e9 <= _STILL_GROWING_SECONDS}
    if recent:
        time.sleep(0.05)
    return {uri for uri, before in recent.items() if file_state(uri) != before}


def file_state(uri: str) -> tuple[int, int] | None:
    """Size and time of change (ns) of a local file."""
    try:
        found = Path(uri).stat()
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns
