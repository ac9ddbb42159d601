"""The blueprint of the sources' pages, and what its views are set up with."""

from __future__ import annotations

from flask import Blueprint

from portal.sources.core.setup import SourcesSetup
from portal.web.visitor import get_extension

blueprint = Blueprint("sources", __name__)


def get_setup() -> SourcesSetup:
    """Return the settings of sources of the running application."""
    return get_extension("sources", SourcesSetup)
