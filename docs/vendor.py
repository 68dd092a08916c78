"""Fetch the scripts of other people that the review app brings along, and write what they are: name, version, licence, hash.

    python -m docs.vendor

Needs npm and its registry; the app itself needs neither. Versions stand in _PACKAGES below. What is written goes into git.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "qa_pipeline" / "web" / "static" / "vendor"
FOR_TESTS = ROOT / "tests" / "web" / "vendor"
LIST = "vendor.json"
_PACKAGES = {
    "htmx.org": "2.0.11",
    "wavesurfer.js": "8.0.1",
    "axe-core": "4.14.1",
    "esbuild": "0.28.2",
    "@codemirror/autocomplete": "6.20.4",
    "@codemirror/commands": "6.11.1",
    "@codemirror/lang-yaml": "6.1.3",
    "@codemirror/language": "6.13.1",
    "@codemirror/lint": "6.9.8",
    "@codemirror/merge": "6.12.3",
    "@codemirror/search": "6.7.2",
    "@codemirror/state": "6.7.6",
    "@codemirror/view": "6.43.15",
}
# Written file → package and its file there.
_COPIED = {
    "htmx.min.js": ("htmx.org", "dist/htmx.min.js"),
    "wavesurfer.js": ("wavesurfer.js", "dist/wavesurfer.esm.js"),
    "wavesurfer-regions.js": ("wavesurfer.js", "dist/plugins/regions.esm.js"),
    "wavesurfer-minimap.js": ("wavesurfer.js", "dist/plugins/minimap.esm.js"),
}
_OF_TESTS = {"axe.min.js": ("axe-core", "axe.min.js")}
# One module with all that an editor of YAML is made of.
_EDITOR = """
export * from "@codemirror/state";
export * from "@codemirror/view";
export * from "@codemirror/commands";
export * from "@codemirror/language";
export * from "@codemirror/lint";
export * from "@codemirror/search";
export * from "@codemirror/autocomplete";
export * from "@codemirror/merge";
export * from "@codemirror/lang-yaml";
"""


def fetch() -> None:
    """Write both folders anew."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": _PACKAGES}))
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"], cwd=folder, check=True)
        (folder / "editor.js").write_text(_EDITOR)
        for place, copied in ((SHIPPED, _COPIED), (FOR_TESTS, _OF_TESTS)):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            entries = [_copied(folder, place / name, *source) for name, source in copied.items()]
            if place == SHIPPED:
                entries.append(_bundled(folder, place / "codemirror.js"))
            (place / LIST).write_text(json.dumps(entries, indent=1) + "\n")


def _copied(folder: Path, to: Path, package: str, file: str) -> dict[str, Any]:
    shutil.copyfile(folder / "node_modules" / package / file, to)
    return _entry(folder, to, [package])


def _bundled(folder: Path, to: Path) -> dict[str, Any]:
    program = next((folder / "node_modules" / "@esbuild").glob("*/bin/esbuild"))
    subprocess.run(
        [program, "editor.js", "--bundle", "--format=esm", "--minify", "--legal-comments=inline", f"--outfile={to}"], cwd=folder, check=True
    )
    inside = {
        path.parent.relative_to(folder / "node_modules").as_posix()
        for pattern in ("*/package.json", "@*/*/package.json")
        for path in (folder / "node_modules").glob(pattern)
    }
    others = {"htmx.org", "wavesurfer.js", "axe-core", "esbuild"}
    return _entry(folder, to, sorted(name for name in inside if name not in others and not name.startswith("@esbuild/")))


def _entry(folder: Path, file: Path, packages: Iterable[str]) -> dict[str, Any]:
    told = {name: json.loads((folder / "node_modules" / name / "package.json").read_text()) for name in packages}
    return {
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "packages": [{"name": name, "version": one["version"], "licence": one["license"]} for name, one in told.items()],
    }


if __name__ == "__main__":
    fetch()
