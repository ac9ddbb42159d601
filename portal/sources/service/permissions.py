"""What the services of sources ask for."""

from __future__ import annotations

from portal.sources.core.topics import REFRESH_TOPIC

RUN = "sources:run:write"
WRITE = "sources:source:write"
# Owners may have what is theirs read again.
REFRESH = "catalog:refresh:write"
SCHEDULE = "sources.schedule"
EXPIRE = "sources.expire"
CHECK_PROPOSALS = "sources.check_proposals"

__all__ = [
    "CHECK_PROPOSALS",
    "EXPIRE",
    "REFRESH",
    "REFRESH_TOPIC",
    "RUN",
    "SCHEDULE",
    "WRITE",
]
