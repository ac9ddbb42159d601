"""What Okta and Entra send, word for word where they document it, and RFC 7644's own PATCH."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from tests.unit.scim.conftest import GROUP, USER
from tests.unit.scim.test_protocol import check_error


@pytest.fixture
def ana(okta):
    return okta.add_user("ana", displayName="Ana", active=True)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "replace", "path": "active", "value": False}, False),
        ({"op": "Replace", "path": "active", "value": "False"}, False),
        ({"op": "replace", "value": {"active": False}}, False),
        ({"op": "Replace", "value": {"active": "False"}}, False),
        ({"op": "Replace", "path": "active", "value": [{"value": "False"}]}, False),
        ({"op": "replace", "path": "active", "value": {"active": False}}, False),
        ({"op": "add", "path": "active", "value": "false"}, False),
        ({"op": "replace", "path": f"{USER}:active", "value": "False"}, False),
        ({"op": "Replace", "path": "active", "value": "True"}, True),
    ],
)
def test_active_comes_in_many_shapes(okta, ana, operation, expected):
    path = f"/Users/{ana['id']}"
    answer = okta.patch(path, operation)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["active"] is expected
    assert okta.get(path).get_json()["active"] is expected


def test_entra_updates_a_user(okta, ana):
    answer = okta.patch(
        f"/Users/{ana['id']}",
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "ana@example.com"},
        {"op": "Replace", "path": "name.familyName", "value": "Sol"},
        {"op": "Add", "path": "externalId", "value": "obj-1"},
        {
            "op": "Add",
            "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "value": "Payments",
        },
        {"op": "Add", "path": "title", "value": "Engineer"},
    )
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert body["emails"] == [{"value": "ana@example.com", "type": "work"}]
    assert body["name"] == {"familyName": "Sol"}
    assert body["externalId"] == "obj-1"
    answer = okta.patch(
        f"/Users/{ana['id']}",
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "a@example.com"},
        {"op": "Remove", "path": "name.familyName"},
    )
    assert answer.get_json()["emails"][0]["value"] == "a@example.com"
    assert "name" not in answer.get_json()


def test_entra_changes_members(okta, ana):
    ben = okta.add_user("ben")
    path = "/Groups/" + okta.add_group("ops")["id"]
    add = {
        "op": "Add",
        "path": "members",
        "value": [{"$ref": None, "value": ana["id"]}, {"$ref": None, "value": ben["id"]}],
    }
    assert okta.patch(path, add).status_code == 204
    assert okta.patch(path, add).status_code == 204
    members = okta.get(path).get_json()["members"]
    assert sorted(m["value"] for m in members) == sorted([ana["id"], ben["id"]])
    remove = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": ana["id"]}]}
    assert okta.patch(path, remove).status_code == 204
    assert [m["value"] for m in okta.get(path).get_json()["members"]] == [ben["id"]]
    gone = {"op": "Remove", "path": f'members[value eq "{ben["id"]}"]'}
    assert okta.patch(path, gone).status_code == 204
    assert "members" not in okta.get(path).get_json()
    assert okta.patch(path, gone).status_code == 204


def test_okta_renames_and_fills_a_group(okta, ana):
    ben = okta.add_user("ben")
    made = okta.add_group("ops", ana)
    path = f"/Groups/{made['id']}"
    rename = {"op": "replace", "value": {"id": made["id"], "displayName": "core"}}
    shown = okta.patch(f"{path}?attributes=displayName", rename)
    assert shown.get_json()["displayName"] == "core"
    both = [
        {"op": "remove", "path": f'members[value eq "{ana["id"]}"]'},
        {"op": "add", "path": "members", "value": [{"value": ben["id"], "display": "ben"}]},
    ]
    assert okta.patch(path, *both).status_code == 204
    assert [m["value"] for m in okta.get(path).get_json()["members"]] == [ben["id"]]
    whole = {"op": "replace", "path": "members", "value": [{"value": ana["id"]}]}
    assert okta.patch(path, whole).status_code == 204
    assert [m["value"] for m in okta.get(path).get_json()["members"]] == [ana["id"]]
    assert okta.patch(path, {"op": "remove", "path": "members"}).status_code == 204
    assert "members" not in okta.get(path).get_json()


def test_okta_looks_up_makes_and_replaces(okta):
    assert okta.find("/Users", 'userName eq "ana@example.com"')["Resources"] == []
    body = {
        "schemas": [USER],
        "userName": "ana@example.com",
        "name": {"givenName": "Ana", "familyName": "Sol"},
        "emails": [{"primary": True, "value": "ana@example.com", "type": "work"}],
        "displayName": "Ana Sol",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq",
        "active": True,
    }
    made = okta.ask("POST", "/Users", body)
    assert made.status_code == 201
    assert "password" not in made.get_json()
    body |= {"id": made.get_json()["id"], "meta": made.get_json()["meta"], "active": False}
    answer = okta.ask("PUT", f"/Users/{body['id']}", body)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["active"] is False


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ({"op": "remove"}, "noTarget"),
        ({"op": "jump", "path": "displayName", "value": "x"}, "invalidValue"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "replace", "path": "groups", "value": []}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "replace", "path": "userName", "value": "x" * 300}, "invalidValue"),
        ({"op": "replace", "path": "displayName", "value": {"a": 1}}, "invalidValue"),
        ({"op": "replace", "path": "display name", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 'emails[type zz "x"]', "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "displayName", "value": "a\0"}, "invalidValue"),
    ],
)
def test_patches_that_break_rules_change_nothing(okta, ana, operation, kind):
    path = f"/Users/{ana['id']}"
    fine = {"op": "replace", "path": "displayName", "value": "Changed"}
    answer = okta.patch(path, fine, operation)
    assert answer.status_code == 400, answer.text
    assert answer.get_json()["scimType"] in (kind, "invalidFilter")
    assert okta.get(path).get_json()["displayName"] == "Ana"


def test_groups_take_users_of_their_provider_only(okta, ana):
    inner = okta.add_group("inner")
    for value in ("ghost", inner["id"]):
        body = {"schemas": [GROUP], "displayName": "outer", "members": [{"value": value}]}
        check_error(okta.ask("POST", "/Groups", body), 400, "invalidValue")
    path = "/Groups/" + okta.add_group("ops")["id"]
    add = {"op": "add", "path": "members", "value": [{"value": "ghost"}]}
    check_error(okta.patch(path, add), 400, "invalidValue")
    none = {"op": "remove", "path": "displayName"}
    check_error(okta.patch(path, none), 400, "mutability")


def test_changes_of_members_read_only_those_they_name(okta, database, ana):
    group = okta.add_group("ops", ana, okta.add_user("cleo"))
    ben, path = okta.add_user("ben"), f"/Groups/{group['id']}"
    seen = []

    def note(_conn, _cursor, statement, *_):
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    answer = okta.patch(
        path,
        {"op": "add", "path": "members", "value": [{"value": ben["id"]}, {"value": ana["id"]}]},
        {"op": "remove", "path": f'members[value eq "{ana["id"]}"]'},
        {"op": "remove", "path": "members", "value": [{"value": "who left long ago"}]},
    )
    event.remove(database.engine, "before_cursor_execute", note)
    assert answer.status_code == 204
    reads = [text for text in seen if "FROM scim_members" in text and "SELECT" in text]
    assert all("account_id IN" in text or "account_id =" in text for text in reads)
    members = {member["value"] for member in okta.get(path).get_json()["members"]}
    assert ana["id"] not in members
    assert ben["id"] in members
    assert len(members) == 2
    add = {"op": "add", "path": "members", "value": [{"value": "ghost"}]}
    check_error(okta.patch(path, add), 400, "invalidValue")
    body = {"schemas": ["x"], "Operations": [add]}
    check_error(okta.ask("PATCH", path, body), 400, "invalidSyntax")


def test_a_patch_is_no_way_to_keep_the_portal_busy(okta, ana):
    one = {"op": "replace", "path": "displayName", "value": "x"}
    check_error(okta.patch(f"/Users/{ana['id']}", *[one] * 501), 400, "invalidValue")


def test_names_that_grow_when_they_are_folded_fit(okta):
    made = okta.add_user("\ufb2c" * 200, displayName="\u0130" * 200)
    assert okta.find("/Users", f'userName eq "{made["userName"]}"')["totalResults"] == 1
