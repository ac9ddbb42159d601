"""Writes of API tokens: made once, shown once, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.audit.service import record_act
from portal.auth.core.decisions import Actor, Subject, authorise
from portal.auth.core.keys import SHOWN, hash_key, make_token
from portal.auth.core.scopes import check_narrowing, parse_scope
from portal.auth.models import Account, ApiToken
from portal.errors import Forbidden, InvalidInput, NotFound, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

WRITE = "account:token:write"
SERVICE = "service"
LONGEST_DAYS = 366
DEFAULT_DAYS = 90


def create_token(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    account: Account,
    *,
    name: str,
    scopes: Sequence[str],
    days: int = DEFAULT_DAYS,
    now: datetime,
) -> tuple[str, ApiToken]:
    """Make a token for an account; returns the key, which is never shown again, and its record.

    A token can do no more than its account, so scopes beyond that give nothing.
    """
    authorise(actor, WRITE, Subject(account_id=account.id))
    _check_whose(actor, account)
    parsed = [parse_scope(scope) for scope in scopes]
    for scope in parsed:
        check_narrowing(scope)
    problems = []
    if not parsed:
        problems.append(Problem("scope", "required", "A token needs a scope.", "Give one."))
    if not 1 <= days <= LONGEST_DAYS:
        problems.append(
            Problem("days", "range", f"{days} days do not fit.", f"Use 1 to {LONGEST_DAYS}.")
        )
    if not name.strip() or len(name) > 100:  # noqa: PLR2004 the column's length
        problems.append(Problem("name", "length", "Name it in 1 to 100 characters.", "Shorten it."))
    if problems:
        raise InvalidInput("The token cannot be made.", tuple(problems))
    key = make_token()
    token = ApiToken(
        account_id=account.id,
        name=name.strip(),
        prefix=key[:SHOWN],
        key_hash=hash_key(key),
        scopes=list(dict.fromkeys(map(str, parsed))),
        created_at=now,
        ends_at=now + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    record_act(
        session,
        actor.name,
        account.person,
        action="access.create_token",
        after={
            "prefix": token.prefix,
            "scopes": token.scopes,
            "ends_at": token.ends_at.isoformat(),
        },
        now=now,
    )
    return key, token


def _check_whose(actor: Actor, account: Account) -> None:
    """Raise Forbidden when a token would let one person act in the name of another."""
    is_own = actor.account_id == account.id
    if actor.is_person and not is_own and account.kind != SERVICE:
        raise Forbidden(
            "A token acts in the name of its account, so people make their own.",
            fix="Make a service account for a program, and a token for that.",
        )


def revoke_token(session: Session, actor: Actor, token_id: int, *, now: datetime) -> None:
    """End a token at once; one of somebody else is not there for who may not end it."""
    token = session.get(ApiToken, token_id)
    if token is None:
        raise NotFound("There is no such token.")
    authorise(actor, WRITE, Subject(account_id=token.account_id))
    if token.revoked_at is None:
        token.revoked_at = now
        owner = session.get_one(Account, token.account_id)
        record_act(
            session,
            actor.name,
            owner.person,
            action="access.revoke_token",
            before={"prefix": token.prefix, "revoked": False},
            after={"prefix": token.prefix, "revoked": True},
            now=now,
        )
    session.flush()
