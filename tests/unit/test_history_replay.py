"""Whatever is done in whatever order: every past time is told as it was, names included."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from sqlalchemy import select

from portal.auth.core import CLI
from portal.catalog.core.document_fields import Change
from portal.catalog.core.records import PORTAL
from portal.catalog.models import Entity, EntityOverlay, EntityRevision, RemovedEntity
from portal.catalog.queries.details import list_relations
from portal.catalog.queries.history import list_relations_at, list_revisions, read_at, read_change
from portal.catalog.queries.lineage import find_present_name
from portal.catalog.service.editing import (
    create_entity,
    delete_entity,
    edit_entity,
    remove_overlays,
)
from portal.catalog.service.renames import rename_made
from portal.catalog.service.restoring import restore_entity
from portal.infra.clock import utc_now
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder
from tests.unit.managed import component

SOURCES = ("north", "south")
STEPS = 24


def ref_of(name):
    return f"component:default/{name}"


class World:
    """Two sources on disk and the portal; and beside them a naive model of who is who.

    `who` tells which entity has a name, or had it last; `names` what each is called.
    """

    def __init__(self, database, folder, rng) -> None:
        self.database, self.folder, self.rng = database, folder, rng
        self.files = {name: {} for name in SOURCES}
        self.who, self.left_to, self.past, self.count = {}, {}, [], 0

    def unit(self):
        return self.database.unit(write=True)

    def fresh_name(self):
        free = [n for n in range(12) if ref_of(f"n{n}") not in self.present()]
        return f"n{self.rng.choice(free)}" if free else None

    def present(self):
        with self.database.unit(write=False) as session:
            return {e.ref: e for e in session.scalars(select(Entity))}

    def ingest(self, source):
        folder = self.folder / source
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        for path, (name, number) in self.files[source].items():
            end = (number * 5) % 12
            text = component(name, dependsOn=f"[component:n{end}]")
            text = text.replace("spec:", f"  description: thing {number}\nspec:")
            (folder / path).write_text(text)
        Ingest(self.database, CLI, source, remove=True).run([Folder.open(str(folder))])

    def pick_file(self):
        source = self.rng.choice(SOURCES)
        files = self.files[source]
        return source, (self.rng.choice(sorted(files)) if files else None)

    def step(self):
        """Do one thing; returns the rename it must have been, if it was one."""
        often = ("add", "rename", "move_name", "make", "back", "rename_made")
        once = ("change", "drop", "swap", "overlay", "unlay", "delete", "edit_made")
        return getattr(self, self.rng.choice((*often, *often, *once)))()

    def add(self):
        source, _ = self.pick_file()
        name = self.fresh_name()
        if name:
            self.count += 1
            self.files[source][f"f{self.count}.yaml"] = (name, self.count)
            self.ingest(source)

    def change(self):
        source, path = self.pick_file()
        if path:
            self.count += 1
            name, _ = self.files[source][path]
            self.files[source][path] = (name, self.count)
            self.ingest(source)

    def drop(self):
        source, path = self.pick_file()
        if path:
            del self.files[source][path]
            self.ingest(source)

    def rename(self, *, moves=False):
        source, path = self.pick_file()
        name = self.fresh_name()
        if not path or not name:
            return None
        old, number = self.files[source].pop(path)
        self.count += 1
        self.files[source][f"f{self.count}.yaml" if moves else path] = (name, number)
        was = self.present().get(ref_of(old))
        self.ingest(source)
        is_ours = was is not None and was.source == source
        return (ref_of(old), ref_of(name)) if is_ours else None

    def move_name(self):
        return self.rename(moves=True)

    def swap(self):
        """Two files exchange their names: both entities stay who they are, by name."""
        source, _ = self.pick_file()
        files = self.files[source]
        if len(files) > 1:
            one, other = self.rng.sample(sorted(files), 2)
            files[one], files[other] = (
                (files[other][0], files[one][1]),
                (files[one][0], files[other][1]),
            )
            self.ingest(source)

    def pick(self, *, made):
        found = [r for r, e in sorted(self.present().items()) if (e.source == PORTAL) == made]
        return self.rng.choice(found) if found else None

    def overlay(self):
        self.edit(self.pick(made=False))

    def edit_made(self):
        self.edit(self.pick(made=True))

    def edit(self, ref):
        if ref:
            self.count += 1
            changes = [Change("/metadata/title", f"title {self.count}")]
            with self.unit() as session:
                edit_entity(session, CLI, ref, changes=changes, version=None, now=utc_now())

    def unlay(self):
        with self.unit() as session:
            refs = sorted(self.present().keys() & set(session.scalars(select(EntityOverlay.ref))))
            if refs:
                pointers = ["/metadata/title"]
                remove_overlays(
                    session, CLI, refs[0], pointers=pointers, version=None, now=utc_now()
                )

    def make(self):
        name = self.fresh_name()
        if name:
            spec = {"type": "service", "lifecycle": "x", "owner": ref_of(name)}
            if self.present():  # people may name only what is there
                spec["dependsOn"] = [self.rng.choice(sorted(self.present()))]
            document = {
                "apiVersion": "backstage.io/v1alpha1",
                "kind": "Component",
                "metadata": {"name": name},
                "spec": spec,
            }
            with self.unit() as session:
                create_entity(session, CLI, document, now=utc_now())

    def delete(self):
        ref = self.pick(made=True)
        if ref:
            with self.unit() as session:
                delete_entity(session, CLI, ref, version=None, now=utc_now())

    def back(self):
        with self.unit() as session:
            gone = set(session.scalars(select(RemovedEntity.ref))) - self.present().keys()
            if gone:
                restore_entity(session, CLI, self.rng.choice(sorted(gone)), now=utc_now())

    def rename_made(self):
        ref, name = self.pick(made=True), self.fresh_name()
        if not ref or not name:
            return None
        with self.unit() as session:
            rename_made(session, CLI, ref, name, version=None, now=utc_now())
        return ref, ref_of(name)

    def note(self, renamed):
        """Bring the model to what was done, and remember everything as it is."""
        present = self.present()
        if renamed:
            old, new = renamed
            assert old not in present
            self.who[new] = self.who.pop(old)
            self.left_to[old] = self.who[new]
        for ref in present:
            if ref not in self.who:
                self.who[ref] = object()
            self.left_to.pop(ref, None)
        with self.database.unit(write=False) as session:
            relations = {ref: list_relations(session, ref) for ref in present}
        documents = {ref: entity.document for ref, entity in present.items()}
        named = {self.who[ref]: ref for ref in present}
        self.past.append((utc_now(), named, documents, relations))


def check(world):
    """Compare every past time with what was there then."""
    present = world.present()
    with world.database.unit(write=False) as session:
        for ref in world.who:
            rows = list_revisions(session, ref, limit=500)
            assert len({row.id for row in rows}) == len(rows)
            # Each change ends where the next begins.
            for newer, older in pairwise(rows):
                after = read_change(session, ref, older.id)[2]
                assert after == read_change(session, ref, newer.id)[1]
            for at, named, documents, relations in world.past:
                name = named.get(world.who[ref])
                found = read_at(session, ref, at)
                assert found.document == documents.get(name), (ref, name)
                if name is not None:
                    assert found.ref == name
                    assert list_relations_at(session, name, at) == relations[name]
        names = {identity: ref for ref, identity in world.who.items()}
        for old, identity in world.left_to.items():
            assert find_present_name(session, old) == names.get(identity)
        for ref in present:
            assert find_present_name(session, ref) is None


@pytest.mark.parametrize("seed", range(3))
def test_every_past_time_is_told_as_it_was(database, tmp_path, seed):
    world = World(database, tmp_path, random.Random(seed))
    renames = 0
    for _ in range(STEPS):
        renamed = world.step()
        world.note(renamed)
        renames += renamed is not None
        with database.unit(write=False) as session:
            noted = session.scalars(
                select(EntityRevision.ref).where(EntityRevision.change == "renamed")
            ).all()
        assert len(noted) == renames
    check(world)
