"""The index of calls: whatever was committed, and by whom, it says what the tables say."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select, text
from stored import heard, make_score, make_store

from qa_pipeline.reading import follow
from qa_pipeline.reading.database import open_database, writing
from qa_pipeline.reading.follow import catch_up, index_state, rebuild
from qa_pipeline.reading.index import Effective, behind, call_index, set_effective
from qa_pipeline.reading.tables import rows
from qa_pipeline.results.periods import close_period, reopen_period
from qa_pipeline.results.store import Store
from qa_pipeline.settings import Settings

DAYS = (date(2026, 5, 11), date(2026, 5, 12), date(2026, 5, 13))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


@pytest.fixture
def engine(tmp_path: Path, empty_database: str | None) -> Engine:
    return open_database(Settings(results=str(tmp_path / "results"), review_database=empty_database))


def started(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def commit(
    store: Store,
    conversation_id: str,
    call_id: str,
    day: date | None = DAYS[0],
    *,
    at_least: int = 1,
    purpose: str = "official",
    **meta: str,
) -> None:
    spoken = heard(conversation_id, call_id, started_at=started(day) if day else None, **meta)
    store.write_conversations([spoken], run_id="r")
    store.write_scores([make_score(spoken, at_least=at_least)], purpose=purpose, run_id="r")


def indexed(engine: Engine) -> dict[str, tuple[object, ...]]:
    with engine.connect() as connection:
        asked = select(
            call_index.c.call_id, call_index.c.conversation_id, call_index.c.score_id, call_index.c.call_date, call_index.c.percent
        )
        return {row[0]: tuple(row[1:]) for row in connection.execute(asked)}


def stored(store: Store) -> dict[str, tuple[object, ...]]:
    """The same by the views, over everything."""
    sql = """select c.call_id, c.conversation_id, s.score_id, cast(c.call_date as varchar), s.percent
        from current_calls c left join current_scores s using (call_id)"""
    return {row["call_id"]: tuple(row.values())[1:] for row in rows(store, sql)}


def test_an_empty_root_has_an_empty_index(store: Store, engine: Engine) -> None:
    assert catch_up(engine, store).calls == 0
    assert indexed(engine) == {}


def test_what_is_committed_after_the_first_time_comes_in(store: Store, engine: Engine) -> None:
    commit(store, "one", "c1")
    assert catch_up(engine, store).is_whole
    commit(store, "two", "c2", DAYS[1])
    caught = catch_up(engine, store)
    assert (caught.calls, caught.is_whole) == (1, False)
    assert indexed(engine) == stored(store)
    assert len(indexed(engine)) == 2


def test_nothing_new_reads_no_table(store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(store, "one", "c1")
    catch_up(engine, store)
    monkeypatch.setattr(Store, "read", None)
    assert catch_up(engine, store).calls == 0


def test_joining_small_files_is_no_change(store: Store, engine: Engine) -> None:
    for number in range(3):
        commit(store, f"v{number}", f"c{number}")
    catch_up(engine, store)
    before = store.path("scores")
    from deltalake import DeltaTable

    for name in ("calls", "scores"):
        DeltaTable(store.path(name)).optimize.compact()
    assert DeltaTable(before).version() > 0
    caught = catch_up(engine, store)
    assert (caught.calls, caught.is_whole) == (0, False)


def test_a_log_that_was_cut_back_makes_it_anew(store: Store, engine: Engine) -> None:
    commit(store, "one", "c1")
    catch_up(engine, store)
    for number in range(2, 5):
        commit(store, f"v{number}", f"c{number}", DAYS[1])
    for name in ("calls", "scores"):
        from deltalake import DeltaTable

        DeltaTable(store.path(name)).create_checkpoint()
        for old in sorted(Path(store.path(name), "_delta_log").glob("*.json"))[:-1]:
            old.unlink()
    assert catch_up(engine, store).is_whole
    assert indexed(engine) == stored(store)


def test_another_form_or_another_root_makes_it_anew(store: Store, engine: Engine) -> None:
    commit(store, "one", "c1")
    catch_up(engine, store)
    with writing(engine) as connection:
        connection.execute(text("update index_state set form = 0"))
    assert catch_up(engine, store).is_whole
    with writing(engine) as connection:
        connection.execute(text("update index_state set root = 'elsewhere'"))
    assert catch_up(engine, store).is_whole
    assert indexed(engine) == stored(store)


def test_an_index_whose_table_has_other_columns_is_made_anew(store: Store, engine: Engine) -> None:
    commit(store, "one", "c1")
    catch_up(engine, store)
    with writing(engine) as connection:
        connection.execute(text("alter table call_index add column older text"))
        connection.execute(text("update index_state set form = 0"))
    assert catch_up(engine, store).is_whole
    assert indexed(engine) == stored(store)


def test_a_call_that_gets_another_day_leaves_the_old_one(store: Store, engine: Engine) -> None:
    commit(store, "one", "c1", DAYS[0])
    commit(store, "two", "c2", DAYS[0])
    catch_up(engine, store)
    commit(store, "three", "c1", DAYS[2])
    catch_up(engine, store)
    assert indexed(engine) == stored(store)
    assert indexed(engine)["c1"][2] == "2026-05-13"


def test_deleted_calls_leave_the_index(store: Store, engine: Engine) -> None:
    commit(store, "one", "c1")
    commit(store, "two", "c2")
    catch_up(engine, store)
    for name in ("scores", "calls"):
        store.forget(name, "call_id", ["c1"])
    catch_up(engine, store)
    assert indexed(engine).keys() == {"c2"}


def test_a_trial_shows_where_there_is_no_official_score(store: Store, engine: Engine) -> None:
    commit(store, "one", "c1", purpose="trial")
    catch_up(engine, store)
    with engine.connect() as connection:
        assert connection.execute(select(call_index.c.purpose)).scalar_one() == "trial"


def test_decisions_stay_with_their_score_and_are_behind_under_another(store: Store, engine: Engine) -> None:
    commit(store, "one", "c1")
    commit(store, "two", "c2")
    catch_up(engine, store)
    decided = Effective(
        percent=50.0,
        passed=False,
        critical_failed=False,
        critical_state="none",
        outcomes="n",
        to_review=False,
        waiting=None,
        is_disputed=False,
        is_confirmed=True,
        decided_count=1,
        stale_count=0,
        decisions_version=1,
    )
    with writing(engine) as connection:
        set_effective(connection, "c1", decided)
    commit(store, "three", "c3")
    catch_up(engine, store)
    with engine.connect() as connection:
        row = connection.execute(select(call_index).where(call_index.c.call_id == "c1")).mappings().one()
        assert (row["effective_percent"], row["decisions_version"], row["is_behind"]) == (50.0, 1, False)
        assert (row["outcomes"], row["effective_outcomes"]) == ("m", "n")
        assert behind(connection) == []
    spoken = heard("one", "c1", started_at=started(DAYS[0]))
    store.write_scores([make_score(spoken, at_least=9)], purpose="official", run_id="r")
    catch_up(engine, store)
    with engine.connect() as connection:
        assert behind(connection) == ["c1"]
    rebuild(engine, store)
    with engine.connect() as connection:
        assert behind(connection) == ["c1"]
        assert connection.execute(select(call_index.c.decisions_version).where(call_index.c.call_id == "c1")).scalar_one() == 1


def test_a_failed_catching_up_leaves_the_index_as_it_was(store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(store, "one", "c1")
    catch_up(engine, store)
    before = indexed(engine)
    commit(store, "two", "c2")
    monkeypatch.setattr("qa_pipeline.reading.follow._keep_state", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        catch_up(engine, store)
    assert indexed(engine) == before
    monkeypatch.undo()
    catch_up(engine, store)
    assert indexed(engine) == stored(store)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_after_any_commits_it_says_what_the_tables_say(
    tmp_path: Path, store: Store, empty_databases: tuple[str | None, ...], seed: int
) -> None:
    engines = [open_database(Settings(results=str(tmp_path / "results"), review_database=url)) for url in empty_databases]
    chance = random.Random(seed)
    calls = [f"c{n}" for n in range(4)]
    closed: list[str] = []

    def hear() -> None:
        commit(
            store,
            f"v{chance.random()}",
            chance.choice(calls),
            chance.choice((*DAYS, None)),
            purpose=chance.choice(("official", "official", "trial")),
        )

    def score_again() -> None:
        found = rows(store, "select conversation_id, call_id, started_at from calls order by conversation_id")
        if found:
            row = chance.choice(found)
            spoken = heard(row["conversation_id"], row["call_id"], started_at=row["started_at"])
            store.write_scores([make_score(spoken, at_least=chance.randint(2, 30))], purpose="official", run_id="r")

    def close() -> None:
        closed.append(close_period(store, DAYS[0], DAYS[chance.randint(0, 2)], team=None, reason="paid", author=None).period_id)

    def reopen() -> None:
        if closed:
            reopen_period(store, closed.pop(), reason="wrong", author=None)

    def drop() -> None:
        call_id = chance.choice(calls)
        for name in ("scores", "calls"):
            store.forget(name, "call_id", [call_id])

    actions: list[Callable[[], None]] = [hear, hear, hear, score_again, score_again, close, reopen, drop]
    for _ in range(14):
        chance.choice(actions)()
        if chance.random() < 0.6:
            wanted = stored(store)
            official = {call_id for call_id, row in wanted.items() if row[1]}
            for engine in engines:
                catch_up(engine, store)
                found = indexed(engine)
                assert {k: v for k, v in found.items() if k in official} == {k: v for k, v in wanted.items() if k in official}
                assert found.keys() == wanted.keys()
    for engine in engines:
        engine.dispose()


def test_the_state_says_which_versions_were_seen(store: Store, engine: Engine) -> None:
    commit(store, "one", "c1")
    catch_up(engine, store)
    with engine.connect() as connection:
        row = connection.execute(select(index_state)).mappings().one()
    assert (row["root"], row["calls_version"], row["scores_version"], row["periods_version"]) == (store.root, 0, 0, -1)


def test_calls_that_are_behind_are_found_without_looking_at_all(store: Store, engine: Engine) -> None:
    commit(store, "v1", "c1")
    catch_up(engine, store)
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        asked = select(call_index.c.call_id).where(call_index.c.is_behind).compile(dialect=engine.dialect)
        plan = connection.execute(text(f"explain query plan {asked}")).all()
    assert "USING INDEX call_index_behind" in str(plan)


def test_a_day_that_goes_on_leaves_rows_alone_that_are_as_they_were(store: Store, engine: Engine) -> None:
    for number in range(3):
        commit(store, f"v{number}", f"c{number}", agent_id="a1", team="t")
    catch_up(engine, store)
    with writing(engine) as connection:
        connection.execute(text("create table touched (call_id text)"))
        if engine.dialect.name == "sqlite":
            connection.execute(text("create trigger touch after insert on call_index begin insert into touched values (new.call_id); end"))
    commit(store, "v9", "c9", agent_id="a1", team="t")
    commit(store, "v0b", "c0", agent_id="a2", team="t")
    assert catch_up(engine, store).calls == 2
    assert indexed(engine) == stored(store)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            assert set(connection.execute(text("select call_id from touched")).scalars()) == {"c9", "c0"}


@pytest.mark.slow
def test_who_comes_between_reading_and_writing_loses_nothing(store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(store, "v1", "c1")
    catch_up(engine, store)
    commit(store, "v2", "c2")
    read, others = follow._read_changes, [lambda: commit(store, "v3", "c3"), lambda: commit(store, "v4", "c4")]

    def read_while_others_come(connection: Connection, of: Store) -> object:
        found = read(connection, of)
        if others:
            others.pop()()
            monkeypatch.setattr(follow, "_read_changes", read)
            catch_up(engine, store)
            monkeypatch.setattr(follow, "_read_changes", read_while_others_come)
        return found

    monkeypatch.setattr(follow, "_read_changes", read_while_others_come)
    catch_up(engine, store)
    assert others == []
    assert indexed(engine) == stored(store)
    assert set(indexed(engine)) == {"c1", "c2", "c3", "c4"}


def test_a_connection_that_is_kept_holds_no_more_pages_for_having_made_it(store: Store) -> None:
    heard(store, "a")
    engine = open_database(Settings(results=store.root, review_database=f"sqlite:///{store.root}/review.db"), keeps_connections=True)
    with engine.connect() as connection:
        before = connection.exec_driver_sql("pragma cache_size").scalar_one()
    rebuild(engine, store)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("pragma cache_size").scalar_one() == before
    engine.dispose()
