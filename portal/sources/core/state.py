"""How a source is, in one word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime

PAUSED, FAILING, HELD, WAITING, FRESH = "paused", "failing", "held", "waiting", "fresh"
COMMANDED = "read_by_command"


class Stateful(Protocol):
    """What is asked of a source to tell how it is."""

    kind: Any
    is_paused: Any
    failing_since: Any
    held: Any
    checked_at: Any


def find_state(source: Stateful) -> str:
    """Return `failing`, `held`, `paused`, `waiting` (never read), `read_by_command` or `fresh`."""
    checked: datetime | None = source.checked_at
    states = (
        (source.is_paused, PAUSED),
        (source.failing_since is not None, FAILING),
        (source.held > 0, HELD),
        (source.kind == "command", COMMANDED),
        (checked is None, WAITING),
    )
    return next((state for applies, state in states if applies), FRESH)
