"""`filter=a=b,c=d` as Backstage reads it: commas join with and, further filters with or."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.backstage.core.refusals import Refused
from portal.catalog.core.predicates import All, Exists, OneOf, Predicate, Some

if TYPE_CHECKING:
    from collections.abc import Iterable


def parse_filters(texts: Iterable[str]) -> Predicate | None:
    """Return what several `filter` parameters ask for; nothing when all are empty."""
    found = [parsed for text in texts if (parsed := _parse_filter(text)) is not None]
    if not found:
        return None
    return found[0] if len(found) == 1 else Some(tuple(found))


def _parse_filter(text: str) -> Predicate | None:
    by_key: dict[str, list[str] | None] = {}
    for statement in filter(None, (part.strip() for part in text.split(","))):
        key, has_value, value = statement.partition("=")
        key = key.strip() if has_value else key
        if not key:
            raise Refused(
                f"Invalid filter, '{statement}' is not a valid statement "
                "(expected a string on the form a=b or a= or a)"
            )
        values = by_key.setdefault(key, None)
        if has_value:
            # A key without value beside one with it asks for the value.
            by_key[key] = [*(values or ()), value.strip()]
    parts = [
        Exists(key) if values is None else OneOf(key, tuple(values))
        for key, values in by_key.items()
    ]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else All(tuple(parts))
