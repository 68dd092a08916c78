"""Drafts of rubric files, kept for each account; trainers who may see who speaks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table and the column."""
    op.create_table(
        "drafts",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(), nullable=False, comment="within the rubrics folder"),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("based_on", sa.String(), nullable=False, comment="hash of the file that the text was made of; empty: there was none"),
        sa.Column("at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"]),
        sa.PrimaryKeyConstraint("account", "file"),
    )
    op.add_column(
        "accounts",
        sa.Column(
            "sees_names",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="a trainer who sees who the people of a call are",
        ),
    )
