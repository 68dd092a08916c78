"""Proposals to the trainer's desk: moments of calls as cases, or as words for the lists of a criterion."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "proposals",
        sa.Column("proposal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False, comment="case, like, unlike"),
        sa.Column("state", sa.String(), nullable=False, comment="waiting, accepted, refused"),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("rubric_id", sa.String(), nullable=False),
        sa.Column("rubric_version", sa.Integer(), nullable=False),
        sa.Column("criterion_id", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=True, comment="as they were said; null once retention took them"),
        sa.Column("outcome", sa.String(), nullable=True, comment="how the criterion should come out there"),
        sa.Column("utterance", sa.Integer(), nullable=True),
        sa.Column("start_ms", sa.BigInteger(), nullable=True),
        sa.Column("end_ms", sa.BigInteger(), nullable=True),
        sa.Column("decision_id", sa.String(), nullable=True, comment="the override that it comes from"),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", sa.String(), nullable=True),
        sa.Column("settled_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.PrimaryKeyConstraint("proposal"),
    )
    op.create_index("proposals_state", "proposals", ["state", "rubric_id"], unique=False)
    op.create_index("proposals_call", "proposals", ["call_id"], unique=False)
