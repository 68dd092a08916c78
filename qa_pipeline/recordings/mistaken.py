"""What a file is that cannot be decoded, by how it begins: what stores and web servers answer instead of a recording, and what recordings are packed into.

In: the beginning of a file. Out: what it is and what to do, in words; None where that cannot be told.
"""

from __future__ import annotations

from dataclasses import dataclass

# Enough for a declaration and a comment before the first element.
LOOKED_AT = 512
_ANSWER = "It was saved instead of the recording, as where a download needs a sign-in or its link has run out: open it in an editor, and fetch the recording anew."
_UNPACK = "Unpack it, and name the recording in it."
_DECRYPT = "Decrypt it first, with the key of the recorder or of whoever sent it."
_COPY = "Copy it again from the recorder: the copy was begun and never written."


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistaken:
    """`what`: as after "is"; `advice`: a sentence."""

    what: str
    advice: str


_BEGINNINGS = (
    (b"\x1f\x8b", Mistaken(what="packed with gzip", advice="Unpack it: `gzip -dc FILE > NEW.wav`.")),
    (b"PK\x03\x04", Mistaken(what="a ZIP", advice=_UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Mistaken(what="an archive of 7-Zip", advice=_UNPACK)),
    (b"Rar!", Mistaken(what="a RAR archive", advice=_UNPACK)),
    (b"%PDF", Mistaken(what="a PDF", advice="Fetch the recording anew.")),
    (b"Salted__", Mistaken(what="encrypted (OpenSSL)", advice=_DECRYPT)),
    (b"-----BEGIN PGP", Mistaken(what="encrypted (PGP)", advice=_DECRYPT)),
    (b"age-encryption.org", Mistaken(what="encrypted (age)", advice=_DECRYPT)),
    (b"version https://git-lfs", Mistaken(what="a pointer of Git LFS", advice="Fetch what it points to: git lfs pull.")),
)
_WRITTEN = (
    ((b"<!doctype html", b"<html", b"<head", b"<body"), Mistaken(what="a web page", advice=_ANSWER)),
    ((b"<?xml", b"<error"), Mistaken(what="a document in XML", advice=_ANSWER)),
    ((b"{", b"["), Mistaken(what="JSON", advice=_ANSWER)),
)


def mistaken_for_sound(head: bytes) -> Mistaken | None:
    """What a file is instead of a recording. head: its first LOOKED_AT bytes, fewer where it is shorter."""
    if not head:
        return Mistaken(what="empty", advice=_COPY)
    if not head.strip(b"\0"):
        return Mistaken(what="nothing but zero bytes where it begins", advice=_COPY)
    for beginning, found in _BEGINNINGS:
        if head.startswith(beginning):
            return found
    if not _is_text(head):
        return None
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    found_text = next((found for beginnings, found in _WRITTEN if plain.startswith(beginnings)), None)
    return found_text or Mistaken(what="text", advice=_ANSWER)


def _is_text(head: bytes) -> bool:
    """Whether these are characters and nothing else."""
    try:
        # The last character may be cut.
        written = head.decode("utf-8", "strict" if len(head) < LOOKED_AT else "ignore")
    except UnicodeDecodeError:
        return False
    return all(mark.isprintable() or mark in "\r\n\t\ufeff" for mark in written) and len(written.encode()) > len(head) - 4
