"""Rules of single settings; what breaks one is told in plain words."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

KEY_CHARACTERS = 32


def split_bind(bind: str) -> tuple[str, int]:
    """Return (host, port) of `host:port`; raises ValueError with the rule that is broken."""
    host, colon, port = bind.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (host and colon and port.isdigit() and 0 < int(port) < 65536):  # noqa: PLR2004 the number says it best here
        raise ValueError("write host:port, such as 127.0.0.1:8000")
    return host, int(port)


def checked_bind(bind: str) -> str:
    """Return an address to listen on; raises ValueError."""
    split_bind(bind)
    return bind


def checked_base_url(url: str) -> str:
    """Return an address without a slash at its end; raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("write https://HOST or https://HOST:PORT, without a path")
    return url.rstrip("/")


def checked_url(url: str) -> str:
    """Return a database's URL with its driver; raises ValueError."""
    if url.startswith(("sqlite:///", "postgresql+psycopg://")):
        return url
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            return f"postgresql+psycopg://{url.removeprefix(plain)}"
    raise ValueError("write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE")


def checked_key(key: str) -> str:
    """Return a secret key that is long enough, or none; raises ValueError."""
    if key == "":
        return key
    key = key.strip()
    if len(key) < KEY_CHARACTERS:
        raise ValueError(
            f"write at least {KEY_CHARACTERS} random characters for each key, "
            "such as what `openssl rand -hex 32` prints"
        )
    if "," in key:
        raise ValueError("leave commas out: they stand between the keys of the fallbacks")
    return key


def split_keys(given: Any) -> Any:
    """Return the keys of a text."""
    return [key for key in given.split(",") if key.strip()] if isinstance(given, str) else given


def checked_redis(url: str) -> str:
    """Return a Redis URL, or none; raises ValueError that does not repeat its password."""
    if url and (urlsplit(url).scheme not in ("redis", "rediss") or not urlsplit(url).hostname):
        raise ValueError("write redis://HOST:PORT/NUMBER, or rediss:// for TLS")
    return url
