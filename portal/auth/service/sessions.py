"""Writes of sessions: begun at sign-in, touched while used, ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select, update

from portal.audit.service import record_act
from portal.auth.core.decisions import Actor, Subject, authorise
from portal.auth.core.keys import hash_key, make_key
from portal.auth.models import Account, ApiToken, SignInSession
from portal.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.queries.actors import Lifetimes, SignedIn

WRITE = "account:session:write"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from: its address and what the browser calls itself."""

    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody proved who they are: a provider's name, `password` or `demo`.

    `proven_at` is when, where a provider says that it was before this sign-in.
    """

    name: str
    issuer: str | None = None
    subject: str | None = None
    idp_sid: str | None = None
    proven_at: datetime | None = None


def begin_session(
    session: Session, account: Account, way: Way, *, origin: Origin, now: datetime
) -> str:
    """Sign an account in; returns the key its browser keeps."""
    key = make_key()
    account.signed_in_at = now
    session.add(
        SignInSession(
            key_hash=hash_key(key),
            account_id=account.id,
            way=way.name,
            issuer=way.issuer,
            subject=way.subject,
            idp_sid=way.idp_sid,
            created_at=now,
            proven_at=min(way.proven_at or now, now),
            seen_at=now,
            address=origin.address[:64],
            agent=origin.agent[:200],
        )
    )
    record_act(
        session,
        account.person,
        account.person,
        action="auth.sign_in",
        after={"way": way.name},
        now=now,
    )
    return key


def touch(session: Session, found: SignedIn, *, now: datetime) -> None:
    """Note that a session or token is in use."""
    if found.session_id is not None:
        session.execute(
            update(SignInSession).where(SignInSession.id == found.session_id).values(seen_at=now)
        )
    if found.token_id is not None:
        session.execute(update(ApiToken).where(ApiToken.id == found.token_id).values(used_at=now))


def end_by_key(session: Session, actor: Actor, key: str, *, now: datetime) -> SignInSession | None:
    """Sign out the browser that holds `key`; returns the session that ended."""
    found = session.scalar(select(SignInSession).where(SignInSession.key_hash == hash_key(key)))
    if found is None:
        return None
    owner = session.get_one(Account, found.account_id)
    session.delete(found)
    record_act(
        session,
        actor.name,
        owner.person,
        action="auth.sign_out",
        before={"way": found.way},
        now=now,
    )
    return found


def end_session(session: Session, actor: Actor, session_id: int, *, now: datetime) -> None:
    """End one session, one's own or, for an admin, anybody's; raises NotFound."""
    found = session.get(SignInSession, session_id)
    about = Subject(account_id=found.account_id if found else None)
    if found is None:
        raise NotFound("There is no such session.")
    authorise(actor, WRITE, about)
    owner = session.get_one(Account, found.account_id)
    session.delete(found)
    record_act(session, actor.name, owner.person, action="auth.end_session", now=now)


def end_sessions(
    session: Session, actor: Actor, account: Account, *, but: int | None = None, now: datetime
) -> int:
    """End every session of an account, one left out; returns how many ended."""
    authorise(actor, WRITE, Subject(account_id=account.id))
    condition = SignInSession.account_id == account.id
    if but is not None:
        condition &= SignInSession.id != but
    ended = session.scalars(
        delete(SignInSession).where(condition).returning(SignInSession.id)
    ).all()
    if ended:
        record_act(
            session,
            actor.name,
            account.person,
            action="auth.end_sessions",
            after={"ended": len(ended)},
            now=now,
        )
    return len(ended)


def end_after_reset(session: Session, account: Account, *, now: datetime) -> None:
    """End every session of an account whose password was set by a link."""
    owner = Actor(account.person, frozenset({WRITE}), account_id=account.id)
    end_sessions(session, owner, account, now=now)


def end_by_provider(
    session: Session,
    issuer: str,
    *,
    subject: str | None,
    idp_sid: str | None,
    actor: Actor | None = None,
    now: datetime,
) -> int:
    """End what an identity provider says is over: a session of its own, or all of a subject.

    With an actor it is they who end it, because the identity is no longer this account's.
    """
    condition = SignInSession.issuer == issuer
    if idp_sid is not None:
        condition &= SignInSession.idp_sid == idp_sid
    if subject is not None:
        condition &= SignInSession.subject == subject
    rows = session.execute(
        select(SignInSession.id, Account.person)
        .join(Account, Account.id == SignInSession.account_id)
        .where(condition)
    ).all()
    if rows:
        session.execute(delete(SignInSession).where(SignInSession.id.in_([row.id for row in rows])))
    for person in sorted({row.person for row in rows}):
        who, action = (
            ("provider", "auth.back_channel_logout")
            if actor is None
            else (actor.name, "auth.end_sessions")
        )
        record_act(session, who, person, action=action, now=now)
    return len(rows)


def forget_ended(session: Session, lifetimes: Lifetimes, *, now: datetime) -> int:
    """Delete sessions that ended by themselves; returns how many."""
    gone = session.scalars(
        delete(SignInSession)
        .where(
            or_(
                SignInSession.seen_at < now - lifetimes.idle,
                SignInSession.created_at < now - lifetimes.whole,
            )
        )
        .returning(SignInSession.id)
    ).all()
    return len(gone)
