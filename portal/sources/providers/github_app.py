"""Proves a GitHub App by its key; what it gets for that is a token for one hour, kept in memory."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import AwareDatetime, BaseModel, TypeAdapter

from portal.sources.core.trees import SourceDown
from portal.sources.providers.github_errors import NOT_FOUND, read_message
from portal.sources.providers.host_calls import check_credential
from portal.sources.providers.host_shapes import encode_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from portal.infra.outbound import Answer
    from portal.sources.core.host_credentials import HostCredential
    from portal.sources.providers.host_calls import HostCalls

OK, CREATED, UNPROCESSABLE = 200, 201, 422
# GitHub takes 10 minutes at most, and clocks differ.
BACK, AHEAD = timedelta(seconds=60), timedelta(seconds=540)
SPARE = timedelta(minutes=5)
READING = {"contents": "read", "metadata": "read"}
WRITING = {"contents": "write", "pull_requests": "write", "metadata": "read"}


class Installation(BaseModel):
    """An installation of an App."""

    id: int


class InstallationToken(BaseModel):
    """A token for an installation."""

    token: str
    expires_at: AwareDatetime


class AppTokens:
    """Tokens of one installation, made anew shortly before they end."""

    def __init__(
        self,
        calls: HostCalls,
        credential: HostCredential,
        organisation: str,
        headers: Mapping[str, str],
        *,
        writes: bool = False,
    ) -> None:
        self._wanted = WRITING if writes else READING
        self._calls = calls
        self._credential = credential
        self._organisation = organisation
        self._headers = headers
        self._token = ""
        self._ends: datetime | None = None

    def get(self) -> str:
        """Return a token with some minutes left; raises SourceDown."""
        if self._ends is None or self._calls.now >= self._ends - SPARE:
            proof = self._prove()
            made = self._ask_token(self._find_installation(proof), proof)
            check_credential("GitHub", self._calls.base, made.token)
            self._token, self._ends = made.token, made.expires_at
        return self._token

    def forget(self) -> None:
        """Forget a token that was refused."""
        self._ends = None

    def _prove(self) -> dict[str, str]:
        now = self._calls.now
        claims = {
            "iat": int((now - BACK).timestamp()),
            "exp": int((now + AHEAD).timestamp()),
            "iss": self._credential.app_id,
        }
        try:
            key = RSAKey.import_key(self._credential.private_key.strip())
            signed = jwt.encode({"alg": "RS256"}, claims, key)
        except (JoseError, ValueError, TypeError):
            signed = ""
        if not signed:
            raise SourceDown(
                "The private key of the App cannot be read.",
                fix="Give the whole .pem file that GitHub made, with its first and last line.",
            )
        return {**self._headers, "Authorization": f"Bearer {signed}"}

    def _find_installation(self, proof: Mapping[str, str]) -> str:
        """Return the installation that was given, or the one on the organisation or user."""
        if self._credential.installation_id:
            return self._credential.installation_id
        for kind in ("orgs", "users"):
            url = f"{self._calls.base}/{kind}/{encode_whole(self._organisation)}/installation"
            answer = self._calls.ask(url, proof, okay=(OK, NOT_FOUND), is_counted=False)
            if answer.status == OK:
                shape = TypeAdapter(Installation)
                return str(self._calls.read(answer, shape, "the installation").id)
        raise self._explain_missing(answer)

    def _ask_token(self, installation: str, proof: Mapping[str, str]) -> InstallationToken:
        answer = self._calls.ask(
            f"{self._calls.base}/app/installations/{encode_whole(installation)}/access_tokens",
            {**proof, "Content-Type": "application/json"},
            okay=(CREATED, NOT_FOUND, UNPROCESSABLE),
            body=json.dumps({"permissions": self._wanted}).encode(),
            is_counted=False,
        )
        if answer.status == NOT_FOUND:
            raise self._explain_missing(answer)
        if answer.status == UNPROCESSABLE:
            raise self._explain_missing_grant()
        return self._calls.read(answer, TypeAdapter(InstallationToken), "a token for the App")

    def _explain_missing_grant(self) -> SourceDown:
        if self._wanted == WRITING:
            what, needed = "to propose changes", "Contents: write and Pull requests: write"
        else:
            what, needed = "to read", "Contents: read and Metadata: read"
        return SourceDown(
            f"The App was not granted what the portal needs {what}.",
            fix=f"Give the App the repository permissions {needed}, and let an owner of the "
            "organisation accept them.",
        )

    def _explain_missing(self, answer: Answer) -> SourceDown:
        if "integration not found" in read_message(answer):
            return SourceDown(
                "GitHub knows no App with this id.",
                fix="Give the client id or the App id that stands on the App's page.",
            )
        return SourceDown(
            "The App is not installed where the portal looks for it.",
            fix="Install it on the organisation, and give the number of that installation.",
        )
