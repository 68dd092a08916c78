"""Which calls are a night's, and a night in pieces."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from qa_pipeline.call import Call
from qa_pipeline.errors import InputRefused
from qa_pipeline.recordings.ingest import Intake
from qa_pipeline.recordings.transcripts import parse_transcripts
from qa_pipeline.results.store import Store
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.running.pieces import forget_pieces, read_piece, split, write_piece
from qa_pipeline.running.plan import Plan, plan
from qa_pipeline.running.score import Assignment
from qa_pipeline.running.window import Window, window_of
from qa_pipeline.settings import load_settings
from tests.running.batches import run_here


def call(name: str, at: str | None = None) -> Call:
    started = datetime.fromisoformat(at).replace(tzinfo=UTC) if at else None
    return Call(call_id=name, source_uri=f"/calls/{name}.wav", audio_sha256=name, started_at=started, extra={"tier": "gold"})


def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "results"), timezone="Europe/Warsaw", code_version="0")


@pytest.mark.parametrize(
    ("text", "now", "first"),
    [
        ("last-night", "2026-05-02T10:00", "2026-05-01"),
        ("last-night", "2026-05-01T22:30", "2026-05-01"),  # half past midnight of the 2nd in Warsaw
        ("last-night", "2026-10-25T22:30", "2026-10-24"),  # 23:30 of a day of 25 hours
        ("2026-04-03", "2026-05-02T10:00", "2026-04-03"),
    ],
)
def test_since_is_a_date_in_the_zone(tmp_path: Path, text: str, now: str, first: str) -> None:
    found = window_of(text, store(tmp_path), "Europe/Warsaw", now=datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == Window(first=date.fromisoformat(first))


def test_a_range_has_two_ends(tmp_path: Path) -> None:
    now = datetime(2026, 5, 2, tzinfo=UTC)
    assert window_of("2026-04-01..2026-04-30", store(tmp_path), "UTC", now=now) == Window(first=date(2026, 4, 1), last=date(2026, 4, 30))
    assert window_of(None, store(tmp_path), "UTC", now=now) == Window()
    with pytest.raises(InputRefused, match="last-run"):
        window_of("yesterday", store(tmp_path), "UTC", now=now)


def test_since_the_last_run_takes_in_nights_that_were_missed(tmp_path: Path) -> None:
    there, now = store(tmp_path), datetime(2026, 5, 9, tzinfo=UTC)
    assert window_of("last-run", there, "Europe/Warsaw", now=now) == Window()
    there.write_rows("runs", [{"run_id": "r", "started_at": datetime(2026, 5, 4, 23, tzinfo=UTC), "processed": 9, "left": 0}])
    # One that only scored, and one that left calls, are no nights to begin after.
    there.write_rows("runs", [{"run_id": "s", "started_at": datetime(2026, 5, 8, tzinfo=UTC), "processed": 0, "left": 0}])
    there.write_rows("runs", [{"run_id": "t", "started_at": datetime(2026, 5, 8, tzinfo=UTC), "processed": 5, "left": 2}])
    # Begun at one o'clock of the 5th in Warsaw; calls of the 4th may have come too late for it.
    assert window_of("last-run", there, "Europe/Warsaw", now=now) == Window(first=date(2026, 5, 4))


def test_a_window_keeps_calls_of_its_days_and_those_without_a_time() -> None:
    intake = Intake(
        calls=(call("before", "2026-05-01T15:00"), call("first", "2026-05-01T17:00"), call("unknown"), call("after", "2026-05-02T16:30"))
    )
    kept = Window(first=date(2026, 5, 2), last=date(2026, 5, 2)).of(intake, "Asia/Shanghai")
    assert [c.call_id for c in kept.calls] == ["first", "unknown"]
    assert Window().of(intake, "Asia/Shanghai") is intake


def test_a_piece_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    settings = load_settings(results=str(tmp_path / "results"), cache=tmp_path / "cache")
    run = run_here(settings, {"hotline": load_rubric(settings.rubrics / "hotline.yaml")})
    (dialogue,) = parse_transcripts(b"0:00 agent: Hello there\n0:02 customer: Hi\n", "chat.txt").dialogues
    calls = tuple(call(f"c{number}", "2026-05-01T10:00") for number in range(5))
    whole = replace(plan(Intake(calls=calls, dialogues={"c4": dialogue}), run), rescore={"x": Assignment("hotline", "trial")})
    parts = list(split(whole, 2))
    assert [[c.call_id for c in part.listen] for part in parts] == [["c0", "c1"], ["c2", "c3"], ["c4"]]
    assert [part.found for part in parts] == [2, 2, 1]
    paths = [write_piece(part, run.store.root, "r1", number) for number, part in enumerate(parts)]
    back = [read_piece(path) for path in paths]
    assert [one.listen for one in back] == [part.listen for part in parts]
    assert [one.rescore for one in back] == [whole.rescore, {}, {}]
    assert back[2].dialogues == {"c4": dialogue}
    assert all(one.rubric_of[c.call_id] == whole.rubric_of[c.call_id] for one in back for c in one.listen)
    forget_pieces(run.store.root, "r1")
    assert not Path(paths[0]).exists()


def test_a_night_without_new_calls_is_one_piece() -> None:
    whole = Plan(rescore={"x": Assignment("hotline", "official")}, found=3)
    assert [(list(part.rescore), part.found) for part in split(whole, 10)] == [(["x"], 3)]
