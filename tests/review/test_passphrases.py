"""Passphrases: which are refused, how an account waits after wrong ones, and what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from desks import make_desk
from sqlalchemy import Engine, select, update

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Role
from qa_pipeline.review import passphrases
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.passphrases import PassphraseRefused, SignInRefused, check_passphrase, set_passphrase, sign_in
from qa_pipeline.review.people import add_account, deactivate
from qa_pipeline.review.sessions import begin_session, read_session
from qa_pipeline.review.tables import audit, credentials

GOOD = "quiet river under stones"
DEAR = passphrases._hasher


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashes at the least cost: what they cost is one test's affair."""
    monkeypatch.setattr(passphrases, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passphrases._nobody.cache_clear()
    yield
    passphrases._nobody.cache_clear()


@pytest.fixture
def engine(tmp_path: Path, database: str | None) -> Engine:
    engine = make_desk(tmp_path, database=database).engine
    account = add_account(engine, "mei", roles=(Role.REVIEWER,))
    with writing(engine) as connection:
        set_passphrase(connection, account, GOOD)
    return engine


@pytest.mark.parametrize(
    ("passphrase", "why"),
    [
        ("short words", "short"),
        ("x" * 201, "long"),
        ("password1234", "guessed"),
        ("P@ssw0rd!!!!", "guessed"),
        ("Summer2026!!", "guessed"),
        ("qwertyuiop123", "guessed"),
        ("correct horse battery staple", "guessed"),
        ("aaaaaaaaaaaaaaa", "guessed"),
        ("123456789012345", "guessed"),
        ("mei.kowalska 2026", "guessed"),
        ("passwordmei.kowalska", "guessed"),
    ],
)
def test_what_is_easily_guessed_is_refused(passphrase: str, why: str) -> None:
    with pytest.raises(PassphraseRefused) as refused:
        check_passphrase(passphrase, name="mei.kowalska")
    assert refused.value.why == why


@pytest.mark.parametrize(
    "passphrase", [GOOD, "cztery zielone parasole", "fyra gröna paraplyer", "四把绿色的雨伞在门口左边等人", "tR7#kk2!vQz9"]
)
def test_what_is_not_is_taken(passphrase: str) -> None:
    check_passphrase(passphrase, name="mei")


def test_only_a_salted_hash_is_kept_that_is_dear_to_guess_and_a_cheaper_one_is_made_anew(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passphrases, "_hasher", DEAR)
    sign_in(engine, "mei", GOOD)
    with engine.connect() as connection:
        secret = connection.execute(select(credentials.c.secret)).scalar_one()
    assert secret.startswith("$argon2id$v=19$m=65536,t=3,") and GOOD not in secret


def test_wrong_ones_make_the_account_wait_longer_each_time_and_the_right_one_ends_it(engine: Engine) -> None:
    waits = []
    for _ in range(7):
        with pytest.raises(SignInRefused):
            sign_in(engine, "mei", "wrong")
        with engine.connect() as connection:
            until = connection.execute(select(credentials.c.locked_until)).scalar_one()
        waits.append(None if until is None else round((from_text(until) - datetime.now(UTC)).total_seconds(), -1))
        # As if the wait were over.
        with writing(engine) as connection:
            connection.execute(update(credentials).values(locked_until=as_text(datetime.now(UTC) - timedelta(seconds=1))))
    assert waits == [None, None, None, None, 30, 60, 120]
    assert sign_in(engine, "mei", GOOD).name == "mei"
    with engine.connect() as connection:
        assert connection.execute(select(credentials.c.failures, credentials.c.locked_until)).one() == (0, None)


def test_an_account_that_waits_is_told_like_a_name_that_is_not_there_even_with_the_right_one(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(credentials).values(locked_until=as_text(datetime.now(UTC) + timedelta(minutes=2))))
    told = set()
    for name, passphrase in (("mei", GOOD), ("mei", "wrong"), ("nobody at all", "wrong")):
        with pytest.raises(SignInRefused) as refused:
            sign_in(engine, name, passphrase)
        told.add((refused.value.message, refused.value.advice))
    assert len(told) == 1


def test_an_account_that_is_not_active_does_not_sign_in(engine: Engine) -> None:
    deactivate(engine, "mei")
    with pytest.raises(SignInRefused):
        sign_in(engine, "mei", GOOD)


def test_another_passphrase_signs_out_everywhere(engine: Engine) -> None:
    account = sign_in(engine, "mei", GOOD)
    token = begin_session(engine, account.account, hours=1)
    assert read_session(engine, token, idle_minutes=5) is not None
    with writing(engine) as connection:
        set_passphrase(connection, account, "four green umbrellas")
    assert read_session(engine, token, idle_minutes=5) is None
    with pytest.raises(SignInRefused):
        sign_in(engine, "mei", GOOD)


def test_signing_in_is_on_record(engine: Engine) -> None:
    with pytest.raises(SignInRefused):
        sign_in(engine, "mei", "wrong")
    sign_in(engine, "mei", GOOD)
    with engine.connect() as connection:
        did = connection.execute(select(audit.c.did).where(audit.c.who == "mei").order_by(audit.c.number)).scalars().all()
    assert did == ["sign-in refused", "signed in"]


def test_a_refused_passphrase_changes_nothing(engine: Engine) -> None:
    account = sign_in(engine, "mei", GOOD)
    with pytest.raises(InputRefused), writing(engine) as connection:
        set_passphrase(connection, account, "short")
    assert sign_in(engine, "mei", GOOD).name == "mei"
