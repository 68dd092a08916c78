"""One list of all places that hold something of a call: nothing is in none of them, and what forgetting erases an access report tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from desks import commit, make_desk, reopen
from sqlalchemy import insert, select

from qa_pipeline.conversation.written import conversation
from qa_pipeline.privacy.cases import without_cases
from qa_pipeline.privacy.forget import Gone, forget
from qa_pipeline.privacy.going import Going, what_goes
from qa_pipeline.privacy.needles import Needles
from qa_pipeline.privacy.places import HOLDS_NOTHING, RECORDINGS, WRITTEN, Ground, places
from qa_pipeline.privacy.traces import holds_any
from qa_pipeline.reading.database import DERIVED, PEOPLE, writing
from qa_pipeline.reading.viewer import Role, local_viewer
from qa_pipeline.recordings.known_files import KnownFiles
from qa_pipeline.results.outside import OUTSIDE
from qa_pipeline.results.tables import TABLES
from qa_pipeline.review.coaching import read_note, write_note
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.held import HELD
from qa_pipeline.review.held import HOLDS_NOTHING as TABLES_OF_NOTHING
from qa_pipeline.review.holds import hold, list_holds, release
from qa_pipeline.review.people import add_account
from qa_pipeline.review.tables import audit, drafts, webhook_messages, webhooks
from qa_pipeline.review.written import Sort, note_written
from qa_pipeline.settings import Settings

pytestmark = pytest.mark.slow

SAID = "my letters go to the blue house behind the mill, ask for Rosalind Quillfeather there"
ALSO_SAID = "thank you for calling Blue Line, how may I help you on this fine day?"
LOCAL = local_viewer("Wu")


def test_every_table_and_every_file_is_of_a_place_or_holds_nothing_of_a_call() -> None:
    covered = [name for place in places() for name in place.covers]
    assert len(covered) == len(set(covered))
    of_people = {f"review database: {table.name}" for table in (*PEOPLE.sorted_tables, *DERIVED.sorted_tables)}
    known = {*TABLES, *of_people, *(one.name for one in OUTSIDE)}
    nothing = {*HOLDS_NOTHING, *(f"review database: {table.name}" for table in TABLES_OF_NOTHING)}
    assert known - nothing == set(covered) - {"cases"}
    assert {held.table.name for held in HELD}.isdisjoint(table.name for table in TABLES_OF_NOTHING)


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    return make_ground(tmp_path, monkeypatch)


def make_ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str | None = None) -> Ground:
    """Two calls, one of them with something in every place that people fill."""
    desk = make_desk(tmp_path, database=database, calls=())
    for call_id, said, customer in (
        ("call-gone", SAID, "customer-9"),
        ("call-gone-not", "all is well, thank you very much for asking me", "customer-90"),
    ):
        spoken = conversation(f"0:00 agent: {ALSO_SAID}", f"0:05 customer: {said}", language="en", call_id=call_id)
        stored = commit(desk.store, call_id, customer_id=customer)
        spoken = replace(
            spoken, call=replace(stored.call, audio_sha256=call_id.ljust(64, "0")), conversation_id=f"{call_id}-again", vectors={}
        )
        desk.store.write_conversations([spoken], run_id="r2")
    settings = Settings(results=desk.store.root, cache=tmp_path / "cache", rubrics=tmp_path / "rubrics", review_database=database)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    desk = reopen(tmp_path, database=database)
    fill(desk, settings, tmp_path)
    return Ground(store=desk.store, settings=settings, engine=desk.engine)


def fill(desk: Desk, settings: Settings, folder: Path) -> None:
    write_note(desk, LOCAL, "a1", "the customer is deaf; speak slowly", call_id="call-gone")
    write_note(desk, LOCAL, "a1", f"as in call-gone, where they said: {SAID}")
    write_note(desk, LOCAL, "a1", "as in call-gone-not")
    add_account(desk.engine, "piotr", roles=[Role.TRAINER])
    case = f"- name: call-gone 1:05\n  dialogue: |\n    0:01 customer: yes\n- name: copied\n  dialogue: |\n    customer: {SAID}\n- name: of another\n  dialogue: x\n"
    with writing(desk.engine) as connection:
        connection.execute(
            insert(drafts).values(account=1, file="hotline.cases.yaml", text=f"# kept\n{case}", based_on="", at="2026-05-11")
        )
        connection.execute(insert(audit).values(at="2026-05-11", did="asked", about="select * from calls where customer_id = 'customer-9'"))
        connection.execute(insert(audit).values(at="2026-05-11", did="asked", about="… where customer_id = 'customer-90'"))
        connection.execute(
            insert(webhooks).values(
                webhook=1,
                url="https://x.example",
                account=1,
                secret="s",
                events="",
                created_at="2026",
                seen_audit=0,
                seen_scores="",
                seen_runs="",
            )
        )
        connection.execute(
            insert(webhook_messages).values(
                message="m",
                webhook=1,
                about="x",
                event="e",
                call_id="call-gone",
                body='{"call_id": "call-gone"}',
                created_at="2026",
                tries=0,
            )
        )
        for name, text in (("mine.csv", "call-gone;75"), ("other.csv", "call-gone-not;75")):
            (folder / name).write_text(text, "utf-8")
            note_written(connection, folder / name, Sort.EXPORT, author="Wu")
    (folder / "rubrics").mkdir(exist_ok=True)
    (folder / "rubrics" / "hotline.cases.yaml").write_text(case, "utf-8")
    recording = folder / "call.wav"
    recording.write_bytes(b"sound")
    known = KnownFiles(settings.work / "files.sqlite")
    assert known.sha256(str(recording))
    sha = "call-gone".ljust(64, "0")
    for name, text in (
        (f"work/sound/{sha[:2]}/{sha}.peaks", "peaks"),
        (f"work/sound/{sha[:2]}/{sha}-77.flac", "flac"),
        ("work/aa/bb.json.gz", SAID),
        ("work/rescore-1/lot", SAID),
        ("norms-1.json", SAID),
        ("drafts/1/hotline.cases.yaml", case),
    ):
        path = settings.cache / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    for path in (Path(desk.store.root) / "_nights" / "20200101" / "0.json", folder / "temporary" / "qa-rows-1" / "x.arrow"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SAID, "utf-8")


def going_of(ground: Ground) -> Going:
    return what_goes(ground.store, ground.settings, customer_id="customer-9")


def let_go(ground: Ground, *, also: tuple[str, ...] = ()) -> Gone:
    return forget(ground, going_of(ground), also=also)


def test_what_others_say_too_proves_nothing(ground: Ground) -> None:
    going = going_of(ground)
    assert SAID in going.words and SAID in going.quotable and ALSO_SAID not in going.words


def test_a_note_keeps_what_is_the_agents_and_loses_what_is_of_the_call(ground: Ground, tmp_path: Path) -> None:
    assert let_go(ground).found == ()
    desk = Desk(engine=ground.engine, store=ground.store, rubrics=ground.settings.rubrics)
    first, second, third = (read_note(desk, LOCAL, number) for number in (1, 2, 3))
    assert (first.call_id, first.entries[0].text) == (None, "[forgotten]")
    assert second.entries[0].text == "as in [forgotten], where they said: [forgotten]"
    assert third.entries[0].text == "as in call-gone-not"


def test_cases_drafts_and_messages_of_it_go_and_others_stay(ground: Ground, tmp_path: Path) -> None:
    assert let_go(ground).erased["cases of rubrics"] == 2
    assert (tmp_path / "rubrics" / "hotline.cases.yaml").read_text("utf-8") == "- name: of another\n  dialogue: x\n"
    with ground.engine.connect() as connection:
        assert connection.execute(select(drafts.c.text)).scalar_one() == "# kept\n- name: of another\n  dialogue: x\n"
        assert connection.execute(select(webhook_messages)).all() == []
        asked = list(connection.execute(select(audit.c.about).where(audit.c.did == "asked").order_by(audit.c.number)).scalars())
    assert asked == ["select * from calls where customer_id = '[forgotten]'", "… where customer_id = 'customer-90'"]


def test_files_that_hold_it_go_wherever_they_lie(ground: Ground) -> None:
    assert let_go(ground).found == ()
    left = sorted(path.relative_to(ground.settings.cache).as_posix() for path in ground.settings.cache.rglob("*") if path.is_file())
    assert [name for name in left if not name.startswith("work/files.sqlite")] == []


def test_exports_are_told_and_deleted_where_that_is_asked(ground: Ground, tmp_path: Path) -> None:
    assert let_go(ground).yours == {WRITTEN: (str(tmp_path / "mine.csv"),)}
    assert (tmp_path / "mine.csv").is_file()


def test_an_export_without_it_is_left(ground: Ground, tmp_path: Path) -> None:
    gone = let_go(ground, also=(WRITTEN, RECORDINGS))
    assert gone.yours == {} and gone.erased[WRITTEN] == 1
    assert not (tmp_path / "mine.csv").exists() and (tmp_path / "other.csv").is_file()


def test_a_place_holds_nothing_once_it_is_erased(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str | None) -> None:
    ground = make_ground(tmp_path, monkeypatch, database)
    desk = reopen(tmp_path, database=database)
    for whom in ({"call_id": "call-gone"}, {"customer_id": "customer-9"}, {"customer_id": "customer-90"}):
        release(desk, LOCAL, hold(desk, LOCAL, reason="a court asked", **whom), reason="settled")
    going = going_of(ground)
    before = {place.name for place in places() if place.holds(ground, going)}
    assert {
        "review database: coaching",
        "review database: drafts",
        "cases of rubrics",
        WRITTEN,
        "table utterances",
        "review database: audit",
    } <= before
    let_go(ground, also=(WRITTEN,))
    again = Ground(store=ground.store, settings=ground.settings, engine=ground.engine)
    assert [place.name for place in places() if place.holds(again, going)] == []
    assert [one.whom for one in list_holds(again.engine, every=True)] == ["customer [forgotten]", "customer customer-90"]


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ("call-gone", True),
        ("(call-gone)", True),
        ("call-gone-not", False),
        ("a-call-gone", False),
        ("x call-gone1", False),
        ("Zażółć gęślą jaźń", True),
        (r"Za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105 ja\u017a\u0144", True),
        ("Tom &amp; Jerry", True),
    ],
)
def test_needles_are_found_as_files_write_them(text: str, is_there: bool) -> None:
    needles = Needles(words=("Zażółć gęślą jaźń", "Tom & Jerry"), ids=("call-gone",))
    assert needles.are_in(text.encode()) is is_there


def test_a_case_is_taken_out_whole_and_comments_stay() -> None:
    text = '# top\n- name: "c1 1:05 (2)"\n  dialogue: |\n    - not a case\n- name: c12 1:05\n  dialogue: y\n'
    taken = without_cases(text, ["c1"], [])
    assert taken.names == ("c1 1:05 (2)",) and taken.text == "# top\n- name: c12 1:05\n  dialogue: y\n"


def test_a_value_that_parquet_cut_short_is_no_find(tmp_path: Path) -> None:
    long = "x " * 27 + "call-gone-not and more"
    write_deltalake(tmp_path / "cut", pa.table({"text": [long]}))
    write_deltalake(tmp_path / "whole", pa.table({"text": ["x " * 40 + "call-gone", "y"]}))
    needles = Needles(ids=("call-gone",), words=())
    found = {folder: [holds_any(file, needles) for file in (tmp_path / folder).glob("*.parquet")] for folder in ("cut", "whole")}
    assert found == {"cut": [False], "whole": [True]}


def test_what_is_held_of_one_call_is_not_taken_for_what_is_held_of_another(ground: Ground) -> None:
    other = what_goes(ground.store, ground.settings, call_id="call-gone-not")
    ground.held_reviews(going_of(ground))
    assert ground.held_reviews(other) == replace(ground, _kept={}).held_reviews(other)
