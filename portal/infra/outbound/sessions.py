"""requests sessions whose connections go through the gate.

Whatever stands on requests can be guarded: the adapter looks at each URL, runs the call's clock,
caps the body, and turns every failure into an OutboundError.
"""

from __future__ import annotations

import io
from http.client import HTTPException, RemoteDisconnected
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse
from urllib3 import exceptions as urllib3_errors

from portal.infra.outbound.calls import calling
from portal.infra.outbound.connections import (
    GuardedPoolManager,
    keep_harmless,
    refuse_moved_body,
)
from portal.infra.outbound.errors import (
    BadAnswer,
    OutboundError,
    Refused,
    TimedOut,
    Unreachable,
    Untrusted,
)
from portal.infra.outbound.reading import read_body
from portal.infra.outbound.targets import inspect_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.infra.outbound.calls import Call, Gate
    from portal.infra.outbound.targets import Target

USER_AGENT = "Plumbline (developer portal)"
ACCEPT_ENCODING = "gzip, deflate"
TLS_FAILURES = (requests.exceptions.SSLError, urllib3_errors.SSLError)
SILENCES = (requests.exceptions.ReadTimeout, urllib3_errors.ReadTimeoutError)
# What a urllib3 pool raises when a call fails.
WIRE_FAILURES = (OSError, urllib3_errors.HTTPError)
NONSENSE = (
    urllib3_errors.DecodeError,
    urllib3_errors.IncompleteRead,
    requests.exceptions.InvalidHeader,
)


class GuardedAdapter(HTTPAdapter):
    """Sends the requests of any session through the gate; may refuse every redirect."""

    def __init__(self, gate: Gate, *, takes_redirects: bool) -> None:
        self.gate = gate
        self.takes_redirects = takes_redirects
        super().__init__(pool_connections=32, pool_maxsize=gate.limits.parallel)

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,  # noqa: FBT001, FBT002 theirs
        **options: Any,
    ) -> None:
        """Make the pools; theirs would connect to whatever a name says."""
        self.poolmanager = GuardedPoolManager(
            self.gate, num_pools=connections, maxsize=maxsize, block=block, **options
        )

    def proxy_manager_for(self, *_args: Any, **_options: Any) -> Any:
        """Refuse: the guard cannot see through a proxy."""
        raise Refused("The portal calls nothing through a proxy.")

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> Any:
        """Send one request; the body is read here, so that no caller can forget the caps."""
        target = inspect_url(request.url or "")
        options = {
            **dict(zip(("stream", "timeout", "verify", "cert", "proxies"), args, strict=False)),
            **options,
        }
        with calling(self.gate.limits) as call:
            call.arrive(target)
            is_streamed = bool(options.pop("stream", False))
            limits = call.limits
            if options.get("timeout") is None:
                options["timeout"] = (limits.connect_seconds, limits.read_seconds)
            try:
                response = super().send(request, stream=True, **options)
                if not is_streamed or response.is_redirect:
                    _read_whole(response, call)
            except OutboundError:
                raise
            except (OSError, urllib3_errors.HTTPError) as error:
                found = explain_failure(error, target, call)
                found.inside = " < ".join(type(cause).__name__ for cause in _list_causes(error))
                raise found from None
            if response.is_redirect and not self.takes_redirects:
                raise Refused(
                    f"{target.label} redirects, which is not followed here.",
                    fix="Give the address that it redirects to.",
                )
            return response


def _read_whole(response: requests.Response, call: Call) -> None:
    """Replace the wire behind `response` by the body that was read off it, unpacked."""
    raw = response.raw
    try:
        body = read_body(raw, call)
    except BaseException:
        raw.close()
        raise
    raw.release_conn()
    response.raw = HTTPResponse(
        body=io.BytesIO(body),
        headers={},
        status=raw.status,
        reason=raw.reason,
        preload_content=False,
        original_response=getattr(raw, "_original_response", None),
    )


class GuardedSession(requests.Session):
    """A requests session for libraries: one call per request, every redirect judged."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate
        _place_gate(self, GuardedAdapter(gate, takes_redirects=True))
        self.max_redirects = gate.limits.redirects

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send a request and what it redirects to, all within one call."""
        with calling(self.gate.limits):
            try:
                return super().send(request, **options)
            except requests.TooManyRedirects:
                raise Refused(f"It redirects more than {self.max_redirects} times.") from None

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Leave everything that could be a secret behind when a redirect changes the origin."""
        before = inspect_url(response.request.url or "")
        if inspect_url(prepared_request.url or "") != before:
            kept = keep_harmless(prepared_request.headers)
            prepared_request.headers = CaseInsensitiveDict(kept)
            refuse_moved_body(prepared_request.body)


def guard_session(session: requests.Session, gate: Gate) -> None:
    """Put the gate under a session somebody else made; redirects are refused there.

    A session of another class strips only `Authorization` when a redirect leads elsewhere, and
    what such libraries ask for (tokens, keys) has no reason to move.
    """
    _place_gate(session, GuardedAdapter(gate, takes_redirects=False))


def _place_gate(session: requests.Session, adapter: GuardedAdapter) -> None:
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPT_ENCODING})
    session.adapters.clear()
    session.mount("https://", adapter)
    session.mount("http://", adapter)


def explain_failure(error: Exception, target: Target, call: Call) -> OutboundError:
    """Return the error a person can act on; what was wrong inside goes no further."""
    if call.left <= 0:
        return call.explain_end()
    kinds = [type(cause) for cause in _list_causes(error)]
    where = target.label
    # What is neither theirs nor urllib3's is a file of certificates that cannot be read.
    ours = not isinstance(error, requests.RequestException | urllib3_errors.HTTPError)
    if ours or any(issubclass(kind, TLS_FAILURES) for kind in kinds):
        return Untrusted(
            f"The certificate of {where} cannot be trusted for that name, or TLS failed.",
            fix="Renew it, or give the certificate of the authority that signed it.",
        )
    if any(issubclass(kind, SILENCES) for kind in kinds):
        return TimedOut(
            f"{where} sent nothing for {call.limits.read_seconds:g} seconds.",
            fix="Try again later, or ask for less.",
        )
    if any(_is_nonsense(kind) for kind in kinds):
        return BadAnswer(f"{where} did not send a sound HTTP answer.", fix="Check host and port.")
    return Unreachable(f"{where} did not answer.", fix="Check the address, and that it runs.")


def explain_break(error: Exception, target: Target, call: Call) -> OutboundError:
    """Return the error a person can act on when a body had begun."""
    if call.left > 0 and isinstance(error, urllib3_errors.ProtocolError):
        return Unreachable(
            f"{target.label} broke off in the middle of its answer.", fix="Try again later."
        )
    return explain_failure(error, target, call)


def _is_nonsense(kind: type[BaseException]) -> bool:
    is_broken = issubclass(kind, HTTPException) and not issubclass(kind, RemoteDisconnected)
    return is_broken or issubclass(kind, NONSENSE)


def _list_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those it wraps."""
    yield error
    for inner in {*error.args, getattr(error, "reason", None), error.__cause__}:
        if isinstance(inner, BaseException):
            yield from _list_causes(inner)
