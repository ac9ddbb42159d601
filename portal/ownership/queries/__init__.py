"""Reads of teams, from the catalog's groups, users and relations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from portal.catalog.core.columns import ABSENT
from portal.catalog.models import Entity, EntityRelation
from portal.catalog.queries.columns import get_columns
from portal.infra.cache import get_cache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import Columns

GROUP, USER = "group:", "user:"
MOST_MEMBERS = 500


@dataclass(frozen=True)
class Teams:
    """All teams as of a revision: parents, members counted, entities owned by kind."""

    revision: int
    refs: tuple[str, ...]
    parents: Mapping[str, str]
    members: Mapping[str, int]
    owned: Mapping[str, int]


def get_teams(session: Session) -> Teams:
    """Return the tree and counts of all teams, read once per revision of the catalog."""
    columns = get_columns(session)
    return get_cache(session).renew(
        "ownership.teams",
        Teams,
        lambda held: (
            held if held and held.revision == columns.revision else _read_teams(session, columns)
        ),
    )


def _read_teams(session: Session, columns: Columns) -> Teams:
    refs = tuple(session.scalars(select(Entity.ref).where(Entity.kind == "group")))
    parents: dict[str, str] = {}
    members: dict[str, int] = {}
    rows = session.execute(
        select(EntityRelation.type, EntityRelation.source, EntityRelation.target)
        .where(EntityRelation.type.in_(("childOf", "memberOf")))
        .distinct()
        .order_by(EntityRelation.source, EntityRelation.target)
    )
    for kind, source, target in rows:
        if kind == "childOf":
            parents.setdefault(source, target)
        else:
            members[target] = members.get(target, 0) + 1
    return Teams(columns.revision, refs, parents, members, _count_owned(columns))


def _count_owned(columns: Columns) -> dict[str, int]:
    owners = columns.codes["owner"]
    if columns.lasting is not None:
        owners = owners[columns.lasting]
    counts = np.bincount(owners[owners != ABSENT], minlength=len(columns.texts["owner"].texts))
    return dict(zip(columns.texts["owner"].texts, counts.tolist(), strict=True))


def list_members(session: Session, ref: str) -> Sequence[Row[Any]]:
    """Return the people of a team: ref, name, namespace, title and document, by name."""
    query = (
        select(
            EntityRelation.source.label("member"),
            Entity.ref,
            Entity.kind,
            Entity.name,
            Entity.namespace,
            Entity.title,
            Entity.document,
        )
        .distinct()
        .join(Entity, Entity.ref == EntityRelation.source, isouter=True)
        .where(EntityRelation.type == "memberOf", EntityRelation.target == ref)
        .order_by(EntityRelation.source)
        .limit(MOST_MEMBERS)
    )
    return session.execute(query).all()
