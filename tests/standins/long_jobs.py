"""The `portal` command with work of minutes in it: `python long_jobs.py serve|worker`.

What it does is asked for by publishing the topic `test.long`; a subject reads `WORD SECONDS NAME`,
where WORD is `polite` (it asks whether to stop) or `deaf`. Each begin and end goes into the file
PORTAL_TEST_JOURNAL. PORTAL_TEST_LEASE shortens the lease and the time between two reports.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import portal.factory.database
from portal.cli import main
from portal.infra.contributions import Consumer
from portal.infra.queue import Stopped, is_stopping, runner
from portal.infra.work import claims

TOPIC = "test.long"


def note(word, subject):
    line = f"{word} {os.getpid()} {subject}\n"
    with Path(os.environ["PORTAL_TEST_JOURNAL"]).open("a", encoding="utf-8") as journal:
        journal.write(line)


def work_long(_database, subject, _now):
    word, seconds, _ = subject.split()
    note("begin", subject)
    deadline = time.monotonic() + float(seconds)
    while time.monotonic() < deadline:
        if word == "polite" and is_stopping():
            note("stop", subject)
            raise Stopped
        time.sleep(0.05)
    note("end", subject)


CONSUMER = Consumer(TOPIC, TOPIC, flow=work_long)


def run():
    gather = portal.factory.database.gather_contributions

    def gather_more(settings):
        found = gather(settings)
        return replace(found, consumers=(*found.consumers, CONSUMER))

    portal.factory.database.gather_contributions = gather_more
    lease = os.environ.get("PORTAL_TEST_LEASE")
    if lease:
        claims.LEASE = timedelta(seconds=float(lease))
        runner.BEAT_SECONDS = float(lease) / 4
    main()


if __name__ == "__main__":
    sys.argv[0] = "portal"
    run()
