"""The portal's cookies: their names, and what keeps them to this site and this connection."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import current_app, request

if TYPE_CHECKING:
    from flask import Flask, Response

SIGNED_IN = "plumbline_session"
VISIT = "plumbline_visit"
VISIT_LASTS = timedelta(hours=12)


def install_cookies(app: Flask, *, is_https: bool) -> None:
    """Name the cookies of `app`; over HTTPS browsers keep `__Host-` ones to this host alone."""
    prefix = "__Host-" if is_https else ""
    app.config.update(
        SIGNED_IN_COOKIE=prefix + SIGNED_IN,
        SESSION_COOKIE_NAME=prefix + VISIT,
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=VISIT_LASTS,
    )


def read_signed_in_key() -> str:
    """Return the key of the visitor's session, empty without one."""
    return request.cookies.get(current_app.config["SIGNED_IN_COOKIE"], "")


def keep_signed_in_key(response: Response, key: str, *, lasting: timedelta) -> None:
    """Let the browser keep a session's key."""
    response.set_cookie(
        current_app.config["SIGNED_IN_COOKIE"],
        key,
        max_age=lasting,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
        path="/",
    )


def forget_signed_in_key(response: Response) -> None:
    """Let the browser forget it, with everything else it keeps of this site."""
    response.delete_cookie(
        current_app.config["SIGNED_IN_COOKIE"],
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
        path="/",
    )
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
