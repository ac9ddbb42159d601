"""The blueprint of the sources' pages, and what its views are set up with."""

from __future__ import annotations

from flask import Blueprint

from portal.sources.api.blueprint import get_box, get_setup

__all__ = ["blueprint", "get_box", "get_setup"]

blueprint = Blueprint("sources", __name__)
