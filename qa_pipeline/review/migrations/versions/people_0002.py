"""Calls and people of calibration sessions, tokens of the API, webhooks and their messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "api_tokens",
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False, comment="what it is for"),
        sa.Column("account", sa.Integer(), nullable=False, comment="as whom it asks"),
        sa.Column("digest", sa.String(), nullable=False, comment="SHA-256 of the token; the token itself is kept nowhere"),
        sa.Column("beginning", sa.String(), nullable=False, comment="its first letters, to know it by"),
        sa.Column("scopes", sa.String(), nullable=False, comment="separated by spaces"),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("expires_at", sa.String(), nullable=True),
        sa.Column("revoked_at", sa.String(), nullable=True),
        sa.Column("used_at", sa.String(), nullable=True, comment="the day of its last use"),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.PrimaryKeyConstraint("token"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "calibration_calls",
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, comment="order in which they are judged"),
        sa.ForeignKeyConstraint(
            ["session"],
            ["calibrations.session"],
        ),
        sa.PrimaryKeyConstraint("session", "call_id"),
    )
    op.create_table(
        "calibration_people",
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(), nullable=False, comment="name of an account"),
        sa.Column("done_at", sa.String(), nullable=True, comment="null: still judging"),
        sa.ForeignKeyConstraint(
            ["session"],
            ["calibrations.session"],
        ),
        sa.PrimaryKeyConstraint("session", "who"),
    )
    op.create_table(
        "webhooks",
        sa.Column("webhook", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False, comment="as whom it is told: nothing that they do not see"),
        sa.Column("secret", sa.String(), nullable=False, comment="what messages are signed with; the receiver has it too"),
        sa.Column("events", sa.String(), nullable=False, comment="separated by spaces"),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("ended_at", sa.String(), nullable=True),
        sa.Column("seen_audit", sa.Integer(), nullable=False, comment="the newest entry of the record that was looked at"),
        sa.Column("seen_scores", sa.String(), nullable=False, comment="scores made since are looked at"),
        sa.Column("seen_runs", sa.String(), nullable=False, comment="runs that ended since are looked at"),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.PrimaryKeyConstraint("webhook"),
    )
    op.create_table(
        "webhook_messages",
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("webhook", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(), nullable=False, comment="what is told: one message of it to each webhook"),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.String(), nullable=True, comment="when it is sent (again); null: delivered, or given up"),
        sa.Column("delivered_at", sa.String(), nullable=True),
        sa.Column("dead_at", sa.String(), nullable=True, comment="given up"),
        sa.Column("answer", sa.String(), nullable=True, comment="what the last try came to"),
        sa.ForeignKeyConstraint(
            ["webhook"],
            ["webhooks.webhook"],
        ),
        sa.PrimaryKeyConstraint("message"),
        sa.UniqueConstraint("webhook", "about", name="webhook_once"),
    )
    op.create_index("webhook_waiting", "webhook_messages", ["next_at"], unique=False)
