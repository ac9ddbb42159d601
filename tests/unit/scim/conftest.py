"""Two providers that speak SCIM, and a client for each."""

from __future__ import annotations

import pytest

from portal.auth.core import CLI
from portal.auth.service import accounts, tokens
from portal.infra.clock import utc_now
from portal.settings.providers import ProviderSettings

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
BASE = "/scim/v2"


class ScimClient:
    """Asks the portal as one provider does."""

    def __init__(self, app, key) -> None:
        self.http = app.test_client()
        self.headers = {"Authorization": f"Bearer {key}"}

    def ask(self, method, path, body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = {"Content-Type": "application/scim+json"} if body is not None else {}
        return self.http.open(
            BASE + path, method=method, json=body, headers={**self.headers, **kind, **named}
        )

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def find(self, path, filter_):
        answer = self.http.get(BASE + path, query_string={"filter": filter_}, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def add_user(self, user_name, /, **more):
        body = {"schemas": [USER], "userName": user_name, **more}
        answer = self.ask("POST", "/Users", body)
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    def add_group(self, name, *members, **more):
        body = {"schemas": [GROUP], "displayName": name, **more}
        body["members"] = [{"value": member["id"]} for member in members]
        answer = self.ask("POST", "/Groups", body)
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    def patch(self, path, *operations, **headers):
        body = {"schemas": [PATCH], "Operations": list(operations)}
        return self.ask("PATCH", path, body, **headers)


def make_provider(name, **more):
    return ProviderSettings(
        name=name,
        issuer=f"https://{name}.example.com",
        client_id="portal",
        email_domains=("example.com",),
        **more,
    )


@pytest.fixture
def settings(settings):
    return settings.model_copy(
        update={
            "providers": (
                make_provider(
                    "okta",
                    highest_role="admin",
                    group_roles={"admins": "admin"},
                    group_teams={"platform": "group:default/payments"},
                ),
                make_provider("entra", group_teams={"platform": "group:default/checkout"}),
            )
        }
    )


def make_key(database, provider, *scopes):
    name = f"{provider}-scim"
    with database.unit(write=True) as session:
        account = accounts.create_account(
            session, CLI, name, role="viewer", kind="service", scim_provider=provider, now=utc_now()
        )
        key, _ = tokens.create_token(
            session, CLI, account, name="scim", scopes=scopes or ("scim:write",), now=utc_now()
        )
    return key


@pytest.fixture
def okta(app, database):
    return ScimClient(app, make_key(database, "okta"))


@pytest.fixture
def entra(app, database):
    return ScimClient(app, make_key(database, "entra"))
