"""Commands that were written otherwise than they can be: each refusal, and the command as its advice writes it."""

from __future__ import annotations

import shlex
import wave
from base64 import b64encode
from pathlib import Path

import pytest
from bare import unset
from click.testing import CliRunner, Result
from copies import copy

from qa_pipeline.cli.main import main
from qa_pipeline.reading.viewer import Role
from qa_pipeline.review.opening import open_desk
from qa_pipeline.review.people import add_account
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.sealed import Keys, write_bytes
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.trainer.publish import publish
from tests.cures.texts import says, text_of
from tests.rubric.built_rubrics import write_folder
from tests.running.test_ask_nights import night, run_of
from tests.running.test_ask_nights import spoken as asked_about
from tests.scripted_judge import Response
from tests.trainer.desk import service_folder, spoken, stored

CALLS = (
    spoken(
        "c1", "0:00 agent: Hello there. Is this a good time?", "0:05 customer: Go ahead.", agent_id="anna", team="north", customer_id="7"
    ),
    spoken(
        "c2", "0:00 agent: Good evening. Is this a good time?", "0:05 customer: Go ahead.", agent_id="bo", team="north", customer_id="8"
    ),
)
UNSCORED = spoken("c3", "0:00 agent: Hello there.", "0:05 customer: Hi.", agent_id="bo")
ASKING = "id: asking\nversion: 1\napplies_to: {direction: inbound}\nsections:\n  - id: s\n    criteria:\n      - {id: why, check: ask, question: {en: Does the agent name the price?}}\n"

# The beginning of a text of docs/messages.md; the command that brings it; commands by its cure, in their order.
ROWS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("A file cannot be tried in watch mode.", "watch calls --rubric rubrics/service.yaml", ("run calls --rubric rubrics/service.yaml --dry-run",)),
    ("Both a call and a customer are named.", "forget --call c1 --customer 7 --dry-run", ("forget --call c1 --dry-run",)),
    ("Both a call and a customer are named.", "forget --call c1 --customer 7 --dry-run", ("forget --customer 7 --dry-run",)),
    ("It is not said what to forget.", "forget --dry-run", ("forget --call c1 --dry-run", "forget --customer 7 --dry-run")),
    ("It is not said what to tell of.", "access-report --to out", ("access-report --call c1 --to out", "access-report --customer 7 --to out2")),
    ("It is not said where to write.", "redact c1", ("redact c1 --dry-run", "redact c1 --to out")),
    ("It is not said whose consent.", "consent withdraw --reason asked", ("consent withdraw --customer 7 --reason asked", "consent withdraw --call c1 --reason asked")),
    ("Call {call_id} has not been scored.", "rubric explain c3 greeting", ("rubric explain c3 greeting --rubric service",)),
    ("Call {call_id} is not in {results}.", "rubric explain c9 greeting", ("report --no-html", "rubric explain c1 greeting")),
    ("Call {dialogue} is stored with what is known of it.", "rubric try service c1 --company X", ("rubric try service c1",)),
    ("{dialogue} is neither a file nor a call", "rubric try service c9", ("rubric try service c1", "rubric try service said.txt --language en")),
    ("Rubric {id} has no criterion {criterion}.", "rubric explain c1 greting", ("rubric explain c1 greeting",)),
    ("Name the rubrics to publish, or give --changed.", "rubric publish", ("rubric publish service --lock-only", "rubric publish --changed --lock-only")),
    ("Name two rubrics, or one and --stored.", "rubric diff service", ("rubric diff service@1 service", "rubric diff service --stored")),
    ("{name}.yaml is not as it was published.", "edited rubric roll-back service 1", ("edited rubric publish --changed", "rubric roll-back service 1")),
    ("{name}.yaml is not as it was published.", "edited rubric roll-back service 1", ("rubric roll-back service 1",)),
    ("{asked} is not published as it stands.", "run calls --rubric asking --dry-run", ("rubric publish asking", "run calls --rubric asking --dry-run")),
    ("{asked} is not published as it stands.", "run calls --rubric asking --dry-run", ("run calls --rubric rubrics/asking.yaml --dry-run",)),
    ("No rubric is called {asked}.", "run calls --rubric servce --dry-run", ("run calls --rubric service --dry-run", "run calls --rubric rubrics/service.yaml --dry-run")),
    ("There are no results in {root}.", "query 'select 1' --results elsewhere", ("query 'select 1' --results results",)),
    ("There are no results in {root}.", "report --no-html --results empty", ("report --no-html --results results",)),
    ("No call is like that.", "report --no-html --team south", ("summary", "report --no-html --team north")),
    ("No rubric can score: …", "QA_PIPELINE_RUBRICS=drafts run calls --dry-run", ("QA_PIPELINE_RUBRICS=drafts rubric publish asking --lock-only", "QA_PIPELINE_RUBRICS=drafts run calls --dry-run")),
    ("No rubric can score: …", "QA_PIPELINE_RUBRICS=drafts run calls --dry-run", ("run calls --rubric rubrics/asking.yaml --dry-run",)),
    ("No scored call is like that.", "summary --where team=south", ("summary --where team=north",)),
    ("No scored call is like that.", "export out.csv --where team=south", ("summary", "export out.csv --where team=north")),
    ("{text} chooses nothing.", "summary --where north", ("summary --where team=north",)),
    ("{value} is no date.", "compare --a since=soon --b team=north", ("compare --a since=2026-05-01 --b team=north",)),
    ("No retention window is set.", "retain", ("QA_PIPELINE_KEEP_WORDS_DAYS=90000 retain",)),
    ("No key is set.", "keys rotate", ("keys new --to sealed.keys", "QA_PIPELINE_ENCRYPTION_KEY_FILE=sealed.keys keys rotate")),
    ("The keys are in no file.", "QA_PIPELINE_ENCRYPTION_KEY_COMMAND='cat sealed.keys' keys drop oldx", ("QA_PIPELINE_ENCRYPTION_KEY_FILE=sealed.keys keys rotate", "QA_PIPELINE_ENCRYPTION_KEY_FILE=sealed.keys keys drop oldx")),
    ("… files wait for key {key_id}.", "QA_PIPELINE_ENCRYPTION_KEY_FILE=sealed.keys keys drop oldx",
     ("QA_PIPELINE_ENCRYPTION_KEY_FILE=sealed.keys keys rotate", "QA_PIPELINE_ENCRYPTION_KEY_FILE=sealed.keys keys drop oldx")),
    ("… files wait for key {key_id}.", "QA_PIPELINE_ENCRYPTION_KEY_FILE=sealed.keys keys drop oldx", ("QA_PIPELINE_ENCRYPTION_KEY_FILE=sealed.keys keys drop oldx --anyway",)),
    ("No language model is named.", "ask --rubric rubrics/asking.yaml --dry-run", ("QA_PIPELINE_ASK_MODEL=m ask --rubric rubrics/asking.yaml --dry-run",)),
    ("No rubric has a question for a language model.", "QA_PIPELINE_ASK_MODEL=m ask --dry-run", ("QA_PIPELINE_ASK_MODEL=m ask --rubric rubrics/asking.yaml --dry-run",)),
    ("{name} does not look after accounts and teams.", "teams list --as bo", ("teams list --as op",)),
)  # fmt: skip
"""`edited`: a rubric's file was changed since it was published; NAME=VALUE before a command: a setting."""


def _desk(folder: Path) -> Settings:
    return load_settings(rubrics=folder / "rubrics", cache=folder / "cache", results=str(folder / "results"), threads=1)


def _begin(folder: Path) -> None:
    """Where a person works: recordings, a published rubric, another with a question, and results of three calls of which two are scored."""
    settings = _desk(folder)
    write_folder(service_folder(settings.rubrics), asking=ASKING)
    store = stored(settings, *CALLS, scored_by=settings.rubrics / "service.yaml")
    publish(["service"], settings, store)
    store.write_conversations([UNSCORED], run_id="r2")
    engine = open_desk(settings, store).engine
    add_account(engine, "bo", roles=[Role.AGENT], agent_ids=["bo"])
    add_account(engine, "op", roles=[Role.OPERATOR])
    engine.dispose()
    write_folder(folder / "drafts", asking=ASKING)
    (folder / "calls").mkdir()
    (folder / "calls" / "new.wav").write_bytes(b"new")
    (folder / "said.txt").write_text("0:00 agent: Hello there.\n0:04 customer: Go ahead.\n", "utf-8")
    with wave.open(str(folder / "c1.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16_000 * 10))
    stored(load_settings(results=str(folder / "empty"), cache=folder / "cache"))
    (folder / "sealed.keys").write_text("".join(f"{name} {b64encode(name.encode() * 8).decode()}\n" for name in ("oldx", "newx")), "utf-8")
    place = settings.work / "c1.json.gz"
    place.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(place, b"words", Keys({"oldx": b"oldx" * 8}))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy(_begin, tmp_path)
    (tmp_path / "sealed.keys").chmod(0o600)
    unset(monkeypatch, tmp_path)
    monkeypatch.setenv("LOGNAME", "root")
    for name in ("rubrics", "cache", "results"):
        monkeypatch.setenv(f"QA_PIPELINE_{name.upper()}", str(tmp_path / name))
    return tmp_path


def run(written: str) -> Result:
    """A command as it is typed."""
    words = shlex.split(written)
    if words[0] == "edited":
        path = Path("rubrics/service.yaml")
        path.write_text(path.read_text("utf-8").replace("[call you back]", "[call you back, ring you back]"), "utf-8")
        words = words[1:]
    given = dict(word.split("=", 1) for word in words if word.startswith("QA_PIPELINE_"))
    return CliRunner().invoke(main, [word for word in words if not word.startswith("QA_PIPELINE_")], env={**given, "COLUMNS": "300"})


@pytest.mark.parametrize(("text", "slip", "cured"), ROWS, ids=[f"{number}-{row[0]}" for number, row in enumerate(ROWS)])
def test_the_command_as_the_advice_writes_it_is_carried_out(folder: Path, text: str, slip: str, cured: tuple[str, ...]) -> None:
    refused = run(slip)
    assert refused.exit_code == 2 and says(refused.output, text), (text_of(text), refused.output)
    if not cured[0].startswith("edited"):
        # Put back: what was edited is as it was published.
        service_folder(folder / "rubrics")
    for command in cured:
        done = run(command)
        assert done.exit_code == 0 and not says(done.output, text), (command, done.output, done.exception)


@pytest.mark.slow
def test_calls_that_could_not_be_asked_about_are_asked_about_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unset(monkeypatch, tmp_path)
    settings = {
        "results": tmp_path / "results",
        "cache": tmp_path / "cache",
        "rubrics": tmp_path / "rubrics",
        "ask_model": "m",
        "give_up_after": 1,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"QA_PIPELINE_{name.upper()}", str(value))
    write_folder(tmp_path / "rubrics", asking=ASKING)
    run("rubric publish asking --lock-only")
    stored(load_settings(), asked_about(1))
    assert run("rescore").exit_code == 0
    night(run_of(load_settings(retries=0), {"asking": load_rubric(tmp_path / "rubrics" / "asking.yaml")}), lambda body: Response("{}"))
    text = "{given_up} calls could not be asked about too often"
    assert says(run("ask --dry-run").output, text), run("ask --dry-run").output
    assert not says(run("ask --dry-run --retry-failed").output, text)


# What a run says and goes on: the text, what is run, and commands after which it is said no more.
WARNINGS = (
    ("{why}, and is left out.", "run calls --dry-run", ("rubric publish asking",)),
    ("{why}; its published version {version} scores on.", "edited run calls --dry-run", ("rubric publish --changed",)),
)


@pytest.mark.parametrize(("text", "warned", "cured"), WARNINGS, ids=[row[0] for row in WARNINGS])
def test_a_rubric_that_is_published_is_warned_of_no_more(folder: Path, text: str, warned: str, cured: tuple[str, ...]) -> None:
    assert says(run(warned).output, text), run(warned).output
    for command in cured:
        assert run(command).exit_code == 0, run(command).output
    assert not says(run(warned.removeprefix("edited ")).output, text)


def test_what_should_leave_the_score_is_published_by_the_name_of_its_rubric(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_PIPELINE_AGREEMENT_CALLS", "2")
    for call_id in ("c1", "c2"):
        found = "met" if call_id == "c2" else "not_met"
        assert run(f"override {call_id} greeting {found} --reason heard").exit_code == 0
    refused = run("assist --publish")
    assert refused.exit_code == 2 and says(refused.output, WHICH), refused.output
    done = run("assist service --publish")
    assert done.exit_code == 0 and "is published" in done.output, done.output


WHICH = "It is not said which rubric is published."
ALL_TEXTS = (
    *(row[0] for row in ROWS),
    *(row[0] for row in WARNINGS),
    "{given_up} calls could not be asked about too often",
    WHICH,
)
