"""What every single place that holds descriptors is asked through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.sources.core.trees import Tree


class Repository(Protocol):
    """A place that is at one version at a time."""

    def find_version(self) -> tuple[str, str]:
        """Return its version and branch; '' where that cannot be told without reading it all.

        Raises SourceDown.
        """

    def open(self, version: str, patterns: Sequence[str]) -> Tree:
        """Return its files at a version; raises SourceDown."""
