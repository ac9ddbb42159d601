"""Runs rows of the `work` table. Huey carries row ids; what it loses, the sweep finds again.

A flow that takes long asks `is_stopping()` between its steps and raises `Stopped`.
"""

from portal.infra.queue.runner import Queue, QueueSetup
from portal.infra.queue.stopping import Stopped, is_stopping, raise_if_stopping

__all__ = ["Queue", "QueueSetup", "Stopped", "is_stopping", "raise_if_stopping"]
