"""Pages of calls: the right rows in the right order, and nobody sees what is not theirs."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.database import DERIVED, open_database, writing
from qa_pipeline.reading.index import CallLine, call_index
from qa_pipeline.reading.pages import Key, Order, Wanted, count, find_call, page
from qa_pipeline.reading.viewer import Matter, Role, Tenure, Viewer, local_viewer
from qa_pipeline.settings import Settings

FIRST = date(2026, 5, 1)
TEAMS = ("north", "south", None)
AGENTS = ("a1", "a2", "a3", None)
EVERYBODY = local_viewer("root")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """120 calls, some without a day, an agent, a team or a score."""
    chance = random.Random(1)
    engine = open_database(Settings(results=str(tmp_path_factory.mktemp("root"))))
    rows = []
    for number in range(120):
        percent = chance.choice((None, 10.0, 50.0, 90.0))
        day = None if chance.random() < 0.1 else FIRST + timedelta(days=chance.randint(0, 20))
        rows.append(
            {
                "call_id": f"c{number:03}", "conversation_id": f"v{number}", "score_id": None if percent is None else f"s{number}", "layout": "mono",
                "call_date": day and day.isoformat(), "agent_id": chance.choice(AGENTS), "team": chance.choice(TEAMS), "effective_percent": percent,
                "review_reasons": chance.choice(("", "role_unsure", "role_unsure,low_coverage")), "to_review": chance.random() < 0.4,
                "doubt": chance.choice((0.0, 0.5, 2.0)), "decided_count": chance.choice((0, 0, 1)), "stale_count": 0, "decisions_version": 0,
                "waiting": chance.choice((None, "must_see", "unsure")), "is_disputed": chance.random() < 0.1, "is_confirmed": chance.random() < 0.2,
                "slice_place": chance.random(),
                "is_behind": False, "rubric_id": "hotline", "purpose": "official",
            }
        )  # fmt: skip
    with writing(engine) as connection:
        DERIVED.create_all(connection)
        connection.execute(insert(call_index), rows)
    return engine


def everything(
    engine: Engine, viewer: Viewer = EVERYBODY, wanted: Wanted | None = None, order: Order = Order.NEWEST, size: int = 7
) -> list[CallLine]:
    """All pages one after the other."""
    lines: list[CallLine] = []
    after: Key | None = None
    while True:
        found = page(engine, viewer, wanted or Wanted(), order=order, after=after, size=size)
        lines += found.lines
        after = found.after
        if after is None:
            return lines


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("size", [1, 7, 120, 500])
def test_pages_one_after_the_other_are_the_whole_list_once(engine: Engine, order: Order, size: int) -> None:
    lines = everything(engine, order=order, size=size)
    assert sorted(line.call_id for line in lines) == [f"c{n:03}" for n in range(120)]
    assert [line.call_id for line in lines] == [line.call_id for line in page(engine, EVERYBODY, order=order, size=500).lines]


def test_the_orders(engine: Engine) -> None:
    newest = [line.call_date for line in everything(engine)]
    dated = [day for day in newest if day]
    assert dated == sorted(dated, reverse=True)
    assert newest[: len(dated)] == dated
    lowest = [line.effective_percent for line in everything(engine, order=Order.LOWEST)]
    known = [percent for percent in lowest if percent is not None]
    assert known == sorted(known)
    assert lowest[: len(known)] == known


def test_a_page_can_be_jumped_to(engine: Engine) -> None:
    whole = everything(engine)
    assert list(page(engine, EVERYBODY, skip=60, size=20).lines) == whole[60:80]


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(team="north"), Wanted(agent_id="a1"), Wanted(to_review=True), Wanted(since=FIRST + timedelta(days=5), until=FIRST + timedelta(days=9)),
        Wanted(team="north", to_review=True), Wanted(is_decided=True), Wanted(is_decided=False), Wanted(rubric_id="hotline"),
    ],
)  # fmt: skip
def test_a_list_has_what_was_asked_for_and_its_count(engine: Engine, wanted: Wanted) -> None:
    def is_wanted(line: CallLine) -> bool:
        return (
            wanted.team in (None, line.team)
            and wanted.agent_id in (None, line.agent_id)
            and wanted.rubric_id in (None, line.rubric_id)
            and wanted.to_review in (None, line.to_review)
            and wanted.is_decided in (None, line.decided_count > 0)
            and (wanted.since is None or (line.call_date is not None and line.call_date >= wanted.since))
            and (wanted.until is None or (line.call_date is not None and line.call_date <= wanted.until))
        )

    expected = [line.call_id for line in everything(engine) if is_wanted(line)]
    assert 0 < len(expected) <= 120
    assert [line.call_id for line in everything(engine, wanted=wanted)] == expected
    assert count(engine, EVERYBODY, wanted) == len(expected)


VIEWERS = [
    Viewer(name="agent", account=1, roles=frozenset({Role.AGENT}), agent_ids=frozenset({"a1"})),
    Viewer(name="new agent", account=2, roles=frozenset({Role.AGENT})),
    Viewer(name="head", account=3, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="north"),)),
    Viewer(name="for a week", account=4, roles=frozenset({Role.SUPERVISOR}), teams=(Tenure(team="north", first=FIRST, last=FIRST + timedelta(days=7)),)),
    Viewer(name="reviewer", account=5, roles=frozenset({Role.REVIEWER})),
    Viewer(
        name="both", account=6, roles=frozenset({Role.AGENT, Role.SUPERVISOR}), agent_ids=frozenset({"a2"}), teams=(Tenure(team="south"),)
    ),
]  # fmt: skip


@pytest.mark.parametrize("viewer", VIEWERS, ids=lambda viewer: viewer.name)
def test_a_list_holds_exactly_the_calls_that_the_rule_lets_them_see(engine: Engine, viewer: Viewer) -> None:
    def sees(line: CallLine) -> bool:
        return viewer.sees(Matter.SCORE, agent_id=line.agent_id, team=line.team, day=line.call_date)

    every = everything(engine)
    assert [line.call_id for line in everything(engine, viewer)] == [line.call_id for line in every if sees(line)]
    assert count(engine, viewer) == sum(map(sees, every))
    for line in every:
        if sees(line):
            assert find_call(engine, viewer, line.call_id) == line
        else:
            with pytest.raises(InputRefused, match="There is no call"):
                find_call(engine, viewer, line.call_id)


def test_who_sees_no_scores_is_told_so(engine: Engine) -> None:
    operator = Viewer(name="night", account=7, roles=frozenset({Role.OPERATOR}))
    for ask in (lambda: page(engine, operator), lambda: count(engine, operator), lambda: find_call(engine, operator, "c001")):
        with pytest.raises(AccessRefused, match="may not see score"):
            ask()


def test_a_call_that_is_not_there_is_refused(engine: Engine) -> None:
    with pytest.raises(InputRefused, match="no call 'nine'"):
        find_call(engine, EVERYBODY, "nine")


@pytest.mark.parametrize("size", [0, 501])
def test_a_page_out_of_bounds_is_refused(engine: Engine, size: int) -> None:
    with pytest.raises(InputRefused, match="1 to 500"):
        page(engine, EVERYBODY, size=size)


def test_reasons_and_days_are_read_as_they_were(engine: Engine, tmp_path: Path) -> None:
    lines = everything(engine)
    assert {line.review_reasons for line in lines} == {(), ("role_unsure",), ("role_unsure", "low_coverage")}
    assert all(line.call_date is None or line.call_date >= FIRST for line in lines)
