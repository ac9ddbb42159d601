"""The `work` table: outbox, schedule and truth of everything that follows a change.

Publishing happens in the publisher's own transaction, so what rolls back triggers nothing.
A claim is a short lease that is renewed while the work goes on; finishing deletes the row only
in the generation that was claimed and only by who holds the claim, so a change that arrives
meanwhile is worked on again, and who lost the lease changes nothing any more.
"""

from portal.infra.work.claims import (
    LEASE,
    Claim,
    claim,
    finish,
    give_back,
    list_due,
    release,
    renew,
)
from portal.infra.work.publishing import (
    find_next_slot,
    list_behind,
    publish,
    publish_slot,
)
from portal.infra.work.runs import forget_runs, tell_error
from portal.infra.work.tables import (
    DONE,
    FAILED,
    LOST,
    OUTCOMES,
    RUNNING,
    JobRun,
    JobSlot,
    JobWorker,
    Work,
)
from portal.infra.work.workers import Backlog, beat, forget_workers, leave, measure

__all__ = [
    "DONE",
    "FAILED",
    "LEASE",
    "LOST",
    "OUTCOMES",
    "RUNNING",
    "Backlog",
    "Claim",
    "JobRun",
    "JobSlot",
    "JobWorker",
    "Work",
    "beat",
    "claim",
    "find_next_slot",
    "finish",
    "forget_runs",
    "forget_workers",
    "give_back",
    "leave",
    "list_behind",
    "list_due",
    "measure",
    "publish",
    "publish_slot",
    "release",
    "renew",
    "tell_error",
]
