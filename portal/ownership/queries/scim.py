"""Reads of the people and groups that one provider manages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from scim2_models import InvalidPathException
from sqlalchemy import func, select

from portal.auth.models import Account, ScimUser
from portal.errors import NotFound
from portal.ownership.models import ScimGroup, ScimMember
from portal.ownership.queries.scim_filters import make_condition
from portal.ownership.queries.scim_shapes import GROUPS, USERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scim2_models.path import FilterNode
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from portal.ownership.queries.scim_filters import Shape

T = TypeVar("T", bound=tuple[Any, ...])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which resources a list shows: filter, order, first row from 0 and how many."""

    filter: FilterNode | None = None
    sort: tuple[str, ...] = ()
    is_descending: bool = False
    first: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class Membership:
    """A group of a person, or a person of a group, by id and name."""

    id: str
    name: str


def get_user(
    session: Session, provider: str, user_id: str, *, lock: bool = False
) -> tuple[ScimUser, Account]:
    """Return somebody a provider manages; raises NotFound, for another provider's too."""
    query = select(ScimUser, Account).join(Account, Account.id == ScimUser.account_id)
    query = query.where(ScimUser.provider == provider, ScimUser.id == user_id)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no user {user_id}.")
    return row.ScimUser, row.Account


def get_group(session: Session, provider: str, group_id: str, *, lock: bool = False) -> ScimGroup:
    """Return a group of a provider; raises NotFound, for another provider's too."""
    query = select(ScimGroup).where(ScimGroup.provider == provider, ScimGroup.id == group_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(f"There is no group {group_id}.")
    return found


def list_users(
    session: Session, provider: str, wanted: Wanted
) -> tuple[int, list[tuple[ScimUser, Account]]]:
    """Return how many people fit, and a page of them."""
    query = (
        select(ScimUser, Account)
        .join(Account, Account.id == ScimUser.account_id)
        .where(ScimUser.provider == provider)
    )
    total, rows = _read_page(session, query, USERS, wanted, ScimUser.account_id)
    return total, [(row[0], row[1]) for row in rows]


def list_groups(session: Session, provider: str, wanted: Wanted) -> tuple[int, list[ScimGroup]]:
    """Return how many groups fit, and a page of them."""
    query = select(ScimGroup).where(ScimGroup.provider == provider)
    total, rows = _read_page(session, query, GROUPS, wanted, ScimGroup.created_at, ScimGroup.id)
    return total, [row[0] for row in rows]


def _read_page(
    session: Session,
    query: Select[*tuple[Any, ...]],
    shape: Shape,
    wanted: Wanted,
    *last: ColumnElement[Any] | Any,
) -> tuple[int, Sequence[Any]]:
    """Return the total and a page; what sorts alike keeps one order, so no row shows twice."""
    if wanted.filter is not None:
        query = query.where(make_condition(shape, wanted.filter))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    if not wanted.count or wanted.first >= total:
        return total, []
    page = query.order_by(*_make_order(shape, wanted), *last)
    return total, session.execute(page.offset(wanted.first).limit(wanted.count)).all()


def _make_order(shape: Shape, wanted: Wanted) -> list[ColumnElement[Any]]:
    """Return the order: rows without a value come last, or first when descending."""
    if not wanted.sort:
        return []
    name = ".".join(wanted.sort).lower()
    stored, listed = shape.single.get(name), shape.many.get(wanted.sort[0].lower())
    column = stored.column if stored is not None else None
    if listed is not None:
        column = listed.order
    if column is None:
        raise InvalidPathException(detail=f"{'.'.join(wanted.sort)} gives no order")
    if wanted.is_descending:
        return [column.is_(None).desc(), column.desc()]
    return [column.is_(None), column]


def read_groups_of(session: Session, account_ids: Iterable[int]) -> dict[int, list[Membership]]:
    """Return the groups of several people, by account."""
    found: dict[int, list[Membership]] = {}
    rows = session.execute(
        select(ScimMember.account_id, ScimGroup.id, ScimGroup.display_name)
        .join(ScimGroup, ScimGroup.id == ScimMember.group_id)
        .where(ScimMember.account_id.in_(list(account_ids)))
        .order_by(ScimGroup.created_at, ScimGroup.id)
    )
    for row in rows:
        found.setdefault(row.account_id, []).append(Membership(row.id, row.display_name))
    return found


def read_members_of(session: Session, group_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the ids of the people in several groups, by group."""
    found: dict[str, list[str]] = {}
    rows = session.execute(
        select(ScimMember.group_id, ScimUser.id)
        .join(ScimUser, ScimUser.account_id == ScimMember.account_id)
        .where(ScimMember.group_id.in_(list(group_ids)))
        .order_by(ScimUser.account_id)
    )
    for row in rows:
        found.setdefault(row.group_id, []).append(row.id)
    return found
