"""What supervisors agree with agents, and reports as people shape them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "coaching",
        sa.Column("note", sa.Integer(), primary_key=True),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("team", sa.String(), comment="the agent's on that day"),
        sa.Column("call_id", sa.String(), comment="where it came up; null: in none, or the call is kept no more"),
        sa.Column("criterion_id", sa.String()),
        sa.Column("is_shared", sa.Boolean(), nullable=False, comment="the agent reads it"),
        sa.Column("account", sa.Integer(), sa.ForeignKey("accounts.account")),
        sa.Column("written_on", sa.String(), nullable=False),
    )
    op.create_index("coaching_agent", "coaching", ["agent_id"])
    op.create_index("coaching_team", "coaching", ["team"])
    op.create_table(
        "coaching_entries",
        sa.Column("entry", sa.Integer(), primary_key=True),
        sa.Column("note", sa.Integer(), sa.ForeignKey("coaching.note"), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("who", sa.String()),
        sa.Column("account", sa.Integer(), sa.ForeignKey("accounts.account")),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, comment="open or done"),
        sa.Column("follow_up", sa.String(), comment="day to look again; null: none"),
    )
    op.create_index("coaching_entries_note", "coaching_entries", ["note"])
    op.create_table(
        "report_shapes",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("account", sa.Integer(), sa.ForeignKey("accounts.account"), comment="whose it is; null: of the command line"),
        sa.Column("shape", sa.String(), nullable=False, comment="JSON of a Shape (shapes.py)"),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.UniqueConstraint("account", "name", name="report_shapes_name"),
    )
