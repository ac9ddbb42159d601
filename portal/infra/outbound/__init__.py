"""Everything the portal calls, it calls from here: guarded, timed, capped, logged."""

from __future__ import annotations

from portal.infra.outbound.calls import Call, Gate, Limits, Wire, calling
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
from portal.infra.outbound.sessions import WIRE_FAILURES, explain_break, explain_failure
from portal.infra.outbound.sockets import open_socket
from portal.infra.outbound.targets import inspect_url

__all__ = [
    "WIRE_FAILURES",
    "Answer",
    "AnswerTooLarge",
    "Ask",
    "BadAnswer",
    "Call",
    "Gate",
    "Limits",
    "Outbound",
    "OutboundError",
    "Refused",
    "TimedOut",
    "Unreachable",
    "Untrusted",
    "Wire",
    "calling",
    "explain_break",
    "explain_failure",
    "inspect_url",
    "open_socket",
]
