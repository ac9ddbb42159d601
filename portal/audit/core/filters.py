"""Which acts somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DATE_LENGTH = len("2026-03-01")


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What acts are chosen by; what is empty or None chooses all.

    A subject that ends in `*` stands for all that begin so. `until` is the first moment left out.
    """

    actors: tuple[str, ...] = ()
    action: str = ""
    subjects: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    outcome: str = ""


def read_moment(text: str, *, is_end: bool = False) -> datetime:
    """Return the moment a text names, in UTC unless it says otherwise.

    A day alone begins at its first moment, and ends with its last. Raises ValueError.
    """
    # A plus in an address that nobody encoded arrives as a space.
    spaced = text.strip()
    if len(spaced) > DATE_LENGTH and spaced[-6:-5] == " ":
        spaced = f"{spaced[:-6]}+{spaced[-5:]}"
    try:
        found = datetime.fromisoformat(spaced)
    except ValueError:
        raise ValueError("write 2026-03-01 or 2026-03-01T12:00:00Z") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    try:
        if is_end and len(spaced) == DATE_LENGTH:
            found += timedelta(days=1)
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError("write a moment of the years 1 to 9999, in UTC too") from None
