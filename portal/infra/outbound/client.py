"""The portal's HTTP client: one call, one answer, one line in the log."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin

import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH, requote_uri

from portal.infra.clock import utc_now
from portal.infra.logs import get_logger
from portal.infra.outbound.calls import Gate, Limits, calling
from portal.infra.outbound.connections import (
    GuardedPoolManager,
    keep_harmless,
    refuse_moved_body,
)
from portal.infra.outbound.errors import OutboundError, Refused, Unreachable
from portal.infra.outbound.sessions import USER_AGENT, GuardedSession, guard_session
from portal.infra.outbound.targets import inspect_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from portal.infra.outbound.calls import Call
    from portal.infra.outbound.targets import Target

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
TRY_AGAIN = frozenset({429, 502, 503, 504})
BECOMES_GET = {301: {"POST"}, 302: {"POST"}, 303: {"POST", "PUT", "PATCH", "DELETE"}}
OUR_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "te", "upgrade", "expect"}
)
FIRST_PAUSE_SECONDS = 0.2
PEM_BEGINS = "-----BEGIN "
NOTHING: Mapping[str, str] = MappingProxyType({})

log = get_logger("outbound")


@dataclass(frozen=True, slots=True)
class Ask:
    """What to ask of whom; `ca_bundle` is a file of certificates to trust instead of the usual."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING, repr=False)
    params: Mapping[str, str] = field(default_factory=lambda: NOTHING, repr=False)
    body: bytes | None = field(default=None, repr=False)
    follow: bool = True
    limits: Limits | None = None
    ca_bundle: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever the status; header names are found in any case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = field(repr=False)
    elapsed: float


class Slots:
    """How many calls run to one place at the same time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken: Counter[Target] = Counter()

    @contextmanager
    def take(self, target: Target, call: Call) -> Iterator[None]:
        """Wait for a free slot as long as the call has time."""
        with self._changed:
            while self._taken[target] >= call.limits.parallel:
                self._changed.wait(call.allot(None))
            self._taken[target] += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken[target] -= 1
                if not self._taken[target]:
                    del self._taken[target]
                self._changed.notify_all()


class Outbound:
    """Calls the outside world through the gate; one per process, shared by its threads."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._session = GuardedSession(gate)
        self._slots = Slots()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every kept connection."""
        self._session.close()

    def get(self, url: str, headers: Mapping[str, str] = NOTHING) -> Answer:
        """Ask for what stands at `url`."""
        return self.send(Ask("GET", url, headers))

    def post(self, url: str, body: bytes, headers: Mapping[str, str] = NOTHING) -> Answer:
        """Hand `body` to `url`; the headers say what it is."""
        return self.send(Ask("POST", url, headers, body=body))

    def send(self, ask: Ask) -> Answer:
        """Return the answer to `ask`; raises OutboundError where there is none."""
        with calling(ask.limits or self.gate.limits) as call:
            try:
                answer = self._follow(ask, call)
            except OutboundError as error:
                _log_end(ask, call, outcome=error.cause, inside=error.inside)
                raise
            _log_end(ask, call, outcome="answered", status=answer.status, size=len(answer.body))
            return answer

    def make_session(self, limits: Limits | None = None) -> requests.Session:
        """Return a requests session for a library; the caller closes it."""
        return GuardedSession(self._with_limits(limits))

    def guard(self, session: requests.Session, limits: Limits | None = None) -> None:
        """Put the gate under a session a library made, such as Authlib's OAuth2Session."""
        guard_session(session, self._with_limits(limits))

    def make_pool_manager(
        self, limits: Limits | None = None, ca_bundle: str | None = None
    ) -> GuardedPoolManager:
        """Return a urllib3 pool manager for a library, such as dulwich; the caller clears it.

        `ca_bundle` is a file of certificates to trust instead of the usual, or their PEM text.
        """
        is_text = (ca_bundle or "").lstrip().startswith(PEM_BEGINS)
        trusted = {"ca_cert_data" if is_text else "ca_certs": ca_bundle or DEFAULT_CA_BUNDLE_PATH}
        return GuardedPoolManager(
            self._with_limits(limits), headers={"User-Agent": USER_AGENT}, **trusted
        )

    def _with_limits(self, limits: Limits | None) -> Gate:
        return replace(self.gate, limits=limits or self.gate.limits)

    def _follow(self, ask: Ask, call: Call) -> Answer:
        request = self._prepare(ask)
        for _ in range(call.limits.redirects + 1):
            response = self._repeat(request, ask, call)
            location = self._session.get_redirect_target(response) if ask.follow else None
            if location is None:
                headers = MappingProxyType(CaseInsensitiveDict(response.headers))
                url = response.url
                return Answer(response.status_code, headers, response.content, url, call.elapsed)
            request = prepare_next(request, response.status_code, location)
        raise Refused(
            f"{inspect_url(ask.url).label} redirects more than {call.limits.redirects} times.",
            fix="Give the address that it redirects to in the end.",
        )

    def _prepare(self, ask: Ask) -> requests.PreparedRequest:
        inspect_url(ask.url)
        if any(name.lower() in OUR_HEADERS for name in ask.headers):
            raise Refused("A header that belongs to the connection was given.")
        request = requests.Request(
            ask.method, ask.url, dict(ask.headers), params=dict(ask.params), data=ask.body
        )
        try:
            return self._session.prepare_request(request)
        except (requests.RequestException, ValueError):
            raise Refused("The address or a header of the call is not valid.") from None

    def _repeat(self, request: requests.PreparedRequest, ask: Ask, call: Call) -> requests.Response:
        """Send one hop, again where that is harmless and may help."""
        tries = call.limits.retries if request.method in IDEMPOTENT else 0
        pause = FIRST_PAUSE_SECONDS
        for _ in range(tries):
            wait = pause
            try:
                response = self._exchange(request, ask, call)
            except Unreachable:
                pass
            else:
                if response.status_code not in TRY_AGAIN:
                    return response
                wait = max(pause, read_retry_after(response.headers.get("Retry-After", "")))
                if wait > min(call.limits.pause_seconds, call.left):
                    return response
            self.gate.wire.sleep(min(wait, call.allot(None)))
            pause *= 2
        return self._exchange(request, ask, call)

    def _exchange(
        self, request: requests.PreparedRequest, ask: Ask, call: Call
    ) -> requests.Response:
        with self._slots.take(inspect_url(request.url or ""), call):
            # Not through the session: that looks into redirects even when told not to.
            adapter = self._session.get_adapter(request.url or "")
            return adapter.send(request, verify=ask.ca_bundle or True)


def prepare_next(
    request: requests.PreparedRequest, status: int, location: str
) -> requests.PreparedRequest:
    """Return the request a redirect asks for, without what belongs to the origin it left."""
    if "\\" in location:
        raise Refused("A redirect holds a backslash, which is read differently by programs.")
    before = inspect_url(request.url or "")
    following = request.copy()
    joined = urljoin(request.url or "", requote_uri(location))
    target = inspect_url(joined)
    try:
        following.prepare_url(joined, None)
    except requests.RequestException:
        raise Refused("The address of a redirect is not valid.") from None
    if request.method in BECOMES_GET.get(status, ()):
        following.method, following.body = "GET", None
        for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
            following.headers.pop(name, None)
    if target != before:
        refuse_moved_body(following.body)
        following.headers = CaseInsensitiveDict(keep_harmless(following.headers))
    return following


def read_retry_after(value: str) -> float:
    """Return the seconds that `Retry-After` asks for, as a number or a date; 0 for neither."""
    if value.isascii() and value.isdigit():
        return float(value[:10])
    try:
        return max(0.0, (parsedate_to_datetime(value) - utc_now()).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _log_end(ask: Ask, call: Call, **facts: object) -> None:
    """Write the one line; of the URL no more than scheme, host and port."""
    log.info(
        "outbound_call",
        method=ask.method,
        target=call.at.label if call.at else "",
        elapsed_ms=round(call.elapsed * 1000),
        **facts,
    )
