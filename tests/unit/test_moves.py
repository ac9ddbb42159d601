"""Entities that move between sources, and names that several sources want."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from sqlalchemy import select

from portal.auth.core import CLI
from portal.catalog.models import CatalogProblem, Entity, EntityRelation
from portal.sources.flows.ingesting import Ingest
from tests.unit.managed import component, declare_folder, make_tools, read, read_requested

NAMES = ("north", "south", "west")


class World:
    """Three sources on disk, and what each of them held when it was last read."""

    def __init__(self, database, folder, rng) -> None:
        self.database, self.folder, self.rng = database, folder, rng
        self.tools = make_tools(folder)
        self.files = {name: {} for name in NAMES}
        self.ids = {name: declare_folder(database, folder / name, name) for name in NAMES}
        self.seen = {name: set() for name in NAMES}

    def edit(self):
        """Add, delete, rename, move to another source, or claim what another one has."""
        act = self.rng.choice(("add", "add", "delete", "move", "move", "claim", "rename"))
        name, other = self.rng.sample(NAMES, 2)
        files = self.files[name]
        path = self.rng.choice(sorted(files)) if files else None
        if act == "add" or path is None:
            files[f"{self.rng.randrange(4)}.yaml"] = f"n{self.rng.randrange(10)}"
        elif act == "delete":
            del files[path]
        elif act == "move":
            self.files[other][f"m{self.rng.randrange(4)}.yaml"] = files.pop(path)
        elif act == "claim":
            self.files[other][f"c{self.rng.randrange(4)}.yaml"] = files[path]
        else:
            files[f"r{self.rng.randrange(9)}.yaml"] = files.pop(path)

    def write(self, name):
        """Bring the folder of a source to what its files are now."""
        folder = self.folder / name
        for path in folder.iterdir():
            path.unlink()
        for path, entity in self.files[name].items():
            number = int(entity[1:])
            text = component(entity, dependsOn=f"[component:n{(number + 3) % 10}]")
            (folder / path).write_text(text)
        # A source that empties itself is held; here somebody always agrees.
        (folder / "keep.yaml").write_text("".join(component(f"{name}-{n}") for n in range(40)))

    def read(self, name):
        """Read one source, then whatever asked to be read because of it."""
        self.write(name)
        before = self.holders()
        read(self.database, self.tools, self.ids[name])
        self.seen[name] = set(self.files[name].values())
        after = self.holders()
        for ref, holder in before.items():
            if ref in self.seen[holder]:
                assert after[ref] == holder, f"{ref} was taken from {holder} by {after.get(ref)}"

    def holders(self):
        """Return which source holds each of the names that are fought over."""
        with self.database.unit(write=False) as session:
            rows = session.execute(select(Entity.name, Entity.source))
            return {name: source for name, source in rows if name[1:].isdigit()}

    def settle(self):
        """Read all that is on disk, and what that asks for."""
        for name in NAMES:
            self.read(name)
        read_requested(self.database, self.tools)


def snapshot(database):
    """Return everything that does not tell which of several claimants holds a name."""
    with database.unit(write=False) as session:
        return {
            "entities": sorted(session.execute(select(Entity.ref, Entity.digest)).all()),
            "relations": sorted(
                session.execute(
                    select(EntityRelation.type, EntityRelation.source, EntityRelation.target)
                ).all()
            ),
            "dangling": sorted(
                session.execute(
                    select(CatalogProblem.ref, CatalogProblem.message).where(
                        CatalogProblem.rule == "dangling"
                    )
                ).all()
            ),
            "conflicts": Counter(
                session.scalars(select(CatalogProblem.ref).where(CatalogProblem.rule == "conflict"))
            ),
        }


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_edits_equals_a_fresh_import(database, tmp_path, seed):
    rng = random.Random(seed)
    world = World(database, tmp_path, rng)
    for _ in range(25):
        for _ in range(rng.randrange(1, 4)):
            world.edit()
        world.read(rng.choice(NAMES))
        if rng.random() < 0.5:
            read_requested(database, world.tools)
    world.settle()
    grown, holders = snapshot(database), world.holders()
    wanted = Counter(name for files in world.files.values() for name in set(files.values()))
    assert set(holders) == set(wanted)
    for ref, holder in holders.items():
        assert ref in world.files[holder].values()

    for name in NAMES:
        Ingest(database, CLI, name, remove=True).run([])
    assert snapshot(database)["entities"] == []
    world.settle()
    assert snapshot(database) == grown
