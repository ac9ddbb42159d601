"""ETag and 304: an answer whose version is known is not built twice."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import Response, request

if TYPE_CHECKING:
    from collections.abc import Callable


def make_etag(*parts: object) -> str:
    """Return a short tag that changes when any part does."""
    joined = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(joined.encode(), digest_size=12).hexdigest()


def answer_versioned(etag: str, build: Callable[[], str]) -> Response:
    """Answer 304 when the caller holds `etag`, else what `build` gives, as JSON, with the tag."""
    if request.if_none_match.contains_weak(etag):
        response = Response(status=304)
    else:
        response = Response(build(), mimetype="application/json")
    response.set_etag(etag, weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
