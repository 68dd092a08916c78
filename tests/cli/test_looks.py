"""Whatever shows the words of calls puts on record who asked, before it shows them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from desks import make_desk
from sqlalchemy import select

from qa_pipeline.cli.main import main
from qa_pipeline.reading.database import open_database
from qa_pipeline.results.store import Store
from qa_pipeline.review.tables import audit
from qa_pipeline.settings import load_settings


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = make_desk(tmp_path, calls=("c1", "c2")).store
    monkeypatch.setenv("QA_PIPELINE_RESULTS", store.root)
    monkeypatch.setenv("QA_PIPELINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LOGNAME", "wu")
    return store


def on_record() -> list[tuple[str | None, str, str | None, str | None]]:
    engine = open_database(load_settings())
    with engine.connect() as connection:
        return [(row.who, row.did, row.call_id, row.about) for row in connection.execute(select(audit).order_by(audit.c.number))]


@pytest.mark.parametrize(
    ("command", "entry"),
    [
        (("scorecard", "c1"), ("wu", "looked", "c1", None)),
        (("decisions", "c1"), ("wu", "looked", "c1", None)),
        (("rubric", "explain", "c1", "turns"), ("wu", "looked", "c1", None)),
        (("report", "--no-html"), ("wu", "reported", None, "2 calls")),
        (("export", "{0}/calls.csv"), ("wu", "exported", None, "calls.csv: 2 rows")),
        (("query", "select text from utterances"), ("wu", "asked", None, "select text from utterances")),
        (("rubric", "diff", "tested", "--stored"), ("wu", "compared", None, "0 calls")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) and "wu" not in value else "",
)
def test_a_look_is_on_record(store: Store, tmp_path: Path, command: tuple[str, ...], entry: tuple[str | None, ...]) -> None:
    if command[1] == "diff":
        command = ("rubric", "diff", "tested@1", "--stored")
    done = CliRunner().invoke(main, [part.format(tmp_path) for part in command], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    *_, last = on_record()
    assert last[:3] == entry[:3]
    assert (last[3] or "").endswith(entry[3] or "")


@pytest.mark.parametrize(
    "command", [("summary",), ("status",), ("failures",), ("periods", "list"), ("queue",)], ids=lambda command: command[0]
)
def test_figures_are_no_look_at_a_call(store: Store, command: tuple[str, ...]) -> None:
    assert CliRunner().invoke(main, list(command), catch_exceptions=False).exit_code == 0
    assert on_record() == []


@pytest.mark.skipif(os.geteuid() == 0, reason="to this user nothing is forbidden")
def test_nothing_is_shown_where_it_cannot_be_put_on_record(store: Store) -> None:
    for path in Path(store.root).glob("review.db*"):
        path.chmod(0o400)
    Path(store.root).chmod(0o500)
    try:
        done = CliRunner().invoke(main, ["query", "select text from utterances"])
    finally:
        Path(store.root).chmod(0o700)
    assert done.exit_code == 3
    assert "put on record" in done.output
