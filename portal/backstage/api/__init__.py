"""Backstage's catalog API below /api/catalog."""

from __future__ import annotations

from portal.backstage.api import (  # noqa: F401 - they add their routes
    analysing,
    entities,
    locations,
    posted,
)
from portal.backstage.api.answers import answer_error
from portal.backstage.api.blueprint import PREFIX, blueprint

__all__ = ["PREFIX", "answer_error", "blueprint"]
