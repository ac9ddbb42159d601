"""What every place that holds many repositories is asked through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.sources.core.proposals import FileNow, Opened, Wanted
    from portal.sources.core.trees import Tree


@dataclass(slots=True)
class Remembered:
    """Answers kept from one run to the next, so that asking again costs little.

    Keys are URLs without anything secret; values are JSON: an ETag and what is needed of the body.
    """

    values: dict[str, Any] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def find(self, key: str) -> Any:
        """Return what was kept under `key`, or None."""
        self.used.add(key)
        return self.values.get(key)

    def keep(self, key: str, value: Any) -> None:
        """Keep `value` for the next run."""
        self.used.add(key)
        self.values[key] = value

    def list_used(self) -> dict[str, Any]:
        """Return what this run asked for; the rest is forgotten."""
        return {key: value for key, value in self.values.items() if key in self.used}


@dataclass(frozen=True, slots=True)
class FoundRepository:
    """A repository that a host lists; `id` stays when it is renamed.

    `stamp` changes when something may have been pushed; `file_url` is what a path is appended to
    for a link to the file as people see it.
    """

    id: str
    path: str
    branch: str
    stamp: str
    file_url: str
    topics: tuple[str, ...] = ()
    is_archived: bool = False
    is_fork: bool = False
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """Calls made in this run, calls a host still takes, of how many, until when (Unix seconds)."""

    used: int = 0
    left: int | None = None
    most: int | None = None
    resets_at: int | None = None
    not_modified: int = 0


class Proposals(Protocol):
    """How a host takes proposals; each raises SourceDown, Conflict where others were faster."""

    word: str

    def read_file(self, repository: FoundRepository, path: str, commit: str = "") -> FileNow:
        """Return a file at a commit, else at the head of the branch; raises NotFound."""

    def propose(self, repository: FoundRepository, wanted: Wanted) -> Opened:
        """Ask for a change; finds the request that already asks for it."""

    def find_state(self, repository: FoundRepository, number: int) -> str:
        """Return how a request stands."""


class Host(Protocol):
    """A place that holds many repositories."""

    @property
    def budget(self) -> Budget:
        """What was asked so far, and what is left."""

    @property
    def proposals(self) -> Proposals:
        """How changes are proposed to it."""

    def discover(self) -> list[FoundRepository]:
        """Return every repository of the organisation; raises SourceDown."""

    def find_version(self, repository: FoundRepository) -> str:
        """Return the commit its branch points at, '' without one; raises SourceDown."""

    def open(self, repository: FoundRepository, version: str, patterns: Sequence[str]) -> Tree:
        """Return the files of a repository at a commit; raises SourceDown."""
