"""Who may do what: actors as they would be, with where each right comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from portal.auth.core.decisions import (
    Actor,
    Decision,
    Step,
    Subject,
    add_opened,
    decide,
    make_actor,
)
from portal.auth.core.keys import TOKEN_PREFIX
from portal.auth.core.membership import explain_role
from portal.auth.core.roles import GRANTS, MEMBER, OWNER_GRANTS, ROLES, find_grant, rank
from portal.auth.core.scopes import parse_scope
from portal.auth.models import Account, AccountTeam, ApiToken
from portal.auth.queries.accounts import (
    find_account,
    find_last_identity,
    list_group_rules,
    list_names,
    list_teams,
)
from portal.auth.queries.actors import explain_end, is_live
from portal.errors import InvalidInput, Problem
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core.people import ProviderRules

ANONYMOUS = "anonymous"
GIVERS = {"cli": "the command line", "scim": "SCIM", "provider": "the identity provider"}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who may be asked about, and how the settings see them."""

    anonymous: Actor
    rules: Mapping[str, ProviderRules]


@dataclass(frozen=True, slots=True)
class Allowed:
    """An account that may do it, and what decided."""

    account: Account
    decision: Decision


def answer(
    session: Session,
    asker: Asker,
    who: str,
    *,
    permission: str,
    subject: str = "",
    now: datetime,
) -> tuple[Actor, Decision]:
    """Judge as if `who` asked: an account's name, `anonymous`, or the beginning of a token.

    Raises InvalidInput that names what is not known.
    """
    about = get_subject(session, subject)
    actor = get_asked(session, asker, who, now=now)
    found = decide(actor, permission, about)
    asks_team = any(step.rule == "team" for step in found.steps)
    notes = _explain_team(session, actor, about) if asks_team else []
    return actor, replace(found, steps=(*found.steps[:-1], *notes, found.steps[-1]))


def get_subject(session: Session, ref: str) -> Subject | None:
    """Return what a reference names, None for no reference; raises InvalidInput when unknown."""
    if not ref.strip():
        return None
    for subjects in get_contributions(session).subjects:
        found = subjects.find(session, ref.strip())
        if found is not None:
            return Subject(found.ref, found.owner, found.system)
    raise _refuse("subject", f"Nothing is called {ref}.", "Write it as component:default/name.")


def get_asked(session: Session, asker: Asker, who: str, *, now: datetime) -> Actor:
    """Return the actor somebody asks about; raises InvalidInput when there is none."""
    name = who.strip()
    if name.lower() == ANONYMOUS:
        return asker.anonymous
    if name.startswith(TOKEN_PREFIX):
        return _get_token_actor(session, asker, name, now=now)
    account = find_account(session, name)
    if account is None:
        raise _refuse("actor", f"There is no account called {name}.", "Choose one of the list.")
    actor = make_explained_actor(session, asker, account, now=now)
    return add_opened(actor, asker.anonymous)


def make_explained_actor(
    session: Session, asker: Asker, account: Account, *, now: datetime
) -> Actor:
    """Return the actor an account would be, with who or what gave its role."""
    return make_actor(
        account.person,
        account.role,
        account_id=account.id,
        label=account.display_name,
        teams={row.team: row.origin for row in list_teams(session, account.id)},
        why_role=explain_giver(session, asker.rules, account),
        barred=explain_end(account, now),
    )


def explain_giver(session: Session, rules: Mapping[str, ProviderRules], account: Account) -> str:
    """Return who or what gave an account its role."""
    identity = find_last_identity(session, account.id)
    if account.role_by != "provider" or identity is None:
        names = list_names(session, [account.role_by])
        return f"given by {names.get(account.role_by) or GIVERS.get(account.role_by, 'an admin')}"
    ruling = rules.get(identity.provider)
    if ruling is None:
        return f"given by {identity.provider}, which the settings name no more"
    ruled = {r.group_name: r.role for r in list_group_rules(session, ruling.name) if r.role}
    role, why = explain_role(identity.groups or (), ruled, ruling)
    if role != account.role:
        return f"given by {ruling.name} at the last sign-in; the next gives {role}: {why}"
    return f"given by {ruling.name}: {why}"


def list_allowed(  # noqa: PLR0913 every part is named
    session: Session,
    asker: Asker,
    permission: str,
    about: Subject | None,
    *,
    after: str = "",
    limit: int = 50,
    now: datetime,
) -> list[Allowed]:
    """Return who may do it, by name: by their role, or because one of their teams owns it."""
    owner = about.owner if about is not None else None
    opened = asker.anonymous.opened
    by_role = Account.role.in_([r for r in ROLES if find_grant(GRANTS[r] | opened, permission)])
    by_team = Account.role.in_([r for r in ROLES if rank(r) >= rank(MEMBER)])
    may_own = owner is not None and find_grant(OWNER_GRANTS, permission) is not None
    rows = session.execute(
        select(Account, AccountTeam.origin)
        .outerjoin(
            AccountTeam, and_(AccountTeam.account_id == Account.id, AccountTeam.team == owner)
        )
        .where(
            Account.name > after,
            is_live(now),
            or_(by_role, and_(by_team, AccountTeam.team.is_not(None))) if may_own else by_role,
        )
        .order_by(Account.name)
        .limit(limit)
    )
    return [
        Allowed(account, decide(_make_plain(asker, account, owner, origin), permission, about))
        for account, origin in rows
    ]


def _make_plain(asker: Asker, account: Account, owner: str | None, origin: str | None) -> Actor:
    actor = make_actor(
        account.person,
        account.role,
        account_id=account.id,
        label=account.display_name,
        teams={owner: origin} if owner and origin else {},
        why_role="",
    )
    return add_opened(actor, asker.anonymous)


def _get_token_actor(session: Session, asker: Asker, shown: str, *, now: datetime) -> Actor:
    rows = session.scalars(select(ApiToken).where(ApiToken.prefix == shown[:12]).limit(2)).all()
    if len(rows) != 1:
        what = "Several tokens begin" if rows else "No token begins"
        raise _refuse("actor", f"{what} with {shown[:12]}.", "Ask about its account instead.")
    token = rows[0]
    actor = make_explained_actor(
        session, asker, session.get_one(Account, token.account_id), now=now
    )
    over = "the token is revoked" if token.revoked_at else "the token is over"
    is_over = token.revoked_at is not None or token.ends_at <= now
    return replace(
        actor,
        label=f"{token.name} of {actor.label}",
        scopes=tuple(parse_scope(scope) for scope in token.scopes),
        barred=actor.barred or (over if is_over else ""),
    )


def _explain_team(session: Session, actor: Actor, about: Subject | None) -> list[Step]:
    """Return what the floor that knows teams says of the actor and the team that owns it."""
    if actor.account_id is None or about is None or about.owner is None:
        return []
    return [
        Step("origin", note)
        for people in get_contributions(session).people
        for note in people.explain(session, actor.account_id, about.owner)
    ]


def _refuse(field: str, message: str, fix: str) -> InvalidInput:
    return InvalidInput(message, (Problem(field, "known", message, fix),), fix=fix)
