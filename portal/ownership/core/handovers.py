"""The life of a hand-over: asked, then accepted, declined or withdrawn."""

from __future__ import annotations

from datetime import timedelta

PENDING, ACCEPTED, DECLINED, WITHDRAWN = "pending", "accepted", "declined", "withdrawn"
STATES = (PENDING, ACCEPTED, DECLINED, WITHDRAWN)
REMIND_AFTER = timedelta(days=14)
LONGEST_NOTE = 1000
