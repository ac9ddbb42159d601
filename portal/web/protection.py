"""Response headers that protect every page, and the limits on what comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import abort, g, request, session
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

if TYPE_CHECKING:
    from flask import Flask, Response
    from werkzeug.routing import Map

    from portal.settings import Settings

MAX_BODY_BYTES = 6 * 1024 * 1024
MAX_FORM_BYTES = 500_000
MAX_FORM_PARTS = 1_000
HIGHEST_ROW = 2**31 - 1
PROBES = ("/-/live", "/-/ready")
ONE_YEAR = "max-age=31536000; includeSubDomains"
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


class RowNumber(IntegerConverter):
    """A number in an address, no larger than any row's: what no database holds is not there."""

    regex = r"\d{1,10}"

    def __init__(self, map: Map) -> None:  # noqa: A002 as Werkzeug calls it
        super().__init__(map, max=HIGHEST_ROW)


def install_protection(app: Flask, settings: Settings) -> None:
    """Set the headers on every answer, errors included; refuse large bodies and strange hosts."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_FORM_BYTES
    app.config["MAX_FORM_PARTS"] = MAX_FORM_PARTS
    app.url_map.converters["int"] = RowNumber
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # as Flask documents it
    headers = dict(HEADERS)
    if settings.public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = ONE_YEAR
    hosts = {host.lower() for host in settings.hosts}
    app.before_request(lambda: _refuse_strangers(hosts))
    app.before_request(_refuse_nul)
    app.after_request(lambda response: _protect(response, headers))


def _refuse_strangers(hosts: set[str]) -> None:
    # A page elsewhere may point its own name at this address and read what it gets.
    host = urlsplit(f"//{request.host}").hostname or ""
    if host.lower() not in hosts and not request.path.startswith(PROBES):
        abort(421, f"This portal does not answer to the name {host[:100]}.")


def _refuse_nul() -> None:
    # No name holds one and PostgreSQL refuses it, so it is refused before any view looks.
    if "\0" in request.path or b"%00" in request.query_string:
        abort(400, "The address holds a NUL character.")


def _protect(response: Response, headers: dict[str, str]) -> Response:
    response.headers.extend(
        (name, value) for name, value in headers.items() if name not in response.headers
    )
    if "Cache-Control" not in response.headers:
        # What shows somebody's own, or holds a form, is kept nowhere; the rest in browsers alone.
        is_personal = g.get("signed_in") is not None or session.accessed
        response.headers["Cache-Control"] = f"private, {'no-store' if is_personal else 'no-cache'}"
    return response
