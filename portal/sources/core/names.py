"""What a source may be called."""

from __future__ import annotations

from portal.catalog.core.records import PORTAL
from portal.errors import InvalidInput, Problem


def check_name(name: str) -> None:
    """Raise InvalidInput for the name that stands for what people make in the portal itself."""
    if name.strip().lower() == PORTAL:
        message = f"`{name}` stands for what is made in the portal itself."
        problem = Problem("name", "reserved", message, "Choose another name.")
        raise InvalidInput(message, (problem,))
