"""How long and how often, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MINUTE, HOUR, DAY = 60, 3600, 86_400
UNITS = ((DAY, "day", "d"), (HOUR, "hour", "h"), (MINUTE, "minute", "min"), (1, "second", "s"))


def say_every(seconds: int) -> str:
    """Return how often something happens, such as `every hour` or `every 5 seconds`."""
    for size, name, _ in UNITS:
        if seconds % size == 0:
            count = seconds // size
            return f"every {name}" if count == 1 else f"every {count} {name}s"
    return f"every {seconds} seconds"


def say_duration(lasted: timedelta) -> str:
    """Return how long something took, in at most two units, such as `40 ms` or `2 min 5 s`."""
    seconds = max(0.0, lasted.total_seconds())
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 10:  # noqa: PLR2004 below, a tenth still says something
        return f"{seconds:.1f} s"
    return _say_two_units(round(seconds))


def say_wait(wait: timedelta) -> str:
    """Return how far ahead something lies, such as `in 2 min 5 s`; what is due is `now`."""
    seconds = round(wait.total_seconds())
    return f"in {_say_two_units(seconds)}" if seconds > 0 else "now"


def say_slot(slot: int) -> str:
    """Return the moment of a slot, which is given in seconds since 1970."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=slot)
    return f"slot {moment:%Y-%m-%d %H:%M:%S} UTC"


def _say_two_units(seconds: int) -> str:
    parts: list[str] = []
    for size, _, short in UNITS:
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append(f"{count} {short}" if count else "")
    return " ".join(part for part in parts[:2] if part)
