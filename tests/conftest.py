"""What all tests share. Folders below are no packages: each test file has a name of its own and helpers are imported by name."""

from __future__ import annotations

from hypothesis import settings

# The same examples on every machine, however busy it is.
settings.register_profile("plain", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("plain")
