"""`GitLabStandIn`: the GitLab REST API v4 as far as a developer portal uses it."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.http import http_date
from werkzeug.wrappers import Response

from .faults import FAULTS, lost_answer
from .gitlab_merge import MergeRequests
from .gitlab_read import Reading
from .gitlab_shapes import missing
from .gitlab_write import Writing
from .server import Call, Refusal, StandIn, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from .model import Group, Repo, Store

REPORTER, DEVELOPER = 20, 30
NOT_SCOPED = "The request requires higher privileges than provided by the access token."
REVOKED = "Token was revoked. You have to re-authorize from the user."
EXPIRED = "Token is expired. You can either do re-authorization or token refresh."


@dataclass
class Token:
    """A personal, group or project access token; `groups=None` means every group."""

    value: str
    scopes: tuple[str, ...] = ("read_api",)
    level: int = DEVELOPER
    login: str = "ada"
    groups: tuple[str, ...] | None = None
    revoked: bool = False
    expires_at: float | None = None

    def member(self, path: str) -> bool:
        """Say whether the token's user is a member above a path."""
        return self.groups is None or any(f"{path}/".startswith(f"{g}/") for g in self.groups)


def _throttled(home: GitLabStandIn, *rest: Any) -> Response:
    """Answer as Rack::Attack does."""
    return home.throttled(int(rest[-1].get("retry_after", 30)))


def _message(status: int, body: dict[str, str]) -> Callable[..., Response]:
    """Make a fault of a plain refusal."""
    return lambda *_: json_response(body, status)


GITLAB_FAULTS: dict[str, Callable[..., Response]] = FAULTS | {
    "rate_limited": _throttled,
    "unauthorized": _message(401, {"message": "401 Unauthorized"}),
    "token_expired": _message(401, {"error": "invalid_token", "error_description": EXPIRED}),
    "forbidden": _message(403, {"message": "403 Forbidden"}),
    "maintenance": _message(503, {"message": "GitLab is in maintenance mode"}),
}


class GitLabStandIn(StandIn):
    """Serves a `Store` as GitLab would, below /api/v4."""

    product = "gitlab"

    def __init__(self, store: Store, *, prefix: str = "/api/v4") -> None:
        super().__init__(store, prefix=prefix)
        self.tokens: dict[str, Token] = {}
        self.limit_per_minute = 2000
        self.headers_always = True
        self._windows: dict[str, tuple[int, int]] = {}
        self.reading, self.writing = Reading(self), Writing(self)
        self.merging = MergeRequests(self)

    def add_token(self, **more: Any) -> Token:
        """Make a token with `scopes` (read_api, api, read_repository) and an access `level`."""
        token = Token(f"glpat-{secrets.token_urlsafe(15)}", **more)
        self.tokens[token.value] = token
        return token

    def fault_table(self) -> dict[str, Callable[..., Response]]:
        """Return the common faults, GitLab's own, and the one only a write can meet."""
        return GITLAB_FAULTS | {"lost_answer": lost_answer}

    def here(self, call: Call) -> str:
        """Return a call's address without its query, encoded as it came."""
        raw = call.request.environ.get("RAW_URI", call.request.path).partition("?")[0]
        return self.base_url + raw

    def answer(self, call: Call, handler: Callable[[Call], Any] | None) -> Response:
        """Throttle first, then authenticate, then the call itself."""
        secret = self._secret(call)
        used, reset = self._count(secret)
        if used > self.limit_per_minute:
            return self.throttled(max(1, reset - int(self.now())), used, reset)
        try:
            call.token = self._authenticate(secret)
            if handler is None:
                raise Refusal(404, {"error": "404 Not Found"})
            self._scoped(call)
            made = handler(call)
        except Refusal as refusal:
            made = json_response(refusal.body, refusal.status, refusal.headers)
        self._conditional(call, made)
        if self.headers_always:
            made.headers.update(self._limits(used, reset))
        made.headers["X-Request-Id"] = secrets.token_hex(13).upper()
        return made

    def _secret(self, call: Call) -> str:
        """Return the token of a request from any of the documented places."""
        bearer = call.header("Authorization")
        return (
            call.header("PRIVATE-TOKEN")
            or call.arg("private_token")
            or (bearer[7:] if bearer.lower().startswith("bearer ") else "")
            or call.arg("access_token")
        )

    def _authenticate(self, secret: str) -> Token | None:
        """Return the token, None without one, 401 for one that is worthless."""
        if not secret:
            return None
        token = self.tokens.get(secret)
        if token is None:
            raise Refusal(401, {"message": "401 Unauthorized"})
        for bad, text in ((token.revoked, REVOKED), (self._over(token), EXPIRED)):
            if bad:
                raise Refusal(401, {"error": "invalid_token", "error_description": text})
        return token

    def _over(self, token: Token) -> bool:
        return token.expires_at is not None and token.expires_at <= self.now()

    def _scoped(self, call: Call) -> None:
        """Refuse with 403 insufficient_scope what the token's scopes do not cover."""
        if call.token is None:
            return
        reading = call.request.method in {"GET", "HEAD"}
        allowed = {"api"} | ({"read_api"} if reading else set())
        if reading and "/repository/files/" in call.endpoint:
            allowed.add("read_repository")
        if reading and call.endpoint == "GET /user":
            allowed.add("read_user")
        if not allowed & set(call.token.scopes):
            body = {"error": "insufficient_scope", "error_description": NOT_SCOPED}
            raise Refusal(403, body | {"scope": " ".join(sorted(allowed))})

    def sees(self, call: Call, repo: Repo) -> bool:
        """Say whether a project exists for the caller."""
        if repo.visibility == "public":
            return True
        token: Token | None = call.token
        return token is not None and (repo.visibility == "internal" or token.member(repo.path))

    def sees_group(self, call: Call, group: Group) -> bool:
        """Say whether a group exists for the caller."""
        if group.visibility == "public":
            return True
        token: Token | None = call.token
        return token is not None and (group.visibility == "internal" or token.member(group.path))

    def find(self, call: Call, ability: str = "read_project") -> Repo:
        """Find the project of a call or refuse; a former path redirects with 301."""
        wanted = call.params["id"]
        repo = self.store.repos.get(int(wanted)) if wanted.isdigit() else self.store.by_path(wanted)
        if repo is None:
            former = self.store.repos.get(self.store.old_paths.get(wanted.lower(), 0))
            if former is None or not self.sees(call, former):
                raise missing("Project")
            raise self._moved(call, former)
        if not self.sees(call, repo):
            raise missing("Project")
        self._able(call, repo, ability)
        return repo

    def _able(self, call: Call, repo: Repo, ability: str) -> None:
        """Refuse with 401 or 403 what the caller's role does not allow."""
        token: Token | None = call.token
        member = token is not None and token.member(repo.path)
        if ability == "read_code":
            guest = member and token is not None and token.level < REPORTER
            if repo.visibility == "private" and guest:
                raise Refusal(403, {"message": "403 Forbidden"})
        if ability == "push_code":
            if token is None:
                raise Refusal(401, {"message": "401 Unauthorized"})
            if not member or token.level < DEVELOPER or repo.archived:
                raise Refusal(403, {"message": "403 Forbidden"})

    def _moved(self, call: Call, repo: Repo) -> Refusal:
        """Build the redirect of a moved project, to its address by id."""
        if call.request.method not in {"GET", "HEAD"}:
            return missing("Project")
        rest = self.here(call).split("/projects/", 1)[1].partition("/")[2]
        query = call.request.query_string.decode()
        url = f"{self.api_url}/projects/{repo.id}" + (f"/{rest}" if rest else "")
        url += f"?{query}" if query else ""
        text = f"This resource has been moved permanently to {url}"
        return Refusal(301, text, {"Location": url})

    def body(self, call: Call) -> dict[str, Any]:
        """Return the parameters of a write: JSON, a form, or the query."""
        found: dict[str, Any] = call.request.args.to_dict() | call.request.form.to_dict()
        if "json" in call.header("Content-Type"):
            try:
                found |= json.loads(call.request.get_data() or b"{}")
            except (ValueError, TypeError):
                raise Refusal(400, {"error": "The request body is not valid JSON"}) from None
        return found

    def _conditional(self, call: Call, made: Response) -> None:
        """Add the weak ETag of Rack::ETag; a 304 counts against the limit like any call."""
        if made.status_code != 200 or call.request.method not in {"GET", "HEAD"}:
            return
        etag = f'W/"{hashlib.sha256(made.get_data()).hexdigest()[:32]}"'
        made.headers["ETag"] = etag
        made.headers["Cache-Control"] = "max-age=0, private, must-revalidate"
        if etag in [one.strip() for one in call.header("If-None-Match").split(",")]:
            made.status_code = 304
            made.set_data(b"")
            made.headers.pop("Content-Type", None)

    def _count(self, who: str) -> tuple[int, int]:
        """Count one call in the caller's minute."""
        with self._lock:
            minute = math.floor(self.now() / 60)
            known, used = self._windows.get(who, (minute, 0))
            used = used + 1 if known == minute else 1
            self._windows[who] = (minute, used)
        return used, (minute + 1) * 60

    def _limits(self, used: int, reset: int) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit_per_minute),
            "RateLimit-Name": "throttle_authenticated_api",
            "RateLimit-Observed": str(used),
            "RateLimit-Remaining": str(max(0, self.limit_per_minute - used)),
            "RateLimit-Reset": str(reset),
            "RateLimit-ResetTime": http_date(reset),
        }

    def throttled(self, retry_after: int, used: int = 0, reset: int = 0) -> Response:
        """Answer 429 in plain text with Retry-After."""
        reset = reset or int(self.now()) + retry_after
        headers = self._limits(used or self.limit_per_minute + 1, reset)
        made = Response("Retry later\n", 429, content_type="text/plain", headers=headers)
        made.headers["Retry-After"] = str(retry_after)
        return made
