"""RFC 7644 from outside: resources, errors, versions, discovery."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from portal.auth.cli import user
from portal.auth.core import CLI
from portal.auth.queries.accounts import find_account
from portal.auth.service import accounts, tokens
from portal.auth.service.sessions import Origin, Way, begin_session
from portal.errors import Forbidden
from portal.factory.application import create_app
from portal.infra.clock import utc_now
from tests.unit.scim.conftest import BASE, ERROR, GROUP, LIST, SEARCH, USER, ScimClient, make_key

ANA = {
    "externalId": "00u1",
    "name": {"givenName": "Ana", "familyName": "Sol"},
    "displayName": "Ana Sol",
    "emails": [{"value": "ana@example.com", "type": "work", "primary": True}],
    "active": True,
}


def check_error(answer, status, scim_type=None):
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/scim+json"
    body = answer.get_json()
    assert body["schemas"] == [ERROR]
    assert body["status"] == str(status)
    assert body.get("scimType") == scim_type
    assert body["detail"]
    return body["detail"]


def test_a_user_is_made_read_replaced_and_deleted(okta):
    answer = okta.ask("POST", "/Users", {"schemas": [USER], "userName": "ana", **ANA})
    assert answer.status_code == 201
    assert answer.mimetype == "application/scim+json"
    made = answer.get_json()
    assert made["meta"]["resourceType"] == "User"
    assert answer.location == made["meta"]["location"]
    assert made["meta"]["location"].endswith(f"{BASE}/Users/{made['id']}")
    assert answer.headers["ETag"] == made["meta"]["version"]
    assert {name: made[name] for name in ANA} == ANA
    path = f"/Users/{made['id']}"
    assert okta.get(path).get_json() == made
    body = {"schemas": [USER], "id": "ignored", "userName": "ana", "displayName": "A. Sol"}
    replaced = okta.ask("PUT", path, body).get_json()
    assert replaced["displayName"] == "A. Sol"
    assert replaced["id"] == made["id"]
    assert "emails" not in replaced
    assert "externalId" not in replaced
    gone = okta.ask("DELETE", path)
    assert gone.status_code == 204
    assert not gone.data
    check_error(okta.get(path), 404)
    check_error(okta.ask("DELETE", path), 404)
    assert okta.find("/Users", 'userName eq "ana"')["totalResults"] == 0


def test_a_group_is_made_read_replaced_and_deleted(okta):
    ana, ben = okta.add_user("ana"), okta.add_user("ben")
    made = okta.add_group("platform", ana, externalId="g1")
    assert made["meta"]["resourceType"] == "Group"
    member = made["members"][0]
    assert (member["value"], member["type"]) == (ana["id"], "User")
    assert member["$ref"] == ana["meta"]["location"]
    path = f"/Groups/{made['id']}"
    assert okta.get(path).get_json() == made
    groups = okta.get(f"/Users/{ana['id']}").get_json()["groups"]
    assert [(g["value"], g["display"]) for g in groups] == [(made["id"], "platform")]
    body = {"schemas": [GROUP], "displayName": "core", "members": [{"value": ben["id"]}]}
    replaced = okta.ask("PUT", path, body).get_json()
    assert [m["value"] for m in replaced["members"]] == [ben["id"]]
    assert okta.ask("DELETE", path).status_code == 204
    check_error(okta.get(path), 404)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/Users", {"schemas": [USER], "userName": "ANA"}),
        ("/Users", {"schemas": [USER], "userName": "other", "externalId": "00u1"}),
        ("/Groups", {"schemas": [GROUP], "displayName": "Platform"}),
        ("/Groups", {"schemas": [GROUP], "displayName": "other", "externalId": "g1"}),
    ],
)
def test_names_and_external_ids_are_unique_per_provider(okta, entra, path, body):
    okta.add_user("ana", externalId="00u1")
    okta.add_group("platform", externalId="g1")
    check_error(okta.ask("POST", path, body), 409, "uniqueness")
    made = entra.ask("POST", path, body)
    assert made.status_code == 201
    other = okta.add_user("ben") if path == "/Users" else okta.add_group("ops")
    check_error(okta.ask("PUT", f"{path}/{other['id']}", body), 409, "uniqueness")


def test_one_provider_does_not_see_the_other(okta, entra):
    ana, team = okta.add_user("ana"), okta.add_group("platform")
    assert entra.get("/Users").get_json()["totalResults"] == 0
    for path in (f"/Users/{ana['id']}", f"/Groups/{team['id']}"):
        check_error(entra.get(path), 404)
        check_error(entra.ask("DELETE", path), 404)
        check_error(entra.patch(path, {"op": "replace", "path": "displayName", "value": "x"}), 404)
    body = {"schemas": [GROUP], "displayName": "g", "members": [{"value": ana["id"]}]}
    check_error(entra.ask("POST", "/Groups", body), 400, "invalidValue")


def test_only_a_bearer_token_of_a_provider_opens_it(app, database, okta):
    client = app.test_client()
    answer = client.get(f"{BASE}/Users")
    check_error(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    check_error(ScimClient(app, "plb_" + "x" * 43).get("/Users"), 401)
    narrow = ScimClient(app, make_key(database, "entra", "catalog:read"))
    check_error(narrow.get("/Users"), 403)
    with database.unit(write=True) as session:
        boss = accounts.create_account(session, CLI, "boss", role="admin", now=utc_now())
        key, _ = tokens.create_token(
            session, CLI, boss, name="t", scopes=["scim:write"], now=utc_now()
        )
    assert "provider" in check_error(ScimClient(app, key).get("/Users"), 403)


def test_a_session_cookie_never_counts(settings, database, okta):
    with database.unit(write=True) as session:
        boss = accounts.create_account(session, CLI, "boss", role="admin", now=utc_now())
        key = begin_session(session, boss, Way("password"), origin=Origin(), now=utc_now())
    client = create_app(
        settings.model_copy(update={"anonymous_read": False}), database
    ).test_client()
    client.set_cookie("plumbline_session", key)
    assert client.get("/catalog").status_code == 200
    check_error(client.get(f"{BASE}/Users"), 401)
    check_error(client.post(f"{BASE}/Users", json={"userName": "x"}), 401)


def test_errors_have_scims_shape(app, okta, monkeypatch):
    check_error(okta.get("/Nothing"), 404)
    answer = okta.ask("DELETE", "/Schemas")
    check_error(answer, 405)
    assert "GET" in answer.headers["Allow"]
    check_error(okta.ask("PUT", "/Users", {}), 405)
    check_error(okta.get("/Me"), 501)
    check_error(okta.ask("POST", "/Bulk", {}), 501)
    large = {"schemas": [USER], "userName": "a", "displayName": "x" * 1_100_000}
    check_error(okta.ask("POST", "/Users", large), 413)
    raw = {"headers": {**okta.headers, "Content-Type": "application/scim+json"}}
    for text in ("{", "[]", '"x"', "", "[" * 100_000, '{"a": NaN}'):
        check_error(okta.http.post(f"{BASE}/Users", data=text, **raw), 400, "invalidSyntax")
    raw["headers"]["Content-Type"] = "text/xml"
    check_error(okta.http.post(f"{BASE}/Users", data="<a/>", **raw), 415)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("portal.ownership.api.users.list_page", lambda *_, **__: 1 / 0)
    detail = check_error(okta.get("/Users"), 500)
    assert "division" not in detail


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"schemas": [USER]}, "invalidValue"),
        ({"schemas": [USER], "userName": ""}, "invalidValue"),
        ({"schemas": [USER], "userName": 7}, "invalidValue"),
        ({"schemas": [USER], "userName": "x" * 300}, "invalidValue"),
        ({"schemas": [USER], "userName": "a\0b"}, "invalidValue"),
        ({"schemas": [USER], "userName": "a\ud800b"}, "invalidValue"),
        ({"schemas": [USER], "userName": "a", "active": "perhaps"}, "invalidValue"),
        ({"schemas": [USER], "userName": "a", "emails": "a@example.com"}, "invalidValue"),
        ({"schemas": [USER], "userName": "a", "emails": [{"value": "x"}] * 60}, "invalidValue"),
        ({"schemas": [GROUP], "userName": "a"}, "invalidSyntax"),
    ],
)
def test_users_that_break_rules_are_refused(okta, body, kind):
    answer = okta.ask("POST", "/Users", body)
    assert answer.status_code == 400
    assert answer.get_json()["scimType"] in (kind, "invalidSyntax")
    assert okta.get("/Users").get_json()["totalResults"] == 0


def test_what_the_portal_does_not_keep_is_ignored(okta):
    extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    made = okta.add_user(
        "ana", password="three secret words", title="x", **{extension: {"department": "y"}}
    )
    assert not {"password", "title", extension} & set(made)


def test_versions_guard_against_lost_changes(okta):
    made = okta.add_user("ana")
    path, version = f"/Users/{made['id']}", made["meta"]["version"]
    assert version.startswith('W/"')
    assert okta.get(path, If_None_Match=version).status_code == 304
    rename = {"op": "replace", "path": "displayName", "value": "Ana"}
    changed = okta.patch(path, rename, If_Match=version)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != version
    check_error(okta.patch(path, rename, If_Match=version), 412)
    check_error(okta.ask("PUT", path, {"schemas": [USER], "userName": "b"}, If_Match=version), 412)
    check_error(okta.ask("DELETE", path, If_Match=version), 412)
    again = okta.patch(path, rename)
    assert again.headers["ETag"] == changed.headers["ETag"]
    group = okta.add_group("ops")
    check_error(okta.ask("DELETE", f"/Groups/{group['id']}", If_Match='W/"x"'), 412)
    assert okta.ask("DELETE", f"/Groups/{group['id']}", If_Match="*").status_code == 204


def test_attributes_choose_what_is_answered(okta):
    made = okta.add_user("ana", **ANA)
    path = f"/Users/{made['id']}"
    assert set(okta.get(f"{path}?attributes=userName").get_json()) == {
        "schemas",
        "id",
        "userName",
    }
    some = okta.get(f"{path}?attributes=name.givenName,emails.value").get_json()
    assert some["name"] == {"givenName": "Ana"}
    assert some["emails"] == [{"value": "ana@example.com"}]
    rest = okta.get(f"{path}?excludedAttributes=emails,id").get_json()
    assert "emails" not in rest
    assert rest["id"] == made["id"]
    assert okta.get(f"{path}?attributes=userName&excludedAttributes=id").status_code == 400
    okta.add_group("ops", made)
    listed = okta.get("/Groups?excludedAttributes=members").get_json()["Resources"]
    assert "members" not in listed[0]


def test_searching_by_post_answers_as_by_get(okta):
    ana = okta.add_user("ana")
    okta.add_user("ben")
    ops = okta.add_group("ops", ana)
    body = {"schemas": [SEARCH], "filter": 'userName eq "ana"', "attributes": ["userName"]}
    found = okta.ask("POST", "/Users/.search", body).get_json()
    assert found["schemas"] == [LIST]
    assert [user["id"] for user in found["Resources"]] == [ana["id"]]
    everything = okta.ask("POST", "/.search", {"schemas": [SEARCH]}).get_json()
    assert everything["totalResults"] == 3
    page = okta.ask("POST", "/.search", {"schemas": [SEARCH], "startIndex": 3, "count": 5})
    assert [item["id"] for item in page.get_json()["Resources"]] == [ops["id"]]
    body["filter"] = 'displayName eq "ops"'
    found = okta.ask("POST", "/.search", body).get_json()
    assert [item["id"] for item in found["Resources"]] == [ops["id"]]


def test_discovery_describes_what_is_there(okta):
    config = okta.get("/ServiceProviderConfig").get_json()
    for feature in ("patch", "filter", "sort", "etag"):
        assert config[feature]["supported"] is True
    for feature in ("bulk", "changePassword"):
        assert config[feature]["supported"] is False
    assert config["filter"]["maxResults"] == 200
    types = okta.get("/ResourceTypes").get_json()
    assert [item["endpoint"] for item in types["Resources"]] == ["/Users", "/Groups"]
    assert okta.get("/ResourceTypes/User").get_json()["schema"] == USER
    check_error(okta.get("/ResourceTypes/Pet"), 404)
    assert okta.get(f"/Schemas/{USER}").get_json()["name"] == "User"
    check_error(okta.get("/Schemas/urn:x:y"), 404)
    check_error(okta.get('/Schemas?filter=name eq "User"'), 403)


def test_the_service_account_is_made_on_the_command_line(database):
    tools = SimpleNamespace(open_database=lambda: database)

    def run(*arguments):
        return CliRunner().invoke(user, ["create", *arguments], obj=tools)

    assert run("x", "--service", "--scim", "okta").exit_code == 0
    with database.unit(write=False) as session:
        made = find_account(session, "x")
    assert (made.kind, made.role, made.scim_provider) == ("service", "viewer", "okta")
    assert run("y", "--scim", "okta").exit_code == 2
    assert run("y", "--service").exit_code == 2
    assert isinstance(run("y", "--service", "--scim", "nobody").exception, Forbidden)
