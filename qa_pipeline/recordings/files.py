"""Files of recordings as bytes: opened wherever they lie, read whole, hashed; what goes wrong is told as an error of ours.

In: an address (address.py). Out: bytes, or a reader that remembers a failure of the disk or the network which FFmpeg would take for the end.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from typing import IO, Any

from qa_pipeline.errors import ReadFailed, RecordingError
from qa_pipeline.recordings.address import parse_address, path_of, readable


def sha256_of(uri: str) -> str:
    """SHA-256 of the file's bytes; of several files, or one without a header, over theirs and how they are read. Raises RecordingError."""
    address = parse_address(uri)
    if address.party or address.following:
        told = "with" if address.party else "then"
        return hashlib.sha256(" ".join((told, *(sha256_of(file) for file in address.files))).encode()).hexdigest()
    if address.raw:
        return hashlib.sha256(f"raw {address.raw} {sha256_of(readable(address.path))}".encode()).hexdigest()
    with open_file(uri) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_bytes(uri: str, *, at_most: int) -> bytes:
    """All bytes of a file. Raises RecordingError when it cannot be read or is larger."""
    with open_file(uri) as file:
        raw = file.read(at_most + 1) or b""
    if len(raw) > at_most:
        raise RecordingError(f"{uri} has more than {at_most // 1_000_000} MB.", advice="Split it into several files.", stage="decode")
    return raw


class Reader(io.BufferedIOBase):
    """A file that remembers why reading it failed: FFmpeg takes a failure for the end of the recording."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._failure: OSError | None = None
        self.size = file.seek(0, 2)
        file.seek(0)

    def raise_failure(self) -> None:
        """Raise what went wrong while reading, if anything did."""
        if self._failure is not None:
            raise self._failure

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            got = self._file.read(-1 if size is None else size)
            if not got and size and self._file.tell() < self.size:
                raise OSError(errno.EIO, "the file ended before its length")
        except OSError as error:
            self._failure = error
            raise
        return got

    def readinto(self, buffer: Any, /) -> int:
        got = self.read(len(buffer))
        buffer[: len(got)] = got
        return len(got)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


@contextlib.contextmanager
def open_file(uri: str) -> Iterator[Reader]:
    """A file to read from. What goes wrong while it is read is a failure to try again."""
    import fsspec

    path = path_of(uri)
    if "://" not in path and not is_plain_file(path):
        raise RecordingError(
            f"{uri} is a pipe, a socket or a device, and no file.", advice="Name a recording, or take it out of the folder.", stage="decode"
        )
    try:
        # A local name is taken as it is: fsspec would read patterns and chains into it.
        file: IO[bytes] = fsspec.open(path, "rb").open() if "://" in path else open(path, "rb")  # noqa: SIM115  # closed below
    except FileNotFoundError as error:
        if isinstance(error.__cause__, OSError | TimeoutError) and not isinstance(error.__cause__, FileNotFoundError):
            # A server that cannot be reached, which fsspec tells as a file that is not there.
            raise _read_failed(uri, error.__cause__) from error
        raise RecordingError(
            f"{uri} is not there.", advice="Check the path, or take the row out of the metadata.", stage="decode"
        ) from error
    except (IsADirectoryError, NotADirectoryError, ValueError) as error:
        raise RecordingError(f"{uri!r} is not a file.", advice="Name a recording in the column `file`.", stage="decode") from error
    except PermissionError as error:
        raise RecordingError(f"{uri} may not be read.", advice="Give this user the right to read it.", stage="decode") from error
    except OSError as error:
        raise _read_failed(uri, error) from error
    try:
        with file:
            yield Reader(file)
    except OSError as error:
        raise _read_failed(uri, error) from error


def is_plain_file(path: str) -> bool:
    """Whether a local path is a file, a folder or nothing at all: what is opened at once. Pipes wait for whoever writes to them."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return True
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _read_failed(uri: str, error: OSError) -> ReadFailed:
    return ReadFailed(
        f"{uri} could not be read ({error.strerror or type(error).__name__}).",
        advice="It is tried again; check the disk or the connection if it stays.",
        stage="decode",
    )
