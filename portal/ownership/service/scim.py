"""What an identity provider does to groups over SCIM, and what that does to people's teams."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from scim2_models import InvalidValueException
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from portal.audit.service import record_act
from portal.auth.core.decisions import Actor, authorise
from portal.auth.core.provisioned import fold
from portal.auth.models import Account
from portal.auth.queries.providers import get_rules
from portal.auth.service.memberships import drop_teams
from portal.auth.service.provisioning import WRITE, delete_user
from portal.errors import Taken
from portal.infra import work
from portal.ownership.models import ScimGroup, ScimMember
from portal.ownership.queries.managed import find_accounts, has_groups, list_managed, list_raised
from portal.ownership.service import SCIM_CHANGED, refresh_accounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.models import ScimUser
    from portal.ownership.core.scim import GroupDraft

# People beyond these get their teams from the worker; who loses some loses them at once.
AT_ONCE = 200
MOST_NAMED = 10_000
BATCH = 500


def create_group(
    session: Session, actor: Actor, provider: str, draft: GroupDraft, *, now: datetime
) -> ScimGroup:
    """Make a group; raises Taken when its name or id is in use at the provider."""
    authorise(actor, WRITE)
    is_first = not has_groups(session, provider)
    group = ScimGroup(
        id=secrets.token_hex(16), provider=provider, created_at=now, updated_at=now, version=1
    )
    _write(session, group, draft)
    added = _list_wanted(session, provider, draft.members)
    _add_members(session, group, added)
    _record(session, actor, group, "create", after=_describe(group), added=added, now=now)
    _refresh(session, provider, added, everybody=is_first, now=now)
    return group


def change_group(
    session: Session, actor: Actor, group: ScimGroup, draft: GroupDraft, *, now: datetime
) -> None:
    """Take over what a provider says of a group now; what is the same changes nothing."""
    authorise(actor, WRITE)
    held = _list_held(session, group)
    wanted = _list_wanted(session, group.provider, draft.members)
    is_renamed, old_name = group.display_name != draft.name, group.display_name
    before, removed, added = _describe(group), held - wanted, wanted - held
    is_same = before == {"name": draft.name, "external_id": draft.external_id}
    if is_same and not removed and not added:
        return
    _write(session, group, draft)
    _change_members(session, actor, group, before, removed=removed, added=added, now=now)
    lost = held if is_renamed else removed
    _take_away(session, group.provider, old_name, lost, now)
    _refresh(session, group.provider, added - lost, now=now)


def change_members(
    session: Session,
    actor: Actor,
    group: ScimGroup,
    *,
    added: Iterable[str],
    removed: Iterable[str],
    now: datetime,
) -> None:
    """Add and remove some people, without a look at the others of a group."""
    authorise(actor, WRITE)
    wanted = _list_wanted(session, group.provider, tuple(added))
    unwanted = set(find_accounts(session, group.provider, tuple(removed)).values())
    held = _list_held(session, group, wanted | unwanted)
    gone, new = unwanted & held, wanted - held
    if not gone and not new:
        return
    before = _describe(group)
    _change_members(session, actor, group, before, removed=gone, added=new, now=now)
    _take_away(session, group.provider, group.display_name, gone, now)
    _refresh(session, group.provider, new, now=now)


def delete_group(session: Session, actor: Actor, group: ScimGroup, *, now: datetime) -> None:
    """Delete a group; its members lose at once what it gave them."""
    authorise(actor, WRITE)
    provider = group.provider
    removed = set(
        session.scalars(
            delete(ScimMember)
            .where(ScimMember.group_id == group.id)
            .returning(ScimMember.account_id)
        )
    )
    before = _describe(group)
    session.delete(group)
    session.flush()
    _record(session, actor, group, "delete", before=before, removed=removed, now=now)
    _take_away(session, provider, before["name"], removed, now)
    _refresh(session, provider, (), everybody=not has_groups(session, provider), now=now)


def delete_person(session: Session, actor: Actor, managed: ScimUser, *, now: datetime) -> None:
    """Delete somebody a provider manages: out of its groups, and the account is closed."""
    authorise(actor, WRITE)
    left = session.scalars(
        delete(ScimMember)
        .where(ScimMember.account_id == managed.account_id)
        .returning(ScimMember.group_id)
    ).all()
    for group in session.scalars(select(ScimGroup).where(ScimGroup.id.in_(left))):
        group.version += 1
        group.updated_at = now
    delete_user(session, actor, managed, now=now)


def _write(session: Session, group: ScimGroup, draft: GroupDraft) -> None:
    group.display_name, group.name_key = draft.name, fold(draft.name)
    group.external_id = draft.external_id
    try:
        with session.begin_nested():
            session.add(group)
            session.flush()
    except IntegrityError:
        raise Taken(f"The displayName {draft.name} or its externalId is another group's.") from None


def _change_members(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    group: ScimGroup,
    before: dict[str, Any],
    *,
    removed: set[int],
    added: set[int],
    now: datetime,
) -> None:
    group.updated_at = now
    group.version += 1
    session.flush()
    _remove_members(session, group, removed)
    _add_members(session, group, added)
    after = _describe(group)
    _record(
        session,
        actor,
        group,
        "change",
        before=before,
        after=after,
        removed=removed,
        added=added,
        now=now,
    )


def _list_held(session: Session, group: ScimGroup, among: set[int] | None = None) -> set[int]:
    """Return who is in a group, all or only among some."""
    query = select(ScimMember.account_id).where(ScimMember.group_id == group.id)
    if among is None:
        return set(session.scalars(query))
    numbers, found = sorted(among), set[int]()
    for start in range(0, len(numbers), BATCH):
        some = ScimMember.account_id.in_(numbers[start : start + BATCH])
        found |= set(session.scalars(query.where(some)))
    return found


def _list_wanted(session: Session, provider: str, members: Sequence[str]) -> set[int]:
    found = find_accounts(session, provider, members)
    unknown = [member for member in members if member not in found]
    if unknown:
        raise InvalidValueException(detail=f"members: there is no user {unknown[0]}")
    return set(found.values())


def _add_members(session: Session, group: ScimGroup, account_ids: set[int]) -> None:
    if account_ids:
        session.execute(
            insert(ScimMember),
            [{"group_id": group.id, "account_id": number} for number in sorted(account_ids)],
        )


def _remove_members(session: Session, group: ScimGroup, account_ids: set[int]) -> None:
    numbers = sorted(account_ids)
    for start in range(0, len(numbers), BATCH):
        session.execute(
            delete(ScimMember).where(
                ScimMember.group_id == group.id,
                ScimMember.account_id.in_(numbers[start : start + BATCH]),
            )
        )


def _take_away(
    session: Session, provider: str, name: str, account_ids: set[int], now: datetime
) -> None:
    """Take at once what a group gave; many lose it in one stroke, and the worker gives back.

    A right that another group gives too may so be gone for a moment, never the other way round.
    """
    numbers = sorted(account_ids)
    refresh_accounts(session, numbers[:AT_ONCE], now=now)
    rest = numbers[AT_ONCE:]
    if rest:
        drop_teams(session, rest, f"SCIM group {name} of {provider}")
        default = get_rules(session, provider).default_role
        refresh_accounts(session, list_raised(session, rest, default), now=now)
        work.publish(session, SCIM_CHANGED, f"{provider}/0", due_at=now)


def _refresh(
    session: Session,
    provider: str,
    account_ids: Iterable[int],
    *,
    everybody: bool = False,
    now: datetime,
) -> None:
    """Give people their teams: a few now, more by the worker.

    The first group of a provider, and the loss of the last, changes whose word counts for all.
    """
    if everybody:
        numbers = list(list_managed(session, provider, limit=AT_ONCE + 1))
    else:
        numbers = sorted(account_ids)
    refresh_accounts(session, numbers[:AT_ONCE], now=now)
    if len(numbers) > AT_ONCE:
        work.publish(session, SCIM_CHANGED, f"{provider}/0", due_at=now)


def _describe(group: ScimGroup) -> dict[str, Any]:
    return {"name": group.display_name, "external_id": group.external_id}


def _record(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    group: ScimGroup,
    act: str,
    *,
    before: Any = None,
    after: Any = None,
    removed: Iterable[int] = (),
    added: Iterable[int] = (),
    now: datetime,
) -> None:
    """Write an act on a group into the trail, its people by their opaque names."""
    changes = {"removed": _name(session, removed), "added": _name(session, added)}
    changes = {name: value for name, value in changes.items() if value}
    record_act(
        session,
        actor.name,
        f"scim-group:{group.provider}/{group.id}",
        action=f"scim.{act}_group",
        before=before,
        after={**(after or {}), **changes},
        now=now,
    )


def _name(session: Session, account_ids: Iterable[int]) -> list[str]:
    numbers = sorted(account_ids)
    found: list[str] = []
    for start in range(0, min(len(numbers), MOST_NAMED), BATCH):
        query = select(Account.person).where(Account.id.in_(numbers[start : start + BATCH]))
        found += session.scalars(query)
    rest = len(numbers) - MOST_NAMED
    return [*sorted(found), *([f"and {rest} more"] if rest > 0 else [])]
