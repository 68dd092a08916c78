"""Languages that exist only as folders of a test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from qa_pipeline.languages import load


def add_language(folder: Path, code: str, files: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, *, script: str = "letters") -> Path:
    """Write a language into a folder that further languages are read from; its own folder is returned."""
    place = folder / code
    place.mkdir(parents=True)
    head = f"code: {code}\nname: Made up\nscript: {script}\nrank: 9\n"
    for name, text in {"language.yaml": head, **files}.items():
        (place / name).write_text(text, "utf-8")
    monkeypatch.setenv(load.FOLDER_VARIABLE, str(folder))
    read_anew()
    return place


def read_anew() -> None:
    """Forget what was read of languages: before a test's folder is read, and after it is gone."""
    for cached in vars(load).values():
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()
