"""GitHub App endpoints: the App itself, its installations and their tokens."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from . import github_shapes as shapes
from .github_auth import ORDER, Token, check_jwt, error
from .server import json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from .github import GitHubStandIn
    from .github_auth import Installation
    from .server import Call


class Apps:
    """The handlers a JWT is for, and the one list an installation token is for."""

    def __init__(self, home: GitHubStandIn) -> None:
        self.home = home
        add = home.router.add
        add("GET", "/app", self.app)
        add("GET", "/app/installations", self.installations)
        add("GET", "/app/installations/{id}", self.installation)
        add("POST", "/app/installations/{id}/access_tokens", self.token)
        add("GET", "/orgs/{owner}/installation", self.of_owner)
        add("GET", "/users/{owner}/installation", self.of_owner)
        add("GET", "/repos/{owner}/{r}/installation", self.of_owner)
        add("GET", "/installation/repositories", self.repositories)
        add("DELETE", "/installation/token", self.revoke)

    def app(self, _: Call) -> Response:
        """Answer GET /app."""
        app = self.home.app
        return json_response({"id": app.id, "client_id": app.client_id, "slug": app.slug})

    def _shape(self, one: Installation) -> dict[str, Any]:
        account = self.home.store.accounts[one.account.lower()]
        return {
            "id": one.id,
            "app_id": self.home.app.id,
            "account": shapes.account(account, self.home.api_url),
            "repository_selection": "all" if one.repositories is None else "selected",
            "access_tokens_url": f"{self.home.api_url}/app/installations/{one.id}/access_tokens",
            "permissions": one.permissions,
            "suspended_at": shapes.stamp(self.home.now()) if one.suspended else None,
        }

    def installations(self, call: Call) -> Response:
        """Answer GET /app/installations."""
        rows = [self._shape(one) for one in self.home.app.installations.values()]
        page, headers = self.home.page(call, rows, "/app/installations")
        return json_response(page, headers=headers)

    def _found(self, call: Call) -> Installation:
        for one in self.home.app.installations.values():
            wanted = call.params.get("owner", "").lower()
            if call.params.get("id") == str(one.id) or wanted == one.account.lower():
                return one
        raise error(404, "Not Found")

    def installation(self, call: Call) -> Response:
        """Answer one installation by id."""
        return json_response(self._shape(self._found(call)))

    def of_owner(self, call: Call) -> Response:
        """Answer the installation on an organisation, user or repository."""
        one = self._found(call)
        name = call.params.get("r")
        hidden = name and one.repositories is not None and name not in one.repositories
        if hidden or (name and not self.home.store.by_name(f"{one.account}/{name}")):
            raise error(404, "Not Found")
        return json_response(self._shape(one))

    def token(self, call: Call) -> Response:
        """Answer POST /app/installations/{id}/access_tokens: a token for one hour."""
        one, body = self._found(call), self.home.body(call, optional=True)
        if one.suspended:
            raise error(403, "This installation has been suspended")
        wanted = body.get("permissions", one.permissions)
        for name, level in wanted.items():
            if ORDER.get(level, 9) > ORDER[one.permissions.get(name, "")]:
                raise error(422, "The permissions requested are not granted to this installation.")
        names = self._names(one, body)
        token = Token(
            f"ghs_{secrets.token_hex(18)}",
            "installation",
            login=f"{self.home.app.slug}[bot]",
            user_id=one.id,
            owner=one.account,
            repositories=names,
            permissions=dict(wanted),
            expires_at=self.home.now() + 3600,
        )
        self.home.tokens[token.value] = token
        made = {
            "token": token.value,
            "expires_at": shapes.stamp(token.expires_at or 0),
            "permissions": wanted,
            "repository_selection": "all" if names is None else "selected",
        }
        return json_response(made, 201)

    def _names(self, one: Installation, body: dict[str, Any]) -> set[str] | None:
        """Return the repositories asked for, refusing any the installation cannot reach."""
        names = set(body.get("repositories", []))
        for number in body.get("repository_ids", []):
            repo = self.home.store.repos.get(number)
            names.add(repo.name if repo and repo.owner == one.account else "\0")
        for name in names:
            known = self.home.store.by_name(f"{one.account}/{name}")
            if not known or (one.repositories is not None and name not in one.repositories):
                raise error(
                    422,
                    "There is at least one repository that does not exist or is not accessible "
                    "to the parent installation.",
                )
        return names or one.repositories

    def repositories(self, call: Call) -> Response:
        """Answer GET /installation/repositories."""
        if call.token is None or call.token.kind != "installation":
            raise error(403, "You must authenticate with an installation access token")
        rows = [repo for repo in self.home.store.repos.values() if call.token.selects(repo)]
        page, headers = self.home.page(call, rows, "/installation/repositories")
        shown = [self.home.shape(call, repo) for repo in page]
        body = {"total_count": len(rows), "repository_selection": "all", "repositories": shown}
        return json_response(body, headers=headers)

    def revoke(self, call: Call) -> Response:
        """Answer DELETE /installation/token."""
        if call.token is None or call.token.kind != "installation":
            raise error(401, "Requires authentication")
        call.token.revoked = True
        return json_response(None, 204)

    def check(self, call: Call) -> None:
        """Demand a valid JWT wherever GitHub wants the App itself."""
        check_jwt(call, self.home.app, self.home.now())
