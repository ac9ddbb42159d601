"""`portal catalog` and `portal source`."""

from __future__ import annotations

from portal.sources.cli.catalog import catalog
from portal.sources.cli.explaining import explain
from portal.sources.cli.source import source

catalog.add_command(explain)

__all__ = ["catalog", "source"]
