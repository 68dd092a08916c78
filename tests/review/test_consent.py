"""A call without the consent that its rubric asks for is kept from people until somebody with the right decides; the register says what was agreed to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from desks import commit, make_rubric, reopen
from sqlalchemy import select
from stored import make_store

from qa_pipeline.cli.main import main
from qa_pipeline.errors import AccessRefused, InputRefused, NotThere, RubricError
from qa_pipeline.reading.asking import ask_anything
from qa_pipeline.reading.consents import Ruled, State
from qa_pipeline.reading.follow import rebuild
from qa_pipeline.reading.pages import count, find_call, page
from qa_pipeline.reading.viewer import MACHINE, Role, Tenure, Viewer, local_viewer
from qa_pipeline.review.consent import calls_of, list_register, rule, whole_register
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.people import add_account, viewer_of
from qa_pipeline.review.tables import audit
from qa_pipeline.rubric.canonical import rubric_sha256
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.rubric.schema import Consent, Rubric

MEI = Viewer(name="mei", account=2, roles=frozenset({Role.REVIEWER}))
ANNA = Viewer(name="anna", account=1, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="north"),))
OTHER = replace(ANNA, teams=(Tenure(team="south"),))
WU = local_viewer("Wu")


def asking(criterion: str, rubric_id: str, **more: object) -> Rubric:
    """A rubric that asks for consent by one of its criteria: calls here have two turns, so `turns` is met and `long` is not."""
    return make_rubric(rubric_id=rubric_id).model_copy(update={"consent": Consent(criterion=criterion, **more)})  # type: ignore[arg-type]


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    store = make_store(tmp_path)
    commit(store, "given", rubric=asking("turns", "a"), customer_id="k1")
    commit(store, "absent", rubric=asking("long", "b"), customer_id="k2")
    commit(store, "listed", rubric=asking("long", "c", holds_back=False), customer_id="k3")
    commit(store, "withdrawn", rubric=asking("turns", "d", withdrawn_by=("turns",)), customer_id="k4")
    commit(store, "unasked", customer_id="k5")
    desk = reopen(tmp_path, database=database)
    add_account(desk.engine, "anna", roles=[Role.SUPERVISOR])
    return desk


def seen(desk: Desk, viewer: Viewer) -> set[str]:
    return {line.call_id for line in page(desk.engine, viewer).lines}


def test_what_lacks_consent_is_seen_by_nobody_but_the_machine(desk: Desk) -> None:
    rest = {"given", "listed", "unasked"}
    for viewer in (MEI, ANNA, WU):
        assert seen(desk, viewer) == rest and count(desk.engine, viewer) == 3
        with pytest.raises(AccessRefused, match="held back"):
            find_call(desk.engine, viewer, "absent")
    assert seen(desk, MACHINE) == {*rest, "absent", "withdrawn"}
    assert find_call(desk.engine, MACHINE, "absent").call_id == "absent"
    # Who would not see it anyway learns nothing.
    with pytest.raises(NotThere):
        find_call(desk.engine, OTHER, "absent")


@pytest.mark.slow
def test_questions_in_sql_hold_nothing_of_it(desk: Desk) -> None:
    for table in ("calls", "utterances", "findings", "scores"):
        names = {row["call_id"] for row in ask_anything(desk.store, WU, f"select call_id from {table}", engine=desk.engine)}
        assert names == {"given", "listed", "unasked"}
    assert ask_anything(desk.store, WU, "select * from embeddings", engine=desk.engine) == ()
    with pytest.raises(AccessRefused, match="does not know which"):
        ask_anything(desk.store, WU, "select call_id from calls")


def test_the_register_says_what_was_found_and_where(desk: Desk) -> None:
    found = {one.call_id: one for one in whole_register(desk, ANNA)}
    assert {name: (one.state, one.is_held_back) for name, one in found.items()} == {
        "given": (State.GIVEN, False),
        "absent": (State.ABSENT, True),
        "listed": (State.ABSENT, False),
        "withdrawn": (State.WITHDRAWN, True),
    }
    assert found["absent"].rubric == "b 1" and found["absent"].customer_id == "k2"
    assert [one.call_id for one in whole_register(desk, WU, only_held=True)] == ["absent", "withdrawn"]
    assert list_register(desk, OTHER).entries == ()
    with pytest.raises(AccessRefused):
        list_register(desk, MEI)


def test_the_register_is_read_in_parts_and_nothing_is_left_out(desk: Desk) -> None:
    whole = [one.call_id for one in list_register(desk, WU).entries]
    assert len(whole) == 4
    after, seen_in_parts = None, []
    for _ in whole:
        part = list_register(desk, WU, after=after, size=1)
        seen_in_parts += [one.call_id for one in part.entries]
        after = part.after
    assert seen_in_parts == whole and after is None
    with pytest.raises(NotThere, match="There is no call 'gone'"):
        list_register(desk, WU, after="gone")


def test_who_leads_the_team_releases_and_the_newest_word_counts(desk: Desk) -> None:
    anna = replace(viewer_of(desk.engine, "anna"), teams=ANNA.teams)
    with pytest.raises(AccessRefused):
        rule(desk, MEI, ["absent"], Ruled.RELEASED, reason="x")
    with pytest.raises(NotThere):
        rule(desk, OTHER, ["absent"], Ruled.RELEASED, reason="x")
    with pytest.raises(InputRefused):
        rule(desk, anna, ["absent"], Ruled.RELEASED, reason=" ")
    rule(desk, anna, ["absent"], Ruled.RELEASED, reason="signed on paper")
    assert "absent" in seen(desk, MEI)
    rule(desk, WU, calls_of(desk, WU, "k1"), Ruled.WITHDRAWN, reason="letter of 3 May")
    assert "given" not in seen(desk, MEI)
    (one,) = whole_register(desk, WU, call_id="absent")
    assert [(ruling.kind, ruling.reason, ruling.author) for ruling in one.rulings] == [(Ruled.RELEASED, "signed on paper", "anna")]
    with desk.engine.connect() as connection:
        did = connection.execute(select(audit.c.did, audit.c.call_id).where(audit.c.did.like("consent%")).order_by(audit.c.number)).all()
    assert [tuple(row) for row in did] == [("consent_released", "absent"), ("consent_withdrawn", "given")]


@pytest.mark.slow
def test_what_was_decided_stays_when_the_lists_are_made_anew_or_the_call_is_scored_again(desk: Desk) -> None:
    rule(desk, WU, ["absent"], Ruled.RELEASED, reason="on paper")
    rule(desk, WU, ["unasked"], Ruled.HELD_BACK, reason="asked by telephone")
    rebuild(desk.engine, desk.store)
    assert seen(desk, MEI) == {"given", "listed", "absent"}
    commit(desk.store, "absent", conversation_id="again", rubric=asking("long", "b"))
    commit(desk.store, "new", rubric=asking("long", "b"))
    bring_up_to_date(desk)
    assert seen(desk, MEI) == {"given", "listed", "absent"}


def invoke(desk: Desk, tmp_path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        main, list(arguments), env={"QA_PIPELINE_RESULTS": desk.store.root, "QA_PIPELINE_CACHE": str(tmp_path / "cache")}
    )


@pytest.mark.slow
def test_exports_and_reports_leave_it_out_until_it_is_released(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    commit(store, "given", rubric=asking("turns", "a"))
    commit(store, "absent", rubric=asking("long", "b"))
    desk = reopen(tmp_path)
    for arguments in (("export", str(tmp_path / "x.csv")), ("report", "--html", str(tmp_path / "x.html"))):
        done = invoke(desk, tmp_path, *arguments)
        assert done.exit_code == 0, done.output
    for name in ("x.csv", "x.html"):
        assert "given" in (tmp_path / name).read_text("utf-8-sig") and "absent" not in (tmp_path / name).read_text("utf-8-sig")
    assert invoke(desk, tmp_path, "scorecard", "absent").exit_code == 2
    assert "absent" in invoke(desk, tmp_path, "consent", "list", "--held").output
    assert invoke(desk, tmp_path, "consent", "release", "absent", "--reason", "on paper").exit_code == 0
    assert invoke(desk, tmp_path, "export", str(tmp_path / "x.csv")).exit_code == 0
    assert "absent" in (tmp_path / "x.csv").read_text("utf-8-sig")
    assert invoke(desk, tmp_path, "consent", "withdraw", "--call", "given", "--reason", "letter").exit_code == 0
    assert "No call" not in invoke(desk, tmp_path, "consent", "list", "--held").output


def test_a_rubric_names_a_criterion_and_answers_that_are_there(tmp_path: Path) -> None:
    plain = "id: small\nversion: 1\nsections:\n  - id: all\n    criteria:\n      - {id: asked, check: metric, metric: turns, at_least: 1}\n"
    path = tmp_path / "small.yaml"
    path.write_text(plain + "consent: {criterion: asked}\n", "utf-8")
    loaded = load_rubric(path)
    assert loaded.consent == Consent(criterion="asked")
    # A rubric that asks for none keeps its hash.
    assert rubric_sha256(loaded) != rubric_sha256(loaded.model_copy(update={"consent": None}))
    path.write_text(plain + "consent: {criterion: nothing, given: [yes_please]}\n", "utf-8")
    with pytest.raises(RubricError) as refused:
        load_rubric(path)
    assert "no criterion is called 'nothing'" in str([fault.message for fault in refused.value.faults])
    path.write_text(plain + "consent: {criterion: asked, given: [yes_please]}\n", "utf-8")
    with pytest.raises(RubricError) as refused:
        load_rubric(path)
    assert "has no answer 'yes_please'" in str([fault.message for fault in refused.value.faults])
