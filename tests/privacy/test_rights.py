"""What a customer may ask for, and what a court may: all that is held is told, and what is held back from deletion stays."""

from __future__ import annotations

import json
import stat
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from desks import commit
from sqlalchemy import select, update
from test_places import LOCAL, SAID, make_ground

from qa_pipeline.cli.main import main
from qa_pipeline.errors import AccessRefused, InputRefused, NotThere
from qa_pipeline.privacy.access import as_page, gather
from qa_pipeline.privacy.forget import forget
from qa_pipeline.privacy.going import what_goes
from qa_pipeline.privacy.places import Ground, places
from qa_pipeline.reading.viewer import Role, Viewer
from qa_pipeline.review.coaching import read_note
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Note
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.forgetting import forget_notes
from qa_pipeline.review.holds import held_calls, hold, list_holds, release
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.tables import audit, coaching_entries, written_files
from qa_pipeline.running.retention import Retention, expire, expired


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    return make_ground(tmp_path, monkeypatch)


@pytest.fixture
def desk(ground: Ground) -> Desk:
    return Desk(engine=ground.engine, store=ground.store, rubrics=ground.settings.rubrics)


def invoke(ground: Ground, *arguments: str, **settings: str) -> Result:
    env = {
        "QA_PIPELINE_RESULTS": ground.store.root,
        "QA_PIPELINE_CACHE": str(ground.settings.cache),
        "QA_PIPELINE_RUBRICS": str(ground.settings.rubrics),
    }
    return CliRunner().invoke(main, list(arguments), env={**env, **settings})


# --- access -----------------------------------------------------------------------------------------------------------------------------


def test_an_access_report_tells_of_every_place_that_forgetting_erases(ground: Ground, tmp_path: Path) -> None:
    done = invoke(ground, "access-report", "--customer", "customer-9", "--to", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    data = json.loads((tmp_path / "out" / "access-report.json").read_text("utf-8"))
    going = what_goes(ground.store, ground.settings, customer_id="customer-9")
    assert set(data["held"]) >= {place.name for place in places() if place.holds(ground, going)}
    assert data["calls"] == ["call-gone"] and SAID in {row["text"] for row in data["held"]["table utterances"]["rows"]}
    assert "call-gone-not" not in json.dumps(data["held"]["table calls"])
    page = (tmp_path / "out" / "access-report.html").read_text("utf-8")
    assert SAID in page and "the customer is deaf; speak slowly" in page and str(tmp_path / "mine.csv") in page
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()} == {0o600}
    with ground.engine.connect() as connection:
        assert connection.execute(select(audit.c.call_id).where(audit.c.did == "exported")).scalars().all() == ["call-gone"]
        assert str(tmp_path / "out" / "access-report.html") in connection.execute(select(written_files.c.path)).scalars().all()


def test_what_callers_said_is_text_on_the_page(ground: Ground) -> None:
    ground.store.write_failures(
        [{"call_id": "call-gone", "source_uri": "/x.wav", "stage": "decode", "transient": False, "message": "<script>x</script>"}]
    )
    page = as_page(gather(ground, what_goes(ground.store, ground.settings, call_id="call-gone")))
    assert "&lt;script&gt;x" in page and "<script>" not in page


def test_it_is_said_of_whom(ground: Ground, tmp_path: Path) -> None:
    assert invoke(ground, "access-report", "--to", str(tmp_path)).exit_code == 2
    assert "Nothing is held of 'nobody'" in invoke(ground, "access-report", "--customer", "nobody", "--to", str(tmp_path)).output


# --- holds ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_held_is_not_forgotten_until_it_is_released(ground: Ground, desk: Desk) -> None:
    number = hold(desk, LOCAL, customer_id="customer-9", reason="letter of the court")
    for whom in (("--call", "call-gone"), ("--customer", "customer-9")):
        refused = invoke(ground, "forget", *whom)
        assert (
            refused.exit_code == 2 and f"customer customer-9 (hold {number}" in refused.output and "letter of the court" in refused.output
        )
    assert [one.whom for one in list_holds(ground.engine)] == ["customer customer-9"]
    assert "letter of the court" in invoke(ground, "hold", "list").output
    assert invoke(ground, "hold", "release", str(number), "--reason", "judged").exit_code == 0
    assert list_holds(ground.engine) == [] and list_holds(ground.engine, every=True)[0].released_reason == "judged"
    assert forget(ground, what_goes(ground.store, ground.settings, call_id="call-gone")).found == ()
    with ground.engine.connect() as connection:
        on_record = connection.execute(select(audit.c.did, audit.c.about).where(audit.c.did.in_(["held", "released"]))).all()
    assert [tuple(row) for row in on_record] == [("held", f"hold {number}"), ("released", f"hold {number}")]


@pytest.mark.slow
def test_a_hold_that_was_let_go_names_no_customer_who_was_forgotten(ground: Ground, desk: Desk) -> None:
    """Also not by an id so short that it is looked for in no text."""
    for call_id, customer_id in (("first", "K1"), ("second", "K1"), ("third", "K2")):
        commit(desk.store, call_id, customer_id=customer_id)
    bring_up_to_date(desk)
    for customer_id in ("K1", "K2"):
        number = hold(desk, LOCAL, customer_id=customer_id, reason="letter of the court")
        if customer_id == "K1":
            told = invoke(ground, "forget", "--customer", "K1", "--dry-run").output
            assert f"customer K1 (hold {number}" in told
        release(desk, LOCAL, number, reason="judged")
    # They have another call.
    assert forget(ground, what_goes(ground.store, ground.settings, call_id="first")).found == ()
    assert [one.whom for one in list_holds(ground.engine, every=True)] == ["customer K1", "customer K2"]
    assert forget(ground, what_goes(ground.store, ground.settings, customer_id="K1")).found == ()
    assert [one.whom for one in list_holds(ground.engine, every=True)] == ["customer [forgotten]", "customer K2"]


def test_a_hold_needs_a_reason_a_call_that_is_there_and_an_operator(desk: Desk) -> None:
    with pytest.raises(InputRefused, match="needs its reason"):
        hold(desk, LOCAL, call_id="call-gone", reason=" ")
    with pytest.raises(NotThere):
        hold(desk, LOCAL, call_id="nothing", reason="x")
    with pytest.raises(InputRefused, match="not said what"):
        hold(desk, LOCAL, reason="x")
    with pytest.raises(AccessRefused):
        hold(desk, Viewer(name="mei", account=1, roles=frozenset({Role.REVIEWER})), call_id="call-gone", reason="x")
    with pytest.raises(NotThere):
        release(desk, LOCAL, 7, reason="x")


@pytest.mark.slow
def test_retention_leaves_what_is_held_and_names_it(ground: Ground, desk: Desk) -> None:
    hold(desk, LOCAL, call_id="call-gone", reason="letter of the court")
    dry = invoke(ground, "retain", "--dry-run", QA_PIPELINE_KEEP_CALLS_DAYS="1", QA_PIPELINE_KEEP_WORDS_DAYS="1")
    assert "would lose" in dry.output and "letter of the court" in dry.output, dry.output
    done = invoke(ground, "retain", QA_PIPELINE_KEEP_CALLS_DAYS="1", QA_PIPELINE_KEEP_WORDS_DAYS="1")
    assert "Held and left as they are: 1 calls." in done.output, done.output
    assert {row["call_id"] for row in ground.store.read("calls", columns=["call_id"]).to_pylist()} == {"call-gone"}
    assert SAID in ground.store.read("utterances", columns=["text"])["text"].to_pylist()
    assert set(held_calls(ground.engine)) == {"call-gone"}


# --- retention --------------------------------------------------------------------------------------------------------------------------

TODAY = date(2030, 1, 1)


@pytest.mark.slow
def test_sound_goes_before_the_words_where_its_window_is_shorter(ground: Ground) -> None:
    work = ground.settings.work
    sound = {path for path in (work / "sound").rglob("*") if path.is_file()}
    assert set(expired(ground.store, Retention(sound_days=1), today=TODAY, work=work).stage_outputs) == sound
    found = set(expired(ground.store, Retention(words_days=1), today=TODAY, work=work).stage_outputs)
    assert sound < found and work / "aa" / "bb.json.gz" in found
    assert expired(ground.store, Retention(sound_days=1), today=TODAY, work=work, held=["call-gone"]).stage_outputs == ()


@pytest.mark.slow
def test_notes_go_by_their_own_time_from_tables_and_database(ground: Ground, desk: Desk) -> None:
    decide(desk, LOCAL, "call-gone-not", Note(), reason="rang twice")
    decide(desk, LOCAL, "call-gone", Note(), reason="rang once")
    hold_number = hold(desk, LOCAL, call_id="call-gone", reason="court")
    held = held_calls(ground.engine)
    tomorrow = date.today() + timedelta(days=2)
    assert expired(ground.store, Retention(notes_days=1), today=tomorrow, held=held).notes == 1
    assert expire(ground.store, Retention(notes_days=1), today=tomorrow, held=held).notes == 1
    assert forget_notes(ground.settings, before=tomorrow, but=held) == 3
    reasons = {row["call_id"]: row["reason"] for row in ground.store.read("decisions").to_pylist()}
    assert reasons == {"call-gone": "rang once", "call-gone-not": None}
    # The note that came up in the held call stays; the others are of no call.
    assert [read_note(desk, LOCAL, number).entries[0].text for number in (1, 2, 3)] == [
        "the customer is deaf; speak slowly",
        "[forgotten]",
        "[forgotten]",
    ]
    assert release(desk, LOCAL, hold_number, reason="over").hold == hold_number
    assert forget_notes(ground.settings, before=tomorrow) == 2
    with ground.engine.connect() as connection:
        assert set(connection.execute(select(coaching_entries.c.text)).scalars()) == {"[forgotten]"}


def test_exports_go_by_the_time_they_were_written(ground: Ground, tmp_path: Path) -> None:
    with ground.engine.begin() as connection:
        connection.execute(
            update(written_files).where(written_files.c.path == str(tmp_path / "mine.csv")).values(at="2020-01-01T00:00:00.000000Z")
        )
    assert str(tmp_path / "mine.csv") in invoke(ground, "retain", "--dry-run", QA_PIPELINE_KEEP_EXPORTS_DAYS="30").output
    assert (tmp_path / "mine.csv").is_file()
    assert invoke(ground, "retain", QA_PIPELINE_KEEP_EXPORTS_DAYS="30").exit_code == 0
    assert not (tmp_path / "mine.csv").exists() and (tmp_path / "other.csv").is_file()


def test_failures_of_held_calls_stay(ground: Ground, desk: Desk) -> None:
    at = "2026-05-11T00:00:00+00:00"
    rows = [
        {
            "call_id": call_id,
            "source_uri": f"/{number}.wav",
            "stage": "decode",
            "transient": False,
            "attempt": 1,
            "at": _time(at),
            "run_id": "r",
        }
        for number, call_id in enumerate(("call-gone", "other", None))
    ]
    ground.store.write_rows("failures", rows)
    hold(desk, LOCAL, call_id="call-gone", reason="court")
    assert expire(ground.store, Retention(failures_days=1), today=TODAY, held=held_calls(ground.engine)).failures == 2
    assert ground.store.read("failures", columns=["call_id"])["call_id"].to_pylist() == ["call-gone"]


def _time(text: str) -> object:
    from datetime import datetime

    return datetime.fromisoformat(text)
