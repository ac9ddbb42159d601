"""Secrets at rest: encrypted, bound to their place, moved to a new key in batches."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update

from portal.audit.queries import list_entries
from portal.cli import Tools, portal
from portal.cli.secrets import rotate_batches
from portal.errors import InvalidInput, NotFound, Unreadable
from portal.factory.application import create_app
from portal.infra import vault
from portal.infra.logs import configure_logs, get_logger
from portal.infra.secrets import SecretBox, name_place

OLD, NEW, OTHER = "old-" * 10, "new-" * 10, "other-" * 10
PLACE = name_place("secrets", "ciphertext", "github/token")
CANARY = "canary-7f3a9d"
CODE = Path(__file__).parents[2] / "portal"


@pytest.fixture
def old():
    return SecretBox(OLD)


@pytest.fixture
def both():
    return SecretBox(NEW, [OLD])


def put(database, box, now, *names):
    with database.unit(write=True) as session:
        for name in names:
            vault.put_secret(session, box, name, f"{CANARY} of {name}", now=now)


def get(database, box, name):
    with database.unit(write=False) as session:
        return vault.get_secret(session, box, name)


def count(database):
    with database.unit(write=False) as session:
        return vault.count_by_key(session)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(codec="utf-8")))
def test_what_is_sealed_opens_again(place, value):
    box = SecretBox(OLD)
    sealed = box.seal("secrets", place, value)
    assert box.open("secrets", place, sealed) == value
    assert sealed != box.seal("secrets", place, value)


def test_another_place_or_purpose_is_refused(old):
    sealed = old.seal("secrets", PLACE, CANARY)
    for purpose, place in (("secrets", f"{PLACE}x"), ("secrets", ""), ("audit", PLACE)):
        with pytest.raises(Unreadable) as caught:
            old.open(purpose, place, sealed)
        assert CANARY not in caught.value.detail + caught.value.fix


def test_every_changed_character_is_refused(both):
    sealed = both.seal("secrets", PLACE, CANARY)
    changed = [
        sealed[:i] + ("A" if c != "A" else "B") + sealed[i + 1 :] for i, c in enumerate(sealed)
    ]
    old_id = sealed.replace(both.key_ids[0], both.key_ids[1])
    for text_ in [
        *changed,
        old_id,
        sealed[:-4],
        sealed[:30],
        f"{sealed}A",
        "",
        "v1..",
        f"{sealed}\n",
    ]:
        with pytest.raises(Unreadable):
            both.open("secrets", PLACE, text_)


def test_a_missing_key_names_the_setting_and_no_secret(old):
    sealed = old.seal("secrets", PLACE, CANARY)
    with pytest.raises(Unreadable) as caught:
        SecretBox(NEW).open("secrets", PLACE, sealed)
    message = caught.value.detail + caught.value.fix
    assert "PORTAL_SECRET_KEY_FALLBACKS" in message
    assert old.key_id in message
    assert not [word for word in (OLD, NEW, CANARY, sealed) if word in message]


def test_key_ids_are_stable_short_and_tell_nothing(both, old):
    assert both.key_ids == (SecretBox(NEW).key_id, old.key_id)
    assert re.fullmatch(r"[0-9a-f]{12}", old.key_id)
    assert old.seal("secrets", PLACE, "x").startswith(f"v1.{old.key_id}.")
    assert NEW not in repr(both)
    assert both.derive_key("secrets").hex()[:12] != both.key_id


def test_each_purpose_has_its_own_key(both):
    keys = [key for purpose in ("secrets", "audit", "cursors") for key in both.list_keys(purpose)]
    assert len(set(keys)) == 6
    assert both.list_keys("audit")[-1] == SecretBox(NEW).derive_key("audit")
    with pytest.raises(ValueError, match="purpose"):
        both.derive_key("key id")


def test_put_get_list_and_delete(database, old, now):
    put(database, old, now, "github/token", "jira")
    later = now + timedelta(days=1)
    with database.unit(write=True) as session:
        vault.put_secret(session, old, "jira", "second", now=later)
        assert vault.get_secret(session, old, "jira") == "second"
        first, second = vault.list_secrets(session)
    assert (first.name, second.name, second.created_at, second.updated_at) == (
        "github/token",
        "jira",
        now,
        later,
    )
    assert CANARY not in repr(first)
    with database.unit(write=True) as session:
        assert vault.delete_secret(session, "jira")
        assert not vault.delete_secret(session, "jira")
        assert vault.find_secret(session, old, "jira") is None
        with pytest.raises(NotFound):
            vault.get_secret(session, old, "jira")
        with pytest.raises(InvalidInput):
            vault.put_secret(session, old, "Two Words", CANARY, now=now)


def test_a_ciphertext_moved_to_another_row_is_refused(database, old, now):
    put(database, old, now, "mine", "yours")
    row = vault.StoredSecret
    with database.unit(write=True) as session:
        mine = session.query(row.ciphertext).filter(row.name == "mine").scalar()
        session.execute(update(row).where(row.name == "yours").values(ciphertext=mine))
    with pytest.raises(Unreadable):
        get(database, old, "yours")
    assert get(database, old, "mine").startswith(CANARY)


def test_a_rotation_half_done_is_finished_later(database, old, both, now):
    names = [f"s{number:02}" for number in range(7)]
    put(database, old, now, *names)
    with database.unit(write=True) as session:
        done = vault.rotate_secrets(session, both, limit=3)
    assert (done.moved, done.unreadable) == (3, ())
    assert count(database) == {both.key_id: 3, old.key_id: 4}
    assert all(get(database, both, name) == f"{CANARY} of {name}" for name in names)
    assert [batch.moved for batch in rotate_batches(database, both)] == [4]
    assert count(database) == {both.key_id: 7}
    assert get(database, SecretBox(NEW), "s06") == f"{CANARY} of s06"
    with database.unit(write=False) as session:
        assert {info.updated_at for info in vault.list_secrets(session)} == {now}
        (entry,) = list_entries(session)
    assert (entry.action, entry.after["moved"]) == ("secrets.rotate", 4)


def test_a_rotation_skips_what_it_cannot_read(database, old, both, now):
    put(database, SecretBox(OTHER), now, "lost")
    put(database, old, now, "kept")
    (done,) = rotate_batches(database, both)
    assert (done.moved, done.unreadable) == (1, ("lost",))
    with pytest.raises(Unreadable):
        get(database, both, "lost")


def test_a_rotation_does_not_undo_a_new_value(database, old, both, now, monkeypatch):
    put(database, old, now, "busy")
    opened = both.open

    def change_meanwhile(*args):
        vault.put_secret(session, both, "busy", "newest", now=now)
        return opened(*args)

    with database.unit(write=True) as session:
        monkeypatch.setattr(both, "open", change_meanwhile)
        assert vault.rotate_secrets(session, both).moved == 0
    monkeypatch.undo()
    assert get(database, both, "busy") == "newest"


@pytest.fixture
def run(settings, database, monkeypatch):
    def call(command, key, fallbacks=""):
        monkeypatch.setenv("PORTAL_DATA_DIR", str(settings.data_dir))
        monkeypatch.setenv("PORTAL_SECRET_KEY", key)
        monkeypatch.setenv("PORTAL_SECRET_KEY_FALLBACKS", fallbacks)
        tools = Tools(open_database=lambda: database)
        return CliRunner().invoke(portal.commands["secrets"], [command], obj=tools)

    return call


def test_the_commands_rotate_and_say_what_may_be_dropped(run, database, old, both, now):
    put(database, old, now, "one", "two")
    before = run("status", NEW, OLD)
    assert before.exit_code == 1
    assert f"key {old.key_id} (older): 2 secrets" in before.output
    assert "must stay" in before.output
    lost = run("status", NEW)
    assert (lost.exit_code, "not given" in lost.output) == (1, True)
    failed = run("rotate", NEW)
    assert failed.exit_code == 1
    assert "PORTAL_SECRET_KEY_FALLBACKS" in failed.output
    done = run("rotate", NEW, OLD)
    assert done.exit_code == 0
    assert f"2 secrets were moved to key {both.key_id}, 0 cannot be read." in done.output
    assert "0 secrets were moved" in run("rotate", NEW, OLD).output
    after = run("status", NEW, OLD)
    assert (after.exit_code, "may be dropped" in after.output) == (0, True)
    assert "Everything is under the current key." in run("status", NEW).output
    everything = [before, lost, failed, done, after]
    assert not [result for result in everything if CANARY in result.output or OLD in result.output]


def read_stored(database, folder):
    """Return all bytes SQLite keeps, or every row of PostgreSQL as text."""
    if database.is_sqlite:
        return b"".join(path.read_bytes() for path in folder.glob("test.db*"))
    with database.unit(write=False) as session:
        tables = ("secrets", "audit_entries", "work")
        rows = [session.execute(text(f"SELECT * FROM {table}")).all() for table in tables]  # noqa: S608 fixed names
    return repr(rows).encode()


def test_neither_database_nor_logs_hold_the_plaintext(database, old, both, now, tmp_path, capsys):
    configure_logs("debug", "json")
    put(database, old, now, "github/token")
    assert [batch.moved for batch in rotate_batches(database, both)] == [1]
    with database.unit(write=True) as session:
        get_logger("test").info("stored", row=repr(vault.list_secrets(session)), box=repr(both))
        loaded = session.query(vault.StoredSecret).one()
        get_logger("test").info("row", row=repr(loaded), secret=get(database, both, "github/token"))
    stored = read_stored(database, tmp_path)
    assert both.key_id.encode() in stored
    assert not [word for word in (CANARY, OLD, NEW) if word.encode() in stored]
    out, err = capsys.readouterr()
    assert "stored" in err
    assert not [word for word in (CANARY, OLD, NEW) if word in out + err]


def test_only_the_vault_encrypts():
    """A rotation that misses a table would let a key be dropped that is still needed."""
    sealing = [path.name for path in CODE.rglob("*.py") if ".seal(" in path.read_text("utf-8")]
    assert sealing == ["vault.py"]


def test_cursors_and_sessions_accept_older_keys(settings, demo):
    def visit(cursor, *keys):
        chosen = settings.model_copy(
            update={"secret_key": keys[0], "secret_key_fallbacks": keys[1:]}
        )
        app = create_app(chosen, demo)
        assert (app.config["SECRET_KEY"], *app.config["SECRET_KEY_FALLBACKS"]) == keys
        return app.test_client().get(f"/api/v1/entities?limit=5&cursor={cursor}")

    cursor = visit("", OLD).get_json()["next_cursor"]
    assert visit(cursor, NEW, OLD).status_code == 200
    assert visit(cursor, NEW).status_code == 422
