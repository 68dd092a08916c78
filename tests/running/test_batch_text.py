"""Transcripts through the batch: tables are real, vectors are left out, nothing needs a process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa_pipeline.errors import ModelError
from qa_pipeline.reading.tables import rows
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import ingest
from qa_pipeline.recordings.labels import parse_roles
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.batch import carry_out
from qa_pipeline.running.environment import check_environment, open_store
from qa_pipeline.running.plan import plan
from qa_pipeline.running.record import Summary
from qa_pipeline.settings import Settings, load_settings
from tests.running.batches import run_here

pytestmark = pytest.mark.slow

GOOD = "agent: Hello, this is Anna from Brightside. Is this a good time?\ncustomer: Yes.\nagent: Thank you, goodbye.\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(results=str(tmp_path / "results"), cache=tmp_path / "cache", threads=1)


@pytest.fixture
def rubrics() -> dict[str, object]:
    """One rubric of phrases alone, which needs no model."""
    window = {"first": {"seconds": 15, "turns": 2}}
    criteria = [
        {"id": "greeting", "status": "stable", "check": "phrase", "within": window, "phrases": {"en": ["hello"]}},
        {"id": "whole", "status": "stable", "check": "forbidden", "phrases": {"en": ["whatever you say"]}, "whole_turn": {"en": ["what"]}},
    ]
    data = {"id": "plain", "version": 1, "applies_to": {"direction": "outbound"}, "sections": [{"id": "all", "criteria": criteria}]}
    return {"plain": Rubric.model_validate_json(json.dumps(data))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "chats").mkdir()
    return tmp_path / "chats"


def run(settings: Settings, rubrics: dict, folder: Path, *, force: bool = False, **defaults: object) -> Summary:
    intake = ingest([str(folder)], Defaults(direction="outbound", language="en", **defaults))  # type: ignore[arg-type]
    run = run_here(settings, rubrics)
    return carry_out(plan(intake, run, force=force), run)


def ask(settings: Settings, sql: str) -> list[dict[str, object]]:
    return rows(open_store(settings), sql)


def test_chats_are_stored_and_scored_without_times(settings: Settings, rubrics: dict, folder: Path) -> None:
    (folder / "a.txt").write_text(GOOD)
    assert run(settings, rubrics, folder).scored == 1
    (call,) = ask(settings, "select layout, duration_ms, asr_model, diarization_model from current_calls")
    assert call == {"layout": "text", "duration_ms": 0, "asr_model": None, "diarization_model": None}
    assert ask(settings, "select count(*) n from utterances where start_ms is not null or end_ms is not null") == [{"n": 0}]
    (greeting,) = ask(settings, "select outcome, evidence_start_ms s, window_start_ms w from findings where criterion_id = 'greeting'")
    assert greeting == {"outcome": "met", "s": None, "w": None}


def test_the_same_again_is_skipped_and_a_changed_word_is_read_anew(settings: Settings, rubrics: dict, folder: Path) -> None:
    (folder / "a.txt").write_text(GOOD)
    run(settings, rubrics, folder)
    again = run(settings, rubrics, folder)
    assert (again.processed, again.skipped) == (0, 1)
    (folder / "a.txt").write_text(GOOD + "customer: Bye.\n")
    assert run(settings, rubrics, folder).processed == 1


def test_what_has_faults_is_a_failure_with_its_line_and_the_rest_goes_on(settings: Settings, rubrics: dict, folder: Path) -> None:
    lines = [{"call_id": c, "role": r, "text": "Hello."} for c, r in [("c1", "agent"), ("c2", ""), ("c3", "agent")]]
    (folder / "many.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (folder / "empty.vtt").write_text("")
    summary = run(settings, rubrics, folder)
    assert (summary.processed, summary.failed) == (2, 2)
    found = {str(row["source_uri"]).rsplit("/", 1)[-1]: row for row in ask(settings, "select * from current_failures")}
    assert set(found) == {"many.jsonl#c2", "empty.vtt"}
    assert found["many.jsonl#c2"]["message"] == "the transcript has 1 fault: line 2: no role."
    assert [row["error_type"] for row in found.values()] == ["RecordingError"] * 2
    assert all(row["advice"] and row["stage"] == "decode" for row in found.values())


def test_a_failed_chat_is_not_listed_anew_every_night_but_read_when_the_label_is_mapped(
    settings: Settings, rubrics: dict, folder: Path
) -> None:
    (folder / "a.txt").write_text(GOOD.replace("agent:", "the desk:"))
    assert [failure.is_known for failure in run(settings, rubrics, folder).failures] == [False]
    assert [failure.is_known for failure in run(settings, rubrics, folder).failures] == [True]
    mapped = run(settings, rubrics, folder, roles=parse_roles("the desk=agent"))
    assert (mapped.processed, mapped.failed) == (1, 0)
    assert ask(settings, "select * from current_failures") == []


def test_a_file_of_many_calls_that_is_mended_is_no_failure_any_more(settings: Settings, rubrics: dict, folder: Path) -> None:
    (folder / "many.jsonl").write_text("{")
    assert run(settings, rubrics, folder).failed == 1
    (folder / "many.jsonl").write_text('{"call_id": "c1", "role": "agent", "text": "Hello."}')
    assert run(settings, rubrics, folder).processed == 1
    assert ask(settings, "select * from current_failures") == []


def test_unknown_roles_leave_the_agents_criteria_undetermined(settings: Settings, rubrics: dict, folder: Path) -> None:
    (folder / "a.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nHello, goodbye.\n")
    assert run(settings, rubrics, folder).scored == 1
    assert ask(settings, "select role from utterances") == [{"role": "unknown"}]
    assert ask(settings, "select outcome, reason_code from findings where criterion_id = 'greeting'") == [
        {"outcome": "undetermined", "reason_code": "role_unknown"}
    ]


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("agent: What?", "not_met"),
        ("agent: Sorry. What? I lost you.", "met"),
        ("agent: Whatever you say.", "not_met"),
    ],
)
def test_a_sentence_inside_a_message_is_no_whole_turn(settings: Settings, rubrics: dict, folder: Path, line: str, outcome: str) -> None:
    (folder / "a.txt").write_text(f"agent: Hello.\ncustomer: Yes.\n{line}\n")
    run(settings, rubrics, folder)
    assert ask(settings, "select outcome from findings where criterion_id = 'whole'") == [{"outcome": outcome}]


def test_a_folder_of_chats_asks_for_the_encoder_alone(settings: Settings, folder: Path) -> None:
    (folder / "a.txt").write_text(GOOD)
    assert not ingest([str(folder)], Defaults()).needs_speech
    with pytest.raises(ModelError, match="multilingual-e5-small"):
        check_environment(settings, open_store(settings), needs_speech=False)


def test_a_source_in_which_nobody_is_the_agent_is_told_in_one_line(settings: Settings, rubrics: dict, folder: Path) -> None:
    for name in "abc":
        (folder / f"{name}.srt").write_text(f"1\n00:00:01,000 --> 00:00:03,000\nGreen {name}.\n")
    (line,) = run(settings, rubrics, folder).remarks
    assert line.startswith(f"Nobody is known to be the agent in {folder} (3 calls): what agents have to say is left undetermined there.")
    assert "--roles" in line
    (folder / "d.txt").write_text(GOOD)
    assert run(settings, rubrics, folder, force=True).remarks == ()


def test_a_file_of_many_calls_is_a_source_of_its_own(settings: Settings, rubrics: dict, folder: Path) -> None:
    (folder / "d.txt").write_text(GOOD)
    lines = [{"call_id": c, "role": "unknown", "text": f"Green {c}."} for c in ("c1", "c2")]
    (folder / "many.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (line,) = run(settings, rubrics, folder).remarks
    assert f"{folder}/many.jsonl (2 calls)" in line


def test_the_advice_of_that_line_leads_to_its_cure(settings: Settings, rubrics: dict, folder: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:03,000\nAnna Nowak: Hello.\n\n2\n00:00:04,000 --> 00:00:05,000\nAnna Nowak: Goodbye.\n"
    (folder / "a.srt").write_text(text)
    assert len(run(settings, rubrics, folder).remarks) == 1
    assert run(settings, rubrics, folder, roles=parse_roles("Anna Nowak=agent")).remarks == ()
    assert ask(settings, "select distinct role from utterances u join current_calls c using (conversation_id)") == [{"role": "agent"}]
    (folder / "a.srt").write_text(text.replace("Hello", "Hello there"))
    (folder / "calls.csv").write_text("file,agent_name\na.srt,Anna Nowak\n")
    assert run(settings, rubrics, folder).remarks == ()
