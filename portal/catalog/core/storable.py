"""Text no database can hold: NUL characters and halves of surrogate pairs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from portal.catalog.core.findings import Finding

UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")


def make_storable(text: str) -> str:
    """Return the text with what cannot be stored shown as a replacement character."""
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def check_storable(entity: Any) -> Iterator[Finding]:
    """Find every text of a document, keys included, that cannot be stored."""
    pending: list[tuple[str, Any]] = [("", entity)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, str):
            if UNSTORABLE.search(value):
                yield Finding(
                    path,
                    "character",
                    f"`{path}` holds a NUL character or half of a surrogate pair.",
                    "Delete that character.",
                )
        elif isinstance(value, Mapping):
            for key, item in value.items():
                inner = make_storable(f"{path}.{key}" if path else str(key))
                pending += [(inner, item), (inner, str(key))]
        elif isinstance(value, list):
            pending.extend((f"{path}[{index}]", item) for index, item in enumerate(value))
