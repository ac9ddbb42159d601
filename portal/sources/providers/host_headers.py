"""What headers of hosts say: where the next page is, how many calls are left, what time it is."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LINK = re.compile(r"<([^<>]*)>([^<]*)")
RELATION = re.compile(r';\s*rel\s*=\s*"?([^";,]*)', re.IGNORECASE)
DIGITS = 10


def find_link(header: str, wanted: str) -> str | None:
    """Return the target of the first link of a `Link` header with a relation (RFC 8288)."""
    for target, rest in LINK.findall(header):
        relation = RELATION.search(rest)
        if relation and wanted in relation[1].lower().split():
            return str(target)
    return None


def read_number(text: str) -> int | None:
    """Return a number of calls or seconds; None for what is none, or no time of our days."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


def read_date(text: str) -> datetime | None:
    """Return the moment of a `Date` header; None for what is none."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, TypeError):
        return None
