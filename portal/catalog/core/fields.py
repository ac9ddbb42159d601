"""Formats of single fields: names, keys, values, tags, links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

SAFE_SCHEMES = ("http", "https", "mailto")
_KIND = re.compile(r"[a-zA-Z][a-z0-9A-Z]*")
_VERSION = re.compile(r"[a-z0-9A-Z]+")
_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL = re.compile(r"[a-z0-9]+(?:-+[a-z0-9]+)*")
_TAG = re.compile(r"[a-z0-9:+#]+(-[a-z0-9:+#]+)*")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
SHORT, LONG = 63, 253


def _is(pattern: re.Pattern[str], value: Any, limit: int = SHORT) -> bool:
    return isinstance(value, str) and len(value) <= limit and pattern.fullmatch(value) is not None


def is_kind(value: Any) -> bool:
    """Whether `value` may be a kind."""
    return _is(_KIND, value)


def is_name(value: Any) -> bool:
    """Whether `value` may be a `metadata.name`."""
    return _is(_NAME, value)


def is_namespace(value: Any) -> bool:
    """Whether `value` is a DNS label."""
    return _is(_LABEL, value)


def is_subdomain(value: Any) -> bool:
    """Whether `value` is a DNS subdomain in lower case."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= LONG
        and all(is_namespace(part) for part in value.split("."))
    )


def _prefixed(value: Any, is_rest: Callable[[Any], bool]) -> bool:
    if not isinstance(value, str):
        return False
    parts = value.split("/")
    if len(parts) == 1:
        return is_rest(parts[0])
    return len(parts) == 2 and is_subdomain(parts[0]) and is_rest(parts[1])  # noqa: PLR2004 the number says it best here


def is_api_version(value: Any) -> bool:
    """Whether `value` is `[prefix/]version`."""
    return _prefixed(value, lambda rest: _is(_VERSION, rest))


def is_key(value: Any) -> bool:
    """Whether `value` may be the key of a label or an annotation."""
    return _prefixed(value, is_name)


def is_label_value(value: Any) -> bool:
    """Whether `value` may be a label's value."""
    return value == "" or is_name(value)


def is_text(value: Any) -> bool:
    """Whether `value` is text, possibly empty."""
    return isinstance(value, str)


def is_filled(value: Any) -> bool:
    """Whether `value` is text with at least one character."""
    return isinstance(value, str) and value != ""


def is_tag(value: Any) -> bool:
    """Whether `value` may be a tag."""
    return _is(_TAG, value)


def is_url(value: Any) -> bool:
    """Whether `value` is an absolute URL of any scheme, as a browser's URL parser sees it."""
    if not isinstance(value, str):
        return False
    text = value.strip()
    scheme = _SCHEME.match(text)
    if scheme is None:
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.netloc) or parts.scheme not in ("http", "https", "ftp", "ws", "wss")


def has_scheme(text: str) -> bool:
    """Whether `text` begins the way an absolute address does."""
    return _SCHEME.match(text) is not None


def is_safe_link(url: str) -> bool:
    """Whether a link may be rendered as one a person can click."""
    return is_url(url) and url.strip().partition(":")[0].lower() in SAFE_SCHEMES
