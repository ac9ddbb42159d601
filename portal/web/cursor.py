"""Signed cursors: a page's end as an opaque text that nobody can edit unnoticed."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from portal.errors import InvalidInput, Problem

SALT = "plumbline.cursor"


def encode_cursor(scope: str, values: tuple[Any, ...]) -> str:
    """Return `values` as a cursor good for `scope` only (the sort order it belongs to)."""
    return str(_serializer().dumps([_shorten(scope), *values]))


def decode_cursor(scope: str, cursor: str) -> tuple[Any, ...]:
    """Return the values of a cursor; raises InvalidInput when edited or of another list."""
    try:
        found = _serializer().loads(cursor)
    except BadSignature:
        found = None
    if not isinstance(found, list) or not found or found[0] != _shorten(scope):
        raise InvalidInput(
            "The cursor is not valid.",
            (
                Problem(
                    "cursor",
                    "signed",
                    "This cursor was edited, cut off, or belongs to another list or sort order.",
                    "Start again without `cursor` and follow `next_cursor`.",
                ),
            ),
        )
    return tuple(found[1:])


def _shorten(scope: str) -> str:
    return hashlib.blake2b(scope.encode(), digest_size=8).hexdigest()


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.config["SECRET_KEY"]), salt=SALT)
