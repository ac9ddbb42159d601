"""`portal catalog` and `portal source`."""

from __future__ import annotations

from portal.sources.cli.catalog import catalog
from portal.sources.cli.source import source

__all__ = ["catalog", "source"]
