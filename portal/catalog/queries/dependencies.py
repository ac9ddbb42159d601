"""What one entity says about how hard it stands on things: every edge it may speak of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from portal.catalog.core.filters import expand_ref
from portal.catalog.core.meaning import parse_criticalities
from portal.catalog.models import EntityRelation
from portal.catalog.queries.runtime import SORTS, get_runtime_graph

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.catalog.models import Entity

MOST = 1000


@dataclass(frozen=True, slots=True)
class Dependency:
    """One edge of an entity: its other end, by which relation, and what is stated.

    `stated` is what the entity says itself, `counts_as` what holds. With `is_behind` the other end
    stands on the entity, which names it. `is_built_in` is an edge nobody needs to state.
    """

    ref: str
    type: str
    stated: str | None
    counts_as: str | None
    is_behind: bool
    is_built_in: bool


def list_ends(session: Session, entity: Entity) -> dict[str, tuple[str, bool]]:
    """Return the other ends an entity may speak of: by which relation, and whether behind it."""
    relation = EntityRelation
    rows = session.execute(
        select(relation.source, relation.type, relation.target)
        .where(
            relation.type.in_([name for name in SORTS if name != "providesApi"]),
            or_(relation.source == entity.ref, relation.declared_by == entity.ref),
        )
        .order_by(relation.type.desc(), relation.source, relation.target)
        .limit(MOST)
    )
    found: dict[str, tuple[str, bool]] = {}
    for source, kind, target in rows:
        is_behind = source != entity.ref
        found.setdefault(source if is_behind else target, (kind, is_behind))
    return found


def list_dependencies(session: Session, entity: Entity) -> list[Dependency]:
    """Return the edges an entity may state a criticality of, one for each reference."""
    said = read_said(entity)
    graph = get_runtime_graph(session)
    return [
        Dependency(
            other,
            kind,
            said.get(other),
            graph.find_strength(*pair),
            is_behind,
            graph.is_built_in(*pair),
        )
        for other, (kind, is_behind) in list_ends(session, entity).items()
        for pair in ((other, entity.ref) if is_behind else (entity.ref, other),)
    ]


def read_said(entity: Entity) -> dict[str, str]:
    """Return what an entity states, by canonical reference."""
    return {
        expand_ref(ref, "component"): word
        for ref, word in parse_criticalities(entity.document).items()
    }
