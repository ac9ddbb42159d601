"""Faults of GitHub's own by name, and those only a write can meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .faults import FAULTS, lost_answer
from .github_auth import error
from .github_limits import content_limit, secondary
from .server import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    from .github import GitHubStandIn
    from .server import Call

IP_LIST = (
    "Although you appear to have the correct authorization credentials, the organization has an "
    "IP allow list enabled, and your IP address is not permitted to access this resource."
)


def _refusing(make: Callable[[dict[str, Any]], Refusal]) -> Callable[..., Response]:
    """Turn a refusal into a fault."""

    def strike(home: GitHubStandIn, call: Call, _: Any, options: dict[str, Any]) -> Response:
        call.notes["uncounted"] = "yes"
        return home.refuse(make(options))

    return strike


def _primary(home: GitHubStandIn, call: Call, produce: Any, _: Any) -> Response:
    """Use up the caller's window first, so that this and all further calls are refused."""
    call.token = home.tokens.get(call.header("Authorization").partition(" ")[2])
    home.limits.exhaust(home.who(call), home.resource(call), home.now())
    return produce()


_BLOCK = {
    "reason": "dmca",
    "created_at": "2026-01-05T08:00:00Z",
    "html_url": "https://dmca.example",
}
_LOGINS = "Maximum number of login attempts exceeded. Please try again later."
GITHUB_FAULTS: dict[str, Callable[..., Response]] = FAULTS | {
    "primary_limit": _primary,
    "secondary_403": _refusing(lambda o: secondary(403, o.get("retry_after", 60))),
    "secondary_429": _refusing(lambda o: secondary(429, o.get("retry_after", 60))),
    "secondary_without_retry_after": _refusing(lambda _: secondary(403, None)),
    "legal_451": _refusing(
        lambda _: Refusal(451, {"message": "Repository access blocked", "block": _BLOCK})
    ),
    "login_attempts": _refusing(lambda _: error(403, _LOGINS)),
    "ip_allow_list": _refusing(lambda _: error(403, IP_LIST)),
    "bad_credentials": _refusing(lambda _: error(401, "Bad credentials")),
}

_MOVED = f"is at {'1' * 40} but expected {'2' * 40}"
WRITING_FAULTS: dict[str, Callable[..., Response]] = {
    "content_limit": _refusing(lambda o: content_limit(o.get("retry_after", 60))),
    "head_moved": _refusing(lambda _: error(409, _MOVED)),
    "lost_answer": lost_answer,
}
