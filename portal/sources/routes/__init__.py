"""The pages of sources, and what sources add to the pages of entities."""

from __future__ import annotations

from portal.sources.routes import (
    acting,
    explaining,
    listing,
    panels,
    proposals,
    proposing,
    showing,
    stating,
    taking_over,
)
from portal.sources.routes.blueprint import blueprint

__all__ = [
    "acting",
    "blueprint",
    "explaining",
    "listing",
    "panels",
    "proposals",
    "proposing",
    "showing",
    "stating",
    "taking_over",
]
