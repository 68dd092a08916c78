"""The address of a recording: where it lies, and what must be known to read it, as one text that a row can hold.

A plain path or URI is its own address. Behind a `#` stands what a path cannot say: `#raw=mulaw,8000,1` (a file without a header),
`#with=NAME` (the other party, in a second file), `#then=NAME,NAME` (the parts that follow), `#bytes=NAME` (the name, where it is not UTF-8).
A NAME lies beside the first file unless it is a whole path. A `#` that is followed by anything else belongs to the path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

from qa_pipeline.errors import InputRefused

_FORMS = ("mulaw", "alaw", "vox", "s16le", "s8", "u8", "g722", "g726", "g726le", "g729")
# What endings of headerless telephone sound usually mean; only used in advice.
USUAL_FORMS = {
    ".ulaw": "mulaw", ".ul": "mulaw", ".mulaw": "mulaw", ".pcmu": "mulaw", ".alaw": "alaw", ".al": "alaw", ".pcma": "alaw", ".vox": "vox",
    ".sln": "s16le", ".slin": "s16le", ".pcm": "s16le", ".g722": "g722",
    # Asterisk writes G.726 of 32 kbit/s as RFC 3551 packs it.
    ".g726": "g726le", ".g726-32": "g726le", ".g729": "g729",
}  # fmt: skip
_TELEPHONE_RATE = 8_000
_MARK = re.compile(r"#(raw(?==[a-z0-9]+,\d+,\d+$)|with|then|bytes)=([^#/]+)$")
_SAFE = ":+@!()[] "


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """How sound without a header is to be read. `form`: mulaw, alaw, vox (Dialogic ADPCM), s16le, s8, u8, g722, g726 (32 kbit/s, first bits high; g726le: first bits low), g729; `rate` in Hz."""

    form: str
    rate: int = _TELEPHONE_RATE
    channels: int = 1

    def __str__(self) -> str:
        return f"{self.form},{self.rate},{self.channels}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`path`: the first file. `raw`: how all of it is read; `party`: the file of the other party; `following`: the parts that come after."""

    path: str
    raw: Raw | None = None
    party: str | None = None
    following: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether one file is the whole recording, and says itself what it is."""
        return self.raw is None and self.party is None and not self.following

    @property
    def files(self) -> tuple[str, ...]:
        """Addresses of all files, each to be read for itself."""
        mark = f"#raw={self.raw}" if self.raw else ""
        others = (self.party,) if self.party else self.following
        return tuple(file if "#raw=" in file else file + mark for file in (readable(self.path), *others))


def parse_address(uri: str) -> Address:
    """Read an address."""
    marks: dict[str, str] = {}
    path = uri
    while (match := _MARK.search(path)) and match[1] not in marks:
        marks[match[1]] = match[2]
        path = path[: match.start()]
    folder = path[: path.rfind("/") + 1]
    if "bytes" in marks:
        path = folder + unquote_to_bytes(marks["bytes"]).decode("utf-8", "surrogateescape")

    def beside(name: str) -> str:
        file = unquote_to_bytes(name).decode("utf-8")
        return file if "://" in file or file.startswith("/") else folder + file

    raw = None
    if "raw" in marks:
        form, rate, channels = marks["raw"].split(",")
        raw = Raw(form=form, rate=int(rate), channels=int(channels))
    return Address(
        path=path,
        raw=raw,
        party=beside(marks["with"]) if "with" in marks else None,
        following=tuple(beside(name) for name in marks["then"].split(",")) if "then" in marks else (),
    )


def path_of(uri: str) -> str:
    """The first file of an address, as the system names it."""
    return parse_address(uri).path if "#" in uri else uri


def readable(path: str) -> str:
    """The address of one file: its path, with the bytes of its name beside it where they are not UTF-8."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        folder, slash, name = path.rpartition("/")
        raw = name.encode("utf-8", "surrogateescape")
        shown = f"{folder}{slash}{name}".encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return f"{shown}#bytes={quote_from_bytes(raw, safe=_SAFE)}"
    return path


def as_raw(uri: str, raw: Raw) -> str:
    """The address of a file without a header."""
    return f"{uri}#raw={raw}"


def joined(first: str, others: Sequence[str], *, are_parties: bool) -> str:
    """The address of one call in several files: two parties, or parts in order."""
    folder = first[: first.rfind("/") + 1]
    names = [quote(other.removeprefix(folder) if _is_beside(other, folder) else other, safe=_SAFE) for other in others]
    return f"{first}#{'with' if are_parties else 'then'}={','.join(names)}"


def parse_raw(text: str) -> Mapping[str, Raw]:
    """Which endings are sound without a header: `.ulaw=mulaw,.pcm=s16le:16000:2` (form, Hz, channels). Raises InputRefused."""
    found: dict[str, Raw] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        ending, equals, told = part.partition("=")
        form, *numbers = told.strip().lower().split(":")
        if not equals or form not in _FORMS or len(numbers) > 2 or not all(number.isdecimal() and int(number) for number in numbers):
            raise InputRefused(
                f"--raw {part!r} cannot be read.",
                advice=f"Write ENDING=FORM, with Hz and channels behind it if they are not 8000 and 1: .ulaw=mulaw,.pcm=s16le:16000:2. Forms: {', '.join(_FORMS)}.",
            )
        rate = int(numbers[0]) if numbers else _TELEPHONE_RATE
        channels = int(numbers[1]) if len(numbers) > 1 else 1
        found["." + ending.strip().lower().lstrip(".")] = Raw(form=form, rate=rate, channels=channels)
    return found


def _is_beside(other: str, folder: str) -> bool:
    return other.startswith(folder) and "/" not in other.removeprefix(folder)
