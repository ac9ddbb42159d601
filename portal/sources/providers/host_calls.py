"""Asking a host: every answer counted, limits kept, pages remembered, failures explained."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

from pydantic import ValidationError

from portal.errors import TooLarge
from portal.infra.clock import utc_now
from portal.infra.outbound import AnswerTooLarge, Ask, OutboundError
from portal.infra.outbound.targets import inspect_url
from portal.sources.core.hosts import Budget
from portal.sources.core.trees import SourceDown
from portal.sources.providers.host_headers import find_link, read_date, read_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import TypeAdapter

    from portal.infra.outbound import Answer, Outbound

T = TypeVar("T")

OK, NOT_MODIFIED, SERVER_FAILS = 200, 304, 500
REDIRECTS = frozenset((301, 302, 303, 307, 308))
MOST_STEPS = 4  # redirects and short waits before one answer
PATIENCE_SECONDS = 5.0
# GitHub's longest tree is 7 MB; GitLab sends trees in one piece.
MOST_BYTES = 32_000_000
# A whole tree takes longer than what the usual limits are made for.
LONGER = 3
# This part of a host's limit is left to others who use the same token.
KEPT_PART = 50
FARTHEST = timedelta(days=1)  # a clock that is off by more is no clock


@dataclass(frozen=True, slots=True)
class Vendor:
    """What differs from host to host: a name, headers of its limit, what its refusals mean.

    `find_wait` returns the seconds a limit asks to wait, None where the answer is about
    something else; `explain` says what that is.
    """

    name: str
    most: str
    left: str
    resets_at: str
    find_wait: Callable[[Answer, datetime], float | None]
    explain: Callable[[Answer], SourceDown]


class HostCalls:
    """Calls to one API with one credential; nothing is sent to any other origin."""

    def __init__(self, outbound: Outbound, vendor: Vendor, base: str, *, ca_bundle: str) -> None:
        self.vendor = vendor
        self.base = base.rstrip("/")
        self.budget = Budget()
        self._ahead = timedelta()
        self._outbound = outbound
        self._ca_bundle = ca_bundle or None
        usual = outbound.gate.limits
        self._limits = replace(
            usual, body_bytes=MOST_BYTES, total_seconds=LONGER * usual.total_seconds
        )

    @property
    def now(self) -> datetime:
        """Return the time by the host's clock, which is the one its answers speak of."""
        return utc_now() + self._ahead

    def ask(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        okay: tuple[int, ...] = (OK,),
        body: bytes | None = None,
        most_bytes: int = 0,
        is_counted: bool = True,
    ) -> Answer:
        """Return the answer, its status one of `okay` or 304; raises SourceDown.

        With `most_bytes` it is a file that is asked for, and one that is larger raises TooLarge.
        """
        ask = Ask("GET" if body is None else "POST", url, headers, body=body, follow=False)
        limits = replace(self._limits, body_bytes=most_bytes or MOST_BYTES)
        return self._get_answer(
            replace(ask, limits=limits), okay, is_file=most_bytes > 0, is_counted=is_counted
        )

    def write(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        body: Mapping[str, Any],
        okay: tuple[int, ...],
    ) -> Answer:
        """Have something changed and return the answer, its status one of `okay`."""
        raw = json.dumps(body).encode()
        headers = {**headers, "Content-Type": "application/json"}
        ask = Ask(method, url, headers, body=raw, follow=False, limits=self._limits)
        return self._get_answer(ask, okay, is_file=False, is_counted=True)

    def _get_answer(
        self, ask: Ask, okay: tuple[int, ...], *, is_file: bool, is_counted: bool
    ) -> Answer:
        ask = replace(ask, ca_bundle=self._ca_bundle)
        for _ in range(MOST_STEPS):
            if is_counted:
                self._check_budget()
            answer = self._send(ask, is_file=is_file, is_counted=is_counted)
            seconds = self.vendor.find_wait(answer, self.now)
            if seconds is not None:
                self._wait(seconds)
            elif answer.status in okay or answer.status == NOT_MODIFIED:
                return answer
            elif answer.status in REDIRECTS:
                target = _join(ask.url, answer.headers.get("Location", "").strip())
                ask = replace(ask, url=self.check_place(target))
            else:
                raise self._explain(answer)
        raise SourceDown(
            f"{self.vendor.name} sends from one address to the next, or asks to wait, without end.",
            fix="Try again later; check the address of the API.",
        )

    def read(self, answer: Answer, shape: TypeAdapter[T], what: str) -> T:
        """Return the body in its expected shape; raises SourceDown."""
        try:
            return shape.validate_json(answer.body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise SourceDown(
                f"{self.vendor.name} sent no JSON when asked for {what}.",
                fix="Check the address of the API, and that no sign-in page stands in between.",
            )
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise SourceDown(
            f"{self.vendor.name} sent {what} in an unknown shape: {place}.",
            fix="Check the address of the API, and that its version is a supported one.",
        )

    def find_next(self, answer: Answer) -> str | None:
        """Return the address of the next page of a list, of the same origin."""
        found = find_link(answer.headers.get("Link", ""), "next")
        return None if found is None else self.check_place(_join(answer.url, found))

    def check_place(self, url: str) -> str:
        """Return an address below the API; raises SourceDown for any other."""
        try:
            is_here = inspect_url(url) == inspect_url(self.base)
        except OutboundError:
            is_here = False
        if not is_here or not urlsplit(url).path.startswith(f"{urlsplit(self.base).path}/"):
            raise SourceDown(
                f"{self.vendor.name} leads to an address outside its API, which is not followed.",
                fix="Give the address of the API that it has now.",
            )
        return url

    def _send(self, ask: Ask, *, is_file: bool, is_counted: bool) -> Answer:
        try:
            answer = self._outbound.send(ask)
        except AnswerTooLarge as error:
            if is_file:
                raise TooLarge(error.detail, fix="Make the file smaller.") from None
            raise SourceDown(error.detail, fix=error.fix) from None
        except OutboundError as error:
            raise SourceDown(error.detail, fix=error.fix) from None
        self._note(answer, is_counted=is_counted)
        return answer

    def _note(self, answer: Answer, *, is_counted: bool) -> None:
        """Keep what the answer says of the limit and of the host's clock."""
        date = read_date(answer.headers.get("Date", ""))
        ahead = date - utc_now() if date else timedelta()
        self._ahead = ahead if abs(ahead) < FARTHEST else timedelta()
        self.budget = replace(
            self.budget,
            used=self.budget.used + 1,
            not_modified=self.budget.not_modified + (answer.status == NOT_MODIFIED),
        )
        vendor = self.vendor
        told = [
            read_number(answer.headers.get(name, ""))
            for name in (vendor.left, vendor.most, vendor.resets_at)
        ]
        if is_counted and None not in told:
            left, most, resets_at = told
            self.budget = replace(self.budget, left=left, most=most, resets_at=resets_at)

    def _check_budget(self) -> None:
        """Stop before the last calls, which are left to others."""
        left, most, resets_at = self.budget.left, self.budget.most, self.budget.resets_at
        if left is None or most is None or resets_at is None:
            return
        seconds = resets_at - self.now.timestamp()
        if left > max(1, most // KEPT_PART) or seconds <= 0:
            return
        if seconds > PATIENCE_SECONDS:
            raise SourceDown(
                f"{self.vendor.name} takes {left} more calls of {most} before "
                f"{_write_time(resets_at)}; these are left to others who use the same token.",
                fix="Nothing is to be done: it goes on by itself then. If this happens often, let "
                "webhooks tell what changed, or read less often.",
            )
        self._outbound.gate.wire.sleep(seconds)

    def _wait(self, seconds: float) -> None:
        """Wait where a limit asks for a short while; raises SourceDown for a longer one."""
        if seconds > PATIENCE_SECONDS:
            until = int(self.now.timestamp() + seconds)
            most = self.budget.most or 0
            self.budget = replace(self.budget, left=0, most=most, resets_at=until)
            raise SourceDown(
                f"{self.vendor.name} takes no more calls before {_write_time(until)}: its rate "
                "limit is reached.",
                fix="Nothing is to be done: it goes on by itself then. If this happens often, read "
                "less often, or use a token of its own.",
            )
        self._outbound.gate.wire.sleep(max(seconds, 1.0))

    def _explain(self, answer: Answer) -> SourceDown:
        if answer.status >= SERVER_FAILS:
            return SourceDown(
                f"{self.vendor.name} is not well: it answered with status {answer.status}.",
                fix="Try again later; look at the host's own status page.",
            )
        return self.vendor.explain(answer)


def check_credential(name: str, base: str, token: str) -> None:
    """Raise SourceDown for a token that cannot be one, or would cross a network in the open."""
    if not token:
        return
    if not token.isascii() or not token.isprintable() or " " in token:
        raise SourceDown(
            f"The token for {name} holds characters that no token has.",
            fix="Copy it again, without quotes and line breaks.",
        )
    parts = urlsplit(base)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise SourceDown(
            f"The address of {name} starts with http://, so the token would not be encrypted.",
            fix="Give an address that starts with https://.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _join(base: str, target: str) -> str:
    """Return where a link leads; nothing where it cannot be read."""
    try:
        return urljoin(base, target)
    except ValueError:
        return ""


def _write_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
