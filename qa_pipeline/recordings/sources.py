"""The files of some sources: folders, files, glob patterns and fsspec URIs → recordings, transcripts and metadata files.

What a file is, is told from its name, and of a name that says nothing from how the file begins; what the metadata say of it is in metadata.py, what
becomes a call in ingest.py. Names are given as address.py writes them, so that every one of them can be stored and shown.
"""

from __future__ import annotations

import glob
import posixpath
import stat
import time
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from qa_pipeline.errors import InputRefused
from qa_pipeline.recordings.address import path_of, readable
from qa_pipeline.recordings.files import is_plain_file
from qa_pipeline.recordings.transcripts import BY_CONTENT_SUFFIXES, TRANSCRIPT_SUFFIXES, holds_lines

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

AUDIO_SUFFIXES = (
    ".wav", ".mp3", ".ogg", ".opus", ".oga", ".m4a", ".mp4", ".aac", ".flac", ".webm", ".amr", ".gsm", ".wma", ".au", ".aif", ".aiff",
    ".3gp", ".3gpp", ".3g2", ".mov", ".m4b", ".m4v", ".mkv", ".mka", ".weba", ".caf", ".awb", ".spx", ".wv", ".w64", ".mp2", ".mpga", ".ts",
    ".avi", ".asf", ".wmv", ".flv", ".ac3", ".snd", ".wave", ".sph", ".voc", ".tta", ".aifc", ".bwf", ".rf64", ".wav49", ".lbc", ".loas", ".latm",
    ".qcp", ".mpg", ".mpeg", ".mts", ".m2ts", ".ape",
)  # fmt: skip
SUFFIXES = (*AUDIO_SUFFIXES, *TRANSCRIPT_SUFFIXES)
METADATA_NAMES = ("calls.csv", "calls.tsv", "calls.parquet", "calls.jsonl")
# Tables that lie beside recordings under other names; nobody should wonder why they were not read.
_TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".ods", ".parquet", ".csv.gz", ".csv.zip", ".numbers")
_METADATA_OTHERWISE = ("calls.json", "calls.xml", "calls.yaml", "calls.yml", "calls.txt")
_STILL_GROWING_SECONDS = 10
# A file of one of these names is on its way, or lies beside the recordings with a known purpose: it is neither tried nor counted.
_ON_THE_WAY = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".download")
_COMPANIONS = (".truth.json",)
# How containers of sound begin, and where.
_BEGINNINGS = (
    (0, b"RIFF"), (0, b"RF64"), (0, b"FORM"), (0, b"OggS"), (0, b"fLaC"), (0, b"ID3"), (4, b"ftyp"), (0, b"\x1a\x45\xdf\xa3"), (0, b".snd"),
    (0, b"caff"), (0, b"#!AMR"), (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
)  # fmt: skip
# Enough of a table to tell whether it holds what was said.
_LOOKED_AT = 65_536
# Encodings that names are written in where they are not UTF-8, after the one that is asked for.
_NAME_ENCODINGS = ("cp1250", "cp1252", "gb18030")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Files of the sources. `searched`: those that nobody named, found in a folder. `is_whole`: a folder or metadata file was asked for.

    `left`: how many files of other endings were left, by ending; `tables`: those among them that may be metadata under another name, where there are none.
    `linked`: links to folders, which are not followed.
    """

    files: list[str]
    metadata: list[str]
    searched: frozenset[str]
    is_whole: bool
    left: Mapping[str, int] = field(default_factory=dict)
    tables: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()


def recordings_in(sources: Sequence[str], *, raw: Collection[str] = ()) -> list[str]:
    """Files of some sources, whether or not the metadata name them. `raw`: further endings. Raises InputRefused when a source is not there."""
    return collect_files(sources, may_be_empty=True, raw=raw).files


def collect_files(sources: Sequence[str], *, may_be_empty: bool = False, raw: Collection[str] = ()) -> Found:
    """Recordings, transcripts and metadata files of all sources. `raw`: endings of sound without a header.

    Raises InputRefused when a source is not there, or all hold nothing.
    """
    import fsspec

    files: list[str] = []
    metadata: list[str] = []
    searched: set[str] = set()
    left: Counter[str] = Counter()
    tables: list[str] = []
    linked: list[str] = []
    is_whole = False
    for source in sources:
        fs, path = fsspec.core.url_to_fs(source)
        prefix = source.split("://", 1)[0] + "://" if "://" in source else ""
        if fs.isdir(path):
            is_whole = True
            inside = sorted(str(p) for p in fs.find(path))
            described = {p for p in inside if _is_metadata(p) and (prefix or is_plain_file(p))}
            metadata += [prefix + p for p in inside if p in described]
            others = [p for p in inside if p not in described]
            known = [p for p in others if _is_taken(p, raw, is_local=not prefix)]
            unread = [p for p in others if p not in set(known) and not _is_beside_the_point(p)]
            linked += [p for p in unread if not prefix and Path(p).is_dir()]
            left.update(_ending(p) for p in unread if p not in linked)
            tables += [PurePosixPath(p).name for p in [*unread, *known] if _may_be_metadata(p, is_left=p not in known)]
            here = [prefix + readable(p) for p in known]
            searched |= set(here) - set(files)
            files += here
        elif _is_metadata(path) and fs.exists(path):
            metadata.append(prefix + path)
            is_whole = True
        else:
            matched = _matching(fs, path)
            if not matched:
                raise InputRefused(
                    f"{readable(source)} is not there.", advice="Name a folder of recordings, files, or a pattern in quotes."
                )
            named = [prefix + readable(p) for p in matched if not _is_metadata(p)]
            searched -= set(named)
            files += named
            metadata += [
                prefix + str(PurePosixPath(p).parent / name)
                for p in matched[:1]
                for name in METADATA_NAMES
                if fs.exists(str(PurePosixPath(p).parent / name))
            ]
    if not files and not metadata and not may_be_empty:
        shown = f" {left_line(left)}" if left else ""
        raise InputRefused(
            f"No recordings in {', '.join(map(readable, sources))}.{shown}", advice=f"Known file types: {' '.join(SUFFIXES)}"
        )
    return Found(
        files=files,
        metadata=metadata,
        searched=frozenset(searched),
        is_whole=is_whole,
        left=left,
        tables=() if metadata else tuple(tables),
        linked=tuple(map(readable, linked)),
    )


def left_line(left: Mapping[str, int]) -> str:
    """One sentence about files that were left: how many of which endings."""
    count = sum(left.values())
    endings = ", ".join(f"{ending} ({number})" for ending, number in sorted(left.items(), key=lambda item: (-item[1], item[0])))
    return f"{count} file{'s' if count > 1 else ''} with other endings {'are' if count > 1 else 'is'} left: {endings}."


def beside(metadata_path: str, name: str) -> str:
    """Where a file lies that a metadata file names: beside it, unless the name is a whole path or a URI."""
    if "://" in name or name.startswith("/"):
        return name
    folder, slash, _ = metadata_path.rpartition("/")
    # ./a.wav and day1/../a.wav are a.wav; what a backslash means is found out by looking (Names).
    plain = posixpath.normpath(name) if "/" in name and not name.endswith("/") else name
    return f"{folder}{slash}{plain}"


class Names:
    """Finds the file that a name means, where it is written otherwise on the disk: composed or decomposed accents, backslashes for slashes, other case,
    another encoding. Remembers the folders it looked into.
    """

    def __init__(self, known: Collection[str], *, encoding: str = "utf-8") -> None:
        """`known`: files that are surely there."""
        self._known = set(known)
        self._encodings = dict.fromkeys((encoding, *_NAME_ENCODINGS))
        self._folders: dict[str, dict[str, list[str]]] = {}

    def find(self, uri: str) -> str:
        """The file that is meant; the name itself where nothing else can be."""
        import fsspec

        if uri in self._known:
            return uri
        fs, path = fsspec.core.url_to_fs(uri)
        path = str(path)
        if _exists(fs, path):
            return uri
        prefix = uri.split("://", 1)[0] + "://" if "://" in uri else ""
        for form in dict.fromkeys((path, path.replace("\\", "/"), unquote(path))):
            if form != path and _exists(fs, form):
                return prefix + form
            folder, _, name = form.rpartition("/")
            for key in (_composed(name), _composed(name).casefold()):
                meant = self._in_folder(fs, folder).get(key, [])
                if len(meant) == 1:
                    return prefix + readable(meant[0])
            # Platforms name recordings without the ending that their files have.
            meant = self._in_folder(fs, folder).get(f"{_composed(name)}.*", [])
            if len(meant) == 1 and not name.lower().endswith(SUFFIXES):
                return prefix + readable(meant[0])
        return uri

    def fitting(self, uri: str) -> list[str]:
        """Known files that an address with `*` fits."""
        first, *others = uri.split("*")
        if not others:
            return [uri] if uri in self._known else []
        return sorted(file for file in self._known if file.startswith(first) and _has_in_order(file[len(first) :], others))

    def _in_folder(self, fs: AbstractFileSystem, folder: str) -> dict[str, list[str]]:
        """Files of a folder by every name that may be written for them."""
        if folder not in self._folders:
            by_name: dict[str, list[str]] = {}
            try:
                entries = [str(entry) for entry in fs.ls(folder, detail=False)]
            except OSError:
                entries = []
            for entry in entries:
                for name in self._spellings(entry.rpartition("/")[2]):
                    for key in {name, name.casefold(), name.strip()}:
                        by_name.setdefault(key, []).append(entry)
                    if name.lower().endswith(SUFFIXES):
                        by_name.setdefault(f"{PurePosixPath(name).stem}.*", []).append(entry)
            self._folders[folder] = by_name
        return self._folders[folder]

    def _spellings(self, name: str) -> set[str]:
        raw = name.encode("utf-8", "surrogateescape")
        found = {_composed(name)}
        if readable(name) != name:
            for encoding in self._encodings:
                try:
                    found.add(_composed(raw.decode(encoding)))
                except (UnicodeDecodeError, LookupError):
                    continue
        return found


def _has_in_order(text: str, pieces: Sequence[str]) -> bool:
    """Whether a text has these pieces one after the other, the last at its end."""
    place = 0
    for piece in pieces[:-1]:
        place = text.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return len(text) - len(pieces[-1]) >= place and text.endswith(pieces[-1])


def still_growing(uris: Sequence[str]) -> set[str]:
    """Local files that changed moments ago and change still; one short wait for all of them."""
    recent = {uri: before for uri in uris if (before := file_state(uri)) and time.time() - before[1] / 1e9 <= _STILL_GROWING_SECONDS}
    if recent:
        time.sleep(0.05)
    return {uri for uri, before in recent.items() if file_state(uri) != before}


def file_state(uri: str) -> tuple[int, int] | None:
    """Size and time of change (ns) of a local file."""
    try:
        found = Path(path_of(uri)).stat()
    except (OSError, ValueError):
        return None
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def _matching(fs: AbstractFileSystem, path: str) -> list[str]:
    """Files that a name or a pattern means: the file of that very name, that name written otherwise, or whatever fits the pattern."""
    if _exists(fs, path):
        return [path]
    if any(mark in path for mark in "*?["):
        folder, slash, pattern = path.rpartition("/")
        # Brackets in the name of a folder that is there are no pattern.
        literal = glob.escape(folder) if folder and fs.isdir(folder) else folder
        return sorted(str(p) for p in fs.glob(literal + slash + pattern))
    found = Names(()).find(path)
    return [path_of(found)] if found != path else []


def _exists(fs: AbstractFileSystem, path: str) -> bool:
    try:
        return bool(fs.exists(path))
    except ValueError:
        return False


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _is_metadata(path: str) -> bool:
    return PurePosixPath(path).name.lower() in METADATA_NAMES


def _may_be_metadata(path: str, *, is_left: bool) -> bool:
    """Whether a file may describe the calls under a name that is not read: any table that was left, and whatever is called as metadata are."""
    name = PurePosixPath(path).name.lower()
    return (is_left and name.endswith(_TABLES)) or name in _METADATA_OTHERWISE


def _is_taken(path: str, raw: Collection[str], *, is_local: bool) -> bool:
    """Whether a file in a folder is a recording or a transcript: by its ending, or by how it begins where the ending says nothing."""
    # A blank at the end of a name is no part of its ending.
    lowered = path.lower().rstrip()
    # What macOS keeps beside a file on other disks.
    if PurePosixPath(path).name.startswith("._"):
        return False
    if lowered.endswith((*SUFFIXES, *raw)) and not lowered.endswith(_COMPANIONS):
        return True
    if not is_local or _is_beside_the_point(path):
        return False
    return _holds_lines(path) if lowered.endswith(BY_CONTENT_SUFFIXES) else _begins_as_recording(path)


def _is_beside_the_point(path: str) -> bool:
    name = PurePosixPath(path).name.lower()
    return name.startswith(".") or name.endswith((*_ON_THE_WAY, *_COMPANIONS))


def _holds_lines(path: str) -> bool:
    """Whether a table or a document in XML holds what was said."""
    head = _beginning(path, _LOOKED_AT)
    # A line that is cut is none.
    return holds_lines(head if len(head) < _LOOKED_AT else head[: head.rfind(b"\n") + 1], path)


def _beginning(path: str, count: int) -> bytes:
    """The first bytes of a file; none where it cannot be read."""
    if not is_plain_file(path):
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(count)
    except OSError:
        return b""


def _begins_as_recording(path: str) -> bool:
    head = _beginning(path, 16)
    if head[:4] == b"RIFF":
        return head[8:12] == b"WAVE"
    return any(head[place:].startswith(mark) for place, mark in _BEGINNINGS)


def _ending(path: str) -> str:
    return readable(PurePosixPath(path).suffix.lower()).partition("#")[0] or "(none)"
