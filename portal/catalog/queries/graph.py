"""Reads neighbourhoods: one query a level and one more, whatever the size of the catalog."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, literal, select, union_all

from portal.catalog.core.graph import (
    DEPENDS,
    PART,
    PROVIDES,
    TYPES,
    Edge,
    Neighbourhood,
    Wanted,
    read_edge,
    walk,
)
from portal.catalog.models import EntityRelation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

MOST_RELATIONS = 4_000
SOURCE, TARGET, TYPE = EntityRelation.source, EntityRelation.target, EntityRelation.type


def read_neighbourhood(session: Session, root: str, *, depth: int, direction: str) -> Neighbourhood:
    """Return what stands around `root`; at most 200 nodes, with the rest counted."""

    def find_edges(wanted: Wanted) -> tuple[list[Edge], bool]:
        parts = [_read_part(n, condition) for n, condition in enumerate(_list_conditions(wanted))]
        rows = session.execute(union_all(*parts)).all()
        edges = {edge for _, *row in rows if (edge := read_edge(*row)) is not None}
        read = Counter(row.part for row in rows)
        return list(edges), all(count <= MOST_RELATIONS for count in read.values())

    return walk(root, find_edges, depth=depth, direction=direction)


def _list_conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """Yield which stored relations to read, apart so that each part can use its index."""
    if wanted.ahead:
        yield and_(SOURCE.in_(wanted.ahead), TYPE.in_(DEPENDS))
        yield and_(TARGET.in_(wanted.ahead), TYPE.in_((PROVIDES, PART)))
    if wanted.behind:
        yield and_(TARGET.in_(wanted.behind), TYPE.in_(DEPENDS))
        yield and_(SOURCE.in_(wanted.behind), TYPE == PROVIDES)
    if wanted.among:
        yield and_(SOURCE.in_(wanted.among), TARGET.in_(wanted.among), TYPE.in_(TYPES))


def _read_part(number: int, condition: ColumnElement[bool]) -> Any:
    columns = (literal(number).label("part"), SOURCE, TYPE, TARGET, EntityRelation.criticality)
    return select(select(*columns).where(condition).limit(MOST_RELATIONS + 1).subquery())
