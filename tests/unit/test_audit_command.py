"""`portal audit`: checking, exporting, forgetting a person."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from portal.audit.models import AuditEntry
from portal.audit.queries.entries import list_entries
from portal.audit.service import record_act, seal_entries
from portal.auth.core import CLI
from portal.auth.models import Account, ApiToken, Identity
from portal.auth.service import accounts, removal
from portal.cli import Tools, portal
from portal.errors import Conflict, Forbidden
from portal.factory.tools import create_secret_box
from portal.infra.clock import utc_now
from tests.conftest import NOW
from tests.unit.test_audit_chain import drop_triggers
from tests.unit.test_sign_in import add, make_token, sign_in


@pytest.fixture
def command(database, settings, monkeypatch):
    monkeypatch.setenv("PORTAL_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("PORTAL_SECRET_KEY", settings.secret_key)
    tools = Tools(open_database=lambda: database)
    return lambda *arguments: CliRunner().invoke(portal.commands["audit"], arguments, obj=tools)


def note(database, subject="thing", **values):
    with database.unit(write=True) as session:
        record_act(session, "cli", subject, action="test.change", now=NOW, **values)


def seal(database, settings):
    with database.unit(write=True) as session:
        seal_entries(session, create_secret_box(settings))


def test_verify_says_where_it_breaks(database, settings, command):
    assert command("verify").exit_code == 0
    note(database)
    note(database)
    seal(database, settings)
    note(database)
    good = command("verify")
    assert good.exit_code == 0
    assert "2 entries are sealed" in good.output
    assert "1 entries have no seal yet" in good.output
    end = re.search(r"\d+:v1\.\S+", good.output)[0]
    assert command("verify", "--known", end).exit_code == 0
    assert command("verify", "--known", end.replace("2:", "1:")).exit_code == 1
    assert command("verify", "--known", "x").exit_code == 2
    assert json.loads(command("verify", "--json").output)["end"] == end
    with database.unit(write=True) as session:
        drop_triggers(session)
        forged = session.scalar(select(AuditEntry.id).where(AuditEntry.position == 1))
        session.execute(
            text("UPDATE audit_entries SET actor = 'else' WHERE id = :i"), {"i": forged}
        )
    bad = command("verify")
    assert bad.exit_code == 1
    assert f"entry {forged}" in bad.output
    found = json.loads(command("verify", "--json").output)
    assert (found["holds"], found["broken"]["entry"]) == (False, forged)


def test_export_takes_a_span_along_and_is_on_record(database, command):
    note(database, "=1+1", after={"a": 1})
    lines = command("export", "--from", "2026-03-01", "--to", "2026-03-01").output.splitlines()
    assert [json.loads(line)["subject"] for line in lines] == ["=1+1"]
    assert command("export", "--to", "2026-02-28").output == ""
    table = command("export", "--to", "2026-03-01", "--format", "csv").output
    row = next(iter(csv.DictReader(io.StringIO(table))))
    assert (row["subject"], row["after"]) == ("'=1+1", '{"a": 1}')
    assert command("export", "--from", "soon").exit_code == 2
    with database.unit(write=False) as session:
        kept = [e.after for e in list_entries(session) if e.action == "audit.export"]
    assert [after["rows"] for after in kept] == [1, 0, 1]
    assert kept[0]["filters"] == {"to": "2026-03-02T00:00:00+00:00"}


def test_a_person_is_forgotten_and_the_chain_still_holds(app, database, settings, command):
    account_id = add(database)
    make_token(database, "ana", "catalog:read")
    sign_in(app.test_client())
    sign_in(app.test_client(), password="wrong")
    with database.unit(write=True) as session:
        account = session.get_one(Account, account_id)
        person, account.email, account.user_ref = account.person, "ana@x.test", "user:default/ana"
        session.add(
            Identity(
                account_id=account_id,
                provider="corp",
                issuer="https://id.test",
                subject="4711",
                name="ana",
                email="ana@x.test",
                groups=["staff"],
                groups_cut=False,
                linked_at=NOW,
                used_at=NOW,
            )
        )
    seal(database, settings)
    refused = command("erase", "ana")
    assert isinstance(refused.exception, Conflict)
    with database.unit(write=True) as session:
        accounts.deactivate(session, CLI, session.get_one(Account, account_id), now=utc_now())
    done = command("erase", "ana")
    assert done.exit_code == 0, done.output
    assert "2 entries had an address" in done.output
    with database.unit(write=False) as session:
        account = session.get_one(Account, account_id)
        assert (account.name, account.display_name) == (person, person)
        assert (account.email, account.user_ref) == (None, None)
        identity = session.scalar(select(Identity))
        assert (identity.name, identity.email, identity.groups) == ("erased", None, None)
        assert identity.subject == "4711"
        assert session.scalar(select(ApiToken.name)) == "erased"
        theirs = [e for e in list_entries(session) if person in (e.actor, e.subject)]
        assert {e.address for e in theirs} == {None}
        assert {"access.erase_person", "audit.erase_addresses"} <= {e.action for e in theirs}
    assert command("verify").exit_code == 0
    assert command("erase", person).exit_code == 0
    assert command("erase", "nobody").exit_code == 1


def test_older_keys_are_asked_for_while_seals_need_them(database, settings, command, monkeypatch):
    note(database)
    seal(database, settings)
    older = create_secret_box(settings).key_id
    monkeypatch.setenv("PORTAL_SECRET_KEY", "newer" * 8)
    monkeypatch.setenv("PORTAL_SECRET_KEY_FALLBACKS", settings.secret_key)
    assert command("verify").exit_code == 0
    tools = Tools(open_database=lambda: database)
    status = CliRunner().invoke(portal.commands["secrets"], ["status"], obj=tools)
    assert f"`portal audit verify`: {older}" in status.output
    monkeypatch.delenv("PORTAL_SECRET_KEY_FALLBACKS")
    lost = command("verify")
    assert lost.exit_code == 1
    assert older in lost.output


def test_only_who_may_forgets_people(database):
    account_id = add(database)
    with database.unit(write=True) as session:
        account = session.get_one(Account, account_id)
        stranger = CLI.__class__("person:00", frozenset({"catalog:*:read"}))
        with pytest.raises(Forbidden):
            removal.erase_account(session, stranger, account, now=utc_now())
