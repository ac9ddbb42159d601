"""What the portal knows that bears on one question: the facts an explanation is built from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.sources.core.file_addresses import read_address

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from portal.sources.core.declarations import Declaration


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source, or a repository of an organisation; `read_at` is when it was last read well."""

    id: int
    name: str
    declaration: Declaration
    parent_id: int | None = None
    file_url: str = ""
    version: str = ""
    is_paused: bool = False
    is_requested: bool = False
    next_run_at: datetime | None = None
    checked_at: datetime | None = None
    read_at: datetime | None = None
    failing_since: datetime | None = None
    failure: str = ""
    failure_fix: str = ""
    held: int = 0
    held_because: str = ""
    expires_at: datetime | None = None

    @property
    def commit(self) -> str:
        """Return the version it was last read at, without what it was read as."""
        return self.version.partition(":")[0]

    @property
    def branch(self) -> str:
        """Return the branch that is read; '' where that is not known."""
        found = read_address(f"{self.file_url}x.yaml") if self.file_url else None
        if found is not None and found.rest.endswith("/x.yaml"):
            return found.rest.removesuffix("/x.yaml")
        return self.declaration.branch.removeprefix("refs/heads/").removeprefix("refs/tags/")

    def link(self, path: str, line: int | None = None) -> str:
        """Return the address of a file as people see it, '' where there is none."""
        if not self.file_url:
            return ""
        return f"{self.file_url}{path}" + (f"#L{line}" if line else "")


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as last read; `documents` are (number, line, ref, reason, product) of each."""

    source: str
    path: str
    documents: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class KnownProblem:
    """Something wrong at a place; `about` is a reference that a policy refused."""

    source: str
    file: str
    rule: str
    severity: str
    ref: str | None
    about: str | None
    document: int
    line: int
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class KnownEntity:
    """An entity of the catalog, and the place it was read from."""

    ref: str
    source: str
    file: str
    document: int
    line: int
    read_at: datetime
    created_at: datetime
    is_ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class KnownRemoval:
    """An entity that vanished and can still be brought back."""

    ref: str
    source: str
    file: str
    line: int
    removed_at: datetime
    run_id: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A repository that an organisation's filters leave out, and why."""

    source_id: int
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """All facts about one question.

    `similar` are (source, path) of files that lie near a path asked for; `titled` references of
    entities whose title was asked for, `nearest` those spelt alike; `undo` is how long removed
    entities are kept. `is_cut` when there are more files or entities than were looked at.
    """

    now: datetime
    undo: timedelta
    sources: tuple[KnownSource, ...] = ()
    files: tuple[KnownFile, ...] = ()
    similar: tuple[tuple[str, str], ...] = ()
    problems: tuple[KnownProblem, ...] = ()
    entities: tuple[KnownEntity, ...] = ()
    removed: tuple[KnownRemoval, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    titled: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    is_cut: bool = False

    def find_source(self, name: str) -> KnownSource | None:
        """Return a source by name."""
        return next((source for source in self.sources if source.name == name), None)

    def find_parent(self, source: KnownSource) -> KnownSource | None:
        """Return the organisation of a repository."""
        return next((each for each in self.sources if each.id == source.parent_id), None)

    def find_file(self, source: str, path: str) -> KnownFile | None:
        """Return a file as last read."""
        return next((f for f in self.files if f.source == source and f.path == path), None)

    def find_entity(self, ref: str | None) -> KnownEntity | None:
        """Return an entity by canonical reference."""
        return next((entity for entity in self.entities if entity.ref == ref), None)

    def list_problems(self, source: str, path: str) -> list[KnownProblem]:
        """Return what is wrong with a file."""
        return [each for each in self.problems if (each.source, each.file) == (source, path)]

    def list_at(self, source: str, path: str) -> list[KnownEntity]:
        """Return the entities that were read from a file."""
        return [each for each in self.entities if (each.source, each.file) == (source, path)]
