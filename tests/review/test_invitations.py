"""One-time links: they work once, for a time, for one account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from desks import make_desk
from sqlalchemy import Engine, select, update

from qa_pipeline.errors import InputRefused, NotThere
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Role
from qa_pipeline.review.decisions import as_text
from qa_pipeline.review.invitations import Purpose, is_new, make_link, make_set_up_link, read_link, use_link
from qa_pipeline.review.passphrases import PassphraseRefused, sign_in
from qa_pipeline.review.people import account_of, add_account, deactivate
from qa_pipeline.review.tables import links

GOOD = "quiet river under stones"


@pytest.fixture
def engine(tmp_path: Path, database: str | None) -> Engine:
    engine = make_desk(tmp_path, database=database).engine
    add_account(engine, "mei", roles=(Role.REVIEWER,))
    return engine


def test_an_invitation_gives_the_account_a_passphrase_once(engine: Engine) -> None:
    secret = make_link(engine, "mei", Purpose.INVITATION)
    assert (link := read_link(engine, secret)).account is not None and link.account.name == "mei"
    with pytest.raises(PassphraseRefused):
        use_link(engine, secret, "short")
    use_link(engine, secret, GOOD)
    assert sign_in(engine, "mei", GOOD).name == "mei"
    with pytest.raises(NotThere):
        use_link(engine, secret, "another river under stones")


def test_a_new_link_ends_the_one_before(engine: Engine) -> None:
    first = make_link(engine, "mei", Purpose.INVITATION)
    make_link(engine, "mei", Purpose.RESET)
    with pytest.raises(NotThere):
        read_link(engine, first)


def test_a_link_ends_with_its_time_and_with_its_account(engine: Engine) -> None:
    secret = make_link(engine, "mei", Purpose.INVITATION)
    with writing(engine) as connection:
        connection.execute(update(links).values(ends_at=as_text(datetime.now(UTC) - timedelta(seconds=1))))
    with pytest.raises(NotThere):
        read_link(engine, secret)
    secret = make_link(engine, "mei", Purpose.INVITATION)
    deactivate(engine, "mei")
    with pytest.raises(NotThere):
        read_link(engine, secret)
    with pytest.raises(InputRefused):
        make_link(engine, "mei", Purpose.INVITATION)


def test_only_the_digest_of_a_link_is_kept(engine: Engine) -> None:
    secret = make_link(engine, "mei", Purpose.INVITATION)
    with engine.connect() as connection:
        assert secret not in str(connection.execute(select(links)).all())


def test_the_first_one_sets_the_place_up_and_becomes_an_operator(engine: Engine) -> None:
    assert is_new(engine)
    secret = make_set_up_link(engine)
    with pytest.raises(InputRefused):
        use_link(engine, secret, GOOD, name="mei")
    use_link(engine, secret, GOOD, name="sven")
    assert account_of(engine, "sven").roles == {Role.OPERATOR}
    assert not is_new(engine)
    with pytest.raises(InputRefused):
        make_set_up_link(engine)


def test_a_set_up_link_ends_once_somebody_can_sign_in(engine: Engine) -> None:
    secret = make_set_up_link(engine)
    use_link(engine, make_link(engine, "mei", Purpose.INVITATION), GOOD)
    with pytest.raises(NotThere):
        read_link(engine, secret)
