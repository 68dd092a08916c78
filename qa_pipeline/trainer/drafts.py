"""Drafts: what a trainer is writing and has not saved, kept for each account and file, so that a page that is closed loses nothing.

With them a trainer's whole folder can be looked at as if they were saved (`bench_settings`): checked, tried, compared, without touching a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, delete, insert, select

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.tables import drafts
from qa_pipeline.settings import Settings
from qa_pipeline.trainer.shelf import Sheet, kind_of, read_sheet, save_sheet, shadow

_LARGEST = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A text under work. `based_on`: hash of the file that it was made of; empty where there was none."""

    file: str
    text: str
    based_on: str
    at: datetime


def keep_draft(engine: Engine, account: int, file: str, text: str, *, based_on: str) -> None:
    """Keep what somebody has written so far. Raises InputRefused for a file that is none, or too long a text."""
    kind_of(file)
    if len(text.encode()) > _LARGEST:
        raise InputRefused(
            f"{file} would have more than {_LARGEST:,} bytes.",
            advice="Put phrases into lists of their own (lists/NAME.yaml), or make two files of it.",
        )
    row = {"account": account, "file": file, "text": text.replace("\r\n", "\n"), "based_on": based_on, "at": as_text(datetime.now(UTC))}
    with writing(engine) as connection:
        connection.execute(delete(drafts).where(drafts.c.account == account, drafts.c.file == file))
        connection.execute(insert(drafts).values(row))


def drop_draft(engine: Engine, account: int, file: str) -> None:
    """Throw a draft away; the file stays as it stands."""
    with writing(engine) as connection:
        connection.execute(delete(drafts).where(drafts.c.account == account, drafts.c.file == file))


def drafts_of(engine: Engine, account: int) -> dict[str, Draft]:
    """Somebody's drafts by file."""
    with engine.connect() as connection:
        rows = connection.execute(select(drafts).where(drafts.c.account == account).order_by(drafts.c.file)).all()
    return {row.file: Draft(file=row.file, text=row.text, based_on=row.based_on, at=from_text(row.at)) for row in rows}


def save_draft(engine: Engine, settings: Settings, account: int, file: str) -> Sheet:
    """Write somebody's draft into its file, and drop it. Raises Conflict where the file was changed outside since; InputRefused without a draft."""
    draft = drafts_of(engine, account).get(file)
    if draft is None:
        raise InputRefused(f"Nothing of {file} is unsaved.", advice="Edit it first.")
    saved = save_sheet(settings.rubrics, file, draft.text, based_on=draft.based_on)
    drop_draft(engine, account, file)
    return saved


@dataclass(frozen=True, slots=True, kw_only=True)
class Desktop:
    """A file as somebody has it before them: as it stands, and their draft if they have one."""

    sheet: Sheet
    draft: Draft | None

    @property
    def text(self) -> str:
        """What they see."""
        return self.sheet.text if self.draft is None else self.draft.text

    @property
    def based_on(self) -> str:
        """The hash that their text was made of."""
        return self.sheet.sha256 if self.draft is None else self.draft.based_on

    @property
    def is_changed_outside(self) -> bool:
        """Whether the file says something else than what their draft was made of."""
        return self.draft is not None and self.draft.based_on != self.sheet.sha256


def open_file(engine: Engine, settings: Settings, account: int, file: str) -> Desktop:
    """A file with somebody's draft of it. Raises InputRefused for what is none."""
    return Desktop(sheet=read_sheet(settings.rubrics, file), draft=drafts_of(engine, account).get(file))


def texts_of(several: Mapping[str, Draft]) -> dict[str, str]:
    """Drafts as the texts of files."""
    return {file: draft.text for file, draft in several.items()}


def bench_settings(settings: Settings, account: int, texts: Mapping[str, str]) -> Settings:
    """Settings under which the rubrics folder is as if somebody's texts were saved. Nothing is read or written in the folder itself."""
    folder = shadow(settings.rubrics, dict(texts), settings.cache / "drafts" / str(account))
    return settings.model_copy(update={"rubrics": folder})
