"""The part of GitHub's REST API that a login needs: user, emails, organisations, teams."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Response, request

from .server import json_answer

if TYPE_CHECKING:
    from .github_standin import GitHubStandIn, GitHubUser

IMPLIED = {
    "user": {"read:user", "user:email", "user:follow"},
    "admin:org": {"write:org", "read:org"},
    "write:org": {"read:org"},
}
ACCEPTED = {
    "user": frozenset[str](),
    "emails": frozenset({"user:email", "user"}),
    "orgs": frozenset({"user", "read:org", "write:org", "admin:org"}),
    "teams": frozenset({"user", "repo", "read:org", "write:org", "admin:org"}),
}
MISSING_SCOPE = {"emails": 404, "orgs": 403, "teams": 403}
FOREIGN = "https://evil.example/user/teams?page=2"
API_FAULTS = frozenset(
    {
        "github_user_id_missing",
        "github_emails_unverified",
        "github_emails_not_a_list",
        "github_link_foreign_host",
        "github_link_endless",
    }
)


def add_api_routes(idp: GitHubStandIn) -> None:
    """Mount the API at the root and below /api/v3, under the same names."""
    views: dict[str, Callable[[], Response]] = {
        "user": lambda: answer(idp, "user"),
        "emails": lambda: answer(idp, "emails"),
        "orgs": lambda: answer(idp, "orgs"),
        "teams": lambda: answer(idp, "teams"),
    }
    for prefix in ("", "/api/v3"):
        for name, view in views.items():
            rule = "/user" if name == "user" else f"/user/{name}"
            idp.app.add_url_rule(prefix + rule, name, view)


def answer(idp: GitHubStandIn, name: str) -> Response:
    """Authenticate the request, check the scope and answer it."""
    if not request.headers.get("User-Agent"):
        return message("Request forbidden by administrative rules.", 403)
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        return message("Requires authentication", 401)
    with idp.lock:
        found = idp.access_tokens.get(value.strip())
    if scheme.lower() not in {"bearer", "token"} or found is None:
        return message("Bad credentials", 401)
    user, scopes = found
    headers = {
        "X-OAuth-Scopes": ", ".join(sorted(scopes)),
        "X-Accepted-OAuth-Scopes": ", ".join(sorted(ACCEPTED[name])),
    }
    if ACCEPTED[name] and not widened(scopes) & ACCEPTED[name]:
        status = MISSING_SCOPE[name]
        return message("Not Found" if status == 404 else "Forbidden", status, headers)
    if name == "user":
        profile = user_json(idp, user)
        return idp.outage("github_user", profile) or json_answer(profile, headers=headers)
    return paged(idp, name, listed(idp, name, user), headers)


def message(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """An error in the form of the API."""
    body = {
        "message": text,
        "documentation_url": "https://docs.github.com/rest",
        "status": str(status),
    }
    return json_answer(body, status, headers)


def widened(scopes: frozenset[str]) -> frozenset[str]:
    """The scopes together with those they include."""
    return scopes.union(*(IMPLIED.get(scope, set()) for scope in scopes))


def user_json(idp: GitHubStandIn, user: GitHubUser) -> dict[str, Any]:
    """The profile; `email` is the public address and often null."""
    profile: dict[str, Any] = {
        "login": user.login,
        "id": user.id,
        "node_id": f"U_{user.id}",
        "avatar_url": f"{idp.base_url}/avatars/u/{user.id}",
        "html_url": f"{idp.base_url}/{user.login}",
        "type": "User",
        "site_admin": False,
        "name": user.name,
        "email": user.email,
    }
    if idp.fault == "github_user_id_missing":
        del profile["id"]
    return profile


def listed(idp: GitHubStandIn, name: str, user: GitHubUser) -> list[dict[str, Any]]:
    """The whole list behind one of the paged endpoints."""
    if name == "emails":
        verified = idp.fault != "github_emails_unverified"
        return [{**mail, "verified": mail["verified"] and verified} for mail in user.emails]
    if name == "orgs":
        return [
            {"login": org, "id": number, "description": ""}
            for number, org in enumerate(user.orgs, 1)
        ]
    return [
        {
            "id": number,
            "slug": slug,
            "name": slug,
            "privacy": "closed",
            "organization": {"login": org, "id": 1},
        }
        for number, (org, slug) in enumerate(user.teams, 1)
    ]


def number(name: str, default: int, highest: int) -> int:
    """A positive paging parameter, cut to what the API allows."""
    try:
        value = int(request.args.get(name, default))
    except ValueError:
        return default
    return min(value, highest) if value > 0 else default


def paged(
    idp: GitHubStandIn, name: str, items: list[dict[str, Any]], headers: dict[str, str]
) -> Response:
    """One page of a list, with a Link header when there is another page."""
    if idp.fault == "github_emails_not_a_list" and name == "emails":
        return json_answer({"emails": items}, headers=headers)
    per_page, page = number("per_page", 30, 100), number("page", 1, 10**6)
    last = max(1, -(-len(items) // per_page))
    links: dict[str, int] = {}
    if page > 1:
        links |= {"prev": page - 1, "first": 1}
    if page < last:
        links |= {"next": page + 1, "last": last}
    shown = items[(page - 1) * per_page : page * per_page]
    if idp.fault == "github_link_endless":
        shown, links = items[:per_page], {"next": page + 1}
    targets = {rel: page_url(idp, target, per_page) for rel, target in links.items()}
    if idp.fault == "github_link_foreign_host" and name == "teams":
        targets = {"next": FOREIGN}
    if targets:
        link = ", ".join(f'<{target}>; rel="{rel}"' for rel, target in targets.items())
        headers = {**headers, "Link": link}
    return json_answer(shown, headers=headers)


def page_url(idp: GitHubStandIn, page: int, per_page: int) -> str:
    """The address of another page of the same list."""
    return f"{idp.base_url}{request.path}?{urlencode({'per_page': per_page, 'page': page})}"
