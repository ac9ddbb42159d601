"""Pages of sources: their states, what to do about each, and the buttons."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

from sqlalchemy import select, update

from portal.auth.core import CLI
from portal.auth.models import SignInSession
from portal.infra import work
from portal.infra.clock import utc_now
from portal.sources.core.trees import SourceDown
from portal.sources.flows.ingesting import Ingest
from portal.sources.models import Source
from portal.sources.providers.folder import Folder
from portal.sources.service.runs import fail_run
from tests.unit.managed import component, declare_folder, read
from tests.unit.source_looks import get_source, press, words_of, write


def test_empty_list_explains_and_offers(admin, member):
    assert "No source yet" in admin.get("/sources").text
    assert 'href="/sources/new"' in admin.get("/sources").text
    page = member.get("/sources").text
    assert "No source yet" in page
    assert "/sources/new" not in page


def test_moving_part_stops_asking_once_done(admin, database, shop):
    press(admin, shop, "refresh")
    part = admin.get(f"/sources/{shop}", headers={"HX-Request": "true"}).text
    assert "every 2s" in part
    assert "<html" not in part
    with database.unit(write=True) as session:
        session.query(work.Work).delete()
    part = admin.get(f"/sources/{shop}", headers={"HX-Request": "true"}).text
    assert "every 2s" not in part
    assert "every 3s" not in admin.get("/sources").text


def test_failing_source_says_why_and_as_of_when(admin, database, shop):
    error = SourceDown("The folder is gone.", fix="Mount it again.")
    with database.unit(write=True) as session:
        fail_run(session, CLI, shop, error=error, reason="schedule", now=utc_now())
    page = words_of(admin.get(f"/sources/{shop}"))
    assert "It cannot be read" in page
    assert "First failed just now" in page
    assert "The folder is gone." in page
    assert "Mount it again." in page
    assert "Its 4 entities stay in the catalog as of just now" in page
    assert "failing" in words_of(admin.get("/sources"))
    entity = words_of(admin.get("/catalog/component/default/cart"))
    assert "cannot be read, first failed just now" in entity
    home = words_of(admin.get("/"))
    assert "Source shop cannot be read since" in home


def test_needs_of_sources_are_for_who_may_act(member, admin, database, shop):
    with database.unit(write=True) as session:
        fail_run(session, CLI, shop, error=SourceDown("x"), reason="schedule", now=utc_now())
    assert "Source shop cannot be read" in admin.get("/").text
    assert "Source shop cannot be read" not in member.get("/").text


def test_held_removals_are_shown_and_confirmed(admin, database, tools, shop, tmp_path):
    write(tmp_path / "shop", "cart")
    read(database, tools, shop)
    page = words_of(admin.get(f"/sources/{shop}"))
    assert "3 removals are held" in page
    assert "of 4 entities only 1 would be left" in page
    assert "Remove 3 entities" in page
    assert "removals held" in words_of(admin.get("/sources"))
    assert "3 removals wait for your word in source shop" in words_of(admin.get("/"))
    assert press(admin, shop, "confirm-removals").status_code == 303
    assert "3 may go" in words_of(admin.get(f"/sources/{shop}"))
    read(database, tools, shop)
    assert get_source(database, shop).held == 0
    assert "removals are held" not in words_of(admin.get(f"/sources/{shop}"))
    assert press(admin, shop, "confirm-removals").status_code == 409


def test_pause_and_resume(admin, database, shop):
    assert press(admin, shop, "pause").status_code == 303
    page = admin.get(f"/sources/{shop}").text
    assert "None while it is paused" in page
    assert "Run now" not in page
    assert press(admin, shop, "refresh").status_code == 422
    assert press(admin, shop, "resume").status_code == 303
    assert not get_source(database, shop).is_paused


def test_trust_asks_for_a_recent_sign_in(admin, database, shop):
    with database.unit(write=True) as session:
        old = utc_now() - timedelta(hours=1)
        session.execute(update(SignInSession).values(proven_at=old))
    assert "/sign-in" in press(admin, shop, "trust").location
    assert not get_source(database, shop).is_people_authority
    with database.unit(write=True) as session:
        session.execute(update(SignInSession).values(proven_at=utc_now()))
    assert press(admin, shop, "trust").status_code == 303
    assert get_source(database, shop).is_people_authority
    assert "trusted for people" in admin.get(f"/sources/{shop}").text
    assert press(admin, shop, "distrust").status_code == 303
    assert not get_source(database, shop).is_people_authority


def test_removal_says_what_goes_first(admin, database, shop):
    page = words_of(admin.get(f"/sources/{shop}/remove"))
    assert "Remove shop and its 4 entities" in page
    assert get_source(database, shop).expires_at is None
    assert press(admin, shop, "remove").status_code == 303
    assert "being removed" in words_of(admin.get("/sources"))
    assert "It is being removed" in words_of(admin.get(f"/sources/{shop}"))


def test_problem_is_shown_with_its_line(admin, database, tools, shop, tmp_path):
    broken = tmp_path / "shop" / "broken.yaml"
    broken.write_text(component("fine") + component("not fine"))
    read(database, tools, shop)
    page = words_of(admin.get(f"/sources/{shop}"))
    assert "broken.yaml:14" in page
    listed = unescape(admin.get("/sources").text)
    assert 'href="/catalog/problems?source=shop&severity=error"' in listed


def test_source_read_by_command_has_no_settings(admin, database, tmp_path):
    write(tmp_path / "byhand", "one")
    Ingest(database, CLI, "byhand").run([Folder.open(str(tmp_path / "byhand"))])
    with database.unit(write=False) as session:
        number = session.scalar(select(Source.id))
    page = admin.get(f"/sources/{number}").text
    assert "read by command" in page
    assert "Run now" not in page
    assert admin.get(f"/sources/{number}/edit").status_code == 404
    assert press(admin, number, "refresh").status_code == 422
    entity = admin.get("/catalog/component/default/one").text
    assert f'href="/sources/{number}"' in entity


def test_ephemeral_entity_says_when_it_goes(admin, database, tools, tmp_path):
    write(tmp_path / "preview", "passing")
    assert ">Ephemeral" not in admin.get("/catalog").text
    number = declare_folder(database, tmp_path / "preview", "preview", lifetime_hours=3)
    read(database, tools, number)
    entity = admin.get("/catalog/component/default/passing").text
    assert "Ephemeral, gone in 3 h unless read again" in entity
    view = "/catalog?ephemeral=yes&view=everything"
    assert view in unescape(admin.get("/catalog").text)
    assert "passing" in admin.get(view).text
    assert "in 3 h, unless it is read again" in words_of(admin.get(f"/sources/{number}"))


def test_members_look_but_do_not_touch(member, shop):
    page = member.get(f"/sources/{shop}")
    assert page.status_code == 200
    assert not re.findall(r'action="/sources/[^"]*"[^>]*method="post"', page.text)
    assert "webhook" not in page.text
    for url in ("/sources/new", f"/sources/{shop}/edit", f"/sources/{shop}/remove"):
        assert member.get(url).status_code == 403
    for act in ("refresh", "pause", "confirm-removals", "trust", "remove", "edit"):
        assert press(member, shop, act).status_code == 403


def test_what_the_list_does_not_know_is_refused(member):
    assert member.get("/sources").status_code == 200
    assert member.get("/sources?state=failing").status_code == 422
