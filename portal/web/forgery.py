"""Requests that change something come from our own pages, or carry a token of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import abort, current_app, request
from flask_wtf.csrf import CSRFProtect

if TYPE_CHECKING:
    from flask import Flask

SAME_SITE = ("same-origin", "none")
_protection = CSRFProtect()


def install_forgery_checks(app: Flask, public_url: str) -> None:
    """Let pages make form tokens; the guard decides which requests are checked."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # it lives as long as the session it is bound to
    app.config["PUBLIC_ORIGIN"] = public_url
    _protection.init_app(app)


def check_forgery() -> None:
    """Refuse, with 400, a request that another site may have sent in the visitor's name."""
    if request.headers.get("Sec-Fetch-Site", "none") not in SAME_SITE:
        abort(400, "This request came from another site.")
    origin = request.headers.get("Origin")
    if origin and not _is_ours(origin):
        abort(400, "This request came from another site.")
    _protection.protect()


def _is_ours(origin: str) -> bool:
    """Whether an Origin header names the portal, by its public address or the host asked for."""
    return origin in (current_app.config["PUBLIC_ORIGIN"], request.host_url.rstrip("/")) and bool(
        urlsplit(origin).hostname
    )
