"""Looking after people: who may, what changes, what is refused."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from portal.audit.models import AuditEntry
from portal.auth.core import CLI
from portal.auth.models import Account, ApiToken, Identity, SignInSession
from portal.auth.queries.accounts import find_account
from portal.auth.service import accounts, sessions, tokens
from portal.errors import Conflict
from portal.infra.clock import utc_now

BOSS = "boss"


def add(database, name, role="member", kind="person"):
    with database.unit(write=True) as session:
        made = accounts.create_account(session, CLI, name, role=role, kind=kind, now=utc_now())
        return made.id


def enter(app, database, name):
    """Return a client that is signed in, as a browser after its sign-in."""
    with database.unit(write=True) as session:
        key = sessions.begin_session(
            session,
            find_account(session, name),
            sessions.Way("password"),
            origin=sessions.Origin("127.0.0.1", "Firefox"),
            now=utc_now(),
        )
    client = app.test_client()
    client.set_cookie("plumbline_session", key)
    return client


def post(client, url, **data):
    page = client.get("/account").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    return client.post(url, data={"csrf_token": token, **data})


def read(database, account_id):
    with database.unit(write=False) as session:
        return session.get_one(Account, account_id)


def add_identity(database, account_id, subject="ana", groups=None):
    with database.unit(write=True) as session:
        now = utc_now()
        made = Identity(
            account_id=account_id,
            provider="acme",
            issuer="https://id.acme.example",
            subject=subject,
            name=subject,
            groups=groups,
            groups_cut=False,
            linked_at=now,
            used_at=now,
        )
        session.add(made)
        session.flush()
        return made.id


@pytest.fixture
def boss(app, database):
    add(database, BOSS, "admin")
    return enter(app, database, BOSS)


def test_the_list_is_searched_filtered_and_paged(boss, database):
    for number in range(60):
        add(database, f"p{number:02}", "viewer" if number % 2 else "member")
    first = boss.get("/admin/people").text
    assert first.count('class="name"') == 50
    following = re.search(r'href="(/admin/people\?cursor=[^"]+)"', first)[1]
    second = boss.get(following.replace("&amp;", "&")).text
    assert second.count('class="name"') == 11
    assert "p59" in second
    assert boss.get("/admin/people?q=P1").text.count('class="name"') == 10
    assert boss.get("/admin/people?role=viewer&q=p0").text.count('class="name"') == 5
    assert "Nobody matches" in boss.get("/admin/people?state=ended").text
    assert boss.get("/admin/people?q=%25").text.count('class="name"') == 0
    assert boss.get("/admin/people?cursor=edited").status_code == 422


def test_a_long_list_asks_no_more_than_a_short_one(boss, database):
    def count():
        asked = []
        listen = lambda *args: asked.append(args[2])  # noqa: E731 it is added and removed by name
        event.listen(database.engine, "before_cursor_execute", listen)
        boss.get("/admin/people")
        event.remove(database.engine, "before_cursor_execute", listen)
        return len(asked)

    count()  # the first request also touches the session
    before = count()
    for number in range(40):
        add_identity(database, add(database, f"p{number}"), f"p{number}")
    assert count() == before


def test_an_account_is_made_with_a_link_shown_once(boss, app, database):
    made = post(boss, "/admin/people", name="Ana", role="member", kind="person")
    assert made.status_code == 200
    link = re.search(r"http://[^<]+/welcome/([\w-]+)", made.text)[1]
    assert app.test_client().get(f"/welcome/{link}").status_code == 200
    assert link not in boss.get("/admin/people").text
    taken = post(boss, "/admin/people", name="ana", role="member")
    assert taken.status_code == 409
    assert "already" in taken.text
    wrong = post(boss, "/admin/people", name="no name", role="member")
    assert wrong.status_code == 422
    assert 'value="no name"' in wrong.text
    assert post(boss, "/admin/people", name="x", role="emperor").status_code == 422


def test_roles_and_ends_change_with_the_version_that_was_seen(boss, database):
    ana = add(database, "ana")
    url = f"/admin/people/{ana}"
    assert post(boss, f"{url}/role", role="auditor", version="1").status_code == 303
    assert (read(database, ana).role, read(database, ana).version) == ("auditor", 2)
    late = post(boss, f"{url}/role", role="viewer", version="1")
    assert late.status_code == 409
    assert "changed by somebody else" in late.text
    assert 'name="version" value="2"' in late.text
    assert read(database, ana).role == "auditor"
    assert post(boss, f"{url}/end", ends_on="2020-01-01", version="2").status_code == 303
    assert "ended" in boss.get(url).text
    assert post(boss, f"{url}/end", ends_on="soon", version="3").status_code == 422
    assert post(boss, f"{url}/end", ends_on="", version="3").status_code == 303
    assert read(database, ana).ends_at is None


def test_deactivating_ends_sessions_and_tokens(boss, app, database):
    ana = add(database, "ana")
    client = enter(app, database, "ana")
    with database.unit(write=True) as session:
        account = session.get_one(Account, ana)
        tokens.create_token(session, CLI, account, name="t", scopes=["catalog:read"], now=utc_now())
    url = f"/admin/people/{ana}"
    assert post(boss, f"{url}/deactivate", version="1").status_code == 303
    assert client.get("/account").status_code == 303
    with database.unit(write=False) as session:
        assert session.scalar(select(ApiToken.revoked_at)) is not None
    assert post(boss, f"{url}/activate", version="2").status_code == 303
    assert read(database, ana).is_active


def test_the_last_admin_cannot_lock_everyone_out(boss, database):
    with database.unit(write=False) as session:
        own = find_account(session, BOSS).id
    for change, data in (
        ("role", {"role": "viewer"}),
        ("deactivate", {}),
        ("end", {"ends_on": "2030-01-01"}),
    ):
        answer = post(boss, f"/admin/people/{own}/{change}", version="1", **data)
        assert answer.status_code == 409
        assert "last admin" in answer.text
    assert read(database, own).role == "admin"


def test_sessions_and_tokens_of_others_are_ended_by_admins_alone(boss, app, database):
    ana, ben = add(database, "ana"), add(database, "ben")
    one, two = enter(app, database, "ana"), enter(app, database, "ana")
    with database.unit(write=True) as session:
        account = session.get_one(Account, ana)
        _, token = tokens.create_token(
            session, CLI, account, name="t", scopes=["catalog:read"], now=utc_now()
        )
        token_id, session_id = (
            token.id,
            session.scalar(
                select(func.min(SignInSession.id)).where(SignInSession.account_id == ana)
            ),
        )
    url = f"/admin/people/{ana}"
    wrong = f"/admin/people/{ben}"
    assert post(boss, f"{wrong}/sessions/{session_id}/end").status_code == 404
    assert post(boss, f"{wrong}/tokens/{token_id}/revoke").status_code == 404
    assert post(two, f"{url}/sessions/{session_id}/end").status_code == 403
    assert post(boss, f"{url}/sessions/{session_id}/end").status_code == 303
    assert one.get("/account").status_code == 303
    assert post(boss, f"{url}/tokens/{token_id}/revoke").status_code == 303
    assert post(boss, f"{url}/sign-out").status_code == 303
    assert two.get("/account").status_code == 303


def test_tokens_are_made_for_programs_and_never_for_other_people(boss, database):
    ana, bot = add(database, "ana"), add(database, "bot", kind="service")
    made = post(boss, f"/admin/people/{bot}/tokens", name="ci", scope="catalog:read", days="7")
    assert re.search(r"plb_[\w-]{43}", made.text)
    other = post(boss, f"/admin/people/{ana}/tokens", name="ci", scope="catalog:read", days="7")
    assert other.status_code == 403
    narrow = "catalog:read@owner=group:default/a"
    refused = post(boss, f"/admin/people/{bot}/tokens", name="ci", scope=narrow, days="7")
    assert refused.status_code == 422
    assert "reading is granted for a whole area" in refused.text


def test_identities_are_moved_and_unlinked(boss, app, database):
    ana, ben = add(database, "ana"), add(database, "ben")
    moved, gone = add_identity(database, ana, "a"), add_identity(database, ana, "b")
    with database.unit(write=True) as session:
        way = sessions.Way("acme", "https://id.acme.example", "a")
        account = session.get_one(Account, ana)
        sessions.begin_session(session, account, way, origin=sessions.Origin(), now=utc_now())
    url = f"/admin/people/{ana}/identities"
    assert post(boss, f"{url}/{moved}/move", to="nobody").status_code == 422
    assert post(boss, f"{url}/{moved}/move", to="ben").location.endswith(f"/{ben}")
    assert post(boss, f"{url}/{moved}/unlink").status_code == 404
    assert post(boss, f"{url}/{gone}/unlink").status_code == 303
    with database.unit(write=False) as session:
        assert session.execute(select(Identity.account_id)).scalars().all() == [ben]
        held = select(SignInSession.id).where(SignInSession.account_id == ana)
        assert session.scalar(held) is None
        acts = session.scalars(select(AuditEntry.action)).all()
    assert acts.count("access.move_identity") == 2
    assert "access.unlink_identity" in acts


def test_others_see_nothing_and_auditors_change_nothing(app, database):
    ana = add(database, "ana")
    add(database, "ada", "auditor")
    member, auditor = enter(app, database, "ana"), enter(app, database, "ada")
    for page in ("/admin/people", f"/admin/people/{ana}", "/admin/groups", "/admin/access"):
        assert member.get(page).status_code == 403
        assert auditor.get(page).status_code == 200
    assert "People and access" in auditor.get("/account").text
    assert "People and access" not in member.get("/account").text
    assert "Deactivate" not in auditor.get(f"/admin/people/{ana}").text
    assert post(auditor, f"/admin/people/{ana}/role", role="admin", version="1").status_code == 403


def test_changes_ask_for_a_recent_sign_in(boss, database):
    ana = add(database, "ana")
    with database.unit(write=True) as session:
        for found in session.scalars(select(SignInSession)):
            found.proven_at = utc_now() - timedelta(hours=1)
    answer = post(boss, f"/admin/people/{ana}/role", role="admin", version="1")
    assert answer.status_code == 303
    assert "again=1" in answer.location
    assert read(database, ana).role == "member"


def test_two_admins_cannot_demote_each_other_at_once(database):
    ids = [add(database, "one", "admin"), add(database, "two", "admin")]
    start = threading.Barrier(2)

    def demote(account_id):
        start.wait()
        with database.unit(write=True) as session:
            account = accounts.take_for_change(session, CLI, account_id, version=1)
            accounts.set_role(session, CLI, account, "viewer", now=utc_now())

    with ThreadPoolExecutor(2) as pool:
        raised = [task.exception() for task in [pool.submit(demote, number) for number in ids]]
    assert sorted(type(error) for error in raised if error) == [Conflict]
    assert [read(database, number).role for number in ids].count("admin") == 1
