"""How people sign in, what they prefer, and a record of looks that nobody can change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_REFUSED = "the record of who looked at what and decided what is only added to"


def upgrade() -> None:
    """Make the tables, and let the database itself refuse to change or delete what is on record."""
    op.create_table(
        "credentials",
        sa.Column("account", sa.Integer(), sa.ForeignKey("accounts.account"), primary_key=True),
        sa.Column("secret", sa.String(), nullable=False, comment="argon2id of the passphrase, with its salt"),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="wrong passphrases since the last right one"),
        sa.Column("locked_until", sa.String()),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(), primary_key=True, comment="SHA-256 of what the browser holds"),
        sa.Column("account", sa.Integer(), sa.ForeignKey("accounts.account"), nullable=False),
        sa.Column("csrf", sa.String(), nullable=False, comment="what its forms carry"),
        sa.Column("began_at", sa.String(), nullable=False),
        sa.Column("seen_at", sa.String(), nullable=False),
        sa.Column("ends_at", sa.String(), nullable=False),
    )
    op.create_index("sessions_account", "sessions", ["account"])
    op.create_table(
        "one_time_links",
        sa.Column("digest", sa.String(), primary_key=True, comment="SHA-256 of what the link holds"),
        sa.Column("purpose", sa.String(), nullable=False, comment="set-up, invitation, reset"),
        sa.Column("account", sa.Integer(), sa.ForeignKey("accounts.account"), comment="null for the first one, who is not there yet"),
        sa.Column("made_at", sa.String(), nullable=False),
        sa.Column("ends_at", sa.String(), nullable=False),
        sa.Column("used_at", sa.String()),
    )
    op.create_table(
        "preferences",
        sa.Column("account", sa.Integer(), sa.ForeignKey("accounts.account"), primary_key=True),
        sa.Column("language", sa.String(), comment="of the pages"),
        sa.Column("zone", sa.String(), comment="of times, as Europe/Warsaw"),
        sa.Column("theme", sa.String(), comment="light, dark; null: as the machine has it"),
    )
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(), primary_key=True, comment="of single sign-on"),
        sa.Column("subject", sa.String(), primary_key=True, comment="as the issuer calls them, for ever"),
        sa.Column("account", sa.Integer(), sa.ForeignKey("accounts.account"), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"create function audit_stays() returns trigger language plpgsql as $$ begin raise exception '{_REFUSED}'; end $$")
        op.execute("create trigger audit_stays before update or delete or truncate on audit execute function audit_stays()")
        return
    for event in ("update", "delete"):
        op.execute(f"create trigger audit_stays_{event} before {event} on audit begin select raise(abort, '{_REFUSED}'); end")
