"""Passphrases: which are good enough, and how they are kept and checked.

Kept as argon2id with the library's own figures (RFC 9106, the second recommended choice). After some wrong ones an account waits, longer each time,
so that nobody can try many; the right one in the waiting time is not looked at either.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Engine, delete, insert, select, update

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.viewer import Viewer
from qa_pipeline.review.decisions import as_text, from_text
from qa_pipeline.review.people import Account, read_account
from qa_pipeline.review.record import note
from qa_pipeline.review.tables import accounts, credentials, sessions

SHORTEST, LONGEST = 12, 200
"""Characters of a passphrase: NIST SP 800-63B asks for length and for a look at a list, and for no rules about kinds of characters."""
# Wrong ones that cost nothing; each further one doubles the wait, from the first to the longest. Chosen: nobody mistypes five times in a row twice.
_FREE_FAILURES = 5
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=1)
# Letters and figures that a passphrase has at least, different ones.
_FEWEST_KINDS = 5
# Each hash takes 64 MB of memory: so many at a time, however many sign in.
_AT_ONCE = threading.BoundedSemaphore(4)
_COMMON = Path(__file__).with_name("common_passphrases.txt")
_SWAPPED = str.maketrans("@4310!$57+", "aaeioisstt")


class SignInRefused(AccessRefused):
    """Name and passphrase do not fit, or the account waits: which of the two, and whether there is such an account, is told to nobody."""


class PassphraseRefused(InputRefused):
    """A passphrase that is not good enough. `why`: short, long or guessed."""

    def __init__(self, why: str, message: str, *, advice: str) -> None:
        super().__init__(message, advice=advice)
        self.why = why


def check_passphrase(passphrase: str, *, name: str) -> None:
    """Refuse a passphrase that is too short, too long, well known, or little more than the name. Raises PassphraseRefused."""
    if len(passphrase) < SHORTEST:
        raise PassphraseRefused("short", f"The passphrase is shorter than {SHORTEST} characters.", advice="Take several words.")
    if len(passphrase) > LONGEST:
        raise PassphraseRefused("long", f"The passphrase is longer than {LONGEST} characters.", advice="Take a shorter one.")
    plain = _plain(passphrase)
    without_name = plain.replace(_plain(name), "") if _plain(name) else plain
    if plain in _common() or without_name in _common() or len(set(plain)) < _FEWEST_KINDS or len(without_name) < SHORTEST // 2:
        raise PassphraseRefused(
            "guessed", "The passphrase is one that is easily guessed.", advice="Take several words that have nothing to do with each other."
        )


def set_passphrase(connection: Connection, account: Account, passphrase: str) -> None:
    """Give an account a passphrase, within a transaction; whoever is signed in by the old one is signed out. Raises as `check_passphrase`."""
    check_passphrase(passphrase, name=account.name)
    connection.execute(delete(credentials).where(credentials.c.account == account.account))
    connection.execute(
        insert(credentials).values(
            account=account.account, secret=_hash(passphrase), changed_at=as_text(datetime.now(UTC)), failures=0, locked_until=None
        )
    )
    connection.execute(delete(sessions).where(sessions.c.account == account.account))


def change_passphrase(engine: Engine, account: Account, old: str, new: str) -> None:
    """Give somebody who says the passphrase they have another; they are signed out everywhere.

    Raises PassphraseRefused for a new one as `check_passphrase`, SignInRefused where the old one is wrong, which is counted as at signing in.
    """
    check_passphrase(new, name=account.name)
    sign_in(engine, account.name, old, did="passphrase changed")
    with writing(engine) as connection:
        set_passphrase(connection, account, new)


def sign_in(engine: Engine, name: str, passphrase: str, *, did: str = "signed in") -> Account:
    """The account of a name and its passphrase; `did` is what goes on record of it.

    Raises SignInRefused, which does not tell whether there is such an account.
    """
    refused = SignInRefused(
        "Name and passphrase do not fit, or there were too many wrong ones.",
        advice="Try again, later if it was often, or ask an operator for a new link.",
    )
    now = datetime.now(UTC)
    with engine.connect() as connection:
        row = connection.execute(
            select(credentials, accounts.c.is_active)
            .join(accounts, accounts.c.account == credentials.c.account)
            .where(accounts.c.name == name)
        ).one_or_none()
    waits = row is not None and row.locked_until is not None and from_text(row.locked_until) > now
    # A name that is not there, and an account that waits, cost the same time as a wrong passphrase.
    is_right = _fits(row.secret if row is not None and not waits else _nobody(), passphrase)
    if row is None or waits:
        raise refused
    with writing(engine) as connection:
        account = read_account(connection, row.account)
        # Tries side by side: what the others came to counts for this one too.
        until = connection.execute(select(credentials.c.locked_until).where(credentials.c.account == row.account)).scalar_one_or_none()
        is_let_in = is_right and (until is None or from_text(until) <= now) and account is not None and account.is_active
        if is_let_in:
            secret = _hash(passphrase) if _hasher().check_needs_rehash(row.secret) else row.secret
            connection.execute(
                update(credentials).where(credentials.c.account == row.account).values(secret=secret, failures=0, locked_until=None)
            )
        else:
            _count_failure(connection, row.account, now)
        note(connection, Viewer(name=name, account=row.account), did if is_let_in else "sign-in refused", at=now)
    # Raised out here: the failure is counted, whatever becomes of it.
    if not is_let_in or account is None:
        raise refused
    return account


def has_passphrase(engine: Engine, account: int) -> bool:
    """Whether an account can sign in by a passphrase."""
    with engine.connect() as connection:
        return connection.execute(select(credentials.c.account).where(credentials.c.account == account)).one_or_none() is not None


def _count_failure(connection: Connection, account: int, now: datetime) -> None:
    failures = connection.execute(select(credentials.c.failures).where(credentials.c.account == account)).scalar_one() + 1
    beyond = failures - _FREE_FAILURES
    wait = min(_FIRST_WAIT * 2 ** min(beyond, 20), _LONGEST_WAIT) if beyond >= 0 else None
    connection.execute(
        update(credentials)
        .where(credentials.c.account == account)
        .values(failures=failures, locked_until=as_text(now + wait) if wait else None)
    )


def _hash(passphrase: str) -> str:
    with _AT_ONCE:
        return _hasher().hash(passphrase)


def _fits(secret: str, passphrase: str) -> bool:
    try:
        with _AT_ONCE:
            # What is longer than any passphrase that was ever kept need not be hashed to be wrong.
            return len(passphrase) <= LONGEST and _hasher().verify(secret, passphrase)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash("of nobody at all")


@cache
def _common() -> frozenset[str]:
    return frozenset(_plain(line) for line in _COMMON.read_text("utf-8").splitlines())


def _plain(text: str) -> str:
    """Text as it is compared: without case, gaps, and letters written as figures; what is added at its end to please a rule is left out."""
    return "".join(text.casefold().split()).rstrip("0123456789!?.-_*#").translate(_SWAPPED)
