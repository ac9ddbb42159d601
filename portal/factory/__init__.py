"""Every line that plugs something in, in reading order."""

from __future__ import annotations

from portal.factory.application import create_app
from portal.factory.contributions import gather_contributions
from portal.factory.database import create_database, create_queue
from portal.factory.tools import (
    create_metrics,
    create_outbound,
    create_secret_box,
    create_source_tools,
)

__all__ = [
    "create_app",
    "create_database",
    "create_metrics",
    "create_outbound",
    "create_queue",
    "create_secret_box",
    "create_source_tools",
    "gather_contributions",
]
