"""What Backstage refuses, under the names its clients know."""

from __future__ import annotations

from portal.errors import Conflict, Forbidden, InvalidInput, NotFound

NAMES = {
    400: "InputError",
    401: "AuthenticationError",
    403: "NotAllowedError",
    404: "NotFoundError",
    409: "ConflictError",
    413: "PayloadTooLargeError",
    501: "NotImplementedError",
    503: "ServiceUnavailableError",
}
# What the portal says where Backstage has one word for both.
STATUS = {422: 400, 405: 404}
READ_ONLY = "This operation not allowed in readonly mode"


class Refused(InvalidInput):
    """An InputError: a parameter or a body that cannot be taken."""


class Missing(NotFound):
    """A NotFoundError."""


class NotAllowed(Forbidden):
    """A NotAllowedError."""


class NotChangeable(NotAllowed):
    """A NotAllowedError: a location that is neither an address nor a repository."""

    def __init__(self) -> None:
        super().__init__("This location has no address that could be changed here.")


class Standing(Conflict):
    """A ConflictError: the target is registered."""

    def __init__(self, kind: str, target: str, fix: str = "") -> None:
        super().__init__(f"Location {kind}:{target} already exists", fix=fix)


def describe_error(
    status: int, message: str, method: str, url: str
) -> tuple[int, dict[str, object]]:
    """Return status and body of an error in Backstage's shape."""
    status = STATUS.get(status, status)
    return status, {
        "error": {"name": NAMES.get(status, "Error"), "message": message},
        "request": {"method": method, "url": url},
        "response": {"statusCode": status},
    }
