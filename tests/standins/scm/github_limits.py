"""GitHub's primary and secondary rate limits, kept per credential and resource."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .github_auth import error

if TYPE_CHECKING:
    from .server import Call, Refusal

DOCS = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"
WINDOWS = {"core": 3600, "search": 60, "code_search": 60}


@dataclass
class Bucket:
    """One window of one credential and resource."""

    limit: int
    reset: float
    used: int = 0


class Limits:
    """Counts calls; a test lowers a limit with `set` or empties it with `exhaust`."""

    def __init__(self) -> None:
        self.limits = {"core": 5000, "search": 30, "code_search": 10, "anonymous": 60}
        self.status = 403
        self.points_per_minute: int | None = None
        self.content_per_minute, self.content_per_hour = 80, 500
        self.max_concurrent = 100
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._points: dict[str, deque[tuple[float, int]]] = {}
        self._made: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def set(self, resource: str, limit: int) -> None:
        """Give a resource another limit and start its windows anew."""
        self.limits[resource] = limit
        self._buckets = {key: one for key, one in self._buckets.items() if key[1] != resource}

    def bucket(self, who: str, resource: str, now: float) -> Bucket:
        """Return the current window, opening a new one when the old has passed."""
        key = (who, resource)
        found = self._buckets.get(key)
        if found is None or found.reset <= now:
            name = "anonymous" if who == "anonymous" and resource == "core" else resource
            found = Bucket(self.limits[name], int(now) + WINDOWS[resource])
            self._buckets[key] = found
        return found

    def exhaust(self, who: str, resource: str, now: float) -> None:
        """Use up what is left of a window."""
        found = self.bucket(who, resource, now)
        found.used = found.limit

    def take(self, call: Call, who: str, resource: str, now: float) -> Bucket:
        """Count one call or refuse it; all limits are checked before any work is done."""
        with self._lock:
            found = self.bucket(who, resource, now)
            if found.used >= found.limit:
                raise self._exhausted(call, found, resource)
            found.used += 1
            self._spend_points(call, who, now)
            if call.token is not None and call.request.method not in {"GET", "HEAD"}:
                self._make(who, now)
        return found

    def give_back(self, bucket: Bucket) -> None:
        """Undo the count of a conditional request that ended in 304."""
        with self._lock:
            bucket.used = max(0, bucket.used - 1)

    def _spend_points(self, call: Call, who: str, now: float) -> None:
        """Apply the points per minute of the secondary limit, when a test has switched it on."""
        if self.points_per_minute is None:
            return
        spent = self._points.setdefault(who, deque())
        while spent and spent[0][0] < now - 60:
            spent.popleft()
        if sum(points for _, points in spent) >= self.points_per_minute:
            raise secondary(403, 60)
        spent.append((now, 1 if call.request.method in {"GET", "HEAD", "OPTIONS"} else 5))

    def _make(self, who: str, now: float) -> None:
        """Count a request that makes content: 80 a minute and 500 an hour are documented."""
        made = self._made.setdefault(who, deque())
        while made and made[0] < now - 3600:
            made.popleft()
        lately = sum(when >= now - 60 for when in made)
        if lately >= self.content_per_minute or len(made) >= self.content_per_hour:
            raise content_limit(60)
        made.append(now)

    def _exhausted(self, call: Call, bucket: Bucket, resource: str) -> Refusal:
        """Build the answer to a call past the primary limit."""
        if call.token is None:
            text = (
                "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated "
                "requests get a higher rate limit. Check out the documentation for more details.)"
            )
        else:
            text = f"API rate limit exceeded for user ID {call.token.user_id}."
        return error(self.status, text, docs=DOCS, headers=headers(bucket, resource))


def secondary(status: int, retry_after: int | None) -> Refusal:
    """Build the answer to a call past the secondary limit."""
    text = (
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    )
    more = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return error(status, text, docs=f"{DOCS}#about-secondary-rate-limits", headers=more)


def content_limit(retry_after: int | None) -> Refusal:
    """Build the answer to one write too many."""
    text = (
        "You have exceeded a secondary rate limit and have been temporarily blocked from content "
        "creation. Please retry your request again later."
    )
    more = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return error(403, text, docs=f"{DOCS}#about-secondary-rate-limits", headers=more)


def headers(bucket: Bucket, resource: str) -> dict[str, str]:
    """Return the x-ratelimit headers of one window."""
    return {
        "X-RateLimit-Limit": str(bucket.limit),
        "X-RateLimit-Remaining": str(max(0, bucket.limit - bucket.used)),
        "X-RateLimit-Used": str(bucket.used),
        "X-RateLimit-Reset": str(int(bucket.reset)),
        "X-RateLimit-Resource": resource,
    }
