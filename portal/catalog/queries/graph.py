"""Reads neighbourhoods: one query a level, whatever the size of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select, union_all

from portal.catalog.core.graph import TYPES, Edge, Neighbourhood, read_edge, walk
from portal.catalog.models import EntityRelation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

MOST_RELATIONS = 4_000


def read_neighbourhood(session: Session, root: str, *, depth: int, direction: str) -> Neighbourhood:
    """Return what stands around `root`; at most 200 nodes, with the rest counted."""

    def find_edges(refs: Sequence[str]) -> tuple[list[Edge], bool]:
        columns = (
            EntityRelation.source,
            EntityRelation.type,
            EntityRelation.target,
            EntityRelation.criticality,
        )
        # Two halves, so that each can use its index.
        halves = [
            select(*columns)
            .where(and_(end.in_(refs), EntityRelation.type.in_(TYPES)))
            .limit(MOST_RELATIONS)
            .subquery()
            for end in (EntityRelation.source, EntityRelation.target)
        ]
        rows = session.execute(union_all(*(select(half) for half in halves))).all()
        edges = {edge for row in rows if (edge := read_edge(*row)) is not None}
        return list(edges), len(rows) < MOST_RELATIONS

    return walk(root, find_edges, depth=depth, direction=direction)
