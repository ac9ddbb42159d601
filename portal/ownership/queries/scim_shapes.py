"""Where the attributes of SCIM's User and Group are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, exists, literal, null, select

from portal.auth.models import Account, ScimEmail, ScimUser
from portal.ownership.core.scim import Group, User
from portal.ownership.models import ScimGroup, ScimMember
from portal.ownership.queries.scim_filters import (
    EXACT,
    FLAG,
    TIME,
    Condition,
    Listed,
    Shape,
    Stored,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement

# A closed account is reported as such, whatever its provider said last.
ACTIVE = case((ScimUser.is_active.is_(None), null()), else_=Account.is_active)


def _among(*of: ColumnElement[bool]) -> Callable[[Condition], Condition]:
    return lambda condition: exists().where(*of, condition)


USERS = Shape(
    str(User.__schema__),
    {
        "schemas": Stored(literal(str(User.__schema__).lower())),
        "id": Stored(ScimUser.__table__.c.id, EXACT),
        "externalid": Stored(Account.__table__.c.external_id, EXACT),
        "username": Stored(ScimUser.__table__.c.user_name_key),
        "displayname": Stored(ScimUser.__table__.c.display_name_key),
        "name.formatted": Stored(ScimUser.__table__.c.formatted_name_key),
        "name.familyname": Stored(ScimUser.__table__.c.family_name_key),
        "name.givenname": Stored(ScimUser.__table__.c.given_name_key),
        "active": Stored(ACTIVE, FLAG),
        "meta.resourcetype": Stored(literal("User"), EXACT),
        "meta.created": Stored(ScimUser.__table__.c.created_at, TIME),
        "meta.lastmodified": Stored(ScimUser.__table__.c.updated_at, TIME),
    },
    {
        "emails": Listed(
            _among(ScimEmail.account_id == ScimUser.account_id),
            {
                "value": Stored(ScimEmail.__table__.c.value_key),
                "type": Stored(ScimEmail.__table__.c.type_key),
                "primary": Stored(ScimEmail.__table__.c.is_primary, FLAG),
            },
            order=select(ScimEmail.value_key)
            .where(ScimEmail.account_id == ScimUser.account_id)
            .order_by(ScimEmail.is_primary.is_not(True), ScimEmail.position)
            .limit(1)
            .scalar_subquery(),
        ),
        "groups": Listed(
            _among(
                ScimMember.account_id == ScimUser.account_id, ScimMember.group_id == ScimGroup.id
            ),
            {
                "value": Stored(ScimGroup.__table__.c.id, EXACT),
                "display": Stored(ScimGroup.__table__.c.name_key),
                "type": Stored(literal("direct")),
            },
        ),
    },
)
GROUPS = Shape(
    str(Group.__schema__),
    {
        "schemas": Stored(literal(str(Group.__schema__).lower())),
        "id": Stored(ScimGroup.__table__.c.id, EXACT),
        "externalid": Stored(ScimGroup.__table__.c.external_id, EXACT),
        "displayname": Stored(ScimGroup.__table__.c.name_key),
        "meta.resourcetype": Stored(literal("Group"), EXACT),
        "meta.created": Stored(ScimGroup.__table__.c.created_at, TIME),
        "meta.lastmodified": Stored(ScimGroup.__table__.c.updated_at, TIME),
    },
    {
        "members": Listed(
            _among(
                ScimMember.group_id == ScimGroup.id, ScimMember.account_id == ScimUser.account_id
            ),
            {"value": Stored(ScimUser.__table__.c.id, EXACT), "type": Stored(literal("user"))},
        ),
    },
)
