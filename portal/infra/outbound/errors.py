"""What can go wrong with a call to the outside, in words a person can act on.

No text holds more of a URL than host and port: paths and query strings carry secrets.
`detail` is for whoever may see the configuration; `summary` is the same for every error, so
that showing it to anyone else tells nothing about what listens where.
"""

from __future__ import annotations

from portal.errors import PortalError


class OutboundError(PortalError):
    """A call to the outside that gave no answer; `cause` is one word for logs and metrics."""

    title = "The other side could not be used"
    summary = "The address could not be used. Ask whoever runs the portal to look at its log."
    cause = "failed"
    inside = ""  # the kinds of errors beneath, for the log; their texts hold whole URLs


class Refused(OutboundError):  # noqa: N818 reads as what happened
    """The portal's own rules forbid the call; nothing was sent there."""

    cause = "refused"


class Unreachable(OutboundError):  # noqa: N818 reads as what happened
    """Nobody answered; closed, filtered and cut off read the same on purpose."""

    cause = "unreachable"


class TimedOut(OutboundError):  # noqa: N818 reads as what happened
    """The time for the whole call was over before the answer was."""

    cause = "timed_out"


class Untrusted(OutboundError):  # noqa: N818 reads as what happened
    """The certificate of the other side does not prove its name."""

    cause = "untrusted"


class AnswerTooLarge(OutboundError):  # noqa: N818 reads as what happened
    """The answer is larger than the call allows, after unpacking."""

    cause = "too_large"


class BadAnswer(OutboundError):  # noqa: N818 reads as what happened
    """What came back is not a sound HTTP answer."""

    cause = "bad_answer"
