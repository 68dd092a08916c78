"""Who may read files: the part of a results root that holds words, and the part that may be shared, told apart by folder; a check that the rights are so.

Every table is a folder of its own. Restricted are those that hold words, paths or notes about calls (results/columns.py), and all that lies beside the tables; the
rest, scores and counts that name agents at most, may be shared with whoever makes figures. On a disk the folders' rights part them, as nobody reads below a folder that
they cannot enter; in an object store a policy over the same prefixes does.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from qa_pipeline.reading.database import FILE_NAME
from qa_pipeline.results.columns import Kind, Table
from qa_pipeline.results.tables import TABLES
from qa_pipeline.review.written import Written
from qa_pipeline.settings import DEFAULT_CONFIG, Settings

_OTHERS = stat.S_IRWXO
_GROUP_AND_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITE = stat.S_IWGRP | stat.S_IWOTH
# Settings that hold a secret themselves.
_SECRETS = ("review_database", "oidc_client_secret")
_WORK = ("work", "drafts", "review")


def is_restricted(table: Table) -> bool:
    """Whether a table holds words or paths, or notes about calls."""
    kinds = {kind for column in table.columns for kind in column.kinds}
    return bool(kinds & {Kind.WORDS, Kind.PATH}) or (Kind.NOTE in kinds and "call_id" in table.schema.names)


RESTRICTED: tuple[str, ...] = tuple(name for name, table in TABLES.items() if is_restricted(table))
SHAREABLE: tuple[str, ...] = tuple(name for name in TABLES if name not in RESTRICTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A file or folder that is open to more than it should be. `wanted`: the mode that cures it."""

    path: Path
    mode: int
    wanted: int
    why: str

    def __str__(self) -> str:
        return f"{self.path} has mode {self.mode:04o}: {self.why}. chmod {self.wanted:04o} {self.path}"


def access_faults(settings: Settings, written: Sequence[Written] = ()) -> tuple[Fault, ...]:
    """What of results, cache, secrets and files on record may be read or written by whom it should not.

    Of an object store, what lies on this machine; its policy is `bucket_policy`.
    """
    return tuple(fault for path, forbidden, why in _rules(settings, written) if (fault := _fault(path, forbidden, why)) is not None)


def mend(faults: Sequence[Fault]) -> None:
    """Take the rights away."""
    for fault in faults:
        fault.path.chmod(fault.wanted)


def bucket_policy(results: str, readers: Sequence[str]) -> str:
    """A policy for a bucket, as S3 reads it: `readers` (ARNs) may list and read the shareable tables, and nothing else is given to them.

    It gives and denies nothing to anybody else: whoever runs the nights has their own rights.
    """
    uri = urlsplit(results)
    prefix = uri.path.strip("/")
    names = [f"{prefix}/{name}" if prefix else name for name in SHAREABLE]
    bucket = f"arn:aws:s3:::{uri.netloc}"
    restricted = [f"{prefix}/{name}" if prefix else name for name in (*RESTRICTED, FILE_NAME, "_*")]
    statements = [
        {
            "Sid": "ReadShareableTables", "Effect": "Allow", "Principal": {"AWS": list(readers)}, "Action": ["s3:GetObject"],
            "Resource": [f"{bucket}/{name}/*" for name in names],
        },
        {
            "Sid": "ListShareableTables", "Effect": "Allow", "Principal": {"AWS": list(readers)}, "Action": ["s3:ListBucket"], "Resource": [bucket],
            "Condition": {"StringLike": {"s3:prefix": [f"{name}/*" for name in names]}},
        },
        {
            "Sid": "KeepRestrictedTables", "Effect": "Deny", "Principal": {"AWS": list(readers)}, "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            "Resource": [f"{bucket}/{name}/*" for name in restricted],
        },
    ]  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def _rules(settings: Settings, written: Sequence[Written]) -> Iterator[tuple[Path, int, str]]:
    """(path, bits that it must not have, why)."""
    if "://" not in settings.results:
        root = Path(settings.results)
        yield root, _WRITE, "whoever writes there can put up other results"
        for name in RESTRICTED:
            yield root / name, _GROUP_AND_OTHERS, "it holds what callers said, where files lie, or notes"
        for name in SHAREABLE:
            yield root / name, _WRITE, "whoever writes there can put up other results"
        for path in sorted(root.iterdir()) if root.is_dir() else ():
            if path.name not in TABLES:
                yield path, _GROUP_AND_OTHERS, "what lies beside the tables may hold words and names"
    for name in _WORK:
        yield settings.cache / name, _GROUP_AND_OTHERS, "it holds what was recognised, and sound"
    for path in _secret_files(settings):
        yield path, _GROUP_AND_OTHERS, "it holds a secret"
    for one in written:
        for path in one.files:
            yield path, _OTHERS, f"it is a {one.sort.value} with names or words"


def _secret_files(settings: Settings) -> Iterator[Path]:
    """Files that hold secrets, those of the settings among them: their own file where one of them is written in it."""
    for path in (settings.oidc_client_secret_file, settings.encryption_key_file):
        if path is not None:
            yield path
    config = Path(os.environ.get("QA_PIPELINE_CONFIG") or DEFAULT_CONFIG)
    if config.is_file() and any(line.partition("=")[0].strip() in _SECRETS for line in config.read_text("utf-8", "replace").splitlines()):
        yield config


def _fault(path: Path, forbidden: int, why: str) -> Fault | None:
    try:
        state = path.lstat()
    except OSError:
        return None
    # A link has no rights of its own, and what it leads to is somebody else's to part.
    if stat.S_ISLNK(state.st_mode):
        return None
    mode = stat.S_IMODE(state.st_mode)
    return Fault(path=path, mode=mode, wanted=mode & ~forbidden, why=why) if mode & forbidden else None
