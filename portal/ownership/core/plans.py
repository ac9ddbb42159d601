"""What is asked of teams, teams as they are, and plans: what each step changes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

RENAME, MERGE, SPLIT, CLOSE = "rename", "merge", "split", "close"
KINDS = (RENAME, MERGE, SPLIT, CLOSE)
MAKE, SET, REMOVE, CALL = "make", "set", "remove", "call"
OWNER, PARENT, MEMBERS, MEMBER_OF = "/spec/owner", "/spec/parent", "/spec/members", "/spec/memberOf"
CHILDREN = "/spec/children"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: `teams` are changed, `target` is the new name or who receives.

    `entities` and `people` are what a split takes along.
    """

    kind: str
    teams: tuple[str, ...]
    target: str
    title: str = ""
    entities: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    def write(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Wish:
        """Return what `write` wrote."""
        return cls(
            kept["kind"],
            tuple(kept["teams"]),
            kept["target"],
            kept["title"],
            tuple(kept["entities"]),
            tuple(kept["people"]),
        )


@dataclass(frozen=True, slots=True)
class Thing:
    """An entity that a step changes; `file` is empty for what was made in the portal."""

    ref: str
    namespace: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody whom a trusted source puts into a team.

    `groups` are the other teams that its own document names; None where it does not name this one.
    """

    user: Thing
    groups: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Team:
    """A team as it is: its document, who stands above and below, who is in it, what it owns.

    Parents and members are those of trusted sources: nobody else's word may become the portal's
    own. `above` are all teams above, `listed` the members as its document writes them, by
    reference; `untrusted` are people whom only others put into it.
    """

    thing: Thing
    document: Mapping[str, Any]
    parent: str | None = None
    children: tuple[Thing, ...] = ()
    members: tuple[Member, ...] = ()
    listed: Mapping[str, str] = field(default_factory=dict)
    untrusted: tuple[str, ...] = ()
    owned: tuple[Thing, ...] = ()
    above: tuple[str, ...] = ()

    @property
    def is_portal(self) -> bool:
        """Whether it was made in the portal, so that it can be removed there."""
        return not self.thing.file


@dataclass(frozen=True, slots=True)
class Step:
    """One change: a field set, an entity made or removed, a former name kept."""

    act: str
    ref: str
    pointer: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in order, who comes into and out of which team by them, and what to know."""

    steps: tuple[Step, ...]
    joins: frozenset[tuple[str, str]] = frozenset()
    leaves: frozenset[tuple[str, str]] = frozenset()
    parents: Mapping[str, str | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def seal(self) -> str:
        """Return what differs when the same wish would now do something else."""
        text = json.dumps([asdict(step) for step in self.steps], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()

    @property
    def moves(self) -> dict[str, str]:
        """Return the owner each entity that changes hands gets, as it is written there."""
        return {s.ref: s.value for s in self.steps if s.act == SET and s.pointer == OWNER}
