"""Descriptors of other products in a source: beside Backstage's, moved, gone, brought back."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select

from portal.auth.core import CLI
from portal.catalog.models import CatalogProblem, Entity
from portal.sources.service.removals import undo_removals
from tests.unit.test_ingest import component, ingest, make_empty, refs, snapshot

TEAM = (
    "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: {name}\n"
    "  annotations:\n    github.com/team-slug: acme/{slug}\n"
    "spec: {{type: team, children: []}}\n"
)


def opslevel(name: str, owner: str = "crew", more: str = "") -> str:
    return f"---\nversion: 1\nservice:\n  name: {name}\n  owner: {owner}\n  lifecycle: beta\n{more}"


def datadog(name: str) -> str:
    return f"---\nschema-version: v2.2\ndd-service: {name}\nteam: crew\nlifecycle: production\n"


def cortex(name: str) -> str:
    return (
        f"---\nopenapi: 3.0.1\ninfo:\n  title: {name}\n  x-cortex-tag: {name}\n"
        "  x-cortex-owners: [{type: group, name: crew}]\npaths:\n  /a: {get: {responses: {}}}\n"
    )


def problems(database, rule: str) -> list[tuple[str | None, str, str]]:
    with database.unit(write=False) as session:
        rows = session.execute(
            select(CatalogProblem.ref, CatalogProblem.file, CatalogProblem.message)
            .where(CatalogProblem.rule == rule)
            .order_by(CatalogProblem.ref, CatalogProblem.file)
        )
        return [tuple(row) for row in rows]


def show(database, ref: str) -> Entity:
    with database.unit(write=False) as session:
        return session.scalars(select(Entity).where(Entity.ref == ref)).one()


def test_the_backstage_file_wins(database, tmp_path):
    (tmp_path / "a.yml").write_text(opslevel("pay"))
    ingest(database, tmp_path)
    assert show(database, "component:default/pay").read_as == "read as an OpsLevel service"
    (tmp_path / "z.yaml").write_text(component("pay"))
    outcome = ingest(database, tmp_path)
    assert (outcome.updated, outcome.refused, outcome.removed) == (1, 0, 0)
    assert show(database, "component:default/pay").file == "z.yaml"
    assert show(database, "component:default/pay").read_as == ""
    [(ref, file, message)] = problems(database, "shadowed")
    assert (ref, file) == ("component:default/pay", "a.yml")
    assert "Backstage file z.yaml:2" in message
    (tmp_path / "z.yaml").unlink()
    ingest(database, tmp_path)
    assert show(database, "component:default/pay").file == "a.yml"
    assert problems(database, "shadowed") == []


def test_a_repeat_in_files_of_one_product_is_an_error(database, tmp_path):
    (tmp_path / "a.yml").write_text(opslevel("pay"))
    (tmp_path / "b.yml").write_text(opslevel("pay"))
    assert ingest(database, tmp_path).refused == 0
    [(_, file, message)] = problems(database, "duplicate")
    assert file == "b.yml"
    assert "a.yml:2" in message


def test_two_products_in_one_repository_step_back_for_the_first(database, tmp_path):
    (tmp_path / "opslevel.yml").write_text(opslevel("pay"))
    (tmp_path / "datadog.yml").write_text(datadog("pay"))
    ingest(database, tmp_path)
    assert show(database, "component:default/pay").file == "datadog.yml"
    assert [file for _, file, _ in problems(database, "shadowed")] == ["opslevel.yml"]


def test_several_entities_of_one_document(database, tmp_path):
    (tmp_path / "c.yml").write_text(opslevel("pay") + cortex("berths"))
    first = ingest(database, tmp_path)
    assert (first.created, first.documents) == (3, 2)
    api = show(database, "api:default/berths")
    assert (api.document_number, api.line) == (2, 8)
    assert api.document["spec"]["definition"].startswith("openapi: 3.0.1\n")
    again = ingest(database, tmp_path)
    assert (again.unchanged, again.updated) == (3, 0)


def test_what_vanished_comes_back(database, tmp_path, now):
    (tmp_path / "c.yml").write_text(cortex("berths"))
    (tmp_path / "d.yml").write_text(datadog("pay"))
    ingest(database, tmp_path)
    (tmp_path / "c.yml").write_text("openapi: 3.0.1\n")
    assert ingest(database, tmp_path, remove=True).removed == 2
    with database.unit(write=True) as session:
        back = undo_removals(session, CLI, None, now=now)
    assert sorted(back) == ["api:default/berths", "component:default/berths"]
    assert show(database, "component:default/berths").read_as == "read as a Cortex service"


def test_a_broken_file_keeps_its_entities(database, tmp_path):
    (tmp_path / "a.yml").write_text(opslevel("pay"))
    ingest(database, tmp_path)
    (tmp_path / "a.yml").write_text(opslevel("pay") + "  owner: twice\n")
    outcome = ingest(database, tmp_path)
    assert (outcome.held, outcome.refused) == (1, 1)
    assert refs(database) == {"component:default/pay"}


def test_what_was_skipped_before_is_read_by_a_newer_reader(database, tmp_path, monkeypatch):
    (tmp_path / "a.yml").write_text(opslevel("pay"))
    monkeypatch.setattr("portal.sources.core.verdicts.detect", lambda _: None)
    monkeypatch.setattr("portal.sources.flows.terms.READER", b"1")
    assert ingest(database, tmp_path).created == 0
    monkeypatch.undo()
    assert ingest(database, tmp_path).created == 1


@pytest.mark.parametrize("seed", range(8))
def test_any_edits_equal_a_fresh_import(database, tmp_path, seed):
    rng = random.Random(seed)
    folder = tmp_path / "files"
    folder.mkdir()
    makers = (component, opslevel, datadog, cortex, lambda n: opslevel(n, "nobody", "  odd: 1\n"))
    files: dict[str, list[tuple[int, str]]] = {f"{n}.yaml": [(n, f"n{n}")] for n in range(5)}
    for _ in range(8):
        edit(rng, files, len(makers))
        for path in folder.iterdir():
            path.unlink()
        (folder / "CODEOWNERS").write_text(f"* @acme/t{rng.randrange(3)}\n")
        for path, held in files.items():
            (folder / path).write_text("".join(makers[maker](name) for maker, name in held))
        ingest(database, folder, remove=True)
    grown = snapshot(database)
    ingest(database, make_empty(tmp_path), remove=True)
    ingest(database, folder, remove=True)
    assert snapshot(database) == grown


def edit(rng: random.Random, files: dict[str, list[tuple[int, str]]], kinds: int) -> None:
    """Add, delete, rename, move, repeat, or hand an entity over to another product."""
    act = rng.choice(("add", "delete", "rename", "move", "repeat", "convert"))
    path = rng.choice(sorted(files))
    other = f"{rng.randrange(9)}.yaml"
    if act == "add":
        files.setdefault(other, []).append((rng.randrange(kinds), f"n{rng.randrange(9)}"))
    elif act == "delete" and len(files) > 2:
        del files[path]
    elif act == "rename":
        files[f"{rng.randrange(20, 30)}.yaml"] = files.pop(path)
    elif act == "move" and files[path]:
        files.setdefault(other, []).append(files[path].pop())
    elif act == "convert" and files[path]:
        files[path][0] = (rng.randrange(kinds), files[path][0][1])
    elif files[path]:
        files.setdefault("0.yaml", []).append(files[path][0])


def test_codeowners_suggests_for_whoever_has_no_owner(database, tmp_path, client):
    (tmp_path / "teams.yaml").write_text(TEAM.format(name="crew", slug="crew"))
    (tmp_path / "more.yaml").write_text(TEAM.format(name="money-team", slug="money"))
    for name in ("pay", "ship", "lost"):
        (tmp_path / name).mkdir()
    (tmp_path / "pay" / "x.yml").write_text(opslevel("pay", "gone"))
    (tmp_path / "ship" / "x.yml").write_text(opslevel("ship", "crew"))
    (tmp_path / "lost" / "x.yml").write_text(opslevel("lost", ""))
    (tmp_path / ".github").mkdir()
    rules = "* @acme/elsewhere\n/pay/ @jo @acme/money\n/ship/ @acme/money\n*.yml @acme/ci\n!x @a\n"
    (tmp_path / ".github" / "CODEOWNERS").write_text(rules)
    ingest(database, tmp_path)
    told = {ref: message for ref, _, message in problems(database, "owner-suggested")}
    assert set(told) == {"component:default/pay", "component:default/lost"}
    assert "`group:default/money-team`: .github/CODEOWNERS:2 names" in told["component:default/pay"]
    assert "`group:elsewhere`, whom the catalog" in told["component:default/lost"]
    assert [file for _, file, _ in problems(database, "codeowners")] == [".github/CODEOWNERS"]
    assert show(database, "component:default/pay").owner == "group:default/gone"
    page = client.get("/catalog/component/default/pay").get_data(as_text=True)
    assert "CODEOWNERS suggests" in page
    assert "read as an OpsLevel service" in page
    (tmp_path / ".github" / "CODEOWNERS").unlink()
    ingest(database, tmp_path)
    assert problems(database, "owner-suggested") == problems(database, "codeowners") == []


def test_a_team_two_groups_claim_is_not_mapped(database, tmp_path):
    (tmp_path / "a.yaml").write_text(TEAM.format(name="one", slug="money"))
    (tmp_path / "b.yaml").write_text(TEAM.format(name="two", slug="money"))
    (tmp_path / "c.yml").write_text(opslevel("pay", "gone"))
    (tmp_path / "CODEOWNERS").write_text("* @acme/money\n")
    ingest(database, tmp_path)
    [(_, _, message)] = problems(database, "owner-suggested")
    assert "`group:money`, whom the catalog does not know" in message


def test_the_page_tells_what_was_left_out(database, tmp_path, client):
    (tmp_path / "a.yml").write_text(opslevel("pay", more="  colour: blue\n"))
    ingest(database, tmp_path)
    page = client.get("/catalog/component/default/pay").get_data(as_text=True)
    assert "Changed or left out when it was read" in page
    assert "$.service.colour" in page


def test_check_names_the_product(client):
    answer = client.post("/api/v1/catalog/check", data=opslevel("pay", more="  colour: blue\n"))
    [document] = answer.get_json()["documents"]
    assert (document["product"], document["reason"]) == ("opslevel", "read as an OpsLevel service")
    assert [(w["rule"], w["path"], w["line"]) for w in document["warnings"]] == [
        ("unknown-field", "$.service.colour", 7),
        ("dropped", "$.service.colour", 7),
    ]


def test_a_repeat_takes_nothing_from_its_neighbours(database, tmp_path):
    text = opslevel("one", more="  colour: blue\n") + opslevel("pay")
    (tmp_path / "b.yml").write_text(text)
    ingest(database, tmp_path)
    before = problems(database, "unknown-field")
    (tmp_path / "a.yml").write_text(opslevel("pay"))
    ingest(database, tmp_path)
    assert problems(database, "unknown-field") == before != []
    assert show(database, "component:default/pay").file == "a.yml"
