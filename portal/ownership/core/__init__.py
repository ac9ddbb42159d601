"""The tree of teams."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(slots=True)
class TeamNode:
    """A team in the tree: direct children, how many entities it owns, alone and with all below."""

    ref: str
    children: list[TeamNode] = field(default_factory=list)
    owned: int = 0
    owned_below: int = 0
    members: int = 0


def build_forest(
    refs: Iterable[str],
    parents: Mapping[str, str],
    owned: Mapping[str, int],
    members: Mapping[str, int],
) -> list[TeamNode]:
    """Return the trees of teams, each level by ref.

    A team whose parent is not among `refs`, or whose ancestors lead back to it, is a root.
    """
    nodes = {r: TeamNode(r, owned=owned.get(r, 0), members=members.get(r, 0)) for r in sorted(refs)}
    roots = []
    for ref, node in nodes.items():
        parent = nodes.get(parents.get(ref, ""))
        if parent is None or is_in_circle(ref, parents):
            roots.append(node)
        else:
            parent.children.append(node)
    for root in roots:
        _add_up(root)
    return roots


def is_in_circle(ref: str, parents: Mapping[str, str]) -> bool:
    """Whether a team is its own ancestor."""
    seen: set[str] = set()
    current = parents.get(ref)
    while current is not None and current not in seen:
        if current == ref:
            return True
        seen.add(current)
        current = parents.get(current)
    return False


def _add_up(root: TeamNode) -> None:
    """Sum what is owned from the leaves upwards, without recursion: trees may be deep."""
    order, pending = [], [root]
    while pending:
        node = pending.pop()
        order.append(node)
        pending.extend(node.children)
    for node in reversed(order):
        node.owned_below = node.owned + sum(child.owned_below for child in node.children)


def list_below(ref: str, parents: Mapping[str, str]) -> list[str]:
    """Return every team below one, nearest first; circles end where they begin."""
    children: dict[str, list[str]] = {}
    for child, parent in sorted(parents.items()):
        children.setdefault(parent, []).append(child)
    found: dict[str, None] = {}
    pending = list(children.get(ref, ()))
    while pending:
        current = pending.pop(0)
        if current not in found and current != ref:
            found[current] = None
            pending.extend(children.get(current, ()))
    return list(found)


def list_above(ref: str, parents: Mapping[str, str]) -> list[str]:
    """Return the teams above one, the topmost first."""
    found: list[str] = []
    current = parents.get(ref)
    while current is not None and current not in found and current != ref:
        found.append(current)
        current = parents.get(current)
    return found[::-1]
