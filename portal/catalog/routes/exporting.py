"""What is listed, as CSV or JSON, streamed."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from flask import Response, request

from portal.catalog.forms import ExportQuery, with_marks
from portal.catalog.queries.entities import list_by_ids
from portal.catalog.queries.lists import select_entities
from portal.catalog.queries.marks import list_marks
from portal.catalog.routes.blueprint import blueprint
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.unit import Database, Session, get_database, get_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    Rows = Iterator[dict[str, Any]]

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
    database, now = get_database(), utc_now()
    marks = database.contributions.mark_names
    query = parse_arguments(with_marks(ExportQuery, marks), request.args)
    selection = select_entities(get_session(), query.wanted, sort=query.sort, now=now)
    rows = _read(database, selection.ids.tolist(), now)
    if query.format == "json":
        response = Response(_write_json(rows), mimetype="application/json")
    else:
        response = Response(_write_csv(rows, _list_fields(marks)), mimetype="text/csv")
    name = f"catalog-{now:%Y-%m-%d}.{query.format}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _list_fields(marks: Sequence[str]) -> list[str]:
    return [*FIELDS, *(name for mark in marks for name in (mark, f"{mark}_as_of"))]


def _read(database: Database, ids: list[int], now: datetime) -> Rows:
    # The request's own unit ends before its answer is sent.
    for start in range(0, len(ids), ROWS_AT_ONCE):
        with database.unit(write=False) as session:
            rows = list_by_ids(session, ids[start : start + ROWS_AT_ONCE])
            found = _with_marks(session, rows, database.contributions.mark_names, now)
        yield from found


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


def _write_csv(rows: Rows, fields: Sequence[str]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(fields)
    for row in rows:
        writer.writerow([_make_cell(row[name]) for name in fields])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _make_cell(value: Any) -> str:
    if value is None:
        return ""
    text = " ".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(FORMULA_START) else text


def _write_json(rows: Rows) -> Iterator[str]:
    yield "["
    for number, row in enumerate(rows):
        yield (",\n" if number else "\n") + json.dumps(row, ensure_ascii=False)
    yield "\n]\n"
