"""The way to an identity provider and back: what is kept in between, and the calls it takes.

Each unit ends before the provider is called, and the account changes in a unit of its own.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.auth.core.keys import hash_key, make_key
from portal.auth.core.passwords import NOBODY, is_password
from portal.auth.core.signing_in import Pending, SignInRefused
from portal.auth.service.local import read_password
from portal.auth.service.one_time import keep_once, take_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core.people import Claims
    from portal.auth.core.signing_in import Provider
    from portal.infra.db import Database

    Unit = Callable[[], AbstractContextManager[Session]]

LASTING = timedelta(minutes=10)
RESTART = "Start the sign-in again, in one browser and at the portal's own address."


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a sign-in: where it leads, a fresh proof, a further identity."""

    browser: str
    wanted: str = ""
    again: bool = False
    is_link: bool = False
    account_id: int | None = None


def begin(unit: Unit, name: str, provider: Provider, wish: Wish, *, now: datetime) -> str:
    """Keep a new sign-in and return where the browser goes for it; raises SignInRefused."""
    state = make_key()
    pending = Pending(
        provider=name,
        nonce=make_key(),
        verifier=make_key() + make_key(),
        browser=hash_key(wish.browser),
        began_at=int(now.timestamp()),
        wanted=wish.wanted,
        again=wish.again,
        is_link=wish.is_link,
        account_id=wish.account_id,
    )
    address = provider.make_address(pending, state)
    with unit() as session:
        keep_once(session, f"state:{state}", value=pending.pack(), lasting=LASTING, now=now)
    return address


def finish(
    unit: Unit,
    name: str,
    provider: Provider,
    answer: Mapping[str, str],
    *,
    browser: str,
    now: datetime,
) -> tuple[Pending, Claims]:
    """Return the sign-in that an answer ends and whom it proves; raises SignInRefused.

    The state counts once, whatever comes of it.
    """
    with unit() as session:
        stored = take_once(session, f"state:{answer.get('state', '')}", now=now)
    if stored is None:
        raise SignInRefused(
            "state", "This sign-in is not known: it is over, or was used before.", fix=RESTART
        )
    pending = Pending.unpack(stored)
    if pending.provider != name:
        raise SignInRefused(
            "state", "This sign-in was begun at another identity provider.", fix=RESTART
        )
    if not hmac.compare_digest(hash_key(browser), pending.browser):
        raise SignInRefused("state", "This sign-in was begun in another browser.", fix=RESTART)
    return pending, provider.redeem(pending, answer, now=int(now.timestamp()))


def prove_password(database: Database, name: str, password: str) -> str | None:
    """Return the hash a password was proven against, None when it is not the one.

    No unit is open meanwhile, for the check is slow by design; every refusal takes the same time.
    """
    with database.unit(write=False) as session:
        kept = read_password(session, name)
    return kept if is_password(kept, password) and kept != NOBODY else None
