"""Roles and words put right: one conversation is made anew and scored, at once, and it can be taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from desks import commit, make_desk, reopen
from sqlalchemy import select
from stored import make_store

from qa_pipeline.call import Conversation, Outcome
from qa_pipeline.conversation.correct import Correction, WordChange, correct
from qa_pipeline.conversation.feeling import load_judge
from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading import follow
from qa_pipeline.reading.index import call_index
from qa_pipeline.reading.log import version_of
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review import correcting
from qa_pipeline.review.correcting import apply_due, correct_word, preview_swap, preview_word, swap_roles, take_back
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Override
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.settings import Settings

WU = local_viewer("Wu")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(results=str(tmp_path / "results"), cache=tmp_path / "cache")


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    return make_desk(tmp_path, database=database)


def said(desk: Desk) -> list[tuple[str, str]]:
    found = rows(desk.store, "select role, text from current_utterances where call_id = 'c1' order by utterance")
    return [(row["role"], row["text"]) for row in found]


AS_HEARD = [("agent", "hello there."), ("customer", "hi.")]
SWAPPED = [("customer", "hello there."), ("agent", "hi.")]


@pytest.mark.slow
def test_a_swap_counts_at_once_and_the_same_again_takes_it_back(desk: Desk, settings: Settings) -> None:
    done = swap_roles(desk, WU, settings, "c1", reason="wrong way round")
    assert (done.agent, said(desk)) == ("customer", SWAPPED)
    assert rows(desk.store, "select count(*) n from current_effective_scores") == [{"n": 1}]
    swap_roles(desk, WU, settings, "c1")
    assert said(desk) == AS_HEARD


def index_of(desk: Desk) -> list[dict[str, object]]:
    with desk.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(call_index).order_by(call_index.c.call_id)).mappings()]


@pytest.mark.slow
def test_the_index_follows_a_swap_from_what_was_written_as_if_made_anew(
    desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(desk.store, "c2")
    bring_up_to_date(desk)
    decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")

    def read_days(*arguments: object) -> None:
        raise AssertionError("the day was read again")

    with monkeypatch.context() as patched:
        patched.setattr(follow, "current", read_days)
        swap_roles(desk, WU, settings, "c1")
        after = index_of(desk)
        # As heard again: its score is there already.
        swap_roles(desk, WU, settings, "c1")
    back = index_of(desk)
    assert after[0]["conversation_id"] != back[0]["conversation_id"] == "c1-heard"
    follow.rebuild(desk.engine, desk.store)
    assert index_of(desk) == back
    swap_roles(desk, WU, settings, "c1")
    once_more = index_of(desk)
    follow.rebuild(desk.engine, desk.store)
    assert index_of(desk) == once_more


def test_what_others_committed_meanwhile_is_not_passed_over(desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    made = correcting.put_right

    def meanwhile(*arguments: Any) -> Conversation:
        commit(desk.store, "c2")
        return made(*arguments)

    monkeypatch.setattr(correcting, "put_right", meanwhile)
    swap_roles(desk, WU, settings, "c1")
    assert [row["call_id"] for row in index_of(desk)] == ["c1", "c2"]


def test_a_swap_is_one_commit_of_its_decision_and_of_what_counts(desk: Desk, settings: Settings) -> None:
    commits = {name: version_of(desk.store, name) for name in ("decisions", "effective_scores", "effective_findings")}
    swap_roles(desk, WU, settings, "c1")
    assert {name: version_of(desk.store, name) - before for name, before in commits.items()} == dict.fromkeys(commits, 1)


def test_decisions_stay_when_roles_are_swapped(desk: Desk, settings: Settings) -> None:
    decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")
    done = swap_roles(desk, WU, settings, "c1")
    assert (done.percent_before, done.percent_after) == (80.0, 80.0)
    assert rows(desk.store, "select percent, machine_percent, decided from current_effective_scores") == [
        {"percent": 80.0, "machine_percent": 40.0, "decided": 1}
    ]


def test_a_word_is_put_right_in_the_transcript_and_in_what_is_matched(desk: Desk, settings: Settings) -> None:
    correct_word(desk, WU, settings, "c1", before="hello there", after="good morning")
    assert said(desk)[0] == ("agent", "good morning.")
    (row,) = rows(desk.store, "select norm from current_utterances where call_id = 'c1' and utterance = 0")
    assert "morn" in row["norm"]


def test_what_is_taken_back_is_as_it_was_heard(desk: Desk, settings: Settings) -> None:
    done = correct_word(desk, WU, settings, "c1", before="hi", after="bye")
    swap_roles(desk, WU, settings, "c1")
    take_back(desk, WU, settings, "c1", done.decided.decision.decision_id)
    assert said(desk) == SWAPPED
    found = rows(desk.store, "select conversation_id from current_calls")
    assert found != [{"conversation_id": "c1-heard"}]


def test_taking_everything_back_brings_back_the_conversation_as_heard(desk: Desk, settings: Settings) -> None:
    done = swap_roles(desk, WU, settings, "c1")
    take_back(desk, WU, settings, "c1", done.decided.decision.decision_id)
    assert rows(desk.store, "select conversation_id from current_calls") == [{"conversation_id": "c1-heard"}]


@pytest.mark.parametrize(
    ("before", "moment", "told"),
    [("nothing", None, "in 0 utterances"), ("h", None, "in 2 utterances"), ("hi", 500, "does not stand there"), ("", None, "would change")],
)
def test_what_cannot_be_meant_is_refused(desk: Desk, settings: Settings, before: str, moment: int | None, told: str) -> None:
    with pytest.raises(InputRefused, match=told):
        correct_word(desk, WU, settings, "c1", before=before, after="x", moment_ms=moment)
    assert desk.store.read("decisions").num_rows == 0


def test_whoever_dies_between_deciding_and_writing_loses_nothing(
    desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def die(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(correcting, "_apply", die)
        with pytest.raises(KeyboardInterrupt):
            swap_roles(desk, WU, settings, "c1")
    assert said(desk) == AS_HEARD
    again = reopen(tmp_path, database=str(desk.engine.url) if desk.engine.dialect.name == "postgresql" else None)
    assert apply_due(again, settings) == 1
    assert said(again) == SWAPPED
    assert apply_due(again, settings) == 0


def test_a_swap_in_a_closed_period_scores_as_a_trial(tmp_path: Path, settings: Settings) -> None:
    from datetime import date

    from qa_pipeline.results.periods import close_period

    desk = make_desk(tmp_path)
    close_period(desk.store, date(2026, 5, 11), date(2026, 5, 11), team=None, reason="paid", author=None)
    swap_roles(desk, WU, settings, "c1")
    assert rows(desk.store, "select purpose from scores order by scored_at") == [{"purpose": "official"}, {"purpose": "trial"}]


LINES = ("0:00 agent: 您好，这里是尚德。", "0:06 customer: 你好，你好。")


def reworded(heard: Conversation, *changes: WordChange) -> Conversation:
    return correct(heard, Correction(words=changes), load_judge(Settings()), threshold=0.25)


def test_the_words_keep_their_times_and_what_a_person_heard_is_certain() -> None:
    heard = conversation(*LINES, language="zh")
    first = heard.utterances[0]
    put_right = reworded(heard, WordChange(moment_ms=1000, before="尚德", after="上德"))
    now = put_right.utterances[0]
    assert now.text == first.text.replace("尚德", "上德")
    assert "".join(word.text for word in now.words) == now.text
    assert now.words[:-1] == first.words[:-2]
    assert (now.words[-1].text, now.words[-1].confidence, now.words[-1].end_ms) == ("上德。", 1.0, first.words[-1].end_ms)


def test_of_several_the_one_at_the_moment_is_put_right() -> None:
    heard = conversation(*LINES, language="zh")
    end = heard.utterances[1].end_ms or 0
    put_right = reworded(heard, WordChange(moment_ms=end - 100, before="你好", after="您好"))
    assert put_right.utterances[1].text == "你好，您好。"


def test_what_is_no_more_recognised_there_is_left_alone() -> None:
    heard = conversation(*LINES, language="zh")
    assert reworded(heard, WordChange(moment_ms=1000, before="客服", after="客户")) is heard


def test_vectors_of_changed_words_are_made_anew() -> None:
    import numpy as np

    heard = conversation(*LINES, language="zh", vectors={0: (0.5,) * 384, 1: (0.25,) * 384})
    change = Correction(words=(WordChange(moment_ms=1000, before="尚德", after="上德"),))
    made = correct(
        heard, change, load_judge(Settings()), threshold=0.25, encode=lambda texts: np.full((len(texts), 384), 0.125, np.float32)
    )
    assert (made.vectors[0][0], made.vectors[1][0]) == (0.125, 0.25)


def test_a_call_without_a_score_is_put_right_too(tmp_path: Path, settings: Settings) -> None:
    store = make_store(tmp_path)
    commit(store)
    store.forget("scores", "call_id", ["c1"])
    desk = reopen(tmp_path)
    assert swap_roles(desk, WU, settings, "c1").percent_after is None
    assert said(desk) == SWAPPED


def test_a_preview_says_what_would_change_and_keeps_nothing(desk: Desk, settings: Settings) -> None:
    decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="she did")
    seen = preview_swap(desk, WU, settings, "c1")
    assert [(u.role.value, u.text) for u in seen.after.utterances] == SWAPPED
    assert [(u.role.value, u.text) for u in seen.before.utterances] == AS_HEARD
    assert seen.score_before and seen.score_after
    assert (seen.score_before.totals.percent, seen.score_after.totals.percent, seen.changed) == (80.0, 80.0, ())
    assert said(desk) == AS_HEARD
    assert rows(desk.store, "select count(*) n from decisions") == [{"n": 1}]
    swap_roles(desk, WU, settings, "c1")
    assert said(desk) == [(u.role.value, u.text) for u in seen.after.utterances]


def test_a_preview_of_a_word_shows_the_criteria_that_would_come_out_otherwise(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    criterion = {"id": "greets", "status": "stable", "check": "phrase", "phrases": {"en": ["good morning"]}}
    data = {"id": "greeting", "version": 1, "sections": [{"id": "all", "criteria": [criterion]}]}
    commit(store, "c1", rubric=Rubric.model_validate_json(json.dumps(data)))
    desk = reopen(tmp_path)
    settings = Settings(results=store.root, cache=tmp_path / "cache")
    seen = preview_word(desk, WU, settings, "c1", before="hello there", after="good morning")
    assert [(one.criterion.id, one.outcome, other.outcome) for one, other in seen.changed] == [("greets", Outcome.NOT_MET, Outcome.MET)]
    assert said(desk) == AS_HEARD
    with pytest.raises(InputRefused, match="Nothing would change"):
        preview_word(desk, WU, settings, "c1", before="hello", after="hello")
    with pytest.raises(InputRefused, match="does not stand there"):
        preview_word(desk, WU, settings, "c1", before="bonjour", after="hello", moment_ms=1)
