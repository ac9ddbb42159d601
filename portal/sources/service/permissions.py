"""What the services of sources ask for."""

from __future__ import annotations

RUN = "sources:run:write"
WRITE = "sources:source:write"
# Owners may have what is theirs read again.
REFRESH = "catalog:refresh:write"
PEOPLE_CHANGED = "sources.people_changed"
REFRESH_TOPIC = "sources.refresh"
SCHEDULE = "sources.schedule"
EXPIRE = "sources.expire"
