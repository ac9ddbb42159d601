"""The explanation as a page, over the API, and as a command."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from portal.auth.core import CLI
from portal.cli import Tools, portal
from portal.sources.core.trees import ListedTree
from portal.sources.flows.ingesting import Ingest
from portal.sources.models import Source
from tests.conftest import NOW

GOOD = """apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: ledger
spec:
  type: service
  lifecycle: production
  owner: team-a
"""
BAD = GOOD.replace("name: ledger", "name: Led ger")


@pytest.fixture
def ledger(database):
    """Read two files, one of them wrong."""
    files = {"a/catalog-info.yaml": GOOD, "b/catalog-info.yaml": GOOD + "---\n" + BAD}
    tree = ListedTree(
        "t", {path: path for path in files}, lambda p: files[p].encode(), patterns=["**"]
    )
    Ingest(database, CLI, "books").run([tree])
    return database


def ask_page(client, text, **headers):
    return client.get("/catalog/explain", query_string={"url": text}, headers=headers)


def test_the_page_is_a_form_with_one_field(client, database):
    answer = client.get("/catalog/explain")
    assert answer.status_code == 200
    assert answer.text.count('name="url"') == 1
    assert 'method="get"' in answer.text


def test_the_page_says_the_headline_first_and_links(client, ledger):
    page = ask_page(client, "books/a/catalog-info.yaml").text
    assert page.index("verdict__words") < page.index("steps__step")
    assert "It is here" in page
    assert 'href="/catalog/component/default/ledger"' in page
    source = re.search(r'href="(/sources/\d+)">books<', page)
    assert source
    assert client.get(source[1]).status_code == 200
    wrong = ask_page(client, "books/b/catalog-info.yaml").text
    assert "stops here" in wrong
    assert "/catalog/problems?source=books" in wrong
    assert "line 13" in wrong


def test_what_is_pasted_is_escaped_and_secrets_are_not_repeated(client, database):
    page = ask_page(client, '"><script>alert(1)</script>').text
    assert "<script>alert" not in page
    secret = "https://ada:hunter2@github.com/a/b/blob/main/c.yaml?token=hunter2"
    assert "hunter2" not in ask_page(client, secret).text.partition("<main")[2]
    answer = client.get("/api/v1/catalog/explain", query_string={"url": secret})
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("text", ["x" * 2001, "a\0b"])
def test_what_is_too_long_or_no_text_is_refused(client, database, text):
    assert ask_page(client, text).status_code in (400, 422)


@pytest.mark.parametrize(
    "text",
    [
        "%",
        "_/%.yaml",
        "https://[::1]/a/b",
        "https://github.com/" + "a/" * 300,
        "component:" + "x" * 1900,
        "a" * 2000,
        "🙂",
        "https://github.com/%00/%ff/blob/main/x.yaml",
        "git@github.com:../../x.git",
        "/catalog///",
        "c:\\x\\y.yaml",
        "../../etc/passwd.yaml",
        "https://github.com:99999/a/b",
    ],
)
def test_odd_questions_are_answered(client, ledger, text):
    answer = client.get("/api/v1/catalog/explain", query_string={"url": text})
    assert answer.status_code == 200
    assert answer.get_json()["answer"] in ("not_here", "unknown")


def test_the_api_gives_the_same_steps(client, ledger):
    found = client.get(
        "/api/v1/catalog/explain", query_string={"url": "component:default/ledger"}
    ).get_json()
    assert found["answer"] == "here"
    assert found["steps"][-1]["ref"] == "component:default/ledger"
    missing = client.get(
        "/api/v1/catalog/explain", query_string={"url": "component:ledgr"}
    ).get_json()
    assert missing["nearest"] == ["component:default/ledger"]


def test_pages_that_show_nothing_lead_here(client, ledger):
    assert "/catalog/explain?url=zzzz" in client.get("/search?q=zzzz").text
    assert "/catalog/explain?url=zzzz" in client.get("/catalog?q=zzzz").text
    assert "/catalog/explain" in client.get("/catalog/problems").text
    lost = client.get("/catalog/component/default/ledgr")
    assert lost.status_code == 404
    assert "/catalog/explain?url=/catalog/component/default/ledgr" in lost.text
    page = ask_page(client, "/catalog/component/default/ledgr").text
    assert "Nothing that was read is called" in page


def test_the_palette_has_it_and_the_bar_does_not(client, ledger):
    page = client.get("/catalog").text
    bar, _, rest = page.partition("</header>")
    assert "Why is it (not) here?" not in bar
    assert "Why is it (not) here?" in rest


@pytest.fixture
def run(ledger):
    """Run the command on the test's own database."""
    tools = Tools(open_database=lambda: ledger, undo_hours=lambda: 72)

    def call(*words):
        return CliRunner().invoke(portal.commands["catalog"], ["explain", *words], obj=tools)

    return call


def test_the_command_prints_steps_and_exits_by_the_answer(run):
    good = run("component:ledger")
    assert good.exit_code == 0, good.output
    assert good.output.startswith("It is here. component:default/ledger is in the catalog")
    bad = run("books/b/catalog-info.yaml")
    assert bad.exit_code == 1
    assert "STOPS HERE" in bad.output
    written = json.loads(run("component:ledger", "--json").output)
    assert written["answer"] == "here"


def test_a_file_on_this_machine_is_judged_right_there(run, tmp_path):
    path = tmp_path / "new.yaml"
    path.write_text(BAD)
    bad = run(str(path))
    assert bad.exit_code == 1
    assert "Led ger" in bad.output
    assert "Line 4" in bad.output
    path.write_text(GOOD)
    here = run(str(path))
    assert (here.exit_code, "is in the catalog, read from `books`" in here.output) == (0, True)
    path.write_text(GOOD.replace("ledger", "fresh"))
    assert "would bring it" in run(str(path)).output


def test_a_file_below_a_folder_source_meets_its_patterns_and_policy(run, ledger, tmp_path):
    declaration = {
        "kind": "folder",
        "address": str(tmp_path.resolve()),
        "patterns": ["x/*.yaml"],
        "discovery": {},
        "policy": {"kinds": ["api"], "namespaces": ["*"], "refs": ["*"]},
    }
    with ledger.unit(write=True) as session:
        session.add(Source(name="folder", kind="folder", declaration=declaration, created_at=NOW))
    path = tmp_path / "new.yaml"
    path.write_text(GOOD)
    found = run(str(path)).output
    assert "No pattern of `folder` takes `new.yaml`" in found
    assert "may not define component entities" in found
