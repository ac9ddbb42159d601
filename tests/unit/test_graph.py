"""Neighbourhoods and their drawings."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from portal.auth.core import CLI
from portal.catalog.core.graph import BOTH, DEPENDENCIES, DEPENDENTS, Edge, sort_edges, walk
from portal.catalog.core.layout import NODE_HEIGHT, NODE_WIDTH, draw
from portal.catalog.queries.graph import read_neighbourhood
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder
from tests.unit.managed import component

NAMES = st.sampled_from([f"component:default/{letter}" for letter in "abcdefgh"])
EDGES = st.sets(st.builds(Edge, NAMES, NAMES, st.just("dependsOn"), st.none()), max_size=24)


def reach(edges, start, depth, *, forwards) -> set[str]:
    found, frontier = {start}, {start}
    for _ in range(depth):
        frontier = {
            (e.target if forwards else e.source)
            for e in edges
            if (e.source if forwards else e.target) in frontier
        } - found
        found |= frontier
    return found


def read(edges):
    def find(wanted):
        found = [
            e
            for e in edges
            if e.source in wanted.ahead
            or e.target in wanted.behind
            or (e.source in wanted.among and e.target in wanted.among)
        ]
        return found, True

    return find


@given(EDGES, st.integers(1, 3))
def test_walk_reaches_what_a_plain_search_reaches(edges, depth):
    root = "component:default/a"
    ahead = reach(edges, root, depth, forwards=True)
    behind = reach(edges, root, depth, forwards=False)
    assert set(walk(root, read(edges), depth=depth, direction=DEPENDENCIES).levels) == ahead
    assert set(walk(root, read(edges), depth=depth, direction=DEPENDENTS).levels) == behind


@given(EDGES, st.integers(1, 3), st.sampled_from([BOTH, DEPENDENCIES, DEPENDENTS]))
def test_every_edge_between_nodes_is_drawn_and_the_rest_is_counted(edges, depth, direction):
    found = walk("component:default/a", read(edges), depth=depth, direction=direction, most=6)
    drawn = set(found.levels)
    assert found.edges == {e for e in edges if {e.source, e.target} <= drawn}
    beyond = set()
    for ref, level in found.levels.items():
        ahead = {e.target for e in edges if e.source == ref and level >= 0} - drawn
        behind = {e.source for e in edges if e.target == ref and level <= 0} - drawn
        missed = set() if direction == DEPENDENTS else ahead
        missed |= set() if direction == DEPENDENCIES else behind
        assert found.hidden.get(ref, 0) == len(missed)
        beyond |= missed
    assert found.beyond == len(beyond)


@given(EDGES)
def test_boxes_never_touch_and_stay_inside(edges):
    drawing = draw(walk("component:default/a", read(edges), depth=3, direction=BOTH))
    for box in drawing.boxes:
        assert 0 <= box.x <= drawing.width - NODE_WIDTH
        assert 0 <= box.y <= drawing.height - NODE_HEIGHT
    for one in drawing.boxes:
        for other in drawing.boxes:
            if one is not other:
                assert abs(one.x - other.x) >= NODE_WIDTH or abs(one.y - other.y) >= NODE_HEIGHT


def test_what_does_not_fit_is_counted():
    root = "component:default/hub"
    edges = [Edge(root, f"component:default/{n}", "dependsOn") for n in range(30)]
    found = walk(root, read(edges), depth=1, direction=BOTH, most=11)
    assert (len(found.levels), found.hidden) == (11, {root: 20})


def test_outermost_nodes_count_what_they_stand_on(client, demo):
    url = "/api/v1/entities/component/default/checkout-service/graph?direction=dependencies"
    near = client.get(f"{url}&depth=1").get_json()
    far = client.get(f"{url}&depth=2").get_json()
    drawn = {node["ref"] for node in near["nodes"]}
    for node in near["nodes"]:
        steps = {edge["target"] for edge in far["edges"] if edge["source"] == node["ref"]} - drawn
        assert node["hidden"] == len(steps), node["ref"]
    assert any(node["hidden"] for node in near["nodes"])
    between = {(e["source"], e["target"]) for e in far["edges"]} & {
        (one, other) for one in drawn for other in drawn
    }
    assert {(e["source"], e["target"]) for e in near["edges"]} == between


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_graph_takes_one_query_a_level_and_one_more(demo, depth):
    asked = []
    with demo.unit(write=False) as session:
        event.listen(demo.engine, "before_cursor_execute", lambda *row: asked.append(row[2]))
        read_neighbourhood(
            session, "component:default/checkout-service", depth=depth, direction=BOTH
        )
    assert len([text for text in asked if "relations" in text]) == depth + 1


def test_what_is_said_beats_silence():
    silent, said = Edge("a", "b", "dependsOn"), Edge("a", "b", "dependsOn", "soft")
    assert sort_edges([silent, said]) == sort_edges([said, silent]) == [said]


@given(st.permutations(["soft", None, "hard"]), st.integers(1, 3))
def test_one_line_shows_the_strongest_of_a_pair(order, count):
    root, types = "component:default/a", ("dependsOn", "consumesApi", "partOf")
    said = order[:count]
    edges = [Edge(root, "api:default/b", t, c) for t, c in zip(types, said, strict=False)]
    [line] = draw(walk(root, read(edges), depth=1, direction=BOTH)).lines
    assert line.edge.criticality == max(said, key=["soft", None, "hard"].index)


def test_api_stands_on_its_provider_and_is_stood_on_by_consumers(client, demo):
    found = client.get("/api/v1/entities/api/default/payments-api/graph?depth=1").get_json()
    levels = {node["ref"]: node["level"] for node in found["nodes"]}
    assert levels["component:default/payment-gateway"] == 1
    assert levels["component:default/checkout-service"] == -1


def test_graph_says_what_is_soft_and_what_is_missing(client, demo):
    url = "/api/v1/entities/component/default/checkout-service/graph?direction=dependencies"
    found = client.get(url).get_json()
    soft = [e["target"] for e in found["edges"] if e["criticality"] == "soft"]
    assert soft == ["component:default/delivery-estimator"]
    missing = [node["ref"] for node in found["nodes"] if not node["in_catalog"]]
    assert "component:default/gift-wrap-service" in missing
    assert client.get(url + "&depth=4").status_code == 422


def test_system_graph_holds_its_parts(client, demo):
    found = client.get("/api/v1/entities/system/default/checkout/graph?depth=1").get_json()
    assert "component:default/cart-service" in {node["ref"] for node in found["nodes"]}


def test_drawing_and_table_tell_hard_soft_and_unstated_apart(client, demo):
    page = client.get("/catalog/component/default/checkout-service?tab=graph").text
    drawing, _, rest = page.partition('<div class="graph')[2].partition("</svg>")
    for strength in ("hard", "soft", "unstated"):
        assert f"graph__line--{strength}" in drawing
        assert strength in rest.partition("<table")[2]
    assert 'aria-current="true"><g' in re.sub(r">\s+<", "><", drawing)


@pytest.mark.parametrize(
    ("whole", "is_followed"), [("component:default/whole", True), ("system:default/whole", False)]
)
def test_parts_of_a_component_are_drawn_from_both_sides(whole, is_followed):
    part = "component:default/part"
    edges = {Edge(whole, part, "partOf")}
    down = walk(whole, read(edges), depth=2, direction=DEPENDENCIES)
    assert set(down.levels) == {whole, part}
    up = walk(part, read(edges), depth=2, direction=DEPENDENTS)
    # Beside a part of a system stands everything, so its system is not followed.
    assert set(up.levels) == ({whole, part} if is_followed else {part})


def test_the_database_gives_parts_of_a_component_from_both_sides(database, tmp_path):
    (tmp_path / "files").mkdir()
    text = component("whole") + component("part", subcomponentOf="whole", system="s")
    (tmp_path / "files" / "all.yaml").write_text(text)
    Ingest(database, CLI, "files").run([Folder.open(str(tmp_path / "files"))])
    whole, part = "component:default/whole", "component:default/part"
    with database.unit(write=False) as session:
        for root, direction in ((whole, DEPENDENCIES), (part, DEPENDENTS)):
            found = read_neighbourhood(session, root, depth=2, direction=direction)
            assert set(found.levels) == {whole, part}
            assert {(e.source, e.target) for e in found.edges} == {(whole, part)}
