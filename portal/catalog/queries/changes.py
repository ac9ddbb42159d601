"""What changed in the catalog, or in what some teams own; what one run did is one line."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, not_, select, union_all

from portal.catalog.core.changes import LEFT, ChangeFilter
from portal.catalog.core.runs import WITHIN, Group, group_changes
from portal.catalog.models import EntityRelation, EntityRevision
from portal.catalog.queries.history import CHANGE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.orm import Session

LOOKED_AT = 400
MOST_TEAMS = 2_000


def _conditions(wanted: ChangeFilter) -> list[ColumnElement[bool]]:
    """Return what a filter asks for but for the owners."""
    found: list[ColumnElement[bool]] = [EntityRevision.change != LEFT]
    if wanted.changes:
        found.append(EntityRevision.change.in_(wanted.changes))
    if wanted.source is not None:
        found.append(EntityRevision.source == wanted.source)
    if wanted.since is not None:
        found.append(EntityRevision.at >= wanted.since)
    if wanted.until is not None:
        found.append(EntityRevision.at < wanted.until)
    return found


def find_owners(
    session: Session, team: str | None, mine: Collection[str] | None
) -> tuple[str, ...] | None:
    """Return whose entities are asked for: a team's and those below it, somebody's own, or both.

    None stands for everybody's.
    """
    if team is None:
        return None if mine is None else tuple(sorted(mine))
    return tuple(ref for ref in list_teams_below(session, team) if mine is None or ref in mine)


def find_changes(
    session: Session, wanted: ChangeFilter, *, is_each: bool, before: int | None, limit: int
) -> tuple[list[Group], int | None]:
    """Return lines of changes, by run or one by one, and where the next page begins."""
    if not is_each:
        return list_grouped(session, wanted, before=before, limit=limit)
    rows = list_changes(session, wanted, before=before, limit=limit + 1)
    shown = [Group((row,), 1, row.id) for row in rows[:limit]]
    return shown, shown[-1].last if len(rows) > len(shown) else None


def list_changes(
    session: Session, wanted: ChangeFilter, *, before: int | None = None, limit: int
) -> Sequence[Row[Any]]:
    """Return changes, the latest first, older than the revision `before`."""
    narrowed = _conditions(wanted)
    if before is not None:
        narrowed.append(EntityRevision.id < before)
    latest = EntityRevision.id.desc()
    query = select(*CHANGE_COLUMNS).order_by(latest).limit(limit)
    if wanted.owners is None:
        return session.execute(query.where(*narrowed)).all()
    # Apart, so that each part walks its own index from its end.
    parts = [
        select(
            select(EntityRevision.id)
            .where(column.in_(wanted.owners), *narrowed)
            .order_by(latest)
            .limit(limit)
            .subquery()
        )
        for column in (EntityRevision.owner, EntityRevision.owner_before)
    ]
    ids = set(session.scalars(union_all(*parts)))
    return session.execute(query.where(EntityRevision.id.in_(ids))).all()


def list_grouped(
    session: Session, wanted: ChangeFilter, *, before: int | None = None, limit: int
) -> tuple[list[Group], int | None]:
    """Return lines of changes, and the revision that the next page begins below.

    A few hundred rows are looked at; what one run did beyond them is counted, not read.
    """
    rows = list_changes(session, wanted, before=before, limit=LOOKED_AT)
    groups = group_changes(rows)
    is_all = len(rows) < LOOKED_AT
    shown = groups[:limit]
    if not shown or (is_all and len(shown) == len(groups)):
        return shown, None
    if len(shown) == len(groups):
        shown[-1] = _count_on(session, wanted, shown[-1])
    return shown, shown[-1].last


def _count_on(session: Session, wanted: ChangeFilter, group: Group) -> Group:
    """Return a group that may go on beyond what was read with all it holds."""
    newest = group.rows[0]
    same = and_(
        EntityRevision.source == newest.source,
        EntityRevision.change == newest.change,
        EntityRevision.actor == newest.actor,
        EntityRevision.at >= newest.at - timedelta(seconds=WITHIN),
    )
    other = select(func.max(EntityRevision.id)).where(
        EntityRevision.id < group.last, EntityRevision.change != LEFT, not_(same)
    )
    floor = session.scalar(other) or 0
    mine = [*_conditions(wanted), same, EntityRevision.id > floor, EntityRevision.id < group.last]
    if wanted.owners is not None:
        mine.append(
            EntityRevision.owner.in_(wanted.owners) | EntityRevision.owner_before.in_(wanted.owners)
        )
    more, last = session.execute(
        select(func.count(), func.min(EntityRevision.id)).where(*mine)
    ).one()
    return Group(group.rows, group.count + more, last or group.last) if more else group


def list_change_sources(session: Session) -> list[str]:
    """Return the sources that changed anything lately."""
    lately = (
        select(EntityRevision.source).order_by(EntityRevision.id.desc()).limit(5_000).subquery()
    )
    return sorted(session.scalars(select(lately.c.source).distinct().limit(100)))


def list_teams_below(session: Session, team: str) -> list[str]:
    """Return a team and all teams below it."""
    found = (
        select(EntityRelation.source.label("ref"))
        .where(EntityRelation.type == "childOf", EntityRelation.target == team)
        .cte("below", recursive=True)
    )
    found = found.union(
        select(EntityRelation.source).where(
            EntityRelation.type == "childOf", EntityRelation.target == found.c.ref
        )
    )
    below = session.scalars(select(found.c.ref).limit(MOST_TEAMS))
    return [team, *sorted({ref for ref in below if ref != team})]
