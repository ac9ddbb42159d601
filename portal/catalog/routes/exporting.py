"""What is listed, as CSV or JSON, streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from portal.audit.service import record_act
from portal.auth.core import Actor
from portal.catalog.forms import ExportQuery
from portal.catalog.forms.extending import extend_form
from portal.catalog.queries.entities import list_by_ids
from portal.catalog.queries.lists import select_entities
from portal.catalog.queries.marks import list_marks
from portal.catalog.queries.own_fields import get_fields, list_field_values, type_fields
from portal.catalog.queries.personal import narrow_for
from portal.catalog.routes.blueprint import blueprint
from portal.infra.clock import utc_now
from portal.web.exports import answer_file
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.unit import Database, Session, get_database, get_session, survive
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from flask import Response

    from portal.catalog.core.own_fields import OwnField

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
    database, now = get_database(), utc_now()
    marks = database.contributions.mark_names
    session = get_session()
    fields = get_fields(session)
    query = parse_arguments(extend_form(ExportQuery, marks, fields), request.args)
    actor = get_actor(Actor)
    wanted = narrow_for(session, actor, query.wanted, query.personal)
    selection = select_entities(session, wanted, sort=query.sort, now=now)
    ids = selection.ids.tolist()
    survive(_record(actor.name, query, len(ids)))
    rows = _read(database, ids, fields, now)
    return answer_file("catalog", query.format, _list_fields(marks, fields), rows)


def _record(actor: str, query: ExportQuery, rows: int) -> Callable[[Session], None]:
    after = {"format": query.format, "rows": rows, "filters": query.list_given()}

    def record(session: Session) -> None:
        record_act(session, actor, "catalog", action="catalog.export", after=after, now=utc_now())

    return record


def _list_fields(marks: Sequence[str], fields: Sequence[OwnField]) -> list[str]:
    own = [each.name for each in fields]
    return [*FIELDS, *(name for mark in marks for name in (mark, f"{mark}_as_of")), *own]


def _read(
    database: Database, ids: list[int], fields: Sequence[OwnField], now: datetime
) -> Iterator[dict[str, Any]]:
    # The request's own unit ends before its answer is sent.
    for start in range(0, len(ids), ROWS_AT_ONCE):
        with database.unit(write=False) as session:
            rows = list_by_ids(session, ids[start : start + ROWS_AT_ONCE])
            found = _with_marks(session, rows, database.contributions.mark_names, now)
            values = list_field_values(session, rows)
        for line in found:
            own = values.get(line["ref"], {})
            typed = type_fields(fields, line["kind"], line["entity_class"], own)
            yield {**line, **{each.name: typed.get(each.key) for each in fields}}


def _with_marks(
    session: Session, rows: Sequence[Any], marks: Sequence[str], now: datetime
) -> list[dict[str, Any]]:
    found = []
    seen = list_marks(session, [row.ref for row in rows], now=now)
    for row in rows:
        line = {name: getattr(row, name) for name in FIELDS}
        line["updated_at"] = row.updated_at.isoformat()
        for mark in marks:
            value = seen.get((row.ref, mark))
            line[mark] = value and value.value
            line[f"{mark}_as_of"] = value and value.as_of.isoformat()
        found.append(line)
    return found
