"""The trainers' commands as they are typed: what is printed, exit codes, and what is written."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from qa_pipeline.cli.main import main
from qa_pipeline.reading.tables import rows
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.json_schema import schema_text
from qa_pipeline.settings import Settings
from tests.rubric.built_rubrics import write_folder
from tests.scripted_judge import Body, Response, lines_in, says, scripted_judge
from tests.trainer.desk import CASES, SERVICE, complaint_folder, desk, edit, service_folder, spoken, stored, use_fake_encoder

CALLS = (
    spoken("c1", "0:00 agent: Hello there. Is this a good time?", "0:05 customer: Go ahead.", agent_id="anna", day=1),
    spoken(
        "c2", "0:00 agent: Good evening. Is this a good time?", "0:05 customer: I am driving.", "0:08 agent: Bye.", agent_id="bo", day=2
    ),
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings as the commands find them: everything under one folder."""
    for name in ("rubrics", "cache", "results"):
        monkeypatch.setenv(f"QA_PIPELINE_{name.upper()}", str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    return desk(tmp_path, service_folder(tmp_path / "rubrics"))


@pytest.fixture
def store(settings: Settings) -> Store:
    return stored(settings, *CALLS, scored_by=settings.rubrics / "service.yaml")


def qa(*arguments: str | Path, exit_code: int = 0, typed: str | None = None) -> Result:
    result = CliRunner().invoke(main, ["rubric", *map(str, arguments)], input=typed)
    assert result.exit_code == exit_code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def lines(result: Result) -> list[str]:
    return result.stdout.splitlines()


# --- new, check ------------------------------------------------------------------------------------------------------------------------


def test_new_writes_two_files_that_pass_the_check_at_once(settings: Settings) -> None:
    folder = settings.rubrics
    assert lines(qa("new", "spring", "--template", "survey", "--language", "en")) == [
        f"written: {folder / 'spring.yaml'}", f"written: {folder / 'spring.cases.yaml'}", "Next: qa-pipeline rubric test spring"
    ]  # fmt: skip
    assert lines(qa("check", folder / "spring.yaml")) == ["1 rubric in order."]
    assert "is there already" in qa("new", "spring", exit_code=2).stderr
    assert "cannot be a rubric's name" in qa("new", "Spring-2027", exit_code=2).stderr


def test_check_takes_all_rubrics_or_the_files_named(settings: Settings, tmp_path: Path) -> None:
    assert lines(qa("check")) == ["1 rubric in order."]
    other = service_folder(tmp_path / "elsewhere") / "service.yaml"
    assert lines(qa("check", other, settings.rubrics / "service.yaml")) == ["2 rubrics in order."]


def test_check_tells_every_fault_of_every_file_with_its_place(settings: Settings) -> None:
    edit(settings.rubrics / "service.yaml", "check: question", "check: qestion")
    (settings.rubrics / "wrong.yaml").write_text(SERVICE.replace("status: stable", "status: draft"), "utf-8")
    found = lines(qa("check", exit_code=2))
    assert found[0].startswith(f"{settings.rubrics / 'service.yaml'}:15:9: ") and "did you mean question?" in found[0]
    assert found[1:] == [f"{settings.rubrics / 'wrong.yaml'}: id is 'service' (name the file service.yaml)"]


def test_check_looks_at_the_cases_too(settings: Settings) -> None:
    path = settings.rubrics / "service.cases.yaml"
    path.write_text(CASES.replace("0:04 customer: Go ahead.", "0:04 customer, Go ahead."), "utf-8")
    (found,) = lines(qa("check", exit_code=2))
    assert found.startswith(f"{path}:3:3: case 'a good call': '0:04 customer, Go ahead.' is not of the form")


def test_a_bad_phrase_of_a_list_names_the_list(settings: Settings) -> None:
    path = settings.rubrics / "lists" / "rude.yaml"
    path.write_text("id: rude\nphrases:\n  en: [get lost, 'shut (up']\n", "utf-8")
    edit(settings.rubrics / "service.yaml", "phrases: {en: [shut up]}", "phrases: {en: [shut up]}\n        lists: [lists/rude.yaml]")
    (found,) = lines(qa("check", exit_code=2))
    assert found.startswith(f"{path}:3:18: ")


def test_a_file_that_is_not_there_is_a_fault(settings: Settings) -> None:
    assert "cannot be read: No such file or directory" in qa("check", "nosuch.yaml", exit_code=2).stdout
    assert "cannot be read" in qa("check", settings.rubrics, exit_code=2).stdout


def test_warnings_let_a_rubric_pass_unless_they_are_counted(settings: Settings) -> None:
    edit(settings.rubrics / "service.yaml", "[call you back]", "[call you back, hello there]")
    found = lines(qa("check"))
    assert found[0].startswith(f"{settings.rubrics / 'service.yaml'}:22:39: warning: phrase 'hello there' is also one of greeting")
    assert found[1:] == ["1 rubric in order, 1 warning."]
    assert lines(qa("check", "--strict", exit_code=2)) == found[:1]


# --- test, mutate ----------------------------------------------------------------------------------------------------------------------


def test_test_counts_cases_and_tells_misses(settings: Settings) -> None:
    assert lines(qa("test")) == ["4 cases, 0 misses."]
    edit(settings.rubrics / "service.yaml", "[shut up]", "[get lost]")
    found = lines(qa("test", "service", exit_code=1))
    assert found[0].startswith("service: all wrong: rude: met, expected not_met: Nothing forbidden was heard from the agent.")
    assert found[1:] == ["4 cases, 1 miss."]
    assert "No rubric is called nosuch" in qa("test", "nosuch", exit_code=2).stderr


def test_test_takes_a_file_and_stored_calls(settings: Settings, store: Store) -> None:
    (settings.rubrics / "service.cases.yaml").write_text("- {name: stored, language: en, call: c2, expected: {greeting: met}}\n", "utf-8")
    path = settings.rubrics / "service.yaml"
    assert "Give --results ROOT" in qa("test", path, exit_code=2).stderr
    assert "service: stored: greeting: not_met, expected met" in qa("test", path, "--results", settings.results, exit_code=1).stdout


def test_mutate_lists_holes_and_fails_while_there_are_any(settings: Settings) -> None:
    found = qa("mutate", "--survivors", exit_code=1).stdout
    assert "NO CASE" in found and "window moved" in found and "phrases emptied" not in found
    assert found.splitlines()[-1] == "10 mutants, 1 noticed by no case."
    late = "- name: late\n  language: en\n  dialogue: |\n    agent: Yes.\n    customer: Hi.\n    agent: Hello there.\n  expected: {greeting: not_met}\n"
    (settings.rubrics / "service.cases.yaml").write_text(CASES + late, "utf-8")
    assert qa("mutate").stdout.splitlines()[-1] == "10 mutants, 0 noticed by no case."


# --- try, explain ----------------------------------------------------------------------------------------------------------------------

DIALOGUE = "0:00 agent: Hello there. Is this a good time?\n0:05 customer: I am driving.\n"


def test_try_takes_a_file_what_is_typed_or_a_stored_call(settings: Settings, store: Store, tmp_path: Path) -> None:
    (tmp_path / "call.txt").write_text(DIALOGUE, "utf-8")
    by_file = qa("try", "service", "call.txt", "--language", "en").stdout
    assert "✓ greeting: met 10/10." in by_file and "✗ callback: not met 0/20." in by_file
    assert qa("try", "service", "-", "--language", "en", typed=DIALOGUE).stdout == by_file
    assert "✗ greeting: not met 0/10." in qa("try", settings.rubrics / "service.yaml", "c2").stdout
    assert rows(store, "select count(*) n from scores") == [{"n": 2}]


def test_try_refuses_what_it_cannot_read(settings: Settings, store: Store) -> None:
    assert "'nosuch' is neither a file nor a call in" in qa("try", "service", "nosuch", exit_code=2).stderr
    assert "is neither a file nor a call" in qa("try", "service", "agent: " + "hello " * 200, exit_code=2).stderr
    assert "Give --language." in qa("try", "service", "-", exit_code=2, typed="agent: 12").stderr
    assert "-:1" in qa("try", "service", "-", exit_code=2, typed="hello\nagent: hi").stderr
    assert "is stored with what is known of it" in qa("try", "service", "c1", "--company", "X", exit_code=2).stderr
    assert "xx" in qa("try", "service", "-", "--language", "xx", exit_code=2, typed=DIALOGUE).stderr


def test_explain_goes_by_the_rubric_that_scored_the_call(settings: Settings, store: Store) -> None:
    found = qa("explain", "c2", "callback").stdout
    assert found.splitlines()[0] == "1. The criterion"
    assert "   when convenience is answered unwilling: it is met, answered unwilling" in found
    assert "not met: Not heard in the window searched." in found


def test_explain_of_an_edited_rubric_goes_by_the_version_kept(settings: Settings, store: Store) -> None:
    path = settings.rubrics / "service.yaml"
    qa("publish", "service")
    edit(path, "[hello there]", "[good evening]")
    assert "not met: Not heard" in qa("explain", "c2", "greeting").stdout
    assert "met: Said in the window searched." in qa("explain", "c2", "greeting", "--rubric", "service").stdout
    assert "not met: Not heard" in qa("explain", "c2", "greeting", "--rubric", "service@1").stdout


def test_explain_says_when_the_rubric_of_then_is_gone(settings: Settings, store: Store) -> None:
    edit(settings.rubrics / "service.yaml", "[hello there]", "[good evening]")
    assert "scored by version 1 of service, which is not kept as it was then" in qa("explain", "c2", "greeting", exit_code=2).stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nosuch", "greeting"), "Call nosuch is not in"),
        (("c1", "nosuch"), "has no criterion 'nosuch'"),
        (("new", "greeting"), "Call new has not been scored"),
        (("c1", "greeting", "--rubric", "service@9"), "There are: none"),
    ],
)
def test_explain_refuses_what_is_not_there(settings: Settings, store: Store, arguments: tuple[str, ...], message: str) -> None:
    store.write_conversations([spoken("new", "agent: Hello.")], run_id="r2")
    assert message in qa("explain", *arguments, exit_code=2).stderr


# --- diff, publish, versions -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_diff_compares_by_name_version_or_file_and_writes_no_score(settings: Settings, store: Store, tmp_path: Path) -> None:
    path = settings.rubrics / "service.yaml"
    qa("publish", "service")
    edit(path, "version: 1", "version: 2")
    edit(path, "[hello there]", "[hello there, good evening]")
    before = rows(store, "select * from scores order by score_id")
    found = qa("diff", "service@1", "service", "--html", "out/effect.html").stdout
    # c2 earned 10 of 40: convenience; now the greeting too.
    assert "2 calls, 1 change; passed 1 → 1; mean 62.5 → 75.0" in found
    assert "c2  agent bo  25.0 → 50.0" in found
    assert found.splitlines()[-1] == f"Page: {tmp_path / 'out' / 'effect.html'}"
    assert "good evening" in (tmp_path / "out" / "effect.html").read_text("utf-8")
    assert "2 calls, 1 change" in qa("diff", "service@1", path, "--on", settings.results).stdout
    assert "1 calls, 0 change" in qa("diff", "service@1", "service", "--until", "2026-11-01").stdout
    assert "1 calls, 1 change" in qa("diff", "service@1", "service", "--since", "2026-11-02").stdout
    assert rows(store, "select * from scores order by score_id") == before
    assert "No stored call was scored" in qa("diff", "service@1", "service", "--since", "2027-01-01", exit_code=2).stderr


def test_publish_then_versions(settings: Settings, store: Store) -> None:
    edit(settings.rubrics / "service.yaml", "version: 1", "version: 1\neffective_from: '2026-12-01'")
    assert lines(qa("publish", "service")) == ["service version 1 is published, in force from 2026-12-01."]
    assert "service" in qa("versions").stdout and "2026-12-01" in qa("versions", "service").stdout
    assert "2026-12-01" not in qa("versions", "other").stdout
    edit(settings.rubrics / "service.yaml", "weight: 20", "weight: 25")
    refused = qa("publish", "service", exit_code=2).stderr
    assert "service cannot be published" in refused and ":2:1: version 1 is published with other content (write version: 2)" in refused


def test_publish_names_the_other_rubrics_that_its_changes_touch(settings: Settings) -> None:
    shared = (settings.rubrics / "service.yaml").read_text("utf-8").replace("id: service", "id: sister", 1)
    (settings.rubrics / "sister.yaml").write_text(shared, "utf-8")
    cases = (settings.rubrics / "service.cases.yaml").read_text("utf-8")
    (settings.rubrics / "sister.cases.yaml").write_text(cases, "utf-8")
    # A rubric that was never published is a draft, and nobody's business.
    assert "sister" not in qa("publish", "service", "--lock-only").stderr
    qa("publish", "sister", "--lock-only")
    edit(settings.rubrics / "sister.yaml", "weight: 20", "weight: 25")
    told = qa("publish", "service", "--lock-only").stderr
    assert "No longer as published" in told and "sister (version 1)" in told


def shared_greetings(settings: Settings) -> Path:
    """Two published rubrics that share a list of greetings, and a draft that does too."""
    path = settings.rubrics / "service.yaml"
    edit(path, "phrases: {en: [hello there]}", "lists: [lists/greetings.yaml]")
    greetings = settings.rubrics / "lists" / "greetings.yaml"
    greetings.parent.mkdir(exist_ok=True)
    greetings.write_text("id: greetings\nphrases: {en: [hello there]}\n", "utf-8")
    for name in ("sister", "draft"):
        (settings.rubrics / f"{name}.yaml").write_text(path.read_text("utf-8").replace("id: service", f"id: {name}", 1), "utf-8")
        (settings.rubrics / f"{name}.cases.yaml").write_text((settings.rubrics / "service.cases.yaml").read_text("utf-8"), "utf-8")
    assert lines(qa("publish", "service", "sister", "--lock-only")) == ["service version 1 is published.", "sister version 1 is published."]
    return greetings


def test_one_command_publishes_all_that_a_changed_list_touches(settings: Settings) -> None:
    greetings = shared_greetings(settings)
    assert lines(qa("publish", "--changed", "--lock-only")) == ["Every published rubric is as it was published."]
    before = (settings.rubrics / "sister.yaml").read_text("utf-8")
    edit(greetings, "[hello there]", "[hello there, good evening]")
    done = qa("publish", "--changed", "--lock-only")
    assert (lines(done), done.stderr) == (["service version 2 is published.", "sister version 2 is published."], "")
    # Nothing else of a file is touched, and a draft is nobody's business.
    assert (settings.rubrics / "sister.yaml").read_text("utf-8") == before.replace("version: 1", "version: 2", 1)
    assert "version: 1" in (settings.rubrics / "draft.yaml").read_text("utf-8")
    assert lines(qa("publish", "--changed", "--lock-only")) == ["Every published rubric is as it was published."]


def test_when_one_is_refused_none_is_published_and_no_file_is_touched(settings: Settings) -> None:
    greetings = shared_greetings(settings)
    edit(greetings, "[hello there]", "[hello there, good evening]")
    edit(settings.rubrics / "sister.cases.yaml", "{greeting: met,", "{greeting: not_met,")
    before = [(settings.rubrics / f"{name}.yaml").read_text("utf-8") for name in ("service", "sister")]
    refused = qa("publish", "--changed", "--lock-only", exit_code=2).stderr
    assert "sister cannot be published; nothing is published." in refused
    assert [(settings.rubrics / f"{name}.yaml").read_text("utf-8") for name in ("service", "sister")] == before
    assert "Name the rubrics to publish" in qa("publish", exit_code=2).stderr
    assert "Name the rubrics to publish" in qa("publish", "service", "--changed", exit_code=2).stderr


@pytest.mark.parametrize(
    "arguments", [("explain", "c1", "greeting", "--results"), ("versions", "--results"), ("diff", "service", "--stored", "--on")]
)
def test_what_reads_results_refuses_a_place_without_any(settings: Settings, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert f"There are no results in {tmp_path / 'elsewhere'}" in qa(*arguments, tmp_path / "elsewhere", exit_code=2).stderr


def test_publish_of_the_lock_alone_touches_no_results(settings: Settings) -> None:
    assert lines(qa("publish", "service", "--lock-only")) == ["service version 1 is published."]
    assert not Path(settings.results).exists()


# --- meanings, schema, import ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_fit_then_calibrate_writes_the_number(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    path = complaint_folder(settings.rubrics) / "complaint.yaml"
    edit(path, "at_least: 0.5", "at_least: 0.9")
    use_fake_encoder(monkeypatch)
    assert lines(qa("fit")) == ["1 list fitted; 2 texts of cases."]
    before = path.read_text("utf-8")
    shown = qa("calibrate", "complaint").stdout
    assert path.read_text("utf-8") == before
    assert lines(qa("calibrate", "complaint", "--write"))[-1] == "late: written"
    after = path.read_text("utf-8")
    # The lists are each other's mirror image, and so are the two cases.
    assert "0.5" in shown and after == before.replace("at_least: 0.9", "at_least: 0.5")


def test_schema_is_printed_or_written(settings: Settings) -> None:
    assert qa("schema").stdout == schema_text()
    assert json.loads(qa("schema", "--of", "cases").stdout)["type"] == "array"
    qa("schema", "--write")
    qa("schema", "--write", "--of", "list")
    assert (settings.rubrics / "schema.json").read_text("utf-8") == schema_text()
    assert (settings.rubrics / "list.schema.json").read_text("utf-8") == schema_text("list")


def test_import_phrases_into_a_list_beside_the_rubrics(settings: Settings, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["忌语", "语言"], ["闭嘴", "中文"], ["get lost", "en"], ["get lost", "en"]):
        book.active.append(row)
    book.save(tmp_path / "words.xlsx")
    target = settings.rubrics / "lists" / "rude.yaml"
    assert lines(qa("import-phrases", "words.xlsx", "--to", "lists/rude.yaml")) == [f"{target}: 2 added, 1 there already."]
    book.active.append(["nein", "de"])
    book.save(tmp_path / "words.xlsx")
    refused = qa("import-phrases", "words.xlsx", "--to", "lists/rude.yaml", exit_code=2).stderr
    assert "words.xlsx:5:2: no language is called 'de'" in refused


def test_calibrate_asks_a_language_model_about_the_cases_and_publish_says_that_nobody_has_measured_calls(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(
        settings.rubrics,
        reasons="id: reasons\nversion: 1\nsections:\n  - id: all\n    criteria:\n"
        "      - {id: why, check: ask, phrasings: 1, question: {en: Did the agent give the reason?}, status: stable}\n",
    )
    (settings.rubrics / "reasons.cases.yaml").write_text(
        "".join(
            f"- {{name: told {number}, language: en, dialogue: 'agent: Because the bank checks {number}.', expected: {{why: met}}, "
            "replies: {why: {answer: 'yes', quotes: [Because the bank]}}}\n"
            f"- {{name: untold {number}, language: en, dialogue: 'agent: {number} will come.', expected: {{why: not_met}}, "
            "replies: {why: {answer: 'no'}}}\n"
            for number in range(5)
        )
    )

    def finds(body: Body) -> Response:
        return says("yes", (0, "Because the bank")) if "Because" in str(lines_in(body)) else says("no")

    with scripted_judge(finds) as server:
        monkeypatch.setenv("QA_PIPELINE_ASK_URL", server.url)
        monkeypatch.setenv("QA_PIPELINE_ASK_MODEL", "m")
        shown = qa("calibrate", "reasons", "--ask").stdout
    assert len(server.asked) == 10
    assert "why" in shown and "1.00" in shown and "the score" in shown
    told = qa("publish", "reasons").stderr
    assert "warning: why is answered by a language model and counts in scores; people have judged it in 0 of the 30 calls" in told
