"""A sign-in at an identity provider: what is kept on its way, what comes back, why one is refused.

A refusal names one claim or parameter, the rule it breaks and what an admin changes. Its words go
to the visitor; `inside` is for the log. Neither ever holds a token, a code or a state.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from portal.errors import PortalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.auth.core.people import Claims, ProviderRules

LEEWAY_SECONDS = 30
PARAMETERS = ("code", "state", "iss", "error", "error_description")
LONGEST_PARAMETER = 4_096


class SignInRefused(PortalError):  # noqa: N818 reads as what happened
    """A sign-in that did not happen; `is_outage` when the provider gave no sound answer."""

    title = "You are not signed in"

    def __init__(
        self, claim: str, detail: str, *, fix: str = "", inside: str = "", is_outage: bool = False
    ) -> None:
        super().__init__(detail, fix=fix)
        self.claim = claim
        self.inside = inside
        self.is_outage = is_outage


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in on its way; it stays on the server, and only its state travels.

    `browser` is the hash of what the browser keeps. `account_id` is who was signed in when it
    began: the account that gets an identity (`is_link`) or proves itself once more (`again`).
    """

    provider: str
    nonce: str
    verifier: str
    browser: str
    began_at: int
    wanted: str = ""
    again: bool = False
    is_link: bool = False
    account_id: int | None = None

    def pack(self) -> dict[str, Any]:
        """Return what is stored."""
        return asdict(self)

    @classmethod
    def unpack(cls, stored: Mapping[str, Any]) -> Pending:
        """Return what was stored."""
        return cls(**stored)


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """What a provider says is over: one session (`idp_sid`), or all of a subject."""

    issuer: str
    token_id: str
    subject: str | None
    idp_sid: str | None


class Provider(Protocol):
    """One identity provider, of any kind; every method may call out and raise SignInRefused."""

    @property
    def issuer(self) -> str:
        """Return what identities of this provider are named by."""

    @property
    def rules(self) -> ProviderRules:
        """Return what its word is worth."""

    def make_address(self, pending: Pending, state: str) -> str:
        """Return where the browser goes to prove who it is."""

    def redeem(self, pending: Pending, answer: Mapping[str, str], *, now: int) -> Claims:
        """Return who the answer proves somebody to be."""

    def find_leaving_address(self, state: str) -> str | None:
        """Return where the browser ends its session at the provider, if that can be."""

    def read_logout_token(self, token: str, *, now: int) -> LogoutToken:
        """Return what a logout token says is over."""


def read_answer(given: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the parameters a provider sent back; what nobody knows is left out."""
    answer: dict[str, str] = {}
    for name in PARAMETERS:
        values = given.get(name, [])
        if len(values) > 1 or any(len(value) > LONGEST_PARAMETER for value in values):
            raise SignInRefused(name, "It came twice or is too long in the provider's answer.")
        if values and values[0]:
            answer[name] = values[0]
    return answer


def check_error(answer: Mapping[str, str]) -> str:
    """Return the code of an answer; raises SignInRefused with the provider's error."""
    error = answer.get("error")
    if error is not None:
        raise refuse_by_error(error, answer.get("error_description", ""))
    if "code" not in answer:
        raise SignInRefused("code", "The provider sent neither a code nor an error.")
    return answer["code"]


def refuse_by_error(error: object, description: object = "") -> SignInRefused:
    """Return the refusal for an error of the provider; its free text goes to the log alone."""
    text = str(error)
    word = text if len(text) <= 60 and text.replace("_", "").isascii() else "error"  # noqa: PLR2004 longer ones are no codes
    if not word.replace("_", "").isalnum():
        word = "error"
    return SignInRefused(
        word,
        "The provider refused the sign-in with this error.",
        fix="Start again. If it stays, the log of the portal holds the provider's own words; "
        "client id, secret and redirect URI have to be the same on both sides.",
        inside=f"{text[:60]}: {str(description)[:200]}",
    )
