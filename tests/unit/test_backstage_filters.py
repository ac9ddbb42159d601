"""Filters over random entities, against a plain reading of Backstage's documentation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portal.backstage.core.fields import cut_entity
from portal.backstage.core.filters import parse_filters
from portal.backstage.core.pages import Order, Query, cut_page, find_neighbours
from portal.backstage.core.queries import parse_query, write_query
from portal.catalog.core.predicates import choose
from portal.catalog.core.value_columns import build_value_column
from portal.catalog.core.values import list_values, write_scalar

WORDS = st.sampled_from(["a", "B", "sea", "Sea", "x.y", "1", "true", ""])
NAMES = st.sampled_from(["a", "B", "c.d", "sea"])
SCALARS = WORDS | st.booleans() | st.integers(0, 3) | st.none() | st.sampled_from([0.5, 2.0])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
SPECS = st.dictionaries(NAMES, VALUES, max_size=4)
STATEMENTS = st.tuples(
    st.sampled_from(["spec.a", "SPEC.b", "spec.a.sea", "spec.c.d", "spec.a.B", "metadata.name"]),
    st.none() | st.sampled_from(["a", "SEA", "1", "TRUE", "", "x.y", "0.5", "2", "e1"]),
)
FILTERS = st.lists(st.lists(STATEMENTS, min_size=1, max_size=4), min_size=1, max_size=3)


def make_entity(number, spec):
    return {"kind": "Thing", "metadata": {"name": f"e{number}"}, "spec": spec}


def flatten(path, value):
    """Yield every (path, text) that a filter may ask for, straight from the documentation."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flatten(f"{path}.{name}", inner)
    elif isinstance(value, list):
        for inner in value:
            yield from flatten(path, inner)
            if isinstance(inner, str):
                yield (f"{path}.{inner}".lower(), "true")
    else:
        yield (path.lower(), None if value is None else write_scalar(value).lower())


def fits(entity, filters):
    pairs = {*flatten("spec", entity["spec"]), ("metadata.name", entity["metadata"]["name"])}
    paths = {path for path, _ in pairs}

    def holds(statements):
        wanted = {}
        for key, value in statements:
            wanted.setdefault(key, []).append(value)
        return all(
            any((key.lower(), value.lower()) in pairs for value in values if value is not None)
            if any(value is not None for value in values)
            else key.lower() in paths
            for key, values in wanted.items()
        )

    return any(holds(statements) for statements in filters)


def make_reader(entities):
    def read(path):
        return build_value_column(
            (row, found.value, found.original)
            for row, entity in enumerate(entities)
            for found in list_values(entity)
            if found.path == path
        )

    return read


def write_filter(statements):
    return ",".join(key if value is None else f"{key}={value}" for key, value in statements)


@given(st.lists(SPECS, max_size=6), FILTERS)
def test_filters_choose_what_the_documentation_says(specs, filters):
    entities = [make_entity(number, spec) for number, spec in enumerate(specs)]
    asked = parse_filters([write_filter(statements) for statements in filters])
    mask = choose(asked, len(entities), make_reader(entities))
    assert mask.tolist() == [fits(entity, filters) for entity in entities]
    # What a cursor holds of it asks the same.
    again = parse_query(write_query(asked))
    assert choose(again, len(entities), make_reader(entities)).tolist() == mask.tolist()


@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=3, unique=True), max_size=12),
    st.booleans(),
    st.booleans(),
    st.integers(1, 4),
)
def test_pages_walk_everything_once_and_back(tags, is_sorted, is_descending, limit):
    column = build_value_column((row, tag, tag) for row, own in enumerate(tags) for tag in own)
    column = column if is_sorted else None
    uids = [f"{row:04d}" for row in range(len(tags))]
    expected = sorted((tag, row) for row, own in enumerate(tags) for tag in own)
    if not is_sorted:
        expected = [(None, row) for row in range(len(tags))]
    expected = expected[::-1] if is_descending and is_sorted else expected
    query = Query(order=Order("tags", is_descending) if is_sorted else Order(), total=0)
    mask = choose(parse_query({}), len(tags), None)
    pages, around = [], []
    while query is not None:
        page = cut_page(query, mask, column, uids, limit=limit, offset=0)
        pages.append(list(zip(page.values, page.rows.tolist(), strict=True)))
        query, before = find_neighbours(query, page, uids)
        around.append(before)
    assert [pair for page in pages for pair in page] == expected
    for number in range(len(pages) - 1, 0, -1):
        page = cut_page(around[number], mask, column, uids, limit=limit, offset=0)
        assert list(zip(page.values, page.rows.tolist(), strict=True)) == pages[number - 1]
        around[number - 1] = find_neighbours(around[number], page, uids)[1]
    assert around[0] is None


def test_numbers_are_written_as_javascript_does():
    # What `String(value)` gives in Node.js.
    cases = [(1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-7, "1e-7"), (0.00001, "0.00001")]
    cases += [
        (1.5e-7, "1.5e-7"),
        (0.000015, "0.000015"),
        (2.0, "2"),
        (-0.5, "-0.5"),
        (True, "true"),
    ]
    cases += [
        (2**53 + 1, "9007199254740992"),
        (123456789.125, "123456789.125"),
        (1.5e300, "1.5e+300"),
    ]
    assert [write_scalar(value) for value, _ in cases] == [text for _, text in cases]


def test_long_values_are_there_but_equal_nothing():
    entity = make_entity(1, {"a": "x" * 201, "b" * 200: 1, "c": "y" * 200})
    found = {value.path: value.value for value in list_values(entity)}
    assert found["spec.a"] is None
    assert found["spec.c"] == "y" * 200
    assert not [path for path in found if len(path) > 200]


def test_fields_reach_keys_with_dots_and_leave_out_what_is_not_there():
    entity = {"metadata": {"annotations": {"a.b/c.d": "1", "e": "2"}}, "spec": {"x": None}}
    assert cut_entity(entity, ("metadata.annotations.a.b/c.d", "spec.none", "spec.x")) == {
        "metadata": {"annotations": {"a.b/c.d": "1"}},
        "spec": {"x": None},
    }
