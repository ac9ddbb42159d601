"""What is listed, as CSV or JSON, streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from portal.audit.service import record_act
from portal.auth.core import Actor
from portal.catalog.forms import ExportQuery
from portal.catalog.queries.entities import list_by_ids
from portal.catalog.queries.lists import select_entities
from portal.catalog.queries.personal import narrow_for
from portal.catalog.routes.blueprint import blueprint
from portal.infra.clock import utc_now
from portal.web.exports import answer_file
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.unit import Database, Session, get_database, get_session, survive
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Response

ROWS_AT_ONCE = 500
FIELDS = (
    "ref",
    "kind",
    "namespace",
    "name",
    "title",
    "description",
    "type",
    "entity_class",
    "lifecycle",
    "stage",
    "tier",
    "owner",
    "system",
    "tags",
    "source",
    "file",
    "line",
    "updated_at",
)


@blueprint.get("/catalog/export")
@requires("catalog:entity:read")
def export() -> Response:
    """Hand out everything the page's filters choose, in its order."""
    session = get_session()
    query = parse_arguments(ExportQuery, request.args)
    actor = get_actor(Actor)
    selection = select_entities(
        session,
        narrow_for(session, actor, query.wanted, query.personal),
        sort=query.sort,
        now=utc_now(),
    )
    ids = selection.ids.tolist()
    survive(_record(actor.name, query, len(ids)))
    return answer_file("catalog", query.format, FIELDS, _read(get_database(), ids))


def _record(actor: str, query: ExportQuery, rows: int) -> Callable[[Session], None]:
    after = {"format": query.format, "rows": rows, "filters": query.list_given()}

    def record(session: Session) -> None:
        record_act(session, actor, "catalog", action="catalog.export", after=after, now=utc_now())

    return record


def _read(database: Database, ids: list[int]) -> Iterator[dict[str, Any]]:
    # The request's own unit ends before its answer is sent.
    for start in range(0, len(ids), ROWS_AT_ONCE):
        with database.unit(write=False) as session:
            rows = list_by_ids(session, ids[start : start + ROWS_AT_ONCE])
        for row in rows:
            found = {name: getattr(row, name) for name in FIELDS}
            yield {**found, "updated_at": row.updated_at.isoformat()}
