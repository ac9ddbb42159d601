"""On what terms a source is read, and what a run of it did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from portal.sources.core.declarations import COMMAND
from portal.sources.core.policies import EVERYTHING, Policy

if TYPE_CHECKING:
    from portal.infra.db import Database
    from portal.sources.core.removals import RemovalGuard

# Part of every digest: a reader that understands more has to read again what it knew before.
READER = b"3"


@dataclass(slots=True)
class Outcome:
    """What a run did, in numbers; `held` are removals that were not carried out, and why."""

    source: str
    files: int = 0
    documents: int = 0
    refused: int = 0
    skipped: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    conflicts: int = 0
    removed: int = 0
    renamed: int = 0
    held: int = 0
    held_because: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a source is read.

    `removes` lets everything go that vanished; else `guard` is asked, by default one over what
    the source had. Without `settles` the caller looks references up again by itself.
    """

    policy: Policy = EVERYTHING
    is_ephemeral: bool = False
    removes: bool = False
    guard: RemovalGuard | None = None
    settles: bool = True
    reason: str = COMMAND
    version: str = ""


def make_salt(database: Database, policy: Policy) -> bytes:
    """Return what a file's meaning hangs on beside its text: reader, own words, policy."""
    return READER + repr((database.contributions.vocabulary, policy)).encode()
