"""Topics of the background work that others look at too."""

from __future__ import annotations

REFRESH_TOPIC = "sources.refresh"
