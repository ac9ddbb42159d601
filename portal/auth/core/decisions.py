"""The one decision: may this actor do that to this subject, and why. Deny by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portal.auth.core.roles import GRANTS, MEMBER, OWNER_GRANTS, find_grant, rank
from portal.errors import Forbidden

if TYPE_CHECKING:
    from portal.auth.core.scopes import Scope

SELF_AREA = "account"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is acted on: its reference, who owns it, the system it is part of, whose account."""

    ref: str = ""
    owner: str | None = None
    system: str | None = None
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks.

    `name` is what the audit trail keeps: an opaque person id, `cli`, `anonymous` or a job's name.
    `teams` maps each group whose things they answer for to why; `scopes` narrow a token, None
    narrows nothing.
    """

    name: str
    grants: frozenset[str]
    label: str = ""
    role: str = ""
    account_id: int | None = None
    teams: dict[str, str] = field(default_factory=dict, hash=False)
    scopes: tuple[Scope, ...] | None = None
    why_role: str = ""

    @property
    def is_person(self) -> bool:
        """Whether an account acts, by session or by token."""
        return self.account_id is not None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it may be done, why, and which setting or record made it so."""

    allowed: bool
    reason: str
    because: str = ""


CLI = Actor("cli", frozenset({"*:*:*"}), label="Command line")


def make_anonymous(*, may_read: bool, may_measure: bool = False) -> Actor:
    """Return the actor of visitors who did not sign in."""
    grants = {"catalog:*:read"} if may_read else set[str]()
    grants |= {"metrics:*:read"} if may_measure else set()
    return Actor("anonymous", frozenset(grants), label="Anonymous")


def make_actor(  # noqa: PLR0913 every part is named
    name: str,
    role: str,
    *,
    account_id: int,
    label: str,
    teams: dict[str, str],
    why_role: str,
    scopes: tuple[Scope, ...] | None = None,
) -> Actor:
    """Return the actor of an account with a role."""
    return Actor(name, GRANTS[role], label, role, account_id, teams, scopes, why_role)


def decide(actor: Actor, permission: str, about: Subject | None = None) -> Decision:
    """Judge whether `actor` may do `permission` to `about`; anything not granted is denied."""
    if actor.scopes is not None and not _is_in_scope(actor.scopes, permission, about):
        wanted = " ".join(str(scope) for scope in actor.scopes) or "none"
        return Decision(allowed=False, reason=f"the token's scopes are: {wanted}", because="token")
    grant = find_grant(actor.grants, permission)
    if grant is not None and _is_own(permission, actor, about):
        who = f"the role {actor.role}" if actor.role else actor.name
        return Decision(allowed=True, reason=f"{who} grants {grant}", because=actor.why_role)
    return _decide_as_owner(actor, permission, about)


def _is_own(permission: str, actor: Actor, about: Subject | None) -> bool:
    """Whether an account's things are asked for by that account, or by who may do everything."""
    if about is None or about.account_id is None or not permission.startswith(f"{SELF_AREA}:"):
        return True
    return about.account_id == actor.account_id or "*:*:*" in actor.grants


def _decide_as_owner(actor: Actor, permission: str, about: Subject | None) -> Decision:
    who = actor.label or actor.name
    if about is None or about.owner is None or find_grant(OWNER_GRANTS, permission) is None:
        return Decision(allowed=False, reason=f"nothing grants {permission} to {who}")
    if about.owner not in actor.teams:
        return Decision(
            allowed=False, reason=f"{about.owner} owns it, and {who} is in no team that answers"
        )
    if not actor.role or rank(actor.role) < rank(MEMBER):
        return Decision(
            allowed=False, reason=f"owners need the role {MEMBER}, and theirs is {actor.role}"
        )
    return Decision(allowed=True, reason=f"{about.owner} owns it", because=actor.teams[about.owner])


def _is_in_scope(scopes: tuple[Scope, ...], permission: str, about: Subject | None) -> bool:
    return any(scope.covers(permission) and _fits(scope, about) for scope in scopes)


def _fits(scope: Scope, about: Subject | None) -> bool:
    """Whether the subject is among what a narrowed scope names.

    A label on a view is judged without a subject and passes; the service that follows has one.
    """
    if not scope.limit or about is None:
        return True
    values = {"entity": about.ref, "owner": about.owner, "system": about.system}
    return values[scope.limit] == scope.ref


def authorise(actor: Actor, permission: str, about: Subject | None = None) -> None:
    """Raise Forbidden unless `actor` may do `permission` to `about`."""
    decision = decide(actor, permission, about)
    if not decision.allowed:
        raise Forbidden(
            f"This needs {permission}: {decision.reason}.",
            fix="Ask whoever runs the portal, or whoever owns it, for this right.",
        )
