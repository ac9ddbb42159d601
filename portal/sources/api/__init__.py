"""Sources as JSON: checking text, managing sources, webhooks."""

from __future__ import annotations

from portal.sources.api import checking, explaining, hooks, sources
from portal.sources.api.blueprint import blueprint, get_setup

__all__ = ["blueprint", "checking", "explaining", "get_setup", "hooks", "sources"]
