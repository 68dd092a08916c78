"""Settings, options, keys, truth, phrases to import and names of rubrics: what is refused, and the same with the cure followed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bare import unset

from qa_pipeline.errors import QaError
from qa_pipeline.evaluation.truth import read_truths
from qa_pipeline.privacy.policy import load_policy
from qa_pipeline.running.pace import deadline_of
from qa_pipeline.running.priority import parse_priority
from qa_pipeline.sealed import drop_key, load_keys, make_key
from qa_pipeline.settings import load_settings, packaged_folder
from qa_pipeline.trainer.import_phrases import import_phrases
from qa_pipeline.trainer.template import create
from tests.cures.texts import says

Do = Callable[[Path], object]
NOW = datetime(2026, 5, 1, 20, tzinfo=UTC)
TURN = '{"role": "agent", "start_ms": 0, "end_ms": 900, "text": "Good day."}'
TRUTH = '{"language": "en", "turns": [' + TURN + "]}"


def _file(name: str, content: str | bytes, then: Do) -> Do:
    def do(folder: Path) -> object:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o600)
        return then(path)

    return do


def _settings(text: str) -> Do:
    return _file("qa-pipeline.toml", text, lambda path: load_settings())


def _imported(path: Path, *, called: str = "greetings", language: str | None = None, sheet: str | None = None) -> object:
    return import_phrases(path, path.with_name("list.yaml"), sheet=sheet, language=language, kind="phrases", list_id=called)


def _phrases(content: str | bytes, name: str = "p.csv", **options: str) -> Do:
    return _file(name, content, lambda path: _imported(path, **options))


def _key(text: str) -> Do:
    return _file("keys", text, lambda path: load_keys(path, None))


def _loose(folder: Path) -> object:
    path = folder / "keys"
    path.write_text(make_key() + "\n", "utf-8")
    path.chmod(0o644)
    return load_keys(path, None)


def _dropped(*keys: str) -> Do:
    return _file("keys", "".join(f"{key}\n" for key in keys), lambda path: drop_key(path, keys[0].split()[0]))


def _created(name: str) -> Do:
    return lambda folder: create(name, folder, template="inbound", language="en", shipped=packaged_folder("rubrics"))


def _twice(folder: Path) -> object:
    return [_created("mine")(folder), _created("mine")(folder)]


def _truth(text: str, name: str = "c.truth.json") -> Do:
    return _file(name, text, lambda path: read_truths(path.parent))


def _policy(text: str) -> Do:
    return _file("policy.yaml", text, load_policy)


KEYS = (make_key(), make_key())
# The beginning of a text of docs/messages.md; what brings it; its cure.
ROWS: tuple[tuple[str, Do, Do], ...] = (
    ("not TOML: {error}", _settings('profile = "base\n'), _settings('profile = "base"\n')),
    ("{text} is not of the form 08:00-20:00", _settings('daytime = "at night"\n'), _settings('daytime = "08:00-20:00"\n')),
    ("{value} is no time zone; write", _settings('timezone = "Mars/Olympus"\n'), _settings('timezone = "Europe/Warsaw"\n')),
    ("Settings cannot be used.", _settings("beam_size = 0\n"), _settings("beam_size = 5\n")),
    ("{text} is no time.", lambda _: deadline_of("soon", "UTC", now=NOW), lambda _: deadline_of("06:30", "UTC", now=NOW)),
    ("{text} is no priority.", lambda _: parse_priority("renewal"), lambda _: parse_priority("campaign=renewal")),
    ("There is no policy {path}.", lambda folder: load_policy(folder / "policy.yaml"), lambda _: load_policy(None)),
    ("{path} cannot be used.", _policy("files: {colums: [agent_name]}\n"), _policy("files: {columns: [agent_name]}\n")),
    ("{name} is no column that names people", _policy("files: {columns: [colour]}\n"), _policy("files: {columns: [agent_name]}\n")),
    ("Line {number} of {name} is no key.", _key("secret\n"), _key(f"{KEYS[0]}\n")),
    ("{name} holds no key.", _key("\n"), _key(f"{KEYS[0]}\n")),
    ("{path} cannot be read: {strerror}.", lambda folder: load_keys(folder / "keys", None), _key(f"{KEYS[0]}\n")),
    ("{fault}: a key that others read", _loose, _key(f"{KEYS[0]}\n")),
    ("Key {key_id} is the only one", _dropped(KEYS[0]), _dropped(*KEYS)),
    ("encryption_key_command gave no keys.", lambda _: load_keys(None, "false"), lambda _: load_keys(None, f"echo {KEYS[0]}")),
    ("{name} cannot be a rubric's name.", _created("My rubric"), _created("my_rubric")),
    ("{name} is a file that rubrics share.", _created("situations"), _created("mine")),
    ("{name} is there already.", _twice, _created("mine")),
    ("{folder} has no truth files.", read_truths, _truth(TRUTH)),
    ("{path} is no truth file", _truth("{"), _truth(TRUTH)),
    ("{path}:{number}: not a line of RTTM.", _truth("SPEAKER\n", "c.rttm"), _truth("SPEAKER c 1 0.0 1.5 <NA> <NA> agent <NA> <NA>\n", "c.rttm")),
    ("no column of phrases among", _phrases("text of mine,who\nhello,x\n"), _phrases("phrase,language\nhello,en\n")),
    ("no language for {text}", _phrases("phrase\nhello\n"), _phrases("phrase\nhello\n", language="en")),
    ("no language is called {named}", _phrases("phrase,language\nhello,klingon\n"), _phrases("phrase,language\nhello,English\n")),
    ("no kind is called {own_kind}", _phrases("phrase,language,kind\nhello,en,shout\n"), _phrases("phrase,language,kind\nhello,en,phrases\n")),
    ("There is no key {key_id} in {path}.", _file("keys", f"{KEYS[0]}\n{KEYS[1]}\n", lambda path: drop_key(path, "other")), _dropped(*KEYS)),
    ("no phrases", _phrases(""), _phrases("phrase,language\nhello,en\n")),
    ("{name} cannot be a list's name.", _phrases("phrase,language\nhello,en\n", called="My list"), _phrases("phrase,language\nhello,en\n")),
    ("{source} is not UTF-8 text.", _phrases("phrase,language\nŁódź,pl\n".encode("cp1250")), _phrases("phrase,language\nŁódź,pl\n")),
    ("{source} is no Excel workbook.", _file("p.xlsx", "phrase", _imported), _phrases("phrase,language\nhello,en\n")),
    ("{source} cannot be read: {strerror}.", lambda folder: _imported(folder / "none.csv"), _phrases("phrase,language\nhello,en\n")),
)  # fmt: skip
ALL_TEXTS = (*(row[0] for row in ROWS), "QA_PIPELINE_CONFIG names {named}, which is not there.")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return unset(monkeypatch, tmp_path)


@pytest.mark.parametrize(("text", "slip", "cured"), ROWS, ids=[row[0] for row in ROWS])
def test_what_the_cure_says_is_taken(bare: Path, monkeypatch: pytest.MonkeyPatch, text: str, slip: Do, cured: Do) -> None:
    for name, do in (("slip", slip), ("cured", cured)):
        folder = bare / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        if name == "cured":
            do(folder)
            return
        with pytest.raises(QaError) as caught:
            do(folder)
        told = [caught.value.message, *map(str, getattr(caught.value, "faults", ()))]
        assert any(says(one, text) for one in told), told


def test_a_settings_file_that_is_named_is_created_or_named_no_more(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_PIPELINE_CONFIG", str(bare / "own.toml"))
    with pytest.raises(QaError) as caught:
        load_settings()
    assert says(caught.value.message, "QA_PIPELINE_CONFIG names {named}, which is not there.")
    (bare / "own.toml").write_text("beam_size = 3\n", "utf-8")
    assert load_settings().beam_size == 3
    monkeypatch.delenv("QA_PIPELINE_CONFIG")
    assert load_settings().beam_size != 3
