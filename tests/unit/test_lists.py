"""Totals, views, marks and pages of lists."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import insert

from portal.auth.core import CLI
from portal.catalog.models import EntityAlias
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder

COMPONENT = """---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: {name}, title: {title}, description: {description}}}
spec: {{type: service, lifecycle: production, owner: crew}}
"""


def write(path, rows):
    path.write_text("".join(COMPONENT.format(name=n, title=t, description=d) for n, t, d in rows))


def ingest(database, folder):
    return Ingest(database, CLI, "s", remove=True).run([Folder.open(str(folder))])


def test_totals_say_at_least_when_hits_were_left_out(client, database, tmp_path):
    parts = [(f"a{n}xpay", "a", "none") for n in range(700)]
    words = [(f"b{n}", "b", "xpay") for n in range(700)]
    write(tmp_path / "a.yaml", parts)
    write(tmp_path / "b.yaml", words)
    ingest(database, tmp_path)
    found = client.get("/api/v1/entities?q=xpay").get_json()
    assert (found["total"], found["total_is"]) == (1000, "at_least")
    assert client.get("/api/v1/facets?q=xpay").get_json()["total_is"] == "at_least"
    suggested = client.get("/search?q=xpay", headers={"HX-Request": "true"}).text
    assert "At least 1,000 hits" in suggested
    assert "at least 1,000 hits" in client.get("/search?q=xpay").text
    page = client.get("/catalog?q=xpay").text
    assert 'role="status">at least 1,000' in page
    assert "25 of at least 1,000" in page
    (tmp_path / "b.yaml").unlink()
    ingest(database, tmp_path)
    found = client.get("/api/v1/entities?q=xpay").get_json()
    assert (found["total"], found["total_is"]) == (700, "exact")


@pytest.mark.parametrize("beginning", ["xpay", "axpay"])
def test_names_and_titles_of_one_entity_fill_the_thousand_too(
    client, database, tmp_path, beginning
):
    write(tmp_path / "a.yaml", [(f"{beginning}{n}", f"{beginning}{n}y", "d") for n in range(700)])
    ingest(database, tmp_path)
    found = client.get("/api/v1/entities?q=xpay").get_json()
    assert found["total"] == 700 or found["total_is"] == "at_least"


def test_aliases_of_more_than_a_thousand_are_at_least_so_many(client, database, tmp_path):
    write(tmp_path / "a.yaml", [(f"n{n}", "t", "d") for n in range(1100)])
    ingest(database, tmp_path)
    rows = [
        {
            "ref": f"component:default/n{n}",
            "system": system,
            "value": "acme/mono",
            "confidence": "certain",
            "confirmed_by": "",
        }
        for n in range(1100)
        for system in ("one", "two")
    ]
    with database.unit(write=True) as session:
        session.execute(insert(EntityAlias), rows)
    found = client.get("/api/v1/entities?q=acme/mono").get_json()
    assert found["total_is"] == "at_least"


def test_services_view_of_a_question_lists_services(client, demo):
    page = client.get("/catalog?q=pay").text
    url = unescape(re.search(r'href="([^"]+)"[^>]*>Services ', page)[1])
    services = client.get(url).text
    assert "view=services" in url
    assert re.search(r'aria-current="true"[^>]*>Services ', services)
    assert "Payments SDK" in page
    assert "Payments SDK" not in services


@pytest.mark.parametrize("query", ["q=pay", "q=pay&view=services", "view=services", ""])
def test_choosing_a_kind_lists_as_many_as_stand_beside_it(client, demo, query):
    page = client.get(f"/catalog?{query}").text
    for kind in ("user", "component"):
        count = re.search(rf'value="{kind}".*?class="count">(\d+)<', page)
        head = client.get(f"/catalog?{query}&kind={kind}").text.partition('role="status">')[2]
        assert count
        assert head.startswith(count[1])
