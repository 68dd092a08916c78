"""How a migration runs: on the connection that the database was opened with, in its transaction (review/desk.py)."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
