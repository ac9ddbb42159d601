"""Who is in which team, as far as sources say so that an admin trusts for people.

What was made in the portal counts as well: teams and people have no owner, so only an admin can
make or change them there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select

from portal.auth.core.membership import is_plain
from portal.catalog.core.records import PORTAL
from portal.catalog.models import Entity, EntityAlias, EntityRelation
from portal.sources.models import Source

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session

USER = "user"


def find_user(session: Session, name: str | None, email: str | None) -> str | None:
    """Return the catalog User of a name, else of a verified e-mail, when there is exactly one.

    A User counts when a trusted source declares it: what another file says could make somebody
    the member whom a trusted group names.
    """
    if name and is_plain(name):
        ref = name.lower() if ":" in name else f"user:default/{name.lower()}"
        found = session.scalar(_users(Entity.ref).where(Entity.ref == ref))
        if found:
            return found
    if not email or not is_plain(email):
        return None
    refs = session.scalars(
        _users(EntityAlias.ref)
        .join(EntityAlias, Entity.ref == EntityAlias.ref)
        .where(EntityAlias.value == email.lower(), EntityAlias.system == "email")
        .limit(2)
    ).all()
    return refs[0] if len(refs) == 1 else None


def _users(column: Any) -> Select[str]:
    """Return a column of the Users that a trusted source declares."""
    return (
        select(column)
        .select_from(Entity)
        .join(Source, Source.name == Entity.source)
        .where(Entity.kind == USER, Source.is_people_authority)
    )


def list_teams_of(session: Session, user_ref: str) -> list[tuple[str, str]]:
    """Return the teams of a User with the source that says so."""
    query = _trusted("memberOf").where(EntityRelation.source == user_ref)
    return sorted({(row.target, row.source_name) for row in session.execute(query)})


def read_parents(session: Session) -> dict[str, str]:
    """Return each team's parent, as trusted sources say."""
    rows = session.execute(_trusted("childOf").order_by(EntityRelation.target.desc()))
    return {row.source: row.target for row in rows}


def find_parent(session: Session, team: str) -> str | None:
    """Return the team above one, as trusted sources say."""
    query = _trusted("childOf").where(EntityRelation.source == team)
    row = session.execute(query.order_by(EntityRelation.target).limit(1)).first()
    return None if row is None else row.target


def list_members_of(session: Session, team: str) -> list[str]:
    """Return the people of a team, as trusted sources say."""
    query = _trusted("memberOf").where(EntityRelation.target == team)
    return sorted({row.source for row in session.execute(query)})


def list_trusted_children(session: Session, team: str) -> list[str]:
    """Return the teams right below one, as trusted sources say."""
    query = _trusted("childOf").where(EntityRelation.target == team)
    return sorted({row.source for row in session.execute(query)})


def is_trusted(session: Session, source: str) -> bool:
    """Whether what a source says of people and teams counts."""
    said = session.scalar(select(Source.is_people_authority).where(Source.name == source))
    return source == PORTAL if said is None else said


def _trusted(kind: str) -> Select[str, str, str]:
    """Return relations of a kind that a trusted source declares, with that source's name."""
    return (
        select(EntityRelation.source, EntityRelation.target, Entity.source.label("source_name"))
        .join(Entity, Entity.ref == EntityRelation.declared_by)
        .join(Source, Source.name == Entity.source, isouter=True)
        .where(
            EntityRelation.type == kind,
            or_(Source.is_people_authority, and_(Source.id.is_(None), Entity.source == PORTAL)),
        )
    )
