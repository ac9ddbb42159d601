"""Somebody's browser, the portal and the providers, one step at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.auth.models import Account, AccountTeam, Identity, SignInSession
from portal.settings.providers import ProviderSettings
from tests.standins.identity import GitHubStandIn, send

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from portal.infra.db import Database

PUBLIC = "http://127.0.0.1:8000"
ALICE = {"name": "Alice Example", "email": "alice@example.test", "email_verified": True}
CLAIM = re.compile(r'<code id="claim">([^<]*)</code>')


@dataclass
class Site:
    """A portal with one or more providers, and what its database holds."""

    app: Flask
    database: Database

    def browser(self) -> Browser:
        return Browser(self.app.test_client(), self)

    def rows(self, model: Any) -> list[Any]:
        with self.database.unit(write=False) as session:
            return list(session.scalars(select(model)))

    def teams(self) -> set[str]:
        return {row.team for row in self.rows(AccountTeam)}

    def acts(self, action: str) -> list[AuditEntry]:
        return [entry for entry in self.rows(AuditEntry) if entry.action == action]

    @property
    def identity(self) -> Identity:
        [found] = self.rows(Identity)
        return found

    @property
    def account(self) -> Account:
        [found] = self.rows(Account)
        return found

    @property
    def sessions(self) -> list[SignInSession]:
        return self.rows(SignInSession)


@dataclass
class Browser:
    """Somebody's browser: it follows the portal and a provider, one step at a time."""

    client: FlaskClient
    site: Site

    def begin(self, name: str = "one", **query: str) -> Any:
        return self.client.get(f"/auth/{name}/begin", query_string=query)

    def visit(self, address: str) -> str:
        """Open the provider's page; returns the path that leads back to the portal."""
        answer = send(address)
        assert answer.location.startswith(PUBLIC), answer.text
        back = urlsplit(answer.location)
        return f"{back.path}?{back.query}"

    def sign_in(self, name: str = "one", **query: str) -> Any:
        """Go the whole way; returns the portal's last answer."""
        answer = self.begin(name, **query)
        if answer.status_code != 303:
            return answer
        return self.client.get(self.visit(answer.location))

    def token(self, path: str = "/account") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(path).text)
        return found[1] if found else ""

    def post(self, path: str, **data: str) -> Any:
        return self.client.post(path, data={"csrf_token": self.token(), **data})

    @property
    def is_signed_in(self) -> bool:
        return self.client.get("/account").status_code == 200


def read_claim(answer: Any) -> str:
    """Return what a refusal names, empty when it is none."""
    found = CLAIM.search(answer.text)
    return found[1] if found else ""


def describe(idp: Any, name: str = "one", **values: Any) -> ProviderSettings:
    kind = "github" if isinstance(idp, GitHubStandIn) else "oidc"
    return ProviderSettings(
        name=name,
        kind=kind,
        issuer=idp.base_url if kind == "github" else idp.issuer,
        client_id=idp.client_id,
        client_secret=idp.client_secret,
        **{"email_domains": ("example.test",), "group_teams": {"*": "group:default/*"}, **values},
    )
