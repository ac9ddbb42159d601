"""What the body of a proven delivery says: which repository, which branch, what kind of event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from portal.catalog.core.storable import make_storable
from portal.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM = "application/x-www-form-urlencoded"
BRANCH = "refs/heads/"
LONGEST = 1000
GITHUB_KINDS = {
    "push": "push",
    "ping": "ping",
    "repository": "repository",
    "installation": "repository",
    "installation_repositories": "repository",
}


@dataclass(frozen=True, slots=True)
class Push:
    """What a checked delivery says.

    `kind` is `push`, `ping`, `repository` (created, renamed, archived, deleted …) or `other`;
    `branch` is empty where nothing was pushed to a branch, `repository` where none is named.
    `delivery` is the sender's number for it, which is often not signed; `digest` the SHA-256 of
    what was signed (the body, with its time and number where these are signed too), for refusing
    the same delivery under another number.
    """

    repository: str
    repository_id: str
    branch: str
    kind: str
    delivery: str
    digest: str


def read_payload(content_type: str, body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, which may be the field `payload` of a form."""
    try:
        text = body.decode()
        if content_type.strip().lower().startswith(FORM):
            [text] = parse_qs(text, strict_parsing=True, max_num_fields=10)["payload"]
        found = json.loads(text)
    except (ValueError, KeyError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidInput(
            "The body holds no JSON object.",
            fix="Send JSON as application/json, or as the field `payload` of a form.",
        )
    return found


def read_github(low: Mapping[str, str], payload: Mapping[str, Any], digest: str) -> Push:
    """Read a delivery of GitHub."""
    event, delivery = low.get("x-github-event", ""), low.get("x-github-delivery", "")
    if not event or not delivery:
        raise InvalidInput("X-GitHub-Event or X-GitHub-Delivery is missing.")
    repository = _find(payload, "repository")
    kind = GITHUB_KINDS.get(event, "other")
    return Push(
        _read_text(repository.get("full_name")),
        _read_number(repository.get("id")),
        _read_branch(payload.get("ref")) if kind == "push" else "",
        kind,
        make_storable(delivery[:LONGEST]),
        digest,
    )


def read_gitlab(low: Mapping[str, str], payload: Mapping[str, Any], digest: str) -> Push:
    """Read a delivery of GitLab: a project's, a group's or the instance's."""
    if not low.get("x-gitlab-event"):
        raise InvalidInput("X-Gitlab-Event is missing.")
    event = payload.get("event_name") or payload.get("object_kind")
    event = event if isinstance(event, str) else ""
    known = "repository" if event.startswith("project_") else "other"
    kind = "push" if event == "push" else known
    project = _find(payload, "project")
    path = project.get("path_with_namespace") or payload.get("path_with_namespace")
    return Push(
        _read_text(path),
        _read_number(payload.get("project_id") or project.get("id")),
        _read_branch(payload.get("ref")) if kind == "push" else "",
        kind,
        _first(low, "webhook-id", "idempotency-key", "x-gitlab-event-uuid"),
        digest,
    )


def read_generic(low: Mapping[str, str], payload: Mapping[str, Any], digest: str) -> Push:
    """Read `{"repository": "acme/ledger", "branch": "main"}`; `ref` may stand for the branch."""
    named, branch = payload.get("repository"), payload.get("branch")
    ref = f"{BRANCH}{branch}" if isinstance(branch, str) and branch else payload.get("ref")
    return Push(
        _read_text(named),
        _read_number(payload.get("repository_id")),
        _read_branch(ref),
        "ping" if named is None and ref is None else "push",
        _first(low, "webhook-id", "x-delivery-id"),
        digest,
    )


def _find(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = payload.get(name)
    return found if isinstance(found, dict) else {}


def _first(low: Mapping[str, str], *names: str) -> str:
    return make_storable(next((low[name] for name in names if low.get(name)), "")[:LONGEST])


def _read_text(value: Any) -> str:
    """Return a short text; anything else is as good as nothing."""
    return make_storable(value) if isinstance(value, str) and len(value) <= LONGEST else ""


def _read_number(value: Any) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else _read_text(value)


def _read_branch(ref: Any) -> str:
    text = _read_text(ref)
    return text.removeprefix(BRANCH) if text.startswith(BRANCH) else ""
