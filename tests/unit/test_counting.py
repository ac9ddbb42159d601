"""Requests counted in a process's memory: by window, and forgotten when it ends."""

from __future__ import annotations

import pytest
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from portal.web.counting import CLEAR_EVERY_SECONDS, ProcessCounts


class Watch:
    """A clock that is set by hand."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def counts(watch) -> ProcessCounts:
    return ProcessCounts(clock=watch)


def test_a_window_ends_and_begins_anew(counts, watch):
    assert [counts.incr("a", 60), counts.incr("a", 60), counts.incr("b", 60)] == [1, 2, 1]
    watch.seconds += 59
    assert (counts.get("a"), counts.get_expiry("a")) == (2, 1060.0)
    watch.seconds += 1
    assert counts.get("a") == 0
    assert counts.get_expiry("a") == watch.seconds
    assert counts.incr("a", 60) == 1


def test_what_ended_is_dropped(counts, watch):
    for number in range(100):
        counts.incr(f"address:{number}", 30)
    watch.seconds += CLEAR_EVERY_SECONDS
    counts.incr("new", 30)
    assert counts.reset() == 1


def test_one_key_is_cleared(counts):
    counts.incr("a", 60)
    counts.incr("b", 60)
    counts.clear("a")
    assert (counts.get("a"), counts.get("b")) == (0, 1)


def test_the_limiter_counts_with_it(counts):
    limiter = FixedWindowRateLimiter(counts)
    limit = parse("2 per minute")
    assert [limiter.hit(limit, "who") for _ in range(3)] == [True, True, False]
    assert limiter.get_window_stats(limit, "who").remaining == 0
    assert isinstance(storage_from_string("process://"), ProcessCounts)
