"""The documentation says what the code says: generated pages, names, examples, links, commands."""

from __future__ import annotations

import ast
import builtins
import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import get_args

import click
import pytest

from docs.screenshots import OF_DOCS
from qa_pipeline.cli.main import main
from qa_pipeline.reading.tables import VIEWS, connect
from qa_pipeline.results.store import Store
from qa_pipeline.results.tables import TABLES
from qa_pipeline.rubric.atoms import Part
from qa_pipeline.rubric.cases import Case
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.rubric.shared_keys import Situation, Status
from qa_pipeline.scoring.checks import CHECKS
from qa_pipeline.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


@cache
def _generator() -> ModuleType:
    spec = spec_from_file_location("generate", DOCS / "generate.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _schema_keys(part: type[Part] = Part) -> Iterator[str]:
    """Keys of every part of a rubric file."""
    yield from (field.alias or name for name, field in part.model_fields.items())
    for kind in part.__subclasses__():
        yield from _schema_keys(kind)


def _code_lines(page: Path) -> Iterator[str]:
    """Lines of the page's shell blocks, without comments."""
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        yield from (line for line in block.splitlines() if line.strip())


def _yaml_block(page: Path) -> str:
    """The first YAML block of a page."""
    return page.read_text("utf-8").split("```yaml\n")[1].split("```")[0]


def _commands(page: Path) -> Iterator[list[str]]:
    yield from (shlex.split(line, comments=True) for line in _code_lines(page))


@pytest.mark.parametrize("name", ["tables.md", "settings.md", "cli.md", "messages.md", "who-sees-what.md"])
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == _generator().PAGES[name](), "run `make docs`"


def test_every_message_says_what_to_do_and_no_cure_is_of_a_message_that_is_gone() -> None:
    catalogue = _generator().messages
    found = catalogue.messages()
    assert [f"{message.module}: {message.text}" for message in found if not catalogue.cure_of(message)] == [], (
        "name the cure in docs/messages.py"
    )
    unused = {beginning for beginning in catalogue.CURES if not any(message.text.startswith(beginning) for message in found)}
    assert unused == set()


@pytest.mark.parametrize(
    ("code", "kind", "text", "cure"),
    [
        ("raise InputRefused('No.', advice='Yes.')", "refusal", "No.", "Yes."),
        ("raise ModelError(f'{name} is gone.', advice='Pull.' if x else 'Wait.')", "environment", "{name} is gone.", "Pull. / Wait."),
        ("faults.append(Fault(path=p, message='bad', advice='mend'))", "fault", "bad", "mend"),
        ("why = 'torn'\nraise RecordingError(why, advice='copy')", "failure", "torn", "copy"),
        ("taken.warnings.append(f'{name} is odd.')", "warning", "{name} is odd.", ""),
        ("def say(place, message, advice): ...\nsay(1, 'two', 'three')", "fault", "two", "three"),
        ("for what, how in (('a b', 'c'), ('d e', 'f')):\n  pass\ndef g():\n  for what, how in (('a b', 'c'),):\n    raise InputRefused(what, advice=how)",
         "refusal", "a b", "c"),
        ("def f() -> Warnings:\n    yield (), 'hardly', 'change it'", "warning", "hardly", "change it"),
        ("class Ours(InputRefused):\n  def __init__(self, why, message, *, advice): ...\nraise Ours('short', 'More.', advice='Add.')",
         "refusal", "More.", "Add."),
        ("class Ours(AccessRefused):\n  def __init__(self):\n    super().__init__('Out.', advice='Sign in.')\nraise Ours",
         "refusal", "Out.", "Sign in."),
        ("class Torn(ValueError): ...\nraise Torn('no text in it')", "reason", "no text in it", ""),
        ("def _bad(uri, why) -> ModelError:\n    return ModelError(why, advice='Pull.')\nraise _bad('u', f'it has {count}')",
         "reason", "it has {count}", "Pull."),
        ("note(message='It ended.', advice='Try again.')", "failure", "It ended.", "Try again."),
        ("def f() -> WarningTexts:\n    return [f'{name} is odd']", "warning", "{name} is odd", ""),
        ("def f() -> WarningTexts:\n    told.append('odd')", "warning", "odd", ""),
        ("raise InputRefused('Many.', faults=faults)", "refusal", "Many.", "Each fault that is listed with it says what to do."),
    ],
)  # fmt: skip
def test_a_new_message_is_found_by_itself(tmp_path: Path, code: str, kind: str, text: str, cure: str) -> None:
    (tmp_path / "new.py").write_text(code)
    (message,) = _generator().messages.messages(tmp_path)
    assert (message.module, message.kind, message.text, message.cure) == ("new.py", kind, text, cure)


def test_whatever_is_raised_or_warned_of_stands_among_the_messages() -> None:
    # Looked for in another way than docs/messages.py gathers: any text in a `raise` of no error of Python's, any text given to what warns.
    package = DOCS.parent / "qa_pipeline"
    listed: dict[str, list[str]] = {}
    for message in _generator().messages.messages():
        listed.setdefault(message.module, []).append(message.text)
    missing = []
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package).as_posix()
        for told in _tellings(ast.parse(path.read_text("utf-8"))):
            texts = [text for argument in told.args for text in _texts(argument)]
            if texts and not any(text in one for text in texts for one in listed.get(module, ())):
                missing.append(f"{module}:{told.lineno}: {ast.unparse(told)}")
    assert missing == [], "make the rule in docs/messages.py find them"


def _tellings(tree: ast.Module) -> Iterator[ast.Call]:
    """Calls that make what is raised, but for Python's own errors, and calls that warn."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            # Pydantic's own errors have pydantic's words.
            if not hasattr(builtins, name := ast.unparse(node.exc.func)) and name != "PydanticKnownError":
                yield node.exc
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("warn", "on_warning"):
            yield node


def _texts(node: ast.expr) -> Iterator[str]:
    """Texts of some length that are written out in an expression, but for those of calls inside it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.strip()) > 6:
        yield node.value.strip()
    elif not isinstance(node, ast.Call):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _texts(child)


def test_what_a_run_warns_of_comes_from_functions_whose_texts_are_listed() -> None:
    codes = (path.read_text("utf-8") for path in sorted((DOCS.parent / "qa_pipeline").rglob("*.py")))
    trees = [ast.parse(code) for code in codes if re.search(r"WarningTexts|warnings|on_warning", code)]
    returns = {
        node.name: ast.unparse(node.returns)
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.returns is not None
    }
    called = {
        ast.unparse(spread.value.func)
        for tree in trees
        for node in ast.walk(tree)
        if (isinstance(node, ast.keyword) and node.arg == "warnings")
        or (isinstance(node, ast.For) and ast.unparse(node.body[0]).startswith("on_warning("))
        or (isinstance(node, ast.AugAssign) and ast.unparse(node.target).endswith("warnings"))
        for spread in ast.walk(node.iter if isinstance(node, ast.For) else node.value)
        if isinstance(spread, ast.Starred) and isinstance(spread.value, ast.Call)
    }
    assert called >= {"_left_out", "observed", "notify"}
    assert {name: returns[name] for name in called if returns.get(name) not in ("WarningTexts", "list[Fault]")} == {}


def test_the_page_of_what_arrives_counts_its_lines() -> None:
    page = (DOCS / "field-inputs.md").read_text("utf-8")
    right = len(re.findall(r"\| right \|$", page, re.MULTILINE))
    tables = re.findall(r"^\| left as it is \| why \|\n\|---\|---\|\n((?:\|.*\n)+)", page, re.MULTILINE)
    left = sum(table.count("\n") for table in tables)
    assert f"\n{right} inputs stand in the tables" in page and f" {left} lines say what is left as it is" in page, (right, left)


def test_every_table_column_and_view_is_documented() -> None:
    text = (DOCS / "tables.md").read_text("utf-8")
    for table in TABLES.values():
        part = text.split(f"## `{table.name}`\n")[1].split("\n## ")[0]
        assert not [column.name for column in table.columns if f"| `{column.name}` |" not in part]
    assert not [name for name in VIEWS if f"### `{name}`" not in text]


def test_every_setting_is_documented() -> None:
    text = (DOCS / "settings.md").read_text("utf-8")
    assert not [name for name, field in Settings.model_fields.items() if f"| `{name}` |" not in text or not field.description]


def test_every_command_is_documented() -> None:
    text = (DOCS / "cli.md").read_text("utf-8")

    def paths(command: click.Command, path: str) -> Iterator[str]:
        yield path
        if isinstance(command, click.Group):
            for name, child in command.commands.items():
                yield from paths(child, f"{path} {name}")

    assert not [path for path in paths(main, "qa-pipeline") if f"## `{path}`\n" not in text]


def test_every_key_of_the_rubric_language_is_documented() -> None:
    text = (DOCS / "rubric-language.md").read_text("utf-8")
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", text))))
    keys = {*_schema_keys(), *CHECKS, *get_args(Situation), *get_args(Status)}
    assert sorted(keys - words) == [], "say what each is in docs/rubric-language.md"


def test_every_key_of_a_case_is_documented() -> None:
    text = (DOCS / "trainer.md").read_text("utf-8")
    assert not [name for name in Case.model_fields if f"`{name}`" not in text]


def test_the_rubric_in_the_language_page_has_no_faults(tmp_path: Path) -> None:
    path = tmp_path / "service.yaml"
    path.write_text(_yaml_block(DOCS / "rubric-language.md"), "utf-8")
    assert load_rubric(path).id == "service"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_relative_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL))
    paths = [target.split("#")[0] for target in targets if "://" not in target]
    assert not [path for path in paths if path and not (page.parent / path).exists()]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_in_shell_blocks_exist(page: Path) -> None:
    makefile = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    unknown = [
        " ".join(words)
        for words in _commands(page)
        if (words[0] == "make" and words[1] not in makefile) or (words[0].endswith("qa-pipeline") and not _is_understood(words[1:]))
    ]
    assert unknown == []


def test_queries_in_the_docs_are_answered(tmp_path: Path) -> None:
    queries = [words[2] for page in PAGES for words in _commands(page) if words[:2] == ["qa-pipeline", "query"]]
    assert queries
    with connect(Store(str(tmp_path), timezone="UTC", code_version="0")) as connection:
        for sql in queries:
            connection.sql(sql).to_arrow_table()


def _is_understood(words: list[str]) -> bool:
    """Whether the command line takes these words; nothing is run."""
    command: click.Command = main
    while isinstance(command, click.Group):
        if not words or words[0] not in command.commands:
            return False
        command, words = command.commands[words[0]], words[1:]
    options = {name for parameter in command.params if isinstance(parameter, click.Option) for name in parameter.opts}
    return all(word.split("=")[0] in options for word in words if word.startswith("--"))


def test_every_picture_of_the_docs_is_shown_and_those_of_the_app_are_made_by_the_command() -> None:
    shown = {name for page in PAGES for name in re.findall(r"pictures/([\w-]+)\.png", page.read_text(encoding="utf-8"))}
    assert shown == {file.stem for file in (DOCS / "pictures").glob("*.png")}
    assert shown - {"report", "rubric-diff"} == set(OF_DOCS)
