"""Answers and errors in Backstage's shapes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Response, request

from portal.backstage.core.pages import write_cursor
from portal.backstage.core.refusals import describe_error
from portal.backstage.queries.entities import ROWS_AT_ONCE, find_page, read_entities
from portal.catalog.queries.columns import get_revision
from portal.web.caching import answer_versioned, make_etag
from portal.web.cursor import encode_open_cursor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from portal.backstage.forms import ByQuery
    from portal.web.unit import Database, Session


def dump(value: Any) -> str:
    """Return JSON as it is sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def answer(value: Any, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(dump(value), status, mimetype="application/json")


def answer_error(status: int, detail: str, fix: str) -> Response:
    """Answer an error; clients show its message, so what to do is a part of it."""
    message = f"{detail} {fix}".strip()
    status, body = describe_error(status, message, request.method, request.full_path.rstrip("?"))
    return answer(body, status)


def answer_state(session: Session, build: Callable[[], Any]) -> Response:
    """Answer a GET with JSON that stays the same until the catalog changes."""
    etag = make_etag("backstage", get_revision(session), request.path, request.query_string)
    return answer_versioned(etag, lambda: dump(build()))


def write_page(session: Session, asked: ByQuery) -> dict[str, Any]:
    """Return a page by query with its cursors."""
    found = find_page(session, asked.query, limit=asked.limit, offset=asked.offset)
    around = {"nextCursor": found.behind, "prevCursor": found.before}
    return {
        "items": read_entities(session, found.ids, asked.fields),
        "totalItems": found.total,
        "pageInfo": {
            name: encode_open_cursor(write_cursor(replace(query, total=found.total)))
            for name, query in around.items()
            if query is not None
        },
    }


def write_list(database: Database, ids: Sequence[int], fields: Sequence[str]) -> Iterator[str]:
    """Yield a JSON list of entities, some at a time; the request's own unit has ended by then."""
    yield "["
    for start in range(0, len(ids), ROWS_AT_ONCE):
        with database.unit(write=False) as session:
            found = read_entities(session, ids[start : start + ROWS_AT_ONCE], fields)
        yield ("," if start else "") + ",".join(dump(entity) for entity in found)
    yield "]"
