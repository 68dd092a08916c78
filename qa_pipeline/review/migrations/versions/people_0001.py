"""Accounts, teams, decisions, claims, calibration, audit: the first form of what people write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "accounts",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False, comment="what they log in by; --as"),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "calibrations",
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("closed_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("session"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "corrections_due",
        sa.Column("call_id", sa.String(), nullable=False, comment="decided, and the conversation is not yet as decided"),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_table(
        "claims",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_table(
        "outbox",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("decision_id", sa.String(), nullable=True, comment="null where a score changed under decisions"),
        sa.Column("is_begun", sa.Boolean(), nullable=False, comment="somebody began to write it to the tables: it may stand there already"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "review_state",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "teams",
        sa.Column("team", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("team"),
    )
    op.create_table(
        "account_agents",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False, comment="an agent_id of the metadata whose calls are theirs"),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.PrimaryKeyConstraint("account", "agent_id"),
    )
    op.create_table(
        "account_roles",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.PrimaryKeyConstraint("account", "role"),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=True),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("did", sa.String(), nullable=False, comment="looked, or the kind of what was decided or changed"),
        sa.Column("call_id", sa.String(), nullable=True),
        sa.Column("about", sa.String(), nullable=True, comment="the decision, the account, the team"),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("audit_call", "audit", ["call_id", "at"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="1 for the first of its call: two writers cannot both have the next"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("score_id", sa.String(), nullable=True),
        sa.Column("rubric_id", sa.String(), nullable=True),
        sa.Column("rubric_version", sa.Integer(), nullable=True),
        sa.Column("criterion_id", sa.String(), nullable=True),
        sa.Column("criterion_sha256", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("moment_ms", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.String(), nullable=True, comment="what was recognised"),
        sa.Column("after", sa.String(), nullable=True, comment="what is said"),
        sa.Column("about", sa.String(), nullable=True, comment="the decision that is answered or taken back"),
        sa.Column("is_upheld", sa.Boolean(), nullable=True),
        sa.Column("session", sa.Integer(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.ForeignKeyConstraint(
            ["session"],
            ["calibrations.session"],
        ),
        sa.PrimaryKeyConstraint("decision_id"),
        sa.UniqueConstraint("call_id", "version", name="decisions_order"),
    )
    op.create_index("decisions_kind", "decisions", ["kind", "at"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("membership", sa.Integer(), nullable=False),
        sa.Column("team", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=True, comment="a supervisor, who leads it; null for an agent"),
        sa.Column("agent_id", sa.String(), nullable=True, comment="an agent, who is in it; null for a supervisor"),
        sa.Column("first", sa.String(), nullable=True, comment="day; null: from the beginning"),
        sa.Column("last", sa.String(), nullable=True, comment="day, inclusive; null: still"),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.ForeignKeyConstraint(
            ["team"],
            ["teams.team"],
        ),
        sa.PrimaryKeyConstraint("membership"),
    )
    op.create_index("memberships_account", "memberships", ["account"], unique=False)
    op.create_index("memberships_agent", "memberships", ["agent_id"], unique=False)
    op.create_table(
        "team_names",
        sa.Column("team", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False, comment="as the metadata of calls have it"),
        sa.Column("first", sa.String(), nullable=False, comment="day; empty: from the beginning"),
        sa.Column("last", sa.String(), nullable=True, comment="day, inclusive; null: still"),
        sa.ForeignKeyConstraint(
            ["team"],
            ["teams.team"],
        ),
        sa.PrimaryKeyConstraint("team", "name", "first"),
    )
