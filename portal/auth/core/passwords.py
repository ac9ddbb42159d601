"""Passwords of local accounts: what is accepted, how they are kept and compared."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.errors import InvalidInput, Problem, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST, LONGEST = 12, 256
COMMON = frozenset(
    (
        "password",
        "passw0rd",
        "qwertyuiop",
        "qwerty",
        "letmein",
        "welcome",
        "administrator",
        "changeme",
        "iloveyou",
        "1234567890",
        "123456",
        "secret",
        "dragon",
        "monkey",
        "football",
        "baseball",
        "sunshine",
        "princess",
    )
)
# Each check takes 64 MB and all cores for a moment, so that only few run at once.
AT_ONCE, LONGEST_WAIT_SECONDS = 2, 5
_room = BoundedSemaphore(AT_ONCE)
HASHER = PasswordHasher()
# Compared against when there is no such account, so that both answers take the same time. Nobody
# knows its password; written down, since making one takes a tenth of a second of every start.
NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$yPnornAqg0V29ToV7vG9Vg"
    "$kfQe2lsAWbwA50eSG7eGsIIO7idqgUFbKu65ivcJvrA"
)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    return HASHER.hash(password)


def is_password(kept: str, password: str) -> bool:
    """Whether `password` is the one whose hash is `kept`; raises Unavailable when too many ask."""
    if not _room.acquire(timeout=LONGEST_WAIT_SECONDS):
        raise Unavailable("Too many passwords are being checked.", fix="Try again in a moment.")
    try:
        return HASHER.verify(kept, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _room.release()


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return HASHER.check_needs_rehash(kept)


def check_password(password: str, about: Iterable[str]) -> None:
    """Raise InvalidInput when a new password is too short, too common or made of `about`."""
    folded = password.casefold()
    if not SHORTEST <= len(password) <= LONGEST:
        raise _refuse("length", f"It has {len(password)} characters; {SHORTEST} to {LONGEST} fit.")
    if len(set(folded)) < SHORTEST // 2:
        raise _refuse("variety", "It repeats a few characters.")
    rest = folded
    for word in (*COMMON, *(word.casefold() for word in about if len(word) > 3)):  # noqa: PLR2004 shorter ones occur by chance
        rest = rest.replace(word, "")
    if len(rest) < SHORTEST // 2:
        raise _refuse("common", "It is made of words that are tried first, or of your own name.")


def _refuse(rule: str, message: str) -> InvalidInput:
    fix = f"Choose at least {SHORTEST} characters; a few unrelated words are fine."
    return InvalidInput(
        "This password cannot be taken.", (Problem("password", rule, message, fix),), fix=fix
    )
