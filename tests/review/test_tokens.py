"""Tokens open what their account may see, as long as they hold, and are kept nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import make_desk
from sqlalchemy import select

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.viewer import Role, local_viewer
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.people import add_account, deactivate, viewer_of
from qa_pipeline.review.tables import api_tokens, audit
from qa_pipeline.review.tokens import May, granted, list_tokens, make_token, revoke_token

ROOT = local_viewer("root")


@pytest.fixture
def desk(tmp_path: Path, database: str | None) -> Desk:
    made = make_desk(tmp_path, database=database)
    add_account(made.engine, "bi", roles=[Role.SUPERVISOR])
    add_account(made.engine, "sven", roles=[Role.OPERATOR])
    return made


def test_a_token_asks_in_its_accounts_name_until_it_is_revoked(desk: Desk) -> None:
    token, secret = make_token(desk.engine, viewer_of(desk.engine, "sven"), "dashboard", account="bi", may=[May.FIGURES])
    found = granted(desk.engine, secret)
    assert found is not None
    assert (found.viewer.name, found.viewer.roles, found.token.may) == ("bi", {Role.SUPERVISOR}, {May.FIGURES})
    assert list_tokens(desk.engine, ROOT)[0].used_on is not None
    revoke_token(desk.engine, ROOT, token.token)
    assert granted(desk.engine, secret) is None
    with pytest.raises(InputRefused, match="no token 1 in use"):
        revoke_token(desk.engine, ROOT, token.token)


def test_the_token_itself_is_kept_nowhere_and_its_making_is_on_record(desk: Desk) -> None:
    _, secret = make_token(desk.engine, ROOT, "dashboard", account="bi", may=[May.CALLS])
    with desk.engine.connect() as connection:
        (row,) = connection.execute(select(api_tokens)).all()
        did = connection.execute(select(audit.c.did, audit.c.about).order_by(audit.c.number.desc()).limit(1)).one()
    assert secret not in str(row)
    assert secret.startswith(row.beginning)
    assert tuple(did) == ("token made", "dashboard → bi")


def test_what_is_no_token_opens_nothing(desk: Desk) -> None:
    _, secret = make_token(desk.engine, ROOT, "dashboard", account="bi", may=[May.CALLS])
    for wrong in ("", "qa_", secret[:-1], secret + "x", secret.upper()):
        assert granted(desk.engine, wrong) is None


def test_a_token_ends_by_itself_and_with_its_account(desk: Desk) -> None:
    _, over = make_token(desk.engine, ROOT, "old", account="bi", may=[May.CALLS], days=-1)
    _, open_ = make_token(desk.engine, ROOT, "new", account="bi", may=[May.CALLS], days=1)
    assert granted(desk.engine, over) is None
    assert granted(desk.engine, open_) is not None
    deactivate(desk.engine, "bi")
    assert granted(desk.engine, open_) is None
    with pytest.raises(InputRefused, match="not active"):
        make_token(desk.engine, ROOT, "late", account="bi", may=[May.CALLS])


def test_only_operators_make_tokens(desk: Desk) -> None:
    bi = viewer_of(desk.engine, "bi")
    for ask in (
        lambda: make_token(desk.engine, bi, "mine", account="bi", may=[May.CALLS]),
        lambda: list_tokens(desk.engine, bi),
        lambda: revoke_token(desk.engine, bi, 1),
    ):
        with pytest.raises(AccessRefused, match="does not look after"):
            ask()
    with pytest.raises(InputRefused, match="a name and a scope"):
        make_token(desk.engine, ROOT, "nothing", account="bi", may=[])
