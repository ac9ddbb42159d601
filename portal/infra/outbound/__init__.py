"""Everything the portal calls, it calls from here: guarded, timed, capped, logged."""

from __future__ import annotations

from portal.infra.outbound.calls import Gate, Limits, Wire
from portal.infra.outbound.client import Answer, Ask, Outbound
from portal.infra.outbound.errors import (
    AnswerTooLarge,
    BadAnswer,
    OutboundError,
    Refused,
    TimedOut,
    Unreachable,
    Untrusted,
)

__all__ = [
    "Answer",
    "AnswerTooLarge",
    "Ask",
    "BadAnswer",
    "Gate",
    "Limits",
    "Outbound",
    "OutboundError",
    "Refused",
    "TimedOut",
    "Unreachable",
    "Untrusted",
    "Wire",
]
