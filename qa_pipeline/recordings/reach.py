"""Which files a run may read: those in its sources, and in the folders that an operator allowed. Whoever writes metadata, or puts a link among the
recordings, gets no other file read by it.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Iterable

_MARKS = frozenset("*?[")


def roots_of(sources: Iterable[str], folders: Iterable[str] = ()) -> frozenset[str]:
    """Folders and addresses below which everything may be read: a source that is a folder, else the folder it lies in."""
    named = (place for place in map(_plain, folders) if place is not None)
    return frozenset((*named, *(root for source in sources for root in _roots(source))))


def is_within(uri: str, roots: Collection[str]) -> bool:
    """Whether a path or an address lies below one of the roots, as it is written: nothing is looked up for it."""
    place = _plain(uri)
    return place is not None and any(place == root or place.startswith(root.rstrip("/") + "/") for root in roots)


def leads_away(path: str, roots: Collection[str]) -> bool:
    """Whether a local name is a link to a file outside the roots that is not its owner's: somebody's way to what they may not read themselves.

    Links of whoever runs this are their own affair.
    """
    try:
        if not os.path.islink(path):
            return False
        # A root may itself lie behind a link.
        if is_within(os.path.realpath(path), {os.path.realpath(root) if "://" not in root else root for root in roots}):
            return False
        owner = os.lstat(path).st_uid
        return owner not in (os.geteuid(), os.stat(path).st_uid)
    except (OSError, ValueError):
        # It leads nowhere, which reading it will tell.
        return False


def _roots(source: str) -> Iterable[str]:
    place = _plain(source)
    if place is None:
        return
    if "://" not in place:
        parts = place.split("/")
        first = next((number for number, part in enumerate(parts) if _MARKS & set(part) and not os.path.exists(place)), len(parts))
        place = "/".join(parts[:first]) or "/"
        yield place if os.path.isdir(place) or first < len(parts) else posixpath.dirname(place)
        return
    yield place
    scheme, _, rest = place.partition("://")
    if "/" in rest and ("." in posixpath.basename(rest) or _MARKS & set(rest)):
        yield f"{scheme}://{posixpath.dirname(rest)}"


def _plain(uri: str) -> str | None:
    """An address without detours; None for one that is no single place (`zip://a::http://b`), or no place at all."""
    if "\x00" in uri or "::" in uri:
        return None
    scheme, sign, rest = uri.partition("://")
    if sign and scheme.lower() not in ("file", "local"):
        # Percent signs are read by some stores and not by others: what could climb in either way climbs.
        if ".." in rest.replace("%2e", ".").replace("%2E", ".").split("/"):
            return None
        return f"{scheme.lower()}://{posixpath.normpath(rest)}" if rest else None
    return os.path.abspath(rest if sign else uri)
