"""How many requests one account, token or address may make in a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from portal.web.counting import ProcessCounts

if TYPE_CHECKING:
    from flask import Flask, Response

    from portal.settings import Settings

TOO_MANY = 429
IN_PROCESS = f"{ProcessCounts.STORAGE_SCHEME[0]}://"
FREE = ("/static/", "/-/live", "/-/ready")


def install_limits(app: Flask, settings: Settings) -> None:
    """Count requests in this process's memory, or in Redis for all processes together."""
    app.after_request(_say_when)  # runs after the limiter's own
    if not settings.requests_per_minute:
        return
    limiter = Limiter(
        key_func=count_key,
        application_limits=[f"{settings.requests_per_minute} per minute"],
        application_limits_exempt_when=lambda: request.path.startswith(FREE),
        storage_uri=settings.redis_url or IN_PROCESS,
        in_memory_fallback_enabled=bool(settings.redis_url),
        headers_enabled=True,
        retry_after="delta-seconds",
        key_prefix="plumbline",
    )
    limiter.init_app(app)


def _say_when(response: Response) -> Response:
    """Say when to come back where that helps: the limiter would say it on every answer."""
    seconds = g.get("retry_after")
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    elif response.status_code != TOO_MANY:
        response.headers.pop("Retry-After", None)
    return response


def count_key() -> str:
    """Return whom a request counts for."""
    found = g.get("signed_in")
    return f"account:{found.actor.account_id}" if found is not None else get_remote_address()
