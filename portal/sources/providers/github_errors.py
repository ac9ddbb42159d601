"""What GitHub means by its refusals, in words an admin can act on."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from portal.sources.core.trees import SourceDown
from portal.sources.providers.host_headers import read_number

if TYPE_CHECKING:
    from datetime import datetime

    from portal.infra.outbound import Answer

UNAUTHORISED, FORBIDDEN, NOT_FOUND, TOO_MANY, LEGAL = 401, 403, 404, 429, 451
# As documented: without Retry-After, wait at least a minute.
USUAL_WAIT_SECONDS = 60.0
PERMISSIONS = re.compile(r"[a-z_]+=[a-z]+(?:[,;] ?[a-z_]+=[a-z]+)*")
NEEDED = "It needs the repository permissions Contents: read and Metadata: read (a classic token: "
NEEDED += "the scope `repo`)."

NEEDED_TO_WRITE = "It needs the repository permissions Contents: write and Pull requests: write "
NEEDED_TO_WRITE += "(a classic token: the scope `repo`)."


def find_wait(answer: Answer, now: datetime) -> float | None:
    """Return the seconds a limit asks to wait, None where it is no limit that refuses."""
    if answer.status not in (FORBIDDEN, TOO_MANY):
        return None
    after = read_number(answer.headers.get("Retry-After", ""))
    if after is not None:
        return float(after)
    resets_at = read_number(answer.headers.get("X-RateLimit-Reset", ""))
    if answer.headers.get("X-RateLimit-Remaining") == "0" and resets_at is not None:
        return max(0.0, resets_at - now.timestamp())
    if answer.status == TOO_MANY or "rate limit" in read_message(answer):
        return USUAL_WAIT_SECONDS
    return None


def explain(answer: Answer) -> SourceDown:
    """Return what a refusal means; nothing of its text is repeated."""
    if answer.status == UNAUTHORISED:
        return _explain_unauthorised(answer)
    if answer.status == FORBIDDEN:
        return _explain_forbidden(answer)
    if answer.status == NOT_FOUND:
        return SourceDown(
            "GitHub does not know what was asked for, or hides it from this token.",
            fix=f"Check that it still exists, and that the token may see it. {NEEDED}",
        )
    if answer.status == LEGAL:
        return SourceDown(
            "GitHub has blocked a repository for legal reasons.",
            fix="Leave it out, or see to it with GitHub.",
        )
    return SourceDown(
        f"GitHub answered with status {answer.status}, which was not expected.",
        fix="Check the address of the API.",
    )


def explain_writing(answer: Answer) -> SourceDown:
    """Return what the refusal of a change means."""
    message = read_message(answer)
    if "archived" in message:
        return SourceDown(
            "The repository is archived: GitHub takes no changes to it.",
            fix="Unarchive it there, or describe this elsewhere.",
        )
    if answer.status in (FORBIDDEN, NOT_FOUND):
        return _explain_unwritable(answer)
    if "rule" in message or "protected" in message:
        return SourceDown(
            "A rule of the repository does not let the portal make its branch.",
            fix="Let the rules of the repository except branches that begin with plumbline/.",
        )
    return explain(answer)


def _explain_unwritable(answer: Answer) -> SourceDown:
    known = explain(answer)
    if answer.status == FORBIDDEN and not known.fix.startswith(NEEDED):
        return known
    named = known.fix.removeprefix(NEEDED) if answer.status == FORBIDDEN else ""
    return SourceDown(
        "The token may read this repository but not write to it: a permission or scope is missing.",
        fix=f"{NEEDED_TO_WRITE}{named}",
    )


def _explain_unauthorised(answer: Answer) -> SourceDown:
    message = read_message(answer)
    if "claim" in message:
        return SourceDown(
            "GitHub does not accept the time in the proof of the App.",
            fix="Set the clock of this machine.",
        )
    if "json web token" in message:
        return SourceDown(
            "GitHub does not accept the proof of the App.",
            fix="Give a private key that was made for this App and is not deleted there.",
        )
    return SourceDown(
        "GitHub does not accept the token: it is wrong, expired or revoked.",
        fix="Make a new token and give it to the portal.",
    )


def _explain_forbidden(answer: Answer) -> SourceDown:
    message = read_message(answer)
    if answer.headers.get("X-GitHub-SSO"):
        return SourceDown(
            "The organisation asks for single sign-on, for which the token is not authorised.",
            fix="On GitHub, under Settings, Developer settings, choose Configure SSO beside the "
            "token and authorise it for the organisation.",
        )
    for words, detail, fix in KNOWN:
        if words in message:
            return SourceDown(detail, fix=fix)
    wanted = answer.headers.get("X-Accepted-GitHub-Permissions", "")
    named = f" GitHub names: {wanted}." if PERMISSIONS.fullmatch(wanted) else ""
    return SourceDown(
        "The token may not read this: a permission is missing.", fix=f"{NEEDED}{named}"
    )


KNOWN = (
    (
        "ip allow list",
        "The organisation admits only listed addresses, and the portal's is not one of them.",
        "Let an owner of the organisation add the portal's outgoing address to the list.",
    ),
    (
        "personal access token (classic)",
        "The organisation admits no classic tokens.",
        "Use a GitHub App or a fine-grained token.",
    ),
    (
        "login attempts",
        "GitHub has locked this account or address for a while: too many wrong tokens were sent.",
        "Check the token, then wait some minutes.",
    ),
    (
        "suspended",
        "The installation of the App is suspended.",
        "Let an owner of the organisation unsuspend it.",
    ),
    (
        "user-agent",
        "Something between the portal and GitHub takes away headers.",
        "Look at the proxies and firewalls in between.",
    ),
)


def read_message(answer: Answer) -> str:
    """Return the message of a refusal in small letters, for telling one from another."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return answer.body[:2000].decode(errors="replace").lower()
    message = found.get("message") if isinstance(found, dict) else None
    return message.lower() if isinstance(message, str) else ""
