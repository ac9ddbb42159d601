"""What stands around one entity: relations both ways, aliases, problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select, union

from portal.catalog.core.relations import Relation
from portal.catalog.models import CatalogProblem, EntityAlias, EntityRelation
from portal.infra.db import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

MOST_RELATIONS = 5_000
# Built once: putting a statement together takes longer than this takes to run.
AROUND = (
    select(
        EntityRelation.source,
        EntityRelation.type,
        EntityRelation.target,
        EntityRelation.criticality,
    )
    .where(
        or_(EntityRelation.source == bindparam("ref"), EntityRelation.target == bindparam("ref"))
    )
    .limit(MOST_RELATIONS)
)


def read_around(session: Session, ref: str) -> Sequence[Any]:
    """Return the stored relations that touch an entity: source, type, target, criticality."""
    return read_rows(session, AROUND, {"ref": ref})


def list_relations(session: Session, ref: str) -> list[Relation]:
    """Return the relations of an entity as seen from it, without repeats, sorted."""
    return see_from(ref, read_around(session, ref))


def see_from(ref: str, around: Sequence[Any]) -> list[Relation]:
    """Return stored relations as the entity sees them, without repeats, sorted."""
    found: set[Relation] = set()
    for source, kind, target, _ in around:
        relation = Relation(source, kind, target)
        if source == ref:
            found.add(relation)
        if target == ref:
            found.add(relation.inverse)
    return sorted(found, key=lambda relation: (relation.type, relation.target))


def list_aliases(session: Session, ref: str) -> Sequence[EntityAlias]:
    """Return the aliases of an entity."""
    return session.scalars(
        select(EntityAlias)
        .where(EntityAlias.ref == ref)
        .order_by(EntityAlias.system, EntityAlias.value)
    ).all()


def list_problems(session: Session, ref: str) -> Sequence[CatalogProblem]:
    """Return what is wrong with an entity."""
    return session.scalars(
        select(CatalogProblem)
        .where(CatalogProblem.ref == ref)
        .order_by(CatalogProblem.id)
        .limit(200)
    ).all()


def list_relations_of(session: Session, refs: Sequence[str]) -> dict[str, list[Relation]]:
    """Return the relations of entities as seen from each, without repeats, sorted."""
    ends = (EntityRelation.source, EntityRelation.target)
    columns = (EntityRelation.source, EntityRelation.type, EntityRelation.target)
    wanted = set(refs)
    # Two questions in one, for `or` over both ends would not use an index of either.
    both = union(*(select(*columns).where(end.in_(wanted)) for end in ends))
    found: dict[str, set[Relation]] = {ref: set() for ref in wanted}
    for source, kind, target in session.execute(both):
        relation = Relation(source, kind, target)
        if source in wanted:
            found[source].add(relation)
        if target in wanted:
            found[target].add(relation.inverse)
    return {
        ref: sorted(relations, key=lambda relation: (relation.type, relation.target))
        for ref, relations in found.items()
    }
