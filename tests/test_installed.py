"""The package as others install it: a wheel in a fresh environment, used from an empty folder. Models are real."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.settings import load_settings

pytestmark = pytest.mark.models

# Data that an installed package reads, by the folder of the checkout it comes from. Of models: manifests and heads, not what heads were trained with.
PACKAGED = {"qa_pipeline": "qa_pipeline", "flows": "flows", "rubrics": "qa_pipeline/_data/rubrics"}
SAMPLE = "en_energy_refused"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the package is built from, without what builds and environments leave in a checkout."""
    copy = tmp_path_factory.mktemp("source") / "checkout"
    copy.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(PACKAGE_ROOT / name, copy)
    for name in ("qa_pipeline", "flows", "rubrics", "models"):
        shutil.copytree(PACKAGE_ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def built(source: Path) -> tuple[Path, str]:
    """The wheel, and what was said while it was built."""
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-v", "-w", str(source / "dist"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (wheel,) = (source / "dist").glob("*.whl")
    return wheel, done.stdout + done.stderr


@pytest.fixture(scope="module")
def command(built: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`qa-pipeline` of an environment that has the wheel, and all else from the one the tests run in."""
    fresh = tmp_path_factory.mktemp("fresh") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(fresh)], check=True)
    (site,) = fresh.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", "utf-8")
    install = [sys.executable, "-m", "pip", "--python", str(fresh / "bin" / "python"), "install", "--no-deps", "--no-index", str(built[0])]
    subprocess.run(install, check=True, capture_output=True)
    return fresh / "bin" / "qa-pipeline"


def test_nothing_is_left_out_of_the_wheel(source: Path, built: tuple[Path, str]) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        inside = set(wheel.namelist())
    for folder, place in PACKAGED.items():
        files = {path.relative_to(source / folder) for path in (source / folder).rglob("*") if path.is_file()}
        assert sorted(str(name) for name in files if f"{place}/{name}" not in inside) == []
    heads = {path.relative_to(source / "models") for path in (source / "models").glob("*/head.json")}
    manifests = {path.relative_to(source / "models") for path in (source / "models").glob("*.yaml")}
    assert {f"qa_pipeline/_data/models/{name}" for name in heads | manifests} <= inside
    assert not [name for name in inside if name.startswith("tests") or "__pycache__" in name]


def test_building_it_warns_of_nothing_left_out(built: tuple[Path, str]) -> None:
    assert "absent from the `packages` configuration" not in built[1]
    assert "BuildBackendWarning" not in built[1]


def test_it_works_from_an_empty_folder(command: Path, tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    for path in (PACKAGE_ROOT / "sample_audio").glob(f"{SAMPLE}.*"):
        shutil.copy(path, tmp_path / "calls")
    empty = tmp_path / "empty"
    empty.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("QA_PIPELINE_", "PYTHON"))}
    env["QA_PIPELINE_CACHE"] = str(load_settings().cache)
    for arguments, told in (
        (("run", str(tmp_path / "calls"), "--direction", "outbound"), "1 processed"),
        (("report",), "report.html"),
        # One of them: what all come to is held by tests/scoring/verdicts.lock, and that none is left out of the wheel above.
        (("rubric", "test", "message_taking"), "cases"),
        (("evaluate", str(tmp_path / "calls")), "Outcomes, 1 calls"),
    ):
        done = subprocess.run([str(command), *arguments], cwd=empty, env=env, capture_output=True, text=True, timeout=3000, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        assert told in done.stdout, done.stdout
        # Nothing of what libraries do as they end: only how far it is.
        assert [line for line in done.stderr.splitlines() if line != "1/1 calls"] == []
    where = [str(command.with_name("python")), "-c", "import qa_pipeline, flows.nightly; print(qa_pipeline.__file__)"]
    done = subprocess.run(where, cwd=empty, env=env, capture_output=True, text=True, timeout=3000, check=True)
    assert str(command.parent.parent) in done.stdout
