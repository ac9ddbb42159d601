"""Code search and the rate-limit report of the GitHub stand-in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import github_shapes as shapes
from .github_auth import error
from .server import json_response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.wrappers import Response

    from .github import GitHubStandIn
    from .model import Repo
    from .server import Call

SEARCHABLE = 384 * 1024
CAP = 1000
FORKS = {"true": (False, True), "only": (True,)}
DOCS = "https://docs.github.com/v3/search"


def _invalid(message: str) -> Exception:
    """Build the 422 of a query that cannot be run."""
    problem = {"message": message, "resource": "Search", "field": "q", "code": "invalid"}
    return error(422, "Validation Failed", docs=f"{DOCS}/", errors=[problem])


class Searching:
    """Searches default branches only, forks left out, big files left out: as the product does."""

    def __init__(self, home: GitHubStandIn) -> None:
        self.home = home
        self.unindexed: set[str] = set()
        self.incomplete = False
        home.router.add("GET", "/search/code", self.code)
        home.router.add("GET", "/rate_limit", self.rate_limit)

    def code(self, call: Call) -> Response:
        """Answer GET /search/code."""
        if call.token is None:
            raise error(401, "Requires authentication", docs=f"{DOCS}/#search-code")
        words, marks = self._parse(call.arg("q"))
        per_page, page = self.home.page_numbers(call)
        if per_page * (page - 1) >= CAP:
            raise error(422, "Only the first 1000 search results are available", docs=f"{DOCS}/")
        hits = list(self._hits(call, words, marks))
        shown, headers = self.home.page(call, hits[:CAP], "/search/code")
        body = {"total_count": len(hits), "incomplete_results": self.incomplete, "items": shown}
        return json_response(body, headers=headers)

    def _parse(self, query: str) -> tuple[list[str], dict[str, list[str]]]:
        """Split a query into words and qualifiers, refusing what cannot be searched."""
        if not query.strip():
            raise _invalid("The search is missing search terms")
        if len(query) > 256:
            raise _invalid("The search is longer than 256 characters.")
        marks: dict[str, list[str]] = {}
        words = []
        for part in re.findall(r'\w+:"[^"]*"|"[^"]*"|\S+', query):
            name, colon, value = part.partition(":")
            if colon and name.isalpha():
                marks.setdefault(name.lower(), []).append(value.strip('"').lower())
            else:
                words.append(part.strip('"').lower())
        if not words and not {"filename", "path", "extension"} & set(marks):
            raise _invalid("The search is missing search terms")
        for name in (*marks.get("org", []), *marks.get("user", [])):
            if name not in self.home.store.accounts:
                raise _invalid(
                    "The listed users and repositories cannot be searched either because the "
                    "resources do not exist or you do not have permission to view them."
                )
        return words, marks

    def _hits(self, call: Call, words: list[str], marks: dict[str, list[str]]) -> Iterator[Any]:
        """Yield the files that match."""
        owners = marks.get("org", []) + marks.get("user", [])
        forks = marks.get("fork", ["false"])[0]
        for repo in self.home.store.repos.values():
            if owners and repo.owner.lower() not in owners:
                continue
            if marks.get("repo") and repo.full_name.lower() not in marks["repo"]:
                continue
            if repo.fork not in FORKS.get(forks, (False,)):
                continue
            if repo.full_name in self.unindexed or not self.home.gate.sees(call.token, repo):
                continue
            yield from self._files(call, repo, words, marks)

    def _files(
        self, call: Call, repo: Repo, words: list[str], marks: dict[str, list[str]]
    ) -> Iterator[dict[str, Any]]:
        """Yield the matching files of one repository's default branch."""
        head = repo.resolve(repo.default_branch)
        url = f"{self.home.api_url}/repos/{repo.full_name}"
        for path, entry in head.files.items() if head else ():
            low, name = path.lower(), path.lower().rpartition("/")[2]
            tests = (
                entry.size < SEARCHABLE,
                all(want in name for want in marks.get("filename", [])),
                all(want in low.rpartition("/")[0] for want in marks.get("path", [])),
                all(name.endswith(f".{want}") for want in marks.get("extension", [])),
            )
            if not all(tests) or (words and not self._says(entry.sha, words)):
                continue
            meta = shapes.file_meta(path, entry, url, head.sha)  # type: ignore[union-attr]
            keys = ("name", "path", "sha", "url", "git_url", "html_url")
            short = {key: meta[key] for key in keys} | {"score": 1.0}
            yield short | {"repository": self.home.shape(call, repo)}

    def _says(self, sha: str, words: list[str]) -> bool:
        text = self.home.store.blobs.get(sha, b"").decode(errors="replace").lower()
        return all(word in text for word in words)

    def rate_limit(self, call: Call) -> Response:
        """Answer GET /rate_limit, which counts against nothing."""
        rows = {}
        for resource in ("core", "search", "code_search"):
            one = self.home.limits.bucket(self.home.who(call), resource, self.home.now())
            rows[resource] = {
                "limit": one.limit,
                "used": one.used,
                "remaining": max(0, one.limit - one.used),
                "reset": int(one.reset),
            }
        return json_response({"resources": rows, "rate": rows["core"]})
