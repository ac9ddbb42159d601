"""Addresses of the web that sources may be declared with."""

from __future__ import annotations

from urllib.parse import urlsplit

from portal.errors import InvalidInput, Problem


def check_web_address(text: str) -> None:
    """Raise InvalidInput unless a text is an http or https address without a password in it."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https") or not text.isprintable():
        raise _refuse("scheme", f"{text} is no web address.", "Begin with https://.")
    if parts.username or parts.password:
        raise _refuse(
            "credentials",
            "The address holds a name or password.",
            "Leave it out, and give it as the source's token.",
        )
    if " " in text:
        raise _refuse("space", "The address holds a space.", "Write %20 in its place.")


def _refuse(rule: str, message: str, fix: str) -> InvalidInput:
    return InvalidInput(message, (Problem("address", rule, message, fix),), fix=fix)
