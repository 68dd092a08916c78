"""Files encrypted at rest: each with a key of its own, which a key of the house wraps. Whoever copies the disk has noise; a key that is dropped makes noise of all
that it wrapped.

A file is a header and chunks. The header names the key of the house and holds the file's key, wrapped; a chunk is 64 KiB under AES-256-GCM, its number and whether
it is the last one in its nonce, so that chunks can be neither left out nor changed about. Rotation wraps the files' keys anew and leaves the chunks as they are.
Sources: NIST SP 800-38D (AES-GCM); Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance" (2015: STREAM).

Keys of the house come from a file that only its owner reads, or from what a command prints: lines `ID BASE64`, the last one is in force.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import shlex
import stat
import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from qa_pipeline.errors import EnvironmentNotReady, InputRefused
from qa_pipeline.whole_file import replacing, write_whole

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"QASEAL1\n"
CHUNK = 65_536
_ID = struct.Struct(">B")
_LONGEST_ID = 64
_KEY_BYTES, _NONCE_BYTES, _TAG_BYTES = 32, 12, 16
_LONGEST_HEADER = 8 + 1 + _LONGEST_ID + 60
_WRAPPED = _NONCE_BYTES + _KEY_BYTES + _TAG_BYTES
_COUNTER = struct.Struct(">7xIB")
_COMMAND_SECONDS = 30.0
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SealError(EnvironmentNotReady):
    """A sealed file cannot be opened here: its key is not there, or it was changed."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of the house by id, the last one in force."""

    by_id: Mapping[str, bytes]

    def __repr__(self) -> str:
        # A key stands in no log and no traceback.
        return f"Keys({', '.join(self.by_id)})"

    @property
    def current(self) -> str:
        """Id of the one that new files are sealed with."""
        return list(self.by_id)[-1]


def seal(content: bytes, keys: Keys) -> bytes:
    """Encrypt the content of a file with a new key of its own."""
    file_key = secrets.token_bytes(_KEY_BYTES)
    cipher = _cipher(file_key)
    several = [content[start : start + CHUNK] for start in range(0, len(content), CHUNK)] or [b""]
    chunks = (cipher.encrypt(_nonce(number, number == len(several) - 1), chunk, MAGIC) for number, chunk in enumerate(several))
    return _header(file_key, keys) + b"".join(chunks)


def unseal(sealed: bytes, keys: Keys, *, path: Path | None = None) -> bytes:
    """Decrypt it. Raises SealError where its key is not there, or a byte is not as it was written."""
    from cryptography.exceptions import InvalidTag

    _, file_key, start = _opened(sealed, keys, path)
    cipher, parts, end = _cipher(file_key), [], len(sealed)
    places = range(start, end, CHUNK + _TAG_BYTES)
    try:
        for number, place in enumerate(places):
            parts.append(cipher.decrypt(_nonce(number, number == len(places) - 1), sealed[place : place + CHUNK + _TAG_BYTES], MAGIC))
    except InvalidTag as error:
        raise SealError(f"{_name(path)} was changed, or cut off, since it was written.", advice="Delete it: it is made again.") from error
    if not parts:
        raise SealError(f"{_name(path)} was cut off.", advice="Delete it: it is made again.")
    return b"".join(parts)


def size_of(path: Path, keys: Keys | None) -> int:
    """How long the content of a file is."""
    with path.open("rb") as file:
        beginning = file.read(_LONGEST_HEADER)
    size = path.stat().st_size
    if not is_sealed(beginning):
        return size
    _, _, start = _opened(beginning, _given(keys, path), path)
    return size - start - -(-(size - start) // (CHUNK + _TAG_BYTES)) * _TAG_BYTES


def read_part(path: Path, keys: Keys | None, start: int, end: int) -> bytes:
    """Bytes `[start, end)` of a file's content, without reading the rest of it. Raises OSError, SealError."""
    from cryptography.exceptions import InvalidTag

    with path.open("rb") as file:
        beginning = file.read(_LONGEST_HEADER)
        if not is_sealed(beginning):
            file.seek(start)
            return file.read(end - start)
        _, file_key, first = _opened(beginning, _given(keys, path), path)
        count = -(-(path.stat().st_size - first) // (CHUNK + _TAG_BYTES))
        cipher, parts = _cipher(file_key), []
        for number in range(start // CHUNK, min(count, -(-end // CHUNK))):
            file.seek(first + number * (CHUNK + _TAG_BYTES))
            try:
                parts.append(cipher.decrypt(_nonce(number, number == count - 1), file.read(CHUNK + _TAG_BYTES), MAGIC))
            except InvalidTag as error:
                raise SealError(f"{path} was changed since it was written.", advice="Delete it: it is made again.") from error
    return b"".join(parts)[start - start // CHUNK * CHUNK :][: end - start]


def can_open(path: Path, keys: Keys | None) -> bool:
    """Whether a file is there, and plain or sealed with a key that is at hand."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_LONGEST_HEADER)
    except FileNotFoundError:
        return False
    return not is_sealed(beginning) or (keys is not None and key_of(beginning) in keys.by_id)


def is_sealed(content: bytes) -> bool:
    """Whether a file is encrypted, by its beginning."""
    return content.startswith(MAGIC)


def is_file_sealed(path: Path) -> bool:
    """The same of a file."""
    with path.open("rb") as file:
        return is_sealed(file.read(len(MAGIC)))


def key_of(content: bytes) -> str:
    """Id of the key of the house that a sealed file waits for."""
    return _read_id(content, None)[0]


def read_bytes(path: Path, keys: Keys | None) -> bytes:
    """A file's content, whether it is sealed or was written before anything was. Raises OSError, SealError."""
    content = path.read_bytes()
    if not is_sealed(content):
        return content
    return unseal(content, _given(keys, path), path=path)


def write_bytes(path: Path, content: bytes, keys: Keys | None) -> None:
    """Write a file whole, sealed where there are keys. Raises EnvironmentNotReady."""
    write_whole(path, content if keys is None else seal(content, keys))


@contextmanager
def replacing_sealed(path: Path, keys: Keys | None) -> Iterator[Path]:
    """`replacing` of whole_file.py for who writes to a path and not bytes: what lies there at the end is sealed where there are keys, then takes its place.

    It is open while it is written, for its owner alone; what a killed process left is deleted by the next that writes the file. Raises EnvironmentNotReady.
    """
    with replacing(path) as part:
        if keys is not None:
            part.touch(mode=0o600)
        yield part
        if keys is not None:
            part.write_bytes(seal(part.read_bytes(), keys))


def wrap_anew(path: Path, keys: Keys) -> bool:
    """Put a file under the key in force; one that is not sealed yet is. Returns whether anything changed."""
    content = path.read_bytes()
    if not is_sealed(content):
        write_whole(path, seal(content, keys))
        return True
    named, file_key, start = _opened(content, keys, path)
    if named == keys.current:
        return False
    write_whole(path, _header(file_key, keys) + content[start:])
    return True


def make_key() -> str:
    """A line for a key file: a new key under a new id."""
    return f"{secrets.token_hex(4)} {base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}"


def add_key(path: Path) -> str:
    """Add a new key to a file, which is made for its owner alone where there is none. Returns its id. Raises EnvironmentNotReady for a file that others read."""
    line = make_key()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    if fault := loose_rights(path):
        raise EnvironmentNotReady(f"{fault}: a key that others read protects nothing.", advice=f"chmod 600 {shlex.quote(str(path))}")
    before = path.read_text("utf-8")
    write_whole(path, f"{before}{'' if before.endswith(chr(10)) or not before else chr(10)}{line}\n", is_secret=True)
    return line.partition(" ")[0]


def drop_key(path: Path, key_id: str) -> None:
    """Take a key out of a file. Raises InputRefused for one that is not in it, or that is the only one."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.strip().partition(" ")[0] != key_id]
    if len(kept) == len(lines):
        raise InputRefused(f"There is no key {key_id} in {path}.", advice="`qa-pipeline keys list` names them.")
    if not any(line.strip() and not line.startswith("#") for line in kept):
        raise InputRefused(f"Key {key_id} is the only one of {path}.", advice="Make another first: `qa-pipeline keys new --to FILE`.")
    write_whole(path, "".join(kept), is_secret=True)


def key_of_file(path: Path) -> str | None:
    """Id of the key that a file waits for; None where it is not sealed, or gone."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_LONGEST_HEADER)
    except FileNotFoundError:
        return None
    return key_of(beginning) if is_sealed(beginning) else None


def load_keys(file: Path | None, command: str | None) -> Keys | None:
    """Keys of the house; None where neither a file nor a command is set. Raises EnvironmentNotReady, also for a file that others may read."""
    if file is not None:
        state = _stat(file)
        return _from_file(file, state.st_mtime_ns, state.st_size)
    return None if command is None else _from_command(command)


def loose_rights(path: Path) -> str | None:
    """What is wrong with the rights of a file that holds a secret; None: it is its owner's alone."""
    mode = stat.S_IMODE(_stat(path).st_mode)
    return f"{path} may be read or written by others (mode {mode:03o})" if mode & _OTHERS else None


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise EnvironmentNotReady(
            f"{path} cannot be read: {error.strerror}.", advice="Put the file there, or correct the setting."
        ) from error


@lru_cache(maxsize=4)
def _from_file(file: Path, _changed: int, _size: int) -> Keys:
    if fault := loose_rights(file):
        raise EnvironmentNotReady(f"{fault}: a key that others read protects nothing.", advice=f"chmod 600 {shlex.quote(str(file))}")
    return _parse(file.read_text("utf-8"), str(file))


@lru_cache(maxsize=4)
def _from_command(command: str) -> Keys:
    """Asked once a process: a key store is slow, and what it says does not change meanwhile."""
    try:
        answered = subprocess.run(shlex.split(command), capture_output=True, timeout=_COMMAND_SECONDS, check=True, text=True)
    except (OSError, subprocess.SubprocessError) as error:
        # What it printed may be a key.
        raise EnvironmentNotReady("encryption_key_command gave no keys.", advice="Run it by hand and look.") from error
    return _parse(answered.stdout, "encryption_key_command")


def _parse(text: str, name: str) -> Keys:
    found: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        key_id, _, encoded = line.strip().partition(" ")
        try:
            key = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != _KEY_BYTES or len(key_id.encode()) > _LONGEST_ID:
            raise EnvironmentNotReady(
                f"Line {number} of {name} is no key.", advice="`qa-pipeline keys new` prints one: ID BASE64, 32 bytes."
            )
        found.pop(key_id, None)
        found[key_id] = key
    if not found:
        raise EnvironmentNotReady(f"{name} holds no key.", advice="`qa-pipeline keys new` prints one.")
    return Keys(found)


def _header(file_key: bytes, keys: Keys) -> bytes:
    named = keys.current.encode()
    nonce = secrets.token_bytes(_NONCE_BYTES)
    head = MAGIC + _ID.pack(len(named)) + named
    return head + nonce + _cipher(keys.by_id[keys.current]).encrypt(nonce, file_key, head)


def _read_id(sealed: bytes, path: Path | None) -> tuple[str, int]:
    place = len(MAGIC) + _ID.size
    if len(sealed) < place:
        raise SealError(f"{_name(path)} was cut off.", advice="Delete it: it is made again.")
    (length,) = _ID.unpack_from(sealed, len(MAGIC))
    return sealed[place : place + length].decode("utf-8", "replace"), place + length


def _opened(sealed: bytes, keys: Keys, path: Path | None) -> tuple[str, bytes, int]:
    """The id of its key of the house, its own key, and where its chunks begin."""
    from cryptography.exceptions import InvalidTag

    named, place = _read_id(sealed, path)
    house = keys.by_id.get(named)
    if house is None:
        raise SealError(
            f"{_name(path)} is sealed with key {named}, which is not there.",
            advice="Put the key back, or delete the file: it is made again.",
        )
    nonce, wrapped = sealed[place : place + _NONCE_BYTES], sealed[place + _NONCE_BYTES : place + _WRAPPED]
    try:
        return named, bytes(_cipher(house).decrypt(nonce, wrapped, sealed[:place])), place + _WRAPPED
    except (InvalidTag, ValueError) as error:
        raise SealError(
            f"{_name(path)} was changed since it was written, or key {named} is another one.", advice="Delete it: it is made again."
        ) from error


def _given(keys: Keys | None, path: Path) -> Keys:
    if keys is None:
        raise SealError(f"{path} is encrypted.", advice="Set encryption_key_file or encryption_key_command.")
    return keys


def _nonce(number: int, is_last: bool) -> bytes:
    # A file's key is used for this file alone, so that counting is enough.
    return _COUNTER.pack(number, is_last)


def _cipher(key: bytes) -> AESGCM:
    # Loaded where something is sealed.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _name(path: Path | None) -> str:
    return "The file" if path is None else str(path)


def sealed_files(folder: Path) -> Iterator[Path]:
    """Files of a folder that may be sealed: stage outputs, sound and peaks; not the database of hashes, nor what is being written."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and path.name.endswith((".json.gz", ".flac", ".peaks")):
            yield path
