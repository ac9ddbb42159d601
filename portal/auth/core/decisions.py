"""The one decision: may this actor do that to this subject, and why. Deny by default.

Each rule that is asked leaves a step, so that the answer can be read by people.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from portal.auth.core.roles import GRANTS, MEMBER, OWNER_GRANTS, find_grant, rank
from portal.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.auth.core.scopes import Scope

SELF_AREA = "account"
EVERYTHING = "*:*:*"
ALLOWS, DENIES, GOES_ON = "allows", "denies", "goes on"


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
    narrows nothing; `opened` is what settings open to everyone, and `settings` says of what could
    be opened how it is set; `barred` why an account may do nothing any more.
    """

    name: str
    grants: frozenset[str]
    label: str = ""
    role: str = ""
    account_id: int | None = None
    teams: Mapping[str, str] = field(default_factory=dict, hash=False)
    scopes: tuple[Scope, ...] | None = None
    why_role: str = ""
    opened: frozenset[str] = frozenset()
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)
    barred: str = ""

    @property
    def is_person(self) -> bool:
        """Whether an account acts, by session or by token."""
        return self.account_id is not None


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was asked, what it found, and whether that allows, denies or goes on."""

    rule: str
    value: str
    outcome: str = GOES_ON


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it may be done, and every rule that was asked, the deciding one last."""

    allowed: bool
    steps: tuple[Step, ...]

    @property
    def reason(self) -> str:
        """Return what decided, in a few words."""
        return self.steps[-1].value


CLI = Actor("cli", frozenset({EVERYTHING}), label="Command line")


def make_anonymous(*, may_read: bool, may_measure: bool = False) -> Actor:
    """Return the actor of visitors who did not sign in."""
    read, measure = "catalog:*:read", "metrics:*:read"
    opened = frozenset(
        grant for grant, given in ((read, may_read), (measure, may_measure)) if given
    )
    settings = {
        read: f"PORTAL_ANONYMOUS_READ={'1' if may_read else '0'}",
        measure: f"PORTAL_BIND is {'' if may_measure else 'not '}loopback",
    }
    nothing = frozenset[str]()
    return Actor("anonymous", nothing, label="Anonymous", opened=opened, settings=settings)


def add_opened(actor: Actor, anonymous: Actor) -> Actor:
    """Return an actor who may also do what is open to visitors who did not sign in.

    A token counts alone: nothing is added to what its scopes say.
    """
    if actor.scopes is not None:
        return actor
    return replace(actor, opened=anonymous.opened, settings=anonymous.settings)


def make_actor(  # noqa: PLR0913 every part is named
    name: str,
    role: str,
    *,
    account_id: int,
    label: str,
    teams: Mapping[str, str],
    why_role: str,
    scopes: tuple[Scope, ...] | None = None,
    barred: str = "",
) -> Actor:
    """Return the actor of an account with a role."""
    return Actor(
        name,
        GRANTS[role],
        label=label,
        role=role,
        account_id=account_id,
        teams=teams,
        scopes=scopes,
        why_role=why_role,
        barred=barred,
    )


def decide(actor: Actor, permission: str, about: Subject | None = None) -> Decision:
    """Judge whether `actor` may do `permission` to `about`; anything not granted is denied.

    Without a subject nothing is owned and no narrowed scope fits, so both deny.
    """
    steps = [_look_at_account(actor)]
    if actor.scopes is not None and steps[-1].outcome != DENIES:
        steps.append(_look_at_token(actor.scopes, permission, about))
    if steps[-1].outcome != DENIES:
        steps.extend(_look_at_role(actor, permission, about))
    if steps[-1].outcome == GOES_ON:
        steps.extend(_look_at_owner(actor, permission, about))
    return Decision(steps[-1].outcome == ALLOWS, tuple(steps))


def might(actor: Actor, permission: str) -> bool:
    """Whether there could be a subject to which `actor` may do `permission`.

    It opens the door of a view whose service then decides about the subject.
    """
    if actor.barred:
        return False
    if actor.scopes is not None and not any(scope.covers(permission) for scope in actor.scopes):
        return False
    if find_grant(actor.grants | actor.opened, permission) is not None:
        return True
    is_owners = find_grant(OWNER_GRANTS, permission) is not None
    return is_owners and bool(actor.teams) and _is_member(actor)


def authorise(actor: Actor, permission: str, about: Subject | None = None) -> None:
    """Raise Forbidden unless `actor` may do `permission` to `about`."""
    decision = decide(actor, permission, about)
    if not decision.allowed:
        raise Forbidden(
            f"This needs {permission}: {decision.reason}.",
            fix="Ask whoever runs the portal, or whoever owns it, for this right.",
        )


def _look_at_account(actor: Actor) -> Step:
    who = actor.label or actor.name
    if actor.barred:
        return Step("account", f"{who}: {actor.barred}", DENIES)
    return Step("account", who)


def _look_at_token(scopes: tuple[Scope, ...], permission: str, about: Subject | None) -> Step:
    for scope in scopes:
        if scope.covers(permission) and _fits(scope, about):
            return Step("token", f"the scope {scope} covers it")
    held = ", ".join(str(scope) for scope in scopes) or "none"
    narrowed = any(scope.limit and scope.covers(permission) for scope in scopes)
    why = ", and this is not among what they name" if narrowed else ""
    return Step("token", f"the token's scopes are: {held}{why}", DENIES)


def _look_at_role(actor: Actor, permission: str, about: Subject | None) -> list[Step]:
    steps = [Step("role", f"{actor.role}, {actor.why_role}")] if actor.role else []
    grant = find_grant(actor.grants, permission)
    who = f"the role {actor.role}" if actor.role else actor.name
    if grant is None:
        if actor.role:
            steps.append(Step("grant", f"{who} grants nothing that covers {permission}"))
        return [*steps, *_look_at_settings(actor, permission)]
    if not _is_own(permission, actor, about):
        return [*steps, Step("own account", "it belongs to another account", DENIES)]
    return [*steps, Step("grant", f"{who} grants {grant}", ALLOWS)]


def _look_at_settings(actor: Actor, permission: str) -> list[Step]:
    named = find_grant(frozenset(actor.settings), permission)
    if named is None:
        return []
    if named not in actor.opened:
        return [Step("setting", f"{actor.settings[named]}, so it is not open to everyone")]
    return [Step("setting", f"{actor.settings[named]} opens it to everyone", ALLOWS)]


def _is_own(permission: str, actor: Actor, about: Subject | None) -> bool:
    """Whether an account's things are asked for by that account, or by who may do everything."""
    if about is None or about.account_id is None or not permission.startswith(f"{SELF_AREA}:"):
        return True
    return about.account_id == actor.account_id or EVERYTHING in actor.grants


def _look_at_owner(actor: Actor, permission: str, about: Subject | None) -> list[Step]:
    who = actor.label or actor.name
    if find_grant(OWNER_GRANTS, permission) is None:
        return [Step("default", f"nothing grants {permission} to {who}", DENIES)]
    if about is None or about.owner is None:
        what = "nobody owns it" if about is not None and about.ref else "it names nothing owned"
        return [Step("owner", f"owners may, but {what}", DENIES)]
    owned = Step("owner", f"{about.owner} owns it")
    if not _is_member(actor):
        words = f"owners need the role {MEMBER}, and theirs is {actor.role or 'none'}"
        return [owned, Step("owner's role", words, DENIES)]
    enough = Step("owner's role", f"{actor.role} is enough for an owner")
    if about.owner not in actor.teams:
        words = f"{about.owner} owns it, and {who} is in no team that answers for it"
        return [owned, enough, Step("team", words, DENIES)]
    words = f"{who} answers for {about.owner}: {actor.teams[about.owner]}"
    return [owned, enough, Step("team", words, ALLOWS)]


def _is_member(actor: Actor) -> bool:
    return bool(actor.role) and rank(actor.role) >= rank(MEMBER)


def _fits(scope: Scope, about: Subject | None) -> bool:
    """Whether the subject is among what a scope names; without one only a whole scope fits."""
    if not scope.limit:
        return True
    if about is None:
        return False
    values = {"entity": about.ref, "owner": about.owner, "system": about.system}
    return values[scope.limit] == scope.ref
