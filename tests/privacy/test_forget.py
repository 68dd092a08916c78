"""What is forgotten is nowhere any more, whenever the forgetting was cut short, and does not come back; all else stays as it was."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qa_pipeline.cli.main import main
from qa_pipeline.privacy.forget import forget
from qa_pipeline.privacy.going import what_goes
from qa_pipeline.privacy.places import Ground
from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.verify import verify_results
from qa_pipeline.results.forgotten import Forgotten
from qa_pipeline.results.tables import TABLES
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings

pytestmark = pytest.mark.models

SECRETS = (b"call-to-forget", b"customer-4711", b"martin.fisk@mail.com", b"0770 900 1234")
STEPS = (
    "files of the cache",
    "review database",
    "table utterances",
    "table scores",
    "table calls",
    "history of the tables",
)


def lines(name: str, phone: str, mail: str) -> str:
    return (
        f"0:00 agent: Hello, Anna from Blue Line. Who is calling, please?\n0:04 customer: {name}.\n"
        f"0:06 customer: My order has not come. My phone is {phone} and my mail is {mail}.\n0:20 agent: I will look at once. Thank you, goodbye.\n"
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three calls, of two customers, with a results root, decisions, a report and a cache."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "calls").mkdir()
    (folder / "cache").mkdir()
    (folder / "cache" / "models").symlink_to(load_settings().cache / "models")
    (folder / "calls" / "one.txt").write_text(lines("Martin Fisk", "0770 900 1234", "martin.fisk@mail.com"), "utf-8")
    (folder / "calls" / "two.txt").write_text(lines("Mary Jones", "0771 555 9876", "mary@post.org"), "utf-8")
    (folder / "calls" / "three.txt").write_text(lines("Peter Hill", "0772 444 1111", "hill@post.org"), "utf-8")
    (folder / "calls" / "calls.csv").write_text(
        "file,call_id,direction,customer_id,language\none.txt,call-to-forget,inbound,customer-4711,en\n"
        "two.txt,call-to-keep,inbound,customer-2,en\nthree.txt,call-also-kept,inbound,customer-3,en\n",
        "utf-8",
    )
    for arguments in (
        ("run", str(folder / "calls")), ("confirm", "call-to-forget"), ("note", "call-to-forget", "rang from martin.fisk@mail.com"),
        ("confirm", "call-to-keep"), ("scorecard", "call-to-forget"), ("report",),
    ):  # fmt: skip
        done = invoke(folder, *arguments)
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    shutil.copytree(made, tmp_path / "here", symlinks=True)
    yield tmp_path / "here"


def invoke(folder: Path, *arguments: str) -> Result:
    env = {"QA_PIPELINE_RESULTS": str(folder / "results"), "QA_PIPELINE_CACHE": str(folder / "cache"), "QA_PIPELINE_WORKERS": "1"}
    return CliRunner().invoke(main, list(arguments), env=env)


def places(folder: Path) -> list[str]:
    """Files under the results and the cache that hold a secret, as they are or decompressed."""
    found = []
    for path in (path for name in ("results", "cache") for path in (folder / name).rglob("*") if path.is_file()):
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        if any(secret in content for secret in SECRETS):
            found.append(str(path.relative_to(folder)))
    return found


def kept(folder: Path) -> dict[str, list[dict[str, object]]]:
    """Rows of all tables that are of other calls."""
    store = open_store(load_settings(results=str(folder / "results")))
    rows = {name: store.read(name).to_pylist() for name in TABLES}
    return {
        name: sorted((row for row in several if row.get("call_id") != "call-to-forget" and not is_gone(row, rows)), key=str)
        for name, several in rows.items()
    }


def is_gone(row: dict[str, object], rows: dict[str, list[dict[str, object]]]) -> bool:
    gone = {one["conversation_id"] for one in rows["calls"] if one["call_id"] == "call-to-forget"}
    return row.get("conversation_id") in gone


def assert_forgotten(folder: Path) -> None:
    assert places(folder) == []
    store = open_store(load_settings(results=str(folder / "results")))
    assert verify_results(store).faults == ()
    assert {row["call_id"] for row in store.read("calls", columns=["call_id"]).to_pylist()} == {"call-to-keep", "call-also-kept"}
    assert Forgotten(store.root).has("call-to-forget") and not Forgotten(store.root).has("call-to-keep")


@pytest.mark.parametrize("whom", [("--call", "call-to-forget"), ("--customer", "customer-4711")])
def test_nothing_of_it_is_left_and_all_else_is(folder: Path, whom: tuple[str, str]) -> None:
    before = kept(folder)
    assert places(folder) != []
    told = invoke(folder, "forget", *whom, "--dry-run")
    assert "call-to-forget" in told.output and places(folder) != []
    done = invoke(folder, "forget", *whom)
    assert done.exit_code == 0, done.output
    assert "finds nothing of them" in done.output
    assert_forgotten(folder)
    assert kept(folder) == before
    # Its decision stands, the list knows it, and what people looked at is on record without the id.
    assert "confirm" in invoke(folder, "decisions", "call-to-keep").output


@pytest.mark.parametrize("step", STEPS)
def test_cut_short_at_any_step_it_is_ended_by_the_next_time(folder: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def stop(said: str) -> None:
        if said == step:
            raise Killed

    settings = load_settings(results=str(folder / "results"), cache=folder / "cache")
    ground = Ground(store=open_store(settings), settings=settings, engine=open_database(settings))
    going = what_goes(ground.store, settings, call_id="call-to-forget")
    with pytest.raises(Killed):
        forget(ground, going, tell=stop)
    done = invoke(folder, "forget")
    assert done.exit_code == 0, done.output
    assert_forgotten(folder)
    again = invoke(folder, "forget", "--call", "call-to-forget")
    assert again.exit_code == 2 and "Nothing is held" in again.output


def test_a_later_run_does_not_bring_it_back(folder: Path) -> None:
    assert invoke(folder, "forget", "--call", "call-to-forget").exit_code == 0
    run = invoke(folder, "run", str(folder / "calls"))
    assert run.exit_code == 0, run.output
    assert "1 call was forgotten on purpose" in run.output
    assert_forgotten(folder)


def test_what_nobody_holds_is_said(folder: Path) -> None:
    done = invoke(folder, "forget", "--customer", "nobody")
    assert done.exit_code == 2 and "Nothing is held of 'nobody'" in done.output
    assert invoke(folder, "forget").exit_code == 2
