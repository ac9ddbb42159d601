"""`GitHubStandIn`: the GitHub REST API v3 as far as a developer portal uses it."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from werkzeug.http import http_date, parse_date
from werkzeug.wrappers import Response

from . import github_shapes as shapes
from .github_app import Apps
from .github_auth import App, Gate, Installation, Token, authenticate, error
from .github_data import GitData
from .github_faults import GITHUB_FAULTS, WRITING_FAULTS
from .github_limits import Limits, headers, secondary
from .github_pulls import Pulls
from .github_read import Reading
from .github_search import Searching
from .github_write import Writing
from .server import Call, Refusal, StandIn, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from .github_limits import Bucket
    from .model import Repo, Store

VERSIONS = ("2022-11-28", "2026-03-10")
FOR_THE_APP = ("/app", "/orgs/{owner}/installation", "/users/{owner}/installation")
NO_AGENT = (
    "Request forbidden by administrative rules. Please make sure your request has a User-Agent "
    "header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required)."
)


class GitHubStandIn(StandIn):
    """Serves a `Store` as GitHub would; `prefix="/api/v3"` looks like an Enterprise Server."""

    product = "github"

    def __init__(self, store: Store, *, prefix: str = "") -> None:
        super().__init__(store, prefix=prefix)
        self.tokens: dict[str, Token] = {}
        self.app = App()
        self.limits, self.gate = Limits(), Gate(store.accounts)
        self.tree_limit = 100_000
        self.etag_varies_by_token = True
        self.search = Searching(self)
        self.apps = Apps(self)
        self.writing, self.data, self.pulls = Writing(self), GitData(self), Pulls(self)
        self.reading = Reading(self)

    def add_token(self, kind: str = "classic", **more: Any) -> Token:
        """Make a token: `scopes` for a classic one, `permissions` and `repositories` otherwise."""
        prefix = {"classic": "ghp_", "fine-grained": "github_pat_"}.get(kind, "ghs_")
        token = Token(prefix + secrets.token_hex(18), kind, **more)
        self.tokens[token.value] = token
        return token

    def install(
        self, account: str, permissions: dict[str, str], repositories: set[str] | None = None
    ) -> Installation:
        """Install the App on an account."""
        one = Installation(self.store.next_id(), account, permissions, repositories)
        self.app.installations[one.id] = one
        return one

    def fault_table(self) -> dict[str, Callable[..., Response]]:
        """Return the common faults, GitHub's own, and those only a write can meet."""
        return GITHUB_FAULTS | WRITING_FAULTS

    def who(self, call: Call) -> str:
        """Return whose limit a call counts against: a user, an installation, or the address."""
        token = call.token
        if token is None:
            return "app" if "app" in call.notes else "anonymous"
        return f"{'installation' if token.kind == 'installation' else 'user'} {token.user_id}"

    def resource(self, call: Call) -> str:
        """Return the rate-limit resource of a call."""
        return "code_search" if call.endpoint == "GET /search/code" else "core"

    def answer(self, call: Call, handler: Callable[[Call], Any] | None) -> Response:
        """Check as GitHub does: agent, version, who, limits, then the call itself."""
        if not call.header("User-Agent"):
            call.notes["uncounted"] = "yes"
            return Response(NO_AGENT, 403, content_type="text/html")
        bucket: Bucket | None = None
        try:
            bucket = self._admit(call)
            self._check_version(call)
            if handler is None:
                raise error(404, "Not Found")
            made = handler(call)
        except Refusal as refusal:
            made = self.refuse(refusal)
        self._conditional(call, made, bucket)
        return self._dress(call, made, bucket)

    def _admit(self, call: Call) -> Bucket | None:
        """Authenticate and count; only /rate_limit is free."""
        if self.running > self.limits.max_concurrent:
            raise secondary(403, 60)
        pattern = call.endpoint.partition(" ")[2]
        if pattern.startswith(FOR_THE_APP) or pattern.endswith("/installation"):
            self.apps.check(call)
            call.notes["app"] = "yes"
        else:
            call.token = authenticate(call, self.tokens, self.now())
        if pattern == "/rate_limit":
            call.notes["uncounted"] = "yes"
            return None
        return self.limits.take(call, self.who(call), self.resource(call), self.now())

    def _check_version(self, call: Call) -> None:
        """Refuse an unknown API version with 400 and an Accept header it cannot serve with 415."""
        version = call.header("X-GitHub-Api-Version")
        if version and version not in VERSIONS:
            text = "The version you specified is not a supported version."
            raise error(400, text, errors=f"Supported versions: {', '.join(VERSIONS)}")
        accept = call.header("Accept") or "*/*"
        if not any(word in accept for word in ("*/*", "json", "github", "text/html")):
            raise error(
                415, f"Unsupported 'Accept' header: '{accept}'. Must accept 'application/json'."
            )

    def _conditional(self, call: Call, made: Response, bucket: Bucket | None) -> None:
        """Add the ETag and turn an unchanged answer into a 304 that costs a token nothing."""
        if made.status_code != 200 or call.request.method not in {"GET", "HEAD"}:
            return
        salt = call.header("Authorization") if self.etag_varies_by_token else ""
        seed = f"{salt}|{call.header('Accept')}|".encode() + made.get_data()
        etag = f'W/"{hashlib.sha256(seed).hexdigest()}"'
        made.headers["ETag"] = etag
        wanted = [one.strip().removeprefix("W/") for one in call.header("If-None-Match").split(",")]
        same = etag.removeprefix("W/") in wanted
        since, last = (
            parse_date(call.header("If-Modified-Since")),
            made.headers.get("Last-Modified"),
        )
        if not call.header("If-None-Match") and since and last:
            same = (parse_date(last) or since) <= since
        if same:
            made.status_code = 304
            made.set_data(b"")
            made.headers.pop("Content-Type", None)
            if bucket and call.token is not None:
                self.limits.give_back(bucket)
                call.notes["uncounted"] = "yes"

    def _dress(self, call: Call, made: Response, bucket: Bucket | None) -> Response:
        """Add the headers every answer carries."""
        if bucket:
            made.headers.update(headers(bucket, self.resource(call)))
        token: Token | None = call.token
        made.headers["X-GitHub-Request-Id"] = secrets.token_hex(8).upper()
        made.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
        made.headers["Vary"] = "Accept, Authorization, Cookie, X-GitHub-OTP"
        version = call.header("X-GitHub-Api-Version") or VERSIONS[0]
        made.headers["X-GitHub-Api-Version-Selected"] = version
        if token and token.kind == "classic":
            made.headers["X-OAuth-Scopes"] = ", ".join(token.scopes)
            made.headers["X-Accepted-OAuth-Scopes"] = "repo" if "permission" in call.notes else ""
        elif token and "permission" in call.notes:
            made.headers["X-Accepted-GitHub-Permissions"] = call.notes["permission"]
        if token and token.expires_at and token.kind != "installation":
            until = shapes.stamp(token.expires_at).replace("T", " ").replace("Z", " UTC")
            made.headers["GitHub-Authentication-Token-Expiration"] = until
        return made

    def refuse(self, refusal: Refusal) -> Response:
        """Turn a refusal into an answer."""
        return json_response(refusal.body, refusal.status, refusal.headers)

    def find(self, call: Call, permission: str, level: str = "read") -> Repo:
        """Find the repository of a call, following a former name with 301 (307 when writing)."""
        name = f"{call.params['o']}/{call.params['r']}"
        repo = self.store.by_name(name)
        if repo is None:
            former = self.store.repos.get(self.store.old_names.get(name.lower(), 0))
            if former is None or not self.gate.sees(call.token, former):
                raise error(404, "Not Found")
            rest = call.request.path.removeprefix(self.prefix).split("/", 4)[4:]
            raise self.moved(call, "/".join([f"/repositories/{former.id}", *rest]))
        self.gate.need(call, repo, permission, level)
        return repo

    def moved(self, call: Call, path: str) -> Refusal:
        """Build the redirect of a renamed or transferred repository."""
        query = call.request.query_string.decode()
        url = f"{self.api_url}{path}" + (f"?{query}" if query else "")
        status = 301 if call.request.method in {"GET", "HEAD"} else 307
        text = "Moved Permanently" if status == 301 else "Temporary Redirect"
        return Refusal(status, {"message": text, "url": url}, {"Location": url})

    def by_id(self, call: Call) -> Any:
        """Serve /repositories/{id}/… as the repository's own endpoints."""
        repo = self.store.repos.get(int(call.params["id"])) if call.params["id"].isdigit() else None
        if repo is None:
            raise error(404, "Not Found")
        rest = call.params.get("rest", "")
        found = self.router.find(call.request.method, f"/repos/{repo.full_name}/{quote(rest)}")
        if found is None:
            raise error(404, "Not Found")
        handler, _, call.params = found
        return handler(call)

    def shape(self, call: Call, repo: Repo) -> dict[str, Any]:
        """Return a repository as the caller sees it."""
        owner = self.store.accounts[repo.owner.lower()]
        push = bool(call.token and call.token.push)
        return shapes.repository(repo, self.api_url, owner, push=push)

    def http_date(self, seconds: float) -> str:
        """Return a time for a Last-Modified header."""
        return http_date(seconds)

    def body(self, call: Call, *, optional: bool = False) -> dict[str, Any]:
        """Return the JSON body, 400 when it does not parse."""
        raw = call.request.get_data()
        if optional and not raw:
            return {}
        try:
            found = json.loads(raw)
        except ValueError:
            raise error(400, "Problems parsing JSON") from None
        if not isinstance(found, dict):
            raise error(400, "Body should be a JSON object")
        return found

    def page_numbers(self, call: Call) -> tuple[int, int]:
        """Return per_page (30, at most 100) and page; nonsense falls back to the defaults."""
        sizes = [call.arg("per_page", "30"), call.arg("page", "1")]
        size, page = (int(one) if one.isdigit() and int(one) else 0 for one in sizes)
        return min(size or 30, 100), page or 1

    def page(self, call: Call, rows: list[Any], path: str) -> tuple[list[Any], dict[str, str]]:
        """Cut out a page and build its Link header; GitHub's links use ids, not names."""
        size, page = self.page_numbers(call)
        last = max(1, math.ceil(len(rows) / size))
        wanted = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        if page >= last:
            wanted.pop("next"), wanted.pop("last")
        if page <= 1:
            wanted.pop("prev"), wanted.pop("first")
        args = call.request.args.to_dict()
        links = [
            f'<{self.api_url}{path}?{urlencode(args | {"page": number})}>; rel="{name}"'
            for name, number in wanted.items()
        ]
        return rows[(page - 1) * size : page * size], {"Link": ", ".join(links)} if links else {}
