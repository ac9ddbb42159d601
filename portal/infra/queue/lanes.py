"""Lanes: Huey's queues, the threads that empty them, and what this process sent into them.

Short work and long work stand in lanes of their own, so that neither waits for the other.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from huey import RedisHuey, SqliteHuey
from huey.consumer import Consumer, Scheduler, Worker
from huey.serializer import SignedSerializer
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.infra.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from portal.infra.queue.outages import Outage

# Huey's own idle poll grows to ten seconds.
POLL_SECONDS = 0.5
RETRY_SECONDS = 1.0
REDIS_SECONDS = 5.0
SALT = "plumbline.queue"
log = get_logger("queue")


def describe_redis(url: str) -> str:
    """Return where a Redis is, without user, password or options."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def make_huey(name: str, secret: str, folder: Path, redis_url: str) -> Any:
    """Return a queue in Redis where one is named, else in a file; its messages are signed.

    The name holds a digest of the secret, so that portals that share a Redis do not take each
    other's messages.
    """
    serializer = SignedSerializer(secret=secret, salt=SALT)
    if not redis_url:
        return SqliteHuey(
            name, filename=str(folder / "queue.db"), serializer=serializer, results=False
        )
    digest = hashlib.blake2b(f"{SALT}:{secret}".encode(), digest_size=6).hexdigest()
    pool = ConnectionPool.from_url(
        redis_url,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 1),  # once: a connection that Redis closed is opened anew
    )
    return RedisHuey(f"{name}_{digest}", connection_pool=pool, serializer=serializer, results=False)


class _Idle(Scheduler):  # type: ignore[misc]  # Huey ships no types
    """Huey's schedule is not used: due times stand in the table."""

    def loop(self, now: Any = None) -> None:
        """Wait."""
        del now
        self.stop_flag.wait(1)


class _Hands(Worker):  # type: ignore[misc]  # Huey ships no types
    """A thread that takes one message after the other; nothing it meets ends it."""

    lane: Lane

    def loop(self, now: Any = None) -> None:
        """Take and do one message, or wait a moment."""
        del now
        asked = time.monotonic()
        try:
            message = self.huey.storage.dequeue()
        except Exception as error:  # noqa: BLE001 whatever the queue raises, it is away
            self.lane.lose_queue(error)
            self.stop_flag.wait(RETRY_SECONDS)
            return
        self.lane.outage.end(asked)
        if message is None:
            if not self.huey.storage.blocking:
                self.sleep()
            return
        self.delay = self.default_delay
        self.lane.do(message)


class _Consumer(Consumer):  # type: ignore[misc]  # Huey ships no types
    """The threads of a lane; signals are the process's own business."""

    worker_class = _Hands
    scheduler_class = _Idle

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        super().__init__(lane.huey, workers=lane.threads, periodic=False, max_delay=POLL_SECONDS)

    def _create_worker(self) -> Any:
        worker = super()._create_worker()
        worker.lane = self.lane
        return worker

    def _set_signal_handlers(self) -> None:
        pass


class Lane:
    """One queue, the threads that empty it, and which rows this process sent and has in hand."""

    def __init__(
        self, huey: Any, outage: Outage, *, threads: int, most_sent: int, resend_seconds: float
    ) -> None:
        self.huey = huey
        self.threads = threads
        self.outage = outage
        self._most_sent = most_sent
        self._resend_seconds = resend_seconds
        self._sent: dict[int, float] = {}
        self._in_hand: set[int] = set()
        self._task: Any = None
        self._consumer: _Consumer | None = None

    def listen(self, perform: Callable[[int], None]) -> None:
        """Say what is done with a row's id."""

        def work(work_id: int) -> None:
            self._in_hand.add(work_id)
            self._sent.pop(work_id, None)
            try:
                perform(work_id)
            finally:
                self._in_hand.discard(work_id)

        self._task = self.huey.task(name="work")(work)

    def do(self, message: bytes) -> None:
        """Do what a message asks; one that nobody here signed is dropped."""
        try:
            task = self.huey.deserialize_task(message)
        except Exception as error:  # noqa: BLE001 whatever is wrong with it
            log.warning("message_refused", reason=type(error).__name__)
            return
        task.execute()

    def do_next(self) -> bool:
        """Take one message and do it, in this thread; False when there is none."""
        message = self.huey.storage.dequeue()
        if message is not None:
            self.do(message)
        return message is not None

    @property
    def reach(self) -> int:
        """How many due rows to look at, so that some are found that were not sent yet."""
        return self._most_sent + len(self._sent)

    def send(self, work_ids: Iterable[int]) -> int:
        """Enqueue rows that were not sent lately, as many as there is room for; returns how many.

        What another worker took is forgotten after a while, and what was lost is sent again.
        """
        moment = time.monotonic()
        for work_id, sent in list(self._sent.items()):
            if moment - sent >= self._resend_seconds:
                self._sent.pop(work_id, None)
        busy = self._in_hand | self._sent.keys()
        room = max(0, self._most_sent - len(busy))
        fresh = [i for i in work_ids if i not in busy][:room]
        for count, work_id in enumerate(fresh):
            self._sent[work_id] = moment
            try:
                self._task(work_id)
            except Exception as error:  # noqa: BLE001 whatever the queue raises, it is away
                self.lose_queue(error)
                return count
        return len(fresh)

    def lose_queue(self, error: Exception) -> None:
        """Say that the queue is away; what was sent may be lost, so all of it is sent again."""
        self._sent.clear()
        self.outage.begin(f"{type(error).__name__}: {error}")

    def start(self) -> None:
        """Start the threads."""
        self._consumer = _Consumer(self)
        self._consumer.start()

    def look_after(self) -> None:
        """Start threads anew that ended."""
        if self._consumer is not None:
            self._consumer.check_worker_health()

    def close(self) -> None:
        """Take nothing more."""
        if self._consumer is not None:
            self._consumer.stop_flag.set()

    def join(self, seconds: float) -> None:
        """Wait until what is in hand is done, but no longer than `seconds`."""
        if self._consumer is None:
            return
        deadline = time.monotonic() + seconds
        for _, thread in self._consumer.worker_threads:
            thread.join(max(0.0, deadline - time.monotonic()))
