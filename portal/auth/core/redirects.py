"""Where a sign-in leads: a page of the portal and nothing else."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")


def choose_next(wanted: str | None, fallback: str) -> str:
    """Return `wanted` when it is a path of this portal, else `fallback`.

    Browsers drop tabs and newlines and take backslashes for slashes, so a path with any of them
    is no path.
    """
    if not wanted or UNSAFE.search(wanted) or not wanted.startswith("/") or wanted[1:2] == "/":
        return fallback
    parts = urlsplit(wanted)
    return wanted if not parts.scheme and not parts.netloc else fallback
