"""Reads neighbourhoods: one query a level and one more, whatever the size of the catalog."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, literal, or_, select, union_all

from portal.catalog.core.graph import (
    COMPONENT,
    DEPENDS,
    PART,
    PROVIDES,
    TYPES,
    Edge,
    Neighbourhood,
    Wanted,
    judge_edges,
    read_edge,
    walk,
)
from portal.catalog.models import EntityRelation
from portal.catalog.queries.details import MOST_RELATIONS as MOST_AROUND
from portal.catalog.queries.runtime import get_runtime_graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

MOST_RELATIONS = 4_000
SOURCE, TARGET, TYPE = EntityRelation.source, EntityRelation.target, EntityRelation.type


def read_neighbourhood(
    session: Session,
    root: str,
    *,
    depth: int,
    direction: str,
    around: Sequence[Any] | None = None,
) -> Neighbourhood:
    """Return what stands around `root`; at most 200 nodes, with the rest counted.

    `around` are the root's own stored relations where a page has read them already.
    """

    def find_edges(wanted: Wanted) -> tuple[list[Edge], bool]:
        if around is not None and {*wanted.ahead, *wanted.behind} == {root}:
            return _choose_edges(around, wanted), len(around) < MOST_AROUND
        parts = [_read_part(n, condition) for n, condition in enumerate(_list_conditions(wanted))]
        rows = session.execute(union_all(*parts)).all()
        edges = {edge for _, *row in rows if (edge := read_edge(*row)) is not None}
        read = Counter(row.part for row in rows)
        return list(edges), all(count <= MOST_RELATIONS for count in read.values())

    return walk(root, find_edges, depth=depth, direction=direction)


def read_judged_neighbourhood(
    session: Session,
    root: str,
    *,
    depth: int,
    direction: str,
    around: Sequence[Any] | None = None,
) -> Neighbourhood:
    """Return the same with edges judged as impact judges them."""
    found = read_neighbourhood(session, root, depth=depth, direction=direction, around=around)
    runtime = get_runtime_graph(session)
    found.edges = judge_edges(found.edges, runtime.find_strength, runtime.is_built_in)
    return found


def _choose_edges(around: Sequence[Any], wanted: Wanted) -> list[Edge]:
    edges = {edge for row in around if (edge := read_edge(*row)) is not None}
    return [e for e in edges if e.source in wanted.ahead or e.target in wanted.behind]


def _list_conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """Yield which stored relations to read, apart so that each part can use its index."""
    if wanted.ahead:
        yield and_(SOURCE.in_(wanted.ahead), TYPE.in_(DEPENDS))
        yield and_(TARGET.in_(wanted.ahead), TYPE.in_((PROVIDES, PART)))
    if wanted.behind:
        yield and_(TARGET.in_(wanted.behind), TYPE.in_(DEPENDS))
        is_part = and_(TYPE == PART, TARGET.startswith(COMPONENT))
        yield and_(SOURCE.in_(wanted.behind), or_(TYPE == PROVIDES, is_part))
    if wanted.among:
        yield and_(SOURCE.in_(wanted.among), TARGET.in_(wanted.among), TYPE.in_(TYPES))


def _read_part(number: int, condition: ColumnElement[bool]) -> Any:
    columns = (literal(number).label("part"), SOURCE, TYPE, TARGET, EntityRelation.criticality)
    return select(select(*columns).where(condition).limit(MOST_RELATIONS + 1).subquery())
