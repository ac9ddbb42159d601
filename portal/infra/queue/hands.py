"""The rows a worker has in hand: claimed, done, and let go, each in a unit of its own."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from portal.errors import PortalError, Unavailable
from portal.infra import work
from portal.infra.clock import utc_now
from portal.infra.db import read_clock
from portal.infra.logs import get_logger
from portal.infra.queue.stopping import Stopped, answering

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.infra.contributions import Consumer
    from portal.infra.db import Database
    from portal.infra.metrics import Metrics
    from portal.infra.queue.outages import Outage

RETRY_SECONDS = 1.0
STOPPED = "Its worker stopped before it was done."
log = get_logger("queue")


@dataclass(slots=True)
class Hand:
    """A claimed row, when work on it began, and whether the claim was lost meanwhile."""

    claimed: work.Claim
    began: float = field(default_factory=time.monotonic)
    is_lost: bool = False


class Hands:
    """Everything this process has in hand."""

    def __init__(
        self,
        database: Database,
        metrics: Metrics,
        outage: Outage,
        *,
        worker: str,
        stop: threading.Event,
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._outage = outage
        self._worker = worker
        self._stop = stop
        self._consumers: dict[tuple[str, str], Consumer] = {
            (c.topic, c.name): c for c in database.contributions.consumers
        }
        self.held: dict[int, Hand] = {}

    def perform(self, work_id: int) -> None:
        """Claim a row, do it and let it go; never raises, for the row says what is to do."""
        try:
            with self._database.unit(write=True) as session:
                claimed = work.claim(session, work_id, worker=self._worker, now=read_clock(session))
            if claimed is not None:
                self._keep(Hand(claimed))
        except Unavailable as error:
            self._outage.begin(error.detail)
        except Exception:
            log.exception("claim_failed", work_id=work_id)

    def _keep(self, hand: Hand) -> None:
        run_id = hand.claimed.run_id
        self.held[run_id] = hand
        try:
            self._let_go(hand, *self._work(hand))
        finally:
            self.held.pop(run_id, None)

    def _work(self, hand: Hand) -> tuple[str, Callable[..., bool]]:
        """Do the work; returns how it ended, and what writes that down."""
        claimed = hand.claimed
        about = {"topic": claimed.topic, "subject": claimed.subject}
        try:
            with answering(lambda: self._stop.is_set() or hand.is_lost):
                self._do(claimed)
        except Stopped:
            return work.LOST, partial(work.release, reason=STOPPED)
        except PortalError as error:
            log.warning("work_failed", reason=error.detail, **about)
            return work.FAILED, partial(work.give_back, error=work.tell_error(error))
        except Exception as error:
            log.exception("work_failed", **about)
            return work.FAILED, partial(work.give_back, error=work.tell_error(error))
        return work.DONE, work.finish

    def _do(self, claimed: work.Claim) -> None:
        consumer = self._consumers.get((claimed.topic, claimed.consumer))
        if consumer is None:
            return  # it was taken out since: nobody waits for this any more
        if consumer.flow is not None:
            consumer.flow(self._database, claimed.subject, utc_now())
        elif consumer.run is not None:
            with self._database.unit(write=True) as session:
                consumer.run(session, claimed.subject, utc_now())

    def _let_go(self, hand: Hand, outcome: str, write: Callable[..., bool]) -> None:
        """Write down how it ended; while the database is away the claim is kept."""
        claimed = hand.claimed
        while True:
            try:
                with self._database.unit(write=True) as session:
                    is_ours = write(session, claimed, now=read_clock(session))
                break
            except Unavailable as error:
                self._outage.begin(error.detail)
                if self._stop.wait(RETRY_SECONDS):
                    return  # the lease runs out, and another worker does it again
        if not is_ours:
            outcome = work.LOST
            log.warning("claim_lost", topic=claimed.topic, subject=claimed.subject)
        self._metrics.work.labels(claimed.topic, outcome).inc()
        self._metrics.durations.labels(claimed.topic).observe(time.monotonic() - hand.began)

    def renew(self, session: Session, *, now: datetime) -> None:
        """Lengthen the leases of everything in hand; what was lost learns of it."""
        hands = dict(self.held)
        kept = work.renew(session, [hand.claimed for hand in hands.values()], now=now)
        for run_id, hand in hands.items():
            hand.is_lost = run_id not in kept

    def give_back_all(self, session: Session, *, now: datetime) -> None:
        """Free everything in hand at once for other workers."""
        for hand in list(self.held.values()):
            if work.release(session, hand.claimed, reason=STOPPED, now=now):
                log.warning("work_given_back", topic=hand.claimed.topic)
