"""Pages and API over the demo company."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from portal.auth.core import CLI
from portal.demo.flows import write_company
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder

PAGES = (
    "/catalog",
    "/catalog?kind=component&q=service",
    "/catalog/component/default/checkout-service",
    "/catalog/component/default/checkout-service?tab=raw",
    "/catalog/problems",
    "/-/patterns",
    "/catalog/component/default/checkout-service?tab=relations",
)


@pytest.mark.parametrize("url", PAGES)
def test_page_answers_with_strict_policy(client, demo, url):
    answer = client.get(url)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "HX-Request" in answer.headers["Vary"]


def test_htmx_gets_only_the_rows(client, demo):
    whole = client.get("/catalog").text
    part = client.get("/catalog", headers={"HX-Request": "true"}).text
    assert "<html" in whole
    assert "<html" not in part
    assert "checkout" in client.get("/catalog?q=checkout", headers={"HX-Request": "true"}).text


def test_list_filters_and_counts(client, demo):
    answer = client.get("/api/v1/entities?kind=component&limit=200").get_json()
    assert answer["total"] == len(answer["items"]) > 50
    assert {item["kind"] for item in answer["items"]} == {"component"}
    owner = answer["items"][0]["owner"]
    owned = client.get(f"/api/v1/entities?owner={owner}&limit=200").get_json()["items"]
    assert {item["owner"] for item in owned} == {owner}


@pytest.mark.parametrize("sort", ["name", "-name", "updated", "-updated"])
def test_cursors_visit_everything_once(client, demo, sort):
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/api/v1/entities?limit=17&sort={sort}&cursor={cursor}").get_json()
        seen += [item["ref"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == page["total"]


def test_entity_in_backstage_shape(client, demo):
    answer = client.get("/api/v1/entities/component/default/checkout-service")
    document = answer.get_json()
    assert document["kind"] == "Component"
    assert {"type", "targetRef"} == set(document["relations"][0])
    again = client.get(answer.request.path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("url", "status", "word"),
    [
        ("/api/v1/entities?cursor=edited", 422, "cursor"),
        ("/api/v1/entities?bogus=1", 422, "bogus"),
        ("/api/v1/entities?limit=0", 422, "limit"),
        ("/api/v1/entities?limit=5&limit=6", 422, "limit"),
        ("/api/v1/entities/component/default/nothing", 404, "nothing"),
        ("/api/v1/entities/component/default/" + "x" * 10_000, 422, "name"),
        ("/api/v1/nowhere", 404, "address"),
        ("/api/v1/entities?q=%00", 400, "NUL"),
        ("/api/v1/entities/component/default/a%00", 400, "NUL"),
    ],
)
def test_bad_input_is_a_clear_problem(client, demo, url, status, word):
    answer = client.get(url)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert word in answer.text
    assert "Traceback" not in answer.text


def test_wrong_filter_on_a_page_is_a_page(client, demo):
    answer = client.get("/catalog?bogus=1")
    assert answer.status_code == 422
    assert "bogus" in answer.text


def test_dangling_reference_is_listed(client, demo):
    found = client.get("/api/v1/problems").get_json()
    assert any(
        p["rule"] == "dangling" and "gift-wrap-service" in p["message"] for p in found["items"]
    )
    page = client.get("/catalog/component/default/checkout-service").text
    assert "gift-wrap-service" in page


def test_check_over_http(client):
    text = "kind: Component\napiVersion: backstage.io/v1alpha1\nmetadata:\n  name: a b\n"
    answer = client.post("/api/v1/catalog/check", data=text).get_json()
    [error] = answer["documents"][0]["errors"]
    assert (error["path"], error["line"]) == ("metadata.name", 4)
    assert answer["summary"]["error"] == 1


def test_probes(client, demo):
    assert client.get("/-/live").status_code == 200
    assert client.get("/-/ready").status_code == 200
    assert "plumbline_http_request_duration_seconds_bucket" in client.get("/-/metrics").text


def test_html_in_every_field_is_text(client, database, tmp_path):
    evil = "<script>alert(1)</script>"
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.yaml").write_text(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        f"metadata:\n  name: evil\n  title: '{evil}'\n  description: '{evil}'\n"
        f"  annotations: {{a: '{evil}'}}\n"
        f"  links: [{{url: 'javascript:alert(1)', title: '{evil}'}}]\n"
        f"spec: {{type: '{evil}', lifecycle: '{evil}', owner: '{evil}', x: '{evil}'}}\n"
    )
    Ingest(database, CLI, "evil").run([Folder.open(str(tmp_path / "x"))])
    for url in ("/catalog", "/catalog/component/default/evil", "/catalog/problems"):
        text = client.get(url).text
        assert evil not in text
        assert 'href="javascript' not in text


def test_same_few_queries_at_any_size(client, database, tmp_path):
    counts = []
    for size in (100, 1000):
        write_company(tmp_path / str(size), size, 1)
        Ingest(database, CLI, "big", remove=True).run([Folder.open(str(tmp_path / str(size)))])
        ref = client.get("/api/v1/entities?kind=component&limit=1").get_json()["items"][0]
        urls = ("/catalog", "/api/v1/entities", f"/catalog/component/default/{ref['name']}")
        counts.append([count_queries(client, database, url) for url in urls])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 8


def count_queries(client, database, url: str) -> int:
    client.get(url)
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith(("PRAGMA", "BEGIN")):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    assert client.get(url).status_code == 200
    event.remove(database.engine, "before_cursor_execute", note)
    return len(seen)
