"""Which files the reader of personal data learns from, and a digest of them, so that it can be told whether a reader is of what lies here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent
# Sets of dialogues written later are left for the next training, so that the reader's digest goes on telling which files it is of.
DIALOGUES = tuple(f"tuned_eu{suffix}.yaml" for suffix in ("", "_eighth", "_fifth", "_fourth", "_second", "_seventh", "_sixth", "_third"))
WRITTEN = (
    "read.yaml",
    "read_second.yaml",
    "read_third.yaml",
    "read_fourth.yaml",
    "read_fifth.yaml",
    "read_sixth.yaml",
    "read_seventh.yaml",
    "read_eighth.yaml",
)


def files_learnt_from() -> Iterator[Path]:
    """All files that a reader learns from, in order."""
    yield from (FOLDER / name for name in (*WRITTEN, "known.txt", "frequent.txt"))
    for folder, pattern in (
        ("exchanges", "*.txt"),
        ("names", "*.txt"),
        ("../roles/calls", "*.yaml"),
    ):
        yield from sorted((FOLDER / folder).glob(pattern))
    yield from dialogues_learnt_from()
    yield from sorted((FOLDER / "../ordinary").glob("ordinary_*.tsv"))


def dialogues_learnt_from() -> Iterator[Path]:
    """Dialogues of models/certainty that hold little that is personal."""
    yield from (FOLDER / "../certainty/dialogues" / name for name in DIALOGUES)


def digest(files: Sequence[Path]) -> str:
    """SHA-256 of the contents of files, one after the other."""
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).hexdigest()
