"""The portal's own metrics, in Prometheus' terms; added up over all its processes."""

from __future__ import annotations

import prometheus_client.values as value_store
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


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

    def render(self) -> bytes:
        """Return the exposition text of every process of this portal."""
        if not self._shared:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # theirs
        return generate_latest(registry)
