"""Where the files lie that are shipped with the package. Imports nothing, so that reading a rubric stays quick."""

from __future__ import annotations

from pathlib import Path

PACKAGE_ROOT = Path(__file__).resolve().parent.parent


def packaged_folder(name: str) -> Path:
    """Folder `rubrics` or `models` as shipped: inside the installed package, else beside it in a checkout."""
    inside = Path(__file__).resolve().parent / "_data" / name
    return inside if inside.is_dir() else PACKAGE_ROOT / name
