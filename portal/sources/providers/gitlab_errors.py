"""What GitLab means by its refusals, in words an admin can act on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from portal.sources.core.trees import SourceDown
from portal.sources.providers.host_headers import read_number

if TYPE_CHECKING:
    from datetime import datetime

    from portal.infra.outbound import Answer

UNAUTHORISED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429
USUAL_WAIT_SECONDS = 60.0
NEEDED = "It needs the scope `read_api` and the role Reporter, or a higher one, in the group."

NEEDED_TO_WRITE = (
    "It needs the scope `api` and the role Developer, or a higher one, in the project."
)


def find_wait(answer: Answer, now: datetime) -> float | None:
    """Return the seconds a limit asks to wait, None where it is no limit that refuses."""
    if answer.status != TOO_MANY:
        return None
    after = read_number(answer.headers.get("Retry-After", ""))
    if after is not None:
        return float(after)
    resets_at = read_number(answer.headers.get("RateLimit-Reset", ""))
    if resets_at is not None:
        return max(0.0, resets_at - now.timestamp())
    return USUAL_WAIT_SECONDS


def explain(answer: Answer) -> SourceDown:
    """Return what a refusal means; nothing of its text is repeated."""
    if answer.status == UNAUTHORISED:
        return _explain_unauthorised(answer)
    if answer.status == FORBIDDEN:
        if _read(answer).get("error") == "insufficient_scope":
            return SourceDown("The token lacks a scope for reading this.", fix=NEEDED)
        return SourceDown("The token's role may not read this.", fix=NEEDED)
    if answer.status == NOT_FOUND:
        return SourceDown(
            "GitLab does not know what was asked for, or hides it from this token.",
            fix=f"Check that it still exists, and that the token may see it. {NEEDED}",
        )
    return SourceDown(
        f"GitLab answered with status {answer.status}, which was not expected.",
        fix="Check the address.",
    )


def explain_writing(answer: Answer) -> SourceDown:
    """Return what the refusal of a change means."""
    if answer.status == FORBIDDEN:
        if _read(answer).get("error") == "insufficient_scope":
            return SourceDown(
                "The token may read this project but not write to it: the scope `api` is missing.",
                fix=NEEDED_TO_WRITE,
            )
        return SourceDown(
            "The token may not write to this project: its role is too low, the branch is "
            "protected, or the project is archived.",
            fix=NEEDED_TO_WRITE,
        )
    if answer.status == NOT_FOUND:
        return SourceDown(
            "GitLab hides this project from the token when it comes to writing.",
            fix=NEEDED_TO_WRITE,
        )
    return explain(answer)


def _explain_unauthorised(answer: Answer) -> SourceDown:
    said = str(_read(answer).get("error_description", "")).lower()
    state = "is wrong, expired or revoked"
    state = "is expired" if "expired" in said else state
    state = "was revoked" if "revoked" in said else state
    return SourceDown(
        f"GitLab does not accept the token: it {state}.",
        fix="Make a new token and give it to the portal.",
    )


def names_missing(answer: Answer, what: str) -> bool:
    """Whether a 404 is about `what` (Branch, Repository …) and not about the whole project."""
    return what.lower() in str(_read(answer).get("message", "")).lower()


def _read(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
