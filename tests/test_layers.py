"""Data flows one way, and heavy libraries stay inside the adapters that need them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import qa_pipeline
from qa_pipeline.telemetry import disable_telemetry

ROOT = Path(qa_pipeline.__file__).parent
# The order of the design: a part imports itself and those above it.
LAYERS = (
    ("call", "errors", "packaged", "telemetry", "yaml_text"),
    ("pace",),
    ("settings",),
    ("languages",),
    ("text",),
    ("phrases",),
    ("values",),
    ("meaning",),
    ("recordings",),
    ("speech",),
    ("conversation",),
    ("rubric",),
    ("scoring",),
    ("results",),
    ("running",),
    ("trainer",),
    ("report",),
    ("evaluation",),
    ("cli",),
)
HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}
HEAVY = ("torch", "pyannote", "faster_whisper", "transformers", "prefect")
MODULES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def part_of(module: str) -> str:
    return module.split(".")[1]


def imported(path: Path) -> set[str]:
    """Parts of this package that a module imports anywhere, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "qa_pipeline":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qa_pipeline."):
            found.add(part_of(node.module or ""))
        elif isinstance(node, ast.Import):
            found |= {part_of(alias.name) for alias in node.names if alias.name.startswith("qa_pipeline.")}
    return found


def loaded_by(code: str) -> set[str]:
    """Top-level modules loaded after running some code in a fresh interpreter."""
    program = f"{code}\nimport sys, json\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_every_part_has_its_place_in_the_order() -> None:
    parts = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in MODULES}
    assert parts <= set(HEIGHT)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_its_own_part_and_those_above(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    allowed = {name for name, height in HEIGHT.items() if height < HEIGHT[own]} | {own, *LAYERS[HEIGHT[own]]}
    assert imported(path) - allowed == set()


# Modules that still need each other; nothing is added here.
IN_A_CIRCLE = {"qa_pipeline.results.periods", "qa_pipeline.results.store"}


def test_no_module_needs_what_needs_it() -> None:
    names = {path: ".".join(("qa_pipeline", *path.relative_to(ROOT).with_suffix("").parts)) for path in MODULES}
    needs = {name: modules_needed(path) & set(names.values()) - {name} for path, name in names.items()}
    assert {name for name in needs if name in reached(name, needs)} <= IN_A_CIRCLE


def modules_needed(path: Path) -> set[str]:
    """Names after `from … import` and `import …` anywhere in a module, with and without what is taken from them."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def reached(start: str, needs: Mapping[str, set[str]]) -> set[str]:
    """All that a module needs, directly or through others."""
    seen: set[str] = set()
    waiting = list(needs[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += needs[name]
    return seen


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_knows_nothing_of_prefect(path: Path) -> None:
    names = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert names & {"prefect", "flows"} == set()


@pytest.mark.parametrize(
    "code",
    [
        "import qa_pipeline",
        "import qa_pipeline.scoring.score",
        "import qa_pipeline.cli.main",
        "from click.testing import CliRunner; from qa_pipeline.cli.main import main; assert CliRunner().invoke(main, ['--help']).exit_code == 0",
        "from qa_pipeline.conversation.written import conversation; conversation('agent: hello', language='en')",
        "import qa_pipeline.results.query",
        "import qa_pipeline.running.engine",
    ],
)
def test_heavy_libraries_are_not_loaded_by(code: str) -> None:
    assert loaded_by(code) & set(HEAVY) == set()


def test_scoring_a_call_loads_no_heavy_library() -> None:
    code = (
        "from qa_pipeline.rubric.load import load_rubric; from qa_pipeline.scoring.score import prepare, score\n"
        "from qa_pipeline.settings import packaged_folder; from qa_pipeline.conversation.written import conversation\n"
        "rubric = load_rubric(packaged_folder('rubrics') / 'hotline.yaml')\n"
        "score(conversation('agent: 您好', direction='inbound'), prepare(rubric, {}))"
    )
    assert loaded_by(code) & set(HEAVY) == set()


def test_importing_the_package_imports_nothing_of_it() -> None:
    code = "import qa_pipeline, sys; assert [m for m in sys.modules if m.startswith('qa_pipeline')] == ['qa_pipeline']"
    loaded_by(code)


def test_telemetry_is_off_after_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYANNOTE_METRICS_ENABLED", "DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED"):
        monkeypatch.setenv(name, "1")
    disable_telemetry()
    assert [os.environ[name] for name in ("PYANNOTE_METRICS_ENABLED", "DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED")] == [
        "0",
        "1",
        "false",
    ]


@pytest.mark.parametrize("path", [*MODULES, *sorted((ROOT.parent / "flows").glob("*.py"))], ids=lambda path: path.name)
def test_telemetry_is_switched_off_before_what_reports_is_imported(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        inner
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(block)
    }
    imports = [
        node.lineno
        for node in ast.walk(tree)
        if node not in typing_only
        and (
            (isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("pyannote.audio", "prefect")))
            or (isinstance(node, ast.Import) and any(alias.name.startswith(("pyannote.audio", "prefect")) for alias in node.names))
        )
    ]
    calls = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "disable_telemetry"]
    assert not imports or min(calls, default=min(imports)) < min(imports)


def test_prefect_is_told_not_to_report_before_it_is_imported() -> None:
    # The finder stands before all others, and stops the import where Prefect would begin to read its settings.
    code = """
import importlib.abc, os, sys
class Spy(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "prefect":
            print(os.environ.get("PREFECT_SERVER_ANALYTICS_ENABLED"), os.environ.get("DO_NOT_TRACK"))
            sys.exit()
sys.meta_path.insert(0, Spy())
for name in ("PREFECT_SERVER_ANALYTICS_ENABLED", "DO_NOT_TRACK"):
    os.environ.pop(name, None)
import flows.nightly
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT.parent)
    assert done.stdout.split() == ["false", "1"], done.stderr
