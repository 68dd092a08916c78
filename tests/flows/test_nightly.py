"""The nightly flow under the real Prefect, with the server it starts by itself; with another one it is tested beside deployments."""

from __future__ import annotations

from pathlib import Path

import pytest
from nights import assert_night_went_well, night

pytestmark = [pytest.mark.prefect, pytest.mark.models]


def test_it_runs_with_no_server_set_up(tmp_path: Path) -> None:
    # Nor a home of Prefect's: the first flow of a new machine makes it and its database.
    environment = {"PREFECT_API_URL": "", "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true"}
    assert not (tmp_path / "prefect").exists()
    done = night(tmp_path, **environment)
    assert_night_went_well(tmp_path, done)
    assert done.stderr.startswith("Starting a temporary Prefect server.")
