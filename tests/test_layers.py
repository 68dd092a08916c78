"""Data flows one way, and heavy libraries stay inside the adapters that need them."""

from __future__ import annotations

import ast
import functools
import graphlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

import qa_pipeline
from qa_pipeline.telemetry import disable_telemetry

ROOT = Path(qa_pipeline.__file__).parent
# The order of the design: a part imports itself and those above it.
LAYERS = (
    ("call", "errors", "packaged", "sealed", "telemetry", "whole_file", "yaml_text"),
    ("languages",),
    ("settings",),
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
    ("reading",),
    ("review",),
    ("privacy",),
    ("running",),
    ("trainer",),
    ("report",),
    ("evaluation",),
    ("web",),
    ("cli",),
)
HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}
HEAVY = ("torch", "pyannote", "faster_whisper", "transformers", "prefect")
MODULES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")
FOLDERS = sorted({path.parent for path in MODULES})


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything that a module is written of. Read once for all tests: there are hundreds of modules."""
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"))))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT.parent))


def part_of(module: str) -> str:
    return module.split(".")[1]


def imported(path: Path) -> set[str]:
    """Parts of this package that a module imports anywhere, also inside functions."""
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and node.module == "qa_pipeline":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qa_pipeline."):
            found.add(part_of(node.module or ""))
        elif isinstance(node, ast.Import):
            found |= {part_of(alias.name) for alias in node.names if alias.name.startswith("qa_pipeline.")}
    return found


def neighbours(path: Path) -> set[str]:
    """Modules of its own folder that a module imports, also inside functions; what only type checkers import does not count."""
    for_types = {
        inner for node in nodes(path) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) for inner in ast.walk(node)
    }
    folder = ".".join(path.relative_to(ROOT.parent).parent.parts)
    found = set()
    for node in nodes(path):
        if node in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.module == folder:
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{folder}."):
            found.add((node.module or "").removeprefix(f"{folder}."))
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix(f"{folder}.") for alias in node.names if alias.name.startswith(f"{folder}.")}
    return found


def circle_of(imports: Mapping[str, set[str]]) -> list[str]:
    """Modules that wait for each other, the first again at the end; empty where there are none."""
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        return list(reversed(error.args[1]))
    return []


def loaded_by(code: str) -> set[str]:
    """Top-level modules loaded after running some code in a fresh interpreter."""
    program = f"{code}\nimport sys, json\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_every_part_has_its_place_in_the_order() -> None:
    parts = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in MODULES}
    assert parts <= set(HEIGHT)


def below(path: Path) -> set[str]:
    """Parts that a module imports although they stand below its own."""
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    allowed = {name for name, height in HEIGHT.items() if height < HEIGHT[own]} | {own, *LAYERS[HEIGHT[own]]}
    return imported(path) - allowed


def test_a_module_imports_only_its_own_part_and_those_above() -> None:
    assert {named(path): wrong for path in MODULES if (wrong := below(path))} == {}


def test_the_modules_of_a_folder_import_each_other_in_no_circle() -> None:
    circles = {folder: circle_of({path.stem: neighbours(path) for path in sorted(folder.glob("*.py"))}) for folder in FOLDERS}
    assert [f"circle in {named(folder)}/: {' imports '.join(circle)}" for folder, circle in circles.items() if circle] == []


def test_a_circle_is_told_by_its_modules() -> None:
    assert circle_of({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) in (["b", "c", "b"], ["c", "b", "c"])
    assert circle_of({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("from qa_pipeline.rubric.load import load_list", True),
        ("from qa_pipeline.rubric import load", True),
        ("import qa_pipeline.rubric.load", True),
        ("def later():\n    from qa_pipeline.rubric.load import load_list", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from qa_pipeline.rubric.load import load_list", False),
        ("from qa_pipeline.text.normalise import load", False),
    ],
)
def test_which_imports_are_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, counts: bool) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path / "qa_pipeline")
    path = tmp_path / "qa_pipeline" / "rubric" / "faults.py"
    path.parent.mkdir(parents=True)
    path.write_text(line + "\n", "utf-8")
    assert neighbours(path) == ({"load"} if counts else set())


def tops(path: Path) -> set[str]:
    """Packages that a module imports anything of."""
    return {
        name.split(".")[0]
        for node in nodes(path)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }


def test_a_module_that_is_long_says_why_it_is_one() -> None:
    texts = {named(path): path.read_text("utf-8") for path in MODULES}
    long = {name: text for name, text in texts.items() if len(text.splitlines()) > 400}
    assert [name for name, text in long.items() if "though long" not in (ast.get_docstring(ast.parse(text)) or "")] == []


def test_the_library_knows_nothing_of_prefect() -> None:
    assert {named(path): wrong for path in MODULES if (wrong := tops(path) & {"prefect", "flows"})} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import qa_pipeline",
        "import qa_pipeline.scoring.score",
        "import qa_pipeline.cli.main",
        "from click.testing import CliRunner; from qa_pipeline.cli.main import main; assert CliRunner().invoke(main, ['--help']).exit_code == 0",
        "from qa_pipeline.conversation.written import conversation; conversation('agent: hello', language='en')",
        "import qa_pipeline.reading.tables",
        "import qa_pipeline.running.batch",
    ],
)
def test_heavy_libraries_are_not_loaded_by(code: str) -> None:
    assert loaded_by(code) & set(HEAVY) == set()


def test_workers_that_score_load_neither_tables_nor_audio() -> None:
    assert (
        loaded_by("import qa_pipeline.running.lot_worker") & {*HEAVY, "av", "deltalake", "duckdb", "pandas", "pydantic_settings"} == set()
    )


def test_help_is_shown_without_reading_languages() -> None:
    code = "from click.testing import CliRunner; from qa_pipeline.cli.main import main; assert CliRunner().invoke(main, ['--help']).exit_code == 0"
    assert loaded_by(code) & {"pydantic", "yaml"} == set()


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


def switches_off_too_late(path: Path) -> bool:
    """Whether a module imports what reports before it calls the switch, if it does at all."""
    typing_only = {
        inner
        for block in nodes(path)
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(block)
    }
    imports = [
        node.lineno
        for node in nodes(path)
        if node not in typing_only
        and (
            (isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("pyannote.audio", "prefect")))
            or (isinstance(node, ast.Import) and any(alias.name.startswith(("pyannote.audio", "prefect")) for alias in node.names))
        )
    ]
    calls = [node.lineno for node in nodes(path) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "disable_telemetry"]
    return bool(imports) and min(calls, default=min(imports)) >= min(imports)


def test_telemetry_is_switched_off_before_what_reports_is_imported() -> None:
    flows = sorted((ROOT.parent / "flows").glob("*.py"))
    assert [named(path) for path in [*MODULES, *flows] if switches_off_too_late(path)] == []


def test_only_a_whole_pipeline_of_pyannote_waits_for_its_library() -> None:
    """It takes three times as long to import as torch: the other diarizer computes what it needs itself."""
    importing = {
        named(path)
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pyannote.audio")
    }
    assert importing == {"qa_pipeline/speech/diarize_pretrained.py"}


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


def test_files_of_tests_have_names_of_their_own() -> None:
    """Folders of tests are no packages: of two files of one name pytest collects only one, and stops."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
