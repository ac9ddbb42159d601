"""Asking a provider: JSON within limits, and whatever goes wrong as one refusal."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import quote_plus

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client.oauth2_session import OAuth2ClientAuth
from authlib.oauth2.auth import encode_client_secret_basic
from authlib.oauth2.client import OAuth2Client

from portal.auth.core.signing_in import SignInRefused, refuse_by_error
from portal.errors import PortalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests

    MakeSession = Callable[[], "Caller"]

MOST_BYTES = 1_000_000
OK = 200


class Caller(Protocol):
    """What is used of a requests session; the guarded one of the portal fits."""

    def get(self, *args: Any, **options: Any) -> requests.Response:
        """Ask for what stands at an address."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *exception: object) -> None:
        """Close every connection."""


class TokenClient(OAuth2Client):  # type: ignore[misc]  # Authlib ships no types
    """Authlib's OAuth client over a session of ours."""

    client_auth_class = OAuth2ClientAuth


def make_client(
    session: Caller, client_id: str, secret: str, method: str, redirect_uri: str
) -> TokenClient:
    """Return a client that proves itself by `method` and always uses PKCE with S256."""
    client = TokenClient(
        session,
        client_id=client_id,
        client_secret=secret,
        token_endpoint_auth_method=method,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
    )
    client.register_client_auth_method(("client_secret_basic", _encode_basic))
    return client


def _encode_basic(client: Any, method: str, uri: str, headers: Any, body: str) -> Any:
    """Write id and secret as RFC 6749, section 2.3.1 wants it; Authlib leaves the encoding out."""

    class Encoded:
        client_id = quote_plus(client.client_id)
        client_secret = quote_plus(client.client_secret)

    return encode_client_secret_basic(Encoded, method, uri, headers, body)


def fetch_tokens(client: TokenClient, url: str, **form: str) -> Mapping[str, Any]:
    """Exchange a code; raises SignInRefused with the provider's error, or as an outage."""
    with explaining("token", "tokens"):
        try:
            found = client.fetch_token(
                url, grant_type="authorization_code", allow_redirects=False, **form
            )
        except AuthlibBaseError as error:
            raise refuse_by_error(error.error, error.description) from None
        if not isinstance(found.get("access_token"), str):
            raise SignInRefused("access_token", "The provider sent no access token.")
        return dict(found)


def fetch_json(
    session: Caller,
    url: str,
    claim: str,
    what: str,
    headers: Mapping[str, str] | None = None,
) -> tuple[Any, requests.Response]:
    """Return the JSON that stands at `url`, and the answer around it."""
    with explaining(claim, what):
        answer = session.get(
            url, headers={"Accept": "application/json", **(headers or {})}, allow_redirects=False
        )
        if answer.status_code != OK:
            raise make_outage(claim, what, f"status {answer.status_code}")
        return read_json(answer), answer


def read_json(answer: requests.Response) -> Any:
    """Return the JSON of an answer; raises ValueError."""
    if len(answer.content) > MOST_BYTES:
        raise ValueError("too large")
    try:
        return json.loads(answer.content)
    except RecursionError:
        raise ValueError("too deep") from None


def make_outage(claim: str, what: str, inside: str) -> SignInRefused:
    """Return the refusal for a provider that gave no sound answer."""
    return SignInRefused(
        claim,
        f"The provider gave no sound answer when asked for its {what}.",
        fix="Try again in a minute. If it stays, the log of the portal says what came back; the "
        "portal must be able to reach the provider.",
        inside=inside,
        is_outage=True,
    )


@contextmanager
def explaining(claim: str, what: str) -> Iterator[None]:
    """Turn everything a call can end in into a refusal; no text of it reaches the visitor."""
    try:
        yield
    except SignInRefused:
        raise
    except PortalError as error:
        raise make_outage(claim, what, error.detail) from None
    except (OSError, ValueError) as error:  # what requests raises is an OSError
        raise make_outage(claim, what, type(error).__name__) from None
