"""Pages of large sources: filtered, paged, in a fixed number of queries."""

from __future__ import annotations

import re
from html import unescape

from sqlalchemy import update

from portal.catalog.models import CatalogProblem
from portal.infra.clock import utc_now
from portal.sources.models import Source, SourceRun
from tests.unit.source_looks import declare_org, get_source, press, words_of
from tests.unit.test_pages import count_queries


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
