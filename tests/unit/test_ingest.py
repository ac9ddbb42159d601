"""Ingesting: idempotent, resumable, never removing what it could not read."""

from __future__ import annotations

import os
import random

import pytest
from sqlalchemy import select

from portal.audit.queries.entries import list_entries
from portal.auth.core import ANONYMOUS, CLI
from portal.catalog.models import CatalogProblem, Entity, EntityAlias, EntityRelation, EntityTag
from portal.errors import Forbidden
from portal.sources.flows import ingesting
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder
from portal.sources.service.removals import undo_removals


def component(name: str, **spec: str) -> str:
    more = "".join(f"  {key}: {value}\n" for key, value in spec.items())
    return (
        f"---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n"
        f"  tags: [t-{name}]\nspec:\n  type: service\n  lifecycle: production\n"
        f"  owner: crew\n{more}"
    )


def ingest(database, folder, name="s", **options):
    return Ingest(database, CLI, name, **options).run([Folder.open(str(folder))])


def snapshot(database) -> dict[str, object]:
    """Return everything but ids and times."""
    with database.unit(write=False) as session:

        def rows(*columns):
            return sorted(map(str, session.execute(select(*columns))))

        return {
            "entities": rows(
                Entity.ref,
                Entity.digest,
                Entity.file,
                Entity.document_number,
                Entity.line,
                Entity.owner,
            ),
            "tags": rows(EntityTag.ref, EntityTag.tag),
            "relations": rows(
                EntityRelation.declared_by,
                EntityRelation.type,
                EntityRelation.source,
                EntityRelation.target,
            ),
            "aliases": rows(EntityAlias.ref, EntityAlias.system, EntityAlias.value),
            "problems": rows(
                CatalogProblem.rule,
                CatalogProblem.ref,
                CatalogProblem.file,
                CatalogProblem.line,
                CatalogProblem.message,
            ),
        }


def refs(database) -> set[str]:
    with database.unit(write=False) as session:
        return set(session.scalars(select(Entity.ref)))


def test_twice_changes_nothing(database, tmp_path):
    (tmp_path / "a.yaml").write_text(component("a") + component("b", dependsOn="[component:a]"))
    assert ingest(database, tmp_path).created == 2
    before = snapshot(database)
    again = ingest(database, tmp_path)
    assert (again.created, again.updated, again.removed, again.unchanged) == (0, 0, 0, 2)
    assert snapshot(database) == before


def test_unreadable_document_holds_removals(database, tmp_path):
    (tmp_path / "a.yaml").write_text(component("a") + component("b"))
    ingest(database, tmp_path)
    (tmp_path / "a.yaml").write_text(component("a") + "---\nkind: X\nmetadata: {name: [\n")
    outcome = ingest(database, tmp_path)
    assert (outcome.removed, outcome.held) == (0, 1)
    (tmp_path / "a.yaml").write_text(component("a"))
    assert ingest(database, tmp_path).removed == 1


def test_undo_brings_back_and_holds(database, tmp_path, now):
    (tmp_path / "a.yaml").write_text(component("a") + component("b"))
    ingest(database, tmp_path)
    (tmp_path / "a.yaml").write_text(component("a"))
    ingest(database, tmp_path)
    assert refs(database) == {"component:default/a"}
    with database.unit(write=True) as session:
        assert undo_removals(session, CLI, None, now=now) == ["component:default/b"]
    assert ingest(database, tmp_path).held == 1
    assert ingest(database, tmp_path, remove=True).removed == 1


def test_first_source_keeps_a_ref(database, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(component("a", system=name))
    ingest(database, tmp_path / "one", "one")
    assert ingest(database, tmp_path / "two", "two").conflicts == 1
    problems = "\n".join(snapshot(database)["problems"])
    assert "one (a.yaml:2)" in problems
    assert "two (a.yaml:2)" in problems
    (tmp_path / "one" / "a.yaml").unlink()
    ingest(database, tmp_path / "one", "one")
    assert ingest(database, tmp_path / "two", "two").created == 1


def test_people_is_audited(database, tmp_path):
    (tmp_path / "a.yaml").write_text(component("a"))
    ingest(database, tmp_path, people=True)
    with database.unit(write=False) as session:
        actions = {entry.action for entry in list_entries(session)}
    assert {"source.trust_for_people", "source.ingest"} <= actions


def test_a_stranger_writes_nothing(database, tmp_path):
    with pytest.raises(Forbidden):
        Ingest(database, ANONYMOUS, "s").run([Folder.open(str(tmp_path))])


class Killed(Exception):  # noqa: N818 - what happened
    """Stands for kill -9 after a batch."""


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_killed_after_each_batch(database, tmp_path, monkeypatch, after):
    for i in range(4):
        (tmp_path / f"{i}.yaml").write_text(component(f"c{i}") + component(f"old{i}"))
    monkeypatch.setattr(ingesting, "BATCH_ROWS", 1)
    ingest(database, tmp_path)
    for i in range(4):
        (tmp_path / f"{i}.yaml").write_text(component(f"c{i}", system="new"))
    real, done = ingesting.apply_files, []

    def apply(*args, **options):
        if len(done) == after:
            raise Killed
        done.append(1)
        return real(*args, **options)

    monkeypatch.setattr(ingesting, "apply_files", apply)
    with pytest.raises(Killed):
        ingest(database, tmp_path)
    assert {f"component:default/old{i}" for i in range(4)} <= refs(database)
    monkeypatch.setattr(ingesting, "apply_files", real)
    ingest(database, tmp_path)
    assert refs(database) == {f"component:default/c{i}" for i in range(4)}


@pytest.mark.parametrize("seed", range(6))
def test_any_edits_equal_a_fresh_import(database, tmp_path, seed):
    rng = random.Random(seed)
    folder = tmp_path / "files"
    folder.mkdir()
    files: dict[str, list[str]] = {f"{n}.yaml": [f"n{n}"] for n in range(5)}
    for _ in range(8):
        change(rng, files)
        for path in folder.iterdir():
            path.unlink()
        for path, names in files.items():
            text = "".join(
                component(n, dependsOn=f"[component:n{rng.randrange(9)}]") for n in names
            )
            (folder / path).write_text(text)
        ingest(database, folder, remove=True)
    grown = snapshot(database)
    ingest(database, make_empty(tmp_path), remove=True)
    ingest(database, folder, remove=True)
    assert snapshot(database) == grown


def make_empty(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir(exist_ok=True)
    return empty


def change(rng: random.Random, files: dict[str, list[str]]) -> None:
    """Edit, rename, delete, move or repeat something."""
    act = rng.choice(("add", "delete", "rename", "move", "repeat"))
    path = rng.choice(sorted(files))
    if act == "add":
        files.setdefault(f"{rng.randrange(9)}.yaml", []).append(f"n{rng.randrange(12)}")
    elif act == "delete" and len(files) > 2:
        del files[path]
    elif act == "rename":
        files[f"{rng.randrange(20, 30)}.yaml"] = files.pop(path)
    elif act == "move" and files[path]:
        files.setdefault(f"{rng.randrange(9)}.yaml", []).append(files[path].pop())
    elif files[path]:
        files.setdefault("0.yaml", []).append(files[path][0])


def test_what_no_database_holds_is_refused(database, tmp_path):
    head = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: "
    (tmp_path / "a.yaml").write_text(head + 'x\n  description: "a\\0b"\nspec: {"k\\0": 1}\n')
    (tmp_path / "b.yaml").write_text(head + 'y\nspec: {"k\\0": 1, "k\\0": 2}\n')
    (tmp_path / "c.yaml").write_text(head + "z\nspec: {n: {$json: n.json}}\n")
    (tmp_path / "n.json").write_text('{"half": "\\ud800"}')
    (tmp_path / os.fsdecode(b"\xff.yaml")).write_text(component("w"))
    os.mkfifo(tmp_path / "pipe.yaml")
    assert ingest(database, tmp_path).created == 0
    with database.unit(write=False) as session:
        found = session.execute(select(CatalogProblem.file, CatalogProblem.rule))
        found = [tuple(row) for row in found]
    assert dict(found) == {
        "a.yaml": "character",
        "b.yaml": "yaml",
        "c.yaml": "character",
        "pipe.yaml": "unreadable",
        "\ufffd.yaml": "unreadable",
    }


def test_numbers_without_value_are_null(database, client, tmp_path):
    (tmp_path / "a.yaml").write_text(component("a", n=".inf", m=".NaN", big="1e400"))
    ingest(database, tmp_path)
    spec = client.get("/api/v1/entities/component/default/a").get_json()["spec"]
    assert (spec["n"], spec["m"], spec["big"]) == (None, None, None)
