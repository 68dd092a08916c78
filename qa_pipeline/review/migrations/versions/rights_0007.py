"""Legal holds, files that were written with words of calls, and what people decide about consent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "holds",
        sa.Column("hold", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(), comment="the call that is held; null: a customer"),
        sa.Column("customer_id", sa.String(), comment="the customer whose calls are held; null: one call"),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("author", sa.String()),
        sa.Column("account", sa.Integer()),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("released_at", sa.String(), comment="null: it holds"),
        sa.Column("released_by", sa.String()),
        sa.Column("released_reason", sa.String()),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"]),
        sa.PrimaryKeyConstraint("hold"),
    )
    op.create_table(
        "written_files",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False, comment="whole, on the machine that wrote it"),
        sa.Column(
            "sort", sa.String(), nullable=False, comment="export, report, page of differences or of a call, redacted call, access report"
        ),
        sa.Column("author", sa.String()),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("path", name="written_files_path"),
    )
    op.create_table(
        "consent_decisions",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False, comment="released, held_back, withdrawn"),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("author", sa.String()),
        sa.Column("account", sa.Integer()),
        sa.Column("at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"]),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("consent_decisions_call", "consent_decisions", ["call_id", "number"])
