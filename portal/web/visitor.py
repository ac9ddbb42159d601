"""What floors above hand to their views: who asks, and what was set up for the application."""

from __future__ import annotations

from typing import TypeVar

from flask import current_app, g

from portal.errors import Forbidden
from portal.infra.secrets import SecretBox

T = TypeVar("T")


def get_actor(expected: type[T]) -> T:
    """Return whoever asks; `expected` is the floor above's own type, unknown to this one."""
    actor = g.get("actor")
    if not isinstance(actor, expected):
        raise TypeError("no guard said who asks")
    return actor


def get_actor_name() -> str:
    """Return the name by which the audit trail keeps whoever asks."""
    return str(getattr(g.get("actor"), "name", "anonymous"))


def may(permission: str) -> bool:
    """Whether whoever asks may do `permission` to everything it is about.

    A token narrowed to some things may not.
    """
    judge = g.get("may")
    return bool(judge and judge(permission))


def check_whole(permission: str) -> None:
    """Raise Forbidden unless whoever asks may do `permission` to everything it is about."""
    if not may(permission):
        raise Forbidden(
            f"This needs {permission} for everything.", fix="Use a token that is not narrowed."
        )


def get_extension(name: str, expected: type[T]) -> T:
    """Return what the floor above hung on the running application under `name`."""
    found = current_app.extensions.get(name)
    if not isinstance(found, expected):
        raise TypeError(f"this application has no {name}")
    return found


def get_box() -> SecretBox:
    """Return what encrypts the secrets this application stores."""
    return get_extension("secret_box", SecretBox)
