"""What stays where it is comes once, whatever happens to the rest between two pages."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from portal.auth.core import CLI
from portal.catalog.core.filters import EntityFilter
from portal.catalog.core.records import Place
from portal.catalog.queries.lists import cut_page, select_entities
from portal.catalog.service.entities import apply_records, remove_entities
from portal.catalog.service.marks import MarkValue, write_marks
from portal.catalog.service.overlays import make_record
from portal.catalog.service.problems import replace_problems
from portal.infra.contributions import Mark

WORDS = ("Amber", "birch", "Cedar", "Ångström", "Ähre", "zinc", "Zinc", "pay-1", "pay_1", "pay 1")
SORTS = ("name", "owner", "tier", "updated", "problems", "lifecycle", "health")


class Company:
    """A catalog that somebody keeps changing; `touched` are the refs that did not stay."""

    def __init__(self, database, rng, now) -> None:
        self.database, self.rng, self.now = database, rng, now
        self.refs, self.touched = [], set()
        with database.unit(write=True) as session:
            for number in range(60):
                self.put(session, f"svc-{number}")

    def put(self, session, name):
        """Add or change an entity, its mark and its problems."""
        rng = self.rng
        title = rng.choice((None, f"{rng.choice(WORDS)} {rng.randint(1, 3)}"))
        entity = {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": name, **({"title": title} if title else {})},
            "spec": {
                "type": "service",
                "lifecycle": rng.choice(("production", "legacy", "new", "odd")),
                **({"owner": rng.choice(WORDS[:3]).lower()} if rng.random() < 0.8 else {}),
            },
        }
        place = Place("s", f"{name}.yaml", 1, 1)
        record = make_record(session, entity, place)
        record = replace(
            record,
            digest=str(rng.random()),
            columns={**record.columns, "tier": rng.choice((None, 0, 1, 2))},
        )
        apply_records(session, CLI, [record], now=self.now.replace(second=rng.randint(0, 5)))
        rank = rng.randint(1, 3)
        mark = MarkValue(record.ref, rank, f"v{rank}", "text", self.now)
        write_marks(session, CLI, "health", marks=[mark])
        problem = {
            "severity": "error",
            "rule": "x",
            "ref": record.ref,
            "source": "s",
            "file": place.file,
            "document_number": 1,
            "line": 1,
            "path": "",
            "message": "",
            "fix": "",
        }
        count = rng.randint(0, 3)
        replace_problems(session, CLI, "s", files=[place.file], problems=[problem] * count)
        if record.ref not in self.refs:
            self.refs.append(record.ref)
        return record.ref

    def change(self, last):
        """Change, add and remove a few; often the last entity that was seen."""
        rng = self.rng
        with self.database.unit(write=True) as session:
            for _ in range(rng.randint(0, 3)):
                ref = last if rng.random() < 0.5 else rng.choice(self.refs)
                kind = rng.choice(("change", "remove", "add"))
                if kind == "remove":
                    remove_entities(session, CLI, [ref], run_id=1, now=self.now)
                    self.touched.add(ref)
                else:
                    fresh = f"svc-{rng.randint(100, 999)}"
                    name = ref.partition("/")[2] if kind == "change" else fresh
                    self.touched.add(self.put(session, name))


@pytest.mark.parametrize("sort", [sign + name for name in SORTS for sign in ("", "-")])
@pytest.mark.parametrize("question", [None, "svc"])
def test_pages_hold_what_stays_exactly_once(database, now, sort, question):
    database.contributions = replace(database.contributions, marks=(Mark("health", "Health", 1),))
    rng = random.Random(f"{sort} {question}")
    company = Company(database, rng, now)
    wanted = EntityFilter({"kind": ("component",)}, q=question)
    for _ in range(3):
        company.touched.clear()
        with database.unit(write=False) as session:
            staying = set(select_refs(session, wanted, sort, now))
        seen, after = [], None
        while True:
            with database.unit(write=False) as session:
                selection = select_entities(session, wanted, sort=sort, now=now)
                page = cut_page(session, selection, after=after, limit=7)
            seen += [row.ref for row in page.items]
            after = page.next_key
            if after is None:
                break
            company.change(seen[-1])
        staying -= company.touched
        assert len(staying) > 20
        assert sorted(ref for ref in seen if ref in staying) == sorted(staying)


def select_refs(session, wanted, sort, now):
    selection = select_entities(session, wanted, sort=sort, now=now)
    return [row.ref for row in cut_page(session, selection, after=None, limit=200).items]


def test_a_long_name_makes_a_cursor_that_is_taken(client, database, now):
    rng = random.Random(1)
    place = Place("s", "a.yaml", 1, 1)
    for name in ("one", "two", "three"):
        title = "".join(chr(rng.randint(0x4E00, 0x9FFF)) for _ in range(250))
        entity = {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": name, "title": title},
            "spec": {"type": "service", "owner": "x" * 63},
        }
        with database.unit(write=True) as session:
            apply_records(session, CLI, [make_record(session, entity, place)], now=now)
    for sort in ("name", "-name", "owner"):
        url = f"/api/v1/entities?sort={sort}&limit=1"
        cursor = client.get(url).get_json()["next_cursor"]
        assert client.get(f"{url}&cursor={cursor}").status_code == 200
