"""Chats in four languages and every format through the command line, with the real text encoder and no speech model on the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qa_pipeline.cli.main import main
from qa_pipeline.reading.tables import rows
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.models import choose_manifest

pytestmark = pytest.mark.models

COMMAND = str(Path(sys.executable).with_name("qa-pipeline"))
FILES = {
    "zh.txt": """坐席：您好，我是尚德金融的小王，请问您现在方便吗？
客户：方便，你说。
坐席：请问您对我们的服务满意吗？
客户：非常满意，办得又快又好。
坐席：请问还有什么可以帮您？
客户：没有了。
坐席：谢谢您，祝您生活愉快，再见。
""",
    "en.vtt": """WEBVTT

00:00.000 --> 00:05.000
<v Agent>Hello, this is Anna from Brightside Energy. Do you have a minute?

00:06.000 --> 00:08.000
<v Customer>Yes, but this is terrible. I waited for hours and nobody helped me.

00:09.000 --> 00:13.000
<v Agent>That is not my problem. You should have read the contract.
""",
    "pl.srt": """1
00:00:01,000 --> 00:00:04,000
Konsultantka: Dzień dobry, mówi Anna z firmy Elektron. Czy ma pan chwilę?

2
00:00:05,000 --> 00:00:07,000
Klient: Tak, proszę bardzo.
""",
    "many.jsonl": "\n".join(
        json.dumps(line, ensure_ascii=False)
        for line in [
            {"call_id": "sv", "role": "handläggare", "text": "Hej, du talar med Erik från Elbolaget. Passar det att prata nu?"},
            {"call_id": "sv", "role": "kund", "text": "Ja, det går bra. Jag är mycket nöjd med er."},
            {"call_id": "voices", "role": "Speaker 1", "text": "Good morning, thank you for calling Brightside, how can I help you today?"},
            {"call_id": "voices", "role": "Speaker 2", "text": "Hi, I would like to know why my bill is so high this month."},
            {"call_id": "voices", "role": "Speaker 1", "text": "Let me check that for you. May I have your account number, please?"},
            {"call_id": "broken", "role": "agent", "text": 5},
        ]
    ),
}


def cli(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "QA_PIPELINE_CACHE": str(home / "cache"), "QA_PIPELINE_THREADS": "1", "QA_PIPELINE_WORKERS": "1"}
    return subprocess.run([COMMAND, *arguments], cwd=home, env=env, capture_output=True, text=True, timeout=3000, check=False)


RUN = ("run", "chats", "--results", "results", "--direction", "outbound", "--rubric", str(load_settings().rubrics / "followup.yaml"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("text")
    (home / "chats").mkdir()
    for name, text in FILES.items():
        (home / "chats" / name).write_text(text, "utf-8")
    (home / "chats" / "calls.csv").write_text(
        "file,call_id,agent_id\nzh.txt,zh,t1\nen.vtt,en,t2\npl.srt,pl,t3\nmany.jsonl,sv,t4\nmany.jsonl,voices,\nmany.jsonl,broken,\n"
    )
    encoder = choose_manifest(load_settings(), "encoder").id
    (home / "cache" / "models").mkdir(parents=True)
    (home / "cache" / "models" / encoder).symlink_to(load_settings().model_cache / encoder)
    done = cli(home, *RUN)
    (home / "output.txt").write_text(f"{done.returncode}\n{done.stdout}\n{done.stderr}", "utf-8")
    return home


def ask(home: Path, sql: str) -> dict[str, dict[str, object]]:
    return {str(row["key"]): row for row in rows(open_store(load_settings(results=str(home / "results"))), sql)}


def test_each_chat_is_a_call_in_its_language_and_what_failed_is_listed(home: Path) -> None:
    output = (home / "output.txt").read_text("utf-8")
    assert output.startswith("1\n"), output
    assert "many.jsonl#broken: the transcript has 1 fault: line 6: no text." in output
    calls = ask(home, "select call_id as key, language, layout, asr_model, agent_id from current_calls")
    assert {key: row["language"] for key, row in calls.items()} == {"zh": "zh", "en": "en", "pl": "pl", "sv": "sv", "voices": "en"}
    assert {row["layout"] for row in calls.values()} == {"text"}
    assert (calls["sv"]["asr_model"], calls["sv"]["agent_id"]) == (None, "t4")


def test_the_same_rubric_scores_them_by_phrase_and_by_meaning(home: Path) -> None:
    found = ask(home, "select call_id || ' ' || criterion_id as key, outcome, evidence_start_ms from findings")
    outcomes = {key: row["outcome"] for key, row in found.items()}
    assert {outcomes[f"zh {name}"] for name in ("greeting", "self_identification", "convenience_check", "closing_line")} == {"met"}
    assert (outcomes["zh forbidden_phrases"], outcomes["en forbidden_phrases"]) == ("met", "not_met")
    assert (outcomes["en greeting"], outcomes["en closing_line"]) == ("met", "not_met")
    assert (found["en forbidden_phrases"]["evidence_start_ms"], found["zh greeting"]["evidence_start_ms"]) == (9000, None)


def test_customers_feel_in_writing_too_and_every_sentence_has_a_vector(home: Path) -> None:
    labels = ask(home, "select call_id as key, customer_sentiment_label as label from current_metrics")
    assert {key: labels[key]["label"] for key in ("zh", "en")} == {"zh": "positive", "en": "negative"}
    lengths = ask(home, "select 'n' as key, (select count(*) from embeddings) as vectors, (select count(*) from utterances) as sentences")
    assert lengths["n"]["vectors"] == lengths["n"]["sentences"] == 24


def test_voices_without_roles_are_told_by_their_words(home: Path) -> None:
    roles = ask(home, "select u.utterance as key, role from current_utterances u where call_id = 'voices' and utterance in (0, 1)")
    assert {key: row["role"] for key, row in roles.items()} == {"0": "agent", "1": "customer"}
    calls = ask(home, "select call_id as key, role_confidence > 0.9 as sure from current_calls where call_id = 'voices'")
    assert calls["voices"]["sure"] is True


def test_again_nothing_is_done_and_the_page_is_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)

    def here(*arguments: str) -> Result:
        """In this process: what these commands load is there already."""
        return CliRunner().invoke(main, list(arguments), env={"QA_PIPELINE_CACHE": str(home / "cache"), "QA_PIPELINE_WORKERS": "1"})

    again = here(*RUN)
    assert again.exit_code == 1
    assert "0 processed, 0 scored, 5 there already" in again.stdout
    assert "(known; not tried again)" in again.stdout
    assert here("report", "--results", "results").exit_code == 0
    page = (home / "results" / "report.html").read_text("utf-8")
    assert "非常满意" in page
    assert here("scorecard", "zh", "--results", "results").exit_code == 0
