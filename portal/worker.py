"""The process that does background work: the rows of the `work` table, until told to stop."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from portal.factory.database import create_queue

if TYPE_CHECKING:
    from types import FrameType

    from portal.infra.db import Database
    from portal.infra.metrics import Metrics
    from portal.settings import Settings


def run_worker(settings: Settings, database: Database, metrics: Metrics) -> None:
    """Work until SIGTERM or SIGINT; rows in hand are finished or given back first."""
    queue = create_queue(settings, database, metrics)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        queue.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    queue.run()
    if queue.is_busy:
        # A flow that did not listen: its row is free again, and nobody waits for its thread.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
