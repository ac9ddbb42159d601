"""Sources as JSON: checking text, managing sources, proposed changes, webhooks."""

from __future__ import annotations

from portal.sources.api import checking, explaining, hooks, proposals, sources
from portal.sources.api.blueprint import blueprint, get_setup

__all__ = ["blueprint", "checking", "explaining", "get_setup", "hooks", "proposals", "sources"]
