"""A reviewer's word on who is the agent: it counts at once, it is kept, and it can be taken back. Tables and scoring are real."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from qa_pipeline.call import Conversation, Reply, Role
from qa_pipeline.cli.main import main
from qa_pipeline.conversation.correct import Correction, correct, middle_of, swap
from qa_pipeline.conversation.feeling import load_judge
from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.tables import rows
from qa_pipeline.rubric.canonical import rubric_sha256
from qa_pipeline.rubric.load import LOCK_NAME, load_rubric, load_rubrics
from qa_pipeline.running import corrections
from qa_pipeline.running.corrections import marked_announcements, refuse_announcement
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.record import Summary
from qa_pipeline.settings import Settings, load_settings
from tests.conversation.test_announcements import heard
from tests.rubric.built_rubrics import write_folder
from tests.running.batches import call, process

pytestmark = pytest.mark.slow

LINES = ("0:00 agent: 您好，我是尚德金融的小王，请问您现在方便吗？", "0:06 customer: 方便。", "0:08 agent: 谢谢您，再见。")


RUBRIC = """
id: DIRECTION
version: 1
applies_to: {direction: DIRECTION}
sections:
  - id: all
    criteria:
      - {id: greeting, status: stable, check: phrase, who: agent, phrases: {zh: [您好]}}
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that commands find by themselves, with a small rubric for either direction that counts as published."""
    names = ("inbound", "outbound")
    folder = write_folder(tmp_path / "rubrics", **{name: RUBRIC.replace("DIRECTION", name) for name in names})
    digests = {name: {"1": rubric_sha256(load_rubric(folder / f"{name}.yaml"))} for name in names}
    (folder / LOCK_NAME).write_text(json.dumps(digests), "utf-8")
    for name, value in (("RESULTS", tmp_path / "results"), ("THREADS", 1), ("RUBRICS", folder)):
        monkeypatch.setenv(f"QA_PIPELINE_{name}", str(value))
    return load_settings()


def run(settings: Settings, **options: bool) -> Summary:
    return process(settings, load_rubrics(settings.rubrics), call("c1", audio_sha256="1" * 64), **options)


def roles(settings: Settings) -> list[str]:
    sql = "select role from current_utterances where call_id = 'c1' order by utterance"
    return [row["role"] for row in rows(open_store(settings), sql)]


def command(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["swap-roles", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_swap_counts_at_once_and_is_kept(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "Wu")
    run(settings)
    heard = roles(settings)
    assert heard == ["agent", "customer", "agent"]
    assert "customer is the agent" in command("c1", "--reason", "the agent calls herself")
    assert roles(settings) == ["customer", "agent", "customer"]
    store = open_store(settings)
    scored = rows(store, "select s.percent, c.role_confidence from current_scores s join current_calls c using (conversation_id)")
    assert [row["role_confidence"] for row in scored] == [1.0]
    assert rows(store, "select count(*) n from scores where purpose = 'official'")[0]["n"] == 2
    decision = rows(store, "select kind, author, reason from decisions")
    assert decision == [{"kind": "role_swap", "author": "Wu", "reason": "the agent calls herself"}]
    # Nothing is done twice, and what is listened to anew keeps the correction.
    again = run(settings)
    assert (again.processed, again.scored, again.skipped) == (0, 0, 1)
    assert run(settings, force=True).processed == 1
    assert roles(settings) == ["customer", "agent", "customer"]


def test_the_same_command_again_takes_it_back(settings: Settings) -> None:
    run(settings)
    command("c1")
    command("c1")
    assert roles(settings) == ["agent", "customer", "agent"]
    again = run(settings)
    assert (again.processed, again.scored, again.skipped) == (0, 0, 1)


@pytest.mark.parametrize(("arguments", "told"), [(["c9"], "no call 'c9'"), (["c1", "--agent", "speaker_7"], "Nobody in this call")])
def test_what_cannot_be_meant_is_refused(settings: Settings, arguments: list[str], told: str) -> None:
    run(settings)
    done = CliRunner().invoke(main, ["swap-roles", *arguments])
    assert done.exit_code == 2
    assert told in done.output


def test_sentiment_and_metrics_follow_the_roles() -> None:
    heard = conversation(*LINES)
    judge = load_judge(load_settings())
    put_right = correct(heard, swap(heard), judge, threshold=0.25)
    assert put_right.metrics.agent_talk_share == heard.metrics.customer_talk_share
    assert [u.sentiment_label is not None for u in put_right.utterances] == [u.role is Role.CUSTOMER for u in put_right.utterances]
    assert put_right.conversation_id != heard.conversation_id


def test_what_a_language_model_answered_about_other_roles_is_answered_no_more() -> None:
    reply = Reply(question_sha256="q", prompt_sha256="p", model="m", phrasing=0, first=0, last=1, answer="yes")
    heard = replace(conversation(*LINES), replies=(reply,))
    assert correct(heard, swap(heard), load_judge(load_settings()), threshold=0.25).replies == ()


def test_a_correction_that_changes_nothing_leaves_the_conversation() -> None:
    heard = conversation(*LINES)
    judge = load_judge(load_settings())
    for moment in (1_000, 10**9):
        assert correct(heard, Correction(moment_ms=moment), judge, threshold=0.25) is heard


def unsure() -> Conversation:
    heard = conversation(*LINES)
    return replace(heard, utterances=tuple(replace(u, role=Role.UNKNOWN) for u in heard.utterances))


def test_where_roles_are_unknown_the_agent_must_be_named() -> None:
    with pytest.raises(InputRefused, match="not clear"):
        swap(unsure())
    judge = load_judge(load_settings())
    put_right = correct(unsure(), swap(unsure(), agent="customer"), judge, threshold=0.25)
    assert [u.role for u in put_right.utterances] == [Role.CUSTOMER, Role.AGENT, Role.CUSTOMER]


def test_a_scorecard_names_voices_where_nobody_has_a_role(settings: Settings) -> None:
    voices = {"agent": "speaker_0", "customer": "speaker_1"}
    heard = unsure()
    heard = replace(heard, utterances=tuple(replace(u, speaker=voices[u.speaker]) for u in heard.utterances))
    open_store(settings).write_conversations([heard], run_id="r")
    shown = CliRunner().invoke(main, ["scorecard", heard.call.call_id], catch_exceptions=False).output
    assert [line.split()[1] for line in shown.splitlines()[-3:]] == ["speaker_0", "speaker_1", "speaker_0"]


# --- recordings, by repetition ---------------------------------------------------------------------------------------------------------


def stored_calls(settings: Settings, count: int, *, first: int = 0, voice: str = "voice2") -> None:
    """Calls in the tables that begin with the same announcement, taken for the agent's words."""
    calls = []
    for number in range(first, first + count):
        call = heard(number)
        utterances = [
            replace(
                u,
                role=Role.AGENT if u.speaker in ("voice2", "agent") else Role.CUSTOMER,
                speaker=voice if u.speaker == "voice2" else u.speaker,
            )
            for u in call.utterances
        ]
        told = replace(call.call, direction="inbound", source_uri=f"/calls/{number}.wav", audio_sha256=str(number))
        calls.append(replace(call, conversation_id=f"{number:032x}", call=told, utterances=tuple(utterances)))
    open_store(settings).write_conversations(calls, run_id="run")


def first_roles(settings: Settings) -> dict[str, str]:
    sql = "select call_id, role from current_utterances where utterance = 0"
    return {row["call_id"]: row["role"] for row in rows(open_store(settings), sql)}


def announce(settings: Settings, *arguments: str) -> str:
    done = CliRunner().invoke(main, ["announcements", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_what_plays_in_several_calls_becomes_nobodys_words(settings: Settings) -> None:
    stored_calls(settings, 2)
    assert "0 recordings" in announce(settings)
    assert set(first_roles(settings).values()) == {"agent"}
    stored_calls(settings, 2, first=2)
    assert "1 recordings play in several calls; in 4 calls" in announce(settings, "--dry-run")
    assert set(first_roles(settings).values()) == {"agent"}
    assert "in 4 calls they counted" in announce(settings)
    assert first_roles(settings) == {f"c{n}": "other" for n in range(4)}
    store = open_store(settings)
    kept = rows(store, "select distinct kind, outcome, author, reason from decisions")
    reason = "the same words in the same rhythm in 4 calls"
    assert kept == [{"kind": "announcement", "outcome": "plays", "author": "repetition", "reason": reason}]
    # The other voices keep their roles, and nothing is done twice.
    others = rows(store, "select distinct role from current_utterances where utterance > 0 order by role")
    assert [row["role"] for row in others] == ["agent", "customer"]
    assert "in 0 calls they counted" in announce(settings)
    # A call heard later joins them.
    stored_calls(settings, 1, first=4)
    assert "in 1 calls they counted" in announce(settings)
    assert first_roles(settings)["c4"] == "other"


def test_a_person_may_say_that_it_is_no_recording(settings: Settings) -> None:
    stored_calls(settings, 4)
    announce(settings)
    (marked,) = marked_announcements(open_store(settings))
    assert (sorted(marked.calls), bool(marked.text)) == (["c0", "c1", "c2", "c3"], True)
    assert "Calls put back: 4." in announce(settings, "--refuse", "c1", "--author", "Wu")
    assert set(first_roles(settings).values()) == {"agent"}
    assert marked_announcements(open_store(settings)) == ()
    stored_calls(settings, 1, first=4)
    assert "0 recordings" in announce(settings)
    with pytest.raises(InputRefused, match="Nothing in call 'c1'"):
        refuse_announcement(open_store(settings), settings, load_rubrics(settings.rubrics), "c1", author="Wu")


def test_a_swap_and_an_announcement_hold_together(settings: Settings) -> None:
    stored_calls(settings, 4)
    announce(settings)
    agent = rows(open_store(settings), "select speaker from current_utterances where call_id = 'c1' and role = 'agent'")[0]["speaker"]
    command("c1")
    now = rows(open_store(settings), "select role, speaker from current_utterances where call_id = 'c1' order by utterance")
    assert now[0]["role"] == "other"
    assert {row["role"] for row in now if row["speaker"] == agent} == {"customer"}


def test_the_agents_voice_keeps_what_it_says_after_a_recording_and_a_swap_leaves_the_recording(settings: Settings) -> None:
    stored_calls(settings, 4, voice="agent")
    announce(settings)
    sql = "select role, speaker from current_utterances where call_id = 'c1' order by utterance"
    marked = rows(open_store(settings), sql)
    assert marked[0] == {"role": "other", "speaker": "agent"}
    assert "other" not in {row["role"] for row in marked[1:]}
    command("c1", "--agent", "agent")
    swapped = rows(open_store(settings), sql)
    assert [row["role"] for row in swapped] == ["other", *("agent" if row["speaker"] == "agent" else "customer" for row in marked[1:])]
    assert "in 0 calls they counted" in announce(settings)


def test_a_refusal_outlives_the_calls_that_are_compared(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "_COMPARED_CALLS", 4)
    stored_calls(settings, 4)
    announce(settings)
    announce(settings, "--refuse", "c1")
    stored_calls(settings, 4, first=4)
    assert "0 recordings" in announce(settings)
    assert set(first_roles(settings).values()) == {"agent"}


def test_calls_that_came_before_the_third_are_marked_with_it(settings: Settings) -> None:
    stored_calls(settings, 2)
    before = open_store(settings).now("calls", "processed_at")
    stored_calls(settings, 1, first=2)
    store = open_store(settings)
    found = corrections.mark_announcements(store, settings, load_rubrics(settings.rubrics), since=before)
    assert found.changed == 3
    assert set(first_roles(settings).values()) == {"other"}


def test_who_talks_over_a_recording_has_spoken() -> None:
    call = heard(1)
    announcement, *rest = call.utterances
    over = replace(rest[0], start_ms=(announcement.start_ms or 0) + 1_500, end_ms=(announcement.end_ms or 0) - 200)
    call = replace(call, utterances=(announcement, over, *rest[1:]))
    correction = Correction(announcements=(middle_of(announcement),))
    assert correction.recorded_in(call) == {announcement.utterance}


def test_a_second_employee_can_be_named_as_the_agent() -> None:
    lines = ("0:00 agent: 您好。", "0:03 customer: 你好。", "0:05 other: 我来接着说。", "0:08 customer: 好的。")
    call = conversation(*lines)
    corrected = correct(call, swap(call, agent="other"), load_judge(load_settings()), threshold=0.25)
    assert [u.role for u in corrected.utterances] == [Role.OTHER, Role.CUSTOMER, Role.AGENT, Role.CUSTOMER]


def test_nothing_is_looked_for_when_the_setting_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_PIPELINE_ANNOUNCEMENT_CALLS", "0")
    stored_calls(settings, 4)
    assert "0 recordings" in announce(settings)
