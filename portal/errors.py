"""Errors that mean something to a person; edges make pages, problem+json or exit codes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: which field, which rule it breaks, how to mend it."""

    field: str
    rule: str
    message: str
    fix: str = ""


class PortalError(Exception):
    """Base of all errors that are expected; `fix` says in plain words what to do.

    `members` are what programs are told besides, in the JSON of the answer.
    """

    title = "Something went wrong"

    def __init__(self, detail: str, *, fix: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix
        self.members: dict[str, int | str] = {}


class InvalidInput(PortalError):  # noqa: N818 reads as what happened
    """The input breaks rules; `problems` names each field, rule and fix."""

    title = "The input is not valid"

    def __init__(self, detail: str, problems: tuple[Problem, ...] = (), *, fix: str = "") -> None:
        super().__init__(detail, fix=fix)
        self.problems = problems


class NotFound(PortalError):  # noqa: N818 reads as what happened
    """Nothing of that name, or nothing the actor may know of."""

    title = "Not found"


class Moved(NotFound):
    """What is asked for has another address now; `parts` are those of it that differ."""

    def __init__(self, detail: str, *, parts: Mapping[str, str], fix: str = "") -> None:
        super().__init__(detail, fix=fix)
        self.parts = parts


class Unauthenticated(PortalError):  # noqa: N818 reads as what happened
    """Nobody is signed in, or their token or session is over."""

    title = "Sign in first"


class TooMany(PortalError):  # noqa: N818 reads as what happened
    """Too many tries; `seconds` until the next one is heard."""

    title = "Too many tries"

    def __init__(self, detail: str, *, seconds: int, fix: str = "") -> None:
        super().__init__(detail, fix=fix)
        self.seconds = seconds


class Forbidden(PortalError):  # noqa: N818 reads as what happened
    """The actor may see it but not do this."""

    title = "Not allowed"


class Conflict(PortalError):  # noqa: N818 reads as what happened
    """Somebody else was first, or the state does not allow it now."""

    title = "Conflict"


class Taken(Conflict):
    """A value that must be unique is somebody else's."""


class TooLarge(PortalError):  # noqa: N818 reads as what happened
    """An input exceeds a limit that protects the portal."""

    title = "Too large"


class Unavailable(PortalError):  # noqa: N818 reads as what happened
    """Something the portal stands on does not answer now."""

    title = "Not available right now"


class DatabaseUnavailable(Unavailable):
    """The database does not answer; why names hosts and users, which is for the log alone."""


class Unreadable(PortalError):  # noqa: N818 reads as what happened
    """A stored secret cannot be decrypted: its key is not given, or it was changed."""

    title = "A stored secret cannot be read"


class SetupError(PortalError):
    """The portal cannot start as configured; shown as one line on the command line."""

    title = "The portal cannot start"
