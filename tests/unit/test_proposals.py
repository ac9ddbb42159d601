"""Proposals for files only a person can change: shown, kept, taken back, seen to be merged."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.auth.core import CLI
from portal.auth.queries.accounts import find_account
from portal.auth.service import tokens
from portal.catalog.core.document_fields import Change
from portal.catalog.service.editing import edit_entity
from portal.factory.application import create_app
from portal.infra.clock import utc_now
from portal.sources.core.proposals import name_branch, write_body, write_title
from portal.sources.flows.proposal_states import check_proposals
from tests.unit.managed import declare_folder, make_tools, read
from tests.unit.test_home import token_of
from tests.unit.test_sign_in import add, sign_in

SHOP = "/catalog/component/default/shop"
API = "/api/v1/entities/component/default/shop/proposals"
TEXT = """\
# Ours since May.
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop   # <b>on the door</b>
spec:
  type: service
  lifecycle: production
  owner: crew
"""
FOREIGN = "version: 1\nservice:\n  name: till\n  owner: crew\n  aliases: [till]\n"


@pytest.fixture
def site(settings, database, tmp_path):
    folder = tmp_path / "files" / "a b"
    folder.mkdir(parents=True)
    (folder / "catalog-info.yaml").write_text(TEXT)
    (folder / "opslevel.yml").write_text(FOREIGN)
    number = declare_folder(database, tmp_path / "files", "files")
    tools = make_tools(tmp_path)
    read(database, tools, number)
    changed = settings.model_copy(update={"source_folders": str(tmp_path)})
    app = create_app(changed, database)
    keys = {}
    for name, role in (("root", "admin"), ("member", "member")):
        add(database, name, role)
        with database.unit(write=True) as session:
            account = find_account(session, name)
            key, _ = tokens.create_token(
                session, CLI, account, name="t", scopes=["catalog:write"], now=utc_now()
            )
        keys[name] = {"Authorization": f"Bearer {key}"}
    return app, keys, folder / "catalog-info.yaml", lambda: read(database, tools, number), tools


def ask(app, who, *changes, url=API, **more):
    body = {"changes": list(changes), **more}
    return app.test_client().post(url, json=body, headers=who)


def test_a_difference_is_kept_until_the_file_says_so(site, database):
    app, keys, file, read_again, tools = site
    owner = {"pointer": "/spec/owner", "value": "harbour"}
    lay_title(database)
    dry = ask(app, keys["root"], owner, dry_run=True)
    assert dry.status_code == 200
    preview = dry.json["preview"]
    assert (dry.json["proposal"], preview["way"]) == (None, "by_hand")
    assert preview["where"] == str(file.parents[1])
    assert preview["entity"]["spec"]["owner"] == "harbour"
    assert "title" not in preview["entity"]["metadata"]
    assert preview["effective"]["metadata"]["title"] == "The shop"
    assert preview["diff"].endswith("-  owner: crew\n+  owner: harbour\n")
    made = ask(app, keys["root"], owner, base=preview["base"])
    assert (made.status_code, made.headers["Location"]) == (201, "/api/v1/proposals/1")
    assert ask(app, keys["root"], owner).json == made.json
    proposal = made.json["proposal"]
    assert (proposal["state"], proposal["url"], proposal["number"]) == ("open", "", None)
    see_pages(app, preview, proposal)
    check_proposals(database, tools)
    assert app.test_client().get("/api/v1/proposals/1").json["state"] == "open"
    file.write_text(TEXT.replace("crew", "harbour"))
    read_again()
    check_proposals(database, tools)
    assert app.test_client().get("/api/v1/proposals/1").json["state"] == "merged"
    assert "Merged" in app.test_client().get("/proposals/1").text
    with database.unit(write=False) as session:
        acts = session.execute(
            select(AuditEntry.action, AuditEntry.before, AuditEntry.after).where(
                AuditEntry.action.like("proposal.%")
            )
        ).all()
    assert [act for act, _, _ in acts] == ["proposal.open", "proposal.merged"]
    assert acts[0].after["changes"] == [owner]
    assert acts[1].before == {"proposal": "open"}


def lay_title(database):
    with database.unit(write=True) as session:
        laid = [Change("/metadata/title", "The shop")]
        ref = "component:default/shop"
        edit_entity(session, CLI, ref, changes=laid, version=None, now=utc_now())


def see_pages(app, preview, proposal):
    client = app.test_client()
    sign_in(client, "root")
    page = client.get("/proposals/1").text
    assert "owner: harbour" in page
    assert "git apply proposal-1.patch" in page
    assert "<b>on" not in page
    assert ">Withdraw<" in page
    assert client.get("/proposals/1/patch").data.decode() == preview["diff"]
    assert "Proposal 1" in client.get(f"{SHOP}?tab=proposals").text
    assert app.test_client().get(API).json["items"] == [proposal]


def test_a_proposal_is_withdrawn_once(site, database):
    app, keys, *_ = site
    gone = {"pointer": "/spec/lifecycle", "value": "deprecated"}
    assert ask(app, keys["root"], gone).status_code == 201
    member, root = app.test_client(), app.test_client()
    sign_in(member, "member")
    sign_in(root, "root")
    assert ">Withdraw<" not in member.get("/proposals/1").text
    data = {"csrf_token": token_of(member, "/account")}
    assert member.post("/proposals/1/withdraw", data=data).status_code == 403
    url = "/api/v1/proposals/1/withdraw"
    assert app.test_client().post(url, headers=keys["member"]).status_code == 403
    data = {"csrf_token": token_of(root, "/proposals/1")}
    assert root.post("/proposals/1/withdraw", data=data).status_code == 303
    answer = app.test_client().post(url, headers=keys["root"])
    assert (answer.status_code, "closed already" in answer.text) == (409, True)
    assert ask(app, keys["root"], gone).json["proposal"]["id"] == 2


OWNED = {"pointer": "/spec/owner", "value": "x"}
ADDED = {"pointer": "/spec/a", "value": 1}
REFUSED = (
    ("member", API, OWNED, 403, "catalog:entity:write"),
    ("root", API, {**OWNED, "value": "crew"}, 422, "nothing would change"),
    ("root", API, {"pointer": "/spec/owner"}, 422, "either a value or"),
    ("root", API, {"pointer": "/metadata/name", "value": "x"}, 422, "identity"),
    ("root", API, {"pointer": "/spec/type", "value": 3}, 422, "would not be valid"),
    ("root", API, {"pointer": "/spec/a", "remove": True}, 422, "nothing at"),
    ("root", API.replace("shop", "till"), ADDED, 422, "Change it in the portal instead"),
    ("root", API.replace("shop", "none"), ADDED, 404, "Nothing"),
)


def test_what_is_refused(site):
    app, keys, *_ = site
    for who, url, change, status, words in REFUSED:
        for dry_run in (True, False):
            answer = ask(app, keys[who], change, url=url, dry_run=dry_run)
            assert (answer.status_code, words in answer.text) == (status, True), change
    assert app.test_client().get(API).json == {"items": []}


def test_a_file_that_changed_or_cannot_be_seen(site, settings, database):
    app, keys, file, *_ = site
    change = {"pointer": "/spec/owner", "value": "harbour"}
    preview = ask(app, keys["root"], change, dry_run=True).json["preview"]
    file.write_text(TEXT.replace("May", "June"))
    assert ask(app, keys["root"], change, base=preview["base"]).status_code == 409
    closed = create_app(settings, database)
    answer = ask(closed, keys["root"], change)
    assert answer.status_code == 503
    assert "folder" in answer.json["detail"]
    file.unlink()
    assert ask(app, keys["root"], change).status_code == 404
    assert app.test_client().get("/api/v1/proposals/1").status_code == 404
    for proposal in (1, 2**31, 10**30):
        assert app.test_client().get(f"/proposals/{proposal}/patch").status_code == 404


def test_a_proposal_has_one_name_and_calls_nobody():
    changes = [Change(f"/spec/{letter}", 1) for letter in "abcde"]
    title = write_title("component:default/shop", changes)
    assert title == "Change spec/a, spec/b, spec/c and 2 more of component:default/shop"
    body = write_body("component:default/shop", "a/`b`.yaml", "@all\n/close `x`", changes)
    assert "`@all /close x`" in body
    assert not any(line.startswith("/") for line in body.splitlines())
    branch = name_branch("component:default/Some.Shop_1", "f", b"1")
    assert branch.startswith("plumbline/some-shop-1-")
    assert branch != name_branch("component:default/Some.Shop_1", "f", b"2")
    assert json.dumps(branch).isascii()
