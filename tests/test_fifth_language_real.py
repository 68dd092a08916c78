"""A language that is nothing but a folder (fifth_language/) goes the whole line through the command line: text, language, roles, scores, pages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qa_pipeline.languages.load import FOLDER_VARIABLE
from qa_pipeline.reading.tables import rows
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.models import choose_manifest
from tests.rubric.built_rubrics import write_folder

pytestmark = pytest.mark.models

DATA = Path(__file__).with_name("fifth_language")
CODE = "qx"
VOICEMAIL = ("voicemail: {who: customer}", "voicemail: {who: other, meaning: {list: lists/machine.yaml, at_least: 0.93}}")


def cli(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ, FOLDER_VARIABLE: str(DATA / "languages"), "QA_PIPELINE_CACHE": str(home / "cache"), "QA_PIPELINE_THREADS": "1",
        "QA_PIPELINE_WORKERS": "1", "QA_PIPELINE_RUBRICS": str(home / "rubrics"), "QA_PIPELINE_RESULTS": str(home / "results"),
    }  # fmt: skip
    command = [sys.executable, "-m", "qa_pipeline.cli.main", *arguments]
    return subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, timeout=900, check=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("fifth")
    write_folder(home / "rubrics")
    for name in ("chats", "rubrics"):
        shutil.copytree(DATA / name, home / name, dirs_exist_ok=True)
    # The situations that are shipped would be fitted anew: what examples are told apart from is in the languages that there are.
    situations = home / "rubrics" / "situations.yaml"
    situations.write_text(situations.read_text("utf-8").replace(*VOICEMAIL), "utf-8")
    encoder = choose_manifest(load_settings(), "encoder").id
    (home / "cache" / "models").mkdir(parents=True)
    (home / "cache" / "models" / encoder).symlink_to(load_settings().model_cache / encoder)
    # Publishing runs the rubric's cases, which are in the language too.
    for command in (("rubric", "publish", "fifth"), ("run", "chats", "--rubric", "fifth")):
        done = cli(home, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    return home


def ask(home: Path, sql: str) -> dict[str, dict[str, object]]:
    return {str(row["key"]): row for row in rows(open_store(load_settings(results=str(home / "results"))), sql)}


def of_file(name: str) -> str:
    return f"regexp_extract({name}, '([a-z]+)\\.txt$', 1)"


def test_its_language_and_roles_are_told_by_its_own_words(home: Path) -> None:
    calls = ask(home, f"select {of_file('source_uri')} as key, language, role_confidence from calls")
    assert {key: (row["language"], row["role_confidence"]) for key, row in calls.items()} == {"good": (CODE, 1.0), "bad": (CODE, 1.0)}


def test_every_check_decides_as_its_words_say(home: Path) -> None:
    found = ask(
        home,
        f"select {of_file('source_uri')} || ' ' || criterion_id as key, outcome, answer from findings join calls using (call_id)",
    )
    assert {key: (row["outcome"], row["answer"]) for key, row in found.items()} == {
        "good greeting": ("met", None),
        "good content": ("met", "yes"),
        # The neighbour's word, quoted.
        "good rude": ("met", None),
        "good count": ("met", None),
        "good closing": ("met", None),
        "bad greeting": ("not_met", None),
        "bad content": ("met", "no"),
        "bad rude": ("not_met", None),
        "bad count": ("not_met", None),
        "bad closing": ("not_met", None),
    }
    assert ask(home, "select name as key, value from captures where name = 'count'")["count"]["value"] == "7"


def test_a_scorecard_and_a_page_show_the_rubrics_titles_where_there_are_no_others(home: Path) -> None:
    good = ask(home, f"select {of_file('source_uri')} as key, call_id from calls")["good"]["call_id"]
    card = cli(home, "scorecard", str(good))
    assert (card.returncode, "Saluto: met" in card.stdout) == (0, True), card.stdout + card.stderr
    page = cli(home, "report", "--html", "page.html")
    assert page.returncode == 0, page.stdout + page.stderr
    text = (home / "page.html").read_text("utf-8")
    assert "Made up" in text
    assert "Krudajo" in text
