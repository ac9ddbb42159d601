"""What is listed, as CSV or JSON, streamed."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from flask import Response, request

from portal.auth.core import Actor
from portal.catalog.forms import ExportQuery
from portal.catalog.queries.entities import list_by_ids
from portal.catalog.queries.lists import select_entities
from portal.catalog.queries.personal import narrow_for
from portal.catalog.routes.blueprint import blueprint
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.unit import Database, get_database, get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Iterator

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
# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n")


@blueprint.get("/catalog/export")
@requires("catalog:entity:read")
def export() -> Response:
    """Hand out everything the page's filters choose, in its order."""
    session = get_session()
    query = parse_arguments(ExportQuery, request.args)
    selection = select_entities(
        session,
        narrow_for(session, get_actor(Actor), query.wanted, query.personal),
        sort=query.sort,
        now=utc_now(),
    )
    rows = _read(get_database(), selection.ids.tolist())
    write, mimetype = (
        (_write_json, "application/json") if query.format == "json" else (_write_csv, "text/csv")
    )
    response = Response(write(rows), mimetype=mimetype)
    name = f"catalog-{utc_now():%Y-%m-%d}.{query.format}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _read(database: Database, ids: list[int]) -> Iterator[dict[str, Any]]:
    # The request's own unit ends before its answer is sent.
    for start in range(0, len(ids), ROWS_AT_ONCE):
        with database.unit(write=False) as session:
            rows = list_by_ids(session, ids[start : start + ROWS_AT_ONCE])
        for row in rows:
            found = {name: getattr(row, name) for name in FIELDS}
            yield {**found, "updated_at": row.updated_at.isoformat()}


def _write_csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(FIELDS)
    for row in rows:
        writer.writerow([_make_cell(row[name]) for name in FIELDS])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _make_cell(value: Any) -> str:
    if value is None:
        return ""
    text = " ".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(FORMULA_START) else text


def _write_json(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield "["
    for number, row in enumerate(rows):
        yield (",\n" if number else "\n") + json.dumps(row, ensure_ascii=False)
    yield "\n]\n"
