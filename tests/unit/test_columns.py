"""Facets, totals and orders in memory say what the rows in the database say."""

from __future__ import annotations

import random
import re
from collections import Counter as Tally
from dataclasses import replace
from datetime import timedelta
from html import unescape

import numpy as np
import pytest
from sqlalchemy import func, select

from portal.auth.core import CLI
from portal.catalog.core.columns import ABSENT
from portal.catalog.core.facets import FACETS
from portal.catalog.core.facets import Counter as FacetCounter
from portal.catalog.core.filters import EntityFilter
from portal.catalog.models import CatalogProblem, Entity
from portal.catalog.queries.columns import get_columns
from portal.catalog.queries.lists import cut_page, select_entities
from portal.catalog.queries.search import search_rows
from portal.catalog.service.marks import MarkValue, clear_marks, write_marks
from portal.demo.flows import write_company
from portal.infra.contributions import Mark
from portal.infra.db import Database
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder
from portal.sources.service.removals import undo_removals


def ingest(database, folder):
    return Ingest(database, CLI, "s", remove=True).run([Folder.open(str(folder))])


def describe(session) -> dict[str, dict[str, object]]:
    """Return what every entity has of each facet, read the plain way."""
    problems = dict(
        session.execute(select(CatalogProblem.ref, func.count()).group_by(CatalogProblem.ref)).all()
    )
    rows = {row.ref: row for row in session.scalars(select(Entity))}
    return {
        ref: {
            "kind": row.kind,
            "tier": None if row.tier is None else str(row.tier),
            "owner": row.owner,
            "lifecycle": row.lifecycle and row.lifecycle.lower(),
            "class": row.entity_class,
            "system": row.system,
            "domain": row.domain or (row.system in rows and rows[row.system].domain) or None,
            "tag": tuple(row.tags),
            "namespace": row.namespace,
            "problems": bool(problems.get(ref)),
        }
        for ref, row in rows.items()
    }


def count_plainly(facts, facet) -> tuple[dict[str, int], int]:
    if facet == "tag":
        tally = Tally(tag for fact in facts for tag in fact["tag"])
        return dict(tally), sum(not fact["tag"] for fact in facts)
    if facet == "problems":
        return {"yes": sum(fact["problems"] for fact in facts)}, 0
    tally = Tally(fact[facet] for fact in facts)
    absent = tally.pop(None, 0)
    return dict(tally), absent


def fits(fact, facet, values) -> bool:
    if facet == "problems":
        return fact["problems"]
    if facet == "tag":
        return any(v in fact["tag"] if v != "-" else not fact["tag"] for v in values)
    return ("-" if fact[facet] is None else fact[facet]) in values


def assert_alike(database, now, rng):
    with database.unit(write=False) as session:
        facts = describe(session)
        columns = get_columns(session)
        assert len(columns) == len(facts)
        for _ in range(6):
            chosen = {}
            for facet in rng.sample(("kind", "tier", "owner", "tag", "domain", "lifecycle"), 2):
                values, _ = count_plainly(facts.values(), facet)
                pool = [*sorted(values)[:5], "-"]
                chosen[facet] = tuple(rng.sample(pool, min(2, len(pool))))
            counter = FacetCounter(columns, chosen, None, now)
            for facet in FACETS:
                kept = [
                    fact
                    for fact in facts.values()
                    if all(fits(fact, n, v) for n, v in chosen.items() if n != facet)
                ]
                found = counter.count(facet, most=10_000)
                values, absent = count_plainly(kept, facet)
                assert {v.value: v.count for v in found.values} == values
                assert found.not_set == absent
            whole = select_entities(session, EntityFilter(chosen), sort=None, now=now)
            kept = [f for f in facts.values() if all(fits(f, n, v) for n, v in chosen.items())]
            assert len(whole.rows) == len(kept)


def test_columns_follow_every_change(database, tmp_path, now):
    """One process holds columns while another writes: edits, removals, undo."""
    rng = random.Random(7)
    writer = Database(
        database.engine.url.render_as_string(hide_password=False), database.contributions
    )
    folder = tmp_path / "company"
    write_company(folder, 300, 1)
    ingest(writer, folder)
    assert_alike(database, now, rng)
    files = sorted(folder.iterdir())
    files[0].write_text(files[0].read_text().replace("tier: '1'", "tier: '3'"))
    text = files[1].read_text()
    files[1].write_text(text.replace("lifecycle: production", "lifecycle: Legacy"))
    ingest(writer, folder)
    assert_alike(database, now, rng)
    files[-1].unlink()
    ingest(writer, folder)
    assert_alike(database, now, rng)
    with writer.unit(write=True) as session:
        undo_removals(session, CLI, None, now=now)
    assert_alike(database, now, rng)
    writer.dispose()


def describe_held(database) -> list[object]:
    """Return everything a process answers from memory, in terms of ids."""
    found: list[object] = []
    with database.unit(write=False) as session:
        columns = get_columns(session)
        found.append(columns.ids[columns.name_order].tolist())
        found.append([columns.titles[row] for row in columns.name_order.tolist()])
        found.append(columns.ids[np.flatnonzero(columns.problems)].tolist())
        for question in ("service", "zeta", "Über", "paymnet", "team", "or", "java private", "qq"):
            hits = search_rows(session, columns, question)
            found.append((question, columns.ids[hits.rows].tolist(), hits.is_complete))
    return found


def test_what_is_merged_is_what_another_process_reads(database, tmp_path):
    """Names move to the front, the middle and the end; some appear, some are gone."""
    folder = tmp_path / "company"
    write_company(folder, 300, 1)
    ingest(database, folder)
    describe_held(database)
    head = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: %s, title: %s}\n"
    spec = "spec: {type: service, lifecycle: production, owner: nobody}\n"
    extra = folder / "extra.yaml"
    rounds = (
        [("n1", "aaa first"), ("n2", "zzz zeta last"), ("n3", "Über middle")],
        [("n1", "zzzz now behind"), ("n2", "zzz zeta last"), ("n4", "aaa"), ("n5", "aaa")],
        [("n4", "qq paymnent"), ("n5", "payment zeta"), ("n1", "aaa again")],
        [("n1", "aaa again")],
    )
    for named in rounds:
        extra.write_text("---\n".join(head % pair + spec for pair in named))
        if named is rounds[2]:
            sorted(folder.iterdir())[1].unlink()
        ingest(database, folder)
        other = Database(
            database.engine.url.render_as_string(hide_password=False), database.contributions
        )
        assert describe_held(database) == describe_held(other)
        other.dispose()


@pytest.mark.parametrize("sort", ["name", "-name", "updated", "tier", "-owner", "-problems"])
def test_pages_visit_everything_once_in_order(demo, now, sort):
    with demo.unit(write=False) as session:
        selection = select_entities(session, EntityFilter(), sort=sort, now=now)
        seen, after = [], None
        while True:
            page = cut_page(session, selection, after=after, limit=17)
            seen += [row.ref for row in page.items]
            after = page.next_key
            if after is None:
                break
        assert len(seen) == len(set(seen)) == page.total
        if sort in ("tier", "-owner"):
            column = Entity.tier if sort == "tier" else Entity.owner
            values = [session.scalar(select(column).where(Entity.ref == ref)) for ref in seen]
            given = [value for value in values if value is not None]
            assert given == sorted(given, reverse=sort.startswith("-"))
            assert values[len(given) :] == [None] * (len(values) - len(given))


def test_marks_are_facets_and_orders_and_grow_stale(demo, now):
    refs = ["component:default/cart-service", "component:default/checkout-service"]
    marks = [
        MarkValue(refs[0], 2, "healthy", "healthy", now, now + timedelta(minutes=1)),
        MarkValue(refs[1], 1, "down", "down", now),
    ]
    demo.contributions = replace(demo.contributions, marks=(Mark("health", "Health", 10),))
    with demo.unit(write=True) as session:
        write_marks(session, CLI, "health", marks=marks)
    with demo.unit(write=False) as session:
        selection = select_entities(session, EntityFilter(), sort="-health", now=now)
        assert [selection.columns.names[row] for row in selection.rows[:2]] == [
            "cart-service",
            "checkout-service",
        ]
        found = selection.counter.count("health", most=9)
        assert {v.value: v.count for v in found.values} == {"healthy": 1, "down": 1}
        later = FacetCounter(selection.columns, {}, None, now + timedelta(hours=1))
        assert {v.value for v in later.count("health", most=9).values} == {"stale", "down"}
        chosen = FacetCounter(selection.columns, {"health": ("down",)}, None, now)
        assert int(chosen.select().sum()) == 1
    with demo.unit(write=True) as session:
        clear_marks(session, CLI, "health")
    with demo.unit(write=False) as session:
        assert set(get_columns(session).marks["health"].values.tolist()) == {ABSENT}


@pytest.mark.parametrize("query", ["", "tier=0&owner=checkout", "q=pay", "q=pay&view=services"])
def test_views_count_what_their_links_list(client, demo, query):
    page = client.get(f"/catalog?{query}").text
    found = re.findall(r'class="facet__link" href="([^"]+)".*?class="count">([\d,]+)<', page)
    assert len(found) == 2
    for url, count in found:
        head = client.get(unescape(url)).text.partition('role="status">')[2]
        assert head.startswith(count)


def test_question_among_services_still_counts_kinds_of_its_hits(client, demo):
    counts = [
        re.search(r'value="user".*?class="count">(\d+)<', client.get(f"/catalog?{query}").text)
        for query in ("q=pay&view=services", "q=pay")
    ]
    assert all(counts)
    assert len({count[1] for count in counts if count}) == 1


def test_marks_follow_every_write(demo, now):
    """A process that holds marks sees them replaced, and others untouched by a change of one."""
    refs = ["component:default/cart-service", "component:default/checkout-service"]
    marked = (Mark("health", "Health", 10), Mark("score", "Score", 20))
    demo.contributions = replace(demo.contributions, marks=marked)

    def write(name, *pairs):
        marks = [MarkValue(ref, 1, value, value, now) for ref, value in pairs]
        with demo.unit(write=True) as session:
            write_marks(session, CLI, name, marks=marks)

    def count(name):
        with demo.unit(write=False) as session:
            counter = FacetCounter(get_columns(session), {}, None, now)
            return {v.value: v.count for v in counter.count(name, most=9).values}

    write("health", (refs[0], "up"), (refs[1], "up"))
    write("score", (refs[0], "gold"))
    assert (count("health"), count("score")) == ({"up": 2}, {"gold": 1})
    with demo.unit(write=False) as session:
        score = get_columns(session).marks["score"]
    write("health", (refs[1], "down"))
    assert (count("health"), count("score")) == ({"up": 1, "down": 1}, {"gold": 1})
    with demo.unit(write=False) as session:
        assert get_columns(session).marks["score"] is score
    with demo.unit(write=True) as session:
        clear_marks(session, CLI, "health")
    write("health", (refs[0], "down"), (refs[1], "down"))
    assert count("health") == {"down": 2}
