"""Query strings and bodies to typed values, refused in the words Backstage's clients know."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.backstage.core.fields import parse_fields
from portal.backstage.core.filters import parse_filters
from portal.backstage.core.pages import DEFAULT_LIMIT, EVERYTHING, Order, Query, read_cursor
from portal.backstage.core.queries import parse_query
from portal.backstage.core.refusals import Refused
from portal.catalog.core.predicates import MOST_PATHS
from portal.web.cursor import decode_open_cursor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Request
    from werkzeug.datastructures import MultiDict

    from portal.catalog.core.predicates import Predicate

    Arguments = MultiDict[str, str]

DIRECTIONS = ("asc", "desc")
TOTALS = ("include", "exclude")
WORDS = {str: "string", list: "array", dict: "object", int: "number"}


@dataclass(frozen=True, slots=True)
class ByQuery:
    """A page by query: what is asked, how much of it, and which parts."""

    query: Query
    fields: tuple[str, ...]
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A plain list of entities; `limit` None is everything in one answer."""

    asked: Predicate | None
    fields: tuple[str, ...]
    orders: tuple[Order, ...]
    limit: int | None
    offset: int
    is_paged: bool


def check_names(arguments: Arguments, known: tuple[str, ...]) -> None:
    """Raise Refused for a parameter that is unknown or empty."""
    for name, values in arguments.lists():
        if name not in known:
            raise Refused(f"Unknown query parameter '{name}'")
        if "" in values:
            raise Refused(f"Empty value found for query parameter '{name}'")


def _read_number(arguments: Arguments, name: str) -> int | None:
    values = arguments.getlist(name)
    if not values:
        return None
    if (
        len(values) > 1
        or not values[0].removeprefix("-").isascii()
        or not values[0].removeprefix("-").isdigit()
    ):
        raise Refused(f"request/query/{name} must be integer")
    number = int(values[0][:20])
    if number < 0:
        raise Refused(f"request/query/{name} must be >= 0")
    return min(number, EVERYTHING)


def _read_one(arguments: Arguments, name: str) -> str | None:
    values = arguments.getlist(name)
    if len(values) > 1:
        raise Refused(f"request/query/{name} must be string")
    return values[0] if values else None


def read_listing(arguments: Arguments) -> Listing:
    """Return what GET /entities is asked for."""
    check_names(arguments, ("fields", "limit", "filter", "offset", "after", "order"))
    limit, offset = _read_number(arguments, "limit"), _read_number(arguments, "offset")
    after = _read_one(arguments, "after")
    if limit == 0:
        raise Refused("Invalid limit, must be greater than zero")
    is_paged = after is not None or limit is not None or offset is not None
    if after is not None:
        held = decode_open_cursor(after)
        if held is None:
            raise Refused("Malformed after cursor, could not be parsed")
        limit, offset = held["limit"], held["offset"]
    return Listing(
        parse_filters(arguments.getlist("filter")),
        parse_fields(arguments.getlist("fields")),
        tuple(_read_order(text) for text in arguments.getlist("order")),
        limit,
        offset or 0,
        is_paged,
    )


def _read_order(text: str) -> Order:
    direction, _, path = text.partition(":")
    if direction not in DIRECTIONS or not path:
        raise Refused(f'Invalid order parameter "{text}", expected "<asc or desc>:<field name>"')
    return Order(path, direction == "desc")


def read_by_query(arguments: Arguments) -> ByQuery:
    """Return what GET /entities/by-query is asked for; a cursor counts alone."""
    check_names(
        arguments,
        (
            "fields",
            "limit",
            "offset",
            "orderField",
            "cursor",
            "filter",
            "totalItems",
            "fullTextFilterTerm",
            "fullTextFilterFields",
        ),
    )
    limit, offset = _read_number(arguments, "limit"), _read_number(arguments, "offset")
    cursor, total = _read_one(arguments, "cursor"), _read_one(arguments, "totalItems")
    if total is not None and total not in TOTALS:
        raise Refused(
            "request/query/totalItems must be equal to one of the allowed values: include, exclude"
        )
    paths = _read_one(arguments, "fullTextFilterFields")
    orders = [_read_order_field(text) for text in arguments.getlist("orderField")]
    query = (
        _open(cursor)
        if cursor is not None
        else Query(
            parse_filters(arguments.getlist("filter")),
            orders[0] if orders else Order(),
            _read_one(arguments, "fullTextFilterTerm") or "",
            tuple(paths.split(",")) if paths else (),
            is_counted=total != "exclude",
        )
    )
    fields = parse_fields(arguments.getlist("fields"))
    return _make_by_query(query, fields, limit, offset)


def _make_by_query(
    query: Query, fields: tuple[str, ...], limit: int | None, offset: int | None
) -> ByQuery:
    # Only a first page begins somewhere else; a cursor knows where it is.
    start = offset or 0 if query.at is None else 0
    return ByQuery(query, fields, DEFAULT_LIMIT if limit is None else limit, start)


def _read_order_field(text: str) -> Order:
    path, *rest = text.split(",")
    if rest and rest[0] not in DIRECTIONS:
        raise Refused("Invalid order field order, must be asc or desc")
    return Order(path, rest[:1] == ["desc"])


def _open(cursor: str) -> Query:
    held = decode_open_cursor(cursor)
    if held is None or "orderFields" not in held:
        raise Refused("Malformed cursor: it was edited, cut off, or is none of this portal")
    return read_cursor(held)


def read_facets(arguments: Arguments) -> tuple[tuple[str, ...], Predicate | None]:
    """Return what GET /entity-facets is asked for: paths, and what to count among."""
    check_names(arguments, ("facet", "filter"))
    if not arguments.getlist("facet"):
        raise Refused("request/query must have required property 'facet'")
    return check_facets(arguments.getlist("facet")), parse_filters(arguments.getlist("filter"))


def check_facets(facets: Sequence[str]) -> tuple[str, ...]:
    """Return the paths to count; raises Refused for none and for too many."""
    if not facets:
        raise Refused("Missing or empty facets parameter")
    if len(facets) > MOST_PATHS:
        raise Refused(f"At most {MOST_PATHS} facets are counted at once")
    return tuple(facets)


def read_body(
    request: Request, kinds: Mapping[str, type], required: tuple[str, ...]
) -> dict[str, Any]:
    """Return the body as a JSON object whose members are of the right kinds."""
    if request.mimetype and request.mimetype != "application/json":
        raise Refused(f"unsupported media type {request.mimetype}")
    try:
        body = json.loads(request.get_data(cache=False) or b"{}")
    except (ValueError, RecursionError) as error:
        raise Refused(f"The body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Refused("request/body must be object")
    for name in required:
        if name not in body:
            raise Refused(f"request/body must have required property '{name}'")
    for name, kind in kinds.items():
        if name in body and (not isinstance(body[name], kind) or isinstance(body[name], bool)):
            raise Refused(f"request/body/{name} must be {WORDS[kind]}")
    return body


def read_texts(body: Mapping[str, Any], name: str) -> list[str]:
    """Return a list of texts from a body, empty when it is not there."""
    values = body.get(name) or []
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise Refused(f"request/body/{name}/{index} must be string")
    return list(values)


def read_query(body: Mapping[str, Any]) -> Predicate | None:
    """Return the predicate of a body."""
    return parse_query(body["query"]) if "query" in body else None


def read_posted_query(request: Request) -> ByQuery:
    """Return what POST /entities/by-query is asked for; a cursor counts alone."""
    kinds = {"cursor": str, "limit": int, "offset": int, "orderBy": list, "fields": list}
    kinds |= {"fullTextFilter": dict, "query": dict, "totalItems": str}
    body = read_body(request, kinds, ())
    fields = parse_fields(read_texts(body, "fields"))
    limit, offset = _check_size(body, "limit"), _check_size(body, "offset")
    if "cursor" in body:
        if not body["cursor"]:
            raise Refused("Cursor cannot be empty")
        return _make_by_query(_open(body["cursor"]), fields, limit, None)
    if body.get("totalItems", "include") not in TOTALS:
        raise Refused(
            "request/body/totalItems must be equal to one of the allowed values: include, exclude"
        )
    text = body.get("fullTextFilter", {})
    query = Query(
        read_query(body),
        _read_posted_order(body.get("orderBy") or []),
        str(text.get("term") or ""),
        tuple(read_texts(text, "fields")),
        is_counted=body.get("totalItems") != "exclude",
    )
    return _make_by_query(query, fields, limit, offset)


def _check_size(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and value < 0:
        raise Refused(f"Invalid {name}, must be zero or greater")
    return None if value is None else min(int(value), EVERYTHING)


def _read_posted_order(orders: list[Any]) -> Order:
    if not orders:
        return Order()
    found = orders[0]
    for name in ("field", "order"):
        if not isinstance(found, dict) or not isinstance(found.get(name), str):
            raise Refused(f"request/body/orderBy/0 must have required property '{name}'")
    if found.get("order") not in DIRECTIONS:
        raise Refused("Invalid order field order, must be asc or desc")
    return Order(found["field"], found["order"] == "desc")
