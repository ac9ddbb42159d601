"""Strongly connected components (Tarjan): what stands on itself by way of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class _Search:
    """Tarjan's search without recursion; components come out with what they lead to first."""

    def __init__(self, ahead: Mapping[int, Sequence[int]]) -> None:
        self._ahead = ahead
        self._numbers: dict[int, int] = {}
        self._lowest: dict[int, int] = {}
        self._open: list[int] = []
        self._is_open: set[int] = set()
        self.found: list[list[int]] = []

    def visit(self, start: int) -> None:
        """Search from one node, unless it was met before."""
        if start in self._numbers:
            return
        path = [(self._enter(start), iter(self._ahead.get(start, ())))]
        while path:
            node, ends = path[-1]
            fresh = self._look(node, ends)
            if fresh is not None:
                path.append((self._enter(fresh), iter(self._ahead.get(fresh, ()))))
                continue
            path.pop()
            if path:
                above = path[-1][0]
                self._lowest[above] = min(self._lowest[above], self._lowest[node])
            if self._lowest[node] == self._numbers[node]:
                self._close(node)

    def _enter(self, node: int) -> int:
        self._numbers[node] = self._lowest[node] = len(self._numbers)
        self._open.append(node)
        self._is_open.add(node)
        return node

    def _look(self, node: int, ends: Iterable[int]) -> int | None:
        """Return the next end that was not met yet."""
        for end in ends:
            if end not in self._numbers:
                return end
            if end in self._is_open:
                self._lowest[node] = min(self._lowest[node], self._numbers[end])
        return None

    def _close(self, node: int) -> None:
        members: list[int] = []
        while not members or members[-1] != node:
            members.append(self._open.pop())
        self._is_open.difference_update(members)
        self.found.append(sorted(members))


def find_components(ahead: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Return all components, single nodes included; each after those it leads to."""
    search = _Search(ahead)
    for node in ahead:
        search.visit(node)
    return search.found
