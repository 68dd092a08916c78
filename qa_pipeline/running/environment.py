"""What must be there before a run begins: a results root that can be written, models, free disk."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.results.store import Store
from qa_pipeline.settings import Settings
from qa_pipeline.speech.models import choose_manifest, manifests_in_use, model_folder


def code_version() -> str:
    """Version of this package."""
    try:
        return version("qa-pipeline")
    except PackageNotFoundError:
        return "unknown"


def open_store(settings: Settings) -> Store:
    """The results root of the settings."""
    return Store(settings.results, timezone=settings.timezone, code_version=code_version())


def check_environment(settings: Settings, store: Store, *, needs_speech: bool = True) -> None:
    """Refuse before any work what would fail later. `needs_speech`: not everything is text. Raises EnvironmentNotReady, ModelError."""
    for manifest in manifests_in_use(settings) if needs_speech else (choose_manifest(settings, "encoder"),):
        model_folder(manifest, settings)
    store.prepare()
    # A key that is not there, or that others read, is found before hours of work and not after them.
    _ = settings.encryption_keys
    for place in (str(settings.cache), settings.results):
        free = free_gb(place)
        if free is not None and free < settings.min_free_gb:
            raise EnvironmentNotReady(
                f"{place} has {free:.1f} GB free; {settings.min_free_gb:.1f} are wanted.",
                advice="Free some space, or lower min_free_gb.",
            )


def free_gb(place: str) -> float | None:
    """Free disk where a folder lies, or will lie; None in an object store."""
    if "://" in place:
        return None
    path = Path(place).absolute()
    return shutil.disk_usage(next(parent for parent in (path, *path.parents) if parent.exists())).free / 1e9
