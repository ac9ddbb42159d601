"""Pages of sources: stated, looked after, told apart by state, in a fixed number of queries."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select, update

from portal.auth.core import CLI
from portal.auth.models import SignInSession
from portal.catalog.models import CatalogProblem
from portal.factory import create_app, create_secret_box
from portal.infra import work
from portal.infra.clock import utc_now
from portal.infra.vault import find_secret
from portal.sources.core.declarations import GITHUB, Declaration
from portal.sources.core.trees import SourceDown
from portal.sources.flows.ingesting import Ingest
from portal.sources.models import Source, SourceRun
from portal.sources.providers.folder import Folder
from portal.sources.service.declaring import name_secret
from portal.sources.service.runs import fail_run
from tests.unit.managed import component, declare, declare_folder, make_tools, read
from tests.unit.test_pages import count_queries
from tests.unit.test_sign_in import add, sign_in, token_of

TOKEN = "ghp_never_shown_again"


@pytest.fixture
def app(settings, database, tmp_path):
    changed = {"source_folders": str(tmp_path), "base_url": "http://localhost:8900"}
    return create_app(settings.model_copy(update=changed), database)


@pytest.fixture
def tools(tmp_path):
    return make_tools(tmp_path)


@pytest.fixture
def admin(app, database):
    add(database, "root", "admin")
    client = app.test_client()
    sign_in(client, "root")
    return client


@pytest.fixture
def member(app, database):
    add(database)
    client = app.test_client()
    sign_in(client)
    return client


def post(client, url, **data):
    return client.post(url, data={"csrf_token": token_of(client, "/sources"), **data})


def press(client, source_id, act):
    return post(client, f"/sources/{source_id}/{act}")


def words_of(page):
    """Return what a page says, without its marks."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.text)))


def get_source(database, source_id):
    with database.unit(write=False) as session:
        return session.get(Source, source_id)


def write(folder, *names):
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.yaml"):
        old.unlink()
    for name in names:
        (folder / f"{name}.yaml").write_text(component(name))


@pytest.fixture
def shop(database, tools, tmp_path):
    """A folder source of four components that was read once."""
    write(tmp_path / "shop", "cart", "ledger", "parcels", "search")
    number = declare_folder(database, tmp_path / "shop", "shop")
    read(database, tools, number)
    with database.unit(write=True) as session:
        session.query(work.Work).delete()
    return number


def declare_org(database, repositories, tmp_path):
    """An organisation whose repositories were read; every third one fails."""
    number = declare(database, "larkmoor", Declaration(GITHUB, "https://hub.example.com"))
    with database.unit(write=True) as session:
        for n in range(repositories):
            name = f"larkmoor/r{n:04}"
            child = Source(
                name=name,
                kind="repository",
                parent_id=number,
                external_id=str(n),
                created_at=utc_now(),
                checked_at=utc_now(),
                file_url=f"https://hub.example.com/{name}/blob/main/",
                declaration=Declaration("repository", name).as_json(),
                failing_since=None if n % 3 else utc_now(),
                failure="" if n % 3 else "It is out of order.",
            )
            session.add(child)
            session.add(
                CatalogProblem(
                    severity="warning",
                    rule="test",
                    source=name,
                    file="docs/a b.yaml",
                    document_number=1,
                    line=7,
                    path="spec",
                    message=f"Problem {n}.",
                    fix="",
                )
            )
        counts = {
            "repositories": repositories,
            "read": repositories,
            "created": 0,
            "calls": 12,
            "calls_not_modified": 9,
            "calls_left": 4_988,
            "calls_most": 5_000,
            "calls_reset_at": 1_800_000_000,
        }
        run = SourceRun(source_id=number, started_at=utc_now(), finished_at=utc_now())
        run.outcome, run.counts, run.reason = "done", counts, "schedule"
        session.add(run)
    return number


def test_empty_list_explains_and_offers(admin, member):
    assert "No source yet" in admin.get("/sources").text
    assert 'href="/sources/new"' in admin.get("/sources").text
    page = member.get("/sources").text
    assert "No source yet" in page
    assert "/sources/new" not in page


def test_choice_then_only_the_fields_of_a_kind(admin):
    choice = admin.get("/sources/new").text
    kinds = set(re.findall(r"/sources/new\?kind=(\w+)", choice))
    assert kinds == {"folder", "git", "url", "github", "gitlab"}

    def fields(kind):
        return set(re.findall(r' name="(\w+)"', admin.get(f"/sources/new?kind={kind}").text))

    assert not {"token", "private_key", "include", "organisation"} & fields("folder")
    assert {"private_key", "host_key", "password", "branch"} <= fields("git")
    assert "patterns" not in fields("url")
    assert {"app_key", "token", "include", "forks"} <= fields("github")
    assert "app_id" not in fields("gitlab")
    assert admin.get("/sources/new?kind=ftp").status_code == 422


def test_problems_keep_what_was_typed_but_no_secret(admin, database):
    answer = post(
        admin,
        "/sources/new",
        kind="github",
        name="larkmoor",
        organisation="",
        address="ftp://hub.example.com",
        token=TOKEN,
        exclude="docs-*\r\nold-*",
        kinds="component",
    )
    assert answer.status_code == 422
    assert TOKEN not in answer.text
    assert 'value="ftp://hub.example.com"' in answer.text
    assert "docs-*\nold-*" in answer.text
    assert 'id="field-organisation-error"' in answer.text
    assert 'id="field-address-error"' in answer.text
    assert re.findall(r'name="kinds" value="(\w+)" checked', answer.text) == ["component"]
    with database.unit(write=False) as session:
        assert session.scalar(select(Source.id)) is None


@pytest.mark.parametrize("name", ["", "Shop", "a b", "-a", "a" * 101])
def test_wrong_name_is_told_at_its_field(admin, tmp_path, name):
    answer = post(admin, "/sources/new", kind="folder", name=name, address=str(tmp_path))
    assert answer.status_code == 422
    assert 'id="field-name-error"' in answer.text


def test_folder_outside_the_allowed_ones_is_refused(admin):
    answer = post(admin, "/sources/new", kind="folder", name="etc", address="/etc")
    assert answer.status_code == 422
    assert "PORTAL_SOURCE_FOLDERS" in answer.text


def test_name_that_is_taken_is_told(admin, shop, tmp_path):
    answer = post(admin, "/sources/new", kind="folder", name="shop", address=str(tmp_path))
    assert answer.status_code == 422
    assert "A source called" in answer.text


def test_added_source_is_asked_for_and_shown(admin, database, settings):
    answer = post(
        admin,
        "/sources/new",
        kind="github",
        name="larkmoor",
        organisation="larkmoor",
        address="https://hub.example.com/api/v3",
        token=TOKEN,
        patterns="a.yaml\r\nb.yaml",
        every_minutes="30",
        exclude="old-*",
    )
    assert answer.status_code == 303
    number = int(answer.location.rpartition("/")[2])
    declared = Declaration.read(get_source(database, number).declaration)
    assert declared.patterns == ("a.yaml", "b.yaml")
    assert declared.discovery.exclude == ("old-*",)
    assert declared.every_minutes == 30
    assert "user" not in declared.policy.kinds
    with database.unit(write=False) as session:
        box = create_secret_box(settings)
        assert find_secret(session, box, name_secret(number, "token")) == TOKEN
    page = admin.get(answer.location).text
    assert "is asked for and read as soon as a worker is free" in page
    assert f'hx-get="/sources/{number}"' in page
    assert f"http://localhost:8900/api/v1/sources/{number}/webhook" in page
    assert TOKEN not in page


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


def test_change_keeps_secrets_that_are_left_empty(admin, database, settings):
    number = int(
        post(
            admin,
            "/sources/new",
            kind="url",
            name="one",
            address="https://files.example.com/a.yaml",
            token=TOKEN,
            webhook="hook-secret",
        ).location.rpartition("/")[2]
    )
    page = admin.get(f"/sources/{number}/edit").text
    assert page.count("One is kept") == 2
    assert TOKEN not in page
    answer = post(
        admin,
        f"/sources/{number}/edit",
        kind="url",
        revision="1",
        address="https://files.example.com/b.yaml",
        by_hand="1",
        forget="webhook",
    )
    assert answer.status_code == 303
    box = create_secret_box(settings)
    with database.unit(write=False) as session:
        assert find_secret(session, box, name_secret(number, "token")) == TOKEN
        assert find_secret(session, box, name_secret(number, "webhook")) is None
    source = get_source(database, number)
    assert Declaration.read(source.declaration).every_minutes is None
    assert source.next_run_at is None


def test_two_who_change_at_once_are_told(admin, database, shop, tmp_path):
    url, same = f"/sources/{shop}/edit", {"kind": "folder", "address": str(tmp_path / "shop")}
    assert post(admin, url, revision="1", every_minutes="7", **same).status_code == 303
    late = post(admin, url, revision="1", every_minutes="9", **same)
    assert late.status_code == 409
    assert "Somebody else changed this source" in late.text
    assert 'value="9"' in late.text
    assert Declaration.read(get_source(database, shop).declaration).every_minutes == 7
    revision = re.search(r'name="revision" value="(\d+)"', late.text)[1]
    assert post(admin, url, revision=revision, every_minutes="9", **same).status_code == 303
    assert Declaration.read(get_source(database, shop).declaration).every_minutes == 9


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


def test_organisation_counts_what_is_held_once(admin, database, tmp_path):
    number = declare_org(database, 2, tmp_path)
    with database.unit(write=True) as session:
        session.execute(update(Source).values(held=2))
        session.execute(update(Source).where(Source.id == number).values(held=4))
    assert "Remove 4 entities" in words_of(admin.get(f"/sources/{number}"))
    press(admin, number, "confirm-removals")
    assert get_source(database, number).confirmed_removals == 4
    child = words_of(admin.get(f"/sources/{number + 1}"))
    assert "An organisation decides for its repositories" in child
    assert "Remove 2 entities" not in child


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


def test_problems_of_repositories_lead_to_their_hosts(admin, database, tmp_path):
    number = declare_org(database, 30, tmp_path)
    page = admin.get(f"/sources/{number}").text
    assert "https://hub.example.com/larkmoor/r0000/blob/main/docs/a%20b.yaml#L7" in page
    seen, url = [], f"/sources/{number}"
    while url:
        page = unescape(admin.get(url).text)
        seen += re.findall(r"Problem (\d+)\.", page)
        found = re.search(r'href="([^"]*problems=[^"]*)#problems">Next', page.replace("\n", ""))
        url = found and found[1]
    assert sorted(map(int, seen)) == list(range(30))


def test_repositories_are_filtered_and_paged(admin, database, tmp_path):
    number = declare_org(database, 40, tmp_path)

    def find(query=""):
        page = unescape(admin.get(f"/sources/{number}{query}").text).replace("\n", "")
        part = page.partition('id="repositories"')[2].partition('id="problems"')[0]
        after = re.search(r'href="[^"?]*(\?[^"#]*repositories=[^"#]*)#repositories">Next', part)
        return re.findall(r">larkmoor/(r\d+)</a>", part), after and after[1]

    first, after = find()
    second, end = find(after)
    assert first + second == [f"r{n:04}" for n in range(40)]
    assert end is None
    assert find("?state=failing")[0] == [f"r{n:04}" for n in range(0, 40, 3)]
    assert find("?q=R0012")[0] == ["r0012"]
    assert find("?q=%25")[0] == []
    assert find("?state=fresh&q=r000")[0] == ["r0001", "r0002", "r0004", "r0005", "r0007", "r0008"]
    assert admin.get(f"/sources/{number}?repositories=edited").status_code == 422


def test_budget_of_the_host_is_told(admin, database, tmp_path):
    page = words_of(admin.get(f"/sources/{declare_org(database, 3, tmp_path)}"))
    assert "12 in the last run, 9 of them answered “not modified”" in page
    assert "4,988 of 5,000 left until 08:00 UTC" in page


def test_same_queries_for_one_and_for_a_thousand(client, database, tmp_path):
    counts = []
    for many in (1, 1000):
        with database.unit(write=True) as session:
            session.query(SourceRun).delete()
            session.query(CatalogProblem).delete()
            session.query(Source).filter(Source.parent_id.is_not(None)).delete()
            session.query(Source).delete()
            for n in range(many):
                session.add(Source(name=f"s{n}", kind="folder", created_at=utc_now()))
        number = declare_org(database, many, tmp_path)
        urls = ("/sources", f"/sources/{number}", f"/sources/{number + 1}")
        counts.append([count_queries(client, database, url) for url in urls])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 14


def test_runs_are_paged_and_told_in_words(admin, database, shop):
    with database.unit(write=True) as session:
        for n in range(25):
            run = SourceRun(source_id=shop, started_at=utc_now(), finished_at=utc_now())
            run.outcome, run.failure, run.reason = "failed", f"Reason {n}.", "schedule"
            session.add(run)
        session.add(SourceRun(source_id=shop, started_at=utc_now(), reason="request"))
    seen, url = [], f"/sources/{shop}"
    first = words_of(admin.get(url))
    assert "cut short" in first
    while url:
        page = unescape(admin.get(url).text).replace("\n", "")
        seen += re.findall(r"Reason (\d+)\.", page)
        found = re.search(r'href="([^"]*runs=[^"]*)#runs">Next', page)
        url = found and found[1]
    assert seen == [str(n) for n in reversed(range(25))]


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


def test_forms_need_their_token(admin, shop):
    assert admin.post(f"/sources/{shop}/pause").status_code == 400
