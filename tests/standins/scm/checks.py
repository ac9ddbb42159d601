"""The little the self-check needs: named checks, a client, a tally."""

from __future__ import annotations

import sys
from typing import Any

import requests

AGENT = {"User-Agent": "selfcheck/1"}


class Checks:
    """Counts what holds and names what does not."""

    def __init__(self) -> None:
        self.passed, self.failed = 0, 0

    def that(self, name: str, held: object, seen: object = "") -> None:
        """Count one check and report it when it fails."""
        if held:
            self.passed += 1
            return
        self.failed += 1
        sys.stdout.write(f"FAILED {name}: {str(seen)[:300]}\n")

    def same(self, name: str, got: object, wanted: object) -> None:
        """Check for equality."""
        self.that(name, got == wanted, f"got {got!r}, wanted {wanted!r}")

    def breaks(self, name: str, action: Any) -> None:
        """Check that an action ends in an error of the client."""
        try:
            action()
        except requests.RequestException:
            self.passed += 1
        else:
            self.that(name, held=False, seen="no error")


class Client:
    """Plain `requests` against one stand-in."""

    def __init__(self, api: str, headers: dict[str, str] | None = None) -> None:
        self.api, self.headers = api, AGENT | (headers or {})

    def __call__(self, path: str, method: str = "GET", **more: Any) -> requests.Response:
        """Send one call; headers given here are added, redirects are not followed."""
        headers = self.headers | more.pop("headers", {})
        url = path if path.startswith("http") else self.api + path
        more.setdefault("timeout", 10)
        more.setdefault("allow_redirects", False)
        return requests.request(method, url, headers=headers, **more)  # noqa: S113 - set above
