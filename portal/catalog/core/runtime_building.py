"""Makes the runtime graph of stored relations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.core.columns import ABSENT, Columns, Ints, Mask
from portal.catalog.core.runtime import (
    ASYNC,
    DEPENDS,
    HARD,
    PROVIDES,
    SOFT,
    UNSTATED,
    Names,
    RuntimeGraph,
    group,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.catalog.core.runtime import StoredEdges

LIBRARY = "library"
# Of several statements about one edge the one that costs most counts; silence counts least.
_WEIGHTS = np.array([0, 3, 2, 1])


def build_graph(
    stored: StoredEdges, columns: Columns, held: RuntimeGraph | None = None
) -> RuntimeGraph:
    """Return the graph that stored relations mean, with what `columns` know of its nodes.

    Where the nodes are still those of `held`, their order is taken from there.
    """
    names = _order(stored, held)
    number = np.full(len(stored.refs.texts), ABSENT, np.int64)
    number[names.codes] = np.arange(len(names.codes))
    is_api = names.is_api
    rows = columns.find_rows(stored.ids[names.codes])
    sources, targets = number[stored.sources], number[stored.targets]
    is_built_in = _find_built_in(columns, rows)
    left_out = is_built_in[sources] | is_built_in[targets]
    depends = ~left_out & (stored.sorts == DEPENDS)
    provides = ~left_out & (stored.sorts == PROVIDES) & is_api[targets]
    said = _read_said(stored, number)
    # What is said of no edge there is waits until there is one.
    edges = _key(sources[depends], targets[depends], len(names.refs))
    fits = np.isin(_key(said[0], said[1], len(names.refs)), edges)
    pairs = _merge(
        np.concatenate([sources[depends], said[0][fits]]),
        np.concatenate([targets[depends], said[1][fits]]),
        np.concatenate([stored.strengths[depends], said[2][fits]]),
    )
    provided = np.unique(np.stack([sources[provides], targets[provides]]), axis=1)
    built_in = np.unique(np.stack([sources[left_out], targets[left_out]]), axis=1)
    return RuntimeGraph(
        stored.revision,
        columns,
        names,
        rows,
        *_say_by_provider(pairs, is_api, provided, said),
        provided[0],
        provided[1],
        (built_in[0], built_in[1]),
    )


def _order(stored: StoredEdges, held: RuntimeGraph | None) -> Names:
    is_there = np.zeros(len(stored.refs.texts), np.bool_)
    is_there[stored.sources] = True
    is_there[stored.targets] = True
    if held is not None:
        codes = held.names.codes
        if is_there.sum() == len(codes) and is_there[codes].all():
            return held.names
    texts = stored.refs.texts
    ordered = sorted(np.flatnonzero(is_there).tolist(), key=texts.__getitem__)
    refs = [texts[code] for code in ordered]
    is_api = np.array([ref.startswith("api:") for ref in refs], np.bool_)
    return Names(np.array(ordered, np.int64), refs, is_api)


def _find_built_in(columns: Columns, rows: Ints) -> Mask:
    number = columns.texts["class"].find(LIBRARY)
    if number is None:
        return np.zeros(len(rows), np.bool_)
    found: Mask = (rows != ABSENT) & (columns.codes["class"][rows] == number)
    return found


def _merge(sources: Ints, targets: Ints, strengths: Ints) -> tuple[Ints, Ints, Ints]:
    """Return each pair once, with the strongest of what is said about it."""
    order = np.lexsort((-_WEIGHTS[strengths], targets, sources))
    sources, targets, strengths = sources[order], targets[order], strengths[order]
    first = np.ones(len(sources), np.bool_)
    first[1:] = (sources[1:] != sources[:-1]) | (targets[1:] != targets[:-1])
    return sources[first], targets[first], strengths[first]


def _read_said(stored: StoredEdges, number: Ints) -> tuple[Ints, Ints, Ints]:
    """Return what things state themselves, whichever file declares the edge."""
    rows = [
        (number[one], number[other], strength)
        for one, stated in stored.said.items()
        for other, strength in stated.items()
        if number[one] != ABSENT and number[other] != ABSENT
    ]
    found = np.array(rows, np.int64).reshape(-1, 3)
    return found[:, 0], found[:, 1], found[:, 2]


def _key(sources: Ints, targets: Ints, count: int) -> Ints:
    keys: Ints = sources * count + targets
    return keys


def _say_by_provider(
    pairs: tuple[Ints, Ints, Ints],
    is_api: Mask,
    provided: Ints,
    said: tuple[Ints, Ints, Ints],
) -> tuple[Ints, Ints, Ints]:
    """Let what is said of an API's providers stand for the API, where nothing is said of it."""
    sources, targets, strengths = pairs
    spoken = strengths != UNSTATED
    known: dict[tuple[int, int], int] = {}
    for ones, others, words in (said, tuple(part[spoken] for part in pairs)):
        ends = zip(ones.tolist(), others.tolist(), strict=True)
        known.update(zip(ends, words.tolist(), strict=True))
    speakers = np.array(sorted({one for one, _ in known}), np.int64)
    silent = np.flatnonzero(~spoken & is_api[targets] & np.isin(sources, speakers))
    if not len(silent):
        return pairs
    providers = group(len(is_api), provided[1], provided[0])
    strengths = strengths.copy()
    for place in silent.tolist():
        source = int(sources[place])
        others = providers.follow(targets[place : place + 1])[1].tolist()
        strengths[place] = combine([known.get((source, other), UNSTATED) for other in others])
    return sources, targets, strengths


def combine(strengths: Sequence[int]) -> int:
    """Return what holds when all of several providers stop: silence counts more than soft."""
    for one in (HARD, UNSTATED, SOFT, ASYNC):
        if one in strengths:
            return one
    return UNSTATED
