"""Who may do what on the GitHub stand-in: classic, fine-grained, installation tokens and JWTs."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .rs256 import TEST_KEY, PublicKey, read_jwt
from .server import Refusal

if TYPE_CHECKING:
    from .model import Repo
    from .server import Call

DOCS = "https://docs.github.com/rest"
ORDER = {"": 0, "read": 1, "write": 2, "admin": 3}
KINDS = {
    "fine-grained": "Resource not accessible by personal access token",
    "installation": "Resource not accessible by integration",
}


def error(status: int, message: str, *, docs: str = DOCS, **more: Any) -> Refusal:
    """Build a refusal in GitHub's shape; `headers` passes headers along."""
    headers = more.pop("headers", None)
    body = {"message": message, **more, "documentation_url": docs, "status": str(status)}
    return Refusal(status, body, headers)


@dataclass
class Token:
    """A token of one of the three kinds; `repositories=None` means all of the owner's."""

    value: str
    kind: str = "classic"
    login: str = "ada"
    user_id: int = 583231
    scopes: tuple[str, ...] = ()
    owner: str | None = None
    repositories: set[str] | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    push: bool = True
    sso_authorized: bool = True
    expires_at: float | None = None
    revoked: bool = False

    def has(self, permission: str, level: str) -> bool:
        """Say whether a fine-grained or installation token holds a permission."""
        held = self.permissions.get(permission, "read" if permission == "metadata" else "")
        return ORDER[held] >= ORDER[level]

    def selects(self, repo: Repo) -> bool:
        """Say whether the token was granted for this repository at all."""
        if self.owner and self.owner.lower() != repo.owner.lower():
            return False
        return self.repositories is None or repo.name in self.repositories


@dataclass
class Installation:
    """An App's installation on one account."""

    id: int
    account: str
    permissions: dict[str, str]
    repositories: set[str] | None = None
    suspended: bool = False


@dataclass
class App:
    """The one GitHub App the stand-in knows."""

    id: int = 4711
    client_id: str = "Iv23liStandInClient"
    slug: str = "portal"
    key: PublicKey = TEST_KEY
    installations: dict[int, Installation] = field(default_factory=dict)


def presented(call: Call) -> str:
    """Return the secret of a request: Bearer, token, or Basic with the token as password."""
    if call.request.args.get("access_token"):
        raise error(400, "Must specify access token via Authorization header.")
    kind, _, value = call.header("Authorization").partition(" ")
    if kind.lower() == "basic":
        with contextlib.suppress(ValueError):
            user, _, password = base64.b64decode(value).decode().partition(":")
            return password if password and password != "x-oauth-basic" else user
    return value.strip() if kind.lower() in {"bearer", "token"} else kind


def authenticate(call: Call, tokens: dict[str, Token], now: float) -> Token | None:
    """Return the token of a request, None when it brings none, 401 when it is worthless."""
    value = presented(call)
    if not value:
        return None
    token = tokens.get(value)
    if token is None or token.revoked or (token.expires_at or now + 1) <= now:
        raise error(401, "Bad credentials")
    return token


def check_jwt(call: Call, app: App, now: float) -> None:
    """Refuse an App's JWT for the reasons, and with the words, GitHub uses."""
    claims = read_jwt(presented(call), app.key) if call.header("Authorization") else None
    if claims is None:
        raise error(401, "A JSON web token could not be decoded")
    exp, iat, iss = claims.get("exp"), claims.get("iat"), claims.get("iss")
    if not isinstance(exp, int | float) or exp <= now:
        text = "must be a numeric value representing the future time at which the assertion expires"
        raise error(401, f"'Expiration time' claim ('exp') {text}")
    if exp > now + 600:
        raise error(401, "'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(iat, int) or iat > now:
        text = "must be an Integer representing the time that the assertion was issued"
        raise error(401, f"'Issued at' claim ('iat') {text}")
    if iss is None:
        raise error(401, "'Issuer' claim ('iss') must be an Integer")
    if str(iss) not in {str(app.id), app.client_id}:
        raise error(404, "Integration not found")


class Gate:
    """Decides what a token sees, reads and writes, and refuses as GitHub does."""

    def __init__(self, accounts: dict[str, Any]) -> None:
        self.accounts = accounts

    def policies(self, token: Token | None, owner: str) -> None:
        """Apply an organisation's bans: classic tokens forbidden, or single sign-on required."""
        account = self.accounts.get(owner.lower())
        if account is None or token is None or token.kind != "classic":
            return
        if account.forbids_classic:
            text = "forbids access via a personal access token (classic). Please use a GitHub App,"
            more = "OAuth App, or a personal access token with fine-grained permissions."
            raise error(403, f"`{account.login}` {text} {more}")
        if account.sso and not token.sso_authorized:
            where = f"https://github.com/orgs/{account.login}/sso?authorization_request=INVENTED"
            raise error(
                403,
                "Resource protected by organization SAML enforcement. You must grant your Personal "
                "Access token access to this organization.",
                headers={"X-GitHub-SSO": f"required; url={where}"},
            )

    def sees(self, token: Token | None, repo: Repo) -> bool:
        """Say whether a repository exists at all for this token."""
        if not repo.private:
            return True
        if token is None:
            return False
        if token.kind == "classic":
            member = token.owner is None or token.owner.lower() == repo.owner.lower()
            return member and "repo" in token.scopes
        return token.selects(repo)

    def need(self, call: Call, repo: Repo, permission: str, level: str = "read") -> None:
        """Let the call pass or refuse it with 401, 403 or 404 as GitHub would."""
        call.notes["permission"] = f"{permission}={level}"
        token: Token | None = call.token
        if repo.private:
            self.policies(token, repo.owner)
        if not self.sees(token, repo):
            raise error(404, "Not Found")
        if repo.blocked:
            raise Refusal(451, {"message": "Repository access blocked", "block": repo.blocked})
        if level == "write":
            self._need_write(token, repo, permission)
        elif (
            repo.private and token and token.kind != "classic" and not token.has(permission, level)
        ):
            raise error(403, KINDS[token.kind])

    def _need_write(self, token: Token | None, repo: Repo, permission: str) -> None:
        """Refuse a write: no token 401, wrong scope or no push 404, missing permission 403."""
        if token is None:
            raise error(401, "Requires authentication")
        if token.kind == "classic":
            scoped = "repo" in token.scopes or (not repo.private and "public_repo" in token.scopes)
            if not scoped or not token.push:
                raise error(404, "Not Found")
        elif not token.selects(repo) or not token.has(permission, "write"):
            raise error(403, KINDS[token.kind])
        if repo.archived:
            raise error(403, "Repository was archived so is read-only.")
