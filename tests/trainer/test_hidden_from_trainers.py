"""What the policy hides from trainers is hidden where they look for words, try a stored call and compare rubrics, and each look is on record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qa_pipeline.call import Outcome
from qa_pipeline.privacy.policy import load_policy
from qa_pipeline.privacy.rows import redact_call
from qa_pipeline.reading.call import read_call
from qa_pipeline.reading.pages import ALL
from qa_pipeline.reading.viewer import Role, Viewer, local_viewer
from qa_pipeline.results.store import Store
from qa_pipeline.review.opening import open_desk
from qa_pipeline.review.people import add_account
from qa_pipeline.review.record import Asked, search_record
from qa_pipeline.settings import Settings
from qa_pipeline.trainer import work
from qa_pipeline.trainer.diff import CallEffect, Change, Diff
from qa_pipeline.trainer.hidden import hide_diff
from tests.trainer.desk import desk, service_folder, spoken, stored

PIOTR = Viewer(name="piotr", account=1, roles=frozenset({Role.TRAINER}))
CALL = spoken(
    "a1", "0:00 agent: Good morning, is this a good time?", "0:04 customer: Hello there, my number is 0770 900 1234, I am Zebulon.", agent_id="anna", day=1
)  # fmt: skip


def quiet(done: int, total: int) -> None:
    pass


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Trainers get telephone numbers and names hidden."""
    (tmp_path / "privacy.yaml").write_text("roles:\n  trainer: {words: [phone, name]}\n", "utf-8")
    made = desk(tmp_path, service_folder(tmp_path / "rubrics"))
    return made.model_copy(update={"privacy_policy": tmp_path / "privacy.yaml"})


@pytest.fixture
def store(settings: Settings) -> Store:
    told = replace(CALL, call=replace(CALL.call, extra={"customer_name": "Zebulon"}, agent_name="Anna"))
    made = stored(settings, told, scored_by=settings.rubrics / "service.yaml")
    engine = open_desk(settings, made).engine
    assert add_account(engine, "piotr", roles=[Role.TRAINER]).account == PIOTR.account
    engine.dispose()
    return made


def test_words_that_are_hidden_are_not_found_and_hidden_ones_beside_what_is_found_are_not_shown(settings: Settings, store: Store) -> None:
    (found,) = work.search_words(quiet, settings, PIOTR, "my number is", ALL, None, 50)
    assert "0770" not in found.text and "[phone]" in found.text
    assert work.search_words(quiet, settings, PIOTR, "0770 900 1234", ALL, None, 50) == ()
    (seen,) = work.search_words(quiet, settings, local_viewer(None), "0770 900 1234", ALL, None, 50)
    assert "0770 900 1234" in seen.text


def test_each_call_that_words_were_found_in_is_on_record(settings: Settings, store: Store) -> None:
    work.search_words(quiet, settings, PIOTR, "number", ALL, None, 50)
    engine = open_desk(settings, store).engine
    (entry,) = search_record(engine, local_viewer(None), Asked(who="piotr"))
    assert (entry.did, entry.call_id) == ("looked", "a1")


def test_a_stored_call_is_tried_without_what_is_hidden(settings: Settings, store: Store) -> None:
    found = work.try_dialogue(quiet, settings, "service", "", None, {}, "a1", PIOTR)
    assert not any("0770" in line.text for line in found.lines) and any("[phone]" in line.text for line in found.lines)
    assert any("0770" in line.text for line in work.try_dialogue(quiet, settings, "service", "", None, {}, "a1").lines)


def test_a_comparison_quotes_nothing_that_is_hidden(settings: Settings) -> None:
    quoted = "my number is 0770 900 1234"
    change = Change(
        call_id="a1", agent_id="anna", criterion_id="greeting", before=Outcome.MET, after=Outcome.NOT_MET, answer_before=None, answer_after=None,
        reason_before=f"“{quoted}” was said.", reason_after="", evidence=(quoted,),
    )  # fmt: skip
    effect = CallEffect(
        call_id="a1", agent_id="anna", team=None, call_date=None, percent_before=None, percent_after=None, passed_before=None, passed_after=None,
        critical_before=False, critical_after=False, changes=(change,),
    )  # fmt: skip
    found = Diff(old="x", new="y", criteria=("greeting",), effects=(effect,))
    for viewer, is_hidden in ((PIOTR, True), (local_viewer(None), False)):
        (shown,) = hide_diff(found, [CALL], load_policy(settings.privacy_policy).of(viewer)).effects[0].changes
        assert ("0770" not in shown.reason_before + shown.evidence[0]) is is_hidden


def test_names_of_the_metadata_are_hidden_in_words_also_from_who_is_not_shown_the_metadata(settings: Settings, store: Store) -> None:
    engine = open_desk(settings, store).engine
    found = read_call(store, engine, PIOTR, "a1")
    assert found.call["extra"] is None and found.call["agent_name"] is None
    said = " ".join(row["text"] for row in redact_call(found, load_policy(settings.privacy_policy).of(PIOTR)).utterances)
    assert "Zebulon" not in said and "[name]" in said
