"""Signed cursors: a page's end as an opaque text that nobody can edit unnoticed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, Signer, URLSafeSerializer

from portal.errors import InvalidInput, Problem
from portal.infra.secrets import CURSORS

SALT = "plumbline.cursor"
OPEN_SALT = "plumbline.open_cursor"
SIGNATURE = "signature"


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
    return URLSafeSerializer(current_app.extensions["secret_box"].list_keys(CURSORS), salt=SALT)


def encode_open_cursor(values: dict[str, Any]) -> str:
    """Return `values` as base64 of JSON, which its caller may read, with a signature in it."""
    signature = _signer().get_signature(_canonical(values)).decode()
    return base64.b64encode(json.dumps({**values, SIGNATURE: signature}).encode()).decode()


def decode_open_cursor(cursor: str) -> dict[str, Any] | None:
    """Return the values of such a cursor; None when it was edited or is none."""
    try:
        found = json.loads(base64.b64decode(cursor, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    signature = found.pop(SIGNATURE, None) if isinstance(found, dict) else None
    if not isinstance(signature, str):
        return None
    return found if _signer().verify_signature(_canonical(found), signature) else None


def _canonical(values: dict[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True).encode()


def _signer() -> Signer:
    return Signer(current_app.extensions["secret_box"].list_keys(CURSORS), salt=OPEN_SALT)
