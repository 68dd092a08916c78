"""The whole line with the real models on sample calls: words, roles, scores, tables; and the CLI as a person runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner, Result

from qa_pipeline.cli.main import main
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.reading.tables import rows
from qa_pipeline.recordings.audio import SAMPLE_RATE, decode
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings

pytestmark = pytest.mark.models

SAMPLES = PACKAGE_ROOT / "sample_audio"
COMMAND = str(Path(sys.executable).with_name("qa-pipeline"))


def cli(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # A second worker process would take longer to load the models than to hear what is here.
    env = {**os.environ, "QA_PIPELINE_CACHE": str(load_settings().cache), "QA_PIPELINE_WORKERS": "1", **environment}
    return subprocess.run([COMMAND, *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=3000, check=False)


def ask(results: Path, sql: str) -> list[dict[str, object]]:
    return rows(open_store(load_settings(results=str(results))), sql)


def take(folder: Path, stems: Sequence[str]) -> Path:
    """A folder with some sample calls and their rows of calls.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (SAMPLES / "calls.csv").read_text("utf-8-sig").splitlines()
    kept = [line for line in lines[1:] if line.split(".")[0] in stems]
    (folder / "calls.csv").write_text("\n".join([lines[0], *kept]) + "\n", "utf-8")
    for line in kept:
        shutil.copy(SAMPLES / line.split(",")[0], folder)
    return folder


def write_wav(path: Path, samples: np.ndarray, rate: int = 8000) -> None:
    """PCM16; samples: (channels, n) in [−1, 1]."""
    layout = {1: "mono", 2: "stereo", 3: "2.1"}[samples.shape[0]]
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=rate, layout=layout)
        data = np.ascontiguousarray((np.clip(samples, -1, 1) * 32767).astype(np.int16).T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(data, format="s16", layout=layout)
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two good calls and every kind of bad input, run once."""
    home = tmp_path_factory.mktemp("bad")
    folder = take(home / "calls", ["zh_finance_satisfied", "en_energy_refused"])
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("this is no sound")
    (folder / "broken.mp3").write_bytes((SAMPLES / "zh_tyres_complaint.mp3").read_bytes()[:300])
    write_wav(folder / "three.wav", 0.1 * np.sin(np.arange(16_000) / np.array([[5], [7], [9]])))
    write_wav(folder / "silence.wav", np.zeros((1, 80_000)))
    write_wav(folder / "blip.wav", 0.1 * np.sin(np.arange(2_400) / 5)[None, :])
    whole = (SAMPLES / "zh_finance_satisfied.wav").read_bytes() if (SAMPLES / "zh_finance_satisfied.wav").is_file() else b""
    source = next(path for path in folder.iterdir() if path.stem == "zh_finance_satisfied")
    whole = whole or source.read_bytes()
    (folder / f"cut{source.suffix}").write_bytes(whole[: len(whole) * 2 // 5])
    shutil.copy(source, folder / f"twin{source.suffix}")
    with (folder / "calls.csv").open("a", encoding="utf-8") as file:
        header = (folder / "calls.csv").read_text("utf-8").splitlines()[0].split(",")
        for name in ("missing.wav", "silence.wav", "blip.wav", f"cut{source.suffix}", "silence.wav"):
            values = {"file": name, "direction": "outbound", "call_id": Path(name).stem if name != "silence.wav" else "silence"}
            file.write(",".join(values.get(column, "") for column in header) + "\n")
    done = cli("run", str(folder), "--results", str(home / "results"), cwd=home)
    (home / "output.txt").write_text(f"{done.returncode}\n{done.stdout}\n{done.stderr}", "utf-8")
    return home


def output(ran: Path) -> str:
    return (ran / "output.txt").read_text("utf-8")


def test_good_calls_are_scored_whatever_lies_beside_them(ran: Path) -> None:
    expected = {
        stem: json.loads((SAMPLES / f"{stem}.truth.json").read_text("utf-8"))["expected"]
        for stem in ("zh_finance_satisfied", "en_energy_refused")
    }
    found = ask(ran / "results", "select call_id, criterion_id, outcome from current_findings")
    for stem, outcomes in expected.items():
        mine = {row["criterion_id"]: row["outcome"] for row in found if row["call_id"] == stem}
        if stem == "zh_finance_satisfied" and mine["forbidden_phrases"] == "undetermined":
            # On some processors the recogniser writes 大富 for 答复: what may have been said there is suspected, and a person is asked.
            outcomes = outcomes | {"forbidden_phrases": "undetermined"}
        assert {name: mine[name] for name in outcomes} == outcomes, stem


def test_what_cannot_be_processed_is_listed_with_what_to_do_and_the_exit_code_is_1(ran: Path) -> None:
    assert output(ran).startswith("1\n")
    failures = {Path(str(row["source_uri"])).name: row for row in ask(ran / "results", "select * from current_failures")}
    assert set(failures) == {"empty.wav", "text.wav", "broken.mp3", "three.wav", "missing.wav"}
    assert all(row["advice"] for row in failures.values())
    assert "3 channels" in str(failures["three.wav"]["message"])
    for name in failures:
        assert name in output(ran)


def test_a_cut_file_is_processed_and_marked(ran: Path) -> None:
    cut = ask(
        ran / "results",
        "select ends_cut, disposition from current_calls c join current_scores s using (call_id) where call_id = 'cut'".replace(
            "disposition", "s.disposition"
        ),
    )
    assert cut[0]["ends_cut"] is True
    closing = ask(
        ran / "results", "select outcome, reason_code from current_findings where call_id = 'cut' and criterion_id = 'closing_line'"
    )
    assert (closing[0]["outcome"], closing[0]["reason_code"]) == ("undetermined", "cut_off")


@pytest.mark.parametrize("call_id", ["silence", "blip"])
def test_a_call_without_words_is_a_row_undetermined_and_to_review(ran: Path, call_id: str) -> None:
    score = ask(ran / "results", f"select percent, needs_review from current_scores where call_id = '{call_id}'")
    assert score == [{"percent": None, "needs_review": True}]
    assert ask(ran / "results", f"select count(*) n from current_utterances where call_id = '{call_id}'") == [{"n": 0}]
    outcomes = {row["outcome"] for row in ask(ran / "results", f"select outcome from current_findings where call_id = '{call_id}'")}
    assert outcomes == {"undetermined"}


def test_doubles_and_strangers_are_warned_of(ran: Path) -> None:
    text = output(ran)
    assert "is the same audio as" in text
    assert "stands twice" in text
    assert "not in the metadata" in text


def test_words_joined_are_the_text_and_lie_inside_the_recording(ran: Path) -> None:
    found = ask(
        ran / "results", "select u.text, u.words, c.duration_ms from current_utterances u join current_calls c using (conversation_id)"
    )
    assert found
    for row in found:
        words = row["words"]
        assert isinstance(words, list)
        assert "".join(word["text"] for word in words) == row["text"]
        assert all(0 <= word["start_ms"] <= word["end_ms"] <= row["duration_ms"] for word in words)


def test_the_same_command_again_does_no_speech_work_and_doubles_nothing(ran: Path) -> None:
    before = ask(ran / "results", "select count(*) n from calls")
    # Whatever was listened to would be stopped at once, and fail.
    no_time = {"QA_PIPELINE_CALL_TIMEOUT_SECONDS": "0.001", "QA_PIPELINE_CALL_TIMEOUT_FACTOR": "0", "QA_PIPELINE_RETRIES": "0"}
    again = cli("run", str(ran / "calls"), "--results", str(ran / "results"), cwd=ran, **no_time)
    assert "0 processed" in again.stdout
    assert ask(ran / "results", "select count(*) n from failures where error_type = 'CallTimeout'") == [{"n": 0}]
    assert ask(ran / "results", "select count(*) n from calls") == before


def test_a_run_killed_half_way_is_finished_by_the_same_command(tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    # Their first seconds, and in a cache of its own: what an earlier run heard would leave nothing to kill.
    for number, stem in enumerate(("en_energy_refused", "zh_insurance_voicemail", "zh_hospital_in_a_meeting")):
        source = next(SAMPLES.glob(f"{stem}.[!tj]*"))
        write_wav(folder / f"c{number}.wav", decode(str(source)).samples[:, : 12 * SAMPLE_RATE], SAMPLE_RATE)
    results = tmp_path / "results"
    command = ["run", str(folder), "--direction", "outbound", "--results", str(results)]
    env = {**os.environ, "QA_PIPELINE_CACHE": str(own_cache(tmp_path)), "QA_PIPELINE_WORKERS": "1"}
    process = subprocess.Popen([COMMAND, *command], cwd=tmp_path, env=env, stderr=subprocess.PIPE, start_new_session=True)
    assert process.stderr is not None
    # The first call has been heard, others have not.
    process.stderr.readline()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    assert ask(results, "select count(*) n from runs") == [{"n": 0}]
    done = subprocess.run([COMMAND, *command], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ask(results, "select count(*) n, count(distinct call_id) d from calls") == [{"n": 3, "d": 3}]
    assert ask(results, "select count(*) n from scores") == [{"n": 3}]


def own_cache(folder: Path) -> Path:
    """A cache in which nothing has been heard, with the models that are there."""
    cache = folder / "cache"
    cache.mkdir()
    (cache / "models").symlink_to(load_settings().model_cache)
    return cache


def test_refusals_come_before_any_work_with_their_exit_codes(tmp_path: Path) -> None:
    folder = take(tmp_path / "calls", ["en_energy_refused"])
    results = tmp_path / "r"

    def refused(*arguments: str, results: Path = results, **environment: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["run", *arguments, "--results", str(results)], env=environment)
        return done.exit_code, done.stderr

    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "calls.csv").write_text("file,started_at,direction\na.wav,yesterday,sideways\nb.wav,31.12.,outbound\n", "utf-8")
    code, said = refused(str(bad))
    assert code == 2
    assert [part in said for part in ("calls.csv:2", "calls.csv:3", "yesterday", "sideways", "31.12.")] == [True] * 5
    # One of them as a person runs it: the code and the words leave the process.
    done = cli("run", str(bad), "--results", str(results), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (code, said)
    (bad / "calls.csv").write_bytes("file,agent_name\na.wav,王\n".encode("gb18030"))
    code, said = refused(str(bad))
    assert (code, "UTF-8" in said) == (2, True)
    (bad / "calls.csv").write_text("recording\na.wav\n", "utf-8")
    code, said = refused(str(bad))
    assert (code, "no column `file`" in said) == (2, True)
    code, said = refused(str(folder), "--rubric", "nosuch")
    assert (code, "nosuch" in said) == (2, True)
    (tmp_path / "faulty.yaml").write_text(
        "id: faulty\nversion: 0\nsections:\n  - id: a\n    criteria:\n      - {id: x, check: nosuch}\n      - {id: y, check: phrase}\n"
    )
    code, said = refused(str(folder), "--rubric", str(tmp_path / "faulty.yaml"))
    assert code == 2
    assert [f"faulty.yaml:{line}:" in said for line in (2, 6, 7)] == [True] * 3
    code, said = refused(str(folder), QA_PIPELINE_CACHE=str(tmp_path / "nowhere"))
    assert (code, "qa-pipeline models pull" in said) == (3, True)
    (tmp_path / "file").write_text("")
    code, said = refused(str(folder), results=tmp_path / "file" / "r")
    assert (code, "cannot be written" in said) == (3, True)
    code, said = refused(str(folder), QA_PIPELINE_MIN_FREE_GB="9999999")
    assert (code, "GB free" in said) == (3, True)
    assert not (results / "calls").exists()


def test_report_and_scorecard_show_the_call(ran: Path) -> None:
    def here(*arguments: str) -> Result:
        """In this process: what these commands load is there already."""
        env = {"QA_PIPELINE_CACHE": str(load_settings().cache), "QA_PIPELINE_RESULTS": str(ran / "results")}
        return CliRunner().invoke(main, list(arguments), env=env)

    report = here("report")
    assert report.exit_code == 0, report.stderr
    assert "zh_finance_satisfied" in report.stdout
    page = (ran / "results" / "report.html").read_text("utf-8")
    assert "data:audio/" in page
    assert "<script src" not in page
    card = here("scorecard", "zh_finance_satisfied")
    assert "hit" in card.stdout
    assert "agent" in card.stdout
