"""Writes of what a provider's groups stand for, and what follows for those who are in them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.audit.service import record_act
from portal.auth.core.decisions import Actor, authorise
from portal.auth.core.membership import ALL
from portal.auth.core.roles import ROLES
from portal.auth.models import Account, GroupRule, Identity
from portal.auth.service.identities import refresh_role, refresh_teams
from portal.errors import Conflict, InvalidInput, NotFound, Problem
from portal.infra import work

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core.people import ProviderRules

WRITE = "access:group:write"
GROUPS_CHANGED = "auth.groups_changed"
BATCH = 200
LONGEST_GROUP = 200  # with the provider it has to fit into the subject of a row of work
TEAM = re.compile(r"^group:[^/:\s]+/[^/:\s]+$")


def put_group_rule(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    provider: str,
    *,
    group: str,
    team: str | None,
    role: str | None,
    was: tuple[str | None, str | None] | None,
    now: datetime,
) -> GroupRule:
    """Say what a group stands for; `was` is what whoever changes a rule saw before, None for none.

    Raises Conflict when the rule says something else by now.
    """
    authorise(actor, WRITE)
    group, team = group.strip(), _write_team(team)
    _check(group, team, role)
    rule = session.scalar(
        select(GroupRule)
        .where(GroupRule.provider == provider, GroupRule.group_name == group)
        .with_for_update()
    )
    before = (rule.team, rule.role) if rule is not None else None
    if before != was:
        raise _changed_meanwhile(group, provider)
    if rule is None:
        rule = GroupRule(provider=provider, group_name=group, created_by=actor.name, created_at=now)
    rule.team, rule.role = team, role
    try:
        with session.begin_nested():
            session.add(rule)
    except IntegrityError:
        raise _changed_meanwhile(group, provider) from None
    if before != (team, role):
        _record(session, actor, rule, "access.put_group_rule", before=before, now=now)
    return rule


def _changed_meanwhile(group: str, provider: str) -> Conflict:
    return Conflict(
        f"Somebody else has just changed what {group} of {provider} stands for.",
        fix="Look at the rule as it is now, then change it again.",
    )


def remove_group_rule(session: Session, actor: Actor, rule_id: int, *, now: datetime) -> None:
    """Take a rule away; what the settings say of the group counts again. Raises NotFound."""
    authorise(actor, WRITE)
    rule = session.get(GroupRule, rule_id)
    if rule is None:
        raise NotFound("There is no such rule.", fix="Somebody may have removed it already.")
    before = (rule.team, rule.role)
    session.delete(rule)
    session.flush()
    _record(session, actor, rule, "access.remove_group_rule", before=before, now=now)


def refresh_group(
    session: Session, rules: Mapping[str, ProviderRules], subject: str, *, now: datetime
) -> None:
    """Work out teams and role anew of everyone a changed rule concerns, one batch at a time."""
    provider, group, after = json.loads(subject)
    batch = session.scalars(
        select(Identity)
        .where(Identity.provider == provider, Identity.id > after)
        .order_by(Identity.id)
        .limit(BATCH)
    ).all()
    concerned = {
        identity.account_id
        for identity in batch
        if identity.groups and (group == ALL or group in identity.groups)
    }
    for account_id in sorted(concerned):
        refresh_role(session, session.get_one(Account, account_id), rules, now=now)
        refresh_teams(session, account_id, now=now)
    if len(batch) == BATCH:
        publish_group(session, provider, group, after=batch[-1].id, now=now)


def publish_group(
    session: Session, provider: str, group: str, *, after: int = 0, now: datetime
) -> None:
    """Ask for everyone in a group to be looked at, from the identity after `after` on."""
    subject = json.dumps([provider, group, after], ensure_ascii=False)
    work.publish(session, GROUPS_CHANGED, subject, due_at=now)


def _record(
    session: Session,
    actor: Actor,
    rule: GroupRule,
    action: str,
    *,
    before: tuple[str | None, str | None] | None,
    now: datetime,
) -> None:
    is_removed = action == "access.remove_group_rule"
    record_act(
        session,
        actor.name,
        f"group:{rule.provider}/{rule.group_name}",
        action=action,
        before={"team": before[0], "role": before[1]} if before else None,
        after=None if is_removed else {"team": rule.team, "role": rule.role},
        now=now,
    )
    publish_group(session, rule.provider, rule.group_name, now=now)


def _write_team(team: str | None) -> str | None:
    """Return a team as its full reference: `payments` is short for `group:default/payments`."""
    if not team or not team.strip():
        return None
    written = team.strip().lower()
    if "/" not in written:
        written = f"default/{written.removeprefix('group:')}"
    return written if written.startswith("group:") else f"group:{written}"


def _check(group: str, team: str | None, role: str | None) -> None:
    problems = []
    if not 1 <= len(group) <= LONGEST_GROUP:
        problems.append(
            Problem("group", "length", "Name the group in 1 to 200 characters.", "Write its name.")
        )
    if team is None and role is None:
        problems.append(
            Problem("team", "required", "A rule gives a team, a role or both.", "Give one.")
        )
    if team is not None and not TEAM.match(team):
        problems.append(
            Problem("team", "form", f"`{team}` is no team.", "Write group:default/payments.")
        )
    if role is not None and role not in ROLES:
        problems.append(
            Problem("role", "known", f"There is no role `{role}`.", f"One of: {', '.join(ROLES)}.")
        )
    if problems:
        raise InvalidInput("The rule cannot be kept.", tuple(problems))
