"""Addresses of a list: the page's own query with something added, taken away or replaced."""

from __future__ import annotations

from typing import Any

from flask import request, url_for


def current_url(endpoint: str = "", **changes: Any) -> str:
    """Return this page's address with `changes`; None drops a field. The cursor is dropped."""
    kept: dict[str, Any] = {
        name: [value for value in values if value]
        for name, values in request.args.lists()
        if name not in {"cursor", *changes}
    }
    given = {name: value for name, value in changes.items() if value is not None}
    if not endpoint:
        given |= request.view_args or {}
    return url_for(endpoint or str(request.endpoint), **kept, **given)


def without_value(name: str, value: str) -> str:
    """Return this page's address with one value of a field left out."""
    rest = [given for given in request.args.getlist(name) if given != value]
    changes: dict[str, Any] = {name: rest or None}
    return current_url(**changes)


def page_urls(next_cursor: str | None) -> dict[str, str | None]:
    """Return the addresses of the next and the first page, None where there is none."""
    return {
        "next_url": current_url(cursor=next_cursor) if next_cursor else None,
        "first_url": current_url() if "cursor" in request.args else None,
    }


def list_hidden(*left_out: str) -> list[tuple[str, str]]:
    """Return this page's fields as a form must carry them along, some left out."""
    return [
        (name, value)
        for name, value in request.args.items(multi=True)
        if value and name not in {"cursor", *left_out}
    ]
