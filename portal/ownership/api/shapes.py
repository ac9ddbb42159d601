"""Stored people and groups as SCIM's resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scim2_models import Meta

from portal.auth.service.provisioning import read_managed
from portal.ownership.api.blueprint import get_base
from portal.ownership.core.scim import (
    Email,
    Group,
    GroupMember,
    GroupMembership,
    Name,
    User,
)
from portal.web.caching import make_etag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.auth.models import Account, ScimUser
    from portal.ownership.models import ScimGroup
    from portal.ownership.queries.scim import Membership


def write_user(
    managed: ScimUser, account: Account, groups: Sequence[Membership], *, as_told: bool = False
) -> User:
    """Return somebody; `as_told` with the provider's own word on `active`, for a PATCH to change.

    Otherwise a closed account is reported as closed, whatever the provider said last.
    """
    person = read_managed(managed, account)
    is_told = as_told or managed.is_active is None
    is_open = managed.is_active if is_told else account.is_active
    base = get_base()
    name = Name(
        formatted=person.formatted_name,
        family_name=person.family_name,
        given_name=person.given_name,
    )
    return User(
        id=managed.id,
        external_id=person.external_id,
        user_name=person.user_name,
        name=name if any((name.formatted, name.family_name, name.given_name)) else None,
        display_name=person.display_name,
        active=is_open,
        emails=[Email(value=e.value, type=e.type, primary=e.primary) for e in person.emails]
        or None,
        groups=[
            GroupMembership(
                value=group.id, ref=f"{base}/Groups/{group.id}", display=group.name, type="direct"
            )
            for group in groups
        ]
        or None,
        meta=Meta(
            resource_type="User",
            created=managed.created_at,
            last_modified=managed.updated_at,
            location=f"{base}/Users/{managed.id}",
            version=f'W/"{_tag_user(managed, account, groups)}"',
        ),
    )


def _tag_user(managed: ScimUser, account: Account, groups: Sequence[Membership]) -> str:
    held = [(group.id, group.name) for group in groups]
    return make_etag(managed.id, managed.version, account.version, account.is_active, held)


def write_group(group: ScimGroup, members: Sequence[str]) -> Group:
    """Return a group with its people."""
    base = get_base()
    return Group(
        id=group.id,
        external_id=group.external_id,
        display_name=group.display_name,
        members=[
            GroupMember(value=member, ref=f"{base}/Users/{member}", type="User")
            for member in members
        ]
        or None,
        meta=Meta(
            resource_type="Group",
            created=group.created_at,
            last_modified=group.updated_at,
            location=f"{base}/Groups/{group.id}",
            version=f'W/"{make_etag(group.id, group.version)}"',
        ),
    )
