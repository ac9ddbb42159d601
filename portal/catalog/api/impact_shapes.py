"""Shapes of impact and findings in JSON, as openapi.json declares them."""

from __future__ import annotations

from pydantic import BaseModel


class Counts(BaseModel):
    """How many are in each state."""

    breaks: int
    may_break: int
    degrades: int
    falls_behind: int


class OwnerCounts(Counts):
    """The same for one owner; null is *not set*."""

    owner: str | None


class TierCounts(Counts):
    """The same for one tier; null is *not set*."""

    tier: int | None


class Node(BaseModel):
    """A thing of the graph; `tier` and `owner` are null where they are not set."""

    ref: str
    title: str
    owner: str | None
    tier: int | None
    in_catalog: bool


class EdgeItem(BaseModel):
    """`source` stands on `target`, by an API where one is named, which `providers` provide.

    `criticality` is hard, soft, async or null when nobody said.
    """

    source: str
    target: str
    criticality: str | None
    api: str | None
    providers: int


class Hit(Node):
    """Something touched: how, over how many steps, and the chain of edges that explains it.

    `is_sure` is off where an edge of the chain is unstated or leads to one of several providers.
    """

    state: str
    is_sure: bool
    distance: int
    because: list[EdgeItem]


class UnstatedItem(BaseModel):
    """Who does not say how hard its edges are, and of how many edges."""

    ref: str
    edges: int


class ImpactAnswer(BaseModel):
    """What a stop of `root` does (`dependents`), or whose stop would touch it (`dependencies`).

    `single_points` are what every chain below it leads through: every hard one, or every one that
    may be. `built_in_edges` lead from or to a library and are left out, `ephemeral` entries too;
    `not_followed` counts edges behind a soft or async one.
    """

    root: str
    direction: str
    counts: Counts
    by_owner: list[OwnerCounts]
    by_tier: list[TierCounts]
    unstated_edges: int
    unstated_by: list[UnstatedItem]
    not_followed: int
    built_in_edges: int
    ephemeral: int
    single_points: dict[str, list[str]]
    deepest: Hit | None
    hits: list[Hit]
    next_cursor: str | None


class CycleItem(BaseModel):
    """Things that stand on each other; `closed_by` hard edges, unstated ones, or loose ones."""

    members: list[Node]
    closed_by: str
    unstated_edges: int
    edges: list[EdgeItem]


class InversionItem(EdgeItem):
    """An edge of something critical to something less so, or to what has no tier."""

    source_tier: int | None
    target_tier: int | None


class SharedItem(BaseModel):
    """A data store on which several owners or systems stand directly."""

    store: Node
    owners: list[str]
    systems: list[str]
    dependents: list[Node]


class SinglePointItem(Node):
    """How many stop with it and how many may, of how many owners, and those of tier 0 and 1."""

    breaks: int
    may_break: int
    owners: int
    critical_breaks: int
    critical_may_break: int


class FindingsAnswer(BaseModel):
    """Findings of the whole catalog; `totals` counts what `limit` cut off as well.

    `edges` counts all edges by criticality. Of single points the largest are counted.
    """

    totals: dict[str, int]
    edges: dict[str, int]
    cycles: list[CycleItem]
    tier_inversions: list[InversionItem]
    tier_not_set: list[InversionItem]
    shared_databases: list[SharedItem]
    single_points: list[SinglePointItem]
    unstated: list[UnstatedItem]


class DependencyItem(BaseModel):
    """An edge an entity may state: `stated` by it, `counts_as` what holds; null is unstated.

    With `behind` the other end stands on the entity, which names it.
    """

    ref: str
    type: str
    stated: str | None
    counts_as: str | None
    behind: bool
    built_in: bool


class DependencyList(BaseModel):
    """All edges an entity may state, and the version to send with a change."""

    ref: str
    version: int
    items: list[DependencyItem]


class StatedAnswer(BaseModel):
    """All that an entity states now, and the version of the next change."""

    ref: str
    version: int
    criticality: dict[str, str]
