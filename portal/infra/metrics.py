"""The portal's own metrics, in Prometheus' terms; added up over all its processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import prometheus_client.values as value_store
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.infra.work import Backlog

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

LONG_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 1800)


class _Backlog:
    """What waits, as gauges: the table says it, the same for every process."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield a gauge for each number."""
        found = self._backlog
        for name, text, value in (
            ("plumbline_work_waiting", "Rows of background work, due or not.", found.waiting),
            ("plumbline_work_due", "Rows that are due and that nobody has in hand.", found.due),
            (
                "plumbline_work_oldest_due_seconds",
                "How long the oldest of these has been due.",
                found.oldest_due_seconds,
            ),
            (
                "plumbline_workers_alive",
                "Workers that reported within a minute.",
                found.workers,
            ),
        ):
            yield GaugeMetricFamily(name, text, value)


class Metrics:
    """Counters of one application; `shared` adds them up over processes through files."""

    def __init__(self, *, shared: bool = False) -> None:
        self._shared = shared
        if shared:
            # The library decides at import, before settings are read; labels ask again.
            value_store.ValueClass = value_store.MultiProcessValue()  # type: ignore[no-untyped-call]  # theirs
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "plumbline_http_request_duration_seconds",
            "Time to answer a request.",
            ["method", "endpoint", "status"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.work = Counter(
            "plumbline_work_total",
            "Pieces of background work by topic and outcome.",
            ["topic", "outcome"],
            registry=self.registry,
        )
        self.durations = Histogram(
            "plumbline_work_duration_seconds",
            "Time from claiming a piece of background work to letting it go.",
            ["topic"],
            buckets=LONG_BUCKETS,
            registry=self.registry,
        )

    def render(self, backlog: Backlog | None = None) -> bytes:
        """Return the exposition text of every process of this portal, and of what waits."""
        registry = self.registry
        if self._shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # theirs
        text = generate_latest(registry)
        if backlog is None:
            return text
        waiting = CollectorRegistry()
        waiting.register(_Backlog(backlog))
        return text + generate_latest(waiting)
