"""Who asks: the actor behind a session's key or a token."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, bindparam, or_, select

from portal.auth.core.decisions import Actor, make_actor
from portal.auth.core.keys import hash_key
from portal.auth.core.scopes import parse_scope
from portal.auth.models import Account, AccountTeam, ApiToken, SignInSession
from portal.infra.db import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import BindParameter, ColumnElement
    from sqlalchemy.orm import Session

    from portal.auth.core.scopes import Scope

ACCOUNT = (
    Account.id,
    Account.person,
    Account.name,
    Account.display_name,
    Account.role,
    Account.role_by,
    Account.kind,
    Account.scim_provider,
)
SPEAKS_SCIM = frozenset({"scim:*:*"})
DEMO = "demo"
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lives: without a request, and at all."""

    idle: timedelta
    whole: timedelta


@dataclass(frozen=True, slots=True)
class Admission:
    """Which sessions and tokens count: none of a way in, or of demo accounts, switched off."""

    lifetimes: Lifetimes
    ways: tuple[str, ...]
    has_demo: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An actor with the session or token they came by; `is_stale` when last use wants a touch."""

    actor: Actor
    session_id: int | None
    token_id: int | None
    proven_at: datetime | None
    is_stale: bool


def is_live(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition that an account may act."""
    return Account.is_active & or_(Account.ends_at.is_(None), Account.ends_at > now)


def _select_with_teams(*columns: Any) -> Any:
    """Return the query of an account that may act, with a row for each of its teams or one."""
    is_of_demo = Account.kind == DEMO
    return (
        select(*ACCOUNT, AccountTeam.team, AccountTeam.origin, *columns)
        .select_from(Account)
        .join(AccountTeam, AccountTeam.account_id == Account.id, isouter=True)
        .where(is_live(bindparam("now")), or_(bindparam("has_demo", type_=Boolean), ~is_of_demo))
    )


# Built once, for every request asks one of them: putting them together takes longer than an answer.
BY_SESSION = (
    _select_with_teams(
        SignInSession.id.label("session_id"), SignInSession.proven_at, SignInSession.seen_at
    )
    .join(SignInSession, SignInSession.account_id == Account.id)
    .where(
        SignInSession.key_hash == bindparam("key_hash"),
        SignInSession.seen_at > bindparam("seen_since"),
        SignInSession.created_at > bindparam("begun_since"),
        SignInSession.way.in_(bindparam("ways", expanding=True)),
    )
)
BY_TOKEN = (
    _select_with_teams(ApiToken.id.label("token_id"), ApiToken.scopes, ApiToken.used_at)
    .join(ApiToken, ApiToken.account_id == Account.id)
    .where(
        ApiToken.key_hash == bindparam("key_hash"),
        ApiToken.revoked_at.is_(None),
        ApiToken.ends_at > bindparam("now"),
    )
)


def find_by_session(
    session: Session, key: str, *, admission: Admission, now: datetime
) -> SignedIn | None:
    """Return who holds a session's key, None when it ended or never was."""
    rows = read_rows(
        session,
        BY_SESSION,
        {
            "key_hash": hash_key(key),
            "seen_since": now - admission.lifetimes.idle,
            "begun_since": now - admission.lifetimes.whole,
            "ways": admission.ways,
            "has_demo": admission.has_demo,
            "now": now,
        },
    )
    if not rows:
        return None
    row = rows[0]
    is_stale = row.seen_at < now - TOUCH_EVERY
    return SignedIn(_make_actor(rows, None), row.session_id, None, row.proven_at, is_stale)


def find_by_token(
    session: Session, key: str, *, admission: Admission, now: datetime
) -> SignedIn | None:
    """Return who holds a token, None when it ended, was revoked or never was."""
    rows = read_rows(
        session, BY_TOKEN, {"key_hash": hash_key(key), "has_demo": admission.has_demo, "now": now}
    )
    if not rows:
        return None
    row = rows[0]
    is_stale = row.used_at is None or row.used_at < now - TOUCH_EVERY
    scopes = tuple(parse_scope(scope) for scope in row.scopes)
    return SignedIn(_make_actor(rows, scopes), None, row.token_id, None, is_stale)


def explain_end(account: Account, now: datetime) -> str:
    """Return why an account may do nothing any more; nothing while it may."""
    if not account.is_active:
        return "the account is deactivated"
    if account.ends_at is not None and account.ends_at <= now:
        return f"the account ended on {account.ends_at:%Y-%m-%d}"
    return ""


def _make_actor(rows: Sequence[Any], scopes: tuple[Scope, ...] | None) -> Actor:
    row = rows[0]
    actor = make_actor(
        row.person,
        row.role,
        account_id=row.id,
        label=row.display_name or row.name,
        teams={one.team: one.origin for one in rows if one.team is not None},
        why_role=f"role given by {row.role_by}",
        scopes=scopes,
    )
    if row.kind == "service" and row.scim_provider is not None:
        return replace(actor, grants=actor.grants | SPEAKS_SCIM)
    return actor
