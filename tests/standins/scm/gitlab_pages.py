"""Offset and keyset pagination as GitLab documents them."""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .server import Refusal

if TYPE_CHECKING:
    from .server import Call

MAX_OFFSET = 50_000
TOTALS_UP_TO = 10_000


def bad(name: str, why: str = "is invalid") -> Refusal:
    """Build the 400 of a parameter that does not fit."""
    return Refusal(400, {"error": f"{name} {why}"})


def numbers(call: Call) -> tuple[int, int]:
    """Return per_page (20, at most 100) and page, 400 when they are not positive numbers."""
    found = []
    for name, default in (("per_page", "20"), ("page", "1")):
        value = call.arg(name, default)
        if not value.isdigit():
            raise bad(name)
        if int(value) < 1:
            raise bad(name, "does not have a valid value")
        found.append(int(value))
    return min(found[0], 100), found[1]


def _link(call: Call, base: str, name: str, **more: Any) -> str:
    query = urlencode(call.request.args.to_dict() | more)
    return f'<{base}?{query}>; rel="{name}"'


def offset(call: Call, rows: list[Any], base: str, what: str = "Project") -> Any:
    """Cut out a page with its x- headers and Link; totals vanish past 10,000 records."""
    if call.arg("pagination") == "keyset":
        text = "Keyset pagination is not yet available for this type of request"
        raise Refusal(405, {"error": text})
    size, page = numbers(call)
    if (page - 1) * size >= MAX_OFFSET:
        text = f"Offset pagination has a maximum allowed offset of {MAX_OFFSET} for requests that"
        more = f"return objects of type {what}. Remaining records can be retrieved using keyset"
        raise Refusal(405, {"error": f"{text} {more} pagination."})
    last = max(1, math.ceil(len(rows) / size))
    headers = {
        "X-Per-Page": str(size),
        "X-Page": str(page),
        "X-Next-Page": str(page + 1) if page < last else "",
        "X-Prev-Page": str(page - 1) if page > 1 else "",
    }
    wanted = [("prev", page - 1), ("next", page + 1), ("first", 1), ("last", last)]
    keep = {"prev": page > 1, "next": page < last, "first": True, "last": len(rows) <= TOTALS_UP_TO}
    more = {"per_page": size}
    links = [_link(call, base, name, page=at, **more) for name, at in wanted if keep[name]]
    headers["Link"] = ", ".join(links)
    if len(rows) <= TOTALS_UP_TO:
        headers |= {"X-Total": str(len(rows)), "X-Total-Pages": str(last)}
    return rows[(page - 1) * size : page * size], headers


def keyset_projects(call: Call, rows: list[Any], base: str) -> Any:
    """Page through projects by id: only order_by=id, only a next link, no totals."""
    if call.arg("order_by") != "id":
        text = "Keyset pagination is not yet available for this type of request"
        raise Refusal(405, {"error": text})
    size, _ = numbers(call)
    down = call.arg("sort", "desc") == "desc"
    edge = call.arg("id_before") if down else call.arg("id_after")
    rows = sorted(rows, key=lambda repo: repo.id, reverse=down)
    if edge.isdigit():
        limit = int(edge)
        rows = [repo for repo in rows if (repo.id < limit if down else repo.id > limit)]
    page = rows[:size]
    headers = {"X-Per-Page": str(size)}
    if page:
        name = "id_before" if down else "id_after"
        headers["Link"] = _link(call, base, "next", **{name: page[-1].id})
    return page, headers


def keyset_tree(call: Call, rows: list[dict[str, Any]], base: str) -> Any:
    """Page through a tree by an opaque page_token."""
    size, _ = numbers(call)
    start = 0
    if token := call.arg("page_token"):
        start = next((i + 1 for i, row in enumerate(rows) if _token(row) == token), -1)
        if start < 0:
            raise Refusal(400, {"message": "400 Bad request - Invalid page token"})
    page = rows[start : start + size]
    headers = {"X-Per-Page": str(size)}
    if start + size < len(rows):
        headers["Link"] = _link(call, base, "next", page_token=_token(page[-1]))
    return page, headers


def _token(row: dict[str, Any]) -> str:
    text = json.dumps({"file_name": row["path"], "id": row["id"]}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()
