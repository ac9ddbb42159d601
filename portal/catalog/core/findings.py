"""One thing found wrong in a descriptor, said so that a person can mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`path` is a JSON path such as `metadata.tags[1]`; `rule` a stable word; `fix` plain words."""

    path: str
    rule: str
    message: str
    fix: str
    line: int | None = None


def show(value: object, limit: int = 60) -> str:
    """Return a value as it may appear in a message: quoted and cut to `limit`."""
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
