"""Nothing that is set: what tests of settings begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.settings import Settings


def unset(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Work in a folder without a settings file, in an environment without settings. Returns the folder."""
    for name in ("CONFIG", *(field.upper() for field in Settings.model_fields)):
        monkeypatch.delenv(f"QA_PIPELINE_{name}", raising=False)
    monkeypatch.chdir(folder)
    return folder
