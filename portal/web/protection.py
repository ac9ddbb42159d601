"""Response headers that protect every page, and the limits on what comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, request

if TYPE_CHECKING:
    from flask import Flask, Response

MAX_BODY_BYTES = 6 * 1024 * 1024
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def install_protection(app: Flask) -> None:
    """Set the headers on every answer, errors included, and refuse oversized bodies."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES

    def refuse_nul() -> None:
        # No name holds one and PostgreSQL refuses it, so it is refused before any view looks.
        if "\0" in request.path or b"%00" in request.query_string:
            abort(400, "The address holds a NUL character.")

    def protect(response: Response) -> Response:
        response.headers.extend(
            (name, value) for name, value in HEADERS.items() if name not in response.headers
        )
        return response

    app.before_request(refuse_nul)
    app.after_request(protect)
