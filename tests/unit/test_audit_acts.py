"""What gets on record, and that no secret does."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.audit.queries.entries import list_entries
from portal.auth.core import CLI
from portal.auth.models import Account
from portal.auth.queries.accounts import find_account
from portal.auth.service import accounts, tokens
from portal.demo.flows import load_demo, remove_demo
from portal.infra.clock import utc_now
from tests.conftest import NOW
from tests.unit.test_sign_in import PASSWORD, add, sign_in, token_of


@pytest.fixture
def member(app, database):
    add(database)
    client = app.test_client()
    sign_in(client)
    return client


def acts(database, action=""):
    with database.unit(write=False) as session:
        return [e for e in list_entries(session) if e.action.startswith(action)]


def test_signing_in_and_out_failing_and_being_refused_is_on_record(app, database, member):
    stranger = app.test_client()
    sign_in(stranger, password="wrong")
    assert member.get("/admin/audit").status_code == 403
    member.post("/sign-out", data={"csrf_token": token_of(member, "/account")})
    with database.unit(write=False) as session:
        person = find_account(session, "ana").person
    found = {e.action: e for e in acts(database, "auth.")}
    assert found["auth.sign_in"].actor == found["auth.sign_in"].subject == person
    assert found["auth.sign_in"].address == "127.0.0.1"
    assert found["auth.failed_sign_in"].actor == "anonymous"
    assert found["auth.failed_sign_in"].subject == person
    assert found["auth.refused"].subject == "/admin/audit"
    assert found["auth.sign_out"].subject == person
    assert found["auth.set_password"].actor == person
    assert all(e.request_id for e in found.values() if e.action != "auth.set_password")


def test_changes_of_accounts_and_tokens_are_on_record_without_secrets(database):
    add(database, "boss", "admin")
    account_id = add(database)
    with database.unit(write=True) as session:
        account = session.get_one(Account, account_id)
        accounts.set_role(session, CLI, account, "auditor", now=utc_now())
        accounts.set_end(session, CLI, account, NOW, now=utc_now())
        key, token = tokens.create_token(
            session, CLI, account, name="t", scopes=["catalog:read"], now=utc_now()
        )
        tokens.revoke_token(session, CLI, token.id, now=utc_now())
        accounts.deactivate(session, CLI, account, now=utc_now())
    changes = [(e.before, e.after) for e in acts(database, "access.change_account")]
    assert ({"is_active": True}, {"is_active": False}) in changes
    assert ({"ends_at": None}, {"ends_at": NOW.isoformat()}) in changes
    assert any(b.get("role") == "member" and a.get("role") == "auditor" for b, a in changes)
    made = acts(database, "access.create_token")[0]
    assert made.after["scopes"] == ["catalog:read"]
    assert acts(database, "access.revoke_token")[0].after["revoked"] is True
    with database.unit(write=False) as session:
        kept = session.scalars(select(AuditEntry)).all()
        everything = repr([(e.subject, e.before, e.after) for e in kept])
    assert key not in everything
    assert PASSWORD not in everything
    assert "ana" not in everything


def test_the_demo_comes_and_goes_on_record(database):
    load_demo(database)
    remove_demo(database)
    assert acts(database, "demo.load")[0].after["accounts"] == 4
    assert acts(database, "demo.remove")[0].before["removed"] > 100
    assert acts(database, "access.change_teams")


def test_exports_of_the_catalog_are_on_record(demo, app, database):
    client = app.test_client()
    answer = client.get("/catalog/export?format=csv&kind=api&q=order&view=everything")
    rows = len(list(csv.reader(io.StringIO(answer.text)))) - 1
    assert rows > 0
    found = acts(database, "catalog.export")[0]
    assert (found.actor, found.address) == ("anonymous", "127.0.0.1")
    assert found.after == {
        "format": "csv",
        "rows": rows,
        "filters": {"kind": ["api"], "view": "everything", "question": True},
    }
