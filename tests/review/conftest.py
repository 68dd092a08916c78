"""The databases that tests of people's decisions run on."""

from __future__ import annotations

import pytest


@pytest.fixture
def database() -> str | None:
    """URL of the review database; None is a file in the results root."""
    return None
