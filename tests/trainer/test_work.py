"""What a trainer's page lets be done: cases, a dialogue, a comparison, publishing, going back; drafts first, then as saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.call import Outcome
from qa_pipeline.errors import InputRefused, RubricError
from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import freeze
from qa_pipeline.review.desk import bring_up
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.settings import Settings
from qa_pipeline.trainer import work
from qa_pipeline.trainer.checking import check_file
from qa_pipeline.trainer.drafts import bench_settings
from qa_pipeline.trainer.history import PUBLISHED, SAVED, history_of, note
from qa_pipeline.trainer.overview import Standing, overview
from qa_pipeline.trainer.publish import publish
from qa_pipeline.trainer.roll_back import judges_as, keep_published, kept_versions, text_to_go_back
from tests.trainer.desk import CASES, SERVICE, complaint_folder, desk, edit, service_folder, spoken, stored

CALLS = (
    spoken("a1", "0:00 agent: Hello there, is this a good time?", "0:04 customer: Go ahead.", agent_id="anna", day=1),
    spoken("a2", "0:00 agent: Good morning, is this a good time?", "0:04 customer: Go ahead.", agent_id="anna", day=2),
)
STRICTER = SERVICE.replace("phrases: {en: [hello there]}", "phrases: {en: [good morning]}").replace("version: 1", "version: 2")


TRAINER = Viewer(name="piotr", account=None)


def quiet(done: int, total: int) -> None:
    pass


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return desk(tmp_path, service_folder(tmp_path / "rubrics"))


@pytest.fixture
def store(settings: Settings) -> Store:
    return stored(settings, *CALLS, scored_by=settings.rubrics / "service.yaml")


def test_cases_say_where_they_are_written_and_what_differs(settings: Settings) -> None:
    assert [(line.line, line.misses) for line in work.run_cases_of(quiet, settings, "service")] == [(1, ()), (7, ()), (15, ()), (22, ())]
    bench = bench_settings(settings, 1, {"service.yaml": STRICTER})
    broken = [line for line in work.run_cases_of(quiet, bench, "service") if line.misses]
    assert [line.name for line in broken] == ["a good call"]
    assert broken[0].misses[0].startswith("greeting: not_met, expected met")


def test_cases_of_a_rubric_with_faults_are_not_run(settings: Settings) -> None:
    bench = bench_settings(settings, 1, {"service.yaml": SERVICE.replace("weight: 20", "wieght: 20")})
    with pytest.raises(RubricError) as refused:
        work.run_cases_of(quiet, bench, "service")
    assert refused.value.faults[0].line == 24


def test_a_dialogue_shows_what_was_found_and_what_came_nearest(settings: Settings) -> None:
    found = work.try_dialogue(quiet, settings, "service", "agent: Hallo there.\ncustomer: Shut up.", "en", {}, None)
    by_id = {one.criterion_id: one for one in found.criteria}
    assert (by_id["greeting"].outcome, by_id["rude"].outcome) == (Outcome.MET, Outcome.MET)
    assert found.lines[0].criteria == ("greeting",)
    assert by_id["greeting"].hits[0].text and not by_id["convenience"].hits
    with pytest.raises(InputRefused, match="the dialogue holds no dialogue"):
        work.try_dialogue(quiet, settings, "service", "", "en", {}, None)


def test_a_stored_call_is_tried(settings: Settings, store: Store) -> None:
    assert work.try_dialogue(quiet, settings, "service", "", None, {}, "a2").criteria[0].outcome is Outcome.NOT_MET
    with pytest.raises(InputRefused, match="no call 'zz'"):
        work.try_dialogue(quiet, settings, "service", "", None, {}, "zz")


def test_a_draft_is_compared_with_what_is_saved(settings: Settings, store: Store) -> None:
    told: list[tuple[int, int]] = []
    bench = bench_settings(settings, 1, {"service.yaml": STRICTER})
    found = work.compare_with(
        lambda done, total: told.append((done, total)), bench, settings.rubrics, "service", work.AS_SAVED, None, None, False
    )
    assert [(e.call_id, e.changes[0].before, e.changes[0].after) for e in found.diff.changed] == [
        ("a1", Outcome.MET, Outcome.NOT_MET),
        ("a2", Outcome.NOT_MET, Outcome.MET),
    ]
    assert (found.found, told[0], told[-1]) == (2, (0, 2), (2, 2))


def test_of_many_calls_the_newest_are_compared(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MOST_COMPARED", 1)
    found = work.compare_with(quiet, settings, settings.rubrics, "service", work.AS_SAVED, None, None, False)
    assert ([e.call_id for e in found.diff.effects], found.found) == (["a2"], 2)


def test_publishing_going_back_and_its_history(settings: Settings, store: Store) -> None:
    engine = open_database(settings)
    bring_up(engine)
    assert work.publish_now(quiet, settings, ("service",), TRAINER) == (work.Published(rubric_id="service", version=1, warnings=()),)
    edit(settings.rubrics / "service.yaml", "version: 1", "version: 2")
    edit(settings.rubrics / "service.yaml", "weight: 20", "weight: 30")
    note(engine, TRAINER, SAVED, "service.yaml")
    work.publish_now(quiet, settings, ("service",), TRAINER)
    text = text_to_go_back(store, settings.rubrics, "service", 1)
    assert text == SERVICE.replace("version: 1", "version: 3")
    (settings.rubrics / "service.yaml").write_text(text, "utf-8")
    assert work.publish_now(quiet, settings, ("service",), TRAINER) == (work.Published(rubric_id="service", version=3, warnings=()),)
    newest, second, first = kept_versions(store, "service")
    assert [one.version for one in (newest, second, first)] == [3, 2, 1]
    assert judges_as(settings.rubrics / "service.yaml", first) and not judges_as(settings.rubrics / "service.yaml", second)
    told = [(event.did, event.version, event.who) for event in history_of(engine, store, "service")]
    assert told == [(PUBLISHED, 3, "piotr"), (PUBLISHED, 2, "piotr"), (SAVED, None, "piotr"), (PUBLISHED, 1, "piotr")]
    with pytest.raises(RubricError, match="Version 9 of service is not kept"):
        text_to_go_back(store, settings.rubrics, "service", 9)


def test_what_a_night_scored_by_and_what_is_edited_can_be_gone_back_to(settings: Settings, store: Store) -> None:
    # Published by somebody who had no results root at hand, as shipped rubrics are.
    publish(["service"], settings)
    assert [one.text for one in kept_versions(store, "service")] == []
    keep_published(store, settings.rubrics, "service.yaml")
    edit(settings.rubrics / "service.yaml", "weight: 20", "weight: 30")
    assert text_to_go_back(store, settings.rubrics, "service", 1) == SERVICE.replace("version: 1", "version: 2")
    # What is no published version is not kept.
    edit(settings.rubrics / "service.yaml", "version: 1", "version: 2")
    keep_published(store, settings.rubrics, "service.yaml")
    assert [one.version for one in kept_versions(store, "service")] == [1]


def test_a_file_that_says_something_else_by_now_is_no_text_of_a_version(settings: Settings, store: Store) -> None:
    rubric = load_rubric(settings.rubrics / "service.yaml")
    edit(settings.rubrics / "service.yaml", "weight: 20", "weight: 30")
    freeze([rubric], store, folder=settings.rubrics)
    (kept,) = kept_versions(store, "service")
    assert kept.text is None
    with pytest.raises(RubricError, match="kept without the text"):
        text_to_go_back(store, settings.rubrics, "service", 1)


def test_publishing_says_that_nobody_has_measured_a_question_that_counts(settings: Settings, store: Store) -> None:
    question = "      - {id: why, check: ask, phrasings: 1, question: {en: Did the agent give the reason?}, status: stable}\n"
    (settings.rubrics / "reasons.yaml").write_text(f"id: reasons\nversion: 1\nsections:\n  - id: all\n    criteria:\n{question}", "utf-8")
    (settings.rubrics / "reasons.cases.yaml").write_text(
        "- {name: told, language: en, dialogue: 'agent: Because the bank checks.', expected: {why: met}, "
        "replies: {why: {answer: 'yes', quotes: [Because the bank]}}}\n"
        "- {name: untold, language: en, dialogue: 'agent: It will come.', expected: {why: not_met}, replies: {why: {answer: 'no'}}}\n",
        "utf-8",
    )
    (done,) = work.publish_now(quiet, settings, ("reasons",), TRAINER)
    assert (done.rubric_id, done.version) == ("reasons", 1)
    (warning,) = done.warnings
    assert "people have judged it in 0 of the" in warning


def test_a_publication_that_is_refused_says_every_reason(settings: Settings, store: Store) -> None:
    (settings.rubrics / "service.yaml").write_text(STRICTER, "utf-8")
    with pytest.raises(RubricError) as refused:
        work.publish_now(quiet, settings, ("service",), TRAINER)
    assert any("a good call: greeting: not_met" in fault.message for fault in refused.value.faults)


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("service.yaml", SERVICE.replace("check: forbidden", "check: forbiden"), "forbiden"),
        ("service.yaml", SERVICE.replace("id: service", "id: servis"), "id is 'servis'"),
        ("service.cases.yaml", CASES.replace("0:04 customer", "0:04 passenger", 1), "passenger"),
        ("lists/late.yaml", "id: late\nphrases: {en: ['{any:']}\n", "{any:"),
        ("situations.yaml", "voicemail: 3\n", ""),
        ("known_good.yaml", "calls: 3\n", "calls"),
    ],
)
def test_any_file_is_checked_with_the_place_of_a_fault(settings: Settings, file: str, text: str, told: str) -> None:
    assert check_file(settings.rubrics, "service.yaml").faults == ()
    bench = bench_settings(settings, 1, {file: text})
    faults = check_file(bench.rubrics, file).faults
    assert faults
    assert told in faults[0].message


def test_the_overview_says_how_each_file_stands(settings: Settings, store: Store, tmp_path: Path) -> None:
    complaint_folder(tmp_path / "more")
    for name in ("complaint.yaml", "lists/late.yaml"):
        (settings.rubrics / name).write_text((tmp_path / "more" / name).read_text("utf-8"), "utf-8")
    (settings.rubrics / "broken.yaml").write_text("id: broken\n", "utf-8")

    def standing() -> dict[str, Standing]:
        return {line.rubric_id: line.standing for line in overview(settings.rubrics)}

    work.publish_now(quiet, settings, ("service",), TRAINER)
    assert standing() == {"broken": Standing.FAULTY, "complaint": Standing.DRAFT, "service": Standing.PUBLISHED}
    edit(settings.rubrics / "service.yaml", "weight: 20", "weight: 40")
    assert standing()["service"] is Standing.EDITED
    (line,) = [line for line in overview(settings.rubrics) if line.rubric_id == "service"]
    assert (line.version, line.published, len(line.criteria)) == (1, (1,), 4)
