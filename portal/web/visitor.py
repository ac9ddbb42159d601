"""What floors above hand to their views: who asks, and what was set up for the application."""

from __future__ import annotations

from typing import TypeVar

from flask import current_app, g

T = TypeVar("T")


def get_actor(expected: type[T]) -> T:
    """Return whoever asks; `expected` is the floor above's own type, unknown to this one."""
    actor = g.get("actor")
    if not isinstance(actor, expected):
        raise TypeError("no guard said who asks")
    return actor


def get_extension(name: str, expected: type[T]) -> T:
    """Return what the floor above hung on the running application under `name`."""
    found = current_app.extensions.get(name)
    if not isinstance(found, expected):
        raise TypeError(f"this application has no {name}")
    return found
